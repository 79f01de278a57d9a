//! Where data leaves: contacts, and the flows that reach them.

use std::collections::BTreeSet;

use super::super::analysis::{Contact, ContactClass, Flow, Note, World};
use super::super::eval::{Atom, Ctx, HOLE, Host, Set, Value};
use super::super::ir::{Expr, ExprId};
use super::super::program::At;
use super::super::table::{Part, Sink};
use super::Examiner;
use super::place::{Place, class, place};
use super::ways::{By, Way};

/// Assignments to members of one name that are looked at.
const MAX_ASSIGNMENTS: usize = 4_000;
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
            let data = this.parts(call, ctx, &sink.data);
            let name = match sink.name.as_str() {
                "attribute" => match this.attribute(call, ctx) {
                    Some(name) => name,
                    None => return Vec::new(),
                },
                "markup" => return this.markup(call, &address),
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

    /// Data of the person in a way out.
    pub(super) fn taken(&mut self, way: &Way<'_>) -> Value {
        let mut set = Set::new();
        for value in [&way.data, &way.address] {
            let held = self.engine.collect(value);
            for atom in held.atoms() {
                if let Atom::Taint { origin, .. } = *atom
                    && self.is_data(origin)
                {
                    set.add(*atom);
                }
            }
        }
        set.finish()
    }

    /// Whether what was taken is data of the person: not something that was only fetched or received.
    fn is_data(&self, origin: u32) -> bool {
        let Some(origin) = self.engine.origins.get(origin as usize) else { return false };
        let kind = self.engine.text(origin.kind);
        if origin.weak && !matches!(kind, "mail.text" | "messenger.text") {
            return false;
        }
        let own = kind.starts_with("own.") && kind != "own.login.password";
        !matches!(kind, "fetched") && !kind.starts_with("message.") && !own
    }

    /// Places that the address of a way out may be.
    pub(super) fn places(&mut self, way: &Way<'_>) -> Vec<Place> {
        let world = self.engine.world(way.at);
        let addresses = self.engine.addresses(&way.address);
        let mut places: Vec<Place> = Vec::new();
        let mut add = |place: Place| {
            if !places.contains(&place) {
                places.push(place);
            }
        };
        for address in &addresses {
            // Style sheets name their addresses in brackets.
            let inner = address
                .find("url(")
                .and_then(|from| address.get(from + 4..))
                .map(|rest| rest.split(')').next().unwrap_or(rest));
            match inner {
                Some(inner) => add(place(inner.trim_matches(['"', '\'', ' ']), world)),
                None => add(place(address, world)),
            }
        }
        if addresses.is_empty() && !way.address.is_empty() && way.address.atoms() != [Atom::Nothing] {
            add(Place::Unknown);
        }
        // An address that the page itself gives is the page's business.
        if places.contains(&Place::Unknown) {
            let held = self.engine.collect(&way.address);
            let of_page = held.atoms().iter().any(|atom| match *atom {
                Atom::Taint { origin, .. } => {
                    let kind = self.engine.text(self.engine.origins[origin as usize].kind);
                    matches!(kind, "page-hook.body" | "tabs.url" | "page.text" | "mail.text" | "messenger.text")
                }
                _ => false,
            });
            let begins_unknown = addresses.iter().all(|address| address.starts_with(HOLE));
            if of_page && begins_unknown {
                for place in &mut places {
                    if *place == Place::Unknown {
                        *place = Place::OwnPage;
                    }
                }
            }
        }
        places
    }

    pub(super) fn contact(&mut self, way: &Way<'_>, places: &[Place]) {
        if matches!(way.sink, "native" | "uninstall-address" | "clipboard-write") {
            return;
        }
        let world = self.engine.world(way.at);
        for place in places {
            let Place::Host(host, url) = place else { continue };
            let pages = self.pages_of(way.at);
            let class = class(host, url, &pages, &self.declared);
            let decoded = !self.is_literal(host.trim_start_matches("*."));
            let mut parameters = parameters_in(url);
            for value in [&way.data, &way.address] {
                self.parameter_names(value, &mut parameters);
            }
            parameters.truncate(24);
            let spot = self.spot(way.at);
            let contact = Contact {
                host: host.clone(),
                url: url.clone(),
                method: way.sink.to_owned(),
                world,
                class,
                decoded,
                parameters,
                spot,
            };
            if !self.found.contacts.contains(&contact) {
                self.found.contacts.push(contact);
            }
        }
    }

    /// Names of parameters in a body: of a form, of JSON, of a query.
    fn parameter_names(&mut self, value: &Value, names: &mut Vec<String>) {
        for atom in value.atoms() {
            match *atom {
                Atom::Text(text) => {
                    let text = self.engine.text(text);
                    if text.len() < 4_000 && text.contains('=') && !text.contains("://") {
                        names.extend(parameters_in(&format!("?{text}")));
                    }
                }
                Atom::Object(..) => names.extend(self.engine.container_keys(*atom)),
                _ => {}
            }
        }
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
    }

    /// Providers and hosts whose pages a script runs in.
    fn pages_of(&self, at: At) -> Vec<String> {
        if !self.engine.world(at).in_pages() {
            return Vec::new();
        }
        let pages = self.engine.pages(at.inst);
        pages.providers().map(str::to_owned).chain(pages.named.iter().cloned()).collect()
    }

    pub(super) fn flows(&mut self, way: &Way<'_>, by: By) {
        let taken = self.taken(way);
        if taken.is_empty() {
            return;
        }
        let places = self.places(way);
        let sink_world = self.engine.world(way.at);
        // What is cut out of a fetched document leads wherever its author wants.
        let fetched = self.fetched_from(&way.address);
        let sent = self.engine.collect(&way.data);
        let mut leaves = false;
        for atom in taken.atoms() {
            let Atom::Taint { origin, trail } = *atom else { continue };
            let wanted = match by {
                By::Any => true,
                By::Message => self.engine.last_sender(trail).is_some(),
                By::NoMessage => self.engine.last_sender(trail).is_none(),
            };
            if !wanted {
                continue;
            }
            leaves = true;
            // A picture for an address is a `data:` or `blob:` address: it is shown or kept, and goes nowhere.
            let shown = matches!(self.engine.text(self.engine.origins[origin as usize].kind), "screen" | "file" | "microphone")
                && !sent.has(*atom);
            let origin = self.engine.origins[origin as usize];
            let kind = self.engine.text(origin.kind).to_owned();
            let provider = self.engine.text(origin.provider).to_owned();
            let world = self.engine.world(origin.at);
            let click = self.starts_with_click(origin.at);
            if click && self.is_selection(trail) {
                continue;
            }
            let mut pages: Vec<String> = provider.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            pages.extend(self.pages_of(origin.at));
            for place in &places {
                let (host, url, class, found) = match place {
                    Place::Inside | Place::OwnPage => continue,
                    Place::Host(host, url) => {
                        let class = class(host, url, &pages, &self.declared);
                        let found = if self.is_literal(host.trim_start_matches("*.")) { "literal" } else { "decoded" };
                        (host.clone(), url.clone(), class, found)
                    }
                    Place::Unknown if shown => continue,
                    Place::Unknown if fetched.is_some() => (String::new(), String::new(), ContactClass::DeadDrop, "fetched"),
                    Place::Unknown => (String::new(), String::new(), ContactClass::Unknown, "parameter"),
                };
                self.flow(way, (host, url, class, found), (&kind, &provider, world, click), sink_world, trail, origin.at);
            }
            if way.sink == "native" || way.sink == "other-extension" {
                let host = self.engine.addresses(&way.address).into_iter().next().unwrap_or_default();
                let class = if way.sink == "native" { ContactClass::Native } else { ContactClass::Foreign };
                self.flow(
                    way,
                    (host, String::new(), class, "literal"),
                    (&kind, &provider, world, click),
                    sink_world,
                    trail,
                    origin.at,
                );
            }
        }
        if let Some((host, trail, cut)) = fetched.filter(|_| leaves && places.contains(&Place::Unknown))
            && cut
        {
            self.dead_drop(&host, trail, way.at, "address");
        }
    }

    fn flow(
        &mut self,
        way: &Way<'_>,
        (host, url, class, found): (String, String, ContactClass, &'static str),
        (kind, provider, world, click): (&str, &str, World, bool),
        sink_world: World,
        trail: u32,
        origin: At,
    ) {
        let spot = self.spot(way.at);
        let known = self.found.flows.iter().any(|flow| {
            flow.source == kind && flow.sink == way.sink && flow.host == host && flow.found == found && flow.spot == spot
        });
        if known || self.found.flows.len() >= 2_000 {
            return;
        }
        let to = match (found, host.as_str()) {
            ("fetched", _) => "an address out of a fetched document".to_owned(),
            (_, "") => "an address that is not known".to_owned(),
            (_, host) => host.to_owned(),
        };
        let last = match way.sink {
            "native" => format!("sends it to the program {to}"),
            "other-extension" => format!("sends it to the extension {to}"),
            _ => format!("sends it to {to}"),
        };
        let steps = self.steps(trail, Some((way.at, last)));
        let taken = self.spot(origin);
        self.found.flows.push(Flow {
            source: kind.to_owned(),
            sink: way.sink.to_owned(),
            host,
            url,
            class,
            found,
            click,
            provider: provider.to_owned(),
            world,
            sink_world,
            steps,
            taken,
            spot,
        });
    }

    /// Text that the person has selected, and hands over by a click, is meant to leave.
    fn is_selection(&self, trail: u32) -> bool {
        self.engine.way(trail).first().is_some_and(|step| self.engine.text(step.words).contains("selected"))
    }

    /// Whether an address comes out of a fetched document: its host, the way, and whether it was cut out of text.
    pub(super) fn fetched_from(&mut self, address: &Value) -> Option<(String, u32, bool)> {
        let held = self.engine.collect(address);
        for atom in held.atoms() {
            let Atom::Taint { origin, trail } = *atom else { continue };
            let origin = self.engine.origins[origin as usize];
            let kind = self.engine.text(origin.kind);
            if kind == "fetched" || kind == "message.push" {
                let cut = self.is_text_read(origin.at);
                return Some((self.engine.text(origin.provider).to_owned(), trail, cut));
            }
        }
        None
    }

    /// `answer.text()` rather than `answer.json()`.
    pub(super) fn is_text_read(&self, at: At) -> bool {
        match self.engine.program.expr(at) {
            Expr::Call { callee, .. } => match self.engine.program.expr(At { inst: at.inst, expr: callee }) {
                Expr::Member { name, .. } => matches!(self.engine.text(name), "text" | "get" | "ajax"),
                _ => false,
            },
            Expr::Member { name, .. } => matches!(self.engine.text(name), "responseText" | "response" | "responseXML" | "text"),
            _ => false,
        }
    }

    pub(super) fn dead_drop(&mut self, host: &str, trail: u32, at: At, what: &str) {
        let known = self.found.notes.iter().any(|note| note.kind == "dead-drop" && note.value == host && note.detail == what);
        if known {
            return;
        }
        let steps =
            self.steps(trail, Some((at, format!("uses it as {}", if what == "address" { "an address" } else { "an order" }))));
        let spot = self.spot(at);
        self.found.notes.push(Note { kind: "dead-drop", value: host.to_owned(), detail: what.to_owned(), steps, spot });
    }

    // ----------------------------------------------------------------------------------------------------------- parts

    fn parts(&mut self, call: At, ctx: Ctx, parts: &[Part]) -> Value {
        let mut set = Set::new();
        for part in parts {
            let value = self.part(call, ctx, part);
            set.extend(&value);
            // The first that is there is the address; `0.url` is asked where `0` is an object.
        }
        set.finish()
    }

    fn part(&mut self, call: At, ctx: Ctx, part: &Part) -> Value {
        match part {
            Part::Argument(index, None) => {
                let value = self.engine.argument(call, *index, ctx);
                self.without_nothing(&value)
            }
            Part::Argument(index, Some(member)) => {
                let value = self.engine.argument(call, *index, ctx);
                let value = self.engine.forced(&value);
                // The name may stand nowhere as a whole: `{["bo" + "dy"]: data}`.
                let name = self.engine.names.add(member);
                let mut set = Set::new();
                for atom in value.atoms() {
                    if matches!(atom, Atom::Object(..) | Atom::Instance(..)) {
                        let value = self.engine.member_of_atom(*atom, name, call);
                        set.extend(&value);
                    } else if matches!(atom, Atom::Taint { .. }) && member != "url" && *index > 0 {
                        set.add(*atom);
                    }
                }
                let value = set.finish();
                self.without_nothing(&value)
            }
            Part::Method(method, index) => {
                let mut set = Set::new();
                for atom in self.receiver(call, ctx).atoms().to_vec() {
                    if method == "new" {
                        if let Atom::Host(host) = atom
                            && let Some((made, ctx)) = self.made(self.engine.host(host))
                        {
                            let value = self.engine.argument(made, *index, ctx);
                            set.extend(&value);
                        }
                    } else {
                        for (other, other_ctx) in self.engine.calls_on_atom(atom, method) {
                            let value = self.engine.argument(other, *index, other_ctx);
                            set.extend(&value);
                        }
                    }
                }
                let value = set.finish();
                self.without_nothing(&value)
            }
            Part::Member(member) => {
                let Some(name) = self.engine.names.find(member) else { return Value::clean() };
                let mut set = Set::new();
                for atom in self.receiver(call, ctx).atoms().to_vec() {
                    // A frame's window is addressed by what the frame shows.
                    let atom = match atom {
                        Atom::Host(host) if self.engine.host_path(host) == "Element.contentWindow" => {
                            let site = self.engine.host(host).site;
                            self.engine.host_with("Element", site)
                        }
                        atom => atom,
                    };
                    let value = self.engine.written_member(atom, name);
                    set.extend(&value);
                }
                let value = set.finish();
                self.without_nothing(&value)
            }
            Part::This => self.receiver(call, ctx),
        }
    }

    fn without_nothing(&mut self, value: &Value) -> Value {
        value.atoms().iter().copied().filter(|atom| !matches!(atom, Atom::Nothing)).collect()
    }

    /// What a method is called on.
    pub(super) fn receiver(&mut self, call: At, ctx: Ctx) -> Value {
        let Expr::Call { callee, .. } = self.engine.program.expr(call) else { return Value::clean() };
        let at = At { inst: call.inst, expr: callee };
        match self.engine.program.expr(at) {
            Expr::Member { object, .. } | Expr::Index { object, .. } => {
                self.engine.eval(At { inst: call.inst, expr: object }, ctx)
            }
            // const {send} = socket; const send = socket.send.bind(socket)
            _ => {
                let value = self.engine.eval(at, ctx);
                let mut set = Set::new();
                for atom in value.atoms() {
                    match *atom {
                        Atom::Host(host) => {
                            let host = self.engine.host(host);
                            let path = self.engine.text(host.path).to_owned();
                            if let Some((owner, _)) = path.rsplit_once('.') {
                                let atom = self.engine.host_with(owner, host.site);
                                set.add(atom);
                            }
                        }
                        Atom::Bound(bound) => {
                            let value = self.engine.bound_this(bound);
                            set.extend(&value);
                        }
                        _ => {}
                    }
                }
                set.finish()
            }
        }
    }

    /// The constructor or first call that an object comes from.
    fn made(&mut self, host: Host) -> Option<(At, Ctx)> {
        let (mut site, mut ctx) = host.site?;
        for _ in 0..4 {
            let Expr::Call { callee, .. } = self.engine.program.expr(site) else { break };
            let Expr::Member { object, .. } = self.engine.program.expr(At { inst: site.inst, expr: callee }) else { break };
            let value = self.engine.eval(At { inst: site.inst, expr: object }, ctx);
            let before = value.atoms().iter().find_map(|atom| match *atom {
                Atom::Host(host) => self.engine.host(host).site,
                _ => None,
            });
            match before {
                Some(before) => (site, ctx) = before,
                None => break,
            }
        }
        Some((site, ctx))
    }

    /// The servers that a peer connection is made with.
    fn peer(&mut self, call: At, ctx: Ctx) -> Value {
        let mut set = Set::new();
        for atom in self.receiver(call, ctx).atoms().to_vec() {
            if let Atom::Host(host) = atom
                && let Some((made, ctx)) = self.made(self.engine.host(host))
            {
                let options = self.engine.argument(made, 0, ctx);
                for text in self.engine.texts_within(&options) {
                    set.add(Atom::Text(text));
                }
            }
        }
        if set.is_empty() {
            set.add(Atom::Unknown);
        }
        set.finish()
    }

    /// `setAttribute("src", ...)`: what that loads.
    fn attribute(&mut self, call: At, ctx: Ctx) -> Option<&'static str> {
        let name = self.engine.argument(call, 0, ctx);
        let name = name.texts().next().map(|name| self.engine.text(name).to_ascii_lowercase())?;
        let receiver = self.receiver(call, ctx);
        let kind = self.element_sink(&receiver, &name);
        match name.as_str() {
            "src" | "srcset" | "data" | "poster" => Some(kind.unwrap_or("image")),
            "href" | "xlink:href" => kind.filter(|kind| *kind == "link"),
            "action" | "formaction" => Some("form"),
            "style" | "background" => Some("image"),
            _ => None,
        }
    }

    /// What an element loads, by the name it was made with.
    fn element_sink(&mut self, receiver: &Value, _attribute: &str) -> Option<&'static str> {
        for atom in receiver.atoms() {
            let Atom::Host(host) = *atom else { continue };
            let Some((site, ctx)) = self.engine.host(host).site else { continue };
            if matches!(self.engine.program.expr(site), Expr::New { .. }) {
                return self.engine.makes_element(site).then_some("image");
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
                let tag: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
                return Some(LOADING.iter().find(|(known, _)| *known == tag).map_or("", |(_, sink)| *sink));
            }
        }
        None
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

    // ----------------------------------------------------------------------------------------------------- assignments

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
            let sink = match sink {
                "image" if member == "src" || member == "srcset" => match self.element_sink(&receiver, member) {
                    Some("") => continue,
                    Some(sink) => sink,
                    None => "image",
                },
                "link" => match self.element_sink(&receiver, member) {
                    Some("link") => "link",
                    _ => continue,
                },
                sink => sink,
            };
            self.each_way(at, |this, ctx| {
                let address = this.engine.eval(sub(value), ctx);
                if sink == "markup" {
                    return this.markup(at, &address);
                }
                if sink == "form" {
                    return this.hijacked_form(at, &receiver, address);
                }
                vec![Way { at, sink, address, data: Value::clean() }]
            });
        }
    }

    /// A form of the page that is led elsewhere takes what is typed into it along.
    fn hijacked_form(&mut self, at: At, receiver: &Value, address: Value) -> Vec<Way<'static>> {
        let made = self.element_sink(receiver, "action").is_some_and(|sink| sink == "form")
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

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |place: &Place| match place {
            Place::Inside => (0, String::new()),
            Place::OwnPage => (1, String::new()),
            Place::Unknown => (2, String::new()),
            // One host is one place, whatever the path.
            Place::Host(host, _) => (3, host.clone()),
        };
        key(self).cmp(&key(other))
    }
}

/// Names of parameters in the query of an address.
fn parameters_in(url: &str) -> Vec<String> {
    let Some((_, query)) = url.split_once('?') else { return Vec::new() };
    let query = query.split('#').next().unwrap_or(query);
    let mut names: Vec<String> = Vec::new();
    for part in query.split('&') {
        let Some((name, _)) = part.split_once('=') else { continue };
        let good = !name.is_empty()
            && name.len() <= 40
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']'));
        if good && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}
