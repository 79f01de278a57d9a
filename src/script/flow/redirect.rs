//! Pages of a service that are led to another host: a login page that is replaced by a look-alike.

use super::super::analysis::Note;
use super::super::eval::Value;
use super::super::program::At;
use super::Examiner;
use crate::model::host::led_elsewhere;

/// Calls that let code answer a request with another address.
const ANSWERING: &[&str] = &[
    "chrome.webRequest.onBeforeRequest.addListener",
    "chrome.webRequest.onBeforeSendHeaders.addListener",
    "chrome.webRequest.onHeadersReceived.addListener",
];

/// Calls that give the browser rules by which it does so itself.
const RULING: &[&str] = &["chrome.declarativeNetRequest.updateDynamicRules", "chrome.declarativeNetRequest.updateSessionRules"];

/// Members of a rule that say which requests it is for.
const LIMITS: &[&str] = &["urlFilter", "regexFilter", "requestDomains", "domains"];

/// Members of a rule that say where they are led.
const LEADS: &[&str] = &["url", "regexSubstitution", "host"];

impl Examiner<'_, '_, '_> {
    /// States which services' pages are led elsewhere.
    pub(super) fn redirects(&mut self) {
        for used in self.uses.clone() {
            let call = used.call;
            if ANSWERING.contains(&used.path.as_str()) {
                let filter = self.engine.argument(call, 1, 0);
                let mut pages = self.named_in(&filter, &["urls"], call);
                let listener = self.engine.argument(call, 0, 0);
                let answer = self.engine.returned_by(&listener);
                for at in answer.atoms().iter().filter_map(|atom| atom.site()) {
                    pages.extend(self.engine.condition_words(at));
                }
                let leads = self.named_in(&answer, &["redirectUrl"], call);
                self.led(&pages, &leads, call);
            } else if RULING.contains(&used.path.as_str()) {
                let rules = self.engine.argument(call, 0, 0);
                let rules = self.engine.members_named(&rules, "addRules", call);
                let rules = self.engine.elements_of(&rules, call);
                for rule in rules.atoms().to_vec() {
                    let rule = Value::from(rule);
                    let condition = self.engine.members_named(&rule, "condition", call);
                    let action = self.engine.members_named(&rule, "redirect", call);
                    let (pages, leads) = (self.named_in(&condition, LIMITS, call), self.named_in(&action, LEADS, call));
                    self.led(&pages, &leads, call);
                }
            }
        }
    }

    /// The texts of members of a value, of lists in them too.
    fn named_in(&mut self, value: &Value, members: &[&str], at: At) -> Vec<String> {
        let mut texts = Vec::new();
        for member in members {
            let found = self.engine.members_named(value, member, at);
            let inner = self.engine.elements_of(&found, at);
            let found = found.texts().chain(inner.texts()).map(|name| self.engine.text(name).to_owned());
            texts.extend(found.collect::<Vec<_>>());
        }
        texts
    }

    fn led(&mut self, pages: &[String], leads: &[String], at: At) {
        for (host, service) in leads.iter().flat_map(|to| led_elsewhere(pages.iter().map(String::as_str), to)) {
            let spot = self.spot(at);
            let detail = service.to_owned();
            self.found.notes.push(Note { kind: "led-elsewhere", value: host, detail, steps: Vec::new(), spot });
        }
    }
}
