//! Phrases about a fleet that several forms share.

use super::super::{View, phrase};
use crate::finding::Verdict;
use crate::judge::fleet::{Fleet, News, Prevalence, RulePrevalence};
use crate::locales::Words;

/// Names of one extension that are shown together.
const NAMES: usize = 3;

/// The names of an extension, as few as say enough; the id where there is none.
pub fn name(extension: &Prevalence) -> String {
    match extension.names.as_slice() {
        [] => extension.id.to_string(),
        names => names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(" / "),
    }
}

/// What a rule says, in the language of the view.
pub fn title(found: &RulePrevalence, view: &View<'_>) -> String {
    match view.texts.text(&found.rule, view.lang) {
        Some(text) => text.title,
        None => found.title.clone(),
    }
}

/// The day of a time in RFC 3339.
pub fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

/// The line that a person can read out: what there is on how many machines.
pub fn summary(fleet: &Fleet, words: &Words) -> String {
    let counts = fleet.summary;
    let kinds =
        [("summary.malicious", counts.malicious), ("summary.suspicious", counts.suspicious), ("summary.review", counts.review)];
    let found: Vec<_> = kinds.iter().filter(|(_, n)| *n > 0).map(|(key, n)| words.fill(key, &[("n", n)])).collect();
    let found = if counts.verdict < Verdict::Suspicious || found.is_empty() {
        let clean =
            if counts.verdict < Verdict::Suspicious { words.get("summary.clean") } else { words.get("fleet.elsewhere") };
        std::iter::once(clean.to_owned()).chain(found).collect()
    } else {
        found
    };
    let extensions = words.count("summary.extensions", counts.extensions);
    let machines = words.count("fleet.on", counts.hosts);
    let flagged = words.count("fleet.flagged", counts.flagged_hosts);
    let values: [(&str, &dyn std::fmt::Display); 4] =
        [("found", &found.join(", ")), ("extensions", &extensions), ("machines", &machines), ("flagged", &flagged)];
    words.fill("fleet.summary", &values)
}

/// What was passed over; `None` where nothing was.
pub fn skipped(fleet: &Fleet, words: &Words) -> Option<String> {
    let counts = fleet.summary;
    let kinds = [("fleet.older", counts.older), ("fleet.damaged", counts.damaged), ("fleet.foreign", counts.foreign)];
    let parts: Vec<_> = kinds.iter().filter(|(_, n)| *n > 0).map(|(key, n)| words.count(key, *n)).collect();
    (!parts.is_empty()).then(|| words.fill("fleet.skipped", &[("what", &parts.join(", "))]))
}

/// In which ways an extension is new.
pub fn news(news: &News, words: &Words) -> String {
    if news.extension {
        return words.get("fleet.new").to_owned();
    }
    let mut parts: Vec<String> =
        news.versions.iter().map(|version| words.fill("fleet.new_version", &[("version", version)])).collect();
    if !news.contents.is_empty() {
        parts.push(words.get("diff.content").to_owned());
    }
    parts.extend(news.findings.iter().map(|rule| words.fill("diff.finding", &[("title", rule)])));
    if let Some(was) = news.verdict_was {
        parts.push(words.fill("diff.verdict", &[("verdict", &phrase::verdict(was, words))]));
    }
    parts.join("; ")
}
