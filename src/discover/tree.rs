//! Looking names up below a folder: by the machine's own rules, or inside an image that must not be left.
//!
//! An image is a folder tree of another machine. Names in it are compared as that machine would (Windows and macOS fold
//! case), absolute links count from the image's root, `..` stops there, and no link leads out.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::problem::{Problem, Stage};

/// Links followed on the way to one name before they are taken for a loop, as Linux has it.
const LINKS: usize = 40;

/// Names taken from one folder.
const ENTRIES: usize = 50_000;

/// A file system to look into.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The image's root; `None` is this machine.
    image: Option<PathBuf>,
    /// Whether names that differ in case are one.
    fold: bool,
}

/// Something in a folder, its links resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name in the folder.
    pub name: String,
    /// Where it is; for a link, where it leads.
    pub path: PathBuf,
    /// Whether that is a folder.
    pub folder: bool,
    /// Whether the name itself is a link (or a junction).
    pub link: bool,
}

/// A place that is there and cannot be looked at.
#[derive(Debug)]
pub struct Denied {
    /// The place.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl Denied {
    /// As an entry for the report, with the way out that the system offers.
    pub fn problem(&self) -> Problem {
        Problem::new(self.path.display().to_string(), Stage::Discover, format!("cannot be read: {}", reason(&self.error)))
    }
}

/// What an error of the system means, and what would help.
pub fn reason(error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return error.to_string();
    }
    let help = match () {
        () if cfg!(windows) => "run as that user, or from an elevated prompt",
        () if cfg!(target_os = "macos") => "run as that user or root, and give the terminal Full Disk Access",
        () => "run as that user, or as root",
    };
    format!("permission denied; {help}")
}

impl Tree {
    /// This machine's files, by its own rules.
    pub fn live() -> Tree {
        Tree { image: None, fold: false }
    }

    /// The image under `root`.
    pub fn image(root: PathBuf, fold: bool) -> Tree {
        Tree { image: Some(root), fold }
    }

    /// The image's root.
    pub fn image_root(&self) -> Option<&Path> {
        self.image.as_deref()
    }

    /// What a name in a folder is; `None` where there is no such thing.
    pub fn child(&self, folder: &Path, name: &str) -> Result<Option<PathBuf>, Denied> {
        let mut links = 0;
        self.step(folder, name, &mut links)
    }

