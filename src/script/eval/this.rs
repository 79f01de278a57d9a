//! `this` and `super`.

use super::super::ir::{Expr, FuncId, FuncKind, NONE};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Caller, Ctx, Engine, Set, Value, Via};

impl Engine<'_, '_> {
    pub(super) fn this_value(&mut self, inst: u32, owner: FuncId, ctx: Ctx) -> Value {
        let ir = self.ir(inst);
        if owner.0 == 0 {
            return if ir.module { Atom::Nothing.into() } else { self.host_value("", None) };
        }
        let func = ir.func(owner);
        let func_at = At { inst, expr: func.expr };
        if let Some((entered, frame)) = self.frame_of(ctx, inst, owner) {
            match (frame.via, self.program.expr(frame.call)) {
                (Via::New, _) => return Atom::Instance(self.class_of(inst, owner), entered).into(),
                (Via::Indirect(how), _) => return self.written_argument(frame.call, how.this(), frame.caller),
                (Via::Plain, Expr::Call { callee, .. }) => {
                    let callee = At { inst: frame.call.inst, expr: callee };
                    match self.program.expr(callee) {
                        Expr::Member { object, .. } | Expr::Index { object, .. } => {
                            let object = At { inst: callee.inst, expr: object };
                            if !matches!(self.program.expr(object), Expr::Super) {
                                return self.eval(object, frame.caller);
                            }
                        }
                        _ => {}
                    }
                }
                (Via::Bound(bound), _) => {
                    let bound = self.bounds[bound as usize];
                    return self.written_argument(bound.call, 0, bound.ctx);
                }
                _ => {}
            }
        }
        if let Some(class) = func.class {
            let class = At { inst, expr: ir.classes.get(class.index()).map_or(NONE, |class| class.expr) };
            let mut set = Set::new();
            if func.fixed || func.kind == FuncKind::Fields {
                set.add(Atom::Class(class, 0));
            }
            if !func.fixed {
                set.add(Atom::Instance(class, 0));
            }
            return set.finish();
        }
        // Where the function stands tells whose method it is.
        let mut set = Set::new();
        for user in ir.uses(func.expr) {
            match ir.expr(user) {
                Expr::Object { .. } => {
                    let at = At { inst, expr: user };
                    set.add(Atom::Object(at, self.lexical(ctx, inst, ir.func_of(user))));
                }
                Expr::Assign { target, .. } => {
                    if let Expr::Member { object, .. } = ir.expr(target) {
                        let object = self.eval(At { inst, expr: object }, 0);
                        for atom in object.atoms() {
                            match *atom {
                                Atom::Prototype(class) => set.add(Atom::Instance(class, 0)),
                                other => set.add(other),
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        if !set.is_empty() {
            return set.finish();
        }
        for caller in self.callers(inst, owner).iter() {
            match *caller {
                Caller::Call { call, ctx, via: Via::New } => {
                    let entered = self.enter(inst, owner, call, Via::New, ctx, 0);
                    set.add(Atom::Instance(func_at, entered));
                }
                Caller::Call { call, ctx, via: Via::Plain } => {
                    if let Expr::Call { callee, .. } = self.program.expr(call)
                        && let Expr::Member { object, .. } = self.program.expr(At { inst: call.inst, expr: callee })
                    {
                        let value = self.eval(At { inst: call.inst, expr: object }, ctx);
                        set.extend(&value);
                    }
                }
                Caller::Call { call, ctx, via: Via::Indirect(how) } => {
                    let value = self.written_argument(call, how.this(), ctx);
                    set.extend(&value);
                }
                // A listener's `this` is what it listens on.
                Caller::Passed { call, ctx, .. } => {
                    if let Expr::Call { callee, .. } = self.program.expr(call)
                        && let Expr::Member { object, name } = self.program.expr(At { inst: call.inst, expr: callee })
                        && matches!(self.text(name), "addEventListener" | "on" | "each" | "bind")
                    {
                        let value = self.eval(At { inst: call.inst, expr: object }, ctx);
                        set.extend(&value);
                    }
                }
                _ => {}
            }
        }
        if set.is_empty() {
            set.add(Atom::Unknown);
        }
        set.finish()
    }

    /// The class, or the function used as one, whose constructor a function is.
    pub(super) fn class_of(&self, inst: u32, func: FuncId) -> At {
        let ir = self.ir(inst);
        let declared = ir.func(func);
        let expr = match declared.class {
            Some(class) => ir.classes.get(class.index()).map_or(declared.expr, |class| class.expr),
            None => declared.expr,
        };
        At { inst, expr }
    }

    /// `super` where it is called.
    pub(super) fn super_value(&mut self, at: At) -> Value {
        let ir = self.ir(at.inst);
        let owner = ir.this_owner(ir.func_of(at.expr));
        let Some(class) = ir.func(owner).class else { return Value::unknown() };
        let class_at = At { inst: at.inst, expr: ir.classes.get(class.index()).map_or(NONE, |class| class.expr) };
        self.parent_class(class_at, class)
    }

    pub(super) fn super_member(&mut self, at: At, name: Name) -> Value {
        let parents = self.super_value(at);
        let mut set = Set::new();
        for parent in parents.atoms() {
            match *parent {
                Atom::Class(class, _) | Atom::Function(class, _) => {
                    let part = self.property(Atom::Instance(class, 0), name);
                    set.extend(&part);
                }
                _ => set.add(Atom::Unknown),
            }
        }
        set.finish()
    }
}
