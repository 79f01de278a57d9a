//! Messages: what one script sends or stores and another receives or reads.
//!
//! A received message stays a question until its value is needed: by then it is known which member is read, and under which
//! condition (`if (message.type === "mail")`), so only the senders that fit are asked.

use super::super::analysis::World;
use super::super::ir::{Expr, ExprId};
use super::super::names::Name;
use super::super::program::At;
use super::senders::{Answer, DATABASE, MAX_SENDERS, SENDS, SENDS_TO_PORT, Sender};
use super::source::{HOOKED_BODY, PUSHED};
use super::{Atom, Ctx, Engine, Set, Value};

/// Members of a message that are followed.
const MAX_PATH: usize = 5;

/// A way from one script to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// `runtime.sendMessage`, `tabs.sendMessage`.
    Runtime,
    /// What `sendMessage` is answered with.
    Reply,
    /// Messages through a port.
    Port,
    /// `storage.local` and the like; the area.
    Storage(Name),
    /// `localStorage` of the extension's own pages.
    PageStorage,
    /// `postMessage` between windows, workers, broadcast channels.
    Window,
    /// `CustomEvent.detail`.
    Custom,
}

/// A received message, or a member of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub channel: Channel,
    /// Who receives it.
    pub inst: u32,
    /// The call that registered the listener, or that asks.
    pub site: Option<(At, Ctx)>,
    pub path: Vec<Name>,
    /// Members whose values are known here.
    pub wants: Vec<(Vec<Name>, Vec<Name>)>,
}

impl Engine<'_, '_> {
    /// The message that a path is, where it is one.
    pub(super) fn channel_of(&mut self, canonical: &str, site: Option<(At, Ctx)>, at: At) -> Option<Value> {
        let channel = match canonical {
            "chrome.runtime.onMessage(0)"
            | "chrome.extension.onMessage(0)"
            | "chrome.extension.onRequest(0)"
            | "chrome.runtime.onUserScriptMessage(0)" => Channel::Runtime,
            "Port.onMessage(0)" => Channel::Port,
            "chrome.storage.onChanged(0)" => Channel::Storage(Name::EMPTY),
            "localStorage.getItem()" | "sessionStorage.getItem()" => {
                if self.world(at).in_pages() {
                    return None;
                }
                Channel::PageStorage
            }
            "Event.data" => {
                let events = self.events_at(site);
                if !events.iter().any(|event| event == "message") {
                    return None;
                }
                if let Some(value) = self.pushed(site, at) {
                    return Some(value);
                }
                Channel::Window
            }
            "Event.detail" => Channel::Custom,
            "IDBRecord" | "IDBRecords" => {
                let channel = Channel::Storage(self.names.add(DATABASE));
                let record = self.message(Message { channel, inst: at.inst, site, path: Vec::new(), wants: Vec::new() });
                return Some(if canonical == "IDBRecord" { record } else { self.make_many(record).into() });
            }
            _ => {
                let area = canonical.strip_prefix("chrome.storage.")?;
                let area = area.strip_suffix(".get()").or_else(|| area.strip_suffix(".onChanged(0)"))?;
                Channel::Storage(self.names.add(area))
            }
        };
        Some(self.message(Message { channel, inst: at.inst, site, path: Vec::new(), wants: Vec::new() }))
    }

    fn events_at(&mut self, site: Option<(At, Ctx)>) -> Vec<String> {
        self.event_names(site)
    }

