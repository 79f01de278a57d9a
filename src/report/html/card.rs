//! One extension on the page: what it is, each finding with its proof, what it may do, when it came.

use maud::{Markup, html};

use super::super::model::{ExtensionReport, Report};
use super::super::text::plain;
use super::super::{View, phrase};
use super::{chart, chip, origin};
use crate::finding::{Evidence, Finding, Step, Verdict};
use crate::locales::Words;

/// Findings of one extension that are not folded.
const OPEN: usize = 5;

/// The card of an extension; open where something is wrong.
pub(super) fn extension(extension: &ExtensionReport, report: &Report, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let verdict = extension.verdict;
    html! {
        details class={ "card extension " (verdict.as_str()) } data-verdict=(verdict.as_str()) open[verdict >= Verdict::Suspicious] {
            summary {
                (chip(verdict, words))
                h3 { bdi { (plain(&phrase::name(extension))) } }
                span class="where" { bdi { (plain(&phrase::place(extension))) } " · " (phrase::source(extension.install.source, words)) }
            }
            p {
                (phrase::verdict_asks(verdict, words)) " " (words.fill("explain.score", &[("score", &extension.score)]))
                @if !extension.families.is_empty() {
                    " " strong { (plain(&words.fill("explain.families", &[("families", &extension.families.join(", "))]))) }
                }
            }
            @if let Some(said) = exposure(extension, report, words) { p class="since" { (plain(&said)) } }
            (identity(extension, report, view))
            (origin::origin(extension, report, view))
            (findings(extension, view))
            (permissions(extension, view))
            (contacts(extension, view))
            (runs(extension, view))
        }
    }
}

fn identity(extension: &ExtensionReport, report: &Report, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let state = if extension.install.enabled { words.get("table.enabled") } else { words.get("table.disabled") };
    html! {
        dl {
            dt { (words.get("explain.id")) } dd class="mono" { (extension.id) }
            @if let Some(name) = phrase::profile_name(extension, report) {
                dt { (words.get("explain.place")) } dd { bdi { (plain(&phrase::place(extension))) " (" (plain(name)) ")" } }
            }
            @if let Some(path) = &extension.path { dt { (words.get("explain.path")) } dd class="mono" { bdi { (plain(path)) } } }
            dt { (words.get("explain.source")) }
            dd { (phrase::source(extension.install.source, words)) @if extension.browser.is_some() { ", " (state) } }
            @if let Some(address) = &extension.install.update_url { dt { (words.get("explain.updates")) } dd class="mono" { bdi { (plain(address)) } } }
            dt { (words.get("explain.content")) } dd { (phrase::content(extension.integrity.content, words)) }
        }
    }
}

/// Since when data may have been taken, for the earliest of its thefts.
pub(super) fn exposure(extension: &ExtensionReport, report: &Report, words: &Words) -> Option<String> {
    let earliest = phrase::exposed(&extension.findings)?;
    phrase::exposure(earliest, extension.browser.is_some(), &report.started_at, words)
}

/// What was found, the heavy open and the rest folded. What several findings have in common is shown once.
fn findings(extension: &ExtensionReport, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let weighs = |finding: &Finding| extension.verdict < Verdict::Suspicious || finding.verdict >= Verdict::Suspicious;
    let open = extension.findings.iter().take_while(|finding| weighs(finding)).count().clamp(1, OPEN);
    let mut shown = Shown::default();
    let mut all: Vec<Markup> = extension.findings.iter().map(|found| finding(found, &mut shown, view)).collect();
    let folded = all.split_off(open.min(all.len()));
    html! {
        @for found in &all { (found) }
        @if !folded.is_empty() {
            details class="finding" {
                summary { (words.count("html.more_findings", folded.len())) }
                @for found in &folded { (found) }
            }
        }
    }
}

/// What the findings before have shown already.
#[derive(Default)]
pub(super) struct Shown<'f> {
    flows: Vec<&'f [Step]>,
    advice: Vec<String>,
}

