//! A file of the Windows registry ("regf"), read from memory.
//!
//! A pure function of bytes: what is damaged is left out and counted, nothing is followed further than a fixed number of
//! steps. Read only, and only what stands in the file itself: the transaction logs beside it (`.LOG1`, `.LOG2`) are not
//! replayed, so [`Hive::dirty`] says whether newer changes may lie there.
//!
//! Layout after the public description of the format by M. Suhanov, "Windows registry file format specification".

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// The base block, which comes before the first bin; every offset counts from its end.
const BASE: usize = 4096;

/// Subkeys or values taken from one key; the largest of a real machine has some ten thousand.
const ENTRIES: usize = 50_000;

/// Bytes of a name; Windows allows 255 letters for a key and 16,383 for a value.
const NAME: usize = 32_768;

/// Keys whose place is remembered.
const REMEMBERED: usize = 10_000;

/// Bytes taken of one value.
const VALUE: usize = 16 << 20;

/// A value above this size lies in several segments ("db"), each holding at most this much.
const SEGMENT: usize = 16_344;

/// An offset that points nowhere.
const NOWHERE: u32 = u32::MAX;

/// Why a file is no hive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HiveError {
    /// The first bytes are others.
    #[error("is no registry hive: it does not begin with \"regf\"")]
    NotAHive,
    /// It ends before its first key.
    #[error("is cut off: its first key is not in it")]
    Cut,
}

/// A hive in memory.
#[derive(Debug)]
pub struct Hive {
    data: Vec<u8>,
    root: u32,
    /// True where the last write was not finished: newer changes may lie in the transaction logs.
    pub dirty: bool,
    /// How many cells were asked for and found damaged.
    damaged: Cell<usize>,
    /// Keys that were asked for, by path in lower case: the same few are asked for again and again.
    known: RefCell<HashMap<String, Option<Node>>>,
}

/// A key of a hive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// When it was last written, in units of 100 ns since 1601.
    pub written: u64,
    subkeys: u32,
    subkey_list: u32,
    values: u32,
    value_list: u32,
}

/// A value of the registry: its type as a number, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The type: 1 text, 2 text with variables, 3 bytes, 4 a number of 32 bits, 7 a list of texts, 11 a number of 64 bits.
    pub kind: u32,
    /// The data as stored.
    pub bytes: Vec<u8>,
}

impl Value {
    /// A text, as tests and policy files have it.
    pub fn of_text(text: &str) -> Value {
        Value { kind: 1, bytes: text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect() }
    }

    /// A number of 32 bits.
    pub fn of_number(number: u32) -> Value {
        Value { kind: 4, bytes: number.to_le_bytes().to_vec() }
    }

    /// The text of a value of the types for text, up to the first zero.
    pub fn text(&self) -> Option<String> {
        matches!(self.kind, 1 | 2).then(|| {
            let units: Vec<u16> = wide(&self.bytes).take_while(|unit| *unit != 0).collect();
            String::from_utf16_lossy(&units)
        })
    }

    /// The texts of a list.
    pub fn texts(&self) -> Option<Vec<String>> {
        (self.kind == 7).then(|| {
            let units: Vec<u16> = wide(&self.bytes).collect();
            units.split(|unit| *unit == 0).filter(|part| !part.is_empty()).map(String::from_utf16_lossy).collect()
        })
    }

    /// The number of a value of the types for numbers.
    pub fn number(&self) -> Option<u64> {
        match self.kind {
            4 => self.bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes).into()),
            11 => self.bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
            _ => None,
        }
    }
}

fn wide(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair))
}

impl Hive {
    /// Takes the bytes of a hive.
    pub fn parse(data: Vec<u8>) -> Result<Hive, HiveError> {
        if !data.starts_with(b"regf") {
            return Err(HiveError::NotAHive);
        }
        let number = |at: usize| u32_at(&data, at).ok_or(HiveError::Cut);
        let (first, second, root) = (number(4)?, number(8)?, number(36)?);
        let hive = Hive { data, root, dirty: first != second, damaged: Cell::new(0), known: RefCell::default() };
        if hive.node(hive.root).is_none() {
            return Err(HiveError::Cut);
        }
        hive.damaged.set(0);
        Ok(hive)
    }

    /// How many cells were found damaged since the last time this was asked.
    pub fn take_damage(&self) -> usize {
        self.damaged.take()
    }

    /// The key at a path of names divided by `\`; case does not matter.
    pub fn key(&self, path: &str) -> Option<Node> {
        let path = path.trim_matches('\\').to_lowercase();
        if path.is_empty() {
            return self.node(self.root);
        }
        if let Some(known) = self.known.borrow().get(&path) {
            return known.clone();
        }
        let (parent, name) = path.rsplit_once('\\').unwrap_or(("", &path));
        // No path of ours has more than a dozen parts; one of a hostile file is only ever one name longer than a known one.
        let found = self.key(parent).and_then(|parent| self.child(&parent, name));
        let mut known = self.known.borrow_mut();
        if known.len() < REMEMBERED {
            known.insert(path, found.clone());
        }
        found
    }

