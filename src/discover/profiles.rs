//! The folders of a user-data folder: which of them are profiles, and what each holds.
//!
//! A profile is a folder with `Preferences` or `Secure Preferences`; its name is no test, and neither is `Local State`, which
//! may list profiles that are gone and keep silent about others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::acquire::Limits;
use crate::model::ExtensionId;
use crate::model::machine::System;
use crate::problem::{Outcome, Problem, Stage};

use super::browsers::{Browser, BrowserKind, Channel, MacSeed};
use super::read::{self, Document, ReadError};
use super::tree::Tree;

/// One browser's data folder.
#[derive(Clone, Debug)]
pub struct UserData {
    /// Id of the browser.
    pub browser: String,
    /// The browser's name for people.
    pub name: String,
    /// Whether a browser wrote it or a program around the engine.
    pub kind: BrowserKind,
    /// Id of the channel.
    pub channel: String,
    /// True where the browser could only be guessed.
    pub assumed: bool,
    /// The version that last ran (`Last Version`).
    pub version: Option<String>,
    /// The folder.
    pub path: PathBuf,
    /// The system that it was written on, where known.
    pub system: Option<System>,
    /// The user whose home it lies in.
    pub user: Option<String>,
    /// Whether a running browser has left its mark.
    pub running: bool,
    /// Which seed its preference MACs are made with.
    pub mac_seed: MacSeed,
    /// `Local State` as read.
    pub local_state: Option<Document>,
    /// The profiles, in order of folder name.
    pub profiles: Vec<Profile>,
    /// The copy of the MACs that Windows builds keep in the registry, by profile folder.
    pub registry_macs: BTreeMap<String, RegistryMacs>,
}

/// The MACs of one profile in the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryMacs {
    /// The key they were read from.
    pub key: String,
    /// MACs of whole preferences, by path.
    pub atomic: BTreeMap<String, String>,
    /// MACs of the entries of a preference, by path and then by entry: `extensions.settings`, extension id.
    pub split: BTreeMap<String, BTreeMap<String, String>>,
}

/// What makes a folder a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileKind {
    /// Listed in `Local State`, or there is none to ask.
    Normal,
    /// The guest's.
    Guest,
    /// The one behind the profile picker.
    System,
    /// A folder with preferences that `Local State` does not list: removed, hidden or made by hand.
    Unlisted,
    /// Listed, and the folder is gone.
    MissingFolder,
    /// The user-data folder itself is the profile, as older Opera has it.
    Flat,
}

impl ProfileKind {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            ProfileKind::Normal => "normal",
            ProfileKind::Guest => "guest",
            ProfileKind::System => "system",
            ProfileKind::Unlisted => "unlisted",
            ProfileKind::MissingFolder => "missing_folder",
            ProfileKind::Flat => "flat",
        }
    }
}

/// One profile.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its folder below the user-data folder; `.` where that itself is the profile.
    pub directory: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What makes it a profile.
    pub kind: ProfileKind,
    /// The name that the browser shows.
    pub name: Option<String>,
    /// The account that is signed in.
    pub account: Option<String>,
    /// Deleted when the browser ends.
    pub ephemeral: bool,
    /// When it was last used, Unix seconds.
    pub last_active: Option<i64>,
    /// `Preferences`.
    pub preferences: Option<Document>,
    /// `Secure Preferences`.
    pub secure_preferences: Option<Document>,
    /// Folders below `Extensions`, by id.
    pub extension_folders: BTreeMap<String, Vec<VersionFolder>>,
    /// Folders in which an extension's data lie.
    pub storage: Vec<StorageFolder>,
}

/// One version of an extension below `Extensions/<id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFolder {
    /// `<version>_<n>`.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// When it was last written, Unix seconds.
    pub modified: Option<i64>,
}

/// A folder with data of one extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageFolder {
    /// What kind of data.
    pub kind: StorageKind,
    /// The extension.
    pub id: String,
    /// Where it lies.
    pub path: PathBuf,
    /// When it was last written, Unix seconds.
    pub modified: Option<i64>,
}

