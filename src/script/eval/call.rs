//! Calls: arguments become parameters, returned values become results, and the browser calls back.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::ir::{Expr, ExprId, FuncId, Key as PropKey};
use super::super::names::Name;
use super::super::program::At;
use super::host::Host;
use super::{Atom, Bound, Caller, Ctx, Engine, Key, Set, Use, Value, Via};

/// Arguments that `arguments` stands for where no call is known.
const MAX_REST: usize = 6;
/// Things that are looked at to find what an object holds.
const MAX_HELD: usize = 240;

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

    /// A wrapper around the whole API (a polyfill's proxy) counts as the API.
    fn api_wrapper(&mut self, at: At, ctx: Ctx, value: &Value, set: &mut Set) {
        if value.atoms().iter().any(|atom| matches!(atom, Atom::Host(_))) {
            return;
        }
        let Expr::Call { args, .. } = self.program.expr(at) else { return };
        for expr in self.ir(at.inst).list(args).take(2) {
            if !matches!(self.program.expr(At { inst: at.inst, expr }), Expr::Global(name) if name == self.known.chrome || name == self.known.browser)
            {
                continue;
            }
            let value = self.eval(At { inst: at.inst, expr }, ctx);
            for atom in value.atoms() {
                if let Atom::Host(host) = *atom
                    && self.host_path(host) == "chrome"
                {
                    set.add(*atom);
                }
            }
        }
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

    // ------------------------------------------------------------------------------------------------------ parameters

    /// An argument of a call.
    pub fn argument(&mut self, call: At, index: usize, ctx: Ctx) -> Value {
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

    /// How many arguments a call has.
    pub fn argument_count(&self, call: At) -> usize {
        match self.program.expr(call) {
            Expr::Call { args, .. } | Expr::New { args, .. } => self.ir(call.inst).list(args).len(),
            _ => 0,
        }
    }

    fn argument_via(&mut self, call: At, via: Via, index: usize, ctx: Ctx) -> Value {
        match via {
            Via::Plain | Via::New => self.argument(call, index, ctx),
            Via::Call => self.argument(call, index + 1, ctx),
            Via::Apply => {
                let list = self.argument(call, 1, ctx);
                let key = Atom::number(index as f64).into();
                self.index_of(&list, &key, call)
            }
            Via::Values(list) => self.list_values(list).get(index).cloned().unwrap_or_else(|| Atom::Nothing.into()),
            Via::Bound(bound) => {
                let bound = self.bounds[bound as usize];
                let already = self.argument_count(bound.call).saturating_sub(1);
                if index < already {
                    self.argument(bound.call, index + 1, bound.ctx)
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
        if self.world(at) != super::World::Main {
            return None;
        }
        let inside = self.ir(inst).func(func).returns.first().copied().unwrap_or(at.expr);
        if !self.is_hook(At { inst, expr: inside }) {
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
                Via::Plain | Via::New => self.argument_count(frame.call),
                Via::Values(list) => self.list_values(list).len(),
                _ => MAX_REST,
            },
            None => {
                let callers = self.callers(inst, func);
                let counts = callers.iter().map(|caller| match caller {
                    Caller::Call { call, .. } => self.argument_count(*call),
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
        if let Expr::Member { object, name } = self.program.expr(callee) {
            let object = At { inst: call.inst, expr: object };
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
                    let value = self.eval(object, ctx);
                    if !matches!(value.single(), Some(Atom::Class(..))) {
                        return self.elements(&value, call);
                    }
                }
                ("reduce" | "reduceRight", 0) => {
                    let first = self.argument(call, 1, ctx);
                    let value = self.argument(call, 0, ctx);
                    let mut set = Set::new();
                    set.extend(&first);
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
                        let value = self.eval(object, ctx);
                        let value = self.elements(&value, call);
                        set.extend(&value);
                    }
                    return set.finish();
                }
                ("forEach" | "map" | "filter" | "find" | "some" | "every" | "flatMap" | "findIndex" | "each", _) => {
                    return Value::clean();
                }
                ("replace" | "replaceAll", _) => {
                    let value = self.eval(object, ctx);
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
    fn handler_parameter(&mut self, assign: At, index: usize) -> Value {
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

    // -------------------------------------------------------------------------------------------------------- the host

    /// Calls an object of the browser.
    pub(super) fn host_call(&mut self, host: u32, at: At, ctx: Ctx, new: bool) -> Value {
        let path = self.host_path(host).to_owned();
        if new {
            return self.construct(&path, at, ctx);
        }
        if let Some(value) = self.builtin(&path, at, ctx) {
            return value;
        }
        if self.table.is_clean(&path) {
            return Value::clean();
        }
        if self.table.carries(&path) {
            let mut set = Set::new();
            self.carried(at, ctx, &mut set);
            let value = set.finish();
            let words = format!("encodes it with {}", short(&path));
            let value = if is_encoder(&path) { self.step(value, at, &words) } else { value };
            let mut set = Set::new();
            set.extend(&value);
            set.add(Atom::Unknown);
            return set.finish();
        }
        self.called(&path, host, at, ctx)
    }

    /// What a call of a path gives.
    fn called(&mut self, path: &str, host: u32, at: At, ctx: Ctx) -> Value {
        match path {
            "chrome.scripting.executeScript" | "chrome.tabs.executeScript" | "chrome.userScripts.execute" => {
                return self.injection_result(at, ctx);
            }
            "chrome.runtime.sendMessage" | "chrome.tabs.sendMessage" => {
                return self.reply(at, ctx);
            }
            _ => {}
        }
        let result = format!("{path}()");
        let site =
            if self.table.canonical(&result).starts_with("XMLHttpRequest") { self.host(host).site } else { Some((at, ctx)) };
        // A method that gives the same kind of thing back speaks of the same request.
        let site = if path.starts_with("Response.") || path.starts_with("HarEntry.") || path.starts_with("File.") {
            self.host(host).site
        } else {
            site
        };
        self.reached(&result, site, at)
    }

    /// `new path(...)`.
    fn construct(&mut self, path: &str, at: At, ctx: Ctx) -> Value {
        match path {
            "Promise" => return self.promise(at, ctx),
            "Function" => return Value::unknown(),
            "String" => return self.argument(at, 0, ctx),
            _ => {}
        }
        if self.table.contains(path) {
            let outer = self.ir(at.inst).func_of(at.expr);
            return Atom::Object(at, self.lexical(ctx, at.inst, outer)).into();
        }
        self.reached(&format!("new {path}"), Some((at, ctx)), at)
    }

    /// What a promise is settled with.
    fn promise(&mut self, at: At, ctx: Ctx) -> Value {
        let executor = self.argument(at, 0, ctx);
        let mut set = Set::new();
        for atom in executor.atoms() {
            let Atom::Function(func, outer) = *atom else { continue };
            let Expr::Function(id) = self.program.expr(func) else { continue };
            let Some(&resolve) = self.ir(func.inst).func(id).params.first() else { continue };
            let here = |engine: &Self, call: At, found: Ctx| {
                if found == 0 { engine.lexical(outer, call.inst, engine.ir(call.inst).func_of(call.expr)) } else { found }
            };
            for found in self.calls_of_symbol(func.inst, resolve) {
                let value = match found {
                    Use::Called(call, found) => {
                        let ctx = here(self, call, found);
                        self.argument(call, 0, ctx)
                    }
                    Use::Passed(call, index, found) => {
                        let ctx = here(self, call, found);
                        self.callback_parameter(call, index, 0, ctx)
                    }
                    Use::Stored(assign) => self.handler_parameter(assign, 0),
                    _ => continue,
                };
                set.extend(&value);
            }
        }
        if set.is_empty() { Value::unknown() } else { set.finish() }
    }

    /// What a script that is injected gives back.
    fn injection_result(&mut self, at: At, ctx: Ctx) -> Value {
        let mut set = Set::new();
        for index in 0..2 {
            let argument = self.argument(at, index, ctx);
            for atom in argument.atoms() {
                let Atom::Object(..) = *atom else { continue };
                for key in ["func", "function", "code"] {
                    let Some(name) = self.names.find(key) else { continue };
                    let value = self.property(*atom, name);
                    for part in value.atoms() {
                        match *part {
                            Atom::Function(func, outer) => {
                                let Expr::Function(id) = self.program.expr(func) else { continue };
                                self.inject(func.inst, id, at);
                                let outer = self.lexical(outer, func.inst, id);
                                let value = self.ask(Key::Returns(func.inst, id, outer));
                                let value = self.collect(&value);
                                let value = self.step(value, at, "gets it back from the page");
                                set.extend_taints(&value);
                            }
                            Atom::Text(code) if key == "code" => {
                                let code = self.text(code).to_owned();
                                if let Some(atom) = self.injected_text(&code, at) {
                                    set.add(atom);
                                }
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
        set.add(Atom::Unknown);
        set.finish()
    }

    /// What a short text of code reads that is handed to `tabs.executeScript`.
    fn injected_text(&mut self, code: &str, at: At) -> Option<Atom> {
        let (kind, words) = if code.contains("document.cookie") {
            ("cookie", "reads the page's cookies")
        } else if ["innerText", "textContent", "innerHTML", "outerHTML", "getSelection"].iter().any(|word| code.contains(word))
        {
            ("page.text", "reads the page's text")
        } else if code.contains("localStorage") || code.contains("sessionStorage") {
            ("storage", "reads what the page has stored")
        } else {
            return None;
        };
        let kind = self.names.add(kind);
        Some(self.origin(super::Origin { kind, at, provider: Name::EMPTY, weak: false }, words))
    }

    // ------------------------------------------------------------------------------------------------------ what holds

    /// The data in the arguments of a call.
    pub(super) fn carried(&mut self, at: At, ctx: Ctx, set: &mut Set) {
        self.carried_besides(at, usize::MAX, ctx, set);
    }

    fn carried_besides(&mut self, at: At, besides: usize, ctx: Ctx, set: &mut Set) {
        for index in (0..self.argument_count(at).min(8)).filter(|&index| index != besides) {
            let value = self.argument(at, index, ctx);
            if value.is_empty() {
                continue;
            }
            let value = self.collect(&value);
            set.extend_taints(&value);
        }
    }

    /// The same value with messages replaced by what is sent.
    pub fn forced(&mut self, value: &Value) -> Value {
        if !value.atoms().iter().any(|atom| matches!(atom, Atom::Message(_))) {
            return value.clone();
        }
        let mut set = Set::new();
        let mut seen: Vec<u32> = Vec::new();
        let mut queue = vec![value.clone()];
        while let Some(value) = queue.pop() {
            for atom in value.atoms() {
                match *atom {
                    // What is sent may have been received before.
                    Atom::Message(message) if seen.len() < 24 => {
                        if !seen.contains(&message) {
                            seen.push(message);
                            queue.push(self.ask(Key::Message(message)));
                        }
                    }
                    Atom::Message(_) => set.add(Atom::Unknown),
                    other => set.add(other),
                }
            }
        }
        set.finish()
    }

    /// All data worth following in a value, however deep: in properties, elements, messages.
    pub fn collect(&mut self, value: &Value) -> Value {
        if value.atoms().iter().all(|atom| atom.is_plain()) {
            if value.atoms().iter().all(|atom| matches!(atom, Atom::Taint { .. })) {
                return value.clone();
            }
            return value.atoms().iter().copied().filter(|atom| matches!(atom, Atom::Taint { .. })).collect();
        }
        if let Some(known) = self.memo.collected(value) {
            return known;
        }
        // An answer that lacks what is being worked out just now is not kept.
        let low = std::mem::replace(&mut self.low, u32::MAX);
        let found = self.collect_anew(value);
        if self.low == u32::MAX && !self.is_exhausted() {
            self.memo.keep_collected(value, &found);
        }
        self.low = self.low.min(low);
        found
    }

    fn collect_anew(&mut self, value: &Value) -> Value {
        let mut set = Set::new();
        let mut seen: FxHashSet<Atom> = FxHashSet::default();
        // Many members of many objects have one and the same value.
        // As long as one is kept, its place in memory is its name.
        let mut looked: FxHashMap<*const Atom, Value> = FxHashMap::default();
        let mut queue: Vec<(Value, u32)> = vec![(value.clone(), 0)];
        while let Some((value, depth)) = queue.pop() {
            if depth <= 6
                && let Some(place) = value.place()
                && looked.insert(place, value.clone()).is_some()
            {
                continue;
            }
            for atom in value.atoms() {
                if atom.is_plain() {
                    if matches!(atom, Atom::Taint { .. }) {
                        set.add(*atom);
                    }
                    continue;
                }
                if depth > 6 || seen.len() > MAX_HELD || !seen.insert(*atom) {
                    continue;
                }
                self.held(*atom, &mut queue, depth + 1);
            }
        }
        set.finish()
    }

    /// What a thing holds.
    fn held(&mut self, atom: Atom, queue: &mut Vec<(Value, u32)>, depth: u32) {
        match atom {
            Atom::List(list) | Atom::Settled(list) => {
                queue.extend(self.list_values(list).iter().map(|value| (value.clone(), depth)));
            }
            Atom::Without(rest) => {
                if let Some((Atom::Object(site, ctx), taken)) = self.withouts.get(rest as usize).cloned() {
                    self.held_besides(site, ctx, &taken, queue, depth);
                }
            }
            Atom::Message(message) => queue.push((self.ask(Key::Message(message)), depth)),
            Atom::Host(host) => {
                let value = self.whole(host);
                queue.push((value, depth));
            }
            Atom::Object(site, ctx) => {
                let ir = self.ir(site.inst);
                let sub = |expr: ExprId| At { inst: site.inst, expr };
                match ir.expr(site.expr) {
                    Expr::Object { first, count } => {
                        for prop in ir.props(first, count).iter().take(96) {
                            let value = self.eval(sub(prop.value), ctx);
                            // Methods of an object do not leave with it.
                            queue.push((value, depth));
                            if let PropKey::Computed(key) = prop.key {
                                let key = self.eval(sub(key), ctx);
                                queue.push((key, depth));
                            }
                        }
                    }
                    Expr::Array(list) => {
                        for expr in ir.list(list).take(96) {
                            queue.push((self.eval(sub(expr), ctx), depth));
                        }
                    }
                    Expr::New { callee, args } => {
                        let form_data = matches!(ir.expr(callee), Expr::Global(name) if self.text(name) == "FormData");
                        for (index, expr) in ir.list(args).enumerate().take(4) {
                            let value = self.eval(sub(expr), ctx);
                            if form_data && index == 0 {
                                let value = self.form_fields(&value, site);
                                queue.push((value, depth));
                            }
                            queue.push((value, depth));
                        }
                    }
                    _ => {}
                }
                self.put_into(atom, site, ctx, queue, depth);
            }
            Atom::Instance(..) => self.put_into_instance(atom, queue, depth),
            _ => {}
        }
    }

    /// What an object literal holds besides some of its members.
    fn held_besides(&mut self, site: At, ctx: Ctx, taken: &[Name], queue: &mut Vec<(Value, u32)>, depth: u32) {
        let ir = self.ir(site.inst);
        let Expr::Object { first, count } = ir.expr(site.expr) else { return };
        for prop in ir.props(first, count).iter().take(96) {
            if !matches!(prop.key, PropKey::Name(name) if taken.contains(&name)) {
                queue.push((self.eval(At { inst: site.inst, expr: prop.value }, ctx), depth));
            }
        }
    }

    /// What assignments and method calls put into an object.
    fn put_into(&mut self, atom: Atom, site: At, ctx: Ctx, queue: &mut Vec<(Value, u32)>, depth: u32) {
        const PUTTING: &[&str] = &["push", "unshift", "add", "append", "set", "splice", "fill", "concat", "enqueue"];
        for found in self.uses(site, atom) {
            match found {
                Use::Member(member) => {
                    let ir = self.ir(member.inst);
                    let Some(user) = ir.parent(member.expr) else { continue };
                    let here = self.lexical(ctx, member.inst, ir.func_of(user));
                    match ir.expr(user) {
                        Expr::Assign { target, value } if target == member.expr => {
                            queue.push((self.eval(At { inst: member.inst, expr: value }, here), depth));
                            if let Expr::Index { index, .. } = ir.expr(member.expr) {
                                queue.push((self.eval(At { inst: member.inst, expr: index }, here), depth));
                            }
                        }
                        Expr::Call { callee, args } if callee == member.expr => {
                            let Expr::Member { name, .. } = ir.expr(member.expr) else { continue };
                            if PUTTING.contains(&self.text(name)) {
                                for expr in ir.list(args).take(8) {
                                    queue.push((self.eval(At { inst: member.inst, expr }, here), depth));
                                }
                            }
                        }
                        // o.list.push(x), url.searchParams.append(k, v)
                        Expr::Member { name, .. } => {
                            if PUTTING.contains(&self.text(name))
                                && let Some(call) = ir.parent(user)
                                && let Expr::Call { callee, args } = ir.expr(call)
                                && callee == user
                            {
                                for expr in ir.list(args).take(8) {
                                    queue.push((self.eval(At { inst: member.inst, expr }, here), depth));
                                }
                            }
                        }
                        _ => {}
                    }
                }
                // Object.assign(o, ...)
                Use::Passed(call, 0, call_ctx) => {
                    let Expr::Call { callee, .. } = self.program.expr(call) else { continue };
                    if let Expr::Member { name, .. } = self.program.expr(At { inst: call.inst, expr: callee })
                        && matches!(self.text(name), "assign" | "extend" | "merge")
                    {
                        for index in 1..self.argument_count(call).min(6) {
                            queue.push((self.argument(call, index, call_ctx), depth));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Fields of an instance, as far as its class writes them.
    fn put_into_instance(&mut self, atom: Atom, queue: &mut Vec<(Value, u32)>, depth: u32) {
        let Atom::Instance(class, _) = atom else { return };
        let ir = self.ir(class.inst);
        let Expr::Class(id) = ir.expr(class.expr) else { return };
        let Some(declared) = ir.classes.get(id.index()) else { return };
        let mut names: Vec<Name> = Vec::new();
        for member in &declared.members {
            if let PropKey::Name(name) = member.key
                && !matches!(ir.expr(member.value), Expr::Function(_))
            {
                names.push(name);
            }
        }
        let unit = self.program.instances[class.inst as usize].unit;
        for &name in self.program.fields.get(&(unit, id)).into_iter().flatten() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        for name in names {
            queue.push((self.property(atom, name), depth));
        }
    }

    /// `f.bind(this, ...)`.
    pub(super) fn bind(&mut self, target: Atom, call: At, ctx: Ctx) -> Atom {
        let bound = Bound { target, call, ctx };
        if let Some(&id) = self.bound_ids.get(&bound) {
            return Atom::Bound(id);
        }
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

    /// An object of the browser at a path.
    pub fn host_with(&mut self, path: &str, site: Option<(At, Ctx)>) -> Atom {
        let path = self.names.add(path);
        self.host_atom(Host { path, site })
    }
}

fn is_encoder(path: &str) -> bool {
    !path.starts_with("Object.")
        && !path.starts_with("Promise.")
        && !path.starts_with("Array")
        && !matches!(path, "String" | "JSON.parse" | "structuredClone")
}

/// A name as it is shown in a step.
pub(super) fn short(name: &str) -> String {
    let mut text: String = name.chars().take(40).collect();
    if text.len() < name.len() {
        text.push('~');
    }
    text
}
