//! Integrity codes of tracked preferences: which fit, which do not, and which cannot be judged.
//!
//! A browser keeps a keyed code beside each preference that malware likes to change, above all beside each entry of
//! `extensions.settings`. Newer builds keep a second one, sealed with a key of the user's session. This module answers "does
//! the stored code fit the stored value?" for a whole profile at once. It never hands out a code that it computed.
//!
//! What a code is keyed by (a *seed* of the browser's maker, an id of the device) is not written in the profile. So candidates
//! are tried, and the pair under which codes fit is taken as proven: no code of 256 bits fits by accident. Where none fits any,
//! nothing is said of single entries ([`MacState::Unverifiable`]). Intruders who know seed and device write codes that fit
//! (SHARPEXT did), and a profile that was copied breaks them honestly: neither answer is a verdict.
//!
//! - `canonical`: the text of a value that a code is over
//! - `codes`: one code against one text
//! - `file`: one preference file: its values, and the codes beside them
//! - this file: a profile
//!
//! Formats after Chromium's `services/preferences/tracked/` and `chrome/browser/prefs/profile_pref_store_manager.cc`.

mod canonical;
mod codes;
mod file;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::extension::MacState;
use super::id::ExtensionId;
use codes::{REGISTRY_SEED, SEEDS, Sealed, Seed};
use file::{ENTRIES, File, Slot};

/// Codes that are tried with every candidate before the likely ones are tried with all.
const PROBES: usize = 24;
/// More device ids than any machine offers.
const MAX_DEVICES: usize = 256;

/// What may be tried beside the values themselves.
#[derive(Clone, Debug, Default)]
pub struct Candidates<'a> {
    /// The seed that the browser is expected to use: `google` or `empty`, as in the table of browsers.
    pub seed: Option<&'a str>,
    /// Device ids: nothing on Linux, the `IOPlatformUUID` on macOS, machine SIDs on Windows. The empty one is always tried
    /// too, since browsers use it where they cannot read their device id.
    pub device_ids: &'a [String],
}

/// The pair under which codes of a profile fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// `google` or `empty`.
    pub seed: &'static str,
    /// Whether it is the one expected of this browser.
    pub expected: bool,
    /// The device id; empty on Linux.
    pub device_id: String,
}

/// Why an entry has a first code and no second one where one would be expected. Tools that plant entries leave such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutSealed {
    /// Other entries of the same file have one.
    NeighboursHaveOne,
    /// No entry of the profile has one, though a browser ran that writes them.
    BrowserWritesThem,
}

impl WithoutSealed {
    /// The word in facts.
    pub fn as_str(self) -> &'static str {
        match self {
            WithoutSealed::NeighboursHaveOne => "neighbours-have-one",
            WithoutSealed::BrowserWritesThem => "browser-writes-them",
        }
    }
}

/// What the codes of one tracked preference amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    /// The first code.
    pub mac: MacState,
    /// The second, sealed one.
    pub encrypted: MacState,
    /// A first code without the second one.
    pub without_sealed: Option<WithoutSealed>,
    /// The first code fits under another candidate than the rest of the profile: it was made elsewhere.
    pub foreign: bool,
    /// The copy of the first code in the Windows registry.
    pub registry: MacState,
}

impl Default for Codes {
    fn default() -> Self {
        Codes {
            mac: MacState::NotApplicable,
            encrypted: MacState::NotApplicable,
            without_sealed: None,
            foreign: false,
            registry: MacState::NotApplicable,
        }
    }
}

/// One tracked preference of one file.
#[derive(Clone, Debug)]
pub struct Tracked {
    /// `Preferences` or `Secure Preferences`.
    pub file: &'static str,
    /// The dotted name: `extensions.settings.<id>`, `homepage`.
    pub path: String,
    /// Whether the preference has a value.
    pub present: bool,
    /// What its codes amount to.
    pub codes: Codes,
}

/// The codes of one profile, checked once and looked up for each extension.
#[derive(Clone, Debug)]
pub struct ProfileMacs {
    /// The pair under which codes fit; `None` where no candidate fits any.
    pub proven: Option<Proven>,
    /// What was tried, in words.
    pub tried: String,
    /// Every tracked preference and every entry of an extension, by file and name.
    pub tracked: Vec<Tracked>,
    /// The code over all codes of `Secure Preferences`.
    pub super_mac: MacState,
    /// The same of the second kind.
    pub super_encrypted_hash: MacState,
}

