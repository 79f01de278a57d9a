//! Pictures as inline SVG: where extensions are, and the way that data takes. Drawn for the width of a phone, so that the
//! letters keep their size everywhere.

use maud::{Markup, html};

use super::super::model::{ExtensionReport, Report};
use super::super::text::{cut, plain, width, wrap};
use crate::finding::Step;
use crate::locales::Words;

/// Steps drawn of one flow.
const STEPS: usize = 24;
/// Dots drawn for one profile.
const DOTS: usize = 120;

/// Host, browsers and profiles, with a dot for each extension in the colour of its verdict.
pub(super) fn picture(report: &Report, words: &Words) -> Markup {
    let mut y = 30;
    let mut rows = Vec::new();
    for browser in &report.browsers {
        let name = cut(&plain(&format!("{} {}", browser.browser, browser.channel)), 40);
        rows.push((y, name, None));
        y += 26;
        for profile in &browser.profiles {
            let here = |extension: &&ExtensionReport| {
                extension.user_data_dir.as_ref() == Some(&browser.user_data_dir)
                    && extension.profile.as_ref() == Some(&profile.directory)
            };
            let dots: Vec<_> = report.worst_first().into_iter().filter(here).take(DOTS).map(|e| e.verdict).collect();
            let lines = dots.len().div_ceil(20).max(1);
            rows.push((y, cut(&plain(&profile.directory), 14), Some(dots)));
            y += 8 + 18 * lines;
        }
        y += 8;
    }
    html! {
        @if !rows.is_empty() {
            h2 { (words.get("html.picture")) }
            div class="card" {
                svg width="480" height=(y) viewBox={ "0 0 480 " (y) } role="img" aria-label=(words.get("html.picture")) {
                    rect class="box from" x="4" y="2" width="14" height="12" rx="2" {}
                    text x="26" y="13" font-size="14" font-weight="700" { (cut(&plain(&report.host.name), 44)) }
                    path class="wire" d={ "M 11 14 V " (y.saturating_sub(24)) } {}
                    @for (y, label, dots) in &rows {
                        @match dots {
                            None => {
                                path class="wire" d={ "M 11 " (y + 8) " H 28" } {}
                                text x="34" y=(y + 13) font-size="14" font-weight="600" { (label) }
                            }
                            Some(dots) => {
                                text x="46" y=(y + 12) font-size="13" class="label" { (label) }
                                @for (at, verdict) in dots.iter().enumerate() {
                                    circle class={ "dot " (verdict.as_str()) } cx=(166 + (at % 20) * 15) cy=(y + 8 + (at / 20) * 18) r="5.5" {
                                        title { (super::phrase::verdict(*verdict, words)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The way of the data: the page at the top, the extension's parts below it, the place it ends up in last.
pub(super) fn flow(steps: &[Step]) -> Markup {
    const WIDE: usize = 336;
    let shown: Vec<_> = steps.iter().take(STEPS).collect();
    let mut y = 2;
    let mut boxes = Vec::new();
    for (at, step) in shown.iter().enumerate() {
        let mut lines = wrap(&plain(&step.what), 42);
        lines.truncate(4);
        let place = short_place(step);
        let high = 12 + 18 * lines.len() + 18;
        let kind = if at == 0 {
            "from"
        } else if at + 1 == shown.len() {
            "to"
        } else {
            ""
        };
        boxes.push((y, high, kind, lines, place));
        y += high + 24;
    }
    let total = y.saturating_sub(22);
    html! {
        svg width=(WIDE + 4) height=(total) viewBox={ "0 0 " (WIDE + 4) " " (total) } role="img" {
            @for (at, (y, high, kind, lines, place)) in boxes.iter().enumerate() {
                rect class={ "box " (kind) } x="2" y=(y) width=(WIDE) height=(high) rx="8" {}
                @for (number, line) in lines.iter().enumerate() { text x="14" y=(y + 21 + 18 * number) font-size="14" { (line) } }
                text class="label" x="14" y=(y + 21 + 18 * lines.len()) font-size="12" { (place) }
                @if at + 1 < boxes.len() {
                    path class="wire" d={ "M 168 " (y + high) " v 15" } {}
                    path class="head" d={ "M 163 " (y + high + 14) " h 10 l -5 8 z" } {}
                }
            }
        }
    }
}

/// File and line, the end of the file's path kept.
fn short_place(step: &Step) -> String {
    let place = format!("{}:{}", plain(&step.file), step.line);
    if width(&place) > 46 { super::super::text::cut_start(&place, 46) } else { place }
}
