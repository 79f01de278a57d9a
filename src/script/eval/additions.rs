//! What is put into a thing after it was made: by its methods, and by members whose names are computed.

use std::rc::Rc;

use super::super::ir::{Expr, ExprId};
use super::super::names::Name;
use super::super::program::{At, near_and_far};
use super::memo::{Additions, Computed};
use super::properties::MAX_CANDIDATES;
use super::{Atom, Ctx, Engine, Value};

impl Engine<'_, '_> {
    /// Values that assignments with computed keys put into an object: under a name, or under any.
    pub(super) fn dynamic_writes(&mut self, holder: Atom, name: Option<Name>) -> Vec<Value> {
        let Atom::Object(site, _) = holder else { return Vec::new() };
        let mut found = Vec::new();
        for &(assign, ctx) in self.computed_writes(holder).iter() {
            let ir = self.ir(site.inst);
            let Expr::Assign { target, value } = ir.expr(assign) else { continue };
            let Expr::Index { index, .. } = ir.expr(target) else { continue };
            let sub = |expr: ExprId| At { inst: site.inst, expr };
            if let Some(name) = name {
                let key = self.eval(sub(index), ctx);
                if !key.is_unknown() && !key.is_empty() && !self.is_key(&key, name) {
                    continue;
                }
            }
            found.push(self.eval(sub(value), ctx));
        }
        found
    }

    /// Assignments with computed keys to an object.
    fn computed_writes(&mut self, holder: Atom) -> Computed {
        let Atom::Object(site, ctx) = holder else { return Rc::from([]) };
        if let Some(known) = self.memo.computed(holder) {
            return known;
        }
        let program = self.program;
        let unit = program.instances[site.inst as usize].unit;
        let from = program.dynamic_writes.partition_point(|(other, _)| *other < unit);
        let near = program.dynamic_writes[from..].iter().take_while(|(other, _)| *other == unit).take(MAX_CANDIDATES * 2);
        let (found, whole) = self.worked_out(|engine| {
            let ir = engine.ir(site.inst);
            let mut found = Vec::new();
            for &(_, assign) in near {
                let Expr::Assign { target, .. } = ir.expr(assign) else { continue };
                let Expr::Index { object, .. } = ir.expr(target) else { continue };
                let ctx = engine.lexical(ctx, site.inst, ir.func_of(assign));
                if engine.eval(At { inst: site.inst, expr: object }, ctx).has(holder) {
                    found.push((assign, ctx));
                }
            }
            Computed::from(found)
        });
        if whole {
            self.memo.keep_computed(holder, &found);
        }
        found
    }

    /// Calls that put values into a list or container.
    pub(super) fn additions(&mut self, holder: Atom) -> Additions {
        const ADDING: &[(&str, usize)] =
            &[("push", 0), ("unshift", 0), ("add", 0), ("append", 1), ("set", 1), ("splice", 2), ("fill", 0), ("enqueue", 0)];
        let Atom::Object(site, _) = holder else { return Rc::from([]) };
        if let Some(known) = self.memo.additions(holder) {
            return known;
        }
        let is_array = matches!(self.program.expr(site), Expr::Array(_));
        let (found, whole) = self.worked_out(|engine| {
            let mut found = Vec::new();
            for &(method, from) in ADDING {
                if is_array && matches!(method, "append" | "set" | "add") {
                    continue;
                }
                found.extend(engine.calls_on(holder, method).into_iter().map(|(call, ctx)| (call, ctx, from)));
            }
            Additions::from(found)
        });
        if whole {
            self.memo.keep_additions(holder, &found);
        }
        found
    }

    /// Calls of a method on an object.
    pub(super) fn calls_on(&mut self, holder: Atom, method: &str) -> Vec<(At, Ctx)> {
        let (home, site_ctx) = match holder {
            Atom::Object(at, ctx) | Atom::Instance(at, ctx) => (at.inst, ctx),
            Atom::Host(host) => match self.host(host).site {
                Some((at, ctx)) => (at.inst, ctx),
                None => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        let Some(method) = self.names.find(method) else { return Vec::new() };
        let Some(all) = self.program.reads.get(&method) else { return Vec::new() };
        let home_unit = self.program.instances[home as usize].unit;
        let (near, far) = near_and_far(all, Some(home_unit));
        let mut found = Vec::new();
        for &(unit, member) in near.iter().take(MAX_CANDIDATES).chain(far.take(16)) {
            let inst = if unit == home_unit { home } else { self.program.beside(unit, home).unwrap_or(home) };
            if inst == home && unit != home_unit {
                continue;
            }
            let ir = self.ir(inst);
            let Expr::Member { object, .. } = ir.expr(member) else { continue };
            for (call, how) in self.calls_of_member(At { inst, expr: member }) {
                let ctx = if inst == home { self.lexical(site_ctx, inst, ir.func_of(call)) } else { 0 };
                let call = At { inst, expr: call };
                let receiver = match how {
                    Some(how) => self.written_argument(call, how.this(), ctx),
                    None => self.eval(At { inst, expr: object }, ctx),
                };
                if self.is_held(holder, &receiver) {
                    found.push((call, ctx));
                }
            }
        }
        found
    }

    /// Whether a value is, or may be, an object.
    fn is_held(&self, holder: Atom, value: &Value) -> bool {
        let Atom::Host(host) = holder else { return value.has(holder) };
        let host = self.host(host);
        value.atoms().iter().any(|atom| match atom {
            Atom::Host(other) => {
                let other = self.host(*other);
                other.path == host.path && other.site.map(|(at, _)| at) == host.site.map(|(at, _)| at)
            }
            _ => false,
        })
    }

    /// Calls of a method on whatever a call or constructor made.
    pub(super) fn calls_on_site(&mut self, site: At, ctx: Ctx, method: &str) -> Vec<(At, Ctx)> {
        let value = self.eval(site, ctx);
        let mut found = Vec::new();
        for atom in value.atoms().to_vec() {
            if matches!(atom, Atom::Host(_) | Atom::Object(..)) {
                found.extend(self.calls_on(atom, method));
            }
        }
        found.dedup();
        found
    }
}
