//! Objects of the browser: paths from a global name, what type they are, and which of them are sources.

use std::rc::Rc;

use super::super::analysis::World;
use super::super::ir::{Expr, ExprId, FuncId, Op, UnaryOp};
use super::super::names::Name;
use super::super::program::At;
use super::super::table::By;
use super::{Atom, Ctx, Engine, HOLE, Origin, Set, Value};
use crate::model::host::{self, Class, HostPattern};

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

/// What is known of the pages of a realm.
#[derive(Clone, Debug, Default)]
pub struct RealmFacts {
    /// Providers of mail whose pages are named.
    pub mail: Vec<&'static str>,
    /// Messengers.
    pub messenger: Vec<&'static str>,
    /// Where passwords are typed.
    pub login: Vec<&'static str>,
    /// Social networks: what people write each other there stands beside all the rest.
    pub social: Vec<&'static str>,
    /// Others that are worth stealing from.
    pub other: Vec<&'static str>,
    /// Hosts that are named, with or without a known service.
    pub named: Vec<String>,
    /// Runs on all sites, or all of a country.
    pub broad: bool,
}

/// Stands for the host of the page that a script runs in: no such host exists.
pub const OWN_HOST: &str = "own-page.localhost";
/// Stands for the page's own address.
pub const OWN_PAGE: &str = "page://own-page.localhost/";

