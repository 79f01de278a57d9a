//! For a person at a terminal: worst first, one reason each, and how to see more.

mod explain;
pub(super) mod grid;
pub(super) mod paint;
mod trace;

use std::io::{self, Write};

use self::grid::{Column, Grid, Row};
use self::paint::{DIM, Paint};
use super::model::{ExtensionReport, Report};
use super::text::{cut, plain, wrap};
use super::{View, phrase};
use crate::finding::{Finding, Verdict};
use crate::locales::Words;

/// A terminal may be wider; lines of text are not easier to read then.
const WIDEST: usize = 160;

/// Lines of a name and of a reason in one row.
const NAME_LINES: usize = 2;
const REASON_LINES: usize = 3;

/// Writes the one line that says it all, for `--summary`.
pub fn summary(report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let words = view.lang.words();
    let line = if view.inventory { phrase::listed(report, words) } else { phrase::summary(report, words) };
    writeln!(out, "{}", Paint::new(view.colour).verdict(report.worst(), &plain(&line)))
}

/// Writes the table, or the one view that was asked for.
pub fn write(report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let words = view.lang.words();
    let paint = Paint::new(view.colour);
    let width = view.width.min(WIDEST);
    if let Some(id) = &view.explain {
        return explain::write(report, id, view, width, out);
    }
    if report.browsers.is_empty() && report.extensions.is_empty() && report.elsewhere().next().is_none() {
        return nothing_found(report, words, width, out);
    }
    if view.inventory {
        inventory(report, view, width, out)?;
        return writeln!(out, "\n{}", plain(&phrase::looked(report, words)));
    }
    if view.trace {
        trace::write(&report.extensions, view, width, out)?;
    }
    let least = view.min_verdict.unwrap_or(Verdict::Suspicious);
    let rows = rows(report, view, least);
    if rows.is_empty() {
        let least = phrase::verdict(least.max(Verdict::Review), words);
        writeln!(out, "{}", words.fill("table.nothing_listed", &[("verdict", &least)]))?;
    } else {
        table(words, width, paint).write(&rows, out)?;
    }
    writeln!(out)?;
    if least > Verdict::Review && report.summary.review > 0 {
        let line = words.count("table.review_folded", report.summary.review);
        paragraph(&format!("{line} {}", words.get("table.more_review")), width, out)?;
    }
    if let Some(extension) = report.worst_first().first().filter(|extension| extension.verdict >= least) {
        let option = format!("--explain {}", extension.id);
        paragraph(&words.fill("table.more", &[("command", &option)]), width, out)?;
    }
    for line in wrap(&plain(&phrase::summary(report, words)), width) {
        writeln!(out, "{}", paint.verdict(report.worst(), &line))?;
    }
    Ok(())
}

/// The table's columns: the verdict as wide as its longest word, the place and the source as the terminal allows, the rest for
/// the extension.
fn table(words: &Words, width: usize, paint: Paint) -> Grid {
    let verdicts = [Verdict::Malicious, Verdict::Suspicious, Verdict::Review, Verdict::Ok];
    let widest =
        verdicts.iter().map(|verdict| super::text::width(&shout(phrase::verdict(*verdict, words)))).max().unwrap_or(10);
    let (place, source) = sides(width);
    let columns = vec![
        Column {
            title: words.get("table.verdict").to_owned(),
            width: widest.max(super::text::width(words.get("table.verdict"))),
        },
        Column { title: words.get("table.extension").to_owned(), width: 0 },
        Column { title: words.get("table.where").to_owned(), width: place },
        Column { title: words.get("table.source").to_owned(), width: source },
    ];
    Grid::new(columns, width, paint)
}

/// Columns for place and source.
fn sides(width: usize) -> (usize, usize) {
    match width {
        ..90 => (17, 14),
        90..130 => (22, 20),
        _ => (30, 24),
    }
}

fn shout(word: &str) -> String {
    word.to_uppercase()
}

