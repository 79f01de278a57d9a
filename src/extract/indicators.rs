//! Values known from published cases and from feeds of the user: file hashes, ids, hosts, addresses, names.
//!
//! A listed host counts where the code contacts it. A host that only stands in a text says little: every filter list and every
//! warning against phishing names bad hosts.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;

use crate::model::fingerprint::Fingerprint;

use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject, Via};

/// The extractor of this file.
pub const EXTRACTOR: Extractor = Extractor { name: "indicators", facts: &[&INDICATOR], code: false, run };

/// A listed value that was met.
pub static INDICATOR: FactKind = FactKind {
    name: "indicator",
    doc: "A value of a list was met. Value: the listed value.",
    fields: &[
        Field { name: "type", doc: "sha256, extension_id, domain, url, path, file_name or request_param" },
        Field { name: "family", doc: "the family that the list names, or nothing" },
        Field {
            name: "strength",
            doc: "alone (exact file hash), corroborate (with a further leg), context (inside a family's rule)",
        },
        Field { name: "found", doc: "where it was met: file, id, contact, manifest, install or text" },
        Field { name: "source", doc: "who published it" },
        Field { name: "remediated", doc: "yes where the extension was cleaned since" },
        Field { name: "feed", doc: "the feed's name, or builtin" },
        Field { name: "date", doc: "when it was listed" },
    ],
};

/// The name of the lists that are compiled in, as the field `feed`.
pub const BUILTIN: &str = "builtin";

/// What kind of value is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorType {
    /// Hash of a file.
    Sha256,
    /// Id of an extension.
    ExtensionId,
    /// A host, which stands for the hosts below it too.
    Domain,
    /// An address, which stands for what begins with it.
    Url,
    /// Part of a folder's path.
    Path,
    /// Name of a file in the package.
    FileName,
    /// A piece of a request.
    RequestParam,
    /// What the code of a known extension is built like: its near copies have it too.
    Fingerprint,
}

impl IndicatorType {
    /// The words of lists and rules.
    pub const WORDS: &'static [(&'static str, IndicatorType)] = &[
        ("sha256", IndicatorType::Sha256),
        ("extension_id", IndicatorType::ExtensionId),
        ("domain", IndicatorType::Domain),
        ("url", IndicatorType::Url),
        ("path", IndicatorType::Path),
        ("file_name", IndicatorType::FileName),
        ("request_param", IndicatorType::RequestParam),
        ("fingerprint", IndicatorType::Fingerprint),
    ];

    /// The word in lists and rules.
    pub fn as_str(self) -> &'static str {
        IndicatorType::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

/// What a listed value may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Only inside a family's rule.
    #[default]
    Context,
    /// With a further leg.
    Corroborate,
    /// By itself.
    Alone,
}

impl Strength {
    /// The words of lists and rules.
    pub const WORDS: &'static [(&'static str, Strength)] =
        &[("context", Strength::Context), ("corroborate", Strength::Corroborate), ("alone", Strength::Alone)];

    /// The word in lists and rules.
    pub fn as_str(self) -> &'static str {
        Strength::WORDS.iter().find(|(_, strength)| *strength == self).map_or("context", |(word, _)| word)
    }
}

/// One listed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// Lower case, without any defanging.
    pub value: String,
    /// What it is.
    pub kind: IndicatorType,
    /// The family that the list names.
    pub family: Option<String>,
    /// What it may say.
    pub strength: Strength,
    /// Who published it.
    pub source: String,
    /// The extension was cleaned since.
    pub remediated: bool,
    /// The feed's name, or [`BUILTIN`].
    pub feed: String,
    /// When it was listed, as written.
    pub date: Option<String>,
}

/// Listed values, ready to be looked for.
#[derive(Clone, Debug, Default)]
pub struct IndicatorSet {
    all: Vec<Indicator>,
    exact: BTreeMap<(IndicatorType, String), Vec<usize>>,
    /// Values that are looked for inside longer texts.
    inside: Vec<usize>,
    /// Finds hosts and request parameters in the text of scripts.
    words: Option<AhoCorasick>,
    word_owners: Vec<usize>,
    fingerprints: Vec<(Fingerprint, usize)>,
}

impl IndicatorSet {
    /// A set of listed values. Where two lists have the same value, both are kept.
    pub fn new(all: Vec<Indicator>) -> IndicatorSet {
        let mut set = IndicatorSet::default();
        let mut words = Vec::new();
        for (at, indicator) in all.iter().enumerate() {
            match indicator.kind {
                IndicatorType::Sha256 | IndicatorType::ExtensionId | IndicatorType::FileName | IndicatorType::Domain => {
                    set.exact.entry((indicator.kind, indicator.value.clone())).or_default().push(at);
                }
                IndicatorType::Url | IndicatorType::Path | IndicatorType::RequestParam => set.inside.push(at),
                IndicatorType::Fingerprint => {
                    set.fingerprints.extend(indicator.value.parse().ok().map(|print| (print, at)));
                }
            }
            if matches!(indicator.kind, IndicatorType::Domain | IndicatorType::RequestParam) {
                words.push(indicator.value.clone());
                set.word_owners.push(at);
            }
        }
        // Fails only beyond sizes that no list of ours or of a user reaches; the hosts are then met as contacts only.
        set.words = AhoCorasick::builder().ascii_case_insensitive(true).build(&words).ok();
        set.all = all;
        set
    }

