//! From findings to a verdict and a score.
//!
//! One table, over the legs that findings stand on and never over rule ids:
//!
//! | verdict | what it needs |
//! | --- | --- |
//! | malicious | (a) the exact hash of a known bad file; (b) a listed id or host, not cleaned since, with one further leg; (c) a family on two independent legs, one of them behaviour or indicator; (d) a proven theft with an install or a concealment leg |
//! | suspicious | what a finding amounts to by itself, without the second leg |
//! | review | likewise; what an extension could do never passes it |
//! | ok | the rest |
//!
//! A finding counts as a leg from `review` upwards: what merely informs supports nothing, with one exception. A theft that the
//! sealed worker saw happen needs any concealment at all, were it only a destination that nothing declares.
//!
//! The score lies in the verdict's band and grows with every finding; content that a store has signed and nobody has changed
//! lowers it within the band. Adding a finding never lowers a score.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Confidence, Finding, Leg, Listed, Severity, Verdict};
use crate::model::{ContentState, Extension};

pub mod advice;
pub mod baseline;
pub mod block;
pub mod diff;
pub mod fleet;
pub mod policy;

/// What the findings about one extension, profile or machine come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// In one word.
    pub verdict: Verdict,
    /// In the verdict's band.
    pub score: u8,
    /// Families that findings name, the best supported first.
    pub families: Vec<String>,
    /// How the verdict came about, one sentence a step.
    pub reasons: Vec<String>,
}

/// How readily weak signs are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// As the table says.
    #[default]
    Normal,
    /// For people who are likely targets: what is weak on its own moves up one step, at most to `suspicious`.
    High,
}

/// What the judge knows beside the findings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The content is what a store has signed.
    pub store_verified: bool,
    /// How readily weak signs are shown.
    pub sensitivity: Sensitivity,
}

impl Context {
    /// The context of an extension.
    pub fn of(extension: &Extension, sensitivity: Sensitivity) -> Context {
        Context { store_verified: extension.integrity.content == ContentState::Verified, sensitivity }
    }
}

/// Verdict, score, families and the way to them.
pub fn judge(findings: &[Finding], context: Context) -> Judgement {
    let mut reasons = Vec::new();
    let mut verdict = alone(findings, context, &mut reasons);
    if let Some(reason) = together(findings) {
        verdict = Verdict::Malicious;
        reasons.push(reason);
    }
    let score = score(findings, verdict, context);
    if context.store_verified && !findings.is_empty() {
        reasons.push("the files are what a store has signed: that lowers the score within its band".to_owned());
    }
    Judgement { verdict, score, families: families(findings), reasons }
}

/// The worst that a single finding amounts to by itself.
fn alone(findings: &[Finding], context: Context, reasons: &mut Vec<String>) -> Verdict {
    let worst = findings.iter().max_by_key(|finding| (own(finding, context), finding.severity, finding.confidence));
    let Some(worst) = worst else { return Verdict::Ok };
    let verdict = own(worst, context);
    if verdict > Verdict::Ok {
        let raised = if verdict > own(worst, Context::default()) { ", raised by the high sensitivity" } else { "" };
        reasons.push(format!("{} ({}) amounts to {} by itself{raised}", worst.rule, worst.leg.as_str(), verdict.as_str()));
    }
    verdict
}

/// What one finding amounts to by itself: the rule's word, within what its leg allows.
fn own(finding: &Finding, context: Context) -> Verdict {
    let ceiling = match (finding.leg, finding.grounds.listed) {
        (Leg::Indicator, Some(Listed::Alone)) if !finding.grounds.remediated => Verdict::Malicious,
        (Leg::Indicator, _) if finding.grounds.remediated => Verdict::Review,
        (Leg::Indicator, Some(Listed::Context)) => Verdict::Review,
        (Leg::Exposure, _) => Verdict::Review,
        _ => Verdict::Suspicious,
    };
    let own = finding.verdict.min(ceiling);
    if context.sensitivity == Sensitivity::Normal || finding.leg == Leg::Exposure || finding.grounds.remediated {
        return own;
    }
    match own {
        Verdict::Ok if finding.severity > Severity::Info => Verdict::Review,
        Verdict::Review if finding.confidence > Confidence::Low => Verdict::Suspicious,
        other => other,
    }
}

/// Whether findings together amount to `malicious`, and why.
fn together(findings: &[Finding]) -> Option<String> {
    known_bad_file(findings).or_else(|| listed(findings)).or_else(|| family(findings)).or_else(|| theft(findings))
}

/// Whether a finding can be a leg beside others.
fn counts(finding: &Finding) -> bool {
    finding.verdict >= Verdict::Review && !finding.grounds.remediated
}

/// (a) The exact hash of a known bad file.
fn known_bad_file(findings: &[Finding]) -> Option<String> {
    let hash = |finding: &&Finding| {
        finding.leg == Leg::Indicator && finding.grounds.listed == Some(Listed::Alone) && !finding.grounds.remediated
    };
    let finding = findings.iter().find(hash)?;
    Some(format!("{}: the exact hash of a known bad file needs nothing else", finding.rule))
}

