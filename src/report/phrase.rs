//! Phrases that several forms for people share: where an extension is, where it came from, what a finding says in a language.

use super::View;
use super::model::{BrowserReport, ExtensionReport, Found, Moment, ProfileReport, Report, RunKind, RunMoment};
use crate::finding::{Evidence, EvidenceKind, Finding, Severity, Verdict};
use crate::locales::Words;
use crate::model::host::{Breadth, HostPattern};
use crate::model::permission::{Permission, Risk, permission};
use crate::model::{ContentState, InstallSource};

/// A moment as people read it: `2026-04-12 09:14 UTC`. What is no RFC 3339 time in UTC stays as it is.
pub fn time(moment: &str) -> String {
    match (moment.get(..10), moment.get(10..11), moment.get(11..16), moment.ends_with('Z')) {
        (Some(day), Some("T"), Some(clock), true) => format!("{day} {clock} UTC"),
        _ => moment.to_owned(),
    }
}

/// Since when and until when data may have been taken: the first question of a victim. Nothing where nothing is taken, or where
/// a package is not installed anywhere.
pub fn exposure(finding: &Finding, installed: bool, scanned: &str, words: &Words) -> Option<String> {
    let until = if scanned.is_empty() { String::new() } else { time(scanned) };
    match &finding.exposed_since {
        Some(since) => Some(words.fill("explain.exposed_since", &[("since", &time(since)), ("until", &until)])),
        None if finding.takes_data() && installed => Some(words.fill("explain.exposed_unknown", &[("until", &until)])),
        None => None,
    }
}

/// The earliest exposure among findings.
pub fn exposed(findings: &[Finding]) -> Option<&Finding> {
    let thefts = findings.iter().filter(|finding| finding.takes_data() || finding.exposed_since.is_some());
    thefts.min_by_key(|finding| (finding.exposed_since.is_none(), finding.exposed_since.clone()))
}

/// The words of a finding: the rule's in the language of the view, else the report's own.
pub struct Said {
    /// A few words.
    pub title: String,
    /// One sentence.
    pub why: String,
    /// What to do.
    pub remediation: String,
}

/// What a finding says in the language of the view.
pub fn said(finding: &Finding, view: &View<'_>) -> Said {
    match view.texts.text(&finding.rule, view.lang) {
        Some(text) => Said { title: text.title, why: text.why, remediation: text.remediation },
        None => Said { title: finding.title.clone(), why: finding.why.clone(), remediation: finding.remediation.clone() },
    }
}

/// The verdict in words.
pub fn verdict(verdict: Verdict, words: &Words) -> &str {
    match verdict {
        Verdict::Malicious => words.get("verdict.malicious"),
        Verdict::Suspicious => words.get("verdict.suspicious"),
        Verdict::Review => words.get("verdict.review"),
        Verdict::Ok => words.get("verdict.ok"),
    }
}

/// What a verdict asks of a person.
pub fn verdict_asks(verdict: Verdict, words: &Words) -> &str {
    match verdict {
        Verdict::Malicious => words.get("verdict.do.malicious"),
        Verdict::Suspicious => words.get("verdict.do.suspicious"),
        Verdict::Review => words.get("verdict.do.review"),
        Verdict::Ok => words.get("verdict.do.ok"),
    }
}

/// Where it came from, in words.
pub fn source(source: InstallSource, words: &Words) -> &str {
    match source {
        InstallSource::WebStore => words.get("source.web_store"),
        InstallSource::EdgeAddons => words.get("source.edge_addons"),
        InstallSource::OperaAddons => words.get("source.opera_addons"),
        InstallSource::WhaleStore => words.get("source.whale_store"),
        InstallSource::OtherStore => words.get("source.other_store"),
        InstallSource::EnterprisePolicy => words.get("source.enterprise_policy"),
        InstallSource::Sideload => words.get("source.sideload"),
        InstallSource::Unpacked => words.get("source.unpacked"),
        InstallSource::CommandLine => words.get("source.command_line"),
        InstallSource::Component => words.get("source.component"),
        InstallSource::Package => words.get("source.package"),
        InstallSource::Unknown => words.get("source.unknown"),
    }
}

/// Name and version; the id where there is no name.
pub fn name(extension: &ExtensionReport) -> String {
    let name = if extension.name.trim().is_empty() { extension.id.as_str() } else { extension.name.trim() };
    if extension.version.is_empty() { name.to_owned() } else { format!("{name} {}", extension.version) }
}

/// Browser and profile, as `chrome, Default`; the file's or folder's name for a package.
pub fn place(extension: &ExtensionReport) -> String {
    match (&extension.browser, &extension.profile) {
        (Some(browser), Some(profile)) => format!("{browser}, {profile}"),
        (Some(browser), None) => browser.clone(),
        (None, _) => {
            let path = extension.path.as_deref().unwrap_or_default();
            path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
        }
    }
}

