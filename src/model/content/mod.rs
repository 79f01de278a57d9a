//! Whether the files are still those that the store signed.
//!
//! Store packages carry `_metadata/verified_contents.json`: a list of tree hashes, signed by the store with a key that every
//! browser knows, so that it can be checked without a network. `_metadata/computed_hashes.json` is the browser's own, unsigned
//! note of the same. After Chromium's `extensions/browser/verified_contents.cc`, `computed_hashes.cc` and
//! `content_verifier/content_verifier.cc`.
//!
//! The installer rewrites some files, so that their signed hashes never fit on disk: the manifest, the message catalogues and
//! the images that the manifest names. Scripts and pages are never rewritten; nor is anything else.

pub mod list;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::extension::ContentState;
use super::id::ExtensionId;
use super::manifest::Manifest;
use super::path;
use crate::acquire::{Container, Package, PackageFile};

/// The store's signed list.
const SIGNED: &str = "_metadata/verified_contents.json";
/// The browser's own note.
const COMPUTED: &str = "_metadata/computed_hashes.json";
/// One hash is over so many bytes of a file.
const BLOCK: u64 = 4_096;
/// One hash of the next level is over so many hashes.
const FAN: usize = 4_096 / 32;

/// The comparison of a package with the list that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentCheck {
    /// What it comes to.
    pub state: ContentState,
    /// Why nothing can be said, for [`ContentState::Unverifiable`].
    pub doubt: Option<Doubt>,
    /// The id that the list is for.
    pub item_id: Option<ExtensionId>,
    /// The version that the list is for.
    pub item_version: Option<String>,
    /// Files whose content is another than the list says.
    pub modified: Vec<String>,
    /// Files that the list does not know.
    pub added: Vec<String>,
    /// Files of the list that are not there.
    pub missing: Vec<String>,
    /// Files that differ and may, since the installer rewrites them.
    pub rewritten: Vec<String>,
    /// Files that could not be read whole.
    pub unread: Vec<String>,
    /// Files that differ from what the browser noted when it checked them: they were changed on this machine.
    pub changed_since_noted: Vec<String>,
}

/// Why a signed list says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The list is no list, or has another form than any that is known.
    Damaged,
    /// No signature by the key that browsers know. Other stores sign with keys of their own; a forged list looks the same.
    UnknownSigner,
    /// Every file that could be read fits, but not all could.
    Unread,
}

impl Doubt {
    /// The word in facts.
    pub fn as_str(self) -> &'static str {
        match self {
            Doubt::Damaged => "damaged-list",
            Doubt::UnknownSigner => "unknown-signer",
            Doubt::Unread => "unread-files",
        }
    }
}

impl ContentCheck {
    fn new(state: ContentState) -> ContentCheck {
        ContentCheck {
            state,
            doubt: None,
            item_id: None,
            item_version: None,
            modified: Vec::new(),
            added: Vec::new(),
            missing: Vec::new(),
            rewritten: Vec::new(),
            unread: Vec::new(),
            changed_since_noted: Vec::new(),
        }
    }

    /// Modified, added and missing files with the word for each.
    pub fn differences(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let modified = self.modified.iter().map(|path| (path.as_str(), "modified"));
        let added = self.added.iter().map(|path| (path.as_str(), "added"));
        modified.chain(added).chain(self.missing.iter().map(|path| (path.as_str(), "missing")))
    }
}

/// Compares a package with its signed list. `manifest` says which images the installer rewrites.
pub fn check(package: &Package, manifest: Option<&Manifest>) -> ContentCheck {
    check_with(package, manifest, &list::store_key())
}

fn check_with(package: &Package, manifest: Option<&Manifest>, key: &[u8]) -> ContentCheck {
    if package.files.is_empty() {
        return ContentCheck::new(ContentState::NotApplicable);
    }
    let mut check = match package.files.get(SIGNED) {
        None => ContentCheck::new(ContentState::Unsigned),
        Some(file) => match file.bytes.as_deref().and_then(list::parse) {
            Some(list) => compare(package, manifest, &list, key),
            None => ContentCheck { doubt: Some(Doubt::Damaged), ..ContentCheck::new(ContentState::Unverifiable) },
        },
    };
    check.changed_since_noted = changed_since_noted(package);
    check
}

