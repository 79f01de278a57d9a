//! Text that becomes code.

use super::super::analysis::{ContactClass, RemoteCode, World};
use super::super::eval::{Atom, HOLE, Use, Value};
use super::super::ir::{Expr, ExprId};
use super::super::program::At;
use super::Examiner;
use super::place::{Place, class, place};

/// Methods that put an element into a page.
const PUTTING_IN: &[&str] = &[
    "append",
    "appendChild",
    "prepend",
    "insertBefore",
    "before",
    "after",
    "replaceChild",
    "replaceWith",
    "insertAdjacentElement",
];
/// Members of a script element that leave its type alone, and the one that gives it.
const PLAIN_MEMBERS: &[&str] = &["type", "id", "className", "textContent", "text", "innerText", "innerHTML", "nonce", "remove"];

impl Examiner<'_, '_, '_> {
    /// Asks every place that makes code out of text where the text comes from.
    pub(super) fn follow_code(&mut self) {
        for used in self.uses.clone() {
            let call = used.call;
            match used.path.as_str() {
                "eval" => {
                    let text = self.engine.argument(call, 0, 0);
                    self.code(call, "eval", &text);
                }
                "Function" | "new Function" | "Function.constructor" | "new Function.constructor" => {
                    let count = self.engine.argument_count(call);
                    let text = self.engine.argument(call, count.saturating_sub(1), 0);
                    self.code(call, "function", &text);
                }
                "setTimeout" | "setInterval" => {
                    let text = self.engine.argument(call, 0, 0);
                    let is_function = |atom: &Atom| {
                        matches!(atom, Atom::Function(..) | Atom::Bound(_) | Atom::Instance(..) | Atom::Class(..))
                    };
                    let is_text = text.texts().next().is_some() || self.origin_of(&text).is_some();
                    if is_text && !text.atoms().iter().any(is_function) {
                        self.code(call, "timer-string", &text);
                    }
                }
                "chrome.tabs.executeScript" => {
                    for index in 0..2 {
                        let options = self.engine.argument(call, index, 0);
                        let text = self.engine.members_named(&options, "code", call);
                        if !text.is_empty() {
                            self.code(call, "execute-script", &text);
                        }
                    }
                }
                "chrome.userScripts.register" | "chrome.userScripts.update" | "chrome.userScripts.execute" => {
                    let options = self.engine.argument(call, 0, 0);
                    let text = self.engine.members_named(&options, "code", call);
                    let text = if text.is_empty() { options } else { text };
                    self.code(call, "execute-script", &text);
                }
                "chrome.scripting.executeScript" => self.injected_code(call),
                "importScripts" => {
                    for index in 0..self.engine.argument_count(call).min(16) {
                        let address = self.engine.argument(call, index, 0);
                        self.code_address(call, "import", &address);
                    }
                }
                "new Worker" | "new SharedWorker" => {
                    let address = self.engine.argument(call, 0, 0);
                    self.code_address(call, "worker", &address);
                }
                "$.getScript" => {
                    let address = self.engine.argument(call, 0, 0);
                    self.code_address(call, "script-element", &address);
                }
                "chrome.debugger.sendCommand" => {
                    let command = self.engine.argument(call, 1, 0);
                    if command.texts().any(|name| {
                        matches!(self.engine.text(name), "Runtime.evaluate" | "Page.addScriptToEvaluateOnNewDocument")
                    }) {
                        let options = self.engine.argument(call, 2, 0);
                        for key in ["expression", "source"] {
                            let text = self.engine.members_named(&options, key, call);
                            if !text.is_empty() {
                                self.code(call, "execute-script", &text);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        self.imports();
        self.script_elements();
        self.found.remote_code.sort();
        self.found.remote_code.dedup_by(|a, b| (&a.how, &a.origin, &a.host, &a.spot) == (&b.how, &b.origin, &b.host, &b.spot));
    }

    /// Where a text comes from: the word, the host, the way.
    fn origin_of(&mut self, text: &Value) -> Option<(&'static str, String, u32)> {
        let held = self.engine.collect(text);
        let mut best: Option<(u32, &'static str, String, u32)> = None;
        for atom in held.atoms() {
            let Atom::Taint { origin, trail } = *atom else { continue };
            let origin = self.engine.origins[origin as usize];
            let (rank, word) = match self.engine.text(origin.kind) {
                "fetched" | "message.push" | "mail.feed" | "mail.attachment" => (0, "network"),
                "message.foreign" | "message.native" => (1, "message"),
                "storage" => (2, "storage"),
                _ => (3, "page"),
            };
            if best.as_ref().is_none_or(|(known, ..)| rank < *known) {
                let host = if rank == 0 { self.engine.text(origin.provider).to_owned() } else { String::new() };
                best = Some((rank, word, host, trail));
            }
        }
        best.map(|(_, word, host, trail)| (word, host, trail))
    }

    fn code(&mut self, at: At, how: &str, text: &Value) {
        let text = self.engine.forced(text);
        let (origin, host, trail) = match self.origin_of(&text) {
            Some((word, host, trail)) => (word, host, trail),
            None => {
                let constant = text.texts().any(|name| {
                    let text = self.engine.text(name);
                    text.chars().any(|c| c != HOLE)
                });
                (if constant { "literal" } else { "unknown" }, String::new(), 0)
            }
        };
        self.state_code(at, how, origin, &host, trail);
    }

    /// Code that is loaded from an address.
    fn code_address(&mut self, at: At, how: &str, address: &Value) {
        let world = self.engine.world(at);
        let addresses = self.engine.addresses(address);
        for text in &addresses {
            if let Place::Host(host, _) = place(text, world) {
                self.state_code(at, how, "network", &host, 0);
            }
        }
        if let Some((_, _, trail)) = self.origin_of(address).filter(|(word, ..)| matches!(*word, "network" | "message")) {
            self.state_code(at, how, "network", "", trail);
        }
    }

    fn state_code(&mut self, at: At, how: &str, origin: &str, host: &str, trail: u32) {
        let world = self.engine.world(at);
        let class =
            if host.is_empty() { ContactClass::Unknown } else { class(host, &format!("https://{host}/"), &[], &self.declared) };
        let decoded = !host.is_empty() && !self.is_literal(host);
        let last = match how {
            "script-element" | "import" | "worker" if host.is_empty() => "runs it as a script".to_owned(),
            "script-element" | "import" | "worker" => format!("runs a script from {host}"),
            _ => "runs it as code".to_owned(),
        };
        let steps = self.steps(trail, Some((at, last)));
        let spot = self.spot(at);
        self.found.remote_code.push(RemoteCode {
            how: how.to_owned(),
            origin: origin.to_owned(),
            host: host.to_owned(),
            class,
            decoded,
            world,
            steps,
            spot,
        });
    }

    /// `executeScript({func: eval, args: [text]})`, and functions that make code out of their arguments.
    fn injected_code(&mut self, call: At) {
        let options = self.engine.argument(call, 0, 0);
        for key in ["func", "function"] {
            let function = self.engine.members_named(&options, key, call);
            let makes = function
                .atoms()
                .iter()
                .any(|atom| matches!(atom, Atom::Host(host) if matches!(self.engine.host_path(*host), "eval" | "Function")));
            if makes {
                let args = self.engine.members_named(&options, "args", call);
                self.code(call, "execute-script", &args);
            }
        }
    }

    /// `import("https://...")`, and `import ... from "https://..."`.
    fn imports(&mut self) {
        let program = self.engine.program;
        for (unit, script) in program.units.iter().enumerate() {
            let Some(&inst) = program.by_unit[unit].first() else { continue };
            for (number, expr) in script.ir.exprs.iter().enumerate() {
                if let Expr::Import(address) = *expr {
                    let value = self.engine.eval(At { inst, expr: address }, 0);
                    self.code_address(At { inst, expr: ExprId(number as u32) }, "import", &value);
                }
            }
            // A file that no page of the extension names and that is made of other modules is a tool of its developer's: loaded
            // into a page it would be a classic script, which imports nothing.
            if self.engine.world(At { inst, expr: ExprId(0) }) == World::Unreferenced {
                continue;
            }
            for import in &script.ir.imports {
                let address = self.engine.text(import.specifier).to_owned();
                if let Place::Host(host, _) = place(&address, self.engine.world(At { inst, expr: ExprId(0) })) {
                    self.state_code(At { inst, expr: ExprId(0) }, "import", "network", &host, 0);
                }
            }
        }
    }

    /// Script elements that are given an address or a text.
    fn script_elements(&mut self) {
        let program = self.engine.program;
        for member in ["src", "textContent", "text", "innerText", "innerHTML"] {
            let Some(name) = self.engine.names.find(member) else { continue };
            for &(unit, assign) in program.writes.get(&name).into_iter().flatten().take(2_000) {
                for &inst in &program.by_unit[unit as usize] {
                    self.script_element(At { inst, expr: assign }, member);
                }
            }
        }
        for used in self.uses.clone() {
            if used.path.ends_with(".setAttribute") {
                let name = self.engine.argument(used.call, 0, 0);
                if name.texts().any(|name| self.engine.text(name) == "src") {
                    let receiver = self.receiver(used.call, 0);
                    if let Some(site) = self.script_site(&receiver) {
                        let address = self.engine.argument(used.call, 1, 0);
                        let at = self.put_in(site).unwrap_or(used.call);
                        self.code_address(at, "script-element", &address);
                    }
                }
            }
        }
    }

    fn script_element(&mut self, at: At, member: &str) {
        let ir = self.engine.program.ir(at.inst);
        let Expr::Assign { target, value } = ir.expr(at.expr) else { return };
        let Expr::Member { object, .. } = ir.expr(target) else { return };
        let receiver = self.engine.eval(At { inst: at.inst, expr: object }, 0);
        let Some(site) = self.script_site(&receiver) else { return };
        let value = self.engine.eval(At { inst: at.inst, expr: value }, 0);
        if member == "src" {
            let place = self.put_in(site).unwrap_or(at);
            self.code_address(place, "script-element", &value);
        } else {
            self.code(at, "script-element", &value);
        }
    }

    /// The call that made a script element.
    fn script_site(&mut self, receiver: &Value) -> Option<At> {
        for atom in receiver.atoms() {
            let Atom::Host(host) = *atom else { continue };
            let Some((site, ctx)) = self.engine.host(host).site else { continue };
            let Expr::Call { callee, .. } = self.engine.program.expr(site) else { continue };
            let Expr::Member { name, .. } = self.engine.program.expr(At { inst: site.inst, expr: callee }) else { continue };
            let index = match self.engine.text(name) {
                "createElement" => 0,
                "createElementNS" => 1,
                _ => continue,
            };
            let made = self.engine.argument(site, index, ctx);
            if made.texts().any(|name| self.engine.text(name).eq_ignore_ascii_case("script"))
                && !self.is_data_block(site, *atom)
            {
                return Some(site);
            }
        }
        None
    }

    /// Whether a script element is given a type that the browser does not run: JSON for search engines, templates. See "prepare the
    /// script element" in the HTML standard. Only where all that is done with the element is seen, so that no type is taken away again.
    fn is_data_block(&mut self, site: At, element: Atom) -> bool {
        let Some(name) = self.engine.names.find("type") else { return false };
        let given = self.engine.written_member(element, name);
        let is_data = |atom: &Atom| matches!(*atom, Atom::Text(text) if !runs_as_script(self.engine.text(text)));
        if given.is_empty() || !given.atoms().iter().all(is_data) {
            return false;
        }
        let uses = self.engine.uses(site, element);
        uses.into_iter().all(|found| match found {
            Use::Member(member) => match self.engine.program.expr(member) {
                Expr::Member { name, .. } => PLAIN_MEMBERS.contains(&self.engine.text(name)),
                _ => false,
            },
            found => self.puts_in(&found).is_some(),
        })
    }

    /// Where an element is put into the page: that is when its script runs.
    fn put_in(&mut self, site: At) -> Option<At> {
        let value = self.engine.eval(site, 0);
        let wanted = value.atoms().iter().copied().find(|atom| matches!(atom, Atom::Host(_)))?;
        self.engine.uses(site, wanted).into_iter().find_map(|found| self.puts_in(&found))
    }

    /// The call that puts an element into a page, where a use of it is that.
    fn puts_in(&self, found: &Use) -> Option<At> {
        let Use::Passed(call, _, _) = *found else { return None };
        let Expr::Call { callee, .. } = self.engine.program.expr(call) else { return None };
        let Expr::Member { name, .. } = self.engine.program.expr(At { inst: call.inst, expr: callee }) else { return None };
        PUTTING_IN.contains(&self.engine.text(name)).then_some(call)
    }
}

/// Whether a script element of a type is run, or may be: a type with a part that is not known.
fn runs_as_script(kind: &str) -> bool {
    let kind = kind.trim().to_ascii_lowercase();
    kind.is_empty()
        || kind.contains(HOLE)
        || matches!(kind.as_str(), "module" | "importmap")
        || ["javascript", "ecmascript", "jscript", "livescript"].iter().any(|language| kind.contains(language))
}
