//! JSON as the browser reads it.
//!
//! Chromium's reader takes more than the standard (one byte order mark, comments, raw newlines in strings, `\xHH`; of
//! duplicate keys the last wins) and less than most lenient readers (no trailing commas, at most 199 levels). A scanner that
//! reads another document than the browser can be shown harmless permissions, so what this module takes and refuses was
//! compared with 90 variants of a manifest that a current Chromium loaded or refused.
//!
//! Almost every document is plain JSON, so [`parse`] tries `serde_json` first: all that it takes the browser takes too, with
//! the same result. Only what it refuses, or what might use too much memory, goes through the slower reader here.

use serde_json::{Map, Number, Value};
use thiserror::Error;

/// Levels of lists and objects that the browser follows, the outermost one counted.
pub const MAX_DEPTH: usize = 199;

/// Values (numbers, strings, lists, ...) in one document. One takes 72 bytes or more in memory, however short its text is.
pub const MAX_VALUES: usize = 6_000_000;

/// Duplicate keys that are remembered.
const MAX_DUPLICATES: usize = 50;

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// A document that the browser would refuse: typically truncated, overwritten or written by hand.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {fault}")]
pub struct JsonError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Nothing but white space and comments.
    #[error("the document is empty")]
    Empty,
    /// Truncated: the text ends inside a value.
    #[error("the text ends before the document does")]
    UnexpectedEnd,
    /// Not text, or text in another encoding.
    #[error("not UTF-8; the browser refuses other encodings")]
    NotUtf8,
    /// UTF-16 or UTF-32 by its byte order mark.
    #[error("UTF-16; the browser reads UTF-8 only")]
    Utf16,
    /// Deeper than the browser follows.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More values than we hold in memory.
    #[error("more than {MAX_VALUES} values")]
    TooMany,
    /// A character that cannot stand here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What could stand here.
        expected: &'static str,
        /// What stands here.
        found: String,
    },
    /// Something after the end of the document.
    #[error("text after the end of the document")]
    Trailing,
    /// A comma before `}` or `]`.
    #[error("a comma with nothing after it")]
    TrailingComma,
    /// `/*` without `*/`, or a `/` that begins no comment.
    #[error("a comment that does not end, or a slash that begins none")]
    Comment,
    /// A byte below 0x20 in a string, other than a newline.
    #[error("a control character in a string")]
    Control,
    /// A backslash before a letter without a meaning.
    #[error("an unknown escape in a string")]
    Escape,
    /// Half of a surrogate pair.
    #[error("half of a surrogate pair in a string")]
    Surrogate,
    /// Leading zeros, `+1`, `.5`, `5.`, `1e`.
    #[error("not a number as JSON writes them")]
    Number,
    /// Beyond what a double can hold.
    #[error("a number that is too large")]
    NumberRange,
}

/// Reads a document as the browser does.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(JsonError { line: 1, column: 1, fault: Fault::Utf16 });
    }
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    if at_most_values(bytes) <= MAX_VALUES
        && let Ok(value) = serde_json::from_slice(bytes)
    {
        return Ok(value);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
            return Err(locate(valid, valid.len(), Fault::NotUtf8));
        }
    };
    Reader::new(text).document()
}

/// Keys that stand more than once in one object, in order. The browser takes the last; a reader that takes the first can be
/// shown another document.
pub fn duplicate_keys(bytes: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(bytes.strip_prefix(MARK).unwrap_or(bytes)) else { return Vec::new() };
    let mut reader = Reader::new(text);
    // A document that is refused further on still has the keys that were met before.
    let _ = reader.whole();
    reader.duplicates
}

/// How many values the document has at most, by the characters that separate them: quick, and too high where they stand in
/// strings.
fn at_most_values(bytes: &[u8]) -> usize {
    1 + bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count()
}

/// The error at a byte offset, with its line and column.
fn locate(text: &str, offset: usize, fault: Fault) -> JsonError {
    let before = text.get(..offset).unwrap_or(text);
    let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
    let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
    JsonError { line, column, fault }
}

/// The lenient reader: a byte offset in valid UTF-8. Recursion is bounded by [`MAX_DEPTH`].
struct Reader<'t> {
    text: &'t str,
    at: usize,
    values: usize,
    duplicates: Vec<String>,
}

