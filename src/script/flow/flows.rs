//! What reaches a place where data leaves, and which host that is.

use std::collections::BTreeSet;

use super::super::analysis::{Contact, ContactClass, Flow, Note, World};
use super::super::eval::{Atom, HOLE, Set, Value};
use super::super::ir::Expr;
use super::super::program::At;
use super::Examiner;
use super::place::{Place, class, place};
use super::ways::{By, Way};
use crate::model::host::{self, Class};

/// Sources that may be addresses themselves.
const ADDRESSES: &[&str] =
    &["tabs.url", "form.field", "form.whole", "page.text", "page-hook.body", "history", "bookmarks", "storage", "clipboard"];

impl Examiner<'_, '_, '_> {
    /// Data of the person in a way out.
    pub(super) fn taken(&mut self, way: &Way<'_>) -> Value {
        let mut set = Set::new();
        let held = self.engine.collect(&way.data);
        let held = held.atoms().iter().copied().chain(self.said_in_address(way));
        for atom in held {
            if let Atom::Taint { origin, .. } = atom
                && self.is_data(origin)
            {
                set.add(atom);
            }
        }
        set.finish()
    }

    /// What an address says beside where it leads. An address that somebody typed, or that a page gave, is where a request goes:
    /// in `server + "/styles.css"` it is not sent to the hosts that may stand in its place.
    fn said_in_address(&mut self, way: &Way<'_>) -> Vec<Atom> {
        let program = self.engine.program;
        let ir = program.ir(way.at.inst);
        let written = match ir.expr(way.at.expr) {
            // A message to a frame or program says nothing in its address: that was said when it was opened.
            Expr::Call { callee, .. } if matches!(ir.expr(callee), Expr::Member { name, .. } if self.engine.text(name) == "postMessage") =>
            {
                return Vec::new();
            }
            Expr::Call { args, .. } | Expr::New { args, .. } => ir.item(args, 0),
            Expr::Assign { value, .. } => Some(value),
            _ => None,
        };
        let mut said = self.engine.collect(&way.address).atoms().to_vec();
        let Some(Expr::Concat(parts)) = written.map(|written| ir.expr(written)) else { return said };
        let kind_of = |this: &Self, atom: &Atom| match *atom {
            Atom::Taint { origin, .. } => this.engine.origins.get(origin as usize).map(|origin| (origin.at, origin.kind)),
            _ => None,
        };
        let may_lead =
            |this: &Self, atom: &Atom| kind_of(this, atom).is_some_and(|(_, kind)| ADDRESSES.contains(&this.engine.text(kind)));
        if !said.iter().any(|atom| may_lead(self, atom)) {
            return said;
        }
        let mut parts = ir.list(parts).map(|expr| At { inst: way.at.inst, expr });
        let Some(first) = parts.next() else { return said };
        let first = self.engine.eval(first, 0);
        if self.says_more(&first) {
            return said;
        }
        let leads: Vec<_> = self.engine.collect(&first).atoms().iter().filter_map(|atom| kind_of(self, atom)).collect();
        let mut further = Vec::new();
        for part in parts {
            let part = self.engine.eval(part, 0);
            further.extend(self.engine.collect(&part).atoms().iter().filter_map(|atom| kind_of(self, atom)));
        }
        said.retain(|atom| {
            let origin = kind_of(self, atom).filter(|origin| leads.contains(origin) && !further.contains(origin));
            origin.is_none() || !may_lead(self, atom)
        });
        said
    }

    /// Whether something that is not known stands in an address behind the part that leads somewhere.
    fn says_more(&self, address: &Value) -> bool {
        address.texts().any(|name| {
            let text = self.engine.text(name);
            let behind = text.strip_prefix(HOLE).unwrap_or(text);
            let behind = behind.split_once("://").filter(|(scheme, _)| scheme.len() < 8).map_or(behind, |(_, rest)| rest);
            behind.strip_prefix(HOLE).unwrap_or(behind).contains(HOLE)
        })
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
            let origin = self.engine.origins[origin as usize];
            let kind = self.engine.text(origin.kind).to_owned();
            // Of addresses that are not known, each may be the one that was typed or the one that was fetched.
            let leads = ADDRESSES.contains(&kind.as_str()) && !sent.has(*atom);
            leaves |= !leads;
            // A picture for an address is a `data:` or `blob:` address: it is shown or kept, and goes nowhere.
            let shown = matches!(kind.as_str(), "screen" | "file" | "microphone") && !sent.has(*atom);
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
                    // How a page is built tells a service of statistics nothing of what stands on it.
                    Place::Host(host, _) if origin.weak && only_counts(host) => continue,
                    Place::Host(host, url) => {
                        let class = class(host, url, &pages, &self.declared);
                        let found = if self.is_literal(host.trim_start_matches("*.")) { "literal" } else { "decoded" };
                        (host.clone(), url.clone(), class, found)
                    }
                    Place::Unknown if shown => continue,
                    Place::Unknown if fetched.is_some() && !leads => {
                        (String::new(), String::new(), ContactClass::DeadDrop, "fetched")
                    }
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
}

/// A service of statistics, or one that hears how extensions are used that are built on it.
fn only_counts(host: &str) -> bool {
    host::classify(host).is_some_and(|known| matches!(known.class, Class::Telemetry | Class::Platform))
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
