//! Reading the `[match]` tree and the facts of cases, checked against the vocabulary.

use regex::RegexBuilder;
use toml::de::DeValue;

use crate::extract::{Fact, FactKind, Place, Via};
use crate::finding::Step;
use crate::model::host::STRANGERS;

use super::reader::{Node, Source, Table};
use super::rule::{Condition, FactTest, Test};

/// Fields that every fact has beside those that its kind declares.
pub(super) const COMMON_FIELDS: &[&str] = &["via", "file"];

/// Words that stand for several values of a field.
const GROUPS: &[(&str, &[&str])] = &[("stranger", STRANGERS)];

/// The tests of a value, by their key.
const TESTS: &[&str] = &["is", "one_of", "none_of", "matches", "unlike", "starts_with", "ends_with", "contains", "min", "max"];

/// Reads trees against a vocabulary.
pub(super) struct Trees<'v> {
    /// Every kind of fact that a rule may ask for.
    pub vocabulary: &'v [&'static FactKind],
}

impl Trees<'_> {
    /// A condition: exactly one of `all`, `any`, `not`, `at_least` with `of`, `fact`, `rule`.
    pub fn condition<'t>(&self, node: &Node<'t>, source: &mut Source<'t>) -> Option<Condition> {
        let mut table = source.table(node)?;
        let heads = ["all", "any", "not", "at_least", "fact", "rule"];
        let found: Vec<_> = heads.into_iter().filter(|head| table.has(head)).collect();
        let [head] = found.as_slice() else {
            let message = match found.as_slice() {
                [] => "a condition has one of: all, any, not, at_least, fact, rule".to_owned(),
                many => format!("a condition has only one of: {}", many.join(", ")),
            };
            source.say(node.span(), message);
            return None;
        };
        let condition = match *head {
            "all" => table.take("all").and_then(|list| self.parts(list, source)).map(Condition::All),
            "any" => table.take("any").and_then(|list| self.parts(list, source)).map(Condition::Any),
            "not" => {
                let part = table.take("not").and_then(|part| self.condition(part, source));
                part.map(|part| Condition::Not(Box::new(part)))
            }
            "at_least" => self.at_least(&mut table, source),
            "fact" => self.leaf(&mut table, source).map(Condition::Fact),
            _ => {
                let node = table.take("rule");
                node.and_then(|node| Some(Condition::Rule { id: source.string(node)?, span: node.span() }))
            }
        };
        table.finish(source);
        condition
    }

    fn parts<'t>(&self, node: &Node<'t>, source: &mut Source<'t>) -> Option<Vec<Condition>> {
        let list = source.list(node)?;
        if list.is_empty() {
            source.say(node.span(), "an empty list says nothing");
            return None;
        }
        let parts: Vec<_> = list.iter().map(|part| self.condition(part, source)).collect();
        parts.into_iter().collect()
    }

    fn at_least<'t>(&self, table: &mut Table<'_, 't>, source: &mut Source<'t>) -> Option<Condition> {
        let count = table.take("at_least").and_then(|node| source.count(node).map(|count| (count, node.span())));
        let parts = table.need("of", source).and_then(|list| self.parts(list, source));
        let ((count, span), parts) = (count?, parts?);
        if count > parts.len() {
            source.say(span, format!("at least {count} of {} can never be", parts.len()));
            return None;
        }
        Some(Condition::AtLeast(count, parts))
    }

    /// A kind of fact by name, or a mistake that names the nearest.
    fn kind<'t>(&self, node: &Node<'t>, source: &mut Source<'t>) -> Option<&'static FactKind> {
        let name = source.string(node)?;
        let found = self.vocabulary.iter().copied().find(|kind| kind.name == name);
        if found.is_none() {
            let mistake = source.mistake(node.span(), format!("unknown fact \"{name}\""));
            source.mistakes.push(mistake.nearest(&name, self.vocabulary.iter().map(|kind| kind.name)));
        }
        found
    }

    fn leaf<'t>(&self, table: &mut Table<'_, 't>, source: &mut Source<'t>) -> Option<FactTest> {
        let kind = table.take("fact").and_then(|node| self.kind(node, source));
        let value = tests(table, source);
        let mut fields = Vec::new();
        if let Some(node) = table.take("where")
            && let Some(inner) = source.table(node)
        {
            for (name, span, node) in inner.rest() {
                if let Some(kind) = kind {
                    known_field(kind, name, span, source);
                }
                fields.push((name.to_owned(), field_tests(node, source)));
            }
        }
        let count = table.take("count").and_then(|node| source.count(node)).unwrap_or(1);
        let distinct = table.take("distinct").and_then(|node| Some((source.string(node)?, node.span())));
        let kind = kind?;
        if let Some((name, span)) = &distinct {
            known_field(kind, name, span.clone(), source);
        }
        Some(FactTest { kind, value, fields, count, distinct: distinct.map(|(name, _)| name) })
    }

    /// A fact of a case: `fact`, `value`, declared fields, and where it was read.
    pub fn fact<'t>(&self, node: &Node<'t>, source: &mut Source<'t>) -> Option<Fact> {
        let mut table = source.table(node)?;
        let kind = table.need("fact", source).and_then(|node| self.kind(node, source));
        let value = table.take("value").and_then(|node| plain(node, source)).unwrap_or_default();
        let mut place = Place::default();
        let mut fact_via = Via::Literal;
        if let Some(node) = table.take("via") {
            let words = [Via::Literal, Via::Decoded, Via::Emulated, Via::Policy].map(|via| (via.as_str(), via));
            fact_via = super::reader::word(node, &words, source).unwrap_or_default();
        }
        let steps = table.strings("through", source);
        let steps =
            steps.into_iter().map(|file| Step { file, line: 1, what: "passes".to_owned(), world: String::new() }).collect();
        let kind = kind?;
        let mut fact = Fact::new(kind, value).via(fact_via).steps(steps);
        for (name, span, node) in table.rest() {
            let text = plain(node, source);
            if name == "file" {
                place.file.clone_from(&text);
            }
            if let Some(field) = kind.fields.iter().find(|field| field.name == name) {
                fact.fields.extend(text.map(|text| (field.name, text)));
            } else if name != "file" {
                known_field(kind, name, span, source);
            }
        }
        Some(fact.at(place))
    }
}