/// (b) A listed id or host with a further leg. What an extension could do is no leg: it goes with the honest ones too.
fn listed(findings: &[Finding]) -> Option<String> {
    let listed = findings.iter().filter(|finding| finding.leg == Leg::Indicator && counts(finding));
    let mut listed = listed.filter(|finding| finding.grounds.listed >= Some(Listed::Corroborate));
    let listed = listed.next()?;
    let further = findings.iter().find(|finding| {
        counts(finding) && !matches!(finding.leg, Leg::Indicator | Leg::Exposure) && finding.confidence >= Confidence::Medium
    })?;
    Some(format!("{} (a listed value) with {} ({})", listed.rule, further.rule, further.leg.as_str()))
}

/// (c) A family on two independent legs, one of them behaviour or indicator. Legs that name no family support one that is
/// named: how it got there, how it hides, and a theft.
fn family(findings: &[Finding]) -> Option<String> {
    let named = |finding: &&Finding| finding.family.is_some() && counts(finding) && stands(finding);
    let names: BTreeSet<&str> = findings.iter().filter(named).filter_map(|finding| finding.family.as_deref()).collect();
    names.into_iter().find_map(|name| {
        let of_family = |finding: &&Finding| finding.family.as_deref() == Some(name) && counts(finding) && stands(finding);
        // Legs on which the family itself is recognised with some certainty; a weak one may be the second, never the first.
        let sure: Vec<_> =
            findings.iter().filter(of_family).filter(|finding| finding.confidence >= Confidence::Medium).collect();
        let support = findings.iter().filter(|finding| of_family(finding) || supports(finding));
        let legs: BTreeMap<Leg, &Finding> = support.map(|finding| (finding.leg, finding)).collect();
        let first =
            sure.iter().find(|finding| finding.leg == Leg::Behaviour || finding.leg == Leg::Indicator).or(sure.first())?;
        let second = legs.iter().find(|(leg, _)| **leg != first.leg && [**leg, first.leg].iter().any(decides))?;
        Some(format!(
            "{name} on two legs: {} ({}) and {} ({})",
            first.rule,
            first.leg.as_str(),
            second.1.rule,
            second.0.as_str()
        ))
    })
}

/// Legs that may carry a family: a listed name, path or parameter does not, nor does what an extension could do.
fn stands(finding: &Finding) -> bool {
    match finding.leg {
        Leg::Exposure => false,
        Leg::Indicator => finding.grounds.listed >= Some(Listed::Corroborate),
        _ => true,
    }
}

/// A leg without a family's name that makes a named one more certain.
fn supports(finding: &Finding) -> bool {
    let kind = matches!(finding.leg, Leg::Install | Leg::Concealment) || finding.grounds.theft;
    finding.family.is_none() && kind && counts(finding) && finding.confidence >= Confidence::Medium
}

fn decides(leg: &Leg) -> bool {
    matches!(leg, Leg::Behaviour | Leg::Indicator)
}

/// (d) A proven theft with an install or a concealment leg.
fn theft(findings: &[Finding]) -> Option<String> {
    let thefts = || findings.iter().filter(|finding| finding.grounds.theft && finding.verdict >= Verdict::Suspicious);
    let mut sure = thefts().filter(|finding| finding.confidence >= Confidence::Medium);
    let proven = sure.next();
    let leg = |finding: &&Finding| {
        matches!(finding.leg, Leg::Install | Leg::Concealment) && counts(finding) && finding.confidence >= Confidence::Medium
    };
    if let (Some(theft), Some(second)) = (proven, findings.iter().find(leg)) {
        return Some(format!("{} (a theft) with {} ({})", theft.rule, second.rule, second.leg.as_str()));
    }
    let emulated = thefts().find(|finding| finding.grounds.emulated)?;
    let hidden = findings.iter().find(|finding| finding.leg == Leg::Concealment)?;
    Some(format!("{} (a theft that the sealed worker saw happen) with {} (concealment)", emulated.rule, hidden.rule))
}

/// Families by how many findings name them.
fn families(findings: &[Finding]) -> Vec<String> {
    let mut weights: BTreeMap<&str, u32> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.verdict > Verdict::Ok) {
        if let Some(name) = &finding.family {
            *weights.entry(name).or_default() += u32::from(weight(finding)) + 1;
        }
    }
    let mut names: Vec<_> = weights.into_iter().collect();
    names.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    names.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// What a finding weighs in the score, of 100.
fn weight(finding: &Finding) -> u8 {
    let severity: u8 = match finding.severity {
        Severity::Info => 1,
        Severity::Low => 6,
        Severity::Medium => 15,
        Severity::High => 32,
        Severity::Critical => 55,
    };
    match finding.confidence {
        Confidence::Low => severity / 2,
        Confidence::Medium => severity.saturating_mul(3) / 4,
        Confidence::High => severity,
    }
}

/// Where in its band a verdict lies. Each finding takes its share of what is left of the band, so many small ones approach
/// its end and none ever lowers the score. Whole numbers, in an order that does not matter: same findings, same score.
fn score(findings: &[Finding], verdict: Verdict, context: Context) -> u8 {
    let mut weights: Vec<u8> = findings.iter().map(weight).collect();
    weights.sort_unstable();
    let left = weights.into_iter().fold(1_000_000u64, |left, weight| left * u64::from(100 - weight.min(99)) / 100);
    let mut share = 1_000_000u64.saturating_sub(left);
    if context.store_verified {
        share /= 2;
    }
    let (low, high) = verdict.band();
    let span = u64::from(high.saturating_sub(low));
    low.saturating_add(u8::try_from(span * share / 1_000_000).unwrap_or(0))
}

#[cfg(test)]
mod tests;
