//! Results of earlier scans: the same report, and never for code that whoever planted a result could have written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crxhound::cache::Cache;
use crxhound::discover::{Filter, Root, Users};
use crxhound::engine::{Config, Engine, ScanRequest, Silent};
use crxhound::model::ContentState;
use crxhound::report::Report;
use serde_json::json;

use crate::support::made::MadeUserData;
use crate::support::material;

/// Room for everything that a test keeps.
const ROOM: u64 = 64 << 20;

fn engine(cache: Option<&Path>) -> Engine {
    let cache = cache.map(|folder| Cache::at(folder.to_owned(), ROOM).unwrap());
    Engine::new(Config { cache, worker: false, ..Config::builtin().unwrap() }).unwrap()
}

fn scan(cache: Option<&Path>, path: &Path) -> Report {
    let filter = Filter { paths: vec![path.to_owned()], ..Filter::default() };
    let mut report = engine(cache).scan(&ScanRequest { root: Root::live(Users::Current), filter, ids: Vec::new() }, &Silent);
    // The fields that may differ.
    (report.scan_id, report.started_at, report.duration_ms) = Default::default();
    report
}

fn inspect(cache: Option<&Path>, path: &Path) -> Report {
    let mut report = engine(cache).inspect(&[path.to_owned()], &Silent);
    (report.scan_id, report.started_at, report.duration_ms) = Default::default();
    report
}

fn entries(cache: &Path) -> BTreeSet<String> {
    fs::read_dir(cache).into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn text(report: &Report) -> String {
    serde_json::to_string(report).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packages").join(name)
}

#[test]
fn a_package_is_the_same_bytes_from_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    for name in ["sharpext", "translatext", "honest-password-manager"] {
        let without = text(&inspect(None, &fixture(name)));
        assert_eq!(text(&inspect(Some(&cache), &fixture(name))), without, "{name}, the first time");
        assert_eq!(text(&inspect(Some(&cache), &fixture(name))), without, "{name}, the second time");
    }
    assert_eq!(entries(&cache).len(), 3);
}

/// Proves that the cache is used at all: an entry without its flows hides them from `inspect`.
#[test]
fn a_package_is_judged_by_what_was_kept_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("cache");
    let has_flow = |report: &Report| report.extensions[0].findings.iter().any(|finding| !finding.flow.is_empty());
    assert!(has_flow(&inspect(Some(&folder), &fixture("sharpext"))));
    let cache = Cache::at(folder.clone(), ROOM).unwrap();
    let key = entries(&folder).pop_first().unwrap();
    let mut kept: serde_json::Value = serde_json::from_slice(&cache.get(&key).unwrap()).unwrap();
    kept["stated"]["flows"] = json!([]);
    cache.put(&key, kept.to_string().as_bytes());
    assert!(!has_flow(&inspect(Some(&folder), &fixture("sharpext"))));
    // What does not read as this program writes it is no entry.
    kept["stated"]["flows"] = json!([{"kind": "no-such-kind"}]);
    cache.put(&key, kept.to_string().as_bytes());
    assert!(has_flow(&inspect(Some(&folder), &fixture("sharpext"))));
}

/// The shape of a planted extension: whoever wrote its files could have written an entry for them too.
#[test]
fn a_scan_keeps_and_believes_nothing_about_unsigned_code() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let data = MadeUserData::at(dir.path().join("data"));
    let path = fixture("sharpext");
    let entry = json!({"location": 4, "path": path.to_str().unwrap(), "state": 1});
    data.profile("Default", &json!({"a".repeat(32): entry}));
    let without = scan(None, &data.path);
    assert_eq!(without.extensions.len(), 1);
    assert_ne!(without.extensions[0].integrity.content, ContentState::Verified);
    assert_eq!(text(&scan(Some(&cache), &data.path)), text(&without));
    assert_eq!(entries(&cache), BTreeSet::new());
}

#[test]
fn a_scan_keeps_what_the_store_has_signed_until_it_is_changed() {
    let Some(profiles) = material::profiles() else { return };
    let store = profiles.join("store");
    let without = scan(None, &store);
    let verified = |report: &Report| {
        report.extensions.iter().filter(|extension| extension.integrity.content == ContentState::Verified).count()
    };
    if verified(&without) == 0 {
        return material::skip("the real profiles hold no store package");
    }
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    for turn in ["cold", "warm"] {
        assert_eq!(text(&scan(Some(&cache), &store)), text(&without), "{turn}");
        assert_eq!(entries(&cache).len(), verified(&without));
    }
    // The same profile, one script of each package changed.
    let copy = dir.path().join("copy");
    for entry in walkdir::WalkDir::new(&store).into_iter().map(Result::unwrap) {
        let to = copy.join(entry.path().strip_prefix(&store).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).unwrap();
        } else if entry.file_type().is_file() {
            let mut bytes = fs::read(entry.path()).unwrap();
            if to.extension().is_some_and(|ending| ending == "js") {
                bytes.extend_from_slice(b"\n;");
            }
            fs::write(to, bytes).unwrap();
        }
    }
    let before = entries(&cache);
    let changed = scan(Some(&cache), &copy);
    assert_eq!(verified(&changed), 0);
    assert_eq!(text(&changed), text(&scan(None, &copy)));
    assert_eq!(entries(&cache), before);
}
