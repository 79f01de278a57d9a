//! Values of a report that others can look for: ids, hosts, hashes of files. What may be passed on, and as what, is decided here
//! for every form that passes something on.
//!
//! A wrong indicator does harm on other people's machines. What belongs to well-known software or to many people is therefore
//! never passed on, and what may be somebody else's is passed on as context only: the id of an extension that wears another
//! one's, the id of an unpacked folder (which is made from its path), a public page that a command was fetched from.

use std::collections::BTreeSet;

use super::model::{Contact, ExtensionReport, Found, Report};
use crate::extract::indicators::IndicatorType;
use crate::extract::libraries;
use crate::finding::{Confidence, EvidenceKind, Finding, Leg, Verdict};
use crate::model::crx::PackageSignature;
use crate::model::host;
use crate::model::known as products;
use crate::model::{ContentState, InstallSource, MacState};
use crate::rules::feed;

/// What is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The id of an extension.
    ExtensionId,
    /// SHA-256 of a file, in lower-case hex.
    File,
    /// A domain that somebody registered, in lower case and ASCII.
    Domain,
    /// A name below such a domain.
    Host,
    /// An IPv4 or IPv6 address.
    Address,
}

impl Kind {
    /// The word on pages for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::ExtensionId => "extension id",
            Kind::File => "sha256",
            Kind::Domain | Kind::Host => "host",
            Kind::Address => "address",
        }
    }
}

/// One value that others can look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shared<'r> {
    /// What it is.
    pub kind: Kind,
    /// The value.
    pub value: String,
    /// The path in the package, for the hash of a file.
    pub file: Option<&'r str>,
    /// It belongs to this extension or its makers alone. Where false it is context: others may be honest and have it too.
    pub own: bool,
    /// What the extension amounts to: suspicious or malicious.
    pub verdict: Verdict,
    /// How sure the surest finding is that it stands on.
    pub confidence: Confidence,
}

impl Shared<'_> {
    /// Whether a machine may be told to raise an alarm on it by itself.
    pub fn detects(&self) -> bool {
        self.own && self.verdict == Verdict::Malicious
    }
}

/// The values of one extension that others can look for, each once, in order of kind and value. None below suspicious.
pub fn of_extension(extension: &ExtensionReport) -> Vec<Shared<'_>> {
    let bad: Vec<&Finding> = extension.findings.iter().filter(|finding| finding.verdict >= Verdict::Suspicious).collect();
    if extension.verdict < Verdict::Suspicious {
        return Vec::new();
    }
    let shared =
        |kind, value: String, file, own, confidence| Shared { kind, value, file, own, verdict: extension.verdict, confidence };
    let surest = |of: &mut dyn Iterator<Item = &&Finding>| of.map(|f| f.confidence).max().unwrap_or(Confidence::Low);
    let mut all = Vec::new();
    let id = extension.id.as_str();
    if feed::owner(IndicatorType::ExtensionId, id).is_none() && products::by_id(&extension.id).is_none() {
        all.push(shared(Kind::ExtensionId, id.to_owned(), None, id_is_its_own(extension), surest(&mut bad.iter())));
    }
    for finding in &bad {
        for proof in finding.evidence.iter().filter(|proof| proof.kind == EvidenceKind::Package) {
            let (Some(sha256), Some(file)) = (&proof.sha256, &proof.file) else { continue };
            if feed::owner(IndicatorType::Sha256, sha256).is_none() && !libraries::is_known(sha256) {
                // What says how it was installed says nothing about the file that shows it.
                let own = finding.leg != Leg::Install;
                all.push(shared(Kind::File, sha256.clone(), Some(file.as_str()), own, finding.confidence));
            }
        }
    }
    for contact in &extension.contacts {
        let mut telling = bad.iter().filter(|finding| names(finding, contact)).peekable();
        if telling.peek().is_none() && contact.from == Found::Literal {
            continue;
        }
        if let Some((kind, value, own)) = destination(&contact.host) {
            all.push(shared(kind, value, None, own, surest(&mut telling)));
        }
    }
    // The same value from several findings: what says most about it stays.
    all.sort_by(|a, b| (a.kind, &a.value, !a.own, b.confidence).cmp(&(b.kind, &b.value, !b.own, a.confidence)));
    all.dedup_by(|later, first| (later.kind, &later.value) == (first.kind, &first.value));
    all
}

/// The values of all extensions, each once: the worst verdict it was met with first.
pub fn of_report(report: &Report) -> Vec<Shared<'_>> {
    let mut seen = BTreeSet::new();
    let all = report.worst_first().into_iter().flat_map(of_extension);
    let mut all: Vec<_> = all.filter(|shared| seen.insert((shared.kind, shared.value.clone()))).collect();
    all.sort();
    all
}

