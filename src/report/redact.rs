//! Takes what names a person out of a report before any form is made of it: user and host names, names and accounts of
//! profiles, home folders, mail addresses, wherever in the report they stand.

use std::sync::LazyLock;

use regex::{NoExpand, Regex};
use serde_json::Value;

use super::Report;

/// A home folder of any system, up to the person's own part.
static HOME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)((?:[a-z]:)?[/\\]+(?:home|users|documents and settings)[/\\]+)([^/\\"':;]+)"#).ok());

/// A mail address.
static MAIL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}._%+-]+@[\p{L}\p{N}.-]+\.[\p{L}]{2,}").ok());

/// The report without what names a person.
pub fn redact(mut report: Report) -> Report {
    let mut names: Vec<String> = vec![report.host.user.clone(), report.host.name.clone()];
    for browser in &mut report.browsers {
        names.extend(browser.user.take());
        for profile in &mut browser.profiles {
            names.extend(profile.account.take());
            profile.name = None;
        }
    }
    report.host.user = String::new();
    report.host.name = String::new();
    // Short or common words would take honest text with them; home folders are found by their place.
    names.retain(|name| {
        name.chars().count() >= 3 && !["root", "user", "admin", "default", "localhost"].contains(&name.as_str())
    });
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.dedup();
    let words: Vec<Regex> =
        names.iter().filter_map(|name| Regex::new(&format!(r"(?i)\b{}\b", regex::escape(name))).ok()).collect();
    let Ok(mut value) = serde_json::to_value(&report) else { return report };
    clean(&mut value, &words);
    serde_json::from_value(value).unwrap_or(report)
}

/// Cleans every text. The depth is the report's own, which is small.
fn clean(value: &mut Value, names: &[Regex]) {
    match value {
        Value::String(text) => *text = cleaned(text, names),
        Value::Array(list) => list.iter_mut().for_each(|value| clean(value, names)),
        Value::Object(object) => object.values_mut().for_each(|value| clean(value, names)),
        _ => {}
    }
}

fn cleaned(text: &str, names: &[Regex]) -> String {
    let mut text = text.to_owned();
    if let Some(home) = HOME.as_ref() {
        text = home.replace_all(&text, "${1}user").into_owned();
    }
    if let Some(mail) = MAIL.as_ref() {
        text = mail.replace_all(&text, NoExpand("(address)")).into_owned();
    }
    for name in names {
        text = name.replace_all(&text, NoExpand("user")).into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_named_in_any_field() {
        let report =
            super::super::read::reports(include_bytes!("../../fixtures/reports/institute.json")).expect("reads").remove(0);
        let before = report.clone();
        let after = redact(report);
        let text = serde_json::to_string(&after).expect("serialises");
        for name in ["weber", "ws-0417", "institute.example", "\"Work\"", "\"Library\""] {
            assert!(!text.contains(name), "{name}");
        }
        assert_eq!(after.extensions.len(), before.extensions.len());
        assert_eq!(after.extensions[0].id, before.extensions[0].id);
        assert!(after.extensions.iter().any(|e| e.path.as_deref().is_some_and(|path| path.starts_with("C:\\Users\\user\\"))));
    }

    #[test]
    fn homes_of_every_system() {
        let cases = [
            ("/home/kim/.config", "/home/user/.config"),
            ("/Users/Kim Lee/Library", "/Users/user/Library"),
            ("\"C:\\\\Users\\\\kim\\\\x\"", "\"C:\\\\Users\\\\user\\\\x\""),
            ("mail to a.b@c.example now", "mail to (address) now"),
        ];
        for (text, wanted) in cases {
            assert_eq!(cleaned(text, &[]), wanted);
        }
    }
}
