//! From a [`Report`] to bytes. Every form is made from the one model in [`model`]; none looks anything up elsewhere.
//!
//! To add a form: one file here, one variant of [`Format`], one row of [`FORMATS`].

pub mod brought;
pub mod csv;
pub mod ecs;
pub mod fleet;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod markdown;
pub mod misp;
pub mod model;
pub mod pages;
pub mod phrase;
pub mod read;
pub mod redact;
pub mod sarif;
pub mod schema;
pub mod shared;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod step;
pub mod stix;
pub mod table;
pub mod text;
pub mod tlp;

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::finding::Verdict;
use crate::locales::Lang;

pub use model::Report;

/// A form in which a report can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For a person at a terminal.
    #[default]
    Table,
    /// The whole report as one document.
    Json,
    /// One object a line, for log collectors.
    Jsonl,
    /// SARIF 2.1.0, for code-scanning dashboards.
    Sarif,
    /// One row a finding, for spreadsheets.
    Csv,
    /// One page to read, print and hand on.
    Html,
    /// For a ticket.
    Markdown,
    /// Elastic Common Schema, one event a line.
    Ecs,
    /// STIX 2.1 bundle, for sharing indicators.
    Stix,
    /// MISP event, for sharing indicators.
    Misp,
    /// A database file.
    Sqlite,
}

/// How a form is written.
pub trait Render: Sync {
    /// Writes the report.
    fn render(&self, report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()>;
}

impl<F> Render for F
where
    F: Fn(&Report, &View<'_>, &mut dyn Write) -> io::Result<()> + Sync,
{
    fn render(&self, report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        self(report, view, out)
    }
}

/// One row of [`FORMATS`].
pub struct Form {
    /// The form.
    pub format: Format,
    /// Its name on the command line.
    pub name: &'static str,
    /// Endings of file names that ask for it.
    pub endings: &'static [&'static str],
    /// Read by programs: a cut report is a wrong one.
    pub machine: bool,
    /// Writes it; `None` where this build cannot.
    pub render: Option<&'static dyn Render>,
}

/// Every form.
pub const FORMATS: &[Form] = &[
    Form { format: Format::Table, name: "table", endings: &["txt"], machine: false, render: Some(&table::write) },
    Form { format: Format::Json, name: "json", endings: &["json"], machine: true, render: Some(&json::write) },
    Form { format: Format::Jsonl, name: "jsonl", endings: &["jsonl", "ndjson"], machine: true, render: Some(&jsonl::write) },
    Form { format: Format::Sarif, name: "sarif", endings: &["sarif"], machine: true, render: Some(&sarif::write) },
    Form { format: Format::Csv, name: "csv", endings: &["csv"], machine: true, render: Some(&csv::write) },
    Form { format: Format::Html, name: "html", endings: &["html", "htm"], machine: true, render: Some(&html::write) },
    Form {
        format: Format::Markdown,
        name: "markdown",
        endings: &["md", "markdown"],
        machine: false,
        render: Some(&markdown::write),
    },
    Form { format: Format::Ecs, name: "ecs", endings: &["ecs"], machine: true, render: Some(&ecs::write) },
    Form { format: Format::Stix, name: "stix", endings: &["stix"], machine: true, render: Some(&stix::write) },
    Form { format: Format::Misp, name: "misp", endings: &["misp"], machine: true, render: Some(&misp::write) },
    Form { format: Format::Sqlite, name: "sqlite", endings: &["sqlite", "db"], machine: true, render: SQLITE },
];

#[cfg(feature = "sqlite")]
const SQLITE: Option<&dyn Render> = Some(&sqlite::write);
#[cfg(not(feature = "sqlite"))]
const SQLITE: Option<&dyn Render> = None;

impl Format {
    /// The row of the table.
    pub fn form(self) -> &'static Form {
        // The test below holds the table complete; the first row would be a harmless answer.
        FORMATS.iter().find(|form| form.format == self).unwrap_or(&FORMATS[0])
    }

