//! What went wrong while the scan went on.
//!
//! A [`Problem`] is the fault of an input: it ends up in the report under `errors` and as a warning on standard error.
//! It is never printed by the layer that met it, and it never ends a scan.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step of the pipeline at which an input failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Looking for browsers, profiles, policies and launchers.
    Discover,
    /// Reading a file.
    Read,
    /// Opening an archive or walking a folder.
    Unpack,
    /// Understanding a document: manifest, preferences, script.
    Parse,
    /// Working out facts and verdicts.
    Analyse,
    /// Running scripts in the sealed worker.
    Emulate,
    /// Loading rules, indicators, YARA sources, policies of the user.
    Signatures,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Discover => "discover",
            Stage::Read => "read",
            Stage::Unpack => "unpack",
            Stage::Parse => "parse",
            Stage::Analyse => "analyse",
            Stage::Emulate => "emulate",
            Stage::Signatures => "signatures",
        })
    }
}

/// One input that could not be taken whole.
///
/// The message is lower case, names the thing first, then what is wrong, then the way out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The file, folder or registry key.
    pub path: String,
    /// Where in the pipeline it failed.
    pub stage: Stage,
    /// What is wrong, and what would help.
    pub message: String,
}

impl Problem {
    /// A problem with `path` at `stage`.
    pub fn new(path: impl Into<String>, stage: Stage, message: impl fmt::Display) -> Self {
        Problem { path: path.into(), stage, message: message.to_string() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// What a stage got, and what went wrong on the way: never one or the other.
pub type Outcome<T> = (T, Vec<Problem>);
