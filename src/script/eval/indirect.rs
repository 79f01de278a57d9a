//! Functions that are called through `call`, `apply` and `Reflect.apply`, or through those of `Function.prototype`.
//!
//! What a function of the browser gets is known by position, so [`Engine::argument`] counts as that function does, whichever way it
//! is called. For functions of the scripts [`Via`](super::Via) says which way it was.

use super::super::ir::{Expr, ExprId};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Caller, Ctx, Engine, Set, Use, Value, Via};

/// Places that are looked at where a method has a name of its own.
const MAX_READS: usize = 16;

/// How a function of the browser is called, where not by its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Indirect {
    /// `f.call(this, a, b)`.
    Call,
    /// `f.apply(this, [a, b])`.
    Apply,
    /// `Function.prototype.call.call(f, this, a, b)`.
    Lent,
    /// `Reflect.apply(f, this, [a, b])`, `Function.prototype.apply.call(f, this, [a, b])`.
    Reflect,
}

impl Indirect {
    /// By the name of the method of functions.
    pub(super) fn by(method: &str) -> Option<Indirect> {
        match method {
            "call" => Some(Indirect::Call),
            "apply" => Some(Indirect::Apply),
            _ => None,
        }
    }

    /// Where the arguments of the function are among those that are written.
    pub(super) fn arguments(self) -> Arguments {
        match self {
            Indirect::Call => Arguments::From(1),
            Indirect::Lent => Arguments::From(2),
            Indirect::Apply => Arguments::In(1),
            Indirect::Reflect => Arguments::In(2),
        }
    }

    /// Which written argument is `this`.
    pub fn this(self) -> usize {
        match self {
            Indirect::Call | Indirect::Apply => 0,
            Indirect::Lent | Indirect::Reflect => 1,
        }
    }
}

/// Where the arguments of a function are that is called indirectly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arguments {
    /// From a written argument on.
    From(usize),
    /// In the list that a written argument is.
    In(usize),
}

impl Engine<'_, '_> {
    /// How a call calls its first argument, where it does: `Reflect.apply(f, ...)`.
    pub fn first_called(&mut self, call: At) -> Option<Indirect> {
        let Expr::Call { callee, .. } = self.program.expr(call) else { return None };
        let callee = At { inst: call.inst, expr: callee };
        let value = self.eval(callee, 0);
        if self.is_one_of_hosts(&value, &["Reflect.apply"]) {
            return Some(Indirect::Reflect);
        }
        // The browser's own table has no members of functions: what stands before the last `call` tells.
        let Expr::Member { object, name } = self.program.expr(callee) else { return None };
        if self.text(name) != "call" {
            return None;
        }
        let value = self.eval(At { inst: call.inst, expr: object }, 0);
        self.first_called_by(&value)
    }

    /// How `f.call(g, ...)` calls `g`, where `f` is itself a way to call functions.
    fn first_called_by(&self, function: &Value) -> Option<Indirect> {
        if self.is_one_of_hosts(function, &["Function.prototype.call"]) {
            Some(Indirect::Lent)
        } else if self.is_one_of_hosts(function, &["Function.prototype.apply"]) {
            Some(Indirect::Reflect)
        } else {
            None
        }
    }

    fn is_one_of_hosts(&self, value: &Value, paths: &[&str]) -> bool {
        value.atoms().iter().any(|atom| matches!(atom, Atom::Host(host) if paths.contains(&self.host_path(*host))))
    }

    /// The place of the function that a call calls, whichever way.
    pub fn callee(&mut self, call: At, ctx: Ctx) -> Option<At> {
        match (self.indirect(call, ctx), self.program.expr(call)) {
            (Some((function, _)), _) => Some(function),
            (None, Expr::Call { callee, .. } | Expr::New { callee, .. }) => Some(At { inst: call.inst, expr: callee }),
            _ => None,
        }
    }

