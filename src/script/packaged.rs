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

/// What scripts may read.
#[derive(Debug, Default)]
pub struct Packaged {
    messages: Messages,
    /// JSON files that scripts name, by path.
    files: BTreeMap<String, Value>,
}

impl Packaged {
    /// Reads what the scripts name, whose texts are given.
    pub(super) fn read(input: &Input<'_>, names: &Names) -> Packaged {
        let files = &input.package.files;
        let file = |path: &str| files.get(path).and_then(|file| file.bytes.as_deref());
        let locale = input.manifest.and_then(|manifest| manifest.default_locale.as_deref());
        let messages = Messages::load(locale, locale.unwrap_or_default(), file).0;
        let named: BTreeSet<&str> = names.iter().filter_map(stem).collect();
        let is_named = |path: &str| {
            path != "manifest.json" && !path.starts_with("_locales/") && stem(path).is_some_and(|stem| named.contains(stem))
        };
        let wanted = files.keys().filter(|path| is_named(path)).take(MAX_FILES);
        let parsed = wanted.filter_map(|path| {
            let bytes = file(path).filter(|bytes| bytes.len() <= MAX_BYTES)?;
            Some((path.clone(), json::parse(bytes).ok()?))
        });
        Packaged { messages, files: parsed.collect() }
    }

    /// A message by its name in small letters.
    pub fn message(&self, name: &str) -> Option<String> {
        self.messages.message(name)
    }

    /// What stands in a JSON file, by its path, `#` and a JSON pointer (RFC 6901).
    pub fn value(&self, place: &str) -> Option<&Value> {
        let (path, pointer) = place.split_once('#')?;
        self.files.get(path)?.pointer(pointer)
    }
}

/// The name of a JSON file without its folder and ending.
fn stem(path: &str) -> Option<&str> {
    path.strip_suffix(".json")?.rsplit('/').next()
}