    /// Messages of a socket come from a server.
    fn pushed(&mut self, site: Option<(At, Ctx)>, at: At) -> Option<Value> {
        let (site, ctx) = site?;
        let object = match self.program.expr(site) {
            Expr::Call { callee, .. } => match self.program.expr(At { inst: site.inst, expr: callee }) {
                Expr::Member { object, .. } => object,
                _ => return None,
            },
            Expr::Assign { target, .. } => match self.program.expr(At { inst: site.inst, expr: target }) {
                Expr::Member { object, .. } => object,
                _ => return None,
            },
            _ => return None,
        };
        let receiver = self.eval(At { inst: site.inst, expr: object }, ctx);
        let socket = receiver.atoms().iter().any(
            |atom| matches!(atom, Atom::Host(host) if matches!(self.host_path(*host), "WebSocket" | "EventSource" | "RTCDataChannel")),
        );
        if !socket {
            return None;
        }
        if let Some(whose) = self.hooked(at) {
            let (kind, provider) = (self.names.add(HOOKED_BODY), self.names.add(&whose));
            let atom = self.origin(super::Origin { kind, at, provider, weak: false }, PUSHED);
            return Some([atom, Atom::Unknown].into_iter().collect());
        }
        let kind = self.names.add("message.push");
        let server = receiver.atoms().iter().find_map(|atom| match *atom {
            Atom::Host(host) => self.host(host).site,
            _ => None,
        });
        let addresses = server.map(|(site, ctx)| self.address_texts(site, 0, ctx)).unwrap_or_default();
        let server = addresses.iter().find_map(|address| crate::model::host::of_url(address)).unwrap_or_default();
        let provider = self.names.add(&server);
        let origin = super::Origin { kind, at, provider, weak: false };
        let atom = self.origin(origin, "receives it from a server");
        Some([atom, Atom::Unknown].into_iter().collect())
    }

    fn message(&mut self, message: Message) -> Value {
        Atom::Message(self.message_id(message)).into()
    }

    pub(super) fn message_id(&mut self, message: Message) -> u32 {
        if let Some(&id) = self.message_ids.get(&message) {
            return id;
        }
        let id = self.messages.len() as u32;
        self.messages.push(message.clone());
        self.message_ids.insert(message, id);
        id
    }

    /// A member of a message.
    pub(super) fn message_member(&mut self, id: u32, name: Name) -> Value {
        let mut message = self.messages[id as usize].clone();
        let change =
            matches!(message.channel, Channel::Storage(_)) && message.site.is_some_and(|(site, _)| self.is_change(site));
        if change && message.path.len() == 1 && matches!(self.text(name), "newValue" | "oldValue") {
            return Atom::Message(id).into();
        }
        if message.path.len() >= MAX_PATH {
            return Atom::Message(id).into();
        }
        message.path.push(name);
        self.message(message)
    }

    /// Whether a listener listens to changes of storage.
    fn is_change(&mut self, site: At) -> bool {
        let Some(callee) = self.callee(site, 0) else { return false };
        matches!(self.program.expr(callee), Expr::Member { name, .. } if self.text(name) == "addListener")
    }

    pub(super) fn message_element(&mut self, id: u32) -> Value {
        let any = self.names.add("[]");
        self.message_member(id, any)
    }

    /// The answer to a message that is sent.
    pub(super) fn reply(&mut self, at: At, ctx: Ctx) -> Value {
        let message =
            Message { channel: Channel::Reply, inst: at.inst, site: Some((at, ctx)), path: Vec::new(), wants: Vec::new() };
        self.message(message)
    }

