//! A script in pieces that run one after the other: one that fails does not end the rest.

use oxc_ast::ast::{
    Class, Declaration, ExportDefaultDeclarationKind, ExportSpecifier, Function, ImportDeclarationSpecifier, ModuleExportName,
    Statement, VariableDeclaration,
};
use oxc_span::{GetSpan, Span};

use super::names;
use super::portable::{self, Portable};
use super::rewrite::Edits;

/// A part of a script that is run by itself.
#[derive(Debug)]
pub enum Piece {
    /// Code.
    Code(Code),
    /// Another file that runs first.
    Import(String),
}

/// Code that is run by itself.
#[derive(Debug)]
pub struct Code {
    /// What is compiled.
    pub text: String,
    /// The line of the file at which it begins, from 0.
    pub line: u32,
    /// How it is run, where it is the body of a function that every world can be given; otherwise it is a script.
    pub portable: Option<Portable>,
}

impl Piece {
    fn script(text: String, line: u32) -> Piece {
        Piece::Code(Code { text, line, portable: None })
    }
}

/// A script as it is run.
#[derive(Debug, Default)]
pub struct Pieces {
    /// What runs, in order.
    pub pieces: Vec<Piece>,
    /// Names that are gone through while it is compiled.
    pub names: u64,
}

/// A snippet as it is run: the whole of it, with the changes that every script gets.
pub fn snippet(text: &str) -> String {
    parsed(text, |edits, program| edits.apply(text, program.span)).unwrap_or_else(|| text.to_owned())
}

/// The statements of a script: imports first, then functions, which code above them may call, then the rest in order.
///
/// Worlds have no modules: what a module exports is a name of the world like any other. Nothing where the script nests too deep
/// for a parser; all of it where it has errors, so that the engine says which.
pub fn pieces(text: &str, path: &str) -> Pieces {
    if crate::script::guard::check(text).is_err() {
        return Pieces::default();
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
        Pieces { pieces: first, names: names::looked_at(program) }
    })
    .unwrap_or_else(|| Pieces { pieces: vec![Piece::script(text.to_owned(), 0)], names: 0 })
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
                    self.first.push(Piece::script(names, 0));
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
                self.rest.push(Piece::script(code, line));
            }
            Statement::FunctionDeclaration(function) => self.function(function),
            Statement::VariableDeclaration(declaration) => self.variables(declaration),
            Statement::ClassDeclaration(class) => self.class(class),
            _ => {
                let portable = portable::is_body(statement).then(Portable::default);
                let piece = self.code(span, "", portable);
                self.rest.push(piece);
            }
        }
    }

    /// Names that a module exports under another name; those of another module are there before anything else runs.
    fn renamed(&mut self, specifiers: &[ExportSpecifier<'_>], first: bool) {
        for specifier in specifiers {
            let (local, exported) = (name(&specifier.local), name(&specifier.exported));
            if local != exported {
                let piece = Piece::script(format!("globalThis[{exported:?}] = globalThis[{local:?}];"), 0);
                if first { self.first.push(piece) } else { self.rest.push(piece) }
            }
        }
    }

    fn declaration(&mut self, declaration: &Declaration<'_>) {
        match declaration {
            Declaration::FunctionDeclaration(function) => self.function(function),
            Declaration::ClassDeclaration(class) => self.class(class),
            Declaration::VariableDeclaration(variables) => self.variables(variables),
            _ => {
                let piece = self.code(declaration.span(), "", None);
                self.rest.push(piece);
            }
        }
    }

    fn function(&mut self, function: &Function<'_>) {
        let name = function.id.as_ref().map(|id| id.name.as_str());
        let portable = name.filter(|name| !self.edits.assigns(name));
        let portable = portable.map(|name| Portable { gives: Some(name.to_owned()), ..Portable::default() });
        let piece = self.code(function.span, "", portable);
        self.functions.push(piece);
    }

    fn variables(&mut self, variables: &VariableDeclaration<'_>) {
        let piece = match portable::names(variables) {
            Some(names) if variables.span.size() >= portable::LEAST => {
                let line = self.line_of(variables.span);
                let values = variables.declarations.iter().filter(|one| one.init.is_some());
                let values = values.map(|one| format!("({})", self.edits.apply(self.text, one.span)));
                let text = values.collect::<Vec<_>>().join(",");
                Piece::Code(Code { text, line, portable: Some(Portable { names, gives: None }) })
            }
            // The engine binds names when it compiles: what a later piece declares must be a property of the global object.
            _ if variables.kind.is_lexical() => {
                let line = self.line_of(variables.span);
                let code = self.edits.apply(self.text, variables.span);
                let rest = ["const", "let"].iter().find_map(|word| code.strip_prefix(word)).unwrap_or(&code);
                Piece::script(format!("var {rest}"), line)
            }
            _ => self.code(variables.span, "", None),
        };
        self.rest.push(piece);
    }

    fn class(&mut self, class: &Class<'_>) {
        let piece = match class.id.as_ref().map(|id| id.name.as_str()) {
            Some(name) if class.span.size() >= portable::LEAST => {
                let portable = Portable { names: vec![name.to_owned()], gives: None };
                self.code(class.span, &format!("{name} = "), Some(portable))
            }
            Some(name) => self.code(class.span, &format!("var {name} = "), None),
            None => self.code(class.span, "", None),
        };
        self.rest.push(piece);
    }

    fn code(&mut self, span: Span, before: &str, portable: Option<Portable>) -> Piece {
        let line = self.line_of(span);
        let portable = portable.filter(|_| span.size() >= portable::LEAST);
        Piece::Code(Code { text: format!("{before}{}", self.edits.apply(self.text, span)), line, portable })
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