    /// The place of the function that is called indirectly, where that is one of the browser's.
    pub fn indirect(&mut self, call: At, ctx: Ctx) -> Option<(At, Indirect)> {
        let Expr::Call { callee, args } = self.program.expr(call) else { return None };
        let Expr::Member { object, name } = self.program.expr(At { inst: call.inst, expr: callee }) else { return None };
        let how = Indirect::by(self.text(name))?;
        let object = At { inst: call.inst, expr: object };
        let value = self.eval(object, ctx);
        let first = match how {
            Indirect::Apply if self.is_one_of_hosts(&value, &["Reflect"]) => Some(Indirect::Reflect),
            Indirect::Call => self.first_called_by(&value),
            _ => None,
        };
        let is_host = |value: &Value| value.atoms().iter().any(|atom| matches!(atom, Atom::Host(_)));
        if let Some(how) = first {
            let function = At { inst: call.inst, expr: self.ir(call.inst).item(args, 0)? };
            let value = self.eval(function, ctx);
            return is_host(&value).then_some((function, how));
        }
        (is_host(&value) || self.borrowed(object).is_some()).then_some((object, how))
    }

    /// The method of lists and texts that a function is: `[].map`, `Array.prototype.map`.
    fn borrowed(&self, function: At) -> Option<Name> {
        let Expr::Member { object, name } = self.program.expr(function) else { return None };
        let sub = |expr: ExprId| At { inst: function.inst, expr };
        let borrowed = match self.program.expr(sub(object)) {
            Expr::Array(_) | Expr::Text(_) => true,
            Expr::Member { object, name } if name == self.known.prototype => {
                let owner = self.program.expr(sub(object));
                matches!(owner, Expr::Global(owner) if matches!(self.text(owner), "Array" | "String" | "NodeList"))
            }
            _ => false,
        };
        (borrowed && !matches!(self.text(name), "call" | "apply" | "bind")).then_some(name)
    }

    /// What a method of lists and texts gives that is called on something else: `[].map.call(nodes, read)`.
    fn lent(&mut self, method: Name, how: Indirect, call: At, ctx: Ctx) -> Value {
        let this = self.written_argument(call, how.this(), ctx);
        let mut set = Set::new();
        if !self.method(&this, method, call, ctx, &mut set) {
            if matches!(self.text(method), "slice" | "map" | "filter" | "concat") {
                set.extend(&this);
            }
            set.add(Atom::Unknown);
        }
        set.finish()
    }

    /// The calls of a method that a member gives, and how it is called: `x.open(...)`, `X.prototype.open.call(x, ...)`, and that by a
    /// name of its own.
    pub(super) fn calls_of_member(&mut self, member: At) -> Vec<(ExprId, Option<Indirect>)> {
        let ir = self.ir(member.inst);
        let mut calls = Vec::new();
        let mut places = vec![member.expr];
        while let Some(place) = places.pop() {
            for user in ir.uses(place) {
                match ir.expr(user) {
                    Expr::Call { callee, .. } if callee == place && place == member.expr => calls.push((user, None)),
                    Expr::Call { args, .. } if ir.item(args, 0) == Some(place) => {
                        let how = self.first_called(At { inst: member.inst, expr: user });
                        calls.extend(how.map(|how| (user, Some(how))));
                    }
                    Expr::Member { name, .. } => {
                        let Some(how) = Indirect::by(self.text(name)) else { continue };
                        let call = ir.parent(user);
                        let call = call.filter(|&call| matches!(ir.expr(call), Expr::Call { callee, .. } if callee == user));
                        calls.extend(call.map(|call| (call, Some(how))));
                    }
                    Expr::Write { symbol, .. } if place == member.expr => {
                        places.extend(ir.reads(symbol).iter().take(MAX_READS));
                    }
                    _ => {}
                }
            }
        }
        calls
    }

