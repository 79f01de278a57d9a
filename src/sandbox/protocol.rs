//! What the parent asks and the sealed child answers: one JSON document a line, in each direction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the parent asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Run the definitions, then give the value of each expression.
    Decode {
        /// Definitions.
        prelude: String,
        /// Expressions.
        calls: Vec<String>,
        /// Instructions for all of it.
        steps: u64,
    },
    /// Run a program and give the code that it creates.
    Unpack {
        /// The program.
        program: String,
        /// Instructions for all of it.
        steps: u64,
    },
    /// Play scenes to an extension. The answers: what happens, as it happens, and the end of each scene.
    Play(Box<Play>),
}

/// An extension and scenes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// What the stand-ins are told of the extension, as JSON.
    pub setup: String,
    /// The scenes, in order.
    pub scenes: Vec<PlayScene>,
    /// The package's own texts, by path: what runs, and what scripts may fetch.
    pub files: BTreeMap<String, String>,
    /// The scripts of each page of the package, by the page's path.
    pub pages: BTreeMap<String, Vec<String>>,
    /// Steps for one scene. Several scenes may share an engine, and with it its steps: then one has at least half as many.
    pub steps: u64,
    /// Steps for all scenes.
    pub total: u64,
}

/// One scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlayScene {
    /// What the stand-ins are told of it, as JSON.
    pub scene: String,
    /// The scripts that run by themselves, in order.
    pub scripts: Vec<PlayScript>,
}

/// A script that runs by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlayScript {
    /// Where: background, page, main, devtools, popup or options.
    pub world: String,
    /// Its path.
    pub file: String,
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// `file`: one begins to run. `sink`: something leaves. `code`: text becomes code. `call`, `listens`: the browser is asked.
    /// `error`: a part failed. `broken`: a stand-in failed.
    pub kind: String,
    /// More of it: `at`, the world's clock in milliseconds; `world`; `file` and `line` where the package's code did it.
    pub data: serde_json::Value,
}

/// What the child says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The child is locked down and waits. Always its first line.
    Ready {
        /// The locks, in the order in which they were closed.
        locks: Vec<Lock>,
    },
    /// To [`Request::Decode`].
    Decoded {
        /// A value for each expression, in order.
        values: Vec<Option<String>>,
        /// How the run ended.
        ending: Ending,
    },
    /// To [`Request::Unpack`].
    Unpacked {
        /// Code handed to `eval`, `Function` or a string timer, in order.
        code: Vec<String>,
        /// How the run ended.
        ending: Ending,
    },
    /// To [`Request::Play`]: something happened in the scene that is being played.
    Happened(Event),
    /// To [`Request::Play`]: a scene is over.
    Played {
        /// Steps that it took.
        spent: u64,
        /// How the run ended.
        ending: Ending,
    },
    /// The engine failed in a way that it says cannot happen.
    Failed {
        /// What it said.
        message: String,
    },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// By itself.
    #[default]
    Complete,
    /// An exception that nobody caught ended at least one part of it.
    Threw,
    /// Recursion or the engine's stack went too deep, and nobody caught it. A browser ends such code too.
    Depth,
    /// The budget of steps, turns or events was used up: what would have come later is not seen.
    Steps,
}

/// One lock of the child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// What is locked, in a word or two.
    pub name: String,
    /// Whether it is in force.
    pub held: bool,
    /// By what, or why not.
    pub note: String,
}

/// Bytes of one line in either direction. A longer one ends the child.
pub const LINE_LIMIT: usize = 64 << 20;
