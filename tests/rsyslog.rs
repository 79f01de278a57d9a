//! Events on their way from a host to a search engine: the configurations under `integrations/elastic`, run by rsyslog itself, up
//! to a stand-in of the bulk interface.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::commands::crxhound;
use super::support::material::skip;

const RSYSLOG: &str = "/usr/sbin/rsyslogd";

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts rsyslog with one of the configurations, in which each of some words stands for another here.
fn rsyslog(home: &Path, file: &str, words: &[(&str, &str)]) -> Running {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations/elastic").join(file);
    let mut text = fs::read_to_string(&path).unwrap();
    for (word, here) in words {
        assert!(text.contains(word), "{}: no {word}", path.display());
        text = text.replace(word, here);
    }
    let folder = home.join(file).with_extension("work");
    fs::create_dir(&folder).unwrap();
    let configuration = home.join(file);
    fs::write(&configuration, format!("global(workDirectory=\"{}\")\n{text}", folder.display())).unwrap();
    let mut command = Command::new(RSYSLOG);
    let command = command.args(["-n", "-f"]).arg(&configuration).arg("-i").arg(folder.join("pid"));
    Running(command.stderr(fs::File::create(folder.join("said")).unwrap()).spawn().unwrap())
}

/// Waits until something holds; what was there instead, where it does not come to that.
fn until<T: std::fmt::Debug>(mut look: impl FnMut() -> T, holds: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let seen = look();
        if holds(&seen) || Instant::now() > end {
            return seen;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Writes what a scan finds as events, as a task on each host does; its lines in order.
fn events(home: &Path, packages: &[&str]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packages");
    let mut command = crxhound(home);
    command.args(["inspect", "--emulate", "never", "--fail-on", "never", "--output", "last.ecs"]);
    let output = command.args(packages.iter().map(|package| folder.join(package))).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    sorted(fs::read_to_string(home.join("last.ecs")).unwrap().lines())
}

fn sorted<'l>(lines: impl Iterator<Item = &'l str>) -> Vec<String> {
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn every_event_reaches_the_bulk_interface_as_it_was_written() {
    if !Path::new(RSYSLOG).is_file() {
        return skip("rsyslog and its module for Elasticsearch are not installed, so that nothing is shipped");
    }
    let home = tempfile::tempdir().unwrap();
    let arrived = home.path().join("arrived");
    let mut command = Command::new("python3");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/bulk_interface.py")).arg(&arrived);
    let mut search = Running(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let mut port = String::new();
    BufReader::new(search.0.stdout.take().unwrap()).read_line(&mut port).unwrap();

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let bulk = format!(r#"serverport="{}""#, port.trim());
    let central = rsyslog(home.path(), "60-crxhound-central.conf", &[("6514", &free), (r#"serverport="9200""#, &bulk)]);
    until(|| TcpStream::connect(format!("127.0.0.1:{free}")).is_ok(), |listens| *listens);

    let file = home.path().join("last.ecs");
    let first = events(home.path(), &["sharpext", "form-grabber", "translatext"]);
    let host = rsyslog(
        home.path(),
        "50-crxhound.conf",
        &[("/var/lib/crxhound/last.ecs", &file.to_string_lossy()), ("logs.example", "127.0.0.1"), ("6514", &free)],
    );
    let documents = || {
        let text = fs::read_to_string(&arrived).unwrap_or_default();
        sorted(text.lines().map(|line| line.strip_prefix("crxhound\t").unwrap_or(line)))
    };
    assert!(first.len() > 5, "{first:?}");
    assert_eq!(until(documents, |documents| *documents == first), first, "the first scan");

    // The next scan's report takes the place of the first.
    let both = sorted(first.iter().chain(&events(home.path(), &["stolen-pencil"])).map(String::as_str));
    assert_eq!(until(documents, |documents| *documents == both), both, "the second scan");
    drop((host, central));
}
