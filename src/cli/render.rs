//! `crxhound render`: saved reports in any other form, later and elsewhere.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::args::RenderArgs;
use super::exit::Exit;
use super::options::{self, Common, Reporting};
use super::present;
use crate::report::{Format, Report, read};

/// A saved report may be this long; more is no report of ours.
const LONGEST: u64 = 1 << 30;

/// Forms of which several may follow each other in one file.
const SEVERAL: &[Format] = &[Format::Table, Format::Jsonl, Format::Ecs, Format::Markdown];

/// Reads reports and writes them in other forms. The exit code is that of `scan` only where `--fail-on` asks for it.
pub fn run(args: RenderArgs, common: &Common) -> anyhow::Result<Exit> {
    let mut reports = Vec::new();
    for path in &args.reports {
        reports.extend(load(path)?);
    }
    let wanted = |report: &Report| {
        args.host.as_ref().is_none_or(|host| report.host.name == *host || report.host.id == *host)
            && args.scan.as_ref().is_none_or(|scan| report.scan_id == *scan)
    };
    let there: Vec<String> = reports.iter().map(|report| format!("{} ({})", report.host.name, report.scan_id)).collect();
    reports.retain(wanted);
    if reports.is_empty() {
        bail!("no report of that host or scan; there are: {}", there.join(", "));
    }
    let mut reporting = Reporting::of_output(args.output)?;
    reporting.min_verdict = args.min_verdict;
    reporting.explain = args.explain.as_deref().map(options::id).transpose().context("--explain")?;
    reporting.fail_on = args.fail_on.unwrap_or(reporting.fail_on);
    reporting.allow_incomplete = args.fail_on.is_none();
    let alone = reporting.targets.iter().find(|target| target.file.is_some() || !SEVERAL.contains(&target.format));
    if let (Some(target), true) = (alone, reports.len() > 1) {
        let name = target.format.form().name;
        bail!("{name} takes one report; choose with --host or --scan: {}", there.join(", "));
    }
    Ok(reports.iter().map(|report| present::report(report, &reporting, common)).max().unwrap_or_default())
}

/// The reports in a file, or on standard input for `-`.
pub fn load(path: &Path) -> anyhow::Result<Vec<Report>> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().take(LONGEST).read_to_end(&mut bytes).context("standard input cannot be read")?;
        bytes
    } else {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).with_context(|| format!("{}: cannot be opened", path.display()))?;
        file.take(LONGEST).read_to_end(&mut bytes).with_context(|| format!("{}: cannot be read", path.display()))?;
        bytes
    };
    read::reports(&bytes).with_context(|| path.display().to_string())
}
