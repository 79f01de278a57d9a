//! What is known of one extension, rule or contact while a fleet is counted, and until it is shown.
//!
//! A fleet has tens of thousands of extensions, nearly all of them on a few machines and with nothing unusual about them: that case
//! is kept small.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::record::Entry;
use super::set::{NumberSet, put};
use crate::finding::{Severity, Verdict};
use crate::model::InstallSource;
use crate::report::model::Found;
use crate::report::text::first_chars;

/// Names of one extension: one a language is usual.
const NAMES: usize = 64;

/// Builds of one extension: versions, with each content that they were seen with.
const BUILDS: usize = 1_000;

/// Versions that are held once for all extensions. Honest fleets have fewer; hostile reports invent one for each row.
const VERSIONS: usize = 100_000;

/// Families of one extension.
const FAMILIES: usize = 16;

/// Longest text that is kept of a report, in characters.
const TEXT: usize = 200;

/// One extension.
pub(super) struct Seen {
    /// A number by which contacts know it. It depends on the order of work and is never shown.
    pub number: u32,
    pub names: Texts,
    /// In order.
    pub builds: Vec<Build>,
    sources: u16,
    pub verdict: Verdict,
    pub score: u8,
    pub time: Time,
    /// The numbers of rules that found something about it, in order.
    pub rules: Vec<u32>,
    unusual: Option<Box<Unusual>>,
}

/// What few extensions have.
#[derive(Default)]
pub(super) struct Unusual {
    pub families: Texts,
    /// Machines with builds beyond [`BUILDS`], by [`installed`].
    other_builds: NumberSet,
    /// Machines on which it came from no store, no policy and not with the browser.
    pub from_outside: NumberSet,
    /// Machines on which it is suspicious or worse.
    pub flagged: NumberSet,
}

/// One version with one content. Every row goes to exactly one, so that the machines of a version and of an extension are the
/// union of theirs.
pub(super) struct Build {
    pub version: Arc<str>,
    pub content: Content,
    /// Machines, by [`installed`].
    hosts: NumberSet,
}

/// A machine and whether the extension is on there, as one number: a set of them is half as large as two sets are.
fn installed(host: u32, enabled: bool) -> u32 {
    host << 1 | u32::from(enabled)
}

/// What the files of an extension are.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// There were no files.
    #[default]
    None,
    /// A hash, in the form that our reports have.
    Sha256([u8; 32]),
    /// What stands there instead in a report that is not ours.
    Other(Box<str>),
}

/// One rule.
#[derive(Default)]
pub(super) struct SeenRule {
    /// As that of [`Seen`], by which extensions know the rule.
    pub number: u32,
    pub title: Box<str>,
    /// The worst; `None` until a report that counts names the rule.
    pub severity: Option<Severity>,
    pub verdict: Verdict,
    pub hosts: NumberSet,
    pub time: Time,
}

/// One host in the code of extensions.
#[derive(Default)]
pub(super) struct SeenContact {
    pub from: Found,
    pub hosts: NumberSet,
    pub extensions: NumberSet,
}

/// The first and the last scan that saw something.
#[derive(Clone, Copy, Default)]
pub(super) struct Time(Option<(Timestamp, Timestamp)>);

impl Time {
    pub fn saw(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        let (first, last) = self.0.unwrap_or((at, at));
        self.0 = Some((first.min(at), last.max(at)));
    }

    /// The first time, RFC 3339 UTC.
    pub fn first(&self) -> Option<String> {
        self.0.map(|(first, _)| first.to_string())
    }

    /// The last time.
    pub fn last(&self) -> Option<String> {
        self.0.map(|(_, last)| last.to_string())
    }
}

/// Some texts, the first by alphabet where there are too many.
#[derive(Default)]
pub(super) struct Texts(Vec<Box<str>>);

