//! `crxhound scan`: the main job.

use super::args::ScanArgs;
use super::exit::Exit;
use super::options::{Analysis, Common, Reporting, Targets};
use super::present;
use super::since::Since;
use super::work::{self, Request};

/// Finds, judges and reports what is installed.
pub fn run(args: ScanArgs, common: &Common) -> anyhow::Result<Exit> {
    let reporting = Reporting::new(args.report)?;
    present::audited(&reporting, common, || {
        let targets = Targets::new(args.target)?;
        let analysis = Analysis::new(args.analysis)?;
        let since = Since::load(reporting.baseline.as_deref())?;
        let report = work::report(&Request::Scan(targets), &analysis, reporting.with_files, &common.terminal)?;
        let report = since.keep_new(report, &analysis, common);
        Ok(present::report(&report, &reporting, common))
    })
}
