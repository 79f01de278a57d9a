//! What the manifest declares.

use std::collections::BTreeSet;

use super::calls::yes;
use super::machine::{form_of, store_of};
use super::purpose::purposes;
use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::model::host::{Breadth, HostClass, HostPattern, pattern_classes};
use crate::model::manifest::{ContentScript, Manifest};
use crate::model::{csp, json};

/// The manifest's version.
pub static MANIFEST_VERSION: FactKind =
    FactKind { name: "manifest-version", doc: "the version of the manifest: 2 or 3; 0 where it names none", fields: &[] };

/// The name.
pub static MANIFEST_NAME: FactKind = FactKind {
    name: "manifest-name",
    doc: "the name as people see it",
    fields: &[Field { name: "raw", doc: "the name as the manifest has it" }],
};

/// The description.
pub static MANIFEST_DESCRIPTION: FactKind =
    FactKind { name: "manifest-description", doc: "the description as people see it", fields: &[] };

/// A key of the manifest.
pub static MANIFEST_KEY: FactKind = FactKind { name: "manifest-key", doc: "a key at the top of the manifest", fields: &[] };

/// A page of the developer tools.
pub static DEVTOOLS_PAGE: FactKind =
    FactKind { name: "devtools-page", doc: "the page that it adds to the developer tools", fields: &[] };

/// Where background code is.
pub static BACKGROUND: FactKind = FactKind {
    name: "background",
    doc: "the form of the background code: service_worker, scripts or page",
    fields: &[Field { name: "file", doc: "the file" }, Field { name: "persistent", doc: "no where it is unloaded when idle" }],
};

/// A content script.
pub static CONTENT_SCRIPT: FactKind = FactKind {
    name: "content-script",
    doc: "a pattern of pages that a declared content script runs in; once for each well-known service that it covers",
    fields: &[
        Field { name: "world", doc: "main or isolated" },
        Field { name: "run_at", doc: "document_start, document_end or document_idle" },
        Field { name: "all_frames", doc: "yes where it runs in frames too" },
        Field { name: "breadth", doc: "all, tld, domain or host" },
        Field { name: "class", doc: "mail, login, identity, bank, wallet, messenger, ..., where the service is known" },
        Field { name: "provider", doc: "the service: gmail, outlook, naver, daum, kakao, ..." },
        Field { name: "file", doc: "its scripts, separated by blanks" },
    ],
};

/// A weak policy.
pub static CSP_WEAKNESS: FactKind = FactKind {
    name: "csp-weakness",
    doc: "what the content security policy of its pages allows: unsafe-eval, unsafe-inline, remote-script (of a host), any-script, \
          data-script",
    fields: &[
        Field { name: "directive", doc: "the directive that allows it" },
        Field { name: "source", doc: "the source that allows it" },
    ],
};

/// Who may talk to it.
pub static EXTERNALLY_CONNECTABLE: FactKind = FactKind {
    name: "externally-connectable",
    doc: "pages or extensions that may send it messages: a pattern, an id, or * for all",
    fields: &[Field { name: "kind", doc: "page or extension" }, Field { name: "breadth", doc: "all, tld, domain or host" }],
};

/// Where updates come from.
pub static UPDATE_ADDRESS: FactKind = FactKind {
    name: "update-address",
    doc: "the address that updates come from",
    fields: &[
        Field { name: "store", doc: "web_store, edge_addons, opera_addons, whale_store, other_store or none" },
        Field { name: "form", doc: "https, http, ip, local, file, code-hosting or other" },
    ],
};

/// What it says it is for.
pub static PURPOSE: FactKind = FactKind {
    name: "purpose",
    doc: "what name or description say it is for: font, translate, pdf, flash, wallpaper, new-tab, ad-block, password, wallet, ...",
    fields: &[Field { name: "word", doc: "the word that says so" }, Field { name: "where", doc: "name or description" }],
};

