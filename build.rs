//! Lists the files under `signatures/`, so that they are compiled in and a new rule needs no registration; and says of which
//! sources the program is made, so that no build takes what another one has kept for its own.

#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("signatures");
    println!("cargo:rerun-if-changed={}", root.display());
    let sources = root.with_file_name("src");
    println!("cargo:rerun-if-changed={}", sources.display());
    println!("cargo:rustc-env=CRXHOUND_SOURCES={:016x}", hash(&sources)?);
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut list = String::from("pub(super) static FILES: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?;
        let name = name.to_string_lossy().replace('\\', "/");
        writeln!(list, "    ({name:?}, include_str!({:?})),", file.display().to_string()).map_err(io::Error::other)?;
    }
    list.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("signatures.rs"), list)
}

/// Everything that is loaded at run time: rules, lists, YARA sources, the date.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ["toml", "csv", "yar"].iter().any(|wanted| ending == *wanted))
            || path.ends_with("DATE")
        {
            files.push(path);
        }
    }
    Ok(())
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
