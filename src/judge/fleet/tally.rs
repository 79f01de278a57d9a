//! Counting: how many machines have what.
//!
//! Records may come in any order, from several threads at once and more than once: machines are put into sets, texts into
//! bounded lists of the first by alphabet, times and verdicts into the least or the worst. So the result is always the same.
//! Memory grows with the number of different extensions, builds, rules and contacts, and with the machines by a few bytes for
//! each extension at most, never with the rows.

use std::borrow::{Borrow, Cow};
use std::hash::{BuildHasher as _, Hash};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::hosts::{Hosts, Place};
use super::record::{Contact, Entry, FoundRule, Part};
use super::set::NumberSet;
use crate::finding::{Severity, Verdict};
use crate::model::{ExtensionId, InstallSource};
use crate::report::model::Found;
use crate::report::text::first_chars;

/// Names of one extension: one a language is usual.
const NAMES: usize = 64;

/// Builds of one extension: versions, with each content that they were seen with.
const BUILDS: usize = 1_000;

/// Families of one extension.
const FAMILIES: usize = 16;

/// Longest text that is kept of a report, in characters.
const TEXT: usize = 200;

/// Locks that threads share; many more than threads, so that they seldom meet.
const SHARDS: usize = 64;

/// What was counted so far.
pub struct Tally<'h> {
    pub(super) hosts: &'h Hosts,
    pub(super) extensions: Shards<[u8; 16], Seen>,
    pub(super) rules: Shards<String, SeenRule>,
    pub(super) contacts: Shards<String, SeenContact>,
    pub(super) states: Vec<State>,
    numbers: AtomicU32,
}

/// One machine.
#[derive(Default)]
pub(super) struct State {
    /// The worst verdict and the highest score, as one number that grows with both.
    worst: AtomicU32,
    incomplete: AtomicBool,
}

/// One extension.
pub(super) struct Seen {
    /// A number by which rules and contacts know it. It depends on the order of work and is never shown.
    pub number: u32,
    pub names: Texts,
    /// In order.
    pub builds: Vec<Build>,
    /// Machines with builds beyond [`BUILDS`].
    pub other_builds: NumberSet,
    /// In order.
    pub sources: Vec<InstallSource>,
    pub verdict: Verdict,
    pub score: u8,
    pub families: Texts,
    /// Machines on which it came from no store, no policy and not with the browser.
    pub from_outside: NumberSet,
    /// Machines on which it is suspicious or worse.
    pub flagged: NumberSet,
    pub time: Time,
}

/// One version with one content, switched on or off. Every row goes to exactly one, so that the machines of a version and of an
/// extension are the union of theirs.
pub(super) struct Build {
    pub version: Box<str>,
    pub content: Option<Box<str>>,
    pub enabled: bool,
    pub hosts: NumberSet,
}

/// One rule.
#[derive(Default)]
pub(super) struct SeenRule {
    pub title: Box<str>,
    /// The worst; `None` until a report that counts names the rule.
    pub severity: Option<Severity>,
    pub verdict: Verdict,
    pub hosts: NumberSet,
    pub extensions: NumberSet,
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
pub(super) struct Time {
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

impl Time {
    fn saw(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }
}

/// Some texts, the first by alphabet where there are too many.
#[derive(Default)]
pub(super) struct Texts(pub Vec<Box<str>>);

impl Texts {
    fn insert(&mut self, text: &str, most: usize) {
        if text.is_empty() {
            return;
        }
        let Err(at) = self.0.binary_search_by(|known| (**known).cmp(text)) else { return };
        if at < most {
            self.0.insert(at, text.into());
            self.0.truncate(most);
        }
    }

