#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::extension::{EntryPath, Location};

const ID: &str = "abcdefghijklmnopabcdefghijklmnop";

fn settings(entry: Value) -> Settings {
    let document = json!({"extensions": {"settings": {ID: entry}}});
    parse(Some(&document), None).0
}

fn record(entry: Value) -> InstallRecord {
    settings(entry).records.into_values().next().unwrap()
}

fn reasons(record: &InstallRecord) -> Vec<String> {
    record.disable_reasons.iter().map(|reason| reason.name()).collect()
}

#[test]
fn a_current_entry() {
    let record = record(json!({
        "account_extension_type": 0, "ack_external": true, "creation_flags": 9, "disable_reasons": [], "location": 7,
        "active_permissions": {"api": ["tabs", {"usbDevices": []}], "explicit_host": ["<all_urls>"],
            "manifest_permissions": [{"x": 1}], "scriptable_host": ["https://*/*"]},
        "granted_permissions": {"api": ["tabs"]}, "first_install_time": "13439840720283723",
        "last_update_time": "13439840729000000", "incognito": true, "newAllowFileAccess": true, "withholding_permissions": true,
        "path": format!("{ID}\\1.2.3_0"), "manifest": {"version": "1.2.3", "update_url": "https://updates.example/crx"},
        "service_worker_registration_info": {"version": "1.2.3"}, "serviceworkerevents": ["alarms.onAlarm"],
        "persistent_script_url_patterns": ["https://example.com/*"], "user_scripts_enabled": true, "allowlist": 1,
        "preferences": {"proxy": {"mode": "fixed_servers", "rules": {"a": 1}}, "session": {"startup_urls": ["https://a.example"]}},
        "content_settings": [{"primary": "*"}],
        "idle_install_info": {"manifest": {"version": "2.0"}, "path": "x/2.0_0"},
        "pending_on_installed_event_dispatch_info": {"previous_version": "1.0"}
    }));
    assert!(record.enabled && record.incognito && record.file_access && record.withheld && record.user_scripts);
    assert!(record.acknowledged && record.allowlisted && record.from_webstore);
    assert_eq!((record.location, record.location_number), (Location::ExternalPolicyDownload, None));
    assert_eq!((record.installed_at, record.updated_at), (Some(1_795_367_120), Some(1_795_367_129)));
    assert_eq!(record.active.api, ["tabs", "usbDevices"]);
    assert_eq!(record.active.manifest, ["x"]);
    assert_eq!(record.active.explicit_hosts, ["<all_urls>"]);
    assert_eq!(record.active.scriptable_hosts, ["https://*/*"]);
    assert_eq!(record.update_url.as_deref(), Some("https://updates.example/crx"));
    assert_eq!(
        record.controlled,
        [
            ("content_settings".to_owned(), r#"[{"primary":"*"}]"#.to_owned()),
            ("proxy".to_owned(), r#"{"mode":"fixed_servers","rules":{"a":1}}"#.to_owned()),
            ("session.startup_urls".to_owned(), r#"["https://a.example"]"#.to_owned()),
        ]
    );
    assert_eq!((record.pending_version.as_deref(), record.pending_path.as_deref()), (Some("2.0"), Some("x/2.0_0")));
    assert_eq!(record.previous_version.as_deref(), Some("1.0"));
    assert_eq!((record.events.len(), record.worker_version.as_deref()), (1, Some("1.2.3")));
    assert_eq!((record.file.as_str(), record.pointer), ("Preferences", format!("/extensions/settings/{ID}")));
    assert_eq!(EntryPath::of(record.path.as_deref().unwrap()), EntryPath::Inside(format!("{ID}/1.2.3_0")));
}

#[test]
fn an_old_entry() {
    let old =
        record(json!({"state": 1, "location": 1, "path": "x", "install_time": "13250000000000000", "disable_reasons": 0}));
    assert!(old.enabled);
    assert_eq!((old.installed_at, old.updated_at), (Some(1_605_526_400), Some(1_605_526_400)));
    let off = record(json!({"state": 0, "location": 1, "path": "x", "disable_reasons": 8193}));
    assert!(!off.enabled);
    assert_eq!(reasons(&off), ["user_action", "external_extension"]);
    assert!(!record(json!({"state": 0, "location": 1, "path": "x"})).enabled);
    assert_eq!(record(json!({"state": 2, "location": 2, "path": "x"})).presence, Presence::Removed);
    assert!(record(json!({"location": 1, "path": "x", "extension_can_script_all_urls": false})).withheld);
}

#[test]
fn reasons_come_as_a_list_or_as_bits() {
    let list = record(json!({"location": 4, "path": "/x", "disable_reasons": [1, 16777216]}));
    assert!(!list.enabled);
    assert_eq!(reasons(&list), ["user_action", "unsupported_developer_extension"]);
    assert!(record(json!({"location": 4, "path": "/x"})).enabled);
    assert_eq!(reasons(&record(json!({"location": 1, "disable_reasons": [1_u64 << 40]}))), ["reason_1099511627776"]);
    // A state that an old version left does not enable what the current one disabled.
    assert!(!record(json!({"location": 1, "path": "x", "state": 1, "disable_reasons": [2]})).enabled);
}

#[test]
fn removed_and_blocked() {
    let removed = record(json!({}));
    assert_eq!((removed.presence, removed.enabled), (Presence::Removed, false));
    for (entry, word, enabled) in [
        (json!({"location": 1, "path": "x", "blacklist": true}), "malware", false),
        (json!({"location": 1, "path": "x", "blacklist_state": 2}), "vulnerable", true),
        (json!({"location": 1, "path": "x", "omaha_blocklist_state": 4}), "policy_violation", true),
        (json!({"location": 1, "path": "x", "omaha_blocklist_state": 9}), "malware", false),
        (json!({"location": 1, "path": "x", "blacklist_state": 4}), "potentially_unwanted", true),
    ] {
        let record = record(entry);
        assert_eq!((record.blocklist.as_deref(), record.enabled), (Some(word), enabled));
    }
}

#[test]
fn both_files_are_merged() {
    let other = "ponmlkjihgfedcbaponmlkjihgfedcba";
    let preferences = json!({"extensions": {"settings": {ID: {"location": 1, "path": "old"}, other: {"location": 4, "path": "/x"}},
        "pinned_extensions": [ID], "external_uninstalls": [other], "last_chrome_version": "144.0", "theme": {"id": ID, "pack": "/t"},
        "chrome_url_overrides": {"newtab": [{"active": true, "entry": "chrome-extension://x/n.html"}, "old"]}},
        "profile": {"name": "Work"}, "account_info": [{"email": "kim@mail.example"}]});
    let secure = json!({"extensions": {"settings": {ID: {"location": 1, "path": "new"}}, "ui": {"developer_mode": true}},
        "protection": {"macs": {"extensions": {"settings": {ID: "AB"}}}}});
    let (settings, problems) = parse(Some(&preferences), Some(&secure));
    assert_eq!(settings.records.len(), 2);
    let first = settings.records.values().next().unwrap();
    assert_eq!((first.path.as_deref(), first.file.as_str()), (Some("new"), "Secure Preferences"));
    assert_eq!((Some(settings.developer_mode), settings.name.as_deref()), (Some(true), Some("Work")));
    assert_eq!((settings.account.as_deref(), settings.last_version.as_deref()), (Some("kim@mail.example"), Some("144.0")));
    assert_eq!((settings.pinned.len(), settings.external_uninstalls.len(), settings.url_overrides.len()), (1, 1, 2));
    assert_eq!(settings.theme, Some((ID.to_owned(), Some("/t".to_owned()))));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.ends_with("stands in Secure Preferences too; that entry is used"));

    // On Linux the codes are in Preferences, and so is the truth.
    let linux = json!({"extensions": {"settings": {ID: {"location": 8, "path": "/x"}}},
        "protection": {"macs": {"extensions": {"settings": {ID: "AB"}}}}});
    let stale = json!({"extensions": {"settings": {ID: {"location": 1, "path": "y"}}}});
    let (settings, _) = parse(Some(&linux), Some(&stale));
    assert_eq!(settings.records.values().next().unwrap().location, Location::CommandLine);

    // What is installed counts more than a remnant, in whichever file it is.
    let remnant =
        json!({"extensions": {"settings": {ID: {}}}, "protection": {"macs": {"extensions": {"settings": {ID: "AB"}}}}});
    let (settings, problems) = parse(Some(&stale), Some(&remnant));
    assert_eq!((settings.records.values().next().unwrap().presence, problems.len()), (Presence::Complete, 0));
}

#[test]
fn operas_key_counts_too() {
    let document = json!({"extensions": {"opsettings": {ID: {"location": 1, "path": "x"}}}});
    let (settings, _) = parse(None, Some(&document));
    assert_eq!(settings.records.values().next().unwrap().pointer, format!("/extensions/opsettings/{ID}"));
}

#[test]
fn whatever_the_files_hold_the_rest_is_read() {
    let preferences = json!({"extensions": {"settings": {
        ID: {"location": "4", "path": 5, "disable_reasons": "x", "first_install_time": [], "creation_flags": -1, "manifest": [],
            "active_permissions": [], "granted_permissions": {"api": "x", "explicit_host": [1]}, "preferences": 1, "state": "on",
            "content_settings": 5, "events": 1, "blacklist": "yes", "idle_install_info": 7},
        "not-an-id": {}, "ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOO": {"location": 99, "path": "../../x"},
        "ponmlkjihgfedcbaponmlkjihgfedcba": 5,
        "aaaabbbbccccddddeeeeffffgggghhhh": {"location": 1, "path": "fine"}
    }, "ui": 5, "pinned_extensions": {}, "theme": [], "external_uninstalls": 5, "chrome_url_overrides": []},
    "profile": [], "account_info": {"x": 1}, "google": 5});
    let (settings, problems) = parse(Some(&preferences), Some(&json!([1, 2])));
    assert_eq!(settings.records.len(), 3);
    assert_eq!(settings.records.values().filter(|record| record.path.as_deref() == Some("fine")).count(), 1);
    let odd = settings.records.values().find(|record| record.location_number == Some(99)).unwrap();
    assert_eq!(odd.location, Location::Unknown);
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for wanted in [
        "must be an object, found a list",
        "is not an extension id",
        "is 99, which no browser writes",
        "leads out of the profile",
        "\"extensions.pinned_extensions\" must be a list, found an object",
    ] {
        assert!(messages.iter().any(|message| message.contains(wanted)), "{wanted} in {messages:#?}");
    }
    assert!(messages.iter().all(|message| message.contains("Preferences: ")));
    for document in [json!({"extensions": []}), json!({"extensions": {"settings": []}}), json!(null), json!(5)] {
        assert!(parse(Some(&document), None).0.records.is_empty());
    }
    assert!(parse(None, None).0.records.is_empty());
}

#[test]
fn paths_of_any_system() {
    for (path, is) in [
        ("id/1.0_0", EntryPath::Inside("id/1.0_0".into())),
        ("id\\1.0_0", EntryPath::Inside("id/1.0_0".into())),
        ("network/mv3\\x", EntryPath::Inside("network/mv3/x".into())),
        ("/home/kim/x", EntryPath::Absolute("/home/kim/x".into())),
        ("C:\\Users\\kim\\AppData\\Roaming\\AF", EntryPath::Absolute("C:\\Users\\kim\\AppData\\Roaming\\AF".into())),
        ("\\\\server\\share", EntryPath::Absolute("\\\\server\\share".into())),
        ("../x", EntryPath::Refused),
        ("a\\..\\..\\b", EntryPath::Refused),
        ("/a/../etc", EntryPath::Refused),
        ("", EntryPath::Refused),
        (".", EntryPath::Refused),
        ("a\0b", EntryPath::Refused),
    ] {
        assert_eq!(EntryPath::of(path), is, "{path:?}");
    }
}

/// An entry with the keys that are looked for, and anything behind them.
fn anything() -> impl Strategy<Value = Value> {
    let keys = "extensions|settings|opsettings|location|path|state|disable_reasons|manifest|version|active_permissions|api|\
        explicit_host|preferences|proxy|content_settings|idle_install_info|first_install_time|creation_flags|events|ui|\
        developer_mode|account_info|email|theme|id|protection|macs|chrome_url_overrides|[a-p]{32}|blacklist_state";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "([0-9]{1,20}|[.]{0,2}[/\\\\]?.{0,6})".prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((keys, inner), 0..8).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_files_are_read(plain in anything(), secure in anything(), entry in anything()) {
        let _ = parse(Some(&plain), Some(&secure));
        let document = json!({"extensions": {"settings": {ID: entry}}});
        let (settings, _) = parse(Some(&document), Some(&plain));
        for record in settings.records.values() {
            let _ = source(record, None);
        }
    }
}
