//! What the code is built like, and the known code that it is a near copy of.
//!
//! Files of well-known libraries are left out, and so is what honest extensions have in common
//! (`signatures/near/common.csv`): what is left is the extension's own.

use std::sync::LazyLock;

use crate::builtin::packed;
use crate::model::fingerprint::Fingerprint;

use super::indicators::Indicator;
use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject, libraries};

/// The extractor of this file.
pub const EXTRACTOR: Extractor = Extractor { name: "near", facts: &[&FINGERPRINT, &NEAR_COPY], code: true, run };

/// What the code is built like.
pub static FINGERPRINT: FactKind = FactKind {
    name: "fingerprint",
    doc: "What the extension's own code is built like, as a text that survives renaming and minifying. None where there is too little code.",
    fields: &[],
};

/// Code of a known family is in it, changed or not.
pub static NEAR_COPY: FactKind = FactKind {
    name: "near-copy",
    doc: "Code of a known extension is in it, whatever its names and its form are. Value: how much of that code, in percent; from 50 on.",
    fields: &[
        Field { name: "family", doc: "the family of the known extension, or nothing" },
        Field { name: "source", doc: "who published it" },
        Field { name: "feed", doc: "the feed's name, or builtin" },
        Field { name: "remediated", doc: "yes where the extension was cleaned since" },
    ],
};

/// A share below this says nothing: honest extensions have up to a third of each other's code.
const LEAST: f64 = 0.5;

/// Features that extensions of different makers have, so that they tell nothing about where code comes from.
static COMMON: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let lines = packed!("signatures/near/common.csv").lines().skip(1);
    let mut all: Vec<u32> = lines.filter_map(|line| u32::from_str_radix(line, 16).ok()).collect();
    all.sort_unstable();
    all
});

/// The features of an extension's own code, in order, each once.
pub fn features(subject: &Subject<'_>) -> Vec<u32> {
    let Some(scripts) = subject.scripts else { return Vec::new() };
    let library = |path: &str| subject.package.files.get(path).is_some_and(|file| libraries::is_known(&file.sha256));
    let own = scripts.shapes.iter().filter(|shape| !library(&shape.file));
    let mut features: Vec<u32> = own.flat_map(|shape| shape.features.iter().copied()).collect();
    features.sort_unstable();
    features.dedup();
    features.retain(|feature| COMMON.binary_search(feature).is_err());
    features
}

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let features = features(subject);
    let Some(print) = Fingerprint::of(&features) else { return };
    facts.push(Fact::new(&FINGERPRINT, print.to_string()));
    let known = subject.indicators.iter().flat_map(|set| set.fingerprints());
    let mut found: Vec<(f64, &Indicator)> =
        known.map(|(known, listed)| (known.share_in(&features), listed)).filter(|(share, _)| *share >= LEAST).collect();
    // One fact for each family of each feed: the nearest.
    found.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    let mut said = Vec::new();
    for (share, listed) in found {
        let who = (&listed.feed, &listed.family);
        if said.contains(&who) {
            continue;
        }
        said.push(who);
        let fact = Fact::new(&NEAR_COPY, format!("{:.0}", (share * 100.0).floor()))
            .with("family", listed.family.as_deref().unwrap_or_default())
            .with("source", listed.source.as_str())
            .with("feed", listed.feed.as_str())
            .with("remediated", if listed.remediated { "yes" } else { "no" });
        facts.push(fact.at(place(subject)));
    }
}

/// The script that has the most of the code; the whole of it is the evidence.
fn place(subject: &Subject<'_>) -> Place {
    let shapes = subject.scripts.iter().flat_map(|scripts| &scripts.shapes);
    shapes.max_by_key(|shape| shape.features.len()).map_or_else(Place::default, |shape| Place::file(&shape.file))
}
