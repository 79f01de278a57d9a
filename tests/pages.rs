//! Reads the pages under `fixtures/flows/`: cases, their files and what is expected of them. `fixtures/flows/README.md` has the
//! form in words; here it is held to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crxhound::acquire::Package;
use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;

/// The manifest of a case that brings none.
const MANIFEST: &str = r#"{
  "manifest_version": 3,
  "name": "case",
  "version": "1",
  "permissions": [
    "activeTab", "alarms", "bookmarks", "browsingData", "clipboardRead", "clipboardWrite", "contextMenus", "cookies",
    "debugger", "declarativeNetRequest", "downloads", "history", "identity", "management", "nativeMessaging",
    "notifications", "offscreen", "pageCapture", "proxy", "scripting", "storage", "tabs", "topSites", "tts",
    "userScripts", "webNavigation", "webRequest", "webRequestAuthProvider"
  ],
  "host_permissions": ["<all_urls>"],
  "background": { "service_worker": "bg.js" },
  "content_scripts": [{ "matches": ["https://mail.google.com/*"], "js": ["content.js"] }]
}"#;

/// One case: a small extension and what must be found in it.
pub struct Case {
    /// The page's file name without its ending.
    pub page: String,
    /// The heading.
    pub title: String,
    /// Path and text, the manifest among them.
    pub files: Vec<(String, String)>,
    /// What is expected, in the order of the page.
    pub expectations: Vec<Expectation>,
}

/// One expectation and the line that it stands on.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// What is expected there, or of the case.
    pub what: What,
}

/// What is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Data leaves on this line.
    Flow { source: String, sink: String, place: String, decoded: bool, click: Option<bool> },
    /// Nothing of this kind: `flow`, `api`, `contact`, `remote-code` or a habit. `api` is about the line, the others about the case.
    None(String),
    /// This line calls this.
    Api(String),
    /// An argument on this line has this value.
    Value(String),
    /// This line talks to this host.
    Contact { host: String, decoded: bool },
    /// Text from there becomes code on this line.
    RemoteCode { how: String, origin: String },
    /// This line listens to this.
    Listens(String),
    /// The case has this habit with this value.
    Habit { kind: String, value: String },
}

/// The words that an expectation may begin with.
const KINDS: &[&str] = &[
    "flow",
    "api",
    "value",
    "contact",
    "remote-code",
    "listens",
    "dead-drop",
    "command-loop",
    "self-protection",
    "led-elsewhere",
];

/// Kinds of source that the pages know.
const SOURCES: &[&str] = &[
    "clipboard",
    "cookie",
    "cookie.identity",
    "form.field",
    "form.whole",
    "history",
    "identity",
    "keyboard",
    "login.password",
    "mail.attachment",
    "mail.feed",
    "mail.text",
    "messenger.text",
    "microphone",
    "network.body",
    "network.header",
    "otp.code",
    "own.login.password",
    "page-hook.body",
    "page.text",
    "screen",
    "storage",
    "tabs.url",
];

/// Sinks that the pages know.
const SINKS: &[&str] = &[
    "ajax",
    "beacon",
    "download",
    "event-source",
    "fetch",
    "form",
    "frame",
    "image",
    "native",
    "navigation",
    "other-extension",
    "redirect",
    "webrtc",
    "websocket",
    "xhr",
];

