//! `crxhound osquery`: inventory and findings as tables of osquery, by its protocol for extensions.
//!
//! The program connects to osquery's socket and registers its tables, then listens on `<socket>.<number>` for questions: is it
//! still there, give the rows of a table, end. It asks osquery the same from time to time, and ends when nobody answers.
//! A scan takes seconds, so its report is kept and served until it is too old.
//!
//! Source: osquery's `osquery.thrift` and its documentation "Extensions".

mod scans;
mod serve;
mod socket;
mod tables;
mod thrift;

use std::ffi::OsString;
use std::path::Path;

use super::args::OsqueryArgs;
use super::exit::Exit;
use super::options::Common;

/// The command line that is meant where osquery starts the program itself: it loads programs of this ending, and gives them
/// `--socket`, `--timeout` and `--interval`. It runs as the system, so everybody's browsers are asked for.
pub fn arguments(mut typed: Vec<OsString>) -> Vec<OsString> {
    let is_extension = typed.first().is_some_and(|program| {
        let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        name.ends_with(".ext") || name.ends_with(".ext.exe")
    });
    if is_extension {
        typed.insert(1, "osquery".into());
        typed.extend(["--all-users", "--gentle"].map(Into::into));
    }
    typed
}

/// Serves the tables until osquery says that it is enough, or is gone.
pub fn run(args: OsqueryArgs, common: &Common) -> anyhow::Result<Exit> {
    let seconds = |seconds: u64| std::time::Duration::from_secs(seconds.max(1));
    let (socket, timeout, interval) = (args.socket.clone(), seconds(args.timeout), seconds(args.interval));
    let scans = scans::Scans::new(args, &common.terminal)?;
    serve::until_the_end(&socket, timeout, interval, scans, &common.terminal)?;
    Ok(Exit::Clean)
}
