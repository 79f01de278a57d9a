//! Where an address leads.

use super::super::analysis::{ContactClass, World};
use super::super::eval::{HOLE, OWN_HOST, OWN_PAGE};
use crate::model::Manifest;
use crate::model::host::{self, HostPattern};

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The extension itself, this page, data in the address itself: nothing leaves.
    Inside,
    /// The service in whose page the script runs.
    OwnPage,
    /// A host; the address as far as it is known.
    Host(String, String),
    /// Not known.
    Unknown,
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

/// Where an address leads, seen from a world.
pub(super) fn place(address: &str, world: World) -> Place {
    let address = address.trim_start();
    if address.starts_with(OWN_PAGE) {
        return Place::OwnPage;
    }
    if address.is_empty() {
        return Place::Inside;
    }
    if address.starts_with(HOLE) {
        // What begins with something unknown may be anywhere, unless only the scheme is unknown.
        return match address.strip_prefix(HOLE).and_then(|rest| rest.strip_prefix("://")) {
            Some(rest) => authority(rest, address),
            None => Place::Unknown,
        };
    }
    let lower: String = address.chars().take(40).collect::<String>().to_ascii_lowercase();
    if let Some(rest) = address.strip_prefix("//") {
        return authority(rest, address);
    }
    let scheme_end = lower.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')));
    match scheme_end.filter(|&end| lower.as_bytes().get(end) == Some(&b':')) {
        Some(end) => match &lower[..end] {
            "http" | "https" | "ws" | "wss" | "ftp" | "turn" | "stun" | "turns" | "stuns" => {
                let rest = address.get(end + 1..).unwrap_or_default().trim_start_matches(['/', '\\']);
                authority(rest, address)
            }
            _ => Place::Inside,
        },
        // A relative address.
        None if world.in_pages() => Place::OwnPage,
        None => Place::Inside,
    }
}

fn authority(rest: &str, address: &str) -> Place {
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // Something unknown right behind the name is its path.
    let name = authority.trim_end_matches(HOLE);
    // No name begins with a dot: "https://" + host + "/.well-known/x" where the host may be empty.
    if name.is_empty() || name.starts_with('.') {
        return Place::Unknown;
    }
    if name == OWN_HOST {
        return Place::OwnPage;
    }
    if let Some((_, known)) = name.rsplit_once(HOLE) {
        // Data as part of the name.
        let known = known.trim_start_matches('.');
        return match host::normalise(known.split(':').next().unwrap_or(known)).filter(|known| known.contains('.')) {
            Some(known) => Place::Host(format!("*.{known}"), shown(address)),
            None => Place::Unknown,
        };
    }
    match host::of_url(&format!("//{name}")) {
        Some(host) => Place::Host(host, shown(address)),
        None => Place::Unknown,
    }
}

/// An address with what is not known left out at its end, and marked inside.
fn shown(address: &str) -> String {
    address.trim_end_matches(HOLE).replace(HOLE, "\u{2026}").chars().take(400).collect()
}

/// What a host is. `pages` are providers or hosts whose data or pages are meant.
pub(super) fn class(host: &str, url: &str, pages: &[String], declared: &[HostPattern]) -> ContactClass {
    let address = match host.strip_prefix("*.") {
        Some(known) => format!("https://{known}/"),
        None if url.contains("://") => url.replace('\u{2026}', ""),
        None => format!("https://{host}/"),
    };
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    match host::contact_class(&address, &pages, declared) {
        "local" => ContactClass::Local,
        "raw-ip" => ContactClass::RawIp,
        "provider" => ContactClass::Provider,
        "store" => ContactClass::Store,
        "declared" => ContactClass::Declared,
        "dead-drop" => ContactClass::DeadDrop,
        "collector" => ContactClass::Collector,
        "code-hosting" => ContactClass::CodeHosting,
        "tunnel" => ContactClass::Tunnel,
        "free-zone" => ContactClass::FreeZone,
        _ => ContactClass::Foreign,
    }
}

/// What the extension says it talks to: hosts of its permissions, its homepage, its update address.
pub(super) fn declared(manifest: Option<&Manifest>) -> Vec<HostPattern> {
    let Some(manifest) = manifest else { return Vec::new() };
    let mut patterns: Vec<HostPattern> = manifest.host_permissions.iter().filter_map(|text| HostPattern::parse(text)).collect();
    for address in manifest.homepage_url.iter().chain(&manifest.update_url) {
        let Some(host) = host::of_url(address) else { continue };
        let domain = host::registrable_domain(&host);
        patterns.extend(HostPattern::parse(&format!("*://*.{domain}/*")));
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(address: &str) -> String {
        match place(address, World::Background) {
            Place::Host(host, _) => host,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn addresses_lead_to_hosts() {
        assert_eq!(host_of("https://a.invalid/x"), "a.invalid");
        assert_eq!(host_of("https://mail.google.com@a.invalid/x"), "a.invalid");
        assert_eq!(host_of("https:\\\\a.invalid\\x"), "a.invalid");
        assert_eq!(host_of("//a.invalid"), "a.invalid");
        assert_eq!(host_of("WSS://A.invalid:8443/"), "a.invalid");
        assert_eq!(host_of("https://a.invalid\u{fffc}"), "a.invalid");
        assert_eq!(host_of("https://\u{fffc}.a.invalid/"), "*.a.invalid");
        assert_eq!(host_of("https://\u{fffc}/x"), "Unknown");
        assert_eq!(host_of("\u{fffc}/x"), "Unknown");
        assert_eq!(host_of("data:text/plain,x"), "Inside");
        assert_eq!(host_of("/x/y"), "Inside");
        assert_eq!(place("/x", World::Content), Place::OwnPage);
    }
}
