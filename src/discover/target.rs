//! Folders that the person names: a user-data folder, a profile, a home, or a folder that holds some of these.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::machine::System;
use crate::problem::{Problem, Stage};

use super::browsers::browsers;
use super::profiles::{ProfileKind, Reader};
use super::root::User;
use super::tree::reason;
use super::{Search, UserData};

/// Folders below a named one that are tried in their turn.
const TRIED: usize = 1_000;

impl Search<'_> {
    /// Takes what the person named for what it is.
    pub(super) fn target(&mut self, path: &Path) {
        let shown = path.display().to_string();
        let data = match fs::metadata(path) {
            Ok(data) => data,
            Err(error) => return self.problems.push(Problem::new(shown, Stage::Discover, reason(&error))),
        };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.found.looked_in.push(path.clone());
        let before = self.found.user_data.len() + self.problems.len();
        if data.is_file() {
            let preferences = path.file_name().is_some_and(|name| name == "Preferences" || name == "Secure Preferences");
            match path.parent().filter(|_| preferences) {
                Some(folder) => self.profile_folder(folder),
                None => self.problems.push(Problem::new(
                    shown,
                    Stage::Discover,
                    "is a file; name a profile, a user-data folder or a home, or look at a package with `crxhound inspect`",
                )),
            }
            return;
        }
        if let Err(error) = fs::read_dir(&path) {
            return self.problems.push(Problem::new(shown, Stage::Discover, format!("cannot be read: {}", reason(&error))));
        }
        if !self.folder(&path) {
            self.inside(&path);
        }
        if self.found.user_data.len() + self.problems.len() == before {
            let message = if self.has(&path, "manifest.json") {
                "is the folder of an extension, not of a browser; look at it with `crxhound inspect`"
            } else if self.filter.browsers.is_empty() && self.filter.profiles.is_empty() {
                "holds no browser's data: no Local State, no folder with Preferences, none of the known places of a home"
            } else {
                return;
            };
            self.problems.push(Problem::new(shown, Stage::Discover, message));
        }
    }

    /// A user-data folder, a profile or a home; false where it is none of these.
    fn folder(&mut self, path: &Path) -> bool {
        let found = self.found.user_data.len();
        if self.is_user_data(path) {
            self.guessed(path, self.system_of(path), self.owner(path));
            return true;
        }
        if self.is_profile(path) {
            self.profile_folder(path);
            return true;
        }
        // Nothing says which system a home is of: each is tried.
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut user = User::at(name, path.to_owned(), &System::ALL, &self.root.tree);
        user.current = false;
        self.home(&user);
        self.found.user_data.len() > found
    }

    /// A folder of homes, or of several user-data folders.
    fn inside(&mut self, path: &Path) {
        let Ok((entries, _)) = self.root.tree.list(path) else { return };
        for entry in entries.into_iter().filter(|entry| entry.folder && !entry.link).take(TRIED) {
            self.folder(&entry.path);
        }
    }

    fn is_profile(&self, path: &Path) -> bool {
        ["Preferences", "Secure Preferences"].iter().any(|name| self.has(path, name))
    }

    /// Whether a folder looks like a browser's data: `Local State`, or profiles in it.
    pub(super) fn is_user_data(&self, path: &Path) -> bool {
        if self.has(path, "Local State") {
            return true;
        }
        if self.is_profile(path) {
            return false;
        }
        let entries = self.root.tree.list(path).map(|(entries, _)| entries).unwrap_or_default();
        entries.iter().any(|entry| entry.folder && self.is_profile(&entry.path))
    }

    /// One profile: its user-data folder is the one above where that looks like one.
    fn profile_folder(&mut self, path: &Path) {
        let mut above: PathBuf = path.parent().map_or_else(|| path.to_owned(), Path::to_owned);
        let mut directory = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_else(|| ".".to_owned());
        if above.file_name().is_some_and(|name| name == "_side_profiles") {
            directory = format!("_side_profiles/{directory}");
            above.pop();
        }
        let (browser, channel, assumed) = self.guess(&above);
        if !self.filter.wants_browser(browser, channel) {
            return;
        }
        let (system, user) = (self.system_of(&above), self.owner(&above));
        let alone = !self.has(&above, "Local State");
        let only = |candidate: &str, _: Option<&str>| candidate == directory;
        let reader =
            Reader { tree: &self.root.tree, limits: self.limits, browser, channel, assumed, system, user, wanted: &only };
        let (mut data, mut problems) = if alone {
            // What else lies above a copied profile belongs to nobody we know.
            let mut problems = Vec::new();
            let profile = reader.profile(&directory, path, ProfileKind::Normal, None, &mut problems);
            (UserData { profiles: profile.into_iter().collect(), ..reader.empty(&above) }, problems)
        } else {
            reader.read(&above)
        };
        data.profiles.retain(|profile| profile.directory == directory);
        self.problems.append(&mut problems);
        if !data.profiles.is_empty() && self.seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())) {
            self.found.user_data.push(data);
        }
    }

    /// Whether a folder is where a browser of this root keeps its data. A copy from elsewhere may lie in any home.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        let own = |user: &User| {
            let places =
                browsers().iter().flat_map(|browser| &browser.channel).flat_map(|channel| channel.folders(self.root.system));
            places
                .filter(|place| !place.contains('*'))
                .any(|place| self.root.named(user, place).iter().any(|named| named == path))
        };
        self.root.users.iter().any(own)
    }

    /// The system that wrote a folder, where that is known.
    fn system_of(&self, path: &Path) -> Option<System> {
        self.is_own(path).then_some(self.root.system)
    }

    /// The user in whose home a folder lies.
    fn owner(&self, path: &Path) -> Option<String> {
        self.root.users.iter().find(|user| path.starts_with(&user.home)).map(|user| user.name.clone())
    }
}
