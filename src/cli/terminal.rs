//! The terminal: the only module that prints. Reports go to standard output, everything said about the work to standard error.
//!
//! What comes from outside (paths, names) is made plain before it is shown, see [`text::plain`].

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::sync::Once;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::When;
use crate::report::text;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// Between two looks of a bar on which nothing was done: its seconds go on.
const TICK: Duration = Duration::from_millis(200);

/// Where the program talks to.
#[derive(Clone, Debug)]
pub struct Terminal {
    color: When,
    progress: When,
    quiet: bool,
    verbose: u8,
}

impl Terminal {
    /// A terminal with these habits.
    pub fn new(color: When, progress: When, quiet: bool, verbose: u8) -> Terminal {
        Terminal { color, progress, quiet, verbose }
    }

    /// Whether more notes are wanted.
    pub fn is_verbose(&self) -> bool {
        self.verbose > 0 && !self.quiet
    }

    /// Whether standard output takes colours: a terminal, no `NO_COLOR`, or asked for.
    pub fn colour(&self) -> bool {
        self.choice(&io::stdout()) != ColorChoice::Never
    }

    /// Columns of the terminal: `COLUMNS`, else what the terminal says, else 100.
    pub fn width(&self) -> usize {
        let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
        let real = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        asked.or_else(real).unwrap_or(100).clamp(40, 400)
    }

    /// Writes a report or an answer to standard output, colours translated for old consoles.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.write_with(|out| out.write_all(bytes))
    }

    /// The same for what is not held in memory as a whole.
    pub fn write_with(&self, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let choice = self.choice(&io::stdout());
        let stdout = io::stdout().lock();
        let out: Box<dyn Write> =
            if choice == ColorChoice::Never { Box::new(stdout) } else { Box::new(AutoStream::new(stdout, choice)) };
        let mut out = BufWriter::new(out);
        fill(&mut out)?;
        out.flush()
    }

    /// Something could not be done.
    pub fn error(&self, message: impl AsRef<str>) {
        self.say("error", ERROR, message.as_ref());
    }

    /// Something is not as it should be, and the work goes on.
    pub fn warn(&self, message: impl AsRef<str>) {
        if !self.quiet {
            self.say("warning", WARNING, message.as_ref());
        }
    }

    /// Something worth knowing.
    pub fn note(&self, message: impl AsRef<str>) {
        if !self.quiet {
            self.say("note", NOTE, message.as_ref());
        }
    }

    /// Something worth knowing for those who asked for more.
    pub fn detail(&self, message: impl AsRef<str>) {
        if self.is_verbose() {
            self.say("note", NOTE, message.as_ref());
        }
    }

    /// A line that says at once what is being done, until `Progress` knows how much there is; if somebody is there to see it.
    pub fn progress(&self, first: &str, then: &'static str) -> Progress {
        let shown = match self.progress {
            When::Always => !self.quiet,
            When::Never => false,
            When::Auto => !self.quiet && io::stderr().is_terminal(),
        };
        let bar = shown.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style("{msg} {elapsed}"));
            bar.set_message(first.to_owned());
            bar.tick();
            bar.enable_steady_tick(TICK);
            bar
        });
        Progress { bar, then, counted: Once::new() }
    }

    fn choice(&self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        match self.color {
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
            When::Auto => AutoStream::choice(stream),
        }
    }

    /// One message on standard error. Nobody is left to tell if that fails.
    fn say(&self, kind: &str, style: Style, message: &str) {
        let choice = self.choice(&io::stderr());
        let mut err = AutoStream::new(io::stderr().lock(), choice);
        let mut lines = message.lines().map(text::plain);
        let first = lines.next().unwrap_or_default();
        let _ = writeln!(err, "{style}{kind}{style:#}: {first}");
        for line in lines {
            let _ = writeln!(err, "  {line}");
        }
    }
}

/// A bar that may be shown; safe to move from several threads.
pub struct Progress {
    bar: Option<ProgressBar>,
    then: &'static str,
    counted: Once,
}

impl Progress {
    /// So much is done of so much.
    pub fn set(&self, done: usize, total: usize) {
        let Some(bar) = &self.bar else { return };
        self.counted.call_once(|| {
            bar.set_style(style("{msg} [{bar:30}] {pos}/{len} {elapsed}").progress_chars("=> "));
            bar.set_message(self.then);
        });
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The templates are fixed; were one wrong, the default style would do.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
