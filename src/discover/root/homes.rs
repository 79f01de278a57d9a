//! The homes of the people who use a system.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::discover::read;
use crate::discover::registry::{self, Registry};
use crate::model::machine::System;
use crate::problem::{Problem, Stage};

use super::{Root, User};

impl Root {
    /// Fills in the homes of everyone, as each system lays them out.
    pub(super) fn find_homes(&mut self) {
        let mut homes: Vec<(String, PathBuf)> = Vec::new();
        match self.system {
            System::Windows => {
                for place in [r"\Users", r"\Documents and Settings"] {
                    const SKIPPED: &[&str] =
                        &["public", "default", "default user", "all users", "defaultapppool", "localservice", "networkservice"];
                    homes.extend(self.folders_of(place, SKIPPED, false));
                }
            }
            System::Macos => {
                homes.extend(self.folders_of("/Users", &["shared", ".localized", "guest"], false));
                homes.extend(
                    self.locate("/var/root").or_else(|| self.locate("/private/var/root")).map(|home| ("root".to_owned(), home)),
                );
            }
            System::Linux => homes.extend(self.linux_homes()),
        }
        let mut seen = BTreeSet::new();
        for (name, home) in homes {
            if seen.insert(home.clone()) {
                self.add_home(name, home, None);
            }
        }
    }

    /// Adds every home that the live registry knows of.
    pub(super) fn add_listed_homes(&mut self, registry: &Option<Arc<dyn Registry>>) {
        for (sid, path) in registry.as_deref().map(registry::profile_list).unwrap_or_default() {
            self.add_listed_home(sid, &path);
        }
    }

    /// Adds a home of `ProfileList`, which may lie on any drive.
    pub(super) fn add_listed_home(&mut self, sid: String, path: &str) {
        if let Some(home) = self.locate(path) {
            let name = home.file_name().map_or_else(|| sid.clone(), |name| name.to_string_lossy().into_owned());
            self.add_home(name, home, Some(sid));
        }
    }

    /// Adds a home that is known from elsewhere, such as the registry; a known one only gets its security identifier.
    fn add_home(&mut self, name: String, home: PathBuf, sid: Option<String>) {
        if let Some(user) = self.users.iter_mut().find(|user| same_place(&user.home, &home)) {
            user.sid = user.sid.take().or(sid);
            return;
        }
        // Said once, rather than for every place in it.
        if let Err(denied) = self.tree.list(&home) {
            return self.problems.push(denied.problem());
        }
        let user = User { sid, ..User::at(name, home, &[self.system], &self.tree) };
        self.users.push(user);
    }

    /// The folders in a folder, less those of certain names; links only where they are said to be homes too.
    fn folders_of(&mut self, place: &str, skipped: &[&str], links: bool) -> Vec<(String, PathBuf)> {
        let listed =
            self.look_up(place).and_then(|folder| folder.map_or(Ok((Vec::new(), false)), |folder| self.tree.list(&folder)));
        match listed {
            Ok((entries, more)) => {
                if more {
                    self.problems.push(Problem::new(place, Stage::Discover, "holds too many folders; the rest is left out"));
                }
                let wanted = |name: &str| !skipped.contains(&name.to_lowercase().as_str());
                let homes = entries.into_iter().filter(|entry| entry.folder && (links || !entry.link) && wanted(&entry.name));
                homes.map(|entry| (entry.name, entry.path)).collect()
            }
            Err(denied) => {
                self.problems.push(denied.problem());
                Vec::new()
            }
        }
    }

    fn linux_homes(&mut self) -> Vec<(String, PathBuf)> {
        let mut homes = Vec::new();
        let passwd = self.locate("/etc/passwd").and_then(|path| read::text(&path, 1 << 20).ok()).unwrap_or_default();
        for line in passwd.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, uid, _, _, home, ..] = fields.as_slice() else { continue };
            // 65534 is nobody; 0 is root; people start at 1000.
            let person = uid.parse::<u32>().is_ok_and(|uid| uid == 0 || (uid >= 1000 && uid != 65_534));
            if person && *home != "/" && home.len() > 1 {
                homes.extend(self.locate(home).map(|home| ((*name).to_owned(), home)));
            }
        }
        homes.extend(self.locate("/root").map(|home| ("root".to_owned(), home)));
        for place in ["/home", "/var/home"] {
            for (name, home) in self.folders_of(place, &["lost+found", "linuxbrew"], true) {
                // Directory services lay homes out as /home/<domain>/<user>.
                let lived_in = [".config", ".cache", ".local", ".profile", ".bashrc", "snap", ".var"]
                    .iter()
                    .any(|trace| matches!(self.tree.child(&home, trace), Ok(Some(_))));
                let known = homes.iter().any(|(_, known)| *known == home);
                if !lived_in && !known {
                    let inner = self.tree.list(&home).map(|(entries, _)| entries).unwrap_or_default();
                    homes.extend(
                        inner
                            .into_iter()
                            .filter(|entry| entry.folder && !entry.name.starts_with('.'))
                            .map(|entry| (entry.name, entry.path)),
                    );
                }
                homes.push((name, home));
            }
        }
        homes
    }
}

/// Whether two paths name the same place. Windows folds case, and the registry writes homes in any.
pub(super) fn same_place(left: &Path, right: &Path) -> bool {
    left == right || cfg!(windows) && left.to_string_lossy().to_lowercase() == right.to_string_lossy().to_lowercase()
}