    pub(super) fn message_value(&mut self, id: u32) -> Value {
        if !self.senders.ready {
            return Value::unknown();
        }
        let message = self.messages[id as usize].clone();
        let mut set = Set::new();
        match message.channel {
            Channel::Runtime => {
                let senders = self.senders.runtime.clone();
                self.sent(&message, &senders, SENDS, "receives the message", true, &mut set);
            }
            Channel::Port => {
                let senders = self.senders.port.clone();
                self.sent(&message, &senders, SENDS_TO_PORT, "receives it from a port", true, &mut set);
            }
            Channel::Storage(area) => {
                self.put_into_stored(&message, id, &mut set);
                let senders: Vec<Sender> = self
                    .senders
                    .storage
                    .iter()
                    .filter(|(stored, _)| area == Name::EMPTY || *stored == area)
                    .map(|(_, sender)| sender.clone())
                    .collect();
                self.sent(
                    &message,
                    &senders,
                    "keeps it in the extension's storage",
                    "takes it from the extension's storage",
                    false,
                    &mut set,
                );
            }
            Channel::PageStorage => {
                let senders = self.senders.page_storage.clone();
                let key = message.site.map(|(site, ctx)| self.argument(site, 0, ctx));
                for sender in senders.iter().take(MAX_SENDERS) {
                    let stored = self.argument(sender.call, 0, 0);
                    let differs = key.as_ref().is_some_and(|key| {
                        key.texts().next().is_some()
                            && stored.texts().next().is_some()
                            && !stored.texts().any(|name| key.texts().any(|k| k == name))
                    });
                    if !differs {
                        let value = self.argument(sender.call, 1, 0);
                        let value = self.step(value, sender.call, "keeps it in a page's storage");
                        set.extend(&value);
                    }
                }
            }
            Channel::Window => {
                let senders = self.senders.window.clone();
                self.sent(&message, &senders, "posts it to another window", "receives it from another window", false, &mut set);
            }
            Channel::Custom => self.dispatched(&message, &mut set),
            Channel::Reply => self.answered(&message, &mut set),
        }
        set.add(Atom::Unknown);
        set.finish()
    }

    /// What is put into something that was taken from storage: it is written back with it.
    ///
    /// `get("q", ({ q }) => { q.push(text); set({ q }); })`
    fn put_into_stored(&mut self, message: &Message, id: u32, set: &mut Set) {
        let mut put = Vec::new();
        for (call, ctx, from) in self.additions(Atom::Message(id)) {
            for index in from..self.argument_count(call).min(from + 4) {
                put.push((call, self.argument(call, index, ctx)));
            }
        }
        put.extend(self.assigned_to(Atom::Message(id), Name::EMPTY));
        if let Some((&last, rest)) = message.path.split_last()
            && let Some(&whole) = self.message_ids.get(&Message { path: rest.to_vec(), ..message.clone() })
        {
            if self.text(last) == "[]" {
                for (call, ctx, from) in self.additions(Atom::Message(whole)) {
                    put.push((call, self.argument(call, from, ctx)));
                }
            }
            put.extend(self.assigned_to(Atom::Message(whole), last));
        }
        for (at, value) in put {
            let value = self.collect(&value);
            let value = self.step(value, at, "adds it to what the extension keeps");
            set.extend_taints(&value);
        }
    }

    fn sent(&mut self, message: &Message, senders: &[Sender], gives: &str, takes: &str, elsewhere: bool, set: &mut Set) {
        let home = self.program.instances[message.inst as usize].realm;
        let receiver = self.program.realm(message.inst).world;
        let place = message.site.map_or(At { inst: message.inst, expr: ExprId(0) }, |(site, _)| site);
        for sender in senders.iter().take(MAX_SENDERS) {
            let realm = self.program.instances[sender.call.inst as usize].realm;
            if elsewhere && realm == home && !matches!(receiver, World::Unreferenced) {
                continue;
            }
            for &ctx in sender.contexts.iter() {
                let other = self.heard.is_some_and(|heard| heard.realm == home && heard.sender != Some((sender.call, ctx)));
                if elsewhere && other {
                    continue;
                }
                let whole = self.argument(sender.call, sender.index, ctx);
                if !self.fits(&whole, &message.wants, sender.call) {
                    continue;
                }
                let value = self.walk(&whole, &message.path, sender.call);
                // What was sent deep inside comes out deep inside.
                let value = self.step(value, sender.call, gives);
                let value = self.step(value, place, takes);
                for atom in value.atoms() {
                    if !matches!(atom, Atom::Nothing) {
                        set.add(*atom);
                    }
                }
            }
        }
    }

