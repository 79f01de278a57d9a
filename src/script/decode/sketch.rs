//! A sketch of one script: what the tricks ask about names, functions and calls, flat and sorted by place.
//!
//! The parser's tree is visited once and dropped. Every place is a byte offset in the script.

use oxc_ast::ast::{
    Argument, ArrayExpression, ArrayExpressionElement, ArrowFunctionExpression, AssignmentExpression, AssignmentTarget,
    AssignmentTargetPropertyIdentifier, AwaitExpression, BinaryExpression, BindingIdentifier, BindingPattern, CallExpression,
    Expression, ExpressionStatement, Function, FunctionType, IdentifierName, IdentifierReference, ImportExpression, ImportMeta,
    NewExpression, ObjectProperty, Program, SimpleAssignmentTarget, StringLiteral, Super, TemplateLiteral, VariableDeclarator,
    YieldExpression,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator};
use oxc_syntax::scope::ScopeFlags;
use rustc_hash::FxHashMap;

mod text;

pub use self::text::{Becomes, Part, Text};
use crate::script::ir::{Ir, SymbolKind};
use crate::script::lower::{self, declared_by, symbol_of};
use crate::script::unit::{Goal, with_program};

/// Bytes from and to, as `text.get(from..to)` takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The first byte.
    pub from: u32,
    /// The byte after the last.
    pub to: u32,
}

impl Place {
    /// Whether `other` lies within this place.
    pub fn holds(self, other: Place) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// How many bytes.
    pub fn size(self) -> usize {
        self.to.saturating_sub(self.from) as usize
    }
}

fn place(of: &impl GetSpan) -> Place {
    let span = of.span();
    Place { from: span.start, to: span.end }
}

/// Where a symbol is declared that no name in the script declares.
const NOWHERE: Place = Place { from: u32::MAX, to: u32::MAX };

/// A name that is declared in the script.
pub type Symbol = u32;

/// The use of a name.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// Where.
    pub place: Place,
    /// What it resolves to; `None` for a global.
    pub symbol: Option<Symbol>,
    /// Whether something is written to it.
    pub writes: bool,
    /// `{name}`, which stands for `{name: name}`.
    pub shorthand: bool,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// A function declaration, or the value that is written once.
    pub function: bool,
    /// The declaration, or the value.
    pub place: Place,
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A name of the script.
    Symbol(Symbol),
    /// A function that is written there and then.
    Function,
    /// Something else.
    Other,
}

/// How code is created by a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creates {
    /// `eval(code)`.
    Eval,
    /// `Function(..., code)` or `x.constructor(..., code)`.
    Function,
    /// `setTimeout(code)`.
    Timer,
}

/// Arguments of a call whose names are kept.
const NAMED_ARGUMENTS: usize = 4;

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// All of it.
    pub place: Place,
    /// What is called.
    pub callee: Callee,
    /// From the first to the last argument.
    pub arguments: Option<Place>,
    /// The first argument that is text: short or long, as the script means it.
    pub text: Option<String>,
    /// Arguments that are names of the script.
    pub names: Vec<Symbol>,
    /// The argument that becomes code.
    pub code: Option<(Creates, Place, Option<String>)>,
    /// Nobody looks at the result.
    pub dropped: bool,
}

/// An array of strings.
#[derive(Clone, Copy, Debug)]
pub struct StringArray {
    /// All of it.
    pub place: Place,
    /// How many strings.
    pub strings: u32,
}

/// A word by which decoding shows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// `fromCharCode`, `fromCodePoint`.
    FromCode,
    /// `charCodeAt`, `codePointAt`.
    CodeAt,
    /// `atob`, `TextDecoder`.
    Base64,
    /// `unescape`, `decodeURIComponent`, `decodeURI`.
    Unescape,
    /// `parseInt`.
    Number,
    /// `push`.
    Push,
    /// `shift`.
    Shift,
}

fn word(text: &str) -> Option<Word> {
    Some(match text {
        "fromCharCode" | "fromCodePoint" => Word::FromCode,
        "charCodeAt" | "codePointAt" => Word::CodeAt,
        "atob" | "TextDecoder" => Word::Base64,
        "unescape" | "decodeURIComponent" | "decodeURI" => Word::Unescape,
        "parseInt" => Word::Number,
        "push" => Word::Push,
        "shift" => Word::Shift,
        _ => return None,
    })
}

