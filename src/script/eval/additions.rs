//! What is put into a thing after it was made: by its methods, and by members whose names are computed.

use super::super::ir::{Expr, ExprId};
use super::super::names::Name;
use super::super::program::At;
use super::candidates::Sought;
use super::{Atom, Ctx, Engine, Value};

/// Methods that put their arguments into a list or container, and from which argument on.
const ADDING: &[(&str, usize)] =
    &[("push", 0), ("unshift", 0), ("add", 0), ("append", 1), ("set", 1), ("splice", 2), ("fill", 0), ("enqueue", 0)];

impl Engine<'_, '_> {
    /// Values that assignments with computed keys put into an object: under a name, or under any.
    pub(super) fn dynamic_writes(&mut self, holder: Atom, name: Option<Name>) -> Vec<Value> {
        let Atom::Object(site, ctx) = holder else { return Vec::new() };
        let mut found = Vec::new();
        for (assign, ctx) in self.concerned(site.inst, Sought::Computed, holder, ctx).places {
            let ir = self.ir(assign.inst);
            let Expr::Assign { target, value } = ir.expr(assign.expr) else { continue };
            let Expr::Index { index, .. } = ir.expr(target) else { continue };
            let sub = |expr: ExprId| At { inst: assign.inst, expr };
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

    /// What is assigned to members of a stored thing, by name or by a name that is computed; with the places.
    pub(super) fn assigned_to(&mut self, holder: Atom, name: Name) -> Vec<(At, Value)> {
        let Atom::Message(message) = holder else { return Vec::new() };
        let home = self.messages[message as usize].inst;
        let mut places = self.concerned(home, Sought::Computed, holder, 0).places;
        if self.program.writes.contains_key(&name) {
            places.extend(self.concerned(home, Sought::Written(name), holder, 0).places);
        }
        let mut found = Vec::new();
        for (assign, ctx) in places {
            if let Expr::Assign { value, .. } = self.program.expr(assign) {
                found.push((assign, self.eval(At { inst: assign.inst, expr: value }, ctx)));
            }
        }
        found
    }

    /// Calls that put values into a list or container: the call, the chain of calls that it is reached through, and from which
    /// argument on.
    pub(super) fn additions(&mut self, holder: Atom) -> Vec<(At, Ctx, usize)> {
        let is_array = match holder {
            Atom::Object(site, _) => matches!(self.program.expr(site), Expr::Array(_)),
            Atom::Message(_) => true,
            _ => return Vec::new(),
        };
        let mut found = Vec::new();
        for &(method, from) in ADDING {
            if is_array && matches!(method, "append" | "set" | "add") {
                continue;
            }
            found.extend(self.calls_on(holder, method).into_iter().map(|(call, ctx)| (call, ctx, from)));
        }
        found
    }

    /// Calls of a method on a thing.
    pub(super) fn calls_on(&mut self, holder: Atom, method: &str) -> Vec<(At, Ctx)> {
        let (home, ctx) = match holder {
            Atom::Object(at, ctx) | Atom::Instance(at, ctx) => (at.inst, ctx),
            Atom::Host(host) => match self.host(host).site {
                Some((at, ctx)) => (at.inst, ctx),
                None => return Vec::new(),
            },
            Atom::Message(message) => (self.messages[message as usize].inst, 0),
            _ => return Vec::new(),
        };
        let Some(method) = self.names.find(method) else { return Vec::new() };
        if !self.program.reads.contains_key(&method) {
            return Vec::new();
        }
        self.concerned(home, Sought::Called(method), holder, ctx).places
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
