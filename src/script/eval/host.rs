//! Objects of the browser: paths from a global name, and what type they are.

use std::rc::Rc;

use super::super::analysis::World;
use super::super::ir::Expr;
use super::super::names::Name;
use super::super::program::At;
use super::packaged::PACKAGED;
use super::{Atom, Ctx, Engine, HOLE, Origin, Set, Value};

/// An object of the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    /// Its path, as `taint.toml` writes them; empty for the global object.
    pub path: Name,
    /// The call that made it, or that registered the listener that gets it.
    pub site: Option<(At, Ctx)>,
}

/// What the table says of a path.
#[derive(Clone, Debug)]
pub(super) struct Lead {
    /// The path under its type's name.
    canonical: Name,
    /// Sources that it gives, in the table.
    sources: Rc<[usize]>,
    /// Stands for the page's own address or host.
    own: Option<&'static str>,
    /// Members of it may be known.
    leads: bool,
    /// It holds sources as a whole.
    whole: bool,
}

/// Stands for the host of the page that a script runs in: no such host exists.
pub const OWN_HOST: &str = "own-page.localhost";
/// Stands for the page's own address.
pub const OWN_PAGE: &str = "page://own-page.localhost/";
/// Where addresses of the extension's own files begin.
pub const OWN_FILES: &str = "chrome-extension://self/";

/// Words that only the pages of a mail service have in their markup: class names of open messages.
pub(super) const MAIL_MARKUP: &[&str] = &[
    ".a3s",
    ".ii.gt",
    "h2.hP",
    ".hP",
    "span.gD",
    ".adn.ads",
    "div.nH",
    ".zA",
    "[data-message-id]",
    "[data-legacy-message-id]",
    "[data-thread-perm-id]",
    ".rps_",
    "[aria-label=\"Message body\"]",
    ".mail_view",
    ".mail-message",
    ".msg-body",
    "[data-test-id=\"message-view-body\"]",
    ".msg_content",
    "#readFrame",
    ".mailview",
    ".mail_title",
];

/// Words in the markup of the messages of a social network.
pub(super) const MESSAGE_MARKUP: &[&str] = &["msg", "message", "chat", "conversation", "inbox", "thread"];
/// What gives the window of the background page.
pub(super) const BACKGROUND_PAGES: &[&str] =
    &["chrome.extension.getBackgroundPage()", "chrome.runtime.getBackgroundPage()", "chrome.runtime.getBackgroundPage(0)"];

impl Engine<'_, '_> {
    /// The object of a table entry.
    pub fn host(&self, id: u32) -> Host {
        self.hosts.get(id as usize).copied().unwrap_or(Host { path: Name::EMPTY, site: None })
    }

    /// The path of an object.
    pub fn host_path(&self, id: u32) -> &str {
        self.text(self.host(id).path)
    }

    pub(super) fn host_atom(&mut self, host: Host) -> Atom {
        if let Some(&id) = self.host_ids.get(&host) {
            return Atom::Host(id);
        }
        let id = self.hosts.len() as u32;
        self.hosts.push(host);
        self.host_ids.insert(host, id);
        Atom::Host(id)
    }

    /// The object at a path, without looking whether it is a source.
    pub(super) fn host_value(&mut self, path: &str, site: Option<(At, Ctx)>) -> Value {
        let path = self.names.add(path);
        self.host_atom(Host { path, site }).into()
    }

    /// A global name of the browser.
    pub(super) fn global_host(&mut self, name: Name, at: At) -> Value {
        match self.text(name) {
            "window" | "self" | "globalThis" | "top" | "parent" | "frames" | "opener" | "unsafeWindow" => {
                self.host_value("", None)
            }
            "chrome" | "browser" => self.host_value("chrome", None),
            _ => self.reached_at(name, None, at),
        }
    }

    /// What a path leads to: a type, a source, a message, or nothing that is known.
    pub(super) fn reached(&mut self, path: &str, site: Option<(At, Ctx)>, at: At) -> Value {
        let path = self.names.add(path);
        self.reached_at(path, site, at)
    }

    fn reached_at(&mut self, path: Name, site: Option<(At, Ctx)>, at: At) -> Value {
        let Some(lead) = self.lead(path) else { return Value::unknown() };
        let canonical = self.text(lead.canonical).to_owned();
        if let Some(message) = self.channel_of(&canonical, site, at) {
            return message;
        }
        if let Some(recorded) = self.recorded(&canonical, site, at) {
            return recorded;
        }
        if canonical == "Response.json()"
            && let Some(value) = self.packaged(site)
        {
            return value;
        }
        let mut set = Set::new();
        for &source in lead.sources.iter() {
            if let Some(atom) = self.source_at(source, &canonical, site, at) {
                set.add(atom);
            }
        }
        if let Some(own) = lead.own.filter(|_| self.world(at).in_pages()) {
            let own = self.names.add(&format!("{own}{HOLE}"));
            set.add(Atom::Text(own));
            return set.finish();
        }
        if lead.leads {
            // What counts as a whole must be known by a place.
            let site = if lead.whole && site.is_none() { Some((at, 0)) } else { site };
            let host = self.host_atom(Host { path: lead.canonical, site });
            set.add(host);
        } else if set.is_empty() {
            set.add(Atom::Unknown);
        }
        set.finish()
    }

