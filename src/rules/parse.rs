//! From the text of a rule file to a [`Rule`], or to everything that is wrong with it.

use std::collections::BTreeMap;

use toml::de::DeValue;

use crate::extract::FactKind;
use crate::finding::{Confidence, Leg, Severity, Verdict};

use super::diagnostic::Diagnostic;
use super::reader::{Node, Source, Table, word};
use super::rule::{Case, CaseInstall, Condition, Expect, Family, FamilyName, Origin, Rule, Scope, Text};
use super::tree::Trees;

/// Languages that a built-in rule must speak beside English.
pub const LANGUAGES: &[&str] = &["de", "ko"];

const LEGS: &[(&str, Leg)] = &[
    ("indicator", Leg::Indicator),
    ("skeleton", Leg::Skeleton),
    ("behaviour", Leg::Behaviour),
    ("install", Leg::Install),
    ("concealment", Leg::Concealment),
    ("exposure", Leg::Exposure),
];
const SEVERITIES: &[(&str, Severity)] = &[
    ("info", Severity::Info),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];
const CONFIDENCES: &[(&str, Confidence)] =
    &[("low", Confidence::Low), ("medium", Confidence::Medium), ("high", Confidence::High)];
const VERDICTS: &[(&str, Verdict)] =
    &[("ok", Verdict::Ok), ("review", Verdict::Review), ("suspicious", Verdict::Suspicious), ("malicious", Verdict::Malicious)];

/// Reads one rule file. `origin` names it; the rule's id must be the file's name.
pub fn rule(origin: Origin, text: &str, vocabulary: &[&'static FactKind]) -> Result<Rule, Vec<Diagnostic>> {
    let path = origin.path().to_owned();
    let mut source = Source::new(&path, text);
    let rule = source.document().map(|document| {
        let mut table = Table::new(&document, 0..0);
        let rule = read(&mut table, &mut source, origin, vocabulary);
        table.finish(&mut source);
        rule
    });
    finish(source, rule.flatten())
}

/// Reads a `family.toml`. `origin` names it; the family's id is its folder's name.
pub fn family(origin: Origin, text: &str) -> Result<Family, Vec<Diagnostic>> {
    let path = origin.path().to_owned();
    let mut source = Source::new(&path, text);
    let family = source.document().map(|document| {
        let mut table = Table::new(&document, 0..0);
        let mut about = BTreeMap::from([("en".to_owned(), table.need_text("about", &mut source))]);
        if let Some(node) = table.take("text")
            && let Some(mut languages) = source.table(node)
        {
            for language in LANGUAGES.iter().copied() {
                if let Some(mut inner) = languages.take(language).and_then(|node| source.table(node)) {
                    about.insert(language.to_owned(), inner.need_text("about", &mut source));
                    inner.finish(&mut source);
                }
            }
            languages.finish(&mut source);
        }
        missing_languages(&origin, |language| about.contains_key(language), &mut source);
        let id = path.rsplit('/').nth(1).unwrap_or_default().to_owned();
        let family = Family {
            id,
            name: table.need_text("name", &mut source),
            aliases: table.strings("aliases", &mut source),
            actor: table.text("actor", &mut source).unwrap_or_default(),
            since: table.text("since", &mut source).unwrap_or_default(),
            about,
            attack: attack(&mut table, &mut source),
            references: table.strings("references", &mut source),
            origin,
        };
        table.finish(&mut source);
        family
    });
    finish(source, family)
}

fn finish<T>(mut source: Source<'_>, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
    source.mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    match value {
        Some(value) if source.mistakes.is_empty() => Ok(value),
        _ => Err(source.mistakes),
    }
}

fn read<'t>(
    table: &mut Table<'_, 't>,
    source: &mut Source<'t>,
    origin: Origin,
    vocabulary: &[&'static FactKind],
) -> Option<Rule> {
    let trees = Trees { vocabulary };
    let id = id(table, source, &origin);
    let text = words(table, source);
    let translations = translations(table, source, &origin);
    let leg = table.need_word("leg", LEGS, source);
    let severity = table.need_word("severity", SEVERITIES, source);
    let confidence = table.need_word("confidence", CONFIDENCES, source);
    let family = family_name(table, source);
    let attack = attack(table, source);
    let scopes = scopes(table, source);
    let hidden = table.flag("hidden", source);
    let theft = table.flag("theft", source);
    let verdict = table.need_word("verdict", VERDICTS, source);
    let verdict_span = table.take("verdict").map(Node::span).unwrap_or_default();
    let benign = table.need_text("benign", source);
    let references = table.strings("references", source);
    let condition = table.need("match", source).and_then(|node| {
        let condition = trees.condition(node, source)?;
        if !stands_on_something(&condition) {
            source.say(node.span(), "this is true where nothing is stated: at least one part must be something that is so");
        }
        Some(condition)
    });
    let cases = cases(table, source, &trees);
    let (leg, verdict) = (leg?, verdict?);
    if leg == Leg::Exposure && verdict > Verdict::Review {
        source.say(verdict_span.clone(), "what an extension could do never passes \"review\"");
    }
    if theft && leg != Leg::Behaviour {
        source.say(verdict_span, "a theft is something that an extension does: \"theft\" goes with leg = \"behaviour\"");
    }
    Some(Rule {
        id,
        text,
        translations,
        leg,
        severity: severity?,
        confidence: confidence?,
        family,
        attack,
        scopes,
        verdict,
        theft,
        hidden,
        benign,
        references,
        condition: condition?,
        cases,
        origin,
    })
}

fn id<'t>(table: &mut Table<'_, 't>, source: &mut Source<'t>, origin: &Origin) -> String {
    let Some(node) = table.need("id", source) else { return String::new() };
    let id = source.string(node).unwrap_or_default();
    let kebab = |id: &str| {
        id.split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
    };
    let file = origin.path().rsplit(['/', '\\']).next().unwrap_or_default();
    if !kebab(&id) {
        source.say(node.span(), format!("\"{id}\" is not an id: lower-case words with hyphens are wanted"));
    } else if file.strip_suffix(".toml") != Some(id.as_str()) {
        source.say(node.span(), format!("the id is \"{id}\" but the file is {file}: they must be the same"));
    }
    id
}

