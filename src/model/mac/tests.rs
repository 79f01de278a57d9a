//! Profiles made up here, with an invented seed position and an invented SID; real ones are in the integration tests.

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::codes::testing;
use super::*;

const SID: &str = "S-1-5-21-1111111111-2222222222-3333333333";
const ONE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TWO: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn seed(name: &str) -> &'static Seed {
    SEEDS.iter().find(|seed| seed.name == name).unwrap()
}

fn id(text: &str) -> ExtensionId {
    ExtensionId::parse(text).unwrap()
}

/// `Secure Preferences` with two entries and a home page, and codes that fit.
fn secure(seed: &Seed, device: &str) -> Value {
    let mut tree = json!({
        "homepage": "https://example.com/",
        "extensions": { "settings": {
            ONE: { "location": 1, "path": "x", "empty": {}, "lists": [[], {}] },
            TWO: { "location": 4, "path": "C:\\Users\\x\\AppData\\Roaming\\AF" },
        }},
        "protection": { "macs": { "extensions": { "settings": {} } } },
    });
    for path in [format!("extensions.settings.{ONE}"), format!("extensions.settings.{TWO}")] {
        let pointer = format!("/{}", path.replace('.', "/"));
        let text = canonical::text(tree.pointer(&pointer).unwrap()).unwrap();
        tree["protection"]["macs"]["extensions"]["settings"][path.rsplit('.').next().unwrap()] =
            testing::mac(seed, device, &path, &text).into();
    }
    tree["protection"]["macs"]["homepage"] = testing::mac(seed, device, "homepage", "\"https://example.com/\"").into();
    restamp(&mut tree, seed, device);
    tree
}

fn restamp(tree: &mut Value, seed: &Seed, device: &str) {
    let all = canonical::text(&tree["protection"]["macs"]).unwrap();
    tree["protection"]["super_mac"] = testing::mac(seed, device, "", &all).into();
}

fn check(secure: &Value, expected: &str, devices: &[&str]) -> ProfileMacs {
    let device_ids: Vec<_> = devices.iter().map(|&device| device.to_owned()).collect();
    let files = PreferenceFiles { preferences: None, secure: Some(secure) };
    ProfileMacs::check(files, &Candidates { seed: Some(expected), device_ids: &device_ids }, None)
}

fn mac(macs: &ProfileMacs, extension: &str) -> MacState {
    macs.extension(&id(extension)).mac
}

#[test]
fn a_windows_profile_whose_device_is_among_the_candidates() {
    let macs = check(&secure(seed("google"), SID), "google", &["S-1-5-21-9-9-9", SID]);
    assert_eq!(macs.proven, Some(Proven { seed: "google", expected: true, device_id: SID.into() }));
    assert_eq!((mac(&macs, ONE), mac(&macs, TWO), macs.super_mac), (MacState::Valid, MacState::Valid, MacState::Valid));
    assert_eq!(macs.extension(&id(ONE)).encrypted, MacState::NotApplicable);
    assert_eq!(macs.broken().count() + macs.codes_without_entry().count(), 0);
    assert_eq!(macs.tried, "seeds google, empty (google expected); no device id and 2 of this machine");
}

#[test]
fn an_unknown_device_is_no_tampering() {
    let macs = check(&secure(seed("google"), SID), "google", &["S-1-5-21-9-9-9"]);
    assert_eq!(macs.proven, None);
    assert_eq!((mac(&macs, ONE), macs.super_mac), (MacState::Unverifiable, MacState::Unverifiable));
    assert_eq!(macs.broken().count(), 0);
}

#[test]
fn the_other_seed_is_tried_and_said() {
    let macs = check(&secure(seed("empty"), SID), "google", &[SID]);
    assert_eq!(macs.proven, Some(Proven { seed: "empty", expected: false, device_id: SID.into() }));
    assert_eq!(mac(&macs, ONE), MacState::Valid);
}

#[test]
fn one_edited_entry_breaks_only_itself() {
    let mut tree = secure(seed("google"), SID);
    tree["extensions"]["settings"][TWO]["location"] = 1.into();
    let macs = check(&tree, "google", &[SID]);
    assert_eq!((mac(&macs, ONE), mac(&macs, TWO), macs.super_mac), (MacState::Valid, MacState::Invalid, MacState::Valid));
    assert!(!macs.extension(&id(TWO)).foreign);
    // Adding what is empty is not seen by the browser either.
    let mut tree = secure(seed("google"), SID);
    tree["extensions"]["settings"][TWO]["more"] = json!([]);
    assert_eq!(mac(&check(&tree, "google", &[SID]), TWO), MacState::Valid);
}

#[test]
fn an_entry_stamped_elsewhere() {
    let mut tree = secure(seed("google"), SID);
    let other = secure(seed("empty"), "");
    tree["protection"]["macs"]["extensions"]["settings"][TWO] =
        other["protection"]["macs"]["extensions"]["settings"][TWO].clone();
    restamp(&mut tree, seed("google"), SID);
    let codes = check(&tree, "google", &[SID]).extension(&id(TWO));
    assert_eq!((codes.mac, codes.foreign), (MacState::Invalid, true));
}

