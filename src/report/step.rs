//! The steps of a way that data takes, in the language of a reader, and the ends of that way.
//!
//! A report carries them in English. The English words of the locales are the patterns by which they are found again; a step that
//! no pattern fits, as a later version may write it, is shown as it stands.

use std::fmt::Display;
use std::sync::LazyLock;

use crate::finding::{Finding, Step};
use crate::locales::{Lang, Words};

/// An English sentence with places to fill.
struct Pattern {
    key: &'static str,
    /// The text between the places, one more than there are places.
    texts: Vec<&'static str>,
}

/// The narrowest first: a pattern without places before one with, a longer text before a shorter one.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let words = Lang::En.words();
    let keys = words.keys().filter(|key| key.starts_with("step."));
    let mut patterns: Vec<_> = keys.map(|key| Pattern { key, texts: texts(words.get(key)) }).collect();
    patterns.sort_by_key(|pattern| {
        let letters: usize = pattern.texts.iter().map(|text| text.len()).sum();
        (pattern.texts.len(), std::cmp::Reverse(letters))
    });
    patterns
});

/// The names of the places, in their order.
const PLACES: [&str; 3] = ["a", "b", "c"];

fn texts(sentence: &'static str) -> Vec<&'static str> {
    let mut texts = vec![sentence];
    for place in ["{a}", "{b}", "{c}"] {
        let Some((before, after)) = texts.last().and_then(|last| last.split_once(place)) else { break };
        texts.pop();
        texts.extend([before, after]);
    }
    texts
}

impl Pattern {
    /// What stands at the places, where the sentence is of this pattern.
    fn places<'s>(&self, sentence: &'s str) -> Option<Vec<&'s str>> {
        let (first, others) = self.texts.split_first()?;
        let mut rest = sentence.strip_prefix(first)?;
        let Some((last, between)) = others.split_last() else { return rest.is_empty().then(Vec::new) };
        let mut places = Vec::new();
        for text in between {
            let (place, after) = rest.split_once(text)?;
            places.push(place);
            rest = after;
        }
        places.push(rest.strip_suffix(last)?);
        Some(places)
    }
}

fn known(what: &str) -> Option<(&'static str, Vec<&str>)> {
    PATTERNS.iter().find_map(|pattern| Some((pattern.key, pattern.places(what)?)))
}

/// What happens at a step, in words.
pub fn what(step: &Step, words: &Words) -> String {
    sentence(&step.what, words)
}

/// The same, of the sentence alone.
pub fn sentence(what: &str, words: &Words) -> String {
    match known(what) {
        Some((key, mut places)) => {
            if let (true, Some(first)) = (key == "step.arrived", places.first_mut()) {
                *first = kind(first, words);
            }
            let values: Vec<(&str, &dyn Display)> = PLACES.into_iter().zip(places.iter().map(|p| p as &dyn Display)).collect();
            words.fill(key, &values)
        }
        None => what.to_owned(),
    }
}

/// What kind of data it is, in words: `cookie.identity` as sign-in cookies.
pub fn kind<'w>(kind: &'w str, words: &'w Words) -> &'w str {
    words.find(&format!("kind.{}", kind.replace(['.', '-'], "_"))).unwrap_or(kind)
}

/// The host, program or extension that a step hands data to, where it leaves there.
pub fn destination(step: &Step) -> Option<&str> {
    let (key, places) = known(&step.what)?;
    match key {
        "step.sends" | "step.sends_program" | "step.sends_extension" => places.first().copied(),
        "step.arrived" => places.get(1).copied(),
        _ => None,
    }
}

/// What the data of a finding is taken from, as the key of a word: the page or the browser's own store before the first step. For
/// what a server sends, its name, where it is known.
pub fn origin(finding: &Finding) -> Option<(&'static str, Option<&str>)> {
    let first = finding.flow.first()?;
    let says = |word: &str| first.what.contains(word);
    let mail = finding.attack.iter().any(|technique| technique.starts_with("T1114"));
    let in_page = matches!(first.world.as_str(), "content" | "main" | "devtools") || says("request") || says("debugger");
    if says("from a server") || says("fetches it") || says("runs a script") {
        let named = known(&first.what).filter(|(key, _)| matches!(*key, "step.fetch_from" | "step.runs_from"));
        return Some(("flow.server", named.and_then(|(_, places)| places.first().copied())));
    }
    let key = if says("password") || says("one-time code") {
        "flow.login"
    } else if says("mail") || (mail && in_page) {
        "flow.mail"
    } else if says("messenger") {
        "flow.messenger"
    } else if in_page || says("page") || says("screen") {
        "flow.page"
    } else if says("typed") || says("keys") || says("a file of the person") || says("microphone") {
        "flow.person"
    } else {
        "flow.browser"
    };
    Some((key, None))
}

/// The part of the extension that does a step, in words.
pub fn part<'w>(step: &'w Step, words: &'w Words) -> &'w str {
    words.find(&format!("world.{}", step.world)).unwrap_or(&step.world)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(what: &str) -> Step {
        Step { file: "a.js".to_owned(), line: 1, what: what.to_owned(), world: String::new() }
    }

    #[test]
    fn every_pattern_finds_its_own_sentence() {
        for key in Lang::En.words().keys().filter(|key| key.starts_with("step.")) {
            let sentence = Lang::En.words().get(key).replace("{a}", "x.invalid").replace("{b}", "y").replace("{c}", "z");
            assert_eq!(known(&sentence).map(|(found, _)| found), Some(key), "{sentence}");
            assert_eq!(what(&step(&sentence), Lang::En.words()), sentence);
        }
    }

    #[test]
    fn hosts_are_kept_and_unknown_steps_are_shown() {
        let sends = step("sends it to collector.invalid");
        assert_eq!(what(&sends, Lang::De.words()), "schickt es an collector.invalid");
        assert_eq!(destination(&sends), Some("collector.invalid"));
        assert_eq!(destination(&step("sends it by message")), None);
        let later = step("does something new");
        assert_eq!(what(&later, Lang::Ko.words()), "does something new");
    }
}
