//! What is passed on to others: STIX and MISP, read by the libraries of those who made them, and by ourselves.

use std::path::{Path, PathBuf};

use crxhound::extract::indicators::IndicatorType;
use crxhound::finding::Verdict;
use crxhound::report::tlp::Tlp;
use crxhound::report::{Format, Report, View, read};
use crxhound::rules::feed;
use serde_json::Value;

use crate::support::python;

const FORMS: [Format; 2] = [Format::Stix, Format::Misp];

fn sample(name: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports").join(name).with_extension("json");
    read::reports(&std::fs::read(path).unwrap()).unwrap().remove(0)
}

fn samples() -> [(&'static str, Report); 3] {
    [("institute", sample("institute")), ("hostile", sample("hostile")), ("nothing", Report::default().finish())]
}

fn written(report: &Report, format: Format, tlp: Option<Tlp>) -> Vec<u8> {
    let mut out = Vec::new();
    let render = format.form().render.unwrap();
    render.render(report, &View { tlp, ..View::default() }, &mut out).unwrap();
    out
}

fn document(report: &Report, format: Format) -> Value {
    serde_json::from_slice(&written(report, format, None)).unwrap()
}

/// Each sample in a form, as files.
fn files(format: Format, folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for tlp in [None, Some(Tlp::AmberStrict)] {
        for (name, report) in samples() {
            let path = folder.join(format!("{name}-{}.json", tlp.map_or("unmarked", Tlp::as_str)));
            std::fs::write(&path, written(&report, format, tlp)).unwrap();
            files.push(path);
        }
    }
    files
}

#[test]
fn the_validator_and_the_library_of_stix_accept_our_bundles() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(Format::Stix, folder.path());
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let Some(said) = python::oracle("check_stix.py", &files) else { return };
    assert_eq!(said.lines().count(), files.len());
}

#[test]
fn the_library_of_misp_accepts_our_events() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(Format::Misp, folder.path());
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let Some(said) = python::oracle("check_misp.py", &files) else { return };
    insta::assert_snapshot!("misp_alarms", said);
}

#[test]
fn a_bundle_and_an_event_in_full() {
    let mut report = sample("institute");
    report.extensions.retain(|extension| extension.families == ["SHARPEXT"]);
    report.browsers.clear();
    let report = report.finish();
    for format in FORMS {
        let text = String::from_utf8(written(&report, format, Some(Tlp::Green))).unwrap();
        insta::assert_snapshot!(format!("one_extension_{}", format.form().name), text);
    }
}

#[test]
fn what_we_pass_on_comes_back_as_a_feed() {
    let report = sample("institute");
    for format in FORMS {
        let (found, problems) = feed::parse("ours.json", &written(&report, format, None));
        assert!(problems.is_empty(), "{problems:?}");
        let has = |kind| found.iter().any(|indicator| indicator.kind == kind);
        assert!(has(IndicatorType::ExtensionId) && has(IndicatorType::Sha256) && has(IndicatorType::Domain), "{found:?}");
    }
}

#[test]
fn nobody_is_named_and_nothing_harmless_is_accused() {
    let report = sample("institute");
    let honest: Vec<_> = report.extensions.iter().filter(|extension| extension.verdict < Verdict::Review).collect();
    assert!(!honest.is_empty());
    for format in FORMS {
        let text = String::from_utf8(written(&report, format, None)).unwrap();
        for name in ["weber", "ws-0417", "institute.example", "\"Work\"", "\"Library\""] {
            assert!(!text.contains(name), "{format:?} names {name}");
        }
        for extension in &honest {
            assert!(!text.contains(extension.id.as_str()), "{format:?} holds {}", extension.name);
        }
    }
}

#[test]
fn the_same_thing_has_the_same_id_in_every_report() {
    let first = sample("institute");
    let mut second = first.clone();
    second.scan_id = "another".to_owned();
    second.host.id = "elsewhere".to_owned();
    second.started_at = "2026-06-01T00:00:00Z".to_owned();
    let ids = |report: &Report, kinds: &[&str]| -> Vec<String> {
        let bundle = document(report, Format::Stix);
        let objects = bundle["objects"].as_array().unwrap();
        let wanted = objects.iter().filter(|object| kinds.contains(&object["type"].as_str().unwrap()));
        wanted.map(|object| object["id"].as_str().unwrap().to_owned()).collect()
    };
    let lasting = ["indicator", "attack-pattern", "file", "domain-name", "software", "extension-definition"];
    assert!(ids(&first, &lasting).len() > 8);
    assert_eq!(ids(&first, &lasting), ids(&second, &lasting));
    let of_scan = ["report", "observed-data", "malware-analysis", "note"];
    assert!(ids(&first, &of_scan).iter().all(|id| !ids(&second, &of_scan).contains(id)));
}