    /// The form that a file name asks for by its ending: the longest of its endings that is known, so that
    /// `report.stix.json` is STIX.
    pub fn of_file_name(name: &str) -> Option<Format> {
        let lower = name.to_ascii_lowercase();
        let mut parts: Vec<&str> = lower.rsplit('.').collect();
        parts.pop();
        let known = |ending: &&str| FORMATS.iter().find(|form| form.endings.contains(ending)).map(|form| form.format);
        match parts.as_slice() {
            [last, before, ..] if ["json", "ndjson", "jsonl"].contains(last) => known(before).or_else(|| known(last)),
            [last, ..] => known(last),
            [] => None,
        }
    }
}

/// How a report is to be shown: what the renderers need to know beside the report.
#[derive(Clone)]
pub struct View<'a> {
    /// The language of words for people.
    pub lang: Lang,
    /// Texts of rules in other languages than English.
    pub texts: &'a dyn RuleTexts,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether escape sequences for colours are wanted.
    pub colour: bool,
    /// What the table lists.
    pub min_verdict: Option<Verdict>,
    /// No cutting of long lines.
    pub full_lines: bool,
    /// Show this one extension in full.
    pub explain: Option<String>,
    /// What is installed, without verdicts.
    pub inventory: bool,
    /// How far STIX and MISP may go; `None` for no marking.
    pub tlp: Option<tlp::Tlp>,
    /// Tell what extensions did in the sealed worker, moment by moment.
    pub trace: bool,
}

impl Default for View<'_> {
    fn default() -> Self {
        View {
            lang: Lang::En,
            texts: &NoTexts,
            width: 100,
            colour: false,
            min_verdict: None,
            full_lines: false,
            explain: None,
            inventory: false,
            tlp: None,
            trace: false,
        }
    }
}

/// The words of a rule in another language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleText {
    /// A few words that fit on a table row.
    pub title: String,
    /// One sentence that a help desk understands.
    pub why: String,
    /// What to do.
    pub remediation: String,
}

/// Where the words of rules in other languages come from. The report itself is English, whatever language it is shown in.
pub trait RuleTexts {
    /// The words of a rule in a language, where there are any.
    fn text(&self, rule: &str, lang: Lang) -> Option<RuleText>;
}

/// No words but the report's own.
pub struct NoTexts;

impl RuleTexts for NoTexts {
    fn text(&self, _rule: &str, _lang: Lang) -> Option<RuleText> {
        None
    }
}

impl RuleTexts for crate::rules::RuleSet {
    fn text(&self, rule: &str, lang: Lang) -> Option<RuleText> {
        let text = self.rule(rule)?.text(lang.code());
        Some(RuleText { title: text.title.clone(), why: text.why.clone(), remediation: text.remediation.clone() })
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_format_has_its_row() {
        for format in Format::value_variants() {
            let rows: Vec<_> = FORMATS.iter().filter(|form| form.format == *format).collect();
            assert_eq!(rows.len(), 1, "{format:?}");
            assert_eq!(format.to_possible_value().map(|value| value.get_name().to_owned()).as_deref(), Some(rows[0].name));
        }
    }

    #[test]
    fn file_names_ask_for_formats() {
        let cases = [
            ("report.html", Some(Format::Html)),
            ("C:\\out\\Report.SARIF", Some(Format::Sarif)),
            ("a.sarif.json", Some(Format::Sarif)),
            ("a.stix.json", Some(Format::Stix)),
            ("a.misp.json", Some(Format::Misp)),
            ("a.ecs.ndjson", Some(Format::Ecs)),
            ("2026.json", Some(Format::Json)),
            ("host.example.json", Some(Format::Json)),
            ("html", None),
            ("report.pdf", None),
        ];
        for (name, format) in cases {
            assert_eq!(Format::of_file_name(name), format, "{name}");
        }
    }
}
