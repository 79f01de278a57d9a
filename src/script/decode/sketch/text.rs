//! Texts of a script that may be code which runs elsewhere: in a script element, in a tab.

use oxc_ast::ast::{Argument, BinaryExpression, CallExpression, Expression, ObjectPropertyKind, TemplateLiteral};
use oxc_syntax::operator::BinaryOperator;

use super::{Place, Symbol, Visitor, place};

/// What an address begins with that is code.
const CODE_ADDRESS: &str = "javascript:";

/// Beginnings of the names of events that elements have attributes for.
const EVENTS: &[&str] = &[
    "animation",
    "before",
    "blur",
    "change",
    "click",
    "copy",
    "cut",
    "dblclick",
    "drag",
    "drop",
    "error",
    "focus",
    "hashchange",
    "input",
    "key",
    "load",
    "message",
    "mouse",
    "page",
    "paste",
    "pointer",
    "scroll",
    "select",
    "submit",
    "toggle",
    "touch",
    "transition",
    "wheel",
];

/// Whether an attribute holds code.
fn is_handler(attribute: &str) -> bool {
    attribute.strip_prefix("on").is_some_and(|event| EVENTS.iter().any(|begin| event.starts_with(begin)))
}

/// Calls of `concat` in a row that are looked at.
const MAX_LINKS: usize = 24;

/// A text that may be code.
#[derive(Clone, Debug)]
pub struct Text {
    /// All of it.
    pub place: Place,
    /// What it is put together from.
    pub parts: Vec<Part>,
    /// What is done with it.
    pub becomes: Becomes,
}

/// What is done with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// The text of an element.
    TextOf(Symbol),
    /// Code that tabs are given.
    CodeForTabs,
    /// Code of the page: a `javascript:` address, an attribute `on...`.
    CodeOfPage,
    /// It is not followed.
    Unknown,
}

/// A part of a text.
#[derive(Clone, Debug)]
pub enum Part {
    /// It stands there.
    Literal(String),
    /// What a name stands for.
    Name(Symbol),
    /// The source of a function that is written there and then.
    Function(Place),
    /// Something else.
    Other,
}

impl Visitor<'_, '_> {
    /// Notes a text that is put together around the source of a function. Where the pieces around it are hidden, that one of
    /// them is a declared function tells.
    pub(super) fn written_out(&mut self, whole: Place, parts: Vec<Part>) {
        let inner = parts.get(1..parts.len().saturating_sub(1)).unwrap_or_default();
        let is_called = parts.last().is_some_and(|last| matches!(last, Part::Literal(text) if text.contains(')')));
        let tells = |part: &Part| match part {
            Part::Name(name) => is_called || self.is_function(*name),
            Part::Function(_) => true,
            Part::Literal(_) | Part::Other => false,
        };
        if inner.iter().any(tells) {
            self.sketch.texts.push(Text { place: whole, parts, becomes: Becomes::Unknown });
        }
    }

    /// Notes the text that an element is filled with.
    pub(super) fn fills(&mut self, element: &Expression<'_>, text: &Expression<'_>) {
        let Expression::Identifier(element) = element.get_inner_expression() else { return };
        let Some(element) = self.symbol(element) else { return };
        let parts = self.parts(text);
        let tells = |part: &Part| match part {
            Part::Literal(text) => text.contains(['(', '=']),
            // `element.text = code`: what the name stands for is looked up where it turns out to be a script's element.
            Part::Name(_) => parts.len() == 1,
            Part::Function(_) | Part::Other => false,
        };
        if parts.iter().any(tells) {
            self.sketch.texts.push(Text { place: place(text), parts, becomes: Becomes::TextOf(element) });
        }
    }

    /// Notes an address that is code: `javascript:...`.
    pub(super) fn address(&mut self, text: &str, at: Place) {
        if let Some(code) = text.trim_start().strip_prefix(CODE_ADDRESS)
            && code.contains('(')
        {
            let parts = vec![Part::Literal(code.to_owned())];
            self.sketch.texts.push(Text { place: at, parts, becomes: Becomes::CodeOfPage });
        }
    }

