//! Changes to a script before it runs, so that the stand-ins have a say where the language asks nobody: comparisons and choices
//! (a server's word is whatever the code compares it with), texts that grow (`+` costs the engine one step, however long they
//! are), `import()`, and the names of modules (`module.rs`).
//!
//! The functions that take their place are laid into each world by `world/words.js` and `world/globals.js`. Everything else of
//! the script stays as it is, line for line, and a mark stands beside each change: a script that asks a function for its source
//! is shown what was there before, see [`restored`].

use std::collections::BTreeSet;

use oxc_ast::ast::{
    AssignmentExpression, AssignmentOperator, AssignmentTargetPropertyIdentifier, BinaryExpression, BinaryOperator,
    BindingIdentifier, BindingProperty, Expression, IdentifierReference, ImportExpression, ObjectProperty,
    SimpleAssignmentTarget, SwitchStatement, UnaryOperator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};

use super::module::{self, Module};

/// One change of the text.
#[derive(Debug)]
struct Edit {
    from: u32,
    to: u32,
    /// Among edits of one place: what ends comes before what begins.
    rank: u8,
    text: String,
}

const CLOSES: u8 = 0;
const CLOSES_CHOICE: u8 = 1;
const OPENS: u8 = 2;
const REPLACES: u8 = 3;

/// The changes of one script.
#[derive(Debug, Default)]
pub struct Edits {
    edits: Vec<Edit>,
    assigned: BTreeSet<String>,
}

impl Edits {
    /// Collects the changes of a program, which may be a module.
    pub fn of(source: &str, program: &oxc_ast::ast::Program<'_>, module: Option<&Module>) -> Edits {
        let mut visitor = Visitor::new(source, module);
        visitor.visit_program(program);
        visitor.edits()
    }

    /// Whether the script gives a name another value somewhere.
    pub fn assigns(&self, name: &str) -> bool {
        self.assigned.contains(name)
    }

    /// The text of a span with its changes.
    pub fn apply(&self, source: &str, span: Span) -> String {
        let mut text = String::new();
        let mut at = span.start;
        let first = self.edits.partition_point(|edit| edit.from < span.start);
        for edit in self.edits.iter().skip(first).take_while(|edit| edit.to <= span.end) {
            text.push_str(source.get(at as usize..edit.from as usize).unwrap_or_default());
            text.push_str(&edit.text);
            at = edit.to;
        }
        text.push_str(source.get(at as usize..span.end as usize).unwrap_or_default());
        text
    }
}

/// Stands before what was put in; between `===` and `*/` before the comma that took the operator's place.
const MARK: &str = "/*kxq";
/// Stand around the cases of a choice.
const CASES: &str = "/*kxqcases*/";
const NO_MORE_CASES: &str = "/*kxqnomore*/)";

/// Stands between a short property and the name that it has in its module: `{ a }` is `{ a: a }`.
const LONG_FORM: &str = "/*kxqas*/:";

/// Whether a script was changed.
pub fn is_changed(text: &str) -> bool {
    text.contains(MARK) || text.contains(module::OWN)
}

/// The text of a script before it was changed; what a script has marked itself comes out as it comes.
pub fn restored(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once(MARK) {
        whole.push_str(before);
        rest = if let Some(cases) = marked.strip_prefix(&CASES[MARK.len()..]) {
            cases.split_once(NO_MORE_CASES).map_or("", |(_, after)| after)
        } else if let Some(long) = marked.strip_prefix(&LONG_FORM[MARK.len()..]) {
            // The name before it is the name that was written.
            long.strip_prefix(MARK)
                .and_then(|imported| imported.split_once("*/"))
                .map_or(long, |(_, name)| name)
                .trim_start_matches(is_of_name)
        } else {
            let (was, put_in) = marked.split_once("*/").unwrap_or_default();
            whole.push_str(was);
            match put_in.strip_prefix([',', ')']) {
                Some(after) => after,
                None if was.is_empty() => put_in.split_once('(').map_or("", |(_, after)| after),
                None => put_in.trim_start_matches(is_of_name),
            }
        };
    }
    whole.push_str(rest);
    without_numbers(&whole)
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

/// A text with the names of its module as they were written.
fn without_numbers(text: &str) -> String {
    let mut parts = text.split(module::OWN);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_number = part.len() >= module::DIGITS && part.bytes().take(module::DIGITS).all(|byte| byte.is_ascii_hexdigit());
        whole.push_str(if is_number { &part[module::DIGITS..] } else { part });
    }
    whole
}

struct Visitor<'s> {
    source: &'s str,
    module: Option<&'s Module>,
    /// Nothing but names is changed.
    only_names: bool,
    /// Where properties begin that are written short.
    short: BTreeSet<u32>,
    edits: Vec<Edit>,
    assigned: BTreeSet<String>,
}

