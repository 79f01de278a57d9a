//! `fleet` as a user or a script meets it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::commands::crxhound;

fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = crxhound(home).arg("fleet").args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The merged view, whatever the exit code says.
pub fn merged(home: &Path, arguments: &[&str]) -> Value {
    let (_, out, err) = run(home, &[&["--format", "json"], arguments].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

/// One scan of one machine.
struct Scan {
    host: &'static str,
    id: &'static str,
    started_at: &'static str,
    extensions: Vec<Value>,
}

impl Scan {
    fn new(host: &'static str, id: &'static str, started_at: &'static str, extensions: Vec<Value>) -> Scan {
        Scan { host, id, started_at, extensions }
    }

    fn head(&self) -> Value {
        json!({
            "schema": "crxhound.report/1", "scan_id": self.id, "started_at": self.started_at,
            "host": {"id": format!("id-of-{}", self.host), "name": self.host, "os": "linux", "user": "u"},
        })
    }

    fn document(&self) -> String {
        let mut report = self.head();
        report["extensions"] = self.extensions.clone().into();
        serde_json::to_string_pretty(&report).unwrap()
    }

    /// One line a record, as a collector gets them.
    fn lines(&self) -> Vec<String> {
        let line = |kind: &str, body: &Value| {
            let mut line = self.head();
            line["type"] = kind.into();
            line.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
            line.to_string()
        };
        let extensions = self.extensions.iter().map(|extension| line("extension", extension));
        let last = json!({"extensions": self.extensions.len(), "complete": true});
        [line("machine", &json!({}))].into_iter().chain(extensions).chain([line("summary", &last)]).collect()
    }
}

fn extension(letter: &str, version: &str, content: &str, verdict: &str) -> Value {
    let score = BTreeMap::from([("ok", 5), ("review", 30), ("suspicious", 60), ("malicious", 95)])[verdict];
    let finding = json!({"rule": format!("rule-{verdict}"), "title": format!("Does {verdict} things"), "severity": "high", "verdict": verdict});
    json!({
        "id": letter.repeat(32), "name": format!("Sample {letter}"), "version": version, "content_sha256": content,
        "verdict": verdict, "score": score, "install": {"source": "web_store", "enabled": true},
        "findings": if verdict == "ok" { json!([]) } else { json!([finding]) },
        "contacts": [{"host": format!("{letter}.invalid"), "from": "literal"}],
    })
}

fn write(home: &Path, name: &str, text: &str) {
    let path = home.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A fleet of four machines in all the shapes that a folder of reports takes.
pub fn fleet(home: &Path) {
    let common = || extension("a", "1.0", "aa", "ok");
    // A document, and an older one of the same machine with an extension that is gone since.
    let old = Scan::new("ws-1", "s1-old", "2026-03-01T08:00:00Z", vec![common(), extension("d", "1.0", "dd", "malicious")]);
    let new = Scan::new("ws-1", "s1", "2026-04-01T08:00:00Z", vec![common(), extension("b", "2.0", "bb", "suspicious")]);
    write(home, "in/ws-1.json", &new.document());
    write(home, "in/old/ws-1.json", &old.document());
    // Lines, the same extension in two profiles.
    let twice = vec![common(), common(), extension("b", "2.1", "b1", "review")];
    write(home, "in/ws-2.jsonl", &Scan::new("ws-2", "s2", "2026-04-02T08:00:00+02:00", twice).lines().join("\n"));
    // One scan whose lines a collector spread over two files and mixed with those of another machine; the same row in both.
    let third = vec![common(), extension("b", "2.0", "other", "suspicious"), extension("c", "3.0", "cc", "ok")];
    let third = Scan::new("ws-3", "s3", "2026-04-03T08:00:00Z", third).lines();
    let fourth = Scan::new("ws-4", "s4", "2026-04-04T08:00:00Z", vec![common()]).lines();
    let mixed = [&third[1], &fourth[0], &third[0], &fourth[1], &third[2]];
    write(home, "in/collector-1.ndjson", &mixed.map(String::as_str).join("\n"));
    write(home, "in/collector-2.ndjson", &[&third[2], &third[3], &third[4], &fourth[2]].map(String::as_str).join("\n"));
}

fn extensions(fleet: &Value) -> BTreeMap<String, &Value> {
    let list = fleet["extensions"].as_array().unwrap();
    list.iter().map(|extension| (extension["id"].as_str().unwrap()[..1].to_owned(), extension)).collect()
}

#[test]
fn each_machine_counts_once_by_its_newest_report() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fleet(home);
    let (code, out, err) = run(home, &["in", "--format", "json"]);
    assert_eq!(code, 1, "{err}");
    let fleet: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(fleet["schema"], "crxhound.fleet/1");
    let found = extensions(&fleet);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "b", "c"], "what only an older report saw is gone");
    assert_eq!((&found["a"]["hosts"], &found["b"]["hosts"], &found["c"]["hosts"]), (&json!(4), &json!(3), &json!(1)));
    assert_eq!(found["b"]["names"], json!(["Sample b"]));
    assert_eq!(found["b"]["versions"], json!(["2.0", "2.1"]));
    assert_eq!(found["b"]["verdict"], "suspicious");
    assert_eq!(found["b"]["on"], json!(["ws-1", "ws-3"]));
    assert_eq!(found["a"]["first_seen"], "2026-03-01T08:00:00Z", "an older report has seen it first");
    assert_eq!(found["a"]["last_seen"], "2026-04-04T08:00:00Z");
    assert_eq!(found["b"]["last_seen"], "2026-04-03T08:00:00Z");

    let b = fleet["extensions"].as_array().unwrap().first().unwrap();
    assert_eq!(b["id"], "b".repeat(32), "risky first");
    assert_eq!(fleet["extensions"][1]["id"], "c".repeat(32), "then rare");
    let contents = json!([{"content_sha256": "bb", "hosts": 1}, {"content_sha256": "other", "hosts": 1}]);
    assert_eq!(b["by_version"][0], json!({"version": "2.0", "hosts": 2, "contents": contents}));
    assert_eq!((&b["contents_differ"], &found["a"]["contents_differ"]), (&json!(true), &json!(false)));

    let rules: Vec<_> =
        fleet["findings"].as_array().unwrap().iter().map(|f| (f["rule"].as_str().unwrap(), &f["hosts"])).collect();
    assert_eq!(rules, [("rule-suspicious", &json!(2)), ("rule-review", &json!(1))]);
    let contact = fleet["contacts"].as_array().unwrap().iter().find(|contact| contact["host"] == "b.invalid").unwrap();
    assert_eq!((&contact["hosts"], &contact["extensions"]), (&json!(3), &json!(["b".repeat(32)])));
    let summary = &fleet["summary"];
    assert_eq!((&summary["hosts"], &summary["reports"], &summary["older"]), (&json!(4), &json!(5), &json!(1)));
    assert_eq!((&summary["flagged_hosts"], &summary["verdict"]), (&json!(2), &json!("suspicious")));
    assert_eq!(fleet["skipped"].as_array().map(Vec::len), Some(1));
    assert!(fleet["skipped"][0]["kind"] == "older" && fleet["skipped"][0]["path"].as_str().unwrap().contains("old"));
}

