//! `--max-seconds`: when a scan has to come to its end. A backstop: what it cuts off is not the same on two machines.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What is said of what was left undone.
pub(super) const LATE: &str = "the time that --max-seconds allows was used up";

/// The end of a scan, and whether anything was left undone for it.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    at: Option<Instant>,
    cut: AtomicBool,
}

impl Deadline {
    /// So long from now on; `None` for no end.
    pub fn after(time: Option<Duration>) -> Deadline {
        // A time that no clock can show never comes.
        Deadline { at: time.and_then(|time| Instant::now().checked_add(time)), cut: AtomicBool::new(false) }
    }

    /// The same end for one extension, of which nothing was left undone so far.
    pub fn for_one(&self) -> Deadline {
        Deadline { at: self.at, cut: AtomicBool::new(false) }
    }

    /// The moment itself, for what waits.
    pub fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Whether it has passed. Who asks and hears yes leaves something undone.
    pub fn passed(&self) -> bool {
        let passed = self.at.is_some_and(|at| Instant::now() >= at);
        if passed {
            self.cut.store(true, Ordering::Relaxed);
        }
        passed
    }

    /// Whether something was left undone.
    pub fn has_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_that_ask_are_cut() {
        let deadline = Deadline::after(Some(Duration::ZERO));
        let (asked, silent) = (deadline.for_one(), deadline.for_one());
        assert!(asked.passed() && asked.has_cut() && !silent.has_cut() && !deadline.has_cut());
        assert!(!Deadline::after(None).passed() && !Deadline::after(Some(Duration::MAX)).passed());
    }
}