impl<'s> Visitor<'s> {
    fn new(source: &'s str, module: Option<&'s Module>) -> Visitor<'s> {
        Visitor { source, module, only_names: false, short: BTreeSet::new(), edits: Vec::new(), assigned: BTreeSet::new() }
    }

    fn edits(self) -> Edits {
        let Visitor { mut edits, assigned, .. } = self;
        edits.sort_by_key(|edit| (edit.from, edit.rank));
        Edits { edits, assigned }
    }

    /// A name of the module's own is given the name that it has while it runs.
    fn rename(&mut self, span: Span, name: &str, becomes: Option<&str>) {
        let Some(becomes) = becomes else { return };
        let long = if self.short.contains(&span.start) { format!("{name}{LONG_FORM}") } else { String::new() };
        // A name of another module tells nothing of the one that was written.
        let mark = if becomes.starts_with(name) && becomes[name.len()..].starts_with(module::OWN) {
            String::new()
        } else {
            format!("{MARK}{name}*/")
        };
        self.edits.push(Edit { from: span.start, to: span.end, rank: REPLACES, text: format!("{long}{mark}{becomes}") });
    }

    /// The text of an expression, with no changes but names.
    fn with_names(&self, expression: &Expression<'_>) -> String {
        if self.module.is_none() {
            return self.text(expression.span()).to_owned();
        }
        let mut names = Visitor { only_names: true, ..Visitor::new(self.source, self.module) };
        names.visit_expression(expression);
        names.edits().apply(self.source, expression.span())
    }

    fn edit(&mut self, from: u32, to: u32, rank: u8, text: impl Into<String>) {
        if !self.only_names {
            self.edits.push(Edit { from, to, rank, text: text.into() });
        }
    }

    fn text(&self, span: Span) -> &'s str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Whether an assignment adds to what its target holds.
    fn grows(&self, it: &AssignmentExpression<'_>) -> bool {
        match it.operator {
            AssignmentOperator::Addition => !matches!(it.right, Expression::NumericLiteral(_)),
            AssignmentOperator::Assign => {
                let target = self.text(it.left.span());
                let mut part = &it.right;
                while let Expression::BinaryExpression(sum) = part
                    && sum.operator == BinaryOperator::Addition
                {
                    if matches!(sum.right, Expression::NumericLiteral(_)) {
                        return false;
                    }
                    if [&sum.left, &sum.right].iter().any(|operand| self.text(operand.span()) == target) {
                        return true;
                    }
                    part = &sum.left;
                }
                false
            }
            _ => false,
        }
    }
}

impl<'a> Visit<'a> for Visitor<'_> {
    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        let call = match it.operator {
            BinaryOperator::StrictEquality => Some("__kxqis("),
            BinaryOperator::StrictInequality => Some("!__kxqis("),
            BinaryOperator::Equality => Some("__kxqequals("),
            BinaryOperator::Inequality => Some("!__kxqequals("),
            _ => None,
        };
        let operator = it.operator.as_str();
        let between = it.left.span().end;
        if let Some(call) = call.filter(|_| !is_certain(&it.left) && !is_certain(&it.right))
            && let Some(at) = after_comments(self.text(Span::new(between, it.right.span().start)), operator)
        {
            let at = between + at;
            self.edit(it.span.start, it.span.start, OPENS, format!("{MARK}*/{call}"));
            self.edit(at, at + operator.len() as u32, REPLACES, format!("{MARK}{operator}*/,"));
            self.edit(it.span.end, it.span.end, CLOSES, format!("{MARK}*/)"));
        }
        walk::walk_binary_expression(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        if self.grows(it) {
            self.edit(it.span.start, it.span.start, OPENS, format!("{MARK}*/__kxqgrown("));
            self.edit(it.span.end, it.span.end, CLOSES, format!("{MARK}*/)"));
        }
        walk::walk_assignment_expression(self, it);
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(name) = it
            && !self.assigned.contains(name.name.as_str())
        {
            self.assigned.insert(name.name.to_string());
        }
        walk::walk_simple_assignment_target(self, it);
    }

    fn visit_switch_statement(&mut self, it: &SwitchStatement<'a>) {
        if self.only_names {
            return walk::walk_switch_statement(self, it);
        }
        let tests = it.cases.iter().filter_map(|case| case.test.as_ref());
        let tests: Vec<String> = tests
            .map(|test| self.with_names(test))
            .filter(|test| !test.contains("await") && !test.contains("yield"))
            // They are brought onto one line, which a comment would swallow.
            .filter(|test| !test.contains('\n') || !test.contains("//"))
            .collect();
        let span = it.discriminant.span();
        let cases = tests.join(",").replace('\n', " ");
        // `switch (a(), b)` has one value, and two arguments it would be.
        let listed = matches!(it.discriminant, Expression::SequenceExpression(_));
        let (open, close) = if listed { (format!("{MARK}*/("), format!("{MARK}*/)")) } else { Default::default() };
        self.edit(span.start, span.start, OPENS, format!("{MARK}*/__kxqchoose({open}"));
        self.edit(span.end, span.end, CLOSES_CHOICE, format!("{close}{CASES},()=>[{cases}]{NO_MORE_CASES}"));
        walk::walk_switch_statement(self, it);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        let start = it.span.start;
        let import = self.module.map_or_else(|| "__kxqimport".to_owned(), Module::import);
        self.edit(start, start + "import".len() as u32, REPLACES, format!("{MARK}import*/{import}"));
        walk::walk_import_expression(self, it);
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        let becomes = self.module.and_then(|module| module.used(it.reference_id.get()?, &it.name));
        self.rename(it.span, &it.name, becomes);
    }

    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        let becomes = self.module.and_then(|module| module.declared(it.symbol_id.get()?, &it.name));
        self.rename(it.span, &it.name, becomes);
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        if it.shorthand {
            self.short.insert(it.span.start);
        }
        walk::walk_object_property(self, it);
    }

    fn visit_binding_property(&mut self, it: &BindingProperty<'a>) {
        if it.shorthand {
            self.short.insert(it.span.start);
        }
        walk::walk_binding_property(self, it);
    }

    fn visit_assignment_target_property_identifier(&mut self, it: &AssignmentTargetPropertyIdentifier<'a>) {
        self.short.insert(it.span.start);
        walk::walk_assignment_target_property_identifier(self, it);
    }
}

