//! What lies under `integrations/`, as far as it can be run or parsed here; its READMEs say which is which.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::commands::{crxhound, user_data};
use super::support::material::skip;
use super::support::python;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Standard output of a command that must succeed.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out.into_owned()
}

/// The sample report in another form.
fn sample(home: &Path, format: &str) -> PathBuf {
    let file = home.join(format!("sample.{format}"));
    let report = root().join("fixtures/reports/institute.json");
    said(crxhound(home).arg("render").arg(report).args(["--format", format, "--output"]).arg(&file));
    file
}

#[test]
fn scripts_can_rely_on_exit_codes_streams_and_json() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.arg(root().join("tests/contract.sh")).arg(env!("CARGO_BIN_EXE_crxhound")).arg(home.path());
    let said = said(&mut command);
    assert!(said.lines().count() > 60 && said.lines().all(|line| line.starts_with("ok: ")), "{said}");
}

#[test]
fn sigma_rules_convert_and_find_our_own_events() {
    let packages = ["sigma-cli==3.1.0", "pysigma-backend-elasticsearch==2.1.1", "pysigma-backend-splunk==2.1.0"];
    let Some(programs) = python::environment("sigma", &packages) else { return };
    let home = tempfile::tempdir().unwrap();
    let folder = root().join("integrations");
    for (target, wanted) in [
        ("lucene", "crxhound.verdict:malicious"),
        ("esql", "crxhound.verdict==\"malicious\""),
        ("splunk", "crxhound.verdict=\"malicious\""),
    ] {
        let mut convert = Command::new(programs.join("sigma"));
        convert.args(["convert", "-t", target, "--without-pipeline"]).arg(folder.join("sigma"));
        let queries = said(&mut convert);
        assert!(queries.contains(wanted), "{target}: {queries}");
        assert_eq!(queries.matches("crxhound.finding").count(), 3, "one query for each rule: {queries}");
    }
    let mut check = Command::new(programs.join("python"));
    check.arg(root().join("tests/oracle/check_integrations.py")).arg(&folder).arg(sample(home.path(), "ecs"));
    let checked: Value = serde_json::from_str(&said(&mut check)).unwrap();
    assert_eq!(checked["rules"], 3);
    assert!(checked["parsed"].as_u64().is_some_and(|files| files >= 10), "{checked}");
}

#[test]
fn the_ansible_role_brings_reports_home_and_leaves_nothing_behind() {
    let Some(programs) = python::environment("ansible", &["ansible-core==2.19.14"]) else { return };
    let home = tempfile::tempdir().unwrap();
    let data = user_data(home.path());
    let left = home.path().join("tmp");
    fs::create_dir(&left).unwrap();
    let host = |name: &str, arguments: &[&str]| format!("{name} crxhound_arguments='{}'\n", serde_json::json!(arguments));
    let data = data.to_str().unwrap();
    let inventory = [
        "[fleet]\n".to_owned(),
        host("clean", &[data, "--fail-on=never"]),
        host("found", &[data, "--fail-on=review"]),
        host("impossible", &["missing"]),
        "[fleet:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n".to_owned(),
    ];
    fs::write(home.path().join("hosts.ini"), inventory.concat()).unwrap();
    let mut play = Command::new(programs.join("ansible-playbook"));
    play.current_dir(home.path()).arg("-i").arg("hosts.ini").arg(root().join("integrations/ansible/scan.yml"));
    let program = format!("crxhound_program={}", env!("CARGO_BIN_EXE_crxhound"));
    let reports = format!("crxhound_reports={}/reports", home.path().display());
    for variable in ["crxhound_become=false", &program, &reports] {
        play.args(["-e", variable]);
    }
    let play = play.env("ANSIBLE_HOME", home.path().join("ansible")).env("TMPDIR", &left).env("ANSIBLE_NOCOLOR", "1");
    let output = play.output().unwrap();
    let log = String::from_utf8_lossy(&output.stdout);
    // One host failed: the one whose scan could not be done.
    assert_eq!(output.status.code(), Some(2), "{log}{}", String::from_utf8_lossy(&output.stderr));
    let recap = |host: &str| log.lines().rev().find(|line| line.starts_with(host)).unwrap_or_default().to_owned();
    assert!(recap("clean").contains("failed=0") && recap("found").contains("failed=0"), "{log}");
    assert!(recap("impossible").contains("failed=1"), "{log}");
    for host in ["clean", "found"] {
        let report = fs::read(home.path().join(format!("reports/{host}.json"))).unwrap();
        let report: Value = serde_json::from_slice(&report).unwrap();
        assert_eq!(report["extensions"].as_array().map(Vec::len), Some(1), "{host}");
    }
    assert!(!home.path().join("reports/impossible.json").exists());
    let left: Vec<_> = fs::read_dir(left).unwrap().filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("crxhound-")), "{left:?}");
}

#[test]
fn the_attribute_for_jamf_says_each_answer_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    let stand_in = home.path().join("crxhound");
    let attribute = || {
        let mut command = Command::new("sh");
        said(command.arg(root().join("integrations/jamf/extension-attribute.sh")).env("CRXHOUND", &stand_in))
    };
    assert_eq!(attribute(), "<result>not installed</result>\n");
    for (code, answer) in [(0, "clean"), (1, "found: a line"), (2, "incomplete: a line")] {
        fs::write(&stand_in, format!("#!/bin/sh\necho a line\necho a warning >&2\nexit {code}\n")).unwrap();
        fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(attribute(), format!("<result>{answer}</result>\n"));
    }
}

#[test]
fn lines_become_events_for_splunk() {
    if Command::new("jq").arg("--version").output().is_err() {
        return skip("jq is needed for the conversion of lines for Splunk");
    }
    let home = tempfile::tempdir().unwrap();
    let lines = fs::read_to_string(sample(home.path(), "jsonl")).unwrap();
    let mut command = Command::new("jq");
    command.arg("-c").arg("-f").arg(root().join("integrations/splunk/hec.jq")).arg(home.path().join("sample.jsonl"));
    let events: Vec<Value> = said(&mut command).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), lines.lines().count());
    for (event, line) in events.iter().zip(lines.lines()) {
        assert_eq!(event["event"], serde_json::from_str::<Value>(line).unwrap());
        assert!(event["time"].is_number() && event["sourcetype"].as_str().is_some_and(|kind| kind.starts_with("crxhound:")));
    }
}
