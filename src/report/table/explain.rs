//! One extension in full: what it is, why it was judged so, what proves it, what to do.

use std::io::{self, Write};

use super::super::model::{ExtensionReport, Report};
use super::super::text::{cut, plain, wrap};
use super::super::{View, phrase, step};
use super::paint::{self, DIM, HEADING, Paint, STRONG};
use crate::finding::{Evidence, Finding, Step};
use crate::locales::Words;
use crate::model::permission::Risk;

/// Proofs, permissions and hosts listed; JSON has all.
const PROOFS: usize = 6;
const LISTED: usize = 8;

/// Writes every installation of an extension. One that is not in the report is said.
pub fn write(report: &Report, id: &str, view: &View<'_>, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let words = view.lang.words();
    let mut page = Page { out, width, paint: Paint::new(view.colour), words, view };
    let mut found = false;
    for extension in report.extensions.iter().filter(|extension| extension.id.as_str() == id) {
        if found {
            writeln!(page.out)?;
        }
        found = true;
        page.extension(extension, report)?;
    }
    if !found {
        page.text("", &words.fill("explain.not_there", &[("id", &id)]), paint::PLAIN)?;
    }
    Ok(())
}

/// A page under way.
struct Page<'p, 'v> {
    out: &'p mut dyn Write,
    width: usize,
    paint: Paint,
    words: &'static Words,
    view: &'p View<'v>,
}

impl Page<'_, '_> {
    fn extension(&mut self, extension: &ExtensionReport, report: &Report) -> io::Result<()> {
        let words = self.words;
        let verdict = phrase::verdict(extension.verdict, words).to_uppercase();
        let asks = phrase::verdict_asks(extension.verdict, words);
        let head = self.paint.text(Paint::of_verdict(extension.verdict), &format!(" {verdict} "));
        let name = cut(&plain(&phrase::name(extension)), self.width.saturating_sub(verdict.len() + 4).max(20));
        writeln!(self.out, "{head} {}", self.paint.text(STRONG, &name))?;
        self.text("", &format!("{asks} {}", words.fill("explain.score", &[("score", &extension.score)])), paint::PLAIN)?;
        if !extension.families.is_empty() {
            self.text("", &words.fill("explain.families", &[("families", &extension.families.join(", "))]), STRONG)?;
        }
        let earliest = phrase::exposed(&extension.findings);
        let installed = extension.browser.is_some();
        if let Some(said) = earliest.and_then(|finding| phrase::exposure(finding, installed, &report.started_at, words)) {
            self.text("", &said, STRONG)?;
        }
        self.identity(extension, report)?;
        self.findings(&extension.findings)?;
        self.permissions(extension)?;
        self.contacts(extension)?;
        self.timeline(extension)
    }

    fn identity(&mut self, extension: &ExtensionReport, report: &Report) -> io::Result<()> {
        let words = self.words;
        writeln!(self.out)?;
        self.field("explain.id", extension.id.as_str())?;
        if extension.browser.is_some() {
            let name = phrase::profile_name(extension, report).map(|name| format!(" ({name})")).unwrap_or_default();
            self.field("explain.place", &format!("{}{name}", phrase::place(extension)))?;
        }
        if let Some(path) = &extension.path {
            self.field("explain.path", path)?;
        }
        let source = phrase::source(extension.install.source, words);
        let state = if extension.install.enabled { words.get("table.enabled") } else { words.get("table.disabled") };
        let state = if extension.browser.is_some() { format!(", {state}") } else { String::new() };
        self.field("explain.source", &format!("{source}{state}"))?;
        if let Some(address) = &extension.install.update_url {
            self.field("explain.updates", address)?;
        }
        self.field("explain.content", phrase::content(extension.integrity.content, words))
    }

    fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        let words = self.words;
        let mut flows: Vec<&Vec<Step>> = Vec::new();
        for finding in findings {
            let said = phrase::said(finding, self.view);
            writeln!(self.out)?;
            let severity = phrase::severity(finding.severity, words);
            self.text("", &format!("{} ({severity})", said.title), HEADING)?;
            self.text("  ", &said.why, paint::PLAIN)?;
            let known = flows.contains(&&finding.flow);
            if known {
                self.text("    ", words.get("flow.same_text"), DIM)?;
            } else if !finding.flow.is_empty() {
                flows.push(&finding.flow);
            }
            for (number, step) in finding.flow.iter().enumerate().filter(|_| !known) {
                let (margin, arrow) = if number == 0 { ("       ", "") } else { ("    ", "-> ") };
                let what = step::what(step, words);
                self.text(margin, &format!("{arrow}{what} [{}:{}]", step.file, step.line), paint::PLAIN)?;
            }
            for proof in finding.evidence.iter().take(PROOFS) {
                self.proof(proof)?;
            }
            let more = finding.evidence.len().saturating_sub(PROOFS);
            if more > 0 {
                self.text("    ", &words.fill("explain.more_proof", &[("n", &more)]), DIM)?;
            }
            if !said.remediation.is_empty() {
                self.text("  ", &format!("{} {}", words.get("explain.do"), said.remediation), paint::PLAIN)?;
            }
            self.text("  ", &format!("crxhound explain {}", finding.rule), DIM)?;
        }
        Ok(())
    }

    fn proof(&mut self, proof: &Evidence) -> io::Result<()> {
        let place = phrase::proof_place(proof);
        if !place.is_empty() {
            self.text("    ", &place, DIM)?;
        }
        match &proof.excerpt {
            Some(excerpt) => self.text("      | ", &cut(&plain(excerpt), self.width * 2), paint::PLAIN),
            None => Ok(()),
        }
    }

    fn permissions(&mut self, extension: &ExtensionReport) -> io::Result<()> {
        let words = self.words;
        let powers = phrase::powers(extension);
        if powers.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        self.text("", words.get("explain.can"), HEADING)?;
        for power in powers.iter().filter(|power| power.risk > Risk::Low).take(LISTED) {
            let state = if power.granted { "" } else { words.get("explain.not_granted") };
            self.text("  ", &format!("- {} [{}] {state}", power.allows(words), power.name), paint::PLAIN)?;
        }
        Ok(())
    }

    fn contacts(&mut self, extension: &ExtensionReport) -> io::Result<()> {
        if extension.contacts.is_empty() {
            return Ok(());
        }
        let words = self.words;
        writeln!(self.out)?;
        self.text("", words.get("explain.contacts"), HEADING)?;
        for contact in extension.contacts.iter().take(LISTED) {
            let place = match (&contact.file, contact.line) {
                (Some(file), Some(line)) => format!("  [{file}:{line}]"),
                (Some(file), None) => format!("  [{file}]"),
                _ => String::new(),
            };
            let found = phrase::found(contact.from, words);
            self.text("  ", &format!("- {}, {found}{place}", contact.host), paint::PLAIN)?;
        }
        let more = extension.contacts.len().saturating_sub(LISTED);
        if more > 0 { self.text("  ", &words.fill("table.and_more", &[("n", &more)]), DIM) } else { Ok(()) }
    }

    fn timeline(&mut self, extension: &ExtensionReport) -> io::Result<()> {
        let moments = phrase::moments(extension);
        if moments.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        self.text("", self.words.get("explain.timeline"), HEADING)?;
        for moment in moments {
            let what = phrase::moment(&moment, self.words);
            self.text("  ", &format!("{}  {what}", moment.at), paint::PLAIN)?;
        }
        Ok(())
    }

    /// A name and a value.
    fn field(&mut self, key: &str, value: &str) -> io::Result<()> {
        let name = self.words.get(key);
        self.text("", &format!("{name}: {value}"), paint::PLAIN)
    }

    /// Text in lines that fit, each behind a margin.
    fn text(&mut self, margin: &str, text: &str, style: anstyle::Style) -> io::Result<()> {
        // The lines of a list hang behind its mark.
        let mark = if text.starts_with("- ") { 2 } else { 3 * usize::from(text.starts_with("-> ")) };
        for (number, line) in wrap(&plain(text), self.width.saturating_sub(margin.len() + mark)).iter().enumerate() {
            let hang = if number > 0 { mark } else { 0 };
            writeln!(self.out, "{margin}{:hang$}{}", "", self.paint.text(style, line))?;
        }
        Ok(())
    }
}
