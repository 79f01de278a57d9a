//! `--audit-log`: who ran what, with which signatures, and what came out, as one line for each scan.
//!
//! The line is JSON and its fields are those of [`Entry`]. It goes to a file, or to a log of the system ([`sink`]).

mod command_line;
mod sink;
mod who;

use std::path::PathBuf;

use anyhow::bail;
use serde::Serialize;

use super::exit::Exit;
use crate::finding::Verdict;
use crate::model::hash::{hex, sha256};
use crate::report::model::{Host, Summary, Tool};
use crate::report::{Report, json};

pub use sink::Sink;

/// The value of `schema` in every line.
const SCHEMA: &str = "crxhound.audit/1";

/// One line of the log.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    schema: &'static str,
    /// When the line was written: RFC 3339 in UTC.
    at: String,
    who: who::Who,
    /// What was typed, without secrets.
    command: Vec<String>,
    process: u32,
    exit_code: u8,
    #[serde(flatten)]
    outcome: Outcome<'a>,
}

/// What came out.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    Report(Box<Told<'a>>),
    Failure {
        /// Why there is no report.
        error: String,
    },
}

/// A report in short.
#[derive(Debug, Serialize)]
struct Told<'a> {
    tool: &'a Tool,
    host: &'a Host,
    scan_id: &'a str,
    started_at: &'a str,
    duration_ms: u64,
    complete: bool,
    verdict: Verdict,
    summary: &'a Summary,
    /// Things that could not be read whole.
    errors: usize,
    /// SHA-256 of the report as `--format json` writes it, whatever form was asked for.
    report_sha256: String,
}

/// Logs a scan that has a report.
pub fn log(sink: &Sink, report: &Report, exit: Exit) -> anyhow::Result<()> {
    let mut document = Vec::new();
    json::document(report, &mut document)?;
    let told = Told {
        tool: &report.tool,
        host: &report.host,
        scan_id: &report.scan_id,
        started_at: &report.started_at,
        duration_ms: report.duration_ms,
        complete: report.complete,
        verdict: report.worst(),
        summary: &report.summary,
        errors: report.errors.len(),
        report_sha256: hex(&sha256(&document)),
    };
    write(sink, exit, Outcome::Report(Box::new(told)))
}

/// Logs a scan that was begun and came to nothing.
pub fn log_failure(sink: &Sink, error: &anyhow::Error) -> anyhow::Result<()> {
    let error = command_line::cut(&format!("{error:#}"));
    write(sink, Exit::Failed, Outcome::Failure { error })
}

fn write(sink: &Sink, exit: Exit, outcome: Outcome<'_>) -> anyhow::Result<()> {
    let entry = Entry {
        schema: SCHEMA,
        at: crate::engine::now().to_string(),
        who: who::who(),
        command: command_line::shown(std::env::args_os()),
        process: std::process::id(),
        exit_code: exit.code(),
        outcome,
    };
    let line = json::line(&entry)?;
    sink.write(&line, exit)
}

/// Where `--audit-log` leads. Logs that this system does not have are refused before anything is scanned.
pub fn sink(typed: &str) -> anyhow::Result<Sink> {
    let sink = match typed {
        "journald" => Sink::Journald,
        "syslog" => Sink::Syslog,
        // Refused rather than taken for a file's name: what calls it without unsafe code says nothing when a line is lost.
        "eventlog" => bail!("--audit-log eventlog: Windows' event log is not written; name a file that your agent collects"),
        "" => bail!("--audit-log: wanted: a file, journald or syslog"),
        file => Sink::File(PathBuf::from(file)),
    };
    match &sink {
        Sink::Journald if !cfg!(target_os = "linux") => {
            bail!("--audit-log journald: only Linux has it; name a file that your agent collects")
        }
        Sink::Syslog if !cfg!(unix) => bail!("--audit-log syslog: this system has none; name a file that your agent collects"),
        _ => Ok(sink),
    }
}
