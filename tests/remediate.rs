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

/// A report of one extension with this source, on a machine where everything has to do with it.
fn report(source: &str, machine: &serde_json::Value) -> String {
    let id = made::id(0).to_string();
    let extension = json!({
        "id": id, "name": "Sample", "version": "1.0", "browser": "chrome", "user_data_dir": "data", "profile": "Default",
        "path": "data/ext", "verdict": "malicious", "install": {"source": source, "enabled": true},
    });
    json!({"schema": "crxhound.report/1", "complete": true, "machine": machine, "extensions": [extension]}).to_string()
}

#[test]
fn every_install_source_gets_its_own_steps() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("report.json");
    let id = made::id(0).to_string();
    for (source, own) in [
        ("web_store", None),
        ("edge_addons", None),
        ("opera_addons", None),
        ("whale_store", None),
        ("other_store", None),
        ("enterprise_policy", Some("A policy installs it")),
        ("sideload", Some("A file or registry key outside the profile")),
        ("unpacked", Some("developer mode off")),
        ("command_line", Some("A shortcut, task or startup entry loads it")),
        ("component", None),
        ("package", None),
        ("unknown", Some("A file or registry key outside the profile")),
    ] {
        fs::write(&file, report(source, &json!({}))).unwrap();
        let text = remediate(home.path(), &[&id, "--report", file.to_str().unwrap()]);
        in_order(&text, &["Do not delete anything yet", "sign out all sessions", "ExtensionInstallBlocklist"]);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for step in ["A policy installs it", "A file or registry key", "developer mode off", "A shortcut, task or startup"] {
            assert_eq!(text.contains(step), own.is_some_and(|own| own.contains(step)), "{source}, {step}: {text}");
        }
        assert_eq!(text.contains("Remove the extension on"), source != "package", "{source}: {text}");
    }
}

#[test]
fn what_would_bring_it_back_comes_before_the_extension_with_its_place() {
    let home = tempfile::tempdir().unwrap();
    let id = made::id(0).to_string();
    let machine = json!({
        "policies": [{"name": "ExtensionInstallForcelist", "browser": "chrome", "scope": "machine", "extension": id,
            "value": "forced", "source": "HKLM POLICIES"}],
        "launchers": [{"source": "FontUpdate.lnk", "options": ["--load-extension=data/ext"]}],
        "external": [{"id": id, "source": "external.json"}],
        "native_hosts": [{"name": "com.helper", "program": "helper.exe", "source": "host.json",
            "allowed": [format!("chrome-extension://{id}/")]}],
    });
    let file = home.path().join("report.json");
    fs::write(&file, report("enterprise_policy", &machine)).unwrap();
    let text = remediate(home.path(), &[&id, "--report", file.to_str().unwrap()]);
    let steps = [
        "Do not delete anything yet",
        "A policy installs it",
        "HKLM POLICIES",
        "A shortcut, task or startup entry",
        "FontUpdate.lnk",
        "A file or registry key",
        "external.json",
        "A program outside the browser",
        "helper.exe",
        "Remove the extension",
        "Pause the browser's synchronisation",
        "sign out all sessions",
    ];
    in_order(&text, &steps);
}
