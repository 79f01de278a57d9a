//! How the browser came by the extension, and what it was given: the entry in the preferences, as it stands there.

use std::collections::BTreeSet;

use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::finding::EvidenceKind;
use crate::model::place::{PlaceClass, classify};
use crate::model::{EntryPath, InstallRecord, preferences};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "install", facts: FACTS, code: false, run };

/// The way it was installed.
pub static INSTALL_LOCATION: FactKind = FactKind {
    name: "install-location",
    doc: "how it was installed: internal, external_pref, external_registry, unpacked, component, external_pref_download, \
          external_policy_download, command_line, external_policy, external_component or unknown",
    fields: &[
        Field {
            name: "source",
            doc: "where it came from: web_store, edge_addons, opera_addons, whale_store, other_store, enterprise_policy, \
                  sideload, unpacked, command_line, component, unknown",
        },
        Field { name: "number", doc: "the number in the entry, where it is none that browsers write" },
    ],
};

/// Where the files lie.
pub static INSTALL_PATH: FactKind = FactKind {
    name: "install-path",
    doc: "where its folder lies: profile, program, roaming, local-data, temp, downloads, desktop, program-data, public, cache, \
          dot-folder, developer, removable, home, other",
    fields: &[
        Field { name: "path", doc: "the path in the entry" },
        Field { name: "writable", doc: "yes where its user can write there without an administrator" },
        Field { name: "form", doc: "inside (below the profile's Extensions), absolute, or refused (leads out by ..)" },
    ],
};

/// One flag of the entry.
pub static INSTALL_FLAG: FactKind = FactKind {
    name: "install-flag",
    doc: "a mark in the entry: from-web-store, devtools-protocol, may-be-untrusted, default, oem, acknowledged, allowlisted",
    fields: &[],
};

/// Whether the browser runs it.
pub static ENABLED: FactKind = FactKind { name: "enabled", doc: "whether the browser runs it: yes or no", fields: &[] };

/// Why the browser does not run it.
pub static DISABLE_REASON: FactKind = FactKind {
    name: "disable-reason",
    doc: "why the browser does not run it: user_action, permissions_increase, blocked_by_policy, corrupted, not_verified, ...",
    fields: &[],
};

/// What Safe Browsing or the store says.
pub static BLOCKLISTED: FactKind = FactKind {
    name: "blocklisted",
    doc: "the browser's block list has it: malware, vulnerable, policy_violation, potentially_unwanted, ...",
    fields: &[],
};

/// It runs in private windows.
pub static INCOGNITO: FactKind =
    FactKind { name: "incognito", doc: "it may run in private windows, which a person has to switch on: yes", fields: &[] };

/// It reads local files.
pub static FILE_ACCESS: FactKind = FactKind {
    name: "file-access",
    doc: "it may read file:// addresses, as every unpacked extension may unless it is switched off: yes",
    fields: &[],
};

/// It runs the user's scripts.
pub static USER_SCRIPTS: FactKind = FactKind {
    name: "user-scripts",
    doc: "it may run scripts that are in none of its files, which a person has to switch on: yes",
    fields: &[],
};

/// It waits for a click.
pub static WITHHELD: FactKind =
    FactKind { name: "withheld", doc: "a person has withheld its hosts until a click on it: yes", fields: &[] };

/// A setting of the browser that the extension decides.
pub static CONTROLS_SETTING: FactKind = FactKind {
    name: "controls-setting",
    doc: "a setting of the browser that the extension decides: proxy, default_search_provider_data, homepage, ...; its name",
    fields: &[Field { name: "value", doc: "what it is set to, as JSON" }],
};

/// The profile's developer mode.
pub static DEVELOPER_MODE: FactKind =
    FactKind { name: "developer-mode", doc: "whether the profile's developer mode is on: yes or no", fields: &[] };

/// The same extension in several browsers of one user.
pub static INSTALLED_IN_BROWSERS: FactKind = FactKind {
    name: "installed-in-browsers",
    doc: "in how many different browsers of this machine the same id is installed; stated from two",
    fields: &[Field { name: "browsers", doc: "their names" }, Field { name: "profiles", doc: "in how many profiles" }],
};

