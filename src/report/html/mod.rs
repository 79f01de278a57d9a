//! One page to read, print and hand on.
//!
//! The page asks for nothing from anywhere and needs no script; a small one of ours filters. Its policy allows that one script
//! and that one style by their hashes, so that nothing of a hostile extension could run even if an escape failed.

mod card;
mod chart;
mod closing;
mod origin;
pub mod story;

use std::io::{self, Write};

use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::model::Report;
use super::text::plain;
use super::{View, phrase};
use crate::finding::{Finding, Verdict};
use crate::locales::Words;
use crate::model::hash::sha256;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");

/// Writes the page.
pub fn write(report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(page(report, view).into_string().as_bytes())
}

/// The policy: nothing but our own style and script.
fn policy() -> String {
    let hash = |text: &str| base64::engine::general_purpose::STANDARD.encode(sha256(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn page(report: &Report, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let body = html! {
        (banner(report, view))
        (closing::steps(report, view))
        (chart::picture(report, words))
        (extensions(report, view))
        (elsewhere(report, view))
        (closing::indicators(report, words))
        (closing::coverage(report, words))
    };
    frame(&format!("crxhound: {}", plain(&report.host.name)), view, body)
}

/// A whole page around what it says: our policy, style and script.
pub(super) fn frame(title: &str, view: &View<'_>, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(view.lang.code()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Bad things named in the banner.
const GLANCE: usize = 6;

/// The verdict in one glance: the word, what it asks for, which extensions, and since when.
fn banner(report: &Report, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let worst = report.worst();
    let bad: Vec<_> = report.worst_first().into_iter().filter(|extension| extension.verdict >= Verdict::Suspicious).collect();
    let host = &report.host;
    let about = [
        plain(&host.name),
        if host.name.is_empty() && host.user.is_empty() { String::new() } else { host.os.as_str().to_owned() },
        plain(&host.user),
        plain(&phrase::time(&report.started_at)),
        format!("crxhound {}", plain(&report.tool.version)),
        format!("{} {} {}", words.get("html.signatures"), plain(&report.tool.signatures_date), plain(&report.tool.signatures)),
    ];
    html! {
        header class={ "banner " (worst.as_str()) } {
            h1 { (capital(phrase::verdict(worst, words))) }
            p class="line" { (words_of_worst(report, worst, words)) }
            @if !bad.is_empty() {
                ul class="glance" {
                    @for extension in bad.iter().take(GLANCE) {
                        li class=(extension.verdict.as_str()) {
                            strong { bdi { (plain(&phrase::name(extension))) } }
                            @if let Some(first) = extension.findings.first() { ": " (plain(&phrase::said(first, view).title)) }
                            @if let Some(since) = phrase::exposed(&extension.findings).and_then(|finding| finding.exposed_since.as_ref()) {
                                span class="soft" { " (" (words.fill("html.since", &[("since", &plain(&phrase::time(since)))])) ")" }
                            }
                        }
                    }
                    @if bad.len() > GLANCE { li class="soft" { (words.fill("table.and_more", &[("n", &(bad.len() - GLANCE))])) } }
                }
            }
            p { (plain(&phrase::summary(report, words))) }
            p class="soft small" {
                @for (at, part) in about.iter().filter(|part| !part.is_empty()).enumerate() { @if at > 0 { " · " } bdi { (part) } }
            }
        }
    }
}

fn words_of_worst<'w>(report: &Report, worst: Verdict, words: &'w Words) -> &'w str {
    if worst == Verdict::Ok && !report.errors.is_empty() {
        words.get("summary.incomplete")
    } else {
        phrase::verdict_asks(worst, words)
    }
}

/// The extensions, worst first.
fn extensions(report: &Report, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let verdicts = [Verdict::Malicious, Verdict::Suspicious, Verdict::Review, Verdict::Ok];
    html! {
        h2 { (words.get("html.extensions")) }
        @if report.extensions.is_empty() { p { (words.get("html.none")) } }
        @else {
            div class="filter" hidden {
                input type="search" aria-label=(words.get("html.filter")) placeholder=(words.get("html.filter"));
                @for verdict in verdicts {
                    label { input type="checkbox" value=(verdict.as_str()) checked; " " (phrase::verdict(verdict, words)) }
                }
            }
        }
        @for extension in report.worst_first() { (card::extension(extension, report, view)) }
    }
}

/// What was found about the machine and its profiles.
fn elsewhere(report: &Report, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let found: Vec<_> = report.elsewhere().collect();
    let mut shown = card::Shown::default();
    html! {
        @if !found.is_empty() {
            h2 { (words.get("html.elsewhere")) }
            @for (profile, finding) in found {
                section class={ "card " (finding.verdict.as_str()) } {
                    p class="where" {
                        @match profile {
                            Some((browser, profile)) => { bdi { (plain(&phrase::profile_place(browser, profile))) } }
                            None => { (words.get("table.machine")) }
                        }
                    }
                    (card::finding(finding, &mut shown, view))
                }
            }
        }
    }
}

/// A verdict as a coloured word.
pub(super) fn chip(verdict: Verdict, words: &Words) -> Markup {
    html! { span class={ "chip " (verdict.as_str()) } { (phrase::verdict(verdict, words)) } }
}

/// The first letter as a capital.
pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The worst verdict first.
fn is_bad(finding: &Finding) -> bool {
    finding.verdict >= Verdict::Suspicious
}
