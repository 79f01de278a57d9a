//! Text that came from outside, made fit for a terminal: nothing in it can move the cursor, change colours, reverse the
//! reading order or break a table.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// More combining marks than this on one letter are dropped: honest scripts stay below it.
const MARKS: usize = 4;

/// Text that is safe to show: control characters, line breaks, direction overrides, tags and other invisible characters become
/// a visible escape such as `\x1b` or `\u{202e}`.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.chars() {
        if is_hidden(c) {
            marks = 0;
            match c {
                '\n' => shown.push_str("\\n"),
                '\r' => shown.push_str("\\r"),
                '\t' => shown.push_str("\\t"),
                c if u32::from(c) < 0x100 => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
                c => shown.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            }
        } else if c.width() == Some(0) {
            marks += 1;
            if marks <= MARKS {
                shown.push(c);
            }
        } else {
            marks = 0;
            shown.push(c);
        }
    }
    shown
}

/// Characters that show nothing and change how others are shown. The zero-width joiner stays: emoji and several scripts need it.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' | '\u{180e}' | '\u{ad}' | '\u{3164}' | '\u{ffa0}'
            | '\u{115f}' | '\u{1160}')
}

/// Columns that a text takes in a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text, cut to a number of columns with an ellipsis.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut shown = String::new();
    for c in text.chars() {
        shown.push(c);
        // The width of the whole, since joined emoji are narrower than the sum of their parts.
        if width(&shown) + 1 > columns {
            shown.pop();
            break;
        }
    }
    // A joiner without its second half would join the ellipsis.
    let mut shown = shown.trim_end_matches('\u{200d}').trim_end().to_owned();
    if columns > 0 {
        shown.push('…');
    }
    shown
}

/// The text, cut at its beginning: for paths, whose end says more.
pub fn cut_start(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut starts = text.char_indices().map(|(at, _)| at);
    let start = starts.find(|at| text.get(*at..).is_some_and(|rest| width(rest) < columns)).unwrap_or(text.len());
    format!("…{}", text.get(start..).unwrap_or_default())
}

/// The first characters of a text, with an ellipsis where something was left off.
pub fn first_chars(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The text in lines of at most `columns`, broken between words, and inside words that are too long or of scripts without spaces.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        if width(word) <= columns {
            line.push_str(word);
            continue;
        }
        for c in word.chars() {
            if width(&line) + c.width().unwrap_or(0) > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_visible() {
        assert_eq!(plain("a\u{1b}[31mb\u{9b}0m\n"), "a\\x1b[31mb\\x9b0m\\n");
        assert_eq!(plain("exe\u{202e}fdp.pdf"), "exe\\u{202e}fdp.pdf");
        assert_eq!(plain("한국어 שלום \u{1f469}\u{200d}\u{1f4bb}"), "한국어 שלום \u{1f469}\u{200d}\u{1f4bb}");
    }

    #[test]
    fn towers_of_marks_are_cut() {
        let tower = format!("a{}b", "\u{301}".repeat(300));
        assert_eq!(plain(&tower), format!("a{}b", "\u{301}".repeat(4)));
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(cut("한국어 확장", 7), "한국어…");
        assert_eq!(cut("plain", 5), "plain");
        assert_eq!(cut("plainer", 5), "plai…");
        assert_eq!(cut_start("/home/x/long/file.js", 9), "…/file.js");
        for columns in 0..12 {
            assert!(width(&cut("\u{1f469}\u{200d}\u{1f4bb}한a\u{301}국어 확장 abc", columns)) <= columns.max(1));
        }
    }

    #[test]
    fn wrapping_breaks_between_words_and_inside_long_ones() {
        assert_eq!(wrap("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("abcdefghijklmnop", 8), ["abcdefgh", "ijklmnop"]);
        assert!(wrap("가나다라마바사아자차", 8).iter().all(|line| width(line) <= 8));
        assert!(wrap("", 8).is_empty());
    }
}
