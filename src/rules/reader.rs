//! Reading TOML strictly, with the place of every word: what is asked for is taken out, what is left over is a mistake.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;

/// A value and where it stands.
pub(super) type Node<'t> = Spanned<DeValue<'t>>;

/// The file that is being read, and the mistakes so far.
pub(super) struct Source<'t> {
    /// As it was named.
    pub file: &'t str,
    /// The text.
    pub text: &'t str,
    /// The mistakes so far.
    pub mistakes: Vec<Diagnostic>,
}

impl<'t> Source<'t> {
    /// A file to read.
    pub fn new(file: &'t str, text: &'t str) -> Source<'t> {
        Source { file, text, mistakes: Vec::new() }
    }

    /// The document, or nothing where it is no TOML.
    pub fn document(&mut self) -> Option<DeTable<'t>> {
        match DeTable::parse(self.text) {
            Ok(table) => Some(table.into_inner()),
            Err(error) => {
                let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
                self.say(error.span().unwrap_or(0..0), message);
                None
            }
        }
    }

    /// A mistake at a place.
    pub fn say(&mut self, span: Range<usize>, message: impl Into<String>) {
        let mistake = self.mistake(span, message);
        self.mistakes.push(mistake);
    }

    /// A mistake that is to get a way out before it is pushed.
    pub fn mistake(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.file, self.text, span, message)
    }

    /// Line of a byte offset, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }

    /// A text.
    pub fn string(&mut self, node: &Node<'t>) -> Option<String> {
        match node.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            other => {
                self.say(node.span(), format!("a text is wanted here, found {}", kind(other)));
                None
            }
        }
    }

    /// A yes or no.
    pub fn boolean(&mut self, node: &Node<'t>) -> Option<bool> {
        match node.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            other => {
                self.say(node.span(), format!("true or false is wanted here, found {}", kind(other)));
                None
            }
        }
    }

    /// A number.
    pub fn number(&mut self, node: &Node<'t>) -> Option<f64> {
        let number = match node.get_ref() {
            DeValue::Integer(value) => i64::from_str_radix(value.as_str(), value.radix()).ok().map(|value| value as f64),
            DeValue::Float(value) => value.as_str().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.say(node.span(), format!("a number is wanted here, found {}", kind(node.get_ref())));
        }
        number
    }

    /// A count of at least one.
    pub fn count(&mut self, node: &Node<'t>) -> Option<usize> {
        let number = self.number(node)?;
        if number.fract() == 0.0 && (1.0..=1_000_000.0).contains(&number) {
            return Some(number as usize);
        }
        self.say(node.span(), "a whole number above zero is wanted here");
        None
    }

    /// A list.
    pub fn list<'n>(&mut self, node: &'n Node<'t>) -> Option<&'n [Node<'t>]> {
        match node.get_ref() {
            DeValue::Array(values) => Some(values),
            other => {
                self.say(node.span(), format!("a list is wanted here, found {}", kind(other)));
                None
            }
        }
    }

    /// A list of texts.
    pub fn strings(&mut self, node: &Node<'t>) -> Vec<String> {
        let Some(values) = self.list(node) else { return Vec::new() };
        values.iter().filter_map(|value| self.string(value)).collect()
    }

    /// A table, to be taken apart.
    pub fn table<'n>(&mut self, node: &'n Node<'t>) -> Option<Table<'n, 't>> {
        match node.get_ref() {
            DeValue::Table(table) => Some(Table::new(table, node.span())),
            other => {
                self.say(node.span(), format!("a table is wanted here, found {}", kind(other)));
                None
            }
        }
    }
}

/// A table that is being taken apart.
pub(super) struct Table<'n, 't> {
    table: &'n DeTable<'t>,
    asked: Vec<&'static str>,
    /// Where it stands.
    pub span: Range<usize>,
}

impl<'n, 't> Table<'n, 't> {
    /// A table at a place.
    pub fn new(table: &'n DeTable<'t>, span: Range<usize>) -> Table<'n, 't> {
        Table { table, asked: Vec::new(), span }
    }

    /// The value of a key, which then counts as known.
    pub fn take(&mut self, key: &'static str) -> Option<&'n Node<'t>> {
        self.asked.push(key);
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.iter().any(|(name, _)| name.get_ref().as_ref() == key)
    }

    /// The value of a key that must be there.
    pub fn need(&mut self, key: &'static str, source: &mut Source<'t>) -> Option<&'n Node<'t>> {
        let found = self.take(key);
        if found.is_none() {
            let start = self.span.start;
            source.say(start..start, format!("\"{key}\" is missing"));
        }
        found
    }

    /// A text that must be there and say something.
    pub fn need_text(&mut self, key: &'static str, source: &mut Source<'t>) -> String {
        let Some(node) = self.need(key, source) else { return String::new() };
        let text = source.string(node).unwrap_or_default();
        if text.trim().is_empty() && matches!(node.get_ref(), DeValue::String(_)) {
            source.say(node.span(), format!("\"{key}\" says nothing"));
        }
        text.trim().to_owned()
    }

    /// A text that may be there.
    pub fn text(&mut self, key: &'static str, source: &mut Source<'t>) -> Option<String> {
        self.take(key).and_then(|node| source.string(node)).map(|text| text.trim().to_owned())
    }

    /// A word of a closed list that must be there.
    pub fn need_word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)], source: &mut Source<'t>) -> Option<T> {
        let node = self.need(key, source)?;
        word(node, words, source)
    }

    /// A yes or no, no where it is missing.
    pub fn flag(&mut self, key: &'static str, source: &mut Source<'t>) -> bool {
        self.take(key).and_then(|node| source.boolean(node)).unwrap_or(false)
    }

    /// A list of texts, empty where it is missing.
    pub fn strings(&mut self, key: &'static str, source: &mut Source<'t>) -> Vec<String> {
        self.take(key).map(|node| source.strings(node)).unwrap_or_default()
    }

    /// Keys with their places that nobody asked for yet.
    pub fn rest(&self) -> impl Iterator<Item = (&'n str, Range<usize>, &'n Node<'t>)> + '_ {
        self.table
            .iter()
            .filter(|(name, _)| !self.asked.contains(&name.get_ref().as_ref()))
            .map(|(name, value)| (name.get_ref().as_ref(), name.span(), value))
    }

    /// What nobody asked for is a mistake.
    pub fn finish(self, source: &mut Source<'t>) {
        for (name, span, _) in self.rest() {
            let mistake = source.mistake(span, format!("unknown key \"{name}\""));
            source.mistakes.push(mistake.nearest(name, self.asked.iter().copied()));
        }
    }
}

/// A word of a closed list.
pub(super) fn word<T: Copy>(node: &Node<'_>, words: &[(&str, T)], source: &mut Source<'_>) -> Option<T> {
    let DeValue::String(text) = node.get_ref() else {
        source.say(node.span(), format!("a text is wanted here, found {}", kind(node.get_ref())));
        return None;
    };
    let found = words.iter().find(|(word, _)| *word == text.as_ref()).map(|(_, value)| *value);
    if found.is_none() {
        let mistake = source.mistake(node.span(), format!("unknown word \"{text}\""));
        source.mistakes.push(mistake.nearest(text, words.iter().map(|(word, _)| *word)));
    }
    found
}

/// What a value is, in words.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
