//! Integrity codes of profiles that a real browser wrote, against an independent checker in another language.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crxhound::model::mac::{Candidates, PreferenceFiles, ProfileMacs, Tracked, WithoutSealed};
use crxhound::model::{ExtensionId, MacState};
use serde_json::Value;

use crate::support::material;

/// Every profile folder below the folder of real profiles.
fn profile_folders(profiles: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = walkdir::WalkDir::new(profiles)
        .min_depth(3)
        .max_depth(3)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name() == "Preferences")
        .map(|entry| entry.path().parent().unwrap().to_owned())
        .collect();
    folders.sort();
    folders
}

/// The two preference files of a profile.
struct Profile {
    preferences: Value,
    secure: Option<Value>,
}

impl Profile {
    fn read(folder: &Path) -> Profile {
        let read = |name: &str| fs::read(folder.join(name)).ok().map(|bytes| crxhound::model::json::parse(&bytes).unwrap());
        Profile { preferences: read("Preferences").unwrap(), secure: read("Secure Preferences") }
    }

    fn check(&self) -> ProfileMacs {
        let files = PreferenceFiles { preferences: Some(&self.preferences), secure: self.secure.as_ref() };
        ProfileMacs::check(files, &Candidates { seed: Some("empty"), device_ids: &[] }, None)
    }

    /// What the independent checker says of the same values, laid into a folder of their own.
    fn second_opinion(&self) -> Vec<Value> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Preferences"), self.preferences.to_string()).unwrap();
        if let Some(secure) = &self.secure {
            fs::write(folder.path().join("Secure Preferences"), secure.to_string()).unwrap();
        }
        let checker = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/verify_prefs.py");
        let output = Command::new("python3").arg(checker).arg("--json").arg(folder.path()).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The entries of extensions.
    fn entries(&mut self) -> &mut serde_json::Map<String, Value> {
        self.preferences["extensions"]["settings"].as_object_mut().unwrap()
    }

    fn first_id(&mut self) -> ExtensionId {
        ExtensionId::parse(self.entries().keys().next().unwrap()).unwrap()
    }

    fn codes(&mut self) -> &mut Value {
        &mut self.preferences["protection"]["macs"]
    }
}

/// The names for which a state holds, by file as the checker lists them.
fn names(macs: &ProfileMacs, file: &str, holds: impl Fn(&Tracked) -> bool) -> BTreeSet<String> {
    macs.tracked.iter().filter(|one| one.file == file && holds(one)).map(|one| one.path.clone()).collect()
}

