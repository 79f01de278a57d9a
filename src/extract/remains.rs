//! What is left of extensions, and what they have left with the browser: half installations, storage without an owner, scripts
//! that are registered in the profile and may be in no file.

use super::install::entry;
use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::finding::EvidenceKind;
use crate::model::hash::{hex, sha256};
use crate::model::{InstallRecord, Location, Presence};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "remains", facts: FACTS, code: false, run };

/// Half an installation, or data without one.
pub static REMAINS: FactKind = FactKind {
    name: "remains",
    doc: "half of an installation is left: entry (its files are gone), folder (no entry), and of a profile: storage, \
          service-worker, scripts, state or code (an integrity code) of an extension that is not installed",
    fields: &[
        Field { name: "id", doc: "the extension's id" },
        Field { name: "detail", doc: "for storage: which; for an entry: how it was installed" },
    ],
};

/// A script that it has registered with the browser.
pub static REGISTERED_SCRIPT: FactKind = FactKind {
    name: "registered-script",
    doc: "a script that it registered with the browser while it ran: file (of the extension), or inline (code that is in no \
          file and kept in the profile)",
    fields: &[
        Field { name: "world", doc: "isolated, main or user-script" },
        Field { name: "matches", doc: "the addresses it runs on" },
        Field { name: "user_script", doc: "yes for chrome.userScripts" },
        Field { name: "name", doc: "the name it was registered under" },
        Field { name: "script", doc: "the file; for inline code its SHA-256" },
        Field { name: "size", doc: "bytes of inline code" },
    ],
};

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&REMAINS, &REGISTERED_SCRIPT];

/// Addresses that are named in one fact.
const SHOWN: usize = 20;

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    if let Some(record) = &subject.extension.install {
        half(subject.extension.id.as_str(), record, facts);
    }
    for script in subject.origin.into_iter().flat_map(|origin| &origin.registered) {
        let fact = |value: &str| {
            Fact::new(&REGISTERED_SCRIPT, value)
                .with("world", &script.world)
                .with("matches", script.matches.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(" "))
                .with("user_script", if script.user_script { "yes" } else { "no" })
                .with("name", &script.id)
        };
        facts.extend(script.files.iter().map(|file| fact("file").with("script", file).at(Place::file(file))));
        for code in &script.inline {
            let start: String = code.chars().take(200).collect();
            let place = Place::outside(EvidenceKind::Filesystem, "Extension Scripts", &script.id).with_excerpt(start);
            let hash = hex(&sha256(code.as_bytes()));
            facts.push(fact("inline").with("script", hash).with("size", code.len().to_string()).at(place));
        }
    }
}

fn half(id: &str, record: &InstallRecord, facts: &mut FactSet) {
    let component = matches!(record.location, Location::Component | Location::ExternalComponent);
    let word = match record.presence {
        Presence::EntryOnly if !component => "entry",
        Presence::FolderOnly => "folder",
        _ => return,
    };
    facts.push(remains(word, id, record.location.as_str()).at(entry(record)));
}

/// A fact about what is left of `id`.
pub(super) fn remains(word: &str, id: &str, detail: &str) -> Fact {
    Fact::new(&REMAINS, word).with("id", id).with("detail", detail)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::extract::tests::{field, installed, values};
    use crate::model::origin::{Origin, RegisteredScript};

    #[test]
    fn halves_of_installations() {
        let of = |presence, location| {
            let record = InstallRecord { presence, location, ..InstallRecord::default() };
            installed(&EXTRACTOR, record, Origin::default())
        };
        let facts = of(Presence::EntryOnly, Location::CommandLine);
        assert_eq!((values(&facts, "remains"), field(&facts, "remains", "detail")), (vec!["entry"], "command_line"));
        assert_eq!(values(&of(Presence::FolderOnly, Location::Unknown), "remains"), ["folder"]);
        assert!(of(Presence::EntryOnly, Location::Component).is_empty());
        assert!(of(Presence::Complete, Location::Internal).is_empty());
    }

    #[test]
    fn code_that_is_in_no_file() {
        let script = RegisteredScript {
            id: "x".into(),
            inline: vec!["alert(1)".into()],
            files: vec!["content.js".into()],
            matches: vec!["https://mail.example/*".into(), "https://other.example/*".into()],
            world: "user-script".into(),
            user_script: true,
        };
        let facts = installed(&EXTRACTOR, InstallRecord::default(), Origin { registered: vec![script], ..Origin::default() });
        assert_eq!(values(&facts, "registered-script"), ["file", "inline"]);
        assert_eq!(field(&facts, "registered-script", "matches"), "https://mail.example/* https://other.example/*");
        let inline = facts.iter().find(|fact| fact.value == "inline").unwrap();
        assert_eq!((inline.field("size"), inline.place.excerpt.as_deref()), (Some("8"), Some("alert(1)")));
    }
}
