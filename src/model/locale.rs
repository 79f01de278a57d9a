//! `__MSG_name__` in a manifest, by the browser's own rules (Chromium's `message_bundle.cc`, `extension_l10n_util.cc`).
//!
//! A message is looked up in the browser's locale (`en_US`), its parents (`en`) and then the extension's `default_locale`; the
//! first that has it wins, message by message. Where the browser refuses to load the extension (an undefined message, a broken
//! document) the text stays as it is, and a problem says so.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json;
use crate::problem::{Outcome, Problem, Stage};

/// Bytes of one message after its placeholders are filled in: a name need not be longer, and placeholders that repeat a long
/// text could otherwise use up all memory.
const MAX_MESSAGE: usize = 64 << 10;

/// The messages of one extension: one table a locale, in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    tables: Vec<Table>,
    locale: String,
}

/// `messages.json` of one locale: lower-case name to message.
#[derive(Clone, Debug, Default)]
struct Table(BTreeMap<String, Message>);

#[derive(Clone, Debug, Default)]
struct Message {
    text: String,
    placeholders: BTreeMap<String, String>,
}

impl Messages {
    /// Reads the documents that a browser set to `locale` (`en`, `en-US`, `ko`) would read. `file` gives the content of a
    /// file of the package. Without a `default_locale` nothing is localised.
    pub fn load<'p>(default_locale: Option<&str>, locale: &str, file: impl Fn(&str) -> Option<&'p [u8]>) -> Outcome<Messages> {
        let mut messages = Messages { tables: Vec::new(), locale: locale.replace('-', "_") };
        let mut problems = Vec::new();
        let Some(default) = default_locale else { return (messages, problems) };
        for folder in chain(&messages.locale, default) {
            let path = format!("_locales/{folder}/messages.json");
            match file(&path) {
                Some(bytes) => match read_table(bytes) {
                    Ok(table) => messages.tables.push(table),
                    Err(fault) => problems.push(Problem::new(path, Stage::Parse, fault)),
                },
                None if folder == default => {
                    problems.push(Problem::new(path, Stage::Parse, "missing, although \"default_locale\" names it"));
                }
                None => {}
            }
        }
        (messages, problems)
    }

    /// The text with every `__MSG_name__` replaced, and the names that are not defined. One pass: what a message holds is not
    /// looked at again.
    pub fn localise(&self, text: &str) -> (String, Vec<String>) {
        substitute(text, "__MSG_", "__", |name| self.message(name))
    }

    /// A message by its lower-case name.
    pub fn message(&self, name: &str) -> Option<String> {
        match name {
            "@@ui_locale" => return Some(self.locale.clone()),
            "@@bidi_dir" => return Some("ltr".into()),
            "@@bidi_reversed_dir" => return Some("rtl".into()),
            "@@bidi_start_edge" => return Some("left".into()),
            "@@bidi_end_edge" => return Some("right".into()),
            _ => {}
        }
        let message = self.tables.iter().find_map(|table| table.0.get(name))?;
        Some(substitute(&message.text, "$", "$", |name| message.placeholders.get(name).cloned()).0)
    }
}

/// The folders that are asked, in order: the locale, its parents, the default.
fn chain(locale: &str, default: &str) -> Vec<String> {
    let mut folders: Vec<String> = Vec::new();
    let mut locale = locale;
    loop {
        if is_folder_name(locale) {
            folders.push(locale.to_owned());
        }
        match locale.rfind('_') {
            Some(end) => locale = locale.get(..end).unwrap_or_default(),
            None => break,
        }
    }
    if is_folder_name(default) && !folders.iter().any(|folder| folder == default) {
        folders.push(default.to_owned());
    }
    folders
}

/// A locale is one folder below `_locales`, never a way out of it.
fn is_folder_name(locale: &str) -> bool {
    !locale.is_empty() && locale.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'@'))
}

fn read_table(bytes: &[u8]) -> Result<Table, String> {
    let document = match json::parse(bytes).map_err(|error| error.to_string())? {
        Value::Object(document) => document,
        other => return Err(format!("must be an object, found {}", json::kind(&other))),
    };
    // Of two names that differ in case the later in byte order wins; the browser's tables are sorted.
    let sorted: BTreeMap<&String, &Value> = document.iter().collect();
    let messages = sorted.into_iter().filter_map(|(name, entry)| {
        let placeholders = entry.get("placeholders").and_then(Value::as_object).map(|placeholders| {
            let sorted: BTreeMap<&String, &Value> = placeholders.iter().collect();
            let content = |entry: &Value| Some(entry.get("content")?.as_str()?.to_owned());
            sorted.into_iter().filter_map(|(name, entry)| Some((name.to_ascii_lowercase(), content(entry)?))).collect()
        });
        let text = entry.get("message")?.as_str()?.to_owned();
        Some((name.to_ascii_lowercase(), Message { text, placeholders: placeholders.unwrap_or_default() }))
    });
    Ok(Table(messages.collect()))
}

