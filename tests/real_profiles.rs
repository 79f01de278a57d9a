//! Scans of profiles that a real browser wrote, against the ground truth that was written down while it did.

use std::collections::BTreeMap;
use std::path::Path;

use crxhound::acquire::Limits;
use crxhound::discover::{Filter, Root, Users};
use crxhound::engine::{Config, Engine, ScanRequest, Silent};
use crxhound::finding::Verdict;
use crxhound::model::{Location, Presence};
use crxhound::report::Report;
use serde::Deserialize;

use crate::support::material;

#[derive(Deserialize)]
struct Truth {
    built_in_ids: Vec<String>,
    profiles_without_extensions: Vec<String>,
    extensions: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    user_data_dir: String,
    profile: String,
    id: String,
    name: String,
    version: String,
    location: i64,
    enabled: bool,
    disable_reasons: Vec<u64>,
    folder: String,
    #[serde(default)]
    other_version_folders: Vec<String>,
}

fn truth(folder: &Path) -> Truth {
    serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap()
}

fn engine() -> Engine {
    Engine::new(Config::builtin().unwrap()).unwrap()
}

fn request(folder: &Path) -> ScanRequest {
    let paths = ["plain", "managed", "confirmed", "store"]
        .map(|name| folder.join(name))
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    ScanRequest { root: Root::live(Users::Current), filter: Filter { paths, ..Filter::default() }, ids: Vec::new() }
}

/// The numbers of disable reasons as the report words them.
fn reasons(numbers: &[u64]) -> Vec<String> {
    let word = |number: &u64| match number {
        1 => "user_action".to_owned(),
        2 => "permissions_increase".to_owned(),
        other => format!("unexpected {other}"),
    };
    numbers.iter().map(word).collect()
}

fn check(report: &Report, folder: &Path, truth: &Truth) {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for extension in &report.extensions {
        let data = Path::new(extension.user_data_dir.as_ref().unwrap()).strip_prefix(folder).unwrap();
        let key = (data.to_str().unwrap().to_owned(), extension.profile.clone().unwrap(), extension.id.to_string());
        found.entry(key).or_default().push(extension);
    }
    for entry in &truth.extensions {
        let key = (entry.user_data_dir.clone(), entry.profile.clone(), entry.id.clone());
        let here = found.remove(&key).unwrap_or_else(|| panic!("{key:?} was not found"));
        let [extension] = here.as_slice() else { panic!("{key:?} was found {} times", here.len()) };
        assert_eq!(extension.name, entry.name, "{key:?}");
        assert_eq!(extension.version, entry.version, "{key:?}");
        assert_eq!(extension.install.location, Location::from_number(entry.location), "{key:?}");
        assert_eq!(extension.install.enabled, entry.enabled, "{key:?}");
        assert_eq!(extension.install.disable_reasons, reasons(&entry.disable_reasons), "{key:?}");
        assert_eq!(extension.other_versions, entry.other_version_folders, "{key:?}");
        assert_eq!(extension.presence, Presence::Complete, "{key:?}");
        assert_eq!(Path::new(extension.path.as_ref().unwrap()), folder.join(&entry.folder), "{key:?}");
        assert!(extension.install.installed_at.is_some(), "{key:?}");
        assert!(extension.verdict < Verdict::Malicious, "{key:?}: {:?}", extension.reasons);
    }
    // What is left are the browser's own, and each of them is said to be that.
    for (key, extensions) in found {
        assert!(truth.built_in_ids.contains(&key.2), "{key:?} was found and is not there");
        assert!(extensions.iter().all(|extension| extension.install.location == Location::Component), "{key:?}");
    }
    for profile in &truth.profiles_without_extensions {
        let (data, directory) = profile.split_once('/').unwrap();
        let known = report.browsers.iter().filter(|browser| browser.user_data_dir.ends_with(data));
        assert!(known.flat_map(|browser| &browser.profiles).any(|profile| profile.directory == directory), "{profile}");
    }
    assert!(report.errors.is_empty(), "{:#?}", report.errors);
    assert!(report.complete);
}

#[test]
fn every_installed_extension_is_found_once_as_it_is() {
    let Some(folder) = material::profiles() else { return };
    let folder = folder.canonicalize().unwrap();
    let truth = truth(&folder);
    let engine = engine();
    check(&engine.scan(&request(&folder), &Silent), &folder, &truth);
    check(&engine.list(&request(&folder), &Silent), &folder, &truth);
}

#[test]
fn two_scans_print_the_same_bytes_whatever_the_number_of_threads() {
    let Some(folder) = material::profiles() else { return };
    let print = |threads| {
        let engine = Engine::new(Config { threads: Some(threads), with_files: true, ..Config::builtin().unwrap() }).unwrap();
        let mut report = engine.scan(&request(folder), &Silent);
        // The fields that may differ.
        (report.scan_id, report.started_at, report.duration_ms) = Default::default();
        serde_json::to_string(&report).unwrap()
    };
    let one = print(1);
    assert_eq!(one, print(4));
    assert_eq!(one, print(4));
}

#[test]
fn a_scan_changes_nothing_in_a_profile() {
    let Some(folder) = material::profiles() else { return };
    let state = || {
        let files = walkdir::WalkDir::new(folder.join("plain")).sort_by_file_name().into_iter().filter_map(Result::ok);
        let state = |entry: walkdir::DirEntry| {
            let data = entry.path().symlink_metadata().unwrap();
            (entry.into_path(), data.len(), data.modified().unwrap())
        };
        files.map(state).collect::<Vec<_>>()
    };
    let before = state();
    engine().scan(&request(folder), &Silent);
    assert_eq!(before, state());
}

#[test]
fn the_default_limits_hold_real_profiles() {
    let Some(folder) = material::profiles() else { return };
    let size = std::fs::metadata(folder.join("plain/Default/Preferences")).unwrap().len();
    assert!(size * 100 < Limits::default().document_bytes);
}
