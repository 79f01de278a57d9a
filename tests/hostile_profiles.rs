//! Profiles that are broken, or made to stop a scan: each is said, and the rest of the scan is intact.

use std::fs;
use std::path::Path;

use crxhound::discover::{Filter, Root, Users};
use crxhound::engine::{Config, Engine, ScanRequest, Silent};
use crxhound::report::Report;
use serde_json::{Value, json};

use crate::support::made::{self, MadeUserData};

fn scan(path: &Path) -> Report {
    let engine = Engine::new(Config::builtin().unwrap()).unwrap();
    let filter = Filter { paths: vec![path.to_owned()], ..Filter::default() };
    engine.scan(&ScanRequest { root: Root::live(Users::Current), filter, ids: Vec::new() }, &Silent)
}

/// A user-data folder with one good profile of two extensions.
fn with_good_profile(path: &Path) -> MadeUserData {
    made::user_data(path, 1, 2, 100)
}

/// The good profile's extensions are there, and `file` is named in an error.
fn said(report: &Report, file: &str) {
    let good = report.extensions.iter().filter(|extension| extension.profile.as_deref() == Some("Default"));
    assert_eq!(good.count(), 2, "the good profile is read whole");
    assert!(report.errors.iter().any(|error| error.path.contains(file)), "{file}: {:#?}", report.errors);
}

#[test]
fn broken_preferences_are_said_and_the_rest_is_read() {
    let whole = json!({"extensions": {"settings": {}}}).to_string();
    let cases: &[(&str, Vec<u8>)] = &[
        ("truncated", whole.as_bytes()[..whole.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("binary", (0..=255).cycle().take(100_000).collect()),
        ("deep", [b"[".repeat(1_000_000), b"]".repeat(1_000_000)].concat()),
        ("utf8", b"{\"extensions\": \"\xff\xfe\"}".to_vec()),
    ];
    for (name, bytes) in cases {
        let dir = tempfile::tempdir().unwrap();
        let data = with_good_profile(&dir.path().join("data"));
        data.raw_profile(name, bytes);
        said(&scan(&data.path), name);
    }
}

#[test]
fn preferences_of_300_mb_are_said_and_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let data = with_good_profile(&dir.path().join("data"));
    let profile = data.raw_profile("huge", b"{");
    fs::File::options().write(true).open(profile.join("Preferences")).unwrap().set_len(300 << 20).unwrap();
    said(&scan(&data.path), "huge");
}

#[test]
fn settings_of_the_wrong_type_are_said() {
    for settings in [json!([]), json!("x"), json!(1)] {
        let dir = tempfile::tempdir().unwrap();
        let data = with_good_profile(&dir.path().join("data"));
        data.profile("wrong", &settings);
        said(&scan(&data.path), "wrong");
    }
}

#[test]
fn entries_of_the_wrong_type_do_not_hide_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let data = MadeUserData::at(dir.path().join("data"));
    let mut settings = serde_json::Map::new();
    settings.insert(made::id(0).to_string(), made::store_entry(0, &made::manifest(0)));
    settings.insert(made::id(1).to_string(), json!("no entry"));
    settings.insert("no id".into(), json!({"location": 1}));
    settings.insert(made::id(2).to_string(), json!({"location": "x", "path": [], "disable_reasons": {"a": 1}, "manifest": []}));
    settings.insert(made::id(3).to_string(), json!({"location": 99, "manifest": made::manifest(3)}));
    let profile = data.profile("Default", &Value::Object(settings));
    made::files(&profile, 0, 10);
    let report = scan(&data.path);
    let names: Vec<_> = report.extensions.iter().map(|extension| extension.name.as_str()).collect();
    assert!(names.contains(&"Made 0") && names.contains(&"Made 3"), "{names:?}");
    assert!(report.errors.len() >= 2, "{:#?}", report.errors);
}

#[test]
fn a_path_that_climbs_out_of_the_profile_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("secret")).unwrap();
    fs::write(dir.path().join("secret/manifest.json"), made::manifest(7).to_string()).unwrap();
    let data = MadeUserData::at(dir.path().join("data"));
    let mut entry = made::store_entry(0, &made::manifest(0));
    entry["path"] = json!("../../../secret");
    data.profile("Default", &json!({made::id(0).as_str(): entry}));
    let report = scan(&data.path);
    assert_eq!(report.extensions.len(), 1);
    assert_eq!(report.extensions[0].content_sha256, None, "no file was read");
}

#[cfg(unix)]
#[test]
fn devices_pipes_loops_and_forbidden_folders_do_not_hold_a_scan() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let data = with_good_profile(&dir.path().join("data"));
    let mut settings = serde_json::Map::new();
    for (n, path) in ["/dev/zero", "/dev", "/proc/self/fd", "/no/such/place"].iter().enumerate() {
        settings.insert(made::id(n).to_string(), json!({"location": 4, "path": path}));
    }
    let loops = dir.path().join("loop");
    symlink(&loops, &loops).unwrap();
    settings.insert(made::id(8).to_string(), json!({"location": 4, "path": loops}));
    let profile = data.profile("odd", &Value::Object(settings));
    let pipe = profile.join("Secure Preferences");
    let made_pipe = std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success());
    let locked = data.profile("locked", &json!({}));
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
    let report = scan(&data.path);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
    if made_pipe {
        said(&report, "Secure Preferences");
    }
    // Root reads what nobody may read.
    if fs::read_dir("/proc/1/fd").is_err() {
        said(&report, "locked");
    }
    let odd = report.extensions.iter().filter(|extension| extension.profile.as_deref() == Some("odd")).count();
    assert_eq!(odd, 5, "every entry is there, whatever its path leads to");
}

#[test]
fn a_manifest_of_ten_thousand_levels_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let data = MadeUserData::at(dir.path().join("data"));
    let profile =
        data.profile("Default", &json!({made::id(0).as_str(): {"location": 1, "path": format!("{}/1.0_0", made::id(0))}}));
    made::files(&profile, 0, 10);
    let folder = profile.join("Extensions").join(made::id(0).as_str()).join("1.0_0");
    fs::write(folder.join("manifest.json"), format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000))).unwrap();
    let report = scan(&data.path);
    assert_eq!(report.extensions.len(), 1);
    assert!(report.errors.iter().any(|error| error.path.ends_with("manifest.json")), "{:#?}", report.errors);
}

#[test]
fn nothing_found_says_where_it_looked() {
    let dir = tempfile::tempdir().unwrap();
    let report = scan(dir.path());
    assert_eq!(report.summary.extensions, 0);
    assert!(!report.looked_in.is_empty());
}
