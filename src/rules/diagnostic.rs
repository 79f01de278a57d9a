//! What is wrong with a rule file, shown on the line of its author.

use std::fmt;
use std::ops::Range;

/// One mistake in a rule file: file, line, a marker under the wrong word, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// The line's text, tabs as single blanks.
    source: String,
    /// Characters under the marker.
    width: usize,
}

impl Diagnostic {
    /// A mistake at a byte range of `text`.
    pub fn new(file: &str, text: &str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let start = floor(text, span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_text = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = text.get(line_start..start).unwrap_or_default().chars().count();
        let marked = text.get(start..floor(text, span.end.max(start))).unwrap_or_default();
        let width = marked.lines().next().unwrap_or_default().chars().count().max(1);
        Diagnostic {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: column + 1,
            message: message.into(),
            help: None,
            source: line_text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
            width,
        }
    }

    /// With the way out.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// With the nearest of `words` as the way out, or all of them where none is near and they are few.
    pub fn nearest<'w>(self, word: &str, words: impl IntoIterator<Item = &'w str>) -> Diagnostic {
        let words: Vec<&str> = words.into_iter().collect();
        match nearest(word, words.iter().copied()) {
            Some(near) => self.help(format!("did you mean \"{near}\"?")),
            None if (1..=24).contains(&words.len()) => self.help(format!("known are: {}", words.join(", "))),
            None => self,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{}", self.message)?;
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.source)?;
        write!(f, "{margin} | {}{}", " ".repeat(self.column.saturating_sub(1)), "^".repeat(self.width))?;
        match &self.help {
            Some(help) => write!(f, "\n{margin} = {help}"),
            None => Ok(()),
        }
    }
}

/// The last character border at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The word that a person most likely meant: the one at the smallest edit distance, if it is near enough.
pub fn nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let limit = (word.chars().count() / 3).max(2);
    words
        .into_iter()
        .map(|known| (distance(word, known), known))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, known)| known)
}

/// Levenshtein's distance, with a swap of neighbours as one step.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(128).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut last = None;
    for (at, letter) in left.chars().take(128).enumerate() {
        let mut next = vec![at + 1];
        for (column, other) in right.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut cost = get(&row, column) + usize::from(letter != *other);
            cost = cost.min(get(&row, column + 1) + 1).min(get(&next, column) + 1);
            let swapped = column > 0 && last == Some(*other) && right.get(column - 1) == Some(&letter);
            if swapped {
                cost = cost.min(get(&before, column - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(letter);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_stands_under_the_word() {
        let text = "id = \"x\"\nmätch = 1\n";
        let at = text.find("mätch").unwrap_or_default();
        let shown =
            Diagnostic::new("x.toml", text, at..at + "mätch".len(), "unknown key \"mätch\"").nearest("mätch", ["match"]);
        assert_eq!(
            shown.to_string(),
            "unknown key \"mätch\"\n --> x.toml:2:1\n  |\n2 | mätch = 1\n  | ^^^^^\n  = did you mean \"match\"?"
        );
    }

    #[test]
    fn a_range_outside_the_text_does_no_harm() {
        let shown = Diagnostic::new("x.toml", "ä", 1..900, "odd").to_string();
        assert!(shown.contains("x.toml:1:1"), "{shown}");
    }

    #[test]
    fn nearest_words() {
        assert_eq!(nearest("permision", ["permission", "flow"]), Some("permission"));
        assert_eq!(nearest("folw", ["permission", "flow"]), Some("flow"));
        assert_eq!(nearest("entirely-different", ["permission", "flow"]), None);
    }
}