/// Files for pages.
pub static WEB_ACCESSIBLE: FactKind = FactKind {
    name: "web-accessible",
    doc: "files of it that pages may load: a path with wildcards",
    fields: &[Field { name: "breadth", doc: "of the pages that may: all, tld, domain or host" }],
};

/// A broken manifest.
pub static MANIFEST_PROBLEM: FactKind = FactKind {
    name: "manifest-problem",
    doc: "the manifest is not what a browser wants: refused, missing, no-version, no-name, bad-version, wrong-type, stray-host, \
          outside-path, duplicate-key",
    fields: &[Field { name: "detail", doc: "where, if that can be said in a word" }],
};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "manifest", facts: FACTS, code: true, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[
    &MANIFEST_VERSION,
    &MANIFEST_NAME,
    &MANIFEST_DESCRIPTION,
    &MANIFEST_KEY,
    &DEVTOOLS_PAGE,
    &BACKGROUND,
    &CONTENT_SCRIPT,
    &CSP_WEAKNESS,
    &EXTERNALLY_CONNECTABLE,
    &UPDATE_ADDRESS,
    &PURPOSE,
    &WEB_ACCESSIBLE,
    &MANIFEST_PROBLEM,
];

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    problems(subject, facts);
    update_address(subject, facts);
    let Some(manifest) = &subject.extension.manifest else { return };
    let extension = subject.extension;
    let at = |key: &str| Place::manifest(format!("/{key}"));
    facts.push(Fact::new(&MANIFEST_VERSION, manifest.manifest_version.to_string()).at(at("manifest_version")));
    facts.push(Fact::new(&MANIFEST_NAME, &extension.name).with("raw", &manifest.name).at(at("name")));
    let description = if extension.description.is_empty() { &manifest.description } else { &extension.description };
    if !description.is_empty() {
        facts.push(Fact::new(&MANIFEST_DESCRIPTION, description).at(at("description")));
    }
    for key in manifest.raw.as_object().into_iter().flat_map(|object| object.keys()).take(200) {
        facts.push(Fact::new(&MANIFEST_KEY, key).at(at(key)));
    }
    if let Some(page) = &manifest.devtools_page {
        facts.push(Fact::new(&DEVTOOLS_PAGE, page).at(at("devtools_page")));
    }
    for (place, text) in [("name", &extension.name), ("description", description)] {
        for (purpose, word) in purposes(text) {
            let fact = Fact::new(&PURPOSE, purpose).with("word", word.trim_end_matches('*')).with("where", place);
            facts.push(fact.at(at(place)));
        }
    }
    background(manifest, facts);
    for (index, script) in manifest.content_scripts.iter().enumerate() {
        content_script(index, script, facts);
    }
    exposure(manifest, facts);
}

fn background(manifest: &Manifest, facts: &mut FactSet) {
    let background = &manifest.background;
    let worker = background.service_worker.iter().map(|file| ("service_worker", file));
    let scripts = background.scripts.iter().map(|file| ("scripts", file));
    let page = background.page.iter().map(|file| ("page", file));
    for (form, file) in worker.chain(scripts).chain(page) {
        let fact = Fact::new(&BACKGROUND, form).with("file", file).at(Place::manifest(format!("/background/{form}")));
        facts.push(match background.persistent {
            Some(persistent) => fact.with("persistent", yes(persistent)),
            None => fact,
        });
    }
}

/// One fact for each pattern, or for each service that it covers.
fn content_script(index: usize, script: &ContentScript, facts: &mut FactSet) {
    for text in &script.matches {
        let pattern = HostPattern::parse(text);
        for known in classes(pattern.as_ref()) {
            let mut fact = Fact::new(&CONTENT_SCRIPT, text)
                .with("world", if script.main_world { "main" } else { "isolated" })
                .with("run_at", script.run_at.as_deref().unwrap_or("document_idle"))
                .with("all_frames", yes(script.all_frames))
                .with("file", script.js.join(" "));
            if let Some(pattern) = &pattern {
                fact = fact.with("breadth", pattern.breadth().as_str());
            }
            if let Some(known) = known {
                fact = fact.with("class", known.class.as_str()).with("provider", known.provider);
            }
            facts.push(fact.at(Place::manifest(format!("/content_scripts/{index}/matches"))));
        }
    }
}

