//! The child: lock down first, then answer requests until the input ends.

use std::io::{BufRead, Read, Write};
use std::process::ExitCode;
use std::rc::Rc;

use super::protocol::{Answer, LINE_LIMIT, Request};
use super::{WORKER_ARGUMENT, seal};

/// Stack of the thread that runs scripts: the engine's parser and its natives recurse on it.
const STACK: usize = 256 << 20;

/// Whether the program was started as a sealed worker. Asked before anything else looks at the arguments.
pub fn requested() -> bool {
    std::env::args_os().nth(1).is_some_and(|first| first == WORKER_ARGUMENT)
}

/// The life of a sealed worker. Returns when the parent closes the pipe.
pub fn main() -> ExitCode {
    let memory = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(512 << 20);
    // What goes wrong is answered or shows in the exit status; there is nobody to read a message.
    std::panic::set_hook(Box::new(|_| {}));
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || serve(memory));
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Some(()))) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Locks down, then answers.
fn serve(memory: u64) -> Option<()> {
    let locks = seal::close(memory, STACK as u64);
    let mut input = std::io::stdin().lock();
    say(&Answer::Ready { locks })?;
    #[cfg(feature = "emulate")]
    super::engine::make_room();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(LINE_LIMIT as u64).read_until(b'\n', &mut line).ok()?;
        if read == 0 {
            return Some(());
        }
        let answered = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => std::panic::catch_unwind(|| answer(request))
                .unwrap_or_else(|_| say(&Answer::Failed { message: "the engine panicked".to_owned() })),
            Err(error) => say(&Answer::Failed { message: error.to_string() }),
        };
        answered?;
    }
}

/// Writes one answer; nothing where nobody reads any more.
fn say(answer: &Answer) -> Option<()> {
    let mut line = serde_json::to_vec(answer).ok()?;
    line.push(b'\n');
    let mut output = std::io::stdout().lock();
    output.write_all(&line).and_then(|()| output.flush()).ok()
}

/// Answers one request with an engine of its own.
#[cfg(feature = "emulate")]
fn answer(request: Request) -> Option<()> {
    match request {
        Request::Decode { prelude, calls, steps } => {
            let (values, ending) = super::engine::decode(&prelude, &calls, steps);
            say(&Answer::Decoded { values, ending })
        }
        Request::Unpack { program, steps } => {
            let (code, ending) = super::engine::unpack(&program, steps);
            say(&Answer::Unpacked { code, ending })
        }
        Request::Play(play) => {
            // As it happens: what was seen of a run that does not end well is told by then.
            let mut listening = Some(());
            let tell = Rc::new(|event| {
                say(&Answer::Happened(event));
            });
            super::engine::play(*play, tell, &mut |ending, spent| {
                listening = listening.and_then(|()| say(&Answer::Played { spent, ending }));
            });
            listening
        }
    }
}

/// Without the engine there is nothing to run.
#[cfg(not(feature = "emulate"))]
fn answer(_: Request) -> Option<()> {
    say(&Answer::Failed { message: "built without a JavaScript engine".to_owned() })
}
