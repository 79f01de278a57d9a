//! What an extension says it is for, by the words of its name and description (`purposes.toml`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::builtin::packed;

/// Purpose to language to words.
static PURPOSES: LazyLock<BTreeMap<String, BTreeMap<String, Vec<String>>>> = LazyLock::new(|| {
    toml::from_str(packed!("src/extract/purposes.toml"))
        .unwrap_or_else(|error| unreachable!("purposes.toml is part of the program, and a test reads it: {error}"))
});

/// Characters of a text that are looked at; a name or a description need not be longer.
const MAX_TEXT: usize = 2_000;

/// The purposes that a text names, each with the first word that says so, in order of purpose.
pub fn purposes(text: &str) -> Vec<(&'static str, &'static str)> {
    let text: String = text.chars().take(MAX_TEXT).flat_map(char::to_lowercase).collect();
    let said = |words: &'static BTreeMap<String, Vec<String>>| words.values().flatten().find(|word| says(&text, word));
    PURPOSES.iter().filter_map(|(purpose, words)| Some((purpose.as_str(), said(words)?.as_str()))).collect()
}

/// Whether a text holds a word, not as a part of another one.
fn says(text: &str, word: &str) -> bool {
    let (stem, open) = word.strip_suffix('*').map_or((word, false), |stem| (stem, true));
    text.match_indices(stem).any(|(at, found)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
        let begins = stem.chars().next().is_none_or(|first| !is_spaced(first) || !before.is_some_and(is_spaced));
        let ends = open || stem.chars().next_back().is_none_or(|last| !is_spaced(last) || !after.is_some_and(is_spaced));
        begins && ends
    })
}

/// Letters and digits of scripts that put blanks between words: Latin, Greek, Cyrillic.
fn is_spaced(character: char) -> bool {
    character.is_alphanumeric() && u32::from(character) < 0x0530
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<&'static str> {
        purposes(text).into_iter().map(|(purpose, _)| purpose).collect()
    }

    #[test]
    fn words_in_three_languages() {
        assert_eq!(named("advanced font"), ["font"]);
        assert_eq!(named("Google Translate"), ["translate"]);
        assert_eq!(named("Übersetzer für Webseiten"), ["translate"]);
        assert_eq!(named("구글 번역기"), ["translate"]);
        assert_eq!(named("Schriftarten-Manager"), ["font"]);
        assert_eq!(named("무료 글꼴 관리자"), ["font"]);
        assert_eq!(named("Flash update components"), ["flash", "update"]);
        assert_eq!(named("PDF Viewer"), ["pdf"]);
        assert_eq!(named("Wallpapers HD for your new tab"), ["new-tab", "wallpaper"]);
    }

    #[test]
    fn parts_of_other_words_do_not_count() {
        assert!(!named("Fontaine").contains(&"font"));
        assert!(!named("Maintain email").contains(&"ai"));
        assert_eq!(named("A plain thing"), Vec::<&str>::new());
        assert_eq!(named(""), Vec::<&str>::new());
        assert_eq!(named(&"x".repeat(1_000_000)), Vec::<&str>::new());
    }

    #[test]
    fn every_word_is_in_lower_case() {
        for (purpose, languages) in PURPOSES.iter() {
            let expected = ["en", "de", "ko"];
            assert!(languages.keys().all(|language| expected.contains(&language.as_str())), "{purpose}");
            assert!(languages.values().flatten().all(|word| *word == word.to_lowercase() && word.len() > 1), "{purpose}");
        }
    }
}