/// The kinds stated here.
const FACTS: &[&FactKind] = &[
    &INSTALL_LOCATION,
    &INSTALL_PATH,
    &INSTALL_FLAG,
    &ENABLED,
    &DISABLE_REASON,
    &BLOCKLISTED,
    &INCOGNITO,
    &FILE_ACCESS,
    &USER_SCRIPTS,
    &WITHHELD,
    &CONTROLS_SETTING,
    &DEVELOPER_MODE,
    &INSTALLED_IN_BROWSERS,
];

/// Chromium's `creation_flags` that say something about the origin (`extensions/common/extension.h`).
const FLAGS: &[(u64, &str)] = &[
    (1 << 3, "from-web-store"),
    (1 << 7, "default"),
    (1 << 10, "oem"),
    (1 << 12, "may-be-untrusted"),
    (1 << 15, "devtools-protocol"),
];

/// The entry as a place.
pub(super) fn entry(record: &InstallRecord) -> Place {
    Place::outside(EvidenceKind::Preferences, &record.file, &record.pointer)
}

/// A key of the entry as a place.
fn key(record: &InstallRecord, name: &str) -> Place {
    Place::outside(EvidenceKind::Preferences, &record.file, format!("{}/{name}", record.pointer))
}

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let Some(record) = &subject.extension.install else { return };
    let update_url = subject.extension.manifest.as_ref().and_then(|manifest| manifest.update_url.as_deref());

    let location = Fact::new(&INSTALL_LOCATION, record.location.as_str())
        .with("source", preferences::source(record, update_url).as_str())
        .at(key(record, "location"));
    facts.push(match record.location_number {
        Some(number) => location.with("number", number.to_string()),
        None => location,
    });
    if let Some(path) = &record.path {
        facts.push(install_path(path).at(key(record, "path").with_excerpt(path)));
    }

    let mut flags: BTreeSet<&str> =
        FLAGS.iter().filter(|(bit, _)| record.creation_flags & bit != 0).map(|(_, word)| *word).collect();
    let said = [
        (record.from_webstore, "from-web-store"),
        (record.by_default, "default"),
        (record.by_oem, "oem"),
        (record.acknowledged, "acknowledged"),
        (record.allowlisted, "allowlisted"),
    ];
    flags.extend(said.into_iter().filter(|(is, _)| *is).map(|(_, word)| word));
    facts.extend(flags.into_iter().map(|flag| Fact::new(&INSTALL_FLAG, flag).at(key(record, "creation_flags"))));

    facts.push(Fact::new(&ENABLED, if record.enabled { "yes" } else { "no" }).at(entry(record)));
    let reasons = record.disable_reasons.iter();
    facts.extend(reasons.map(|reason| Fact::new(&DISABLE_REASON, reason.name()).at(key(record, "disable_reasons"))));
    facts.extend(record.blocklist.iter().map(|word| Fact::new(&BLOCKLISTED, word).at(entry(record))));
    for (is, kind, name) in [
        (record.incognito, &INCOGNITO, "incognito"),
        (record.file_access, &FILE_ACCESS, "newAllowFileAccess"),
        (record.user_scripts, &USER_SCRIPTS, "user_scripts_enabled"),
        (record.withheld, &WITHHELD, "withholding_permissions"),
    ] {
        if is {
            facts.push(Fact::new(kind, "yes").at(key(record, name)));
        }
    }
    for (name, value) in &record.controlled {
        facts.push(Fact::new(&CONTROLS_SETTING, name).with("value", value).at(key(record, "preferences").with_excerpt(value)));
    }

    let Some(origin) = subject.origin else { return };
    if let Some(on) = origin.developer_mode {
        let place = Place::outside(EvidenceKind::Preferences, &record.file, "/extensions/ui/developer_mode");
        facts.push(Fact::new(&DEVELOPER_MODE, if on { "yes" } else { "no" }).at(place));
    }
    let browsers: BTreeSet<&str> =
        origin.elsewhere.iter().map(|other| other.browser.as_str()).chain([origin.browser.as_str()]).collect();
    if browsers.len() > 1 {
        let fact = Fact::new(&INSTALLED_IN_BROWSERS, browsers.len().to_string())
            .with("browsers", browsers.into_iter().collect::<Vec<_>>().join(", "))
            .with("profiles", (origin.elsewhere.len() + 1).to_string());
        facts.push(fact.at(entry(record)));
    }
}

