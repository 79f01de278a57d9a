//! Pictures as inline SVG: where extensions are, and the way that data takes. Drawn for the width of a phone, so that the
//! letters keep their size everywhere.

use maud::{Markup, html};

use super::super::model::{ExtensionReport, Report};
use super::super::step;
use super::super::text::{cut, plain, width, wrap};
use crate::finding::{Finding, Step, Verdict};
use crate::locales::Words;

/// Steps drawn of one flow.
const STEPS: usize = 24;
/// Dots drawn for one profile.
const DOTS: usize = 120;

/// Bad extensions named below one profile.
const NAMED: usize = 6;

/// A row of the picture.
enum Row {
    Browser(String),
    Profile { label: String, dots: Vec<Verdict> },
    Named(Verdict, String),
}

/// Host, browsers and profiles, with a dot for each extension in the colour of its verdict, the bad ones named.
pub(super) fn picture(report: &Report, words: &Words) -> Markup {
    let (rows, high) = rows(report);
    let host = cut(&plain(&report.host.name), 44);
    html! {
        @if !rows.is_empty() {
            h2 { (words.get("html.picture")) }
            div class="card picture" {
                svg width="480" height=(high) viewBox={ "0 0 480 " (high) } role="img" aria-label=(words.get("html.picture")) {
                    rect class="box from" x="4" y="2" width="14" height="12" rx="2" {}
                    text class="strong" x="26" y="13" font-size="14" { (if host.is_empty() { words.get("table.machine") } else { &host }) }
                    @if let Some((last, _)) = rows.iter().rfind(|(_, row)| matches!(row, Row::Browser(_))) {
                        path class="wire" d={ "M 11 14 V " (last + 8) } {}
                    }
                    @for (y, row) in &rows {
                        @match row {
                            Row::Browser(name) => {
                                path class="wire" d={ "M 11 " (y + 8) " H 28" } {}
                                text class="strong" x="34" y=(y + 13) font-size="14" { (name) }
                            }
                            Row::Profile { label, dots } => {
                                text x="46" y=(y + 12) font-size="13" class="label" { (label) }
                                @for (at, verdict) in dots.iter().enumerate() {
                                    circle class={ "dot " (verdict.as_str()) } cx=(166 + (at % 20) * 15) cy=(y + 8 + (at / 20) * 18) r="5.5" {
                                        title { (super::phrase::verdict(*verdict, words)) }
                                    }
                                }
                            }
                            Row::Named(verdict, name) => {
                                circle class={ "dot " (verdict.as_str()) } cx="166" cy=(y + 8) r="3" {}
                                text x="178" y=(y + 12) font-size="13" { (name) }
                            }
                        }
                    }
                }
                (legend(report, words))
            }
        }
    }
}

/// Where each row begins, and the height of all.
fn rows(report: &Report) -> (Vec<(usize, Row)>, usize) {
    let mut y = 30;
    let mut rows = Vec::new();
    for browser in &report.browsers {
        rows.push((y, Row::Browser(cut(&plain(&format!("{} {}", browser.browser, browser.channel)), 40))));
        y += 26;
        for profile in &browser.profiles {
            let here = |extension: &&ExtensionReport| {
                extension.user_data_dir.as_ref() == Some(&browser.user_data_dir)
                    && extension.profile.as_ref() == Some(&profile.directory)
            };
            let extensions: Vec<_> = report.worst_first().into_iter().filter(here).collect();
            let dots: Vec<_> = extensions.iter().take(DOTS).map(|extension| extension.verdict).collect();
            let lines = dots.len().div_ceil(20).max(1);
            rows.push((y, Row::Profile { label: cut(&plain(&profile.directory), 14), dots }));
            y += 8 + 18 * lines;
            for bad in extensions.iter().filter(|extension| extension.verdict >= Verdict::Suspicious).take(NAMED) {
                rows.push((y, Row::Named(bad.verdict, cut(&plain(&super::phrase::name(bad)), 40))));
                y += 20;
            }
        }
        y += 8;
    }
    (rows, y.saturating_sub(4))
}

/// How many there are of each verdict.
fn legend(report: &Report, words: &Words) -> Markup {
    let counts = report.summary;
    let of = [
        (Verdict::Malicious, counts.malicious),
        (Verdict::Suspicious, counts.suspicious),
        (Verdict::Review, counts.review),
        (Verdict::Ok, counts.ok),
    ];
    html! {
        ul class="legend" {
            @for (verdict, count) in of {
                li class=(verdict.as_str()) { b { (count) } " " (super::phrase::verdict(verdict, words)) }
            }
        }
    }
}

/// Columns of text in the picture of a flow.
const COLUMNS: usize = 42;
/// Its width.
const WIDE: usize = 340;

/// A part of the picture of a flow.
enum Part<'f> {
    /// Where the data is taken, or where it ends up.
    End { text: Vec<String>, label: &'f str, class: &'static str },
    /// What one part of the extension does with it: lines and place of each step.
    Steps { label: String, steps: Vec<(Vec<String>, String)> },
}

