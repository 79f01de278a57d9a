//! `crxhound remediate`: the right steps for each way in, in the right order, and nothing changed.

use std::fs;

use serde_json::json;

use super::commands::crxhound;
use super::support::made;

fn remediate(home: &std::path::Path, arguments: &[&str]) -> String {
    let output = crxhound(home).arg("remediate").args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn in_order(text: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let at = text.get(from..).unwrap().find(part).unwrap_or_else(|| panic!("{part} is missing or too early:\n{text}"));
        from += at + part.len();
    }
}

#[test]
fn each_way_in_gets_its_steps_in_the_order_that_keeps_it_out() {
    let home = tempfile::tempdir().unwrap();
    let id = made::id(0).to_string();
    let cases = [
        (1, "extensions page", "extensions page"),
        (4, "developer mode", "browser's synchronisation"),
        (7, "A policy installs it", "extensions page"),
        (8, "A shortcut, task or startup entry", "extensions page"),
    ];
    for (location, first, then) in cases {
        let data = home.path().join(format!("data{location}"));
        let made = made::MadeUserData::at(&data);
        let mut entry = made::store_entry(0, &made::manifest(0));
        entry["location"] = json!(location);
        let profile = made.profile("Default", &json!({ id.clone(): entry }));
        made::files(&profile, 0, 100);
        let before = fs::read(profile.join("Preferences")).unwrap();
        let text = remediate(home.path(), &[&id, data.to_str().unwrap()]);
        assert!(text.contains("Made 0 1.0"), "{text}");
        in_order(&text, &["Do not delete anything yet", first]);
        in_order(
            &text,
            &[then, "sign out all sessions", "ExtensionInstallBlocklist", "Accounts to secure", "BfV", "KISA", "CISA"],
        );
        assert_eq!(fs::read(profile.join("Preferences")).unwrap(), before);
    }
}

#[test]
fn an_extension_that_is_not_here_gets_the_general_steps_in_every_language() {
    let home = tempfile::tempdir().unwrap();
    let id = made::id(7).to_string();
    for (lang, said) in [("en", "was not found"), ("de", "nicht gefunden"), ("ko", "찾지 못했습니다")] {
        let text = remediate(home.path(), &[&id, "--lang", lang, "--team", "soc@institute.example"]);
        in_order(
            &text,
            &[said, "[HKEY_LOCAL_MACHINE", "PayloadContent", "/etc/opt/chrome/policies/managed", "soc@institute.example"],
        );
    }
}

#[test]
fn a_saved_report_stands_in_for_a_scan() {
    let home = tempfile::tempdir().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reports/institute.json");
    let report: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let extension = report["extensions"].as_array().unwrap().iter().find(|e| e["verdict"] == "malicious").unwrap();
    let text = remediate(home.path(), &[extension["id"].as_str().unwrap(), "--report", file]);
    in_order(&text, &["Do not delete anything yet", "sign out all sessions"]);
}