/// The name that a person gave to the profile of an extension, where it is not the folder's.
pub fn profile_name<'r>(extension: &ExtensionReport, report: &'r Report) -> Option<&'r str> {
    let browser = report.browsers.iter().find(|browser| Some(&browser.user_data_dir) == extension.user_data_dir.as_ref())?;
    let profile = browser.profiles.iter().find(|profile| Some(&profile.directory) == extension.profile.as_ref())?;
    profile.name.as_deref().filter(|name| *name != profile.directory && !name.trim().is_empty())
}

/// Browser and profile of a finding about a profile.
pub fn profile_place(browser: &BrowserReport, profile: &ProfileReport) -> String {
    format!("{}, {}", browser.browser, profile.directory)
}

/// The one line that a person can read out on the phone.
pub fn summary(report: &Report, words: &Words) -> String {
    let counts = report.summary;
    let empty = report.browsers.is_empty() && report.extensions.is_empty();
    if empty && !report.looked_in.is_empty() && report.worst() < Verdict::Suspicious {
        return with_unread(words.get("table.nothing_found"), report, words);
    }
    let mut found = Vec::new();
    for (key, count) in
        [("summary.malicious", counts.malicious), ("summary.suspicious", counts.suspicious), ("summary.review", counts.review)]
    {
        if count > 0 {
            found.push(words.fill(key, &[("n", &count)]));
        }
    }
    let elsewhere = report.elsewhere().filter(|(_, finding)| finding.verdict >= Verdict::Suspicious).count();
    if elsewhere > 0 {
        found.push(words.fill("summary.elsewhere", &[("n", &elsewhere)]));
    }
    let looked = if report.browsers.is_empty() && report.looked_in.is_empty() {
        words.fill("summary.checked_packages", &[("packages", &words.count("summary.packages", counts.extensions))])
    } else {
        let extensions = words.count("summary.extensions", counts.extensions);
        let profiles = words.count("summary.profiles", counts.profiles);
        let browsers = words.count("summary.browsers", counts.browsers);
        words.fill("summary.checked", &[("extensions", &extensions), ("profiles", &profiles), ("browsers", &browsers)])
    };
    let line = if report.worst() < Verdict::Suspicious {
        let review = found.first().map(|review| format!(" ({review})")).unwrap_or_default();
        format!("{}{review}: {looked}", words.get("summary.clean"))
    } else {
        format!("{}: {looked}", found.join(", "))
    };
    with_unread(&line, report, words)
}

/// A sentence with what could not be read behind it.
fn with_unread(sentence: &str, report: &Report, words: &Words) -> String {
    let sentence = sentence.trim_end_matches('.');
    if !report.errors.is_empty() {
        format!("{sentence}; {}.", words.count("summary.errors", report.errors.len()))
    } else if !report.complete {
        format!("{sentence}; {}.", words.get("summary.incomplete"))
    } else {
        format!("{sentence}.")
    }
}

/// How much was listed, and what could not be read, as a sentence.
pub fn listed(report: &Report, words: &Words) -> String {
    if report.browsers.is_empty() && report.extensions.is_empty() {
        return with_unread(words.get("table.nothing_found"), report, words);
    }
    with_unread(&looked(report, words), report, words)
}

/// How much was looked at, as a sentence.
pub fn looked(report: &Report, words: &Words) -> String {
    let counts = report.summary;
    let extensions = words.count("summary.extensions", counts.extensions);
    let profiles = words.count("summary.profiles", counts.profiles);
    let browsers = words.count("summary.browsers", counts.browsers);
    words.fill("summary.listed", &[("extensions", &extensions), ("profiles", &profiles), ("browsers", &browsers)])
}

/// Where a proof was read: file with line and column, and the pointer or key.
pub fn proof_place(proof: &Evidence) -> String {
    let mut place = proof.file.clone().unwrap_or_default();
    for number in [proof.line, proof.column].into_iter().flatten() {
        place.push_str(&format!(":{number}"));
    }
    if let Some(pointer) = &proof.pointer {
        if !place.is_empty() {
            place.push(' ');
        }
        place.push_str(pointer);
    }
    place
}

/// A finding as a paragraph for people elsewhere: what, why, where inside the package. Nothing of the machine is in it.
pub fn told(finding: &Finding) -> String {
    let inside = |proof: &&Evidence| proof.kind == EvidenceKind::Package && proof.file.is_some();
    let places: Vec<String> = finding.evidence.iter().filter(inside).take(3).map(proof_place).collect();
    let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
    format!("{}. {}{places} [{}]", finding.title, finding.why, finding.rule)
}

/// One thing that an extension may do.
pub struct Power {
    /// The permission or host pattern.
    pub name: String,
    /// How much it is worth.
    pub risk: Risk,
    /// Whether the profile grants it, or a package asks for it from the start.
    pub granted: bool,
    /// Whether the manifest asks for it from the start.
    pub asked: bool,
    kind: PowerKind,
}

