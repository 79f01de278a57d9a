//! One script: parsed, lowered, and the parser's tree dropped.

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::SourceType;

use super::decode;
use super::guard::{self, Excess};
use super::ir::Ir;
use super::lower;
use super::names::Names;

/// Why a script has no table of expressions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The script is built to bring a parser down.
    #[error("{0}; it was not parsed")]
    Excess(Excess),
    /// The browser would not run it either.
    #[error("it is no JavaScript: {0}")]
    Syntax(String),
    /// There was no more time.
    #[error("there was no more time for it")]
    Stopped,
}

/// How a script is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A classic script.
    Script,
    /// A module.
    Module,
    /// Not known: whatever fits.
    Either,
}

/// Parses `text` and hands the tree to `look`. The tree lives only as long as that call.
///
/// Must run on a thread with a stack of 64 MiB, as all of [`crate::script`] must: the nesting that
/// [`guard`] lets through needs up to half of it.
pub fn with_program<T>(text: &str, goal: Goal, look: impl FnOnce(&Program<'_>) -> T) -> Result<T, ParseError> {
    guard::check(text).map_err(ParseError::Excess)?;
    let allocator = Allocator::default();
    let kind = match goal {
        Goal::Script => SourceType::script(),
        Goal::Module => SourceType::mjs(),
        Goal::Either => SourceType::unambiguous(),
    };
    let options = ParseOptions { allow_return_outside_function: true, preserve_parens: false, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, text, kind).with_options(options).parse();
    if parsed.panicked {
        // `await` and `import` at the top make a script a module, whatever its place says.
        if goal == Goal::Script {
            return with_program(text, Goal::Module, look);
        }
        let first = parsed.diagnostics.first().map(|first| first.message.to_string());
        return Err(ParseError::Syntax(first.unwrap_or_else(|| "the parser gave up".to_owned())));
    }
    Ok(look(&parsed.program))
}

/// A parsed script as the analysis sees it.
#[derive(Debug)]
pub struct Lowered {
    /// Its expressions.
    pub ir: Ir,
    /// Its strings; the numbers in `ir` are places in this table.
    pub names: Names,
    /// What may be hidden in it.
    pub hidden: decode::Hidden,
}

/// Parses and lowers a script.
pub fn parse(text: &str, goal: Goal) -> Result<Lowered, ParseError> {
    with_program(text, goal, |program| {
        let (ir, names) = lower::lower(program, text);
        let hidden = decode::look(text, program, &ir);
        Lowered { ir, names, hidden }
    })
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Runs on a stack as big as the engine's threads have.
    pub(crate) fn on_big_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, run).unwrap().join().unwrap()
        })
    }

    #[test]
    fn long_chains_need_no_stack() {
        on_big_stack(|| {
            for (head, piece, tail) in [
                ("x=", "'a'+", "'b'"),
                ("x", ".a", ""),
                ("x", "()", ""),
                ("", "if(a)b;else ", "c"),
                ("x=", "a?b:", "c"),
                ("x=", "a||", "b"),
                ("x=", "!", "1"),
                ("x=[", "1,", "]"),
                ("", "a=1;", ""),
                ("x=", "a=>", "1"),
            ] {
                for count in [9_000, 200_000] {
                    let text = format!("{head}{}{tail}", piece.repeat(count));
                    match parse(&text, Goal::Either) {
                        Ok(lowered) => assert!(lowered.ir.exprs.len() > 10, "{piece}"),
                        Err(ParseError::Excess(_)) => assert!(count > 9_000, "{piece}"),
                        Err(error) => panic!("{piece}: {error}"),
                    }
                }
            }
        });
    }

    #[test]
    fn nesting_that_passes_the_guard_parses() {
        on_big_stack(|| {
            for (open, close) in
                [("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("(function(){", "})"), ("`${", "}`"), ("({a:", "})")]
            {
                let text = format!("{}1{}", open.repeat(400), close.repeat(400));
                parse(&text, Goal::Either).unwrap();
            }
        });
    }

    #[test]
    fn names_are_resolved_to_the_nearest_declaration() {
        let lowered =
            parse("var a = 1; function f(b, {c: d = 2}, ...e) { let a = b; { const a = d; g(a, e, h) } }", Goal::Either)
                .unwrap();
        let symbols: Vec<_> = lowered.ir.symbols.iter().map(|symbol| lowered.names.text(symbol.name)).collect();
        assert_eq!(symbols, ["a", "f", "b", "d", "e", "a", "a"]);
        let innermost = super::super::ir::SymbolId(6);
        assert_eq!(lowered.ir.reads(innermost).len(), 1);
        assert_eq!(lowered.ir.writes(innermost).len(), 1);
    }
}
