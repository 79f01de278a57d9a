//! An extension in a folder.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use walkdir::WalkDir;

use super::collect::{Collector, Entry};
use super::read::{open_below, read_regular, real_folder, reason, unix_seconds};
use super::{Container, Limits, Package};
use crate::problem::Outcome;

/// Files that say that content is signed: only then are block hashes worth their time.
const SIGNED: &[&str] = &["_metadata/verified_contents.json", "_metadata/computed_hashes.json"];

/// Reads the files below a folder. A link that stays inside is followed to its file; one that leads out is said and left.
pub(super) fn read(path: &Path, limits: &Limits) -> io::Result<Outcome<Package>> {
    // The browser follows a link to an unpacked extension, and so do we; inside, nothing may lead out of it.
    let root = real_folder(path)?;
    let shown = path.to_string_lossy().into_owned();
    let blocks = SIGNED.iter().any(|file| root.join(file).is_file());
    let mut collector = Collector::new(&shown, limits, blocks);
    let walk = WalkDir::new(&root).max_depth(limits.depth).sort_by_file_name().into_iter();
    let relative = |entry: &walkdir::DirEntry| {
        entry.path().strip_prefix(&root).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/")
    };
    // Folders count as well, so that a tree of a million empty ones ends.
    let mut entries = 0usize;
    let mut found = Vec::new();
    for entry in walk {
        entries += 1;
        if entries > limits.entries.saturating_mul(2) {
            collector.problem(
                "",
                format!("more than {} files and folders; the rest was left out", limits.entries.saturating_mul(2)),
            );
            collector.cut = true;
            break;
        }
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let place = error.path().and_then(|path| path.strip_prefix(&root).ok()).unwrap_or(Path::new(""));
                let place = place.to_string_lossy().into_owned();
                collector.problem(&place, error.io_error().map_or_else(|| error.to_string(), reason));
                continue;
            }
        };
        if !entry.file_type().is_dir() {
            found.push(entry);
        } else if entry.depth() >= limits.depth {
            collector.problem(&relative(&entry), "it lies too deep; what is in it was left out");
            collector.cut = true;
        }
    }
    if let Ok((bytes, _)) = read_regular(&root.join("manifest.json"), limits.held_bytes) {
        collector.expect(&bytes);
    }
    // What decides is read also where bulk has hidden it from the walk.
    if collector.cut {
        let listed: BTreeSet<_> = found.iter().map(|entry| entry.path().to_owned()).collect();
        let decisive = collector.decisive().map(|path| root.join(path)).filter(|path| !listed.contains(path));
        let there = decisive.filter_map(|path| WalkDir::new(path).max_depth(0).into_iter().next()?.ok());
        found.extend(there.filter(|entry| !entry.file_type().is_dir()));
    }
    found.sort_by_cached_key(|entry| collector.turn(&relative(entry)));
    for entry in found {
        if !collector.room() {
            break;
        }
        let relative = relative(&entry);
        if relative.len() > limits.path_bytes {
            collector.problem("", "a path in it is too long; left out");
            collector.cut = true;
            continue;
        }
        if entry.file_type().is_symlink() {
            match entry.path().canonicalize() {
                Ok(target) if target.starts_with(&root) && target.is_file() => {}
                Ok(target) if target.is_dir() => {
                    collector.problem(&relative, "a link to a folder; not followed");
                    continue;
                }
                Ok(_) => {
                    collector.problem(&relative, "a link that leads out of the extension; not followed");
                    continue;
                }
                Err(error) => {
                    collector.problem(&relative, format!("a link that leads nowhere: {}", reason(&error)));
                    continue;
                }
            }
        }
        match open_below(&root, entry.path()) {
            Ok((file, data)) => {
                let modified = data.modified().ok().and_then(unix_seconds);
                collector.add(&Entry { path: &relative, modified, compressed: None }, file);
            }
            Err(error) => collector.problem(&relative, reason(&error)),
        }
    }
    let Collector { files, problems, cut, .. } = collector;
    Ok((Package { path: shown, container: Container::Folder, files, crx: None, cut }, problems))
}