    /// The texts, in order.
    pub(super) fn into_strings(self) -> Vec<String> {
        self.0.into_iter().map(String::from).collect()
    }
}

impl<'h> Tally<'h> {
    /// Nothing counted yet.
    pub fn new(hosts: &'h Hosts) -> Tally<'h> {
        Tally {
            hosts,
            extensions: Shards::new(),
            rules: Shards::new(),
            contacts: Shards::new(),
            states: hosts.iter().map(|_| State::default()).collect(),
            numbers: AtomicU32::new(0),
        }
    }

    /// Counts what a record says. Of a scan that is not its machine's newest, only the times count. The answer is the number of
    /// extensions that were passed over, since their id is none.
    pub fn add(&self, part: &Part<'_>, place: Place) -> usize {
        let wrong = part.entries.iter().filter(|entry| self.entry(entry, place).is_none()).count();
        for found in &part.elsewhere {
            self.found(found, None, place);
            self.worst(found.verdict, 0, place);
        }
        let state = self.states.get(place.host as usize).filter(|_| part.incomplete && place.counts);
        if let Some(state) = state {
            state.incomplete.store(true, Ordering::Relaxed);
        }
        wrong
    }

    fn entry(&self, entry: &Entry<'_>, place: Place) -> Option<()> {
        let id = ExtensionId::parse(&entry.id)?.to_bytes();
        let new = || Seen::new(self.numbers.fetch_add(1, Ordering::Relaxed));
        let number = self.extensions.with(&id, new, |seen| {
            seen.time.saw(place.started);
            if place.counts {
                seen.add(entry, place.host);
            }
            seen.number
        });
        for found in &entry.findings.0 {
            self.found(found, Some(number), place);
        }
        if place.counts {
            entry.contacts.0.iter().for_each(|contact| self.contact(contact, number, place.host));
        }
        self.worst(entry.verdict, entry.score, place);
        Some(())
    }

    fn found(&self, found: &FoundRule<'_>, extension: Option<u32>, place: Place) {
        self.rules.with(&*short(&found.rule), SeenRule::default, |seen| {
            seen.time.saw(place.started);
            if !place.counts {
                return;
            }
            seen.hosts.insert(place.host);
            if let Some(number) = extension {
                seen.extensions.insert(number);
            }
            seen.severity = seen.severity.max(Some(found.severity));
            seen.verdict = seen.verdict.max(found.verdict);
            if seen.title.is_empty() || *seen.title > *found.title {
                seen.title = (*short(&found.title)).into();
            }
        });
    }

    fn contact(&self, contact: &Contact<'_>, extension: u32, host: u32) {
        self.contacts.with(&*short(&contact.host), SeenContact::default, |seen| {
            seen.from = seen.from.max(contact.from);
            seen.hosts.insert(host);
            seen.extensions.insert(extension);
        });
    }

    fn worst(&self, verdict: Verdict, score: u8, place: Place) {
        if let Some(state) = self.states.get(place.host as usize).filter(|_| place.counts) {
            state.worst.fetch_max((verdict as u32) << 8 | u32::from(score), Ordering::Relaxed);
        }
    }
}

impl State {
    /// The worst verdict and the highest score with it.
    pub(super) fn worst(&self) -> (Verdict, u8) {
        let worst = self.worst.load(Ordering::Relaxed);
        let verdicts = [Verdict::Ok, Verdict::Review, Verdict::Suspicious, Verdict::Malicious];
        let verdict = verdicts.into_iter().find(|verdict| *verdict as u32 == worst >> 8).unwrap_or_default();
        (verdict, (worst & 0xff) as u8)
    }

    /// Something could not be read there.
    pub(super) fn incomplete(&self) -> bool {
        self.incomplete.load(Ordering::Relaxed)
    }
}

impl Seen {
    fn new(number: u32) -> Seen {
        Seen {
            number,
            names: Texts::default(),
            builds: Vec::new(),
            other_builds: NumberSet::default(),
            sources: Vec::new(),
            verdict: Verdict::Ok,
            score: 0,
            families: Texts::default(),
            from_outside: NumberSet::default(),
            flagged: NumberSet::default(),
            time: Time::default(),
        }
    }

