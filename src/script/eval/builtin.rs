//! Methods that the language brings with it: of functions and promises here, of everything else in the files beside this one.

use super::super::ir::Expr;
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Indirect, Set, Value};

/// Methods that say nothing of what they are called on.
pub(super) const CLEAN: &[&str] = &[
    "indexOf",
    "lastIndexOf",
    "includes",
    "startsWith",
    "endsWith",
    "test",
    "some",
    "every",
    "has",
    "hasOwnProperty",
    "push",
    "unshift",
    "forEach",
    "localeCompare",
    "search",
    "isPrototypeOf",
    "findIndex",
    "delete",
    "clear",
    "getTime",
    "codePointAt",
    "removeEventListener",
];

impl Engine<'_, '_> {
    /// A method of texts, lists, functions and promises. True where it says all there is to say.
    pub(super) fn method(&mut self, receiver: &Value, name: Name, call: At, ctx: Ctx, set: &mut Set) -> bool {
        let method = self.text(name).to_owned();
        match method.as_str() {
            // Reflect.apply(f, this, arguments) is a function of its own.
            "apply"
                if receiver
                    .atoms()
                    .iter()
                    .any(|atom| matches!(atom, Atom::Host(host) if self.host_path(*host) == "Reflect")) =>
            {
                return false;
            }
            "call" | "apply" | "bind" => return self.function_method(receiver, &method, call, ctx, set),
            "then" | "catch" | "finally" => return self.promise_method(receiver, &method, call, ctx, set),
            _ => {}
        }
        // Only what is no object of the scripts and of the browser is meant.
        let mut rest = false;
        for atom in receiver.atoms() {
            match *atom {
                Atom::Text(text) => {
                    let text = self.text(text).to_owned();
                    self.text_method(&text, &method, call, ctx, set);
                }
                Atom::List(_) => self.list_method(*atom, &method, call, ctx, set),
                Atom::Object(site, _) if self.is_list(site) => self.list_method(*atom, &method, call, ctx, set),
                Atom::Object(site, _) if matches!(self.program.expr(site), Expr::New { .. }) => {
                    self.container_method(*atom, &method, call, ctx, set);
                }
                // Data that is only asked whether it holds something.
                Atom::Unknown | Atom::Host(_) if receiver.has_taint() && CLEAN.contains(&method.as_str()) => {}
                Atom::Host(host) if self.is_host_list(host, &method) => self.list_method(*atom, &method, call, ctx, set),
                Atom::Regex(pattern, _) => self.regex_method(pattern, &method, call, ctx, set),
                Atom::Number(bits) => self.number_method(f64::from_bits(bits), &method, call, ctx, set),
                Atom::Taint { .. } => {
                    if !CLEAN.contains(&method.as_str()) {
                        self.taint_method(*atom, &method, call, ctx, set);
                    }
                }
                Atom::Bool(_) | Atom::Nothing => {}
                Atom::Message(_) => {
                    let value = self.forced(&(*atom).into());
                    rest |= !self.method(&value, name, call, ctx, set);
                }
                _ => rest = true,
            }
        }
        !rest
    }

    pub(super) fn is_list(&self, site: At) -> bool {
        match self.program.expr(site) {
            Expr::Array(_) => true,
            Expr::New { callee, .. } => {
                matches!(self.program.expr(At { inst: site.inst, expr: callee }), Expr::Global(name) if matches!(self.text(name), "Array" | "Uint8Array" | "Uint16Array" | "Uint32Array" | "Int8Array" | "Set"))
            }
            _ => false,
        }
    }

    /// Lists of the browser have the methods of lists: what `querySelectorAll` gives, cookies, tabs.
    fn is_host_list(&self, host: u32, method: &str) -> bool {
        const LIST: &[&str] = &[
            "forEach", "map", "filter", "find", "some", "every", "reduce", "slice", "sort", "flatMap", "at", "shift", "pop",
            "concat", "reverse", "entries", "values", "item", "join",
        ];
        let path = self.host_path(host);
        LIST.contains(&method) && !path.starts_with('$') && self.table.leads(&format!("{path}[]"))
    }

    fn taint_method(&mut self, atom: Atom, method: &str, call: At, ctx: Ctx, set: &mut Set) {
        set.add(atom);
        match method {
            "map" | "flatMap" | "reduce" | "replace" | "replaceAll" => {
                let value = self.callback_result(call, if method.starts_with("replace") { 1 } else { 0 }, ctx);
                set.extend_taints(&value);
            }
            "concat" | "join" => self.carried(call, ctx, set),
            _ => {}
        }
        set.add(Atom::Unknown);
    }

    /// What a callback returns, whatever it is called with.
    pub(super) fn callback_result(&mut self, call: At, position: usize, ctx: Ctx) -> Value {
        let callback = self.argument(call, position, ctx);
        let mut set = Set::new();
        for atom in callback.atoms() {
            match *atom {
                Atom::Function(func, outer) => {
                    let Expr::Function(id) = self.program.expr(func) else { continue };
                    let outer = self.lexical(outer, func.inst, id);
                    let value = self.returns_of(func.inst, id, outer, call);
                    set.extend(&value);
                }
                // list.map(String), answers.map(JSON.parse)
                Atom::Host(_) => set.add(Atom::Unknown),
                _ => {}
            }
        }
        set.finish()
    }

    fn promise_method(&mut self, receiver: &Value, method: &str, call: At, ctx: Ctx, set: &mut Set) -> bool {
        // `a.then(f)`: what f returns; where f is no function, what a is.
        let callback = self.argument(call, 0, ctx);
        let mut called = false;
        for atom in callback.atoms() {
            match *atom {
                Atom::Function(func, outer) => {
                    let Expr::Function(id) = self.program.expr(func) else { continue };
                    called = true;
                    let outer = self.lexical(outer, func.inst, id);
                    let value = self.returns_of(func.inst, id, outer, call);
                    set.extend(&value);
                }
                Atom::Bound(_) => {
                    called = true;
                    self.invoke(&(*atom).into(), call, ctx, false, set);
                }
                _ => {}
            }
        }
        if method != "then" || !called {
            set.extend(receiver);
        }
        true
    }

    fn function_method(&mut self, receiver: &Value, method: &str, call: At, ctx: Ctx, set: &mut Set) -> bool {
        if let Some(how) = Indirect::by(method) {
            let value = self.called_indirectly(receiver, how, call, ctx);
            value.iter().for_each(|value| set.extend(value));
            return value.is_some();
        }
        let mut any = false;
        for &atom in receiver.atoms() {
            if matches!(atom, Atom::Function(..) | Atom::Host(_) | Atom::Bound(_)) {
                any = true;
                let bound = self.bind(atom, call, ctx);
                set.add(bound);
            }
        }
        any
    }
}
