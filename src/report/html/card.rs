//! One extension on the page: what it is, each finding with its proof, what it may do, when it came.

use maud::{Markup, html};

use super::super::model::{ExtensionReport, Report};
use super::super::text::plain;
use super::super::{View, phrase};
use super::{chart, chip, origin};
use crate::finding::{Finding, Verdict};

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
            (identity(extension, report, view))
            (origin::origin(extension, report, view))
            @for found in &extension.findings { (finding(found, view)) }
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

/// A finding: why, the way of the data, proof, what to do.
pub(super) fn finding(finding: &Finding, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let said = phrase::said(finding, view);
    html! {
        section class="finding" {
            h4 { (plain(&said.title)) " " span class="soft small" { (phrase::severity(finding.severity, words)) } }
            p { (plain(&said.why)) }
            @if finding.grounds.emulated { p { (words.get("html.seen_running")) } }
            @if let Some(since) = &finding.exposed_since {
                p class="since" { (words.fill("explain.exposed_since", &[("since", &plain(since))])) }
            }
            div class=(if finding.flow.is_empty() { "two one" } else { "two" }) {
                @if !finding.flow.is_empty() { div class="flow" { (chart::flow(&finding.flow)) } }
                div {
                    @for proof in &finding.evidence {
                        p class="mono soft" { bdi { (plain(&phrase::proof_place(proof))) } }
                        @if let Some(excerpt) = &proof.excerpt { pre { bdi { (plain(excerpt)) } } }
                    }
                }
            }
            @if !said.remediation.is_empty() {
                p class="do" { strong { (words.get("explain.do")) } " " (plain(&said.remediation)) }
            }
            p class="soft small mono" {
                (plain(&finding.rule)) @for technique in &finding.attack { " · " (plain(technique)) }
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
                thead { tr { th { (words.get("html.permission")) } th { (words.get("html.asked")) } th { (words.get("html.granted")) } } }
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
            details {
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
