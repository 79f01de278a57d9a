//! Which rules are true of a set of facts, and what they stand on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::extract::{Fact, FactSet, Place};
use crate::finding::{Evidence, Finding, Grounds, Listed};

use super::rule::{Condition, FactTest, FamilyName, Rule, Scope, Test};

/// Places shown with one finding; the rest is more of the same.
const EVIDENCE: usize = 12;

/// Facts kept of one leaf: more than are ever shown, and a bound for hostile input.
const KEPT: usize = 256;

/// A rule that is true, and the facts that make it so: the primary one first, then in the order of its tree.
#[derive(Clone, Debug)]
pub struct Match<'s> {
    /// The rule.
    pub rule: &'s Rule,
    /// What it stands on.
    pub facts: Vec<&'s Fact>,
}

/// Facts by kind, and by kind and value.
#[derive(Default)]
struct View<'f> {
    kinds: HashMap<&'static str, Vec<&'f Fact>>,
    values: HashMap<&'static str, HashMap<&'f str, Vec<&'f Fact>>>,
}

impl<'f> View<'f> {
    fn of(facts: impl IntoIterator<Item = &'f Fact>) -> View<'f> {
        let mut view = View::default();
        for fact in facts {
            view.kinds.entry(fact.kind.name).or_default().push(fact);
            view.values.entry(fact.kind.name).or_default().entry(fact.value.as_str()).or_default().push(fact);
        }
        view
    }

    fn kind(&self, name: &'static str) -> &[&'f Fact] {
        self.kinds.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Where the facts of a tree may lie.
enum Lens<'f> {
    Anywhere,
    /// One flow, and the files that it passes.
    Flow(&'f Fact, BTreeSet<&'f str>),
}

impl<'f> Lens<'f> {
    fn flow(flow: &'f Fact) -> Lens<'f> {
        let files = flow.steps.iter().map(|step| step.file.as_str()).chain(flow.place.file.as_deref());
        Lens::Flow(flow, files.collect())
    }

    fn admits(&self, fact: &Fact) -> bool {
        match self {
            Lens::Anywhere => true,
            Lens::Flow(flow, _) if fact.kind.name == flow.kind.name => std::ptr::eq(*flow, fact),
            Lens::Flow(_, files) => fact.place.file.as_deref().is_some_and(|file| files.contains(file)),
        }
    }
}

/// Evaluates rules over one set of facts. `rules` must be in an order in which what a rule needs comes before it.
pub(super) struct Evaluation<'f> {
    whole: View<'f>,
    files: Option<Vec<View<'f>>>,
    worlds: Option<Vec<View<'f>>>,
    done: HashMap<&'f str, Option<Vec<&'f Fact>>>,
}

impl<'f> Evaluation<'f> {
    pub fn new(facts: &'f FactSet) -> Evaluation<'f> {
        Evaluation { whole: View::of(facts.iter()), files: None, worlds: None, done: HashMap::new() }
    }

    /// Whether a rule is true, and on what it stands. Remembered for the rules that build on it.
    pub fn rule(&mut self, rule: &'f Rule, target: Scope) -> Option<Vec<&'f Fact>> {
        let mut found: Option<Vec<&'f Fact>> = None;
        for scope in rule.scopes.iter().filter(|scope| scope.target() == target) {
            if let Some(facts) = self.scope(rule, *scope) {
                found.get_or_insert_default().extend(facts);
            }
        }
        let found = found.map(unique);
        self.done.insert(rule.id.as_str(), found.clone());
        found
    }

    fn scope(&mut self, rule: &'f Rule, scope: Scope) -> Option<Vec<&'f Fact>> {
        let condition = &rule.condition;
        match scope {
            Scope::Extension | Scope::Profile | Scope::Machine => test(condition, &self.whole, &Lens::Anywhere, &self.done),
            Scope::File | Scope::World => {
                let whole = &self.whole;
                let groups = match scope {
                    Scope::File => self.files.get_or_insert_with(|| grouped(whole, |fact| fact.place.file.as_deref())),
                    _ => self.worlds.get_or_insert_with(|| grouped(whole, |fact| fact.field("world"))),
                };
                let kinds = rule.kinds();
                let near = |view: &&View<'f>| kinds.iter().any(|kind| !view.kind(kind.name).is_empty());
                let found: Vec<_> =
                    groups.iter().filter(near).filter_map(|view| test(condition, view, &Lens::Anywhere, &self.done)).collect();
                joined(found)
            }
            Scope::Flow => {
                let flows = self.whole.kind("flow");
                let found = flows.iter().filter_map(|flow| test(condition, &self.whole, &Lens::flow(flow), &self.done));
                joined(found.collect())
            }
        }
    }
}

fn grouped<'f>(whole: &View<'f>, key: impl Fn(&'f Fact) -> Option<&'f str>) -> Vec<View<'f>> {
    let mut groups: BTreeMap<&str, Vec<&'f Fact>> = BTreeMap::new();
    let mut kinds: Vec<_> = whole.kinds.iter().collect();
    kinds.sort_by_key(|(name, _)| **name);
    for fact in kinds.into_iter().flat_map(|(_, facts)| facts.iter().copied()) {
        if let Some(key) = key(fact) {
            groups.entry(key).or_default().push(fact);
        }
    }
    groups.into_values().map(View::of).collect()
}

fn joined(found: Vec<Vec<&Fact>>) -> Option<Vec<&Fact>> {
    (!found.is_empty()).then(|| found.concat())
}

/// Each fact once, in the order of first mention.
fn unique(facts: Vec<&Fact>) -> Vec<&Fact> {
    let mut seen = BTreeSet::new();
    facts.into_iter().filter(|fact| seen.insert(std::ptr::from_ref(*fact))).collect()
}

fn test<'f>(
    condition: &Condition,
    view: &View<'f>,
    lens: &Lens<'f>,
    done: &HashMap<&'f str, Option<Vec<&'f Fact>>>,
) -> Option<Vec<&'f Fact>> {
    let parts = |parts: &[Condition]| parts.iter().map(|part| test(part, view, lens, done)).collect::<Vec<_>>();
    match condition {
        Condition::All(list) => {
            let mut facts = Vec::new();
            for part in list {
                facts.extend(test(part, view, lens, done)?);
            }
            Some(facts)
        }
        Condition::Any(list) => joined(parts(list).into_iter().flatten().collect()),
        Condition::Not(part) => test(part, view, lens, done).is_none().then(Vec::new),
        Condition::AtLeast(count, list) => {
            let found: Vec<_> = parts(list).into_iter().flatten().collect();
            (found.len() >= *count).then(|| found.concat())
        }
        Condition::Fact(wanted) => leaf(wanted, view, lens),
        Condition::Rule { id, .. } => done.get(id.as_str()).cloned().flatten(),
    }
}

fn leaf<'f>(wanted: &FactTest, view: &View<'f>, lens: &Lens<'f>) -> Option<Vec<&'f Fact>> {
    let name = wanted.kind.name;
    let exact = wanted.value.iter().find_map(|test| match test {
        Test::OneOf(words) => Some(words),
        _ => None,
    });
    let candidates: Box<dyn Iterator<Item = &'f Fact> + '_> = match exact {
        Some(words) => {
            let values = view.values.get(name);
            let found = words.iter().filter_map(move |word| values?.get(word.as_str()));
            Box::new(found.flatten().copied())
        }
        None => Box::new(view.kind(name).iter().copied()),
    };
    let mut facts = Vec::new();
    let mut distinct = BTreeSet::new();
    for fact in candidates.filter(|fact| lens.admits(fact) && holds(wanted, fact)) {
        if wanted.count > 1 {
            let counted = match &wanted.distinct {
                Some(field) => field_of(fact, field).unwrap_or_default(),
                None => fact.value.as_str(),
            };
            distinct.insert(counted);
        }
        if facts.len() < KEPT {
            facts.push(fact);
        }
    }
    let enough = !facts.is_empty() && (wanted.count <= 1 || distinct.len() >= wanted.count);
    enough.then_some(facts)
}

fn holds(wanted: &FactTest, fact: &Fact) -> bool {
    wanted.value.iter().all(|test| test.passes(Some(&fact.value)))
        && wanted.fields.iter().all(|(name, tests)| {
            let value = field_of(fact, name);
            tests.iter().all(|test| test.passes(value))
        })
}

/// A declared field, or one that every fact has.
fn field_of<'f>(fact: &'f Fact, name: &str) -> Option<&'f str> {
    match fact.field(name) {
        None if name == "file" => fact.place.file.as_deref(),
        found => found,
    }
}

