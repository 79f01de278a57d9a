#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::finding::Grounds;

fn finding(leg: Leg, verdict: Verdict) -> Finding {
    Finding {
        rule: format!("some-{}", leg.as_str()),
        title: String::new(),
        severity: Severity::High,
        confidence: Confidence::High,
        leg,
        grounds: Grounds::default(),
        family: None,
        attack: Vec::new(),
        why: String::new(),
        verdict,
        exposed_since: None,
        evidence: Vec::new(),
        flow: Vec::new(),
        remediation: String::new(),
    }
}

fn theft() -> Finding {
    let grounds = Grounds { theft: true, ..Grounds::default() };
    Finding { grounds, ..finding(Leg::Behaviour, Verdict::Suspicious) }
}

fn listed(strength: Listed, verdict: Verdict) -> Finding {
    let grounds = Grounds { listed: Some(strength), ..Grounds::default() };
    Finding { grounds, ..finding(Leg::Indicator, verdict) }
}

fn of(family: &str, finding: Finding) -> Finding {
    Finding { family: Some(family.to_owned()), ..finding }
}

fn verdict(findings: &[Finding]) -> Verdict {
    judge(findings, Context::default()).verdict
}

#[test]
fn only_an_exact_hash_stands_alone() {
    assert_eq!(verdict(&[listed(Listed::Alone, Verdict::Malicious)]), Verdict::Malicious);
    assert_eq!(verdict(&[listed(Listed::Corroborate, Verdict::Malicious)]), Verdict::Suspicious);
    assert_eq!(verdict(&[listed(Listed::Context, Verdict::Malicious)]), Verdict::Review);
    for leg in [Leg::Skeleton, Leg::Behaviour, Leg::Install, Leg::Concealment] {
        assert_eq!(verdict(&[finding(leg, Verdict::Malicious)]), Verdict::Suspicious, "{leg:?}");
    }
    assert_eq!(verdict(&[finding(Leg::Exposure, Verdict::Malicious)]), Verdict::Review);
}

#[test]
fn a_listed_id_with_a_further_leg() {
    let id = || listed(Listed::Corroborate, Verdict::Suspicious);
    assert_eq!(verdict(&[id(), finding(Leg::Install, Verdict::Review)]), Verdict::Malicious);
    assert_eq!(verdict(&[id(), finding(Leg::Exposure, Verdict::Review)]), Verdict::Suspicious);
    assert_eq!(verdict(&[id(), finding(Leg::Install, Verdict::Ok)]), Verdict::Suspicious);
    let mut cleaned = id();
    cleaned.grounds.remediated = true;
    assert_eq!(verdict(&[cleaned, finding(Leg::Install, Verdict::Review)]), Verdict::Review);
}

#[test]
fn a_family_on_two_legs_one_of_them_behaviour_or_indicator() {
    let skeleton = || of("SHARPEXT", finding(Leg::Skeleton, Verdict::Suspicious));
    let install = || finding(Leg::Install, Verdict::Suspicious);
    assert_eq!(verdict(&[skeleton()]), Verdict::Suspicious);
    assert_eq!(verdict(&[skeleton(), install()]), Verdict::Suspicious, "neither is behaviour or indicator");
    assert_eq!(verdict(&[skeleton(), of("SHARPEXT", finding(Leg::Behaviour, Verdict::Suspicious))]), Verdict::Malicious);
    assert_eq!(verdict(&[skeleton(), of("OTHER", finding(Leg::Behaviour, Verdict::Suspicious))]), Verdict::Suspicious);
    assert_eq!(verdict(&[skeleton(), theft()]), Verdict::Malicious, "a theft supports a family that is named");
    assert_eq!(verdict(&[of("SHARPEXT", finding(Leg::Behaviour, Verdict::Suspicious)), install()]), Verdict::Malicious);
}

#[test]
fn strings_alone_name_a_family_and_do_not_carry_it() {
    let mut strings = of("SHARPEXT", finding(Leg::Behaviour, Verdict::Review));
    strings.confidence = Confidence::Low;
    let judged = judge(&[strings.clone(), finding(Leg::Install, Verdict::Review)], Context::default());
    assert_eq!((judged.verdict, judged.families.as_slice()), (Verdict::Review, ["SHARPEXT".to_owned()].as_slice()));
    let skeleton = of("SHARPEXT", finding(Leg::Skeleton, Verdict::Suspicious));
    assert_eq!(verdict(&[strings, skeleton]), Verdict::Malicious, "beside a sure leg they are the second");
}