enum PowerKind {
    Api(&'static Permission),
    Host(Breadth),
}

impl Power {
    /// What it allows, as a sentence.
    pub fn allows(&self, words: &Words) -> String {
        match &self.kind {
            PowerKind::Api(permission) => match words.find(&format!("permission.{}", self.name)) {
                Some(sentence) => sentence.to_owned(),
                None => words.fill("power.can", &[("allows", &permission.allows)]),
            },
            PowerKind::Host(Breadth::All) => words.get("power.all_hosts").to_owned(),
            PowerKind::Host(_) => words.fill("power.host", &[("host", &self.name)]),
        }
    }
}

/// What an extension may do, the most powerful first: every permission and host pattern that it asks for or has.
pub fn powers(extension: &ExtensionReport) -> Vec<Power> {
    let of = &extension.permissions;
    let installed = extension.browser.is_some();
    let mut powers: Vec<Power> = Vec::new();
    let mut add = |name: &String, asked: bool, has: bool, kind: PowerKind, risk: Risk| {
        if !powers.iter().any(|power| power.name == *name) {
            powers.push(Power { name: name.clone(), risk, granted: if installed { has } else { asked }, asked, kind });
        }
    };
    for name in of.api.iter().chain(&of.granted_api).chain(&of.optional_api) {
        let known = permission(name);
        add(name, of.api.contains(name), of.granted_api.contains(name), PowerKind::Api(known), known.risk);
    }
    for name in of.hosts.iter().chain(&of.granted_hosts).chain(&of.optional_hosts) {
        let breadth = HostPattern::parse(name).map_or(Breadth::Host, |pattern| pattern.breadth());
        let risk = if matches!(breadth, Breadth::All | Breadth::Tld) { Risk::High } else { Risk::Medium };
        add(name, of.hosts.contains(name), of.granted_hosts.contains(name), PowerKind::Host(breadth), risk);
    }
    powers.sort_by(|a, b| (b.risk, b.granted).cmp(&(a.risk, a.granted)).then_with(|| a.name.cmp(&b.name)));
    powers
}

/// The dated moments of an extension; install and update times stand in where the engine told no others.
pub fn moments(extension: &ExtensionReport) -> Vec<Moment> {
    let mut moments = extension.timeline.clone();
    for (what, at) in [("installed", &extension.install.installed_at), ("updated", &extension.install.updated_at)] {
        if let Some(at) = at.as_ref().filter(|_| !extension.timeline.iter().any(|moment| moment.what == what)) {
            moments.push(Moment { at: at.clone(), what: what.to_owned(), detail: None });
        }
    }
    moments.sort();
    moments
}

/// What happened at a moment, in words.
pub fn moment(moment: &Moment, words: &Words) -> String {
    let what = words.find(&format!("moment.{}", moment.what)).unwrap_or(&moment.what);
    match &moment.detail {
        Some(detail) => format!("{what} ({detail})"),
        None => what.to_owned(),
    }
}

/// The clock of a run: seconds, then minutes, hours and days where code waits that long.
pub fn run_clock(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds}.{:03} s", millis % 1000),
        60..3_600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}:{:02} h", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A moment of a run, in words, with its place in the code.
pub fn run_moment(moment: &RunMoment, words: &Words) -> String {
    let key = format!("run.{}", moment.kind.as_str());
    let mut text = words.fill(&key, &[("what", &moment.what), ("how", &moment.how)]);
    let carried: Vec<&str> = moment.carries.iter().map(|kind| super::step::kind(kind, words)).collect();
    if !carried.is_empty() {
        text.push_str(&words.fill("run.carries", &[("what", &carried.join(", "))]));
    }
    if moment.times > 1 {
        text.push_str(&words.fill("run.times", &[("n", &moment.times)]));
    }
    if !moment.file.is_empty() && moment.kind != RunKind::Runs {
        text.push_str(&format!(" [{}:{}]", moment.file, moment.line));
    }
    text
}

/// What the store's signed list says about the files, in words.
pub fn content(state: ContentState, words: &Words) -> &str {
    match state {
        ContentState::Verified => words.get("content.verified"),
        ContentState::Modified => words.get("content.modified"),
        ContentState::Unsigned => words.get("content.unsigned"),
        ContentState::Unverifiable => words.get("content.unverifiable"),
        ContentState::NotApplicable => words.get("content.not_applicable"),
    }
}

/// How bad, in words.
pub fn severity(severity: Severity, words: &Words) -> &str {
    match severity {
        Severity::Critical => words.get("severity.critical"),
        Severity::High => words.get("severity.high"),
        Severity::Medium => words.get("severity.medium"),
        Severity::Low => words.get("severity.low"),
        Severity::Info => words.get("severity.info"),
    }
}

/// How a host was found, in words.
pub fn found(found: Found, words: &Words) -> &str {
    match found {
        Found::Literal => words.get("found.literal"),
        Found::Decoded => words.get("found.decoded"),
        Found::Emulated => words.get("found.emulated"),
        Found::Policy => words.get("found.policy"),
    }
}
