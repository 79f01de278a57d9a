//! `crxhound osquery`: inventory and findings as tables of osquery, by its protocol for extensions.
//!
//! The program connects to osquery's socket and registers its tables, then listens on `<socket>.<number>` for questions: is it
//! still there, give the rows of a table, end. It asks osquery the same from time to time, and ends when nobody answers.
//! A scan takes seconds, so its report is kept and served until it is too old.
//!
//! Source: osquery's `osquery.thrift` and its documentation "Extensions".

#[cfg(unix)]
mod scans;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod tables;
#[cfg(unix)]
mod thrift;

use super::args::OsqueryArgs;
use super::exit::Exit;
use super::options::Common;

/// Serves the tables until osquery says that it is enough, or is gone.
#[cfg(unix)]
pub fn run(args: OsqueryArgs, common: &Common) -> anyhow::Result<Exit> {
    let seconds = |seconds: u64| std::time::Duration::from_secs(seconds.max(1));
    let (socket, timeout, interval) = (args.socket.clone(), seconds(args.timeout), seconds(args.interval));
    let scans = scans::Scans::new(args, &common.terminal)?;
    serve::until_the_end(&socket, timeout, interval, scans, &common.terminal)?;
    Ok(Exit::Clean)
}

/// Refuses, before anything is looked at.
#[cfg(not(unix))]
pub fn run(_args: OsqueryArgs, _common: &Common) -> anyhow::Result<Exit> {
    anyhow::bail!(
        "osquery: this system's named pipes are not served yet; run `crxhound scan --output FILE` by the task scheduler instead"
    )
}
