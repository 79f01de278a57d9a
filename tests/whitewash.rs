//! Every theft under `fixtures/packages/` again, whitewashed by the test: what an extension says of itself, and a click that
//! is wrapped around its code, change no verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use crate::corpus::{self, THEFTS_MET};
use crate::fixtures::{self, Kind};
use crate::forms::Files;

/// Where the thefts of a package end, as far as a manifest can declare it: the hosts in the words of its flows and states.
fn collectors(expected: &fixtures::Expected) -> BTreeSet<String> {
    let words = expected.flows.iter().chain(&expected.states);
    words
        .flat_map(|words| words.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-')))
        .filter(|word| word.ends_with(".invalid"))
        .map(str::to_owned)
        .collect()
}

/// The package with its collectors as homepage and declared hosts.
fn declared(files: &Files, collectors: &BTreeSet<String>) -> Files {
    let mut files = files.clone();
    let mut manifest: Value = serde_json::from_str(&files["manifest.json"]).unwrap();
    let hosts = if manifest["manifest_version"] == 2 { "permissions" } else { "host_permissions" };
    if let Some(first) = collectors.first() {
        manifest["homepage_url"] = json!(format!("https://{first}/"));
    }
    let list = manifest.as_object_mut().unwrap().entry(hosts).or_insert_with(|| json!([]));
    list.as_array_mut().unwrap().extend(collectors.iter().map(|host| json!(format!("https://{host}/*"))));
    files.insert("manifest.json".to_owned(), manifest.to_string());
    files
}

/// The package with a click anywhere on the page around each content script. What the browser starts by itself, or another
/// script's message, no click of a page can stand around.
fn clicked(files: &Files) -> Option<Files> {
    let manifest: Value = serde_json::from_str(&files["manifest.json"]).unwrap();
    let scripts = manifest["content_scripts"].as_array().into_iter().flatten();
    let scripts: BTreeSet<&str> =
        scripts.filter_map(|entry| entry["js"].as_array()).flatten().filter_map(Value::as_str).collect();
    let mut twin = files.clone();
    for script in &scripts {
        let text = twin.get_mut(*script)?;
        *text = format!("document.addEventListener(\"click\", () => {{\n{text}\n}});\n");
    }
    (!scripts.is_empty()).then_some(twin)
}

#[test]
fn no_theft_is_washed_clean_by_what_it_declares_or_by_a_click_around_it() {
    let engine = corpus::engine();
    let mut log = String::new();
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    for expected in fixtures::list().iter().filter(|expected| expected.kind == Kind::Theft) {
        let files: Files = fixtures::files(&expected.name).into_iter().collect();
        let collectors = collectors(expected);
        let mut twins = vec![("as it is", Some(files.clone()))];
        twins.push(("declared", (!collectors.is_empty()).then(|| declared(&files, &collectors))));
        twins.push(("clicked", clicked(&files)));
        twins.push(("declared and clicked", clicked(&declared(&files, &collectors))));
        for (met, how) in THEFTS_MET {
            let mut original = None;
            for (twin, files) in &twins {
                let Some(files) = files else { continue };
                let (_, judgement) = corpus::judged(&engine, &expected.name, files, met);
                let original = *original.get_or_insert(judgement.verdict);
                if judgement.verdict != original {
                    writeln!(
                        log,
                        "{}, {how}, {twin}: {} instead of {}",
                        expected.name,
                        judgement.verdict.as_str(),
                        original.as_str()
                    )
                    .unwrap();
                }
                *tried.entry(twin).or_default() += 1;
            }
        }
    }
    assert!(log.is_empty(), "{log}");
    assert!(tried["declared"] >= 80 && tried["clicked"] >= 40, "{tried:?}");
}
