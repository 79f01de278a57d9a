//! Where an extension came from: the dated moments of its life on this machine as a line, and what brought it as a list.

use maud::{Markup, html};

use super::super::model::{ExtensionReport, Report};
use super::super::text::plain;
use super::super::{View, phrase};
use crate::locales::Words;
use crate::model::MacState;

/// A point on the line.
struct Point {
    /// RFC 3339 UTC.
    at: String,
    what: String,
    /// From here on something was wrong.
    bad: bool,
}

/// The section of one extension; nothing for a package, which came from nowhere.
pub(super) fn origin(extension: &ExtensionReport, report: &Report, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let points = points(extension, report, words);
    let signs = signs(extension, report, words);
    html! {
        @if extension.browser.is_some() && !(points.is_empty() && signs.is_empty()) {
            h4 { (words.get("html.origin.title")) }
            ol class="line" {
                @for point in &points {
                    li class=(if point.bad { "bad" } else { "" }) {
                        time class="mono soft" datetime=(plain(&point.at)) { (plain(&phrase::time(&point.at))) } " " bdi { (plain(&point.what)) }
                    }
                }
            }
            ul { @for (what, place) in &signs { li { (what) @if !place.is_empty() { " " span class="mono soft" { bdi { (plain(place)) } } } } } }
        }
    }
}

/// The dated moments, oldest first: what the browser wrote down, since when data may have been taken, this scan.
fn points(extension: &ExtensionReport, report: &Report, words: &Words) -> Vec<Point> {
    let moments = phrase::moments(extension).into_iter();
    let mut points: Vec<Point> =
        moments.map(|moment| Point { what: phrase::moment(&moment, words), at: moment.at, bad: false }).collect();
    let exposed = extension.findings.iter().filter_map(|finding| finding.exposed_since.as_ref()).min();
    points.extend(exposed.map(|at| Point { at: at.clone(), what: words.get("html.origin.exposed").to_owned(), bad: true }));
    if !report.started_at.is_empty() {
        points.push(Point { at: report.started_at.clone(), what: words.get("html.origin.scanned").to_owned(), bad: false });
    }
    // Times of one form sort as text; at the same time the exposure follows what caused it.
    points.sort_by(|a, b| (&a.at, a.bad).cmp(&(&b.at, b.bad)));
    points
}

/// What brought it, each with its place: policies, requests from outside, things that start the browser with it, and whether
/// the browser itself wrote its entry.
fn signs<'w>(extension: &ExtensionReport, report: &Report, words: &'w Words) -> Vec<(&'w str, String)> {
    let id = extension.id.as_str();
    let machine = &report.machine;
    let mut signs = Vec::new();
    let policies = machine.policies.iter().filter(|policy| policy.extension.as_deref() == Some(id));
    let install =
        policies.filter(|policy| policy.update_url.is_some() || ["forced", "normal"].contains(&policy.value.as_str()));
    signs.extend(install.map(|policy| (words.get("html.origin.policy"), format!("{} {}", policy.name, policy.source))));
    let asked = machine.external.iter().filter(|entry| entry.id == id);
    signs.extend(asked.map(|entry| (words.get("html.origin.external"), entry.source.clone())));
    if let Some(path) = extension.path.as_deref().filter(|path| !path.is_empty()) {
        let starts = machine.launchers.iter().filter(|launcher| launcher.options.iter().any(|option| option.contains(path)));
        signs.extend(starts.map(|launcher| (words.get("html.origin.launcher"), launcher.source.clone())));
    }
    match extension.integrity.preferences_mac {
        MacState::Valid => signs.push((words.get("html.origin.mac_valid"), String::new())),
        MacState::Invalid => signs.push((words.get("html.origin.mac_invalid"), String::new())),
        MacState::Missing => signs.push((words.get("html.origin.mac_missing"), String::new())),
        MacState::Unverifiable | MacState::NotApplicable => {}
    }
    signs
}