impl Case {
    /// The extension in memory.
    pub fn package(&self) -> Package {
        Package::from_memory("case", self.files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
    }

    /// Whether nothing may be found: a near miss.
    pub fn silent(&self) -> bool {
        let quiet = |what: &What| {
            matches!(what, What::None(_) | What::Api(_) | What::Value(_) | What::Contact { .. } | What::Listens(_))
        };
        self.expectations.iter().all(|expectation| quiet(&expectation.what))
    }

    /// Page and heading, for messages.
    pub fn name(&self) -> String {
        format!("{}: {}", self.page, self.title)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/flows")
}

/// All cases of all pages, pages in order of name.
pub fn cases() -> Vec<Case> {
    let mut pages: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md") && !path.ends_with("README.md"))
        .collect();
    pages.sort();
    pages.iter().flat_map(|page| read(page)).collect()
}

/// The cases of one page.
fn read(path: &Path) -> Vec<Case> {
    let page = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(path).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    // The file that the lines go into, while inside a fence.
    let mut open: Option<(String, Vec<&str>)> = None;
    for line in text.lines() {
        if let Some((name, lines)) = &mut open {
            if line == "```" {
                let mut body = lines.join("\n");
                body.push('\n');
                let case = cases.last_mut().unwrap_or_else(|| panic!("{page}: a file before the first case"));
                case.expectations.extend(expectations(&page, name, lines));
                case.files.push((name.clone(), body));
                open = None;
            } else {
                lines.push(line);
            }
        } else if let Some(info) = line.strip_prefix("```") {
            let (_, name) = info.split_once(' ').unwrap_or_else(|| panic!("{page}: a fence without a file's name: {line}"));
            open = Some((name.to_owned(), Vec::new()));
        } else if let Some(title) = line.strip_prefix("## ") {
            cases.push(Case { page: page.clone(), title: title.to_owned(), files: Vec::new(), expectations: Vec::new() });
        }
    }
    assert!(open.is_none(), "{page}: a fence that does not end");
    for case in &mut cases {
        if !case.files.iter().any(|(name, _)| name == "manifest.json") {
            case.files.push(("manifest.json".to_owned(), MANIFEST.to_owned()));
        }
    }
    cases
}

/// The expectations in the remarks of a file.
fn expectations(page: &str, file: &str, lines: &[&str]) -> Vec<Expectation> {
    let mut all = Vec::new();
    for (number, line) in (1..).zip(lines) {
        // The last `// ` that begins an expectation: addresses have slashes too.
        let begins = |at: &usize| line.get(at + 3..).is_some_and(begins_expectation);
        let Some(at) = line.match_indices("// ").map(|(at, _)| at).filter(begins).last() else { continue };
        let mut parts: Vec<String> = Vec::new();
        for part in line[at + 3..].split("; ") {
            match parts.last_mut() {
                Some(last) if !begins_expectation(part) => *last = format!("{last}; {part}"),
                _ => parts.push(part.to_owned()),
            }
        }
        for part in parts {
            let what = expectation(&part).unwrap_or_else(|| panic!("{page}, {file}:{number}: \"{part}\" is no expectation"));
            all.push(Expectation { file: file.to_owned(), line: number, what });
        }
    }
    all
}

fn begins_expectation(text: &str) -> bool {
    let text = text.trim_end();
    text.strip_prefix("no ").is_some_and(|rest| KINDS.iter().any(|kind| rest.split("; ").next() == Some(kind)))
        || KINDS.iter().any(|kind| text.strip_prefix(kind).is_some_and(|rest| rest.starts_with(": ")))
}

/// One expectation, without the slashes.
fn expectation(text: &str) -> Option<What> {
    if let Some(kind) = text.strip_prefix("no ") {
        return Some(What::None(kind.to_owned()));
    }
    let (kind, rest) = text.split_once(": ")?;
    let (rest, words) = words(rest);
    let decoded = words.contains(&"decoded");
    Some(match kind {
        "flow" => {
            let (source, sink) = rest.split_once(" -> ")?;
            let (sink, place) = sink.strip_suffix(')')?.split_once('(')?;
            let click = words.contains(&"click").then_some(true).or(words.contains(&"no click").then_some(false));
            What::Flow { source: source.to_owned(), sink: sink.to_owned(), place: place.to_owned(), decoded, click }
        }
        "api" => What::Api(rest.to_owned()),
        "value" => What::Value(rest.strip_prefix('"')?.strip_suffix('"')?.to_owned()),
        "contact" => What::Contact { host: rest.to_owned(), decoded },
        "remote-code" => {
            let (how, origin) = rest.strip_suffix(')')?.split_once('(')?;
            What::RemoteCode { how: how.to_owned(), origin: origin.to_owned() }
        }
        "listens" => What::Listens(rest.to_owned()),
        _ => What::Habit { kind: kind.to_owned(), value: rest.to_owned() },
    })
}

/// The words in brackets at the end, and what stands before them.
fn words(text: &str) -> (&str, Vec<&str>) {
    let mut text = text.trim_end();
    let mut words = Vec::new();
    while let Some((before, word)) = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) {
        words.push(word);
        text = before;
    }
    (text, words)
}

/// What is wrong with a script, or with a module if it looks like one.
pub fn syntax_error(text: &str) -> Option<String> {
    let allocator = Allocator::default();
    let module =
        text.lines().any(|line| line.starts_with("import{") || line.starts_with("import {") || line.starts_with("export"));
    let kind = if module { SourceType::mjs() } else { SourceType::script() };
    let parsed = Parser::new(&allocator, text, kind).parse();
    (!parsed.diagnostics.is_empty()).then(|| format!("{:?}", parsed.diagnostics))
}

#[test]
fn pages_have_the_form_that_their_readme_gives() {
    let cases = cases();
    let mut names = BTreeSet::new();
    for case in &cases {
        assert!(names.insert(case.name()), "{}: there are two of this name", case.name());
        assert!(!case.expectations.is_empty(), "{}: nothing is expected", case.name());
        assert_eq!(case.silent(), case.title.starts_with("Near miss: "), "{}: a near miss says so, and is silent", case.name());
        let has = |wanted: fn(&What) -> bool| case.expectations.iter().any(|expectation| wanted(&expectation.what));
        let contradiction = has(|what| matches!(what, What::Flow { .. })) && has(|what| *what == What::None("flow".to_owned()));
        assert!(!contradiction, "{}: a flow and none", case.name());
        for Expectation { file, line, what } in &case.expectations {
            if let What::Flow { source, sink, .. } = what {
                let place = format!("{}, {file}:{line}", case.name());
                assert!(SOURCES.contains(&source.as_str()), "{place}: {source} is no source");
                assert!(SINKS.contains(&sink.as_str()), "{place}: {sink} is no sink");
            }
        }
        let package = case.package();
        let (_, problems) = crxhound::model::manifest::parse(package.bytes("manifest.json").unwrap()).unwrap();
        assert!(problems.is_empty(), "{}: {problems:?}", case.name());
    }
    let silent = cases.iter().filter(|case| case.silent()).count();
    assert!(cases.len() >= 150 && silent * 2 >= cases.len(), "{} cases, {silent} near misses", cases.len());
}

#[test]
fn every_script_of_the_pages_parses() {
    for case in cases() {
        for (path, text) in &case.files {
            if !path.ends_with(".js") {
                continue;
            }
            if let Some(wrong) = syntax_error(text) {
                panic!("{}, {path}: {wrong}", case.name());
            }
        }
    }
}
