//! Where data leaves: calls and assignments that send.

use super::super::analysis::World;
use super::super::eval::{Atom, Ctx, HOLE, Set, Value};
use super::super::ir::{Expr, ExprId};
use super::super::program::At;
use super::super::table::Sink;
use super::Examiner;
use super::ways::Way;

/// Assignments to members of one name that are looked at.
const MAX_ASSIGNMENTS: usize = 4_000;
/// Members by which a client of HTTP is made for the addresses below one.
const BASES: [&str; 3] = ["baseURL", "prefixUrl", "baseUrl"];
/// Elements whose address is loaded at once.
const LOADING: &[(&str, &str)] = &[
    ("img", "image"),
    ("image", "image"),
    ("source", "image"),
    ("picture", "image"),
    ("audio", "image"),
    ("video", "image"),
    ("embed", "frame"),
    ("object", "frame"),
    ("iframe", "frame"),
    ("frame", "frame"),
    ("script", "script-src"),
    ("link", "link"),
    ("form", "form"),
    ("input", "form"),
    ("button", "form"),
];

impl Examiner<'_, '_, '_> {
    /// Asks every sink what reaches it.
    pub(super) fn follow_sinks(&mut self) {
        let table = self.engine.table;
        for used in self.uses.clone() {
            let sinks: Vec<&'static Sink> =
                table.sinks_called(&used.path).filter_map(|number| table.sinks.get(number)).collect();
            for sink in sinks {
                self.called_sink(used.call, sink);
            }
            if matches!(used.path.as_str(), "chrome.runtime.sendMessage" | "chrome.runtime.connect") {
                self.other_extension(used.call);
            }
        }
        self.assigned_sinks();
        self.found.contacts.sort();
        self.found.contacts.dedup();
        self.found.flows.sort();
        self.found.flows.dedup_by(|a, b| {
            (&a.source, &a.sink, &a.host, a.found, &a.spot) == (&b.source, &b.sink, &b.host, b.found, &b.spot)
        });
    }

    fn called_sink(&mut self, call: At, sink: &'static Sink) {
        self.each_way(call, |this, ctx| {
            let address = this.parts(call, ctx, &sink.address);
            let address = this.each_of(&address, call);
            let address = if sink.name == "ajax" { this.under_base(call, ctx, address) } else { address };
            let data = this.parts(call, ctx, &sink.data);
            let name = match sink.name.as_str() {
                "attribute" => match this.attribute(call, ctx) {
                    Some("form") => {
                        let receiver = this.receiver(call, ctx);
                        return this.hijacked_form(call, &receiver, address);
                    }
                    Some(name) => name,
                    None => return Vec::new(),
                },
                "markup" => return this.markup(call, &address),
                "style-sheet" => return this.style_sheet(call, &address),
                "webrtc" => return vec![Way { at: call, sink: "webrtc", address: this.peer(call, ctx), data }],
                name => name,
            };
            if name == "form" {
                return match this.form(call, ctx) {
                    Some((address, data)) => vec![Way { at: call, sink: "form", address, data }],
                    None => Vec::new(),
                };
            }
            vec![Way { at: call, sink: name, address, data }]
        });
    }

    /// Addresses, where a list of them is given: `windows.create({ url: [...] })`.
    fn each_of(&mut self, value: &Value, call: At) -> Value {
        let program = self.engine.program;
        let is_list = |atom: &Atom| match *atom {
            Atom::List(_) => true,
            Atom::Object(site, _) => matches!(program.expr(site), Expr::Array(_)),
            _ => false,
        };
        if value.atoms().iter().any(is_list) { self.engine.elements_of(value, call) } else { value.clone() }
    }

    /// An address under the one that a client was made for: `axios.create({ baseURL }).post("/in")`.
    fn under_base(&mut self, call: At, ctx: Ctx, address: Value) -> Value {
        let mut bases = Set::new();
        for atom in self.receiver(call, ctx).atoms().to_vec() {
            let Atom::Host(host) = atom else { continue };
            let Some((made, ctx)) = self.engine.host(host).site else { continue };
            let options = self.engine.argument(made, 0, ctx);
            for member in BASES {
                let Some(name) = self.engine.names.find(member) else { continue };
                for option in options.atoms().to_vec() {
                    if matches!(option, Atom::Object(..)) {
                        let base = self.engine.member_of_atom(option, name, made);
                        bases.extend(&base);
                    }
                }
            }
        }
        let bases = bases.finish();
        let is_whole = |this: &Self| address.texts().any(|name| this.engine.text(name).contains("://"));
        if bases.texts().next().is_none() || is_whole(self) { address } else { self.engine.join(&[bases, address], "") }
    }

    /// `setAttribute("src", ...)`, `setAttributeNS(namespace, "href", ...)`: what that loads.
    fn attribute(&mut self, call: At, ctx: Ctx) -> Option<&'static str> {
        let count = self.engine.argument_count(call);
        let name = self.engine.argument(call, count.checked_sub(2)?, ctx);
        let name = name.texts().next().map(|name| self.engine.text(name).to_ascii_lowercase())?;
        let receiver = self.receiver(call, ctx);
        let kind = self.element_sink(&receiver);
        match name.as_str() {
            "src" | "srcset" | "data" | "poster" => Some(kind.unwrap_or("image")),
            "href" | "xlink:href" => kind.filter(|kind| matches!(*kind, "link" | "image")),
            "ping" => Some("beacon"),
            "action" | "formaction" => Some("form"),
            "style" | "background" => Some("image"),
            _ => None,
        }
    }

    /// What an element loads, by the name it was made with.
    fn element_sink(&mut self, receiver: &Value) -> Option<&'static str> {
        let tag = self.tag_of(receiver)?;
        Some(LOADING.iter().find(|(known, _)| *known == tag).map_or("", |(_, sink)| *sink))
    }

    /// The name that an element was made with, or looked for by.
    fn tag_of(&mut self, receiver: &Value) -> Option<String> {
        for atom in receiver.atoms() {
            let Atom::Host(host) = *atom else { continue };
            let Some((site, ctx)) = self.engine.host(host).site else { continue };
            if matches!(self.engine.program.expr(site), Expr::New { .. }) {
                return self.engine.makes_element(site).then(|| "img".to_owned());
            }
            let Expr::Call { callee, .. } = self.engine.program.expr(site) else { continue };
            let Expr::Member { name, .. } = self.engine.program.expr(At { inst: site.inst, expr: callee }) else { continue };
            let index = match self.engine.text(name) {
                "createElement" | "querySelector" | "closest" => 0,
                "createElementNS" => 1,
                _ => continue,
            };
            let texts = self.engine.argument(site, index, ctx);
            if let Some(text) = texts.texts().next() {
                let text = self.engine.text(text).to_ascii_lowercase();
                return Some(text.chars().take_while(char::is_ascii_alphanumeric).collect());
            }
        }
        None
    }

    /// Addresses in a style sheet, which are loaded where its rules apply.
    fn style_sheet(&mut self, at: At, value: &Value) -> Vec<Way<'static>> {
        let mut ways = Vec::new();
        for name in value.texts() {
            let text = self.engine.text(name).to_owned();
            for part in text.split("url(").skip(1) {
                let address = part.split(')').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
                if address.contains("//") {
                    let data = if address.contains(HOLE) { self.engine.collect(value) } else { Value::clean() };
                    let address = Value::from(Atom::Text(self.engine.names.add(address)));
                    ways.push(Way { at, sink: "image", address, data });
                }
            }
        }
        ways
    }

    /// Addresses in markup that are loaded when it is put into the page.
    fn markup(&mut self, at: At, value: &Value) -> Vec<Way<'static>> {
        let mut ways = Vec::new();
        let held = self.engine.collect(value);
        for name in value.texts() {
            let text = self.engine.text(name).to_owned();
            if !text.contains('<') {
                continue;
            }
            let page = super::super::page::read(&text);
            let scripts = page.scripts.iter().filter_map(|script| match script {
                super::super::page::PageScript::External { address, .. } => Some(("script".to_owned(), address.clone())),
                _ => None,
            });
            let loads = page.loads.iter().map(|(tag, address, _)| (tag.clone(), address.clone())).chain(scripts);
            for (tag, address) in loads.collect::<Vec<_>>() {
                let Some((_, sink)) = LOADING.iter().find(|(known, _)| *known == tag) else { continue };
                let data = if address.contains(HOLE) { held.clone() } else { Value::clean() };
                let address = Value::from(Atom::Text(self.engine.names.add(&address)));
                ways.push(Way { at, sink, address, data });
            }
        }
        ways
    }

    /// A form that is sent: its address, where the script gives it one, and what it holds.
    fn form(&mut self, call: At, ctx: Ctx) -> Option<(Value, Value)> {
        let receiver = self.receiver(call, ctx);
        let mut address = Set::new();
        let mut data = Set::new();
        for atom in receiver.atoms().to_vec() {
            for member in ["action", "formAction"] {
                if let Some(name) = self.engine.names.find(member) {
                    let value = self.engine.written_member(atom, name);
                    address.extend(&value);
                }
            }
            for (set, ctx) in self.engine.calls_on_atom(atom, "setAttribute") {
                let name = self.engine.argument(set, 0, ctx);
                if name.texts().any(|name| self.engine.text(name) == "action") {
                    let value = self.engine.argument(set, 1, ctx);
                    address.extend(&value);
                }
            }
            let mut parts = vec![atom];
            for method in ["append", "appendChild", "prepend"] {
                for (call, ctx) in self.engine.calls_on_atom(atom, method) {
                    for index in 0..self.engine.argument_count(call).min(12) {
                        let value = self.engine.argument(call, index, ctx);
                        parts.extend(value.atoms().iter().filter(|atom| matches!(atom, Atom::Host(_))));
                    }
                }
            }
            for part in parts {
                for member in ["value", "innerHTML", "textContent"] {
                    if let Some(name) = self.engine.names.find(member) {
                        let value = self.engine.written_member(part, name);
                        data.extend(&value);
                    }
                }
                for (set, ctx) in self.engine.calls_on_atom(part, "setAttribute") {
                    let value = self.engine.argument(set, 1, ctx);
                    data.extend(&value);
                }
            }
        }
        let address = self.without_nothing(&address.finish());
        let address: Value = address.atoms().iter().copied().filter(|atom| !matches!(atom, Atom::Unknown)).collect();
        // A form of the page that goes where the page sends it is the page's.
        (!address.is_empty()).then(|| (address, data.finish()))
    }

    /// `sendMessage` with the id of another extension.
    fn other_extension(&mut self, call: At) {
        if self.engine.argument_count(call) < 2 {
            return;
        }
        self.each_way(call, |this, ctx| {
            let to = this.engine.argument(call, 0, ctx);
            let is_id = |text: &str| text.len() == 32 && text.bytes().all(|byte| (b'a'..=b'p').contains(&byte));
            let ids: Value = to
                .atoms()
                .iter()
                .copied()
                .filter(|atom| matches!(atom, Atom::Text(name) if is_id(this.engine.text(*name))))
                .collect();
            if ids.is_empty() {
                return Vec::new();
            }
            let data = this.engine.argument(call, 1, ctx);
            vec![Way { at: call, sink: "other-extension", address: ids, data }]
        });
    }

    fn assigned_sinks(&mut self) {
        let program = self.engine.program;
        let mut names: Vec<&String> = self.engine.table.assigned.iter().collect();
        names.sort();
        for text in names {
            let Some(name) = self.engine.names.find(text) else { continue };
            for &(unit, assign) in program.writes.get(&name).into_iter().flatten().take(MAX_ASSIGNMENTS) {
                for &inst in &program.by_unit[unit as usize] {
                    self.assigned(At { inst, expr: assign }, text);
                }
            }
        }
        // location = "...", without a dot.
        let Some(location) = self.engine.names.find("location") else { return };
        for realm in &program.realms {
            for &value in realm.implicit.get(&location).into_iter().flatten().take(64) {
                let ir = program.ir(value.inst);
                let Some(assign) = ir.parent(value.expr) else { continue };
                let at = At { inst: value.inst, expr: assign };
                self.each_way(at, |this, ctx| {
                    let address = this.engine.eval(value, ctx);
                    vec![Way { at, sink: "navigation", address, data: Value::clean() }]
                });
            }
        }
    }

    fn assigned(&mut self, at: At, member: &str) {
        let program = self.engine.program;
        let ir = program.ir(at.inst);
        let Expr::Assign { target, value } = ir.expr(at.expr) else { return };
        let Expr::Member { object, .. } = ir.expr(target) else { return };
        let sub = |expr: ExprId| At { inst: at.inst, expr };
        // A constant that names no other place says nothing.
        if let Expr::Text(text) = ir.expr(value)
            && !self.engine.text(text).contains("//")
        {
            return;
        }
        let receiver = self.engine.eval(sub(object), 0);
        let mut sinks: Vec<&'static str> = Vec::new();
        for atom in receiver.atoms().to_vec() {
            let path = match atom {
                Atom::Host(host) => self.engine.host_path(host).to_owned(),
                Atom::Unknown if self.engine.world(at) != World::Background => "Element".to_owned(),
                _ => continue,
            };
            let path = if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") };
            let table = self.engine.table;
            for number in table.sinks_set(&path) {
                sinks.push(&table.sinks[number].name);
            }
        }
        sinks.sort_unstable();
        sinks.dedup();
        for sink in sinks {
            let Some(sink) = self.loaded_by(sink, member, &receiver) else { continue };
            self.each_way(at, |this, ctx| {
                let address = this.engine.eval(sub(value), ctx);
                if sink == "markup" {
                    return this.markup(at, &address);
                }
                if sink == "style-sheet" {
                    return this.style_sheet(at, &address);
                }
                if sink == "form" {
                    return this.hijacked_form(at, &receiver, address);
                }
                vec![Way { at, sink, address, data: Value::clean() }]
            });
        }
    }

    /// What an assignment to a member of an element is, for elements that load what they are given; `None` for others.
    fn loaded_by(&mut self, sink: &'static str, member: &str, receiver: &Value) -> Option<&'static str> {
        match sink {
            "image" if matches!(member, "src" | "srcset") => match self.element_sink(receiver) {
                Some("") => None,
                Some(sink) => Some(sink),
                None => Some("image"),
            },
            "link" => self.element_sink(receiver).filter(|sink| *sink == "link"),
            "object" => self.element_sink(receiver).filter(|sink| *sink == "frame"),
            "style-sheet" => (self.tag_of(receiver)? == "style").then_some(sink),
            sink => Some(sink),
        }
    }

    /// A form of the page that is led elsewhere takes what is typed into it along.
    fn hijacked_form(&mut self, at: At, receiver: &Value, address: Value) -> Vec<Way<'static>> {
        let made = self.element_sink(receiver).is_some_and(|sink| sink == "form")
            && receiver.atoms().iter().any(|atom| match *atom {
                Atom::Host(host) => self.engine.host(host).site.is_some_and(|(site, _)| self.engine.makes_element(site)),
                _ => false,
            });
        if made {
            return Vec::new();
        }
        let data = self.engine.form_data(receiver, at);
        vec![Way { at, sink: "form", address, data }]
    }
}
