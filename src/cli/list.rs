//! `crxhound list`: what is installed, without looking at code.

use super::args::ListArgs;
use super::exit::Exit;
use super::options::{Analysis, Common, Reporting, Targets};
use super::present;
use super::work::{self, Request};

/// Lists what is installed.
pub fn run(args: ListArgs, common: &Common) -> anyhow::Result<Exit> {
    let targets = Targets::new(args.target)?;
    let analysis = Analysis {
        threads: args.threads.filter(|threads| *threads > 0),
        gentle: args.gentle.unwrap_or_default(),
        ..Analysis::default()
    };
    let reporting = Reporting {
        inventory: true,
        with_files: args.with_files.unwrap_or_default(),
        allow_incomplete: args.allow_incomplete.unwrap_or_default(),
        ..Reporting::of_output(args.output)?
    };
    let report = work::report(&Request::List(targets), &analysis, reporting.with_files, &common.terminal)?;
    Ok(present::report(&report, &reporting, common))
}
