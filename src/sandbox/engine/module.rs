//! Modules. The engine is given none: every file runs as a script of its world, so the names of a module are made its own here.
//!
//! A name that a module declares gets the module's mark, `O` becomes `O__kxqm1b2c3d4e`, since bundlers call the functions of every
//! chunk `a`, `b` and `c`. What it exports are accessors of the world, `name__kxqx1b2c3d4e`, which the importing module's code names
//! in place of its own; `world/globals.js` makes them, and the object that `import *` and `import()` give.

use std::collections::BTreeMap;
use std::fmt::Write;

use oxc_ast::ast::{ImportDeclarationSpecifier, ModuleExportName, Program, Statement};
use oxc_semantic::{Scoping, SemanticBuilder};
use oxc_syntax::reference::ReferenceId;
use oxc_syntax::symbol::SymbolId;

/// Stands between a name of a module and the module's number.
pub const OWN: &str = "__kxqm";

/// Hexadecimal digits of a module's number.
pub const DIGITS: usize = 8;

/// The names of a module's own, and what they are called while it runs.
#[derive(Debug)]
pub struct Module {
    scoping: Scoping,
    names: BTreeMap<String, String>,
    number: String,
}

impl Module {
    /// The module that a script is; `None` where it is none.
    pub fn of(program: &Program<'_>, path: &str) -> Option<Module> {
        if !program.source_type.is_module() {
            return None;
        }
        let scoping = SemanticBuilder::new().build(program).semantic.into_scoping();
        let number = number(path);
        let declared = scoping.get_bindings(scoping.root_scope_id()).iter();
        let mut names: BTreeMap<String, String> =
            declared.map(|(name, _)| (name.to_string(), format!("{name}{OWN}{number}"))).collect();
        for statement in &program.body {
            let Statement::ImportDeclaration(import) = statement else { continue };
            let from = beside(path, &import.source.value);
            for specifier in import.specifiers.iter().flatten() {
                let exported = match specifier {
                    ImportDeclarationSpecifier::ImportSpecifier(one) => imported(export_name(&one.imported), &from),
                    ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => imported("default", &from),
                    ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => all_of(&from),
                };
                names.insert(specifier.local().name.to_string(), exported);
            }
        }
        Some(Module { scoping, names, number })
    }

    /// What a name of the module's own is called.
    pub fn name(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// What a use of a name is called, where it means one of the module's own.
    pub fn used(&self, reference: ReferenceId, name: &str) -> Option<&str> {
        self.declared(self.scoping.get_reference(reference).symbol_id()?, name)
    }

    /// What a declared name is called, where it is one of the module's own.
    pub fn declared(&self, symbol: SymbolId, name: &str) -> Option<&str> {
        let own = self.scoping.symbol_scope_id(symbol) == self.scoping.root_scope_id();
        self.name(name).filter(|_| own)
    }

    /// Its own `import()`.
    pub fn import(&self) -> String {
        format!("__kxqimport{}", self.number)
    }
}

/// What a module gives to others.
#[derive(Debug, Default)]
pub struct Exports {
    given: String,
    all_of: Vec<String>,
}

impl Exports {
    /// A name, and what stands for it in the module.
    pub fn add(&mut self, name: &str, value: &str) {
        let _ = write!(self.given, "{name:?}: () => {value}, ");
    }

    /// Everything that another gives.
    pub fn add_all_of(&mut self, from: &str) {
        self.all_of.push(number(from));
    }

    /// Code that tells the world of them, before anything of the module runs.
    pub fn code(&self, path: &str) -> String {
        format!("__kxqexports({:?}, {path:?}, {{ {}}});", number(path), self.given)
    }

    /// Code that adds what others give, once they have run.
    pub fn code_of_others(&self, path: &str) -> Option<String> {
        let number = number(path);
        let codes: String = self.all_of.iter().map(|other| format!("__kxqexportsof({number:?}, {other:?});")).collect();
        (!codes.is_empty()).then_some(codes)
    }
}

/// What a name that another module exports is called.
pub fn imported(name: &str, from: &str) -> String {
    let number = number(from);
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80);
    if plain { format!("{name}__kxqx{number}") } else { format!("globalThis[{:?}]", format!("{name}__kxqx{number}")) }
}

/// What the object with all exports of another module is called.
pub fn all_of(from: &str) -> String {
    format!("__kxqns{}", number(from))
}

/// What the value of `export default` is called within its module.
pub fn default_of(path: &str) -> String {
    format!("default{OWN}{}", number(path))
}

/// A module's number: two files of a package have the same by chance only.
pub fn number(path: &str) -> String {
    let hash = path.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:0DIGITS$x}")
}

/// The file that a script means by an address.
pub fn beside(path: &str, address: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    if address.starts_with('/') {
        parts.clear();
    }
    for part in address.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The text of a name that is exported or imported.
pub fn export_name<'n>(of: &'n ModuleExportName<'_>) -> &'n str {
    match of {
        ModuleExportName::IdentifierName(name) => name.name.as_str(),
        ModuleExportName::IdentifierReference(name) => name.name.as_str(),
        ModuleExportName::StringLiteral(text) => text.value.as_str(),
    }
}
