//! From what a run showed to facts: pure, from events alone.

use std::collections::{BTreeMap, BTreeSet};

use super::canaries::{self, Pieces, Sent};
use super::protocol::Event;
use super::scene::{Canary, SERVER_WORD, Scene};
use crate::acquire::Package;
use crate::extract::contacts::CONTACT;
use crate::extract::flows::{self, FLOW};
use crate::extract::remote_code::REMOTE_CODE;
use crate::extract::{Fact, Place, Via};
use crate::finding::Step;
use crate::model::Extension;
use crate::model::host::{self, HostPattern};

/// States what the events of one scene show.
pub fn facts(extension: &Extension, package: &Package, scene: &Scene, events: &[Event]) -> Vec<Fact> {
    let mut stated = Stated { package, scene, declared: declared(extension), facts: Vec::new(), seen: BTreeSet::new() };
    // What arrives without anybody's click is stated as that, whichever arrival came first.
    for asked in ["no", "yes"] {
        let mut pieces: BTreeMap<(String, String), Pieces> = BTreeMap::new();
        for event in events {
            match event.kind.as_str() {
                "sink" if field(event, "asked") == asked => stated.sink(event, &mut pieces),
                "code" if asked == "no" => stated.code(event),
                _ => {}
            }
        }
    }
    stated.facts
}

/// Takes out what is said of mails and messages where the same arrives from a page of any site: such code takes whatever is
/// shown, and knows nothing of mails. `any_page` is what the scene of such a page showed.
pub fn without_special_pages(facts: &mut Vec<Fact>, any_page: &[Fact]) {
    let arrival = |fact: &Fact| ["sink", "destination", "click"].map(|name| fact.field(name).unwrap_or_default().to_owned());
    let of_flow = |fact: &&Fact| std::ptr::eq(fact.kind, &FLOW);
    let taken: BTreeSet<_> = any_page.iter().filter(of_flow).filter(|fact| fact.value == "page.text").map(arrival).collect();
    facts.retain(|fact| {
        let special = of_flow(&fact) && matches!(fact.value.as_str(), "mail.text" | "messenger.text");
        !special || !taken.contains(&arrival(fact))
    });
}

fn field<'e>(event: &'e Event, name: &str) -> &'e str {
    event.data.get(name).and_then(|value| value.as_str()).unwrap_or_default()
}

/// The line of the package's code that did it, from 1.
fn line(event: &Event) -> u32 {
    let line = event.data.get("line").and_then(serde_json::Value::as_u64);
    line.and_then(|line| u32::try_from(line).ok()).unwrap_or(1)
}

fn place(package: &Package, event: &Event) -> Place {
    let file = field(event, "file");
    let before = usize::try_from(line(event)).unwrap_or(1).saturating_sub(1);
    let start = package.bytes(file).and_then(|bytes| match before {
        0 => Some(0),
        _ => memchr::memchr_iter(b'\n', bytes).nth(before - 1).map(|at| at + 1),
    });
    Place { offset: start.and_then(|start| u32::try_from(start).ok()), ..Place::file(file) }
}

/// Where something arrives.
struct Destination {
    /// The host, the program or the other extension; empty for an address out of a fetched document.
    name: String,
    class: &'static str,
    found: &'static str,
}

struct Stated<'s> {
    package: &'s Package,
    scene: &'s Scene,
    declared: Vec<HostPattern>,
    facts: Vec<Fact>,
    seen: BTreeSet<(String, String, String)>,
}