/// Kinds of data that extensions leave in folders of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StorageKind {
    /// `storage.local`.
    Local,
    /// `storage.sync`.
    Sync,
    /// `storage.managed`.
    Managed,
    /// `storage.local` of an app.
    LocalApp,
    /// `storage.sync` of an app.
    SyncApp,
    /// IndexedDB.
    IndexedDb,
    /// Dynamic rules for requests.
    NetRules,
}

/// Folders of a profile with one folder for each extension: its name, the kind of data, what stands before and after the id.
const STORAGE: &[(&str, StorageKind, &str, &str)] = &[
    ("Local Extension Settings", StorageKind::Local, "", ""),
    ("Sync Extension Settings", StorageKind::Sync, "", ""),
    ("Managed Extension Settings", StorageKind::Managed, "", ""),
    ("Local App Settings", StorageKind::LocalApp, "", ""),
    ("Sync App Settings", StorageKind::SyncApp, "", ""),
    ("IndexedDB", StorageKind::IndexedDb, "chrome-extension_", "_0.indexeddb.leveldb"),
    ("DNR Extension Rules", StorageKind::NetRules, "", ""),
];

impl StorageKind {
    /// The folder's name in a profile.
    pub fn folder(self) -> &'static str {
        STORAGE.iter().find(|(_, kind, ..)| *kind == self).map_or("", |(folder, ..)| folder)
    }
}

/// Whose folder is read, and how.
pub(super) struct Reader<'a> {
    pub tree: &'a Tree,
    pub limits: &'a Limits,
    pub browser: &'static Browser,
    pub channel: &'a Channel,
    pub assumed: bool,
    pub system: Option<System>,
    pub user: Option<String>,
    /// Which profiles are wanted, by folder and shown name.
    pub wanted: &'a dyn Fn(&str, Option<&str>) -> bool,
}