    /// Every listed value.
    pub fn all(&self) -> &[Indicator] {
        &self.all
    }

    /// This set and another one.
    pub fn and(self, more: Vec<Indicator>) -> IndicatorSet {
        let mut all = self.all;
        all.extend(more);
        IndicatorSet::new(all)
    }

    /// The listed values of a kind that equal a text.
    pub fn exactly(&self, kind: IndicatorType, value: &str) -> impl Iterator<Item = &Indicator> {
        let found = self.exact.get(&(kind, value.to_ascii_lowercase()));
        found.into_iter().flatten().filter_map(|at| self.all.get(*at))
    }

    /// The listed hosts that are this host or one above it.
    pub fn host(&self, host: &str) -> impl Iterator<Item = &Indicator> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let mut above: Vec<String> = vec![host.clone()];
        above.extend(host.match_indices('.').filter_map(|(at, _)| host.get(at + 1..).map(str::to_owned)));
        above.into_iter().flat_map(|host| self.exactly(IndicatorType::Domain, &host).collect::<Vec<_>>())
    }

    /// The listed addresses with which this address begins.
    pub fn url(&self, url: &str) -> impl Iterator<Item = &Indicator> {
        let url = url.to_ascii_lowercase();
        self.inside(IndicatorType::Url).filter(move |listed| url.starts_with(listed.value.as_str()))
    }

    /// The listed paths that end a folder's path or are followed by a separator in it.
    pub fn path(&self, path: &str) -> impl Iterator<Item = &Indicator> {
        let path = format!("{}/", path.replace('\\', "/").to_ascii_lowercase());
        self.inside(IndicatorType::Path).filter(move |listed| path.contains(&format!("{}/", listed_path(&listed.value))))
    }

    /// What the code of known extensions is built like.
    pub fn fingerprints(&self) -> impl Iterator<Item = (&Fingerprint, &Indicator)> {
        self.fingerprints.iter().filter_map(|(print, at)| Some((print, self.all.get(*at)?)))
    }

    fn inside(&self, kind: IndicatorType) -> impl Iterator<Item = &Indicator> + '_ {
        self.inside.iter().filter_map(|at| self.all.get(*at)).filter(move |listed| listed.kind == kind)
    }
}

/// The part of a listed path that is the same for every user: `%APPDATA%\AF` becomes `/appdata/roaming/af`.
fn listed_path(value: &str) -> String {
    let value = value.replace('\\', "/");
    for (variable, folder) in [("%appdata%", "/appdata/roaming"), ("%localappdata%", "/appdata/local"), ("~", "")] {
        if let Some(rest) = value.strip_prefix(variable) {
            return format!("{folder}{rest}").trim_end_matches('/').to_owned();
        }
    }
    value.trim_end_matches('/').to_owned()
}

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let Some(set) = subject.indicators else { return };
    let mut met = Met::default();
    for listed in set.exactly(IndicatorType::ExtensionId, subject.extension.id.as_str()) {
        met.add(listed, "id", Place::default().with_excerpt(subject.extension.id.as_str()), Via::Literal);
    }
    for (path, file) in &subject.package.files {
        for listed in set.exactly(IndicatorType::Sha256, &file.sha256) {
            met.add(listed, "file", Place::file(path.as_str()), Via::Literal);
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        for listed in set.exactly(IndicatorType::FileName, name) {
            met.add(listed, "file", Place::file(path.as_str()), Via::Literal);
        }
    }
    hosts(set, facts, &mut met);
    manifest(set, subject, &mut met);
    if let Some(install) = &subject.extension.install {
        for listed in install.path.iter().flat_map(|path| set.path(path)) {
            let place = Place::outside(crate::finding::EvidenceKind::Preferences, &install.file, &install.pointer);
            met.add(listed, "install", place, Via::Literal);
        }
    }
    texts(set, subject, &mut met);
    facts.extend(met.facts);
}

/// Hosts and addresses that the code contacts, as other extractors state them.
fn hosts(set: &IndicatorSet, facts: &FactSet, met: &mut Met) {
    for fact in facts.iter() {
        let (host, url) = match fact.kind.name {
            "contact" => (Some(fact.value.as_str()), fact.field("url")),
            "flow" => (fact.field("destination"), None),
            "remote-code" | "dead-drop" => (fact.field("host").or(Some(fact.value.as_str())), None),
            _ => continue,
        };
        let listed = host.into_iter().flat_map(|host| set.host(host)).chain(url.into_iter().flat_map(|url| set.url(url)));
        for listed in listed {
            met.add(listed, "contact", fact.place.clone(), fact.via);
        }
    }
}

