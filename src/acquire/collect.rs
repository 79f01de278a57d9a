//! What every container does with its files: bound, hash and keep them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use crate::model::hash::{Hasher, sha256};
use crate::model::{hidden, manifest};
use crate::problem::{Problem, Stage};

use super::{Limits, PackageFile};

/// Endings of files whose text is looked at. Everything else is hashed and dropped.
const HELD: &[&str] = &[
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "html",
    "htm",
    "xhtml",
    "json",
    "css",
    "txt",
    "md",
    "svg",
    "xml",
    "map",
    "vue",
    "ps1",
    "vbs",
    "bat",
    "cmd",
    "sh",
    "py",
    "webmanifest",
];

/// Bytes of a file without a telling name that are looked at before it counts as a script by its content.
const BLOCK: usize = 4096;

/// The size of a file together with what is known of it beforehand.
pub(super) struct Entry<'a> {
    pub path: &'a str,
    pub modified: Option<i64>,
    /// Bytes that it takes up in the archive; `None` where nothing is compressed.
    pub compressed: Option<u64>,
}

/// Takes files in, within limits.
pub(super) struct Collector<'a> {
    package: &'a str,
    limits: &'a Limits,
    blocks: bool,
    total: u64,
    held: u64,
    folded: BTreeSet<String>,
    /// Scripts that the manifest names, whatever they are called.
    named: BTreeSet<String>,
    full: bool,
    /// See [`super::Package`].
    pub cut: bool,
    pub files: BTreeMap<String, PackageFile>,
    pub problems: Vec<Problem>,
}