/// The two parsed files of a profile. On Linux everything is in `Preferences`, on Windows and macOS extensions are in
/// `Secure Preferences`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PreferenceFiles<'a> {
    /// `Preferences`.
    pub preferences: Option<&'a Value>,
    /// `Secure Preferences`.
    pub secure: Option<&'a Value>,
}

impl ProfileMacs {
    /// Checks every code of a profile. `registry` is the copy that browsers keep in the Windows registry (dotted name to
    /// code, `extensions.settings.<id>` for entries), where there is one.
    pub fn check(files: PreferenceFiles<'_>, candidates: &Candidates<'_>, registry: Option<&BTreeMap<String, String>>) -> Self {
        let files: Vec<_> = [("Preferences", files.preferences), ("Secure Preferences", files.secure)]
            .into_iter()
            .filter_map(|(name, tree)| Some(File::read(name, tree?)))
            .collect();
        let pairs = pairs(candidates);
        let proven = prove(&files, &pairs);
        let seed = proven.map(|pair| pair.seed).or_else(|| prove_seed(&files, &pairs));
        let opens = |slot: &Slot<'_>| slot.sealed.is_some_and(|sealed| matches!(codes::open(sealed), Sealed::Digest(_)));
        let opens = files.iter().flat_map(|file| &file.tracked).any(opens);
        let judge = Judge { proven, seed, opens, pairs: &pairs, registry };

        let super_mac = files.iter().map(|file| judge.super_mac(file)).find(|state| *state != MacState::NotApplicable);
        let super_encrypted = files.iter().map(|file| judge.super_sealed(file)).find(|state| *state != MacState::NotApplicable);
        ProfileMacs {
            proven: proven.map(|pair| Proven {
                seed: pair.seed.name,
                expected: candidates.seed.is_none_or(|name| name == pair.seed.name),
                device_id: pair.device_id.to_owned(),
            }),
            tried: tried(candidates, &pairs),
            tracked: files.iter().flat_map(|file| file.tracked.iter().map(|one| judge.tracked(file, one))).collect(),
            super_mac: super_mac.unwrap_or(MacState::NotApplicable),
            super_encrypted_hash: super_encrypted.unwrap_or(MacState::NotApplicable),
        }
    }

    /// The codes of an extension's entry, preferably of the one in the file that browsers on Windows and macOS read.
    pub fn extension(&self, id: &ExtensionId) -> Codes {
        let entry = |file: &str| {
            self.tracked.iter().find(|one| one.file == file && one.present && entry_id(&one.path) == Some(id.as_str()))
        };
        let found = entry("Secure Preferences").or_else(|| entry("Preferences"));
        found.map(|one| one.codes.clone()).unwrap_or_default()
    }

    /// The codes of an extension's entry in one of the two files, `Preferences` or `Secure Preferences`.
    pub fn entry(&self, file: &str, id: &ExtensionId) -> Codes {
        let found = self.tracked.iter().find(|one| one.file == file && one.present && entry_id(&one.path) == Some(id.as_str()));
        found.map(|one| one.codes.clone()).unwrap_or_else(|| self.extension(id))
    }

    /// The codes of a tracked preference by its dotted name.
    pub fn preference(&self, path: &str) -> Option<&Tracked> {
        self.tracked.iter().rev().find(|one| one.path == path && (one.present || one.codes.mac != MacState::NotApplicable))
    }

    /// Tracked preferences other than extensions whose first or second code does not fit.
    pub fn broken(&self) -> impl Iterator<Item = &Tracked> {
        let broken = |codes: &Codes| codes.mac == MacState::Invalid || codes.encrypted == MacState::Invalid;
        self.tracked.iter().filter(move |one| entry_id(&one.path).is_none() && broken(&one.codes))
    }

    /// Ids with a code and no entry: the entry was taken away by hand.
    pub fn codes_without_entry(&self) -> impl Iterator<Item = &str> {
        self.tracked.iter().filter(|one| !one.present).filter_map(|one| entry_id(&one.path))
    }
}

/// The id in `extensions.settings.<id>`.
fn entry_id(path: &str) -> Option<&str> {
    ENTRIES
        .iter()
        .find_map(|[first, second]| path.strip_prefix(first)?.strip_prefix('.')?.strip_prefix(second)?.strip_prefix('.'))
}