/// A finding: why, the way of the data, proof, what to do.
pub(super) fn finding<'f>(finding: &'f Finding, shown: &mut Shown<'f>, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let said = phrase::said(finding, view);
    let draw = !finding.flow.is_empty() && !shown.flows.contains(&finding.flow.as_slice());
    if draw {
        shown.flows.push(&finding.flow);
    }
    let advise = !said.remediation.is_empty() && !shown.advice.contains(&said.remediation);
    if advise {
        shown.advice.push(said.remediation.clone());
    }
    html! {
        section class="finding" {
            h4 { (plain(&said.title)) " " span class="soft small" { (phrase::severity(finding.severity, words)) } }
            p { (plain(&said.why)) }
            @if finding.grounds.emulated { p { (words.get("html.seen_running")) } }
            @if !draw && !finding.flow.is_empty() { p class="soft" { (words.get("flow.same")) } }
            div class=(if draw { "two" } else { "two one" }) {
                @if draw { div class="flow" { (chart::flow(finding, words)) } }
                (proofs(finding))
            }
            @if advise {
                p class="do" { strong { (words.get("explain.do")) } " " (plain(&said.remediation)) }
            }
            p class="soft small mono" {
                (plain(&finding.rule)) @for technique in &finding.attack { " · " (plain(technique)) }
            }
        }
    }
}

/// What proves it: each place once, with what stands there.
fn proofs(finding: &Finding) -> Markup {
    let mut places: Vec<(String, Vec<String>)> = Vec::new();
    for proof in &finding.evidence {
        // The same line of the same file is one place, whichever column is meant.
        let place = plain(&phrase::proof_place(&Evidence { column: None, ..proof.clone() }));
        let excerpt = proof.excerpt.as_deref().map(|text| plain(text.trim())).filter(|text| !text.is_empty());
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, excerpts)) => excerpts.extend(excerpt.filter(|text| !excerpts.contains(text))),
            None => places.push((place, excerpt.into_iter().collect())),
        }
    }
    html! {
        ul class="proofs" {
            @for (place, excerpts) in &places {
                li {
                    span class="mono soft" { bdi { (place) } }
                    @if !excerpts.is_empty() { pre { @for (at, text) in excerpts.iter().enumerate() { @if at > 0 { "\n" } bdi { (text) } } } }
                }
            }
        }
    }
}

fn permissions(extension: &ExtensionReport, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let powers = phrase::powers(extension);
    let mark = |is: bool| if is { "\u{2713}" } else { "\u{2013}" };
    html! {
        @if !powers.is_empty() {
            h4 { (words.get("explain.can")) }
            table {
                thead { tr { th {} th { (words.get("html.asked")) } th { (words.get("html.granted")) } } }
                tbody {
                    @for power in &powers {
                        tr {
                            td { (plain(&power.allows(words))) br; code class="soft" { bdi { (plain(&power.name)) } } }
                            td { (mark(power.asked)) }
                            td { (mark(power.granted)) }
                        }
                    }
                }
            }
        }
    }
}

fn contacts(extension: &ExtensionReport, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    html! {
        @if !extension.contacts.is_empty() {
            h4 { (words.get("explain.contacts")) }
            ul {
                @for contact in &extension.contacts {
                    li {
                        code { bdi { (plain(&contact.host)) } } " " (phrase::found(contact.from, words))
                        @if let Some(file) = &contact.file {
                            " " span class="soft mono" { bdi { (plain(file)) @if let Some(line) = contact.line { ":" (line) } } }
                        }
                    }
                }
            }
        }
    }
}

/// What it did in the sealed worker: folded, since it is long and for those who want to know exactly.
fn runs(extension: &ExtensionReport, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    html! {
        @if !extension.runs.is_empty() { h4 { (words.get("run.title")) } }
        @for run in &extension.runs {
            details class="run" {
                summary { (plain(&run.scene)) " " span class="soft mono" { bdi { (plain(&run.page)) } } }
                ol class="small" {
                    @for moment in &run.moments {
                        li {
                            span class="mono" { (phrase::run_clock(moment.at)) } " " span class="soft" { (plain(&moment.world)) } " "
                            @if moment.carries.is_empty() { bdi { (plain(&phrase::run_moment(moment, words))) } }
                            @else { strong { bdi { (plain(&phrase::run_moment(moment, words))) } } }
                        }
                    }
                }
                @if run.more > 0 { p class="soft small" { (words.fill("run.more", &[("n", &run.more)])) } }
                @if !run.complete { p class="soft small" { (words.get("run.cut")) } }
            }
        }
    }
}
