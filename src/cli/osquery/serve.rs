//! Both directions of the talk with osquery, over two sockets.

use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};

use super::scans::Scans;
use super::socket::{Listener, Own, Stream, connect};
use super::tables::{TABLES, Table};
use super::thrift::{self, Fields, Kind, Message, Value, field};
use crate::cli::terminal::Terminal;

/// The name under which osquery lists us.
const NAME: &str = "crxhound";
/// The version of osquery's interface that this was written after.
const SDK_VERSION: &str = "5.0.0";

/// Between two attempts at a socket that refuses.
const PAUSE: Duration = Duration::from_millis(100);
/// Questions that are missed before osquery counts as gone.
const MISSED: u32 = 3;
/// Connections at a time. osquery keeps one or two.
const CONNECTIONS: usize = 16;

/// osquery's `ExtensionCode`.
const SUCCESS: i32 = 0;
const FAILED: i32 = 1;

/// Registers the tables and answers questions until it is told to stop, or osquery is gone.
pub fn until_the_end(
    socket: &Path,
    timeout: Duration,
    interval: Duration,
    scans: Scans,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    let mut manager = Manager::connect(socket, timeout)?;
    let number = manager.register()?;
    let own = Own::bind(socket, number)?;
    terminal.detail(format!("osquery: registered as number {number}"));

    let (stop, stopped) = channel();
    let listener = Arc::clone(&own.listener);
    thread::spawn(move || accept(&listener, &Arc::new(scans), &stop));
    let mut missed = 0;
    while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
        missed = if manager.ping().is_ok() { 0 } else { missed + 1 };
        if missed == MISSED {
            terminal.note("osquery: nobody answers any more");
            return Ok(());
        }
        if missed > 0 {
            // It may have been started anew; what it knew of us is gone then, and the next start registers again.
            manager.reconnect();
        }
    }
    // It may have gone while it told us to stop.
    let _ = manager.deregister(number);
    Ok(())
}

/// osquery's side that extensions talk to.
struct Manager {
    socket: PathBuf,
    stream: BufReader<Stream>,
    asked: i32,
}

