//! Drift: what has changed between two reports.
//!
//! An extension is the same where browser, user-data folder, profile and id are. What it gained is told, what it gave up is not:
//! a permission that is gone harms nobody. Files are compared only under the same version, where nothing should change them; an
//! update is expected to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::baseline::{what, whose};
use crate::finding::{Finding, Severity, Verdict};
use crate::model::InstallSource;
use crate::report::model::{Contact, ExtensionReport, FileEntry, Permissions, Report};

/// The name and version of the form.
pub const SCHEMA: &str = "crxhound.diff/1";

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The earlier report.
    pub old: Side,
    /// The later report.
    pub new: Side,
    /// Extensions that were not there.
    pub added: Vec<Entry>,
    /// Extensions that are no longer there.
    pub removed: Vec<Entry>,
    /// Extensions that are not what they were.
    pub changed: Vec<Change>,
    /// What is newly found about the machine and its profiles.
    pub findings: Vec<Elsewhere>,
    /// Counts.
    pub summary: Summary,
}

/// Which report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The scan.
    pub scan_id: String,
    /// When it began.
    pub started_at: String,
    /// The machine's name.
    pub host: String,
    /// Whether everything could be read: what could not may look as if it were gone.
    pub complete: bool,
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The browser; none for a package.
    pub browser: Option<String>,
    /// The user-data folder.
    pub user_data_dir: Option<String>,
    /// The profile's folder.
    pub profile: Option<String>,
    /// Where its files are.
    pub path: Option<String>,
    /// Where it came from.
    pub source: InstallSource,
    /// Whether it runs.
    pub enabled: bool,
    /// What it comes to.
    pub verdict: Verdict,
    /// In the verdict's band.
    pub score: u8,
    /// Families that findings name.
    pub families: Vec<String>,
}

/// How an extension differs from what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is now.
    #[serde(flatten)]
    pub now: Entry,
    /// What it was.
    pub was: Was,
    /// In which ways it differs.
    pub kinds: Vec<Kind>,
    /// Permissions and hosts that it did not ask for or have.
    pub gained: Gained,
    /// What is newly found: another rule, or the same with another destination.
    pub findings: Vec<Found>,
    /// Hosts that its code did not name.
    pub contacts: Vec<String>,
    /// Files that differ under the same version; empty where a report was written without `--with-files`.
    pub files: Files,
}

/// What an extension was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Was {
    /// Its version.
    pub version: String,
    /// Where it came from.
    pub source: InstallSource,
    /// Whether it ran.
    pub enabled: bool,
    /// What it came to.
    pub verdict: Verdict,
    /// In the verdict's band.
    pub score: u8,
}

/// A way in which an extension differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Another verdict.
    Verdict,
    /// Another version.
    Version,
    /// Other files under the same version.
    Content,
    /// It came from elsewhere.
    Source,
    /// It was switched on or off.
    Enabled,
    /// It gained permissions or hosts.
    Permissions,
    /// More is found about it.
    Findings,
    /// Its code names other hosts.
    Contacts,
}

/// Permissions and hosts that were gained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gained {
    /// Permissions asked for from the start, or granted.
    pub api: Vec<String>,
    /// Host patterns asked for from the start, or granted.
    pub hosts: Vec<String>,
    /// Permissions that it may ask for later.
    pub optional_api: Vec<String>,
    /// Host patterns that it may ask for later.
    pub optional_hosts: Vec<String>,
}

/// A new finding in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The rule.
    pub rule: String,
    /// In a few words.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// What it amounts to.
    pub verdict: Verdict,
    /// The last step of its flow, which names the destination.
    pub flow_end: Option<String>,
}

/// A new finding about the machine or a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// The browser; none for the machine.
    pub browser: Option<String>,
    /// The profile's folder.
    pub profile: Option<String>,
    /// The finding.
    #[serde(flatten)]
    pub finding: Found,
}

/// Files that differ, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// Were not there.
    pub added: Vec<String>,
    /// Are no longer there.
    pub removed: Vec<String>,
    /// Have other bytes.
    pub modified: Vec<String>,
}

/// Counts, and the worst of what is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Extensions that were not there.
    pub added: usize,
    /// Extensions that are no longer there.
    pub removed: usize,
    /// Extensions that are not what they were.
    pub changed: usize,
    /// Of those, how many have another version.
    pub updated: usize,
    /// New findings about the machine and its profiles.
    pub findings: usize,
    /// The worst verdict of what is new or has changed.
    pub verdict: Verdict,
}

