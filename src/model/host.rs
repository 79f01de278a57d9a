//! Host names and host patterns: what a pattern covers, how broad it is, and which well-known services are behind it.
//!
//! The services are data (`hosts.toml`); this module asks that table through [`classify`],
//! [`pattern_classes`], [`is_foreign`] and [`contact_class`].

mod known;

use std::net::IpAddr;

pub use known::{Class, HostClass, classify, classify_url, is_foreign, is_foreign_url, owner, pattern_classes, same_owner};

/// How many sites a pattern covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breadth {
    /// One host.
    Host,
    /// A domain with its sub-domains.
    Domain,
    /// Every domain under a public suffix: `*.com`, `*.co.kr`, `*.github.io`.
    Tld,
    /// Every site.
    All,
}

impl Breadth {
    /// The word in facts and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Breadth::Host => "host",
            Breadth::Domain => "domain",
            Breadth::Tld => "tld",
            Breadth::All => "all",
        }
    }
}

/// A match pattern: scheme, host, path, as in `*://*.example.com/*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    text: String,
    scheme: String,
    host: HostPart,
    path: String,
}

/// The host of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPart {
    /// `*`: every host.
    Any,
    /// `*.example.com`: the domain and all below it.
    Below(String),
    /// `example.com`.
    Exact(String),
    /// `file:///*` and the like have none.
    None,
}

impl HostPattern {
    /// Reads a pattern. The path may be missing, as in policies. `None` for what the browser would not take as a pattern.
    pub fn parse(text: &str) -> Option<HostPattern> {
        let text = text.trim();
        if text == "<all_urls>" {
            return Some(HostPattern { text: text.into(), scheme: "*".into(), host: HostPart::Any, path: "/*".into() });
        }
        let (scheme, rest) = text.split_once("://")?;
        let is_scheme = scheme == "*" || scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'));
        if scheme.is_empty() || !is_scheme {
            return None;
        }
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at_checked(slash)?,
            None => (rest, ""),
        };
        let host = host_part(&scheme.to_ascii_lowercase(), authority)?;
        Some(HostPattern { text: text.into(), scheme: scheme.to_ascii_lowercase(), host, path: path.into() })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `*`, `https`, `file`, ...
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The path, often `/*`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host, or the domain behind `*.`; `None` where every host is meant, or none.
    pub fn host(&self) -> Option<&str> {
        match &self.host {
            HostPart::Below(host) | HostPart::Exact(host) => Some(host),
            HostPart::Any | HostPart::None => None,
        }
    }

    /// Whether sub-domains of [`HostPattern::host`] are meant too.
    pub fn with_subdomains(&self) -> bool {
        matches!(self.host, HostPart::Below(_))
    }

    /// Whether pages of this host match, by some scheme.
    pub fn contains(&self, host: &str) -> bool {
        let Some(host) = normalise(host) else { return false };
        match &self.host {
            HostPart::Any => true,
            HostPart::Exact(exact) => *exact == host,
            HostPart::Below(domain) => is_below(&host, domain),
            HostPart::None => false,
        }
    }

    /// How many sites it covers. Only web pages count: every page of `chrome://` or every file is one host.
    pub fn breadth(&self) -> Breadth {
        match &self.host {
            HostPart::Any if matches!(self.scheme.as_str(), "*" | "http" | "https" | "ws" | "wss") => Breadth::All,
            HostPart::Below(domain) if is_public_suffix(domain) => Breadth::Tld,
            HostPart::Below(_) => Breadth::Domain,
            _ => Breadth::Host,
        }
    }
}

/// The host of a pattern; `None` where it is not allowed.
fn host_part(scheme: &str, authority: &str) -> Option<HostPart> {
    if scheme == "file" {
        return Some(HostPart::None);
    }
    let host = without_port(authority);
    match host.strip_prefix("*.") {
        _ if host == "*" => Some(HostPart::Any),
        Some(domain) => Some(HostPart::Below(normalise(domain)?)),
        None => Some(HostPart::Exact(normalise(host)?)),
    }
}

/// The host of `host:port`; an address in brackets keeps its colons.
fn without_port(authority: &str) -> &str {
    if let Some(end) = authority.rfind(']') {
        return authority.get(..=end).unwrap_or(authority);
    }
    authority.split_once(':').map_or(authority, |(host, _)| host)
}

/// Whether `host` is `domain` or below it; both normalised.
pub fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A host name as the browser compares it: lower case, punycode, no dots at either end. `None` for what is no host name.
pub fn normalise(host: &str) -> Option<String> {
    let host = host.trim_matches('.');
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if host.is_empty() || host.len() > 1_024 {
        return None;
    }
    if host.bytes().all(plain) && !host.ends_with(|c: char| c.is_ascii_digit()) {
        return Some(host.to_ascii_lowercase());
    }
    if host.bytes().any(|b| b.is_ascii() && !plain(b) && !matches!(b, b'[' | b':' | b']')) {
        return None;
    }
    // Names in other scripts, and addresses in all the ways of writing them (0x7f.1, 2130706433).
    url::Host::parse(host).ok().map(|host| host.to_string())
}

