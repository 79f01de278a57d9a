//! What was counted, in the order in which people look at it.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::hosts::Hosts;
use super::news::News;
use super::seen::{Build, Seen, SeenContact, SeenRule, hosts};
use super::set::NumberSet;
use super::tally::Tally;
use super::{
    ContactPrevalence, ContentPrevalence, FlaggedHost, Prevalence, RulePrevalence, SCHEMA, Skipped, Summary, Unused,
    VersionPrevalence,
};
use crate::finding::{Severity, Verdict};
use crate::model::ExtensionId;

/// Machines that are named for one extension or rule; all of them are counted.
const NAMED: usize = 100;

/// What the reports of a fleet say together.
pub struct Fleet {
    pub(super) extensions: Vec<Extension>,
    pub(super) rules: Vec<Rule>,
    pub(super) contacts: Vec<(String, SeenContact)>,
    /// The ids of extensions, by number.
    ids: Vec<[u8; 16]>,
    flagged: Vec<Flagged>,
    hosts: Hosts,
    /// Files that do not count, or not as a whole.
    pub skipped: Vec<Skipped>,
    /// Counts.
    pub summary: Summary,
}

/// An extension that a machine has now.
pub(super) struct Extension {
    pub id: [u8; 16],
    pub seen: Box<Seen>,
    /// Machines that have it.
    hosts: u32,
    /// Machines on which it is on.
    enabled: u32,
    pub new: Option<Box<News>>,
}

/// A rule that found something in a scan that counts.
pub(super) struct Rule {
    pub rule: String,
    severity: Severity,
    pub seen: SeenRule,
    /// Extensions that it found something about.
    extensions: usize,
}

/// A machine on which something is suspicious or worse.
struct Flagged {
    host: u32,
    verdict: Verdict,
    score: u8,
}

impl Tally {
    /// The result. `files` were looked into, and `skipped` are those of them that do not count.
    pub fn finish(self, hosts: Hosts, files: usize, mut skipped: Vec<Skipped>) -> Fleet {
        skipped.sort();
        let mut ids = vec![[0; 16]; self.extensions.len()];
        let mut extensions = Vec::with_capacity(ids.len());
        for (id, seen) in self.extensions.into_iter() {
            if let Some(place) = ids.get_mut(seen.number as usize) {
                *place = id;
            }
            // One that only earlier scans saw is gone.
            let (on_hosts, enabled) = seen.hosts();
            if on_hosts > 0 {
                extensions.push(Extension { id, seen, hosts: on_hosts as u32, enabled: enabled as u32, new: None });
            }
        }
        extensions.sort_unstable_by_key(Extension::order);
        let mut of_rules: Vec<usize> = Vec::new();
        for rule in extensions.iter().flat_map(|extension| &extension.seen.rules) {
            of_rules.resize(of_rules.len().max(*rule as usize + 1), 0);
            of_rules[*rule as usize] += 1;
        }
        let rules = self.rules.into_iter().filter_map(|(rule, seen)| {
            let extensions = of_rules.get(seen.number as usize).copied().unwrap_or_default();
            Some(Rule { rule, severity: seen.severity?, seen, extensions })
        });
        let mut rules: Vec<Rule> = rules.collect();
        rules.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        let mut contacts: Vec<(String, SeenContact)> = self.contacts.into_iter().collect();
        contacts.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        // Stable: by name among equals.
        contacts.sort_by_cached_key(|(_, seen)| (Reverse(seen.from), seen.hosts.len()));

        let states = self.states.iter();
        let mut flagged: Vec<Flagged> = (0..)
            .zip(states.map(super::tally::State::worst))
            .filter(|(_, worst)| worst.0 >= Verdict::Suspicious)
            .map(|(host, (verdict, score))| Flagged { host, verdict, score })
            .collect();
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
        let mut fleet = Fleet { extensions, rules, contacts, ids, flagged, hosts, skipped, summary };
        fleet.count_extensions();
        fleet
    }
}

impl Fleet {
    /// Extensions that a machine has now, the worst first, among equals the rarest.
    pub fn extensions(&self) -> impl ExactSizeIterator<Item = Prevalence> {
        self.extensions.iter().map(|extension| self.prevalence(extension))
    }

    /// The same in the order of their ids.
    pub fn extensions_by_id(&self) -> impl ExactSizeIterator<Item = Prevalence> {
        let mut sorted: Vec<&Extension> = self.extensions.iter().collect();
        sorted.sort_unstable_by_key(|extension| extension.id);
        sorted.into_iter().map(|extension| self.prevalence(extension))
    }

    /// Rules that found something, about extensions, machines or profiles; the worst first, among equals the rarest.
    pub fn findings(&self) -> impl ExactSizeIterator<Item = RulePrevalence> {
        self.rules.iter().map(|rule| self.rule_prevalence(rule))
    }

    /// Foreign hosts in the code of extensions: those that were hidden first, among equals the rarest.
    pub fn contacts(&self) -> impl ExactSizeIterator<Item = ContactPrevalence> {
        self.contacts.iter().map(|(host, seen)| self.contact_prevalence(host, seen))
    }

