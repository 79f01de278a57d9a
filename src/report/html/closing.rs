//! The end of the page: what to do now, indicators for sharing, what could not be read.

use maud::{Markup, html};

use super::super::model::Report;
use super::super::shared;
use super::super::text::plain;
use super::is_bad;
use crate::finding::Verdict;
use crate::locales::Words;
use crate::model::InstallSource;

/// What to do now, in the order that keeps evidence and keeps it from coming back.
pub(super) fn steps(report: &Report, words: &Words) -> Markup {
    let bad: Vec<_> = report.extensions.iter().filter(|extension| extension.verdict >= Verdict::Suspicious).collect();
    if bad.is_empty() && !report.elsewhere().any(|(_, finding)| is_bad(finding)) {
        return html! {};
    }
    let from = |sources: &[InstallSource]| bad.iter().any(|extension| sources.contains(&extension.install.source));
    let theft = report.findings().any(|finding| finding.grounds.theft || finding.exposed_since.is_some());
    let mut steps = vec![words.get("html.step.network"), words.get("html.step.evidence")];
    if from(&[InstallSource::EnterprisePolicy]) {
        steps.push(words.get("html.step.policy"));
    }
    if from(&[InstallSource::Unpacked, InstallSource::CommandLine, InstallSource::Sideload]) {
        steps.push(words.get("html.step.launcher"));
    }
    steps.push(words.get("html.step.remove"));
    steps.push(words.get("html.step.sync"));
    if theft {
        steps.push(words.get("html.step.accounts"));
    }
    steps.push(words.get("html.step.report"));
    html! {
        h2 { (words.get("html.steps")) }
        section class="card" { ol { @for step in steps { li { (step) } } } }
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