impl Part<'_> {
    fn height(&self) -> usize {
        match self {
            Part::End { text, label, .. } => 16 + 18 * text.len() + if label.is_empty() { 0 } else { 15 },
            Part::Steps { steps, .. } => 34 + steps.iter().map(step_height).sum::<usize>(),
        }
    }
}

fn step_height((lines, _): &(Vec<String>, String)) -> usize {
    18 * lines.len() + 22
}

/// The way of the data: the page at the top, the extension's parts below it, the place it ends up in last.
pub(super) fn flow(finding: &Finding, words: &Words) -> Markup {
    let (parts, from, to) = flow_parts(finding, words);
    let mut y = 2;
    let placed: Vec<_> = parts
        .iter()
        .map(|part| {
            let at = y;
            y += part.height() + 24;
            (at, part)
        })
        .collect();
    let total = y.saturating_sub(22);
    html! {
        svg width=(WIDE) height=(total) viewBox={ "0 0 " (WIDE) " " (total) } role="img" aria-label=(words.fill("flow.title", &[("from", &from), ("to", &to)])) {
            @for (number, (y, part)) in placed.iter().enumerate() {
                @if number > 0 {
                    path class="wire" d={ "M 170 " (y.saturating_sub(24)) " v 15" } {}
                    path class="head" d={ "M 165 " (y.saturating_sub(10)) " h 10 l -5 8 z" } {}
                }
                @match part {
                    Part::End { text, label, class } => {
                        rect class={ "box " (class) } x="2" y=(y) width=(WIDE - 4) height=(part.height()) rx="17" {}
                        @for (at, line) in text.iter().enumerate() {
                            text class="strong" x="18" y=(y + 21 + 18 * at) font-size="14" { (line) }
                        }
                        @if !label.is_empty() { text class="label" x="18" y=(y + 20 + 18 * text.len()) font-size="12" { (label) } }
                    }
                    Part::Steps { label, steps } => {
                        rect class="box" x="2" y=(y) width=(WIDE - 4) height=(part.height()) rx="8" {}
                        text class="label strong" x="14" y=(y + 20) font-size="12" { (label) }
                        @for (at, (lines, place)) in steps.iter().enumerate() {
                            @let top = y + 30 + steps.iter().take(at).map(step_height).sum::<usize>();
                            circle class="stop" cx="19" cy=(top + 10) r="3" {}
                            @if at + 1 < steps.len() { path class="thread" d={ "M 19 " (top + 16) " V " (top + step_height(&(lines.clone(), String::new())) + 4) } {} }
                            @for (number, line) in lines.iter().enumerate() { text x="32" y=(top + 15 + 18 * number) font-size="14" { (line) } }
                            text class="label" x="32" y=(top + 13 + 18 * lines.len()) font-size="12" { (place) }
                        }
                    }
                }
            }
        }
    }
}

/// The parts from the top, and the words for both ends.
fn flow_parts<'f>(finding: &'f Finding, words: &'f Words) -> (Vec<Part<'f>>, String, String) {
    let lines = |text: &str, columns| {
        let mut lines = wrap(&plain(text), columns);
        lines.truncate(4);
        lines
    };
    let shown = finding.flow.get(..STEPS).unwrap_or(&finding.flow);
    let left_out = finding.flow.len().saturating_sub(STEPS);
    let mut parts = Vec::new();
    let origin = step::origin(finding);
    let from = origin.map_or_else(String::new, |(key, host)| host.map_or_else(|| words.get(key).to_owned(), str::to_owned));
    if let Some((key, host)) = origin {
        let label = if host.is_some() { words.get(key) } else { "" };
        let class = if key == "flow.server" { "to" } else { "from" };
        parts.push(Part::End { text: lines(&from, COLUMNS), label, class });
    }
    let mut last = None;
    for step in shown {
        let said = (lines(&step::what(step, words), COLUMNS - 4), short_place(step));
        match parts.last_mut() {
            Some(Part::Steps { steps, .. }) if last == Some(&step.world) => steps.push(said),
            _ => parts.push(Part::Steps { label: plain(step::part(step, words)), steps: vec![said] }),
        }
        last = Some(&step.world);
    }
    if let (Some(Part::Steps { steps, .. }), true) = (parts.last_mut(), left_out > 0) {
        steps.push((vec![words.fill("table.and_more", &[("n", &left_out)])], String::new()));
    }
    let end = finding.flow.last().and_then(step::destination);
    if let Some(to) = end {
        parts.push(Part::End { text: lines(to, COLUMNS), label: words.get("flow.end"), class: "to" });
    }
    (parts, plain(&from), plain(end.unwrap_or_default()))
}

/// File and line, the end of the file's path kept.
fn short_place(step: &Step) -> String {
    let place = format!("{}:{}", plain(&step.file), step.line);
    if width(&place) > 44 { super::super::text::cut_start(&place, 44) } else { place }
}