    /// `element.append("code")`, `element.append(document.createTextNode("code"))`, `executeScript({ code: "code" })`,
    /// `element.setAttribute("onclick", "code")`.
    pub(super) fn hands_over_text(&mut self, callee: &Expression<'_>, arguments: &[Argument<'_>]) {
        let Expression::StaticMemberExpression(member) = callee.get_inner_expression() else { return };
        match member.property.name.as_str() {
            "append" | "appendChild" | "prepend" => {
                let Some(given) = arguments.first().and_then(Argument::as_expression) else { return };
                let node = match given.get_inner_expression() {
                    Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                        Expression::StaticMemberExpression(made) if made.property.name == "createTextNode" => {
                            call.arguments.first().and_then(Argument::as_expression)
                        }
                        _ => None,
                    },
                    Expression::StringLiteral(_) | Expression::TemplateLiteral(_) | Expression::BinaryExpression(_) => {
                        Some(given)
                    }
                    _ => None,
                };
                if let Some(text) = node {
                    self.fills(&member.object, text);
                }
            }
            "setAttribute" => {
                let mut given = arguments.iter().filter_map(Argument::as_expression).map(Expression::get_inner_expression);
                let Some(Expression::StringLiteral(name)) = given.next() else { return };
                if let Some(code) = given.next().filter(|_| is_handler(&name.value)) {
                    let (place, parts) = (place(code), self.parts(code));
                    self.sketch.texts.push(Text { place, parts, becomes: Becomes::CodeOfPage });
                }
            }
            "executeScript" => {
                for argument in arguments {
                    let Argument::ObjectExpression(options) = argument else { continue };
                    for property in &options.properties {
                        let ObjectPropertyKind::ObjectProperty(property) = property else { continue };
                        if !property.key.is_specific_static_name("code") {
                            continue;
                        }
                        let (place, parts) = (place(&property.value), self.parts(&property.value));
                        self.sketch.texts.push(Text { place, parts, becomes: Becomes::CodeForTabs });
                    }
                }
            }
            _ => {}
        }
    }

    /// Notes a sum, which may be a text.
    pub(super) fn sum(&mut self, sum: &BinaryExpression<'_>) {
        let mut parts = self.parts(&sum.left);
        parts.extend(self.part(sum.right.get_inner_expression()));
        self.written_out(place(sum), parts);
    }

    /// What a text is put together from, from left to right.
    fn parts(&self, text: &Expression<'_>) -> Vec<Part> {
        // The left sides of a sum lie deep: from the right, without recursion.
        let mut operands = Vec::new();
        let mut left = text.get_inner_expression();
        while let Expression::BinaryExpression(sum) = left
            && sum.operator == BinaryOperator::Addition
        {
            operands.push(sum.right.get_inner_expression());
            left = sum.left.get_inner_expression();
        }
        operands.push(left);
        operands.into_iter().rev().flat_map(|operand| self.part(operand)).collect()
    }

    fn part(&self, operand: &Expression<'_>) -> Vec<Part> {
        match operand {
            Expression::StringLiteral(text) => vec![Part::Literal(text.value.to_string())],
            Expression::TemplateLiteral(template) => self.template(template),
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::StaticMemberExpression(member) if member.property.name == "toString" => {
                    vec![self.source_of(member.object.get_inner_expression())]
                }
                Expression::Identifier(name) if name.name == "String" => {
                    let given = call.arguments.first().and_then(Argument::as_expression);
                    vec![given.map_or(Part::Other, |given| self.source_of(given.get_inner_expression()))]
                }
                _ if links_of(call).is_some() => self.joined(call),
                _ => vec![Part::Other],
            },
            other => vec![self.source_of(other)],
        }
    }

    /// `"(".concat(hook, ")(").concat(value, ")")`: what compilers write for a template.
    fn joined(&self, call: &CallExpression<'_>) -> Vec<Part> {
        let Some((first, links)) = links_of(call) else { return vec![Part::Other] };
        let mut parts = vec![Part::Literal(first.to_owned())];
        for argument in links.iter().rev().flat_map(|call| &call.arguments) {
            let argument = argument.as_expression().map(Expression::get_inner_expression);
            match argument {
                Some(Expression::CallExpression(inner)) if links_of(inner).is_some() => parts.push(Part::Other),
                Some(argument) => parts.extend(self.part(argument)),
                None => parts.push(Part::Other),
            }
        }
        parts
    }

    /// Notes a text that is put together so.
    pub(super) fn concatenation(&mut self, call: &CallExpression<'_>) {
        if links_of(call).is_some() {
            let parts = self.joined(call);
            self.written_out(place(call), parts);
        }
    }

    pub(super) fn template(&self, template: &TemplateLiteral<'_>) -> Vec<Part> {
        let mut parts = Vec::new();
        for (at, piece) in template.quasis.iter().enumerate() {
            parts.push(Part::Literal(piece.value.cooked.as_ref().map(ToString::to_string).unwrap_or_default()));
            if let Some(expression) = template.expressions.get(at) {
                match expression.get_inner_expression() {
                    Expression::TemplateLiteral(_) => parts.push(Part::Other),
                    inner => parts.extend(self.part(inner)),
                }
            }
        }
        parts
    }

    fn source_of(&self, of: &Expression<'_>) -> Part {
        match of {
            Expression::Identifier(name) => self.symbol(name).map_or(Part::Other, Part::Name),
            Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_) => Part::Function(place(of)),
            _ => Part::Other,
        }
    }
}

/// The literal text that a chain of `concat` begins with, and its calls, the last first.
fn links_of<'b, 'a>(call: &'b CallExpression<'a>) -> Option<(&'b str, Vec<&'b CallExpression<'a>>)> {
    let mut links = vec![call];
    loop {
        let Expression::StaticMemberExpression(member) = links.last()?.callee.get_inner_expression() else { return None };
        if member.property.name != "concat" || links.len() > MAX_LINKS {
            return None;
        }
        match member.object.get_inner_expression() {
            Expression::CallExpression(inner) => links.push(inner),
            Expression::StringLiteral(first) => return Some((first.value.as_str(), links)),
            _ => return None,
        }
    }
}
