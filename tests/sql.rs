//! The ready queries for DuckDB, against what `fleet` counts over the same reports.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::fleet;
use crate::support::material::skip;

/// The version that the queries were written against.
const DUCKDB: &str = "duckdb==2.0.1";

/// Runs one query after the views, and gives its rows as JSON.
const RUN: &str = "
import duckdb, json, sys
reports, folder, query = sys.argv[1:]
connection = duckdb.connect()
connection.execute(f\"SET VARIABLE reports = '{reports}'\")
connection.execute(open(f'{folder}/views.sql').read())
answer = connection.execute(open(f'{folder}/{query}').read())
names = [column[0] for column in answer.description]
print(json.dumps([dict(zip(names, row)) for row in answer.fetchall()]))
";

/// A Python that has DuckDB; `None` (with a loud word) where it cannot be had. In CI that is a failure.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/duckdb");
    let python = folder.join("bin/python");
    let run = |program: &Path, arguments: &[&str]| Command::new(program).args(arguments).status().is_ok_and(|s| s.success());
    // What another system made is no use without what runs it.
    let there =
        fs::read_to_string(folder.join("complete")).is_ok_and(|version| version == DUCKDB) && run(&python, &["--version"]);
    let made = there
        || run(Path::new("python3"), &["-m", "venv", &folder.to_string_lossy()])
            && run(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", DUCKDB])
            && fs::write(folder.join("complete"), DUCKDB).is_ok();
    if !made {
        skip(&format!("no {DUCKDB} from PyPI, the SQL queries are not tested"));
        return None;
    }
    Some(python)
}

#[test]
fn every_query_counts_what_fleet_counts() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    fleet::fleet(folder.path());
    // DuckDB is given lines only; the document among the reports becomes lines too.
    let document: Value = serde_json::from_slice(&fs::read(folder.path().join("in/ws-1.json")).unwrap()).unwrap();
    let lines = document["extensions"].as_array().unwrap().iter().map(|extension| {
        let mut line = document.as_object().unwrap().clone();
        line.remove("extensions");
        line.insert("type".to_owned(), "extension".into());
        line.extend(extension.as_object().unwrap().clone());
        Value::from(line).to_string()
    });
    fs::write(folder.path().join("in/ws-1.jsonl"), lines.collect::<Vec<_>>().join("\n")).unwrap();
    fs::remove_file(folder.path().join("in/ws-1.json")).unwrap();
    for name in ["ws-2.jsonl", "collector-1.ndjson", "collector-2.ndjson"] {
        let renamed = name.replace(".ndjson", ".jsonl");
        fs::rename(folder.path().join("in").join(name), folder.path().join("in").join(renamed)).unwrap();
    }
    let expected = fleet::merged(folder.path(), &["in"]);
    let queries = Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations/sql");
    let reports = folder.path().join("in/*.jsonl");
    let rows = |query: &str| -> Vec<Value> {
        let arguments = [reports.as_os_str(), queries.as_os_str(), query.as_ref()];
        let output = Command::new(&python).args(["-c", RUN]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{query}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let counts = |rows: &[Value], key: &str| -> Vec<(String, u64)> {
        let mut counts: Vec<_> =
            rows.iter().map(|row| (row[key].as_str().unwrap().to_owned(), row["hosts"].as_u64().unwrap())).collect();
        counts.sort();
        counts
    };
    let of_fleet = |list: &str, key: &str| counts(expected[list].as_array().unwrap(), key);
    assert_eq!(counts(&rows("prevalence.sql"), "id"), of_fleet("extensions", "id"));
    assert_eq!(counts(&rows("hosts-per-rule.sql"), "rule"), of_fleet("findings", "rule"));
    let hosts = rows("risky-hosts.sql");
    let names = |rows: &[Value], key: &str| rows.iter().map(|row| row[key].clone()).collect::<Vec<_>>();
    assert_eq!(names(&hosts, "host_name"), names(expected["hosts"].as_array().unwrap(), "name"));
    let rare = rows("rare-extensions.sql");
    assert_eq!(names(&rare, "id"), ["b".repeat(32)], "c is rare and harmless");
    let contents = rows("same-version-other-files.sql");
    assert_eq!(names(&contents, "content_sha256"), ["bb", "other"]);

    // The same question to the merged fleet.
    let databases = fleet::databases(folder.path());
    let question = "SELECT id, names, versions, hosts, verdict, score, families, sources, enabled_hosts, outside_hosts, flagged_hosts, \
        contents_differ, findings, on_hosts AS \"on\", new, strftime(first_seen AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS first_seen, \
        strftime(last_seen AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS last_seen, \
        list_transform(builds, lambda b: [b.version, b.content_sha256, b.hosts::VARCHAR]) AS builds FROM 'f.parquet'";
    let script = "import duckdb, json, sys\nanswer = duckdb.sql(sys.argv[1])\nprint(json.dumps([dict(zip(answer.columns, row)) for row in answer.fetchall()]))";
    let output = Command::new(&python).args(["-c", script, question]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let expected = fleet::sorted(&databases);
    assert_eq!(rows.len(), expected.len());
    for (row, extension) in rows.iter().zip(expected) {
        for (name, value) in row.as_object().unwrap().iter().filter(|(name, _)| *name != "builds") {
            assert_eq!(*value, extension[name], "{name}");
        }
        let builds = fleet::builds(extension).into_iter().map(|build| json!([build[0], build[1], build[2].to_string()]));
        assert_eq!(row["builds"], builds.collect::<Value>());
    }

    let files = fs::read_dir(&queries).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let text = include_str!("sql.rs");
    let untested: Vec<_> = files.filter(|name| name.ends_with(".sql") && !text.contains(&format!("\"{name}\""))).collect();
    // All of them are built on "views.sql".
    assert!(untested.is_empty(), "no test runs {untested:?}");
}
