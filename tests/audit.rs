//! The audit log as those who keep it see it.

use std::fs;

use serde_json::Value;

use super::commands::{crxhound, user_data};

#[test]
fn every_scan_leaves_one_line_with_the_hash_of_its_report() {
    let home = tempfile::tempdir().unwrap();
    let data = user_data(home.path());
    let run = |arguments: &[&str]| {
        let mut command = crxhound(home.path());
        command.args(arguments).args(["--audit-log", "audit.jsonl"]).env("CRXHOUND_QUIET", "true");
        command.output().unwrap().status.code().unwrap()
    };
    let data = data.to_str().unwrap();
    let codes = [
        run(&["scan", data, "--output", "report.json", "--redact"]),
        run(&["scan", data, "--fail-on", "review", "--summary"]),
        run(&["inspect", "missing.crx"]),
        run(&["inspect", "ext", "--output", "missing/report.json"]),
    ];
    assert_eq!(codes[2..], [2, 2]);
    let log = fs::read_to_string(home.path().join("audit.jsonl")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), codes.len());
    for (line, code) in lines.iter().zip(codes) {
        assert_eq!((&line["schema"], &line["exit_code"]), (&"crxhound.audit/1".into(), &code.into()), "{line}");
        assert!(line["who"]["user"].as_str().is_some() && line["process"].as_u64().is_some());
        assert_eq!(line["command"][0].as_str().map(|name| name.trim_end_matches(".exe")), Some("crxhound"));
    }

    let report = fs::read(home.path().join("report.json")).unwrap();
    assert_eq!(lines[0]["report_sha256"], crxhound::model::hash::hex(&crxhound::model::hash::sha256(&report)));
    let report: Value = serde_json::from_slice(&report).unwrap();
    for field in ["scan_id", "tool", "host", "summary", "complete", "started_at", "duration_ms"] {
        assert_eq!(lines[0][field], report[field], "{field}");
    }
    assert_eq!(lines[1]["verdict"], report["extensions"][0]["verdict"]);
    assert!(lines[2]["error"].as_str().is_some_and(|error| error.contains("missing.crx")), "{}", lines[2]);
    assert_eq!(lines[2]["scan_id"], Value::Null);
}

#[test]
fn a_scan_that_cannot_be_written_down_has_failed() {
    let home = tempfile::tempdir().unwrap();
    let data = user_data(home.path());
    let mut command = crxhound(home.path());
    let arguments = ["--fail-on", "never", "--allow-incomplete", "--output", "report.json"];
    let output = command.arg("scan").arg(data).args(arguments).args(["--audit-log", "missing/audit.jsonl"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--audit-log: missing/audit.jsonl"), "{said}");
    // The report is there all the same.
    assert!(home.path().join("report.json").is_file());
}

#[test]
fn logs_that_are_not_here_are_refused_before_the_scan() {
    let home = tempfile::tempdir().unwrap();
    let refused: &[&str] = if cfg!(windows) { &["eventlog", "journald", "syslog"] } else { &["eventlog"] };
    for log in refused {
        let output = crxhound(home.path()).args(["scan", "--audit-log", log]).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &[][..]));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&format!("--audit-log {log}: ")) && said.contains("name a file"), "{said}");
        let others = ["eventlog", "journald", "syslog"].into_iter().filter(|other| other != log);
        assert!(!others.into_iter().any(|other| said.contains(other)), "suggests what may be refused too: {said}");
        assert!(!home.path().join(log).exists());
    }
}
