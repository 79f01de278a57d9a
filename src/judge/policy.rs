//! The policy file of a user or a fleet: what is allowed, what is denied, what weighs otherwise; each with a reason and, where
//! wanted, an end.
//!
//! ```toml
//! [[allow]]                       # the extension's verdict becomes "ok" ...
//! id = "abcdefghijklmnopabcdefghijklmnop"
//! version = ">=2.0, <3"
//! reason = "our own CRM, reviewed by the security team"
//! expires = "2027-06-30"
//!
//! [[allow]]                       # ... or only that of one finding
//! id = "abcdefghijklmnopabcdefghijklmnop"
//! finding = "reads-all-cookies"
//! reason = "it is a cookie editor"
//!
//! [[deny]]                        # at least this verdict
//! publisher = "sha256 of the public key"
//! reason = "forbidden in this house"
//! verdict = "malicious"           # "suspicious" where left out
//!
//! [[override]]                    # a finding weighs otherwise
//! finding = "unpacked-from-roaming"
//! path = 'C:\Users\*\AppData\Roaming\OurTool\*'
//! severity = "low"
//! verdict = "review"
//! reason = "our deployment tool puts it there"
//! ```
//!
//! What a policy changes stays visible: the reason goes into the report.

use std::fmt;

use serde::Deserialize;

use super::{Context, Judgement, judge};
use crate::finding::{Finding, Severity, Verdict};
use crate::model::ExtensionId;

/// A policy file.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    allow: Vec<Entry>,
    deny: Vec<Entry>,
    overrides: Vec<Entry>,
}

/// A policy file that says something impossible.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{file}: {message}")]
pub struct PolicyError {
    /// The file.
    pub file: String,
    /// What is wrong, with the line where it is known.
    pub message: String,
}

/// What a policy asks about an extension.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The extension's id.
    pub id: &'a str,
    /// The version.
    pub version: &'a str,
    /// Folder or package.
    pub path: &'a str,
    /// SHA-256 of the public keys that signed the package or that its manifest carries, lower-case hex.
    pub publishers: &'a [String],
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allow: Vec<Written>,
    #[serde(default)]
    deny: Vec<Written>,
    #[serde(default, rename = "override")]
    overrides: Vec<Written>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: Option<String>,
    publisher: Option<String>,
    version: Option<String>,
    path: Option<String>,
    finding: Option<String>,
    severity: Option<Severity>,
    verdict: Option<Verdict>,
    reason: Option<String>,
    expires: Option<Day>,
}

/// A day, as text or as a date of TOML.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Day {
    Text(String),
    Date(toml::value::Datetime),
}

impl Day {
    fn iso(&self) -> Option<String> {
        let text = match self {
            Day::Text(text) => text.clone(),
            Day::Date(date) => date.date?.to_string(),
        };
        text.parse::<jiff::civil::Date>().ok().map(|date| date.to_string())
    }
}

#[derive(Clone, Debug)]
struct Entry {
    id: Option<ExtensionId>,
    publisher: Option<String>,
    versions: Vec<Bound>,
    path: Option<String>,
    finding: Option<String>,
    severity: Option<Severity>,
    verdict: Option<Verdict>,
    reason: String,
    expires: Option<String>,
}

impl Policy {
    /// Reads a policy. `file` names it in messages.
    pub fn parse(file: &str, text: &str) -> Result<Policy, PolicyError> {
        let wrong = |message: String| PolicyError { file: file.to_owned(), message };
        let read: File = toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        let entries = |kind: Kind, list: Vec<Written>| -> Result<Vec<Entry>, PolicyError> {
            let named = |(number, written): (usize, Written)| {
                entry(kind, written).map_err(|message| wrong(format!("[[{kind}]] number {}: {message}", number + 1)))
            };
            list.into_iter().enumerate().map(named).collect()
        };
        Ok(Policy {
            allow: entries(Kind::Allow, read.allow)?,
            deny: entries(Kind::Deny, read.deny)?,
            overrides: entries(Kind::Override, read.overrides)?,
        })
    }