fn words<'t>(table: &mut Table<'_, 't>, source: &mut Source<'t>) -> Text {
    let text = Text {
        title: table.need_text("title", source),
        why: table.need_text("why", source),
        remediation: table.need_text("remediation", source),
    };
    if text.title.chars().count() > 72
        && let Some(node) = table.take("title")
    {
        source.say(node.span(), "a title fits on a table row: 72 characters at most");
    }
    text
}

fn translations<'t>(table: &mut Table<'_, 't>, source: &mut Source<'t>, origin: &Origin) -> BTreeMap<String, Text> {
    let mut found = BTreeMap::new();
    if let Some(node) = table.take("text")
        && let Some(mut languages) = source.table(node)
    {
        for language in LANGUAGES.iter().copied() {
            if let Some(mut inner) = languages.take(language).and_then(|node| source.table(node)) {
                found.insert(language.to_owned(), words(&mut inner, source));
                inner.finish(source);
            }
        }
        languages.finish(source);
    }
    missing_languages(origin, |language| found.contains_key(language), source);
    found
}

/// A built-in rule speaks every language; one of the user may fall back to English.
fn missing_languages(origin: &Origin, has: impl Fn(&str) -> bool, source: &mut Source<'_>) {
    if let Origin::BuiltIn(_) = origin {
        for language in LANGUAGES.iter().filter(|language| !has(language)) {
            source.say(0..0, format!("[text.{language}] is missing: a built-in rule speaks every language"));
        }
    }
}

fn family_name<'t>(table: &mut Table<'_, 't>, source: &mut Source<'t>) -> Option<FamilyName> {
    let node = table.take("family")?;
    if !matches!(node.get_ref(), DeValue::Table(_)) {
        return source.string(node).map(FamilyName::Fixed);
    }
    let mut inner = source.table(node)?;
    let field = inner.need_text("field", source);
    inner.finish(source);
    Some(FamilyName::Field(field))
}

