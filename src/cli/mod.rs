//! Everything that talks to the user: arguments, options, one file a command, and the terminal.

mod args;
mod audit;
mod completions;
pub mod config;
mod demo;
mod diff;
mod doctor;
mod evidence;
mod examples;
mod exit;
mod explain;
mod files;
mod fleet;
mod folder;
mod inspect;
mod list;
mod options;
mod osquery;
mod output;
mod present;
mod priority;
mod remediate;
mod render;
mod scan;
mod schema;
mod signatures;
mod since;
mod terminal;
mod watchdog;
mod work;

use std::process::ExitCode;

use args::{Cli, Command, When};
use config::Config;
use exit::Exit;
pub use options::command;
use options::{Common, Refusal};
use terminal::Terminal;

/// Runs the program: reads the command line, does what it says, and gives the exit code.
pub fn run() -> ExitCode {
    let plain = Terminal::new(When::Auto, When::Never, false, 0);
    let (cli, config) = match options::parse(osquery::arguments(std::env::args_os().collect())) {
        Ok(parsed) => parsed,
        Err(Refusal::Clap(refusal)) => {
            // Help and version go to standard output, mistakes to standard error; nobody is left to tell if that fails.
            let _ = refusal.print();
            return if refusal.use_stderr() { Exit::Failed } else { Exit::Clean }.into();
        }
        Err(Refusal::Config(error)) => {
            plain.error(format!("{error:#}"));
            return Exit::Failed.into();
        }
    };
    let common = Common::new(&cli.global);
    say_where_options_come_from(&config, &common.terminal);
    match dispatch(cli, &common) {
        Ok(exit) => exit.into(),
        Err(error) => {
            common.terminal.error(format!("{error:#}"));
            Exit::Failed.into()
        }
    }
}

fn dispatch(cli: Cli, common: &Common) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Scan(args) => scan::run(args, common),
        Command::Inspect(args) => inspect::run(args, common),
        Command::List(args) => list::run(args, common),
        Command::Explain(args) => explain::run(args, common),
        Command::Diff(args) => diff::run(args, common),
        Command::Fleet(args) => fleet::run(args, common),
        Command::Signatures(args) => signatures::run(args, common),
        Command::Render(args) => render::run(args, common),
        Command::Evidence(args) => evidence::run(args, common),
        Command::Remediate(args) => remediate::run(args, common),
        Command::Demo(args) => demo::run(args, common),
        Command::Osquery(args) => osquery::run(args, common),
        Command::Schema(args) => schema::run(args, common),
        Command::Doctor(args) => doctor::run(args, common),
        Command::Completions(args) => completions::shell(args, common),
        Command::Man => completions::man(common),
    }
}

/// A file in the current folder can change what a scan says, so it is never used in silence.
fn say_where_options_come_from(config: &Config, terminal: &Terminal) {
    match &config.path {
        Some(path) if !config.named => terminal.note(format!("options from {}", path.display())),
        Some(path) => terminal.detail(format!("options from {}", path.display())),
        None => {}
    }
}
