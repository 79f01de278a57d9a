//! For a ticket: the summary, a table, and each bad extension with its reasons.

use std::io::{self, Write};

use super::model::Report;
use super::text::plain;
use super::{View, phrase, step};
use crate::finding::{Finding, Verdict};

/// Writes the report as Markdown.
pub fn write(report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let words = view.lang.words();
    writeln!(out, "# crxhound: {}\n", safe(&report.host.name))?;
    writeln!(out, "**{}**\n", safe(&phrase::summary(report, words)))?;
    let least = view.min_verdict.unwrap_or(Verdict::Suspicious);
    let listed: Vec<_> = report.worst_first().into_iter().filter(|extension| extension.verdict >= least).collect();
    if !listed.is_empty() {
        let heads = ["table.verdict", "table.extension", "table.where", "table.source"].map(|key| words.get(key));
        writeln!(out, "| {} |\n| --- | --- | --- | --- |", heads.join(" | "))?;
        for extension in &listed {
            let verdict = phrase::verdict(extension.verdict, words);
            let source = phrase::source(extension.install.source, words);
            let (name, place) = (safe(&phrase::name(extension)), safe(&phrase::place(extension)));
            writeln!(out, "| **{verdict}** | {name} | {place} | {source} |")?;
        }
        writeln!(out)?;
    }
    for extension in &listed {
        writeln!(out, "## {}\n", safe(&phrase::name(extension)))?;
        writeln!(out, "- {}: {}", words.get("explain.id"), code(extension.id.as_str()))?;
        if let Some(path) = &extension.path {
            writeln!(out, "- {}: {}", words.get("explain.path"), code(path))?;
        }
        let earliest = phrase::exposed(&extension.findings);
        let installed = extension.browser.is_some();
        if let Some(said) = earliest.and_then(|finding| phrase::exposure(finding, installed, &report.started_at, words)) {
            writeln!(out, "- {}", safe(&said))?;
        }
        writeln!(out)?;
        for finding in &extension.findings {
            write_finding(finding, view, out)?;
        }
    }
    for (profile, finding) in report.elsewhere().filter(|(_, finding)| finding.verdict >= least) {
        let place = profile.map_or_else(|| words.get("table.machine").to_owned(), |(b, p)| phrase::profile_place(b, p));
        writeln!(out, "## {}\n", safe(&place))?;
        write_finding(finding, view, out)?;
    }
    Ok(())
}

fn write_finding(finding: &Finding, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let words = view.lang.words();
    let said = phrase::said(finding, view);
    writeln!(out, "### {} ({})\n", safe(&said.title), phrase::severity(finding.severity, words))?;
    writeln!(out, "{}\n", safe(&said.why))?;
    for step in &finding.flow {
        writeln!(out, "1. {} {}", safe(&step::what(step, words)), code(&format!("{}:{}", step.file, step.line)))?;
    }
    for proof in &finding.evidence {
        write!(out, "- {}", code(&phrase::proof_place(proof)))?;
        match &proof.excerpt {
            Some(excerpt) => writeln!(out, ": {}", code(excerpt))?,
            None => writeln!(out)?,
        }
    }
    if !said.remediation.is_empty() {
        writeln!(out, "\n**{}** {}", words.get("explain.do"), safe(&said.remediation))?;
    }
    let techniques = finding.attack.iter().map(|technique| safe(technique)).collect::<Vec<_>>().join(", ");
    writeln!(out, "\n{} {techniques}\n", code(&finding.rule))
}

/// Text in which no character is Markdown or HTML.
fn safe(text: &str) -> String {
    let mut shown = String::new();
    for c in plain(text).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            // A ticket must not link to what a hostile name says, nor call people.
            '@' => shown.push_str("&#64;"),
            ':' => shown.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '-' | '!' | '|' | '~' | '=' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown
}

/// A code span that its content cannot leave.
fn code(text: &str) -> String {
    let text = plain(text).replace('|', "\u{2502}");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if text.is_empty() { String::new() } else { format!("{fence} {text} {fence}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_neither_links_nor_tables_nor_tags() {
        assert_eq!(safe("[x](javascript:1)|<b>"), "\\[x\\]\\(javascript&#58;1\\)\\|&lt;b&gt;");
        assert_eq!(code("a``b"), "``` a``b ```");
        let report = super::super::read::reports(include_bytes!("../../fixtures/reports/hostile.json")).expect("reads");
        let mut out = Vec::new();
        write(&report[0], &View { min_verdict: Some(Verdict::Ok), ..View::default() }, &mut out).expect("writes");
        let text = String::from_utf8(out).expect("UTF-8");
        let headings = text.lines().filter(|line| line.starts_with(['#', '|']));
        assert!(headings.clone().count() > 9 && headings.into_iter().all(|line| !line.contains("](")), "{text}");
        assert!(!text.contains("\u{1b}"));
    }
}
