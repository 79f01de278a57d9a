//! Bytes, within limits: an extension's files out of a folder or an archive.
//!
//! [`open`] tells containers apart by their first bytes, never by their names. To add one: a file here, and an arm in
//! [`open`]. Nothing is written, no link is followed out of a package, nothing but regular files is opened.

mod collect;
mod folder;
pub mod leveldb;
mod limits;
mod package;
pub mod read;
mod zip;

use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

pub use self::zip::ZipError;
pub use limits::Limits;
pub use package::{Container, Package, PackageFile};

use collect::inner_path;

use crate::model::crx;
use crate::problem::{Outcome, Problem, Stage};

/// Why a package cannot be opened at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The path, or what it leads to; usually a typing error or missing rights.
    #[error("{}", read::reason(.0))]
    Read(#[from] io::Error),
    /// Neither a folder nor an archive that holds extensions.
    #[error("neither a folder with a manifest.json nor a .crx, .zip or .xpi archive")]
    NoPackage,
    /// The header of a `.crx` is broken; the file is damaged or made to look like one.
    #[error("{0}")]
    Crx(#[from] crx::CrxError),
    /// The archive is damaged or hostile.
    #[error("{0}")]
    Zip(#[from] ZipError),
}

/// How a file in a package is named to people: after the package, and divided as its own path is.
pub fn place(package: &str, file: &str) -> String {
    if cfg!(windows) && package.contains('\\') {
        format!("{package}\\{}", file.replace('/', "\\"))
    } else {
        format!("{package}/{file}")
    }
}

/// Opens a package: an unpacked folder, a `.crx`, a `.zip` or an `.xpi`.
pub fn open(path: &Path, limits: &Limits) -> Result<Outcome<Package>, OpenError> {
    if path.is_dir() {
        return Ok(folder::read(path, limits)?);
    }
    let (bytes, _) = read::read_regular(path, limits.file_bytes)?;
    let shown = path.to_string_lossy();
    archive(&shown, &bytes, limits)
}

/// Opens what an inventory needs of a folder: its manifest and the messages that its name is written in. Nothing is hashed.
pub fn open_manifest(folder: &Path, limits: &Limits) -> Result<Outcome<Package>, OpenError> {
    let mut package = Package::empty(folder.to_string_lossy().into_owned());
    let root = read::real_folder(folder)?;
    let take = |package: &mut Package, name: &str| -> io::Result<()> {
        let path = read::real_below(&root, name)?;
        if !path.starts_with(&root) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a link that leads out of the extension"));
        }
        let (bytes, _) = read::read_regular(&path, limits.held_bytes)?;
        let file = PackageFile {
            size: bytes.len() as u64,
            sha256: String::new(),
            blocks: None,
            bytes: Some(bytes.into()),
            modified: None,
            hidden: None,
        };
        package.files.insert(name.to_owned(), file);
        Ok(())
    };
    take(&mut package, "manifest.json")?;
    let default = package.bytes("manifest.json").and_then(|bytes| crate::model::json::parse(bytes).ok());
    let default = default.and_then(|manifest| inner_path(manifest.get("default_locale")?.as_str()?, limits).ok());
    for locale in ["en_US", "en"].into_iter().chain(default.as_deref()) {
        // A name without its message is shown as it stands.
        let _ = take(&mut package, &format!("_locales/{locale}/messages.json"));
    }
    Ok((package, Vec::new()))
}

/// Reads an archive's bytes.
pub fn archive(path: &str, bytes: &[u8], limits: &Limits) -> Result<Outcome<Package>, OpenError> {
    let (mut package, mut problems) = match bytes {
        [b'C', b'r', ..] => {
            let header = crx::parse(bytes)?;
            let container = if header.version == 2 { Container::Crx2 } else { Container::Crx3 };
            let payload = bytes.get(header.payload..).unwrap_or_default();
            let (mut package, problems) = zip::read(path, payload, container, limits)?;
            package.crx = Some(header);
            (package, problems)
        }
        [b'P', b'K', ..] => zip::read(path, bytes, Container::Zip, limits)?,
        _ => return Err(OpenError::NoPackage),
    };
    unwrap_folder(&mut package, &mut problems);
    Ok((package, problems))
}

/// An archive of a folder is taken for what is in the folder: people zip it like that.
fn unwrap_folder(package: &mut Package, problems: &mut Vec<Problem>) {
    if package.files.contains_key("manifest.json") {
        return;
    }
    let first = package.files.keys().next().and_then(|path| path.split_once('/')).map(|(folder, _)| format!("{folder}/"));
    let Some(prefix) = first.filter(|prefix| package.files.contains_key(&format!("{prefix}manifest.json"))) else { return };
    let inside = |path: &str| path.strip_prefix(&prefix).map(str::to_owned);
    if package.files.keys().all(|path| path.starts_with(&prefix)) {
        package.files =
            std::mem::take(&mut package.files).into_iter().filter_map(|(path, file)| Some((inside(&path)?, file))).collect();
    } else {
        problems.push(Problem::new(&package.path, Stage::Unpack, format!("the manifest lies in {prefix} beside other files")));
    }
}

/// Endings of archives that are looked for in folders.
const ARCHIVES: &[&str] = &["crx", "zip", "xpi"];
/// How deep below a folder packages are looked for.
const SEARCH_DEPTH: usize = 6;

/// The packages below a folder, in path order: folders with a `manifest.json`, and archives. A folder that is a package is
/// not searched further. The path itself is the only answer where it is a package.
pub fn packages_below(path: &Path, limits: &Limits) -> Outcome<Vec<PathBuf>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let mut walk = WalkDir::new(path).max_depth(SEARCH_DEPTH).sort_by_file_name().into_iter();
    let mut seen = 0usize;
    while let Some(entry) = walk.next() {
        seen += 1;
        if seen > limits.entries {
            problems.push(Problem::new(
                path.to_string_lossy(),
                Stage::Unpack,
                format!("more than {} files; the rest was left out", limits.entries),
            ));
            break;
        }
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {
                if entry.path().join("manifest.json").is_file() {
                    found.push(entry.into_path());
                    walk.skip_current_dir();
                }
            }
            Ok(entry) if entry.depth() == 0 => found.push(entry.into_path()),
            Ok(entry) => {
                let ending =
                    entry.path().extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
                if entry.file_type().is_file() && ARCHIVES.contains(&ending.as_str()) {
                    found.push(entry.into_path());
                }
            }
            Err(error) => {
                let place = error.path().unwrap_or(path).to_string_lossy().into_owned();
                problems.push(Problem::new(
                    place,
                    Stage::Unpack,
                    error.io_error().map_or_else(|| error.to_string(), read::reason),
                ));
            }
        }
    }
    (found, problems)
}
