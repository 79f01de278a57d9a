//! The commands' way to the engine: options in, a report out.

use std::path::PathBuf;

use super::options::{Analysis, Targets};
use super::terminal::Terminal;
use crate::report::Report;

/// What an engine is asked.
pub enum Request {
    /// Find and judge what is installed.
    Scan(Targets),
    /// Find what is installed.
    List(Targets),
    /// Judge packages.
    Inspect(Vec<PathBuf>),
}

/// Has the engine answer a request.
pub fn report(_request: &Request, _analysis: &Analysis, _with_files: bool, _terminal: &Terminal) -> anyhow::Result<Report> {
    anyhow::bail!("not available in this build")
}
