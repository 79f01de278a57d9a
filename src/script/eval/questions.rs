//! What the rest of the analysis asks about members.

use super::super::ir::{Expr, ExprId};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Set, Value};

impl Engine<'_, '_> {
    /// A member of one thing, as a place reads it.
    pub fn member_of_atom(&mut self, atom: Atom, name: Name, at: At) -> Value {
        self.member_of(atom, name, at)
    }

    /// What a loop over a value gives.
    pub fn elements_of(&mut self, value: &Value, at: At) -> Value {
        self.elements(value, at)
    }

    /// What assignments put into a member of a thing.
    pub fn written_member(&mut self, atom: Atom, name: Name) -> Value {
        let value = self.property(atom, name);
        value.atoms().iter().copied().filter(|atom| !matches!(atom, Atom::Nothing)).collect()
    }

    /// Calls of a method on a thing.
    pub fn calls_on_atom(&mut self, atom: Atom, method: &str) -> Vec<(At, Ctx)> {
        self.calls_on(atom, method)
    }

    /// What the functions in a value give back.
    pub fn returned_by(&mut self, value: &Value) -> Value {
        let mut set = Set::new();
        for atom in value.atoms() {
            if let Atom::Function(at, ctx) = *atom
                && let Expr::Function(func) = self.program.expr(at)
            {
                let value = self.returned(at.inst, func, ctx);
                set.extend(&value);
            }
        }
        set.finish()
    }

    /// Members of a name in a value, however deep they are in lists and objects.
    pub fn members_named(&mut self, value: &Value, name: &str, at: At) -> Value {
        let Some(name) = self.names.find(name) else { return Value::clean() };
        let mut set = Set::new();
        let mut queue = vec![(self.forced(value), 0)];
        let mut seen = Vec::new();
        while let Some((value, depth)) = queue.pop() {
            for atom in value.atoms() {
                if atom.is_plain() || seen.contains(atom) || seen.len() > 64 {
                    continue;
                }
                seen.push(*atom);
                match *atom {
                    Atom::Object(site, ctx) => {
                        let ir = self.ir(site.inst);
                        if matches!(ir.expr(site.expr), Expr::Array(_)) {
                            let inner = self.elements(&(*atom).into(), at);
                            queue.push((inner, depth + 1));
                            continue;
                        }
                        let found = self.property(*atom, name);
                        for found in found.atoms() {
                            if !matches!(found, Atom::Nothing) {
                                set.add(*found);
                            }
                        }
                        if let Expr::Object { first, count } = ir.expr(site.expr)
                            && depth < 4
                        {
                            for prop in ir.props(first, count).iter().take(24) {
                                let inner = At { inst: site.inst, expr: prop.value };
                                if matches!(
                                    ir.expr(prop.value),
                                    Expr::Array(_) | Expr::Object { .. } | Expr::Call { .. } | Expr::Local(_)
                                ) {
                                    queue.push((self.eval(inner, ctx), depth + 1));
                                }
                            }
                        }
                    }
                    Atom::List(_) => {
                        let inner = self.elements(&(*atom).into(), at);
                        queue.push((inner, depth + 1));
                    }
                    Atom::Message(_) => {
                        let found = self.member_of(*atom, name, at);
                        let found = self.forced(&found);
                        set.extend(&found);
                    }
                    _ => {}
                }
            }
        }
        set.finish()
    }

    /// Texts in a value, however deep.
    pub fn texts_within(&mut self, value: &Value) -> Vec<Name> {
        let mut found = Vec::new();
        let mut queue = vec![(value.clone(), 0)];
        while let Some((value, depth)) = queue.pop() {
            for atom in value.atoms() {
                match *atom {
                    Atom::Text(name) => found.push(name),
                    Atom::Object(site, ctx) if depth < 4 => {
                        let ir = self.ir(site.inst);
                        let parts: Vec<ExprId> = match ir.expr(site.expr) {
                            Expr::Object { first, count } => {
                                ir.props(first, count).iter().take(24).map(|prop| prop.value).collect()
                            }
                            Expr::Array(list) => ir.list(list).take(24).collect(),
                            _ => Vec::new(),
                        };
                        for expr in parts {
                            queue.push((self.eval(At { inst: site.inst, expr }, ctx), depth + 1));
                        }
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// The `this` of a bound function.
    pub fn bound_this(&mut self, bound: u32) -> Value {
        let Some(bound) = self.bounds.get(bound as usize).copied() else { return Value::clean() };
        self.written_argument(bound.call, 0, bound.ctx)
    }
}
