//! `this` and `super`.

use super::super::ir::{Expr, ExprId, FuncId, FuncKind, NONE};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Caller, Ctx, Engine, Indirect, Set, Use, Value, Via};

/// Expressions of a constructor that are looked through for `super(...)`, and calls and instances that are looked at.
const MAX_CONSTRUCTOR: u32 = 4_000;
const MAX_MADE: usize = 8;

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
        // Where the function stands tells whose method it is. One that is written into a class as well is no method of the list that
        // it stands in: see `lower::helper`.
        let mut set = Set::new();
        let is_written = ir.uses(func.expr).any(|user| matches!(ir.expr(user), Expr::Assign { .. }));
        for user in ir.uses(func.expr) {
            match ir.expr(user) {
                Expr::Object { .. } if is_written => {}
                Expr::Object { .. } => {
                    let at = At { inst, expr: user };
                    if let Some(described) = self.described(at) {
                        set.extend(&described);
                        continue;
                    }
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

    /// `this` at a place.
    pub fn this_at(&mut self, at: At, ctx: Ctx) -> Value {
        let ir = self.ir(at.inst);
        self.this_value(at.inst, ir.this_owner(ir.func_of(at.expr)), ctx)
    }

    /// What a descriptor describes a member of, where an object is one: `Object.defineProperty(Reader.prototype, "text", {...})`.
    fn described(&mut self, object: At) -> Option<Value> {
        let ir = self.ir(object.inst);
        let call = ir.parent(object.expr)?;
        let Expr::Call { callee, args } = ir.expr(call) else { return None };
        let defines = matches!(ir.expr(callee), Expr::Member { name, .. } if self.text(name) == "defineProperty");
        let owner = ir.item(args, 0).filter(|_| defines && ir.item(args, 2) == Some(object.expr))?;
        let owner = self.eval(At { inst: object.inst, expr: owner }, 0);
        let instance = |atom: &Atom| match *atom {
            Atom::Prototype(class) => Atom::Instance(class, 0),
            other => other,
        };
        Some(owner.atoms().iter().map(instance).collect())
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
        let class = self.class_of(at.inst, self.ir(at.inst).this_owner(self.ir(at.inst).func_of(at.expr)));
        let mut set = Set::new();
        for parent in parents.atoms() {
            match *parent {
                Atom::Class(class, _) | Atom::Function(class, _) => {
                    let part = self.property(Atom::Instance(class, 0), name);
                    set.extend(&part);
                }
                Atom::Host(parent) => {
                    let part = self.inherited(parent, class, name);
                    set.extend(&part);
                }
                _ => set.add(Atom::Unknown),
            }
        }
        set.finish()
    }

    /// What the constructor of a class is given for that of the class it extends: by `super(...)`, or by whoever makes an instance.
    pub fn given_to_parent(&mut self, class: At, index: usize) -> Value {
        let ir = self.ir(class.inst);
        let (constructor, is_function) = match ir.expr(class.expr) {
            Expr::Class(id) => (ir.classes.get(id.index()).and_then(|declared| declared.constructor), false),
            Expr::Function(function) => (Some(function), true),
            _ => return Value::clean(),
        };
        let mut calls = Vec::new();
        match constructor {
            Some(constructor) => {
                // What stands in a function comes before it.
                let end = ir.func(constructor).expr.0;
                // super(...), and for a function _super.apply(this, arguments)
                let is_super = |&call: &ExprId| {
                    let Expr::Call { callee, .. } = ir.expr(call) else { return false };
                    let calls_parent = match ir.expr(callee) {
                        Expr::Super => true,
                        Expr::Member { object, name } if is_function => {
                            matches!(ir.expr(object), Expr::Local(_)) && Indirect::by(self.text(name)).is_some()
                        }
                        _ => false,
                    };
                    calls_parent && ir.this_owner(ir.func_of(call)) == constructor
                };
                let inside = (end.saturating_sub(MAX_CONSTRUCTOR)..end).map(ExprId);
                calls.extend(inside.filter(is_super).map(|expr| (At { inst: class.inst, expr }, 0)));
            }
            None => {
                for found in self.uses(class, Atom::Class(class, 0)) {
                    if let Use::Called(call, ctx) = found {
                        calls.push((call, ctx));
                    }
                }
            }
        }
        let mut set = Set::new();
        for (call, ctx) in calls.into_iter().take(MAX_MADE) {
            let value = self.argument(call, index, ctx);
            set.extend(&value);
        }
        set.finish()
    }
}
