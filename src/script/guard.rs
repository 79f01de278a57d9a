//! How deeply a script nests, known before a parser sees it.
//!
//! Recursive-descent parsers, oxc's among them, use the machine's stack for each level of nesting, and a stack that runs
//! out ends the process: 50,000 opening brackets are a denial of service. This scan reads the bytes once and says whether
//! the script stays below two bounds: brackets within brackets, and runs of operators that bind to the right (`a=>a=>`,
//! `a?b:a?b:`, `!!!`, `else if`), which recurse without any bracket.
//!
//! The promise: whatever the bytes are, a script that passes does not take a parser deeper than the bounds. Brackets in
//! strings, comments, templates and regular expressions therefore must not count, in either direction, and one question of
//! JavaScript's grammar cannot be answered by looking at bytes: whether `/` after `}` divides or begins a regular
//! expression. There the scan follows both readings, until one of them runs into a syntax error or both agree again.

use std::fmt;

/// Brackets within brackets that are accepted. Real code stays below 100.
const MAX_DEPTH: usize = 1_000;
/// Operators that bind to the right and are open at the same time.
const MAX_RUN: u32 = 20_000;
/// Readings that are followed at the same time.
const MAX_READINGS: usize = 16;

/// Why a script is not handed to a parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Too many brackets within brackets.
    Depth,
    /// Too long a chain of operators that bind to the right.
    Run,
    /// It can be read in too many ways.
    Ambiguous,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Excess::Depth => write!(f, "brackets nest deeper than {MAX_DEPTH} levels"),
            Excess::Run => write!(f, "more than {MAX_RUN} operators bind to the right in one expression"),
            Excess::Ambiguous => f.write_str("slashes can be read in too many ways"),
        }
    }
}

/// Whether `text` can be parsed on a stack of 64 MiB.
pub fn check(text: &str) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    let mut readings = vec![Reading::default()];
    let mut budget = bytes.len().saturating_mul(8).saturating_add(1 << 16);
    while let Some(next) = (0..readings.len()).min_by_key(|&index| readings[index].at) {
        let mut reading = readings.swap_remove(next);
        // Two readings that meet in the same state are one.
        readings.retain(|other| *other != reading);
        let from = reading.at;
        let fork = reading.run(bytes)?;
        budget = budget.checked_sub(reading.at - from + 1).ok_or(Excess::Ambiguous)?;
        if fork {
            let mut regex = reading.clone();
            reading.at += 1;
            reading.before = Before::Operator;
            readings.push(reading);
            if regex.regular_expression(bytes) {
                readings.push(regex);
            }
            if readings.len() > MAX_READINGS {
                return Err(Excess::Ambiguous);
            }
        }
    }
    Ok(())
}

/// What stands before the next token, as far as it decides what a slash means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Before {
    /// Nothing, an operator, an opening bracket: a value begins here.
    #[default]
    Operator,
    /// A value: an operator follows.
    Value,
    /// A dot: a name follows.
    Dot,
    /// The head of `if`, `while`, `for`, `with`: its bracket is not a value.
    Head,
    /// `}` of a block or an object, `++`, `yield`: either.
    Either,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bracket {
    Round,
    /// After `if`, `while`, `for`, `with`.
    RoundHead,
    Square,
    Curly,
    /// `${` in a template.
    Template,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    bracket: Bracket,
    /// Operators open at this level since the last terminator.
    run: u32,
    /// `else` at this level: a chain of them is not ended by a semicolon.
    elses: u32,
}

/// One way of reading the text so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reading {
    at: usize,
    before: Before,
    levels: Vec<Level>,
    /// The run and the `else`s outside of all brackets.
    run: u32,
    elses: u32,
    /// Sum of all runs and `else`s that are open.
    open: u32,
}

