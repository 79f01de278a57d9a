//! Saved reports, read back: a JSON document, several in a row, or lines of JSON from any number of scans.

use serde::Deserialize;
use serde_json::Value;

use super::model::{BrowserReport, ExtensionReport, Host, Machine, Report, SCHEMA, Summary, Tool};
use crate::problem::Problem;

/// Why a file is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON: the file is of another kind, or cut off.
    #[error("not a report: what --format json or jsonl wrote is wanted")]
    Json(#[from] serde_json::Error),
    /// JSON, but not ours, or of a later version that we do not know.
    #[error("not a crxhound report: \"schema\" is {found}, wanted \"{SCHEMA}\"")]
    Schema {
        /// What stands there.
        found: String,
    },
    /// Lines of JSON whose `type` we do not know: the file is of another tool.
    #[error("line {line}: \"type\" is none of machine, browser, extension, error, summary")]
    Kind {
        /// From 1.
        line: usize,
    },
    /// Nothing in it.
    #[error("empty: no report in it")]
    Empty,
}

/// The head that every line carries.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    schema: Value,
    #[serde(default)]
    scan_id: String,
    #[serde(default)]
    started_at: String,
    #[serde(default)]
    host: Host,
    #[serde(default)]
    r#type: Option<String>,
}

#[derive(Deserialize)]
struct MachineLine {
    #[serde(default)]
    tool: Tool,
    #[serde(flatten)]
    machine: Machine,
}

#[derive(Deserialize)]
#[serde(default)]
struct SummaryLine {
    #[serde(flatten)]
    summary: Summary,
    complete: bool,
    duration_ms: u64,
    looked_in: Vec<String>,
}

impl Default for SummaryLine {
    fn default() -> Self {
        SummaryLine { summary: Summary::default(), complete: true, duration_ms: 0, looked_in: Vec::new() }
    }
}

/// All reports in a file, in the order in which their scans begin in it. Lines of one scan belong together even where a collector
/// mixed them with others.
pub fn reports(bytes: &[u8]) -> Result<Vec<Report>, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reports: Vec<Report> = Vec::new();
    let mut open: Vec<bool> = Vec::new();
    for (index, value) in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>().enumerate() {
        let value = value?;
        let head = Head::deserialize(&value)?;
        if head.schema != SCHEMA {
            return Err(ReadError::Schema { found: head.schema.to_string() });
        }
        let Some(kind) = head.r#type else {
            reports.push(Report::deserialize(value)?);
            open.push(false);
            continue;
        };
        let same = |(report, open): (&Report, &bool)| *open && report.scan_id == head.scan_id && report.host == head.host;
        let at = reports.iter().zip(&open).rposition(same).unwrap_or_else(|| {
            let report = Report {
                scan_id: head.scan_id.clone(),
                started_at: head.started_at.clone(),
                host: head.host.clone(),
                ..Report::default()
            };
            reports.push(report);
            open.push(true);
            reports.len() - 1
        });
        if let Some(report) = reports.get_mut(at) {
            add_line(report, &kind, value, index + 1)?;
        }
    }
    if reports.is_empty() {
        return Err(ReadError::Empty);
    }
    // Counts are taken anew: a collector may have lost lines.
    Ok(reports.into_iter().map(Report::finish).collect())
}

fn add_line(report: &mut Report, kind: &str, value: Value, line: usize) -> Result<(), ReadError> {
    match kind {
        "machine" => {
            let line = MachineLine::deserialize(value)?;
            report.tool = line.tool;
            report.machine = line.machine;
        }
        "browser" => report.browsers.push(BrowserReport::deserialize(value)?),
        "extension" => report.extensions.push(ExtensionReport::deserialize(value)?),
        "error" => report.errors.push(Problem::deserialize(value)?),
        "summary" => {
            let line = SummaryLine::deserialize(value)?;
            report.summary = line.summary;
            report.complete = line.complete;
            report.duration_ms = line.duration_ms;
            report.looked_in = line.looked_in;
        }
        _ => return Err(ReadError::Kind { line }),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{View, json, jsonl};
    use super::*;
    use crate::problem::Stage;

    fn sample(id: &str) -> Report {
        Report {
            scan_id: id.into(),
            complete: false,
            extensions: vec![ExtensionReport { name: "n".into(), ..ExtensionReport::default() }],
            browsers: vec![BrowserReport { browser: "chrome".into(), ..BrowserReport::default() }],
            errors: vec![Problem::new("p", Stage::Read, "m")],
            looked_in: vec!["/home".into()],
            ..Report::default()
        }
        .finish()
    }

    #[test]
    fn both_forms_read_back_as_they_were() {
        let (a, b) = (sample("a"), sample("b"));
        let mut file = Vec::new();
        json::write(&a, &View::default(), &mut file).expect("writes");
        jsonl::write(&b, &View::default(), &mut file).expect("writes");
        assert_eq!(reports(&file).expect("reads"), [a, b]);
    }

    #[test]
    fn mixed_lines_find_their_scan() {
        let (a, b) = (sample("a"), sample("b"));
        let text = |report: &Report| {
            let mut out = Vec::new();
            jsonl::write(report, &View::default(), &mut out).expect("writes");
            String::from_utf8(out).expect("UTF-8")
        };
        let (first, second) = (text(&a), text(&b));
        let mixed: Vec<_> = first.lines().zip(second.lines()).flat_map(|(a, b)| [a, b]).collect();
        assert_eq!(reports(mixed.join("\n").as_bytes()).expect("reads"), [a, b]);
    }

    #[test]
    fn other_files_are_refused_by_name() {
        assert!(matches!(reports(b"{\"schema\": \"other/1\"}"), Err(ReadError::Schema { .. })));
        assert!(matches!(reports(b"{}"), Err(ReadError::Schema { .. })));
        assert!(matches!(reports(b"<html>"), Err(ReadError::Json(_))));
        assert!(matches!(reports(b""), Err(ReadError::Empty)));
    }
}
