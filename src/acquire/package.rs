//! An extension's files, whatever container they came in.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::crx::CrxHeader;
use crate::model::hidden::{self, Hidden};

/// What the files were read out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// A folder on disk.
    Folder,
    /// A `.zip` (or `.xpi`) archive.
    Zip,
    /// A `.crx` of version 2.
    Crx2,
    /// A `.crx` of version 3.
    Crx3,
    /// Files handed over by a test or a rule's case.
    Memory,
}

/// One file of a package.
#[derive(Clone, Debug)]
pub struct PackageFile {
    /// Size in bytes as read, never as declared.
    pub size: u64,
    /// SHA-256 of the content, lower-case hex.
    pub sha256: String,
    /// SHA-256 of each 4096-byte block, in order; kept only where the package carries `_metadata/verified_contents.json`
    /// or `_metadata/computed_hashes.json`. An empty file has one hash of nothing.
    pub blocks: Option<Vec<[u8; 32]>>,
    /// The content, for the kinds of file that are analysed (scripts, pages, JSON, text) and below the limit.
    pub bytes: Option<Arc<[u8]>>,
    /// Modification time, Unix seconds; from the folder or the archive entry.
    pub modified: Option<i64>,
    /// What a picture, font or sound holds beside what its name says.
    pub hidden: Option<Hidden>,
}

/// The files of one extension in path order, with `/` between the parts of a path.
#[derive(Clone, Debug)]
pub struct Package {
    /// Where it was found: folder or archive, for reports.
    pub path: String,
    /// What the files were read out of.
    pub container: Container,
    /// Path inside the package to file.
    pub files: BTreeMap<String, PackageFile>,
    /// The header of a `.crx`, with what its signatures are over.
    pub crx: Option<CrxHeader>,
    /// There is more in it that may be code and was not read, since a bound was hit.
    pub cut: bool,
}

impl Package {
    /// A folder of which no file is known.
    pub fn empty(path: String) -> Package {
        Package { path, container: Container::Folder, files: BTreeMap::new(), crx: None, cut: false }
    }

    /// A package of files in memory: for tests and the cases of rules.
    pub fn from_memory<'a>(path: &str, files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Package {
        let file =
            |name, bytes| PackageFile { hidden: hidden::look(name, bytes), ..PackageFile::from_bytes(bytes, true, None) };
        let files = files.into_iter().map(|(name, bytes)| (name.to_owned(), file(name, bytes)));
        Package { path: path.to_owned(), container: Container::Memory, files: files.collect(), crx: None, cut: false }
    }

    /// The content of a file that is held in memory.
    pub fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path)?.bytes.as_deref()
    }

    /// Whether a text stands in a file that is held in memory, as it is.
    pub fn holds_text(&self, text: &str) -> bool {
        let finder = memchr::memmem::Finder::new(text.as_bytes());
        self.files.values().filter_map(|file| file.bytes.as_deref()).any(|bytes| finder.find(bytes).is_some())
    }

    /// Whether what an extension runs or shows may open its popup itself, so that no click of the person's tells: it names the page
    /// once more than the manifest does as the popup, or a call that opens it.
    pub fn may_open_popup(&self, popup: &str) -> bool {
        let name = popup.rsplit('/').next().unwrap_or(popup);
        let manifest = self.bytes("manifest.json").unwrap_or_default();
        let is_named_again = memchr::memmem::find_iter(manifest, name).nth(1).is_some();
        let words = [name, "openPopup", "default_popup"].map(memchr::memmem::Finder::new);
        let tells = |bytes: &[u8]| words.iter().any(|word| word.find(bytes).is_some());
        let files = self.files.iter().filter(|(path, _)| *path != "manifest.json" && !path.ends_with(".md"));
        name.is_empty() || is_named_again || files.filter_map(|(_, file)| file.bytes.as_deref()).any(tells)
    }

    /// SHA-256 over the sorted paths and hashes of all files, lower-case hex: equal for equal content, whatever the container.
    pub fn content_sha256(&self) -> String {
        let mut hash = crate::model::hash::Hasher::new();
        for (path, file) in &self.files {
            hash.update(path.as_bytes());
            hash.update(b"\0");
            hash.update(file.sha256.as_bytes());
            hash.update(b"\n");
        }
        hash.hex()
    }
}

impl PackageFile {
    /// A file of known content.
    pub fn from_bytes(bytes: &[u8], with_blocks: bool, modified: Option<i64>) -> PackageFile {
        use crate::model::hash::{Hasher, sha256};
        let blocks =
            with_blocks.then(|| if bytes.is_empty() { vec![sha256(b"")] } else { bytes.chunks(4096).map(sha256).collect() });
        let mut hash = Hasher::new();
        hash.update(bytes);
        PackageFile { size: bytes.len() as u64, sha256: hash.hex(), blocks, bytes: Some(bytes.into()), modified, hidden: None }
    }
}
