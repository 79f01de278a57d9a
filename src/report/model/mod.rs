//! The report: the JSON contract that every other form is made from.
//!
//! Field names and their order are an outside contract; fields may be added, never renamed. The one JSON Schema
//! (`crxhound schema`) is made from these types. A report that was written earlier, or by a later version, must read back:
//! unknown fields are passed over and missing ones take their default.

mod extension;
mod machine;
mod run;

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Verdict};
use crate::problem::Problem;

pub use crate::model::machine::System as Os;
pub use extension::{Contact, ExtensionReport, FileEntry, Found, Install, IntegrityReport, Moment, Permissions, Size};
pub use machine::{BrowserReport, ExternalEntry, Known, LauncherEntry, Machine, NativeHostEntry, PolicyEntry, ProfileReport};
pub use run::{Run, RunKind, RunMoment};

/// The value of [`Report::schema`].
pub const SCHEMA: &str = "crxhound.report/1";

/// Everything that one scan found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Report {
    /// Name and version of this form.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// What made the report.
    pub tool: Tool,
    /// A new value for each scan.
    pub scan_id: String,
    /// The machine that was scanned.
    pub host: Host,
    /// Start of the scan, RFC 3339 UTC.
    pub started_at: String,
    /// How long it took.
    pub duration_ms: u64,
    /// False where a backstop (wall clock, cancelled) ended a part of the scan early.
    pub complete: bool,
    /// What belongs to no profile.
    pub machine: Machine,
    /// The browsers that were found, with their profiles.
    pub browsers: Vec<BrowserReport>,
    /// One entry for each extension in each profile, or for each package.
    pub extensions: Vec<ExtensionReport>,
    /// What could not be read whole.
    pub errors: Vec<Problem>,
    /// Counts.
    pub summary: Summary,
    /// The places that were looked at for browsers, also where there was nothing.
    pub looked_in: Vec<String>,
}

/// What made the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Tool {
    /// The program's name.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// Short hash of the loaded set of signatures.
    pub signatures: String,
    /// The day of the newest built-in signature.
    pub signatures_date: String,
}

/// The machine that was scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Host {
    /// Keyed hash of the machine id: the same machine gives the same value, the id cannot be had from it.
    pub id: String,
    /// The host's name.
    pub name: String,
    /// The operating system.
    pub os: Os,
    /// The account that ran the scan.
    pub user: String,
}

/// Counts over the report. The four verdicts count extensions; `verdict` is the worst of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Summary {
    /// User-data folders.
    pub browsers: usize,
    /// Profiles.
    pub profiles: usize,
    /// Extensions.
    pub extensions: usize,
    /// Extensions to take out now.
    pub malicious: usize,
    /// Extensions that a person should look at today.
    pub suspicious: usize,
    /// Powerful extensions with nothing wrong seen.
    pub review: usize,
    /// Extensions with nothing to say.
    pub ok: usize,
    /// The worst of all findings, those of the machine and of profiles included.
    pub verdict: Verdict,
}

impl Default for Report {
    fn default() -> Self {
        Report {
            schema: SCHEMA.to_owned(),
            tool: Tool::default(),
            scan_id: String::new(),
            host: Host::default(),
            started_at: String::new(),
            duration_ms: 0,
            complete: true,
            machine: Machine::default(),
            browsers: Vec::new(),
            extensions: Vec::new(),
            errors: Vec::new(),
            summary: Summary::default(),
            looked_in: Vec::new(),
        }
    }
}

impl Default for Host {
    fn default() -> Self {
        Host { id: String::new(), name: String::new(), os: Os::Linux, user: String::new() }
    }
}

impl Default for Tool {
    fn default() -> Self {
        Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            signatures: String::new(),
            signatures_date: String::new(),
        }
    }
}

impl Report {
    /// Puts everything in its one order and counts it. A report that has been finished prints the same bytes for the same input.
    pub fn finish(mut self) -> Report {
        self.machine.finish();
        for browser in &mut self.browsers {
            browser.profiles.sort_by(|a, b| a.directory.cmp(&b.directory));
            for profile in &mut browser.profiles {
                sort_findings(&mut profile.findings);
            }
        }
        self.browsers.sort_by(|a, b| a.order().cmp(&b.order()));
        for extension in &mut self.extensions {
            extension.finish();
        }
        self.extensions.sort_by(|a, b| a.order().cmp(&b.order()));
        self.errors.sort();
        self.errors.dedup();
        self.looked_in.sort();
        self.looked_in.dedup();
        self.summary = self.count();
        self
    }

