//! Lists of lines: one value a line, several with commas or blanks between them, comments after `#`, names around ids.

use super::value::{Classified, classify};
use super::{About, Feed, says_remediated};

/// A head comment with an address is the source of the lines below it, as palant/malicious-extensions-list has it.
pub(super) fn read(text: &str, feed: &mut Feed) {
    let mut source: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let place = format!("line {}", number + 1);
        let (values, comment) = match line.find('#') {
            Some(at) if !in_address(line, at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default()),
            _ => (line, ""),
        };
        if values.trim().is_empty() {
            let comment = comment.trim_start_matches(['#', ' ']).trim();
            if comment.contains("://") {
                source = Some(comment.to_owned());
            }
            continue;
        }
        let about = About { source: source.clone(), remediated: says_remediated(comment), ..About::default() };
        line_values(values, &place, &about, feed);
    }
}

/// A `#` inside an address is part of it.
fn in_address(line: &str, at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.contains("://")
}

/// Every value of a line. Where a line has an id or a hash, the other words are its name.
fn line_values(values: &str, place: &str, about: &About, feed: &mut Feed) {
    let strip = |word: &str| word.trim_matches(['"', '\'', '(', ')', '-', '*', '|', ';', ':', ' ']).to_owned();
    let words: Vec<String> =
        values.split(|c: char| c.is_whitespace() || c == ',' || c == ';').map(strip).filter(|word| !word.is_empty()).collect();
    let exact = |word: &&String| {
        use crate::extract::indicators::IndicatorType::{ExtensionId, Sha256};
        matches!(classify(word), Classified::Value(ExtensionId | Sha256, _) | Classified::Wrong(_))
    };
    let named = words.iter().any(|word| exact(&word));
    let wanted: Vec<&String> = if named { words.iter().filter(exact).collect() } else { words.iter().take(64).collect() };
    if wanted.is_empty() {
        feed.complain(place, format!("\"{}\" is no hash, id, host or address: left out", super::short(values)));
    }
    // A line of prose is one complaint, not one for each of its words.
    if !named && wanted.len() > 1 && wanted.iter().all(|word| classify(word) == Classified::Unknown) {
        feed.complain(place, format!("\"{}\" is no hash, id, host or address: left out", super::short(values)));
        return;
    }
    for word in wanted {
        feed.add(place, word, about);
    }
}