/// One seed and one device id.
#[derive(Clone, Copy, Debug)]
struct Pair<'a> {
    seed: &'static Seed,
    device_id: &'a str,
}

/// The expected seed first; each with every device id, the empty one last.
fn pairs<'a>(candidates: &Candidates<'a>) -> Vec<Pair<'a>> {
    let mut seeds: Vec<&'static Seed> = SEEDS.iter().collect();
    seeds.sort_by_key(|seed| candidates.seed != Some(seed.name));
    let mut devices: Vec<&str> = Vec::new();
    for device in candidates.device_ids.iter().take(MAX_DEVICES).map(String::as_str).chain([""]) {
        if !devices.contains(&device) {
            devices.push(device);
        }
    }
    seeds.into_iter().flat_map(|seed| devices.iter().map(move |&device_id| Pair { seed, device_id })).collect()
}

fn tried(candidates: &Candidates<'_>, pairs: &[Pair<'_>]) -> String {
    let mut seeds: Vec<&str> = pairs.iter().map(|pair| pair.seed.name).collect();
    seeds.dedup();
    let devices: BTreeSet<&str> = pairs.iter().map(|pair| pair.device_id).filter(|id| !id.is_empty()).collect();
    let expected = candidates.seed.map(|seed| format!(" ({seed} expected)")).unwrap_or_default();
    let devices = match devices.len() {
        0 => "no device id".to_owned(),
        1 => "no device id and one of this machine".to_owned(),
        n => format!("no device id and {n} of this machine"),
    };
    format!("seeds {}{expected}; {devices}", seeds.join(", "))
}

/// A code, and what it is over.
struct Sample<'a> {
    path: &'a str,
    text: &'a str,
    stored: &'a str,
}

impl Sample<'_> {
    fn fits(&self, pair: &Pair<'_>) -> bool {
        codes::mac_fits(pair.seed, pair.device_id, self.path, self.text, self.stored)
    }
}

/// The pair under which most first codes fit. A few short ones are tried with every candidate; all, only where that leaves a
/// doubt.
fn prove<'a>(files: &[File<'_>], pairs: &[Pair<'a>]) -> Option<Pair<'a>> {
    let mut samples: Vec<Sample<'_>> = Vec::new();
    for file in files {
        samples.extend(file.super_mac.stored.zip(file.super_mac.text.as_deref()).map(|(stored, text)| Sample {
            path: "",
            text,
            stored,
        }));
        samples.extend(file.tracked.iter().filter_map(|slot| {
            let (stored, text) = slot.mac.zip(slot.text.as_deref())?;
            Some(Sample { path: &slot.path, text, stored })
        }));
    }
    samples.sort_by_key(|sample| sample.text.len());
    let count = |pair: &Pair<'_>, samples: &[Sample<'_>]| samples.iter().filter(|sample| sample.fits(pair)).count();
    let probes = samples.get(..PROBES).unwrap_or(&samples);
    let mut likely: Vec<_> = pairs.iter().filter(|pair| count(pair, probes) > 0).collect();
    if likely.len() == 1 {
        return likely.first().copied().copied();
    }
    if likely.is_empty() {
        likely = pairs.iter().collect();
    }
    let best = likely.into_iter().map(|pair| (count(pair, &samples), pair)).filter(|(fits, _)| *fits > 0);
    // The first of equals: the expected seed.
    best.rev().max_by_key(|(fits, _)| *fits).map(|(_, pair)| *pair)
}

/// The seed alone, by the second codes, which no device id goes into.
fn prove_seed(files: &[File<'_>], pairs: &[Pair<'_>]) -> Option<&'static Seed> {
    let mut opened = files.iter().flat_map(|file| &file.tracked).filter_map(|slot| {
        let Sealed::Digest(digest) = codes::open(slot.sealed?) else { return None };
        Some((&slot.path, slot.text.as_deref()?, digest))
    });
    opened.find_map(|(path, text, digest)| {
        pairs.iter().map(|pair| pair.seed).find(|seed| codes::digest_fits(seed, path, text, &digest))
    })
}

