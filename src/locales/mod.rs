//! The program's own words for people, in English, German and Korean. Rules carry their own words.
//!
//! A word is looked up by its key (`words.get("table.version")`); `{name}` in it is filled in, `.one` and `.other` are the two
//! forms of a count. A key that a language lacks is answered in English; a test holds the three files and the code complete.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::builtin::packed;

/// A language for words that people read. Rule ids and JSON stay English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// Korean.
    Ko,
}

impl Lang {
    /// All languages.
    pub const ALL: &'static [Lang] = &[Lang::En, Lang::De, Lang::Ko];

    /// The two-letter code, as in `<html lang>` and in rules.
    pub fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::De => "de",
            Lang::Ko => "ko",
        }
    }

    /// The language that a system's setting asks for: `de_DE.UTF-8`, `ko-KR`; `None` for those that we do not have.
    pub fn of_tag(tag: &str) -> Option<Lang> {
        let code = tag.split(['_', '-', '.', '@']).next().unwrap_or_default();
        Lang::ALL.iter().copied().find(|lang| lang.code().eq_ignore_ascii_case(code))
    }

    /// The words of the language.
    pub fn words(self) -> &'static Words {
        match self {
            Lang::En => &EN,
            Lang::De => &DE,
            Lang::Ko => &KO,
        }
    }
}

static EN: LazyLock<Words> = LazyLock::new(|| Words::parse(packed!("src/locales/en.toml")));
static DE: LazyLock<Words> = LazyLock::new(|| Words::parse(packed!("src/locales/de.toml")));
static KO: LazyLock<Words> = LazyLock::new(|| Words::parse(packed!("src/locales/ko.toml")));

/// The words of one language.
#[derive(Debug, Default)]
pub struct Words {
    by_key: BTreeMap<String, String>,
}

impl Words {
    /// Reads a file of words. Tables nest: `[table] version = ".."` is `table.version`.
    fn parse(text: &str) -> Words {
        let mut by_key = BTreeMap::new();
        if let Ok(table) = text.parse::<toml::Table>() {
            flatten("", &table, &mut by_key);
        }
        Words { by_key }
    }

    /// The word for a key; English where this language lacks it, the key itself where nobody has it.
    pub fn get<'w>(&'w self, key: &'w str) -> &'w str {
        self.find(key).unwrap_or(key)
    }

    /// The word for a key, where there is one.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.by_key.get(key).or_else(|| EN.by_key.get(key)).map(String::as_str)
    }

    /// The word for a key, with `{name}` filled in.
    pub fn fill(&self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        fill(self.get(key), values)
    }

    /// The form of a word that fits a count, with `{n}` filled in.
    pub fn count(&self, key: &str, n: usize) -> String {
        let form = if n == 1 { format!("{key}.one") } else { format!("{key}.other") };
        fill(self.get(&form), &[("n", &n)])
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.by_key.keys().map(String::as_str)
    }
}

/// Fills `{name}`s in one pass, so that a value that looks like a name is not filled again.
fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, behind)| {
            let value = values.iter().find(|(known, _)| *known == name)?;
            Some((value.1, behind))
        });
        match known {
            Some((value, behind)) => {
                let _ = write!(filled, "{value}");
                rest = behind;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn flatten(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::String(word) => {
                into.insert(key, word.clone());
            }
            toml::Value::Table(table) => flatten(&key, table, into),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_word_with_the_same_places_to_fill() {
        let places = |text: &str| -> Vec<String> {
            let mut names: Vec<_> =
                text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|p| p.0.to_owned()).collect();
            names.sort();
            names.dedup();
            names
        };
        assert!(EN.keys().count() > 10, "en.toml does not parse");
        for lang in Lang::ALL {
            let words = lang.words();
            let missing: Vec<_> = EN.keys().filter(|key| !words.by_key.contains_key(*key)).collect();
            let extra: Vec<_> = words.keys().filter(|key| !EN.by_key.contains_key(*key)).collect();
            assert!(missing.is_empty() && extra.is_empty(), "{lang:?} lacks {missing:?}, has beside English {extra:?}");
            for (key, word) in &EN.by_key {
                assert_eq!(places(word), places(words.get(key)), "{lang:?}: {key}");
            }
        }
    }

    #[test]
    fn values_are_filled_once() {
        assert_eq!(fill("{a} and {b}{", &[("a", &"{b}"), ("b", &1)]), "{b} and 1{");
    }

    #[test]
    fn tags_of_systems() {
        assert_eq!(Lang::of_tag("de_AT.UTF-8"), Some(Lang::De));
        assert_eq!(Lang::of_tag("ko-KR"), Some(Lang::Ko));
        assert_eq!(Lang::of_tag("C.UTF-8"), None);
    }
}
