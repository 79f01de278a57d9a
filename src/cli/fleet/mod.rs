//! `crxhound fleet`: any number of saved reports as one view.
//!
//! Files are read twice and record by record, see [`crate::judge::fleet`]; nothing here holds more than one record of each file
//! that is being read.

mod files;
mod passes;
mod records;

use anyhow::{Context as _, bail};
use files::ReportFiles;

use super::args::FleetArgs;
use super::exit::Exit;
use super::options::Common;
use super::output;
use super::terminal::Terminal;
use crate::judge::fleet::{Fleet, Unused};
use crate::locales::Lang;
use crate::report::{NoTexts, RuleTexts, View};
use crate::rules::RuleSet;

/// Files that are named on standard error; the rest is counted, and JSON has all.
const WARNINGS: usize = 5;

/// Merges reports. The exit code is 1 where something in a report that counts is at or above `--fail-on`; files that do not
/// count are said and change nothing, unless no report is left.
pub fn run(args: FleetArgs, common: &Common) -> anyhow::Result<Exit> {
    let targets = output::targets(&args.format, &args.output)?;
    let files = ReportFiles::find(&args.reports, &common.terminal)?;
    let earlier = if args.baseline.is_empty() { None } else { Some(ReportFiles::find(&args.baseline, &common.terminal)?) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.unwrap_or_default()).build();
    let pool = pool.context("the system gives no threads")?;
    // The earlier view is read first: what was wrong with its files is said, whatever becomes of the others.
    let then = earlier.map(|files| pool.install(|| merge(&files, common))).transpose().context("--baseline")?;
    let mut fleet = pool.install(|| merge(&files, common))?;
    if let Some(then) = then {
        let (extensions, rules) = fleet.keep_new(&then);
        common.terminal.note(format!("known from the baseline and left out: {extensions} extensions, {rules} rules"));
    }
    let rules = (common.lang != Lang::En).then(RuleSet::builtin).and_then(Result::ok);
    let texts: &dyn RuleTexts = rules.as_ref().map_or(&NoTexts, |rules| rules);
    let view = View {
        lang: common.lang,
        texts,
        width: common.terminal.width(),
        colour: common.terminal.colour(),
        min_verdict: args.min_verdict,
        ..View::default()
    };
    let mut exit = Exit::Clean;
    for target in &targets {
        if let Err(message) =
            output::write_one(target, &view, &common.terminal, |view, out| target.format.render(&fleet, view, out))
        {
            common.terminal.error(message);
            exit = Exit::Failed;
        }
    }
    let found = args.fail_on.unwrap_or_default().reached_by(fleet.summary.verdict);
    Ok(exit.max(if found { Exit::Found } else { Exit::Clean }))
}

fn merge(files: &ReportFiles, common: &Common) -> anyhow::Result<Fleet> {
    let skips = passes::Skips::default();
    let hosts = passes::census(files, &skips);
    let fleet = passes::count(files, hosts, skips);
    warn(&fleet, &common.terminal);
    if fleet.summary.hosts == 0 {
        bail!("no report in {} files", files.len());
    }
    Ok(fleet)
}

/// What does not count, on standard error.
fn warn(fleet: &Fleet, terminal: &Terminal) {
    let broken = |kind: Unused| kind != Unused::Older || terminal.is_verbose();
    let skipped: Vec<_> = fleet.skipped.iter().filter(|skipped| broken(skipped.kind)).collect();
    let shown = if terminal.is_verbose() { usize::MAX } else { WARNINGS };
    for skipped in skipped.iter().take(shown) {
        terminal.warn(format!("{}: line {}: {}", skipped.path, skipped.line, skipped.message));
    }
    let more = skipped.len().saturating_sub(shown);
    if more > 0 {
        terminal.warn(format!("and {more} more; -v lists them"));
    }
}