/// Turns matches into findings. `resolve` works out line, column and excerpt of a place.
pub fn findings(matches: &[Match<'_>], resolve: &dyn Fn(&Place) -> Evidence) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for found in matches.iter().filter(|found| !found.rule.hidden) {
        match &found.rule.family {
            Some(FamilyName::Field(field)) => {
                let mut families: BTreeMap<Option<&str>, Vec<&Fact>> = BTreeMap::new();
                for fact in &found.facts {
                    families.entry(fact.field(field).filter(|name| !name.is_empty())).or_default().push(fact);
                }
                findings.extend(
                    families.into_iter().map(|(family, facts)| finding(found.rule, family.map(str::to_owned), &facts, resolve)),
                );
            }
            Some(FamilyName::Fixed(name)) => findings.push(finding(found.rule, Some(name.clone()), &found.facts, resolve)),
            None => findings.push(finding(found.rule, None, &found.facts, resolve)),
        }
    }
    findings.sort_by(|left, right| {
        let rank = |finding: &Finding| (finding.verdict, finding.severity, finding.confidence);
        rank(right).cmp(&rank(left)).then_with(|| (&left.rule, &left.family).cmp(&(&right.rule, &right.family)))
    });
    findings
}

fn finding(rule: &Rule, family: Option<String>, facts: &[&Fact], resolve: &dyn Fn(&Place) -> Evidence) -> Finding {
    let mut evidence: Vec<Evidence> = Vec::new();
    for fact in facts {
        if evidence.len() >= EVIDENCE {
            break;
        }
        let mut shown = resolve(&fact.place);
        if shown.excerpt.is_none() {
            shown.excerpt = Some(said(fact));
        }
        if !evidence.contains(&shown) {
            evidence.push(shown);
        }
    }
    let flow = facts.iter().find(|fact| !fact.steps.is_empty()).map(|fact| fact.steps.clone()).unwrap_or_default();
    Finding {
        rule: rule.id.clone(),
        title: rule.text.title.clone(),
        severity: rule.severity,
        confidence: rule.confidence,
        leg: rule.leg,
        grounds: grounds(rule, facts),
        family,
        attack: rule.attack.clone(),
        why: rule.text.why.clone(),
        verdict: rule.verdict,
        exposed_since: None,
        evidence,
        flow,
        remediation: rule.text.remediation.clone(),
    }
}