impl Reading {
    /// Goes on to the end, to a syntax error, or to a slash that can be read in two ways (then true).
    fn run(&mut self, bytes: &[u8]) -> Result<bool, Excess> {
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'"' | b'\'' => {
                    if !self.string(bytes, byte) {
                        return Ok(self.stop(bytes));
                    }
                }
                b'`' => {
                    self.at += 1;
                    if !self.template(bytes)? {
                        return Ok(self.stop(bytes));
                    }
                }
                b'(' => {
                    let head = self.before == Before::Head;
                    self.open(if head { Bracket::RoundHead } else { Bracket::Round })?;
                }
                b'[' => self.open(Bracket::Square)?,
                b'{' => self.open(Bracket::Curly)?,
                b')' | b']' | b'}' => match self.close(byte) {
                    Some(Bracket::Template) => {
                        if !self.template(bytes)? {
                            return Ok(self.stop(bytes));
                        }
                    }
                    Some(_) => {}
                    None => return Ok(self.stop(bytes)),
                },
                b'/' => match bytes.get(self.at + 1) {
                    Some(b'/') => self.line_comment(bytes),
                    Some(b'*') => {
                        if !self.block_comment(bytes) {
                            return Ok(self.stop(bytes));
                        }
                    }
                    _ => match self.before {
                        Before::Operator | Before::Head => {
                            if !self.regular_expression(bytes) {
                                return Ok(self.stop(bytes));
                            }
                        }
                        Before::Either => return Ok(true),
                        Before::Value | Before::Dot => {
                            self.at += 1;
                            self.before = Before::Operator;
                        }
                    },
                },
                // In a script `<!--` and, at the start of a line, `-->` begin a comment; in a module they are operators.
                // The comment's reading is the one that could hide brackets from a parser, never from this scan.
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'\\' | b'#' | b'@' | 0x80.. => self.word(bytes)?,
                _ => self.operator(bytes, byte)?,
            }
        }
        Ok(false)
    }

    /// A syntax error: a parser would not go further.
    fn stop(&mut self, bytes: &[u8]) -> bool {
        self.at = bytes.len();
        false
    }

    fn bump(&mut self, by_else: bool) -> Result<(), Excess> {
        let (run, elses) = match self.levels.last_mut() {
            Some(level) => (&mut level.run, &mut level.elses),
            None => (&mut self.run, &mut self.elses),
        };
        *(if by_else { elses } else { run }) += 1;
        self.open += 1;
        if self.open > MAX_RUN { Err(Excess::Run) } else { Ok(()) }
    }

    fn terminate(&mut self) {
        let run = self.levels.last_mut().map_or(&mut self.run, |level| &mut level.run);
        self.open -= std::mem::take(run);
    }

    fn open(&mut self, bracket: Bracket) -> Result<(), Excess> {
        if self.levels.len() >= MAX_DEPTH {
            return Err(Excess::Depth);
        }
        self.levels.push(Level { bracket, run: 0, elses: 0 });
        self.before = Before::Operator;
        self.at += 1;
        Ok(())
    }

    /// Closes the innermost bracket, which must fit.
    fn close(&mut self, byte: u8) -> Option<Bracket> {
        let level = self.levels.pop()?;
        let (fits, before) = match (level.bracket, byte) {
            (Bracket::Round, b')') => (true, Before::Value),
            (Bracket::RoundHead, b')') => (true, Before::Operator),
            (Bracket::Square, b']') => (true, Before::Value),
            (Bracket::Curly, b'}') => (true, Before::Either),
            (Bracket::Template, b'}') => (true, Before::Value),
            _ => (false, Before::Value),
        };
        self.open -= level.run + level.elses;
        self.before = before;
        self.at += 1;
        fits.then_some(level.bracket)
    }

    fn string(&mut self, bytes: &[u8], quote: u8) -> bool {
        let mut at = self.at + 1;
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr3(quote, b'\\', b'\n', rest)) {
            at += found;
            match bytes[at] {
                // An escaped line break may be two bytes.
                b'\\' => at += if bytes[at..].starts_with(b"\\\r\n") { 3 } else { 2 },
                b'\n' => return false,
                _ => {
                    self.at = at + 1;
                    self.before = Before::Value;
                    return true;
                }
            }
        }
        false
    }

    /// The text of a template up to its end or to `${`, which opens a bracket.
    fn template(&mut self, bytes: &[u8]) -> Result<bool, Excess> {
        while let Some(found) = bytes.get(self.at..).and_then(|rest| memchr::memchr3(b'`', b'\\', b'$', rest)) {
            self.at += found;
            match bytes[self.at] {
                b'\\' => self.at += 2,
                b'$' if bytes.get(self.at + 1) == Some(&b'{') => {
                    self.at += 1;
                    self.open(Bracket::Template)?;
                    return Ok(true);
                }
                b'$' => self.at += 1,
                _ => {
                    self.at += 1;
                    self.before = Before::Value;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Line comments also end at U+2028 and U+2029.
    fn line_comment(&mut self, bytes: &[u8]) {
        let mut at = self.at + 2;
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr3(b'\n', b'\r', 0xe2, rest)) {
            at += found;
            if bytes[at] != 0xe2 || matches!(bytes.get(at..at + 3), Some([0xe2, 0x80, 0xa8 | 0xa9])) {
                self.at = at;
                return;
            }
            at += 1;
        }
        self.at = bytes.len();
    }

    fn block_comment(&mut self, bytes: &[u8]) -> bool {
        match bytes.get(self.at + 2..).and_then(|rest| memchr::memmem::find(rest, b"*/")) {
            Some(found) => {
                self.at += found + 4;
                true
            }
            None => false,
        }
    }

    /// A regular expression ends at an unescaped slash outside of a class, on the same line.
    fn regular_expression(&mut self, bytes: &[u8]) -> bool {
        let mut class = false;
        let mut at = self.at + 1;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' => at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'\n' | b'\r' => return false,
                0xe2 if matches!(bytes.get(at..at + 3), Some([0xe2, 0x80, 0xa8 | 0xa9])) => return false,
                b'/' if !class => {
                    self.at = at + 1;
                    self.before = Before::Value;
                    return true;
                }
                _ => {}
            }
            at += 1;
        }
        false
    }

    fn word(&mut self, bytes: &[u8]) -> Result<(), Excess> {
        let rest = &bytes[self.at..];
        let part =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'@' | b'\\') || *byte >= 0x80;
        let length = rest.iter().position(|byte| !part(byte)).unwrap_or(rest.len());
        let word = &rest[..length];
        self.at += length;
        if word.first() == Some(&0xe2) && matches!(word, [0xe2, 0x80, 0xa8 | 0xa9]) {
            return Ok(());
        }
        if self.before == Before::Dot {
            self.before = Before::Value;
            return Ok(());
        }
        // `\u{...}` in a name: the bracket belongs to the name.
        if word.ends_with(b"\\u") && bytes.get(self.at) == Some(&b'{') {
            if let Some(end) = memchr::memchr(b'}', &bytes[self.at..]) {
                self.at += end + 1;
            }
            self.before = Before::Either;
            return Ok(());
        }
        let head = self.before == Before::Head;
        self.before = match word {
            b"if" | b"while" | b"for" | b"with" => {
                self.bump(false)?;
                Before::Head
            }
            b"await" if head => Before::Head,
            b"else" => {
                self.bump(true)?;
                Before::Operator
            }
            b"do" | b"return" | b"throw" | b"case" | b"new" | b"typeof" | b"void" | b"delete" | b"in" | b"instanceof"
            | b"extends" | b"default" => {
                self.bump(false)?;
                Before::Operator
            }
            // These are names in some places and operators in others.
            b"await" | b"yield" | b"of" | b"async" | b"let" | b"static" | b"get" | b"set" => {
                self.bump(false)?;
                Before::Either
            }
            _ => Before::Value,
        };
        Ok(())
    }

    fn operator(&mut self, bytes: &[u8], byte: u8) -> Result<(), Excess> {
        let next = bytes.get(self.at + 1).copied();
        let mut length = 1;
        let mut before = Before::Operator;
        match (byte, next) {
            (b';' | b',', _) => self.terminate(),
            (b'.', Some(b'0'..=b'9')) => before = Before::Value,
            (b'.', Some(b'.')) => length = 3,
            (b'.', _) => before = Before::Dot,
            (b'?', Some(b'.')) if !bytes.get(self.at + 2).is_some_and(u8::is_ascii_digit) => {
                length = 2;
                before = Before::Dot;
            }
            (b'?', Some(b'?')) => length = 2,
            (b'+', Some(b'+')) | (b'-', Some(b'-')) => {
                self.bump(false)?;
                length = 2;
                before = Before::Either;
            }
            (b'*', Some(b'*')) => {
                self.bump(false)?;
                length = 2;
            }
            (b'=', Some(b'=')) | (b'!', Some(b'=')) => length = 2,
            (b'<' | b'>', Some(b'=')) => length = 2,
            (b'=' | b'?' | b':' | b'!' | b'~', _) => self.bump(false)?,
            (b'+' | b'-', _) if self.before != Before::Value => self.bump(false)?,
            _ => {}
        }
        // `?.[` and `?.(` open brackets that are no names.
        if before == Before::Dot && matches!(bytes.get(self.at + length), Some(b'(' | b'[' | b'`')) {
            before = Before::Value;
        }
        self.before = before;
        self.at += length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_code_passes() {
        for text in [
            "",
            "if (a) /[(\"]/.test(b); else c / d / e;",
            "const x = `a${b + `c${d}`}e`; // )))\n/* ((( */ f(\"(((\", '[[[', /[[[]/)",
            "function f() {} /(((/.test(x)",
            "x = {} / 2 / y; z = a++ / b; w = a\n++/x/.y",
            "label: for (const x of /a/g.exec(b)) { continue label }",
            "a?.b ?? c?.[d]?.(e) ? .5 : 1.",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        for open in ["(", "[", "{", "f(", "function(){", "a=>{", "`${", "{a:", "[...["] {
            assert_eq!(check(&open.repeat(100_000)), Err(Excess::Depth), "{open}");
            assert_eq!(check(&open.repeat(400)), Ok(()), "{open}");
        }
    }

    #[test]
    fn runs_are_bounded() {
        for piece in
            ["a=>", "a?b:", "!", "- ", "a=", "if(a)", "else if(a)b;", "new ", "typeof ", "a**", "a:", "while(a)", "do "]
        {
            assert_eq!(check(&piece.repeat(100_000)), Err(Excess::Run), "{piece}");
        }
        // Chains that bind to the left, and lists, are walked without recursion.
        for piece in ["a+\"b\"+", "a.b", "a=b,", "a=b;", "a?b:c,"] {
            assert_eq!(check(&piece.repeat(100_000)), Ok(()), "{piece}");
        }
    }

    #[test]
    fn brackets_cannot_hide() {
        let deep = "(".repeat(50_000);
        for text in [
            format!("\")\" + {deep}"),
            format!("x = {{}} / \"/ + \" + {deep}"),
            format!("function f(){{}} /\"/ ; {deep}"),
            format!("if (x) /\"/ ; {deep}"),
            format!("// comment\u{2028}{deep}"),
            format!("`${{`)))`}}` + {deep}"),
            format!("a\\u{{62}} / 2; {deep}"),
        ] {
            assert!(check(&text).is_err(), "{}", &text[..30]);
        }
    }

    #[test]
    fn slashes_without_end_are_bounded() {
        let _ = check(&"}/".repeat(200_000));
        let _ = check(&"{}/\"/".repeat(200_000));
        let _ = check(&"{}/(/".repeat(50_000));
    }
}