#[test]
fn the_same_reports_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fleet(home);
    let files = ["in/ws-1.json", "in/old/ws-1.json", "in/ws-2.jsonl", "in/collector-1.ndjson", "in/collector-2.ndjson"];
    // As a search of the folder names them.
    let files = files.map(|file| file.replace('/', std::path::MAIN_SEPARATOR_STR));
    let (_, expected, _) = run(home, &["in", "--format", "json"]);
    for turn in 0..files.len() {
        let mut order = files.each_ref().map(String::as_str);
        order.rotate_left(turn);
        for threads in ["1", "2", "7"] {
            let (_, out, _) = run(home, &[&order[..], &["--threads", threads, "--format", "json"]].concat());
            assert_eq!(out, expected, "{order:?}, {threads} threads");
        }
    }
    let (_, out, _) = run(home, &["in", &files[0], &["in", "old"].join(std::path::MAIN_SEPARATOR_STR), "--format", "json"]);
    assert_eq!(out, expected, "a file that is named twice counts once");
}

#[test]
fn what_is_no_report_is_named_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fleet(home);
    let before = merged(home, &["in"]);
    let newest = Scan::new("ws-1", "s9", "2026-05-01T08:00:00Z", vec![extension("e", "1", "ee", "ok")]);
    let document = newest.document();
    write(home, "in/cut.json", &document[..document.len() / 2]);
    write(home, "in/later.json", &document.replace("report/1", "report/2"));
    write(home, "in/other.json", "[1, 2, 3]");
    write(home, "in/empty.jsonl", "\n");
    write(home, "in/notes.txt", "not a report, and not called one");
    let lines = Scan::new("ws-5", "s5", "2026-04-05T08:00:00Z", vec![extension("a", "1.0", "aa", "ok")]).lines();
    write(home, "in/broken.jsonl", &format!("{}\n{}\n{}\n", &lines[0][..40], lines[1], &lines[2][..60]));

    let (code, out, err) = run(home, &["in", "--format", "json"]);
    assert_eq!(code, 1, "{err}");
    let fleet: Value = serde_json::from_str(&out).unwrap();
    let kind = |name: &str| {
        let mut skipped = fleet["skipped"].as_array().unwrap().iter();
        let found = skipped.find(|skipped| skipped["path"].as_str().unwrap().ends_with(name));
        found.map(|skipped| (skipped["kind"].as_str().unwrap().to_owned(), skipped["records"].as_u64().unwrap()))
    };
    let is = |word: &str, records: u64| Some((word.to_owned(), records));
    assert_eq!(kind("cut.json"), is("damaged", 1));
    assert_eq!(kind("later.json"), is("foreign", 1));
    assert_eq!(kind("other.json"), is("damaged", 1));
    assert_eq!(kind("empty.jsonl"), is("damaged", 1));
    assert_eq!(kind("broken.jsonl"), is("damaged", 2));
    assert_eq!(kind("notes.txt"), None);
    assert_eq!((&fleet["summary"]["damaged"], &fleet["summary"]["foreign"]), (&json!(4), &json!(1)));
    assert!(err.contains("cut.json") && err.contains("later.json"), "{err}");
    let (before, after) = (extensions(&before), extensions(&fleet));
    assert_eq!(after["a"]["hosts"], json!(5), "the good line of the broken file counts");
    assert_eq!(after["b"], before["b"], "the damaged report of ws-1 does not take the place of the good one");
    let (_, out, _) = run(home, &["in"]);
    assert!(out.contains("4 damaged files") && out.contains("1 older report"), "{out}");
}

