//! Calls: which functions a call enters, and what comes back.

use std::rc::Rc;

use super::super::ir::{Expr, FuncId};
use super::super::names::Name;
use super::super::program::At;
use super::host_call::short;
use super::{Atom, Bound, Caller, Ctx, Engine, Key, Set, Value, Via};

impl Engine<'_, '_> {
    /// `callee(args)` and `new callee(args)`.
    pub(super) fn call(&mut self, at: At, callee: At, new: bool, ctx: Ctx) -> Value {
        let mut set = Set::new();
        if let Expr::Member { object, name } = self.program.expr(callee) {
            let object = At { inst: at.inst, expr: object };
            if !matches!(self.program.expr(object), Expr::Super) {
                let receiver = self.eval(object, ctx);
                if self.method(&receiver, name, at, ctx, &mut set) {
                    return set.finish();
                }
            }
        } else if let Expr::Index { object, index } = self.program.expr(callee) {
            let key = self.eval(At { inst: at.inst, expr: index }, ctx);
            let receiver = self.eval(At { inst: at.inst, expr: object }, ctx);
            for name in self.texts_of(&key) {
                if self.method(&receiver, name, at, ctx, &mut set) {
                    return set.finish();
                }
            }
        }
        let function = self.eval(callee, ctx);
        self.invoke(&function, at, ctx, new, &mut set);
        set.finish()
    }

    /// What calling a value gives.
    pub(super) fn invoke(&mut self, function: &Value, at: At, ctx: Ctx, new: bool, set: &mut Set) {
        let mut known = false;
        for atom in function.atoms() {
            known |= !matches!(atom, Atom::Unknown | Atom::Taint { .. } | Atom::Message(_));
            match *atom {
                Atom::Function(func, outer) => {
                    let Expr::Function(id) = self.program.expr(func) else { continue };
                    if new {
                        let entered = self.enter(func.inst, id, at, Via::New, ctx, outer);
                        set.add(Atom::Instance(func, entered));
                        // A function that returns an object makes that.
                        continue;
                    }
                    if let Some(value) = self.loaded(func.inst, id, at, ctx) {
                        set.extend(&value);
                        continue;
                    }
                    let entered = self.enter(func.inst, id, at, Via::Plain, ctx, outer);
                    let value = self.returns_of(func.inst, id, entered, at);
                    set.extend(&value);
                    self.api_wrapper(at, ctx, &value, set);
                }
                Atom::Class(class, outer) => {
                    let Expr::Class(id) = self.program.expr(class) else { continue };
                    let constructor = self.constructor(class, id, 0);
                    let entered = match constructor {
                        Some((inst, func)) => {
                            self.enter(inst, func, at, Via::New, ctx, if inst == class.inst { outer } else { 0 })
                        }
                        None => 0,
                    };
                    set.add(Atom::Instance(class, entered));
                }
                Atom::Bound(bound) => {
                    let bound_to = self.bounds[bound as usize];
                    if let Atom::Function(func, outer) = bound_to.target {
                        let Expr::Function(id) = self.program.expr(func) else { continue };
                        let entered = self.enter(func.inst, id, at, Via::Bound(bound), ctx, outer);
                        let value = self.returns_of(func.inst, id, entered, at);
                        set.extend(&value);
                    } else if let Atom::Host(host) = bound_to.target {
                        let value = self.host_call(host, at, ctx, new);
                        set.extend(&value);
                    }
                }
                Atom::Host(host) => {
                    let value = self.host_call(host, at, ctx, new);
                    set.extend(&value);
                }
                _ => {}
            }
        }
        if !known {
            // Whoever is called may hand back what it was given.
            self.carried(at, ctx, set);
            for atom in function.atoms() {
                if matches!(atom, Atom::Taint { .. }) {
                    set.add(*atom);
                }
            }
            set.add(Atom::Unknown);
        }
    }

    fn constructor(&self, class: At, id: super::super::ir::ClassId, depth: u32) -> Option<(u32, FuncId)> {
        let ir = self.ir(class.inst);
        let declared = ir.classes.get(id.index())?;
        if let Some(func) = declared.constructor {
            return Some((class.inst, func));
        }
        // Without one of its own it has that of its parent, where that stands in the same script.
        if depth < 4
            && let Expr::Local(symbol) = ir.expr(declared.parent)
            && let [value] = ir.writes(symbol)
        {
            let mut value = *value;
            while let Expr::Use(inner) = ir.expr(value) {
                value = inner;
            }
            if let Expr::Class(parent) = ir.expr(value) {
                return self.constructor(At { inst: class.inst, expr: value }, parent, depth + 1);
            }
        }
        None
    }

    /// What a function returns, one step further on its way.
    pub(super) fn returns_of(&mut self, inst: u32, func: FuncId, ctx: Ctx, call: At) -> Value {
        let ctx = self.lexical(ctx, inst, func);
        let value = self.ask(Key::Returns(inst, func, ctx));
        if !value.has_taint() {
            return value;
        }
        let name = self.ir(inst).func(func).name;
        let words = if name == Name::EMPTY {
            "gets it from a function".to_owned()
        } else {
            format!("gets it from {}()", short(self.text(name)))
        };
        self.step(value, call, &words)
    }

    pub(super) fn returned(&mut self, inst: u32, func: FuncId, ctx: Ctx) -> Value {
        let mut set = Set::new();
        for &expr in self.ir(inst).func(func).returns.iter().take(64) {
            let value = self.eval(At { inst, expr }, ctx);
            set.extend(&value);
        }
        set.finish()
    }

    /// `f.bind(this, ...)`.
    pub(super) fn bind(&mut self, target: Atom, call: At, ctx: Ctx) -> Atom {
        let bound = Bound { target, call, ctx };
        if let Some(&id) = self.bound_ids.get(&bound) {
            return Atom::Bound(id);
        }
        self.binds_arguments |= matches!(target, Atom::Host(_)) && self.written_count(call) > 1;
        let id = self.bounds.len() as u32;
        self.bounds.push(bound);
        self.bound_ids.insert(bound, id);
        Atom::Bound(id)
    }

    /// What a bound function was bound from.
    pub fn bound_target(&self, bound: u32) -> Atom {
        self.bounds.get(bound as usize).map_or(Atom::Unknown, |bound| bound.target)
    }

    /// The chains of calls through which a place is reached: one for each caller of the function around it, so that arguments
    /// stay together. Without a caller there is one chain, of no calls.
    pub fn contexts(&mut self, at: At, depth: u32) -> Vec<Ctx> {
        let ir = self.ir(at.inst);
        let mut func = ir.func_of(at.expr);
        while func.0 != 0 {
            let callers: Rc<[Caller]> = self.callers(at.inst, func);
            let mut found = Vec::new();
            for caller in callers.iter() {
                let Caller::Call { call, ctx, via } = *caller else { continue };
                let outers = if depth > 0 && ctx == 0 { self.contexts(call, depth - 1) } else { vec![ctx] };
                for outer in outers {
                    if found.len() >= 24 {
                        break;
                    }
                    let entered = self.enter(at.inst, func, call, via, outer, 0);
                    if !found.contains(&entered) {
                        found.push(entered);
                    }
                }
            }
            if !found.is_empty() {
                return found;
            }
            func = ir.func(func).parent;
        }
        vec![0]
    }
}