/// `T` and four digits, perhaps a dot and three more.
fn attack<'t>(table: &mut Table<'_, 't>, source: &mut Source<'t>) -> Vec<String> {
    let Some(node) = table.take("attack") else { return Vec::new() };
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let valid = |id: &str| {
        let Some(rest) = id.strip_prefix('T') else { return false };
        match rest.split_once('.') {
            Some((technique, part)) => digits(technique, 4) && digits(part, 3),
            None => digits(rest, 4),
        }
    };
    let Some(list) = source.list(node) else { return Vec::new() };
    let mut ids = Vec::new();
    for item in list {
        let Some(id) = source.string(item) else { continue };
        if !valid(&id) {
            source.say(item.span(), format!("\"{id}\" is not an ATT&CK technique: T1176 or T1176.001 is the form"));
        }
        ids.push(id);
    }
    ids
}

fn scopes<'t>(table: &mut Table<'_, 't>, source: &mut Source<'t>) -> Vec<Scope> {
    let Some(node) = table.take("scope") else { return vec![Scope::Extension] };
    let nodes = match node.get_ref() {
        DeValue::Array(values) => values.iter().collect(),
        _ => vec![node],
    };
    if nodes.is_empty() {
        source.say(node.span(), "an empty list says nothing");
    }
    nodes.into_iter().filter_map(|node| word(node, Scope::WORDS, source)).collect()
}

/// Whether a condition can only be true where something was stated.
fn stands_on_something(condition: &Condition) -> bool {
    match condition {
        Condition::Fact(_) | Condition::Rule { .. } => true,
        Condition::Not(_) => false,
        Condition::All(parts) => parts.iter().any(stands_on_something),
        Condition::Any(parts) => parts.iter().all(stands_on_something),
        Condition::AtLeast(count, parts) => parts.iter().filter(|part| !stands_on_something(part)).count() < *count,
    }
}

fn cases<'t>(table: &mut Table<'_, 't>, source: &mut Source<'t>, trees: &Trees<'_>) -> Vec<Case> {
    let Some(node) = table.take("case") else {
        source.mistakes.push(source.mistake(0..0, "no [[case]]: a rule proves itself").help(PROOF));
        return Vec::new();
    };
    let Some(list) = source.list(node) else { return Vec::new() };
    let cases: Vec<Case> = list.iter().filter_map(|node| case(node, source, trees)).collect();
    for (word, expect) in [("hit", Expect::Hit), ("clean", Expect::Clean)] {
        // A case that could not be read has been complained about already.
        if cases.len() == list.len() && cases.iter().all(|case| case.expect != expect) {
            source.mistakes.push(source.mistake(node.span(), format!("no case with expect = \"{word}\"")).help(PROOF));
        }
    }
    cases
}

const PROOF: &str = "a rule needs at least one case that it hits and one near miss that it does not";

fn case<'t>(node: &Node<'t>, source: &mut Source<'t>, trees: &Trees<'_>) -> Option<Case> {
    let mut table = source.table(node)?;
    let line = source.line(node.span().start);
    let name = table.need_text("name", source);
    let expect = table.need_word("expect", &[("hit", Expect::Hit), ("clean", Expect::Clean)], source);
    let mut facts = Vec::new();
    let stated = table.take("facts");
    if let Some(list) = stated.and_then(|node| source.list(node)) {
        facts.extend(list.iter().filter_map(|node| trees.fact(node, source)));
    }
    let manifest = table.text("manifest", source);
    let mut files = Vec::new();
    if let Some(inner) = table.take("files").and_then(|node| source.table(node)) {
        for (path, _, node) in inner.rest() {
            files.extend(source.string(node).map(|text| (path.to_owned(), text)));
        }
    }
    let package = table.text("package", source);
    let install = table.take("install").and_then(|node| install(node, source));
    table.finish(source);
    let case = Case { name, expect: expect?, facts, manifest, files, package, install, line };
    if stated.is_none() && !case.needs_extractors() {
        source.say(node.span(), "a case has an input: facts, manifest, files, package or install");
    }
    Some(case)
}

fn install<'t>(node: &Node<'t>, source: &mut Source<'t>) -> Option<CaseInstall> {
    let mut table = source.table(node)?;
    let install = CaseInstall {
        location: table.need_text("location", source),
        path: table.text("path", source),
        update_url: table.text("update_url", source),
        from_webstore: table.flag("from_webstore", source),
        granted: table.strings("granted", source),
        granted_hosts: table.strings("granted_hosts", source),
        id: table.text("id", source),
        content: table.text("content", source),
    };
    table.finish(source);
    Some(install)
}
