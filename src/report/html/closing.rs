//! The end of the page: what to do now, indicators for sharing, what could not be read.

use maud::{Markup, html};

use super::super::brought::Places;
use super::super::model::{ExtensionReport, Report};
use super::super::text::plain;
use super::super::{View, phrase, shared};
use super::is_bad;
use crate::finding::Verdict;
use crate::judge::advice;
use crate::locales::Words;

/// Commands and places listed of one step.
const LISTED: usize = 8;

/// What to do now, for everything bad that is here: in the order that keeps evidence and keeps it from coming back, each step with
/// the places, names and pages that it is about.
pub(super) fn steps(report: &Report, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let bad: Vec<_> = report.worst_first().into_iter().filter(|extension| extension.verdict >= Verdict::Suspicious).collect();
    let elsewhere: Vec<_> = report.elsewhere().map(|(_, finding)| finding).filter(|finding| is_bad(finding)).collect();
    let places: Vec<_> = bad.iter().map(|extension| Places::new(extension.id.as_str(), &[report], &[extension])).collect();
    let plan = |(extension, places): (&&ExtensionReport, &Places)| {
        advice::steps(extension.install.source, extension.verdict, &extension.findings, places.brought())
    };
    let mut plans: Vec<_> = bad.iter().zip(&places).map(plan).collect();
    if !elsewhere.is_empty() {
        plans.push(advice::elsewhere());
    }
    let steps = advice::together(&plans);
    html! {
        @if !steps.is_empty() {
            h2 { (words.get("html.steps")) }
            section class="card" {
                ol class="steps" {
                    @for step in &steps {
                        li { (step.text(view.lang.code())) (about(step.id, &bad, &places, words)) }
                        @if step.id == "evidence" { @for finding in &elsewhere { li { (plain(&phrase::said(finding, view).remediation)) } } }
                    }
                }
                @if let Some(worst) = bad.first() {
                    p class="soft" { (words.fill("html.steps_more", &[("command", &format!("crxhound remediate {}", worst.id))])) }
                }
            }
        }
    }
}

/// What a step is about on this computer.
fn about(step: &str, bad: &[&ExtensionReport], places: &[Places], words: &Words) -> Markup {
    let mut lines: Vec<String> = Vec::new();
    let mut add = |line: String| {
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    match step {
        "evidence" => bad.iter().for_each(|extension| {
            let short = extension.id.as_str().get(..8).unwrap_or_default();
            add(format!("crxhound evidence {} --output evidence-{short}.zip", extension.id));
        }),
        "remove" => bad.iter().filter(|extension| extension.browser.is_some()).for_each(|extension| {
            add(format!("{} ({})", phrase::name(extension), phrase::place(extension)));
        }),
        "sessions" | "passwords" | "mailbox" => {
            let findings: Vec<_> = bad.iter().flat_map(|extension| extension.findings.iter().cloned()).collect();
            for account in advice::accounts(&findings) {
                let pages: &[(&str, &str)] = match step {
                    "sessions" => &[("remediate.sessions", account.sessions)],
                    "passwords" => &[("remediate.passwords", account.passwords)],
                    _ => &[("remediate.mailbox", account.mailbox), ("remediate.apps", account.apps)],
                };
                pages.iter().for_each(|(what, page)| add(format!("{}, {}: {page}", account.name, words.get(what))));
            }
        }
        _ => places.iter().flat_map(|places| places.of_step(step)).for_each(|place| add(place.clone())),
    }
    let more = lines.len().saturating_sub(LISTED);
    html! {
        @if !lines.is_empty() {
            ul {
                @for line in lines.iter().take(LISTED) { li class="mono" { bdi { (plain(line)) } } }
                @if more > 0 { li { (words.fill("table.and_more", &[("n", &more)])) } }
            }
        }
    }
}

/// Values that others can look for. What may be somebody else's too is left out: a reader would block it.
pub(super) fn indicators(report: &Report, words: &Words) -> Markup {
    let values: Vec<_> = shared::of_report(report).into_iter().filter(|value| value.own).collect();
    html! {
        @if !values.is_empty() {
            h2 { (words.get("html.indicators")) }
            section class="card" {
                p class="soft small" { (words.get("html.indicators_note")) }
                table { tbody { @for value in &values { tr { td class="soft" { (value.kind.as_str()) } td class="mono" { bdi { (plain(&value.value)) } } } } } }
            }
        }
    }
}

/// What could not be read, and where was looked.
pub(super) fn coverage(report: &Report, words: &Words) -> Markup {
    html! {
        h2 { (words.get("html.coverage")) }
        section class="card" {
            @if !report.complete { p { strong { (words.get("summary.incomplete")) } } }
            @if report.errors.is_empty() { p { (words.get("html.all_read")) } }
            @else {
                table { tbody { @for error in &report.errors { tr { td class="mono" { bdi { (plain(&error.path)) } } td { bdi { (plain(&error.message)) } } } } } }
            }
            @if !report.looked_in.is_empty() {
                details { summary { (words.get("table.looked_in")) } ul { @for place in &report.looked_in { li class="mono" { bdi { (plain(place)) } } } } }
            }
        }
    }
}