    /// This policy and another one.
    pub fn and(mut self, other: Policy) -> Policy {
        self.allow.extend(other.allow);
        self.deny.extend(other.deny);
        self.overrides.extend(other.overrides);
        self
    }

    /// A warning for each entry that has come to its end. `today` is a day as `2026-11-22`.
    pub fn expired(&self, today: &str) -> Vec<String> {
        let all = [(Kind::Allow, &self.allow), (Kind::Deny, &self.deny), (Kind::Override, &self.overrides)];
        all.into_iter()
            .flat_map(|(kind, entries)| entries.iter().map(move |entry| (kind, entry)))
            .filter(|(_, entry)| !entry.holds(today))
            .map(|(kind, entry)| {
                let end = entry.expires.as_deref().unwrap_or_default();
                format!("policy: [[{kind}]] \"{}\" ended on {end} and no longer counts: renew it or take it out", entry.reason)
            })
            .collect()
    }

    /// Judges an extension under this policy. Findings that it changes are changed in place; every change is a reason.
    pub fn judge(&self, findings: &mut [Finding], context: Context, about: &About<'_>, today: &str) -> Judgement {
        let mut reasons = Vec::new();
        let here = |entry: &&Entry| entry.holds(today) && entry.is_about(about);
        for finding in findings.iter_mut() {
            let rule = finding.rule.clone();
            for entry in self.overrides.iter().filter(here).filter(|entry| entry.names(&rule)) {
                finding.severity = entry.severity.unwrap_or(finding.severity);
                finding.verdict = entry.verdict.unwrap_or(finding.verdict);
                reasons.push(format!("policy: {} weighs otherwise: {}", finding.rule, entry.said()));
            }
            for entry in self.allow.iter().filter(here).filter(|entry| entry.names(&rule)) {
                finding.severity = Severity::Info;
                finding.verdict = Verdict::Ok;
                finding.grounds = Default::default();
                reasons.push(format!("policy: {} is allowed: {}", finding.rule, entry.said()));
            }
        }
        let mut judgement = judge(findings, context);
        let denied = self
            .deny
            .iter()
            .filter(here)
            .filter(|entry| entry.finding.is_none() || findings.iter().any(|finding| entry.names(&finding.rule)));
        let mut raised = false;
        for entry in denied {
            let verdict = entry.verdict.unwrap_or(Verdict::Suspicious);
            if verdict >= judgement.verdict {
                judgement.score = judgement.score.max(verdict.band().0);
                judgement.verdict = verdict;
            }
            raised = true;
            reasons.push(format!("policy: denied: {}", entry.said()));
        }
        // Who forbids wins over who allows.
        if !raised && let Some(entry) = self.allow.iter().filter(here).find(|entry| entry.finding.is_none()) {
            reasons.push(format!("policy: allowed, {} without it: {}", judgement.verdict.as_str(), entry.said()));
            judgement.verdict = Verdict::Ok;
            judgement.score = 0;
        }
        judgement.reasons.extend(reasons);
        judgement
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Allow,
    Deny,
    Override,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Allow => "allow",
            Kind::Deny => "deny",
            Kind::Override => "override",
        })
    }
}

fn entry(kind: Kind, written: Written) -> Result<Entry, String> {
    let id = match written.id {
        Some(id) => {
            Some(ExtensionId::parse(&id).ok_or(format!("\"{id}\" is not an extension id: 32 letters a to p are wanted"))?)
        }
        None => None,
    };
    let reason = written.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    let reason = reason.ok_or("a reason is missing: say who decided this and why")?;
    let expires = match &written.expires {
        Some(day) => Some(day.iso().ok_or("\"expires\" is no day: 2027-06-30 is the form")?),
        None => None,
    };
    let publisher = written.publisher.map(|key| key.to_ascii_lowercase());
    if let Some(key) = &publisher
        && !(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err("\"publisher\" is the SHA-256 of a public key: 64 hex digits".to_owned());
    }
    let whom = id.is_some() || publisher.is_some() || written.path.is_some();
    match kind {
        Kind::Allow | Kind::Deny if !whom => return Err("say whom: id, publisher or path".to_owned()),
        Kind::Override if written.finding.is_none() => return Err("say which finding".to_owned()),
        Kind::Override if written.severity.is_none() && written.verdict.is_none() => {
            return Err("say what changes: severity or verdict".to_owned());
        }
        Kind::Allow if written.severity.is_some() || written.verdict.is_some() => {
            return Err("what is allowed has no severity or verdict; [[override]] changes those".to_owned());
        }
        _ => {}
    }
    let versions = written.version.as_deref().map(bounds).transpose()?.unwrap_or_default();
    Ok(Entry {
        id,
        publisher,
        versions,
        path: written.path,
        finding: written.finding,
        severity: written.severity,
        verdict: written.verdict,
        reason,
        expires,
    })
}