    fn child(&self, parent: &Node, name: &str) -> Option<Node> {
        let offsets = self.subkey_offsets(parent).into_iter();
        offsets.filter_map(|at| self.node(at)).find(|node| node.name.to_lowercase() == name)
    }

    /// The keys below a key, in the file's order, which is that of their names.
    pub fn subkeys(&self, node: &Node) -> Vec<Node> {
        self.subkey_offsets(node).into_iter().filter_map(|at| self.node(at)).collect()
    }

    /// The names and values of a key; the default value's name is empty.
    pub fn values(&self, node: &Node) -> Vec<(String, Value)> {
        let count = (node.values as usize).min(ENTRIES);
        if count == 0 || node.value_list == NOWHERE {
            return Vec::new();
        }
        let Some(list) = self.cell(node.value_list) else { return Vec::new() };
        let offsets = (0..count).map_while(|index| u32_at(list, index * 4));
        offsets.filter_map(|at| self.value(at)).collect()
    }

    /// The bytes of the cell at an offset, less its size; counts a cell that is not there as damage.
    fn cell(&self, offset: u32) -> Option<&[u8]> {
        let found = (|| {
            let start = BASE.checked_add(offset as usize)?;
            // Cells in use have a negative size; deleted keys may still be linked, and are no less readable.
            let size = i32::from_le_bytes(*self.data.get(start..)?.first_chunk()?).unsigned_abs() as usize;
            self.data.get(start.checked_add(4)?..start.checked_add(size)?)
        })();
        if found.is_none() {
            self.damaged.set(self.damaged.get().saturating_add(1));
        }
        found
    }

    fn damage<T>(&self, found: Option<T>) -> Option<T> {
        if found.is_none() {
            self.damaged.set(self.damaged.get().saturating_add(1));
        }
        found
    }

    fn node(&self, offset: u32) -> Option<Node> {
        let cell = self.cell(offset)?;
        let node = (|| {
            let flags = cell.starts_with(b"nk").then(|| u16_at(cell, 2))??;
            let length = usize::from(u16_at(cell, 72)?);
            if length > NAME / 32 {
                return None;
            }
            // Flag 0x20: one byte a letter (Latin-1) instead of two.
            Some(Node {
                name: name(cell.get(76..76 + length)?, flags & 0x20 != 0),
                written: u64::from_le_bytes(*cell.get(4..)?.first_chunk()?),
                subkeys: u32_at(cell, 20)?,
                subkey_list: u32_at(cell, 28)?,
                values: u32_at(cell, 36)?,
                value_list: u32_at(cell, 40)?,
            })
        })();
        self.damage(node)
    }

    /// The offsets of the keys below a key.
    fn subkey_offsets(&self, node: &Node) -> Vec<u32> {
        let mut offsets = Vec::new();
        if node.subkeys > 0 && node.subkey_list != NOWHERE {
            self.list(node.subkey_list, 0, &mut offsets);
        }
        offsets
    }

    /// A list of keys: "lf" and "lh" have a hash after each offset, "li" none, "ri" points at other lists.
    fn list(&self, offset: u32, depth: usize, offsets: &mut Vec<u32>) {
        let Some(cell) = self.cell(offset) else { return };
        let step = match cell.get(..2) {
            Some(b"lf" | b"lh") => 8,
            Some(b"li") => 4,
            // Windows writes one level of these.
            Some(b"ri") if depth < 2 => {
                let count = usize::from(u16_at(cell, 2).unwrap_or_default());
                for at in (0..count).map_while(|index| u32_at(cell, 4 + index * 4)) {
                    if offsets.len() < ENTRIES {
                        self.list(at, depth + 1, offsets);
                    }
                }
                return;
            }
            _ => {
                self.damage::<()>(None);
                return;
            }
        };
        let count = usize::from(u16_at(cell, 2).unwrap_or_default());
        let room = ENTRIES.saturating_sub(offsets.len());
        offsets.extend((0..count).map_while(|index| u32_at(cell, 4 + index * step)).take(room));
    }

    fn value(&self, offset: u32) -> Option<(String, Value)> {
        let cell = self.cell(offset)?;
        let head = (|| {
            let length = cell.starts_with(b"vk").then(|| u16_at(cell, 2))??;
            let latin = u16_at(cell, 16)? & 1 != 0;
            let length = Some(usize::from(length)).filter(|length| *length <= NAME)?;
            let name = name(cell.get(20..20 + length)?, latin);
            Some((name, u32_at(cell, 4)?, u32_at(cell, 8)?, u32_at(cell, 12)?))
        })();
        let (name, size, at, kind) = self.damage(head)?;
        // The highest bit says that the data stand where the offset would.
        let bytes = if size & 0x8000_0000 != 0 {
            let size = ((size & 0x7fff_ffff) as usize).min(4);
            at.to_le_bytes().get(..size).map(<[u8]>::to_vec)
        } else if size == 0 {
            Some(Vec::new())
        } else {
            self.data_of(at, (size as usize).min(VALUE))
        };
        Some((name, Value { kind, bytes: bytes? }))
    }