#[test]
fn missing_codes() {
    let mut tree = secure(seed("google"), SID);
    tree["protection"]["macs"]["extensions"]["settings"].as_object_mut().unwrap().remove(TWO);
    let macs = check(&tree, "google", &[SID]);
    assert_eq!((mac(&macs, ONE), mac(&macs, TWO), macs.super_mac), (MacState::Valid, MacState::Missing, MacState::Invalid));
    tree["protection"].as_object_mut().unwrap().remove("super_mac");
    assert_eq!(check(&tree, "google", &[SID]).super_mac, MacState::Missing);
    tree.as_object_mut().unwrap().remove("protection");
    let macs = check(&tree, "google", &[SID]);
    assert_eq!((mac(&macs, ONE), macs.super_mac), (MacState::Missing, MacState::NotApplicable));
    assert_eq!(mac(&macs, &"c".repeat(32)), MacState::NotApplicable);
}

#[test]
fn an_entry_taken_away_leaves_its_code() {
    let mut tree = secure(seed("google"), SID);
    tree["extensions"]["settings"].as_object_mut().unwrap().remove(TWO);
    let macs = check(&tree, "google", &[SID]);
    assert_eq!(macs.codes_without_entry().collect::<Vec<_>>(), [TWO]);
    assert_eq!(mac(&macs, TWO), MacState::NotApplicable);
}

#[test]
fn a_first_code_without_the_second_that_neighbours_have() {
    let mut tree = secure(seed("empty"), "");
    let path = format!("extensions.settings.{ONE}");
    let text = canonical::text(&tree["extensions"]["settings"][ONE]).unwrap();
    tree["protection"]["macs"]["extensions"]["settings_encrypted_hash"] =
        json!({ ONE: testing::seal(seed("empty"), &path, &text) });
    restamp(&mut tree, seed("empty"), "");
    let macs = check(&tree, "empty", &[]);
    let (one, two) = (macs.extension(&id(ONE)), macs.extension(&id(TWO)));
    assert_eq!((one.mac, one.encrypted, one.without_sealed), (MacState::Valid, MacState::Valid, None));
    assert_eq!((two.mac, two.encrypted), (MacState::Valid, MacState::Missing));
    assert_eq!(two.without_sealed, Some(WithoutSealed::NeighboursHaveOne));

    // Both codes are judged for themselves.
    tree["extensions"]["settings"][ONE]["location"] = 4.into();
    let one = check(&tree, "empty", &[]).extension(&id(ONE));
    assert_eq!((one.mac, one.encrypted), (MacState::Invalid, MacState::Invalid));
}

#[test]
fn no_second_code_at_all_after_a_browser_that_writes_them() {
    let mut tree = secure(seed("google"), SID);
    tree["extensions"]["last_chrome_version"] = "150.0.1.2".into();
    let codes = check(&tree, "google", &[SID]).extension(&id(TWO));
    assert_eq!(codes.without_sealed, Some(WithoutSealed::BrowserWritesThem));
    tree["extensions"]["last_chrome_version"] = "80.0.1.2".into();
    assert_eq!(check(&tree, "google", &[SID]).extension(&id(TWO)).without_sealed, None);
}

#[test]
fn second_codes_of_windows_cannot_be_judged() {
    use base64::Engine as _;
    let mut tree = secure(seed("google"), SID);
    let blob = base64::engine::general_purpose::STANDARD.encode([&b"v10"[..], &[1; 60]].concat());
    tree["protection"]["macs"]["extensions"]["settings_encrypted_hash"] = json!({ ONE: blob, TWO: "planted" });
    let macs = check(&tree, "google", &[SID]);
    assert_eq!(macs.extension(&id(ONE)).encrypted, MacState::Unverifiable);
    assert_eq!(macs.extension(&id(TWO)).encrypted, MacState::Invalid);
}

#[test]
fn the_copy_in_the_registry() {
    let tree = secure(seed("google"), SID);
    let path = format!("extensions.settings.{ONE}");
    let text = canonical::text(&tree["extensions"]["settings"][ONE]).unwrap();
    let registry = BTreeMap::from([
        (path.clone(), testing::mac(&REGISTRY_SEED, SID, &path, &text)),
        ("homepage".to_owned(), "0".repeat(64)),
    ]);
    let devices = [SID.to_owned()];
    let candidates = Candidates { seed: Some("google"), device_ids: &devices };
    let files = PreferenceFiles { preferences: None, secure: Some(&tree) };
    let macs = ProfileMacs::check(files, &candidates, Some(&registry));
    assert_eq!(macs.extension(&id(ONE)).registry, MacState::Valid);
    assert_eq!(macs.extension(&id(TWO)).registry, MacState::Missing);
    assert_eq!(macs.preference("homepage").unwrap().codes.registry, MacState::Invalid);
}

#[test]
fn trees_of_any_shape_are_taken() {
    for text in [
        "null",
        "[]",
        r#"{"protection":3}"#,
        r#"{"protection":{"macs":[],"super_mac":7,"super_encrypted_hash":{}}}"#,
        r#"{"protection":{"macs":{"a":3,"_encrypted_hash":"x","b":{"c":null}},"super_mac":""},"extensions":{"settings":[1]}}"#,
        r#"{"extensions":{"settings":{"x":1},"opsettings":{"y":{}}}}"#,
    ] {
        let tree: Value = serde_json::from_str(text).unwrap();
        let macs = check(&tree, "empty", &[]);
        assert_eq!(macs.proven, None, "{text}");
    }
    let mut deep = json!("x");
    for _ in 0..100 {
        deep = json!({ "a_encrypted_hash": deep });
    }
    check(&json!({ "protection": { "macs": deep } }), "empty", &[]);
}