/// Replaces `begin` name `end` by what `value` says of the lower-case name. What is not a name stays as text, and so does a
/// name without a value, which is returned.
fn substitute(text: &str, begin: &str, end: &str, value: impl Fn(&str) -> Option<String>) -> (String, Vec<String>) {
    let mut result = String::with_capacity(text.len().min(MAX_MESSAGE));
    let mut undefined = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(begin) {
        let Some((name, behind)) = after.split_once(end) else { break };
        result.push_str(before);
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@'));
        let found = is_name.then(|| value(&name.to_ascii_lowercase()));
        match found {
            Some(Some(value)) => {
                result.push_str(&value);
                rest = behind;
            }
            Some(None) => {
                undefined.push(name.to_owned());
                result.push_str(begin);
                result.push_str(name);
                result.push_str(end);
                rest = behind;
            }
            // The search goes on directly behind the opening mark, so that `$ $name$` finds `name`.
            None => {
                result.push_str(begin);
                rest = after;
            }
        }
        if result.len() > MAX_MESSAGE {
            break;
        }
    }
    result.push_str(rest);
    if result.len() > MAX_MESSAGE {
        let end = (0..=MAX_MESSAGE).rev().find(|end| result.is_char_boundary(*end)).unwrap_or(0);
        result.truncate(end);
    }
    (result, undefined)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EN: &str = r#"// comment
        {"a": {"message": "english a"}, "Name": {"message": "upper"}, "name": {"message": "lower"},
         "nested": {"message": "__MSG_a__"},
         "p": {"message": "Hi $WHO$, $$5, $1 and $none$", "placeholders": {"who": {"content": "you $1"}}}}"#;
    const DE: &str = r#"{"a": {"message": "deutsch a"}, "b": {"message": "deutsch b"}}"#;

    fn messages(locale: &str) -> Messages {
        let files = |path: &str| match path {
            "_locales/en/messages.json" => Some(EN.as_bytes()),
            "_locales/de/messages.json" => Some(DE.as_bytes()),
            "_locales/ko/messages.json" => Some(&b"{"[..]),
            _ => None,
        };
        Messages::load(Some("de"), locale, files).0
    }

    #[test]
    fn each_message_comes_from_the_first_locale_that_has_it() {
        assert_eq!(messages("en-US").localise("__MSG_a__ __MSG_b__").0, "english a deutsch b");
        assert_eq!(messages("fr").localise("__MSG_A__").0, "deutsch a");
        assert_eq!(messages("en").localise("__MSG_NAME__").0, "lower");
    }

    #[test]
    fn what_is_no_message_stays() {
        let en = messages("en");
        assert_eq!(en.localise("__MSG_a").0, "__MSG_a");
        assert_eq!(en.localise("__MSG_a __").0, "__MSG_a __");
        assert_eq!(en.localise("__MSG_nested__").0, "__MSG_a__");
        assert_eq!(en.localise("__MSG_none__ __MSG_a__"), ("__MSG_none__ english a".into(), vec!["none".into()]));
        assert_eq!(en.localise("__MSG___ __MSG_a__").0, "__MSG___ english a");
        assert_eq!(en.localise("__MSG_@@ui_locale__/__MSG_@@bidi_dir__").0, "en/ltr");
        assert_eq!(en.localise("plain").0, "plain");
    }

    #[test]
    fn placeholders_are_filled_in_once() {
        assert_eq!(messages("en").localise("__MSG_p__").0, "Hi you $1, $$5, $1 and $none$");
    }

    #[test]
    fn broken_and_missing_documents_are_said() {
        let (_, problems) = Messages::load(Some("de"), "ko", |path| path.contains("/ko/").then_some(&b"{"[..]));
        assert_eq!(
            problems.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(),
            ["_locales/ko/messages.json", "_locales/de/messages.json"]
        );
        let (_, problems) = Messages::load(Some("../../x"), "en", panic_on_escape);
        assert!(problems.is_empty());
        assert!(Messages::load(None, "en", |_| Some(EN.as_bytes())).0.localise("__MSG_a__").0.contains("MSG"));
    }

    fn panic_on_escape(path: &str) -> Option<&'static [u8]> {
        assert!(!path.contains(".."), "{path}");
        None
    }

    #[test]
    fn repeated_placeholders_cannot_use_up_memory() {
        let long = "x".repeat(1 << 20);
        let document =
            format!(r#"{{"a": {{"message": "{}", "placeholders": {{"p": {{"content": "{long}"}}}}}}}}"#, "$p$".repeat(100_000));
        let (messages, _) = Messages::load(Some("en"), "en", |_| Some(document.as_bytes()));
        let (text, _) = messages.localise(&"__MSG_a__".repeat(1000));
        assert!(text.len() <= MAX_MESSAGE);
    }

    proptest! {
        #[test]
        fn any_text_is_localised(text in "(__MSG_|__|[$]|a|@| |[äN]){0,20}", locale in ".{0,8}") {
            let (mut messages, _) = Messages::load(Some("de"), &locale, |_| Some(EN.as_bytes()));
            let (once, _) = messages.localise(&text);
            messages.tables.clear();
            prop_assert!(once.len() >= text.len() || text.contains("__MSG_"));
        }
    }
}
