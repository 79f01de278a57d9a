//! From an extension to facts.
//!
//! An extractor looks at one subject and states what it sees; it never judges. What a fact means is said by the rules under
//! `signatures/`. To add a kind of fact: declare a [`FactKind`] in the extractor's file, name it in that extractor's `facts`,
//! and state it; a new extractor is one more line in [`EXTRACTORS`].

mod calls;
pub mod companions;
pub mod contacts;
mod fact;
mod files;
pub mod flows;
mod identity;
pub mod indicators;
mod install;
mod integrity;
pub mod libraries;
pub mod machine;
mod manifest;
pub mod near;
mod netrules;
mod obfuscation;
mod permissions;
pub mod profile;
mod purpose;
mod redirects;
mod remains;
pub mod remote_code;
mod strings;
mod timeline;
pub mod yara;

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
    /// YARA rules that match its files.
    pub yara: &'a [yara::YaraMatch],
    /// The machine that it is installed on.
    pub machine: Option<&'a crate::model::machine::Surroundings<'a>>,
    /// What vouches for it, and where else it is.
    pub origin: Option<&'a crate::model::origin::Origin>,
}

impl<'a> Subject<'a> {
    /// An extension and its files, with nothing known of what surrounds them. Fill in the other fields as they are known.
    pub fn new(extension: &'a Extension, package: &'a Package) -> Subject<'a> {
        Subject { extension, package, indicators: None, scripts: None, yara: &[], machine: None, origin: None }
    }
}

/// One extractor: the kinds of fact it can state, and the function that states them.
pub struct Extractor {
    /// The file's name.
    pub name: &'static str,
    /// Every kind that `run` may state.
    pub facts: &'static [&'static FactKind],
    /// Looks at nothing but the files, the manifest, the scripts and the indicators: what it states of the same code is the
    /// same wherever that is installed, so it may be kept.
    pub code: bool,
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
    files::EXTRACTOR,
    flows::EXTRACTOR,
    identity::EXTRACTOR,
    install::EXTRACTOR,
    integrity::EXTRACTOR,
    libraries::EXTRACTOR,
    machine::EXTRACTOR,
    manifest::EXTRACTOR,
    near::EXTRACTOR,
    netrules::EXTRACTOR,
    obfuscation::EXTRACTOR,
    permissions::EXTRACTOR,
    remains::EXTRACTOR,
    remote_code::EXTRACTOR,
    strings::EXTRACTOR,
    timeline::EXTRACTOR,
    yara::EXTRACTOR,
    indicators::EXTRACTOR,
];

/// The vocabulary: every kind of fact that a rule may ask for, in order of name.
pub fn vocabulary() -> Vec<&'static FactKind> {
    let mut kinds: Vec<_> = EXTRACTORS.iter().flat_map(|extractor| extractor.facts.iter().copied()).collect();
    kinds.sort_by_key(|kind| kind.name);
    kinds
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use crate::model::origin::Origin;
    use crate::model::{ExtensionId, InstallRecord, Integrity, manifest};

    /// What one extractor states of a package, with the manifest in it and nothing else known.
    pub(crate) fn facts_of(extractor: &Extractor, package: &Package) -> FactSet {
        let extension = extension_of(package);
        let mut facts = FactSet::new();
        (extractor.run)(&Subject::new(&extension, package), &mut facts);
        for fact in facts.iter() {
            assert!(extractor.facts.iter().any(|kind| std::ptr::eq(*kind, fact.kind)), "{} is not declared", fact.kind.name);
        }
        facts
    }

    /// The extension that a package is, with nothing known beside it.
    pub(crate) fn extension_of(package: &Package) -> Extension {
        let manifest = package.bytes("manifest.json").map(|bytes| manifest::parse(bytes).unwrap().0);
        Extension::unpacked_at(&package.path, manifest)
    }

    /// What one extractor states of an extension without files to speak of, after `change`.
    pub(crate) fn subject_facts(extractor: &Extractor, change: impl FnOnce(&mut Extension), origin: Origin) -> FactSet {
        let package = Package::from_memory("test", [("manifest.json", &b"{}"[..])]);
        package_facts(extractor, &package, change, origin)
    }

    /// What one extractor states of a package, with an extension made by `change`.
    pub(crate) fn package_facts(
        extractor: &Extractor,
        package: &Package,
        change: impl FnOnce(&mut Extension),
        origin: Origin,
    ) -> FactSet {
        let mut extension = Extension {
            id: ExtensionId::from_key(b"test"),
            name: "test".into(),
            description: String::new(),
            version: "1.0".into(),
            manifest: None,
            install: None,
            integrity: Integrity::default(),
        };
        change(&mut extension);
        let mut facts = FactSet::new();
        (extractor.run)(&Subject { origin: Some(&origin), ..Subject::new(&extension, package) }, &mut facts);
        for fact in facts.iter() {
            assert!(extractor.facts.iter().any(|kind| std::ptr::eq(*kind, fact.kind)), "{} is not declared", fact.kind.name);
        }
        facts
    }

    /// What one extractor states of an installation.
    pub(crate) fn installed(extractor: &Extractor, record: InstallRecord, origin: Origin) -> FactSet {
        subject_facts(extractor, |extension| extension.install = Some(record), origin)
    }

    /// The values of a kind.
    pub(crate) fn values<'f>(facts: &'f FactSet, kind: &str) -> Vec<&'f str> {
        facts.iter().filter(|fact| fact.kind.name == kind).map(|fact| fact.value.as_str()).collect()
    }

    /// A field of the first fact of a kind.
    pub(crate) fn field<'f>(facts: &'f FactSet, kind: &str, name: &str) -> &'f str {
        facts.iter().find(|fact| fact.kind.name == kind).and_then(|fact| fact.field(name)).unwrap()
    }
}
