//! Parsers of bytes that anyone may have written: whatever they are given, they answer.

use std::collections::BTreeMap;

use crxhound::acquire::{Package, leveldb};
use crxhound::model::mac::{Candidates, PreferenceFiles, ProfileMacs};
use crxhound::model::origin::registered_scripts;
use crxhound::model::{MacState, content, crx};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

/// Any JSON, with the keys that integrity codes are looked for under among its keys.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |number| serde_json::Number::from_f64(number).map(Value::Number)),
        ".{0,8}".prop_map(Value::from),
        "[0-9A-F]{64}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("extensions".to_owned()),
        Just("settings".to_owned()),
        Just("settings_encrypted_hash".to_owned()),
        Just("protection".to_owned()),
        Just("macs".to_owned()),
        Just("super_mac".to_owned()),
        Just("a".repeat(32)),
        ".{0,4}",
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(key.clone(), inner, 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Bytes behind a magic number, or without one.
fn bytes_behind(magic: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    (any::<bool>(), vec(any::<u8>(), 0..400)).prop_map(move |(with, rest)| if with { [magic, &rest].concat() } else { rest })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn package_headers(bytes in bytes_behind(b"Cr24\x03\0\0\0\x20\0\0\0"), old in bytes_behind(b"Cr24\x02\0\0\0\x10\0\0\0\x10\0\0\0")) {
        for bytes in [bytes, old] {
            if let Ok(header) = crx::parse(&bytes) {
                prop_assert!(header.payload <= bytes.len());
                prop_assert!(header.signature != crx::PackageSignature::Valid);
            }
        }
    }

    #[test]
    fn databases(log in vec(any::<u8>(), 0..600), table in vec(any::<u8>(), 0..600)) {
        let footer = [&table[..], &[0; 40], &0xdb47_7524_8b80_fb57_u64.to_le_bytes()].concat();
        leveldb::from_files([("1.log", log.as_slice()), ("2.ldb", table.as_slice()), ("3.ldb", footer.as_slice())]);
    }

    #[test]
    fn codes_without_a_proven_key_accuse_nobody(preferences in json(), secure in json()) {
        let files = PreferenceFiles { preferences: Some(&preferences), secure: Some(&secure) };
        let registry = BTreeMap::from([(format!("extensions.settings.{}", "a".repeat(32)), "00".to_owned())]);
        let macs = ProfileMacs::check(files, &Candidates { seed: Some("google"), device_ids: &[] }, Some(&registry));
        if macs.proven.is_none() {
            prop_assert!(macs.tracked.iter().all(|one| one.codes.mac != MacState::Invalid && !one.codes.foreign));
        }
    }

    #[test]
    fn lists_and_registrations(document in json(), text in ".{0,200}") {
        let document = document.to_string();
        for bytes in [document.as_bytes(), text.as_bytes()] {
            registered_scripts(bytes);
            let names = ["_metadata/verified_contents.json", "_metadata/computed_hashes.json", "a.js"];
            content::check(&Package::from_memory("x", names.map(|name| (name, bytes))), None);
        }
    }
}
