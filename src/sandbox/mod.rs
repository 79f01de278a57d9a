//! The sealed worker: a JavaScript engine where hostile code can do no harm.
//!
//! The same program is started once more as a child process. The child gives up everything first (files, network, other
//! processes, most system calls), then reads requests on its standard input and answers on its standard output. A script
//! that loops for ever, eats memory or crashes the engine ends the child and nothing else.
//!
//! - `mod.rs`: [`Worker`], the parent's side: start, ask, watch, kill.
//! - [`protocol`]: what goes in and out, as plain values.
//! - [`worker`]: the child's loop.
//! - `seal.rs`: the locks, by platform.
//! - `engine.rs` and `engine/`: the only files that name the engine.
//! - `emulate.rs`, `scene.rs`, `markup.rs`, `world/`, `scenes/`: a whole extension in a world of stand-ins, full of canaries.
//! - [`facts`], `canaries.rs`: what a run showed, as facts.

mod canaries;
mod emulate;
#[cfg(feature = "emulate")]
mod engine;
pub mod facts;
#[cfg(feature = "emulate")]
mod markup;
pub mod protocol;
mod scene;
mod seal;
mod watch;
pub mod worker;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use emulate::{Effort, Emulation, Ran, emulate};
use protocol::{Answer, Play, Request};
pub use protocol::{Ending, Event, Lock};
pub use scene::{SERVER_WORD, Scene, scenes_for};
use watch::{Child, Fault};

use crate::problem::{Problem, Stage};
use crate::script::evaluate::{DecoderJob, Evaluate};

/// The hidden first argument that turns the program into a sealed worker.
pub const WORKER_ARGUMENT: &str = "--sealed-worker";

/// How much a worker may use.
///
/// Steps decide what is found, so that a result is the same on every machine; memory and time are backstops.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Instructions of the engine for one request.
    pub steps: u64,
    /// Instructions for all scenes that are played to one extension. Thefts as they are written, minified or bundled need two
    /// millions a scene; where strings are looked up in scrambled tables it is many times as much, and more is allowed.
    pub scenes: u64,
    /// Bytes of memory of the child.
    pub memory: u64,
    /// Wall-clock time for one request.
    pub time: Duration,
    /// The moment after which nothing is asked or waited for any more.
    pub until: Option<Instant>,
    /// Children that may be lost before no further one is started.
    pub losses: u32,
    /// Requests that one worker answers in its life.
    pub requests: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            steps: 50_000_000,
            scenes: 48_000_000,
            memory: 512 << 20,
            time: Duration::from_secs(10),
            until: None,
            losses: 3,
            requests: 2_000,
        }
    }
}

/// A sealed worker for one extension. Nothing is started before the first request; a lost child is replaced.
#[derive(Debug)]
pub struct Worker {
    program: Option<PathBuf>,
    budget: Budget,
    state: Mutex<State>,
}

/// What changes while a worker lives.
#[derive(Debug, Default)]
struct State {
    child: Option<Child>,
    losses: u32,
    requests: u32,
    problems: Vec<String>,
    locks: Vec<Lock>,
    /// A child was lost: what is missing for it depends on the machine.
    cut: bool,
}

impl Worker {
    /// A worker that runs the program which is running now.
    pub fn new(budget: Budget) -> Worker {
        Worker { program: None, budget, state: Mutex::default() }
    }

    /// A worker that runs another copy of the program, for tests.
    pub fn with_program(program: impl Into<PathBuf>, budget: Budget) -> Worker {
        Worker { program: Some(program.into()), budget, state: Mutex::default() }
    }

    /// Starts a child if none runs, and says which locks are in force in it, or why there is none.
    pub fn locks(&self) -> Result<Vec<Lock>, String> {
        let mut state = self.state();
        self.started(&mut state).map_err(|fault| fault.to_string())?;
        Ok(state.locks.clone())
    }

    /// What went wrong so far, for the report; the list is emptied.
    pub fn take_problems(&self, path: &str) -> Vec<Problem> {
        let problems = std::mem::take(&mut self.state().problems);
        problems.into_iter().map(|message| Problem::new(path, Stage::Emulate, message)).collect()
    }

    /// Whether every answer was given that steps allow: no child was lost to time, memory or a crash, which are not the same on
    /// every machine.
    pub fn is_whole(&self) -> bool {
        !self.state().cut
    }

    /// Sends one request and waits for its answer. A child that is lost over it is not asked a second time.
    fn ask(&self, request: &Request) -> Option<Answer> {
        let mut state = self.state();
        let time = self.time(&mut state)?;
        let answer = self.started(&mut state).and_then(|child| child.ask(request, time));
        answer.map_err(|fault| state.lose(&fault)).ok()
    }

