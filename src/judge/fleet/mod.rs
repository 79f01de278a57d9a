//! Many machines' reports as one view: which extensions there are, on how many machines, and what is found about them.
//!
//! Reports are read twice, record by record, so that nothing of their size is held in memory: first the heads, out of which
//! [`Census`] chooses the newest scan of each machine, then what they say, which [`Tally`] counts. [`Fleet`] is the result; the
//! same reports give the same whatever their order and the number of threads.

mod hosts;
mod news;
pub mod record;
mod set;
mod tally;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use rustc_hash::FxHashMap;
use serde::Serialize;

pub use hosts::{Census, Host, Hosts, Place};
pub use news::News;
pub use tally::Tally;

use crate::finding::{Severity, Verdict};
use crate::model::{ExtensionId, InstallSource};
use crate::report::model::Found;
use set::NumberSet;
use tally::{Build, Seen, SeenContact, SeenRule, union};

/// The name and version of the form.
pub const SCHEMA: &str = "crxhound.fleet/1";

/// Machines that are named for one extension or rule; all of them are counted.
const NAMED: usize = 100;

/// What the reports of a fleet say together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fleet {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Extensions that a machine has now, the worst first, among equals the rarest.
    pub extensions: Vec<Prevalence>,
    /// Rules that found something, about extensions, machines or profiles; the worst first, among equals the rarest.
    pub findings: Vec<RulePrevalence>,
    /// Foreign hosts in the code of extensions: those that were hidden first, among equals the rarest.
    pub contacts: Vec<ContactPrevalence>,
    /// Machines on which something is suspicious or worse, the worst first.
    pub hosts: Vec<FlaggedHost>,
    /// Files that do not count, or not as a whole.
    pub skipped: Vec<Skipped>,
    /// Counts.
    pub summary: Summary,
}

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

impl Tally<'_> {
    /// The result. `files` were looked into, and `skipped` are those of them that do not count.
    pub fn finish(self, files: usize, mut skipped: Vec<Skipped>) -> Fleet {
        let hosts = self.hosts;
        skipped.sort();
        let mut ids = FxHashMap::default();
        let mut extensions: Vec<(u32, Prevalence)> = Vec::new();
        for (id, seen) in self.extensions.into_iter() {
            let id = ExtensionId::from_digest(&id);
            ids.insert(seen.number, id.clone());
            extensions.extend(prevalence(id, seen, hosts));
        }
        let places: FxHashMap<u32, usize> = extensions.iter().enumerate().map(|(at, (number, _))| (*number, at)).collect();
        let mut findings = Vec::new();
        for (rule, seen) in self.rules.into_iter() {
            for at in seen.extensions.iter().filter_map(|number| places.get(&number)) {
                if let Some((_, extension)) = extensions.get_mut(*at) {
                    extension.findings.push(rule.clone());
                }
            }
            findings.extend(rule_prevalence(rule, &seen, hosts));
        }
        let mut extensions: Vec<Prevalence> = extensions.into_iter().map(|(_, extension)| extension).collect();
        extensions.iter_mut().for_each(|extension| extension.findings.sort());
        extensions.sort_by(|a, b| a.order().cmp(&b.order()));
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        let contacts = self.contacts.into_iter().map(|(host, seen)| contact_prevalence(host, &seen, &ids));
        let mut contacts: Vec<_> = contacts.collect();
        contacts.sort_by(|a, b| (Reverse(a.from), a.hosts, &a.host).cmp(&(Reverse(b.from), b.hosts, &b.host)));
        let flagged = hosts.iter().zip(&self.states).filter(|(_, state)| state.worst().0 >= Verdict::Suspicious);
        let mut flagged: Vec<_> = flagged.map(|(host, state)| flagged_host(host, state.worst())).collect();
        // Stable: by name among equals.
        flagged.sort_by_key(|host| (Reverse(host.verdict), Reverse(host.score)));

        let skipped_as = |kinds: &[Unused]| {
            let mut paths: Vec<&str> = skipped.iter().filter(|s| kinds.contains(&s.kind)).map(|s| s.path.as_str()).collect();
            paths.dedup();
            paths.len()
        };
        let summary = Summary {
            files,
            reports: hosts.scans(),
            older: hosts.scans().saturating_sub(hosts.len()),
            damaged: skipped_as(&[Unused::Damaged, Unused::Unreadable]),
            foreign: skipped_as(&[Unused::Foreign]),
            hosts: hosts.len(),
            incomplete_hosts: self.states.iter().filter(|state| state.incomplete()).count(),
            flagged_hosts: flagged.len(),
            verdict: self.states.iter().map(|state| state.worst().0).max().unwrap_or_default(),
            ..Summary::default()
        };
        let mut fleet = Fleet { schema: SCHEMA, extensions, findings, contacts, hosts: flagged, skipped, summary };
        fleet.count_extensions();
        fleet
    }
}