impl Texts {
    fn insert(&mut self, text: &str, most: usize) {
        if text.is_empty() {
            return;
        }
        let Err(at) = self.0.binary_search_by(|known| (**known).cmp(text)) else { return };
        if at < most {
            put(&mut self.0, at, text.into());
            self.0.truncate(most);
        }
    }

    /// The texts, in order.
    pub fn to_strings(&self) -> Vec<String> {
        self.0.iter().map(|text| text.to_string()).collect()
    }
}

impl Seen {
    pub fn new(number: u32) -> Seen {
        Seen {
            number,
            names: Texts::default(),
            builds: Vec::new(),
            sources: 0,
            verdict: Verdict::Ok,
            score: 0,
            time: Time::default(),
            rules: Vec::new(),
            unusual: None,
        }
    }

    /// Adds what a machine says of it.
    pub fn add(&mut self, entry: &Entry<'_>, host: u32, versions: &Versions) {
        self.names.insert(&short(entry.name.trim()), NAMES);
        self.verdict = self.verdict.max(entry.verdict);
        self.score = self.score.max(entry.score);
        self.sources |= bit(entry.install.source);
        for family in &entry.families.0 {
            self.unusual().families.insert(&short(family), FAMILIES);
        }
        if is_outside(entry.install.source) {
            self.unusual().from_outside.insert(host);
        }
        if entry.verdict >= Verdict::Suspicious {
            self.unusual().flagged.insert(host);
        }
        let content = Content::of(entry.content_sha256.as_deref());
        self.build(&short(&entry.version), content, installed(host, entry.install.enabled), versions);
    }

    /// A rule found something about it.
    pub fn rule(&mut self, number: u32) {
        if let Err(at) = self.rules.binary_search(&number) {
            put(&mut self.rules, at, number);
        }
    }

    fn build(&mut self, version: &str, content: Content, installed: u32, versions: &Versions) {
        let found = self.builds.binary_search_by(|build| (&*build.version, &build.content).cmp(&(version, &content)));
        let at = match found {
            Ok(at) => at,
            Err(BUILDS) => return self.unusual().other_builds.insert(installed),
            Err(at) => {
                put(&mut self.builds, at, Build { version: versions.get(version), content, hosts: NumberSet::default() });
                at
            }
        };
        self.builds[at].hosts.insert(installed);
        // The first by version stay, whatever the order in which they came.
        let full = self.builds.len() > BUILDS;
        if let Some(last) = self.builds.pop_if(|_| full) {
            last.hosts.iter().for_each(|installed| self.unusual().other_builds.insert(installed));
        }
    }

    fn unusual(&mut self) -> &mut Unusual {
        self.unusual.get_or_insert_default()
    }

    /// What few extensions have, where this one does.
    pub fn if_unusual(&self) -> Option<&Unusual> {
        self.unusual.as_deref()
    }

    /// How many machines have it, and on how many of them it is on.
    pub fn hosts(&self) -> (usize, usize) {
        let others = self.unusual.iter().map(|unusual| &unusual.other_builds);
        count(self.builds.iter().map(|build| &build.hosts).chain(others))
    }

    /// Where it came from, on any machine, in order.
    pub fn sources(&self) -> Vec<InstallSource> {
        InstallSource::ALL.into_iter().filter(|source| self.sources & bit(*source) != 0).collect()
    }
}

/// How many machines have any of some builds.
pub(super) fn hosts(builds: &[Build]) -> usize {
    count(builds.iter().map(|build| &build.hosts)).0
}

/// How many machines there are in sets of [`installed`], and on how many of them it is on.
fn count<'s>(sets: impl Iterator<Item = &'s NumberSet>) -> (usize, usize) {
    let mut installed: Vec<u32> = sets.flat_map(NumberSet::iter).collect();
    // Sets are in order: this merges them, and does nothing to a single one.
    installed.sort();
    let hosts = installed.chunk_by(|a, b| a >> 1 == b >> 1);
    // Of a machine's two numbers, the one that says on is the greater.
    hosts.fold((0, 0), |(all, on), host| (all + 1, on + host.last().map_or(0, |last| (last & 1) as usize)))
}

