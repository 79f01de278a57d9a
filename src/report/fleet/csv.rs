//! One row an extension, for spreadsheets, the worst first. Cells are made harmless as in the CSV of a report.

use std::io::{self, Write};

use super::super::csv::harmless;
use crate::judge::fleet::{Fleet, Prevalence};

const HEADER: [&str; 18] = [
    "id",
    "names",
    "versions",
    "hosts",
    "of_hosts",
    "verdict",
    "score",
    "families",
    "sources",
    "enabled_hosts",
    "outside_hosts",
    "flagged_hosts",
    "contents_differ",
    "first_seen",
    "last_seen",
    "findings",
    "on",
    "new",
];

/// Writes the fleet as CSV.
pub fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    rows.write_record(HEADER)?;
    for extension in fleet.extensions() {
        rows.write_record(row(&extension, fleet.summary.hosts).map(|cell| harmless(&cell)))?;
    }
    rows.flush()
}

fn row(extension: &Prevalence, of: usize) -> [String; 18] {
    let news = |news: &crate::judge::fleet::News| {
        let whole = if news.extension { "extension" } else { "" };
        let parts = news.versions.iter().chain(&news.contents).chain(&news.findings).map(String::as_str);
        std::iter::once(whole).chain(parts).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    [
        extension.id.to_string(),
        extension.names.join(" / "),
        extension.versions.join(" "),
        extension.hosts.to_string(),
        of.to_string(),
        extension.verdict.as_str().to_owned(),
        extension.score.to_string(),
        extension.families.join(" "),
        extension.sources.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(" "),
        extension.enabled_hosts.to_string(),
        extension.outside_hosts.to_string(),
        extension.flagged_hosts.to_string(),
        extension.contents_differ.to_string(),
        extension.first_seen.clone().unwrap_or_default(),
        extension.last_seen.clone().unwrap_or_default(),
        extension.findings.join(" "),
        extension.on.join(" "),
        extension.new.as_ref().map(news).unwrap_or_default(),
    ]
}
