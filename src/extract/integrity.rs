//! Whether entry, package and files are still what browser and store have vouched for.

use std::collections::BTreeSet;

use super::install::entry;
use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::finding::EvidenceKind;
use crate::model::content::ContentCheck;
use crate::model::crx::PackageSignature;
use crate::model::mac::{ProfileMacs, Tracked};
use crate::model::machine::System;
use crate::model::origin::Origin;
use crate::model::{ContentState, InstallRecord, Location, MacState, known, store};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "integrity", facts: FACTS, code: false, run };

/// The entry's code.
pub static PREFERENCE_MAC: FactKind = FactKind {
    name: "preference-mac",
    doc: "whether the integrity code beside its preference entry fits: valid, invalid, missing or unverifiable. A code that fits \
          proves nothing: intruders who know the machine write such",
    fields: &[
        Field { name: "seed", doc: "the seed under which codes of the profile fit: google or empty; none where none fits" },
        Field { name: "expected", doc: "whether that is the seed of this browser: yes or no" },
        Field { name: "foreign", doc: "yes where it fits under another seed or device than the rest: it was made elsewhere" },
        Field { name: "tried", doc: "what was tried" },
        Field { name: "system", doc: "windows and macos act upon a code that does not fit; linux writes a new one" },
    ],
};

/// The entry's second code.
pub static ENCRYPTED_HASH: FactKind = FactKind {
    name: "encrypted-hash",
    doc: "whether the sealed hash that newer browsers keep beside the code fits: valid, invalid, missing or unverifiable",
    fields: &[],
};

/// A first code without the second.
pub static WITHOUT_ENCRYPTED_HASH: FactKind = FactKind {
    name: "mac-without-encrypted-hash",
    doc: "the entry has the code that a script can compute, and not the sealed hash beside it. Why one was to be expected: \
          neighbours-have-one, or browser-writes-them (and no entry of the profile has one)",
    fields: &[],
};

/// The copy of the code in the Windows registry.
pub static REGISTRY_MAC: FactKind = FactKind {
    name: "registry-mac",
    doc: "whether the copy of the code in the Windows registry fits the entry: valid, invalid, missing or unverifiable",
    fields: &[],
};

/// The package's own signature.
pub static PACKAGE_SIGNATURE: FactKind = FactKind {
    name: "package-signature",
    doc: "the package's own signature: valid, invalid or unsigned",
    fields: &[
        Field { name: "publisher_proof", doc: "yes where the web store has signed exactly this file" },
        Field { name: "fault", doc: "why it is invalid" },
        Field { name: "version", doc: "2 or 3, for .crx files" },
    ],
};

/// The files against the store's list.
pub static CONTENT: FactKind = FactKind {
    name: "content",
    doc: "the files against the store's signed list: verified, modified, unsigned or unverifiable",
    fields: &[
        Field { name: "doubt", doc: "why it cannot be verified: unknown-signer, damaged-list or unread-files" },
        Field { name: "modified", doc: "how many files differ" },
        Field { name: "added", doc: "how many files the list does not know" },
        Field { name: "missing", doc: "how many files of the list are gone" },
    ],
};

/// One file that differs.
pub static CONTENT_FILE: FactKind = FactKind {
    name: "content-file",
    doc: "a file that is not as the list says; its path",
    fields: &[
        Field { name: "change", doc: "modified, added or missing" },
        Field { name: "kind", doc: "script, page, style, image, json or other" },
        Field {
            name: "basis",
            doc: "signed (the store's list), noted (the browser's own note), or unverified (a list of unknown signer)",
        },
    ],
};

/// Whether it is what a store hands out.
pub static STORE_COPY: FactKind = FactKind {
    name: "store-copy",
    doc: "whether it is exactly what a store hands out: yes (signed, and unchanged), no, or unknown",
    fields: &[
        Field {
            name: "basis",
            doc: "why: verified-content, publisher-proof, modified-content, other-item (verified, under another id), \
                  loaded-unpacked, self-signed, unsigned-list, nothing",
        },
        Field {
            name: "claims",
            doc: "what says that it is one: known-id, update-address, flag (from_webstore in the entry), or nothing",
        },
    ],
};

