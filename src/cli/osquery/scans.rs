//! Reports for questions: the last one, or a new one where that is too old.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use super::tables::{self, Table};
use crate::cli::args::OsqueryArgs;
use crate::cli::options::{Analysis, Targets};
use crate::cli::terminal::Terminal;
use crate::cli::work::{self, Request};
use crate::report::Report;

/// Scans when it must.
pub struct Scans {
    request: Request,
    analysis: Analysis,
    refresh: Duration,
    terminal: Terminal,
    last: Mutex<Option<(Instant, Report)>>,
}

impl Scans {
    /// Out of what was typed.
    pub fn new(args: OsqueryArgs, terminal: &Terminal) -> anyhow::Result<Scans> {
        Ok(Scans {
            request: Request::Scan(Targets::new(args.target)?),
            analysis: Analysis::new(args.analysis)?,
            refresh: Duration::from_secs(args.refresh),
            terminal: terminal.clone(),
            last: Mutex::default(),
        })
    }

    /// The rows of a table. Questions that come while a scan runs wait for it.
    pub fn rows(&self, table: &Table) -> anyhow::Result<Vec<Vec<String>>> {
        let mut last = self.last.lock().map_err(|_| anyhow!("an earlier scan ended in a bug; start the extension again"))?;
        let fresh = last.as_ref().is_some_and(|(at, _)| at.elapsed() < self.refresh);
        if !fresh {
            let report = work::report(&self.request, &self.analysis, false, &self.terminal).context("the scan failed")?;
            *last = Some((Instant::now(), report));
        }
        Ok(last.as_ref().map(|(_, report)| tables::rows(table, report)).unwrap_or_default())
    }
}
