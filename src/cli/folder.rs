//! Files that a person names (rules, YARA, indicators, policies), read whole and handed on as name and content, so that
//! reading them stays a pure matter.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

/// More files than this in a folder of rules are a mistake, such as the root of a disk.
const FILES: usize = 20_000;

/// A file longer than this is none that a person wrote.
const LONGEST: u64 = 64 << 20;

/// A file, or every file below a folder whose ending is asked for, in order of path: the path below the folder (the name for a
/// single file), and the content.
pub fn read(path: &Path, endings: &[&str]) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let shown = path.display();
    let about = fs::metadata(path).with_context(|| format!("{shown}: no such file or folder, or no way to it"))?;
    if !about.is_dir() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(vec![(name, read_file(path)?)]);
    }
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(path).max_depth(16).sort_by_file_name() {
        let entry = entry.with_context(|| format!("{shown}: cannot be read"))?;
        let ending = entry.path().extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if !entry.file_type().is_file() || !(endings.is_empty() || endings.contains(&ending.as_str())) {
            continue;
        }
        if files.len() >= FILES {
            bail!("{shown}: holds more than {FILES} files; name the folder of the rules itself");
        }
        let below = entry.path().strip_prefix(path).unwrap_or(entry.path());
        let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        files.push((parts.join("/"), read_file(entry.path())?));
    }
    Ok(files)
}

/// One file.
pub fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let about = fs::metadata(path).with_context(|| format!("{shown}: no such file, or no way to it"))?;
    if about.len() > LONGEST {
        bail!("{shown}: longer than {} MB", LONGEST >> 20);
    }
    fs::read(path).with_context(|| format!("{shown}: cannot be read"))
}

/// The files of folders of rules as text, named by their whole path.
pub fn rules(folders: &[std::path::PathBuf]) -> anyhow::Result<Vec<(String, String)>> {
    let mut rules = Vec::new();
    for folder in folders {
        for (name, bytes) in read(folder, &["toml", "csv", "yar", "yara"])? {
            let path = if folder.is_dir() { folder.join(&name) } else { folder.clone() };
            let path = path.display().to_string();
            let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{path}: is not UTF-8 text"))?;
            rules.push((path, text));
        }
    }
    Ok(rules)
}