/// Says what each code amounts to, once seed and device id are known or known to be unknown.
struct Judge<'a> {
    proven: Option<Pair<'a>>,
    seed: Option<&'static Seed>,
    /// Second codes of this profile can be opened without a key of the session.
    opens: bool,
    pairs: &'a [Pair<'a>],
    registry: Option<&'a BTreeMap<String, String>>,
}

impl Judge<'_> {
    fn tracked(&self, file: &File<'_>, slot: &Slot<'_>) -> Tracked {
        let mac = self.mac(&slot.path, slot.text.as_deref(), slot.mac);
        let encrypted = match slot.sealed {
            None if !file.has_sealed => MacState::NotApplicable,
            stored => self.sealed(&slot.path, slot.text.as_deref(), stored),
        };
        let without_sealed = match (slot.mac, slot.sealed) {
            (Some(_), None) if slot.is_entry && file.has_sealed => Some(WithoutSealed::NeighboursHaveOne),
            (Some(_), None) if slot.is_entry && file.has_macs && file.writes_sealed => Some(WithoutSealed::BrowserWritesThem),
            _ => None,
        };
        Tracked {
            file: file.name,
            path: slot.path.clone(),
            present: slot.present,
            codes: Codes { mac, encrypted, without_sealed, foreign: self.foreign(mac, slot), registry: self.in_registry(slot) },
        }
    }

    fn mac(&self, path: &str, text: Option<&str>, stored: Option<&str>) -> MacState {
        let (Some(stored), Some(pair)) = (stored, &self.proven) else {
            return if stored.is_none() { MacState::Missing } else { MacState::Unverifiable };
        };
        match text.is_some_and(|text| Sample { path, text, stored }.fits(pair)) {
            true => MacState::Valid,
            false => MacState::Invalid,
        }
    }

    fn sealed(&self, path: &str, text: Option<&str>, stored: Option<&str>) -> MacState {
        let Some(stored) = stored else { return MacState::Missing };
        match (codes::open(stored), self.seed) {
            (Sealed::Digest(digest), Some(seed)) => {
                match text.is_some_and(|text| codes::digest_fits(seed, path, text, &digest)) {
                    true => MacState::Valid,
                    false => MacState::Invalid,
                }
            }
            // Nothing that a browser would write: that needs no key to see.
            (Sealed::Garbled, _) => MacState::Invalid,
            (Sealed::Unopened, _) if self.opens => MacState::Invalid,
            (Sealed::Digest(_), None) | (Sealed::Closed | Sealed::Unopened, _) => MacState::Unverifiable,
        }
    }

    /// A code that does not fit here, but does under another candidate.
    fn foreign(&self, mac: MacState, slot: &Slot<'_>) -> bool {
        let Some((stored, text)) = slot.mac.zip(slot.text.as_deref()) else { return false };
        mac == MacState::Invalid && self.pairs.iter().any(|pair| Sample { path: &slot.path, text, stored }.fits(pair))
    }

    fn in_registry(&self, slot: &Slot<'_>) -> MacState {
        let Some(registry) = self.registry.filter(|registry| !registry.is_empty()) else { return MacState::NotApplicable };
        let (Some(stored), Some(text)) = (registry.get(&slot.path), slot.text.as_deref()) else { return MacState::Missing };
        let fits = |device_id| codes::mac_fits(&REGISTRY_SEED, device_id, &slot.path, text, stored);
        match &self.proven {
            Some(pair) if fits(pair.device_id) => MacState::Valid,
            Some(_) => MacState::Invalid,
            None if self.pairs.iter().any(|pair| fits(pair.device_id)) => MacState::Valid,
            None => MacState::Unverifiable,
        }
    }

    fn super_mac(&self, file: &File<'_>) -> MacState {
        match (file.super_mac.stored, file.name) {
            (None, "Preferences") => MacState::NotApplicable,
            // A file without codes has nothing that a code over them would guard.
            (None, _) if !file.has_macs => MacState::NotApplicable,
            (stored, _) => self.mac("", file.super_mac.text.as_deref(), stored),
        }
    }

    fn super_sealed(&self, file: &File<'_>) -> MacState {
        match file.super_sealed.stored {
            // Chrome 144 has second codes and none over them, so that its absence says nothing.
            None => MacState::NotApplicable,
            stored => self.sealed("", file.super_sealed.text.as_deref(), stored),
        }
    }
}

#[cfg(test)]
mod tests;
