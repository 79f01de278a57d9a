//! Facts about a profile as a whole: what belongs to no single extension, or to one that is gone.

use super::{FactSet, Place, integrity, remains, timeline};
use crate::finding::EvidenceKind;
use crate::model::mac::ProfileMacs;
use crate::model::machine::System;

/// What is known of a profile.
pub struct ProfileSubject<'a> {
    /// The profile's folder, for evidence.
    pub path: &'a str,
    /// The system that it was written on.
    pub system: Option<System>,
    /// Its integrity codes.
    pub macs: &'a ProfileMacs,
    /// Data of extensions that are neither in the preferences nor on disk.
    pub leftovers: &'a [Leftover],
    /// When its preference files were last written, Unix seconds.
    pub preferences_written: Option<i64>,
    /// When the browser's other files say that it last ran, Unix seconds; `None` where it may be running, or nothing says.
    pub last_run: Option<i64>,
}

/// Data of an extension that is not installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leftover {
    /// The extension's id.
    pub id: String,
    /// `storage`, `service-worker`, `scripts` or `state` (alarms, menus).
    pub what: &'static str,
    /// Which folder of the profile.
    pub folder: String,
}

/// Preferences are written some seconds after other files when a browser ends, and a clock may be set meanwhile.
const AFTER_LAST_RUN: i64 = 3_600;

/// States what is so of a profile.
pub fn profile_facts(subject: &ProfileSubject<'_>) -> FactSet {
    let mut facts = FactSet::new();
    let file = |name: &str| format!("{}/{name}", subject.path);
    integrity::profile(subject.macs, subject.system, &file, &mut facts);
    for id in subject.macs.codes_without_entry() {
        let place =
            Place::outside(EvidenceKind::Preferences, subject.path, format!("/protection/macs/extensions/settings/{id}"));
        facts.push(remains::remains("code", id, "").at(place));
    }
    for left in subject.leftovers {
        let place = Place::outside(EvidenceKind::Filesystem, file(&left.folder), "");
        facts.push(remains::remains(left.what, &left.id, &left.folder).at(place));
    }
    if let (Some(written), Some(last_run)) = (subject.preferences_written, subject.last_run)
        && written.saturating_sub(last_run) > AFTER_LAST_RUN
    {
        let place = Place::outside(EvidenceKind::Preferences, file("Preferences"), "");
        facts.push(timeline::timeline("preferences-newer-than-last-run", written, last_run, "").at(place));
    }
    facts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::extract::tests::{field, values};
    use crate::model::mac::{Candidates, PreferenceFiles};

    fn facts(preferences: &str, leftovers: &[Leftover], written: Option<i64>) -> FactSet {
        let tree = serde_json::from_str(preferences).unwrap();
        let files = PreferenceFiles { preferences: None, secure: Some(&tree) };
        let macs = ProfileMacs::check(files, &Candidates::default(), None);
        profile_facts(&ProfileSubject {
            path: "/home/kim/.config/chromium/Default",
            system: Some(System::Linux),
            macs: &macs,
            leftovers,
            preferences_written: written,
            last_run: Some(1_700_000_000),
        })
    }

    #[test]
    fn what_belongs_to_the_profile() {
        // The code over nothing, which fits; and a code of an entry that is gone.
        let whole = r#"{"protection":{"super_mac":"B613679A0814D9EC772F95D778C35FC5FF1697C493715653C6C712144292C5AD"}}"#;
        let facts_of_whole = facts(whole, &[], Some(1_700_000_010));
        assert_eq!(values(&facts_of_whole, "super-mac"), ["valid"]);
        assert_eq!(facts_of_whole.len(), 1);

        let id = "a".repeat(32);
        let broken = format!(r#"{{"protection":{{"macs":{{"extensions":{{"settings":{{"{id}":"00"}}}}}},"super_mac":"00"}}}}"#);
        let left = Leftover { id: "b".repeat(32), what: "storage", folder: "Local Extension Settings".into() };
        let found = facts(&broken, &[left], Some(1_700_100_000));
        assert_eq!(values(&found, "super-mac"), ["unverifiable"]);
        assert_eq!(values(&found, "remains"), ["code", "storage"]);
        assert_eq!(field(&found, "remains", "id"), id);
        assert_eq!(values(&found, "timeline"), ["preferences-newer-than-last-run"]);
    }
}