#[test]
fn reports_that_name_no_machine_are_told_apart_by_scan_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let report =
        |scan: &str| json!({"schema": "crxhound.report/1", "scan_id": scan, "extensions": [extension("a", "1", "aa", "ok")]});
    for (name, scan) in [("1.json", "x"), ("2.json", "y"), ("3.json", ""), ("4.json", ""), ("5.json", "x")] {
        write(home, name, &report(scan).to_string());
    }
    let fleet = merged(home, &["."]);
    assert_eq!(fleet["summary"]["hosts"], 4, "two scans, one of them twice, and two files");
    assert_eq!(fleet["extensions"][0]["hosts"], 4);
}

#[test]
fn exit_codes_are_those_of_scan() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fleet(home);
    assert_eq!(run(home, &["in"]).0, 1);
    assert_eq!(run(home, &["in", "--fail-on", "malicious"]).0, 0);
    assert_eq!(run(home, &["in", "--fail-on", "never"]).0, 0);
    assert_eq!(run(home, &["in/ws-2.jsonl"]).0, 0);
    assert_eq!(run(home, &["in/ws-2.jsonl", "--fail-on", "review"]).0, 1);
    assert_eq!(run(home, &[]).0, 2);
    assert_eq!(run(home, &["missing"]).0, 2);
    assert_eq!(run(home, &["in", "--format", "xml"]).0, 2);
    write(home, "empty/notes.txt", "");
    assert_eq!(run(home, &["empty"]).0, 2);
    write(home, "bad/x.json", "{");
    assert_eq!(run(home, &["bad"]).0, 2, "no report at all");
}