/// Compares two reports.
pub fn diff(old: &Report, new: &Report) -> Diff {
    let mut known: BTreeMap<Vec<String>, Vec<&ExtensionReport>> = BTreeMap::new();
    for extension in &old.extensions {
        known.entry(whose(extension)).or_default().push(extension);
    }
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    // The unchanged ones first, so that of two versions side by side the one that stayed finds itself.
    let exactly = |was: &ExtensionReport, now: &ExtensionReport| was.version == now.version && was.path == now.path;
    let mut left = Vec::new();
    for now in &new.extensions {
        match take(&mut known, now, exactly) {
            Some(was) => changed.extend(change(was, now)),
            None => left.push(now),
        }
    }
    let mut moved = Vec::new();
    for now in left {
        match take(&mut known, now, |was, now| was.version == now.version) {
            Some(was) => changed.extend(change(was, now)),
            None => moved.push(now),
        }
    }
    for now in moved {
        match take(&mut known, now, |_, _| true) {
            Some(was) => changed.extend(change(was, now)),
            None => added.push(entry(now)),
        }
    }
    // Two packages that somebody lays side by side are meant as two versions of one thing, whatever their ids.
    if let ([one], [other], true) = (&old.extensions[..], &new.extensions[..], changed.is_empty() && !added.is_empty())
        && one.browser.is_none()
        && other.browser.is_none()
    {
        added.clear();
        known.clear();
        changed.extend(change(one, other));
    }
    let mut removed: Vec<Entry> = known.into_values().flatten().map(entry).collect();
    let worst_first = |entry: &Entry| (std::cmp::Reverse((entry.verdict, entry.score)), entry.name.clone(), entry.id.clone());
    added.sort_by_key(worst_first);
    removed.sort_by_key(worst_first);
    changed.sort_by_key(|change| worst_first(&change.now));
    let findings = elsewhere(old, new);
    let verdicts = added.iter().chain(changed.iter().map(|change| &change.now)).map(|entry| entry.verdict);
    let summary = Summary {
        added: added.len(),
        removed: removed.len(),
        changed: changed.len(),
        updated: changed.iter().filter(|change| change.kinds.contains(&Kind::Version)).count(),
        findings: findings.len(),
        verdict: verdicts.chain(findings.iter().map(|found| found.finding.verdict)).max().unwrap_or_default(),
    };
    Diff { schema: SCHEMA, old: side(old), new: side(new), added, removed, changed, findings, summary }
}

/// Takes out what an extension was, where one of its place and id fits.
fn take<'r>(
    known: &mut BTreeMap<Vec<String>, Vec<&'r ExtensionReport>>,
    now: &ExtensionReport,
    fits: impl Fn(&ExtensionReport, &ExtensionReport) -> bool,
) -> Option<&'r ExtensionReport> {
    let candidates = known.get_mut(&whose(now))?;
    let at = candidates.iter().position(|was| fits(was, now))?;
    Some(candidates.remove(at))
}

fn side(report: &Report) -> Side {
    Side {
        scan_id: report.scan_id.clone(),
        started_at: report.started_at.clone(),
        host: report.host.name.clone(),
        complete: report.complete,
    }
}

fn entry(extension: &ExtensionReport) -> Entry {
    Entry {
        id: extension.id.to_string(),
        name: extension.name.clone(),
        version: extension.version.clone(),
        browser: extension.browser.clone(),
        user_data_dir: extension.user_data_dir.clone(),
        profile: extension.profile.clone(),
        path: extension.path.clone(),
        source: extension.install.source,
        enabled: extension.install.enabled,
        verdict: extension.verdict,
        score: extension.score,
        families: extension.families.clone(),
    }
}

