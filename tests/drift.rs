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
