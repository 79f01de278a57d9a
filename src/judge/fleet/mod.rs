//! Many machines' reports as one view: which extensions there are, on how many machines, and what is found about them.
//!
//! Reports are read twice, record by record, so that nothing of their size is held in memory: first the heads, out of which
//! [`Census`] chooses the newest scan of each machine, then what they say, which [`Tally`] counts. [`Fleet`] is the result; the
//! same reports give the same whatever their order and the number of threads.
//!
//! A fleet stays in the form in which it was counted. What is shown of it, the types below, is made entry by entry.

mod hosts;
mod news;
pub mod record;
mod seen;
mod set;
mod shards;
mod tally;
mod view;

use serde::Serialize;

pub use hosts::{Census, Host, Hosts, Place};
pub use news::News;
pub use tally::Tally;
pub use view::Fleet;

use crate::finding::{Severity, Verdict};
use crate::model::{ExtensionId, InstallSource};
use crate::report::model::Found;

/// The name and version of the form.
pub const SCHEMA: &str = "crxhound.fleet/1";

/// One extension and how many machines have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prevalence {
    /// Its id.
    pub id: ExtensionId,
    /// Its names, in the languages of the machines.
    pub names: Vec<String>,
    /// Its versions, as text sorts them.
    pub versions: Vec<String>,
    /// Machines that have it.
    pub hosts: usize,
    /// The worst that any of them says of it.
    pub verdict: Verdict,
    /// The highest score.
    pub score: u8,
    /// Start of the first scan that saw it, RFC 3339 UTC; scans that do not count are asked too.
    pub first_seen: Option<String>,
    /// Start of the last scan that saw it.
    pub last_seen: Option<String>,
    /// Named malware.
    pub families: Vec<String>,
    /// Where it came from, on any machine.
    pub sources: Vec<InstallSource>,
    /// Machines on which it is on.
    pub enabled_hosts: usize,
    /// Machines on which it came from no store, no policy and not with the browser.
    pub outside_hosts: usize,
    /// Machines on which it is suspicious or worse.
    pub flagged_hosts: usize,
    /// One version has different files on different machines.
    pub contents_differ: bool,
    /// Machines by version and content.
    pub by_version: Vec<VersionPrevalence>,
    /// Rules that found something about it, by name.
    pub findings: Vec<String>,
    /// The names of the machines on which it is suspicious or worse, the first hundred.
    pub on: Vec<String>,
    /// In which ways it is new, where the fleet was compared with an earlier view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<News>,
}

/// One version of an extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionPrevalence {
    /// The version.
    pub version: String,
    /// Machines that have it.
    pub hosts: usize,
    /// What its files are, and on how many machines.
    pub contents: Vec<ContentPrevalence>,
}

/// One content under one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContentPrevalence {
    /// Over the sorted paths and hashes of the files; null where there were no files.
    pub content_sha256: Option<String>,
    /// Machines that have it.
    pub hosts: usize,
}

/// One rule and on how many machines it found something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RulePrevalence {
    /// The rule.
    pub rule: String,
    /// A few words.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// What it amounts to by itself.
    pub verdict: Verdict,
    /// Machines.
    pub hosts: usize,
    /// Extensions; 0 where it is about machines or profiles.
    pub extensions: usize,
    /// Start of the first scan in which it found something.
    pub first_seen: Option<String>,
    /// Start of the last one.
    pub last_seen: Option<String>,
    /// The names of the machines, the first hundred; of rules that amount to suspicious or worse.
    pub on: Vec<String>,
}

/// One host in the code of extensions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactPrevalence {
    /// The host.
    pub host: String,
    /// The most telling way in which it was found.
    pub from: Found,
    /// Machines that have an extension which names it.
    pub hosts: usize,
    /// Extensions that name it.
    pub extensions: Vec<ExtensionId>,
}

/// One machine on which something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlaggedHost {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub os: String,
    /// When the scan that counts began.
    pub started_at: Option<String>,
    /// The worst of everything found there.
    pub verdict: Verdict,
    /// The highest score.
    pub score: u8,
}

/// One file that does not count, or not as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The file.
    pub path: String,
    /// Why.
    pub kind: Unused,
    /// The line of the first record that does not count.
    pub line: usize,
    /// How many records do not.
    pub records: usize,
    /// What is wrong with the first.
    pub message: String,
}

/// Why a record does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unused {
    /// The file cannot be read.
    Unreadable,
    /// No JSON, cut off, or not what a report holds.
    Damaged,
    /// JSON of something else, or of a version that we do not know.
    Foreign,
    /// There is a newer report of the machine.
    Older,
}

impl Unused {
    /// The word in every form.
    pub fn as_str(self) -> &'static str {
        match self {
            Unused::Unreadable => "unreadable",
            Unused::Damaged => "damaged",
            Unused::Foreign => "foreign",
            Unused::Older => "older",
        }
    }
}

/// Counts over the fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Files that were looked into.
    pub files: usize,
    /// Different scans in them.
    pub reports: usize,
    /// Scans that do not count, since there is a newer one of the machine.
    pub older: usize,
    /// Files that are damaged or cannot be read, in part or whole.
    pub damaged: usize,
    /// Files that hold something else.
    pub foreign: usize,
    /// Machines.
    pub hosts: usize,
    /// Machines on which something could not be read.
    pub incomplete_hosts: usize,
    /// Machines on which something is suspicious or worse.
    pub flagged_hosts: usize,
    /// Different extensions.
    pub extensions: usize,
    /// Extensions to take out now.
    pub malicious: usize,
    /// Extensions that a person should look at today.
    pub suspicious: usize,
    /// Powerful extensions with nothing wrong seen.
    pub review: usize,
    /// Extensions with nothing to say.
    pub ok: usize,
    /// The worst of everything, findings about machines and profiles included.
    pub verdict: Verdict,
}

impl VersionPrevalence {
    /// Machines have different files under this version.
    pub fn differs(&self) -> bool {
        self.contents.iter().filter(|content| content.content_sha256.is_some()).count() > 1
    }
}