impl Entry {
    /// Days as `2026-11-22` are in order as text.
    fn holds(&self, today: &str) -> bool {
        self.expires.as_deref().is_none_or(|end| today <= end)
    }

    fn is_about(&self, about: &About<'_>) -> bool {
        self.id.as_ref().is_none_or(|id| id.as_str() == about.id)
            && self.publisher.as_ref().is_none_or(|key| about.publishers.contains(key))
            && self.path.as_deref().is_none_or(|pattern| glob(pattern, about.path))
            && self.versions.iter().all(|bound| bound.admits(about.version))
    }

    fn names(&self, rule: &str) -> bool {
        self.finding.as_deref() == Some(rule)
    }

    fn said(&self) -> String {
        match &self.expires {
            Some(end) => format!("{} (until {end})", self.reason),
            None => self.reason.clone(),
        }
    }
}

/// One bound of a range of versions.
#[derive(Clone, Debug)]
struct Bound {
    operator: &'static str,
    version: Vec<u64>,
}

/// `>=2.0, <3`, or one version for exactly that.
fn bounds(text: &str) -> Result<Vec<Bound>, String> {
    let bound = |part: &str| {
        let part = part.trim();
        let operator = [">=", "<=", ">", "<", "="].into_iter().find(|operator| part.starts_with(operator));
        let number = part.strip_prefix(operator.unwrap_or_default()).unwrap_or(part).trim();
        let version = numbers(number).ok_or(format!("\"{part}\" is no bound of a version: >=2.0 is the form"))?;
        Ok(Bound { operator: operator.unwrap_or("="), version })
    };
    text.split(',').map(bound).collect()
}

/// `1.2` and `1.2.0` are the same version for the browser.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let mut parts = text.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
    while parts.last() == Some(&0) {
        parts.pop();
    }
    Some(parts)
}

