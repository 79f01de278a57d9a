//! From the place of a fact to evidence that a person can look up: line, column, excerpt, hash.
//!
//! Places are symbolic until here, because a line number costs a pass over the file and most facts end up in no finding.

use crate::acquire::Package;
use crate::extract::Place;
use crate::finding::{Evidence, EvidenceKind};

/// Characters of an excerpt. Enough for a call with its arguments, short enough for a table row.
const EXCERPT: usize = 160;

/// Works out what a reader needs to find a fact's place again.
pub(super) fn evidence(package: &Package, place: &Place) -> Evidence {
    let Place { kind, file, offset, pointer, excerpt } = place.clone();
    let mut evidence = Evidence { kind, file, pointer, excerpt, ..Evidence::default() };
    if kind != EvidenceKind::Package {
        return evidence;
    }
    let Some(entry) = evidence.file.as_ref().and_then(|path| package.files.get(path)) else { return evidence };
    evidence.sha256 = Some(entry.sha256.clone());
    if let (Some(bytes), Some(offset)) = (&entry.bytes, offset) {
        let position = position(bytes, offset as usize);
        evidence.line = Some(position.line);
        evidence.column = Some(position.column);
        evidence.excerpt.get_or_insert(position.excerpt);
    }
    evidence
}

/// Where a byte is, for people.
struct Position {
    line: u32,
    column: u32,
    excerpt: String,
}

/// Line and column (both from 1, the column in characters) of a byte, and the text around it.
fn position(bytes: &[u8], offset: usize) -> Position {
    let offset = offset.min(bytes.len());
    let (before, after) = bytes.split_at(offset);
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let head = before.get(start..).unwrap_or_default();
    // Counting characters by their first bytes keeps a line of 20 MB cheap and needs no valid UTF-8.
    let column = head.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() + 1;
    let rest = after.get(..memchr::memchr(b'\n', after).unwrap_or(after.len())).unwrap_or_default();
    Position {
        line: line.try_into().unwrap_or(u32::MAX),
        column: column.try_into().unwrap_or(u32::MAX),
        excerpt: excerpt(head, rest),
    }
}

/// At most [`EXCERPT`] characters of a line: from its start if the place is near it, else from shortly before the place.
fn excerpt(head: &[u8], rest: &[u8]) -> String {
    let lead = EXCERPT / 4;
    let head = head.get(head.len().saturating_sub(4 * EXCERPT)..).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let head = head.trim_start();
    let skip = head.chars().count().saturating_sub(lead);
    let rest = String::from_utf8_lossy(rest.get(..rest.len().min(4 * EXCERPT)).unwrap_or_default());
    let mut text: String = if skip > 0 { "…".into() } else { String::new() };
    text.extend(head.chars().skip(skip));
    let room = EXCERPT.saturating_sub(text.chars().count());
    let cut = rest.chars().count() > room;
    text.extend(rest.chars().take(room));
    let mut text = text.trim_end().to_owned();
    if cut {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let text = "a\n  é = call(1);\n".as_bytes();
        let at = text.windows(4).position(|window| window == b"call").unwrap();
        let position = position(text, at);
        assert_eq!((position.line, position.column), (2, 7));
        assert_eq!(position.excerpt, "é = call(1);");
    }

    #[test]
    fn a_place_far_into_a_minified_line_shows_what_is_around_it() {
        let mut text = "x;".repeat(1_000_000).into_bytes();
        let at = text.len();
        text.extend_from_slice(b"fetch(url)");
        text.extend_from_slice("y;".repeat(1_000).as_bytes());
        let position = position(&text, at);
        assert!(position.excerpt.contains("fetch(url)"), "{}", position.excerpt);
        assert!(position.excerpt.chars().count() <= EXCERPT + 2);
        assert!(position.excerpt.starts_with('…') && position.excerpt.ends_with('…'));
    }

    #[test]
    fn a_place_beyond_the_end_is_the_end() {
        assert_eq!(position(b"ab", 99).column, 3);
        assert_eq!(position(b"", 0).line, 1);
    }
}
