//! The commands' way to the engine: options in, a report out.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use super::args::When;
use super::folder;
use super::options::{Analysis, Targets};
use super::priority::{self, Lowered};
use super::terminal::{self, Terminal};
use super::watchdog::Watchdog;
use crate::cache::Cache;
use crate::discover::{Filter, Root, Users};
use crate::engine::{self, Config, Emulate, Engine, Progress, ScanRequest};
use crate::extract::indicators::Indicator;
use crate::extract::yara::YaraSet;
use crate::judge::policy::Policy;
use crate::problem::{Problem, Stage};
use crate::report::Report;
use crate::rules::{RuleSet, feed};

/// Moments of each run that `--trace` tells.
const TRACED_MOMENTS: usize = 1_000;

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
pub fn report(request: &Request, analysis: &Analysis, with_files: bool, terminal: &Terminal) -> anyhow::Result<Report> {
    if analysis.gentle {
        be_gentle(terminal);
    }
    // An image is evidence: nothing about it comes from anywhere else.
    let live = !matches!(request, Request::Scan(targets) | Request::List(targets) if targets.root.is_some());
    let cache = if analysis.cache && live { Cache::of_user() } else { None };
    if analysis.max_memory.is_some_and(|bytes| !engine::runs_scripts_within(bytes)) && analysis.emulate != When::Never {
        terminal.note("--max-memory: too little for the sealed worker; no script is run");
    }
    let progress = terminal.progress("looking for extensions", "reading extensions");
    let bar = Bar { bar: Mutex::new(progress), total: AtomicUsize::new(0), done: AtomicUsize::new(0) };
    let (engine, skipped) = self::engine(analysis, with_files, cache)?;
    let _watchdog = analysis.max_seconds.map(|seconds| Watchdog::of_scan(Duration::from_secs(seconds), terminal));
    let mut report = match request {
        Request::Scan(targets) => engine.scan(&scan_request(targets)?, &bar),
        Request::List(targets) => engine.list(&scan_request(targets)?, &bar),
        Request::Inspect(paths) => {
            if let Some(path) = paths.iter().find(|path| path.symlink_metadata().is_err()) {
                bail!("{}: no such file or folder, or no way to it", path.display());
            }
            engine.inspect(paths, &bar)
        }
    };
    drop(bar);
    report.errors.extend(skipped);
    Ok(report.finish())
}

/// Stands back for what else runs; before any thread is there. A scan that cannot is still wanted.
fn be_gentle(terminal: &Terminal) {
    match priority::lower() {
        Ok(Lowered::CpuAndDisk) => {}
        Ok(Lowered::Cpu) => terminal.detail("--gentle: the priority of the disk cannot be lowered on this system"),
        Err(error) => terminal.warn(format!("--gentle: {error}")),
    }
}

/// An engine with what a person named, and what was skipped of it.
fn engine(analysis: &Analysis, with_files: bool, cache: Option<Cache>) -> anyhow::Result<(Engine, Vec<Problem>)> {
    let signatures = folder::signatures(&analysis.signatures)?;
    let rules = RuleSet::with(&signatures).map_err(anyhow::Error::msg)?;
    let listed = feed::own(signatures.base().into_iter().map(|(path, (_, text))| (path, text)));
    let (indicators, mut skipped) = feeds(analysis)?;
    let (yara, wrong) = yara(analysis)?;
    skipped.extend(wrong);
    let mut config = Config::new(rules, listed.and(indicators));
    config.sensitivity = analysis.sensitivity;
    config.threads = analysis.threads;
    config.max_memory = analysis.max_memory;
    config.max_time = analysis.max_seconds.map(Duration::from_secs);
    config.with_files = with_files;
    if analysis.trace {
        config.moments = TRACED_MOMENTS;
    }
    config.yara = yara;
    config.cache = cache;
    for path in &analysis.policy {
        let text = String::from_utf8(folder::read_file(path)?).map_err(|_| anyhow!("{}: is not UTF-8 text", path.display()))?;
        config.policy = config.policy.and(Policy::parse(&path.to_string_lossy(), &text)?);
    }
    config.worker &= analysis.emulate != When::Never;
    config.emulate = match analysis.emulate {
        When::Auto => Emulate::Auto,
        When::Always => Emulate::Always,
        When::Never => Emulate::Never,
    };
    let engine = Engine::new(config).context("the system gives no threads")?;
    skipped.extend(engine.expired().into_iter().map(|message| Problem::new("--policy", Stage::Signatures, message)));
    Ok((engine, skipped))
}

/// The YARA rules that a person named. A wrong one is skipped and said; it is a mistake where nothing can be used.
fn yara(analysis: &Analysis) -> anyhow::Result<(YaraSet, Vec<Problem>)> {
    let mut files = Vec::new();
    for path in &analysis.yara {
        for (name, bytes) in folder::read(path, &["yar", "yara"])? {
            let shown = if path.is_dir() { path.join(&name) } else { path.clone() };
            files.push((shown.to_string_lossy().into_owned(), bytes));
        }
    }
    if files.is_empty() && !analysis.yara.is_empty() {
        bail!("--yara: no rules found; files that end in .yar or .yara are wanted");
    }
    let (set, problems) = YaraSet::compile(&files);
    match problems.first() {
        Some(problem) if analysis.strict || set.is_empty() => bail!("{problem}"),
        _ => Ok((set, problems)),
    }
}

/// The indicators that a person named. A wrong line is skipped and said; a file of which nothing can be used is a mistake.
fn feeds(analysis: &Analysis) -> anyhow::Result<(Vec<Indicator>, Vec<Problem>)> {
    let (mut indicators, mut skipped) = (Vec::new(), Vec::new());
    for path in &analysis.iocs {
        for (name, bytes) in folder::read(path, &[])? {
            let shown = if path.is_dir() { path.join(&name) } else { path.clone() };
            let (found, problems) = feed::parse(&shown.to_string_lossy(), &bytes);
            if let Some(problem) = problems.first().filter(|_| found.is_empty() || analysis.strict) {
                bail!("{problem}");
            }
            indicators.extend(found);
            skipped.extend(problems);
        }
    }
    Ok((indicators, skipped))
}

/// Where to look, from what was typed.
pub fn scan_request(targets: &Targets) -> anyhow::Result<ScanRequest> {
    let root = match &targets.root {
        Some(folder) => Root::image(folder)?,
        None => Root::live(if targets.all_users { Users::All } else { Users::Current }),
    };
    let paths = targets.paths.iter().chain(&targets.user_data_dirs).cloned().collect();
    let filter = Filter { browsers: targets.browsers.clone(), profiles: targets.profiles.clone(), paths };
    if let Some(unknown) = filter.unknown_browsers().first() {
        let names: Vec<_> = crate::discover::browsers::browsers().iter().map(|browser| browser.id.as_str()).collect();
        bail!("--browser {unknown}: no such browser; known ones are {}", names.join(", "));
    }
    Ok(ScanRequest { root, filter, ids: targets.ids.clone() })
}

/// A bar on the terminal, told by several threads.
struct Bar {
    bar: Mutex<terminal::Progress>,
    total: AtomicUsize,
    done: AtomicUsize,
}

impl Bar {
    fn show(&self, done: usize) {
        if let Ok(bar) = self.bar.lock() {
            bar.set(done, self.total.load(Ordering::Relaxed));
        }
    }
}

impl Progress for Bar {
    fn begin(&self, total: usize) {
        self.total.store(total, Ordering::Relaxed);
        self.show(0);
    }

    fn step(&self, _name: &str) {
        self.show(self.done.fetch_add(1, Ordering::Relaxed) + 1);
    }
}
