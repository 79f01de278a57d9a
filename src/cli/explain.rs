//! `crxhound explain`: what a rule or a family is, why it matters, who trips it in innocence, what to do.

use std::fmt::Write as _;

use anyhow::bail;
use serde_json::json;

use super::args::ExplainArgs;
use super::exit::Exit;
use super::options::Common;
use super::{folder, output};
use crate::model::ExtensionId;
use crate::report::json as report_json;
use crate::report::text::{plain, wrap};
use crate::rules::{Family, Rule, RuleSet};

/// Columns of prose.
const WIDTH: usize = 96;

/// Explains one id, or lists all.
pub fn run(args: ExplainArgs, common: &Common) -> anyhow::Result<Exit> {
    let set = RuleSet::with(&folder::signatures(&args.signatures)?).map_err(anyhow::Error::msg)?;
    let as_json = args.json.unwrap_or_default();
    let text = match &args.id {
        None if as_json => document(&set.rules().iter().filter(|rule| !rule.hidden).map(rule_json).collect::<Vec<_>>())?,
        None => table(&set, common),
        Some(id) => match (set.rule(id), set.family(id)) {
            (Some(rule), _) if as_json => document(&rule_json(rule))?,
            (Some(rule), _) => rule_page(rule, common),
            (None, Some(family)) => family_page(family, &set, common),
            (None, None) => bail!("{}", unknown(id, &set)),
        },
    };
    output::to_stdout(text.as_bytes(), as_json, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(Exit::Clean)
}

/// What would work instead of an id that is none.
fn unknown(id: &str, set: &RuleSet) -> String {
    if ExtensionId::parse(id).is_some() {
        return format!("{id} is an extension's id; crxhound scan --explain {id} shows that extension in full");
    }
    let near = set.nearest(id).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    format!("\"{id}\" is neither a rule nor a family{near} (crxhound explain lists all)")
}

fn document<T: serde::Serialize>(value: &T) -> anyhow::Result<String> {
    let mut text = Vec::new();
    report_json::document(value, &mut text)?;
    Ok(String::from_utf8(text)?)
}

fn rule_json(rule: &Rule) -> serde_json::Value {
    json!({
        "id": rule.id, "title": rule.text.title, "why": rule.text.why, "leg": rule.leg, "severity": rule.severity,
        "confidence": rule.confidence, "verdict": rule.verdict, "attack": rule.attack, "benign": rule.benign,
        "remediation": rule.text.remediation, "references": rule.references, "file": rule.origin.path(),
    })
}

/// All rules, by leg and then by id.
fn table(set: &RuleSet, common: &Common) -> String {
    let lang = common.lang.code();
    let mut rules: Vec<&Rule> = set.rules().iter().filter(|rule| !rule.hidden).collect();
    rules.sort_by(|a, b| (a.leg, &a.id).cmp(&(b.leg, &b.id)));
    let widest = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut leg = None;
    for rule in rules {
        if leg != Some(rule.leg) {
            let gap = if leg.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{gap}{}", rule.leg.as_str());
            leg = Some(rule.leg);
        }
        let severity = rule.severity.as_str();
        let _ = writeln!(text, "  {:widest$}  {severity:8}  {}", plain(&rule.id), plain(&rule.text(lang).title));
    }
    if !set.families().is_empty() {
        let _ = writeln!(text, "\nfamilies");
        for family in set.families() {
            let _ = writeln!(text, "  {:widest$}  {}", plain(&family.id), plain(&family.name));
        }
    }
    text
}

fn rule_page(rule: &Rule, common: &Common) -> String {
    let words = common.lang.words();
    let said = rule.text(common.lang.code());
    let mut page = Page::default();
    page.line(&format!("{}  ({})", said.title, rule.id));
    page.line(&words.fill(
        "explain.rule_head",
        &[
            ("severity", &words.get(&format!("severity.{}", rule.severity.as_str()))),
            ("confidence", &words.get(&format!("confidence.{}", rule.confidence.as_str()))),
            ("leg", &words.get(&format!("leg.{}", rule.leg.as_str()))),
            ("verdict", &crate::report::phrase::verdict(rule.verdict, words)),
        ],
    ));
    page.part(words.get("explain.why"), &said.why);
    page.part(words.get("explain.benign"), &rule.benign);
    page.part(words.get("explain.do"), &said.remediation);
    page.list("MITRE ATT&CK", &rule.attack);
    page.list(words.get("explain.sources"), &rule.references);
    page.part(words.get("explain.file"), rule.origin.path());
    page.text
}

fn family_page(family: &Family, set: &RuleSet, common: &Common) -> String {
    let words = common.lang.words();
    let mut page = Page::default();
    page.line(&family.name);
    if !family.aliases.is_empty() {
        page.line(&family.aliases.join(", "));
    }
    page.line(&words.fill("explain.family_head", &[("actor", &family.actor), ("since", &family.since)]));
    page.text.push('\n');
    page.prose(family.about(common.lang.code()));
    let rules: Vec<String> = set
        .rules()
        .iter()
        .filter(|rule| matches!(&rule.family, Some(crate::rules::rule::FamilyName::Fixed(name)) if *name == family.name))
        .map(|rule| format!("{}: {}", rule.id, rule.text(common.lang.code()).title))
        .collect();
    page.list(words.get("explain.rules"), &rules);
    page.list("MITRE ATT&CK", &family.attack);
    page.list(words.get("explain.sources"), &family.references);
    page.text
}

/// A page of prose.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{}", plain(text));
    }

    fn prose(&mut self, text: &str) {
        for paragraph in text.split("\n\n") {
            for line in wrap(&plain(&paragraph.replace('\n', " ")), WIDTH) {
                let _ = writeln!(self.text, "  {line}");
            }
        }
    }

    fn part(&mut self, title: &str, text: &str) {
        if !text.trim().is_empty() {
            let _ = writeln!(self.text, "\n{title}");
            self.prose(text);
        }
    }

    fn list(&mut self, title: &str, items: &[String]) {
        if !items.is_empty() {
            let _ = writeln!(self.text, "\n{title}");
            for item in items {
                let _ = writeln!(self.text, "  {}", plain(item));
            }
        }
    }
}