    /// What a function gives that is called indirectly; `None` where the value is no function.
    pub(super) fn called_indirectly(&mut self, function: &Value, how: Indirect, call: At, ctx: Ctx) -> Option<Value> {
        if let Some((function, _)) = self.indirect(call, ctx)
            && let Some(method) = self.borrowed(function)
        {
            return Some(self.lent(method, how, call, ctx));
        }
        if let Some(how) = self.first_called_by(function).filter(|_| how == Indirect::Call) {
            let first = self.written_argument(call, 0, ctx);
            return self.called_indirectly(&first, how, call, ctx);
        }
        let mut set = Set::new();
        let mut any = false;
        for atom in function.atoms() {
            let value = match *atom {
                Atom::Function(func, outer) => {
                    any = true;
                    let Expr::Function(id) = self.program.expr(func) else { continue };
                    let entered = self.enter(func.inst, id, call, Via::Indirect(how), ctx, outer);
                    self.returns_of(func.inst, id, entered, call)
                }
                Atom::Host(host) => {
                    any = true;
                    self.host_applied(host, how, call, ctx)
                }
                _ => continue,
            };
            set.extend(&value);
        }
        any.then(|| set.finish())
    }

    /// `String.fromCharCode.apply(null, list)`, `fetch.call(window, address)`.
    fn host_applied(&mut self, host: u32, how: Indirect, call: At, ctx: Ctx) -> Value {
        let path = self.host_path(host).to_owned();
        if let Some(method) = path.strip_prefix("Array.prototype.") {
            let method = self.names.add(method);
            return self.lent(method, how, call, ctx);
        }
        let this = self.written_argument(call, how.this(), ctx);
        // Methods of the browser's objects that are taken from their prototype and called on something else.
        let mut set = Set::new();
        if path.contains(".prototype.") || path.starts_with("Element.") {
            let member = self.names.add(path.rsplit('.').next().unwrap_or(&path));
            let target = self.member_of_value(&this, member, call);
            for atom in target.atoms() {
                if let Atom::Host(other) = *atom {
                    let path = self.host_path(other).to_owned();
                    let value = self.reached(&format!("{path}()"), Some((call, ctx)), call);
                    set.extend(&value);
                }
            }
        }
        if set.is_empty() { self.host_call(host, call, ctx, false) } else { set.finish() }
    }

    /// `f.call(...)`, `f.apply(...)`, `f.bind(...)`.
    pub(super) fn indirect_callers(&mut self, member: At, callers: &mut Vec<Caller>) {
        let ir = self.ir(member.inst);
        let Expr::Member { name, .. } = ir.expr(member.expr) else { return };
        let Some(call) = ir.parent(member.expr) else { return };
        if !matches!(ir.expr(call), Expr::Call { callee, .. } if callee == member.expr) {
            return;
        }
        let call_at = At { inst: member.inst, expr: call };
        if let Some(how) = Indirect::by(self.text(name)) {
            return callers.push(Caller::Call { call: call_at, ctx: 0, via: Via::Indirect(how) });
        }
        if self.text(name) != "bind" {
            return;
        }
        let value = self.eval(call_at, 0);
        let Some(Atom::Bound(bound)) = value.atoms().iter().copied().find(|atom| matches!(atom, Atom::Bound(_))) else {
            return;
        };
        let plain = self.bounds[bound as usize];
        let already = self.written_count(plain.call).saturating_sub(1);
        for found in self.uses(call_at, Atom::Bound(bound)) {
            match found {
                Use::Called(call, ctx) => callers.push(Caller::Call { call, ctx, via: Via::Bound(bound) }),
                // Arguments that are bound come before those of the callback.
                Use::Passed(call, index, ctx) if already == 0 => callers.push(Caller::Passed { call, index, ctx }),
                Use::Passed(call, _, ctx) => callers.push(Caller::Call { call, ctx, via: Via::Bound(bound) }),
                Use::Stored(assign) => callers.push(Caller::Handler { assign }),
                Use::Property(object, name) => callers.push(Caller::Option { object, name }),
                Use::Member(_) => {}
            }
        }
    }
}
