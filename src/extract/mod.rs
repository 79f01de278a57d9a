//! From an extension to facts.
//!
//! An extractor looks at one subject and states what it sees; it never judges. What a fact means is said by the rules under
//! `signatures/`. To add a kind of fact: declare a [`FactKind`] in the extractor's file, name it in that extractor's `facts`,
//! and state it; a new extractor is one more line in [`EXTRACTORS`].

mod calls;
pub mod companions;
mod contacts;
mod fact;
mod flows;
pub mod indicators;
pub mod machine;
mod remote_code;
mod strings;

pub use fact::{Fact, FactKind, FactSet, Field, Place, Via};

use crate::acquire::Package;
use crate::model::Extension;

/// What the extractors look at: one extension and what surrounds it.
pub struct Subject<'a> {
    /// Identity, manifest, installation, integrity.
    pub extension: &'a Extension,
    /// Its files; empty where there are none.
    pub package: &'a Package,
    /// Values known from published cases and from the user's feeds.
    pub indicators: Option<&'a indicators::IndicatorSet>,
    /// What its scripts do, where they were analysed.
    pub scripts: Option<&'a crate::script::Analysis>,
    /// The machine that it is installed on.
    pub machine: Option<&'a crate::model::machine::Surroundings<'a>>,
}

impl<'a> Subject<'a> {
    /// An extension and its files, with nothing known of what surrounds them. Fill in the other fields as they are known.
    pub fn new(extension: &'a Extension, package: &'a Package) -> Subject<'a> {
        Subject { extension, package, indicators: None, scripts: None, machine: None }
    }
}

/// One extractor: the kinds of fact it can state, and the function that states them.
pub struct Extractor {
    /// The file's name.
    pub name: &'static str,
    /// Every kind that `run` may state.
    pub facts: &'static [&'static FactKind],
    /// States the facts.
    pub run: fn(&Subject<'_>, &mut FactSet),
}

/// All extractors, in the order in which they run.
///
/// `indicators` looks at the contacts that others have stated, so it comes last.
pub const EXTRACTORS: &[Extractor] = &[
    calls::EXTRACTOR,
    companions::EXTRACTOR,
    contacts::EXTRACTOR,
    flows::EXTRACTOR,
    machine::EXTRACTOR,
    remote_code::EXTRACTOR,
    strings::EXTRACTOR,
    indicators::EXTRACTOR,
];

/// The vocabulary: every kind of fact that a rule may ask for, in order of name.
pub fn vocabulary() -> Vec<&'static FactKind> {
    let mut kinds: Vec<_> = EXTRACTORS.iter().flat_map(|extractor| extractor.facts.iter().copied()).collect();
    kinds.sort_by_key(|kind| kind.name);
    kinds
}
