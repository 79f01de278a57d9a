//! A profile that a running browser writes to while it is scanned, and what a scan asks the system for.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::commands::{crxhound, user_data};
use crate::support::{made, material};

/// Debian's browser: the program, not the script that adds switches.
const BROWSER: &str = "/usr/lib/chromium/chromium";

/// The samples that come and go.
const NAMES: [&str; 5] =
    ["Alpha sample", "Bravo é€😀 <b>& \u{2028} 'q' \"d\"", "Foxtrot sample", "Golf sample", "Hotel sample"];

/// System calls that open, lock, change or connect something.
const TRACED: &str = "open,openat,openat2,creat,flock,fcntl,socket,connect,bind,sendto,unlink,unlinkat,rename,renameat,renameat2,\
    mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,fchownat,utimensat";

/// What a traced call did that no scan may do outside of `own`; nothing where it did no such thing.
fn harm<'l>(line: &'l str, own: &Path) -> Option<&'l str> {
    let (call, rest) = line.split_once('(')?;
    let call = call.split_whitespace().last()?;
    let ours = rest.contains(&format!("\"{}", own.display())) || rest.contains("\"/dev/null\"");
    let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_TMPFILE"].iter().any(|flag| rest.contains(flag));
    let bad = match call {
        "open" | "openat" | "openat2" => writes && !ours,
        "fcntl" => ["F_SETLK", "F_OFD_SETLK", "F_SETLEASE"].iter().any(|lock| rest.contains(lock)),
        // A call that another thread interrupted is continued on a line without its name.
        _ => !ours && TRACED.split(',').any(|traced| traced.trim() == call),
    };
    bad.then_some(line)
}

/// The lines of a trace of the program that show harm, outside of the folder `own`. `None` where there is no strace.
fn traced(arguments: &[&str], home: &Path, own: &Path) -> Option<Vec<String>> {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        material::skip("strace is not installed, so that no scan is traced");
        return None;
    }
    let trace = home.join("trace");
    let scan = crxhound(home);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-s", "400", "-e", &format!("trace={TRACED}"), "-o"]).arg(&trace);
    let output = command.arg(scan.get_program()).args(arguments).env("HOME", home).current_dir(home).output().unwrap();
    assert!(matches!(output.status.code(), Some(0..=2)), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&trace).unwrap();
    assert!(text.contains("manifest.json"), "the trace shows what is read");
    Some(text.lines().filter_map(|line| harm(line, own)).map(str::to_owned).collect())
}

#[test]
fn a_trace_of_a_scan_shows_no_socket_no_lock_and_no_write_but_to_its_output() {
    let home = tempfile::tempdir().unwrap();
    let data = user_data(home.path());
    made::user_data(&home.path().join("more"), 2, 3, 2_000);
    let out = home.path().join("out");
    fs::create_dir(&out).unwrap();
    let (data, report) = (data.display().to_string(), out.join("report.html").display().to_string());
    let scan = ["scan", data.as_str(), "more", "--emulate", "always", "--output", report.as_str()];
    let Some(wrong) = traced(&scan, home.path(), &out) else { return };
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(fs::metadata(&report).is_ok_and(|report| report.len() > 10_000));
    // The test sees what it looks for.
    let wrong = traced(&scan, home.path(), Path::new("/nowhere")).unwrap();
    assert!(wrong.iter().any(|line| line.contains("/out")), "{wrong:#?}");
}

#[test]
#[ignore = "takes a minute"]
fn a_running_browser_is_scanned_fifty_times_while_extensions_come_and_go() {
    if !Path::new(BROWSER).is_file() {
        return material::skip("Debian's browser is not installed, so that none writes while it is scanned");
    }
    let home = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/live_profile.py");
    let mut browser = Command::new("python3")
        .arg(script)
        .arg(home.path())
        .args([BROWSER, "live"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(browser.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "the browser did not start");

    let mut seen = std::collections::BTreeSet::new();
    let mut disturbed = 0;
    for turn in 0..50 {
        let output = crxhound(home.path()).args(["scan", "live", "--format", "json"]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0..=2)) && !stderr.contains("panicked"), "scan {turn}: {stderr}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let extensions = report["extensions"].as_array().unwrap();
        assert_eq!(report["summary"]["extensions"], extensions.len(), "scan {turn}");
        let mut ids: Vec<_> = extensions.iter().map(|one| (one["profile"].to_string(), one["id"].to_string())).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "scan {turn}: an extension is there twice");
        for extension in extensions.iter().filter(|one| one["install"]["location"] == "unpacked") {
            let name = extension["name"].as_str().unwrap();
            assert!(NAMES.contains(&name), "scan {turn}: {name}");
            assert_ne!(extension["verdict"], "malicious", "scan {turn}: {name}");
            seen.insert(name.to_owned());
        }
        // What went away in between is said to be gone; nothing is read half.
        for error in report["errors"].as_array().unwrap() {
            assert!(error["message"].as_str().unwrap().contains("it is gone"), "scan {turn}: {error}");
            disturbed += 1;
        }
    }
    let wrong = traced(&["scan", "live", "--quiet"], home.path(), Path::new("/nowhere"));
    assert_eq!(wrong.unwrap_or_default(), Vec::<String>::new(), "nothing is written, locked or connected");
    drop(browser.stdin.take());
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(browser.wait().unwrap().success());
    let answer: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(answer["undisturbed"], true, "{answer}");
    assert!(answer["added"].as_u64() > Some(20) && answer["removed"].as_u64() > Some(20), "{answer}");
    assert!(seen.len() >= 3, "{seen:?}");
    eprintln!("50 scans of a running browser: {answer}, {disturbed} files gone in between, {seen:?}");
}
