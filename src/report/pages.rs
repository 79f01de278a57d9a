//! A Markdown page for each rule and family, and an index: documentation made from the rules themselves, so that it cannot say
//! anything else than they do. `docs/rules/` is kept this way; a test compares it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::text::plain;
use crate::model::attack;
use crate::rules::rule::FamilyName;
use crate::rules::{Expect, Family, Rule, RuleSet};

/// The pages by file name. `README.md` is the index.
pub fn pages(set: &RuleSet) -> BTreeMap<String, String> {
    let shown: Vec<&Rule> = set.rules().iter().filter(|rule| !rule.hidden).collect();
    let mut pages: BTreeMap<String, String> = shown.iter().map(|rule| (file(&rule.id), rule_page(rule, set))).collect();
    pages.extend(set.families().iter().map(|family| (family_file(family), family_page(family, &shown))));
    pages.insert("README.md".to_owned(), index(&shown, set));
    pages
}

fn file(rule: &str) -> String {
    format!("{rule}.md")
}

fn family_file(family: &Family) -> String {
    format!("family-{}.md", family.id)
}

/// All rules by leg and then by id, and all families.
fn index(rules: &[&Rule], set: &RuleSet) -> String {
    let mut rules = rules.to_vec();
    rules.sort_by(|a, b| (a.leg, &a.id).cmp(&(b.leg, &b.id)));
    let mut page =
        format!("# Rules\n\nMade from the rules by `crxhound signatures list --pages docs/rules`. {} rules.\n", rules.len());
    let mut leg = None;
    for rule in rules {
        if leg != Some(rule.leg) {
            let _ = write!(
                page,
                "\n## {}\n\n| rule | severity | alone it is | what it says |\n| --- | --- | --- | --- |\n",
                rule.leg.as_str()
            );
            leg = Some(rule.leg);
        }
        let (id, file, title) = (&rule.id, file(&rule.id), prose(&rule.text.title));
        let _ = writeln!(page, "| [{id}]({file}) | {} | {} | {title} |", rule.severity.as_str(), rule.verdict.as_str());
    }
    if !set.families().is_empty() {
        page.push_str("\n## families\n\n");
        for family in set.families() {
            let _ = writeln!(page, "- [{}]({})", prose(&family.name), family_file(family));
        }
    }
    page
}

fn rule_page(rule: &Rule, set: &RuleSet) -> String {
    let mut page = format!("# {}\n\n`{}`\n", prose(&rule.text.title), rule.id);
    let _ = write!(
        page,
        "\n| severity | confidence | leg | alone it is |\n| --- | --- | --- | --- |\n| {} | {} | {} | {} |\n",
        rule.severity.as_str(),
        rule.confidence.as_str(),
        rule.leg.as_str(),
        rule.verdict.as_str()
    );
    part(&mut page, "Why", &rule.text.why);
    if let Some(FamilyName::Fixed(name)) = &rule.family {
        let family = set.families().iter().find(|family| family.name == *name);
        let link = family.map_or_else(|| prose(name), |family| format!("[{}]({})", prose(name), family_file(family)));
        let _ = write!(page, "\n## Family\n\n{link}\n");
    }
    part(&mut page, "Who trips it in innocence", &rule.benign);
    part(&mut page, "What to do", &rule.text.remediation);
    for (expect, title) in [(Expect::Hit, "What it finds"), (Expect::Clean, "What it leaves alone")] {
        let cases = rule.cases.iter().filter(|case| case.expect == expect);
        list(&mut page, title, cases.map(|case| prose(&case.name)));
    }
    techniques(&mut page, &rule.attack);
    list(&mut page, "Sources", rule.references.iter().map(|source| prose(source)));
    let _ = write!(page, "\nThe rule: `signatures/{}`\n", rule.origin.path());
    page
}

fn family_page(family: &Family, rules: &[&Rule]) -> String {
    let mut page = format!("# {}\n", prose(&family.name));
    if !family.aliases.is_empty() {
        let _ = write!(page, "\nAlso: {}\n", family.aliases.iter().map(|name| prose(name)).collect::<Vec<_>>().join(", "));
    }
    let _ = write!(
        page,
        "\n| who is behind it | seen since |\n| --- | --- |\n| {} | {} |\n",
        prose(&family.actor),
        prose(&family.since)
    );
    for paragraph in family.about("en").split("\n\n") {
        let _ = write!(page, "\n{}\n", prose(&paragraph.replace('\n', " ")));
    }
    let mut own: Vec<&&Rule> =
        rules.iter().filter(|rule| matches!(&rule.family, Some(FamilyName::Fixed(name)) if *name == family.name)).collect();
    own.sort_by(|a, b| a.id.cmp(&b.id));
    list(&mut page, "Rules", own.iter().map(|rule| format!("[{}]({}): {}", rule.id, file(&rule.id), prose(&rule.text.title))));
    techniques(&mut page, &family.attack);
    list(&mut page, "Sources", family.references.iter().map(|source| prose(source)));
    page
}

fn part(page: &mut String, title: &str, text: &str) {
    if !text.trim().is_empty() {
        let _ = write!(page, "\n## {title}\n\n{}\n", prose(text.trim()));
    }
}

fn list(page: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if !items.is_empty() {
        let _ = write!(page, "\n## {title}\n\n");
        items.iter().for_each(|item| {
            let _ = writeln!(page, "- {item}");
        });
    }
}

fn techniques(page: &mut String, techniques: &[String]) {
    let line = |id: &String| format!("[{id}]({}) {}", attack::page(id), prose(attack::name(id).unwrap_or_default()));
    list(page, "MITRE ATT&CK", techniques.iter().map(line));
}

/// Prose of a rule as Markdown. Lighter than what a ticket needs of hostile names: pages are read as plain text too.
fn prose(text: &str) -> String {
    let mut shown = String::new();
    for c in plain(text).chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown
}