impl Reader<'_> {
    /// Reads a user-data folder.
    pub fn read(&self, path: &Path) -> Outcome<UserData> {
        let mut problems = Vec::new();
        let local_state = self.document(path, "Local State", &mut problems);
        let listed = local_state.as_ref().and_then(|document| info_cache(document, &mut problems));
        let version = self.small_text(path, "Last Version").filter(|version| !version.is_empty());
        let marks = ["SingletonLock", "lockfile"];
        let running = marks.iter().any(|mark| std::fs::symlink_metadata(path.join(mark)).is_ok());
        let profiles = self.profiles(path, listed.as_ref(), &mut problems);
        let data = UserData { version, running, local_state, profiles, ..self.empty(path) };
        (data, problems)
    }

    /// A user-data folder of which nothing was read.
    pub fn empty(&self, path: &Path) -> UserData {
        UserData {
            browser: self.browser.id.clone(),
            name: self.browser.name.clone(),
            kind: self.browser.kind,
            channel: self.channel.id.clone(),
            assumed: self.assumed,
            version: None,
            path: path.to_owned(),
            system: self.system,
            user: self.user.clone(),
            running: false,
            mac_seed: self.browser.mac_seed,
            local_state: None,
            profiles: Vec::new(),
            registry_macs: BTreeMap::new(),
        }
    }

    /// Every profile: folders with preferences, the folder itself, side profiles, and what only `Local State` knows.
    fn profiles(&self, path: &Path, listed: Option<&BTreeMap<String, Listed>>, problems: &mut Vec<Problem>) -> Vec<Profile> {
        let mut profiles = Vec::new();
        let mut known = BTreeSet::new();
        let mut folders: Vec<(String, PathBuf)> = Vec::new();
        for (at, prefix) in
            [(Some(path.to_owned()), ""), (self.tree.child(path, "_side_profiles").ok().flatten(), "_side_profiles/")]
        {
            let Some(at) = at else { continue };
            match self.tree.list(&at) {
                Ok((entries, more)) => {
                    if more {
                        problems.push(Problem::new(
                            shown(&at),
                            Stage::Discover,
                            "holds too many folders; the rest is left out",
                        ));
                    }
                    folders.extend(
                        entries
                            .into_iter()
                            .filter(|entry| entry.folder)
                            .map(|entry| (format!("{prefix}{}", entry.name), entry.path)),
                    );
                }
                Err(denied) => problems.push(denied.problem()),
            }
        }
        if self.holds_preferences(path, problems) {
            profiles.extend(self.profile(".", path, ProfileKind::Flat, None, problems));
        }
        for (directory, at) in folders {
            let entry = listed.and_then(|listed| find_listed(listed, &directory));
            let holds = self.holds_preferences(&at, problems);
            if entry.is_some() {
                known.insert(directory.to_lowercase());
            }
            let kind = match directory.as_str() {
                "Guest Profile" => ProfileKind::Guest,
                "System Profile" => ProfileKind::System,
                _ if entry.is_none() && listed.is_some() && !directory.contains('/') => ProfileKind::Unlisted,
                _ => ProfileKind::Normal,
            };
            if holds {
                profiles.extend(self.profile(&directory, &at, kind, entry, problems));
            } else if entry.is_some() && (self.wanted)(&directory, entry.and_then(|entry| entry.name.as_deref())) {
                problems.push(Problem::new(
                    shown(&at),
                    Stage::Discover,
                    "Local State lists this profile, but it holds neither Preferences nor Secure Preferences that can be read",
                ));
                profiles.extend(self.profile(&directory, &at, kind, entry, problems));
            }
        }
        for (directory, entry) in listed.into_iter().flatten() {
            if known.contains(&directory.to_lowercase()) || !(self.wanted)(directory, entry.name.as_deref()) {
                continue;
            }
            // The name is data of the file and never becomes part of a path that is opened.
            profiles.push(Profile::new(directory, path.join(safe_name(directory)), ProfileKind::MissingFolder, Some(entry)));
        }
        profiles
    }

    /// Whether a folder holds a preference file; what cannot be looked at is said.
    fn holds_preferences(&self, folder: &Path, problems: &mut Vec<Problem>) -> bool {
        for name in ["Preferences", "Secure Preferences"] {
            match self.tree.child(folder, name) {
                Ok(Some(path)) if !path.is_dir() => return true,
                Ok(_) => {}
                Err(denied) => {
                    problems.push(denied.problem());
                    return false;
                }
            }
        }
        false
    }

    /// Reads one profile, if it is wanted.
    pub fn profile(
        &self,
        directory: &str,
        path: &Path,
        kind: ProfileKind,
        entry: Option<&Listed>,
        problems: &mut Vec<Problem>,
    ) -> Option<Profile> {
        if !(self.wanted)(directory, entry.and_then(|entry| entry.name.as_deref())) {
            return None;
        }
        let mut profile = Profile::new(directory, path.to_owned(), kind, entry);
        profile.preferences = self.document(path, "Preferences", problems);
        profile.secure_preferences = self.document(path, "Secure Preferences", problems);
        profile.extension_folders = self.extension_folders(path, problems);
        profile.storage = self.storage(path, problems);
        Some(profile)
    }

    /// A document of a folder; `None` where it is not there, which is no problem.
    fn document(&self, folder: &Path, name: &str, problems: &mut Vec<Problem>) -> Option<Document> {
        let path = match self.tree.child(folder, name) {
            Ok(path) => path?,
            Err(denied) => {
                problems.push(denied.problem());
                return None;
            }
        };
        match read::document(&path, self.limits.document_bytes) {
            Ok(document) => Some(document),
            Err(error) => {
                // It was there a moment ago: that it is not any more is a problem too.
                let reason = if matches!(error, ReadError::Absent) { "it is gone".to_owned() } else { error.to_string() };
                problems.push(Problem::new(shown(&folder.join(name)), Stage::Read, reason));
                None
            }
        }
    }

    fn small_text(&self, folder: &Path, name: &str) -> Option<String> {
        let path = self.tree.child(folder, name).ok()??;
        read::text(&path, 4096).ok().map(|text| text.trim().to_owned())
    }

    fn extension_folders(&self, profile: &Path, problems: &mut Vec<Problem>) -> BTreeMap<String, Vec<VersionFolder>> {
        let mut folders = BTreeMap::new();
        for (name, path) in self.folders_in(profile, "Extensions", problems) {
            let Some(id) = ExtensionId::parse(&name) else { continue };
            let versions = match self.tree.list(&path) {
                Ok((entries, _)) => entries.into_iter().filter(|entry| entry.folder).map(version_folder).collect(),
                Err(denied) => {
                    problems.push(denied.problem());
                    Vec::new()
                }
            };
            folders.insert(id.to_string(), versions);
        }
        folders
    }

    fn storage(&self, profile: &Path, problems: &mut Vec<Problem>) -> Vec<StorageFolder> {
        let mut found = Vec::new();
        for &(folder, kind, before, after) in STORAGE {
            for (name, path) in self.folders_in(profile, folder, problems) {
                let id = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).and_then(ExtensionId::parse);
                if let Some(id) = id {
                    found.push(StorageFolder { kind, id: id.to_string(), modified: read::modified(&path), path });
                }
            }
        }
        found
    }

    /// The folders in a folder of the profile; none where it is not there.
    fn folders_in(&self, profile: &Path, name: &str, problems: &mut Vec<Problem>) -> Vec<(String, PathBuf)> {
        let listed =
            self.tree.child(profile, name).and_then(|path| path.map_or(Ok((Vec::new(), false)), |path| self.tree.list(&path)));
        match listed {
            Ok((entries, more)) => {
                if more {
                    problems.push(Problem::new(
                        shown(&profile.join(name)),
                        Stage::Discover,
                        "holds too many folders; the rest is left out",
                    ));
                }
                entries.into_iter().filter(|entry| entry.folder).map(|entry| (entry.name, entry.path)).collect()
            }
            Err(denied) => {
                problems.push(denied.problem());
                Vec::new()
            }
        }
    }
}

