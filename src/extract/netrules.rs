//! Static rules of `declarativeNetRequest`: what the extension takes out of pages' answers, and what it keeps from loading.
//!
//! A rule needs no code and no call, so nothing else here would see it. Security headers that are taken away open a page to
//! injected scripts; pages of the store and of security vendors that are blocked cut off help.

use std::collections::BTreeSet;

use serde_json::Value;

use super::redirects::{self, LED_ELSEWHERE, LED_LIMIT};
use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};

/// The extractor of this file.
pub const EXTRACTOR: Extractor = Extractor { name: "netrules", facts: &[&HEADER_RULE, &LED_ELSEWHERE], code: true, run };

/// A rule that weakens or blocks.
pub static HEADER_RULE: FactKind = FactKind {
    name: "header-rule",
    doc: "A static network rule removes a security header, rewrites an identity header, or blocks pages that protect people. \
          Value: the header in lower case, or the blocked place.",
    fields: &[
        Field { name: "action", doc: "remove, set, append, block or redirect" },
        Field { name: "side", doc: "response or request, for headers" },
        Field { name: "class", doc: "security, cookie, identity, store, security-vendor" },
        Field { name: "on", doc: "the hosts or the pattern that the rule is limited to, or nothing" },
        Field { name: "file", doc: "the rule file" },
    ],
};

/// Response headers that protect a page.
const SECURITY: &[&str] = &[
    "content-security-policy",
    "content-security-policy-report-only",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-webkit-csp",
    "x-xss-protection",
];

/// Headers that carry a session.
const COOKIE: &[&str] = &["authorization", "cookie", "set-cookie"];

/// Request headers that say who asks.
const IDENTITY: &[&str] = &["origin", "referer", "sec-fetch-site", "user-agent", "x-forwarded-for"];

/// Places that an honest extension has no reason to block, and what they are.
const PROTECTING: &[(&str, &str)] = &[
    ("chrome.google.com/webstore", "store"),
    ("chromewebstore.google.com", "store"),
    ("microsoftedge.microsoft.com", "store"),
    ("addons.mozilla.org", "store"),
    ("addons.opera.com", "store"),
    ("safebrowsing.google", "security-vendor"),
    ("virustotal.com", "security-vendor"),
    ("malwarebytes.com", "security-vendor"),
    ("kaspersky.com", "security-vendor"),
    ("bitdefender.com", "security-vendor"),
    ("avast.com", "security-vendor"),
    ("ahnlab.com", "security-vendor"),
    ("estsecurity.com", "security-vendor"),
    ("microsoft.com/security", "security-vendor"),
    ("windowsupdate.com", "security-vendor"),
];

/// Rules of one file that are looked at, and facts that they may make.
const RULES_LIMIT: usize = 100_000;
const FACTS_LIMIT: usize = 200;

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    redirects::of_code(subject, facts);
    let Some(manifest) = &subject.extension.manifest else { return };
    for path in &manifest.rule_resources {
        let path = path.trim_start_matches('/');
        let Some(document) = subject.package.bytes(path).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok()) else {
            continue;
        };
        let mut seen = BTreeSet::new();
        let mut led = 0;
        for (index, rule) in document.as_array().into_iter().flatten().take(RULES_LIMIT).enumerate() {
            let place = || Place { pointer: Some(format!("/{index}")), ..Place::file(path) };
            for fact in redirects::of_rule(rule).into_iter().take(LED_LIMIT - led) {
                facts.push(fact.at(place()));
                led += 1;
            }
            for found in read(rule) {
                // Ten thousand rules that strip one header say it once.
                if seen.len() < FACTS_LIMIT && seen.insert((found.value.clone(), found.action.clone(), found.on.clone())) {
                    let fact = Fact::new(&HEADER_RULE, found.value).with("action", found.action).with("class", found.class);
                    let fact = fact.with("side", found.side).with("on", found.on).with("file", path);
                    facts.push(fact.at(place()));
                }
            }
        }
    }
}

/// What one rule does.
struct Found {
    value: String,
    action: String,
    side: &'static str,
    class: &'static str,
    on: String,
}