    fn data_of(&self, offset: u32, size: usize) -> Option<Vec<u8>> {
        let cell = self.cell(offset)?;
        if size <= SEGMENT || !cell.starts_with(b"db") {
            return self.damage(cell.get(..size).map(<[u8]>::to_vec));
        }
        let count = usize::from(u16_at(cell, 2)?);
        let list = self.cell(u32_at(cell, 4)?)?;
        let mut bytes = Vec::new();
        for at in (0..count).map_while(|index| u32_at(list, index * 4)) {
            let left = size.saturating_sub(bytes.len()).min(SEGMENT);
            let segment = self.cell(at)?;
            bytes.extend_from_slice(segment.get(..left).unwrap_or(segment));
            if bytes.len() >= size {
                break;
            }
        }
        let whole = bytes.len() == size;
        self.damage(whole.then_some(bytes))
    }
}

fn name(bytes: &[u8], latin: bool) -> String {
    if latin {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    } else {
        String::from_utf16_lossy(&wide(bytes).collect::<Vec<_>>())
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::hive_writer::Key;
    use super::*;

    fn sample() -> Vec<u8> {
        let long = "x".repeat(20_000);
        Key::new("ROOT")
            .with(
                Key::new("Software")
                    .with(Key::new("Ünï").text("", "default").number("N", 7).text("Long", &long))
                    .with(Key::new("Empty")),
            )
            .bytes()
    }

    #[test]
    fn keys_and_values() {
        let hive = Hive::parse(sample()).unwrap();
        assert!(!hive.dirty);
        let key = hive.key(r"software\ünï").unwrap();
        assert_eq!(key.name, "Ünï");
        let values = hive.values(&key);
        assert_eq!(values[0], (String::new(), Value::of_text("default")));
        assert_eq!(values[1].1.number(), Some(7));
        assert_eq!(values[2].1.text().unwrap().len(), 20_000);
        let names: Vec<_> = hive.subkeys(&hive.key("Software").unwrap()).into_iter().map(|key| key.name).collect();
        assert_eq!(names, ["Empty", "Ünï"]);
        assert!(hive.key(r"Software\Absent").is_none());
        assert_eq!(hive.take_damage(), 0);
    }

    #[test]
    fn values_of_other_types() {
        let list = Value { kind: 7, bytes: "a\0bc\0\0".encode_utf16().flat_map(u16::to_le_bytes).collect() };
        assert_eq!(list.texts().unwrap(), ["a", "bc"]);
        assert_eq!(Value { kind: 11, bytes: 5u64.to_le_bytes().to_vec() }.number(), Some(5));
        assert_eq!(Value { kind: 4, bytes: vec![1] }.number(), None);
        assert_eq!(Value { kind: 3, bytes: vec![1] }.text(), None);
    }

    #[test]
    fn what_is_no_hive_is_refused() {
        assert_eq!(Hive::parse(b"MZ".to_vec()).unwrap_err(), HiveError::NotAHive);
        assert_eq!(Hive::parse(b"regf".to_vec()).unwrap_err(), HiveError::Cut);
        assert_eq!(Hive::parse(sample()[..4096].to_vec()).unwrap_err(), HiveError::Cut);
    }

    #[test]
    fn an_unfinished_write_is_said() {
        let mut bytes = sample();
        bytes[8] ^= 1;
        assert!(Hive::parse(bytes).unwrap().dirty);
    }

    /// Walks a hive as far as it goes.
    fn walk(hive: &Hive, node: &Node, depth: usize) -> usize {
        let below =
            if depth < 8 { hive.subkeys(node).iter().take(64).map(|node| walk(hive, node, depth + 1)).sum() } else { 0 };
        1 + hive.values(node).len() + below
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_survived() {
        let bytes = Key::new("ROOT").with(Key::new("A").text("v", "w").with(Key::new("B").number("n", 1))).bytes();
        for end in (0..bytes.len()).step_by(7) {
            if let Ok(hive) = Hive::parse(bytes[..end].to_vec()) {
                walk(&hive, &hive.key("").unwrap(), 0);
            }
        }
        for at in (0..512).chain(BASE..bytes.len().min(BASE + 1024)) {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                if let Ok(hive) = Hive::parse(bytes) {
                    walk(&hive, &hive.key("").unwrap(), 0);
                }
            }
        }
    }

    #[test]
    fn a_list_that_holds_itself_ends() {
        let mut bytes = sample();
        // The first list of the file becomes an "ri" whose entries are itself.
        let at = bytes.windows(2).position(|pair| pair == b"lf").unwrap();
        let offset = (at - 4 - BASE) as u32;
        bytes[at..at + 2].copy_from_slice(b"ri");
        bytes[at + 2..at + 4].copy_from_slice(&u16::MAX.to_le_bytes());
        bytes[at + 4..at + 8].copy_from_slice(&offset.to_le_bytes());
        let hive = Hive::parse(bytes).unwrap();
        walk(&hive, &hive.key("").unwrap(), 0);
        assert!(hive.take_damage() > 0);
    }
}