/// What is known of a script.
#[derive(Debug, Default)]
pub struct Sketch<'t> {
    /// The script.
    pub text: &'t str,
    /// Uses of names.
    pub uses: Vec<Use>,
    /// Declarations of names: where the name itself stands.
    pub names: Vec<(Place, Symbol)>,
    /// Where each symbol is declared, by symbol.
    pub declared: Vec<Place>,
    /// What symbols stand for, where that never changes.
    pub definitions: FxHashMap<Symbol, Definition>,
    /// Calls; an outer one stands before the inner ones.
    pub calls: Vec<Call>,
    /// Arrays of strings.
    pub arrays: Vec<StringArray>,
    /// Function expressions and arrow functions.
    pub functions: Vec<Place>,
    /// Texts that may be code which runs elsewhere than the script.
    pub texts: Vec<Text>,
    /// Words that tell.
    pub words: Vec<(u32, Word)>,
    /// What means something else in another place: `await`, `yield`, `super`, `import`; with the innermost function's place.
    pub bound: Vec<(u32, Option<Place>)>,
}

/// Longest text of an argument that is kept.
const TEXT_LIMIT: usize = 256;

impl<'t> Sketch<'t> {
    /// Reads a script; `None` where it does not parse.
    pub fn of(text: &'t str) -> Option<Sketch<'t>> {
        let read = |program: &Program<'_>| Sketch::read(text, program, &lower::lower(program, text).0);
        with_program(text, Goal::Either, read).ok()
    }

    /// Reads a script that is parsed and lowered already.
    pub fn read(text: &'t str, program: &Program<'_>, ir: &Ir) -> Sketch<'t> {
        let mut visitor = Visitor { sketch: Sketch { text, ..Sketch::default() }, ..Visitor::new(ir) };
        visitor.visit_program(program);
        let Visitor { mut sketch, mut assigned, .. } = visitor;
        sketch.uses.sort_by_key(|used| used.place);
        sketch.names.sort_by_key(|(place, _)| *place);
        sketch.functions.sort();
        sketch.calls.sort_by_key(|call| call.place.from);
        sketch.bound.sort_by_key(|(at, _)| *at);
        sketch.words.sort_by_key(|(at, _)| *at);
        let mut again = vec![false; ir.symbols.len()];
        sketch.declared = vec![NOWHERE; ir.symbols.len()];
        for &(place, symbol) in &sketch.names {
            let Some(declared) = sketch.declared.get_mut(symbol as usize) else { continue };
            match *declared {
                NOWHERE => *declared = place,
                _ => again[symbol as usize] = true,
            }
        }
        sketch.settle(&again, &mut assigned);
        sketch
    }

    /// Keeps the definitions of symbols that are declared once, and written once or only within themselves.
    fn settle(&mut self, again: &[bool], assigned: &mut FxHashMap<Symbol, Place>) {
        let mut writes: FxHashMap<Symbol, Vec<Place>> = FxHashMap::default();
        for used in self.uses.iter().filter(|used| used.writes) {
            if let Some(symbol) = used.symbol {
                writes.entry(symbol).or_default().push(used.place);
            }
        }
        // `var x; x = value;` is what minifiers make of `var x = value;`.
        for (symbol, place) in assigned.drain() {
            if !self.definitions.contains_key(&symbol) && writes.get(&symbol).is_some_and(|all| all.len() == 1) {
                self.definitions.insert(symbol, Definition { function: false, place });
                writes.remove(&symbol);
            }
        }
        self.definitions.retain(|symbol, definition| {
            let own = |write: &Place| definition.place.holds(*write);
            let once = writes.get(symbol).is_none_or(|all| all.iter().all(own));
            once && !again.get(*symbol as usize).is_some_and(|again| *again)
        });
    }

    /// The text of a place.
    pub fn at(&self, place: Place) -> &'t str {
        self.text.get(place.from as usize..place.to as usize).unwrap_or_default()
    }

    /// The uses of names within a place.
    pub fn uses_in(&self, place: Place) -> &[Use] {
        let from = self.uses.partition_point(|used| used.place.from < place.from);
        let to = self.uses.partition_point(|used| used.place.from < place.to);
        self.uses.get(from..to).unwrap_or_default()
    }

    /// The declared names within a place.
    pub fn names_in(&self, place: Place) -> &[(Place, Symbol)] {
        let from = self.names.partition_point(|(name, _)| name.from < place.from);
        let to = self.names.partition_point(|(name, _)| name.from < place.to);
        self.names.get(from..to).unwrap_or_default()
    }

    /// The telling words within a place.
    pub fn words_in(&self, place: Place) -> impl Iterator<Item = Word> + '_ {
        let from = self.words.partition_point(|(at, _)| *at < place.from);
        let to = self.words.partition_point(|(at, _)| *at < place.to);
        self.words.get(from..to).unwrap_or_default().iter().map(|(_, word)| *word)
    }

    /// Whether a function is written within a place.
    pub fn has_function(&self, place: Place) -> bool {
        let from = self.functions.partition_point(|function| function.from < place.from);
        self.functions.get(from).is_some_and(|function| function.from < place.to)
    }

    /// Whether a place means the same when it is copied elsewhere.
    pub fn is_free(&self, place: Place) -> bool {
        let from = self.bound.partition_point(|(at, _)| *at < place.from);
        self.bound
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|(at, _)| *at < place.to)
            .all(|(_, function)| function.is_some_and(|function| place.holds(function)))
    }
}