/// Addresses that the manifest names: where updates come from, where scripts run, what is declared.
fn manifest(set: &IndicatorSet, subject: &Subject<'_>, met: &mut Met) {
    let Some(manifest) = &subject.extension.manifest else { return };
    let update = subject.extension.install.as_ref().and_then(|install| install.update_url.as_deref());
    let named = [
        ("/update_url", manifest.update_url.as_deref()),
        ("/homepage_url", manifest.homepage_url.as_deref()),
        ("/update_url", update),
    ];
    let patterns = manifest.host_permissions.iter().map(|pattern| ("/host_permissions", Some(pattern.as_str())));
    for (pointer, address) in named.into_iter().chain(patterns) {
        let Some(address) = address else { continue };
        let host = address.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', ':', '?']).next().unwrap_or_default().trim_start_matches("*.");
        for listed in set.host(host).chain(set.url(address)) {
            met.add(listed, "manifest", Place::manifest(pointer).with_excerpt(address), Via::Literal);
        }
    }
}

/// What only stands in the text of scripts and pages: request parameters, and hosts that nothing was seen to contact.
fn texts(set: &IndicatorSet, subject: &Subject<'_>, met: &mut Met) {
    let Some(words) = &set.words else { return };
    for (path, file) in &subject.package.files {
        let script = [".js", ".mjs", ".cjs", ".html", ".htm"].iter().any(|ending| path.ends_with(ending));
        let Some(bytes) = file.bytes.as_deref().filter(|_| script) else { continue };
        for found in words.find_overlapping_iter(bytes) {
            let owner = set.word_owners.get(found.pattern().as_usize()).and_then(|at| set.all.get(*at));
            let Some(listed) = owner else { continue };
            let word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
            let host = listed.kind == IndicatorType::Domain;
            let before = found.start().checked_sub(1).and_then(|at| bytes.get(at));
            if host && (word(before) || word(bytes.get(found.end())) || bytes.get(found.end()) == Some(&b'.')) {
                continue;
            }
            let offset = u32::try_from(found.start()).unwrap_or(u32::MAX);
            met.add(listed, "text", Place::at(path.as_str(), offset), Via::Literal);
        }
    }
}

/// What was met so far: each listed value once for each way of meeting it, at its first place.
#[derive(Default)]
struct Met {
    seen: BTreeSet<(IndicatorType, String, &'static str, String)>,
    facts: Vec<Fact>,
}

impl Met {
    fn add(&mut self, listed: &Indicator, found: &'static str, place: Place, via: Via) {
        if !self.seen.insert((listed.kind, listed.value.clone(), found, listed.feed.clone())) {
            return;
        }
        let strength = if found == "text" { Strength::Context } else { listed.strength };
        let fact = Fact::new(&INDICATOR, listed.value.as_str())
            .with("type", listed.kind.as_str())
            .with("family", listed.family.as_deref().unwrap_or_default())
            .with("strength", strength.as_str())
            .with("found", found)
            .with("source", listed.source.as_str())
            .with("remediated", if listed.remediated { "yes" } else { "no" })
            .with("feed", listed.feed.as_str())
            .with("date", listed.date.as_deref().unwrap_or_default());
        self.facts.push(fact.at(place).via(via));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(kind: IndicatorType, value: &str) -> Indicator {
        Indicator {
            value: value.to_owned(),
            kind,
            family: Some("Test".to_owned()),
            strength: Strength::Corroborate,
            source: "a test".to_owned(),
            remediated: false,
            feed: BUILTIN.to_owned(),
            date: None,
        }
    }

    #[test]
    fn a_listed_host_stands_for_the_hosts_below_it() {
        let set = IndicatorSet::new(vec![listed(IndicatorType::Domain, "bad.invalid")]);
        assert_eq!(set.host("api.Bad.invalid.").count(), 1);
        assert_eq!(set.host("bad.invalid").count(), 1);
        assert_eq!(set.host("notbad.invalid").count(), 0);
    }

    #[test]
    fn paths_of_any_system() {
        let set =
            IndicatorSet::new(vec![listed(IndicatorType::Path, "%appdata%\\af"), listed(IndicatorType::Path, "~/library/x")]);
        assert_eq!(set.path(r"C:\Users\kim\AppData\Roaming\AF").count(), 1);
        assert_eq!(set.path(r"C:\Users\kim\AppData\Roaming\AFX").count(), 0);
        assert_eq!(set.path("/Users/kim/Library/X/1").count(), 1);
    }
}