fn compare(package: &Package, manifest: Option<&Manifest>, list: &list::SignedList, key: &[u8]) -> ContentCheck {
    let mut check = ContentCheck::new(ContentState::Verified);
    check.item_id = list.item_id.clone();
    check.item_version = Some(list.item_version.clone());

    // Windows and macOS fold case, and an image of theirs may be read here: a name in another case counts as the same file
    // where no file has the exact name.
    let mut by_folded: BTreeMap<String, &str> = BTreeMap::new();
    for name in package.files.keys() {
        if !list.files.contains_key(name.as_str()) {
            by_folded.entry(name.to_lowercase()).or_insert(name);
        }
    }
    // A `.crx` is as the store made it; everything else may have been copied out of a profile.
    let installed = !matches!(package.container, Container::Crx2 | Container::Crx3);
    let rewritten = Rewritten::of(manifest);
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (listed, root) in &list.files {
        let found = package.files.get_key_value(listed).map(|(name, file)| (name.as_str(), file)).or_else(|| {
            let name = *by_folded.get(&listed.to_lowercase())?;
            Some((name, package.files.get(name)?))
        });
        let Some((name, file)) = found else {
            check.missing.push(listed.clone());
            continue;
        };
        known.insert(name);
        match tree_hash(file) {
            Some(hash) if hash == *root => {}
            _ if installed && rewritten.contains(name) => check.rewritten.push(name.to_owned()),
            Some(_) => check.modified.push(name.to_owned()),
            None => check.unread.push(name.to_owned()),
        }
    }
    let outside = |name: &&String| !is_metadata(name) && !known.contains(name.as_str());
    check.added = package.files.keys().filter(outside).cloned().collect();

    if !list::signed_by(list, key) {
        check.state = ContentState::Unverifiable;
        check.doubt = Some(Doubt::UnknownSigner);
    } else if check.differences().next().is_some() {
        check.state = ContentState::Modified;
    } else if !check.unread.is_empty() {
        check.state = ContentState::Unverifiable;
        check.doubt = Some(Doubt::Unread);
    }
    check
}

fn is_metadata(name: &str) -> bool {
    name.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("_metadata/"))
}

/// The root of the tree of hashes of a file; `None` where its blocks were not kept.
fn tree_hash(file: &PackageFile) -> Option<[u8; 32]> {
    let mut level = file.blocks.clone()?;
    // Blocks of a file that was cut off would give the hash of another file.
    if level.len() as u64 != file.size.div_ceil(BLOCK).max(1) {
        return None;
    }
    while level.len() > 1 {
        level = level.chunks(FAN).map(|hashes| Sha256::digest(hashes.concat()).into()).collect();
    }
    level.first().copied()
}

/// Which files the installer writes itself, so that neither their content nor their time is the package's.
pub struct Rewritten {
    images: BTreeSet<String>,
}

impl Rewritten {
    /// Those of an extension with this manifest, which names its images.
    pub fn of(manifest: Option<&Manifest>) -> Rewritten {
        Rewritten { images: manifest.map(|manifest| declared_images(&manifest.raw)).unwrap_or_default() }
    }

    /// Whether a file is one of them.
    pub fn contains(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let catalogue = || {
            let locale = name.strip_prefix("_locales/").and_then(|rest| rest.strip_suffix("/messages.json"));
            locale.is_some_and(|locale| !locale.is_empty() && !locale.contains('/'))
        };
        name == "manifest.json" || catalogue() || self.images.contains(&name) || is_metadata(&name)
    }
}

/// The images that the manifest names for itself, its buttons and its theme, in lower case. A script or page does not become an
/// image by being named as one.
fn declared_images(manifest: &Value) -> BTreeSet<String> {
    let mut named = Vec::new();
    let mut take = |value: Option<&Value>| match value {
        Some(Value::String(path)) => named.push(path.clone()),
        Some(Value::Object(sizes)) => {
            for value in sizes.values() {
                match value {
                    Value::String(path) => named.push(path.clone()),
                    // Images of themes may come in several scales.
                    Value::Object(scales) => named.extend(scales.values().filter_map(Value::as_str).map(str::to_owned)),
                    _ => {}
                }
            }
        }
        _ => {}
    };
    take(manifest.get("icons"));
    for button in ["action", "browser_action", "page_action"] {
        take(manifest.get(button).and_then(|button| button.get("default_icon")));
    }
    take(manifest.get("theme").and_then(|theme| theme.get("images")));
    let image = |path: String| {
        let path = path::file(&path)?.to_lowercase();
        let never = [".js", ".html", ".htm"].iter().any(|ending| path.ends_with(ending));
        (!never).then_some(path)
    };
    named.into_iter().filter_map(image).collect()
}

/// Files that differ from the browser's own note of their blocks. Who changes a file may change the note too: the note only
/// ever adds to what the signed list says.
fn changed_since_noted(package: &Package) -> Vec<String> {
    let Some(noted) = package.bytes(COMPUTED).and_then(list::parse_computed) else { return Vec::new() };
    let mut changed: Vec<_> = noted
        .into_iter()
        .filter(|(name, blocks)| {
            package.files.get(name).and_then(|file| file.blocks.as_ref()).is_some_and(|found| found != blocks)
        })
        .map(|(name, _)| name)
        .collect();
    changed.sort();
    changed
}

#[cfg(test)]
mod tests;