/// A fact in a few words, for places that have no text of their own.
fn said(fact: &Fact) -> String {
    let value: String = fact.value.chars().take(160).collect();
    if let ("indicator", Some(source)) = (fact.kind.name, fact.field("source").filter(|source| !source.is_empty())) {
        return format!("{value} (listed by {source})");
    }
    if value.is_empty() { fact.kind.name.to_owned() } else { format!("{}: {value}", fact.kind.name) }
}

fn grounds(rule: &Rule, facts: &[&Fact]) -> Grounds {
    let mut grounds = Grounds { theft: rule.theft, ..Grounds::default() };
    grounds.emulated = facts.iter().any(|fact| fact.kind.name == "flow" && fact.field("via") == Some("emulated"));
    let listed: Vec<_> = facts.iter().filter(|fact| fact.kind.name == "indicator").collect();
    // Only what still holds counts; remediated is said where nothing else is left.
    let current = |fact: &&&&Fact| fact.field("remediated") != Some("yes");
    grounds.remediated = !listed.is_empty() && listed.iter().all(|fact| !current(&fact));
    grounds.listed = listed
        .iter()
        .filter(|fact| grounds.remediated || current(fact))
        .map(|fact| match fact.field("strength") {
            Some("alone") => Listed::Alone,
            Some("corroborate") => Listed::Corroborate,
            _ => Listed::Context,
        })
        .max();
    grounds
}
