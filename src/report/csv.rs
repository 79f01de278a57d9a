//! One row a finding, for spreadsheets; an extension without findings has one row.
//!
//! A spreadsheet runs what begins with `=`, `+`, `-` or `@`: such values get an apostrophe before them, after blanks too, and
//! control characters are made visible before that.

use std::io::{self, Write};

use super::model::{ExtensionReport, Report};
use super::text::plain;
use super::{View, phrase};
use crate::finding::Finding;

const HEADER: [&str; 21] = [
    "host",
    "browser",
    "user_data_dir",
    "profile",
    "id",
    "name",
    "version",
    "location",
    "source",
    "enabled",
    "installed_at",
    "verdict",
    "score",
    "families",
    "rule",
    "title",
    "severity",
    "confidence",
    "attack",
    "file",
    "why",
];

/// Writes the report as CSV.
pub fn write(report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    rows.write_record(HEADER)?;
    for extension in report.worst_first() {
        if extension.findings.is_empty() {
            rows.write_record(row(report, Some(extension), None, view))?;
        }
        for finding in &extension.findings {
            rows.write_record(row(report, Some(extension), Some(finding), view))?;
        }
    }
    for (profile, finding) in report.elsewhere() {
        let mut cells = row(report, None, Some(finding), view);
        if let Some((browser, profile)) = profile {
            for (at, value) in [(1, &browser.browser), (2, &browser.user_data_dir), (3, &profile.directory)] {
                if let Some(cell) = cells.get_mut(at) {
                    *cell = harmless(value);
                }
            }
        }
        if let Some(cell) = cells.get_mut(11) {
            *cell = finding.verdict.as_str().to_owned();
        }
        rows.write_record(cells)?;
    }
    rows.flush()
}

fn row(report: &Report, extension: Option<&ExtensionReport>, finding: Option<&Finding>, view: &View<'_>) -> Vec<String> {
    let of = |value: fn(&ExtensionReport) -> String| extension.map(value).unwrap_or_default();
    let said = finding.map(|finding| phrase::said(finding, view));
    let cells = vec![
        report.host.name.clone(),
        of(|e| e.browser.clone().unwrap_or_default()),
        of(|e| e.user_data_dir.clone().unwrap_or_default()),
        of(|e| e.profile.clone().unwrap_or_default()),
        of(|e| e.id.to_string()),
        of(|e| e.name.clone()),
        of(|e| e.version.clone()),
        of(|e| e.install.location.as_str().to_owned()),
        of(|e| e.install.source.as_str().to_owned()),
        of(|e| e.install.enabled.to_string()),
        of(|e| e.install.installed_at.clone().unwrap_or_default()),
        of(|e| e.verdict.as_str().to_owned()),
        of(|e| e.score.to_string()),
        of(|e| e.families.join(" ")),
        finding.map(|f| f.rule.clone()).unwrap_or_default(),
        said.as_ref().map(|said| said.title.clone()).unwrap_or_default(),
        finding.map(|f| f.severity.as_str().to_owned()).unwrap_or_default(),
        finding.map(|f| f.confidence.as_str().to_owned()).unwrap_or_default(),
        finding.map(|f| f.attack.join(" ")).unwrap_or_default(),
        finding.and_then(|f| f.evidence.first()).map(phrase::proof_place).unwrap_or_default(),
        said.map(|said| said.why).unwrap_or_default(),
    ];
    cells.iter().map(|cell| harmless(cell)).collect()
}

/// A value that no spreadsheet runs, whatever it makes of blanks and of full-width signs.
pub fn harmless(value: &str) -> String {
    let value = plain(value);
    let first = value.trim_start().chars().next();
    let runs = matches!(first, Some('=' | '+' | '-' | '@' | '|' | '%' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'));
    if runs { format!("'{value}") } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        let report = super::super::read::reports(include_bytes!("../../fixtures/reports/hostile.json")).expect("reads");
        let mut out = Vec::new();
        write(&report[0], &View::default(), &mut out).expect("writes");
        let mut rows = csv::Reader::from_reader(out.as_slice());
        let mut count = 0;
        for row in rows.records() {
            for cell in row.expect("a row").iter() {
                assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell}");
                assert!(!cell.contains(['\n', '\r', '\t']), "{cell:?}");
            }
            count += 1;
        }
        assert_eq!(count, 9);
        assert_eq!(harmless("  =1+1"), "'  =1+1");
    }
}
