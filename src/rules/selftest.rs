//! Runs the cases inside rules.

use crate::extract::FactSet;

use super::rule::{Case, Expect, Rule, Scope};
use super::set::RuleSet;

/// Turns the manifest, files, package and installation of a case into facts. The engine hands one in, so that this layer needs
/// neither extractors nor a disk.
pub trait CaseRunner {
    /// The facts of a case's input, without those that the case states itself.
    fn facts(&self, case: &Case) -> Result<FactSet, String>;
}

/// A runner for sets whose cases only state facts.
pub struct StatedOnly;

impl CaseRunner for StatedOnly {
    fn facts(&self, _: &Case) -> Result<FactSet, String> {
        Err("this case needs extractors, and none were handed in".to_owned())
    }
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// The rule's id.
    pub rule: String,
    /// The rule's file.
    pub file: String,
    /// The case's line in it.
    pub line: usize,
    /// The case's name.
    pub case: String,
    /// Whether the rule was to hit.
    pub expect: Expect,
    /// Whether it did, or why that could not be found out.
    pub hit: Result<bool, String>,
}

impl CaseResult {
    /// Whether it came as expected.
    pub fn passed(&self) -> bool {
        self.hit == Ok(self.expect == Expect::Hit)
    }
}

/// Runs every case of every rule.
pub fn run(set: &RuleSet, runner: &dyn CaseRunner) -> Vec<CaseResult> {
    let cases = set.rules().iter().flat_map(|rule| rule.cases.iter().map(move |case| (rule, case)));
    cases
        .map(|(rule, case)| CaseResult {
            rule: rule.id.clone(),
            file: rule.origin.path().to_owned(),
            line: case.line,
            case: case.name.clone(),
            expect: case.expect,
            hit: facts(case, runner).map(|facts| hits(set, &facts, target(rule)).contains(&rule.id)),
        })
        .collect()
}

/// Each rule over the cases of every other: rule, the other rule, the case it hits. What is expected is not known to the
/// machine; a snapshot of this shows the false alarm on the day it is born.
pub fn crossings(set: &RuleSet, runner: &dyn CaseRunner) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for owner in set.rules() {
        for case in &owner.cases {
            let Ok(facts) = facts(case, runner) else { continue };
            let hits = hits(set, &facts, target(owner)).into_iter().filter(|id| *id != owner.id);
            found.extend(hits.map(|id| (id, owner.id.clone(), case.name.clone())));
        }
    }
    found.sort();
    found
}

/// All facts of a case.
pub fn facts(case: &Case, runner: &dyn CaseRunner) -> Result<FactSet, String> {
    let mut facts = if case.needs_extractors() { runner.facts(case)? } else { FactSet::new() };
    facts.extend(case.facts.iter().cloned());
    Ok(facts)
}

fn target(rule: &Rule) -> Scope {
    rule.scopes.first().map_or(Scope::Extension, |scope| scope.target())
}

fn hits(set: &RuleSet, facts: &FactSet, target: Scope) -> Vec<String> {
    set.evaluate(facts, target).into_iter().map(|found| found.rule.id.clone()).collect()
}
