//! Names in scope: what locals and globals may be.

use std::rc::Rc;

use super::super::analysis::World;
use super::super::ir::{Expr, List, SymbolId, SymbolKind};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Key, Set, Value};

/// Writes of one name that are followed.
const MAX_WRITES: usize = 64;

impl Engine<'_, '_> {
    pub(super) fn symbol(&mut self, inst: u32, symbol: SymbolId, ctx: Ctx) -> Value {
        let Some(declared) = self.ir(inst).symbol(symbol) else { return Value::unknown() };
        let ctx = self.lexical(ctx, inst, declared.func);
        self.ask(Key::Symbol(inst, symbol, ctx))
    }

    pub(super) fn symbol_value(&mut self, inst: u32, symbol: SymbolId, ctx: Ctx) -> Value {
        let ir = self.ir(inst);
        let Some(declared) = ir.symbol(symbol) else { return Value::unknown() };
        if declared.kind == SymbolKind::Import {
            return self.imported(inst, symbol);
        }
        let mut set = Set::new();
        for &value in ir.writes(symbol).iter().take(MAX_WRITES) {
            let value = self.eval(At { inst, expr: value }, ctx);
            set.extend(&value);
        }
        if declared.top && !ir.module {
            self.implicit(inst, declared.name, &mut set);
        }
        if set.is_empty() && ir.writes(symbol).is_empty() {
            set.add(Atom::Nothing);
        }
        set.finish()
    }

    /// Values that scripts of the realm give to a name without declaring it.
    fn implicit(&mut self, inst: u32, name: Name, set: &mut Set) {
        if let Some(values) = self.program.realm(inst).implicit.get(&name) {
            for &value in values.iter().take(MAX_WRITES) {
                let value = self.eval(value, 0);
                set.extend(&value);
            }
        }
    }

    /// A name that the script does not declare: of another script of the page, or of the browser.
    pub(super) fn global(&mut self, inst: u32, name: Name, at: At) -> Value {
        let mut set = Set::new();
        let program = self.program;
        if let Some(declared) = program.realm(inst).globals.get(&name) {
            for &(other, symbol) in declared.iter().take(MAX_WRITES) {
                let value = self.symbol(other, symbol, 0);
                set.extend(&value);
            }
        }
        self.implicit(inst, name, &mut set);
        if set.is_empty() && program.realm(inst).world == World::Content {
            // Content scripts of several entries share a world where their pages overlap.
            for realm in program.realms.iter().filter(|realm| realm.world == World::Content) {
                for &(other, symbol) in realm.globals.get(&name).into_iter().flatten().take(8) {
                    let value = self.symbol(other, symbol, 0);
                    set.extend(&value);
                }
            }
        }
        if set.is_empty() {
            self.written_to_global(inst, name, &mut set);
        }
        let text = self.text(name);
        if set.is_empty() || self.table.leads(text) {
            let value = self.global_host(name, at);
            set.extend(&value);
        }
        set.finish()
    }

    /// `root.name = value` where `root` is another name of the global object.
    fn written_to_global(&mut self, inst: u32, name: Name, set: &mut Set) {
        let program = self.program;
        let realm = program.instances[inst as usize].realm;
        for &(unit, assign) in program.writes.get(&name).into_iter().flatten().take(MAX_WRITES) {
            let mut here = program.by_unit[unit as usize].iter().filter(|&&at| program.instances[at as usize].realm == realm);
            let Some(&inst) = here.next() else { continue };
            let ir = self.ir(inst);
            let Expr::Assign { target, value } = ir.expr(assign) else { continue };
            let Expr::Member { object, .. } = ir.expr(target) else { continue };
            // Only a name that has several meanings needs to be asked: `window.name = value` is known as it stands.
            if !matches!(ir.expr(object), Expr::Local(_) | Expr::This) {
                continue;
            }
            let object = self.eval(At { inst, expr: object }, 0);
            if object.atoms().iter().any(|atom| matches!(atom, Atom::Host(host) if self.host(*host).path == Name::EMPTY)) {
                let value = self.eval(At { inst, expr: value }, 0);
                set.extend(&value);
            }
        }
    }

    /// `const {a, ...rest} = value`: the value without what was taken.
    pub(super) fn without(&mut self, value: At, taken: List, ctx: Ctx) -> Value {
        let ir = self.ir(value.inst);
        let names: Rc<[Name]> = ir
            .list(taken)
            .filter_map(|key| match ir.expr(key) {
                Expr::Text(name) => Some(name),
                _ => None,
            })
            .collect();
        let value = self.eval(value, ctx);
        if names.is_empty() {
            return value;
        }
        let mut set = Set::new();
        for atom in value.atoms() {
            set.add(match *atom {
                Atom::Object(..) => {
                    self.withouts.push((*atom, names.clone()));
                    Atom::Without(self.withouts.len() as u32 - 1)
                }
                other => other,
            });
        }
        set.finish()
    }
}
