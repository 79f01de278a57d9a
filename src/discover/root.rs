//! Where to look: this machine, or the mounted image of another one.
//!
//! A [`Root`] knows the system that it holds, the homes of the people who use it, and turns paths of that system into paths
//! that can be opened here.

mod homes;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::acquire::read::real_folder;
use crate::model::machine::System;
use crate::problem::{Problem, Stage};

use super::registry::{self, Registry};
use super::tree::{Denied, Tree};

use homes::same_place;

/// Folders that stand for `/` (without a letter) or for a drive.
type Tops = Vec<(Option<char>, PathBuf)>;

/// Whose browsers are looked at on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Users {
    /// Those of the person who runs the program.
    #[default]
    Current,
    /// Those of everyone with a home.
    All,
}

/// A person's home, and the folders below it in which browsers keep their data.
#[derive(Clone, Debug)]
pub struct User {
    /// The user's name, as the home's folder or the account has it.
    pub name: String,
    /// The home.
    pub home: PathBuf,
    /// The security identifier, on Windows and where known.
    pub sid: Option<String>,
    /// True for the person who runs the program.
    pub current: bool,
    /// What `%LOCALAPPDATA%` stands for.
    pub local_data: Vec<PathBuf>,
    /// What `%APPDATA%` stands for.
    pub roaming_data: Vec<PathBuf>,
    /// What `$XDG_CONFIG_HOME` stands for.
    pub config: Vec<PathBuf>,
    /// The systems whose folders are looked for; more than one where nothing says which system the home is of.
    pub systems: Vec<System>,
}

impl User {
    /// A home with the folders in their usual places.
    pub fn at(name: impl Into<String>, home: PathBuf, systems: &[System], tree: &Tree) -> User {
        let below = |relative: &str| tree.find(&home, relative).ok().flatten().unwrap_or_else(|| home.join(relative));
        let local = if cfg!(windows) { r"AppData\Local" } else { "AppData/Local" };
        let roaming = if cfg!(windows) { r"AppData\Roaming" } else { "AppData/Roaming" };
        User {
            name: name.into(),
            sid: None,
            current: false,
            local_data: vec![below(local)],
            roaming_data: vec![below(roaming)],
            config: vec![below(".config")],
            systems: systems.to_vec(),
            home,
        }
    }

    /// The folders that a place of `browsers.toml` starts at, and the rest of it.
    fn bases<'s, 'p>(&'s self, place: &'p str) -> (&'s [PathBuf], &'p str) {
        let (first, rest) = place.split_once(['/', '\\']).unwrap_or((place, ""));
        let bases = match first {
            "%LOCALAPPDATA%" => self.local_data.as_slice(),
            "%APPDATA%" => self.roaming_data.as_slice(),
            "$XDG_CONFIG_HOME" => self.config.as_slice(),
            "~" => std::slice::from_ref(&self.home),
            _ => &[],
        };
        (bases, rest)
    }
}

/// Why a folder cannot serve as an image.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The person named something that is not there, or is no folder.
    #[error("{0}: not a folder that can be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// The folder holds none of the three systems.
    #[error(
        "{0}: holds no Windows, macOS or Linux system; name the folder in which Users, home or Windows lies, or scan the user-data folder itself"
    )]
    NoSystem(PathBuf),
}

/// A machine to look at: this one or an image.
#[derive(Clone, Debug)]
pub struct Root {
    /// The system it runs.
    pub system: System,
    /// The people whose browsers are looked at.
    pub users: Vec<User>,
    /// What could not be read while the homes were looked for.
    pub problems: Vec<Problem>,
    pub(crate) tree: Tree,
    /// The Windows registry, live or of the image.
    registry: Option<Arc<dyn Registry>>,
    /// Folders that stand for `/` or for a drive, tried in order.
    tops: Tops,
}

