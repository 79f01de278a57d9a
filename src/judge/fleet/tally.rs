//! Counting: how many machines have what.
//!
//! Records may come in any order, from several threads at once and more than once: machines are put into sets, texts into
//! bounded lists of the first by alphabet, times and verdicts into the least or the worst. So the result is always the same.
//! Memory grows with the number of different extensions, builds, rules and contacts, and with the machines by a few bytes for
//! each extension at most, never with the rows.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::hosts::Place;
use super::record::{Contact, Entry, FoundRule, Part};
use super::seen::{Seen, SeenContact, SeenRule, Versions, short};
use super::shards::Shards;
use crate::finding::Verdict;
use crate::model::ExtensionId;

/// What was counted so far.
pub struct Tally {
    pub(super) extensions: Shards<[u8; 16], Box<Seen>>,
    pub(super) rules: Shards<String, SeenRule>,
    pub(super) contacts: Shards<String, SeenContact>,
    pub(super) states: Vec<State>,
    versions: Versions,
    extension_numbers: AtomicU32,
    rule_numbers: AtomicU32,
}

/// One machine.
#[derive(Default)]
pub(super) struct State {
    /// The worst verdict and the highest score, as one number that grows with both.
    worst: AtomicU32,
    incomplete: AtomicBool,
}

impl Tally {
    /// Nothing counted yet, of as many machines.
    pub fn new(hosts: usize) -> Tally {
        Tally {
            extensions: Shards::new(),
            rules: Shards::new(),
            contacts: Shards::new(),
            states: (0..hosts).map(|_| State::default()).collect(),
            versions: Versions::default(),
            extension_numbers: AtomicU32::new(0),
            rule_numbers: AtomicU32::new(0),
        }
    }

    /// Counts what a record says. Of a scan that is not its machine's newest, only the times count. The answer is the number of
    /// extensions that were passed over, since their id is none.
    pub fn add(&self, part: &Part<'_>, place: Place) -> usize {
        let wrong = part.entries.iter().filter(|entry| self.entry(entry, place).is_none()).count();
        for found in &part.elsewhere {
            self.found(found, place);
            self.worst(found.verdict, 0, place);
        }
        let state = self.states.get(place.host as usize).filter(|_| part.incomplete && place.counts);
        if let Some(state) = state {
            state.incomplete.store(true, Ordering::Relaxed);
        }
        wrong
    }

    fn entry(&self, entry: &Entry<'_>, place: Place) -> Option<()> {
        let id = ExtensionId::letters(&entry.id)?;
        // Outside the closure: no thread holds two locks.
        let rules: Vec<u32> = entry.findings.0.iter().map(|found| self.found(found, place)).collect();
        let new = || Box::new(Seen::new(self.extension_numbers.fetch_add(1, Ordering::Relaxed)));
        let number = self.extensions.with(&id, new, |seen| {
            seen.time.saw(place.started);
            if place.counts {
                seen.add(entry, place.host, &self.versions);
                rules.iter().for_each(|rule| seen.rule(*rule));
            }
            seen.number
        });
        if place.counts {
            entry.contacts.0.iter().for_each(|contact| self.contact(contact, number, place.host));
        }
        self.worst(entry.verdict, entry.score, place);
        Some(())
    }

    /// Counts a finding. The answer is the number of its rule.
    fn found(&self, found: &FoundRule<'_>, place: Place) -> u32 {
        let new = || SeenRule { number: self.rule_numbers.fetch_add(1, Ordering::Relaxed), ..SeenRule::default() };
        self.rules.with(&*short(&found.rule), new, |seen| {
            seen.time.saw(place.started);
            if place.counts {
                seen.hosts.insert(place.host);
                seen.severity = seen.severity.max(Some(found.severity));
                seen.verdict = seen.verdict.max(found.verdict);
                let title = short(&found.title);
                if !title.is_empty() && (seen.title.is_empty() || *seen.title > *title) {
                    seen.title = (*title).into();
                }
            }
            seen.number
        })
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
