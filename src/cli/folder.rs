//! Files that a person names (rules, packs of them, YARA, indicators, policies), read whole and handed on as name and content, so that
//! reading them stays a pure matter.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::civil::Date;

use super::args::{SignatureArgs, TrustArgs};
use crate::rules::pack::{self, Pack, VerifyingKey};
use crate::rules::{Additions, signatures_date};

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

/// Folders of rules, their files named by their whole path, and signed packs.
pub fn signatures(args: &SignatureArgs) -> anyhow::Result<Additions> {
    let mut additions = Additions::default();
    for path in &args.signatures {
        if is_pack(path) {
            additions.packs.push(pack(path, &args.trust)?);
            continue;
        }
        for (name, text) in texts(path)? {
            let shown = if path.is_dir() { path.join(&name) } else { path.clone() };
            additions.files.push((shown.display().to_string(), text));
        }
    }
    Ok(additions)
}

/// The rules and lists in a folder, or one of them: the path below the folder, and the text.
pub fn texts(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let text = |(name, bytes): (String, Vec<u8>)| match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(_) if path.is_dir() => bail!("{}: is not UTF-8 text", path.join(&name).display()),
        Err(_) => bail!("{}: is not UTF-8 text", path.display()),
    };
    read(path, &["toml", "csv", "yar", "yara"])?.into_iter().map(text).collect()
}

/// Whether a file is an archive: rules are text.
fn is_pack(path: &Path) -> bool {
    let mut magic = [0; 4];
    path.is_file() && fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"PK\x03\x04"
}

/// A signed pack of signatures.
pub fn pack(path: &Path, trust: &TrustArgs) -> anyhow::Result<Pack> {
    let shown = path.display().to_string();
    if trust.trust_key.is_empty() {
        bail!("{shown}: is a pack, and nobody's packs are trusted; --trust-key names the public key of whoever made it");
    }
    let keys: Vec<VerifyingKey> = trust.trust_key.iter().map(|typed| trusted(typed)).collect::<anyhow::Result<_>>()?;
    let builtin = pack::day(signatures_date()).context("the built-in signatures have no day")?;
    let since = match &trust.signatures_since {
        Some(typed) => day("--signatures-since", typed)?.max(builtin),
        None => builtin,
    };
    pack::open(&shown, &read_file(path)?, &keys, since).with_context(|| shown)
}

/// A day as typed.
pub fn day(option: &str, typed: &str) -> anyhow::Result<Date> {
    pack::day(typed).with_context(|| format!("{option} {typed}: is no day such as 2026-11-26"))
}

/// A public key: its base64, else the file that it is in.
fn trusted(typed: &str) -> anyhow::Result<VerifyingKey> {
    if let Some(key) = pack::public_key(typed) {
        return Ok(key);
    }
    let shown = format!("--trust-key {typed}");
    let bytes =
        read_file(Path::new(typed)).with_context(|| format!("{shown}: is neither a key in base64 nor a file with one"))?;
    let key = String::from_utf8(bytes).ok().and_then(|text| pack::public_key(&text));
    key.with_context(|| format!("{shown}: holds no public Ed25519 key; openssl pkey -in PRIVATE -pubout writes one"))
}