    /// What the table says of a path; `None` for most names of a script: the table does not know them.
    fn lead(&mut self, path: Name) -> Option<Lead> {
        if let Some(known) = self.leads.get(&path) {
            return known.clone();
        }
        let table = self.table;
        let text = self.text(path);
        let canonical = table.canonical(text);
        let mut sources: Rc<[usize]> = table.sources_at(canonical).collect();
        if sources.is_empty() {
            sources = table.sources_at(text).collect();
        }
        let own =
            if table.is_own_address(canonical) { Some(OWN_PAGE) } else { table.is_own_host(canonical).then_some(OWN_HOST) };
        let leads = table.leads(canonical);
        let whole = table.sources_within(canonical).next().is_some();
        let lead = if leads || own.is_some() || !sources.is_empty() {
            let canonical = canonical.to_owned();
            Some(Lead { canonical: self.names.add(&canonical), sources, own, leads, whole })
        } else {
            None
        };
        self.leads.insert(path, lead.clone());
        lead
    }

    /// A member of an object of the browser.
    pub(super) fn host_member(&mut self, id: u32, name: Name, at: At) -> Value {
        let host = self.host(id);
        if host.path == Name::EMPTY {
            return match self.text(name) {
                "window" | "self" | "globalThis" | "top" | "parent" | "frames" => Atom::Host(id).into(),
                _ => self.global(at.inst, name, at),
            };
        }
        if self.text(host.path).starts_with(PACKAGED) {
            return self.packaged_member(host.path, name);
        }
        if BACKGROUND_PAGES.contains(&self.text(host.path)) {
            let value = self.of_background(name);
            if !value.is_empty() {
                return value;
            }
        }
        let path = match self.host_members.get(&(host.path, name)) {
            Some(&path) => path,
            None => {
                let member = self.text(name);
                let base = self.text(host.path);
                // What is written into a made element is read from it again.
                let path = if base.len() > 160 { "?".to_owned() } else { format!("{base}.{member}") };
                let path = self.names.add(&path);
                self.host_members.insert((host.path, name), path);
                path
            }
        };
        if self.is_made(host)
            && !matches!(self.text(name), "src" | "href")
            && self.lead(path).is_some_and(|lead| !lead.sources.is_empty())
        {
            let written = self.written_to_host(id);
            let unit = self.program.instances[at.inst as usize].unit;
            return if self.program.pasting.contains(&unit) { self.with_clipboard(&written, at) } else { written };
        }
        self.reached_at(path, host.site, at)
    }

    /// What a name means in the background page.
    fn of_background(&mut self, name: Name) -> Value {
        let program = self.program;
        let mut set = Set::new();
        for realm in program.realms.iter().filter(|realm| realm.world == World::Background) {
            for &(inst, symbol) in realm.globals.get(&name).into_iter().flatten().take(8) {
                let value = self.symbol(inst, symbol, 0);
                set.extend(&value);
            }
            for &value in realm.implicit.get(&name).into_iter().flatten().take(8) {
                let value = self.eval(value, 0);
                set.extend(&value);
            }
        }
        set.finish()
    }

    /// Whether an element was made by the script itself: what it holds is no page's text.
    fn is_made(&self, host: Host) -> bool {
        host.site.is_some_and(|(site, _)| self.text(host.path) == "Element" && self.makes_element(site))
    }

    /// Whether a call makes an element.
    pub fn makes_element(&self, site: At) -> bool {
        let callee = match self.program.expr(site) {
            Expr::Call { callee, .. } => callee,
            Expr::New { callee, .. } => {
                let callee = self.program.expr(At { inst: site.inst, expr: callee });
                return matches!(callee, Expr::Global(name) | Expr::Member { name, .. } if matches!(self.text(name), "Image" | "Audio" | "Option"));
            }
            _ => return false,
        };
        match self.program.expr(At { inst: site.inst, expr: callee }) {
            Expr::Member { name, .. } => matches!(self.text(name), "createElement" | "createElementNS" | "attachShadow"),
            _ => false,
        }
    }

    /// What is in an element that the script made, where it has the browser paste.
    fn with_clipboard(&mut self, written: &Value, at: At) -> Value {
        let (kind, provider) = (self.names.add("clipboard"), Name::EMPTY);
        let clipboard = self.origin(Origin { kind, at, provider, weak: false }, "has the clipboard pasted, and reads it");
        written.atoms().iter().copied().chain([clipboard]).collect()
    }

    /// What the scripts put into a made element.
    fn written_to_host(&mut self, id: u32) -> Value {
        let mut set = Set::new();
        for member in ["innerHTML", "textContent", "innerText", "value", "innerHtml"] {
            let Some(member) = self.names.find(member) else { continue };
            let value = self.property(Atom::Host(id), member);
            for atom in value.atoms() {
                if !matches!(atom, Atom::Unknown | Atom::Nothing) {
                    set.add(*atom);
                }
            }
        }
        set.add(Atom::Unknown);
        set.finish()
    }

    /// An element of a list of the browser.
    pub(super) fn host_element(&mut self, id: u32, at: At) -> Value {
        let host = self.host(id);
        let base = self.text(host.path);
        if base.starts_with(PACKAGED) {
            return self.packaged_element(host.path);
        }
        let path = if base.ends_with("[]") { base.to_owned() } else { format!("{base}[]") };
        if !self.table.leads(&path) && self.table.canonical(&path) == path {
            return Value::unknown();
        }
        self.reached(&path, host.site, at)
    }
}
