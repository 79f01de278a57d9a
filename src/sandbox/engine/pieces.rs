//! A script in pieces that run one after the other: one that fails does not end the rest.

use oxc_ast::ast::{
    Declaration, ExportDefaultDeclarationKind, ExportSpecifier, ImportDeclarationSpecifier, ModuleExportName, Statement,
};
use oxc_span::{GetSpan, Span};

use super::rewrite::Edits;

/// A part of a script that is run by itself.
#[derive(Debug)]
pub enum Piece {
    /// Code, and the line of the file at which it begins, from 0.
    Code(String, u32),
    /// Another file that runs first.
    Import(String),
}

/// A snippet as it is run: the whole of it, with the changes that every script gets.
pub fn snippet(text: &str) -> String {
    parsed(text, |edits, program| edits.apply(text, program.span)).unwrap_or_else(|| text.to_owned())
}

/// The statements of a script: imports first, then functions, which code above them may call, then the rest in order.
///
/// Worlds have no modules: what a module exports is a name of the world like any other. Nothing where the script nests too deep
/// for a parser; all of it where it has errors, so that the engine says which.
pub fn pieces(text: &str, path: &str) -> Vec<Piece> {
    if crate::script::guard::check(text).is_err() {
        return Vec::new();
    }
    parsed(text, |edits, program| {
        let mut split =
            Split { text, path, edits: &edits, line: 0, at: 0, first: Vec::new(), functions: Vec::new(), rest: Vec::new() };
        for statement in &program.body {
            split.statement(statement);
        }
        let Split { mut first, functions, rest, .. } = split;
        first.extend(functions);
        first.extend(rest);
        first
    })
    .unwrap_or_else(|| vec![Piece::Code(text.to_owned(), 0)])
}

/// What becomes of a parsed text; `None` where it cannot be parsed.
fn parsed<T>(text: &str, then: impl FnOnce(Edits, &oxc_ast::ast::Program<'_>) -> T) -> Option<T> {
    crate::script::guard::check(text).ok()?;
    let allocator = oxc_allocator::Allocator::default();
    let parsed = oxc_parser::Parser::new(&allocator, text, oxc_span::SourceType::unambiguous()).parse();
    (!parsed.panicked).then(|| then(Edits::of(text, &parsed.program), &parsed.program))
}

struct Split<'s> {
    text: &'s str,
    path: &'s str,
    edits: &'s Edits,
    /// The line of `at`, the place up to which lines are counted.
    line: u32,
    at: u32,
    first: Vec<Piece>,
    functions: Vec<Piece>,
    rest: Vec<Piece>,
}

