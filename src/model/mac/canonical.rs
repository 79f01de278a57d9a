//! The text of a value as Chromium writes it to compute integrity codes: no white space, keys in byte order, its own forms of
//! numbers and escapes. After `base/json/json_writer.cc`, `string_escape.cc` and `pref_hash_calculator.cc`.
//!
//! What a file looks like on disk does not matter; two files of equal value have one text.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// Browsers read at most 199 levels; what is deeper has no text that a browser would have written.
const MAX_DEPTH: usize = 256;

/// The text of a value that a code is over. The value of a preference that is an object loses its empty objects and lists
/// first, innermost first and also inside lists; the value itself stays, and a list is not touched. `None` for a value that
/// nests too deep.
pub fn text(value: &Value) -> Option<String> {
    let mut writer = Writer { out: String::new(), prune: value.is_object() };
    writer.value(value, 0)?;
    Some(writer.out)
}

struct Writer {
    out: String,
    prune: bool,
}

impl Writer {
    /// Writes a value and says whether it came out as an empty object or list.
    fn value(&mut self, value: &Value, depth: usize) -> Option<bool> {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(number) => write_number(&mut self.out, number),
            Value::String(text) => write_string(&mut self.out, text),
            Value::Array(items) => return self.list(items, depth),
            Value::Object(members) => return self.object(members, depth),
        }
        Some(false)
    }

    fn list(&mut self, items: &[Value], depth: usize) -> Option<bool> {
        self.out.push('[');
        let mut empty = true;
        for item in items {
            empty &= !self.member(None, item, empty, depth)?;
        }
        self.out.push(']');
        Some(empty)
    }

    fn object(&mut self, members: &Map<String, Value>, depth: usize) -> Option<bool> {
        let mut sorted: Vec<_> = members.iter().collect();
        sorted.sort_unstable_by_key(|(key, _)| key.as_bytes());
        self.out.push('{');
        let mut empty = true;
        for (key, value) in sorted {
            empty &= !self.member(Some(key), value, empty, depth)?;
        }
        self.out.push('}');
        Some(empty)
    }

    /// Writes one member, or takes it back where it came out empty and empty ones are dropped; says whether it stayed.
    fn member(&mut self, key: Option<&str>, value: &Value, first: bool, depth: usize) -> Option<bool> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let before = self.out.len();
        if !first {
            self.out.push(',');
        }
        if let Some(key) = key {
            write_string(&mut self.out, key);
            self.out.push(':');
        }
        let dropped = self.value(value, depth + 1)? && self.prune;
        if dropped {
            self.out.truncate(before);
        }
        Some(!dropped)
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whole numbers of 32 bits are integers; all others are doubles, also where they were written without a point.
fn write_number(out: &mut String, number: &Number) {
    match number.as_i64().and_then(|whole| i32::try_from(whole).ok()) {
        Some(whole) => {
            let _ = write!(out, "{whole}");
        }
        None => write_double(out, number.as_f64().unwrap_or_default()),
    }
}

/// The fewest digits that read back; plain while the decimal exponent is from -6 to 11, with `.0` on whole numbers.
fn write_double(out: &mut String, value: f64) {
    // Rust writes the fewest digits too: "-1.5e-7", with one digit before the point.
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-6..12).contains(&exponent) {
        let sign = if exponent < 0 { "" } else { "+" };
        let _ = write!(out, "{mantissa}e{sign}{exponent}");
        return;
    }
    // Within that range Rust's plain form has no superfluous digits either, only the ".0" is missing.
    let plain = format!("{value}");
    out.push_str(&plain);
    if !plain.contains('.') {
        out.push_str(".0");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn of(json: &str) -> String {
        text(&serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn numbers_as_chromium_156_wrote_them() {
        for (read, written) in [
            ("1.0", "1.0"),
            ("1e5", "100000.0"),
            ("123456789012", "123456789012.0"),
            ("1234567890123", "1.234567890123e+12"),
            ("1e-6", "0.000001"),
            ("0.0000012345", "0.0000012345"),
            ("1e-7", "1e-7"),
            ("1e-5", "0.00001"),
            ("0.1", "0.1"),
            ("2147483647", "2147483647"),
            ("2147483648", "2147483648.0"),
            ("-2147483648", "-2147483648"),
            ("-2147483649", "-2147483649.0"),
            ("9007199254740993", "9.007199254740992e+15"),
            ("1e20", "1e+20"),
            ("1e21", "1e+21"),
            ("18446744073709551616", "1.8446744073709552e+19"),
            ("-0.0", "-0.0"),
            ("0.0", "0.0"),
            ("0", "0"),
            ("5e-324", "5e-324"),
            ("123.0987654321", "123.0987654321"),
        ] {
            assert_eq!(of(read), written, "{read}");
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(
            of(r#""\b\f\n\r\t\\\"/<>&'\u0001\u001f\u007f\u2028\u2029\u00e9\ud83d\ude00""#),
            "\"\\b\\f\\n\\r\\t\\\\\\\"/\\u003C>&'\\u0001\\u001F\u{7f}\\u2028\\u2029\u{e9}\u{1f600}\""
        );
    }

    #[test]
    fn keys_are_in_the_order_of_their_bytes() {
        assert_eq!(of(r#"{"b":1,"a":2,"B":3,"é":4,"a.b":5,"":6}"#), r#"{"":6,"B":3,"a":2,"a.b":5,"b":1,"é":4}"#);
    }

    #[test]
    fn objects_lose_what_is_empty_and_lists_keep_it() {
        assert_eq!(
            of(r#"{"a":{},"b":[],"c":[{},[[]],{"d":[]}],"e":[1,{},2],"f":"","g":null}"#),
            r#"{"e":[1,2],"f":"","g":null}"#
        );
        assert_eq!(of("{}"), "{}");
        assert_eq!(of(r#"{"a":{"b":{}}}"#), "{}");
        assert_eq!(of("[]"), "[]");
        assert_eq!(of(r#"[{},[],{"a":{}}]"#), r#"[{},[],{"a":{}}]"#);
    }

    #[test]
    fn too_deep_has_no_text() {
        let mut value = Value::Null;
        for _ in 0..MAX_DEPTH {
            value = Value::Array(vec![value]);
        }
        assert!(text(&value).is_some());
        assert!(text(&Value::Array(vec![value])).is_none());
    }
}
