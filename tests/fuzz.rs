//! The targets of `fuzz/` over their seeds, each changed a fixed number of times in ways that are the same in each run.
//!
//! `cargo fuzz` is led by coverage and runs for hours; this finds what the next careless line would break at once.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use super::support::seeds::seeds;

#[path = "../fuzz/targets.rs"]
pub mod targets;
use targets::{TARGETS, Target};

/// Larger inputs than this are cut: they find nothing more and take longer.
const LARGEST: usize = 64 << 10;

/// No input may take longer, also in a debug build on a busy machine.
const SLOWEST: Duration = Duration::from_secs(20);

/// Numbers without end, the same for the same beginning (Marsaglia, "Xorshift RNGs", 2003).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// Lengths and offsets that parsers trip over.
const AWKWARD: &[u32] = &[0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];

/// Letters that mean something to some grammar.
const LETTERS: &[u8] = b"\"'`\\/*[]{}()<>,;:=%$#&|!?-+.eE09\n\r\t\0\x80\xc3\xed\xff";

/// Puts a part of another input, up to a byte that ends one, in the place of a part of this.
fn exchange(input: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers, ends: fn(u8) -> bool) {
    let mut part = |bytes: &[u8]| {
        let at = numbers.below(bytes.len() + 1);
        let begin = bytes[..at].iter().rposition(|byte| ends(*byte)).map_or(0, |before| before + 1);
        begin..bytes[at..].iter().position(|byte| ends(*byte)).map_or(bytes.len(), |after| at + after)
    };
    let (old, new) = (part(input), part(other));
    input.splice(old, other[new].iter().copied());
}

/// One to four changes of an input, some of them with parts of another.
fn change(input: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(input.len() + 1);
        let end = (at + 1 + numbers.below(16)).min(input.len());
        match numbers.below(12) {
            0 if at < input.len() => input[at] ^= 1 << numbers.below(8),
            1 => input.insert(at, LETTERS[numbers.below(LETTERS.len())]),
            2 if at < input.len() => input[at] = LETTERS[numbers.below(LETTERS.len())],
            3 => drop(input.drain(at..end.max(at))),
            4 => {
                let part = input[at..end.max(at)].to_vec();
                let most = if numbers.below(8) == 0 { 500 } else { 4 };
                let times = 1 + numbers.below(most);
                let many = part.repeat(times);
                input.splice(at..at, many);
            }
            5 => {
                let number = AWKWARD[numbers.below(AWKWARD.len())].to_le_bytes();
                let width = [1, 2, 4][numbers.below(3)].min(input.len() - at);
                input[at..at + width].copy_from_slice(&number[..width]);
            }
            6 => input.truncate(at),
            7 => {
                let from = numbers.below(other.len() + 1);
                let until = (from + numbers.below(64)).min(other.len());
                input.splice(at..at, other[from..until].iter().copied());
            }
            // Texts are more often still understood when whole lines and words take each other's place.
            8 | 9 => exchange(input, other, numbers, |byte| byte == b'\n'),
            10 => exchange(input, other, numbers, |byte| !byte.is_ascii_alphanumeric() && byte != b'_'),
            _ => {
                let number = AWKWARD[numbers.below(AWKWARD.len())].to_string();
                let digits = input[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                input.splice(at..at + digits, number.into_bytes());
            }
        }
    }
    input.truncate(LARGEST);
}

/// Runs one input. What breaks the target is kept beside the build, for `cargo fuzz run NAME FILE` and for a test of its own.
fn run(target: &Target, input: &[u8]) -> bool {
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let slow = start.elapsed() > SLOWEST;
    if result.is_ok() && !slow {
        return result.unwrap_or_default();
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz").join(target.name);
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(&crxhound::model::hash::hex(&crxhound::model::hash::sha256(input))[..16]);
    fs::write(&file, input).unwrap();
    panic!("{}: {} on {}", target.name, if slow { "too slow" } else { "panics" }, file.display());
}

/// Changed seeds until there have been `rounds` of them and, where one is given, the time has passed: how many there were, and how
/// many of them were understood.
fn rounds(target: &Target, rounds: u32, time: Duration) -> (u32, u32) {
    let seeds = seeds(target.name);
    let mut numbers =
        Numbers(0x9e37_79b9_7f4a_7c15 ^ target.name.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte)));
    let (start, mut done, mut understood) = (Instant::now(), 0, 0);
    while done < rounds || start.elapsed() < time {
        let mut input = seeds[numbers.below(seeds.len())].clone();
        let other = &seeds[numbers.below(seeds.len())];
        change(&mut input, other, &mut numbers);
        understood += u32::from(run(target, &input));
        done += 1;
    }
    (done, understood)
}

#[test]
fn targets_understand_their_seeds() {
    for target in TARGETS {
        let understood = seeds(target.name).iter().filter(|seed| run(target, seed)).count();
        assert!(understood > 0, "{}: no seed is understood", target.name);
    }
}

#[test]
fn changed_inputs_do_no_harm() {
    for target in TARGETS {
        let (done, understood) = rounds(target, target.rounds, Duration::ZERO);
        assert!(understood > 0, "{}: none of {done} inputs was understood, so nothing was tried", target.name);
    }
}

#[test]
#[ignore = "takes ten minutes"]
fn changed_inputs_do_no_harm_for_twenty_seconds_each() {
    for target in TARGETS {
        let start = Instant::now();
        let (done, understood) = rounds(target, target.rounds, Duration::from_secs(20));
        eprintln!("{}: {done} inputs in {} s, {understood} understood", target.name, start.elapsed().as_secs());
    }
}

/// `cargo fuzz run NAME` begins with these.
#[test]
#[ignore = "writes into the source tree"]
fn seeds_are_written_for_cargo_fuzz() {
    for target in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name);
        fs::create_dir_all(&folder).unwrap();
        for (number, seed) in seeds(target.name).iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
        }
    }
}

#[test]
fn each_target_has_its_binary() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let binaries: BTreeSet<_> = table["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap()).collect();
    assert_eq!(binaries, TARGETS.iter().map(|target| target.name).collect());
}