fn read(rule: &Value) -> Vec<Found> {
    let mut found = Vec::new();
    let action = rule.get("action");
    let kind = action.and_then(|action| action.get("type")).and_then(Value::as_str).unwrap_or_default();
    let condition = rule.get("condition");
    match kind {
        "modifyHeaders" => {
            for (side, key) in [("response", "responseHeaders"), ("request", "requestHeaders")] {
                let headers = action.and_then(|action| action.get(key)).and_then(Value::as_array);
                for header in headers.into_iter().flatten() {
                    let text = |key: &str| header.get(key).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
                    let (name, operation) = (text("header"), text("operation"));
                    let among = |list: &[&str]| list.contains(&name.as_str());
                    let class = if side == "response" && among(SECURITY) {
                        "security"
                    } else if among(COOKIE) {
                        "cookie"
                    } else if side == "request" && among(IDENTITY) {
                        "identity"
                    } else {
                        continue;
                    };
                    found.push(Found { value: name, action: operation, side, class, on: limits(condition) });
                }
            }
        }
        "block" | "redirect" => {
            let filter = pattern(condition);
            let domains: Vec<_> = ["requestDomains", "domains"].iter().flat_map(|key| strings(condition, key)).collect();
            for (place, class) in PROTECTING {
                let host = place.split('/').next().unwrap_or_default();
                let named = filter.contains(place) || domains.iter().any(|domain| domain.trim_start_matches("www.") == host);
                if named {
                    let value = (*place).to_owned();
                    found.push(Found { value, action: kind.to_owned(), side: "", class, on: limits(condition) });
                }
            }
        }
        _ => {}
    }
    found
}

/// The pattern of a condition in plain letters: `urlFilter`, or `regexFilter` without its escapes.
fn pattern(condition: Option<&Value>) -> String {
    let text = |key: &str| condition.and_then(|condition| condition.get(key)).and_then(Value::as_str).unwrap_or_default();
    let filter = text("urlFilter");
    if filter.is_empty() { text("regexFilter").replace('\\', "").to_ascii_lowercase() } else { filter.to_ascii_lowercase() }
}

fn strings<'v>(condition: Option<&'v Value>, key: &str) -> Vec<&'v str> {
    let list = condition.and_then(|condition| condition.get(key)).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).take(50).collect()
}

/// What a rule is limited to, in short.
fn limits(condition: Option<&Value>) -> String {
    let mut limits: Vec<String> = Vec::new();
    let filter = pattern(condition);
    if !filter.is_empty() && filter != "*" {
        limits.push(filter.chars().take(80).collect());
    }
    for key in ["requestDomains", "initiatorDomains", "domains"] {
        limits.extend(strings(condition, key).into_iter().take(5).map(str::to_owned));
    }
    limits.join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::acquire::Package;
    use crate::extract::tests::facts_of;

    #[test]
    fn rules_that_weaken_pages_are_stated() {
        let manifest = br#"{"manifest_version":3,"name":"x","version":"1","declarative_net_request":{"rule_resources":
            [{"id":"a","enabled":true,"path":"rules.json"}]}}"#;
        let rules = br#"[
          {"id":1,"action":{"type":"modifyHeaders","responseHeaders":[{"header":"Content-Security-Policy","operation":"remove"},
            {"header":"X-Frame-Options","operation":"remove"},{"header":"Cache-Control","operation":"set","value":"x"}]},
            "condition":{"urlFilter":"||mail.example","resourceTypes":["main_frame"]}},
          {"id":2,"action":{"type":"block"},"condition":{"regexFilter":"^https://www\\.virustotal\\.com/"}},
          {"id":3,"action":{"type":"block"},"condition":{"requestDomains":["ads.example","chromewebstore.google.com"]}},
          {"id":4,"action":{"type":"block"},"condition":{"urlFilter":"||ads.example^"}},
          {"id":5,"action":{"type":"modifyHeaders","requestHeaders":[{"header":"Cookie","operation":"remove"}]},"condition":{}},
          7, {"action":{"type":"modifyHeaders","responseHeaders":7}}]"#;
        let package = Package::from_memory("x", [("manifest.json", &manifest[..]), ("rules.json", &rules[..])]);
        let facts = facts_of(&EXTRACTOR, &package);
        let seen: Vec<_> = facts
            .of(&HEADER_RULE)
            .map(|fact| [&fact.value, fact.field("action").unwrap(), fact.field("class").unwrap()].join(" "))
            .collect();
        assert_eq!(
            seen,
            [
                "content-security-policy remove security",
                "x-frame-options remove security",
                "virustotal.com block security-vendor",
                "chromewebstore.google.com block store",
                "cookie remove cookie"
            ]
        );
    }
}
