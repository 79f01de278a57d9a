//! Packs every table and list that is compiled in, so that a new rule needs no registration and none of them lies readable in
//! the program; and says of which sources the program is made, so that no build takes what another one has kept for its own.

#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Folders, and the endings of what is packed of them.
const PACKED: &[(&str, &[&str])] = &[
    ("signatures", &["toml", "csv", "yar"]),
    ("src", &["toml", "csv"]),
    ("src/sandbox/world", &["js"]),
    // The samples of the demonstration look like what is hunted, which is their purpose.
    ("fixtures/packages/sharpext", &["json", "js", "html"]),
    ("fixtures/packages/translatext", &["json", "js"]),
    ("fixtures/packages/wallet-trojan", &["json", "js", "html"]),
    ("fixtures/packages/honest-tab-manager", &["json", "js"]),
    ("fixtures/packages/honest-dark-mode", &["json", "js"]),
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let sources = root.join("src");
    println!("cargo:rerun-if-changed={}", sources.display());
    println!("cargo:rustc-env=CRXHOUND_SOURCES={:016x}", hash(&sources)?);
    let mut files = BTreeSet::from([root.join("signatures/DATE")]);
    for (folder, endings) in PACKED {
        let folder = root.join(folder);
        println!("cargo:rerun-if-changed={}", folder.display());
        collect(&folder, endings, &mut files)?;
    }
    pack(&root, &files)
}

/// Files of these endings below a folder.
fn collect(folder: &Path, endings: &[&str], files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, endings, files)?;
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            files.insert(path);
        }
    }
    Ok(())
}

/// Writes what `src/builtin.rs` unpacks: for each file the length of its path, its path, the length of its text, its text.
fn pack(root: &Path, files: &BTreeSet<PathBuf>) -> io::Result<()> {
    let mut plain = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        for part in [path, fs::read_to_string(file)?] {
            plain.extend(u32::try_from(part.len()).map_err(io::Error::other)?.to_le_bytes());
            plain.extend(part.as_bytes());
        }
    }
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&plain)?;
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("builtin.deflate"), packed.finish()?)?;
    fs::write(out.join("builtin.rs"), format!("const UNPACKED: usize = {};\n", plain.len()))
}

/// One number for everything in a folder. Not one that resists intent: it tells builds apart, and nothing hangs on it.
fn hash(folder: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let inside: io::Result<BTreeSet<PathBuf>> = fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect();
            open.extend(inside?);
        } else {
            path.hash(&mut hasher);
            fs::read(&path)?.hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}