    /// Plays scenes. Of one over which a child is lost there is what was told by then, and no ending; the next ones are played to
    /// another child.
    fn play(&self, mut play: Play) -> Vec<Played> {
        let mut state = self.state();
        let mut played: Vec<Played> = Vec::new();
        let (all, steps) = (play.scenes.len(), play.steps);
        while played.len() < all {
            let Some(mut time) = self.time(&mut state) else { break };
            let before = played.len();
            // An extension may be many megabytes: it is handed on, never copied.
            let request = Request::Play(Box::new(play));
            let mut answer = self.started(&mut state).and_then(|child| child.ask(&request, time));
            let mut events = Vec::new();
            let lost = loop {
                match answer {
                    Ok(Answer::Happened(event)) if events.len() < EVENTS_LIMIT => events.push(event),
                    Ok(Answer::Played { spent, ending }) => {
                        played.push(Played { events: std::mem::take(&mut events), ending: Some(ending), spent });
                        let Some(left) = self.left().filter(|_| played.len() < all) else { break None };
                        time = self.budget.time.min(left);
                    }
                    Ok(Answer::Failed { message }) => break Some(Fault::Garbled(message)),
                    Ok(_) => break Some(Fault::Garbled("something else".to_owned())),
                    Err(fault) => break Some(fault),
                }
                answer = state.child.as_mut().ok_or(Fault::GivenUp).and_then(|child| child.answer(time));
            };
            let Some(fault) = lost else { break };
            state.lose(&fault);
            if fault == Fault::GivenUp {
                break;
            }
            played.push(Played { events, ending: None, spent: steps });
            let Request::Play(rest) = request else { break };
            play = *rest;
            let spent = played.iter().skip(before).map(|one| one.spent).sum();
            play.total = play.total.saturating_sub(spent);
            play.scenes.drain(..(played.len() - before).min(play.scenes.len()));
        }
        played
    }

    /// How long the next answer may take, for a request that is counted; none where nothing is asked any more.
    fn time(&self, state: &mut State) -> Option<Duration> {
        let Some(left) = self.left() else {
            if !std::mem::replace(&mut state.cut, true) {
                state.problems.push("sealed worker: no time was left to ask it".to_owned());
            }
            return None;
        };
        if state.requests >= self.budget.requests {
            if state.requests == self.budget.requests {
                state.problems.push("sealed worker: too many requests, the rest is left undone".to_owned());
            }
            state.requests = state.requests.saturating_add(1);
            return None;
        }
        state.requests += 1;
        Some(self.budget.time.min(left))
    }

    /// The time that is left for everything.
    fn left(&self) -> Option<Duration> {
        let left = self.budget.until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        (!left.is_zero()).then_some(left)
    }

    /// The running child, started if need be.
    fn started<'s>(&self, state: &'s mut State) -> Result<&'s mut Child, Fault> {
        if state.child.is_none() {
            if state.losses >= self.budget.losses {
                return Err(Fault::GivenUp);
            }
            let (child, locks) = Child::start(self.program.as_deref(), &self.budget)?;
            state.locks = locks;
            state.child = Some(child);
        }
        state.child.as_mut().ok_or(Fault::GivenUp)
    }

    /// A panic of another thread while it held the lock leaves nothing half done: the child is replaced at need.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A child is gone.
    fn lose(&mut self, fault: &Fault) {
        self.child = None;
        self.cut = true;
        if *fault != Fault::GivenUp {
            self.losses += 1;
            self.problems.push(format!("sealed worker: {fault}"));
        }
    }
}

/// Events of one scene that are listened to: more than a child ever tells.
const EVENTS_LIMIT: usize = 10_000;

/// What came of a scene.
#[derive(Debug)]
struct Played {
    events: Vec<Event>,
    /// How it ended; nothing where the child was lost over it.
    ending: Option<Ending>,
    spent: u64,
}

impl Evaluate for Worker {
    fn evaluate(&self, job: &DecoderJob) -> Vec<Option<String>> {
        let request = Request::Decode { prelude: job.prelude.clone(), calls: job.calls.clone(), steps: self.budget.steps };
        let mut values = match self.ask(&request) {
            Some(Answer::Decoded { values, .. }) => values,
            _ => Vec::new(),
        };
        values.resize(job.calls.len(), None);
        values
    }

    fn unpack(&self, program: &str) -> Vec<String> {
        let request = Request::Unpack { program: program.to_owned(), steps: self.budget.steps };
        match self.ask(&request) {
            Some(Answer::Unpacked { code, .. }) => code,
            _ => Vec::new(),
        }
    }
}