/// One row for each extension, and for each finding about the machine or a profile, worst first.
fn rows(report: &Report, view: &View<'_>, least: Verdict) -> Vec<Row> {
    let words = view.lang.words();
    let mut rows: Vec<(Verdict, Row)> = Vec::new();
    for extension in report.worst_first() {
        if extension.verdict >= least {
            rows.push((extension.verdict, extension_row(extension, report, view)));
        }
    }
    for (profile, finding) in report.elsewhere().filter(|(_, finding)| finding.verdict >= least) {
        let place = profile.map_or_else(
            || words.get("table.machine").to_owned(),
            |(browser, profile)| phrase::profile_place(browser, profile),
        );
        rows.push((finding.verdict, finding_row(finding, &place, view)));
    }
    // Stable: extensions before the rest among equals.
    rows.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn extension_row(extension: &ExtensionReport, report: &Report, view: &View<'_>) -> Row {
    let words = view.lang.words();
    let mut row = Row::new(4);
    row.put(0, &shout(phrase::verdict(extension.verdict, words)), 1, Paint::of_verdict(extension.verdict));
    row.put(1, &phrase::name(extension), NAME_LINES, paint::STRONG);
    if let Some(finding) = extension.main_finding() {
        row.put(1, &reason(finding, &extension.families, view), REASON_LINES, paint::PLAIN);
    }
    row.put(1, extension.id.as_str(), 1, DIM);
    row.put(2, &phrase::place(extension), 2, paint::PLAIN);
    if let Some(name) = phrase::profile_name(extension, report) {
        row.put(2, name, 1, DIM);
    }
    row.put(3, phrase::source(extension.install.source, words), 2, paint::PLAIN);
    if extension.browser.is_some() && !extension.install.enabled {
        row.put(3, words.get("table.disabled"), 1, DIM);
    }
    row
}

fn finding_row(finding: &Finding, place: &str, view: &View<'_>) -> Row {
    let mut row = Row::new(4);
    row.put(0, &shout(phrase::verdict(finding.verdict, view.lang.words())), 1, Paint::of_verdict(finding.verdict));
    let said = phrase::said(finding, view);
    row.put(1, &said.title, NAME_LINES, paint::STRONG);
    row.put(1, &said.why, REASON_LINES, paint::PLAIN);
    if let Some(place) = finding.evidence.first().and_then(|proof| proof.file.as_deref().or(proof.pointer.as_deref())) {
        row.put_path(1, place, DIM);
    }
    row.put(2, place, 2, paint::PLAIN);
    row
}

/// The one reason that matters, with the family's name.
fn reason(finding: &Finding, families: &[String], view: &View<'_>) -> String {
    let title = phrase::said(finding, view).title;
    if families.is_empty() { title } else { format!("{title} ({})", families.join(", ")) }
}

/// What is installed, without verdicts.
fn inventory(report: &Report, view: &View<'_>, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let words = view.lang.words();
    let paint = Paint::new(view.colour);
    let (place, source) = sides(width);
    let state = super::text::width(words.get("table.disabled")).max(super::text::width(words.get("table.state"))).max(3);
    let columns = vec![
        Column { title: words.get("table.extension").to_owned(), width: 0 },
        Column { title: words.get("table.where").to_owned(), width: place },
        Column { title: words.get("table.source").to_owned(), width: source },
        Column { title: words.get("table.state").to_owned(), width: state },
    ];
    let rows: Vec<Row> = report
        .extensions
        .iter()
        .map(|extension| {
            let mut row = Row::new(4);
            row.put(0, &phrase::name(extension), NAME_LINES, paint::STRONG);
            row.put(0, extension.id.as_str(), 1, DIM);
            row.put(1, &phrase::place(extension), 2, paint::PLAIN);
            row.put(2, phrase::source(extension.install.source, words), 2, paint::PLAIN);
            let state = if extension.install.enabled { words.get("table.enabled") } else { words.get("table.disabled") };
            row.put(3, state, 1, if extension.install.enabled { paint::PLAIN } else { DIM });
            row
        })
        .collect();
    Grid::new(columns, width, paint).write(&rows, out)
}

/// Nothing here: where was looked, and what to try.
fn nothing_found(report: &Report, words: &Words, width: usize, out: &mut dyn Write) -> io::Result<()> {
    const PLACES: usize = 12;
    writeln!(out, "{}", words.get("table.nothing_found"))?;
    if !report.looked_in.is_empty() {
        writeln!(out, "{}", words.get("table.looked_in"))?;
        for place in report.looked_in.iter().take(PLACES) {
            writeln!(out, "  {}", cut(&plain(place), width.saturating_sub(2)))?;
        }
        let more = report.looked_in.len().saturating_sub(PLACES);
        if more > 0 {
            writeln!(out, "  {}", words.fill("table.and_more", &[("n", &more)]))?;
        }
    }
    paragraph(words.get("table.try"), width, out)
}

/// Text in lines that fit.
fn paragraph(text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    for line in wrap(&plain(text), width) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