impl Bound {
    fn admits(&self, version: &str) -> bool {
        let Some(version) = numbers(version) else { return false };
        let order = version.cmp(&self.version);
        match self.operator {
            ">=" => order.is_ge(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            "<" => order.is_lt(),
            _ => order.is_eq(),
        }
    }
}

/// `*` for any run of characters and `?` for one; case and the kind of slash do not matter.
fn glob(pattern: &str, path: &str) -> bool {
    let fold = |text: &str| text.chars().map(|c| if c == '\\' { '/' } else { c.to_ascii_lowercase() }).collect::<Vec<_>>();
    let (pattern, path) = (fold(pattern), fold(path));
    // The usual walk with one place to come back to: as long as the longer of the two, times the other at worst.
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < path.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || path.get(seen) == Some(wanted) => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    at = place + 1;
                    seen = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::finding::{Confidence, Grounds, Leg};

    const ID: &str = "abcdefghijklmnopabcdefghijklmnop";

    fn theft() -> Vec<Finding> {
        let finding = |leg, theft| Finding {
            rule: if theft { "sends-mail-text".to_owned() } else { "decodes-its-destination".to_owned() },
            title: String::new(),
            severity: Severity::High,
            confidence: Confidence::High,
            leg,
            grounds: Grounds { theft, ..Grounds::default() },
            family: None,
            attack: Vec::new(),
            why: String::new(),
            verdict: Verdict::Suspicious,
            exposed_since: None,
            evidence: Vec::new(),
            flow: Vec::new(),
            remediation: String::new(),
        };
        vec![finding(Leg::Behaviour, true), finding(Leg::Concealment, false)]
    }

    fn judged(policy: &str, today: &str) -> Judgement {
        let policy = Policy::parse("policy.toml", policy).unwrap();
        let about = About { id: ID, version: "2.1", path: r"C:\Users\kim\AppData\Roaming\AF", publishers: &[] };
        policy.judge(&mut theft(), Context::default(), &about, today)
    }

    #[test]
    fn allowed_until_a_day() {
        let policy = format!("[[allow]]\nid = \"{ID}\"\nversion = \">=2, <3\"\nreason = \"ours\"\nexpires = 2026-12-31\n");
        assert_eq!(judged("", "2026-11-22").verdict, Verdict::Malicious);
        let allowed = judged(&policy, "2026-12-31");
        assert_eq!((allowed.verdict, allowed.score), (Verdict::Ok, 0));
        assert!(allowed.reasons.iter().any(|reason| reason.contains("ours (until 2026-12-31)")), "{:?}", allowed.reasons);
        assert_eq!(judged(&policy, "2027-01-01").verdict, Verdict::Malicious);
        let policy = Policy::parse("p", &policy).unwrap();
        assert_eq!(policy.expired("2027-01-01").len(), 1);
        assert!(policy.expired("2026-11-22").is_empty());
    }

    #[test]
    fn one_finding_allowed_or_weighed_otherwise() {
        let allow = format!("[[allow]]\nid = \"{ID}\"\nfinding = \"sends-mail-text\"\nreason = \"it is a CRM\"\n");
        assert_eq!(judged(&allow, "2026-11-22").verdict, Verdict::Suspicious, "the concealment is left");
        let weigh = "[[override]]\nfinding = \"decodes-its-destination\"\npath = 'c:/users/*/appdata/*'\nverdict = \"ok\"\nreason = \"r\"\n";
        assert_eq!(judged(weigh, "2026-11-22").verdict, Verdict::Suspicious, "the theft is left");
    }

    #[test]
    fn denied_wins() {
        let both = format!(
            "[[allow]]\nid = \"{ID}\"\nreason = \"a\"\n[[deny]]\nid = \"{ID}\"\nreason = \"forbidden here\"\nverdict = \"review\"\n"
        );
        assert_eq!(judged(&both, "2026-11-22").verdict, Verdict::Malicious, "a denial never lowers");
        let policy = Policy::parse("p", &format!("[[deny]]\nid = \"{ID}\"\nreason = \"forbidden here\"\n")).unwrap();
        let about = About { id: ID, ..About::default() };
        let judged = policy.judge(&mut [], Context::default(), &about, "2026-11-22");
        assert_eq!((judged.verdict, judged.score), (Verdict::Suspicious, 50));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("[[allow]]\nid = \"x\"\nreason = \"r\"", "is not an extension id"),
            ("[[allow]]\nid = \"abcdefghijklmnopabcdefghijklmnop\"", "a reason is missing"),
            ("[[allow]]\nreason = \"r\"", "say whom"),
            ("[[override]]\nreason = \"r\"", "say which finding"),
            ("[[deny]]\npath = \"x\"\nreason = \"r\"\nexpires = \"soon\"", "2027-06-30 is the form"),
            ("[[deny]]\npath = \"x\"\nreason = \"r\"\nversion = \"~1\"", ">=2.0 is the form"),
            ("[[alow]]\n", "alow"),
        ] {
            let error = Policy::parse("policy.toml", text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn paths_with_wildcards() {
        assert!(glob("*appdata?roaming*", r"C:\Users\kim\AppData\Roaming\AF"));
        assert!(!glob("*roaming", r"C:\Users\kim\AppData\Roaming\AF"));
        assert!(glob("*", ""));
        assert!(!glob(&"*a".repeat(200), &"b".repeat(4000)));
    }
}