#[test]
fn a_theft_with_install_or_concealment() {
    assert_eq!(verdict(&[theft()]), Verdict::Suspicious);
    assert_eq!(verdict(&[theft(), finding(Leg::Install, Verdict::Review)]), Verdict::Malicious);
    assert_eq!(verdict(&[theft(), finding(Leg::Concealment, Verdict::Review)]), Verdict::Malicious);
    assert_eq!(verdict(&[theft(), finding(Leg::Exposure, Verdict::Review)]), Verdict::Suspicious);
    // A destination that nothing declares informs only; it is enough for what was seen to happen.
    let undeclared = finding(Leg::Concealment, Verdict::Ok);
    assert_eq!(verdict(&[theft(), undeclared.clone()]), Verdict::Suspicious);
    let mut emulated = theft();
    emulated.grounds.emulated = true;
    assert_eq!(verdict(&[emulated.clone()]), Verdict::Suspicious);
    assert_eq!(verdict(&[emulated, undeclared]), Verdict::Malicious);
}

#[test]
fn signed_content_lowers_within_the_band() {
    let findings = [theft(), finding(Leg::Concealment, Verdict::Review)];
    let plain = judge(&findings, Context::default());
    let verified = judge(&findings, Context { store_verified: true, ..Context::default() });
    assert_eq!(verified.verdict, Verdict::Malicious);
    assert!(verified.score < plain.score && verified.score >= 80, "{} {}", verified.score, plain.score);
}

#[test]
fn a_targeted_person_sees_what_is_weak() {
    let high = Context { sensitivity: Sensitivity::High, ..Context::default() };
    assert_eq!(judge(&[finding(Leg::Install, Verdict::Review)], high).verdict, Verdict::Suspicious);
    assert_eq!(judge(&[finding(Leg::Concealment, Verdict::Ok)], high).verdict, Verdict::Review);
    assert_eq!(judge(&[finding(Leg::Exposure, Verdict::Review)], high).verdict, Verdict::Review);
    assert_eq!(judge(&[], high).verdict, Verdict::Ok);
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let legs = [Leg::Indicator, Leg::Skeleton, Leg::Behaviour, Leg::Install, Leg::Concealment, Leg::Exposure];
    let severities = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let confidences = [Confidence::Low, Confidence::Medium, Confidence::High];
    let verdicts = [Verdict::Ok, Verdict::Review, Verdict::Suspicious, Verdict::Malicious];
    let strengths = [None, Some(Listed::Context), Some(Listed::Corroborate), Some(Listed::Alone)];
    let families = [None, Some("A".to_owned()), Some("B".to_owned())];
    let plain = (
        proptest::sample::select(legs.to_vec()),
        proptest::sample::select(severities.to_vec()),
        proptest::sample::select(confidences.to_vec()),
        proptest::sample::select(verdicts.to_vec()),
    );
    let grounds = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        proptest::sample::select(strengths.to_vec()),
        proptest::sample::select(families.to_vec()),
    );
    (plain, grounds).prop_map(|((leg, severity, confidence, verdict), (theft, emulated, remediated, listed, family))| {
        let grounds = Grounds { theft, emulated, listed, remediated };
        Finding { severity, confidence, grounds, family, ..finding(leg, verdict) }
    })
}

proptest! {
    #[test]
    fn another_finding_never_lowers_the_score(
        findings in proptest::collection::vec(any_finding(), 0..8),
        more in any_finding(),
        store_verified in any::<bool>(),
        high in any::<bool>(),
    ) {
        let sensitivity = if high { Sensitivity::High } else { Sensitivity::Normal };
        let context = Context { store_verified, sensitivity };
        let before = judge(&findings, context);
        let mut all = findings;
        all.push(more);
        let after = judge(&all, context);
        prop_assert!(after.verdict >= before.verdict);
        prop_assert!(after.score >= before.score, "{} then {}", before.score, after.score);
        let (low, high) = after.verdict.band();
        prop_assert!((low..=high).contains(&after.score));
    }
}
