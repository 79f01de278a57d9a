//! A whole set of rules: the built-in ones, those of the user, and the order in which they build on each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::builtin;
use crate::extract::{FactKind, FactSet, Place, vocabulary};
use crate::finding::{Evidence, Finding};
use crate::model::hash::Hasher;

use super::diagnostic::{Diagnostic, nearest};
use super::eval::{Evaluation, Match, findings};
use super::pack::Pack;
use super::parse;
use super::rule::{Condition, Family, Origin, Rule, Scope};

/// The day of the built-in signatures, as written in `signatures/DATE`.
pub fn signatures_date() -> &'static str {
    builtin::signature("DATE").unwrap_or_default().trim()
}

/// Signatures that a person brings along.
#[derive(Clone, Debug, Default)]
pub struct Additions {
    /// Files beside the built-in ones: whole path, and text.
    pub files: Vec<(String, String)>,
    /// Signed packs. What has the path of a built-in file, or of one in an older pack, takes its place.
    pub packs: Vec<Pack>,
}

impl Additions {
    /// The built-in files as the packs leave them, by path.
    pub fn base(&self) -> BTreeMap<&str, (Origin, &str)> {
        let mut base: BTreeMap<&str, (Origin, &str)> =
            builtin::signatures().map(|(path, text)| (path, (Origin::BuiltIn(path.to_owned()), text))).collect();
        let mut packs: Vec<&Pack> = self.packs.iter().collect();
        packs.sort_by_key(|pack| &pack.date);
        for pack in packs {
            let origin = |path: &str| Origin::User(format!("{}/{path}", pack.name));
            base.extend(pack.files.iter().map(|(path, text)| (path.as_str(), (origin(path), text.as_str()))));
        }
        base
    }

    /// The day of the newest signatures.
    pub fn date(&self) -> &str {
        self.packs.iter().map(|pack| pack.date.as_str()).chain([signatures_date()]).max().unwrap_or_default()
    }
}

/// Everything that is wrong with a set of rules.
#[derive(Clone, Debug)]
pub struct LoadError {
    /// In order of file and line.
    pub mistakes: Vec<Diagnostic>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.mistakes.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}

/// Rules that fit each other, in an order in which what a rule needs comes before it.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    families: Vec<Family>,
    hash: String,
    date: String,
}

impl RuleSet {
    /// The rules that are compiled in.
    pub fn builtin() -> Result<RuleSet, LoadError> {
        RuleSet::with(&Additions::default())
    }

    /// The built-in rules and those of the user.
    pub fn with(additions: &Additions) -> Result<RuleSet, LoadError> {
        let user = additions.files.iter().map(|(path, text)| (Origin::User(path.clone()), text.as_str()));
        let set = RuleSet::load(additions.base().into_values().chain(user), &vocabulary())?;
        Ok(RuleSet { date: additions.date().to_owned(), ..set })
    }

