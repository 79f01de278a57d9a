//! What an extension did when it was run in the sealed worker.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One scene that was played to an extension, and what it did there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Run {
    /// The scene's name: gmail, naver-login, site, ...
    pub scene: String,
    /// The address of the page that was open.
    pub page: String,
    /// Whether it came to its end; else a limit of steps, turns or events was reached.
    pub complete: bool,
    /// What happened, in order.
    pub moments: Vec<RunMoment>,
    /// Moments that are left out here.
    pub more: usize,
}

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunMoment {
    /// Milliseconds on the clock of the run, which no machine's speed changes.
    pub at: u64,
    /// What kind of thing.
    pub kind: RunKind,
    /// Where: background, content, main (the page's own world), popup, options, devtools, offscreen.
    pub world: String,
    /// The file whose code did it; empty where it is not known.
    pub file: String,
    /// The line in it, from 1.
    pub line: u32,
    /// The file, event, call, beginning of the code or of the address, message of the exception.
    pub what: String,
    /// By which way it leaves or becomes code: fetch, xhr, image, eval, ...; empty for other kinds.
    pub how: String,
    /// What it carries away, as sources of flows.
    pub carries: Vec<String>,
    /// How often it happened in a row.
    pub times: usize,
}

/// The kinds of moments of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// A file begins to run.
    Runs,
    /// It listens to an event of the browser.
    Listens,
    /// It calls the browser.
    Calls,
    /// Text becomes code.
    Code,
    /// Something leaves.
    Sends,
    /// A part of it failed.
    Fails,
}

impl RunKind {
    /// The word for it, as in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            RunKind::Runs => "runs",
            RunKind::Listens => "listens",
            RunKind::Calls => "calls",
            RunKind::Code => "code",
            RunKind::Sends => "sends",
            RunKind::Fails => "fails",
        }
    }
}
