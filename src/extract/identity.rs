//! Whether it is who it says: ids that must agree, ids and names of well-known extensions.

use super::install::entry;
use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::model::id::decode_key;
use crate::model::known::{self, look_alike};
use crate::model::machine::System;
use crate::model::signature::is_public_key;
use crate::model::{ContentState, EntryPath, ExtensionId, InstallRecord, Location, Presence};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "identity", facts: FACTS, code: false, run };

/// Ids that do not agree.
pub static ID_MISMATCH: FactKind = FactKind {
    name: "id-mismatch",
    doc: "something gives another id than the one it runs under: folder, key (the manifest's), path (of an unpacked extension), \
          verified-contents (the store's list) or package (the signed header)",
    fields: &[Field { name: "expected", doc: "the id it runs under" }, Field { name: "found", doc: "the id that this gives" }],
};

/// A version that does not agree.
pub static VERSION_MISMATCH: FactKind = FactKind {
    name: "version-mismatch",
    doc: "the store's list is for another version than the manifest says: the list's",
    fields: &[Field { name: "manifest", doc: "the manifest's version" }],
};

/// An id of a well-known extension on something else.
pub static KNOWN_ID: FactKind = FactKind {
    name: "known-id-not-store-copy",
    doc: "the id of a well-known extension on files that no store vouches for",
    fields: &[
        Field { name: "name", doc: "the well-known extension" },
        Field { name: "why", doc: "loaded-unpacked, modified-content or unsigned" },
    ],
};

/// A name that pretends.
pub static LOOK_ALIKE: FactKind = FactKind {
    name: "look-alike",
    doc: "its name is, or looks like, that of a well-known product or maker, and its id is none of theirs; the name pretended",
    fields: &[
        Field { name: "likeness", doc: "same, disguised (other letters), variant (a number or word more), near, or vendor" },
        Field { name: "score", doc: "how alike, up to 100" },
        Field { name: "id", doc: "the id of the product" },
    ],
};

/// A key that is none.
pub static KEY_NOT_A_KEY: FactKind = FactKind {
    name: "key-not-a-key",
    doc: "the manifest's key is no public key but serves to give the extension a chosen id; the first characters of it",
    fields: &[],
};

/// A manifest that is another than the browser installed.
pub static MANIFEST_DIFFERS: FactKind = FactKind {
    name: "manifest-differs",
    doc: "the manifest on disk is another than the copy in the entry, by which the browser goes; the key that differs",
    fields: &[],
};

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&ID_MISMATCH, &VERSION_MISMATCH, &KNOWN_ID, &LOOK_ALIKE, &KEY_NOT_A_KEY, &MANIFEST_DIFFERS];

/// Keys of the manifest that decide what the extension may do. Texts are left out: the copy has them in the user's language.
const DECISIVE: &[&str] = &[
    "background",
    "content_scripts",
    "content_security_policy",
    "declarative_net_request",
    "devtools_page",
    "externally_connectable",
    "host_permissions",
    "key",
    "manifest_version",
    "optional_host_permissions",
    "optional_permissions",
    "permissions",
    "update_url",
    "version",
    "web_accessible_resources",
];

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let extension = subject.extension;
    if extension.install.as_ref().is_some_and(built_in) {
        return;
    }
    ids(subject, facts);
    if let Some(key) = extension.manifest.as_ref().and_then(|manifest| manifest.key.as_deref())
        && decode_key(key).is_some_and(|der| !is_public_key(&der))
    {
        let start: String = key.chars().take(40).collect();
        facts.push(Fact::new(&KEY_NOT_A_KEY, start).at(Place::manifest("/key")));
    }
    known_id(subject, facts);
    if let Some(found) = look_alike(&extension.name, &extension.id) {
        let fact = Fact::new(&LOOK_ALIKE, found.name)
            .with("likeness", found.likeness.as_str())
            .with("score", found.likeness.score().to_string())
            .with("id", found.id.map(ExtensionId::as_str).unwrap_or_default());
        facts.push(fact.at(Place::manifest("/name").with_excerpt(&extension.name)));
    }
    if let Some(record) = &extension.install {
        manifest_differs(subject, record, facts);
    }
}

fn built_in(record: &InstallRecord) -> bool {
    matches!(record.location, Location::Component | Location::ExternalComponent)
}

