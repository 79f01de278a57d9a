//! Arguments become parameters, and the browser calls back.

use super::super::ir::{Expr, ExprId, FuncId};
use super::super::names::Name;
use super::super::program::At;
use super::host_call::short;
use super::indirect::Arguments;
use super::{Atom, Bound, Caller, Ctx, Engine, Indirect, Key, Set, Use, Value, Via};

/// Arguments that `arguments` stands for where no call is known.
const MAX_REST: usize = 6;

impl Engine<'_, '_> {
    /// An argument of a call, as the function counts it that is called: see [`Indirect`].
    pub fn argument(&mut self, call: At, index: usize, ctx: Ctx) -> Value {
        match self.indirect(call, ctx) {
            Some((_, how)) => self.indirect_argument(call, how, index, ctx),
            None => match self.bound_arguments(call, ctx) {
                Some((bound, already)) if index < already => self.written_argument(bound.call, index + 1, bound.ctx),
                Some((_, already)) => self.written_argument(call, index - already, ctx),
                None => self.written_argument(call, index, ctx),
            },
        }
    }

    /// The call of `bind` by which a function of the browser has arguments already, and how many.
    fn bound_arguments(&mut self, call: At, ctx: Ctx) -> Option<(Bound, usize)> {
        if !self.binds_arguments {
            return None;
        }
        let Expr::Call { callee, .. } = self.program.expr(call) else { return None };
        let callee = self.eval(At { inst: call.inst, expr: callee }, ctx);
        let bound = callee.atoms().iter().find_map(|atom| match *atom {
            Atom::Bound(bound) => Some(self.bounds[bound as usize]),
            _ => None,
        });
        let bound = bound.filter(|bound| matches!(bound.target, Atom::Host(_)))?;
        Some((bound, self.written_count(bound.call).saturating_sub(1)))
    }

    fn indirect_argument(&mut self, call: At, how: Indirect, index: usize, ctx: Ctx) -> Value {
        let list = match how.arguments() {
            Arguments::From(first) => return self.written_argument(call, index + first, ctx),
            Arguments::In(list) => self.written_argument(call, list, ctx),
        };
        let key = Atom::number(index as f64).into();
        self.index_of(&list, &key, call)
    }

    /// An argument of a call, as it is written.
    pub fn written_argument(&mut self, call: At, index: usize, ctx: Ctx) -> Value {
        let args = match self.program.expr(call) {
            Expr::Call { args, .. } | Expr::New { args, .. } => args,
            Expr::Assign { value, .. } if index == 0 => return self.eval(At { inst: call.inst, expr: value }, ctx),
            _ => return Value::unknown(),
        };
        let ir = self.ir(call.inst);
        for (at, expr) in ir.list(args).enumerate().take(index + 1) {
            if let Expr::Spread(inner) = ir.expr(expr) {
                let value = self.eval(At { inst: call.inst, expr: inner }, ctx);
                let key = Atom::number((index - at) as f64).into();
                return self.index_of(&value, &key, call);
            }
            if at == index {
                return self.eval(At { inst: call.inst, expr }, ctx);
            }
        }
        Atom::Nothing.into()
    }

    /// How many arguments a call has, as the function counts them that is called; as many as may be, where a list holds them.
    pub fn argument_count(&mut self, call: At) -> usize {
        let written = self.written_count(call);
        match self.indirect(call, 0).map(|(_, how)| how.arguments()) {
            None => written + self.bound_arguments(call, 0).map_or(0, |(_, already)| already),
            Some(Arguments::From(first)) => written.saturating_sub(first),
            Some(Arguments::In(list)) => {
                let list = self.written_argument(call, list, 0);
                self.exact_elements(&list).map_or(MAX_REST, |items| items.len())
            }
        }
    }

    pub(super) fn written_count(&self, call: At) -> usize {
        match self.program.expr(call) {
            Expr::Call { args, .. } | Expr::New { args, .. } => self.ir(call.inst).list(args).len(),
            _ => 0,
        }
    }

    fn argument_via(&mut self, call: At, via: Via, index: usize, ctx: Ctx) -> Value {
        match via {
            Via::Plain | Via::New => self.argument(call, index, ctx),
            Via::Indirect(how) => self.indirect_argument(call, how, index, ctx),
            Via::Values(list) => self.list_values(list).get(index).cloned().unwrap_or_else(|| Atom::Nothing.into()),
            Via::Bound(bound) => {
                let bound = self.bounds[bound as usize];
                let already = self.written_count(bound.call).saturating_sub(1);
                if index < already {
                    self.written_argument(bound.call, index + 1, bound.ctx)
                } else {
                    self.argument(call, index - already, ctx)
                }
            }
        }
    }

