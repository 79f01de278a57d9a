//! The parent's side of one child process: start, talk, time out, kill.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::protocol::{Answer, LINE_LIMIT, Lock, Request};
use super::{Budget, WORKER_ARGUMENT};

/// How long a new child may take until it is locked down. Generous: a loaded machine must not lose its sandbox.
const START_TIME: Duration = Duration::from_secs(20);

/// How often the memory of a child is looked at, where no limit can be set for it.
const MEMORY_INTERVAL: Duration = Duration::from_millis(20);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The child could not be started.
    Start(String),
    /// It did not answer in time and was killed.
    Time,
    /// It grew above its limit and was killed.
    Memory,
    /// It ended by itself: out of memory, a stack overflow, a crash.
    Died(String),
    /// It said something that is no answer.
    Garbled(String),
    /// Too many children were lost.
    GivenUp,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Start(reason) => write!(f, "could not be started: {reason}"),
            Fault::Time => f.write_str("killed at its time limit"),
            Fault::Memory => f.write_str("killed at its memory limit"),
            Fault::Died(status) => write!(f, "ended over a script ({status})"),
            Fault::Garbled(what) => write!(f, "gave no proper answer: {what}"),
            Fault::GivenUp => f.write_str("given up after too many losses"),
        }
    }
}

/// A running child. Dropping it kills it.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    input: ChildStdin,
    lines: Receiver<Result<String, String>>,
    memory: u64,
}

impl Child {
    /// Starts a child and waits until it says that it is locked down.
    pub fn start(program: Option<&Path>, budget: &Budget) -> Result<(Child, Vec<Lock>), Fault> {
        let own = match program {
            Some(path) => path.to_owned(),
            None => std::env::current_exe().map_err(|error| Fault::Start(error.to_string()))?,
        };
        let mut command = Command::new(own);
        command.arg(WORKER_ARGUMENT).arg(budget.memory.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // The child needs nothing of the environment. Windows cannot load its own libraries without this one name.
        command.env_clear();
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        // The allocator of the static program reserves a gigabyte of addresses at once, which the child's limit of memory counts as
        // taken: so much a script could fill before it came to the limit.
        if cfg!(target_env = "musl") {
            command.env("MIMALLOC_ARENA_RESERVE", "64M");
        }
        let mut process = command.spawn().map_err(|error| Fault::Start(error.to_string()))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(Fault::Start("no pipes".to_owned()));
        };
        let (sender, lines) = sync_channel(1);
        std::thread::Builder::new()
            .name("sealed-worker".to_owned())
            .spawn(move || read_lines(output, &sender))
            .map_err(|error| Fault::Start(error.to_string()))?;
        let mut child = Child { process, input, lines, memory: budget.memory };
        match child.answer(START_TIME)? {
            Answer::Ready { locks } => Ok((child, locks)),
            _ => Err(Fault::Garbled("not ready".to_owned())),
        }
    }

    /// Sends a request and waits for the answer.
    pub fn ask(&mut self, request: &Request, time: Duration) -> Result<Answer, Fault> {
        let mut line = serde_json::to_vec(request).map_err(|error| Fault::Garbled(error.to_string()))?;
        if line.len() >= LINE_LIMIT {
            return Ok(Answer::Failed { message: "request too large".to_owned() });
        }
        line.push(b'\n');
        if self.input.write_all(&line).and_then(|()| self.input.flush()).is_err() {
            return Err(Fault::Died(self.status()));
        }
        self.answer(time)
    }

    /// Waits for one line.
    pub fn answer(&mut self, time: Duration) -> Result<Answer, Fault> {
        let start = Instant::now();
        let line = loop {
            let left = time.checked_sub(start.elapsed()).ok_or(Fault::Time)?;
            match self.lines.recv_timeout(left.min(self.patience())) {
                Ok(Ok(line)) => break line,
                Ok(Err(reason)) => return Err(Fault::Garbled(reason)),
                Err(RecvTimeoutError::Disconnected) => return Err(Fault::Died(self.status())),
                Err(RecvTimeoutError::Timeout) if self.too_large() => return Err(Fault::Memory),
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        serde_json::from_str(&line).map_err(|error| Fault::Garbled(error.to_string()))
    }

    /// How long to wait before looking at the child again.
    fn patience(&self) -> Duration {
        if cfg!(windows) { MEMORY_INTERVAL } else { Duration::from_secs(3600) }
    }

    /// Whether the child has outgrown its limit, where the system does not watch over it by itself.
    #[cfg(windows)]
    fn too_large(&self) -> bool {
        use std::os::windows::io::AsRawHandle;
        win32job::utils::get_process_memory_info(self.process.as_raw_handle() as isize)
            .is_ok_and(|info| info.working_set_size as u64 > self.memory)
    }

    #[cfg(not(windows))]
    fn too_large(&self) -> bool {
        let _ = self.memory;
        false
    }

    /// How the child ended, in words.
    fn status(&mut self) -> String {
        let _ = self.process.kill();
        self.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Hands on the child's lines until it ends or says too much.
fn read_lines(output: ChildStdout, sender: &SyncSender<Result<String, String>>) {
    let mut reader = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match reader.by_ref().take(LINE_LIMIT as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.last() != Some(&b'\n') => {
                // Either the child died in the middle of a line, or the line is too long.
                let long = line.len() >= LINE_LIMIT;
                if long {
                    let _ = sender.send(Err("answer too large".to_owned()));
                }
                return;
            }
            Ok(_) => {
                let line = String::from_utf8(line).map_err(|error| error.to_string());
                if sender.send(line).is_err() {
                    return;
                }
            }
        }
    }
}