/// A text, number or yes/no as the text that facts hold.
fn plain<'t>(node: &Node<'t>, source: &mut Source<'t>) -> Option<String> {
    match node.get_ref() {
        DeValue::Boolean(value) => Some(if *value { "yes" } else { "no" }.to_owned()),
        DeValue::Integer(value) => Some(value.to_string()),
        DeValue::Float(value) => Some(value.to_string()),
        _ => source.string(node),
    }
}

fn known_field(kind: &FactKind, name: &str, span: std::ops::Range<usize>, source: &mut Source<'_>) {
    let known = || kind.fields.iter().map(|field| field.name).chain(COMMON_FIELDS.iter().copied());
    if known().all(|field| field != name) {
        let mistake = source.mistake(span, format!("\"{}\" has no field \"{name}\"", kind.name));
        source.mistakes.push(mistake.nearest(name, known()));
    }
}

/// The tests of a field: a text, a list of texts, or a table of tests.
fn field_tests<'t>(node: &Node<'t>, source: &mut Source<'t>) -> Vec<Test> {
    match node.get_ref() {
        DeValue::Table(_) => {
            let Some(mut table) = source.table(node) else { return Vec::new() };
            let found = tests(&mut table, source);
            if found.is_empty() {
                source.say(node.span(), format!("a test is wanted here: {}", TESTS.join(", ")));
            }
            table.finish(source);
            found
        }
        DeValue::Array(_) => vec![Test::OneOf(written_out(source.strings(node)))],
        _ => plain(node, source).map(|text| Test::OneOf(written_out(vec![text]))).into_iter().collect(),
    }
}

/// Values with the words for several of them written out.
fn written_out(values: Vec<String>) -> Vec<String> {
    let group = |value: &str| GROUPS.iter().find(|(word, _)| *word == value).map(|(_, values)| values.iter());
    let one =
        |value: String| group(&value).map_or_else(|| vec![value], |values| values.map(|&value| value.to_owned()).collect());
    values.into_iter().flat_map(one).collect()
}

/// The tests that stand in a table.
fn tests<'t>(table: &mut Table<'_, 't>, source: &mut Source<'t>) -> Vec<Test> {
    let mut found = Vec::new();
    for key in TESTS {
        let Some(node) = table.take(key) else { continue };
        let test = match *key {
            "is" => plain(node, source).map(|text| Test::OneOf(vec![text])),
            "one_of" => Some(Test::OneOf(written_out(source.strings(node)))),
            "none_of" => Some(Test::NoneOf(written_out(source.strings(node)))),
            "matches" => regex(node, source).map(Test::Matches),
            "unlike" => regex(node, source).map(Test::Unlike),
            "starts_with" => source.string(node).map(Test::StartsWith),
            "ends_with" => source.string(node).map(Test::EndsWith),
            "contains" => source.string(node).map(Test::Contains),
            "min" => source.number(node).map(Test::Min),
            _ => source.number(node).map(Test::Max),
        };
        found.extend(test);
    }
    found
}

fn regex<'t>(node: &Node<'t>, source: &mut Source<'t>) -> Option<regex::Regex> {
    let pattern = source.string(node)?;
    match RegexBuilder::new(&pattern).size_limit(1 << 20).build() {
        Ok(regex) => Some(regex),
        Err(error) => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or("not understood").trim_start_matches("error: ");
            source.say(node.span(), format!("not a regular expression: {reason}"));
            None
        }
    }
}