/// Words that only the pages of a mail service have in their markup: class names of open messages.
const MAIL_MARKUP: &[&str] = &[
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
const MESSAGE_MARKUP: &[&str] = &["msg", "message", "chat", "conversation", "inbox", "thread"];
/// What gives the window of the background page.
pub(super) const BACKGROUND_PAGES: &[&str] =
    &["chrome.extension.getBackgroundPage()", "chrome.runtime.getBackgroundPage()", "chrome.runtime.getBackgroundPage(0)"];
/// Conditions in a listener that are asked for words.
const MAX_ASKED: usize = 8;
/// Calls around the call that injects a function, which say into which pages.
const MAX_AROUND: usize = 4;

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
            return self.written_to_host(id, name);
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

    /// What the scripts put into a made element.
    fn written_to_host(&mut self, id: u32, _name: Name) -> Value {
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
        let path = if base.ends_with("[]") { base.to_owned() } else { format!("{base}[]") };
        if !self.table.leads(&path) && self.table.canonical(&path) == path {
            return Value::unknown();
        }
        self.reached(&path, host.site, at)
    }

    // --------------------------------------------------------------------------------------------------------- sources

    /// What the pages of each realm are.
    pub(super) fn classify_realms(&self) -> Vec<RealmFacts> {
        self.program
            .realms
            .iter()
            .map(|realm| {
                let mut facts = RealmFacts::default();
                for pattern in &realm.hosts {
                    let Some(pattern) = HostPattern::parse(pattern) else { continue };
                    if pattern.breadth() > host::Breadth::Domain {
                        facts.broad |= pattern.scheme() != "file";
                        continue;
                    }
                    facts.named.extend(pattern.host().map(str::to_owned));
                    for class in host::pattern_classes(&pattern) {
                        facts.note(class.class, class.provider);
                    }
                }
                if facts.broad && facts.named.len() > MANY_SITES {
                    facts.forget_providers();
                }
                facts
            })
            .collect()
    }

    /// What is known of the pages around an instance.
    pub fn pages(&self, inst: u32) -> &RealmFacts {
        let realm = self.program.instances.get(inst as usize).map_or(0, |instance| instance.realm);
        &self.realm_facts[realm as usize]
    }

    /// Where an expression runs: functions that are injected run in pages.
    pub fn world(&self, at: At) -> World {
        if self.is_injected(at) { World::Content } else { self.program.realm(at.inst).world }
    }

    fn is_injected(&self, at: At) -> bool {
        self.injection(at).is_some()
    }

    /// The call that injects the function around a place.
    fn injection(&self, at: At) -> Option<At> {
        if self.injected.is_empty() {
            return None;
        }
        let ir = self.program.ir(at.inst);
        let func = ir.func_of(at.expr);
        let around = |&&(inst, injected, _): &&(u32, FuncId, At)| inst == at.inst && ir.encloses(injected, func);
        self.injected.iter().find(around).map(|&(.., call)| call)
    }

    /// Words that say into which pages the function around a place is injected: those of the call, of the conditions around
    /// it and of the calls that it is a callback of, in lower case.
    fn words_of_injection(&self, at: At) -> Vec<String> {
        let Some(call) = self.injection(at) else { return Vec::new() };
        let ir = self.program.ir(call.inst);
        let mut words = self.condition_words(call);
        let mut seen = 0;
        let mut around = Some(call.expr);
        for _ in 0..MAX_AROUND {
            let Some(expr) = around else { break };
            self.words_in(At { inst: call.inst, expr }, &mut words, 0, &mut seen);
            let func = ir.func_of(expr);
            if func.0 == 0 {
                break;
            }
            around = ir.parent(ir.func(func).expr).filter(|&user| matches!(ir.expr(user), Expr::Call { .. }));
        }
        words.iter_mut().for_each(|word| *word = word.to_lowercase());
        words
    }

    /// Notes a function that is handed to `executeScript`, and the call.
    pub fn inject(&mut self, inst: u32, func: FuncId, call: At) {
        if !self.injected.iter().any(|&(known_inst, known, _)| (known_inst, known) == (inst, func)) {
            self.injected.push((inst, func, call));
        }
    }

    /// The data that a source gives at a place, or nothing where the source does not count there.
    pub(super) fn source_at(&mut self, number: usize, path: &str, site: Option<(At, Ctx)>, at: At) -> Option<Atom> {
        let table = self.table;
        let source = table.sources.get(number)?;
        let world = self.world(at);
        let in_pages = world.in_pages() || world == World::Unreferenced;
        if source.only.is_some() && !in_pages {
            return None;
        }
        let mut kind = source.kind.clone();
        let mut provider = String::new();
        let mut words = source.words.clone();
        let mut weak = source.weak;
        match source.by {
            None => {}
            Some(By::Hosts) => {
                if !in_pages {
                    return None;
                }
                let (by_hosts, whose) = self.pages_kind(at, site);
                provider = whose;
                if kind == "page.text" {
                    match by_hosts {
                        "mail.text" => {
                            kind = "mail.text".to_owned();
                            words = words.replace("the page's", "the mail page's");
                        }
                        "messenger.text" => {
                            kind = "messenger.text".to_owned();
                            words = words.replace("the page's", "the messenger's");
                        }
                        _ => {}
                    }
                } else if kind == "cookie" && !provider.is_empty() {
                    kind = "cookie.identity".to_owned();
                }
            }
            Some(By::Field) => {
                kind = self.field_kind(&kind, at, site);
                if !in_pages {
                    // A person tells the extension itself something.
                    if kind.starts_with("form.") {
                        return None;
                    }
                    kind = format!("own.{kind}");
                }
                words = match kind.as_str() {
                    "login.password" => "reads the password field".to_owned(),
                    "otp.code" => "reads the field of a one-time code".to_owned(),
                    _ => words,
                };
                provider = self.pages(at.inst).login.first().copied().unwrap_or_default().to_owned();
            }
            Some(By::Domain) => {
                let mut words_near = self.words_around(at, site);
                if site.is_some_and(|(site, _)| site == at) {
                    self.words_of_listener(at, &mut words_near);
                }
                let known = words_near.iter().find_map(|word| identity_provider(word));
                if let Some(known) = known {
                    kind = "cookie.identity".to_owned();
                    provider = known.to_owned();
                } else {
                    provider = services(&words_near);
                }
            }
            Some(By::Issuer) => {
                provider = services(&self.words_around(at, site));
                if provider.is_empty() {
                    provider = "google microsoft".to_owned();
                }
            }
            Some(By::Event) => {
                let events = self.event_names(site);
                if !events.iter().any(|event| source.events.contains(event)) {
                    return None;
                }
                // "data" of an input event is text that is typed; of a message it is a message.
                if !in_pages {
                    return None;
                }
            }
            Some(By::Command) => {
                let (call, ctx) = site?;
                let commands = self.argument_texts(call, 1, ctx);
                if !commands.iter().any(|command| source.commands.contains(command)) {
                    return None;
                }
            }
            Some(By::Address) => {
                let (by_address, whose, step) = self.fetched_kind(at, site, path);
                kind = by_address;
                provider = whose;
                words = step;
                weak = false;
            }
        }
        let kind = self.names.add(&kind);
        let provider = self.names.add(&provider);
        Some(self.origin(Origin { kind, at, provider, weak }, &words))
    }

    /// `mail.text`, `messenger.text` or `page.text`, and whose pages they are.
    fn pages_kind(&self, at: At, site: Option<(At, Ctx)>) -> (&'static str, String) {
        let pages = self.pages(at.inst);
        if let Some(provider) = pages.mail.first() {
            return (
                "mail.text",
                pages
                    .mail
                    .iter()
                    .map(|name| (*name).to_owned())
                    .reduce(|a, b| format!("{a} {b}"))
                    .unwrap_or_else(|| (*provider).to_owned()),
            );
        }
        if let Some(provider) = pages.messenger.first() {
            return ("messenger.text", (*provider).to_owned());
        }
        if let Some(provider) = pages.social.first()
            && self.words_around(at, site).iter().any(|word| MESSAGE_MARKUP.iter().any(|markup| word.contains(markup)))
        {
            return ("messenger.text", (*provider).to_owned());
        }
        let other = [&pages.other, &pages.social, &pages.login].into_iter().flatten().next().copied().unwrap_or_default();
        let injected = self.words_of_injection(at);
        if pages.named.is_empty() || pages.broad || !injected.is_empty() {
            // On all pages: the code itself may say which it means.
            let mut words = self.words_around(at, site);
            words.extend(injected);
            for word in &words {
                match known_host(word) {
                    Some((Class::Mail, provider)) => return ("mail.text", provider.to_owned()),
                    Some((Class::Messenger, provider)) => return ("messenger.text", provider.to_owned()),
                    _ => {}
                }
            }
            if words.iter().any(|word| MAIL_MARKUP.iter().any(|markup| word.contains(markup))) {
                return ("mail.text", String::new());
            }
        }
        ("page.text", other.to_owned())
    }

    /// What a field that is read takes, where nothing says more than `otherwise`.
    fn field_kind(&self, otherwise: &str, at: At, site: Option<(At, Ctx)>) -> String {
        let words = self.words_around(at, site);
        let says = |needles: &[&str]| words.iter().any(|word| needles.iter().any(|needle| word.contains(needle)));
        if says(&["password", "passwd", "[type=pass", "pwd", "passwort", "#pass", "_pass", "current-pass"]) {
            return "login.password".to_owned();
        }
        if says(&[
            "one-time-code",
            "otp",
            "totp",
            "2fa",
            "mfa",
            "verification",
            "verifycode",
            "authcode",
            "sms_code",
            "smscode",
        ]) {
            return "otp.code".to_owned();
        }
        let pages = self.pages(at.inst);
        if !pages.login.is_empty() && !pages.broad {
            return "login.password".to_owned();
        }
        // form.elements, one after the other.
        let all = words.iter().any(|word| word == "elements");
        if all { "form.whole".to_owned() } else { otherwise.to_owned() }
    }

    /// Words that say what is read at a place: names and texts in the expression, in the call that made the object, and in
    /// the conditions around, in lower case.
    pub(super) fn words_around(&self, at: At, site: Option<(At, Ctx)>) -> Vec<String> {
        let mut words = Vec::new();
        let mut seen = 0;
        self.words_in(at, &mut words, 0, &mut seen);
        for place in [Some(at), site.map(|(site, _)| site)].into_iter().flatten() {
            if let Some((site, _)) = site.filter(|_| place != at) {
                self.words_in(site, &mut words, 0, &mut seen);
            }
            let ir = self.program.ir(place.inst);
            for guard in ir.guards_at(ir.start(place.expr)).take(8) {
                self.words_of_condition(At { inst: place.inst, expr: guard.test }, guard.negated, &mut words, &mut seen);
            }
        }
        words.iter_mut().for_each(|word| *word = word.to_lowercase());
        words
    }

    /// Words in the conditions around a place, in lower case.
    pub fn condition_words(&self, at: At) -> Vec<String> {
        let mut words = Vec::new();
        let mut seen = 0;
        let ir = self.program.ir(at.inst);
        for guard in ir.guards_at(ir.start(at.expr)).take(12) {
            self.words_of_condition(At { inst: at.inst, expr: guard.test }, guard.negated, &mut words, &mut seen);
        }
        words.iter_mut().for_each(|word| *word = word.to_lowercase());
        words
    }

    /// Words of the parts of a condition that hold where it holds, or where it does not: behind `if (a || !b) return` it is `b`.
    fn words_of_condition(&self, test: At, negated: bool, words: &mut Vec<String>, seen: &mut u32) {
        let sub = |expr: ExprId| At { inst: test.inst, expr };
        match self.program.expr(test) {
            _ if *seen > 120 => {}
            Expr::Unary { op: UnaryOp::Not, value } => self.words_of_condition(sub(value), !negated, words, seen),
            Expr::Binary { op: Op::And | Op::Or, left, right } => {
                *seen += 1;
                self.words_of_condition(sub(left), negated, words, seen);
                self.words_of_condition(sub(right), negated, words, seen);
            }
            Expr::Any(list) => {
                *seen += 1;
                self.program.ir(test.inst).list(list).for_each(|item| self.words_of_condition(sub(item), negated, words, seen));
            }
            _ if negated => {}
            _ => self.words_in(test, words, 0, seen),
        }
    }

    /// Words in the conditions of the functions that are arguments of a call: what a listener asks of what it gets.
    fn words_of_listener(&self, call: At, words: &mut Vec<String>) {
        let ir = self.program.ir(call.inst);
        let Expr::Call { args, .. } = ir.expr(call.expr) else { return };
        let mut seen = 0;
        for func in ir.list(args).filter_map(|arg| match ir.expr(arg) {
            Expr::Function(func) => Some(func),
            _ => None,
        }) {
            let (from, to) = ir.func(func).span;
            let inside = ir.guards.iter().skip_while(|guard| guard.span.0 < from).take_while(|guard| guard.span.0 < to);
            for guard in inside.take(MAX_ASKED) {
                let at = words.len();
                self.words_of_condition(At { inst: call.inst, expr: guard.test }, guard.negated, words, &mut seen);
                words[at..].iter_mut().for_each(|word| *word = word.to_lowercase());
            }
        }
    }

    fn words_in(&self, at: At, words: &mut Vec<String>, depth: u32, seen: &mut u32) {
        *seen += 1;
        if depth > 7 || *seen > 120 {
            return;
        }
        let ir = self.program.ir(at.inst);
        let sub = |expr: ExprId| At { inst: at.inst, expr };
        let depth = depth + 1;
        match ir.expr(at.expr) {
            Expr::Text(name) | Expr::Global(name) => words.push(self.text(name).to_owned()),
            Expr::Regex { pattern, .. } => words.push(self.text(pattern).replace('\\', "")),
            Expr::Member { object, name } => {
                words.push(self.text(name).to_owned());
                self.words_in(sub(object), words, depth, seen);
            }
            Expr::Index { object, index } => {
                self.words_in(sub(object), words, depth, seen);
                self.words_in(sub(index), words, depth, seen);
            }
            Expr::Local(symbol) => {
                if let Some(declared) = ir.symbol(symbol) {
                    words.push(self.text(declared.name).to_owned());
                }
                if let [value] = ir.writes(symbol) {
                    self.words_in(sub(*value), words, depth + 1, seen);
                }
            }
            Expr::Call { callee, args } | Expr::New { callee, args } => {
                self.words_in(sub(callee), words, depth, seen);
                for arg in ir.list(args).take(4) {
                    if !matches!(ir.expr(arg), Expr::Function(_)) {
                        self.words_in(sub(arg), words, depth, seen);
                    }
                }
            }
            Expr::Object { first, count } => {
                for prop in ir.props(first, count).iter().take(8) {
                    self.words_in(sub(prop.value), words, depth, seen);
                }
            }
            Expr::Array(list) | Expr::Any(list) | Expr::Concat(list) => {
                ir.list(list).take(12).for_each(|item| self.words_in(sub(item), words, depth, seen));
            }
            Expr::Binary { left, right, .. } => {
                self.words_in(sub(left), words, depth, seen);
                self.words_in(sub(right), words, depth, seen);
            }
            Expr::Use(value)
            | Expr::Await(value)
            | Expr::Element(value)
            | Expr::Unary { value, .. }
            | Expr::Write { value, .. } => self.words_in(sub(value), words, depth, seen),
            _ => {}
        }
    }

    /// The events that a listener's registration names.
    pub(super) fn event_names(&mut self, site: Option<(At, Ctx)>) -> Vec<String> {
        let Some((site, ctx)) = site else { return Vec::new() };
        match self.program.expr(site) {
            Expr::Call { callee, .. } => {
                // $(...).keydown(f) names it in the method.
                if let Expr::Member { name, .. } = self.program.expr(At { inst: site.inst, expr: callee })
                    && !matches!(self.text(name), "addEventListener" | "on" | "bind" | "delegate")
                {
                    return vec![self.text(name).to_owned()];
                }
                let texts = self.argument_texts(site, 0, ctx);
                texts.iter().flat_map(|text| text.split_whitespace().map(str::to_owned)).collect()
            }
            Expr::Assign { target, .. } => match self.program.expr(At { inst: site.inst, expr: target }) {
                Expr::Member { name, .. } => self.text(name).strip_prefix("on").map(str::to_owned).into_iter().collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// What the body of an answer is: the provider's feed or attachment, the page's own request, or just something fetched.
    fn fetched_kind(&mut self, at: At, site: Option<(At, Ctx)>, path: &str) -> (String, String, String) {
        let world = self.world(at);
        let addresses = self.fetched_addresses(site, path);
        if world == World::Main && self.is_hook(at) {
            let (kind, provider) = self.pages_kind(at, None);
            let provider =
                if kind == "page.text" { provider } else { provider.split(' ').next().unwrap_or_default().to_owned() };
            return ("page-hook.body".to_owned(), provider, "reads the answer to a request of the page itself".to_owned());
        }
        if self.holds_picture(site) {
            return ("screen".to_owned(), String::new(), "turns the picture into bytes".to_owned());
        }
        for address in &addresses {
            let provider = if address.contains("://") || address.starts_with("//") {
                match host::classify_url(address) {
                    Some(known) if known.class == Class::Mail => Some(known.provider.to_owned()),
                    _ => None,
                }
            } else if world.in_pages() {
                // Relative addresses are the page's own.
                self.pages(at.inst).mail.first().map(|name| (*name).to_owned())
            } else {
                None
            };
            let Some(provider) = provider else { continue };
            let lower = address.to_lowercase();
            let says = |needles: &[&str]| needles.iter().any(|needle| lower.contains(needle));
            if says(&["feed/atom", "/feed", "atom/", "rss"]) {
                return ("mail.feed".to_owned(), provider, "reads the mail feed with the person's session".to_owned());
            }
            if says(&["attid", "view=att", "attach", "download", "disp=safe", "getattachment"]) {
                return (
                    "mail.attachment".to_owned(),
                    provider,
                    "fetches a mail's attachment with the person's session".to_owned(),
                );
            }
            return ("mail.text".to_owned(), provider, "fetches mail with the person's session".to_owned());
        }
        // An address that a mail page itself holds is a message's or an attachment's.
        if world.in_pages()
            && self.address_from_page(site)
            && let Some(provider) = self.pages(at.inst).mail.first()
        {
            let provider = (*provider).to_owned();
            return ("mail.attachment".to_owned(), provider, "fetches what a mail page links to".to_owned());
        }
        let from = addresses.iter().find_map(|address| host::of_url(address)).unwrap_or_default();
        let words = if from.is_empty() { "fetches it".to_owned() } else { format!("fetches it from {from}") };
        ("fetched".to_owned(), from, words)
    }

    fn fetched_addresses(&mut self, site: Option<(At, Ctx)>, path: &str) -> Vec<String> {
        let Some((call, ctx)) = site else { return Vec::new() };
        if path.starts_with("XMLHttpRequest") {
            return self.method_argument_texts(call, ctx, "open", 1);
        }
        self.address_texts(call, 0, ctx)
    }

    /// Whether the address of a request is a picture itself: `fetch(dataUrl)`.
    fn holds_picture(&mut self, site: Option<(At, Ctx)>) -> bool {
        let Some((call, ctx)) = site else { return false };
        let value = self.argument(call, 0, ctx);
        value.atoms().iter().any(|atom| match atom {
            Atom::Taint { origin, .. } => self.text(self.origins[*origin as usize].kind) == "screen",
            _ => false,
        })
    }

    fn address_from_page(&mut self, site: Option<(At, Ctx)>) -> bool {
        let Some((call, ctx)) = site else { return false };
        let value = self.argument(call, 0, ctx);
        value.atoms().iter().any(|atom| match atom {
            Atom::Taint { origin, .. } => {
                let kind = self.text(self.origins[*origin as usize].kind);
                kind.ends_with(".text")
            }
            _ => false,
        })
    }

    /// Whether a place lies in a function that takes the place of one of the page's own: `window.fetch = ...`.
    pub(super) fn is_hook(&mut self, at: At) -> bool {
        let ir = self.program.ir(at.inst);
        let mut func = ir.func_of(at.expr);
        while func.0 != 0 {
            if self.takes_the_place(at.inst, func) {
                return true;
            }
            func = ir.func(func).parent;
        }
        false
    }

    /// Whether a function itself takes the place of one of the page's own.
    pub(super) fn takes_the_place(&mut self, inst: u32, func: FuncId) -> bool {
        let ir = self.program.ir(inst);
        let declared = ir.func(func);
        // window.WebSocket = class extends WebSocket {send() {...}}
        let made = declared.class.and_then(|class| ir.classes.get(class.index())).map_or(declared.expr, |class| class.expr);
        let mut up = ir.parent(made);
        for _ in 0..4 {
            let Some(parent) = up else { return false };
            match ir.expr(parent) {
                Expr::Assign { target, .. } => {
                    return match ir.expr(target) {
                        Expr::Global(name) => HOOKED.contains(&self.text(name)),
                        Expr::Member { object, name } if HOOKED.contains(&self.text(name)) => {
                            let object = self.eval(At { inst, expr: object }, 0);
                            object.atoms().iter().any(|atom| matches!(atom, Atom::Host(_) | Atom::Prototype(_) | Atom::Unknown))
                        }
                        _ => false,
                    };
                }
                // new Proxy(fetch, {apply() {...}}), Object.defineProperty(window, "fetch", {value() {...}})
                Expr::New { callee, .. } => {
                    return matches!(ir.expr(callee), Expr::Global(name) if self.text(name) == "Proxy");
                }
                Expr::Object { .. } | Expr::Any(_) | Expr::Use(_) => up = ir.parent(parent),
                Expr::Call { callee, .. } => {
                    return matches!(ir.expr(callee), Expr::Member { name, .. } if self.text(name) == "defineProperty");
                }
                _ => return false,
            }
        }
        false
    }
}

/// Scripts for all pages and beside them for so many sites are for no site in particular, though a mail service is among
/// them: their code has to say that it means mail.
const MANY_SITES: usize = 40;

/// Functions and classes of a page that are worth replacing.
const HOOKED: &[&str] = &[
    "fetch",
    "send",
    "open",
    "XMLHttpRequest",
    "parse",
    "WebSocket",
    "json",
    "text",
    "apply",
    "sendBeacon",
    "postMessage",
    "responseText",
];

impl RealmFacts {
    fn note(&mut self, class: Class, provider: &'static str) {
        let list = match class {
            Class::Mail => &mut self.mail,
            Class::Messenger => &mut self.messenger,
            Class::Login | Class::Identity => &mut self.login,
            Class::Social => &mut self.social,
            class if class.is_worth_stealing() => &mut self.other,
            _ => return,
        };
        if !list.contains(&provider) {
            list.push(provider);
        }
    }

    fn forget_providers(&mut self) {
        for list in [&mut self.mail, &mut self.messenger, &mut self.login, &mut self.social, &mut self.other] {
            list.clear();
        }
    }

    /// All providers whose pages are named.
    pub fn providers(&self) -> impl Iterator<Item = &'static str> + '_ {
        let lists = [&self.mail, &self.messenger, &self.login, &self.social, &self.other];
        lists.into_iter().flatten().copied()
    }
}

/// The host that a word names: an address, a host, or the escaped text of a regular expression.
pub(super) fn known_host(word: &str) -> Option<(Class, &'static str)> {
    if word.len() > 200 || !word.contains('.') {
        return None;
    }
    let host = if word.contains("//") {
        host::of_url(word)?
    } else {
        word.split('/').next()?.trim_matches(['.', '^', '$', '*']).to_owned()
    };
    let known = host::classify(&host)?;
    Some((known.class, known.provider))
}

/// The hosts of the addresses among words, each once, with blanks between.
fn services(words: &[String]) -> String {
    let mut hosts: Vec<String> = Vec::new();
    for host in words.iter().filter(|word| word.contains("://")).filter_map(|word| host::of_url(word)) {
        if host.contains('.') && !hosts.contains(&host) && hosts.len() < 8 {
            hosts.push(host);
        }
    }
    hosts.join(" ")
}

/// The provider of accounts that a word names. In a regular expression it may be one of several: `\.(google|naver)\.com`.
fn identity_provider(word: &str) -> Option<&'static str> {
    if word.len() < 400 && word.contains('|') {
        let parts = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.');
        return parts.filter(|part| part.len() > 3).find_map(|part| {
            let part = part.trim_matches('.');
            if part.contains('.') { identity_provider(part) } else { identity_provider(&format!("{part}.com")) }
        });
    }
    let (class, provider) = known_host(word).or_else(|| {
        // Cookies are often named by the registered domain.
        let host = word.trim_start_matches('.');
        host.contains('.').then(|| host::owner(host)).flatten().map(|owner| (Class::Identity, owner))
    })?;
    class.is_worth_stealing().then_some(provider)
}