/// Where an operator stands behind blanks and comments.
fn after_comments(text: &str, operator: &str) -> Option<u32> {
    let mut rest = text.trim_start();
    while !rest.starts_with(operator) {
        let (_, after) = match rest.strip_prefix("/*") {
            Some(comment) => comment.split_once("*/")?,
            None => rest.strip_prefix("//")?.split_once(['\n', '\r', '\u{2028}', '\u{2029}'])?,
        };
        rest = after.trim_start();
    }
    u32::try_from(text.len() - rest.len()).ok()
}

/// Whether a comparison with this is none with a word: the code asks what kind of thing it has.
fn is_certain(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::NullLiteral(_) | Expression::ThisExpression(_) => true,
        Expression::Identifier(name) => name.name == "undefined",
        Expression::UnaryExpression(unary) => matches!(unary.operator, UnaryOperator::Typeof | UnaryOperator::Void),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(source: &str) -> String {
        let allocator = oxc_allocator::Allocator::default();
        let parsed = oxc_parser::Parser::new(&allocator, source, oxc_span::SourceType::unambiguous()).parse();
        let module = Module::of(&parsed.program, "m.js");
        Edits::of(source, &parsed.program, module.as_ref()).apply(source, Span::new(0, source.len() as u32))
    }

    #[test]
    fn comparisons_and_choices_are_handed_to_the_stand_ins() {
        for (source, expected) in [
            ("a === 'x'", "__kxqis(a , 'x')"),
            ("a != b", "!__kxqequals(a , b)"),
            ("(a === b) === (c !== d)", "__kxqis((__kxqis(a , b)) , (!__kxqis(c , d)))"),
            ("a===b===c", "__kxqis(__kxqis(a,b),c)"),
            ("x = a /* why === */ === b ? 1 : 2", "x = __kxqis(a /* why === */ , b) ? 1 : 2"),
            ("a // why\n  === b; c", "__kxqis(a // why\n  , b); c"),
            ("typeof a === 'string' && b === null", "typeof a === 'string' && b === null"),
            (
                "switch (a===b) { case 'x': case f(1): }",
                "switch (__kxqchoose(__kxqis(a,b),()=>['x',f(1)])) { case 'x': case f(1): }",
            ),
            ("switch (a) { case 1: case b // why\n+ 1: }", "switch (__kxqchoose(a,()=>[1])) { case 1: case b // why\n+ 1: }"),
            ("switch (f(), a) { case 1: }", "switch (__kxqchoose((f(), a),()=>[1])) { case 1: }"),
            ("()=>{return\"a\"===b}", "()=>{return__kxqis(\"a\",b)}"),
            ("import('./x.js')", "__kxqimport('./x.js')"),
            ("let a = b\nfor (;;) s += f(c)", "let a = b\nfor (;;) __kxqgrown(s += f(c))"),
            (
                "o.s = o.s + a + b; o.s = a + o.s; s = o.s + a",
                "__kxqgrown(o.s = o.s + a + b); __kxqgrown(o.s = a + o.s); s = o.s + a",
            ),
            ("i += 1; i = i + 1; s += a===b", "i += 1; i = i + 1; __kxqgrown(s += __kxqis(a,b))"),
            ("a = '===' // ===", "a = '===' // ==="),
        ] {
            let changed = rewritten(source);
            assert_eq!(restored(&changed), source, "{changed}");
            let allocator = oxc_allocator::Allocator::default();
            let parsed = oxc_parser::Parser::new(&allocator, &changed, oxc_span::SourceType::unambiguous()).parse();
            assert!(parsed.diagnostics.is_empty(), "{changed}");
            // The marks are comments: without them it is easier to read.
            let marks = ["===", "!==", "==", "!=", "import", "cases", "nomore", ""].map(|mark| format!("/*kxq{mark}*/"));
            let shown = marks.iter().fold(changed, |text, mark| text.replace(mark, ""));
            assert_eq!(shown, expected, "of {source}");
        }
    }
}