/// Every source of an id against the one that it runs under.
fn ids(subject: &Subject<'_>, facts: &mut FactSet) {
    let extension = subject.extension;
    let mut compare = |source: &'static str, found: Option<ExtensionId>, place: Place| {
        if let Some(found) = found.filter(|found| *found != extension.id) {
            let fact = Fact::new(&ID_MISMATCH, source).with("expected", extension.id.as_str()).with("found", found.as_str());
            facts.push(fact.at(place));
        }
    };
    let key = extension.manifest.as_ref().and_then(|manifest| manifest.key.as_deref());
    compare("key", key.and_then(ExtensionId::from_manifest_key), Place::manifest("/key"));
    if let Some(header) = &subject.package.crx {
        compare("package", header.id.clone(), Place::default());
    }
    let check = subject.origin.and_then(|origin| origin.content.as_ref());
    // Only what the store has signed says something of the store's ids.
    let signed = matches!(extension.integrity.content, ContentState::Verified | ContentState::Modified);
    if let Some(check) = check.filter(|_| signed) {
        let list = || Place::file("_metadata/verified_contents.json");
        compare("verified-contents", check.item_id.clone(), list());
        if let Some(listed) = check.item_version.as_ref().filter(|listed| !same_version(listed, &extension.version)) {
            facts.push(Fact::new(&VERSION_MISMATCH, listed).with("manifest", &extension.version).at(list()));
        }
    }
    let Some(record) = &extension.install else { return };
    match record.path.as_deref().map(EntryPath::of) {
        Some(EntryPath::Inside(path)) => {
            let folder = path.split('/').next().and_then(ExtensionId::parse);
            compare_with(facts, extension, "folder", folder, entry(record));
        }
        Some(EntryPath::Absolute(path)) if key.is_none() && extension.manifest.is_some() => {
            let unpacked = matches!(record.location, Location::Unpacked | Location::CommandLine);
            // A path that is not UTF-8 was replaced in parts, and gives another id than its bytes do.
            if unpacked && !path.contains(char::REPLACEMENT_CHARACTER) {
                let windows = match subject.origin.and_then(|origin| origin.system) {
                    Some(system) => system == System::Windows,
                    None => path.as_bytes().get(1) == Some(&b':'),
                };
                compare_with(facts, extension, "path", Some(ExtensionId::from_path(&path, windows)), entry(record));
            }
        }
        _ => {}
    }
}

fn compare_with(
    facts: &mut FactSet,
    extension: &crate::model::Extension,
    source: &'static str,
    found: Option<ExtensionId>,
    place: Place,
) {
    if let Some(found) = found.filter(|found| *found != extension.id) {
        let fact = Fact::new(&ID_MISMATCH, source).with("expected", extension.id.as_str()).with("found", found.as_str());
        facts.push(fact.at(place));
    }
}

/// Whether two versions are the same number: zeros in front do not count.
fn same_version(one: &str, other: &str) -> bool {
    let parts = |version: &str| version.split('.').map(|part| part.trim_start_matches('0').to_owned()).collect::<Vec<_>>();
    parts(one) == parts(other)
}

/// The id of a well-known extension on files that are not the store's.
fn known_id(subject: &Subject<'_>, facts: &mut FactSet) {
    let extension = subject.extension;
    let Some(product) = known::by_id(&extension.id) else { return };
    let location = extension.install.as_ref().map(|record| record.location);
    let self_signed = subject.package.crx.as_ref().is_some_and(|header| !header.publisher_proof);
    let why = match extension.integrity.content {
        ContentState::Modified => "modified-content",
        ContentState::Verified | ContentState::NotApplicable => return,
        _ if matches!(location, Some(Location::Unpacked | Location::CommandLine)) => "loaded-unpacked",
        _ if self_signed => "self-signed",
        // Some browsers strip the list; without another sign that says nothing.
        _ => return,
    };
    let fact = Fact::new(&KNOWN_ID, extension.id.as_str()).with("name", &product.name).with("why", why);
    facts.push(match &extension.install {
        Some(record) => fact.at(entry(record)),
        None => fact,
    });
}

