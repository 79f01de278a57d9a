//! Which browsers, profiles, policies and launchers are here.
//!
//! [`discover`] takes a [`Root`] (this machine or a mounted image of another) and gives the user-data folders with their
//! profiles, the bytes of their preference files read once, and what the machine itself says about extensions. It reads
//! only; what cannot be read becomes a [`Problem`].
//!
//! | file | task |
//! | --- | --- |
//! | `browsers.toml`, `browsers` | the table of browsers |
//! | `root`, `tree` | homes and paths of this machine or an image |
//! | `profiles`, `read` | a user-data folder and its profiles |
//! | `target` | folders that the person names |
//! | `machine` | all that follows, put together |
//! | `policies`, `group_policy`, `plists`, `managed` | enterprise policies, and whether there is an enterprise |
//! | `external` | extensions that files and registry keys bring in |
//! | `launchers`, `startup` | what starts a browser: shortcuts, desktop entries, tasks, Run keys, agents |
//! | `command_line`, `lnk` | their command lines |
//! | `native_hosts` | programs that extensions may talk to |
//! | `registry`, `hive` | the Windows registry, live or from the files of an image |

pub mod browsers;
pub mod command_line;
pub mod external;
pub mod group_policy;
pub mod hive;
#[cfg(test)]
#[allow(clippy::unwrap_used, missing_docs)]
#[path = "../../tests/support/hive.rs"]
mod hive_writer;
pub mod launchers;
pub mod lnk;
#[cfg(test)]
#[allow(missing_docs)]
#[path = "../../tests/support/lnk.rs"]
mod lnk_writer;
mod machine;
pub mod managed;
pub mod native_hosts;
pub mod plists;
pub mod policies;
pub mod profiles;
pub mod read;
pub mod registry;
pub mod root;
pub mod startup;
mod target;
pub mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::acquire::Limits;
use crate::model::machine::{Machine, System};
use crate::problem::{Outcome, Problem};

use browsers::{Browser, BrowserKind, Channel, browser_of_path, browsers};
use profiles::Reader;

pub use profiles::{Profile, ProfileKind, RegistryMacs, StorageFolder, StorageKind, UserData, VersionFolder};
pub use read::Document;
pub use root::{Root, RootError, User, Users};

/// What the person wants to see of what is there.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Ids of browsers, or `id-channel`; empty for all.
    pub browsers: Vec<String>,
    /// Profiles by folder or shown name; empty for all.
    pub profiles: Vec<String>,
    /// User-data folders, profiles or homes that are looked at instead of the root's homes.
    pub paths: Vec<PathBuf>,
}

impl Filter {
    fn wants_browser(&self, browser: &Browser, channel: &Channel) -> bool {
        self.browsers.is_empty()
            || self.browsers.iter().any(|wanted| {
                let wanted = wanted.trim().to_lowercase();
                wanted == browser.id
                    || wanted == browser.name.to_lowercase()
                    || wanted == format!("{}-{}", browser.id, channel.id)
            })
    }

    fn wants_profile(&self, directory: &str, name: Option<&str>) -> bool {
        self.profiles.is_empty()
            || self.profiles.iter().any(|wanted| {
                let wanted = wanted.to_lowercase();
                wanted == directory.to_lowercase() || name.is_some_and(|name| name.to_lowercase() == wanted)
            })
    }

    /// Names under `browsers` that no browser of the table has.
    pub fn unknown_browsers(&self) -> Vec<&str> {
        let known = |filter: &str| {
            let one = Filter { browsers: vec![filter.to_owned()], ..Filter::default() };
            browsers().iter().any(|browser| browser.channel.iter().any(|channel| one.wants_browser(browser, channel)))
        };
        self.browsers.iter().map(String::as_str).filter(|name| !known(name)).collect()
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The system of the root.
    pub system: Option<System>,
    /// The browsers' data folders, in the order of users, browsers and channels.
    pub user_data: Vec<UserData>,
    /// Where was looked, whether something was there or not: for saying so where nothing was found.
    pub looked_in: Vec<PathBuf>,
    /// What the machine says about extensions.
    pub machine: Machine,
}

/// Finds browsers and profiles, and what the machine says about extensions.
pub fn discover(root: &Root, filter: &Filter, limits: &Limits) -> Outcome<Discovery> {
    let mut search =
        Search { root, filter, limits, seen: BTreeSet::new(), found: Discovery::default(), problems: root.problems.clone() };
    search.found.system = Some(root.system);
    if filter.paths.is_empty() {
        search.homes();
    } else {
        for path in &filter.paths {
            search.target(path);
        }
    }
    search.machine();
    search.found.looked_in.sort();
    search.found.looked_in.dedup();
    search.problems.sort();
    search.problems.dedup();
    (search.found, search.problems)
}

/// A search under way.
struct Search<'a> {
    root: &'a Root,
    filter: &'a Filter,
    limits: &'a Limits,
    /// Folders that were taken already, by what they resolve to.
    seen: BTreeSet<PathBuf>,
    found: Discovery,
    problems: Vec<Problem>,
}