impl Manager {
    /// Connects, as soon as osquery listens.
    fn connect(socket: &Path, timeout: Duration) -> anyhow::Result<Manager> {
        let end = Instant::now() + timeout;
        loop {
            match connect(socket) {
                Ok(stream) => {
                    return Ok(Manager { socket: socket.to_owned(), stream: BufReader::new(stream), asked: 0 });
                }
                Err(error) if Instant::now() >= end => {
                    return Err(error).with_context(|| format!("--socket {}: osquery does not answer there", socket.display()));
                }
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    fn reconnect(&mut self) {
        if let Ok(stream) = connect(&self.socket) {
            self.stream = BufReader::new(stream);
        }
    }

    /// Tells osquery our tables; the answer is our number.
    fn register(&mut self) -> anyhow::Result<i64> {
        let version = env!("CARGO_PKG_VERSION");
        let info = [NAME, version, SDK_VERSION, SDK_VERSION].map(Value::text);
        let info = (1..).zip(info).collect();
        let tables = Value::map(TABLES.iter().map(|table| (table.name, Value::List(columns(table)))));
        let registry = Value::map([("table", tables)]);
        let status = self.ask("registerExtension", vec![(1, Value::Struct(info)), (2, registry)])?;
        match field(&status, 3) {
            Some(Value::I64(number)) => Ok(*number),
            _ => bail!("osquery: it gave no number for us"),
        }
    }

    fn deregister(&mut self, number: i64) -> anyhow::Result<()> {
        self.ask("deregisterExtension", vec![(1, Value::I64(number))]).map(drop)
    }

    fn ping(&mut self) -> anyhow::Result<()> {
        self.ask("ping", Vec::new()).map(drop)
    }

    /// Asks and waits for a status that says success; its fields.
    fn ask(&mut self, function: &str, arguments: Fields) -> anyhow::Result<Fields> {
        self.asked = self.asked.wrapping_add(1);
        let message = Message { kind: Kind::Call, name: function.to_owned(), number: self.asked, fields: arguments };
        thrift::write(&message, self.stream.get_mut())?;
        let answer = thrift::read(&mut self.stream)?.ok_or_else(|| anyhow!("osquery: it hung up over {function}"))?;
        let status = match field(&answer.fields, 0) {
            Some(Value::Struct(status)) if answer.kind == Kind::Reply && answer.number == self.asked => status.clone(),
            _ => bail!("osquery: no proper answer to {function}"),
        };
        match (field(&status, 1), field(&status, 2)) {
            // A status without a code is one of success: fields at their default may be left out.
            (None | Some(Value::I32(SUCCESS)), _) => Ok(status),
            (_, message) => bail!("osquery: {function}: {}", message.and_then(Value::as_text).unwrap_or("refused")),
        }
    }
}

/// The columns of a table, as its routes.
fn columns(table: &Table) -> Vec<Value> {
    let column = |name: &str, kind: &str| {
        Value::map([
            ("id", Value::text("column")),
            ("name", Value::text(name)),
            ("type", Value::text(kind)),
            ("op", Value::text("0")),
        ])
    };
    table.columns.iter().map(|of| column(of.name, of.kind.as_str())).collect()
}

/// Takes connections, each on a thread of its own: osquery asks whether we live while it waits for rows.
fn accept(listener: &Listener, scans: &Arc<Scans>, stop: &Sender<()>) {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok(stream) = listener.accept() else {
            thread::sleep(PAUSE);
            continue;
        };
        if open.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS {
            open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (scans, stop, open) = (Arc::clone(scans), stop.clone(), Arc::clone(&open));
        thread::spawn(move || {
            // A peer that hangs up or talks nonsense ends its own connection.
            let _ = talk(stream, &scans, &stop);
            open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Answers one connection until the other end hangs up.
fn talk(stream: Stream, scans: &Scans, stop: &Sender<()>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(question) = thrift::read(&mut stream)? {
        let (kind, fields) = match question.name.as_str() {
            "ping" => (Kind::Reply, vec![(0, status(SUCCESS, "OK"))]),
            "call" => (Kind::Reply, vec![(0, call(&question.fields, scans))]),
            "shutdown" => (Kind::Reply, Vec::new()),
            // TApplicationException: 1 is "unknown method".
            other => (Kind::Exception, vec![(1, Value::text(format!("no such function: {other}"))), (2, Value::I32(1))]),
        };
        if question.kind != Kind::Oneway {
            let answer = Message { kind, name: question.name.clone(), number: question.number, fields };
            thrift::write(&answer, stream.get_mut())?;
        }
        if question.name == "shutdown" {
            // Only fails where the end has come already.
            let _ = stop.send(());
        }
    }
    Ok(())
}

fn status(code: i32, message: &str) -> Value {
    Value::Struct(vec![(1, Value::I32(code)), (2, Value::text(message)), (3, Value::I64(0))])
}

/// An `ExtensionResponse`: a status, and a list of maps.
fn response(code: i32, message: &str, rows: Vec<Value>) -> Value {
    Value::Struct(vec![(1, status(code, message)), (2, Value::List(rows))])
}

/// Answers `call(registry, item, request)`: the columns of a table, or its rows.
fn call(arguments: &Fields, scans: &Scans) -> Value {
    let word = |number| field(arguments, number).and_then(Value::as_text).unwrap_or_default();
    let table = TABLES.iter().find(|table| table.name == word(2)).filter(|_| word(1) == "table");
    let Some(table) = table else { return response(FAILED, "no such table", Vec::new()) };
    let action = field(arguments, 3).and_then(|request| request.get("action")).and_then(Value::as_text);
    match action {
        Some("columns") => response(SUCCESS, "OK", columns(table)),
        // osquery applies the conditions of a query itself; they only could spare work.
        Some("generate") => match scans.rows(table) {
            Ok(rows) => response(SUCCESS, "OK", rows.iter().map(|row| named(table, row)).collect()),
            Err(error) => response(FAILED, &format!("{error:#}"), Vec::new()),
        },
        _ => response(FAILED, "no such action; there are columns and generate", Vec::new()),
    }
}

/// A row as osquery takes it: texts by the names of their columns.
fn named(table: &Table, row: &[String]) -> Value {
    Value::map(table.columns.iter().zip(row).map(|(column, cell)| (column.name, Value::text(cell))))
}
