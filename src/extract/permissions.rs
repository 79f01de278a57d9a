//! What it asked for, what was granted, what is in force.

use std::collections::BTreeSet;

use super::manifest::classes;
use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::finding::EvidenceKind;
use crate::model::extension::{GrantedSet, InstallRecord};
use crate::model::host::{Breadth, HostPattern, is_below};
use crate::model::manifest::Manifest;
use crate::model::permission::permission;

/// A permission for an API.
pub static PERMISSION: FactKind = FactKind {
    name: "permission",
    doc: "a permission for an API of the browser: cookies, debugger, tabs, ...",
    fields: &[
        Field { name: "state", doc: "requested or optional (manifest), granted or active (installation)" },
        Field { name: "risk", doc: "low, medium or high" },
    ],
};

/// Access to sites.
pub static HOST_ACCESS: FactKind = FactKind {
    name: "host-access",
    doc: "a pattern of sites that it may read and change; once for each well-known service that it covers",
    fields: &[
        Field { name: "state", doc: "requested or optional (manifest), granted or active (installation)" },
        Field { name: "breadth", doc: "all, tld, domain or host" },
        Field { name: "class", doc: "mail, login, identity, bank, wallet, messenger, ..., where the service is known" },
        Field { name: "provider", doc: "the service: gmail, outlook, naver, daum, kakao, ..." },
    ],
};

/// Granted without being asked for.
pub static UNDECLARED_GRANT: FactKind = FactKind {
    name: "undeclared-grant",
    doc: "a permission or a pattern of sites that the installation holds and the manifest does not ask for",
    fields: &[
        Field {
            name: "state",
            doc: "granted (an older version may have asked for it) or active (worked out when it was loaded last)",
        },
        Field { name: "kind", doc: "api or host" },
    ],
};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "permissions", facts: FACTS, code: false, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&PERMISSION, &HOST_ACCESS, &UNDECLARED_GRANT];

/// Permissions that follow from other keys of the manifest: the key, and what the browser grants for it.
const IMPLIED: &[(&str, &str)] = &[
    ("devtools_page", "devtools"),
    ("chrome_settings_overrides", "homepage"),
    ("chrome_settings_overrides", "searchProvider"),
    ("chrome_settings_overrides", "startupPages"),
    ("chrome_url_overrides", "newTabPageOverride"),
    ("input_components", "input"),
    ("commands", "commands.accessibility"),
    ("theme", "theme"),
    ("omnibox", "omnibox"),
    ("tts_engine", "ttsEngine"),
    ("app", "app.runtime"),
    ("app", "app.window"),
];

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    if let Some(manifest) = &subject.extension.manifest {
        let lists = [
            ("requested", "permissions", &manifest.permissions, "host_permissions", &manifest.host_permissions),
            (
                "optional",
                "optional_permissions",
                &manifest.optional_permissions,
                "optional_host_permissions",
                &manifest.optional_host_permissions,
            ),
        ];
        for (state, api_key, api, host_key, hosts) in lists {
            // Version 2 keeps hosts among the permissions.
            let host_key = if manifest.raw.get(host_key).is_some() { host_key } else { api_key };
            state_all(
                state,
                api,
                &Place::manifest(format!("/{api_key}")),
                hosts,
                &Place::manifest(format!("/{host_key}")),
                facts,
            );
        }
    }
    if let Some(install) = &subject.extension.install {
        for (state, key, set) in sets(install) {
            let hosts: BTreeSet<String> = set.explicit_hosts.iter().chain(&set.scriptable_hosts).cloned().collect();
            let hosts: Vec<String> = hosts.into_iter().collect();
            let place = place(install, key);
            state_all(state, &set.api, &place, &hosts, &place, facts);
            if let Some(manifest) = &subject.extension.manifest {
                undeclared(state, manifest, set, &place, facts);
            }
        }
    }
}

/// The sets of an entry, with their words and keys.
fn sets(install: &InstallRecord) -> [(&'static str, &'static str, &GrantedSet); 2] {
    [("granted", "granted_permissions", &install.granted), ("active", "active_permissions", &install.active)]
}

fn place(install: &InstallRecord, key: &str) -> Place {
    Place::outside(EvidenceKind::Preferences, &install.file, format!("{}/{key}", install.pointer))
}

fn state_all(
    state: &'static str,
    api: &[String],
    api_place: &Place,
    hosts: &[String],
    host_place: &Place,
    facts: &mut FactSet,
) {
    for name in api {
        let fact = Fact::new(&PERMISSION, name).with("state", state).with("risk", permission(name).risk.as_str());
        facts.push(fact.at(api_place.clone()));
    }
    for text in hosts {
        let pattern = HostPattern::parse(text);
        for known in classes(pattern.as_ref()) {
            let mut fact = Fact::new(&HOST_ACCESS, text).with("state", state);
            if let Some(pattern) = &pattern {
                fact = fact.with("breadth", pattern.breadth().as_str());
            }
            if let Some(known) = known {
                fact = fact.with("class", known.class.as_str()).with("provider", known.provider);
            }
            facts.push(fact.at(host_place.clone()));
        }
    }
}

