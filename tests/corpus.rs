//! The packages under `fixtures/packages/`, judged: side-loaded, as bare packages and as store copies, in every form that code
//! is shipped in.

use std::collections::BTreeMap;
use std::fmt::Write;

use crxhound::engine::{Cases, Config, Engine};
use crxhound::extract::FactSet;
use crxhound::finding::{Evidence, Verdict};
use crxhound::judge::{self, Context, Judgement};
use crxhound::model::{ExtensionId, manifest};
use crxhound::rules::rule::{CaseInstall, Expect};
use crxhound::rules::{Case, CaseRunner, Scope};

use crate::fixtures::{self, Expected, Kind};
use crate::flows;
use crate::forms::{self, Files};

/// How a package is met.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// In a profile, unpacked, from a folder below `AppData\Roaming`.
    Sideloaded,
    /// By itself.
    Bare,
    /// In a profile, from the store, content verified.
    Store,
}

/// The ways in which thefts are met, and their names.
pub const THEFTS_MET: [(Met, &str); 2] = [(Met::Sideloaded, "side-loaded"), (Met::Bare, "bare")];

/// An engine with the built-in rules and the sealed worker of the program that is tested.
pub fn engine() -> Engine {
    let config = Config { worker_program: Some(env!("CARGO_BIN_EXE_crxhound").into()), ..Config::builtin().unwrap() };
    Engine::new(config).unwrap()
}

/// What an engine makes of a package.
pub fn judged(engine: &Engine, name: &str, files: &Files, met: Met) -> (FactSet, Judgement) {
    let (manifest, _) = manifest::parse(files["manifest.json"].as_bytes()).unwrap();
    let entry = |location: &str, path: String| CaseInstall {
        location: location.to_owned(),
        path: Some(path),
        granted: manifest.permissions.clone(),
        granted_hosts: manifest.host_permissions.clone(),
        ..CaseInstall::default()
    };
    // Where the manifest has a key, the store's folder is named by it.
    let id = manifest.key.as_deref().and_then(ExtensionId::from_manifest_key).map(|id| id.to_string());
    let id = id.unwrap_or_else(|| "aaaabbbbccccddddeeeeffffgggghhhh".to_owned());
    let install = match met {
        Met::Bare => None,
        Met::Sideloaded => Some(entry("unpacked", format!(r"C:\Users\person\AppData\Roaming\{name}"))),
        Met::Store => Some(CaseInstall {
            from_webstore: true,
            update_url: Some("https://clients2.google.com/service/update2/crx".to_owned()),
            content: Some("verified".to_owned()),
            ..entry("internal", format!(r"{id}\1.0_0"))
        }),
    };
    let case = Case {
        name: name.to_owned(),
        expect: Expect::Hit,
        facts: Vec::new(),
        manifest: Some(files["manifest.json"].clone()),
        files: files
            .iter()
            .filter(|(path, _)| *path != "manifest.json")
            .map(|(path, text)| (path.clone(), text.clone()))
            .collect(),
        package: None,
        install,
        line: 0,
    };
    let facts = Cases::new(engine, None).facts(&case).unwrap();
    let findings = engine.rules().findings(&facts, Scope::Extension, &|_| Evidence::default());
    let context = Context { store_verified: met == Met::Store, ..Context::default() };
    let judgement = judge::judge(&findings, context);
    (facts, judgement)
}

/// The flows that the facts state, in the words of the pages.
fn stated_flows(facts: &FactSet) -> Vec<String> {
    let field = |fact: &crxhound::extract::Fact, name| fact.field(name).unwrap_or_default().to_owned();
    let flows = facts.iter().filter(|fact| fact.kind.name == "flow");
    flows
        .map(|fact| flows::words(&fact.value, &field(fact, "sink"), &field(fact, "destination"), &field(fact, "found")))
        .collect()
}

/// Whether the facts state something in the words of `states`: `remote-code: eval(network)`, `dead-drop: host`,
/// `contact: host (decoded)`.
fn is_stated(facts: &FactSet, words: &str) -> bool {
    let (kind, value) = words.split_once(": ").unwrap();
    let (value, decoded) = value.strip_suffix(" (decoded)").map_or((value, false), |value| (value, true));
    let (value, origin) =
        value.strip_suffix(')').and_then(|value| value.split_once('(')).map_or((value, None), |(v, o)| (v, Some(o)));
    facts.iter().any(|fact| {
        fact.kind.name == kind
            && fact.value.eq_ignore_ascii_case(value)
            && origin.is_none_or(|origin| fact.field("origin") == Some(origin))
            && (!decoded || fact.via == crxhound::extract::Via::Decoded)
    })
}

fn verdict(word: &str) -> Verdict {
    let all = [Verdict::Ok, Verdict::Review, Verdict::Suspicious, Verdict::Malicious];
    all.into_iter().find(|verdict| verdict.as_str() == word).unwrap()
}

