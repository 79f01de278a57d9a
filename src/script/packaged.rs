//! What scripts read out of their own package: messages in the extension's own language, and JSON files.
//!
//! An address may stand there instead of in the code. It was shipped with the code and can be read, so it counts as written in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::json;
use crate::model::locale::Messages;

use super::analysis::Input;
use super::names::Names;

/// Bytes of a file that is read, and how many are.
const MAX_BYTES: usize = 128 << 10;
const MAX_FILES: usize = 32;
/// Texts that are kept.
const MAX_TEXTS: usize = 4_000;

/// What scripts may read.
#[derive(Debug, Default)]
pub struct Packaged {
    messages: Messages,
    /// JSON files that scripts name, by path.
    files: BTreeMap<String, Value>,
    /// The texts in both that may be addresses or codes.
    texts: Vec<String>,
}

impl Packaged {
    /// Reads what the scripts name, whose texts are given.
    pub(super) fn read(input: &Input<'_>, names: &Names) -> Packaged {
        let files = &input.package.files;
        let file = |path: &str| files.get(path).and_then(|file| file.bytes.as_deref());
        let locale = input.manifest.and_then(|manifest| manifest.default_locale.as_deref());
        let messages = Messages::load(locale, locale.unwrap_or_default(), file).0;
        let named = names.iter().filter_map(|text| text.strip_suffix(".json")?.rsplit('/').next());
        let named: BTreeSet<&str> = named.collect();
        let is_named = |path: &str| {
            let stem = path.strip_suffix(".json").and_then(|path| path.rsplit('/').next());
            path != "manifest.json" && !path.starts_with("_locales/") && stem.is_some_and(|stem| named.contains(stem))
        };
        let wanted = files.keys().filter(|path| is_named(path)).take(MAX_FILES);
        let parsed = wanted.filter_map(|path| {
            let bytes = file(path).filter(|bytes| bytes.len() <= MAX_BYTES)?;
            Some((path.clone(), json::parse(bytes).ok()?))
        });
        let packaged = Packaged { messages, files: parsed.collect(), texts: Vec::new() };
        Packaged { texts: packaged.all_texts(), ..packaged }
    }

    /// Whether a text stands in it as it is.
    pub fn says(&self, text: &str) -> bool {
        self.texts.iter().any(|known| known.contains(text))
    }

    fn all_texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.messages.names().filter_map(|name| self.message(name)).take(MAX_TEXTS).collect();
        let mut queue: Vec<&Value> = self.files.values().collect();
        while let Some(value) = queue.pop()
            && texts.len() < MAX_TEXTS
        {
            match value {
                Value::String(text) => texts.push(text.clone()),
                Value::Array(items) => queue.extend(items),
                Value::Object(members) => queue.extend(members.values()),
                _ => {}
            }
        }
        texts
    }

    /// A message by its name in small letters, where it is no sentence: what is said to people says nothing of the code.
    pub fn message(&self, name: &str) -> Option<String> {
        self.messages.message(name).filter(|text| !text.contains(char::is_whitespace))
    }

    /// What stands in a JSON file, by its path, `#` and a JSON pointer (RFC 6901).
    pub fn value(&self, place: &str) -> Option<&Value> {
        let (path, pointer) = place.split_once('#')?;
        self.files.get(path)?.pointer(pointer)
    }
}