    /// A path below a folder, parts divided by `/` or `\`; `..` is refused.
    pub fn find(&self, folder: &Path, relative: &str) -> Result<Option<PathBuf>, Denied> {
        let mut at = folder.to_owned();
        for part in parts(relative) {
            if part == ".." {
                return Ok(None);
            }
            match self.child(&at, part)? {
                Some(next) => at = next,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// Every path below a folder that fits a pattern whose parts may hold `*`. What cannot be looked at is added to `problems`.
    pub fn glob(&self, folder: &Path, pattern: &str, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
        let mut found = vec![folder.to_owned()];
        for part in parts(pattern) {
            let mut next = Vec::new();
            for at in &found {
                if part.contains('*') {
                    // A folder that is not there, or is a file, has nothing that fits.
                    let entries = self.list(at).map(|(entries, _)| entries);
                    match entries {
                        Ok(entries) => {
                            let fitting = entries.into_iter().filter(|entry| entry.folder && fits(part, &entry.name));
                            next.extend(fitting.map(|entry| entry.path));
                        }
                        Err(denied) => problems.push(denied.problem()),
                    }
                } else {
                    match self.child(at, part) {
                        Ok(path) => next.extend(path),
                        Err(denied) => problems.push(denied.problem()),
                    }
                }
            }
            found = next;
        }
        found
    }

    /// What is in a folder, in order of name, and whether there was more than is taken. Nothing, where it is not there.
    pub fn list(&self, folder: &Path) -> Result<(Vec<Entry>, bool), Denied> {
        let denied = |error| Denied { path: folder.to_owned(), error };
        let reader = match fs::read_dir(folder) {
            Ok(reader) => reader,
            Err(error) if absent(&error) => return Ok((Vec::new(), false)),
            Err(error) => return Err(denied(error)),
        };
        let mut entries = Vec::new();
        let mut more = false;
        for entry in reader {
            if entries.len() >= ENTRIES {
                more = true;
                break;
            }
            let entry = entry.map_err(denied)?;
            // A name that is no Unicode cannot be one that a browser wrote; it is shown as far as it goes.
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(kind) = entry.file_type() else { continue };
            let link = kind.is_symlink();
            let (path, folder) = if link {
                let mut links = 0;
                match self.follow(folder, entry.path(), &mut links) {
                    Ok(Some(path)) => {
                        let folder = fs::metadata(&path).is_ok_and(|data| data.is_dir());
                        (path, folder)
                    }
                    _ => continue,
                }
            } else {
                (entry.path(), kind.is_dir())
            };
            entries.push(Entry { name, path, folder, link });
        }
        entries.sort();
        Ok((entries, more))
    }

    fn step(&self, folder: &Path, name: &str, links: &mut usize) -> Result<Option<PathBuf>, Denied> {
        // Windows takes such a name for a drive, which replaces the folder, or for a stream of a file.
        if cfg!(windows) && name.contains(':') {
            return Ok(None);
        }
        let path = folder.join(name);
        let path = match fs::symlink_metadata(&path) {
            Ok(_) => path,
            Err(error) if absent(&error) => match self.fold.then(|| folded(folder, name)).flatten() {
                Some(path) => path,
                None => return Ok(None),
            },
            Err(error) => return Err(Denied { path, error }),
        };
        self.follow(folder, path, links)
    }

    /// Where a path leads whose folder is resolved already.
    fn follow(&self, folder: &Path, path: PathBuf, links: &mut usize) -> Result<Option<PathBuf>, Denied> {
        let Some(root) = &self.image else {
            return match fs::metadata(&path) {
                Ok(_) => Ok(Some(path)),
                Err(error) if absent(&error) => Ok(None),
                Err(error) => Err(Denied { path, error }),
            };
        };
        if !fs::symlink_metadata(&path).is_ok_and(|data| data.file_type().is_symlink()) {
            return Ok(Some(path));
        }
        *links += 1;
        if *links > LINKS {
            return Err(Denied { path, error: io::Error::other("too many links, perhaps a loop") });
        }
        let target = match fs::read_link(&path) {
            Ok(target) => target,
            Err(error) => return Err(Denied { path, error }),
        };
        let mut at = folder.to_owned();
        for part in target.components() {
            match part {
                Component::Prefix(_) | Component::RootDir => at = root.clone(),
                Component::CurDir => {}
                Component::ParentDir => {
                    if at != *root {
                        at.pop();
                    }
                }
                Component::Normal(name) => match self.step(&at, &name.to_string_lossy(), links)? {
                    Some(next) => at = next,
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(at))
    }
}

/// The parts of a relative path of any system.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".")
}

/// Errors that say: there is no such thing.
fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename)
        || matches!(error.kind(), io::ErrorKind::InvalidInput)
}

/// A name in a folder that differs from `name` in case only.
fn folded(folder: &Path, name: &str) -> Option<PathBuf> {
    let wanted = name.to_lowercase();
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .take(ENTRIES)
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().to_lowercase() == wanted)
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found.into_iter().next()
}

/// Whether a name fits a pattern, in which each `*` stands for any letters. Case does not matter.
pub fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        match rest.find(piece) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("chrome", "Chrome", true),
            ("chrome", "chromes", false),
            ("scoped_dir*", "scoped_dirX1", true),
            ("*", "", true),
            ("*.scoped_dir.*", "org.chromium.scoped_dir.Ab", true),
            ("a*a", "a", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn names_in_an_image_of_windows_fold_case() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("USERS/Kim/AppData")).unwrap();
        let tree = Tree::image(root.path().to_owned(), true);
        let found = tree.find(root.path(), r"Users\kim\appdata").unwrap().unwrap();
        // Windows finds a name in any case by itself, and it stays as it was asked for.
        let wanted = if cfg!(windows) { "Users/kim/appdata" } else { "USERS/Kim/AppData" };
        assert_eq!(found, root.path().join(wanted));
        assert_eq!(tree.find(root.path(), r"Users\..\Users").unwrap(), None);
        let tree = Tree::image(root.path().to_owned(), false);
        // Only where the disk itself tells the two apart.
        if !root.path().join("users").exists() {
            assert_eq!(tree.find(root.path(), "Users").unwrap(), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_in_an_image_stay_in_it() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("image");
        fs::create_dir_all(root.join("data/real")).unwrap();
        fs::create_dir_all(dir.path().join("data")).unwrap();
        symlink("/data/real", root.join("absolute")).unwrap();
        symlink("../../../../data", root.join("climbing")).unwrap();
        symlink("loop-b", root.join("loop-a")).unwrap();
        symlink("loop-a", root.join("loop-b")).unwrap();
        let tree = Tree::image(root.clone(), false);
        assert_eq!(tree.find(&root, "absolute").unwrap(), Some(root.join("data/real")));
        assert_eq!(tree.find(&root, "climbing/real").unwrap(), Some(root.join("data/real")));
        assert!(tree.find(&root, "loop-a").is_err());
        let (entries, _) = tree.list(&root).unwrap();
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["absolute", "climbing", "data"]);
    }

    #[test]
    fn globs_list_folders_only() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/scoped_dir1")).unwrap();
        fs::write(root.path().join("a/scoped_dir2"), "").unwrap();
        let mut problems = Vec::new();
        let found = Tree::live().glob(root.path(), "a/scoped_dir*", &mut problems);
        assert_eq!(found, [root.path().join("a/scoped_dir1")]);
        assert!(Tree::live().glob(root.path(), "b/*", &mut problems).is_empty());
        assert!(problems.is_empty());
    }
}