    /// The counts of what the report holds.
    pub fn count(&self) -> Summary {
        let of = |verdict| self.extensions.iter().filter(|extension| extension.verdict == verdict).count();
        Summary {
            browsers: self.browsers.len(),
            profiles: self.browsers.iter().map(|browser| browser.profiles.len()).sum(),
            extensions: self.extensions.len(),
            malicious: of(Verdict::Malicious),
            suspicious: of(Verdict::Suspicious),
            review: of(Verdict::Review),
            ok: of(Verdict::Ok),
            verdict: self.worst(),
        }
    }

    /// The worst verdict of any extension, of the machine and of any profile: what the exit code goes by.
    pub fn worst(&self) -> Verdict {
        let extensions = self.extensions.iter().map(|extension| extension.verdict);
        let elsewhere = self.elsewhere().map(|(_, finding)| finding.verdict);
        extensions.chain(elsewhere).max().unwrap_or_default()
    }

    /// The findings that belong to no extension, each with the profile it is about, if it is about one.
    pub fn elsewhere(&self) -> impl Iterator<Item = (Option<(&BrowserReport, &ProfileReport)>, &Finding)> {
        let machine = self.machine.findings.iter().map(|finding| (None, finding));
        let profiles = self.browsers.iter().flat_map(|browser| {
            browser.profiles.iter().flat_map(move |profile| profile.findings.iter().map(move |f| (Some((browser, profile)), f)))
        });
        machine.chain(profiles)
    }

    /// Every finding: the machine's, the profiles', the extensions'.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let extensions = self.extensions.iter().flat_map(|extension| extension.findings.iter());
        self.elsewhere().map(|(_, finding)| finding).chain(extensions)
    }

    /// The extensions as a person wants to read them: worst first, then in the report's order.
    pub fn worst_first(&self) -> Vec<&ExtensionReport> {
        let mut extensions: Vec<_> = self.extensions.iter().collect();
        extensions.sort_by_key(|extension| (Reverse(extension.verdict), Reverse(extension.score)));
        extensions
    }
}

/// Worst first; among equals by rule and place, so that the order never depends on the order of work.
fn sort_findings(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (Reverse(f.verdict), Reverse(f.severity), Reverse(f.confidence));
        key(a).cmp(&key(b)).then_with(|| (&a.rule, &a.evidence, &a.flow).cmp(&(&b.rule, &b.evidence, &b.flow)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_extensions_and_takes_the_worst_of_all() {
        let mut report = Report::default();
        report.extensions.push(ExtensionReport { verdict: Verdict::Review, ..ExtensionReport::default() });
        report.extensions.push(ExtensionReport::default());
        report.machine.findings.push(finding("launcher", Verdict::Suspicious));
        let report = report.finish();
        assert_eq!((report.summary.extensions, report.summary.review, report.summary.ok), (2, 1, 1));
        assert_eq!(report.summary.suspicious, 0);
        assert_eq!(report.summary.verdict, Verdict::Suspicious);
    }

    #[test]
    fn an_older_report_reads_back() {
        let report: Report = serde_json::from_str(r#"{"schema": "crxhound.report/1", "later": 1}"#).expect("reads");
        assert!(report.complete && report.extensions.is_empty());
    }

    #[test]
    fn worst_finding_comes_first() {
        let findings = vec![finding("b", Verdict::Review), finding("c", Verdict::Malicious), finding("a", Verdict::Review)];
        let mut extension = ExtensionReport { findings, ..ExtensionReport::default() };
        extension.finish();
        let rules: Vec<_> = extension.findings.iter().map(|f| f.rule.as_str()).collect();
        assert_eq!(rules, ["c", "a", "b"]);
    }

    fn finding(rule: &str, verdict: Verdict) -> Finding {
        Finding {
            rule: rule.to_owned(),
            title: String::new(),
            severity: crate::finding::Severity::Medium,
            confidence: crate::finding::Confidence::Medium,
            leg: crate::finding::Leg::Install,
            grounds: crate::finding::Grounds::default(),
            family: None,
            attack: Vec::new(),
            why: String::new(),
            verdict,
            exposed_since: None,
            evidence: Vec::new(),
            flow: Vec::new(),
            remediation: String::new(),
        }
    }
}
