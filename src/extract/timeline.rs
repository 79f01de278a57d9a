//! Times that do not go together. Each is a fact with its times and weak by itself: copies, backups and updates bend them too.

use super::install::entry;
use super::integrity::kind_of;
use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::model::content::Rewritten;
use crate::model::{EntryPath, InstallRecord};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "timeline", facts: &[&TIMELINE], code: false, run };

/// Times that do not go together.
pub static TIMELINE: FactKind = FactKind {
    name: "timeline",
    doc: "times that do not go together: same-moment-elsewhere (installed within two seconds in another browser or profile), \
          one-file-newer (all files are of one moment, and a script or page is younger), install-older-than-files (the entry is \
          older than every file); of a profile: preferences-newer-than-last-run",
    fields: &[
        Field { name: "time", doc: "the moment in question, UTC" },
        Field { name: "against", doc: "what it is compared with, UTC" },
        Field { name: "seconds", doc: "how far apart they are" },
        Field { name: "where", doc: "the browser and profile, or the file" },
    ],
};

/// A browser or a script that writes several entries needs no longer for it.
const SAME_MOMENT: i64 = 2;
/// Files of one build or one archive are written within so many seconds.
const ONE_BUILD: i64 = 120;
/// What is younger than the build by less than this may be the slow end of it.
const YOUNGER: i64 = 3_600;
/// Fewer files have no moment in common.
const ENOUGH_FILES: usize = 5;
/// More files than that were changed by another build.
const FEW_YOUNGER: usize = 2;
/// Clocks and time zones of file systems differ by less.
const DAY: i64 = 86_400;

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    younger_files(subject, facts);
    let Some(record) = &subject.extension.install else { return };
    older_than_files(subject, record, facts);
    let Some(origin) = subject.origin else { return };
    for other in &origin.elsewhere {
        let (Some(here), Some(there)) = (record.installed_at, other.installed_at) else { continue };
        if here.abs_diff(there) <= SAME_MOMENT.unsigned_abs() {
            let place = format!("{}, {}", other.browser, other.profile);
            facts.push(timeline("same-moment-elsewhere", here, there, &place).at(entry(record)));
        }
    }
}

/// A fact with its two moments.
pub(super) fn timeline(word: &str, time: i64, against: i64, place: &str) -> Fact {
    Fact::new(&TIMELINE, word)
        .with("time", utc(time))
        .with("against", utc(against))
        .with("seconds", time.abs_diff(against).to_string())
        .with("where", place)
}

