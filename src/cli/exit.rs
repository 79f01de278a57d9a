//! Exit codes, as clamscan and grep have them.

use std::process::ExitCode;

use super::args::FailOn;
use crate::finding::Verdict;
use crate::problem::Stage;
use crate::report::Report;

/// How the program ends. The order is that of which wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Nothing at or above `--fail-on`.
    #[default]
    Clean,
    /// Something at or above it.
    Found,
    /// What was asked could not be done.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Found => 1,
            Exit::Failed => 2,
        }
    }

    /// What a report amounts to. A target that could not be read whole spoils only an answer of "nothing found"; rules and
    /// lines of a feed that were skipped are said, and do not.
    pub fn of_report(report: &Report, fail_on: FailOn, allow_incomplete: bool) -> Exit {
        if fail_on.reached_by(report.worst()) {
            return Exit::Found;
        }
        let unread = !report.complete || report.errors.iter().any(|error| error.stage != Stage::Signatures);
        if unread && !allow_incomplete { Exit::Failed } else { Exit::Clean }
    }
}

impl FailOn {
    /// Whether a verdict is at or above it.
    pub fn reached_by(self, verdict: Verdict) -> bool {
        let threshold = match self {
            FailOn::Malicious => Some(Verdict::Malicious),
            FailOn::Suspicious => Some(Verdict::Suspicious),
            FailOn::Review => Some(Verdict::Review),
            FailOn::Never => None,
        };
        threshold.is_some_and(|threshold| verdict >= threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;
    use crate::report::model::ExtensionReport;

    fn report(verdict: Verdict, stages: &[Stage]) -> Report {
        Report {
            extensions: vec![ExtensionReport { verdict, ..ExtensionReport::default() }],
            errors: stages.iter().map(|stage| Problem::new("p", *stage, "m")).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn what_is_found_wins_over_what_could_not_be_read() {
        let of = |verdict, stages: &[Stage], fail_on, allow| Exit::of_report(&report(verdict, stages), fail_on, allow);
        assert_eq!(of(Verdict::Review, &[], FailOn::Suspicious, false), Exit::Clean);
        assert_eq!(of(Verdict::Review, &[], FailOn::Review, false), Exit::Found);
        assert_eq!(of(Verdict::Malicious, &[Stage::Read], FailOn::Suspicious, false), Exit::Found);
        assert_eq!(of(Verdict::Malicious, &[], FailOn::Never, false), Exit::Clean);
        assert_eq!(of(Verdict::Ok, &[Stage::Read], FailOn::Suspicious, false), Exit::Failed);
        assert_eq!(of(Verdict::Ok, &[Stage::Read], FailOn::Suspicious, true), Exit::Clean);
        assert_eq!(of(Verdict::Ok, &[Stage::Signatures], FailOn::Suspicious, false), Exit::Clean);
    }

    #[test]
    fn an_unfinished_scan_is_not_clean() {
        let report = Report { complete: false, ..Report::default() };
        assert_eq!(Exit::of_report(&report, FailOn::Suspicious, false), Exit::Failed);
    }
}
