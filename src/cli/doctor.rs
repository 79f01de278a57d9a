//! `crxhound doctor`: what can be read here and what not, and why.

use std::fmt::Write as _;

use super::args::DoctorArgs;
use super::exit::Exit;
use super::options::{Common, Targets};
use super::output;
use super::work;
use crate::acquire::Limits;
use crate::discover::{self, ProfileKind};
use crate::locales::Words;
use crate::report::text::plain;
use crate::rules::{RuleSet, signatures_date};
use crate::sandbox::{Budget, Worker};

/// Looks without judging, and says what stood in the way.
pub fn run(args: DoctorArgs, common: &Common) -> anyhow::Result<Exit> {
    let targets = Targets::new(args.target)?;
    let request = work::scan_request(&targets)?;
    let words = common.lang.words();
    let mut text = String::new();
    let hindered = places(&mut text, words, &request);
    sandbox(&mut text, words);
    signatures(&mut text, words)?;
    output::to_stdout(text.as_bytes(), false, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(if hindered { Exit::Failed } else { Exit::Clean })
}

/// The browsers and profiles that can be read, and what cannot. True where something cannot.
fn places(text: &mut String, words: &Words, request: &crate::engine::ScanRequest) -> bool {
    let (found, problems) = discover::discover(&request.root, &request.filter, &Limits::default());
    let _ = writeln!(text, "{}", words.get("doctor.browsers"));
    for data in &found.user_data {
        let profiles = data.profiles.iter().filter(|profile| profile.kind != ProfileKind::MissingFolder).count();
        let running = if data.running { words.get("doctor.running") } else { "" };
        let path = plain(&data.path.to_string_lossy());
        let count = words.fill("doctor.profiles", &[("count", &profiles)]);
        let _ = writeln!(text, "  {} {}: {count}{running}\n    {path}", plain(&data.name), plain(&data.channel));
    }
    if found.user_data.is_empty() {
        let _ = writeln!(text, "  {}", words.get("doctor.none"));
        for place in &found.looked_in {
            let _ = writeln!(text, "    {}", plain(&place.to_string_lossy()));
        }
    }
    let managed = &found.machine.managed;
    let _ = writeln!(text, "{}: {}", words.get("doctor.managed"), managed.answer.as_str());
    for reason in &managed.reasons {
        let _ = writeln!(text, "  {}", plain(reason));
    }
    let _ = writeln!(text, "{}", words.get("doctor.unread"));
    for problem in &problems {
        let _ = writeln!(text, "  {}", plain(&problem.to_string()));
    }
    if problems.is_empty() {
        let _ = writeln!(text, "  {}", words.get("doctor.nothing"));
    }
    !problems.is_empty()
}

/// Which locks the sealed worker has here.
fn sandbox(text: &mut String, words: &Words) {
    let _ = writeln!(text, "{}", words.get("doctor.worker"));
    if !cfg!(feature = "emulate") {
        let _ = writeln!(text, "  {}", words.get("doctor.no_worker"));
        return;
    }
    match Worker::new(Budget::default()).locks() {
        Ok(locks) => {
            for lock in locks {
                let state = if lock.held { words.get("doctor.held") } else { words.get("doctor.not_held") };
                let _ = writeln!(text, "  {}: {state} ({})", plain(&lock.name), plain(&lock.note));
            }
        }
        Err(why) => {
            let _ = writeln!(text, "  {}", plain(&why));
        }
    }
}

/// What is loaded, and how old it is.
fn signatures(text: &mut String, words: &Words) -> anyhow::Result<()> {
    let set = RuleSet::builtin().map_err(anyhow::Error::msg)?;
    let rules = set.rules().iter().filter(|rule| !rule.hidden).count();
    let date = signatures_date();
    let (count, families) = (rules.to_string(), set.families().len().to_string());
    let line = words.fill("doctor.signatures", &[("rules", &count), ("families", &families), ("date", &date)]);
    writeln!(text, "{line}")?;
    Ok(())
}
