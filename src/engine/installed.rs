//! What is installed in a profile: entries of the preferences joined with the folders on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::discover::{Profile, Root, UserData, VersionFolder};
use crate::model::{ExtensionId, InstallRecord, Location, Presence};

/// One installation: the entry, and the folder that its files are in.
pub(super) struct Installed {
    pub id: ExtensionId,
    pub record: InstallRecord,
    /// The folder to read; `None` where there is none.
    pub folder: Option<PathBuf>,
}

/// Joins the entries of a profile with its folders. Entries that only remember a removal are left out: there is nothing
/// installed, and they are remains of the profile.
pub(super) fn installed(
    root: &Root,
    data: &UserData,
    profile: &Profile,
    records: BTreeMap<ExtensionId, InstallRecord>,
) -> Vec<Installed> {
    let mut folders: BTreeMap<&str, &Vec<VersionFolder>> =
        profile.extension_folders.iter().map(|(id, versions)| (id.as_str(), versions)).collect();
    let mut found = Vec::new();
    for (id, mut record) in records {
        let versions = folders.remove(id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let folder = folder_of(root, data, profile, &record, versions);
        let used = folder.as_ref().and_then(|folder| folder.file_name());
        let others = versions.iter().filter(|version| Some(std::ffi::OsStr::new(&version.name)) != used);
        record.other_versions = others.map(|version| version.name.clone()).collect();
        if record.presence == Presence::Removed && folder.is_none() {
            continue;
        }
        record.presence = match (&folder, record.location) {
            (Some(_), _) => Presence::Complete,
            (None, Location::Component | Location::ExternalComponent) => Presence::BuiltIn,
            (None, _) => Presence::EntryOnly,
        };
        found.push(Installed { id, record, folder });
    }
    for (id, versions) in folders {
        let (Some(id), Some(newest)) = (ExtensionId::parse(id), newest(versions)) else { continue };
        let others = versions.iter().filter(|version| version.name != newest.name).map(|version| version.name.clone());
        let record = InstallRecord {
            presence: Presence::FolderOnly,
            path: Some(format!("{id}/{}", newest.name)),
            other_versions: others.collect(),
            ..InstallRecord::default()
        };
        found.push(Installed { id, record, folder: Some(newest.path.clone()) });
    }
    found
}

/// The folder of an entry: its own path where that can be followed, else its newest version folder.
fn folder_of(
    root: &Root,
    data: &UserData,
    profile: &Profile,
    record: &InstallRecord,
    versions: &[VersionFolder],
) -> Option<PathBuf> {
    let Some(path) = record.path.as_deref().filter(|path| !path.is_empty()) else {
        return newest(versions).map(|version| version.path.clone());
    };
    if !is_absolute(path) {
        // Relative to `Extensions`, as packed ones are. A path that climbs out is no browser's work, and is not followed.
        let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.contains(&"..") {
            return None;
        }
        let named = parts.last().and_then(|name| versions.iter().find(|version| version.name == *name));
        let folder = named.map(|version| version.path.clone());
        return folder.or_else(|| below(root, &profile.path.join("Extensions"), &parts));
    }
    // An absolute path is one of the machine that wrote the profile: in an image it lies below the image's root.
    root.locate(path).and_then(existing).or_else(|| moved(root, data, profile, path))
}

/// A profile that was copied elsewhere for analysis keeps paths of its old place: what lay inside it is found again.
fn moved(root: &Root, data: &UserData, profile: &Profile, path: &str) -> Option<PathBuf> {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    if parts.contains(&"..") {
        return None;
    }
    let after = |anchor: &str, base: &Path| {
        let at = parts.iter().rposition(|part| *part == anchor)?;
        below(root, base, parts.get(at + 1..)?)
    };
    after("Extensions", &profile.path.join("Extensions"))
        .or_else(|| after(data.path.file_name()?.to_str()?, &data.path))
        .filter(|folder| folder.join("manifest.json").is_file())
}

/// The folder that parts of a written path name below another one.
fn below(root: &Root, base: &Path, parts: &[&str]) -> Option<PathBuf> {
    root.tree.find(base, &parts.join("/")).ok().flatten().and_then(existing)
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.is_dir().then_some(path)
}

/// Absolute on any system, whatever system we run on.
pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':')
}

/// The newest version folder: by the parts of its version, and by `_n` among equals.
fn newest(versions: &[VersionFolder]) -> Option<&VersionFolder> {
    let key =
        |version: &&VersionFolder| version.name.split(['.', '_']).map(|part| part.parse().unwrap_or(0)).collect::<Vec<u64>>();
    versions.iter().max_by_key(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let folder = |name: &str| VersionFolder { name: name.into(), path: PathBuf::new(), modified: None };
        let versions = [folder("9.1_0"), folder("10.0_0"), folder("10.0_1")];
        assert_eq!(newest(&versions).unwrap().name, "10.0_1");
    }

    #[test]
    fn absolute_on_every_system() {
        assert!(is_absolute("/x") && is_absolute(r"C:\x") && is_absolute(r"\\server\share"));
        assert!(!is_absolute("abc/1.0_0"));
    }
}
