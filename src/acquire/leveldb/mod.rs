//! A read-only reader of LevelDB, the database in which browsers keep extensions' storage and registered scripts.
//!
//! The library that browsers use takes a lock and writes on opening, so that it would disturb a running browser and change
//! evidence. This reader takes the files' bytes and nothing else: every log (`*.log`) and every table (`*.ldb`, `*.sst`) of a
//! folder, whether the database still counts it or not. Of a key's versions the one with the highest sequence number is the
//! value; a deletion is a version too, and the value before it is kept where it is still there.
//!
//! Format after LevelDB's `doc/log_format.md` and `doc/table_format.md`.

mod log;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use crate::problem::{Outcome, Problem, Stage};

use super::{Limits, read};

/// Files of one database that are read; real ones have a handful, or some hundred where much is stored.
const MAX_FILES: usize = 2_000;
/// Bytes of one database, as they are on disk.
const MAX_BYTES: u64 = 128 << 20;
/// Bytes of keys and values in memory, of one database.
const MAX_HELD: usize = 256 << 20;

/// The content of a database.
#[derive(Clone, Debug, Default)]
pub struct Database {
    entries: BTreeMap<Vec<u8>, Versions>,
    held: usize,
    full: bool,
}

/// What is known of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    sequence: u64,
    /// The value; `None` where the key was deleted.
    pub value: Option<Vec<u8>>,
    /// The value before a deletion, where it is still in a file.
    pub deleted: Option<Vec<u8>>,
    deleted_sequence: u64,
}

/// One version of one key, as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    sequence: u64,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
}

/// What a file's end or middle looks like that cannot be read further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Damage {
    /// A log whose last record was being written, as a running browser leaves it. No fault.
    #[error("the last record is torn")]
    Torn,
    /// A checksum does not fit, or a length leads out of the file.
    #[error("damaged; the readable part was taken")]
    Broken,
    /// A table that no LevelDB closed.
    #[error("not a table of LevelDB, or one that was cut off")]
    NoTable,
    /// A block in a form that browsers do not write.
    #[error("compressed in a way that is not known")]
    Compression,
}

impl Database {
    /// Keys that have a value, in order of their bytes.
    pub fn live(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.iter().filter_map(|(key, versions)| Some((key.as_slice(), versions.value.as_deref()?)))
    }

    /// Keys that were deleted, with the last value where that is still in a file.
    pub fn deleted(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let gone = self.entries.iter().filter(|(_, versions)| versions.value.is_none());
        gone.map(|(key, versions)| (key.as_slice(), versions.deleted.as_deref()))
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entries.get(key)?.value.as_deref()
    }

    /// True where nothing was read.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn add(&mut self, record: Record) {
        let size = record.key.len() + record.value.as_ref().map_or(0, Vec::len);
        if self.held + size > MAX_HELD {
            self.full = true;
            return;
        }
        self.held += size;
        let slot = self.entries.entry(record.key).or_default();
        let newest = record.sequence >= slot.sequence;
        if let Some(value) = &record.value
            && record.sequence >= slot.deleted_sequence
        {
            slot.deleted_sequence = record.sequence;
            slot.deleted = Some(value.clone());
        }
        if newest {
            slot.sequence = record.sequence;
            slot.value = record.value;
        }
    }
}

/// Reads a database out of the bytes of its files, with the files' names. Never fails: what cannot be read is said.
pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Outcome<Database> {
    let (mut database, mut problems) = (Database::default(), Vec::new());
    for (name, bytes) in files {
        let mut take = |record| database.add(record);
        let damage = if name.ends_with(".log") { log::records(bytes, &mut take) } else { table::records(bytes, &mut take) };
        match damage {
            Ok(()) | Err(Damage::Torn) => {}
            Err(damage) => problems.push(Problem::new(name, Stage::Parse, damage)),
        }
    }
    if database.full {
        let message = format!("more than {} MB of keys and values; the rest was left out", MAX_HELD >> 20);
        problems.push(Problem::new("", Stage::Parse, message));
    }
    (database, problems)
}

/// Reads the database in `folder`. One that is not there is empty.
pub fn open(folder: &Path, limits: &Limits) -> Outcome<Database> {
    let mut names: Vec<String> = match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| [".log", ".ldb", ".sst"].iter().any(|ending| name.ends_with(ending)))
            .collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Outcome::default(),
        Err(error) => {
            return (Database::default(), vec![Problem::new(folder.to_string_lossy(), Stage::Read, read::reason(&error))]);
        }
    };
    names.sort();
    let (mut files, mut problems, mut total) = (Vec::new(), Vec::new(), 0_u64);
    let cut = |message: String| Problem::new(folder.to_string_lossy(), Stage::Read, message);
    if names.len() > MAX_FILES {
        problems.push(cut(format!("more than {MAX_FILES} files; the oldest were left out")));
        names.drain(..names.len() - MAX_FILES);
    }
    // The newest files have the highest numbers.
    for name in names.into_iter().rev() {
        let path = folder.join(&name);
        match read::read_regular(&path, limits.document_bytes.min(MAX_BYTES - total)) {
            Ok((bytes, _)) => {
                total += bytes.len() as u64;
                files.push((name, bytes));
            }
            Err(error) => problems.push(Problem::new(path.to_string_lossy(), Stage::Read, read::reason(&error))),
        }
        if total >= MAX_BYTES {
            problems.push(cut(format!("more than {} MB; the oldest files were left out", MAX_BYTES >> 20)));
            break;
        }
    }
    let (database, more) = from_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    problems.extend(more.into_iter().map(|problem| {
        let path = folder.join(&problem.path).to_string_lossy().into_owned();
        Problem { path, ..problem }
    }));
    (database, problems)
}

/// A number of the variable-length form, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(at).ok()?)?;
        if byte < 0x80 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

/// A run of bytes that its length precedes, and what follows it.
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = varint(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

/// CRC-32C, in the disguise that LevelDB stores it in.
fn masked_crc(parts: &[&[u8]]) -> u32 {
    let mut crc = !0_u32;
    for &byte in parts.iter().copied().flatten() {
        crc = TABLE.get(usize::from(crc as u8 ^ byte)).copied().unwrap_or_default() ^ (crc >> 8);
    }
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

static TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0x82f6_3b78 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests;
