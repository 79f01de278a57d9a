//! Messages: what one script sends or stores and another receives or reads.
//!
//! A received message stays a question until its value is needed: by then it is known which member is read, and under which
//! condition (`if (message.type === "mail")`), so only the senders that fit are asked.

use std::rc::Rc;

use super::super::analysis::World;
use super::super::ir::{Expr, ExprId, FuncId, Op};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Set, Use, Value};

/// Members of a message that are followed.
const MAX_PATH: usize = 5;
/// Senders that are asked for one message.
pub const MAX_SENDERS: usize = 96;
/// What is said of a message that is sent, and of one through a port.
const SENDS: &str = "sends it by message";
const SENDS_TO_PORT: &str = "sends it through a port";

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
    channel: Channel,
    /// Who receives it.
    inst: u32,
    /// The call that registered the listener, or that asks.
    site: Option<(At, Ctx)>,
    path: Vec<Name>,
    /// Members whose values are known here.
    wants: Vec<(Vec<Name>, Vec<Name>)>,
}

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

    fn message_id(&mut self, message: Message) -> u32 {
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

    /// Messages in a value, with what the conditions around a place say of them.
    pub(super) fn refine(&mut self, value: Value, at: At) -> Value {
        if !value.has_message() {
            return value;
        }
        let ir = self.ir(at.inst);
        let guards: Vec<(ExprId, bool)> =
            ir.guards_at(ir.start(at.expr)).take(12).map(|guard| (guard.test, guard.negated)).collect();
        if guards.is_empty() || self.level >= super::MAX_LEVEL {
            return value;
        }
        self.level += 1;
        let mut set = Set::new();
        for atom in value.atoms() {
            let Atom::Message(id) = *atom else {
                set.add(*atom);
                continue;
            };
            let mut message = self.messages[id as usize].clone();
            for &(test, negated) in &guards {
                for (known, values) in self.told(At { inst: at.inst, expr: test }, negated, 0) {
                    let told = &self.messages[known as usize];
                    let same = told.channel == message.channel && told.inst == message.inst && told.site == message.site;
                    let want = (told.path.clone(), values);
                    if same && !want.0.is_empty() && !message.wants.contains(&want) && message.wants.len() < 4 {
                        message.wants.push(want);
                    }
                }
            }
            let id = self.message_id(message);
            set.add(Atom::Message(id));
        }
        self.level -= 1;
        set.finish()
    }

    /// What a condition says of messages: a member of one has one of these values.
    fn told(&mut self, test: At, negated: bool, depth: u32) -> Vec<(u32, Vec<Name>)> {
        if depth > 6 {
            return Vec::new();
        }
        let sub = |expr: ExprId| At { inst: test.inst, expr };
        match self.program.expr(test) {
            Expr::Binary { op: Op::And, left, right } if !negated => {
                let mut all = self.told(sub(left), false, depth + 1);
                all.extend(self.told(sub(right), false, depth + 1));
                all
            }
            Expr::Binary { op: Op::Or, left, right } if negated => {
                let mut all = self.told(sub(left), true, depth + 1);
                all.extend(self.told(sub(right), true, depth + 1));
                all
            }
            // One of several values.
            Expr::Binary { op: Op::Or, left, right } => self.either(&[sub(left), sub(right)], depth),
            Expr::Any(list) if !negated => {
                let items: Vec<At> = self.ir(test.inst).list(list).map(sub).collect();
                match items[..] {
                    [one] => self.told(one, false, depth + 1),
                    _ => self.either(&items, depth),
                }
            }
            Expr::Unary { op: super::super::ir::UnaryOp::Not, value } => self.told(sub(value), !negated, depth + 1),
            Expr::Binary { op, left, right } if (op == Op::Equal && !negated) || (op == Op::NotEqual && negated) => {
                let (left, right) = (self.eval(sub(left), 0), self.eval(sub(right), 0));
                let (subject, values) = if left.has_message() { (left, right) } else { (right, left) };
                let values: Vec<Name> = values
                    .atoms()
                    .iter()
                    .filter_map(|atom| match *atom {
                        Atom::Text(name) => Some(name),
                        Atom::Number(bits) => Some(Name::from_number(bits, &mut self.names)),
                        _ => None,
                    })
                    .collect();
                if values.is_empty() {
                    return Vec::new();
                }
                let messages = subject.atoms().iter().filter_map(|atom| match atom {
                    Atom::Message(id) => Some(*id),
                    _ => None,
                });
                messages.map(|id| (id, values.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn either(&mut self, tests: &[At], depth: u32) -> Vec<(u32, Vec<Name>)> {
        let mut merged: Vec<(u32, Vec<Name>)> = Vec::new();
        for (number, &test) in tests.iter().enumerate() {
            let told = self.told(test, false, depth + 1);
            if told.is_empty() {
                return Vec::new();
            }
            for (id, values) in told {
                match merged.iter_mut().find(|(known, _)| *known == id) {
                    Some((_, known)) => known.extend(values),
                    None if number == 0 => merged.push((id, values)),
                    None => {}
                }
            }
        }
        merged
    }

    // --------------------------------------------------------------------------------------------------------- joining

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
    fn answers_to(&mut self, question: &Value, at: At) -> bool {
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

impl Name {
    /// The number that a message's type is, as a name.
    fn from_number(bits: u64, names: &mut super::Names) -> Name {
        names.add(&super::text::show_number(f64::from_bits(bits)))
    }
}

/// 32 letters from a to p.
pub(super) fn is_extension_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| (b'a'..=b'p').contains(&byte))
}