type Read<T> = Result<T, Fault>;

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Reader { text, at: 0, values: 0, duplicates: Vec::new() }
    }

    fn document(mut self) -> Result<Value, JsonError> {
        self.whole().map_err(|fault| locate(self.text, self.at, fault))
    }

    fn whole(&mut self) -> Read<Value> {
        self.blank()?;
        if self.peek().is_none() {
            return Err(Fault::Empty);
        }
        let value = self.value(0)?;
        self.blank()?;
        if self.peek().is_some() { Err(Fault::Trailing) } else { Ok(value) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Steps over white space and comments.
    fn blank(&mut self) -> Read<()> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(b'/') => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn comment(&mut self) -> Read<()> {
        let rest = self.rest();
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(inside) = rest.strip_prefix("/*") {
            inside.find("*/").map(|end| end + 4).ok_or(Fault::Comment)?
        } else {
            return Err(Fault::Comment);
        };
        self.at += length;
        Ok(())
    }

    /// The fault of finding something else than `expected`.
    fn unexpected(&self, expected: &'static str) -> Fault {
        match self.rest().chars().next() {
            Some(found) => Fault::Unexpected { expected, found: format!("{found:?}") },
            None => Fault::UnexpectedEnd,
        }
    }

    /// A value inside `depth` lists and objects.
    fn value(&mut self, depth: usize) -> Read<Value> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(Fault::TooMany);
        }
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
                    if self.rest().starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.unexpected("a value"))
            }
        }
    }

    fn object(&mut self, depth: usize) -> Read<Value> {
        self.enter(depth)?;
        let mut object = Map::new();
        if self.closes(b'}')? {
            return Ok(Value::Object(object));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            self.blank()?;
            if self.peek() != Some(b':') {
                return Err(self.unexpected("':' after a key"));
            }
            self.at += 1;
            self.blank()?;
            let value = self.value(depth)?;
            if object.contains_key(&key) && !self.duplicates.contains(&key) && self.duplicates.len() < MAX_DUPLICATES {
                self.duplicates.push(key.clone());
            }
            object.insert(key, value);
            if !self.another(b'}', "',' or '}'")? {
                return Ok(Value::Object(object));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        self.enter(depth)?;
        let mut list = Vec::new();
        if self.closes(b']')? {
            return Ok(Value::Array(list));
        }
        loop {
            list.push(self.value(depth)?);
            if !self.another(b']', "',' or ']'")? {
                return Ok(Value::Array(list));
            }
        }
    }

    /// Steps over an opening bracket that leads to level `depth`.
    fn enter(&mut self, depth: usize) -> Read<()> {
        if depth > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.at += 1;
        Ok(())
    }

    /// Whether the closing bracket follows; steps over it.
    fn closes(&mut self, bracket: u8) -> Read<bool> {
        self.blank()?;
        let closes = self.peek() == Some(bracket);
        self.at += usize::from(closes);
        Ok(closes)
    }

    /// After a member: whether another one follows, or the end.
    fn another(&mut self, bracket: u8, expected: &'static str) -> Read<bool> {
        if self.closes(bracket)? {
            return Ok(false);
        }
        if self.peek() != Some(b',') {
            return Err(self.unexpected(expected));
        }
        self.at += 1;
        self.blank()?;
        if self.peek() == Some(bracket) { Err(Fault::TrailingComma) } else { Ok(true) }
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            // All bytes that end a run are ASCII, so the run ends on a character's border.
            let rest = self.rest();
            let run = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            text.push_str(rest.get(..run).unwrap_or_default());
            self.at += run;
            match self.peek() {
                None => return Err(Fault::UnexpectedEnd),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(b'\n') => {
                    text.push('\n');
                    self.at += 1;
                }
                Some(_) => return Err(Fault::Control),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let letter = self.text.as_bytes().get(self.at + 1).copied().ok_or(Fault::UnexpectedEnd)?;
        let (character, length) = match letter {
            b'"' => ('"', 2),
            b'\\' => ('\\', 2),
            b'/' => ('/', 2),
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'x' => (self.hex(2, 2).and_then(char::from_u32).ok_or(Fault::Escape)?, 4),
            b'u' => self.unicode()?,
            _ => return Err(Fault::Escape),
        };
        self.at += length;
        Ok(character)
    }

    /// `\uXXXX`, or two of them for characters beyond U+FFFF.
    fn unicode(&self) -> Read<(char, usize)> {
        let first = self.hex(2, 4).ok_or(Fault::Escape)?;
        if let Some(character) = char::from_u32(first) {
            return Ok((character, 6));
        }
        let second = (self.rest().get(6..8) == Some("\\u")).then(|| self.hex(8, 4)).flatten();
        match (first, second) {
            (0xD800..0xDC00, Some(second @ 0xDC00..0xE000)) => {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                Ok((char::from_u32(code).ok_or(Fault::Surrogate)?, 12))
            }
            _ => Err(Fault::Surrogate),
        }
    }

    /// The value of `digits` hexadecimal digits that begin `after` bytes from here.
    fn hex(&self, after: usize, digits: usize) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at + after..self.at + after + digits)?;
        digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
    }

    fn number(&mut self) -> Read<Value> {
        let rest = self.rest();
        let length =
            rest.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).unwrap_or(rest.len());
        let token = rest.get(..length).unwrap_or_default();
        // serde_json knows the grammar of a single number and rounds as it does on the fast path.
        let number: Number = serde_json::from_str(token).map_err(|error| {
            let out_of_range = token.parse::<f64>().is_ok_and(f64::is_infinite) && error.is_syntax();
            if out_of_range { Fault::NumberRange } else { Fault::Number }
        })?;
        self.at += length;
        Ok(Value::Number(number))
    }
}

/// What kind of value this is, with its article: for messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
