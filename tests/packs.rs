//! Packs of signatures: made, signed, taken over by an installed program; and everything that is refused.

use std::fs;
use std::path::Path;
use std::process::Command;

use crxhound::model::hash::sha256;
use crxhound::rules::pack::{SigningKey, key_text};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use serde_json::{Value, json};

use super::commands::crxhound;
use super::support::material;

/// A rule that every manifest with this name trips.
const RULE: &str = r#"
id = "carries-our-test-name"
title = "Carries the name of our test"
why = "It is the extension that this test has made."
leg = "behaviour"
severity = "high"
confidence = "high"
verdict = "suspicious"
attack = ["T1176.001"]
benign = "Nothing else has the name."
remediation = "None is needed."

[match]
all = [{ fact = "manifest-name", is = "Packed sample" }]

[[case]]
name = "the name"
expect = "hit"
manifest = '{"manifest_version": 3, "name": "Packed sample", "version": "1"}'

[[case]]
name = "another name"
expect = "clean"
manifest = '{"manifest_version": 3, "name": "Another sample", "version": "1"}'
"#;

const LIST: &str = "value,type,family,strength,verified,remediated,source,note\n\
    packed.invalid,domain,SHARPEXT,corroborate,yes,no,this test,\n";

fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = crxhound(home).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A home with a folder of signatures, an extension, and two pairs of keys that exist for this test only.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let at = |path: &str| home.path().join(path);
    for folder in ["rules/behaviour", "rules/indicators", "ext"] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    fs::write(at("rules/behaviour/carries-our-test-name.toml"), RULE).unwrap();
    fs::write(at("rules/indicators/ours.csv"), LIST).unwrap();
    fs::write(at("rules/README.md"), "for people").unwrap();
    fs::write(at("rules/own.yar"), "rule a { condition: false }").unwrap();
    let manifest = json!({"manifest_version": 3, "name": "Packed sample", "version": "1",
        "background": {"service_worker": "a.js"}});
    fs::write(at("ext/manifest.json"), manifest.to_string()).unwrap();
    fs::write(at("ext/a.js"), "fetch('https://packed.invalid/x');").unwrap();
    for name in ["ours", "other"] {
        let key = SigningKey::from_bytes(&sha256(format!("{name} {}", home.path().display()).as_bytes()));
        fs::write(at(&format!("{name}.pem")), key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
        fs::write(at(&format!("{name}.pub")), key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()).unwrap();
        fs::write(at(&format!("{name}.txt")), key_text(&key.verifying_key())).unwrap();
    }
    home
}

/// Makes `p.crxpack`, of a day that is later than any built-in signatures.
fn pack(home: &Path, date: &str) {
    let (code, _, err) = run(home, &["signatures", "pack", "rules", "--key", "ours.pem", "-o", "p.crxpack", "--date", date]);
    assert_eq!(code, 0, "{err}");
}

const DATE: &str = "2099-01-02";

