//! `--baseline`: only what is new since an earlier report.

use std::path::Path;

use super::options::{Analysis, Common};
use super::render;
use crate::judge::baseline::Baseline;
use crate::report::Report;

/// What is known already, where a report was named.
pub struct Since {
    baseline: Option<Baseline>,
}

impl Since {
    /// Reads the report, before any work is done: a wrong one is a mistake of the caller. Of several in one file, all count.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Since> {
        let Some(path) = path else { return Ok(Since { baseline: None }) };
        let reports = render::load(path)?;
        let baseline = reports.iter().map(Baseline::of).fold(Baseline::default(), Baseline::and);
        Ok(Since { baseline: Some(baseline) })
    }

    /// Leaves in a report what is new, and says what was left out.
    pub fn keep_new(&self, mut report: Report, analysis: &Analysis, common: &Common) -> Report {
        let Some(baseline) = &self.baseline else { return report };
        let before = report.extensions.len();
        let findings = baseline.keep_new(&mut report, analysis.sensitivity);
        let extensions = before.saturating_sub(report.extensions.len());
        common.terminal.note(format!("known from the baseline and left out: {extensions} extensions, {findings} findings"));
        report.finish()
    }
}