/// What the installation holds beyond the manifest.
fn undeclared(state: &'static str, manifest: &Manifest, set: &GrantedSet, place: &Place, facts: &mut FactSet) {
    let asked = [&manifest.permissions, &manifest.optional_permissions];
    let implied = |name: &str| IMPLIED.iter().any(|(key, grant)| *grant == name && manifest.raw.get(key).is_some());
    for name in &set.api {
        if !asked.iter().any(|list| list.contains(name)) && !implied(name) {
            facts.push(Fact::new(&UNDECLARED_GRANT, name).with("state", state).with("kind", "api").at(place.clone()));
        }
    }
    let scripts = manifest.content_scripts.iter().flat_map(|script| &script.matches);
    let declared: Vec<HostPattern> = manifest
        .host_permissions
        .iter()
        .chain(&manifest.optional_host_permissions)
        .chain(scripts)
        .filter_map(|text| HostPattern::parse(text))
        .collect();
    let hosts: BTreeSet<&String> = set.explicit_hosts.iter().chain(&set.scriptable_hosts).collect();
    for text in hosts {
        let Some(pattern) = HostPattern::parse(text) else { continue };
        // Access to all sites brings pages of the browser and files with it.
        let web = matches!(pattern.scheme(), "*" | "http" | "https" | "ws" | "wss");
        if web && !declared.iter().any(|wider| covers(wider, &pattern)) {
            facts.push(Fact::new(&UNDECLARED_GRANT, text).with("state", state).with("kind", "host").at(place.clone()));
        }
    }
}

/// Whether every host of the second pattern is one of the first. Paths and schemes are not compared: the browser changes them
/// when it grants.
fn covers(wider: &HostPattern, pattern: &HostPattern) -> bool {
    if wider.breadth() == Breadth::All {
        return true;
    }
    match (wider.host(), pattern.host()) {
        (Some(wide), Some(host)) if wider.with_subdomains() => is_below(host, wide),
        (Some(wide), Some(host)) => wide == host && !pattern.with_subdomains(),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::acquire::Package;
    use crate::model::{Extension, ExtensionId, Integrity, manifest};

    fn facts(manifest: &str, install: Option<InstallRecord>) -> FactSet {
        let extension = Extension {
            id: ExtensionId::from_key(b"x"),
            manifest: Some(manifest::parse(manifest.as_bytes()).unwrap().0),
            name: String::new(),
            description: String::new(),
            version: String::new(),
            install,
            integrity: Integrity::default(),
        };
        let package = Package::from_memory("x", []);
        let mut facts = FactSet::new();
        run(&Subject::new(&extension, &package), &mut facts);
        facts
    }

    fn shown(facts: &FactSet, kind: &'static FactKind) -> Vec<String> {
        let fields = |fact: &Fact| fact.fields.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>().join(" ");
        facts.of(kind).map(|fact| format!("{} {}", fact.value, fields(fact))).collect()
    }

    const MANIFEST: &str = r#"{"manifest_version": 3, "name": "n", "version": "1", "permissions": ["cookies", "storage"],
        "optional_permissions": ["history"], "host_permissions": ["https://mail.naver.com/*", "<all_urls>"],
        "content_scripts": [{"matches": ["https://*.example.com/*"], "js": ["a.js"]}], "devtools_page": "d.html"}"#;

    #[test]
    fn requested_and_optional() {
        let facts = facts(MANIFEST, None);
        assert_eq!(shown(&facts, &PERMISSION), ["cookies requested high", "storage requested low", "history optional medium"]);
        assert_eq!(
            shown(&facts, &HOST_ACCESS),
            ["https://mail.naver.com/* requested host mail naver", "<all_urls> requested all"]
        );
        assert_eq!(facts.of(&HOST_ACCESS).next().unwrap().place.pointer.as_deref(), Some("/host_permissions"));
    }

    #[test]
    fn granted_beyond_the_manifest() {
        let manifest = r#"{"manifest_version": 3, "name": "n", "version": "1", "permissions": ["storage"],
            "host_permissions": ["https://*.example.com/a/*"], "devtools_page": "d.html"}"#;
        let granted = GrantedSet {
            api: ["storage", "devtools", "webRequest"].map(str::to_owned).into(),
            explicit_hosts: ["https://a.example.com/*", "https://*.example.com/*", "https://*/*", "chrome://favicon/*"]
                .map(str::to_owned)
                .into(),
            ..GrantedSet::default()
        };
        let record = InstallRecord { granted: granted.clone(), file: "Preferences".into(), ..InstallRecord::default() };
        let facts = facts(manifest, Some(record));
        assert_eq!(shown(&facts, &UNDECLARED_GRANT), ["webRequest granted api", "https://*/* granted host"]);
        assert!(shown(&facts, &PERMISSION).contains(&"devtools granted medium".to_owned()));
        let place = &facts.of(&UNDECLARED_GRANT).next().unwrap().place;
        assert_eq!((place.kind, place.file.as_deref()), (EvidenceKind::Preferences, Some("Preferences")));
    }

    #[test]
    fn access_to_all_sites_declares_every_site() {
        let granted = GrantedSet { explicit_hosts: vec!["https://*/*".into()], ..GrantedSet::default() };
        let record = InstallRecord { active: granted, ..InstallRecord::default() };
        assert_eq!(shown(&facts(MANIFEST, Some(record)), &UNDECLARED_GRANT), Vec::<String>::new());
    }
}
