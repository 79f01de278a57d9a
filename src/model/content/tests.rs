//! A package with a list signed by a key of the tests; the store's own signatures are checked on real packages in the
//! integration tests.

#![allow(clippy::unwrap_used)]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use super::*;
use crate::model::hash::sha256;
use crate::model::signature::testing;

const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn files() -> BTreeMap<String, Vec<u8>> {
    let manifest = json!({
        "manifest_version": 3, "name": "Sample", "version": "1.2", "icons": { "16": "/icon.png", "32": "named.js" },
        "action": { "default_icon": "action.png" }, "theme": { "images": { "frame": ["no"], "tab": { "1": "theme.png" } } },
    });
    [
        ("manifest.json", serde_json::to_vec(&manifest).unwrap()),
        ("worker.js", b"// worker".to_vec()),
        ("big.js", b"x".repeat(4_096 * 130 + 5)),
        ("empty.js", Vec::new()),
        ("named.js", b"// named as an icon".to_vec()),
        ("page.html", b"<p>".to_vec()),
        ("icon.png", b"icon".to_vec()),
        ("action.png", b"action".to_vec()),
        ("theme.png", b"theme".to_vec()),
        ("other.png", b"other".to_vec()),
        ("_locales/de/messages.json", b"{}".to_vec()),
        ("lib/_locales/de/messages.json", b"{}".to_vec()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .into()
}

fn package(files: &BTreeMap<String, Vec<u8>>) -> Package {
    Package::from_memory("test", files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}

/// The list for the files, signed.
fn signed_list(files: &BTreeMap<String, Vec<u8>>, kid: &str) -> Vec<u8> {
    let package = package(files);
    let listed: Vec<_> = package
        .files
        .iter()
        .map(|(path, file)| json!({ "path": path, "root_hash": URL_SAFE_NO_PAD.encode(tree_hash(file).unwrap()) }))
        .collect();
    let payload = json!({
        "content_hashes": [{ "block_size": 4096, "digest": "sha256", "format": "treehash", "hash_block_size": 4096, "files": listed }],
        "item_id": ID, "item_version": "1.2", "protocol_version": 1,
    });
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let protected = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
    let signature = testing::sign_rsa_sha256(&sha256(format!("{protected}.{payload}").as_bytes()));
    let document = json!([{ "description": "other" }, { "description": "treehash per file", "signed_content": {
        "payload": payload,
        "signatures": [
            { "header": { "kid": "publisher" }, "protected": protected, "signature": "AAAA" },
            { "header": { "kid": kid }, "protected": protected, "signature": URL_SAFE_NO_PAD.encode(signature) },
        ],
    }}]);
    serde_json::to_vec(&document).unwrap()
}

/// The files with their list, changed by `change`, compared.
fn after(change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> ContentCheck {
    let mut changed = files();
    changed.insert(SIGNED.into(), signed_list(&files(), "webstore"));
    change(&mut changed);
    let manifest = Manifest { raw: serde_json::from_slice(&files()["manifest.json"]).unwrap(), ..Manifest::default() };
    check_with(&package(&changed), Some(&manifest), &testing::rsa_key())
}

fn edit(files: &mut BTreeMap<String, Vec<u8>>, name: &str) {
    files.get_mut(name).unwrap().push(b' ');
}

#[test]
fn untouched_files_are_verified() {
    let check = after(|_| {});
    assert_eq!(
        check,
        ContentCheck {
            item_id: ExtensionId::parse(ID),
            item_version: Some("1.2".into()),
            ..ContentCheck::new(ContentState::Verified)
        }
    );
}

#[test]
fn what_the_installer_rewrites_may_differ() {
    let rewritten = ["_locales/de/messages.json", "action.png", "icon.png", "manifest.json", "theme.png"];
    let check = after(|files| rewritten.iter().for_each(|name| edit(files, name)));
    assert_eq!((check.state, check.rewritten), (ContentState::Verified, rewritten.map(str::to_owned).to_vec()));
}

#[test]
fn nothing_else_may_differ() {
    for name in ["worker.js", "big.js", "empty.js", "named.js", "page.html", "other.png", "lib/_locales/de/messages.json"] {
        let check = after(|files| edit(files, name));
        assert_eq!((check.state, &check.modified), (ContentState::Modified, &vec![name.to_owned()]), "{name}");
    }
    let check = after(|files| files.get_mut("big.js").unwrap()[4_096 * 64] = b'y');
    assert_eq!(check.modified, ["big.js"]);
}

#[test]
fn a_package_as_the_store_made_it_has_nothing_rewritten() {
    let mut changed = files();
    changed.insert(SIGNED.into(), signed_list(&files(), "webstore"));
    edit(&mut changed, "manifest.json");
    let mut package = package(&changed);
    package.container = Container::Crx3;
    assert_eq!(check_with(&package, None, &testing::rsa_key()).modified, ["manifest.json"]);
}

#[test]
fn added_and_missing_files_are_named() {
    let check = after(|files| {
        files.insert("new.js".into(), Vec::new());
        files.insert("_metadata/generated_indexed_rulesets/_ruleset1".into(), Vec::new());
        files.remove("page.html");
    });
    assert_eq!(check.state, ContentState::Modified);
    assert_eq!(check.differences().collect::<Vec<_>>(), [("new.js", "added"), ("page.html", "missing")]);
}

#[test]
fn names_may_differ_in_case_only() {
    let check = after(|files| {
        let page = files.remove("page.html").unwrap();
        files.insert("Page.HTML".into(), page);
    });
    assert_eq!(check.state, ContentState::Verified);
    let check = after(|files| {
        files.insert("Worker.js".into(), b"// another".to_vec());
    });
    assert_eq!(check.added, ["Worker.js"]);
}

#[test]
fn an_unknown_signer_is_no_accusation() {
    let store = after(|_| {});
    assert_eq!(store.state, ContentState::Verified);
    let mut changed = files();
    changed.insert(SIGNED.into(), signed_list(&files(), "otherstore"));
    let check = check_with(&package(&changed), None, &testing::rsa_key());
    assert_eq!((check.state, check.doubt), (ContentState::Unverifiable, Some(Doubt::UnknownSigner)));
    // A list that was rewritten after it was signed looks the same.
    let check = after(|files| {
        edit(files, "worker.js");
        let mut unsigned = files.clone();
        unsigned.remove(SIGNED);
        let forged: Value = serde_json::from_slice(&signed_list(&unsigned, "webstore")).unwrap();
        let mut list: Value = serde_json::from_slice(&files[SIGNED]).unwrap();
        list[1]["signed_content"]["payload"] = forged[1]["signed_content"]["payload"].clone();
        files.insert(SIGNED.into(), serde_json::to_vec(&list).unwrap());
    });
    assert_eq!((check.state, check.doubt), (ContentState::Unverifiable, Some(Doubt::UnknownSigner)));
    // And under the real store's key the list of these tests is one of those.
    let mut changed = files();
    changed.insert(SIGNED.into(), signed_list(&files(), "webstore"));
    assert_eq!(super::check(&package(&changed), None).doubt, Some(Doubt::UnknownSigner));
}

#[test]
fn files_that_were_not_read_whole_leave_a_doubt() {
    let mut changed = files();
    changed.insert(SIGNED.into(), signed_list(&files(), "webstore"));
    let mut package = package(&changed);
    package.files.get_mut("big.js").unwrap().blocks = None;
    let check = check_with(&package, None, &testing::rsa_key());
    assert_eq!((check.state, check.doubt), (ContentState::Unverifiable, Some(Doubt::Unread)));
    assert_eq!(check.unread, ["big.js"]);
}

#[test]
fn the_browsers_own_note_only_adds() {
    let noted = |content: &[u8]| {
        json!({ "version": 2, "file_hashes": [
            { "path": "worker.js", "block_size": 4096, "block_hashes": [STANDARD.encode(sha256(content))] },
            { "path": "gone.js", "block_size": 4096, "block_hashes": [] },
        ]})
    };
    let check = after(|files| {
        files.insert(COMPUTED.into(), noted(b"// worker").to_string().into_bytes());
    });
    assert_eq!((check.state, check.changed_since_noted), (ContentState::Verified, Vec::new()));
    let mut unsigned = files();
    unsigned.insert(COMPUTED.into(), noted(b"// before").to_string().into_bytes());
    let check = check_with(&package(&unsigned), None, &testing::rsa_key());
    assert_eq!((check.state, check.changed_since_noted), (ContentState::Unsigned, vec!["worker.js".to_owned()]));
}

#[test]
fn damaged_lists() {
    let good = String::from_utf8(signed_list(&files(), "webstore")).unwrap();
    for damaged in ["", "{}", "[]", "[3]", &good.replace("treehash per file", "x"), &good[..good.len() / 2]] {
        let check = after(|files| {
            files.insert(SIGNED.into(), damaged.as_bytes().to_vec());
        });
        assert_eq!((check.state, check.doubt), (ContentState::Unverifiable, Some(Doubt::Damaged)), "{damaged:.40}");
    }
    assert_eq!(super::check(&package(&BTreeMap::new()), None).state, ContentState::NotApplicable);
    assert_eq!(super::check(&package(&files()), None).state, ContentState::Unsigned);
}
