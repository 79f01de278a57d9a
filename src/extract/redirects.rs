//! Pages of a service that are led to another host, by code or by a rule of the browser's: how a login page is replaced by a
//! look-alike without a trace in the page.

use serde_json::Value;

use super::calls::place;
use super::{Fact, FactKind, FactSet, Field, Subject};
use crate::model::host::{contact_class, led_elsewhere};

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

/// Facts that code, or the rules of one file, may make.
pub(super) const LED_LIMIT: usize = 50;

/// States what code leads elsewhere.
pub(super) fn of_code(subject: &Subject<'_>, facts: &mut FactSet) {
    let notes = subject.scripts.iter().flat_map(|analysis| &analysis.notes);
    for note in notes.filter(|note| note.kind == LED_ELSEWHERE.name).take(LED_LIMIT) {
        facts.push(fact(&note.value, &note.detail, "request").at(place(&note.spot)));
    }
}

fn fact(host: &str, service: &str, how: &str) -> Fact {
    let class = contact_class(&format!("https://{host}/"), &[], &[]);
    Fact::new(&LED_ELSEWHERE, host).with("service", service).with("how", how).with("class", class)
}

/// What a static network rule leads elsewhere, for each service.
pub(super) fn of_rule(rule: &Value) -> Vec<Fact> {
    let text = |pointer: &str| rule.pointer(pointer).and_then(Value::as_str);
    let leads = ["/action/redirect/url", "/action/redirect/regexSubstitution", "/action/redirect/transform/host"];
    let Some(to) = leads.into_iter().find_map(text) else { return Vec::new() };
    let filters = ["/condition/urlFilter", "/condition/regexFilter"].into_iter().filter_map(text);
    let domains = ["/condition/requestDomains", "/condition/domains"].into_iter().filter_map(|pointer| rule.pointer(pointer));
    let domains = domains.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    let led = led_elsewhere(filters.chain(domains), to);
    led.into_iter().map(|(host, service)| fact(&host, service, "rule")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_page_that_is_led_elsewhere_is_told_from_a_front_end() {
        let led = |filter: &str, to: &str| {
            let action = serde_json::json!({ "type": "redirect", "redirect": { "url": to } });
            let facts = of_rule(&serde_json::json!({ "action": action, "condition": { "urlFilter": filter } }));
            let shown = |fact: Fact| (fact.value.clone(), fact.field("service").unwrap_or_default().to_owned());
            facts.into_iter().map(shown).collect::<Vec<_>>()
        };
        let google = [("sign-in.invalid".to_owned(), "google".to_owned())];
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