impl Profile {
    fn new(directory: &str, path: PathBuf, kind: ProfileKind, entry: Option<&Listed>) -> Profile {
        Profile {
            directory: directory.to_owned(),
            path,
            kind,
            name: entry.and_then(|entry| entry.name.clone()),
            account: entry.and_then(|entry| entry.account.clone()),
            ephemeral: entry.is_some_and(|entry| entry.ephemeral),
            last_active: entry.and_then(|entry| entry.last_active),
            preferences: None,
            secure_preferences: None,
            extension_folders: BTreeMap::new(),
            storage: Vec::new(),
        }
    }

    /// True where anything of an extension is in the profile's folders.
    pub fn holds_extensions(&self) -> bool {
        !self.extension_folders.is_empty() || !self.storage.is_empty()
    }
}

fn version_folder(entry: super::tree::Entry) -> VersionFolder {
    VersionFolder { modified: read::modified(&entry.path), name: entry.name, path: entry.path }
}

/// What `Local State` says about a profile.
#[derive(Debug, Default)]
pub(super) struct Listed {
    name: Option<String>,
    account: Option<String>,
    ephemeral: bool,
    last_active: Option<i64>,
}

/// `profile.info_cache` of `Local State`; `None` where the file does not say which profiles there are.
fn info_cache(document: &Document, problems: &mut Vec<Problem>) -> Option<BTreeMap<String, Listed>> {
    let state: Value = match serde_json::from_slice(&document.bytes) {
        Ok(state) => state,
        Err(error) => {
            let message = format!("is no JSON ({error}); profiles are found by their folders alone");
            problems.push(Problem::new(shown(&document.path), Stage::Parse, message));
            return None;
        }
    };
    let cache = state.pointer("/profile/info_cache")?.as_object()?;
    let text =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let listed = cache.iter().map(|(directory, entry)| {
        let listed = Listed {
            name: text(entry, "name").or_else(|| text(entry, "shortcut_name")),
            account: text(entry, "user_name"),
            ephemeral: entry.get("is_ephemeral").and_then(Value::as_bool).unwrap_or_default(),
            last_active: entry.get("active_time").and_then(Value::as_f64).filter(|time| *time > 0.0).map(|time| time as i64),
        };
        (directory.clone(), listed)
    });
    Some(listed.collect())
}

/// The entry of a folder; where only the case differs, it is the same folder on two of three systems.
fn find_listed<'l>(listed: &'l BTreeMap<String, Listed>, directory: &str) -> Option<&'l Listed> {
    listed.get(directory).or_else(|| {
        let folded = directory.to_lowercase();
        listed.iter().find(|(name, _)| name.to_lowercase() == folded).map(|(_, entry)| entry)
    })
}

/// A listed name as the last part of a path that is only shown.
fn safe_name(name: &str) -> String {
    name.replace(['/', '\\', '\0'], "_")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
