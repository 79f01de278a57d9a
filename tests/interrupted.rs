//! Scans that are killed, and places that cannot be written to: nothing half done is left behind.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::bounds::slow;
use super::commands::{crxhound, user_data};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Whether children inherit that SIGINT is ignored, as those of a shell's background jobs do.
fn interrupts_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    ignored.and_then(|bits| u64::from_str_radix(bits, 16).ok()).is_some_and(|bits| bits >> 1 & 1 == 1)
}

#[test]
fn a_killed_scan_leaves_the_old_report_and_no_other_file() {
    let home = tempfile::tempdir().unwrap();
    let reports = home.path().join("reports");
    fs::create_dir(&reports).unwrap();
    slow(&home.path().join("slow"), 40);
    fs::write(reports.join("old.json"), "old").unwrap();
    for (signal, after) in [("TERM", 50), ("INT", 400), ("KILL", 400), ("KILL", 900)] {
        if signal == "INT" && interrupts_are_ignored() {
            eprintln!("NOT TESTED: Ctrl-C, which whatever runs these tests has switched off (a job in the background)");
            continue;
        }
        let mut child = crxhound(home.path())
            .args(["inspect", "slow", "--quiet", "--output", "reports/old.json", "--output", "reports/new.html"])
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after));
        assert!(child.try_wait().unwrap().is_none(), "the scan should take longer than this");
        let kill = format!("kill -{signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), None, "{signal}: ended by the signal");
        assert_eq!(names(&reports), ["old.json"], "{signal}");
        assert_eq!(fs::read(reports.join("old.json")).unwrap(), b"old", "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_for_which_there_is_no_room_is_not_there_at_all() {
    let home = tempfile::tempdir().unwrap();
    let data = user_data(home.path());
    fs::create_dir(home.path().join("reports")).unwrap();
    // Files of more than one block cannot be written, as on a full disk; the summary still can.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_crxhound"), "scan"]).arg(&data);
    command.args(["--fail-on", "never", "--allow-incomplete", "--summary", "--output", "reports/report.html"]);
    let output = command.current_dir(home.path()).env("HOME", home.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--output reports/report.html: cannot be written"), "{said}");
    assert_eq!(names(&home.path().join("reports")), Vec::<String>::new());
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 extension"), "the rest is written");

    let mut full = crxhound(home.path());
    full.arg("scan").arg(&data).args(["--fail-on", "never", "--output", "/dev/full", "--format", "json"]);
    let full = full.output().unwrap();
    assert_eq!(full.status.code(), Some(2), "{}", String::from_utf8_lossy(&full.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_to_keeps_no_other_report_back() {
    let home = tempfile::tempdir().unwrap();
    let data = user_data(home.path());
    // Nobody can make a file there, root included.
    let output = crxhound(home.path())
        .arg("scan")
        .arg(&data)
        .args(["--fail-on", "never", "--output", "/proc/report.json", "--output", "here.json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--output /proc/report.json: cannot be written"), "{said}");
    assert!(home.path().join("here.json").is_file());
}

#[test]
fn a_scan_whose_reader_has_gone_ends_with_its_verdict_for_people_and_with_2_for_programs() {
    let home = tempfile::tempdir().unwrap();
    let data = user_data(home.path());
    let verdict = crxhound(home.path()).arg("scan").arg(&data).args(["--fail-on", "review"]).output().unwrap().status.code();
    for (format, code) in [("table", verdict), ("markdown", verdict), ("json", Some(2)), ("ecs", Some(2))] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = crxhound(home.path());
        command.arg("scan").arg(&data).args(["--fail-on", "review", "--format", format]).stdout(Stdio::from(writer));
        assert_eq!(command.output().unwrap().status.code(), code, "{format}");
    }
}