#[test]
fn no_form_lets_a_name_act() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let mut hostile = extension("a", "=1+1", "aa", "malicious");
    hostile["name"] = "\u{202e}=cmd|'/c calc'!A1<script>alert(1)</script>".into();
    hostile["families"] = json!(["@family"]);
    let other = extension("b", "-1", "<img src=x>", "ok");
    write(home, "r.json", &Scan::new("+ws,\"1\"\n=2", "s", "2026-04-01T08:00:00Z", vec![hostile, other]).document());
    let (code, _, err) = run(home, &["r.json", "--output", "f.csv", "--output", "f.html", "--output", "f.txt"]);
    assert_eq!(code, 1, "{err}");
    let mut rows = csv::Reader::from_path(home.join("f.csv")).unwrap();
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    for cell in rows.iter().flatten() {
        assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']) && !cell.contains(['\n', '\u{202e}']), "{cell}");
    }
    let page = fs::read_to_string(home.join("f.html")).unwrap();
    assert_eq!(page.matches("<script").count(), 1, "one script, ours");
    assert!(!page.contains("<img") && !page.contains('\u{202e}') && page.contains("default-src 'none'"));
    assert!(page.contains("&lt;script&gt;") && page.contains("Does malicious things"));
    assert!(fs::read_to_string(home.join("f.txt")).unwrap().contains("MALICIOUS"));
}

#[test]
fn a_baseline_leaves_what_is_new_in_the_fleet() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let day =
        |name: &str, host, started_at, extensions| write(home, name, &Scan::new(host, "s", started_at, extensions).document());
    let (a, b, c) =
        (extension("a", "1.0", "aa", "ok"), extension("b", "1.0", "bb", "ok"), extension("c", "1.0", "cc", "review"));
    day("monday/1.json", "ws-1", "2026-04-01T08:00:00Z", vec![a.clone(), b, c]);
    // On Tuesday another machine has the same, one version is new, one content is other, one extension was not there.
    day("tuesday/1.json", "ws-1", "2026-04-02T08:00:00Z", vec![a.clone(), extension("b", "1.1", "b1", "ok")]);
    let more = vec![a, extension("c", "1.0", "other", "suspicious"), extension("d", "1.0", "dd", "ok")];
    day("tuesday/2.json", "ws-2", "2026-04-02T08:00:00Z", more);

    let (code, out, err) = run(home, &["tuesday", "--baseline", "monday", "--format", "json"]);
    assert_eq!(code, 1, "{err}");
    let fleet: Value = serde_json::from_str(&out).unwrap();
    let found = extensions(&fleet);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
    assert_eq!(found["b"]["new"]["versions"], json!(["1.1"]));
    assert_eq!(found["b"]["new"]["contents"], json!([]), "a new version has new files");
    assert_eq!(found["c"]["new"]["contents"], json!(["other"]));
    assert_eq!(found["c"]["new"]["findings"], json!(["rule-suspicious"]));
    assert_eq!(found["c"]["new"]["verdict_was"], "review");
    assert_eq!(found["d"]["new"]["extension"], true);
    assert_eq!((&fleet["summary"]["extensions"], &fleet["summary"]["hosts"]), (&json!(3), &json!(2)));
    let (_, out, _) = run(home, &["tuesday", "--baseline", "monday", "--min-verdict", "ok"]);
    assert!(out.contains("new: version 1.1") && out.contains("new in the fleet") && !out.contains("Sample a"), "{out}");
    let (code, out, _) = run(home, &["tuesday", "--baseline", "tuesday", "--format", "json"]);
    assert_eq!((code, extensions(&serde_json::from_str(&out).unwrap()).len()), (0, 0));
    assert_eq!(run(home, &["tuesday", "--baseline", "missing"]).0, 2);
}