    /// A parameter: the argument of the call that led here, or of every call that is known.
    pub(super) fn parameter(&mut self, inst: u32, func: FuncId, index: usize, ctx: Ctx) -> Value {
        let name = self.ir(inst).func(func).name;
        let words = |engine: &Self| match name {
            Name::EMPTY => "hands it to a function".to_owned(),
            name => format!("hands it to {}()", short(engine.text(name))),
        };
        if let Some(value) = self.module_parameter(inst, func, index) {
            return value;
        }
        if let Some((_, frame)) = self.frame_of(ctx, inst, func) {
            let value = self.argument_via(frame.call, frame.via, index, frame.caller);
            if !value.has_taint() {
                return value;
            }
            let words = words(self);
            return self.step(value, frame.call, &words);
        }
        let callers = self.callers(inst, func);
        let mut set = Set::new();
        if self.takes_the_place(inst, func)
            && let Some(value) = self.hooked_parameter(inst, func)
        {
            set.extend(&value);
        }
        for caller in callers.iter() {
            let value = match *caller {
                Caller::Call { call, ctx, via } => {
                    let value = self.argument_via(call, via, index, ctx);
                    if value.has_taint() {
                        let words = words(self);
                        self.step(value, call, &words)
                    } else {
                        value
                    }
                }
                Caller::Passed { call, index: position, ctx } => self.callback_parameter(call, position, index, ctx),
                Caller::Option { object, name } => self.option_parameter(object, name, index),
                Caller::Handler { assign } => self.handler_parameter(assign, index),
                Caller::Set { assign, ctx } => self.written_argument(assign, index, ctx),
            };
            set.extend(&value);
        }
        if set.is_empty() {
            if callers.is_empty() {
                if let Some(value) = self.hooked_parameter(inst, func) {
                    return value;
                }
                set.add(Atom::Unknown);
            } else {
                return Value::clean();
            }
        }
        set.finish()
    }

    /// What the page hands to a function that takes the place of one of its own.
    fn hooked_parameter(&mut self, inst: u32, func: FuncId) -> Option<Value> {
        let at = At { inst, expr: self.ir(inst).func(func).expr };
        if self.world(at) != super::super::analysis::World::Main {
            return None;
        }
        let inside = self.ir(inst).func(func).returns.first().copied().unwrap_or(at.expr);
        if !self.takes_the_place(inst, func) && !self.is_hook(At { inst, expr: inside }) {
            return None;
        }
        let kind = self.names.add("page-hook.body");
        let provider = self.pages(inst).mail.first().copied().unwrap_or_default();
        let provider = self.names.add(provider);
        let atom = self.origin(super::Origin { kind, at, provider, weak: false }, "reads a request of the page itself");
        Some([atom, Atom::Unknown].into_iter().collect())
    }

    pub(super) fn rest(&mut self, inst: u32, func: FuncId, from: usize, ctx: Ctx) -> Value {
        let count = match self.frame_of(ctx, inst, func) {
            Some((_, frame)) => match frame.via {
                Via::Plain | Via::New => self.written_count(frame.call),
                Via::Values(list) => self.list_values(list).len(),
                _ => MAX_REST,
            },
            None => {
                let callers = self.callers(inst, func);
                let counts = callers.iter().map(|caller| match caller {
                    Caller::Call { call, .. } => self.written_count(*call),
                    _ => 3,
                });
                counts.max().unwrap_or(3)
            }
        };
        let values = (from..count.min(from + MAX_REST)).map(|index| self.parameter(inst, func, index, ctx)).collect();
        Atom::List(self.make_list(values)).into()
    }

