//! The pipeline: discovery, files, facts, rules, judge, report.
//!
//! [`Engine::scan`] reads a machine, [`Engine::inspect`] bare packages, [`Engine::list`] the inventory alone. All of them end
//! in a finished [`Report`]; what went wrong on the way is in it. The work on one extension is pure
//! (`examine`), runs on threads with stacks deep enough for the JavaScript parser, and a panic in it ends that extension only.

mod alike;
mod cases;
mod code;
mod created;
mod deadline;
mod evidence;
mod examine;
mod host;
mod installed;
mod machine;
mod memory;
mod profile;
mod scan;
mod story;

use std::time::Duration;

use crate::acquire::Limits;
use crate::cache::Cache;
use crate::discover::{Filter, Root};
use crate::extract::indicators::IndicatorSet;
use crate::extract::yara::YaraSet;
use crate::judge::Sensitivity;
use crate::judge::policy::Policy;
use crate::model::ExtensionId;
use crate::report::Report;
use crate::report::model::Tool;
use crate::rules::{self, LoadError, RuleSet};
use crate::sandbox::Budget;

pub use cases::Cases;
pub(crate) use host::now;
pub use memory::{LEAST_MEMORY, runs_scripts_within};

/// Stack of a working thread. The JavaScript parser recurses; the guard before it allows what fits into this.
const STACK: usize = 64 << 20;

/// What an engine is built of.
pub struct Config {
    /// The rules.
    pub rules: RuleSet,
    /// Values known to be bad.
    pub indicators: IndicatorSet,
    /// YARA rules.
    pub yara: YaraSet,
    /// Bounds on what is read.
    pub limits: Limits,
    /// The user's own word on extensions and findings.
    pub policy: Policy,
    /// How readily weak signs are shown.
    pub sensitivity: Sensitivity,
    /// Threads; one a core where not said.
    pub threads: Option<usize>,
    /// Time after which no further extension is begun, and the one that is looked at is brought to its end.
    pub max_time: Option<Duration>,
    /// Bytes of memory to stay below, at least [`LEAST_MEMORY`].
    pub max_memory: Option<u64>,
    /// Reports name every file with its hash.
    pub with_files: bool,
    /// Extensions may be run in the sealed worker, for decoders at the least.
    pub worker: bool,
    /// The program that is started as the sealed worker, where it is not the one that runs: for tests.
    pub worker_program: Option<std::path::PathBuf>,
    /// What the sealed worker of one extension may use.
    pub budget: Budget,
    /// Whether extensions are run as a whole, and which.
    pub emulate: Emulate,
    /// Moments of each run that a report tells.
    pub moments: usize,
    /// What earlier scans found in the same code.
    pub cache: Option<Cache>,
}

/// Moments of a run that a report tells unless more are asked for.
const MOMENTS: usize = 40;

/// Which extensions are run in the sealed worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emulate {
    /// None.
    #[default]
    Never,
    /// Those whose code cannot be read for what it does.
    Auto,
    /// All.
    Always,
}

impl Config {
    /// The built-in rules and indicators, with the usual bounds.
    pub fn builtin() -> Result<Config, LoadError> {
        Ok(Config::new(RuleSet::builtin()?, rules::feed::builtin()))
    }

    /// Rules and indicators, with the usual bounds.
    pub fn new(rules: RuleSet, indicators: IndicatorSet) -> Config {
        Config {
            rules,
            indicators,
            yara: YaraSet::default(),
            limits: Limits::default(),
            policy: Policy::default(),
            sensitivity: Sensitivity::default(),
            threads: None,
            max_time: None,
            max_memory: None,
            with_files: false,
            worker: cfg!(feature = "emulate"),
            worker_program: None,
            budget: Budget::default(),
            emulate: Emulate::Never,
            moments: MOMENTS,
            cache: None,
        }
    }
}

/// What is to be scanned.
pub struct ScanRequest {
    /// This machine or an image.
    pub root: Root,
    /// Which browsers, profiles and paths.
    pub filter: Filter,
    /// Only these extensions; empty for all.
    pub ids: Vec<ExtensionId>,
}

/// Told of how far a scan is.
pub trait Progress: Sync {
    /// So many extensions are to be looked at.
    fn begin(&self, total: usize);
    /// One more is done.
    fn step(&self, name: &str);
}

/// Nobody wants to know.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _total: usize) {}
    fn step(&self, _name: &str) {}
}

/// Rules, tables, limits and threads, built once and used for any number of scans.
pub struct Engine {
    config: Config,
    pool: rayon::ThreadPool,
    /// The day, on which entries of a policy end.
    today: String,
}

impl Engine {
    /// An engine of these parts. The error is the system's, when it gives no threads.
    pub fn new(mut config: Config) -> Result<Engine, rayon::ThreadPoolBuildError> {
        if let Some(bytes) = config.max_memory {
            memory::keep_within(&mut config, bytes);
        }
        let threads = config.threads.unwrap_or_default();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build()?;
        Ok(Engine { config, pool, today: host::today() })
    }

    /// What the user's policy says in vain, since it has come to its end.
    pub fn expired(&self) -> Vec<String> {
        self.config.policy.expired(&self.today)
    }

    /// The rules that are loaded.
    pub fn rules(&self) -> &RuleSet {
        &self.config.rules
    }

    /// An empty report with the head filled in.
    fn report(&self) -> Report {
        let tool = Tool {
            signatures: self.config.rules.hash().to_owned(),
            signatures_date: self.config.rules.date().to_owned(),
            ..Tool::default()
        };
        Report { tool, ..Report::default() }
    }
}
