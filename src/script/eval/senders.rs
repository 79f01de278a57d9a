//! Who sends messages, and who answers them.

use std::rc::Rc;

use super::super::ir::{Expr, FuncId};
use super::super::names::Name;
use super::super::program::At;
use super::channel::is_extension_id;
use super::{Atom, Ctx, Engine, Use};

/// Senders that are asked for one message.
pub const MAX_SENDERS: usize = 96;
/// The area of storage that the databases of pages are taken for.
pub(super) const DATABASE: &str = "indexedDB";
/// What is said of a message that is sent, and of one through a port.
pub(super) const SENDS: &str = "sends it by message";
pub(super) const SENDS_TO_PORT: &str = "sends it through a port";

/// One place that sends.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub call: At,
    /// Which argument is the message.
    pub index: usize,
    /// The ways to reach the call.
    pub contexts: Rc<[Ctx]>,
}

/// The only sender that is heard in a realm; none at all where there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub realm: u32,
    pub sender: Option<(At, Ctx)>,
}

/// One answer to a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// `sendResponse(value)`.
    Call(At, Ctx),
    /// A value that the listener returns.
    Returned(At),
}

/// Every place that sends.
#[derive(Clone, Debug, Default)]
pub(super) struct Senders {
    pub ready: bool,
    pub runtime: Vec<Sender>,
    pub port: Vec<Sender>,
    pub storage: Vec<(Name, Sender)>,
    pub page_storage: Vec<Sender>,
    pub window: Vec<Sender>,
    pub custom: Vec<Sender>,
    pub answers: Vec<Answer>,
}

impl Engine<'_, '_> {
    /// Which argument of `sendMessage` is the message.
    pub(super) fn message_index(&mut self, call: At, ctx: Ctx) -> usize {
        let Some(callee) = self.callee(call, ctx) else { return 0 };
        let callee = self.eval(callee, ctx);
        let tabs = callee
            .atoms()
            .iter()
            .any(|atom| matches!(atom, Atom::Host(host) if self.host_path(*host).starts_with("chrome.tabs.")));
        if tabs {
            return 1;
        }
        let first = self.argument(call, 0, ctx);
        let to_self = first.atoms().iter().any(|atom| match *atom {
            Atom::Host(host) => self.host_path(host) == "chrome.runtime.id",
            Atom::Text(name) => is_extension_id(self.text(name)),
            Atom::Nothing => true,
            _ => false,
        });
        usize::from(to_self && self.argument_count(call) > 1)
    }

    /// Notes a call that sends.
    pub fn add_sender(&mut self, path: &str, call: At) {
        let contexts: Rc<[Ctx]> = self.contexts(call, 2).into();
        let sender = |index: usize| Sender { call, index, contexts: contexts.clone() };
        match path {
            "chrome.runtime.sendMessage"
            | "chrome.tabs.sendMessage"
            | "chrome.extension.sendMessage"
            | "chrome.extension.sendRequest"
            | "chrome.tabs.sendRequest" => {
                let index = self.message_index(call, 0);
                self.senders.runtime.push(sender(index));
            }
            "Port.postMessage" => self.senders.port.push(sender(0)),
            "localStorage.setItem" | "sessionStorage.setItem" => self.senders.page_storage.push(sender(1)),
            "IDBObjectStore.add" | "IDBObjectStore.put" => {
                let area = self.names.add(DATABASE);
                self.senders.storage.push((area, sender(0)));
            }
            "new CustomEvent" => self.senders.custom.push(sender(0)),
            _ => {
                if let Some(area) = path.strip_prefix("chrome.storage.").and_then(|rest| rest.strip_suffix(".set")) {
                    let area = self.names.add(area);
                    self.senders.storage.push((area, sender(0)));
                } else if path.ends_with("postMessage") {
                    self.senders.window.push(sender(0));
                }
            }
        }
    }

    /// Notes the answers that a listener of messages gives.
    pub fn add_listener(&mut self, call: At) {
        let listener = self.argument(call, 0, 0);
        for atom in listener.atoms() {
            let Atom::Function(func, _) = *atom else { continue };
            let Expr::Function(id) = self.program.expr(func) else { continue };
            self.add_answers(func.inst, id);
        }
    }

    fn add_answers(&mut self, inst: u32, func: FuncId) {
        let declared = self.ir(inst).func(func);
        if let Some(&respond) = declared.params.get(2) {
            for found in self.calls_of_symbol(inst, respond) {
                if let Use::Called(call, ctx) = found {
                    self.senders.answers.push(Answer::Call(call, ctx));
                }
            }
        }
        for &value in &declared.returns {
            if !matches!(self.ir(inst).expr(value), Expr::Bool(_) | Expr::Undefined) {
                self.senders.answers.push(Answer::Returned(At { inst, expr: value }));
            }
        }
    }

    /// The sender of the last message that data came by, and the ways to reach it.
    pub fn last_sender(&self, trail: u32) -> Option<(At, Rc<[Ctx]>)> {
        let way = self.way(trail);
        let call = way.iter().rev().find(|step| matches!(self.text(step.words), SENDS | SENDS_TO_PORT))?.at;
        let sender = self.senders.runtime.iter().chain(&self.senders.port).find(|sender| sender.call == call)?;
        Some((call, sender.contexts.clone()))
    }

    /// The senders whose messages can lead to a place.
    pub fn message_senders(&mut self, at: At) -> Vec<At> {
        let home = self.program.instances[at.inst as usize].realm;
        let mut found = Vec::new();
        for sender in self.senders.runtime.clone().iter().take(MAX_SENDERS) {
            if self.program.instances[sender.call.inst as usize].realm == home {
                continue;
            }
            let whole = self.argument(sender.call, sender.index, 0);
            if self.answers_to(&whole, at) {
                found.push(sender.call);
            }
        }
        found
    }

    /// All senders are known: messages can be asked for.
    pub fn senders_are_known(&mut self) {
        self.senders.ready = true;
        self.forget();
    }
}