impl Stated<'_> {
    fn destination(&self, how: &str, url: &str) -> Option<Destination> {
        if how == "native" || how == "other-extension" {
            return (!url.is_empty()).then(|| Destination { name: url.to_owned(), class: "native", found: "literal" });
        }
        if authority(url).contains(SERVER_WORD) {
            return Some(Destination { name: String::new(), class: "dead-drop", found: "fetched" });
        }
        let host = host::of_url(url)?;
        // Data may be part of the name that is looked up.
        let name = host.split_once('.').filter(|(first, _)| !canaries::canaries(first).is_empty());
        let name = name.map_or(host.clone(), |(_, rest)| format!("*.{rest}"));
        let stands = self.package.holds_text(name.trim_start_matches("*."));
        let class = host::contact_class(url, &[&self.scene.url], &self.declared);
        Some(Destination { name, class, found: if stands { "literal" } else { "decoded" } })
    }

    /// Something leaves.
    fn sink(&mut self, event: &Event, pieces: &mut BTreeMap<(String, String), Pieces>) {
        let (how, url, world) = (field(event, "how"), field(event, "url"), field(event, "world"));
        let Some(to) = self.destination(how, url) else { return };
        if !to.name.is_empty() && to.class != "native" && self.first("", how, &to.name) {
            let fact = Fact::new(&CONTACT, &to.name).with("url", short(url)).with("method", how);
            self.facts.push(
                fact.with("world", word(world)).with("class", to.class).via(Via::Emulated).at(place(self.package, event)),
            );
        }
        let sent = format!("{url} {}", field(event, "body"));
        let sent = Sent::new(&sent);
        let whole = sent.canaries();
        let split = pieces.entry((how.to_owned(), to.name.clone())).or_default().add(&sent);
        for canary in whole.into_iter().chain(split) {
            self.arrival(canary, event, how, &to);
        }
    }

    /// What a canary stands for has arrived.
    fn arrival(&mut self, canary: &Canary, event: &Event, how: &str, to: &Destination) {
        let (source, world) = (canary.source(&self.scene.text), field(event, "world"));
        if !self.first(source, how, &to.name) {
            return;
        }
        let named = if to.name.is_empty() { "an address out of a fetched document" } else { &to.name };
        let what = format!("in the sealed worker, what stood for {source} arrived at {named} by {how}");
        let fact = Fact::new(&FLOW, source)
            .with("sink", how)
            .with("destination", &to.name)
            .with("url", short(field(event, "url")))
            .with("class", to.class)
            .with("service", flows::service(&to.name, field(event, "url")))
            .with("found", to.found)
            .with("click", field(event, "asked"))
            .with("provider", &self.scene.name)
            .with("world", word(world))
            .with("sink_world", word(world));
        let step = Step { file: field(event, "file").to_owned(), line: line(event), what, world: word(world).to_owned() };
        self.facts.push(fact.via(Via::Emulated).at(place(self.package, event)).steps(vec![step]));
    }

    /// Text from a server becomes code.
    fn code(&mut self, event: &Event) {
        let (how, text) = (field(event, "how"), field(event, "text"));
        let address = text.starts_with("http://") || text.starts_with("https://");
        if !address && !text.contains(SERVER_WORD) {
            return;
        }
        let host = if address { host::of_url(text).unwrap_or_default() } else { String::new() };
        if self.first("code", how, &host) {
            let class = if address { host::contact_class(text, &[&self.scene.url], &self.declared) } else { "unknown" };
            let fact = Fact::new(&REMOTE_CODE, how).with("origin", "network").with("host", &host).with("class", class);
            self.facts.push(fact.with("world", word(field(event, "world"))).via(Via::Emulated).at(place(self.package, event)));
        }
    }

    fn first(&mut self, what: &str, how: &str, to: &str) -> bool {
        self.seen.insert((what.to_owned(), how.to_owned(), to.to_owned()))
    }
}

/// The part of an address that names the server.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// The stand-ins' name of a world in the words of the facts.
fn word(world: &str) -> &str {
    if world == "page" { "content" } else { world }
}

/// The beginning of an address: what follows may be megabytes of canaries.
fn short(url: &str) -> String {
    url.chars().take(200).collect()
}

fn declared(extension: &Extension) -> Vec<HostPattern> {
    let Some(manifest) = &extension.manifest else { return Vec::new() };
    let homepage = manifest.homepage_url.as_deref().and_then(host::of_url).map(|host| format!("*://*.{host}/*"));
    manifest.host_permissions.iter().chain(homepage.iter()).filter_map(|pattern| HostPattern::parse(pattern)).collect()
}