/// The versions of all extensions, each held once: many have the same.
#[derive(Default)]
pub(super) struct Versions(Mutex<HashSet<Arc<str>>>);

impl Versions {
    fn get(&self, version: &str) -> Arc<str> {
        let mut versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = versions.get(version) {
            return Arc::clone(known);
        }
        let new: Arc<str> = version.into();
        if versions.len() < VERSIONS {
            versions.insert(Arc::clone(&new));
        }
        new
    }
}

impl Content {
    fn of(text: Option<&str>) -> Content {
        let Some(text) = text else { return Content::None };
        let (pairs, odd) = text.as_bytes().as_chunks::<2>();
        let Ok(pairs) = <&[[u8; 2]; 32]>::try_from(pairs) else { return Content::Other((*short(text)).into()) };
        let mut wrong = odd.len();
        let hash = pairs.map(|[high, low]| {
            let (high, low) = (DIGITS[high as usize], DIGITS[low as usize]);
            wrong += usize::from((high | low) > 15);
            high << 4 | low & 15
        });
        if wrong == 0 { Content::Sha256(hash) } else { Content::Other((*short(text)).into()) }
    }

    /// The text that it was read from.
    pub fn text(&self) -> Option<String> {
        match self {
            Content::None => None,
            Content::Sha256(hash) => Some(crate::model::hash::hex(hash)),
            Content::Other(text) => Some(text.to_string()),
        }
    }
}

/// What hexadecimal digits of lower case stand for; above 15 for what is none. Each row has 64 of them.
const DIGITS: [u8; 256] = {
    let mut digits = [u8::MAX; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

fn bit(source: InstallSource) -> u16 {
    1 << source as u16
}

/// Put there by hand or by another program, where no store, no organisation and no browser answers for it.
fn is_outside(source: InstallSource) -> bool {
    matches!(source, InstallSource::Sideload | InstallSource::Unpacked | InstallSource::CommandLine)
}

/// A text of a report, cut where it has no honest length.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT { text.into() } else { first_chars(text, TEXT).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_come_out_as_they_went_in() {
        let hash = "0123456789abcdef".repeat(4);
        assert_eq!(Content::of(Some(&hash)), Content::Sha256(Content::of(Some(&hash)).hash()));
        for text in [None, Some(hash.as_str()), Some("aa"), Some(""), Some(&*hash.to_uppercase()), Some(&*"é".repeat(32))] {
            assert_eq!(Content::of(text).text().as_deref(), text);
        }
    }

    impl Content {
        fn hash(&self) -> [u8; 32] {
            match self {
                Content::Sha256(hash) => *hash,
                other => panic!("{other:?} is no hash"),
            }
        }
    }

    #[test]
    fn versions_are_shared_as_far_as_there_is_room() {
        let versions = Versions::default();
        assert!(Arc::ptr_eq(&versions.get("1.0"), &versions.get("1.0")));
        for number in 0..VERSIONS + 10 {
            assert_eq!(*versions.get(&number.to_string()), *number.to_string());
        }
        assert_eq!(versions.0.lock().map(|known| known.len()).ok(), Some(VERSIONS));
    }

    #[test]
    fn of_too_many_builds_the_first_stay_whatever_the_order() {
        let builds = BUILDS as u32 + 50;
        let seen = |order: &mut dyn Iterator<Item = u32>| {
            let (mut seen, versions) = (Seen::new(0), Versions::default());
            for number in order {
                seen.build(&format!("{number:05}"), Content::None, installed(number, number % 2 == 0), &versions);
            }
            seen
        };
        for seen in [seen(&mut (0..builds)), seen(&mut (0..builds).rev())] {
            assert_eq!(seen.builds.last().map(|build| &*build.version), Some("00999"));
            assert_eq!((seen.builds.len(), seen.hosts()), (BUILDS, (builds as usize, builds as usize / 2)));
        }
    }
}
