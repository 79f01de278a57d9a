//! Extensions that pretend to be others: by name, by id, by the address that their updates come from.

use std::fs;

use crxhound::finding::Verdict::{Review, Suspicious};
use serde_json::{Value, json};

use super::Wanted::{At, AtLeast, AtMost, Error, NoRule, Rule};
use super::{Case, Wanted, case, meets, scan};
use crate::support::made::{self, MadeUserData};

/// The id of a product that everybody knows, and its name.
const KNOWN_ID: &str = "aapbdbdomjkkjkaonfhkkikfgjllcleb";
const KNOWN_NAME: &str = "Google Translate";

/// Reads one entry of a profile, with its files: what must hold of the report.
fn check(id: &str, entry: &Value, manifest: &Value, wanted: &[Wanted]) -> super::Check {
    let dir = tempfile::tempdir().unwrap();
    let data = MadeUserData::at(dir.path().join("data"));
    let mut entry = entry.clone();
    let folder = if entry["location"] == 4 {
        let folder = dir.path().join("Extension");
        entry["path"] = json!(folder);
        folder
    } else {
        data.path.join("Default/Extensions").join(entry["path"].as_str().unwrap_or_default())
    };
    data.profile("Default", &json!({ id: entry }));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    meets(&scan(&data.path), wanted)
}

fn manifest(name: &str) -> Value {
    json!({"manifest_version": 3, "name": name, "version": "1.0"})
}

/// An entry of an extension that lies in a folder of its own.
fn unpacked() -> Value {
    json!({"location": 4, "state": 1, "path": ""})
}

/// An entry of one that came from the store.
fn packed(id: &str) -> Value {
    json!({"location": 1, "state": 1, "from_webstore": true, "path": format!("{id}/1.0_0")})
}

/// Names that pass for a known one before a reader's eyes.
fn names() -> Vec<Case> {
    let disguised = [
        ("a Cyrillic letter", "G\u{43e}ogle Translate"),
        ("two Cyrillic letters", "G\u{43e}\u{43e}gle Translate"),
        ("a Greek letter", "G\u{3bf}ogle Translate"),
        ("a letter of no width", "Google\u{200b} Translate"),
        ("a soft hyphen", "Goo\u{ad}gle Translate"),
        ("letters of full width", "\u{ff27}\u{ff4f}\u{ff4f}\u{ff47}\u{ff4c}\u{ff45} Translate"),
        ("mathematical letters", "\u{1d406}oogle Translate"),
        ("a digit for a letter", "G00gle Translate"),
        ("a mark on a letter", "Go\u{f6}gle Translate"),
        ("a turned order", "\u{202e}etalsnarT elgooG"),
    ];
    let plain = [
        ("as it is", "Google Translate"),
        ("in capitals", "GOOGLE TRANSLATE"),
        ("without a blank", "GoogleTranslate"),
        ("with two blanks", "Google  Translate"),
        ("with a number", "Google Translate 2"),
        ("with a word", "Google Translate Pro"),
        ("in Korean", "구글 번역"),
        ("in German", "Google Übersetzer"),
    ];
    let id = made::id(1);
    let mut cases = Vec::new();
    for (how, name) in disguised.into_iter().chain(plain) {
        let id = id.clone();
        cases.push(case(format!("a known name {how}"), move || {
            check(id.as_str(), &unpacked(), &manifest(name), &[AtLeast(Suspicious), Rule("borrows-known-name")])
        }));
    }
    for name in ["Notes", "Translate", "My google", "Googol", "Transit", "번역"] {
        let id = id.clone();
        cases.push(case(format!("an honest name, {name}"), move || {
            check(id.as_str(), &unpacked(), &manifest(name), &[NoRule("borrows-known-name"), NoRule("disguises-its-name")])
        }));
    }
    cases
}

