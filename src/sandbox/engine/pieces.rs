//! A script in pieces that run one after the other: one that fails does not end the rest.

use std::borrow::Cow;

use oxc_ast::ast::{
    Class, Declaration, ExportDefaultDeclarationKind, ExportSpecifier, Function, Statement, VariableDeclaration,
};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};

use super::module::{self, Exports, Module, export_name};
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
    parsed(text, |program| Edits::of(text, program, None).apply(text, program.span)).unwrap_or_else(|| text.to_owned())
}

/// The statements of a script: imports first, then functions, which code above them may call, then the rest in order. Nothing
/// where the script nests too deep for a parser; all of it where it has errors, so that the engine says which.
pub fn pieces(text: &str, path: &str) -> Pieces {
    if crate::script::guard::check(text).is_err() {
        return Pieces::default();
    }
    parsed(text, |program| {
        let module = Module::of(program, path);
        let edits = Edits::of(text, program, module.as_ref());
        let mut split =
            Split { text, path, edits, module, line: 0, at: 0, pieces: Sorted::default(), exports: Exports::default() };
        for statement in &program.body {
            split.statement(statement);
        }
        Pieces { pieces: split.sorted(), names: names::looked_at(program) }
    })
    .unwrap_or_else(|| Pieces { pieces: vec![Piece::script(text.to_owned(), 0)], names: 0 })
}

/// What becomes of a parsed text; `None` where it cannot be parsed.
fn parsed<T>(text: &str, then: impl FnOnce(&oxc_ast::ast::Program<'_>) -> T) -> Option<T> {
    crate::script::guard::check(text).ok()?;
    let allocator = oxc_allocator::Allocator::default();
    let parsed = oxc_parser::Parser::new(&allocator, text, oxc_span::SourceType::unambiguous()).parse();
    (!parsed.panicked).then(|| then(&parsed.program))
}

/// The pieces of a script, in the order in which they are run.
#[derive(Default)]
struct Sorted {
    imports: Vec<Piece>,
    functions: Vec<Piece>,
    rest: Vec<Piece>,
}

struct Split<'s> {
    text: &'s str,
    path: &'s str,
    edits: Edits,
    module: Option<Module>,
    /// The line of `at`, the place up to which lines are counted.
    line: u32,
    at: u32,
    pieces: Sorted,
    exports: Exports,
}