/// What is wrong with one package in one form. `verdicts` are those of the packages before it, by name and how it was met: a
/// whitewashed one comes after its original and must fare no better.
fn wrong(
    engine: &Engine,
    expected: &Expected,
    files: &Files,
    verdicts: &mut BTreeMap<(String, &'static str), Verdict>,
) -> Vec<String> {
    let name = &expected.name;
    let mut wrong = Vec::new();
    let least = [(Met::Sideloaded, "side-loaded", &expected.sideloaded), (Met::Bare, "bare", &expected.bare)];
    for (met, how, least) in least {
        let Some(least) = least else { continue };
        let (facts, judgement) = judged(engine, name, files, met);
        if judgement.verdict < verdict(least) {
            wrong.push(format!("{how}: {} instead of {least}", judgement.verdict.as_str()));
        }
        let original = expected.of.as_ref().and_then(|of| verdicts.get(&(of.clone(), how)));
        if let Some(original) =
            original.filter(|original| expected.kind == Kind::Whitewashed && judgement.verdict != **original)
        {
            wrong.push(format!("{how}: {}, and {} before it was whitewashed", judgement.verdict.as_str(), original.as_str()));
        }
        verdicts.insert((name.clone(), how), judgement.verdict);
        if met == Met::Sideloaded {
            let found = stated_flows(&facts);
            let lost = expected.flows.iter().filter(|flow| !found.iter().any(|found| flows::is(flow, found)));
            wrong.extend(lost.map(|flow| format!("no {flow}")));
            wrong.extend(expected.states.iter().filter(|words| !is_stated(&facts, words)).map(|words| format!("no {words}")));
            if !expected.family.is_empty() && !expected.family.iter().any(|family| judgement.families.contains(family)) {
                wrong.push(format!("families {:?} instead of {:?}", judgement.families, expected.family));
            }
        }
    }
    let most = [(Met::Bare, "bare", &expected.bare_at_most), (Met::Store, "store copy", &expected.store_at_most)];
    for (met, how, most) in most {
        let Some(most) = most else { continue };
        let (_, judgement) = judged(engine, name, files, met);
        if judgement.verdict > verdict(most) {
            wrong.push(format!("{how}: {} instead of {most}: {:?}", judgement.verdict.as_str(), judgement.reasons));
        }
    }
    wrong
}

/// Packages that are not yet found to be what they are, as they stand. One that is put right is taken off this list.
const OPEN: &[&str] = &[];

#[test]
fn every_package_is_found_to_be_what_it_is() {
    let engine = engine();
    let mut verdicts = BTreeMap::new();
    let mut log = String::new();
    for expected in fixtures::list() {
        let files = fixtures::files(&expected.name).into_iter().collect();
        let wrong = wrong(&engine, &expected, &files, &mut verdicts);
        let open = OPEN.contains(&expected.name.as_str());
        if open && wrong.is_empty() {
            writeln!(log, "{} is right now", expected.name).unwrap();
        } else if !open && !wrong.is_empty() {
            writeln!(log, "{}: {}", expected.name, wrong.join("; ")).unwrap();
        }
    }
    assert!(log.is_empty(), "{log}");
}

#[test]
#[ignore = "takes minutes: run by hand, it prints the table of the fixtures' README"]
fn every_package_is_found_in_the_forms_that_code_is_shipped_in() {
    let engine = engine();
    let list = fixtures::list();
    let plain: Vec<Files> = list.iter().map(|expected| fixtures::files(&expected.name).into_iter().collect()).collect();
    let mut table = String::from("| form | thefts | whitewashed | honest | updates |\n| --- | --- | --- | --- | --- |\n");
    let mut log = String::new();
    let mut short = Vec::new();
    for form in forms::forms() {
        let Some(made) = forms::make(form, &plain) else { break };
        let mut right: BTreeMap<Kind, (usize, usize)> = BTreeMap::new();
        let mut verdicts = BTreeMap::new();
        for (expected, files) in list.iter().zip(&made) {
            // Whoever hides the addresses of an honest extension gets it looked at, in a store copy too.
            let mut expected = expected.clone();
            if matches!(form, "encoded" | "rc4" | "high") && expected.store_at_most.as_deref() == Some("ok") {
                expected.store_at_most = Some("review".to_owned());
            }
            let expected = &expected;
            let wrong = wrong(&engine, expected, files, &mut verdicts);
            let (good, all) = right.entry(expected.kind).or_default();
            *good += usize::from(wrong.is_empty());
            *all += 1;
            if !wrong.is_empty() {
                writeln!(log, "{form}, {}: {}", expected.name, wrong.join("; ")).unwrap();
            }
        }
        let least = match form {
            "obfuscated" | "encoded" => 95,
            "rc4" | "high" => 0,
            _ => 100,
        };
        write!(table, "| {form}").unwrap();
        for (kind, (good, all)) in right {
            write!(table, " | {good} of {all}").unwrap();
            if good * 100 < all * least {
                short.push(format!("{form}: {good} of {all} {kind:?}"));
            }
        }
        table.push_str(" |\n");
    }
    eprintln!("{table}");
    assert!(short.is_empty(), "{table}\n{log}\ntoo few: {short:#?}");
}