/// The code over all codes.
pub static SUPER_MAC: FactKind = FactKind {
    name: "super-mac",
    doc: "of a profile: whether the code over all codes fits: valid, invalid, missing or unverifiable",
    fields: &[Field { name: "kind", doc: "mac or encrypted" }, Field { name: "system", doc: "windows, macos or linux" }],
};

/// A tracked preference other than an extension.
pub static TRACKED_PREFERENCE: FactKind = FactKind {
    name: "tracked-preference",
    doc: "of a profile: a guarded preference other than an extension's entry whose code does not fit; its name",
    fields: &[
        Field { name: "mac", doc: "valid, invalid, missing or unverifiable" },
        Field { name: "encrypted", doc: "likewise for the sealed hash" },
        Field { name: "foreign", doc: "yes where the code was made with another seed or device" },
        Field { name: "system", doc: "windows, macos or linux" },
    ],
};

/// The kinds stated here.
const FACTS: &[&FactKind] = &[
    &PREFERENCE_MAC,
    &ENCRYPTED_HASH,
    &WITHOUT_ENCRYPTED_HASH,
    &REGISTRY_MAC,
    &PACKAGE_SIGNATURE,
    &CONTENT,
    &CONTENT_FILE,
    &STORE_COPY,
    &SUPER_MAC,
    &TRACKED_PREFERENCE,
];

/// Facts about single files: what matters is that there are some, and which scripts are among them.
const MAX_FILES: usize = 200;

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let extension = subject.extension;
    let signature = extension.integrity.package_signature;
    if signature != PackageSignature::NotApplicable {
        facts.push(package_signature(subject, signature));
    }
    if let (Some(record), Some(origin)) = (&extension.install, subject.origin) {
        codes(record, origin, facts);
    }
    if extension.integrity.content != ContentState::NotApplicable {
        content(subject, facts);
        let (word, basis) = store_copy(subject);
        let fact = Fact::new(&STORE_COPY, word).with("basis", basis).with("claims", claims(subject));
        facts.push(fact.at(Place::file("_metadata/verified_contents.json")));
    }
}

fn package_signature(subject: &Subject<'_>, signature: PackageSignature) -> Fact {
    let fact = Fact::new(&PACKAGE_SIGNATURE, signature.as_str());
    let Some(header) = &subject.package.crx else { return fact };
    let fact = fact.with("publisher_proof", yes(header.publisher_proof)).with("version", header.version.to_string());
    match header.fault {
        Some(fault) => fact.with("fault", fault.to_string()),
        None => fact,
    }
}

/// The words of a state that there is something to say about.
fn stated(state: MacState) -> Option<&'static str> {
    (state != MacState::NotApplicable).then(|| state.as_str())
}

fn system_word(system: Option<System>) -> &'static str {
    system.map_or("unknown", System::as_str)
}

fn codes(record: &InstallRecord, origin: &Origin, facts: &mut FactSet) {
    let codes = &origin.codes;
    // `/extensions/settings/<id>` has its code under `/protection/macs`.
    let place = || Place::outside(EvidenceKind::Preferences, &record.file, format!("/protection/macs{}", record.pointer));
    if let Some(word) = stated(codes.mac) {
        let proven = origin.proven.as_ref();
        let fact = Fact::new(&PREFERENCE_MAC, word)
            .with("seed", proven.map_or("none", |proven| proven.seed))
            .with("expected", yes(proven.is_some_and(|proven| proven.expected)))
            .with("foreign", yes(codes.foreign))
            .with("tried", &origin.tried)
            .with("system", system_word(origin.system));
        facts.push(fact.at(place()));
    }
    if let Some(word) = stated(codes.encrypted) {
        facts.push(Fact::new(&ENCRYPTED_HASH, word).at(place()));
    }
    if let Some(why) = codes.without_sealed {
        facts.push(Fact::new(&WITHOUT_ENCRYPTED_HASH, why.as_str()).at(entry(record)));
    }
    if let Some(word) = stated(codes.registry) {
        facts.push(Fact::new(&REGISTRY_MAC, word).at(entry(record)));
    }
}

