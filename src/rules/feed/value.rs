//! One value of a feed: what it is, and its plain form.

use crate::extract::indicators::IndicatorType;
use crate::model::ExtensionId;
use crate::model::fingerprint::{Fingerprint, FingerprintError};

use super::short;

/// What a text of a feed turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Classified {
    /// A value in its plain form.
    Value(IndicatorType, String),
    /// Nearly a value; what is wrong with it.
    Wrong(String),
    /// Something else.
    Unknown,
}

/// Undoes the habits by which reports make addresses harmless: `hxxps://bad[.]example`.
pub fn refang(text: &str) -> String {
    let mut plain = text.trim().to_owned();
    for (defanged, real) in [
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("[DOT]", "."),
        ("\\.", "."),
        ("[:]", ":"),
        ("[://]", "://"),
        ("[/]", "/"),
        ("[@]", "@"),
    ] {
        if plain.contains(defanged) {
            plain = plain.replace(defanged, real);
        }
    }
    for (defanged, real) in [("hxxp", "http"), ("hXXp", "http"), ("HXXP", "http"), ("h**p", "http"), ("meow", "http")] {
        if let Some(rest) = plain.strip_prefix(defanged)
            && (rest.starts_with("://") || rest.starts_with("s://") || rest.starts_with("S://"))
        {
            plain = format!("{real}{rest}");
        }
    }
    plain
}

/// What a text is: an id, a hash, an address, a host, or none of them.
pub fn classify(text: &str) -> Classified {
    let plain = refang(text);
    let plain = plain.trim_matches(['"', '\'', '`', '<', '>', ' ', '\t']);
    let lower = plain.to_ascii_lowercase();
    if let Some(id) = ExtensionId::parse(&lower) {
        return Classified::Value(IndicatorType::ExtensionId, id.into());
    }
    match lower.parse::<Fingerprint>() {
        Ok(print) => return Classified::Value(IndicatorType::Fingerprint, print.to_string()),
        Err(FingerprintError::Damaged) => return Classified::Wrong(format!("\"{}\" is damaged", short(&lower))),
        Err(FingerprintError::Mark) => {}
    }
    let letters = lower.bytes().all(|byte| (b'a'..=b'p').contains(&byte));
    if letters && (28..=36).contains(&lower.len()) {
        return Classified::Wrong(format!("\"{lower}\" has {} letters, an extension id has 32", lower.len()));
    }
    if lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        match lower.len() {
            64 => return Classified::Value(IndicatorType::Sha256, lower),
            32 | 40 => return Classified::Wrong(format!("\"{lower}\" is an MD5 or SHA-1; only SHA-256 is compared")),
            _ => {}
        }
    }
    if lower.starts_with("http://")
        || lower.starts_with("https://")
        || lower.starts_with("wss://")
        || lower.starts_with("ws://")
    {
        return address(&lower);
    }
    if let Some(host) = host(&lower) {
        return Classified::Value(IndicatorType::Domain, host);
    }
    Classified::Unknown
}

/// An address: the id behind a store's page, a bare host, or a place on it.
fn address(lower: &str) -> Classified {
    let Ok(url) = url::Url::parse(lower) else { return Classified::Wrong(format!("\"{lower}\" is no address")) };
    let Some(host) = url.host_str().and_then(host) else { return Classified::Wrong(format!("\"{lower}\" has no host")) };
    let store = ["chrome.google.com", "chromewebstore.google.com", "microsoftedge.microsoft.com", "addons.opera.com"];
    if store.contains(&host.as_str()) {
        let id = url.path_segments().and_then(|parts| parts.rev().find_map(ExtensionId::parse));
        return match id {
            Some(id) => Classified::Value(IndicatorType::ExtensionId, id.into()),
            None => Classified::Wrong(format!("\"{lower}\" is a store's page without an id")),
        };
    }
    if url.path() == "/" && url.query().is_none() {
        return Classified::Value(IndicatorType::Domain, host);
    }
    Classified::Value(IndicatorType::Url, url.as_str().to_owned())
}

/// A host name or IPv4 address in its plain form.
fn host(text: &str) -> Option<String> {
    let text = text.strip_prefix("*.").unwrap_or(text).trim_end_matches(['.', '/']);
    if let Ok(address) = text.split(':').next().unwrap_or(text).parse::<core::net::Ipv4Addr>() {
        return Some(address.to_string());
    }
    let labels: Vec<&str> = text.split('.').collect();
    let label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last = labels.last().copied().unwrap_or_default();
    let top = last.starts_with("xn--") || (last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic()));
    (labels.len() >= 2 && labels.iter().all(label) && top && text.len() <= 253).then(|| text.to_owned())
}