/// Ids that belong to somebody else, or to nobody.
fn ids() -> Vec<Case> {
    let with = |key: &str, value: Value| {
        let mut changed = manifest("Sample");
        changed[key] = value;
        changed
    };
    let own = made::id(1);
    let rows: Vec<(&str, String, Value, Value, Vec<Wanted>)> = vec![
        (
            "the id of a known one on a loaded folder",
            KNOWN_ID.into(),
            unpacked(),
            manifest("Sample"),
            vec![Rule("wears-id-of-known-extension"), AtLeast(Suspicious)],
        ),
        (
            "the id and the name of a known one on a loaded folder",
            KNOWN_ID.into(),
            unpacked(),
            manifest(KNOWN_NAME),
            vec![Rule("wears-id-of-known-extension"), AtLeast(Suspicious)],
        ),
        (
            "a key that gives another id",
            own.to_string(),
            packed(own.as_str()),
            with("key", json!("bWFkZSAy")),
            vec![Rule("ids-do-not-agree"), AtLeast(Suspicious)],
        ),
        (
            "a key that is no key",
            own.to_string(),
            packed(own.as_str()),
            with("key", json!("bWFkZSAx")),
            vec![NoRule("ids-do-not-agree"), Rule("key-is-no-key")],
        ),
        (
            "a key that is no base64",
            own.to_string(),
            packed(own.as_str()),
            with("key", json!("!!!")),
            vec![NoRule("ids-do-not-agree")],
        ),
        ("a key of another type", own.to_string(), packed(own.as_str()), with("key", json!(["bWFkZSAy"])), vec![Error("key")]),
        (
            "a key of a megabyte",
            own.to_string(),
            packed(own.as_str()),
            with("key", json!("A".repeat(1 << 20))),
            vec![Rule("ids-do-not-agree")],
        ),
        (
            "the folder of another id",
            own.to_string(),
            packed(made::id(2).as_str()),
            manifest("Sample"),
            vec![Rule("ids-do-not-agree"), AtLeast(Suspicious)],
        ),
        (
            "an id in capitals",
            own.as_str().to_uppercase(),
            packed(own.as_str()),
            manifest("Sample"),
            vec![At("/extensions/0/id", json!(own.as_str())), NoRule("ids-do-not-agree")],
        ),
        ("an id of 31 letters", own.as_str()[1..].into(), packed(own.as_str()), manifest("Sample"), vec![Error("32 letters")]),
        ("an id of 33 letters", format!("{own}a"), packed(own.as_str()), manifest("Sample"), vec![Error("32 letters")]),
        (
            "an id with a letter beyond p",
            format!("{}q", &own.as_str()[1..]),
            packed(own.as_str()),
            manifest("Sample"),
            vec![Error("32 letters")],
        ),
        (
            "an id with a letter of no width",
            format!("{own}\u{200b}"),
            packed(own.as_str()),
            manifest("Sample"),
            vec![Error("32 letters")],
        ),
        (
            "an id with a Cyrillic letter",
            format!("{}\u{430}", &own.as_str()[1..]),
            packed(own.as_str()),
            manifest("Sample"),
            vec![Error("32 letters")],
        ),
        (
            "an id that climbs",
            "../../../../../../../../../../../".into(),
            packed(own.as_str()),
            manifest("Sample"),
            vec![Error("32 letters")],
        ),
        ("no id", String::new(), packed(own.as_str()), manifest("Sample"), vec![Error("32 letters")]),
    ];
    rows.into_iter()
        .map(|(name, id, entry, manifest, wanted)| case(name, move || check(&id, &entry, &manifest, &wanted)))
        .collect()
}

/// Update addresses that look like a store's.
fn addresses() -> Vec<Case> {
    const STORE: &str = "https://clients2.google.com/service/update2/crx";
    let stores = [
        ("the store's", STORE),
        ("the store's without encryption", "http://clients2.google.com/service/update2/crx"),
        ("the store's with a question", "https://clients2.google.com/service/update2/crx?x=1"),
        ("the store's in capitals", "HTTPS://CLIENTS2.GOOGLE.COM/service/update2/crx"),
    ];
    let others = [
        ("the store's before another domain", "https://clients2.google.com.a.invalid/service/update2/crx"),
        ("the store's behind another name", "https://aclients2.google.com/service/update2/crx"),
        ("the store's as a user", "https://clients2.google.com@a.invalid/service/update2/crx"),
        ("the store's as a user with a password", "https://clients2.google.com:443@a.invalid/service/update2/crx"),
        ("the store's as a path", "https://a.invalid/clients2.google.com/service/update2/crx"),
        ("the store's as a question", "https://a.invalid/?https://clients2.google.com/service/update2/crx"),
        ("the store's as a fragment", "https://a.invalid/#clients2.google.com/service/update2/crx"),
        ("the store's with other slashes", "https:\\\\a.invalid\\@clients2.google.com/service/update2/crx"),
        ("the store's with a Cyrillic letter", "https://clients2.g\u{43e}ogle.com/service/update2/crx"),
        ("the store's with another path", "https://clients2.google.com/evil/crx"),
        ("the store's with a path that climbs", "https://clients2.google.com/service/update2/../../evil/crx"),
        ("the store's with a path that climbs by signs", "https://clients2.google.com/service/update2/%2e%2E/.%2e/evil/crx"),
        (
            "the store's with a path that climbs by the other slash",
            "https://clients2.google.com/service/update2/..\\..\\evil/crx",
        ),
        (
            "the store's with a path that climbs through a line break",
            "https://clients2.google.com/service/update2/.\n./.\n./evil/crx",
        ),
        ("the store's with a path behind the other slash", "https://clients2.google.com\\evil/service/update2/crx"),
        ("a number", "https://203.0.113.7/crx"),
        ("a number in one piece", "https://3405803783/crx"),
        ("a file", "file:///tmp/update.xml"),
    ];
    let id = made::id(1);
    let source = |address: &str| {
        let mut manifest = manifest("Sample");
        manifest["update_url"] = json!(address);
        let mut entry = packed(made::id(1).as_str());
        entry["manifest"] = manifest.clone();
        (entry, manifest)
    };
    let mut cases = Vec::new();
    for (name, address) in stores {
        let ((entry, manifest), id) = (source(address), id.clone());
        let wanted = [NoRule("updates-from-outside-stores"), At("/extensions/0/install/source", json!("web_store"))];
        cases.push(case(format!("{name} as the address of updates"), move || check(id.as_str(), &entry, &manifest, &wanted)));
    }
    for (name, address) in others {
        let ((entry, manifest), id) = (source(address), id.clone());
        let wanted =
            [Rule("updates-from-outside-stores"), AtLeast(Review), At("/extensions/0/install/source", json!("sideload"))];
        cases.push(case(format!("{name} as the address of updates"), move || check(id.as_str(), &entry, &manifest, &wanted)));
    }
    let (entry, manifest) = (packed(id.as_str()), manifest("Notes"));
    cases.push(case("an honest entry", move || {
        check(
            id.as_str(),
            &entry,
            &manifest,
            &[AtMost(Review), NoRule("updates-from-outside-stores"), NoRule("ids-do-not-agree")],
        )
    }));
    cases
}

pub fn cases() -> Vec<Case> {
    names().into_iter().chain(ids()).chain(addresses()).collect()
}