impl<'a> Collector<'a> {
    /// For the package at `package`. `blocks` asks for the hash of each block, which only signed content needs.
    pub fn new(package: &'a str, limits: &'a Limits, blocks: bool) -> Self {
        Collector {
            package,
            limits,
            blocks,
            total: 0,
            held: 0,
            folded: BTreeSet::new(),
            named: BTreeSet::new(),
            full: false,
            cut: false,
            files: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Makes known what the manifest names as scripts: their text is kept whatever they are called.
    pub fn expect(&mut self, manifest: &[u8]) {
        let Ok((manifest, _)) = manifest::parse(manifest) else { return };
        self.named = manifest.scripts().filter_map(|path| inner_path(path, self.limits).ok()).collect();
    }

    /// The manifest, and what it names as scripts.
    pub fn decisive(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(String::as_str).chain(["manifest.json"])
    }

    /// How late a file may be read, where there is not room for all: what the manifest names comes first, then what may be code.
    /// Bulk that sorts before the one script that matters does not hide it so.
    pub fn turn(&self, path: &str) -> u8 {
        match path {
            "manifest.json" => 0,
            path if self.named.contains(path) => 1,
            path if is_held(path) => 2,
            _ => 3,
        }
    }

    /// Says what is wrong with one file.
    pub fn problem(&mut self, path: &str, message: impl std::fmt::Display) {
        let place = if path.is_empty() { self.package.to_owned() } else { super::place(self.package, path) };
        self.problems.push(Problem::new(place, Stage::Unpack, message));
    }

    /// Whether there is room for another file. Says so once when there is none.
    pub fn room(&mut self) -> bool {
        if !self.full && (self.files.len() >= self.limits.entries || self.total >= self.limits.total_bytes) {
            (self.full, self.cut) = (true, true);
            let Limits { entries, total_bytes, .. } = self.limits;
            let message = format!("more than {entries} files or {} MB; the rest was left out", total_bytes >> 20);
            self.problem("", message);
        }
        !self.full
    }

    /// Takes one file in: reads it up to the limits, whatever size it declares.
    pub fn add(&mut self, entry: &Entry<'_>, reader: impl Read) {
        if !self.room() {
            return;
        }
        if entry.path.split('/').any(|part| part.ends_with(['.', ' ']) || part.contains(':')) {
            self.problem(entry.path, "has a name that Windows takes for another one");
        }
        // Chromium folds case on Windows and macOS: two such files are one there, and a reader may be shown the other one.
        if !self.folded.insert(entry.path.to_lowercase()) && !self.files.contains_key(entry.path) {
            self.problem(entry.path, "differs from another file only in case; Windows and macOS see one file");
        }
        let limit = self.limits.file_bytes.min(self.limits.total_bytes - self.total);
        match self.read(entry, reader, limit) {
            Ok(file) => {
                self.total += file.size;
                self.held += file.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
                self.files.insert(entry.path.to_owned(), file);
            }
            Err(message) => {
                self.cut |= self.turn(entry.path) < 3;
                self.problem(entry.path, message);
            }
        }
    }

    fn read(&mut self, entry: &Entry<'_>, mut reader: impl Read, limit: u64) -> Result<PackageFile, String> {
        let mut held: Option<Vec<u8>> = (is_held(entry.path) || self.named.contains(entry.path)).then(Vec::new);
        // Pictures and the like are looked into once, and not kept.
        let mut media = hidden::is_media(entry.path).then(Vec::new);
        let mut blocks = self.blocks.then(Vec::new);
        let (mut hash, mut size) = (Hasher::new(), 0u64);
        let mut buffer = [0; 16 * BLOCK];
        loop {
            let filled = fill(&mut reader, &mut buffer).map_err(|error| super::read::reason(&error))?;
            let piece = buffer.get(..filled).unwrap_or_default();
            if piece.is_empty() {
                break;
            }
            // A page may load a script by any name: text is kept too. Pictures and the like are looked into elsewhere.
            if size == 0 && held.is_none() && media.is_none() && is_text(piece) {
                held = Some(Vec::new());
            }
            size += filled as u64;
            if size > limit {
                return Err(format!("larger than {} MB; left out", limit >> 20));
            }
            if entry.compressed.is_some_and(|compressed| size > compressed.max(1 << 10).saturating_mul(self.limits.ratio)) {
                return Err(format!("unpacks to more than {} times its size, as a bomb does; left out", self.limits.ratio));
            }
            hash.update(piece);
            if let Some(blocks) = &mut blocks {
                blocks.extend(piece.chunks(BLOCK).map(sha256));
            }
            if size > self.limits.held_bytes && held.take().is_some() {
                let limit = mega(self.limits.held_bytes);
                self.problem(entry.path, format!("larger than {limit} MB; hashed, but its text was not looked at"));
            }
            let room = self.limits.held_total_bytes.saturating_sub(self.held);
            if size > room && entry.path != "manifest.json" && held.take().is_some() {
                let limit = mega(self.limits.held_total_bytes);
                let message =
                    format!("the files before it fill the {limit} MB that are held; hashed, but its text was not looked at");
                self.problem(entry.path, message);
            }
            if size > hidden::MAX_BYTES as u64 {
                media = None;
            }
            for kept in held.iter_mut().chain(&mut media) {
                kept.extend_from_slice(piece);
            }
        }
        if let Some(blocks) = blocks.as_mut().filter(|blocks| blocks.is_empty()) {
            blocks.push(sha256(b""));
        }
        let hidden = media.and_then(|bytes| hidden::look(entry.path, &bytes));
        Ok(PackageFile { size, sha256: hash.hex(), blocks, bytes: held.map(Into::into), modified: entry.modified, hidden })
    }
}

/// Whether the text of a file with such a name is looked at.
fn is_held(path: &str) -> bool {
    let named = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    named.is_none_or(|ending| HELD.contains(&ending.as_str()))
}

/// Whether the beginning of a file reads as text.
fn is_text(piece: &[u8]) -> bool {
    let begin = piece.get(..BLOCK).unwrap_or(piece);
    begin.iter().all(|byte| !matches!(byte, 0..=8 | 14..=31 | 127)) && piece.utf8_chunks().take(4).count() < 4
}

/// Megabytes as a person reads them: whole ones, and a tenth where there are few.
fn mega(bytes: u64) -> String {
    let tenths = (bytes * 10) >> 20;
    if tenths < 100 && !tenths.is_multiple_of(10) {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        (bytes >> 20).to_string()
    }
}

/// Reads until the buffer is full or the reader ends, so that blocks begin where they should.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A path inside a package with `/` between its parts; the error says why it would lead elsewhere.
pub(super) fn inner_path(raw: &str, limits: &Limits) -> Result<String, &'static str> {
    if raw.len() > limits.path_bytes {
        return Err("its path is too long; left out");
    }
    let path = raw.replace('\\', "/");
    if path.contains('\0') {
        return Err("its path holds a zero byte; left out");
    }
    if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
        return Err("its path is absolute; left out, as the browser would");
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err("its path leads out of the package; left out, as the browser would"),
            part => parts.push(part),
        }
    }
    if parts.len() > limits.depth {
        return Err("it lies too deep; left out");
    }
    Ok(parts.join("/"))
}
