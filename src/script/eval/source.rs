//! Which objects of the browser are sources, and what of a person they hold.

use super::super::analysis::World;
use super::super::ir::Expr;
use super::super::program::At;
use super::super::table::By;
use super::host::{MAIL_MARKUP, MESSAGE_MARKUP, OWN_FILES};
use super::pages::known_host;
use super::{Atom, Ctx, Engine, HOLE, Origin};
use crate::model::host::{self, Class};

/// A message of a server to the page itself, in words.
pub(super) const PUSHED: &str = "reads what a server sends to the page itself";
/// What the page itself was answered, where that is caught.
pub(super) const HOOKED_BODY: &str = "page-hook.body";

impl Engine<'_, '_> {
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
            Some(By::Hook) => {
                if let Some(whose) = self.hooked(at) {
                    (kind, provider) = (HOOKED_BODY.to_owned(), whose);
                    words = PUSHED.to_owned();
                }
            }
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
                let (by_address, whose, step) = self.fetched_kind(at, site, path)?;
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
            if let Some(kind) = kind_by_words(&words) {
                return kind;
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
        // Patterns such as `*.google.com` cover a login among everything else.
        let is_for_logins = pages.signs_in && pages.social.is_empty() && pages.other.is_empty();
        if is_for_logins && !pages.broad {
            return "login.password".to_owned();
        }
        // form.elements, one after the other.
        let all = words.iter().any(|word| word == "elements");
        if all { "form.whole".to_owned() } else { otherwise.to_owned() }
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
                Expr::Member { name, .. } | Expr::Global(name) => {
                    self.text(name).strip_prefix("on").map(str::to_owned).into_iter().collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// What the body of an answer is: the provider's feed or attachment, the page's own request, or just something fetched; nothing
    /// where it is a file of the extension's own.
    fn fetched_kind(&mut self, at: At, site: Option<(At, Ctx)>, path: &str) -> Option<(String, String, String)> {
        let world = self.world(at);
        let addresses = self.fetched_addresses(site, path);
        if let Some(provider) = self.hooked(at) {
            return Some((HOOKED_BODY.to_owned(), provider, "reads the answer to a request of the page itself".to_owned()));
        }
        if self.holds_picture(site) {
            return Some(("screen".to_owned(), String::new(), "turns the picture into bytes".to_owned()));
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
                return Some(("mail.feed".to_owned(), provider, "reads the mail feed with the person's session".to_owned()));
            }
            if says(&["attid", "view=att", "attach", "download", "disp=safe", "getattachment"]) {
                return Some((
                    "mail.attachment".to_owned(),
                    provider,
                    "fetches a mail's attachment with the person's session".to_owned(),
                ));
            }
            return Some(("mail.text".to_owned(), provider, "fetches mail with the person's session".to_owned()));
        }
        // An address that a mail page itself holds is a message's or an attachment's.
        if world.in_pages()
            && self.address_from_page(site)
            && let Some(provider) = self.pages(at.inst).mail.first()
        {
            let provider = (*provider).to_owned();
            return Some(("mail.attachment".to_owned(), provider, "fetches what a mail page links to".to_owned()));
        }
        // What lies in the package was shipped with the code that reads it.
        if !addresses.is_empty() && addresses.iter().all(|address| is_own_file(address, world)) {
            return None;
        }
        let from = addresses.iter().find_map(|address| host::of_url(address)).unwrap_or_default();
        let words = if from.is_empty() { "fetches it".to_owned() } else { format!("fetches it from {from}") };
        Some(("fetched".to_owned(), from, words))
    }

    /// Whose the page is, where a script has put itself in the place of the page's own functions.
    pub(super) fn hooked(&mut self, at: At) -> Option<String> {
        if self.world(at) != World::Main || !self.is_hook(at) {
            return None;
        }
        let (kind, provider) = self.pages_kind(at, None);
        Some(if kind == "page.text" { provider } else { provider.split(' ').next().unwrap_or_default().to_owned() })
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

/// Whose text is read where the code says these words, if it is a mail's or a messenger's, and the service.
pub(super) fn kind_by_words(words: &[String]) -> Option<(&'static str, String)> {
    let by_host = words.iter().find_map(|word| match known_host(word) {
        Some((Class::Mail, provider)) => Some(("mail.text", provider.to_owned())),
        Some((Class::Messenger, provider)) => Some(("messenger.text", provider.to_owned())),
        _ => None,
    });
    let says_markup = || words.iter().any(|word| MAIL_MARKUP.iter().any(|markup| word.contains(markup)));
    by_host.or_else(|| says_markup().then(|| ("mail.text", String::new())))
}

/// Whether an address is that of a file of the extension's own: `chrome.runtime.getURL("a.json")`, and in its pages `a.json`.
pub(super) fn is_own_file(address: &str, world: World) -> bool {
    let relative = |address: &str| {
        let first = address.split('/').next().unwrap_or_default();
        !address.starts_with("//") && !first.contains(':') && !first.contains(HOLE)
    };
    address.starts_with(OWN_FILES)
        || !world.in_pages() && world != World::Unreferenced && !address.is_empty() && relative(address)
}
