//! The fixtures themselves: complete, inert, small, and written in JavaScript that parses.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::pages;

/// The hosts that a fixture may name beside those under `.invalid` and `.example`: services whose users are robbed or helped,
/// as patterns, as places where cookies belong, or as addresses that the user's own session reads.
const SERVICES: &[&str] = &[
    "google.com",
    "googleusercontent.com",
    "live.com",
    "office.com",
    "microsoftonline.com",
    "yahoo.com",
    "aol.com",
    "naver.com",
    "kakao.com",
    "daum.net",
    "linkedin.com",
    "whatsapp.com",
    "telegram.org",
    "facebook.com",
    "myworkday.com",
    "netsuite.com",
    "successfactors.com",
    "w3.org",
];

/// A script longer than this is no longer the smallest thing that shows the point.
const LONGEST_SCRIPT: usize = 60;

/// The list beside the packages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    package: Vec<Expected>,
}

/// One line of the list; `fixtures/packages/README.md` explains the words.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub name: String,
    pub kind: Kind,
    pub of: Option<String>,
    #[serde(default)]
    pub family: Vec<String>,
    #[serde(default)]
    pub flows: Vec<String>,
    #[serde(default)]
    pub states: Vec<String>,
    pub sideloaded: Option<String>,
    pub bare: Option<String>,
    pub bare_at_most: Option<String>,
    pub store_at_most: Option<String>,
    pub why: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Theft,
    Whitewashed,
    Honest,
    Update,
}

fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packages")
}

pub fn list() -> Vec<Expected> {
    let text = fs::read_to_string(packages().join("expected.toml")).unwrap();
    toml::from_str::<List>(&text).unwrap().package
}

/// Every file of a package: its path inside the package, and its text.
pub fn files(package: &str) -> Vec<(String, String)> {
    let folder = packages().join(package);
    let mut files: Vec<_> = walkdir::WalkDir::new(&folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
            (path, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn manifest(package: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(packages().join(package).join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn the_list_names_every_package_once_with_what_its_kind_needs() {
    let list = list();
    let named: BTreeSet<_> = list.iter().map(|expected| expected.name.clone()).collect();
    assert_eq!(named.len(), list.len(), "a package is named twice");
    let present: BTreeSet<_> = fs::read_dir(packages())
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(named, present);

    let verdicts = ["malicious", "suspicious", "review", "ok"];
    for expected in &list {
        let name = &expected.name;
        assert!(!expected.why.is_empty(), "{name} does not say why");
        let least = [&expected.sideloaded, &expected.bare];
        let most = [&expected.bare_at_most, &expected.store_at_most];
        for verdict in least.into_iter().chain(most).flatten() {
            assert!(verdicts.contains(&verdict.as_str()), "{name}: {verdict} is no verdict");
        }
        let bad = least.iter().all(|verdict| verdict.is_some()) && most.iter().all(|verdict| verdict.is_none());
        let good = most.iter().all(|verdict| verdict.is_some()) && least.iter().all(|verdict| verdict.is_none());
        match expected.kind {
            Kind::Theft | Kind::Whitewashed => assert!(bad, "{name} needs sideloaded and bare"),
            Kind::Honest => assert!(good && expected.flows.is_empty(), "{name} needs bare_at_most and store_at_most"),
            Kind::Update => assert!(bad || good, "{name} is neither good nor bad"),
        }
        if bad {
            assert!(!expected.flows.is_empty() || !expected.states.is_empty(), "{name} shows nothing");
        }
        assert_eq!(
            expected.kind == Kind::Whitewashed,
            expected.name.ends_with("-declared") || expected.name.ends_with("-clicked")
        );
    }
}

#[test]
fn a_whitewashed_package_is_expected_like_its_original() {
    let list = list();
    let mut whitewashed = BTreeSet::new();
    for twin in list.iter().filter(|expected| expected.kind == Kind::Whitewashed) {
        let of = twin.of.as_deref().unwrap();
        let original = list.iter().find(|expected| expected.name == of).unwrap();
        assert_eq!((&twin.flows, &twin.family), (&original.flows, &original.family), "{}", twin.name);
        assert_eq!((&twin.sideloaded, &twin.bare), (&original.sideloaded, &original.bare), "{}", twin.name);
        whitewashed.insert(of);
        if !twin.name.ends_with("-declared") {
            continue;
        }
        let scripts =
            |package: &str| files(package).into_iter().filter(|(path, _)| path != "manifest.json").collect::<Vec<_>>();
        assert_eq!(scripts(&twin.name), scripts(of), "{}: only the manifest may differ", twin.name);
        let manifest = manifest(&twin.name);
        let home = manifest.get("homepage_url").and_then(Value::as_str).unwrap();
        assert!(manifest.to_string().contains(&format!("{home}*")), "{}: the home page is no declared host", twin.name);
    }
    assert!(whitewashed.len() >= 12);
}

#[test]
fn every_file_that_a_manifest_or_a_page_names_is_there() {
    let source = Regex::new(r#"(?:src|href)="([^":]+)""#).unwrap();
    for expected in list() {
        let files = files(&expected.name);
        let there = |path: &str| files.iter().any(|(name, _)| name == path);
        let manifest = manifest(&expected.name);
        let mut named = Vec::new();
        for pointer in
            ["/background/service_worker", "/background/page", "/devtools_page", "/options_page", "/action/default_popup"]
        {
            named.extend(manifest.pointer(pointer).and_then(Value::as_str).map(str::to_owned));
        }
        for pointer in
            ["/content_scripts", "/background/scripts", "/declarative_net_request/rule_resources", "/web_accessible_resources"]
        {
            for entry in manifest.pointer(pointer).and_then(Value::as_array).into_iter().flatten() {
                named.extend(entry.as_str().map(str::to_owned));
                named.extend(entry.get("path").and_then(Value::as_str).map(str::to_owned));
                for list in ["js", "resources"] {
                    let scripts = entry.get(list).and_then(Value::as_array).into_iter().flatten();
                    named.extend(scripts.filter_map(Value::as_str).map(str::to_owned));
                }
            }
        }
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
            let folder = path.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
            named.extend(source.captures_iter(text).map(|found| format!("{folder}{}", &found[1])));
        }
        for path in named {
            assert!(there(&path), "{}: {path} is missing", expected.name);
        }
    }
}

#[test]
fn packages_are_inert_and_small() {
    let address = Regex::new(r#"(?:https?|wss?):\\?/\\?/([^/"'`\s\\:;?]*)"#).unwrap();
    for expected in list() {
        for (path, text) in files(&expected.name) {
            for found in address.captures_iter(&text) {
                let host = found[1].trim_start_matches("*.");
                let service = SERVICES.iter().any(|service| host == *service || host.ends_with(&format!(".{service}")));
                let inert = host.ends_with(".invalid")
                    || host.ends_with(".example")
                    || service
                    || ["", "*", "mail", "site"].contains(&host);
                assert!(inert, "{}/{path}: {host} is no host for a fixture", expected.name);
            }
            assert!(text.lines().count() <= LONGEST_SCRIPT, "{}/{path} is too long", expected.name);
        }
    }
}

#[test]
fn every_script_parses() {
    for expected in list() {
        for (path, text) in files(&expected.name).iter().filter(|(path, _)| path.ends_with(".js")) {
            if let Some(wrong) = pages::syntax_error(text) {
                panic!("{}/{path}: {wrong}", expected.name);
            }
        }
    }
}