/// How an extension differs from what it was, where it does.
fn change(was: &ExtensionReport, now: &ExtensionReport) -> Option<Change> {
    let same_version = was.version == now.version;
    let known: BTreeSet<_> = was.findings.iter().map(what).collect();
    let new_findings = now.findings.iter().filter(|finding| !known.contains(&what(finding)));
    let change = Change {
        now: entry(now),
        was: Was {
            version: was.version.clone(),
            source: was.install.source,
            enabled: was.install.enabled,
            verdict: was.verdict,
            score: was.score,
        },
        kinds: Vec::new(),
        gained: gained(&was.permissions, &now.permissions),
        findings: new_findings.map(found).collect(),
        contacts: new_of(hosts(&was.contacts), hosts(&now.contacts)),
        files: if same_version { files(&was.files, &now.files) } else { Files::default() },
    };
    let other_content = match (&was.content_sha256, &now.content_sha256) {
        (Some(was), Some(now)) => was != now,
        _ => change.files != Files::default(),
    };
    let ways = [
        (Kind::Verdict, was.verdict != now.verdict),
        (Kind::Version, !same_version),
        (Kind::Content, same_version && other_content),
        (Kind::Source, was.install.source != now.install.source),
        (Kind::Enabled, was.install.enabled != now.install.enabled),
        (Kind::Permissions, change.gained != Gained::default()),
        (Kind::Findings, !change.findings.is_empty()),
        (Kind::Contacts, !change.contacts.is_empty()),
    ];
    let kinds: Vec<Kind> = ways.into_iter().filter(|(_, differs)| *differs).map(|(kind, _)| kind).collect();
    (!kinds.is_empty()).then_some(Change { kinds, ..change })
}

/// A permission that is granted now is gained even where it could be asked for before.
fn gained(was: &Permissions, now: &Permissions) -> Gained {
    fn both<'p>(first: &'p [String], second: &'p [String]) -> impl Iterator<Item = &'p str> {
        first.iter().chain(second).map(String::as_str)
    }
    Gained {
        api: new_of(both(&was.api, &was.granted_api), both(&now.api, &now.granted_api)),
        hosts: new_of(both(&was.hosts, &was.granted_hosts), both(&now.hosts, &now.granted_hosts)),
        optional_api: new_of(both(&was.optional_api, &was.api), both(&now.optional_api, &[])),
        optional_hosts: new_of(both(&was.optional_hosts, &was.hosts), both(&now.optional_hosts, &[])),
    }
}

fn hosts(contacts: &[Contact]) -> impl Iterator<Item = &str> {
    contacts.iter().map(|contact| contact.host.as_str())
}

/// What is in the second and not in the first, sorted and once each.
fn new_of<'t>(was: impl Iterator<Item = &'t str>, now: impl Iterator<Item = &'t str>) -> Vec<String> {
    let was: BTreeSet<&str> = was.collect();
    let now: BTreeSet<&str> = now.collect();
    now.difference(&was).map(|text| (*text).to_owned()).collect()
}

/// Files are compared only where both reports list them.
fn files(was: &[FileEntry], now: &[FileEntry]) -> Files {
    if was.is_empty() || now.is_empty() {
        return Files::default();
    }
    fn paths(files: &[FileEntry]) -> impl Iterator<Item = &str> {
        files.iter().map(|file| file.path.as_str())
    }
    let hashes: BTreeMap<&str, &str> = was.iter().map(|file| (file.path.as_str(), file.sha256.as_str())).collect();
    let other = |file: &&FileEntry| hashes.get(file.path.as_str()).is_some_and(|hash| *hash != file.sha256);
    Files {
        added: new_of(paths(was), paths(now)),
        removed: new_of(paths(now), paths(was)),
        modified: now.iter().filter(other).map(|file| file.path.clone()).collect(),
    }
}

fn found(finding: &Finding) -> Found {
    Found {
        rule: finding.rule.clone(),
        title: finding.title.clone(),
        severity: finding.severity,
        verdict: finding.verdict,
        flow_end: finding.flow.last().map(|step| step.what.clone()),
    }
}

/// New findings about the machine and its profiles.
fn elsewhere(old: &Report, new: &Report) -> Vec<Elsewhere> {
    let known: BTreeSet<_> = places(old).map(|(place, _, finding)| (place, what(finding))).collect();
    let fresh = places(new).filter(|(place, _, finding)| !known.contains(&(*place, what(finding))));
    fresh
        .map(|(place, browser, finding)| Elsewhere {
            browser: browser.map(str::to_owned),
            profile: place.map(|(_, profile)| profile.to_owned()),
            finding: found(finding),
        })
        .collect()
}

/// User-data folder and profile, the browser's name, and the finding.
type Placed<'r> = (Option<(&'r str, &'r str)>, Option<&'r str>, &'r Finding);

