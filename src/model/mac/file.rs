//! One preference file: the values that codes are over, and the codes that stand beside them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::canonical;

/// Where the entries of extensions are; Opera has its own key.
pub const ENTRIES: [[&str; 2]; 2] = [["extensions", "settings"], ["extensions", "opsettings"]];

/// Ends the name of a second code.
const SEALED_SUFFIX: &str = "_encrypted_hash";
/// How deep codes lie in `protection.macs`; real ones need five levels.
const MAX_DEPTH: usize = 16;
/// Since which version every profile on the desktop is known to have the second codes (seen from 144).
const SEALED_SINCE: u32 = 144;

/// One file, with the text of every value that a code is over.
pub struct File<'a> {
    pub name: &'static str,
    pub tracked: Vec<Slot<'a>>,
    /// Codes of either kind are there at all.
    pub has_macs: bool,
    pub has_sealed: bool,
    /// The browser that wrote it last keeps codes of the second kind.
    pub writes_sealed: bool,
    pub super_mac: Super<'a>,
    pub super_sealed: Super<'a>,
}

/// One tracked preference before it is judged.
pub struct Slot<'a> {
    pub path: String,
    pub present: bool,
    /// `None` where the value is too deep for a text.
    pub text: Option<String>,
    pub mac: Option<&'a str>,
    pub sealed: Option<&'a str>,
    pub is_entry: bool,
}

/// A code over the codes.
pub struct Super<'a> {
    pub text: Option<String>,
    pub stored: Option<&'a str>,
}

impl<'a> File<'a> {
    /// Gathers what the codes of a file are over.
    pub fn read(name: &'static str, tree: &'a Value) -> File<'a> {
        let protection = tree.get("protection");
        let macs = protection.and_then(|protection| protection.get("macs")).filter(|macs| macs.is_object());
        let mut codes = BTreeMap::new();
        if let Some(macs) = macs {
            leaves(macs, &mut Vec::new(), &mut codes);
        }
        for list in ENTRIES {
            let entries = list.iter().try_fold(tree, |tree, key| tree.get(key)).and_then(Value::as_object);
            for id in entries.into_iter().flat_map(|entries| entries.keys()) {
                codes.entry([list[0], list[1], id].map(str::to_owned).to_vec()).or_default();
            }
        }
        let has_macs = codes.values().any(|(mac, _)| mac.is_some());
        let has_sealed = codes.values().any(|(_, sealed)| sealed.is_some());
        let tracked = codes
            .into_iter()
            .map(|(parts, (mac, sealed))| {
                let value = parts.iter().try_fold(tree, |tree, key| tree.get(key));
                Slot {
                    path: parts.join("."),
                    present: value.is_some(),
                    text: value.map_or(Some(String::new()), canonical::text),
                    mac,
                    sealed,
                    is_entry: parts.len() == 3 && ENTRIES.iter().any(|list| parts.starts_with(&list.map(str::to_owned))),
                }
            })
            .collect();
        let sealed_only = macs.map(|macs| only_sealed(macs, 0));
        let stored = |key: &str| protection.and_then(|protection| protection.get(key)).map(|code| code.as_str().unwrap_or(""));
        File {
            name,
            tracked,
            has_macs,
            has_sealed,
            writes_sealed: last_version(tree).is_some_and(|major| major >= SEALED_SINCE),
            super_mac: Super { text: macs.map_or(Some(String::new()), canonical::text), stored: stored("super_mac") },
            super_sealed: Super {
                text: canonical::text(&sealed_only.unwrap_or(Value::Object(Default::default()))),
                stored: stored("super_encrypted_hash"),
            },
        }
    }
}

/// `extensions.last_chrome_version`, the major part.
fn last_version(tree: &Value) -> Option<u32> {
    let version = tree.get("extensions")?.get("last_chrome_version")?.as_str()?;
    version.split('.').next()?.parse().ok()
}

type CodePair<'a> = (Option<&'a str>, Option<&'a str>);

/// The codes in `protection.macs`, by the parts of the preference's name. Which kind a code is shows in one part's ending.
fn leaves<'a>(tree: &'a Value, parts: &mut Vec<&'a str>, codes: &mut BTreeMap<Vec<String>, CodePair<'a>>) {
    if parts.len() >= MAX_DEPTH {
        return;
    }
    for (key, value) in tree.as_object().into_iter().flatten() {
        parts.push(key);
        if value.is_object() {
            leaves(value, parts, codes);
        } else {
            let sealed = parts.iter().position(|part| part.len() > SEALED_SUFFIX.len() && part.ends_with(SEALED_SUFFIX));
            let strip = |(at, part): (usize, &&str)| {
                let own = part.strip_suffix(SEALED_SUFFIX).filter(|_| Some(at) == sealed);
                own.unwrap_or(part).to_owned()
            };
            let slot = codes.entry(parts.iter().enumerate().map(strip).collect()).or_default();
            let stored = Some(value.as_str().unwrap_or(""));
            if sealed.is_some() { slot.1 = stored } else { slot.0 = stored }
        }
        parts.pop();
    }
}

/// The tree of codes reduced to those of the second kind.
fn only_sealed(tree: &Value, depth: usize) -> Value {
    let mut kept = serde_json::Map::new();
    for (key, value) in tree.as_object().into_iter().flatten() {
        if key.ends_with(SEALED_SUFFIX) {
            kept.insert(key.clone(), value.clone());
        } else if value.is_object() && depth < MAX_DEPTH {
            let inner = only_sealed(value, depth + 1);
            if inner.as_object().is_some_and(|inner| !inner.is_empty()) {
                kept.insert(key.clone(), inner);
            }
        }
    }
    Value::Object(kept)
}