    /// What the parameter of a function is that is handed to something which is no function of the scripts.
    pub(super) fn callback_parameter(&mut self, call: At, position: usize, index: usize, ctx: Ctx) -> Value {
        let (callee, new) = match self.program.expr(call) {
            Expr::Call { callee, .. } => (At { inst: call.inst, expr: callee }, false),
            Expr::New { callee, .. } => (At { inst: call.inst, expr: callee }, true),
            _ => return Value::unknown(),
        };
        // What is called indirectly counts without `this`; in a list of arguments it is counted so already.
        let indirect = self.indirect(call, ctx);
        let (callee, position) = match indirect {
            Some((function, how)) => match how.arguments() {
                Arguments::From(first) => (function, position.saturating_sub(first)),
                Arguments::In(_) => (function, position),
            },
            None => (callee, position),
        };
        if let Expr::Member { object, name } = self.program.expr(callee) {
            let object = At { inst: call.inst, expr: object };
            let receiver = |engine: &mut Self| match indirect {
                Some((_, how)) => engine.written_argument(call, how.this(), ctx),
                None => engine.eval(object, ctx),
            };
            match (self.text(name), index) {
                ("then", 0) if position == 0 => {
                    let value = self.eval(object, ctx);
                    return if value.is_empty() { Value::unknown() } else { value };
                }
                ("catch", 0) => return self.refused(object, ctx, 0),
                ("then", 0) => return self.refused(object, ctx, 0),
                ("catch" | "finally" | "then", _) => return Value::clean(),
                (
                    "forEach" | "map" | "filter" | "find" | "findIndex" | "findLast" | "some" | "every" | "flatMap" | "sort",
                    0,
                )
                | ("reduce" | "reduceRight" | "each" | "sort", 1) => {
                    let value = receiver(self);
                    if !matches!(value.single(), Some(Atom::Class(..))) {
                        return self.elements(&value, call);
                    }
                }
                ("reduce" | "reduceRight", 0) => {
                    let first = self.argument(call, 1, ctx);
                    let value = self.argument(call, 0, ctx);
                    let mut set = Set::new();
                    set.extend(&first);
                    let functions = receiver(self);
                    let from_right = self.text(name) == "reduceRight";
                    for value in self.composed(&functions, from_right, call, ctx) {
                        set.extend(&value);
                    }
                    for atom in value.atoms() {
                        if let Atom::Function(func, outer) = *atom
                            && let Expr::Function(id) = self.program.expr(func)
                        {
                            let outer = self.lexical(outer, func.inst, id);
                            let value = self.ask(Key::Returns(func.inst, id, outer));
                            set.extend(&value);
                        }
                    }
                    if first.atoms() == [Atom::Nothing] {
                        let value = receiver(self);
                        let value = self.elements(&value, call);
                        set.extend(&value);
                    }
                    return set.finish();
                }
                ("forEach" | "map" | "filter" | "find" | "some" | "every" | "flatMap" | "findIndex" | "each", _) => {
                    return Value::clean();
                }
                ("replace" | "replaceAll", _) => {
                    let value = receiver(self);
                    let mut set = Set::new();
                    set.extend_taints(&value);
                    set.add(Atom::Unknown);
                    return set.finish();
                }
                ("from", 0) if position == 1 => {
                    let value = self.argument(call, 0, ctx);
                    return self.elements(&value, call);
                }
                _ => {}
            }
        }
        let function = self.eval(callee, ctx);
        let mut set = Set::new();
        let mut known = false;
        for atom in function.atoms() {
            let host = match *atom {
                Atom::Host(host) => host,
                Atom::Bound(bound) => match self.bounds[bound as usize].target {
                    Atom::Host(host) => host,
                    _ => continue,
                },
                _ => continue,
            };
            known = true;
            let value = self.host_callback(host, call, position, index, ctx, new);
            set.extend(&value);
        }
        if !known {
            self.carried_besides(call, position, ctx, &mut set);
            if let Expr::Member { object, .. } = self.program.expr(callee) {
                let value = self.eval(At { inst: call.inst, expr: object }, ctx);
                set.extend_taints(&value);
            }
            set.add(Atom::Unknown);
        }
        set.finish()
    }

    /// What a promise may be refused with: what the functions throw that make it.
    fn refused(&mut self, promise: At, ctx: Ctx, depth: u32) -> Value {
        let Expr::Call { callee, args } = self.program.expr(promise) else { return Value::clean() };
        let sub = |expr: ExprId| At { inst: promise.inst, expr };
        let mut set = Set::new();
        let mut functions = vec![self.eval(sub(callee), ctx)];
        if let Expr::Member { object, name } = self.program.expr(sub(callee)) {
            if matches!(self.text(name), "then" | "finally") && depth < 8 {
                let value = self.refused(sub(object), ctx, depth + 1);
                set.extend(&value);
            }
            for expr in self.ir(promise.inst).list(args).take(2) {
                functions.push(self.eval(sub(expr), ctx));
            }
        }
        for function in functions {
            for atom in function.atoms() {
                if let Atom::Host(host) = *atom
                    && self.host_path(host) == "Promise.reject"
                {
                    let value = self.argument(promise, 0, ctx);
                    set.extend(&value);
                }
                let Atom::Function(func, outer) = *atom else { continue };
                let Expr::Function(id) = self.program.expr(func) else { continue };
                let outer = self.lexical(outer, func.inst, id);
                for &expr in self.ir(func.inst).func(id).throws.iter().take(16) {
                    let value = self.eval(At { inst: func.inst, expr }, outer);
                    set.extend(&value);
                }
            }
        }
        set.finish()
    }