/// The fleet of [`fleet`] as JSON, beside it as a SQLite and a Parquet file.
pub fn databases(home: &Path) -> Value {
    fleet(home);
    write(home, "in/cut.json", "{");
    let outputs = ["--output", "f.json", "--output", "f.db", "--output", "f.parquet"];
    let (code, out, err) = run(home, &[&["in", "--quiet"], &outputs[..]].concat());
    assert_eq!((code, out.as_str(), err.as_str()), (1, "", ""));
    serde_json::from_slice(&fs::read(home.join("f.json")).unwrap()).unwrap()
}

/// Extensions of a fleet in the order of their ids.
pub fn sorted(fleet: &Value) -> Vec<&Value> {
    let mut list: Vec<_> = fleet["extensions"].as_array().unwrap().iter().collect();
    list.sort_by_key(|extension| extension["id"].as_str());
    list
}

/// Versions of an extension with each content: version, content, machines.
pub fn builds(extension: &Value) -> Vec<Value> {
    let of = |version: &Value| {
        let contents = version["contents"].as_array().unwrap().clone();
        let version = version["version"].clone();
        contents.into_iter().map(move |content| json!([version, content["content_sha256"], content["hosts"]]))
    };
    extension["by_version"].as_array().unwrap().iter().flat_map(of).collect()
}

#[test]
#[cfg(feature = "sqlite")]
fn a_database_holds_what_json_has() {
    use rusqlite::types::ValueRef;

    let folder = tempfile::tempdir().unwrap();
    let fleet = databases(folder.path());
    let database = rusqlite::Connection::open(folder.path().join("f.db")).unwrap();
    // Rows as JSON, and lists in them too.
    let rows = |query: &str| -> Vec<Value> {
        let mut statement = database.prepare(query).unwrap();
        let width = statement.column_count();
        let value = |value: ValueRef<'_>| match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Text(text) if text.starts_with(b"[") => serde_json::from_slice(text).unwrap(),
            ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap().into(),
            other => panic!("{other:?}"),
        };
        let row = |row: &rusqlite::Row<'_>| (0..width).map(|at| value(row.get_ref(at).unwrap())).collect();
        statement.query_map([], |found| Ok(Value::Array(row(found)))).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(rows("PRAGMA integrity_check"), [json!(["ok"])]);
    // Each table against a list of the document, by the columns and fields of the same order.
    let same = |table: &str, columns: &str, list: &str, fields: &[&str]| {
        let mut expected: Vec<Value> = match &fleet[list] {
            Value::Array(entries) => entries.clone(),
            one => vec![one.clone()],
        };
        expected = expected.iter().map(|entry| fields.iter().map(|field| entry[field].clone()).collect()).collect();
        let mut found = rows(&format!("SELECT {columns} FROM {table}"));
        found.iter_mut().for_each(|row| row.as_array_mut().unwrap().truncate(fields.len()));
        expected.sort_by_key(Value::to_string);
        found.sort_by_key(Value::to_string);
        assert!(!found.is_empty(), "{table}");
        assert_eq!(found, expected, "{table}");
    };
    let summary = ["files", "reports", "older", "damaged", "foreign", "hosts", "incomplete_hosts", "flagged_hosts"];
    let verdicts = ["extensions", "malicious", "suspicious", "review", "ok", "verdict"];
    let columns = "files, reports, older, damaged, foreign_files, hosts, incomplete_hosts, flagged_hosts, extensions, malicious, suspicious, review, ok, verdict";
    same("fleet", columns, "summary", &[&summary[..], &verdicts].concat());
    assert_eq!(rows("SELECT schema FROM fleet"), [json!(["crxhound.fleet/1"])]);
    let texts = ["id", "names", "hosts", "verdict", "score", "first_seen", "last_seen", "families", "sources"];
    let counts = ["enabled_hosts", "outside_hosts", "flagged_hosts", "on", "new"];
    let columns = "id, names, hosts, verdict, score, first_seen, last_seen, families, sources, enabled_hosts, outside_hosts, flagged_hosts, on_hosts, new";
    same("extension", columns, "extensions", &[&texts[..], &counts].concat());
    let differ = rows("SELECT name FROM extension WHERE contents_differ");
    assert_eq!(differ, [json!(["Sample b"])]);
    let fields = ["rule", "title", "severity", "verdict", "hosts", "extensions", "first_seen", "last_seen", "on"];
    same("finding", "*", "findings", &fields);
    same("contact", "*", "contacts", &["host", "from", "hosts"]);
    same("flagged_host", "*", "hosts", &["id", "name", "os", "started_at", "verdict", "score"]);
    same("skipped", "*", "skipped", &["path", "kind", "line", "records", "message"]);

    for extension in sorted(&fleet) {
        let id = extension["id"].as_str().unwrap();
        let number = format!("(SELECT number FROM extension WHERE id = '{id}')");
        let of = |query: &str| rows(&query.replace("ID", &number));
        let found = of("SELECT version, content_sha256, hosts FROM build WHERE extension = ID ORDER BY 1, 2");
        assert_eq!(found, builds(extension), "{id}");
        let rules = of("SELECT json_group_array(rule) FROM extension_finding WHERE extension = ID");
        assert_eq!(rules, [json!([extension["findings"]])], "{id}");
        let hosts = of("SELECT count(*) FROM extension_contact WHERE extension = ID");
        let all = fleet["contacts"].as_array().unwrap().iter();
        let named = all.filter(|contact| contact["extensions"].as_array().unwrap().contains(&extension["id"]));
        assert_eq!(hosts, [json!([named.count()])], "{id}");
    }
}