impl Root {
    /// This machine.
    pub fn live(users: Users) -> Root {
        let system = System::here();
        let top = if cfg!(windows) {
            PathBuf::from(
                env::var_os("SystemDrive").map_or_else(|| r"C:\".into(), |drive| drive.to_string_lossy().into_owned() + r"\"),
            )
        } else {
            PathBuf::from("/")
        };
        let mut root = Root {
            system,
            users: Vec::new(),
            problems: Vec::new(),
            tree: Tree::live(),
            registry: None,
            tops: vec![(None, top)],
        };
        let current = current_user(system);
        if users == Users::All {
            root.find_homes();
            root.add_listed_homes(&live_registry(&root));
        }
        if let Some(current) = current {
            root.users.retain(|user| !same_place(&user.home, &current.home));
            root.users.insert(0, current);
        }
        root.registry = live_registry(&root);
        if root.users.is_empty() {
            root.problems.push(Problem::new(
                "home",
                Stage::Discover,
                "the home folder is not known; set HOME, or name a folder to scan",
            ));
        }
        root
    }

    /// The image of another machine under `folder`, whatever system it is of.
    pub fn image(folder: &Path) -> Result<Root, RootError> {
        let real = real_folder(folder).map_err(|error| RootError::Unreadable(folder.to_owned(), error))?;
        let folder = dunce::simplified(&real).to_owned();
        fs::read_dir(&folder).map_err(|error| RootError::Unreadable(folder.clone(), error))?;
        let (system, tops) = detect(&folder).ok_or_else(|| RootError::NoSystem(folder.clone()))?;
        let tree = Tree::image(folder, system.folds_case());
        let mut root = Root { system, users: Vec::new(), problems: Vec::new(), tree, registry: None, tops };
        root.find_homes();
        if system == System::Windows {
            let mut hives = registry::Offline::open(&root);
            for (sid, path) in registry::profile_list(&hives) {
                root.add_listed_home(sid, &path);
            }
            for user in &root.users {
                hives.add_user(&root, &user.home);
            }
            root.registry = Some(Arc::new(hives));
        }
        Ok(root)
    }

    /// The Windows registry of this machine or the image; `None` on other systems.
    pub fn registry(&self) -> Option<&dyn Registry> {
        self.registry.as_deref()
    }

    /// True for an image.
    pub fn is_image(&self) -> bool {
        self.tree.image_root().is_some()
    }

    /// Where a path of the machine's own system is to be found here: `C:\Users\kim\...` or `/etc/...`. `None` where it is not
    /// there or cannot be looked at.
    pub fn locate(&self, path: &str) -> Option<PathBuf> {
        self.look_up(path).ok().flatten()
    }

    /// As [`Root::locate`], and says what could not be looked at.
    pub fn look_up(&self, path: &str) -> Result<Option<PathBuf>, Denied> {
        let path = path.trim().trim_matches('"');
        let path = path.strip_prefix(r"\\?\").unwrap_or(path);
        let path = path.strip_prefix("file://").unwrap_or(path);
        if self.system == System::Windows {
            let (path, drive) = match self.windows_variable(path) {
                Some(path) => (path, None),
                None => (path.to_owned(), drive_of(path)),
            };
            let rest = if drive.is_some() { path.get(2..).unwrap_or_default() } else { path.as_str() };
            if !rest.starts_with(['\\', '/']) || rest.starts_with(r"\\") || rest.starts_with("//") {
                return Ok(None);
            }
            if let (false, Some(drive)) = (self.is_image(), drive) {
                return self.tree.find(Path::new(&format!("{drive}:\\")), rest);
            }
            let known = self.tops.iter().any(|(letter, _)| drive.is_some() && *letter == drive);
            return self.find_in_tops(rest, |letter| !known || letter == drive);
        }
        match path.strip_prefix('/') {
            Some(rest) => self.find_in_tops(rest, |_| true),
            None => Ok(None),
        }
    }

    /// As [`Root::locate`], for a path that may begin with a variable of one user's environment.
    pub fn locate_for(&self, user: Option<&User>, path: &str) -> Option<PathBuf> {
        let trimmed = path.trim().trim_matches('"');
        let (first, rest) = trimmed.split_at(trimmed.find(['/', '\\']).unwrap_or(trimmed.len()));
        let user = user.or_else(|| self.users.iter().find(|user| user.current));
        let bases: Vec<PathBuf> = match (first.to_ascii_lowercase().as_str(), user) {
            ("%appdata%" | "$env:appdata", Some(user)) => user.roaming_data.clone(),
            ("%localappdata%" | "$env:localappdata", Some(user)) => user.local_data.clone(),
            ("%temp%" | "%tmp%" | "$env:temp" | "$env:tmp", Some(user)) => {
                user.local_data.iter().map(|folder| folder.join("Temp")).collect()
            }
            ("%userprofile%" | "$env:userprofile" | "~" | "$home" | "${home}", Some(user)) => vec![user.home.clone()],
            _ => return self.locate(trimmed),
        };
        bases.iter().find_map(|base| self.tree.find(base, rest).ok().flatten())
    }

    /// A path of this machine in the terms of the root's own system: a file of a Windows image as `C:\...`.
    pub fn shown(&self, path: &Path) -> String {
        let own = self.is_image().then(|| {
            let (drive, rest) =
                self.tops.iter().find_map(|(drive, top)| path.strip_prefix(top).ok().map(|rest| (*drive, rest)))?;
            let divider = if self.system == System::Windows { "\\" } else { "/" };
            let parts: Vec<String> = rest.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            Some(format!("{}{divider}{}", drive.map(|letter| format!("{letter}:")).unwrap_or_default(), parts.join(divider)))
        });
        own.flatten().unwrap_or_else(|| path.display().to_string())
    }

    /// Every folder that a place stands for: of one user for places in homes, of the machine for others. A `*` in the place
    /// stands for any name.
    pub fn expand(&self, user: Option<&User>, place: &str, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = match user.map(|user| user.bases(place)) {
            Some((bases, rest)) if !bases.is_empty() => {
                bases.iter().flat_map(|base| self.tree.glob(base, rest, problems)).collect()
            }
            _ if place.contains('*') => {
                let place = self.windows_variable(place).unwrap_or_else(|| place.to_owned());
                self.tops.iter().flat_map(|(_, top)| self.tree.glob(top, &place, problems)).collect()
            }
            _ => match self.look_up(place) {
                Ok(path) => path.into_iter().collect(),
                Err(denied) => {
                    problems.push(denied.problem());
                    Vec::new()
                }
            },
        };
        found.sort();
        found.dedup();
        found
    }

    /// The folders that a place of one user names, whether they are there or not: for saying where was looked.
    pub fn named(&self, user: &User, place: &str) -> Vec<PathBuf> {
        let (bases, rest) = user.bases(place);
        let rest: PathBuf = rest.split(['/', '\\']).collect();
        bases.iter().map(|base| base.join(&rest)).collect()
    }

    fn find_in_tops(&self, rest: &str, wanted: impl Fn(Option<char>) -> bool) -> Result<Option<PathBuf>, Denied> {
        let mut denied = None;
        for (_, top) in self.tops.iter().filter(|(letter, _)| wanted(*letter)) {
            match self.tree.find(top, rest) {
                Ok(Some(path)) => return Ok(Some(path)),
                Ok(None) => {}
                Err(error) => denied = Some(error),
            }
        }
        denied.map_or(Ok(None), Err)
    }

    /// A path whose first part is a variable that means the same for every user of a Windows machine, less the drive.
    fn windows_variable(&self, path: &str) -> Option<String> {
        let (first, rest) = path.split_at(path.find(['\\', '/']).unwrap_or(path.len()));
        let folder = match first.to_lowercase().as_str() {
            "%systemroot%" | "%windir%" | r"\systemroot" => r"\Windows",
            "%programfiles%" | "%programw6432%" => r"\Program Files",
            "%programfiles(x86)%" => r"\Program Files (x86)",
            "%programdata%" | "%allusersprofile%" => r"\ProgramData",
            "%public%" => r"\Users\Public",
            "%systemdrive%" => "",
            _ => return None,
        };
        Some(format!("{folder}{rest}"))
    }
}

/// The registry of this machine, where it has one.
fn live_registry(root: &Root) -> Option<Arc<dyn Registry>> {
    #[cfg(windows)]
    return Some(Arc::new(registry::live::Live::open(root)));
    #[cfg(not(windows))]
    {
        let _ = root;
        None
    }
}

/// The person who runs the program, with what the environment says of the folders.
fn current_user(system: System) -> Option<User> {
    let home = env::home_dir()?;
    let name = home.file_name().map_or_else(|| "user".to_owned(), |name| name.to_string_lossy().into_owned());
    let name = ["USER", "USERNAME", "LOGNAME"]
        .iter()
        .find_map(|key| env::var(key).ok().filter(|name| !name.is_empty()))
        .unwrap_or(name);
    let mut user = User::at(name, home, &[system], &Tree::live());
    user.current = true;
    if system == System::Windows && dirs::home_dir().as_ref() == Some(&user.home) {
        // The account's folders may have been moved away from its home. Where %USERPROFILE% names another home than the
        // account's, that one is meant, and nothing is known of moves.
        user.local_data.splice(0..0, dirs::data_local_dir());
        user.roaming_data.splice(0..0, dirs::config_dir());
    }
    // Chromium on Linux asks these before ~/.config (chrome_paths_linux.cc); what lies in each is of interest.
    for key in ["XDG_CONFIG_HOME", "CHROME_CONFIG_HOME"] {
        if let Some(folder) = env::var_os(key).map(PathBuf::from).filter(|folder| folder.is_absolute()) {
            user.config.insert(0, folder);
        }
    }
    for folders in [&mut user.local_data, &mut user.roaming_data, &mut user.config] {
        let mut seen = BTreeSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
    }
    Some(user)
}

/// The user-data folder that the environment names, which Chromium on Linux prefers to its own.
pub fn user_data_from_environment() -> Option<PathBuf> {
    (System::here() == System::Linux)
        .then(|| env::var_os("CHROME_USER_DATA_DIR").map(PathBuf::from))
        .flatten()
        .filter(|folder| folder.is_dir())
}

/// The letter of a path such as `C:\Users`.
fn drive_of(path: &str) -> Option<char> {
    let mut letters = path.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), Some(':')) if letter.is_ascii_alphabetic() => Some(letter.to_ascii_uppercase()),
        _ => None,
    }
}

