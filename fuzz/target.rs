//! One program for each target: it runs the one that it is named after.
#![no_main]

use libfuzzer_sys::fuzz_target;

// How often is the tests' business.
#[allow(dead_code)]
mod targets;

fuzz_target!(|bytes: &[u8]| {
    let target = targets::TARGETS.iter().find(|target| target.name == env!("CARGO_BIN_NAME"));
    (target.expect("a test compares the names").run)(bytes);
});