    /// Rules out of files, checked against a vocabulary. Files whose name does not end in `.toml` only count for the hash.
    pub fn load<'t>(
        files: impl IntoIterator<Item = (Origin, &'t str)>,
        vocabulary: &[&'static FactKind],
    ) -> Result<RuleSet, LoadError> {
        let mut mistakes = Vec::new();
        let mut rules: Vec<(Rule, &str)> = Vec::new();
        let mut families = Vec::new();
        let mut hash = Hasher::new();
        for (origin, text) in files {
            let path = origin.path().replace('\\', "/");
            for part in [path.as_str(), text] {
                hash.update(&(part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
            if path.ends_with("/family.toml") {
                parse::family(origin, text).map_or_else(|wrong| mistakes.extend(wrong), |family| families.push(family));
            } else if path.ends_with(".toml") {
                parse::rule(origin, text, vocabulary)
                    .map_or_else(|wrong| mistakes.extend(wrong), |rule| rules.push((rule, text)));
            }
        }
        mistakes.extend(clashes(&rules));
        let order = order(&rules).unwrap_or_else(|wrong| {
            // What a broken file would have brought is not missed as well.
            mistakes.extend(wrong.into_iter().filter(|_| mistakes.is_empty()).collect::<Vec<_>>());
            Vec::new()
        });
        if !mistakes.is_empty() {
            mistakes.sort_by(|left, right| (&left.file, left.line, left.column).cmp(&(&right.file, right.line, right.column)));
            return Err(LoadError { mistakes });
        }
        let mut places: Vec<Option<Rule>> = rules.into_iter().map(|(rule, _)| Some(rule)).collect();
        let rules = order.into_iter().filter_map(|at| places.get_mut(at).and_then(Option::take)).collect();
        families.sort_by(|left: &Family, right| left.id.cmp(&right.id));
        let hash = hash.hex().chars().take(12).collect();
        Ok(RuleSet { rules, families, hash, date: signatures_date().to_owned() })
    }

    /// All rules, building blocks included, in order of evaluation.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// All families, in order of id.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// A rule by id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// A family by id, name or other name; case does not matter.
    pub fn family(&self, name: &str) -> Option<&Family> {
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        self.families
            .iter()
            .find(|family| same(&family.id) || same(&family.name) || family.aliases.iter().any(|alias| same(alias)))
    }

    /// The id of a rule or family nearest to a word that is none.
    pub fn nearest(&self, word: &str) -> Option<&str> {
        let families = self.families.iter().flat_map(|family| [family.id.as_str(), family.name.as_str()]);
        nearest(word, self.rules.iter().map(|rule| rule.id.as_str()).chain(families))
    }

    /// A short hash over everything that was loaded: `tool.signatures` of a report.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The day of the newest signatures of the set: `tool.signatures_date` of a report.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// The rules that are true of these facts. `target` says what the facts are of: an extension, a profile or the machine.
    pub fn evaluate<'s>(&'s self, facts: &'s FactSet, target: Scope) -> Vec<Match<'s>> {
        let mut evaluation = Evaluation::new(facts);
        let mut matches = Vec::new();
        for rule in &self.rules {
            if let Some(facts) = evaluation.rule(rule, target.target()) {
                matches.push(Match { rule, facts });
            }
        }
        matches
    }

    /// The findings about these facts: [`RuleSet::evaluate`] and [`findings`] in one.
    pub fn findings(&self, facts: &FactSet, target: Scope, resolve: &dyn Fn(&Place) -> Evidence) -> Vec<Finding> {
        findings(&self.evaluate(facts, target), resolve)
    }
}

/// Ids that two files claim.
fn clashes(rules: &[(Rule, &str)]) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<&str, &Rule> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for (rule, text) in rules {
        if let Some(first) = seen.get(rule.id.as_str()) {
            let at = text.find(&rule.id).unwrap_or(0);
            let message = format!("the id \"{}\" is taken", rule.id);
            let mistake = Diagnostic::new(rule.origin.path(), text, at..at + rule.id.len(), message);
            mistakes.push(mistake.help(format!("{} has it", first.origin.path())));
        } else {
            seen.insert(&rule.id, rule);
        }
    }
    mistakes
}

/// An order in which what a rule needs comes before it; unknown ids and circles are mistakes.
fn order(rules: &[(Rule, &str)]) -> Result<Vec<usize>, Vec<Diagnostic>> {
    let index: BTreeMap<&str, usize> = rules.iter().enumerate().map(|(at, (rule, _))| (rule.id.as_str(), at)).collect();
    let mut mistakes = Vec::new();
    let mut waiting: Vec<BTreeSet<usize>> = Vec::new();
    for (rule, text) in rules {
        let mut needs = BTreeSet::new();
        rule.condition.visit(&mut |condition| {
            let Condition::Rule { id, span } = condition else { return };
            match index.get(id.as_str()) {
                Some(at) => {
                    needs.insert(*at);
                }
                None => {
                    let mistake = Diagnostic::new(rule.origin.path(), text, span.clone(), format!("unknown rule \"{id}\""));
                    mistakes.push(mistake.nearest(id, index.keys().copied()));
                }
            }
        });
        waiting.push(needs);
    }
    // By id, so that the order of evaluation does not depend on the order of files.
    let mut open: BTreeMap<&str, usize> = index.clone();
    let mut order: Vec<usize> = Vec::new();
    let mut placed = BTreeSet::new();
    while !open.is_empty() {
        let ready: Vec<(&str, usize)> = open
            .iter()
            .filter(|(_, at)| waiting.get(**at).is_some_and(|needs| needs.is_subset(&placed)))
            .map(|(id, at)| (*id, *at))
            .collect();
        if ready.is_empty() {
            let ids: Vec<_> = open.keys().copied().collect();
            if let Some((rule, text)) = open.values().next().and_then(|at| rules.get(*at)) {
                let message = format!("rules build on each other in a circle: {}", ids.join(", "));
                mistakes.push(Diagnostic::new(rule.origin.path(), text, 0..0, message));
            }
            break;
        }
        for (id, at) in ready {
            open.remove(id);
            placed.insert(at);
            order.push(at);
        }
    }
    if mistakes.is_empty() { Ok(order) } else { Err(mistakes) }
}