fn install_path(path: &str) -> Fact {
    let (class, form) = match EntryPath::of(path) {
        EntryPath::Inside(_) => (PlaceClass::Profile, "inside"),
        EntryPath::Absolute(path) => (classify(&path), "absolute"),
        EntryPath::Refused => (PlaceClass::Other, "refused"),
    };
    Fact::new(&INSTALL_PATH, class.as_str())
        .with("path", path)
        .with("writable", if class.user_writable() { "yes" } else { "no" })
        .with("form", form)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::extract::tests::{field, installed, values};
    use crate::model::origin::{Elsewhere, Origin};
    use crate::model::{DisableReason, Location};

    #[test]
    fn an_entry_as_sharpext_leaves_it() {
        let record = InstallRecord {
            location: Location::Unpacked,
            path: Some(r"C:\Users\kim\AppData\Roaming\AF".into()),
            creation_flags: 38,
            enabled: true,
            file_access: true,
            ..InstallRecord::default()
        };
        let elsewhere = ["Microsoft Edge", "Naver Whale", "Naver Whale"];
        let elsewhere = elsewhere.map(|name| Elsewhere { browser: name.into(), profile: "Default".into(), installed_at: None });
        let origin = Origin { elsewhere: elsewhere.to_vec(), browser: "Google Chrome".into(), ..Origin::default() };
        let facts = installed(&EXTRACTOR, record, origin);
        assert_eq!(values(&facts, "install-location"), ["unpacked"]);
        assert_eq!(values(&facts, "install-path"), ["roaming"]);
        assert_eq!((field(&facts, "install-path", "writable"), field(&facts, "install-path", "form")), ("yes", "absolute"));
        assert_eq!(values(&facts, "installed-in-browsers"), ["3"]);
        assert_eq!(field(&facts, "installed-in-browsers", "browsers"), "Google Chrome, Microsoft Edge, Naver Whale");
        assert_eq!(values(&facts, "enabled"), ["yes"]);
        assert_eq!(values(&facts, "file-access"), ["yes"]);
        assert_eq!(values(&facts, "incognito"), [] as [&str; 0]);
        assert_eq!(values(&facts, "install-flag"), [] as [&str; 0]);
    }

    #[test]
    fn what_a_browser_says_of_a_store_copy() {
        let record = InstallRecord {
            location: Location::Internal,
            path: Some("abcdefghijklmnopabcdefghijklmnop/1.0_0".into()),
            creation_flags: 1 | 8 | 32_768,
            from_webstore: true,
            disable_reasons: vec![DisableReason(0), DisableReason(10)],
            blocklist: Some("malware".into()),
            controlled: vec![("proxy".into(), "{\"mode\":\"fixed_servers\"}".into())],
            ..InstallRecord::default()
        };
        let facts = installed(&EXTRACTOR, record, Origin { developer_mode: Some(true), ..Origin::default() });
        assert_eq!(values(&facts, "install-path"), ["profile"]);
        assert_eq!(values(&facts, "install-flag"), ["devtools-protocol", "from-web-store"]);
        assert_eq!(values(&facts, "disable-reason"), ["user_action", "corrupted"]);
        assert_eq!(values(&facts, "blocklisted"), ["malware"]);
        assert_eq!(values(&facts, "controls-setting"), ["proxy"]);
        assert_eq!(values(&facts, "developer-mode"), ["yes"]);
        assert_eq!(values(&facts, "installed-in-browsers"), [] as [&str; 0]);
    }

    #[test]
    fn a_path_that_climbs_out() {
        assert_eq!(install_path("../../x").field("form"), Some("refused"));
        assert_eq!(install_path("/usr/share/x").field("writable"), Some("no"));
    }
}