impl Split<'_> {
    fn statement(&mut self, statement: &Statement<'_>) {
        let span = statement.span();
        match statement {
            Statement::ImportDeclaration(import) => {
                let from = import.source.value.as_str();
                self.first.push(Piece::Import(from.to_owned()));
                let names = import.specifiers.iter().flatten().filter_map(|specifier| match specifier {
                    ImportDeclarationSpecifier::ImportSpecifier(one) => {
                        let (local, imported) = (one.local.name.as_str(), name(&one.imported));
                        (local != imported).then(|| format!("var {local} = globalThis[{imported:?}];"))
                    }
                    ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => {
                        Some(format!("var {} = {};", one.local.name, default_name(from)))
                    }
                    ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => {
                        Some(format!("var {} = globalThis;", one.local.name))
                    }
                });
                let names: String = names.collect();
                if !names.is_empty() {
                    self.first.push(Piece::Code(names, 0));
                }
            }
            Statement::ExportDeclaration(export) => self.declaration(&export.declaration),
            Statement::ExportNamedDeclaration(export) => self.renamed(&export.specifiers, false),
            Statement::ExportFromDeclaration(export) => {
                self.first.push(Piece::Import(export.source.value.to_string()));
                self.renamed(&export.specifiers, true);
            }
            Statement::ExportAllDeclaration(export) => self.first.push(Piece::Import(export.source.value.to_string())),
            Statement::ExportDefaultDeclaration(export) => {
                let inner = export.declaration.span();
                let (code, line) = (self.edits.apply(self.text, inner), self.line_of(inner));
                let named = match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => function.id.as_ref(),
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => class.id.as_ref(),
                    _ => None,
                };
                let default = default_name(self.path);
                let code = named.map_or_else(
                    || format!("{default} = {code}"),
                    |id| format!("{default} = globalThis[{:?}] = {code}", id.name.as_str()),
                );
                self.rest.push(Piece::Code(code, line));
            }
            Statement::FunctionDeclaration(_) => {
                let piece = self.code(span, "");
                self.functions.push(piece);
            }
            Statement::VariableDeclaration(declaration) if declaration.kind.is_lexical() => self.lexical(span),
            Statement::ClassDeclaration(class) => self.class(span, class.id.as_ref().map(|id| id.name.as_str())),
            _ => {
                let piece = self.code(span, "");
                self.rest.push(piece);
            }
        }
    }

    /// Names that a module exports under another name; those of another module are there before anything else runs.
    fn renamed(&mut self, specifiers: &[ExportSpecifier<'_>], first: bool) {
        for specifier in specifiers {
            let (local, exported) = (name(&specifier.local), name(&specifier.exported));
            if local != exported {
                let piece = Piece::Code(format!("globalThis[{exported:?}] = globalThis[{local:?}];"), 0);
                if first { self.first.push(piece) } else { self.rest.push(piece) }
            }
        }
    }

    fn declaration(&mut self, declaration: &Declaration<'_>) {
        let span = declaration.span();
        match declaration {
            Declaration::FunctionDeclaration(_) => {
                let piece = self.code(span, "");
                self.functions.push(piece);
            }
            Declaration::ClassDeclaration(class) => self.class(span, class.id.as_ref().map(|id| id.name.as_str())),
            Declaration::VariableDeclaration(variable) if variable.kind.is_lexical() => self.lexical(span),
            _ => {
                let piece = self.code(span, "");
                self.rest.push(piece);
            }
        }
    }

    /// The engine binds names when it compiles: what a later piece declares must be a property of the global object.
    fn lexical(&mut self, span: Span) {
        let piece = match self.code(span, "") {
            Piece::Code(code, line) => {
                let rest = ["const", "let"].iter().find_map(|word| code.strip_prefix(word)).unwrap_or(&code);
                Piece::Code(format!("var {rest}"), line)
            }
            other => other,
        };
        self.rest.push(piece);
    }

    fn class(&mut self, span: Span, name: Option<&str>) {
        let piece = self.code(span, &name.map(|name| format!("var {name} = ")).unwrap_or_default());
        self.rest.push(piece);
    }

    fn code(&mut self, span: Span, before: &str) -> Piece {
        let line = self.line_of(span);
        Piece::Code(format!("{before}{}", self.edits.apply(self.text, span)), line)
    }

    /// The line at which a span begins. Statements come in order, so each line is counted once.
    fn line_of(&mut self, span: Span) -> u32 {
        let between = self.text.get(self.at as usize..span.start as usize).unwrap_or_default();
        self.line += u32::try_from(memchr::memchr_iter(b'\n', between.as_bytes()).count()).unwrap_or(u32::MAX);
        self.at = span.start;
        self.line
    }
}

fn name<'n>(of: &'n ModuleExportName<'_>) -> &'n str {
    match of {
        ModuleExportName::IdentifierName(name) => name.name.as_str(),
        ModuleExportName::IdentifierReference(name) => name.name.as_str(),
        ModuleExportName::StringLiteral(text) => text.value.as_str(),
    }
}

/// Where what a module exports without a name is kept. Modules of one name in two folders share it.
fn default_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    format!("globalThis[{:?}]", format!("default {file}"))
}
