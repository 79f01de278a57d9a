//! What is new since an earlier report.
//!
//! A finding is known where the earlier report has the same rule, family and destination for the same extension of the same
//! profile. An extension that brings nothing new is left out; one that does is judged by what is new alone.

use std::collections::BTreeSet;

use super::{Context, Sensitivity, judge};
use crate::finding::Finding;
use crate::model::ContentState;
use crate::report::model::{ExtensionReport, Report};

/// What an earlier report has said.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    extensions: BTreeSet<Vec<String>>,
    findings: BTreeSet<(Vec<String>, Vec<String>)>,
}

impl Baseline {
    /// What a report says.
    pub fn of(report: &Report) -> Baseline {
        let mut baseline = Baseline::default();
        baseline.add(&[], &report.machine.findings);
        for browser in &report.browsers {
            for profile in &browser.profiles {
                baseline.add(&[&browser.user_data_dir, &profile.directory], &profile.findings);
            }
        }
        for extension in &report.extensions {
            baseline.extensions.insert(whose(extension));
            baseline.findings.extend(extension.findings.iter().map(|finding| (whose(extension), what(finding))));
        }
        baseline
    }

    /// What two reports say together.
    pub fn and(mut self, other: Baseline) -> Baseline {
        self.extensions.extend(other.extensions);
        self.findings.extend(other.findings);
        self
    }

    fn add(&mut self, place: &[&String], findings: &[Finding]) {
        let place: Vec<String> = place.iter().map(|part| (*part).clone()).collect();
        self.findings.extend(findings.iter().map(|finding| (place.clone(), what(finding))));
    }

    /// Leaves in a report what is new, and says how many findings were known. Counts are made again by [`Report::finish`].
    pub fn keep_new(&self, report: &mut Report, sensitivity: Sensitivity) -> usize {
        let mut known = 0;
        let mut keep = |place: &Vec<String>, findings: &mut Vec<Finding>| {
            let before = findings.len();
            findings.retain(|finding| !self.findings.contains(&(place.clone(), what(finding))));
            known += before - findings.len();
            before - findings.len()
        };
        keep(&Vec::new(), &mut report.machine.findings);
        for browser in &mut report.browsers {
            for profile in &mut browser.profiles {
                keep(&vec![browser.user_data_dir.clone(), profile.directory.clone()], &mut profile.findings);
            }
        }
        report.extensions.retain_mut(|extension| {
            let place = whose(extension);
            let taken = keep(&place, &mut extension.findings);
            if extension.findings.is_empty() && self.extensions.contains(&place) {
                return false;
            }
            if taken > 0 {
                let store_verified = extension.integrity.content == ContentState::Verified;
                let judgement = judge(&extension.findings, Context { store_verified, sensitivity });
                extension.verdict = judgement.verdict;
                extension.score = judgement.score;
                extension.families = judgement.families;
                extension.reasons = judgement.reasons;
                extension.reasons.push(format!("{taken} findings are known from the baseline and do not count"));
            }
            true
        });
        known
    }
}

/// Which extension, in which profile. A bare package is known by its id, wherever it lies.
pub(super) fn whose(extension: &ExtensionReport) -> Vec<String> {
    let place = [&extension.browser, &extension.user_data_dir, &extension.profile];
    let place = place.into_iter().map(|part| part.clone().unwrap_or_default());
    place.chain([extension.id.to_string()]).collect()
}

/// What a finding says: the same theft to another place is another finding.
pub(super) fn what(finding: &Finding) -> Vec<String> {
    let end = finding.flow.last().map(|step| step.what.clone()).unwrap_or_default();
    vec![finding.rule.clone(), finding.family.clone().unwrap_or_default(), end]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::finding::{Confidence, Grounds, Leg, Severity, Step, Verdict};

    fn finding(rule: &str, end: &str) -> Finding {
        Finding {
            rule: rule.to_owned(),
            title: String::new(),
            severity: Severity::High,
            confidence: Confidence::High,
            leg: Leg::Behaviour,
            grounds: Grounds::default(),
            family: None,
            attack: Vec::new(),
            why: String::new(),
            verdict: Verdict::Suspicious,
            exposed_since: None,
            evidence: Vec::new(),
            flow: vec![Step { file: "bg.js".to_owned(), line: 1, what: end.to_owned(), world: String::new() }],
            remediation: String::new(),
        }
    }

    fn report(letter: &str, findings: Vec<Finding>) -> Report {
        let id = crate::model::ExtensionId::parse(&letter.repeat(32)).unwrap();
        let mut report = Report::default();
        report.extensions.push(ExtensionReport { id, findings, verdict: Verdict::Suspicious, ..ExtensionReport::default() });
        report
    }

    #[test]
    fn only_what_is_new_is_left() {
        let baseline = Baseline::of(&report("a", vec![finding("sends-cookies", "sends it to a.invalid")]));
        let mut same = report("a", vec![finding("sends-cookies", "sends it to a.invalid")]);
        assert_eq!(baseline.keep_new(&mut same, Sensitivity::Normal), 1);
        assert!(same.extensions.is_empty());
        let mut moved = report(
            "a",
            vec![finding("sends-cookies", "sends it to a.invalid"), finding("sends-cookies", "sends it to b.invalid")],
        );
        baseline.keep_new(&mut moved, Sensitivity::Normal);
        assert_eq!(moved.extensions[0].findings.len(), 1);
        assert_eq!(moved.extensions[0].verdict, Verdict::Suspicious);
        let mut other = report("b", Vec::new());
        baseline.keep_new(&mut other, Sensitivity::Normal);
        assert_eq!(other.extensions.len(), 1, "a new extension without findings is new");
    }
}
