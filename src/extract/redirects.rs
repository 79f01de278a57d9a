//! Pages of a service that are led to another host, by code or by a rule of the browser's: how a login page is replaced by a
//! look-alike without a trace in the page.

use serde_json::Value;

use super::calls::place;
use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::model::host::{self, contact_class, led_elsewhere};

/// The extractor of this file.
pub const EXTRACTOR: Extractor = Extractor { name: "redirects", facts: &[&LED_ELSEWHERE], code: true, run };

/// A service's pages that are led elsewhere.
pub static LED_ELSEWHERE: FactKind = FactKind {
    name: "led-elsewhere",
    doc: "requests for the pages of a mail, login, bank, payment or wallet service are led to another host; that host",
    fields: &[
        Field { name: "service", doc: "whose pages: google, instagram, ..." },
        Field { name: "how", doc: "request where code answers each request, rule where the browser does by a static rule" },
        Field { name: "class", doc: "what the host is, as for flow" },
    ],
};

/// Rules of one file that are looked at, and facts that they may make.
const RULES_LIMIT: usize = 100_000;
const FACTS_LIMIT: usize = 50;

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let fact = |host: &str, service: &str, how: &str| {
        let class = contact_class(&format!("https://{host}/"), &[], &[]);
        Fact::new(&LED_ELSEWHERE, host).with("service", service).with("how", how).with("class", class)
    };
    if let Some(analysis) = subject.scripts {
        for note in analysis.notes.iter().filter(|note| note.kind == "led-elsewhere").take(FACTS_LIMIT) {
            facts.push(fact(&note.value, &note.detail, "request").at(place(&note.spot)));
        }
    }
    let Some(manifest) = &subject.extension.manifest else { return };
    for path in &manifest.rule_resources {
        let path = path.trim_start_matches('/');
        let rules = subject.package.bytes(path).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        let rules = rules.as_ref().and_then(Value::as_array).into_iter().flatten().take(RULES_LIMIT).enumerate();
        let led = rules.flat_map(|(index, rule)| read(rule).into_iter().map(move |found| (index, found)));
        for (index, (host, service)) in led.take(FACTS_LIMIT) {
            facts.push(fact(&host, service, "rule").at(Place { pointer: Some(format!("/{index}")), ..Place::file(path) }));
        }
    }
}

/// The host that a rule leads to, with each service whose pages it leads there.
fn read(rule: &Value) -> Vec<(String, &'static str)> {
    let text = |pointer: &str| rule.pointer(pointer).and_then(Value::as_str);
    let to = ["/action/redirect/url", "/action/redirect/regexSubstitution"].into_iter().find_map(text).and_then(host::of_url);
    let Some(to) = to.or_else(|| text("/action/redirect/transform/host").map(str::to_ascii_lowercase)) else {
        return Vec::new();
    };
    let filters = ["/condition/urlFilter", "/condition/regexFilter"].into_iter().filter_map(text);
    let domains = ["/condition/requestDomains", "/condition/domains"].into_iter().filter_map(|pointer| rule.pointer(pointer));
    let domains = domains.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    let services = led_elsewhere(filters.chain(domains), &to);
    services.into_iter().map(|service| (to.clone(), service)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_page_that_is_led_elsewhere_is_told_from_a_front_end() {
        let led = |filter: &str, to: &str| {
            let action = serde_json::json!({ "type": "redirect", "redirect": { "url": to } });
            read(&serde_json::json!({ "action": action, "condition": { "urlFilter": filter } }))
        };
        let google = [("sign-in.invalid".to_owned(), "google")];
        assert_eq!(led("||accounts.google.com^", "https://sign-in.invalid/"), google);
        assert_eq!(led("|https://accounts.google.com/v3/*", "https://sign-in.invalid/?x"), google);
        assert!(!led("https://www.instagram.com/accounts/login/", "https://in.invalid/").is_empty());
        for (filter, to) in [
            ("||accounts.google.com^", "https://myaccount.google.com/"),
            ("||twitter.com^", "https://nitter.invalid/"),
            ("||www.instagram.com^", "https://pictures.invalid/"),
            ("||example.com^", "https://other.invalid/"),
            ("*", "https://other.invalid/"),
        ] {
            assert_eq!(led(filter, to), [], "{filter} to {to}");
        }
    }
}