/// The services that a pattern covers; a single nothing where none is known, so that a fact is stated all the same.
pub(super) fn classes(pattern: Option<&HostPattern>) -> Vec<Option<HostClass>> {
    let known: Vec<_> = pattern.map(pattern_classes).unwrap_or_default().into_iter().map(Some).collect();
    if known.is_empty() { vec![None] } else { known }
}

/// What it opens to others: policy, messages, files.
fn exposure(manifest: &Manifest, facts: &mut FactSet) {
    for weakness in manifest.csp.as_deref().map(csp::weaknesses).unwrap_or_default() {
        let fact =
            Fact::new(&CSP_WEAKNESS, weakness.word).with("directive", weakness.directive).with("source", weakness.source);
        facts.push(fact.at(Place::manifest("/content_security_policy")));
    }
    for entry in &manifest.externally_connectable {
        let pattern = HostPattern::parse(entry);
        let kind = if pattern.is_some() { "page" } else { "extension" };
        let breadth = match &pattern {
            Some(pattern) => pattern.breadth(),
            None if entry == "*" => Breadth::All,
            None => Breadth::Host,
        };
        let fact = Fact::new(&EXTERNALLY_CONNECTABLE, entry).with("kind", kind).with("breadth", breadth.as_str());
        facts.push(fact.at(Place::manifest("/externally_connectable")));
    }
    for entry in &manifest.web_accessible {
        let broadest = entry.matches.iter().filter_map(|text| HostPattern::parse(text)).map(|p| p.breadth()).max();
        let breadth = if entry.declared { broadest } else { Some(Breadth::All) };
        for path in &entry.resources {
            let fact = Fact::new(&WEB_ACCESSIBLE, path).at(Place::manifest("/web_accessible_resources"));
            facts.push(match breadth {
                Some(breadth) => fact.with("breadth", breadth.as_str()),
                None => fact,
            });
        }
    }
}

/// The address in force: the entry's (a policy may have set another one), else the manifest's.
fn update_address(subject: &Subject<'_>, facts: &mut FactSet) {
    let extension = subject.extension;
    let installed = extension.install.as_ref().and_then(|install| install.update_url.as_deref());
    let declared = extension.manifest.as_ref().and_then(|manifest| manifest.update_url.as_deref());
    let addresses: BTreeSet<&str> = installed.into_iter().chain(declared).collect();
    for address in addresses {
        let fact = Fact::new(&UPDATE_ADDRESS, address).with("store", store_of(address)).with("form", form_of(address));
        facts.push(fact.at(Place::manifest("/update_url")));
    }
}