    /// Whether a message can be one whose members have these values.
    fn fits(&mut self, whole: &Value, wants: &[(Vec<Name>, Vec<Name>)], at: At) -> bool {
        for (path, values) in wants {
            let member = self.walk(whole, path, at);
            let member = self.forced(&member);
            let unknown = member.is_empty()
                || member.atoms().iter().any(|atom| !matches!(atom, Atom::Text(_) | Atom::Number(_) | Atom::Nothing));
            if unknown {
                continue;
            }
            let fits = member.atoms().iter().any(|atom| match *atom {
                Atom::Text(name) => values.contains(&name),
                Atom::Number(bits) => values.contains(&Name::from_number(bits, &mut self.names)),
                _ => false,
            });
            if !fits {
                return false;
            }
        }
        true
    }

    /// A member of a member of a value.
    pub(super) fn walk(&mut self, value: &Value, path: &[Name], at: At) -> Value {
        let mut value = value.clone();
        for &name in path {
            value = self.forced(&value);
            value = if self.text(name) == "[]" {
                self.index_of(&value, &Value::clean(), at)
            } else {
                self.member_of_value(&value, name, at)
            };
        }
        value
    }

    /// `dispatchEvent(new CustomEvent(name, {detail}))`.
    fn dispatched(&mut self, message: &Message, set: &mut Set) {
        let names = self.event_names(message.site);
        let Some(detail) = self.names.find("detail") else { return };
        for sender in self.senders.custom.clone().iter().take(MAX_SENDERS) {
            for &ctx in sender.contexts.iter() {
                let event = self.argument_texts(sender.call, 0, ctx);
                if !event.is_empty() && !names.is_empty() && !event.iter().any(|event| names.contains(event)) {
                    continue;
                }
                let options = self.argument(sender.call, 1, ctx);
                let value = self.member_of_value(&options, detail, sender.call);
                let value = self.walk(&value, &message.path, sender.call);
                let value = self.step(value, sender.call, "hands it over in an event");
                for atom in value.atoms() {
                    if !matches!(atom, Atom::Nothing) {
                        set.add(*atom);
                    }
                }
            }
        }
    }

    /// What listeners in other realms answer to a message.
    fn answered(&mut self, message: &Message, set: &mut Set) {
        let Some((asked, ctx)) = message.site else { return };
        let home = self.program.instances[asked.inst as usize].realm;
        let index = self.message_index(asked, ctx);
        let question = self.argument(asked, index, ctx);
        for answer in self.senders.answers.clone().iter().take(MAX_SENDERS) {
            let (at, ctx) = match *answer {
                Answer::Call(call, ctx) => (call, ctx),
                Answer::Returned(value) => (value, 0),
            };
            if self.program.instances[at.inst as usize].realm == home {
                continue;
            }
            if !self.answers_to(&question, at) {
                continue;
            }
            let value = match *answer {
                Answer::Call(call, _) => self.argument(call, 0, ctx),
                Answer::Returned(value) => self.eval(value, 0),
            };
            let value = self.walk(&value, &message.path, at);
            let value = self.step(value, at, "answers a message with it");
            let value = self.step(value, asked, "gets it as the answer to a message");
            for atom in value.atoms() {
                if !matches!(atom, Atom::Nothing | Atom::Bool(_)) {
                    set.add(*atom);
                }
            }
        }
    }

    /// Whether an answer stands under conditions that a question fulfils.
    pub(super) fn answers_to(&mut self, question: &Value, at: At) -> bool {
        let ir = self.ir(at.inst);
        let guards: Vec<(ExprId, bool)> =
            ir.guards_at(ir.start(at.expr)).take(12).map(|guard| (guard.test, guard.negated)).collect();
        for (test, negated) in guards {
            for (id, values) in self.told(At { inst: at.inst, expr: test }, negated, 0) {
                let known = self.messages[id as usize].clone();
                if known.channel == Channel::Runtime
                    && !known.path.is_empty()
                    && !self.fits(question, &[(known.path, values)], at)
                {
                    return false;
                }
            }
        }
        true
    }
}

/// 32 letters from a to p.
pub(super) fn is_extension_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| (b'a'..=b'p').contains(&byte))
}
