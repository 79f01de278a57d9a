//! What modules import from each other.

use super::super::ir::SymbolId;
use super::super::names::Name;
use super::super::program::{At, module_paths};
use super::{Atom, Ctx, Engine, Key, Set, Value};

/// Libraries that are known without their files, and what they are to the analysis.
const LIBRARIES: &[(&str, &str)] = &[
    ("webextension-polyfill", "chrome"),
    ("webextension-polyfill-ts", "chrome"),
    ("browser-polyfill", "chrome"),
    ("jquery", "$"),
    ("axios", "axios"),
    ("ky", "ky"),
    ("superagent", "superagent"),
    ("html2canvas", "html2canvas"),
    ("lz-string", "LZString"),
    ("crypto-js", "CryptoJS"),
    ("pako", "pako"),
];

impl Engine<'_, '_> {
    pub(super) fn imported(&mut self, inst: u32, symbol: SymbolId) -> Value {
        let ir = self.ir(inst);
        let Some(import) = ir.imports.iter().find(|import| import.symbol == Some(symbol)) else { return Value::unknown() };
        let Some(module) = self.module(inst, import.specifier) else {
            return self.bare_module(import.specifier);
        };
        match import.name {
            Some(name) => self.ask(Key::Exported(module, name)),
            None => Atom::Module(module).into(),
        }
    }

    /// `import browser from "webextension-polyfill"`: a library whose own file is not read.
    fn bare_module(&mut self, specifier: Name) -> Value {
        let file = self.text(specifier).rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        // jquery-3.7.1.min.js
        let stem = file.split('.').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        match LIBRARIES.iter().find(|(library, _)| *library == stem) {
            Some((_, path)) => self.host_value(path, None),
            None => Value::unknown(),
        }
    }

    fn module(&self, inst: u32, specifier: Name) -> Option<u32> {
        let paths = module_paths(&self.program.unit(inst).file, self.text(specifier))?;
        let unit = paths.iter().find_map(|path| self.program.by_path.get(path))?;
        self.program.beside(*unit, inst)
    }

    pub(super) fn exported(&mut self, inst: u32, name: Name) -> Value {
        self.ask(Key::Exported(inst, name))
    }

    pub(super) fn exported_value(&mut self, inst: u32, name: Name) -> Value {
        use super::super::ir::Export;
        let ir = self.ir(inst);
        let mut set = Set::new();
        for export in &ir.exports {
            match *export {
                Export::Value { name: known, value } if known == name => {
                    let value = self.eval(At { inst, expr: value }, 0);
                    set.extend(&value);
                }
                Export::From { name: Some(known), imported, specifier } if known == name => {
                    let Some(module) = self.module(inst, specifier) else { continue };
                    match imported {
                        Some(imported) => {
                            let value = self.ask(Key::Exported(module, imported));
                            set.extend(&value);
                        }
                        None => set.add(Atom::Module(module)),
                    }
                }
                _ => {}
            }
        }
        if set.is_empty() && name != self.known.default {
            for export in &ir.exports {
                if let Export::From { name: None, imported: None, specifier } = *export
                    && let Some(module) = self.module(inst, specifier)
                {
                    let value = self.ask(Key::Exported(module, name));
                    set.extend(&value);
                }
            }
        }
        if set.is_empty() { Value::unknown() } else { set.finish() }
    }

    pub(super) fn dynamic_import(&mut self, address: At, ctx: Ctx) -> Value {
        let value = self.eval(address, ctx);
        let mut set = Set::new();
        for name in value.texts() {
            match self.module(address.inst, name) {
                Some(module) => set.add(Atom::Module(module)),
                None => set.add(Atom::Unknown),
            }
        }
        if set.is_empty() { Value::unknown() } else { set.finish() }
    }
}
