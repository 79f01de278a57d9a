//! One JSON object a line, for log collectors: the machine, each browser, each extension, each error, and last the summary.
//!
//! Collectors drop or break long lines, so a line above [`LINE_BYTES`] is cut, bulk first, and says what was taken out.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::model::{Host, Machine, Report, Summary, Tool};
use super::{View, json, text};

/// The longest line, line feed included, unless full lines are asked for.
pub const LINE_BYTES: usize = 8_000;

/// What every line says, so that each can be read on its own.
#[derive(Serialize)]
struct Line<'a, T> {
    schema: &'a str,
    scan_id: &'a str,
    started_at: &'a str,
    host: &'a Host,
    r#type: &'a str,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize)]
struct MachineLine<'a> {
    tool: &'a Tool,
    #[serde(flatten)]
    machine: &'a Machine,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    #[serde(flatten)]
    summary: Summary,
    complete: bool,
    duration_ms: u64,
    looked_in: &'a [String],
}

/// Writes the report as lines of JSON.
pub fn write(report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    line(report, view, "machine", MachineLine { tool: &report.tool, machine: &report.machine }, out)?;
    for browser in &report.browsers {
        line(report, view, "browser", browser, out)?;
    }
    for extension in &report.extensions {
        line(report, view, "extension", extension, out)?;
    }
    for error in &report.errors {
        line(report, view, "error", error, out)?;
    }
    let summary = SummaryLine {
        summary: report.summary,
        complete: report.complete,
        duration_ms: report.duration_ms,
        looked_in: &report.looked_in,
    };
    line(report, view, "summary", summary, out)
}

fn line<T: Serialize>(report: &Report, view: &View<'_>, kind: &str, body: T, out: &mut dyn Write) -> io::Result<()> {
    let head = Line {
        schema: &report.schema,
        scan_id: &report.scan_id,
        started_at: &report.started_at,
        host: &report.host,
        r#type: kind,
        body,
    };
    let mut text = json::line(&head)?;
    if text.len() >= LINE_BYTES && !view.full_lines {
        text = cut(serde_json::from_str(&text)?)?;
    }
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")
}

/// One thing that is taken out of a line, by the name that `truncated` gives it.
type Cut = (&'static str, fn(&mut Value));

/// What is taken out, in this order, until the line fits. The first four are the contract's.
const CUTS: &[Cut] = &[
    ("files", |line| clear(line, "", &["files"])),
    ("excerpts", |line| each_finding(line, &|finding| remove_excerpts(finding))),
    ("flows", |line| each_finding(line, &|finding| clear(finding, "", &["flow"]))),
    ("permissions", |line| {
        clear(line, "/permissions", &["api", "hosts", "optional_api", "optional_hosts", "granted_api", "granted_hosts"]);
    }),
    ("runs", |line| clear(line, "", &["runs"])),
    ("contacts", |line| clear(line, "", &["contacts"])),
    ("lists", |line| {
        clear(line, "", &["policies", "launchers", "native_hosts", "external", "timeline", "other_versions", "looked_in"]);
    }),
    ("text", |line| shorten(line, 200)),
    ("profiles", |line| keep(line, "profiles", 8)),
    ("findings", |line| keep_findings(line, 8)),
    ("text", |line| shorten(line, 60)),
    ("findings", |line| keep_findings(line, 1)),
    ("evidence", |line| each_finding(line, &|finding| clear(finding, "", &["evidence", "attack"]))),
    ("profiles", |line| keep(line, "profiles", 1)),
    ("reasons", |line| clear(line, "", &["reasons", "families"])),
];

/// Takes things out of a line until it fits.
fn cut(mut line: Value) -> io::Result<String> {
    let mut names: Vec<&str> = Vec::new();
    let mut text = String::new();
    for (name, cut) in CUTS {
        let before = line.clone();
        cut(&mut line);
        if line == before {
            continue;
        }
        if !names.contains(name) {
            names.push(name);
        }
        if let Some(object) = line.as_object_mut() {
            object.insert("truncated".to_owned(), names.clone().into());
        }
        text = json::line(&line)?;
        if text.len() < LINE_BYTES {
            return Ok(text);
        }
    }
    Ok(if text.is_empty() { json::line(&line)? } else { text })
}

/// Empties lists of the object at a pointer.
fn clear(value: &mut Value, pointer: &str, names: &[&str]) {
    for name in names {
        if let Some(Value::Array(list)) = value.pointer_mut(pointer).and_then(|object| object.get_mut(*name)) {
            list.clear();
        }
    }
}

/// Keeps the first of a list.
fn keep(value: &mut Value, name: &str, count: usize) {
    if let Some(Value::Array(list)) = value.get_mut(name) {
        list.truncate(count);
    }
}

/// Keeps the first findings of the line itself and of each profile in it.
fn keep_findings(line: &mut Value, count: usize) {
    keep(line, "findings", count);
    for profile in line.get_mut("profiles").and_then(Value::as_array_mut).into_iter().flatten() {
        keep(profile, "findings", count);
    }
}

/// Changes each finding of the line itself and of each profile in it.
fn each_finding(line: &mut Value, change: &dyn Fn(&mut Value)) {
    for finding in line.get_mut("findings").and_then(Value::as_array_mut).into_iter().flatten() {
        change(finding);
    }
    for profile in line.get_mut("profiles").and_then(Value::as_array_mut).into_iter().flatten() {
        for finding in profile.get_mut("findings").and_then(Value::as_array_mut).into_iter().flatten() {
            change(finding);
        }
    }
}

fn remove_excerpts(finding: &mut Value) {
    for evidence in finding.get_mut("evidence").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(evidence) = evidence.as_object_mut() {
            evidence.remove("excerpt");
        }
    }
}