/// Fills a sketch.
struct Visitor<'t, 's> {
    sketch: Sketch<'t>,
    ir: &'s Ir,
    /// The one value that is assigned to a symbol without a definition, as far as seen.
    assigned: FxHashMap<Symbol, Place>,
    /// Functions around the current place.
    around: Vec<Place>,
    /// The expression of the current expression statement.
    dropped: Option<Place>,
    /// The left side of the sum that was looked at last: a part of the same text.
    summed: Option<Place>,
}

impl<'t, 's> Visitor<'t, 's> {
    fn new(ir: &'s Ir) -> Self {
        Visitor {
            sketch: Sketch::default(),
            ir,
            assigned: FxHashMap::default(),
            around: Vec::new(),
            dropped: None,
            summed: None,
        }
    }

    fn symbol(&self, identifier: &IdentifierReference<'_>) -> Option<Symbol> {
        symbol_of(identifier).map(|symbol| symbol.0)
    }

    fn is_function(&self, symbol: Symbol) -> bool {
        self.ir.symbols.get(symbol as usize).is_some_and(|symbol| symbol.kind == SymbolKind::Function)
    }

    fn used(&mut self, identifier: &IdentifierReference<'_>, writes: bool, shorthand: bool) {
        let symbol = self.symbol(identifier);
        self.sketch.uses.push(Use { place: place(identifier), symbol, writes, shorthand });
        self.tell(&identifier.name, identifier.span.start);
    }

    fn tell(&mut self, text: &str, at: u32) {
        if let Some(word) = word(text) {
            self.sketch.words.push((at, word));
        }
    }

    fn bound(&mut self, at: u32) {
        self.sketch.bound.push((at, self.around.last().copied()));
    }

    fn define(&mut self, identifier: &BindingIdentifier<'_>, definition: Definition) {
        if let Some(symbol) = declared_by(identifier) {
            self.sketch.definitions.insert(symbol.0, definition);
        }
    }

    /// A call or a `new`.
    fn call(&mut self, place_of_call: Place, callee: &Expression<'_>, arguments: &[Argument<'_>]) {
        let callee = callee.get_inner_expression();
        let what = match callee {
            Expression::Identifier(identifier) => self.symbol(identifier).map_or(Callee::Other, Callee::Symbol),
            Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_) => Callee::Function,
            _ => Callee::Other,
        };
        let creates = if what == Callee::Other { self.creates(callee) } else { None };
        let code = creates.and_then(|creates| {
            let code = if creates == Creates::Function { arguments.last() } else { arguments.first() }?;
            let literal = match code {
                Argument::StringLiteral(text) => Some(text.value.to_string()),
                Argument::TemplateLiteral(text) if text.expressions.is_empty() => {
                    text.quasis.first().and_then(|piece| piece.value.cooked.as_ref()).map(ToString::to_string)
                }
                _ => None,
            };
            Some((creates, place(code), literal))
        });
        let around = match (arguments.first(), arguments.last()) {
            (Some(first), Some(last)) => Some(Place { from: place(first).from, to: place(last).to }),
            _ => None,
        };
        let text = arguments.iter().find_map(|argument| match argument {
            Argument::StringLiteral(text) => Some(text.value.chars().take(TEXT_LIMIT).collect()),
            _ => None,
        });
        let names = arguments.iter().take(NAMED_ARGUMENTS).filter_map(|argument| match argument {
            Argument::Identifier(identifier) => self.symbol(identifier),
            _ => None,
        });
        let names = names.collect();
        let dropped = self.dropped == Some(place_of_call);
        self.sketch.calls.push(Call { place: place_of_call, callee: what, arguments: around, text, names, code, dropped });
    }

    /// Whether a callee makes code of its argument.
    fn creates(&self, callee: &Expression<'_>) -> Option<Creates> {
        let (name, global) = match callee {
            Expression::Identifier(identifier) => (identifier.name.as_str(), true),
            Expression::StaticMemberExpression(member) => (member.property.name.as_str(), false),
            Expression::ComputedMemberExpression(member) => match &member.expression {
                Expression::StringLiteral(text) => (text.value.as_str(), false),
                _ => return None,
            },
            // `(0, eval)(code)`
            Expression::SequenceExpression(sequence) => match sequence.expressions.last() {
                Some(Expression::Identifier(identifier)) if self.symbol(identifier).is_none() => {
                    (identifier.name.as_str(), true)
                }
                _ => return None,
            },
            _ => return None,
        };
        match name {
            "eval" | "execScript" => Some(Creates::Eval),
            "Function" => Some(Creates::Function),
            "constructor" if !global => Some(Creates::Function),
            "setTimeout" | "setInterval" => Some(Creates::Timer),
            _ => None,
        }
    }
}