fn content(subject: &Subject<'_>, facts: &mut FactSet) {
    let state = subject.extension.integrity.content;
    let list = Place::file("_metadata/verified_contents.json");
    let Some(check) = subject.origin.and_then(|origin| origin.content.as_ref()) else {
        facts.push(Fact::new(&CONTENT, state.as_str()).at(list));
        return;
    };
    let mut fact = Fact::new(&CONTENT, state.as_str());
    for (name, files) in [("modified", &check.modified), ("added", &check.added), ("missing", &check.missing)] {
        fact = fact.with(name, files.len().to_string());
    }
    if let Some(doubt) = check.doubt {
        fact = fact.with("doubt", doubt.as_str());
    }
    facts.push(fact.at(list));
    facts.extend(differences(check, state));
}

fn differences(check: &ContentCheck, state: ContentState) -> Vec<Fact> {
    let basis = if state == ContentState::Modified { "signed" } else { "unverified" };
    let signed = check.differences().map(|(path, change)| (path, change, basis));
    let noted = check.changed_since_noted.iter().map(|path| (path.as_str(), "modified", "noted"));
    let mut seen = BTreeSet::new();
    let mut found: Vec<_> = signed.chain(noted).filter(|(path, ..)| seen.insert(*path)).collect();
    // Scripts and pages first, since there is a limit.
    found.sort_by_key(|(path, ..)| !matches!(kind_of(path), "script" | "page"));
    let fact = |(path, change, basis): (&str, &str, &str)| {
        Fact::new(&CONTENT_FILE, path)
            .with("change", change)
            .with("kind", kind_of(path))
            .with("basis", basis)
            .at(Place::file(path))
    };
    found.into_iter().take(MAX_FILES).map(fact).collect()
}

/// The kind of a file by the end of its name, as browsers serve it.
pub(super) fn kind_of(path: &str) -> &'static str {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("js" | "mjs" | "cjs") => "script",
        Some("html" | "htm" | "xhtml" | "svg") => "page",
        Some("css") => "style",
        Some("png" | "jpg" | "jpeg" | "gif" | "webp" | "ico" | "bmp" | "avif") => "image",
        Some("json") => "json",
        _ => "other",
    }
}

/// Whether it is what a store hands out, and why.
fn store_copy(subject: &Subject<'_>) -> (&'static str, &'static str) {
    let extension = subject.extension;
    let own =
        subject.origin.and_then(|origin| origin.content.as_ref()?.item_id.as_ref()).is_none_or(|item| *item == extension.id);
    let header = subject.package.crx.as_ref();
    if header.is_some_and(|header| header.publisher_proof && header.signature == PackageSignature::Valid) {
        return ("yes", "publisher-proof");
    }
    match extension.integrity.content {
        ContentState::Verified if own => return ("yes", "verified-content"),
        ContentState::Verified => return ("no", "other-item"),
        ContentState::Modified => return ("no", "modified-content"),
        _ => {}
    }
    if header.is_some() {
        return ("no", "self-signed");
    }
    match extension.install.as_ref().map(|record| record.location) {
        Some(Location::Unpacked | Location::CommandLine) => ("no", "loaded-unpacked"),
        _ if extension.integrity.content == ContentState::Unverifiable => ("unknown", "unsigned-list"),
        _ => ("unknown", "nothing"),
    }
}

