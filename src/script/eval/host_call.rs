//! Calls of the browser's functions.

use super::super::ir::Expr;
use super::super::names::Name;
use super::super::program::At;
use super::host::Host;
use super::source::kind_by_words;
use super::{Atom, Ctx, Engine, Key, Set, Use, Value};

impl Engine<'_, '_> {
    /// A wrapper around the whole API (a polyfill's proxy) counts as the API.
    pub(super) fn api_wrapper(&mut self, at: At, ctx: Ctx, value: &Value, set: &mut Set) {
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
    pub(super) fn called(&mut self, path: &str, host: u32, at: At, ctx: Ctx) -> Value {
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
        let mut provider = Name::EMPTY;
        let (mut kind, words) = if code.contains("document.cookie") {
            ("cookie", "reads the page's cookies")
        } else if ["innerText", "textContent", "innerHTML", "outerHTML", "getSelection"].iter().any(|word| code.contains(word))
        {
            ("page.text", "reads the page's text")
        } else if code.contains("localStorage") || code.contains("sessionStorage") {
            ("storage", "reads what the page has stored")
        } else {
            return None;
        };
        if kind == "page.text" {
            // The condition around it says which pages are meant, or the code itself does.
            let mut said = self.words_around(at, None);
            said.push(code.to_owned());
            if let Some((whose, service)) = kind_by_words(&said) {
                (kind, provider) = (whose, self.names.add(&service));
            }
        }
        let kind = self.names.add(kind);
        Some(self.origin(super::Origin { kind, at, provider, weak: false }, words))
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