impl Split<'_> {
    fn sorted(self) -> Vec<Piece> {
        let Sorted { imports, functions, rest } = self.pieces;
        let mut all = Vec::with_capacity(imports.len() + functions.len() + rest.len() + 2);
        if self.module.is_some() {
            all.push(Piece::script(self.exports.code(self.path), 0));
        }
        all.extend(imports);
        all.extend(self.exports.code_of_others(self.path).map(|code| Piece::script(code, 0)));
        all.extend(functions);
        all.extend(rest);
        all
    }

    /// What a name of the script is called while it runs.
    fn name<'n>(&'n self, name: &'n str) -> &'n str {
        self.module.as_ref().and_then(|module| module.name(name)).unwrap_or(name)
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        let span = statement.span();
        match statement {
            Statement::ImportDeclaration(import) => self.import(&import.source.value),
            Statement::ExportDeclaration(export) => {
                let mut names = portable::Names::default();
                match &export.declaration {
                    Declaration::FunctionDeclaration(function) => {
                        names.0.extend(function.id.iter().map(|id| id.name.to_string()))
                    }
                    Declaration::ClassDeclaration(class) => names.0.extend(class.id.iter().map(|id| id.name.to_string())),
                    Declaration::VariableDeclaration(variables) => {
                        variables.declarations.iter().for_each(|one| names.visit_binding_pattern(&one.id));
                    }
                    _ => {}
                }
                for name in names.0 {
                    let value = self.name(&name).to_owned();
                    self.exports.add(&name, &value);
                }
                self.declaration(&export.declaration);
            }
            Statement::ExportNamedDeclaration(export) => self.export(&export.specifiers, None),
            Statement::ExportFromDeclaration(export) => {
                self.import(&export.source.value);
                let from = module::beside(self.path, &export.source.value);
                self.export(&export.specifiers, Some(&from));
            }
            Statement::ExportAllDeclaration(export) => {
                self.import(&export.source.value);
                let from = module::beside(self.path, &export.source.value);
                match &export.exported {
                    Some(name) => self.exports.add(export_name(name), &module::all_of(&from)),
                    None => self.exports.add_all_of(&from),
                }
            }
            Statement::ExportDefaultDeclaration(export) => {
                let inner = export.declaration.span();
                let (code, line) = (self.edits.apply(self.text, inner), self.line_of(inner));
                let named = match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => function.id.as_ref(),
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => class.id.as_ref(),
                    _ => None,
                };
                let default = module::default_of(self.path);
                self.exports.add("default", &default);
                let own = named.map_or(Cow::Borrowed(""), |id| format!("{} = ", self.name(&id.name)).into());
                self.pieces.rest.push(Piece::script(format!("{default} = {own}{code}"), line));
            }
            Statement::FunctionDeclaration(function) => self.function(function),
            Statement::VariableDeclaration(declaration) => self.variables(declaration),
            Statement::ClassDeclaration(class) => self.class(class),
            _ => {
                let portable = portable::is_body(statement).then(Portable::default);
                let piece = self.code(span, "", portable);
                self.pieces.rest.push(piece);
            }
        }
    }

    fn import(&mut self, from: &str) {
        self.pieces.imports.push(Piece::Import(from.to_owned()));
    }

    /// Names that a module exports, its own or another's.
    fn export(&mut self, specifiers: &[ExportSpecifier<'_>], from: Option<&str>) {
        for specifier in specifiers {
            let local = export_name(&specifier.local);
            let value = from.map_or_else(|| self.name(local).to_owned(), |from| module::imported(local, from));
            self.exports.add(export_name(&specifier.exported), &value);
        }
    }

    fn declaration(&mut self, declaration: &Declaration<'_>) {
        match declaration {
            Declaration::FunctionDeclaration(function) => self.function(function),
            Declaration::ClassDeclaration(class) => self.class(class),
            Declaration::VariableDeclaration(variables) => self.variables(variables),
            _ => {
                let piece = self.code(declaration.span(), "", None);
                self.pieces.rest.push(piece);
            }
        }
    }

    fn function(&mut self, function: &Function<'_>) {
        let name = function.id.as_ref().map(|id| id.name.as_str());
        let portable = name.filter(|name| !self.edits.assigns(name));
        let portable = portable.map(|name| Portable { gives: Some(self.name(name).to_owned()), ..Portable::default() });
        let piece = self.code(function.span, "", portable);
        self.pieces.functions.push(piece);
    }

    fn variables(&mut self, variables: &VariableDeclaration<'_>) {
        let piece = match portable::names(variables) {
            Some(names) if variables.span.size() >= portable::LEAST => {
                let line = self.line_of(variables.span);
                let values = variables.declarations.iter().filter(|one| one.init.is_some());
                let values = values.map(|one| format!("({})", self.edits.apply(self.text, one.span)));
                let text = values.collect::<Vec<_>>().join(",");
                let names = names.iter().map(|name| self.name(name).to_owned()).collect();
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
        self.pieces.rest.push(piece);
    }

    fn class(&mut self, class: &Class<'_>) {
        let piece = match class.id.as_ref().map(|id| self.name(&id.name).to_owned()) {
            Some(name) if class.span.size() >= portable::LEAST => {
                let portable = Portable { names: vec![name.clone()], gives: None };
                self.code(class.span, &format!("{name} = "), Some(portable))
            }
            Some(name) => self.code(class.span, &format!("var {name} = "), None),
            None => self.code(class.span, "", None),
        };
        self.pieces.rest.push(piece);
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