impl<'a> Visit<'a> for Visitor<'_, '_> {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.used(it, false, false);
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        match it {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(identifier) => self.used(identifier, true, false),
            _ => walk::walk_simple_assignment_target(self, it),
        }
    }

    fn visit_assignment_target_property_identifier(&mut self, it: &AssignmentTargetPropertyIdentifier<'a>) {
        self.used(&it.binding, true, false);
        it.init.iter().for_each(|init| self.visit_expression(init));
    }

    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        if let Some(symbol) = declared_by(it) {
            self.sketch.names.push((place(it), symbol.0));
        }
    }

    fn visit_identifier_name(&mut self, it: &IdentifierName<'a>) {
        self.tell(&it.name, it.span.start);
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        self.tell(&it.value, it.span.start);
        self.address(&it.value, place(it));
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        if let (true, Expression::Identifier(identifier)) = (it.shorthand, &it.value) {
            self.used(identifier, false, true);
        } else {
            walk::walk_object_property(self, it);
        }
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let (BindingPattern::BindingIdentifier(name), Some(value)) = (&it.id, &it.init) {
            self.define(name, Definition { function: false, place: place(value) });
        }
        walk::walk_variable_declarator(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        if let (AssignmentOperator::Assign, AssignmentTarget::AssignmentTargetIdentifier(name)) = (it.operator, &it.left)
            && let Some(symbol) = self.symbol(name)
        {
            self.assigned.insert(symbol, place(&it.right));
        }
        if let AssignmentTarget::StaticMemberExpression(member) = &it.left
            && matches!(member.property.name.as_str(), "textContent" | "text" | "innerText" | "innerHTML")
        {
            self.fills(&member.object, &it.right);
        }
        walk::walk_assignment_expression(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        let whole = place(it);
        if it.r#type == FunctionType::FunctionDeclaration {
            if let Some(name) = &it.id {
                self.define(name, Definition { function: true, place: whole });
            }
        } else {
            self.sketch.functions.push(whole);
        }
        self.around.push(whole);
        walk::walk_function(self, it, flags);
        self.around.pop();
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.sketch.functions.push(place(it));
        self.around.push(place(it));
        walk::walk_arrow_function_expression(self, it);
        self.around.pop();
    }

    fn visit_array_expression(&mut self, it: &ArrayExpression<'a>) {
        let strings = it.elements.iter().filter(|element| matches!(element, ArrayExpressionElement::StringLiteral(_))).count();
        if strings >= 3 && strings * 5 >= it.elements.len() * 4 {
            self.sketch.arrays.push(StringArray { place: place(it), strings: strings as u32 });
        }
        walk::walk_array_expression(self, it);
    }

    fn visit_expression_statement(&mut self, it: &ExpressionStatement<'a>) {
        let inner = match &it.expression {
            Expression::UnaryExpression(unary) => &unary.argument,
            other => other,
        };
        self.dropped = Some(place(inner));
        walk::walk_expression_statement(self, it);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        if it.operator == BinaryOperator::Addition {
            let is_part = self.summed.take() == Some(place(it));
            if !is_part {
                self.sum(it);
            }
            self.summed = Some(place(it.left.get_inner_expression()));
        }
        walk::walk_binary_expression(self, it);
    }

    fn visit_template_literal(&mut self, it: &TemplateLiteral<'a>) {
        if !it.expressions.is_empty() {
            let parts = self.template(it);
            self.written_out(place(it), parts);
        }
        walk::walk_template_literal(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        self.hands_over_text(&it.callee, &it.arguments);
        self.concatenation(it);
        self.call(place(it), &it.callee, &it.arguments);
        walk::walk_call_expression(self, it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        self.call(place(it), &it.callee, &it.arguments);
        walk::walk_new_expression(self, it);
    }

    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        self.bound(it.span.start);
        walk::walk_await_expression(self, it);
    }

    fn visit_yield_expression(&mut self, it: &YieldExpression<'a>) {
        self.bound(it.span.start);
        walk::walk_yield_expression(self, it);
    }

    fn visit_super(&mut self, it: &Super) {
        self.bound(it.span.start);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        // Never free: a module is not to be had elsewhere.
        self.sketch.bound.push((it.span.start, None));
        walk::walk_import_expression(self, it);
    }

    fn visit_import_meta(&mut self, it: &ImportMeta) {
        self.sketch.bound.push((it.span.start, None));
    }
}
