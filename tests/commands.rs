//! Commands as a user or a script meets them: streams, exit codes, files.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

#[cfg(unix)]
use super::support::material;

/// The program, without the machine's own browsers, settings and language.
pub fn crxhound(home: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("crxhound"));
    command.env_clear().current_dir(home).env("HOME", home).env("USERPROFILE", home).env("LANG", "C");
    for kept in ["PATH", "SystemRoot", "SystemDrive", "TEMP"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A user-data folder with one profile and one unpacked extension.
pub fn user_data(home: &Path) -> std::path::PathBuf {
    let extension = home.join("ext");
    fs::create_dir_all(&extension).unwrap();
    fs::write(extension.join("manifest.json"), r#"{"manifest_version": 3, "name": "Sample \u001b[31m", "version": "1.2"}"#)
        .unwrap();
    let profile = home.join("data/Default");
    fs::create_dir_all(&profile).unwrap();
    fs::write(home.join("data/Local State"), r#"{"profile": {"info_cache": {"Default": {"name": "Person 1"}}}}"#).unwrap();
    let entry = serde_json::json!({"extensions": {"settings": {
        "abcdefghijklmnopabcdefghijklmnop": {"location": 4, "path": extension, "state": 1}
    }}});
    fs::write(profile.join("Preferences"), entry.to_string()).unwrap();
    home.join("data")
}

#[test]
fn nothing_found_is_clean_and_says_where_it_looked() {
    let home = home();
    let (code, out, _) = run(crxhound(home.path()).arg("scan"));
    assert_eq!(code, 0);
    assert!(out.contains("No Chromium-family browser was found") && out.contains("Looked in"), "{out}");
}

#[test]
fn list_scan_and_inspect_report_what_is_there() {
    let home = home();
    let data = user_data(home.path());
    for command in ["scan", "list"] {
        let (code, out, err) = run(crxhound(home.path()).args([command, "--format", "json"]).arg(&data));
        assert!(code < 2, "{command}: {err}");
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(report["schema"], "crxhound.report/1");
        assert_eq!(report["extensions"][0]["version"], "1.2", "{command}: {out}");
        assert_eq!(report["extensions"][0]["install"]["location"], "unpacked");
    }
    let (code, out, err) = run(crxhound(home.path()).args(["inspect", "ext", "--format", "json"]));
    assert!(code < 2, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["extensions"][0]["browser"], Value::Null);
}

#[test]
fn reports_are_valid_by_the_schema_that_ships() {
    let home = home();
    let data = user_data(home.path());
    let (_, schema, _) = run(crxhound(home.path()).arg("schema"));
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for arguments in [vec!["scan"], vec!["list"], vec!["scan", "--with-files"]] {
        let (_, out, _) = run(crxhound(home.path()).args(arguments).args(["--format", "json"]).arg(&data));
        let report = serde_json::from_str(&out).unwrap();
        let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn names_cannot_act_on_the_terminal() {
    let home = home();
    let data = user_data(home.path());
    for arguments in [vec!["list"], vec!["list", "--format", "json"], vec!["scan", "--min-verdict", "ok"], vec!["scan", "-v"]] {
        let (_, out, err) = run(crxhound(home.path()).args(arguments).arg(&data));
        assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}'), "{out}{err}");
    }
}

#[test]
fn mistakes_of_the_user_end_with_2_and_say_what_would_work() {
    let home = home();
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage"),
        (&["scan", "--nonsense"], "--nonsense"),
        (&["scan", "no/such/folder"], "no such file"),
        (&["scan", "--id", "short"], "32 letters"),
        (&["scan", "--format", "pdf"], "possible values"),
        (&["scan", "--output", "report.pdf"], "names no format"),
        (&["scan", "--format", "json", "--format", "jsonl"], "--output"),
        (&["scan", "--browser", "netscape"], "netscape"),
        (&["scan", "--max-memory", "much"], "no size"),
        (&["scan", "--signatures", "missing"], "missing"),
        (&["inspect"], "PATH"),
        (&["inspect", "missing.crx"], "missing.crx"),
        (&["explain", "has-listd-id"], "did you mean has-listed-id"),
        (&["render", "missing.json"], "missing.json"),
        (&["completions", "cmd"], "possible values"),
    ];
    for (arguments, wanted) in cases {
        let (code, out, err) = run(crxhound(home.path()).args(*arguments));
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        assert!(err.contains(wanted), "{arguments:?}: {err}");
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let home = home();
    let data = user_data(home.path());
    fs::write(home.path().join("crxhound.toml"), "format = \"json\"\nquiet = true\n").unwrap();
    let list = |arguments: &[&str], variable: Option<&str>| {
        let mut command = crxhound(home.path());
        command.arg("list").arg(&data).args(arguments).envs(variable.map(|value| ("CRXHOUND_FORMAT", value)));
        run(&mut command).1
    };
    assert!(list(&[], None).starts_with("{\n"), "the file says json");
    assert!(list(&[], Some("jsonl")).starts_with("{\"schema\""), "the environment says jsonl");
    assert!(list(&["--format", "table"], Some("jsonl")).starts_with("Extension"), "the flag says table");

    fs::write(home.path().join("crxhound.toml"), "formt = \"json\"\n").unwrap();
    let (code, _, err) = run(crxhound(home.path()).arg("list"));
    assert_eq!(code, 2);
    assert!(err.contains("\"formt\" is not an option; did you mean \"format\"?"), "{err}");
}

#[test]
fn several_forms_are_written_and_one_that_fails_keeps_none_back() {
    let home = home();
    let data = user_data(home.path());
    let mut command = crxhound(home.path());
    command.args(["scan", "--fail-on", "never", "--allow-incomplete"]).arg(&data);
    command.args(["--output", "a.json", "--output", "missing/b.json", "--output", "c.jsonl"]);
    let (code, out, err) = run(&mut command);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("missing/b.json"), "{err}");
    assert!(home.path().join("a.json").is_file() && home.path().join("c.jsonl").is_file());
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_summary_is_one_line_on_standard_output_whatever_else_is_written() {
    let home = home();
    let data = user_data(home.path());
    let scan = |command: &str, more: &[&str]| {
        let (_, out, err) = run(crxhound(home.path()).arg(command).arg(&data).arg("--summary").args(more));
        (out, err)
    };
    let (line, _) = scan("scan", &[]);
    assert!(line.ends_with(" 1 extension in 1 profile of 1 browser checked.\n") && line.lines().count() == 1, "{line}");
    assert_eq!(scan("scan", &["--format", "markdown"]).0, line);
    assert_eq!(scan("list", &[]).0, "1 extension in 1 profile of 1 browser.\n");
    // Files are whole, and what programs read on standard output stays alone there.
    assert_eq!(scan("scan", &["--output", "whole.json", "--output", "whole.md"]).0, line);
    let whole: Value = serde_json::from_slice(&fs::read(home.path().join("whole.json")).unwrap()).unwrap();
    assert_eq!(whole["extensions"].as_array().map(Vec::len), Some(1));
    assert!(fs::read_to_string(home.path().join("whole.md")).unwrap().lines().count() > 1);
    let (out, err) = scan("scan", &["--format", "jsonl"]);
    assert!(out.lines().all(|line| line.starts_with('{')) && err.contains(line.trim_end()), "{out}{err}");
}

#[test]
fn what_could_not_be_read_spoils_a_clean_answer_only() {
    let home = home();
    let data = user_data(home.path());
    fs::write(data.join("Default/Preferences"), "{ broken").unwrap();
    let scan = |more: &[&str]| run(crxhound(home.path()).arg("scan").arg(&data).args(more));
    let (code, _, err) = scan(&[]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("warning") && err.contains("Preferences"), "{err}");
    assert_eq!(scan(&["--allow-incomplete"]).0, 0);
}

#[test]
fn a_closed_pipe_is_quiet_for_people_and_an_error_for_programs() {
    let home = home();
    let report = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reports/institute.json");
    for (format, code) in [("table", 0), ("json", 2), ("jsonl", 2)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = crxhound(home.path());
        command.args(["render", report, "--format", format, "--quiet"]).stdout(Stdio::from(writer));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{format}");
        assert_eq!(output.stderr.is_empty(), code == 0, "{format}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_for_everyone() {
    let home = home();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = crxhound(home.path()).arg("scan").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn saved_reports_read_back_in_both_forms() {
    let home = home();
    let report = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reports/institute.json");
    let (code, lines, _) = run(crxhound(home.path()).args(["render", report, "--format", "jsonl"]));
    assert_eq!(code, 0);
    fs::write(home.path().join("saved.jsonl"), lines).unwrap();
    let (_, from_lines, _) = run(crxhound(home.path()).args(["render", "saved.jsonl", "--format", "json"]));
    let (_, from_json, _) = run(crxhound(home.path()).args(["render", report, "--format", "json"]));
    assert_eq!(from_lines, from_json);
    assert_eq!(run(crxhound(home.path()).args(["render", report, "--fail-on", "malicious"])).0, 1);
}

#[test]
fn help_manual_and_completions_are_there() {
    let home = home();
    for arguments in [vec!["--help"], vec!["scan", "--help"], vec!["man"], vec!["completions", "bash"], vec!["--version"]] {
        let (code, out, err) = run(crxhound(home.path()).args(&arguments));
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
        assert!(out.contains("crxhound"), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn somebody_at_a_terminal_sees_at_once_that_something_is_done() {
    let home = tempfile::tempdir().unwrap();
    let data = user_data(home.path());
    let mut command = Command::new("python3");
    command.args(["-c", "import pty, sys; pty.spawn(sys.argv[1:])", env!("CARGO_BIN_EXE_crxhound"), "scan", "--user-data-dir"]);
    let Ok(output) = command.arg(data).env("HOME", home.path()).env("TERM", "xterm").output() else {
        return material::skip("no Python, which makes a terminal for the program");
    };
    let shown = String::from_utf8_lossy(&output.stdout);
    let place = |words: &str| shown.find(words).unwrap_or_else(|| panic!("{words}: {shown}"));
    assert!(place("looking for extensions") < place("reading extensions"), "{shown}");
    assert!(place("reading extensions") < place("1 extension in 1 profile"), "{shown}");
}