impl Fleet {
    fn count_extensions(&mut self) {
        let of = |verdict| self.extensions.iter().filter(|extension| extension.verdict == verdict).count();
        self.summary = Summary {
            extensions: self.extensions.len(),
            malicious: of(Verdict::Malicious),
            suspicious: of(Verdict::Suspicious),
            review: of(Verdict::Review),
            ok: of(Verdict::Ok),
            ..self.summary
        };
    }
}

impl Prevalence {
    /// The worst first, among equals the rarest.
    fn order(&self) -> impl Ord + '_ {
        (Reverse(self.verdict), self.hosts, Reverse(self.score), &self.id)
    }
}

impl VersionPrevalence {
    /// Machines have different files under this version.
    pub fn differs(&self) -> bool {
        self.contents.iter().filter(|content| content.content_sha256.is_some()).count() > 1
    }
}

impl RulePrevalence {
    fn order(&self) -> impl Ord + '_ {
        (Reverse(self.verdict), Reverse(self.severity), self.hosts, &self.rule)
    }
}

/// An extension that a machine has now; one that only earlier scans saw is gone.
fn prevalence(id: ExtensionId, seen: Seen, hosts: &Hosts) -> Option<(u32, Prevalence)> {
    let on_hosts = seen.hosts();
    if on_hosts.len() == 0 {
        return None;
    }
    let by_version = by_version(&seen.builds);
    Some((
        seen.number,
        Prevalence {
            id,
            versions: by_version.iter().map(|version| version.version.clone()).collect(),
            hosts: on_hosts.len(),
            verdict: seen.verdict,
            score: seen.score,
            first_seen: seen.time.first.map(|at| at.to_string()),
            last_seen: seen.time.last.map(|at| at.to_string()),
            enabled_hosts: union(seen.builds.iter().filter(|build| build.enabled)).len(),
            outside_hosts: seen.from_outside.len(),
            flagged_hosts: seen.flagged.len(),
            contents_differ: by_version.iter().any(VersionPrevalence::differs),
            by_version,
            findings: Vec::new(),
            on: names(&seen.flagged, hosts),
            new: None,
            names: seen.names.into_strings(),
            families: seen.families.into_strings(),
            sources: seen.sources,
        },
    ))
}

fn by_version(builds: &[Build]) -> Vec<VersionPrevalence> {
    let versions = builds.chunk_by(|a, b| a.version == b.version);
    versions
        .map(|builds| {
            let mut contents: BTreeMap<Option<&str>, NumberSet> = BTreeMap::new();
            for build in builds {
                contents.entry(build.content.as_deref()).or_default().extend(&build.hosts);
            }
            let contents = contents
                .into_iter()
                .map(|(content, hosts)| ContentPrevalence { content_sha256: content.map(str::to_owned), hosts: hosts.len() });
            VersionPrevalence {
                version: builds.first().map(|build| build.version.to_string()).unwrap_or_default(),
                hosts: union(builds).len(),
                contents: contents.collect(),
            }
        })
        .collect()
}

fn rule_prevalence(rule: String, seen: &SeenRule, hosts: &Hosts) -> Option<RulePrevalence> {
    Some(RulePrevalence {
        // None where only scans that do not count name the rule.
        severity: seen.severity?,
        title: seen.title.to_string(),
        verdict: seen.verdict,
        hosts: seen.hosts.len(),
        extensions: seen.extensions.len(),
        first_seen: seen.time.first.map(|at| at.to_string()),
        last_seen: seen.time.last.map(|at| at.to_string()),
        on: if seen.verdict >= Verdict::Suspicious { names(&seen.hosts, hosts) } else { Vec::new() },
        rule,
    })
}

fn contact_prevalence(host: String, seen: &SeenContact, ids: &FxHashMap<u32, ExtensionId>) -> ContactPrevalence {
    let mut extensions: Vec<_> = seen.extensions.iter().filter_map(|number| ids.get(&number).cloned()).collect();
    extensions.sort();
    ContactPrevalence { host, from: seen.from, hosts: seen.hosts.len(), extensions }
}

fn flagged_host(host: &Host, (verdict, score): (Verdict, u8)) -> FlaggedHost {
    FlaggedHost {
        id: host.key.to_string(),
        name: host.name.to_string(),
        os: host.os.to_string(),
        started_at: host.started.as_ref().map(Timestamp::to_string),
        verdict,
        score,
    }
}

/// The names of the first machines of a set; the id stands in for a name that a report does not tell.
fn names(numbers: &NumberSet, hosts: &Hosts) -> Vec<String> {
    let named = numbers.iter().filter_map(|number| hosts.get(number)).take(NAMED);
    named.map(|host| if host.name.is_empty() { &host.key } else { &host.name }.to_string()).collect()
}