fn inspected(home: &Path, more: &[&str]) -> Value {
    let output = crxhound(home).args(["inspect", "ext", "--format", "json", "--fail-on", "never"]).args(more).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn rules_of(report: &Value) -> Vec<&str> {
    let findings = report["extensions"][0]["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn a_pack_brings_rules_indicators_and_its_day() {
    let home = home();
    let (code, out, err) =
        run(home.path(), &["signatures", "pack", "rules", "--key", "ours.pem", "-o", "p.crxpack", "--date", DATE]);
    assert_eq!(code, 0, "{err}");
    let public = fs::read_to_string(home.path().join("ours.txt")).unwrap();
    assert!(out.contains("2 files of 2099-01-02") && out.contains(&public), "{out}");
    assert!(err.contains("left out") && err.contains("own.yar"), "{err}");

    let without = inspected(home.path(), &[]);
    assert!(!rules_of(&without).contains(&"carries-our-test-name") && !rules_of(&without).contains(&"contacts-listed-host"));
    for trusted in ["ours.pub", "ours.txt", &public] {
        let report = inspected(home.path(), &["--signatures", "p.crxpack", "--trust-key", "other.pub", "--trust-key", trusted]);
        let rules = rules_of(&report);
        assert!(rules.contains(&"carries-our-test-name") && rules.contains(&"contacts-listed-host"), "{rules:?}");
        // Listed by whoever is trusted to, not by a feed.
        assert_eq!(report["extensions"][0]["families"], json!(["SHARPEXT"]));
        assert_eq!(report["tool"]["signatures_date"], DATE);
        assert_ne!(report["tool"]["signatures"], without["tool"]["signatures"]);
    }
    let (code, out, err) = run(home.path(), &["signatures", "verify", "p.crxpack", "--trust-key", "ours.pub"]);
    assert!(code == 0 && out.contains("2 files of 2099-01-02, signed with a trusted key"), "{out}{err}");
    let (code, out, _) =
        run(home.path(), &["explain", "carries-our-test-name", "--signatures", "p.crxpack", "--trust-key", "ours.pub"]);
    assert!(code == 0 && out.contains("p.crxpack/behaviour/carries-our-test-name.toml"), "{out}");
}

#[test]
fn a_newer_form_of_a_built_in_rule_takes_its_place() {
    let home = home();
    let rules = crxhound::builtin::signatures();
    let (path, text) = rules.into_iter().find(|(path, _)| path.starts_with("behaviour/") && path.ends_with(".toml")).unwrap();
    let title = text.lines().find(|line| line.starts_with("title = ")).unwrap();
    let newer = text.replacen(title, "title = \"A newer title\"", 1);
    fs::create_dir_all(home.path().join("rules").join(path).parent().unwrap()).unwrap();
    fs::write(home.path().join("rules").join(path), newer).unwrap();
    pack(home.path(), DATE);
    let id = Path::new(path).file_stem().unwrap().to_str().unwrap();
    let (code, out, err) = run(home.path(), &["explain", id, "--signatures", "p.crxpack", "--trust-key", "ours.pub"]);
    assert!(code == 0 && out.contains("A newer title"), "{out}{err}");
    // A folder stands beside the built-in rules: two of one name are a mistake there.
    let (code, _, err) = run(home.path(), &["explain", id, "--signatures", "rules"]);
    assert!(code == 2 && err.contains("is taken"), "{err}");
}

#[test]
fn what_cannot_be_trusted_is_refused_with_the_way_out() {
    let home = home();
    pack(home.path(), DATE);
    let whole = fs::read(home.path().join("p.crxpack")).unwrap();
    let mut changed = whole.clone();
    // The last file's content lies before the list of files at the end.
    let at = memchr::memmem::rfind(&whole, b"indicators/ours.csvvalue").map_or(whole.len() / 2, |at| at + 30);
    changed[at] ^= 1;
    fs::write(home.path().join("changed.crxpack"), changed).unwrap();
    let mut unsigned = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    unsigned.start_file("pack.json", zip::write::SimpleFileOptions::default()).unwrap();
    fs::write(home.path().join("unsigned.crxpack"), unsigned.finish().unwrap().into_inner()).unwrap();
    pack(home.path(), "2001-01-01");
    fs::rename(home.path().join("p.crxpack"), home.path().join("old.crxpack")).unwrap();
    fs::write(home.path().join("p.crxpack"), whole).unwrap();

    let refusals: &[(&[&str], &str)] = &[
        (&["p.crxpack"], "--trust-key names the public key"),
        (&["p.crxpack", "--trust-key", "other.pub"], "no trusted key has signed it"),
        (&["p.crxpack", "--trust-key", "ours.pem"], "holds no public Ed25519 key"),
        (&["p.crxpack", "--trust-key", "nowhere"], "neither a key in base64 nor a file"),
        (&["p.crxpack", "--trust-key", "ours.pub", "--signatures-since", "2099-01-03"], "those of 2099-01-03 or later"),
        (&["p.crxpack", "--trust-key", "ours.pub", "--signatures-since", "soon"], "is no day"),
        (&["old.crxpack", "--trust-key", "ours.pub"], "its signatures are of 2001-01-01"),
        // Also where an older day is asked for.
        (&["old.crxpack", "--trust-key", "ours.pub", "--signatures-since", "1999-01-01"], "its signatures are of 2001-01-01"),
        (&["unsigned.crxpack", "--trust-key", "ours.pub"], "is not signed"),
        (&["changed.crxpack", "--trust-key", "ours.pub"], "changed.crxpack: "),
    ];
    for (arguments, said) in refusals {
        for command in [&["inspect", "ext", "--signatures"][..], &["signatures", "verify"]] {
            let (code, out, err) = run(home.path(), &[command, arguments].concat());
            assert!(code == 2 && out.is_empty() && err.contains(said), "{command:?} {arguments:?}: {err}");
        }
    }
}

#[test]
fn what_is_wrong_is_not_packed() {
    let home = home();
    let pack = |folder: &str, key: &str| run(home.path(), &["signatures", "pack", folder, "--key", key, "-o", "p.crxpack"]);
    for (folder, key, said) in [
        ("rules", "ours.pub", "holds no private Ed25519 key"),
        ("rules", "missing.pem", "missing.pem"),
        ("ours.pem", "ours.pem", "is no folder"),
        ("ext", "ours.pem", "no rules found"),
    ] {
        let (code, _, err) = pack(folder, key);
        assert!(code == 2 && err.contains(said), "{err}");
    }
    fs::write(home.path().join("rules/indicators/ours.csv"), format!("{LIST}packed.invalid,dommain,X,alone,yes,no,a,\n"))
        .unwrap();
    let (code, _, err) = pack("rules", "ours.pem");
    assert!(code == 2 && err.contains("ours.csv: has rows that are no indicators"), "{err}");
    fs::write(home.path().join("rules/indicators/ours.csv"), LIST).unwrap();
    fs::write(home.path().join("rules/behaviour/carries-our-test-name.toml"), RULE.replace("behaviour", "behavior")).unwrap();
    let (code, _, err) = pack("rules", "ours.pem");
    assert!(code == 2 && err.contains("behavior"), "{err}");
    assert!(!home.path().join("p.crxpack").exists());
}

#[test]
fn keys_and_signatures_are_those_of_openssl() {
    if Command::new("openssl").arg("version").output().is_err() {
        return material::skip("openssl is not here");
    }
    let home = home();
    let openssl = |line: &str| {
        let output = Command::new("openssl").current_dir(home.path()).args(line.split(' ')).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    openssl("genpkey -algorithm ed25519 -out ours.pem");
    openssl("pkey -in ours.pem -pubout -out ours.pub");
    pack(home.path(), DATE);
    assert_eq!(run(home.path(), &["signatures", "verify", "p.crxpack", "--trust-key", "ours.pub"]).0, 0);
    let mut archive = zip::ZipArchive::new(fs::File::open(home.path().join("p.crxpack")).unwrap()).unwrap();
    for name in ["pack.json", "pack.sig"] {
        let mut file = fs::File::create(home.path().join(name)).unwrap();
        std::io::copy(&mut archive.by_name(name).unwrap(), &mut file).unwrap();
    }
    openssl("pkeyutl -verify -rawin -in pack.json -sigfile pack.sig -pubin -inkey ours.pub");
}