/// Which system a folder holds, and which folders in it stand for `/` or for drives.
fn detect(folder: &Path) -> Option<(System, Tops)> {
    let tree = Tree::image(folder.to_owned(), true);
    let has = |top: &Path, place: &str| matches!(tree.find(top, place), Ok(Some(_)));
    let any_home = |top: &Path, inside: &str| !tree.glob(top, &format!("Users/*/{inside}"), &mut Vec::new()).is_empty();
    let windows = |top: &Path| has(top, "Windows/System32") || any_home(top, "AppData") || any_home(top, "Application Data");
    let mac = |top: &Path| has(top, "System/Library") || any_home(top, "Library") || (has(top, "Users") && has(top, "Library"));

    if windows(folder) {
        return Some((System::Windows, vec![(Some('C'), folder.to_owned())]));
    }
    // Collected drives: C, C:, D, ...
    let (entries, _) = tree.list(folder).ok()?;
    let mut drives: Tops = entries
        .iter()
        .filter(|entry| entry.folder)
        .filter_map(|entry| {
            let name = entry.name.trim_end_matches([':', '_', '%']).trim_end_matches("%3A").trim_end_matches("%3a");
            let mut letters = name.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) if letter.is_ascii_alphabetic() => {
                    Some((Some(letter.to_ascii_uppercase()), entry.path.clone()))
                }
                _ => None,
            }
        })
        .collect();
    // The drive with the system comes first: paths without a letter mean it.
    drives.sort_by_key(|(letter, top)| (!windows(top), *letter));
    if drives.first().is_some_and(|(_, top)| windows(top)) {
        return Some((System::Windows, drives));
    }
    // On a whole disk the writable half of macOS is a volume of its own.
    let data = tree.find(folder, "System/Volumes/Data").ok().flatten();
    let tops: Vec<PathBuf> = [Some(folder.to_owned()), data].into_iter().flatten().collect();
    if tops.iter().any(|top| mac(top)) {
        return Some((System::Macos, tops.into_iter().map(|top| (None, top)).collect()));
    }
    let tree = Tree::image(folder.to_owned(), false);
    let linux = ["etc/passwd", "home", "root", "etc/opt", "usr/bin"]
        .iter()
        .any(|place| matches!(tree.find(folder, place), Ok(Some(_))));
    if linux {
        return Some((System::Linux, vec![(None, folder.to_owned())]));
    }
    has(folder, "Users").then(|| (System::Windows, vec![(Some('C'), folder.to_owned())]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn image(folders: &[&str]) -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        for folder in folders {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let root = Root::image(dir.path()).unwrap();
        (dir, root)
    }

    fn names(root: &Root) -> Vec<&str> {
        root.users.iter().map(|user| user.name.as_str()).collect()
    }

    #[test]
    fn an_image_of_windows() {
        let (dir, root) = image(&["Windows/System32", "Users/kim/AppData/Local", "Users/Public", "Users/Default"]);
        assert_eq!(root.system, System::Windows);
        assert_eq!(names(&root), ["kim"]);
        let home = dunce::canonicalize(dir.path()).unwrap().join("Users/kim");
        // Windows finds a name in any case by itself, and it stays as it was asked for.
        let other_case = if cfg!(windows) { home.with_file_name("KIM") } else { home.clone() };
        assert!(root.locate(r"C:\users\KIM").is_some_and(|found| same_place(&found, &other_case)));
        assert_eq!(root.locate(r"\\?\c:\Users\kim"), Some(home.clone()));
        assert_eq!(root.locate(r"%SystemDrive%\Users\kim"), Some(home));
        assert_eq!(root.locate(r"D:\nothing"), None);
        assert_eq!(root.locate(r"\\server\Users\kim"), None);
        assert_eq!(root.locate("Users"), None);
    }

    #[test]
    fn collected_drives() {
        let (dir, root) = image(&["C/Windows/System32", "C/Users/kim/AppData", "D/work"]);
        let top = dunce::canonicalize(dir.path()).unwrap();
        assert_eq!(root.locate(r"D:\work"), Some(top.join("D/work")));
        assert_eq!(root.locate(r"C:\work"), None);
        assert_eq!(names(&root), ["kim"]);
    }

    #[test]
    fn an_image_of_macos() {
        let (_dir, root) = image(&["Users/kim/Library", "Users/Shared", "private/var/root/Library"]);
        assert_eq!(root.system, System::Macos);
        assert_eq!(names(&root), ["kim", "root"]);
        let (_dir, root) = image(&["System/Library", "System/Volumes/Data/Users/lee/Library"]);
        assert_eq!(names(&root), ["lee"]);
    }

    #[test]
    fn an_image_of_linux_with_homes_in_odd_places() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["etc", "home/kim/.config", "home/corp.example/lee/.config", "root", "srv/park", "nonexistent-no"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let passwd = "root:x:0:0::/root:/bin/sh\nwww:x:33:33::/srv:/bin/false\npark:x:1001:1001::/srv/park:/bin/sh\nbroken line\nnobody:x:65534:65534::/srv:/\n";
        fs::write(dir.path().join("etc/passwd"), passwd).unwrap();
        let root = Root::image(dir.path()).unwrap();
        assert_eq!(names(&root), ["root", "park", "lee", "corp.example", "kim"]);
        assert!(root.problems.is_empty());
    }

    #[test]
    fn a_folder_without_a_system_is_refused_with_advice() {
        let dir = tempfile::tempdir().unwrap();
        let message = Root::image(dir.path()).unwrap_err().to_string();
        assert!(message.contains("holds no Windows, macOS or Linux system"), "{message}");
        assert!(Root::image(&dir.path().join("absent")).is_err());
    }
}