/// Whether the id is this extension's and nobody else's: it is listed, or it is the hash of a key that a store or the browser
/// checked. In an unpacked folder the id is made from the path or from a key that anybody can copy; so it may be in an entry
/// that was written past the browser.
fn id_is_its_own(extension: &ExtensionReport) -> bool {
    let id = extension.id.as_str();
    let listed = |finding: &Finding| {
        finding.leg == Leg::Indicator && finding.evidence.iter().any(|proof| proof.excerpt.as_deref() == Some(id))
    };
    if extension.findings.iter().any(listed) {
        return true;
    }
    let integrity = &extension.integrity;
    match extension.install.source {
        InstallSource::WebStore
        | InstallSource::EdgeAddons
        | InstallSource::OperaAddons
        | InstallSource::WhaleStore
        | InstallSource::OtherStore => integrity.content == ContentState::Verified,
        InstallSource::EnterprisePolicy | InstallSource::Sideload => {
            integrity.content != ContentState::Modified && integrity.preferences_mac != MacState::Invalid
        }
        InstallSource::Package => integrity.package_signature == PackageSignature::Valid,
        InstallSource::Unpacked | InstallSource::CommandLine | InstallSource::Component | InstallSource::Unknown => false,
    }
}

/// Whether a finding is about a contact: it stands on the same line, or data ends up there.
fn names(finding: &Finding, contact: &Contact) -> bool {
    let same =
        |file: Option<&str>, line: Option<u32>| file.is_some() && file == contact.file.as_deref() && line == contact.line;
    let ends = finding.flow.last();
    finding.evidence.iter().any(|proof| same(proof.file.as_deref(), proof.line))
        || ends.is_some_and(|step| same(Some(&step.file), Some(step.line)) || step.what.contains(contact.host.as_str()))
}

/// A host as others look for it, and whether it is the makers' own. `None` for what is no public name, and for what belongs to
/// a company that has nothing to do with it.
fn destination(named: &str) -> Option<(Kind, String, bool)> {
    let name = host::normalise(named)?;
    if host::is_local(&name) || host::is_public_suffix(&name) {
        return None;
    }
    if host::is_ip(&name) {
        return Some((Kind::Address, name.trim_matches(['[', ']']).to_owned(), true));
    }
    let own = match host::classify(&name) {
        // Below a service for everyone the customer's own name is worth something; a page or a bot of theirs there has none.
        Some(known) if known.class.gives_names() && known.host != name => true,
        Some(known) if known.class.anybody_publishes() || known.class.anybody_receives() => false,
        _ if host::owner(&name).is_some() || feed::owner(IndicatorType::Domain, &name).is_some() => return None,
        _ => true,
    };
    Some((if host::registrable_domain(&name) == name { Kind::Domain } else { Kind::Host }, name, own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ExtensionId;

    #[test]
    fn what_is_many_peoples_or_a_companys_is_nobodys_destination() {
        let cases = [
            ("Collector.invalid.", Some((Kind::Domain, "collector.invalid", true))),
            ("c2.collector.invalid", Some((Kind::Host, "c2.collector.invalid", true))),
            ("203.0.113.9", Some((Kind::Address, "203.0.113.9", true))),
            ("[2001:db8::1]", Some((Kind::Address, "2001:db8::1", true))),
            ("some-name.herokuapp.com", Some((Kind::Domain, "some-name.herokuapp.com", true))),
            ("api.telegram.org", Some((Kind::Host, "api.telegram.org", false))),
            ("herokuapp.com", None),
            ("mail.google.com", None),
            ("192.168.0.1", None),
            ("localhost", None),
            ("not a host", None),
        ];
        for (host, wanted) in cases {
            assert_eq!(destination(host), wanted.map(|(kind, value, own)| (kind, value.to_owned(), own)), "{host}");
        }
    }

    #[test]
    fn an_id_is_passed_on_for_alarms_only_where_it_cannot_be_somebody_elses() {
        let id = |source, content, mac| {
            let mut extension = ExtensionReport { verdict: Verdict::Malicious, ..ExtensionReport::default() };
            extension.install.source = source;
            extension.integrity.content = content;
            extension.integrity.preferences_mac = mac;
            of_extension(&extension).first().map(Shared::detects)
        };
        assert_eq!(id(InstallSource::WebStore, ContentState::Verified, MacState::Valid), Some(true));
        assert_eq!(id(InstallSource::WebStore, ContentState::Modified, MacState::Valid), Some(false));
        assert_eq!(id(InstallSource::EnterprisePolicy, ContentState::Unsigned, MacState::Valid), Some(true));
        assert_eq!(id(InstallSource::EnterprisePolicy, ContentState::Unsigned, MacState::Invalid), Some(false));
        assert_eq!(id(InstallSource::Unpacked, ContentState::Unsigned, MacState::Valid), Some(false));
    }

    #[test]
    fn the_id_of_well_known_software_is_never_passed_on() {
        let known = ExtensionId::parse("cjpalhdlnbpafiamejdnhcphjbkeiagm").expect("an id");
        let extension = ExtensionReport { id: known, verdict: Verdict::Malicious, ..ExtensionReport::default() };
        assert_eq!(of_extension(&extension), []);
    }

    #[test]
    fn a_host_that_only_stands_in_the_code_is_no_destination() {
        let mut extension = ExtensionReport { verdict: Verdict::Malicious, ..ExtensionReport::default() };
        for (host, from) in [("named.invalid", Found::Literal), ("hidden.invalid", Found::Decoded)] {
            extension.contacts.push(Contact { host: host.to_owned(), from, file: Some("a.js".to_owned()), line: Some(3) });
        }
        let hosts = |extension: &ExtensionReport| -> Vec<String> {
            of_extension(extension).into_iter().filter(|value| value.kind == Kind::Domain).map(|value| value.value).collect()
        };
        assert_eq!(hosts(&extension), ["hidden.invalid"]);
    }
}