fn listed(report: &Value, pointer: &str) -> BTreeSet<String> {
    report.pointer(pointer).unwrap().as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Our answers are the checker's, entry by entry.
fn assert_agrees(profile: &Profile) {
    let macs = profile.check();
    for report in profile.second_opinion() {
        let path = report["file"].as_str().unwrap();
        let file = if path.ends_with("Secure Preferences") { "Secure Preferences" } else { "Preferences" };
        for (pointer, kind, state) in [
            ("/mac/fits", 0, MacState::Valid),
            ("/mac/fails", 0, MacState::Invalid),
            ("/encrypted/fits", 1, MacState::Valid),
            ("/encrypted/fails", 1, MacState::Invalid),
            ("/encrypted/unreadable", 1, MacState::Unverifiable),
        ] {
            let ours = names(&macs, file, |one| if kind == 0 { one.codes.mac == state } else { one.codes.encrypted == state });
            assert_eq!(ours, listed(&report, pointer), "{pointer} of {path}");
        }
        let entry = |one: &Tracked| one.path.strip_prefix("extensions.settings.").is_some_and(|_| one.present);
        let bare = |names: BTreeSet<String>| -> BTreeSet<String> {
            names.iter().map(|name| name.trim_start_matches("extensions.settings.").to_owned()).collect()
        };
        let missing = names(&macs, file, |one| entry(one) && one.codes.mac == MacState::Missing);
        assert_eq!(bare(missing), listed(&report, "/extensions_without_mac"));
        let stripped = |one: &Tracked| entry(one) && one.codes.without_sealed == Some(WithoutSealed::NeighboursHaveOne);
        assert_eq!(bare(names(&macs, file, stripped)), listed(&report, "/extensions_without_encrypted_hash"));
        if file == "Secure Preferences" {
            let word = |state| match state {
                MacState::Valid => Value::Bool(true),
                MacState::Invalid => Value::Bool(false),
                _ => Value::Null,
            };
            assert_eq!(word(macs.super_mac), report["super_mac"]);
        }
    }
}

/// Runs a test on every real profile that holds an entry.
fn on_every_profile(test: impl Fn(Profile)) {
    let Some(profiles) = material::profiles() else { return };
    let folders = profile_folders(profiles);
    assert!(folders.len() >= 5, "only {} profiles in {}", folders.len(), profiles.display());
    let mut with_entries = 0;
    for folder in folders {
        let mut profile = Profile::read(&folder);
        if profile.preferences.pointer("/extensions/settings").is_some() && !profile.entries().is_empty() {
            with_entries += 1;
            test(profile);
        }
    }
    assert!(with_entries >= 4);
}

#[test]
fn every_code_that_a_real_browser_wrote_fits() {
    let Some(profiles) = material::profiles() else { return };
    let (mut codes, mut sealed) = (0, 0);
    for folder in profile_folders(profiles) {
        let profile = Profile::read(&folder);
        let macs = profile.check();
        for one in &macs.tracked {
            assert_eq!(one.codes.mac, MacState::Valid, "{} in {}", one.path, folder.display());
            assert_eq!(one.codes.encrypted, MacState::Valid, "{} in {}", one.path, folder.display());
            codes += 1;
            sealed += 1;
        }
        let proven = macs.proven.as_ref().unwrap();
        assert_eq!((proven.seed, proven.expected, proven.device_id.as_str()), ("empty", true, ""));
        assert_eq!(macs.super_mac, MacState::Valid, "{}", folder.display());
        assert_eq!(macs.super_encrypted_hash, MacState::Valid, "{}", folder.display());
        assert_agrees(&profile);
    }
    assert!(codes > 100 && sealed > 100, "{codes} codes");
}

#[test]
fn an_edited_entry_is_the_only_one_that_does_not_fit() {
    on_every_profile(|mut profile| {
        let id = profile.first_id();
        profile.entries()[id.as_str()]["location"] = 3.into();
        let macs = profile.check();
        let broken = |one: &Tracked| one.codes.mac == MacState::Invalid || one.codes.encrypted == MacState::Invalid;
        assert_eq!(names(&macs, "Preferences", broken), [format!("extensions.settings.{id}")].into());
        assert_eq!(macs.extension(&id).mac, MacState::Invalid);
        assert_eq!(macs.super_mac, MacState::Valid);
        assert_agrees(&profile);
    });
}

#[test]
fn an_empty_list_more_is_seen_by_nobody() {
    on_every_profile(|mut profile| {
        let id = profile.first_id();
        profile.entries()[id.as_str()]["x"] = serde_json::json!([]);
        assert_eq!(profile.check().extension(&id).mac, MacState::Valid);
        assert_agrees(&profile);
    });
}

#[test]
fn a_planted_entry_has_no_code() {
    on_every_profile(|mut profile| {
        let planted = ExtensionId::parse(&"a".repeat(32)).unwrap();
        profile.entries().insert(planted.to_string(), serde_json::json!({ "location": 4, "path": "/tmp/x" }));
        let codes = profile.check().extension(&planted);
        assert_eq!((codes.mac, codes.encrypted, codes.without_sealed), (MacState::Missing, MacState::Missing, None));
        assert_agrees(&profile);
    });
}

#[test]
fn codes_taken_away() {
    on_every_profile(|mut profile| {
        let id = profile.first_id();
        profile.codes()["extensions"]["settings"].as_object_mut().unwrap().shift_remove(id.as_str());
        assert_eq!(profile.check().extension(&id).mac, MacState::Missing);
        assert_agrees(&profile);
    });
    on_every_profile(|mut profile| {
        let id = profile.first_id();
        profile.codes()["extensions"]["settings_encrypted_hash"].as_object_mut().unwrap().shift_remove(id.as_str());
        let codes = profile.check().extension(&id);
        assert_eq!((codes.mac, codes.encrypted), (MacState::Valid, MacState::Missing));
        assert_eq!(codes.without_sealed, Some(WithoutSealed::NeighboursHaveOne));
        assert_agrees(&profile);
    });
    on_every_profile(|mut profile| {
        let id = profile.first_id();
        profile.preferences.as_object_mut().unwrap().shift_remove("protection");
        assert_eq!(profile.check().extension(&id).mac, MacState::Missing);
    });
}

#[test]
fn an_entry_taken_away_leaves_its_code() {
    on_every_profile(|mut profile| {
        let id = profile.first_id();
        profile.entries().shift_remove(id.as_str());
        assert_eq!(profile.check().codes_without_entry().collect::<Vec<_>>(), [id.as_str()]);
        assert_agrees(&profile);
    });
}

#[test]
fn a_wrong_super_mac() {
    on_every_profile(|mut profile| {
        let secure = profile.secure.as_mut().unwrap();
        secure["protection"]["super_mac"] = "0".repeat(64).into();
        assert_eq!(profile.check().super_mac, MacState::Invalid);
        assert_agrees(&profile);
    });
}

/// What an unknown seed or device looks like: no code fits, and nothing is said of single entries.
#[test]
fn codes_under_a_foreign_key_are_unverifiable() {
    fn turn(codes: &mut Value) {
        match codes {
            Value::Object(members) => members.values_mut().for_each(turn),
            Value::String(code) if code.len() == 64 => {
                let turned = code.bytes().map(|digit| if digit == b'0' { '1' } else { '0' });
                *code = turned.collect();
            }
            _ => {}
        }
    }
    on_every_profile(|mut profile| {
        let id = profile.first_id();
        turn(profile.codes());
        profile.secure.as_mut().unwrap()["protection"]["super_mac"] = "0".repeat(64).into();
        let macs = profile.check();
        assert_eq!(macs.proven, None);
        assert_eq!((macs.extension(&id).mac, macs.super_mac), (MacState::Unverifiable, MacState::Unverifiable));
        assert_eq!(names(&macs, "Preferences", |one| one.codes.mac == MacState::Invalid), BTreeSet::new());
        // The second codes need no device id and can still be judged.
        assert_eq!(macs.extension(&id).encrypted, MacState::Valid);
    });
}

/// White space, order of keys and escapes in the file do not matter.
#[test]
fn the_form_of_the_file_does_not_matter() {
    on_every_profile(|profile| {
        fn reversed(value: &Value) -> Value {
            match value {
                Value::Object(members) => Value::Object(members.iter().rev().map(|(k, v)| (k.clone(), reversed(v))).collect()),
                Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
                other => other.clone(),
            }
        }
        let text = serde_json::to_string_pretty(&reversed(&profile.preferences)).unwrap();
        let mut escaped = String::new();
        for c in text.chars() {
            if c.is_ascii() {
                escaped.push(c);
            } else {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        let other = Profile { preferences: serde_json::from_str(&escaped).unwrap(), secure: profile.secure };
        assert!(other.check().tracked.iter().all(|one| one.codes.mac == MacState::Valid));
    });
}
