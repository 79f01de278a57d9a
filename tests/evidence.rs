//! `crxhound evidence`: whole, sealed, without the person's account, and the profile as it was.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::commands::crxhound;
use super::support::made;

fn evidence(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = crxhound(home).arg("evidence").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A profile with an account that is signed in, and the extension's id.
fn profile(home: &Path) -> (std::path::PathBuf, String) {
    let made = made::MadeUserData::at(home.join("data"));
    let id = made::id(0).to_string();
    let preferences = json!({
        "account_info": [{"email": "person@institute.example"}],
        "extensions": {"settings": {id.clone(): made::store_entry(0, &made::manifest(0)), made::id(1).to_string(): {"secret": 1}}},
    });
    let profile = made.raw_profile("Default", preferences.to_string().as_bytes());
    made::files(&profile, 0, 100);
    (profile, id)
}

#[test]
fn a_bundle_is_sealed_and_one_flipped_byte_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (profile, id) = profile(home.path());
    let before = fs::read(profile.join("Preferences")).unwrap();
    let (code, out, err) = evidence(home.path(), &[&id, "data", "--output", "e.zip"]);
    assert!(code == 0 && !err.contains("left out"), "{err}");
    assert_eq!(fs::read(profile.join("Preferences")).unwrap(), before);
    let bytes = fs::read(home.path().join("e.zip")).unwrap();
    let digest = out.split_whitespace().next().unwrap().to_owned();
    assert_eq!(digest, crxhound::model::hash::hex(&crxhound::model::hash::sha256(&bytes)));
    let has = |text: &str| memchr::memmem::find(&bytes, text.as_bytes());
    for part in ["copy-1/files/worker.js", "report.json", "machine.json", "CUSTODY.txt", "MANIFEST.sha256"] {
        assert!(has(part).is_some(), "{part}");
    }
    assert!(has("person@institute.example").is_none() && has("\"secret\"").is_none());

    let (code, out, err) = evidence(home.path(), &["--verify", "e.zip"]);
    assert!(code == 0 && out.contains("complete, not authentic"), "{out}{err}");
    assert_eq!(evidence(home.path(), &["--verify", "e.zip", "--sha256", &digest]).0, 0);
    assert_eq!(evidence(home.path(), &["--verify", "e.zip", "--sha256", &"0".repeat(64)]).0, 2);

    let mut changed = bytes.clone();
    changed[has("document.title").unwrap()] ^= 1;
    fs::write(home.path().join("changed.zip"), &changed).unwrap();
    let (code, _, err) = evidence(home.path(), &["--verify", "changed.zip"]);
    assert!(code == 2 && err.contains("copy-1/files/worker.js"), "{err}");
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(home.path().join("changed.zip"), &changed).unwrap();
        assert_eq!(evidence(home.path(), &["--verify", "changed.zip"]).0, 2, "byte {at}");
    }
}

#[test]
fn the_account_comes_along_only_when_asked_for_and_nothing_is_written_into_the_profile() {
    let home = tempfile::tempdir().unwrap();
    let (_, id) = profile(home.path());
    assert_eq!(evidence(home.path(), &[&id, "data", "--output", "e.zip", "--with-account"]).0, 0);
    let bytes = fs::read(home.path().join("e.zip")).unwrap();
    assert!(memchr::memmem::find(&bytes, b"person@institute.example").is_some());
    let (code, _, err) = evidence(home.path(), &[&id, "data", "--output", "data/e.zip"]);
    assert!(code == 2 && err.contains("stays untouched") && !home.path().join("data/e.zip").exists(), "{err}");
    assert_eq!(evidence(home.path(), &[made::id(9).as_str(), "data", "--output", "none.zip"]).0, 2);
    assert_eq!(evidence(home.path(), &[&id]).0, 2);
}

#[test]
fn a_locked_bundle_shows_nothing_and_opens_with_its_password_alone() {
    let home = tempfile::tempdir().unwrap();
    let (_, id) = profile(home.path());
    for (name, text) in [("password", "infected\n"), ("wrong", "something else"), ("empty", "\n")] {
        fs::write(home.path().join(name), text).unwrap();
    }
    let (code, _, err) = evidence(home.path(), &[&id, "data", "--output", "e.zip", "--password-file", "password"]);
    assert_eq!(code, 0, "{err}");
    let bytes = fs::read(home.path().join("e.zip")).unwrap();
    for part in ["document.title", "MANIFEST.sha256", id.as_str()] {
        assert!(memchr::memmem::find(&bytes, part.as_bytes()).is_none(), "{part}");
    }
    let (code, out, err) = evidence(home.path(), &["--verify", "e.zip", "--password-file", "password"]);
    assert!(code == 0 && out.contains("complete"), "{out}{err}");
    for (arguments, said) in [
        (&["--verify", "e.zip"][..], "--password-file FILE"),
        (&["--verify", "e.zip", "--password-file", "wrong"], "does not open it"),
        (&["--verify", "e.zip", "--password-file", "empty"], "is empty"),
        (&["--verify", "e.zip", "--password-file", "none"], "--password-file none"),
    ] {
        let (code, _, err) = evidence(home.path(), arguments);
        assert!(code == 2 && err.contains(said), "{err}");
    }
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    fs::write(home.path().join("e.zip"), &changed).unwrap();
    assert_eq!(evidence(home.path(), &["--verify", "e.zip", "--password-file", "password"]).0, 2);
}

#[test]
fn the_policy_that_brought_it_and_the_report_come_along() {
    let home = tempfile::tempdir().unwrap();
    assert!(crxhound(home.path()).args(["demo", "--output", "story"]).output().unwrap().status.success());
    let scan = crxhound(home.path()).args(["scan", "--root", "story/linux-pc", "--format", "json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&scan.stdout).unwrap();
    let extensions = report["extensions"].as_array().unwrap();
    let id = extensions.iter().find(|one| one["install"]["source"] == "enterprise_policy").unwrap()["id"].as_str().unwrap();
    let (code, _, err) = evidence(home.path(), &[id, "--root", "story/linux-pc", "--output", "e.zip"]);
    assert_eq!(code, 0, "{err}");
    let bytes = fs::read(home.path().join("e.zip")).unwrap();
    for part in
        ["ExtensionInstallForcelist", "https://updates.collector.invalid/crx.xml", "TRANSLATEXT", "# last written 2025-02-11"]
    {
        assert!(memchr::memmem::find(&bytes, part.as_bytes()).is_some(), "{part}");
    }
}