/// The manifest on disk against the copy in the entry.
fn manifest_differs(subject: &Subject<'_>, record: &InstallRecord, facts: &mut FactSet) {
    let (Some(copy), Some(manifest)) = (&record.manifest, &subject.extension.manifest) else { return };
    // Where the files have no manifest, what stands in for it is the copy itself.
    if record.presence != Presence::Complete || !subject.package.files.contains_key("manifest.json") {
        return;
    }
    for key in DECISIVE {
        if copy.get(key) != manifest.raw.get(key) {
            facts.push(Fact::new(&MANIFEST_DIFFERS, *key).at(Place::manifest(format!("/{key}"))));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::extract::tests::{field, subject_facts, values};
    use crate::model::Manifest;
    use crate::model::origin::Origin;

    const METAMASK: &str = "nkbihfbeogaeaoehlefnkodbefgpgknn";

    fn unpacked(path: &str) -> InstallRecord {
        InstallRecord { location: Location::Unpacked, path: Some(path.into()), ..InstallRecord::default() }
    }

    #[test]
    fn an_unpacked_extension_without_a_key_has_the_id_of_its_path() {
        let of = |id: ExtensionId, path: &str| {
            subject_facts(
                &EXTRACTOR,
                |extension| {
                    extension.id = id.clone();
                    extension.manifest = Some(Manifest::default());
                    extension.install = Some(unpacked(path));
                },
                Origin::default(),
            )
        };
        let path = r"c:\Users\kim\AppData\Roaming\AF";
        assert!(of(ExtensionId::from_path(path, true), path).is_empty());
        assert!(of(ExtensionId::from_path("/home/kim/x", false), "/home/kim/x").is_empty());
        let facts = of(ExtensionId::from_path("/home/kim/x", false), "/home/kim/y");
        assert_eq!(values(&facts, "id-mismatch"), ["path"]);
    }

    #[test]
    fn a_clone_under_the_id_of_a_well_known_extension() {
        let facts = subject_facts(
            &EXTRACTOR,
            |extension| {
                extension.id = ExtensionId::parse(METAMASK).unwrap();
                extension.name = "MetaMask".into();
                extension.manifest = Some(Manifest { key: Some("aGVsbG8=".into()), ..Manifest::default() });
                extension.install = Some(unpacked("/Users/kim/Library/Caches/com.apple.chromo"));
                extension.integrity.content = ContentState::Unsigned;
            },
            Origin::default(),
        );
        assert_eq!(values(&facts, "known-id-not-store-copy"), [METAMASK]);
        assert_eq!(field(&facts, "known-id-not-store-copy", "name"), "MetaMask");
        assert_eq!(values(&facts, "key-not-a-key"), ["aGVsbG8="]);
        assert_eq!(values(&facts, "id-mismatch"), ["key"]);
        assert_eq!(values(&facts, "look-alike"), [] as [&str; 0]);
    }

    #[test]
    fn a_borrowed_name() {
        let facts = subject_facts(&EXTRACTOR, |extension| extension.name = "Google Translate".into(), Origin::default());
        assert_eq!(values(&facts, "look-alike"), ["Google Translate"]);
        assert_eq!((field(&facts, "look-alike", "likeness"), field(&facts, "look-alike", "score")), ("same", "100"));
        let component = |extension: &mut crate::model::Extension| {
            extension.name = "Google Hangouts".into();
            extension.install = Some(InstallRecord { location: Location::Component, ..InstallRecord::default() });
        };
        assert!(subject_facts(&EXTRACTOR, component, Origin::default()).is_empty());
    }

    #[test]
    fn a_folder_of_another_id() {
        let facts = subject_facts(
            &EXTRACTOR,
            |extension| {
                let path = Some(format!("{}/1.0_0", "b".repeat(32)));
                extension.install = Some(InstallRecord { path, location: Location::Internal, ..InstallRecord::default() });
            },
            Origin::default(),
        );
        assert_eq!(values(&facts, "id-mismatch"), ["folder"]);
        assert_eq!(field(&facts, "id-mismatch", "found"), "b".repeat(32));
    }

    #[test]
    fn versions_are_numbers() {
        assert!(same_version("1.02.0", "1.2.0") && same_version("0.1", "0.1"));
        assert!(!same_version("1.2", "1.20"));
    }

    #[test]
    fn a_manifest_that_was_changed_after_the_installation() {
        let manifest = serde_json::json!({ "manifest_version": 3, "name": "x", "permissions": ["storage", "cookies"] });
        let copy = serde_json::json!({ "manifest_version": 3, "name": "X in words", "permissions": ["storage"] });
        let facts = subject_facts(
            &EXTRACTOR,
            |extension| {
                extension.manifest = Some(Manifest { raw: manifest.clone(), ..Manifest::default() });
                extension.install = Some(InstallRecord { manifest: Some(copy.clone()), ..InstallRecord::default() });
            },
            Origin::default(),
        );
        assert_eq!(values(&facts, "manifest-differs"), ["permissions"]);
    }
}