/// Shortens every text. The depth is the report's own, which is small.
fn shorten(value: &mut Value, chars: usize) {
    match value {
        Value::String(long) if long.chars().nth(chars).is_some() => *long = text::first_chars(long, chars),
        Value::Array(list) => list.iter_mut().for_each(|value| shorten(value, chars)),
        Value::Object(object) => object.values_mut().for_each(|value| shorten(value, chars)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::{ExtensionReport, FileEntry};
    use super::*;

    fn lines(report: &Report, full_lines: bool) -> Vec<Value> {
        let mut out = Vec::new();
        write(report, &View { full_lines, ..View::default() }, &mut out).expect("a Vec takes all");
        let text = String::from_utf8(out).expect("UTF-8");
        text.lines()
            .inspect(|line| assert!(full_lines || line.len() < LINE_BYTES, "{} bytes", line.len()))
            .map(|line| serde_json::from_str(line).expect("a JSON line"))
            .collect()
    }

    #[test]
    fn each_line_stands_on_its_own_and_the_summary_is_last() {
        let report = Report { scan_id: "s".into(), extensions: vec![ExtensionReport::default()], ..Report::default() }.finish();
        let lines = lines(&report, false);
        let kinds: Vec<_> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
        assert_eq!(kinds, ["machine", "extension", "summary"]);
        for line in &lines {
            for field in ["schema", "scan_id", "started_at", "host"] {
                assert!(line.get(field).is_some(), "{field} is missing in {line}");
            }
        }
    }

    #[test]
    fn long_lines_lose_files_first() {
        let file = FileEntry { path: "a.js".into(), size: 1, sha256: "0".repeat(64) };
        let extension = ExtensionReport { files: vec![file; 200], ..ExtensionReport::default() };
        let report = Report { extensions: vec![extension], ..Report::default() };
        assert_eq!(lines(&report, false)[1]["truncated"], serde_json::json!(["files"]));
        assert_eq!(lines(&report, true)[1]["files"].as_array().map(Vec::len), Some(200));
    }

    #[test]
    fn a_name_of_a_megabyte_still_makes_a_short_line() {
        let extension = ExtensionReport { name: "\u{202e}\"x".repeat(500_000), ..ExtensionReport::default() };
        let report = Report { extensions: vec![extension], ..Report::default() };
        assert_eq!(lines(&report, false)[1]["truncated"], serde_json::json!(["text"]));
    }
}
