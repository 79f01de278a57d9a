//! Property lists of macOS as JSON values.
//!
//! The reader gives events; a visitor of our own builds the value, so that a list of many levels, or a binary one whose
//! parts hold each other a million times over, ends as an error.

use std::cell::Cell;
use std::fmt;
use std::path::Path;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::read;

/// Levels of lists and dictionaries that are followed.
const DEPTH: usize = 64;

/// Values of one property list that are taken.
const VALUES: usize = 500_000;

/// Reads a property list of any form.
pub fn read(path: &Path, limit: u64) -> Result<Value, String> {
    let document = read::document(path, limit).map_err(|error| error.to_string())?;
    parse(&document.bytes)
}

/// A property list as a JSON value. Dates become texts; binary data, which nothing here asks for, becomes null.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    let List(value) = plist::from_bytes(bytes).map_err(|error| format!("is no property list that can be read: {error}"))?;
    Ok(value)
}

struct List(Value);

impl<'de> de::Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let left = Cell::new(VALUES);
        Part { depth: 0, left: &left }.deserialize(deserializer).map(List)
    }
}

/// One value, at a depth, with so many values left to take.
#[derive(Clone, Copy)]
struct Part<'l> {
    depth: usize,
    left: &'l Cell<usize>,
}

impl Part<'_> {
    fn below<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH {
            return Err(E::custom(format_args!("nested deeper than {DEPTH} levels")));
        }
        Ok(Part { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left =
            self.left.get().checked_sub(1).ok_or_else(|| de::Error::custom(format_args!("more than {VALUES} values")))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a property list")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut list = Vec::new();
        while let Some(value) = access.next_element_seed(below)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            map.insert(key, access.next_value_seed(below)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x">
        <plist version="1.0"><dict><key>a</key><array><integer>1</integer><true/><real>0.5</real></array><key>b</key><string>x</string>
        <key>c</key><date>2024-01-01T00:00:00Z</date><key>d</key><data>AAAA</data></dict></plist>"#;

    #[test]
    fn xml() {
        let expected = serde_json::json!({"a": [1, true, 0.5], "b": "x", "c": "2024-01-01T00:00:00Z", "d": null});
        assert_eq!(parse(XML.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn every_cut_is_survived() {
        for end in 0..XML.len() - 8 {
            assert!(parse(&XML.as_bytes()[..end]).is_err(), "{end}");
        }
        assert!(parse(b"bplist00").is_err());
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("<plist>{}{}</plist>", "<array>".repeat(100_000), "</array>".repeat(100_000));
        assert!(parse(deep.as_bytes()).unwrap_err().contains("nested"));
    }

    /// A binary list of which each level holds the next twice: 2^40 values in a few hundred bytes.
    #[test]
    fn values_are_counted_however_often_they_are_shared() {
        let levels = 40u8;
        let mut bytes = b"bplist00".to_vec();
        let mut offsets = Vec::new();
        for level in 0..levels {
            offsets.push(bytes.len() as u8);
            bytes.extend([0xa2, level + 1, level + 1]);
        }
        offsets.push(bytes.len() as u8);
        bytes.push(0x09);
        let table = bytes.len() as u64;
        bytes.extend(&offsets);
        bytes.extend([0, 0, 0, 0, 0, 0, 1, 1]);
        for number in [offsets.len() as u64, 0, table] {
            bytes.extend(number.to_be_bytes());
        }
        assert!(parse(&bytes).unwrap_err().contains("more than"));
    }
}