#[test]
#[cfg(feature = "parquet")]
fn a_parquet_file_holds_what_json_has() {
    use parquet::basic::Compression;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    let folder = tempfile::tempdir().unwrap();
    let fleet = databases(folder.path());
    let file = SerializedFileReader::new(fs::File::open(folder.path().join("f.parquet")).unwrap()).unwrap();
    let group = file.metadata().row_group(0);
    assert!(group.columns().iter().all(|column| column.compression() == Compression::SNAPPY));
    assert_eq!(group.sorting_columns().map(|columns| (columns.len(), columns[0].column_idx)), Some((1, 0)));
    let rows: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let expected = sorted(&fleet);
    assert_eq!(rows.len(), expected.len());
    for (row, extension) in rows.iter().zip(expected) {
        assert_eq!(Some(row.get_string(0).unwrap().as_str()), extension["id"].as_str());
        let names: Vec<_> = row.get_column_iter().map(|(name, _)| name.as_str()).collect();
        let at = |name: &str| names.iter().position(|known| *known == name).unwrap();
        for name in ["hosts", "score", "enabled_hosts", "outside_hosts", "flagged_hosts"] {
            assert_eq!(json!(row.get_long(at(name)).unwrap()), extension[name], "{name}");
        }
        assert_eq!(json!(row.get_bool(at("contents_differ")).unwrap()), extension["contents_differ"]);
        assert_eq!(row.get_list(at("builds")).unwrap().len(), builds(extension).len());
    }
}

#[test]
fn the_table_says_what_is_rare_and_risky_in_every_language() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fleet(home);
    let (_, out, _) = run(home, &["in", "--min-verdict", "ok"]);
    insta::assert_snapshot!(out);
    for (lang, word) in [("de", "3 von 4"), ("ko", "4대 중 3대")] {
        let (_, out, _) = run(home, &["in", "--lang", lang]);
        assert!(out.contains(word) && out.contains("Sample b"), "{out}");
    }
    let hostile = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports/hostile.json")).unwrap();
    write(home, "hostile.json", &hostile);
    let (_, out, _) = run(home, &["hostile.json", "--min-verdict", "ok"]);
    let wrong = out.chars().find(|c| *c != '\n' && crxhound::report::text::is_hidden(*c));
    assert_eq!(wrong, None, "{out}");
}