    fn add(&mut self, entry: &Entry<'_>, host: u32) {
        self.names.insert(&short(entry.name.trim()), NAMES);
        self.verdict = self.verdict.max(entry.verdict);
        self.score = self.score.max(entry.score);
        if let Err(at) = self.sources.binary_search(&entry.install.source) {
            self.sources.insert(at, entry.install.source);
        }
        entry.families.0.iter().for_each(|family| self.families.insert(&short(family), FAMILIES));
        if is_outside(entry.install.source) {
            self.from_outside.insert(host);
        }
        if entry.verdict >= Verdict::Suspicious {
            self.flagged.insert(host);
        }
        self.build(&short(&entry.version), entry.content_sha256.as_deref().map(short).as_deref(), entry.install.enabled, host);
    }

    fn build(&mut self, version: &str, content: Option<&str>, enabled: bool, host: u32) {
        let wanted = (version, content, enabled);
        match self.builds.binary_search_by(|build| build.key().cmp(&wanted)) {
            Ok(at) => self.builds[at].hosts.insert(host),
            Err(BUILDS) => self.other_builds.insert(host),
            Err(at) => {
                let mut hosts = NumberSet::default();
                hosts.insert(host);
                let (version, content) = (version.into(), content.map(Into::into));
                self.builds.insert(at, Build { version, content, enabled, hosts });
            }
        }
        // The first by version stay, whatever the order in which they came.
        let full = self.builds.len() > BUILDS;
        if let Some(last) = self.builds.pop_if(|_| full) {
            self.other_builds.extend(&last.hosts);
        }
    }

    /// The machines that have it.
    pub(super) fn hosts(&self) -> NumberSet {
        let mut hosts = union(&self.builds);
        hosts.extend(&self.other_builds);
        hosts
    }
}

impl Build {
    fn key(&self) -> (&str, Option<&str>, bool) {
        (&self.version, self.content.as_deref(), self.enabled)
    }
}

/// The machines of some builds.
pub(super) fn union<'b>(builds: impl IntoIterator<Item = &'b Build>) -> NumberSet {
    let mut hosts = NumberSet::default();
    builds.into_iter().for_each(|build| hosts.extend(&build.hosts));
    hosts
}

/// Put there by hand or by another program, where no store, no organisation and no browser answers for it.
fn is_outside(source: InstallSource) -> bool {
    matches!(source, InstallSource::Sideload | InstallSource::Unpacked | InstallSource::CommandLine)
}

/// A text of a report, cut where it has no honest length.
fn short(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT { text.into() } else { first_chars(text, TEXT).into() }
}

/// A map that threads fill together: many small maps, each behind its own lock.
pub(super) struct Shards<K, V>(Vec<Mutex<FxHashMap<K, V>>>);

impl<K: Eq + Hash, V> Shards<K, V> {
    fn new() -> Self {
        Shards((0..SHARDS).map(|_| Mutex::default()).collect())
    }

    /// Works on the value of a key, which is made where there is none.
    fn with<Q, T>(&self, key: &Q, new: impl FnOnce() -> V, work: impl FnOnce(&mut V) -> T) -> T
    where
        Q: ToOwned<Owned = K> + Eq + Hash + ?Sized,
        K: Borrow<Q>,
    {
        // The upper bits: the map inside goes by the others.
        let at = (FxBuildHasher.hash_one(key) >> 40) as usize % SHARDS;
        // A panic in another thread leaves its map whole: nothing between two changes can panic.
        let mut map = self.0[at].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = map.get_mut(key) {
            return work(value);
        }
        work(map.entry(key.to_owned()).or_insert_with(new))
    }

    /// Everything, in no order.
    pub(super) fn into_iter(self) -> impl Iterator<Item = (K, V)> {
        self.0.into_iter().flat_map(|map| map.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
