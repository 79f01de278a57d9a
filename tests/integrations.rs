//! What lies under `integrations/`, as far as it can be run or parsed here; its READMEs say which is which.
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
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
fn rules_of_sigma_and_wazuh_find_our_own_events() {
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
    // One scan that can be done, and one that cannot.
    let audit = home.path().join("audit.jsonl");
    for place in [user_data(home.path()), home.path().join("missing")] {
        crxhound(home.path()).arg("scan").arg(place).arg("--audit-log").arg(&audit).output().unwrap();
    }
    let checked: Value = serde_json::from_str(&said(check.arg(audit))).unwrap();
    assert_eq!((&checked["rules"], &checked["wazuh"]), (&3.into(), &7.into()));
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
fn the_role_reaches_hosts_over_ssh() {
    let Some(programs) = python::environment("ansible", &["ansible-core==2.19.14"]) else { return };
    let home = tempfile::tempdir().unwrap();
    let hosts = ["one", "two"];
    for host in hosts {
        // Where a browser keeps it: below the home of each host's own user.
        let place = home.path().join(host).join("home/user");
        let data = user_data(&place);
        fs::create_dir_all(place.join(".config")).unwrap();
        fs::rename(data, place.join(".config/chromium")).unwrap();
    }
    let mut play = Command::new("bash");
    play.arg(root().join("tests/oracle/ssh_hosts.sh")).arg(home.path()).args(hosts).arg("--");
    play.arg(programs.join("ansible-playbook")).arg("-i").arg(home.path().join("hosts.ini"));
    play.arg(root().join("integrations/ansible/scan.yml"));
    let program = format!("crxhound_program={}", env!("CARGO_BIN_EXE_crxhound"));
    let reports = format!("crxhound_reports={}/reports", home.path().display());
    let arguments = r#"{"crxhound_arguments": ["/home/user", "--no-cache"]}"#;
    for variable in [&program, &reports, arguments] {
        play.args(["-e", variable]);
    }
    let play = play.env("ANSIBLE_HOME", home.path().join("ansible")).env("ANSIBLE_NOCOLOR", "1");
    let output = play.output().unwrap();
    let log = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // The script's own word for a system that cannot have such hosts: without root not even in CI.
    if output.status.code() == Some(77) {
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: no hosts behind SSH: {log}");
        return;
    }
    assert!(output.status.success(), "{log}");
    for host in hosts {
        let report: Value =
            serde_json::from_slice(&fs::read(home.path().join(format!("reports/{host}.json"))).unwrap()).unwrap();
        assert_eq!(report["host"]["name"], host);
        assert_eq!(report["extensions"][0]["id"], "abcdefghijklmnopabcdefghijklmnop");
    }
    let fleet =
        said(crxhound(home.path()).args(["fleet", "--format", "json", "--fail-on", "never"]).arg(home.path().join("reports")));
    let fleet: Value = serde_json::from_str(&fleet).unwrap();
    assert_eq!(fleet["extensions"][0]["versions"], serde_json::json!(["1.2"]));
    assert_eq!((&fleet["summary"]["hosts"], &fleet["extensions"][0]["hosts"]), (&2.into(), &2.into()));
}

#[test]
#[cfg(feature = "sqlite")]
fn the_tables_for_osquery_are_in_the_file_that_a_scan_leaves() {
    let home = tempfile::tempdir().unwrap();
    let config = fs::read(root().join("integrations/osquery/crxhound.conf")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    let files = [sample(home.path(), "sqlite"), home.path().join("last.db")];
    let mut scan = crxhound(home.path());
    said(scan.arg("scan").arg(user_data(home.path())).args(["--fail-on", "never", "--output"]).arg(&files[1]));
    for file in &files {
        let database = rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let tables = rusqlite::Connection::open_in_memory().unwrap();
        for (name, table) in config["auto_table_construction"].as_object().unwrap() {
            let mut query =
                database.prepare(table["query"].as_str().unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(query.readonly(), "{name}");
            let wanted: Vec<_> = table["columns"].as_array().unwrap().iter().map(|column| column.as_str().unwrap()).collect();
            let found: Vec<_> = query.column_names().collect();
            assert_eq!(found, wanted, "{name}: osquery takes columns by their names");
            assert!(!wanted.contains(&"path"), "{name}: osquery adds one of this name, the file's");
            let rows = query.query_map([], |_| Ok(())).unwrap().map(Result::unwrap).count();
            let about_all = ["crxhound_last_scan", "crxhound_last_extensions"].contains(&name.as_str());
            assert!(rows > 0 || !about_all && *file == files[1], "{name}: {rows} rows");
            tables.execute_batch(&format!("CREATE TABLE {name} ({})", wanted.join(", "))).unwrap();
        }
        for query in config["packs"]["crxhound"]["queries"].as_object().unwrap().values() {
            tables.prepare(query["query"].as_str().unwrap()).unwrap();
        }
    }
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