fn utc(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// Scripts and pages that are younger than everything around them. In a profile, files keep the time that they had in the
/// package, apart from those that the installer writes itself.
fn younger_files(subject: &Subject<'_>, facts: &mut FactSet) {
    let rewritten = Rewritten::of(subject.extension.manifest.as_ref());
    let files = subject.package.files.iter().filter(|(path, _)| !rewritten.contains(path));
    let mut times: Vec<(i64, &str)> = files.filter_map(|(path, file)| Some((file.modified?, path.as_str()))).collect();
    if times.len() < ENOUGH_FILES {
        return;
    }
    times.sort_unstable();
    let Some(&(middle, _)) = times.get(times.len() / 2) else { return };
    let younger: Vec<_> = times.iter().filter(|(time, _)| time.saturating_sub(middle) >= YOUNGER).collect();
    let together = times.iter().filter(|(time, _)| time.abs_diff(middle) <= ONE_BUILD.unsigned_abs()).count();
    if younger.is_empty() || younger.len() > FEW_YOUNGER || together + younger.len() < times.len() {
        return;
    }
    for &&(time, path) in younger.iter().filter(|(_, path)| matches!(kind_of(path), "script" | "page")) {
        facts.push(timeline("one-file-newer", time, middle, path).at(Place::file(path)));
    }
}

/// An entry that claims to be older than every file of an extension that lies outside the profile.
fn older_than_files(subject: &Subject<'_>, record: &InstallRecord, facts: &mut FactSet) {
    let outside = matches!(record.path.as_deref().map(EntryPath::of), Some(EntryPath::Absolute(_)));
    let installed = record.installed_at.max(record.updated_at);
    let oldest = subject.package.files.values().filter_map(|file| file.modified).min();
    let (true, Some(installed), Some(oldest)) = (outside, installed, oldest) else { return };
    if oldest.saturating_sub(installed) > DAY {
        facts.push(timeline("install-older-than-files", installed, oldest, "").at(entry(record)));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::acquire::{Package, PackageFile};
    use crate::extract::tests::{field, installed, package_facts, values};
    use crate::model::origin::{Elsewhere, Origin};

    const BUILD: i64 = 1_700_000_000;

    fn package(times: &[(&str, i64)]) -> Package {
        let mut package = Package::from_memory("test", []);
        let file = |time| PackageFile::from_bytes(b"x", false, Some(time));
        package.files = times.iter().map(|(name, time)| ((*name).to_owned(), file(*time))).collect();
        package
    }

    fn younger(times: &[(&str, i64)]) -> Vec<String> {
        let facts = package_facts(&EXTRACTOR, &package(times), |_| {}, Origin::default());
        facts.iter().map(|fact| fact.field("where").unwrap().to_owned()).collect()
    }

    #[test]
    fn one_script_is_younger_than_its_build() {
        let build = [("a.js", BUILD), ("b.js", BUILD + 2), ("c.png", BUILD), ("d.html", BUILD + 60), ("e.css", BUILD)];
        let with = |more: &[(&'static str, i64)]| younger(&[&build[..], more].concat());
        assert_eq!(with(&[("ui-20.js", BUILD + 30 * DAY), ("manifest.json", BUILD + 31 * DAY)]), ["ui-20.js"]);
        assert_eq!(with(&[("_locales/en/messages.json", BUILD + 30 * DAY)]), [] as [&str; 0]);
        assert_eq!(with(&[("notes.txt", BUILD + 30 * DAY)]), [] as [&str; 0]);
        assert_eq!(with(&[("f.js", BUILD + 600)]), [] as [&str; 0]);
        assert_eq!(with(&[("f.js", BUILD - 30 * DAY), ("g.js", BUILD + 30 * DAY)]), [] as [&str; 0]);
        assert_eq!(younger(&[("a.js", BUILD), ("b.js", BUILD + DAY)]), [] as [&str; 0]);
        let many = [("f.js", BUILD + DAY), ("g.js", BUILD + DAY), ("h.js", BUILD + DAY)];
        assert_eq!(with(&many), [] as [&str; 0]);
    }

    #[test]
    fn the_same_moment_in_two_browsers() {
        let record = InstallRecord { installed_at: Some(BUILD), ..InstallRecord::default() };
        let at = |browser: &str, time| Elsewhere { browser: browser.into(), profile: "Default".into(), installed_at: time };
        let elsewhere = vec![at("Edge", Some(BUILD + 1)), at("Whale", Some(BUILD + DAY)), at("Brave", None)];
        let facts = installed(&EXTRACTOR, record, Origin { elsewhere, ..Origin::default() });
        assert_eq!(values(&facts, "timeline"), ["same-moment-elsewhere"]);
        assert_eq!(field(&facts, "timeline", "where"), "Edge, Default");
        assert_eq!(field(&facts, "timeline", "time"), "2023-11-14T22:13:20Z");
    }

    #[test]
    fn an_entry_older_than_its_files() {
        let of = |path: &str, installed| {
            let record = InstallRecord { path: Some(path.into()), installed_at: Some(installed), ..InstallRecord::default() };
            let files = package(&[("a.js", BUILD)]);
            package_facts(&EXTRACTOR, &files, |extension| extension.install = Some(record), Origin::default()).len()
        };
        assert_eq!(of("/tmp/x", BUILD - 10 * DAY), 1);
        assert_eq!(of("/tmp/x", BUILD + 10), 0);
        assert_eq!(of("abc/1.0_0", BUILD - 10 * DAY), 0);
    }
}