/// What says that it comes from the web store.
fn claims(subject: &Subject<'_>) -> &'static str {
    let extension = subject.extension;
    let record = extension.install.as_ref();
    let manifest = extension.manifest.as_ref().and_then(|manifest| manifest.update_url.as_deref());
    let address = record.and_then(|record| record.update_url.as_deref()).or(manifest);
    if known::by_id(&extension.id).is_some() {
        "known-id"
    } else if address.is_some_and(|address| store::of_address(address).is_some()) {
        "update-address"
    } else if record.is_some_and(|record| record.from_webstore) {
        "flag"
    } else {
        "nothing"
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// What the codes of a profile say beside those of extensions. `file` names a preference file of the profile.
pub(super) fn profile(macs: &ProfileMacs, system: Option<System>, file: &dyn Fn(&str) -> String, facts: &mut FactSet) {
    let place = |pointer: &str| Place::outside(EvidenceKind::Preferences, file("Secure Preferences"), pointer);
    for (state, kind, pointer) in [
        (macs.super_mac, "mac", "/protection/super_mac"),
        (macs.super_encrypted_hash, "encrypted", "/protection/super_encrypted_hash"),
    ] {
        if let Some(word) = stated(state) {
            let fact = Fact::new(&SUPER_MAC, word).with("kind", kind).with("system", system_word(system));
            facts.push(fact.at(place(pointer)));
        }
    }
    let preference = |one: &Tracked| {
        Fact::new(&TRACKED_PREFERENCE, &one.path)
            .with("mac", one.codes.mac.as_str())
            .with("encrypted", one.codes.encrypted.as_str())
            .with("foreign", yes(one.codes.foreign))
            .with("system", system_word(system))
            .at(Place::outside(EvidenceKind::Preferences, file(one.file), format!("/{}", one.path.replace('.', "/"))))
    };
    facts.extend(macs.broken().map(preference));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::extract::tests::{field, installed, subject_facts, values};
    use crate::model::mac::{Codes, Proven, WithoutSealed};

    fn origin(codes: Codes) -> Origin {
        let proven = Proven { seed: "google", expected: true, device_id: "S-1-5-21-1-2-3".into() };
        Origin { codes, proven: Some(proven), system: Some(System::Windows), ..Origin::default() }
    }

    #[test]
    fn codes_of_an_entry() {
        let codes = Codes {
            mac: MacState::Valid,
            encrypted: MacState::Missing,
            without_sealed: Some(WithoutSealed::NeighboursHaveOne),
            registry: MacState::Invalid,
            foreign: false,
        };
        let facts = installed(&EXTRACTOR, InstallRecord::default(), origin(codes));
        assert_eq!(values(&facts, "preference-mac"), ["valid"]);
        assert_eq!((field(&facts, "preference-mac", "seed"), field(&facts, "preference-mac", "expected")), ("google", "yes"));
        assert_eq!(values(&facts, "encrypted-hash"), ["missing"]);
        assert_eq!(values(&facts, "mac-without-encrypted-hash"), ["neighbours-have-one"]);
        assert_eq!(values(&facts, "registry-mac"), ["invalid"]);
    }

    #[test]
    fn nothing_is_stated_of_what_does_not_exist() {
        let facts = installed(&EXTRACTOR, InstallRecord::default(), Origin::default());
        assert!(facts.is_empty());
    }

    #[test]
    fn files_that_differ() {
        let mut check = crate::model::content::check(&crate::acquire::Package::from_memory("x", []), None);
        check.state = ContentState::Modified;
        check.modified = vec!["a.png".into(), "b.js".into()];
        check.added = vec!["c.html".into()];
        let origin = Origin { content: Some(check), ..Origin::default() };
        let facts = subject_facts(&EXTRACTOR, |extension| extension.integrity.content = ContentState::Modified, origin);
        assert_eq!(values(&facts, "content"), ["modified"]);
        assert_eq!(values(&facts, "content-file"), ["b.js", "c.html", "a.png"]);
        assert_eq!(field(&facts, "content-file", "basis"), "signed");
        assert_eq!((values(&facts, "store-copy"), field(&facts, "store-copy", "basis")), (vec!["no"], "modified-content"));
    }

    #[test]
    fn what_claims_to_be_a_store_copy() {
        let known = known::products().iter().find_map(|product| product.ids.first()).unwrap();
        let facts = subject_facts(
            &EXTRACTOR,
            |extension| {
                extension.id = known.clone();
                extension.integrity.content = ContentState::Unsigned;
                extension.install = Some(InstallRecord { location: Location::Unpacked, ..InstallRecord::default() });
            },
            Origin::default(),
        );
        assert_eq!(values(&facts, "store-copy"), ["no"]);
        assert_eq!(
            (field(&facts, "store-copy", "basis"), field(&facts, "store-copy", "claims")),
            ("loaded-unpacked", "known-id")
        );
    }

    #[test]
    fn kinds_of_files() {
        for (path, kind) in [("a/b.JS", "script"), ("x.htm", "page"), ("a.b/c", "other"), (".css", "style"), ("x.json", "json")]
        {
            assert_eq!(kind_of(path), kind, "{path}");
        }
    }
}