fn places(report: &Report) -> impl Iterator<Item = Placed<'_>> {
    report.elsewhere().map(|(profile, finding)| match profile {
        Some((browser, profile)) => {
            let place = (browser.user_data_dir.as_str(), profile.directory.as_str());
            (Some(place), Some(browser.browser.as_str()), finding)
        }
        None => (None, None, finding),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::model::ExtensionId;
    use crate::report::model::Found as Seen;

    fn extension(letter: &str) -> ExtensionReport {
        let id = ExtensionId::parse(&letter.repeat(32)).unwrap();
        let place = |text: &str| Some(text.to_owned());
        ExtensionReport {
            id,
            name: letter.to_owned(),
            version: "1.0".to_owned(),
            browser: place("chrome"),
            profile: place("Default"),
            content_sha256: place("00"),
            ..ExtensionReport::default()
        }
    }

    fn report(extensions: Vec<ExtensionReport>) -> Report {
        Report { extensions, ..Report::default() }.finish()
    }

    fn file(path: &str, sha256: &str) -> FileEntry {
        FileEntry { path: path.to_owned(), size: 1, sha256: sha256.to_owned() }
    }

    #[test]
    fn the_same_twice_is_no_drift() {
        let same = report(vec![extension("a"), extension("b")]);
        let diff = diff(&same, &same);
        assert_eq!(diff.summary, Summary::default());
    }

    #[test]
    fn what_came_and_what_went() {
        let mut bad = extension("c");
        bad.verdict = Verdict::Malicious;
        let diff = diff(&report(vec![extension("a"), extension("b")]), &report(vec![extension("b"), bad]));
        assert_eq!(diff.added.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["c"]);
        assert_eq!(diff.removed.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a"]);
        assert_eq!((diff.changed.len(), diff.summary.verdict), (0, Verdict::Malicious));
    }

    #[test]
    fn an_update_tells_what_it_gained() {
        let mut was = extension("a");
        was.permissions.optional_api = vec!["cookies".to_owned()];
        let mut now = was.clone();
        now.version = "1.1".to_owned();
        now.content_sha256 = Some("11".to_owned());
        now.permissions.granted_api = vec!["cookies".to_owned()];
        now.permissions.hosts = vec!["<all_urls>".to_owned()];
        now.contacts = vec![Contact { host: "new.invalid".to_owned(), from: Seen::Literal, file: None, line: None }];
        now.install.source = InstallSource::Unpacked;
        now.verdict = Verdict::Review;
        let diff = diff(&report(vec![was]), &report(vec![now]));
        let change = &diff.changed[0];
        assert_eq!(change.kinds, [Kind::Verdict, Kind::Version, Kind::Source, Kind::Permissions, Kind::Contacts]);
        assert_eq!(
            (change.gained.api.as_slice(), change.gained.hosts.as_slice()),
            (&["cookies".to_owned()][..], &["<all_urls>".to_owned()][..])
        );
        assert_eq!(change.contacts, ["new.invalid"]);
        assert_eq!((change.was.version.as_str(), diff.summary.updated), ("1.0", 1));
    }

    #[test]
    fn files_that_change_under_the_same_version_are_named() {
        let mut was = extension("a");
        was.files = vec![file("bg.js", "00"), file("old.js", "00"), file("same.js", "00")];
        let mut now = was.clone();
        now.content_sha256 = Some("11".to_owned());
        now.files = vec![file("bg.js", "11"), file("new.js", "00"), file("same.js", "00")];
        let diff = diff(&report(vec![was]), &report(vec![now]));
        let change = &diff.changed[0];
        assert_eq!(change.kinds, [Kind::Content]);
        assert_eq!(
            (change.files.modified.as_slice(), change.files.added.as_slice()),
            (&["bg.js".to_owned()][..], &["new.js".to_owned()][..])
        );
        assert_eq!(change.files.removed, ["old.js"]);
    }

    #[test]
    fn of_two_versions_side_by_side_the_one_that_stayed_is_unchanged() {
        let mut second = extension("a");
        second.version = "2.0".to_owned();
        let diff = diff(&report(vec![extension("a"), second.clone()]), &report(vec![second]));
        assert_eq!((diff.changed.len(), diff.removed.len()), (0, 1));
        assert_eq!(diff.removed[0].version, "1.0");
    }
}