/// The host of an address such as `https://user@mail.example:443/x`; also of one without a scheme (`//mail.example/x`).
pub fn of_url(address: &str) -> Option<String> {
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    normalise(without_port(authority))
}

/// The domain that somebody registered: `mail.google.com` to `google.com`, `a.b.co.kr` to `b.co.kr`, `x.github.io` to itself.
/// An address of numbers, a public suffix or a single word is returned as it is.
pub fn registrable_domain(host: &str) -> &str {
    if is_ip(host) {
        return host;
    }
    psl::domain_str(host).unwrap_or(host)
}

/// The part of a host that registries or hosting companies give out below: `com`, `co.kr`, `github.io`.
pub fn public_suffix(host: &str) -> Option<&str> {
    if is_ip(host) { None } else { psl::suffix_str(host) }
}

/// Whether the whole host is such a part.
pub fn is_public_suffix(host: &str) -> bool {
    public_suffix(host).is_some_and(|suffix| suffix.len() == host.len())
}

/// Whether the host is an address of numbers.
pub fn is_ip(host: &str) -> bool {
    address(host).is_some()
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether the host is this machine or its own network: loopback, private ranges, names without a dot, `.local`.
pub fn is_local(host: &str) -> bool {
    match address(host) {
        Some(IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified(),
        Some(IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
        None => {
            let names = ["localhost", "local", "internal", "lan", "home.arpa", "localdomain", "intranet", "test"];
            !host.is_empty() && (!host.contains('.') || names.iter().any(|name| is_below(host, name)))
        }
    }
}

/// Destinations that belong neither to the service whose data it is nor to the extension, as far as it says, nor to this machine:
/// `stranger` in rules. Whatever [`contact_class`] may say of such a place stands here, and rules need not know the list.
pub const STRANGERS: &[&str] = &["foreign", "free-zone", "raw-ip", "dead-drop", "collector", "code-hosting", "tunnel"];

/// What kind of destination a host is, in the words of the facts `contact` and `flow`: `local`, `raw-ip`, `provider`, `store`,
/// `declared`, `dead-drop`, `collector`, `code-hosting`, `tunnel`, `free-zone`, else `foreign`.
///
/// `pages` are the providers or hosts of the pages that the code works on: a host of the same owner is `provider`. `declared`
/// are the hosts that the extension says it talks to; patterns broader than a domain declare nothing.
pub fn contact_class(address: &str, pages: &[&str], declared: &[HostPattern]) -> &'static str {
    let Some(host) = of_url(address) else { return "foreign" };
    if is_local(&host) {
        return "local";
    }
    if is_ip(&host) {
        return "raw-ip";
    }
    if pages.iter().any(|page| !is_foreign_url(address, page)) {
        return "provider";
    }
    let class = classify_url(address).map(|known| known.class);
    match class.and_then(Class::contact_word) {
        // Naming a place where anybody may publish does not make it one's own.
        Some(word) if word != "store" => word,
        other => {
            let is_declared = |p: &HostPattern| p.breadth() <= Breadth::Domain && p.contains(&host);
            other.unwrap_or(if declared.iter().any(is_declared) { "declared" } else { "foreign" })
        }
    }
}

/// The services whose pages are worth a look-alike, among those that `pages` name, where `to` is none of their own hosts; each with
/// the host that it is.
///
/// `pages` are addresses, patterns, filters of network rules and hosts; `to` is an address or a host. A social network counts where its login is named: there
/// are other front ends for what it shows, and people have themselves led there.
pub fn led_elsewhere<'t>(pages: impl Iterator<Item = &'t str>, to: &str) -> Vec<(String, &'static str)> {
    let mut services = Vec::new();
    let host = of_url(to).or_else(|| of_url(&format!("https://{to}/"))).filter(|host| host.contains('.'));
    let Some(to) = host else { return Vec::new() };
    if is_local(&to) || classify(&to).is_some_and(|known| known.class.is_worth_stealing()) {
        return Vec::new();
    }
    for page in pages {
        let page = page.replace('\\', "").to_ascii_lowercase();
        let says_login = ["login", "signin", "sign-in", "sign_in", "logon", "password"].iter().any(|word| page.contains(word));
        let hosts =
            page.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-')).filter(|part| part.contains('.'));
        for known in hosts.filter_map(|host| classify(host.trim_matches('.'))) {
            let worth = match known.class {
                Class::Mail | Class::Login | Class::Identity | Class::Vault | Class::Bank | Class::Payment => true,
                Class::Wallet | Class::Exchange => true,
                Class::Messenger | Class::Meeting | Class::Social | Class::Advertising => says_login,
                _ => false,
            };
            if worth && is_foreign(&to, known.provider) && !services.contains(&known.provider) {
                services.push(known.provider);
            }
        }
    }
    services.into_iter().map(|service| (to.clone(), service)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> HostPattern {
        HostPattern::parse(text).unwrap()
    }

    #[test]
    fn breadth_is_measured_by_who_owns_what() {
        for (text, breadth) in [
            ("<all_urls>", Breadth::All),
            ("*://*/*", Breadth::All),
            ("https://*/*", Breadth::All),
            ("http://*:8080/*", Breadth::All),
            ("*://*.com/*", Breadth::Tld),
            ("https://*.co.kr/*", Breadth::Tld),
            ("https://*.github.io/*", Breadth::Tld),
            ("https://*.google.com/*", Breadth::Domain),
            ("https://*.mail.google.com/*", Breadth::Domain),
            ("https://mail.google.com/*", Breadth::Host),
            ("https://127.0.0.1:8080/*", Breadth::Host),
            ("https://[::1]/*", Breadth::Host),
            ("file:///*", Breadth::Host),
            ("chrome://favicon/*", Breadth::Host),
        ] {
            assert_eq!(pattern(text).breadth(), breadth, "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for text in ["tabs", "", "https://", "://x/", "https://a*b.com/*", "https://*.*.com/*", "ht tp://x/", "https://a b/*"] {
            assert_eq!(HostPattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn containment() {
        assert!(pattern("*://*.naver.com/*").contains("mail.naver.com"));
        assert!(pattern("*://*.naver.com/*").contains("NAVER.com."));
        assert!(!pattern("*://*.naver.com/*").contains("notnaver.com"));
        assert!(!pattern("https://naver.com/*").contains("mail.naver.com"));
        assert!(pattern("<all_urls>").contains("anything.example"));
        assert!(!pattern("<all_urls>").contains(""));
        assert!(!pattern("file:///*").contains("x"));
        assert!(pattern("https://*.münchen.example/*").contains("xn--mnchen-3ya.example"));
    }

    #[test]
    fn domains_and_addresses() {
        assert_eq!(registrable_domain("mail.google.com"), "google.com");
        assert_eq!(registrable_domain("a.b.co.kr"), "b.co.kr");
        assert_eq!(registrable_domain("10.0.0.1"), "10.0.0.1");
        assert_eq!(registrable_domain("localhost"), "localhost");
        assert_eq!(registrable_domain("c2.collector.invalid"), "collector.invalid");
        assert_eq!(of_url("https://user:pw@Mail.Example.com:8443/x?y#z").as_deref(), Some("mail.example.com"));
        assert_eq!(of_url("//cdn.example/x.js").as_deref(), Some("cdn.example"));
        assert_eq!(of_url("http://2130706433/").as_deref(), Some("127.0.0.1"));
        assert_eq!(of_url("http://[::1]:80/").as_deref(), Some("[::1]"));
        assert_eq!(of_url("http:///"), None);
        for local in ["localhost", "127.0.0.1", "10.1.2.3", "192.168.0.1", "[::1]", "router.lan", "server", "x.local"] {
            assert!(is_local(local), "{local}");
        }
        assert!(!is_local("8.8.8.8") && is_ip("8.8.8.8") && !is_ip("a.b") && is_ip("[2001:db8::1]"));
    }

    #[test]
    fn destinations_have_a_word() {
        let declared = [pattern("https://*.honest.example/*"), pattern("<all_urls>"), pattern("https://*.r-e.kr/*")];
        for (address, word) in [
            ("http://localhost:3000", "local"),
            ("http://203.0.113.7/x", "raw-ip"),
            ("https://www.googleapis.com/gmail/v1/x", "provider"),
            ("https://script.google.com/macros/s/x/exec", "collector"),
            ("https://docs.google.com/forms/d/e/x/formResponse", "collector"),
            ("https://clients2.google.com/service/update2/crx", "provider"),
            ("https://edge.microsoft.com/x", "store"),
            ("https://api.honest.example/v1", "declared"),
            ("https://ney.r-e.kr/x", "free-zone"),
            ("https://x.blogspot.com/", "dead-drop"),
            ("https://raw.githubusercontent.com/a/b", "code-hosting"),
            ("https://x.ngrok-free.app", "tunnel"),
            ("https://collector.invalid/", "foreign"),
            ("https://x.duckdns.org/", "free-zone"),
        ] {
            assert_eq!(contact_class(address, &["gmail"], &declared), word, "{address}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in ".{0,40}", host in "[a-z.*:\\[\\]0-9%@/]{0,24}") {
            for text in [text.as_str(), host.as_str(), &format!("https://{host}/{text}"), &format!("*://*.{host}/*")] {
                if let Some(pattern) = HostPattern::parse(text) {
                    let _ = (pattern.breadth(), pattern.contains(&host), pattern_classes(&pattern));
                }
                let _ = (classify(text), classify_url(text), owner(text), registrable_domain(text), is_local(text));
                let _ = (contact_class(text, &[&host, "gmail"], &[]), is_foreign_url(text, &host), crate::model::store::of_address(text));
                let _ = (crate::model::csp::weaknesses(text), crate::model::path::page(text), crate::model::path::file(text));
            }
        }
    }
}
