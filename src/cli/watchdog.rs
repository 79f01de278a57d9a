//! The last means of `--max-seconds`: the engine ends by itself when the time is up, but not while it waits for a file of a
//! disk or server that does not answer. Then the program ends without a report, rather than stay for ever.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::exit::Exit;
use super::terminal::Terminal;

/// Time that the engine gets to come to its end by itself: that of one script which cannot be interrupted, with room.
const GRACE: Duration = Duration::from_secs(30);

/// Bites after a time, unless it is dropped before.
pub struct Watchdog {
    /// Nothing is ever sent; that it is gone says that the work is done.
    _done: Sender<()>,
}

impl Watchdog {
    /// Ends the program when a scan has not come to its end long after the time it was given.
    pub fn of_scan(time: Duration, terminal: &Terminal) -> Watchdog {
        let terminal = terminal.clone();
        Watchdog::new(time.saturating_add(GRACE), move || {
            terminal.error("--max-seconds: a file or folder cannot be read to its end; given up without a report");
            std::process::exit(Exit::Failed.code().into());
        })
    }

    /// Does something after a time. Where the system gives no thread there is no watchdog, and the work goes on.
    fn new(time: Duration, bite: impl FnOnce() + Send + 'static) -> Watchdog {
        let (done, watched) = channel::<()>();
        let watch = move || {
            if watched.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                bite();
            }
        };
        let _ = thread::Builder::new().name("watchdog".to_owned()).spawn(watch);
        Watchdog { _done: done }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn it_bites_late_work_only() {
        let (bitten, heard) = channel();
        let late = bitten.clone();
        let _late = Watchdog::new(Duration::from_millis(1), move || late.send("late").unwrap());
        drop(Watchdog::new(Duration::from_millis(200), move || bitten.send("in time").unwrap()));
        assert_eq!(heard.recv(), Ok("late"));
        // Both are gone: the second without having bitten.
        assert!(heard.recv_timeout(Duration::from_secs(5)).is_err_and(|error| error == RecvTimeoutError::Disconnected));
    }
}
