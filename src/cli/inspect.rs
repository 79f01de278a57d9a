//! `crxhound inspect`: packages, in depth.

use anyhow::Context as _;

use super::args::{InspectArgs, When};
use super::exit::Exit;
use super::options::{self, Analysis, Common, Reporting};
use super::present;
use super::since::Since;
use super::work::{self, Request};

/// Judges and reports packages.
pub fn run(mut args: InspectArgs, common: &Common) -> anyhow::Result<Exit> {
    let trace = args.trace.unwrap_or_default();
    let reporting = Reporting { trace, ..Reporting::new(args.report)? };
    present::audited(&reporting, common, || {
        for path in &args.paths {
            path.symlink_metadata().with_context(|| format!("{}: no such file or folder, or no way to it", path.display()))?;
        }
        let ids = options::ids(&args.id)?;
        if trace {
            // A story is wanted, so there has to be one, unless it was refused.
            args.analysis.emulate.get_or_insert(When::Always);
        }
        let analysis = Analysis { trace, ..Analysis::new(args.analysis)? };
        let since = Since::load(reporting.baseline.as_deref())?;
        let mut report = work::report(&Request::Inspect(args.paths), &analysis, reporting.with_files, &common.terminal)?;
        if !ids.is_empty() {
            report.extensions.retain(|extension| ids.contains(&extension.id));
            report.summary = report.count();
        }
        let report = since.keep_new(report, &analysis, common);
        Ok(present::report(&report, &reporting, common))
    })
}
