//! An extension in a ZIP archive: `.zip`, `.xpi`, or what follows the header of a `.crx`.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use super::collect::{Collector, Entry, inner_path};
use super::{Container, Limits, Package};
use crate::problem::Outcome;

/// Why an archive cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// It has no readable directory of entries.
    #[error("not a readable zip archive: {0}")]
    Broken(String),
    /// It claims more entries than any extension has; nothing of it was read.
    #[error("claims {0} entries; at most {1} are read")]
    TooMany(u64, usize),
}

/// End-of-central-directory records: the classic one, and the one of ZIP64.
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
/// Bytes of a directory entry without its name, the least that one takes.
const LEAST_ENTRY: u64 = 46;

/// Reads the entries of the archive in `bytes`.
pub(super) fn read(path: &str, bytes: &[u8], container: Container, limits: &Limits) -> Result<Outcome<Package>, ZipError> {
    let claimed = claimed_entries(bytes);
    if claimed > limits.entries as u64 {
        return Err(ZipError::TooMany(claimed, limits.entries));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| ZipError::Broken(error.to_string()))?;
    let signed = archive.file_names_raw().any(|name| name.starts_with(b"_metadata/"));
    let mut collector = Collector::new(path, limits, signed);
    if archive.offset() > 0 {
        collector.problem("", "bytes before the archive; another reader may see other files");
    }
    if let Some(at) = memchr::memmem::rfind(bytes, END)
        && bytes.len().saturating_sub(at + 22 + archive.comment().len()) > 0
    {
        collector.problem("", "bytes after the archive; another reader may see other files");
    }
    let directory = usize::try_from(archive.central_directory_start()).unwrap_or(bytes.len());
    if memchr::memmem::find_iter(bytes.get(directory..).unwrap_or_default(), END).take(2).count() > 1 {
        collector.problem("", "more than one directory of entries; another reader may see other files");
    }
    if archive.has_duplicate_names() {
        collector.problem("", "a file stands in the archive twice; the last one counts, as in the browser");
    }
    if listed_entries(bytes.get(directory..).unwrap_or_default()) > claimed {
        collector.problem("", "more entries in its directory than it claims; another reader may see other files");
    }
    if let Ok(mut manifest) = archive.by_name("manifest.json") {
        let mut bytes = Vec::new();
        if manifest.by_ref().take(limits.held_bytes).read_to_end(&mut bytes).is_ok() {
            collector.expect(&bytes);
        }
    }
    let mut turns: Vec<usize> = (0..archive.len()).collect();
    // By the path that a name means: two names for one file stay in their order, in which the last one counts.
    turns.sort_by_cached_key(|index| {
        let raw = archive.name_for_index(*index).and_then(Result::ok).unwrap_or_default();
        collector.turn(&inner_path(&raw, limits).unwrap_or_default())
    });
    for index in turns {
        if !collector.room() {
            break;
        }
        let raw = archive.name_for_index(index).and_then(Result::ok).map(|name| name.into_owned()).unwrap_or_default();
        let entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(error) => {
                collector.problem(&raw, error);
                continue;
            }
        };
        if entry.is_dir() {
            continue;
        }
        if entry.is_symlink() {
            collector.problem(&raw, "a link in an archive; left out, as the browser would");
            continue;
        }
        let inner = match inner_path(&raw, limits) {
            Ok(inner) if !inner.is_empty() => inner,
            Ok(_) => continue,
            Err(message) => {
                collector.problem(&raw, message);
                continue;
            }
        };
        if collector.files.contains_key(&inner) {
            collector.problem(&inner, "two names in the archive stand for this file; the last one counts");
        }
        let local = usize::try_from(entry.header_start()).ok().and_then(|at| local_name(bytes, at));
        if local.is_some_and(|local| local != entry.name_raw()) {
            collector.problem(&inner, "has another name in front of its bytes; another reader may see other files");
        }
        let (declared, compressed) = (entry.size(), entry.compressed_size());
        let modified = entry.last_modified().and_then(unix_seconds);
        collector.add(&Entry { path: &inner, modified, compressed: Some(compressed) }, entry);
        if collector.files.get(&inner).is_some_and(|file| file.size != declared) {
            collector.problem(&inner, format!("declares {declared} bytes and has another size"));
        }
    }
    let Collector { files, problems, cut, .. } = collector;
    Ok((Package { path: path.to_owned(), container, files, crx: None, cut }, problems))
}

/// How many entries the archive's end record claims, before anything is allocated for them. The number cannot exceed what
/// fits into the archive, so that a lie costs nothing.
fn claimed_entries(bytes: &[u8]) -> u64 {
    let number = |at: usize, length: usize| {
        bytes.get(at..at + length).map_or(0, |raw| raw.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    let classic = memchr::memmem::rfind(bytes, END).map_or(0, |at| number(at + 10, 2));
    let claimed =
        if classic == 0xFFFF { memchr::memmem::rfind(bytes, END64).map_or(classic, |at| number(at + 32, 8)) } else { classic };
    claimed.min(bytes.len() as u64 / LEAST_ENTRY)
}

/// How many entries stand one after the other where the directory begins.
fn listed_entries(directory: &[u8]) -> u64 {
    let (mut at, mut count) = (0usize, 0);
    while let Some(entry) = directory.get(at..).filter(|rest| rest.starts_with(b"PK\x01\x02")) {
        let length = |at: usize| entry.get(at..at + 2).map_or(0, |raw| usize::from(raw[0]) | usize::from(raw[1]) << 8);
        at += 46 + length(28) + length(30) + length(32);
        count += 1;
    }
    count
}

/// The name that stands in front of an entry's bytes.
fn local_name(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let header = bytes.get(at..)?.strip_prefix(b"PK\x03\x04")?;
    let length = usize::from(*header.get(22)?) | usize::from(*header.get(23)?) << 8;
    header.get(26..)?.get(..length)
}

/// The time of an entry, which has no zone: taken as UTC.
fn unix_seconds(time: zip::DateTime) -> Option<i64> {
    let date = jiff::civil::date(time.year().try_into().ok()?, time.month().try_into().ok()?, time.day().try_into().ok()?);
    let time = date.at(time.hour().try_into().ok()?, time.minute().try_into().ok()?, time.second().min(59).try_into().ok()?, 0);
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}
