//! What every command that has a report does with it: warnings, the forms asked for, the exit code.

use super::audit;
use super::exit::Exit;
use super::options::{Common, Reporting};
use super::output;
use crate::locales::Lang;
use crate::report::{NoTexts, Report, RuleTexts, View, redact};
use crate::rules::RuleSet;

/// Warnings that are listed; the rest is counted.
const WARNINGS: usize = 5;

/// Shows a report in every form asked for, and says how the program ends.
pub fn report(report: &Report, options: &Reporting, common: &Common) -> Exit {
    let redacted;
    let report = if options.redact {
        redacted = redact::redact(report.clone());
        &redacted
    } else {
        report
    };
    warn(report, common);
    // Reports are English; what rules say in other languages is looked up where it is shown.
    let rules = (common.lang != Lang::En).then(RuleSet::builtin).and_then(Result::ok);
    let texts: &dyn RuleTexts = rules.as_ref().map_or(&NoTexts, |rules| rules);
    let view = View {
        lang: common.lang,
        texts,
        width: common.terminal.width(),
        colour: common.terminal.colour(),
        min_verdict: options.min_verdict,
        full_lines: options.full_lines,
        explain: options.explain.as_ref().map(|id| id.as_str().to_owned()),
        inventory: options.inventory,
        tlp: options.tlp,
        trace: options.trace,
    };
    let written = output::write_all(report, &options.targets, options.summary, &view, &common.terminal);
    let exit = written.max(Exit::of_report(report, options.fail_on, options.allow_incomplete));
    let logged = options.audit.as_ref().map_or(Ok(()), |sink| audit::log(sink, report, exit));
    match logged {
        Ok(()) => exit,
        Err(error) => not_logged(&error, common),
    }
}

/// Does a piece of work that ends in a report. The report goes into the audit log where it is presented; that there is none
/// goes into it here.
pub fn audited(options: &Reporting, common: &Common, work: impl FnOnce() -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    let done = work();
    if let (Err(error), Some(sink)) = (&done, &options.audit)
        && let Err(error) = audit::log_failure(sink, error)
    {
        not_logged(&error, common);
    }
    done
}

/// A scan that should be written down and is not has not done what was asked.
fn not_logged(error: &anyhow::Error, common: &Common) -> Exit {
    common.terminal.error(format!("--audit-log: {error:#}"));
    Exit::Failed
}

/// What could not be read, on standard error.
fn warn(report: &Report, common: &Common) {
    let terminal = &common.terminal;
    let shown = if terminal.is_verbose() { usize::MAX } else { WARNINGS };
    for error in report.errors.iter().take(shown) {
        terminal.warn(error.to_string());
    }
    let more = report.errors.len().saturating_sub(shown);
    if more > 0 {
        terminal.warn(format!("and {more} more; -v lists them"));
    }
}
