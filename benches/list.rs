//! The inventory of a user-data folder of 5 profiles with 30 extensions each, as a whole process.
//!
//! Goal on two cores: below 60 ms and 30 MB. Peak memory is printed once, since a clock cannot measure it.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/support/made.rs"]
#[allow(dead_code)]
mod made;

use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};

fn list(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let data = made::user_data(&dir.path().join("User Data"), 5, 30, 20_000);
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crxhound"));
        command.args(["list", "--format", "json"]).arg(&data.path).stdout(Stdio::null());
        command
    };
    // GNU time is not everywhere; where it is, it says the peak.
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-f", "peak memory of one run: %M kB"]).arg(command().get_program());
    let _ = timed.args(command().get_args()).stdout(Stdio::null()).status();
    criterion
        .bench_function("list/5 profiles of 30", |bencher| bencher.iter(|| assert!(command().status().unwrap().success())));
}

criterion_group!(benches, list);
criterion_main!(benches);