/// What a browser would not like. Without files there is nothing to say.
fn problems(subject: &Subject<'_>, facts: &mut FactSet) {
    let mut state = |word: &'static str, detail: &str| {
        let fact = Fact::new(&MANIFEST_PROBLEM, word).at(Place::file("manifest.json"));
        facts.push(if detail.is_empty() { fact } else { fact.with("detail", detail) });
    };
    let Some(bytes) = subject.package.bytes("manifest.json") else {
        if !subject.package.files.is_empty() {
            state("missing", "");
        }
        return;
    };
    let Some(manifest) = &subject.extension.manifest else { return state("refused", "") };
    for fault in &manifest.faults {
        state(fault, "");
    }
    for key in json::duplicate_keys(bytes).iter().take(20) {
        state("duplicate-key", key);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::acquire::Package;
    use crate::extract::tests::facts_of;

    fn facts(manifest: &str) -> FactSet {
        facts_of(&EXTRACTOR, &Package::from_memory("x", [("manifest.json", manifest.as_bytes())]))
    }

    fn shown(facts: &FactSet, kind: &'static FactKind) -> Vec<String> {
        let fields = |fact: &Fact| {
            let fields: Vec<_> = fact.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} {}", fact.value, fields.join(" ")).trim_end().to_owned()
        };
        facts.of(kind).map(fields).collect()
    }

    #[test]
    fn the_skeleton_of_a_mail_thief() {
        let facts = facts(
            r#"{"manifest_version": 2, "name": "AF", "version": "1", "description": "advanced font", "devtools_page": "dev.html",
            "background": {"scripts": ["bg.js"]}, "content_security_policy": "script-src 'self' 'unsafe-eval'; object-src 'self'",
            "permissions": ["tabs"], "update_url": "http://203.0.113.5/u.xml"}"#,
        );
        assert_eq!(shown(&facts, &MANIFEST_VERSION), ["2"]);
        assert_eq!(shown(&facts, &MANIFEST_NAME), ["AF raw=AF"]);
        assert_eq!(shown(&facts, &DEVTOOLS_PAGE), ["dev.html"]);
        assert_eq!(shown(&facts, &BACKGROUND), ["scripts file=bg.js"]);
        assert_eq!(shown(&facts, &PURPOSE), ["font word=font where=description"]);
        assert_eq!(shown(&facts, &CSP_WEAKNESS), ["unsafe-eval directive=script-src source='unsafe-eval'"]);
        assert_eq!(shown(&facts, &UPDATE_ADDRESS), ["http://203.0.113.5/u.xml store=none form=ip"]);
        assert!(shown(&facts, &MANIFEST_KEY).contains(&"devtools_page".to_owned()));
        assert_eq!(shown(&facts, &MANIFEST_PROBLEM), Vec::<String>::new());
    }

    #[test]
    fn patterns_and_what_they_cover() {
        let facts = facts(
            r#"{"manifest_version": 3, "name": "n", "version": "1", "content_scripts": [
              {"matches": ["https://mail.google.com/*", "https://*.kakao.com/*", "<all_urls>", "nonsense"], "js": ["a.js", "b.js"],
               "run_at": "document_start", "world": "MAIN", "all_frames": true}],
            "externally_connectable": {"matches": ["https://*.example.com/*"], "ids": ["*"]},
            "web_accessible_resources": [{"resources": ["a/*"], "matches": ["https://x.example/*", "<all_urls>"]}]}"#,
        );
        let scripts = shown(&facts, &CONTENT_SCRIPT);
        assert_eq!(
            scripts.first().unwrap(),
            "https://mail.google.com/* world=main run_at=document_start all_frames=yes file=a.js b.js breadth=host class=mail \
             provider=gmail"
        );
        assert_eq!(scripts.iter().filter(|fact| fact.contains("kakao")).count(), 5);
        assert_eq!(scripts.iter().filter(|fact| fact.starts_with("<all_urls>")).count(), 1);
        assert!(scripts.last().unwrap().starts_with("nonsense world") && !scripts.last().unwrap().contains("breadth"));
        assert_eq!(
            shown(&facts, &EXTERNALLY_CONNECTABLE),
            ["https://*.example.com/* kind=page breadth=domain", "* kind=extension breadth=all"]
        );
        assert_eq!(shown(&facts, &WEB_ACCESSIBLE), ["a/* breadth=all"]);
    }

    #[test]
    fn broken_manifests() {
        let words = |manifest: &str| shown(&facts(manifest), &MANIFEST_PROBLEM);
        assert_eq!(
            words(r#"{"name": "", "version": "x", "permissions": 5, "permissions": "tabs"}"#),
            ["bad-version", "no-name", "no-version", "wrong-type", "duplicate-key detail=permissions"]
        );
        let stray = r#"{"manifest_version": 3, "name": "n", "version": "1", "permissions": ["https://x.example/*"],
            "content_scripts": [{"js": ["../x.js"]}]}"#;
        assert_eq!(words(stray), ["outside-path", "stray-host"]);
        let none = facts_of(&EXTRACTOR, &Package::from_memory("x", [("a.js", &b""[..])]));
        assert_eq!(shown(&none, &MANIFEST_PROBLEM), ["missing"]);
    }
}