    /// Machines on which something is suspicious or worse, the worst first.
    pub fn flagged_hosts(&self) -> impl Iterator<Item = FlaggedHost> {
        self.flagged.iter().filter_map(|flagged| {
            let host = self.hosts.get(flagged.host)?;
            Some(FlaggedHost {
                id: host.key.to_owned(),
                name: host.name.to_owned(),
                os: host.os.to_owned(),
                started_at: host.started.as_ref().map(Timestamp::to_string),
                verdict: flagged.verdict,
                score: flagged.score,
            })
        })
    }

    pub(super) fn prevalence(&self, extension: &Extension) -> Prevalence {
        let seen = &extension.seen;
        let unusual = seen.if_unusual();
        let by_version = by_version(&seen.builds);
        let rules = self.rules.iter().filter(|rule| seen.rules.binary_search(&rule.seen.number).is_ok());
        let mut findings: Vec<String> = rules.map(|rule| rule.rule.clone()).collect();
        findings.sort_unstable();
        Prevalence {
            id: ExtensionId::from_digest(&extension.id),
            names: seen.names.to_strings(),
            versions: by_version.iter().map(|version| version.version.clone()).collect(),
            hosts: extension.hosts as usize,
            verdict: seen.verdict,
            score: seen.score,
            first_seen: seen.time.first(),
            last_seen: seen.time.last(),
            families: unusual.map(|unusual| unusual.families.to_strings()).unwrap_or_default(),
            sources: seen.sources(),
            enabled_hosts: extension.enabled as usize,
            outside_hosts: unusual.map(|unusual| unusual.from_outside.len()).unwrap_or_default(),
            flagged_hosts: unusual.map(|unusual| unusual.flagged.len()).unwrap_or_default(),
            contents_differ: by_version.iter().any(VersionPrevalence::differs),
            by_version,
            findings,
            on: unusual.map(|unusual| self.names(&unusual.flagged)).unwrap_or_default(),
            new: extension.new.as_deref().cloned(),
        }
    }

    fn rule_prevalence(&self, Rule { rule, severity, seen, extensions }: &Rule) -> RulePrevalence {
        RulePrevalence {
            rule: rule.clone(),
            title: seen.title.to_string(),
            severity: *severity,
            verdict: seen.verdict,
            hosts: seen.hosts.len(),
            extensions: *extensions,
            first_seen: seen.time.first(),
            last_seen: seen.time.last(),
            on: if seen.verdict >= Verdict::Suspicious { self.names(&seen.hosts) } else { Vec::new() },
        }
    }

    fn contact_prevalence(&self, host: &str, seen: &SeenContact) -> ContactPrevalence {
        let mut ids: Vec<[u8; 16]> = seen.extensions.iter().filter_map(|at| self.ids.get(at as usize).copied()).collect();
        ids.sort_unstable();
        let extensions = ids.iter().map(|id| ExtensionId::from_digest(id)).collect();
        ContactPrevalence { host: host.to_owned(), from: seen.from, hosts: seen.hosts.len(), extensions }
    }

    /// The names of the first machines of a set; the id stands in for a name that a report does not tell.
    fn names(&self, numbers: &NumberSet) -> Vec<String> {
        let named = numbers.iter().filter_map(|number| self.hosts.get(number)).take(NAMED);
        named.map(|host| if host.name.is_empty() { host.key } else { host.name }.to_owned()).collect()
    }

    pub(super) fn count_extensions(&mut self) {
        let of = |verdict| self.extensions.iter().filter(|extension| extension.seen.verdict == verdict).count();
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

impl Serialize for Fleet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fleet = serializer.serialize_struct("Fleet", 7)?;
        fleet.serialize_field("schema", SCHEMA)?;
        fleet.serialize_field("extensions", &Each(|| self.extensions()))?;
        fleet.serialize_field("findings", &Each(|| self.findings()))?;
        fleet.serialize_field("contacts", &Each(|| self.contacts()))?;
        fleet.serialize_field("hosts", &Each(|| self.flagged_hosts()))?;
        fleet.serialize_field("skipped", &self.skipped)?;
        fleet.serialize_field("summary", &self.summary)?;
        fleet.end()
    }
}

/// A list whose entries are made while it is written.
struct Each<F>(F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: IntoIterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

impl Extension {
    /// The worst first, among equals the rarest.
    fn order(&self) -> impl Ord + use<> {
        (Reverse(self.seen.verdict), self.hosts, Reverse(self.seen.score), self.id)
    }
}

impl Rule {
    fn order(&self) -> impl Ord + '_ {
        (Reverse(self.seen.verdict), Reverse(self.severity), self.seen.hosts.len(), &self.rule)
    }
}

fn by_version(builds: &[Build]) -> Vec<VersionPrevalence> {
    let versions = builds.chunk_by(|a, b| a.version == b.version);
    versions
        .map(|builds| {
            let contents = builds.iter().map(|build| ContentPrevalence {
                content_sha256: build.content.text(),
                hosts: hosts(std::slice::from_ref(build)),
            });
            VersionPrevalence {
                version: builds.first().map(|build| build.version.to_string()).unwrap_or_default(),
                hosts: hosts(builds),
                contents: contents.collect(),
            }
        })
        .collect()
}