impl Search<'_> {
    /// What the machine says: only where its own folders were looked at, for it says nothing about folders from elsewhere.
    fn machine(&mut self) {
        let own = self.filter.paths.is_empty() || self.found.user_data.iter().any(|data| self.is_own(&data.path));
        let mut machine = machine::unknown();
        if own {
            let (known, mut problems) = machine::machine(self.root);
            self.problems.append(&mut problems);
            machine = known;
        }
        if self.filter.paths.is_empty() {
            for (path, user) in machine::named_user_data(self.root, &machine) {
                self.found.looked_in.push(path.clone());
                if self.is_user_data(&path) {
                    self.guessed(&path, Some(self.root.system), user);
                }
            }
        }
        for data in &self.found.user_data {
            self.problems.extend(machine::add_user_data(self.root, data, &mut machine));
        }
        self.found.machine = machine;
        if let Some(registry) = self.root.registry() {
            self.problems.extend(registry.problems());
        }
    }

    /// Every user's browsers, in the places of the table.
    fn homes(&mut self) {
        let root = self.root;
        for user in &root.users {
            self.home(user);
        }
        let current = root.users.iter().find(|user| user.current);
        if let (Some(user), Some(path)) = (current, root::user_data_from_environment()) {
            self.found.looked_in.push(path.clone());
            self.guessed(&path, Some(root.system), Some(user.name.clone()));
        }
    }

    /// One user's browsers: those of the table first, so that the search for others leaves them alone.
    fn home(&mut self, user: &User) {
        for kind in [BrowserKind::Browser, BrowserKind::Embedded, BrowserKind::Unlisted] {
            for browser in browsers().iter().filter(|browser| browser.kind == kind) {
                for channel in browser.channel.iter().filter(|channel| self.filter.wants_browser(browser, channel)) {
                    for &system in &user.systems {
                        for place in channel.folders(system) {
                            self.place(user, system, browser, channel, place);
                        }
                    }
                }
            }
        }
    }

    fn place(&mut self, user: &User, system: System, browser: &'static Browser, channel: &'static Channel, place: &str) {
        let listed = browser.kind == BrowserKind::Browser;
        if listed {
            self.found.looked_in.extend(self.root.named(user, place));
        }
        // Whatever else lies in a home is no business of ours: that it cannot be read is said for browsers' places only.
        let mut elsewhere = Vec::new();
        let paths = self.root.expand(Some(user), place, if listed { &mut self.problems } else { &mut elsewhere });
        for path in paths {
            let fits = match browser.kind {
                BrowserKind::Browser => true,
                BrowserKind::Embedded => self.has(&path, "Local State") || self.has(&path, "Default/Preferences"),
                BrowserKind::Unlisted => {
                    self.has(&path, "Local State")
                        && (self.has(&path, "Default/Preferences") || self.has(&path, "Default/Secure Preferences"))
                }
            };
            if fits && path.is_dir() {
                self.user_data(&path, browser, channel, false, Some(system), Some(user.name.clone()));
            }
        }
    }

    fn has(&self, folder: &Path, relative: &str) -> bool {
        matches!(self.root.tree.find(folder, relative), Ok(Some(_)))
    }

    /// A user-data folder of which only the path is known.
    fn guessed(&mut self, path: &Path, system: Option<System>, user: Option<String>) {
        let (browser, channel, assumed) = self.guess(path);
        if self.filter.wants_browser(browser, channel) {
            self.user_data(path, browser, channel, assumed, system, user);
        }
    }

    /// Reads a user-data folder, unless it was read already or nothing in it is a browser's.
    fn user_data(
        &mut self,
        path: &Path,
        browser: &'static Browser,
        channel: &'static Channel,
        assumed: bool,
        system: Option<System>,
        user: Option<String>,
    ) {
        let resolved = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.seen.contains(&resolved) {
            return;
        }
        let filter = self.filter;
        let wanted = |directory: &str, name: Option<&str>| filter.wants_profile(directory, name);
        let reader =
            Reader { tree: &self.root.tree, limits: self.limits, browser, channel, assumed, system, user, wanted: &wanted };
        let (mut data, problems) = reader.read(path);
        data.registry_macs = machine::registry_macs(self.root, &data);
        let embedded = browser.kind == BrowserKind::Embedded;
        if embedded && !data.profiles.iter().any(Profile::holds_extensions) {
            return;
        }
        self.problems.extend(problems.iter().cloned());
        // The folder of a browser that never ran holds crash reports at most.
        if !data.profiles.is_empty() || data.local_state.is_some() || !problems.is_empty() {
            self.seen.insert(resolved);
            self.found.user_data.push(data);
        }
    }

    /// The browser that most likely wrote a folder, and whether that is more than the family's common ancestor.
    fn guess(&self, path: &Path) -> (&'static Browser, &'static Channel, bool) {
        let first = |browser: &'static Browser| browser.channel.first().map(|channel| (browser, channel));
        if let Some((browser, channel)) = browser_of_path(&path.to_string_lossy()) {
            return (browser, channel, false);
        }
        let state = self.root.tree.child(path, "Local State").ok().flatten();
        let state = state.and_then(|path| read::document(&path, self.limits.document_bytes).ok());
        let state = state.and_then(|state| serde_json::from_slice::<serde_json::Value>(&state.bytes).ok());
        let says = |browser: &&Browser| {
            browser.local_state.iter().any(|key| state.as_ref().is_some_and(|state| state.get(key).is_some()))
        };
        if let Some((browser, channel)) = browsers().iter().find(says).and_then(first) {
            return (browser, channel, true);
        }
        let (browser, channel) =
            browsers::browser(browsers::ASSUMED).and_then(first).expect("the table has it, as a test shows");
        (browser, channel, true)
    }
}