    fn host_callback(&mut self, host: u32, call: At, position: usize, index: usize, ctx: Ctx, new: bool) -> Value {
        let path = self.host_path(host).to_owned();
        let site = Some((call, ctx));
        if path.ends_with("setTimeout") || path.ends_with("setInterval") || path.ends_with("queueMicrotask") {
            return self.argument(call, index + 2, ctx);
        }
        if let Some(event) = path.strip_suffix(".addListener") {
            return self.reached(&format!("{event}({index})"), site, call);
        }
        let path = if new { format!("new {path}") } else { path };
        if path == "new Promise" {
            return Value::unknown();
        }
        let parameter = format!("{path}({index})");
        if self.table.leads(&parameter) && !parameter.starts_with("chrome") || self.table.canonical(&parameter) != parameter {
            return self.reached(&parameter, site, call);
        }
        if path.starts_with("chrome.") && position > 0 || index == 0 {
            return if index == 0 { self.called(&path, host, call, ctx) } else { Value::unknown() };
        }
        Value::unknown()
    }

    /// The parameter of a function in an object that is handed over: `$.ajax({success(answer) {}})`.
    fn option_parameter(&mut self, object: At, name: Name, index: usize) -> Value {
        if self.text(name) == "handleEvent" {
            return self.handled_event(object, index);
        }
        let ir = self.ir(object.inst);
        let Some(call) = ir.parent(object.expr) else { return Value::clean() };
        let call = At { inst: object.inst, expr: call };
        let (callee, new) = match ir.expr(call.expr) {
            Expr::Call { callee, .. } => (callee, false),
            Expr::New { callee, .. } => (callee, true),
            // What only stands in an object is called by its name, and those calls are known.
            _ => return Value::clean(),
        };
        let function = self.eval(At { inst: call.inst, expr: callee }, 0);
        let mut set = Set::new();
        for atom in function.atoms() {
            let Atom::Host(host) = *atom else { continue };
            let path = self.host_path(host).to_owned();
            let value = match (path.as_str(), self.text(name)) {
                ("$.ajax" | "axios" | "GM_xmlhttpRequest", "success" | "complete" | "onload") if index == 0 => {
                    self.called(&path, host, call, 0)
                }
                ("chrome.scripting.executeScript" | "chrome.userScripts.execute", "func" | "function") => {
                    let Some(args) = self.names.find("args") else { continue };
                    let list = self.member_of(Atom::Object(object, 0), args, object);
                    let key = Atom::number(index as f64).into();
                    self.index_of(&list, &key, object)
                }
                ("chrome.contextMenus.create", "onclick") => {
                    self.reached(&format!("chrome.contextMenus.onClicked({index})"), Some((call, 0)), call)
                }
                ("Proxy", _) if new && index == 0 => self.argument(call, 0, 0),
                _ => continue,
            };
            set.extend(&value);
        }
        set.finish()
    }

    /// The parameter of `handleEvent` of an object that listens itself.
    fn handled_event(&mut self, object: At, index: usize) -> Value {
        let mut set = Set::new();
        for found in self.uses(object, Atom::Object(object, 0)) {
            if let Use::Passed(call, position, ctx) = found {
                let value = self.callback_parameter(call, position, index, ctx);
                set.extend(&value);
            }
        }
        set.finish()
    }

    /// The parameter of `x.onload = function (event) {}`.
    pub(super) fn handler_parameter(&mut self, assign: At, index: usize) -> Value {
        let ir = self.ir(assign.inst);
        let Expr::Assign { target, .. } = ir.expr(assign.expr) else { return Value::clean() };
        let (object, name) = match ir.expr(target) {
            Expr::Member { object, name } => (Some(object), name),
            Expr::Global(name) => (None, name),
            _ => return Value::clean(),
        };
        if !self.text(name).starts_with("on") || index > 0 {
            return Value::clean();
        }
        let mut set = Set::new();
        if let Some(object) = object {
            let receiver = self.eval(At { inst: assign.inst, expr: object }, 0);
            for atom in receiver.atoms() {
                let Atom::Host(host) = *atom else { continue };
                let path = format!("{}.{}(0)", self.host_path(host), self.text(name));
                if self.table.leads(&path) {
                    let value = self.reached(&path, self.host(host).site, assign);
                    set.extend(&value);
                }
            }
        }
        if set.is_empty() {
            let value = self.reached("Handler(0)", Some((assign, 0)), assign);
            set.extend(&value);
        }
        set.finish()
    }
}
