//! What the analysis is given and what it gives back.

use std::fmt;

use crate::acquire::Package;
use crate::finding::Step;
use crate::model::Manifest;
use crate::problem::{Outcome, Problem, Stage};

use super::evaluate::Evaluate;
use super::shape::{self, NameHashes, Shape};
use super::unit::ParseError;

/// What is analysed.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The manifest, where there is one.
    pub manifest: Option<&'a Manifest>,
    /// The files.
    pub package: &'a Package,
    /// Scripts that lie in no file of the package.
    pub extra: &'a [ExtraScript],
    /// Host patterns granted in the profile beside those of the manifest.
    pub granted_hosts: &'a [String],
    /// Files that are not analysed, by SHA-256: well-known libraries.
    pub libraries: Option<&'a (dyn Fn(&str) -> bool + Sync)>,
    /// Asked now and then whether the work has to come to its end. What is undone then is left out.
    pub stop: Option<Stop<'a>>,
}

/// Says whether there is no more time. A clock is not this layer's business.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

impl<'a> Input<'a> {
    /// A package as it is, without a profile.
    pub fn new(manifest: Option<&'a Manifest>, package: &'a Package) -> Self {
        Input { manifest, package, extra: &[], granted_hosts: &[], libraries: None, stop: None }
    }
}

/// A script that lies in no file of the package: registered in the profile, or cached by a service worker.
#[derive(Clone, Debug)]
pub struct ExtraScript {
    /// What it is called in reports.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Where it runs.
    pub world: World,
    /// Host patterns it runs on.
    pub matches: Vec<String>,
}

/// Where a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum World {
    /// Service worker, background page or scripts.
    Background,
    /// Beside pages, in a world of its own.
    Content,
    /// In pages, as their own scripts do.
    Main,
    /// `devtools_page`, and the panels it makes.
    Devtools,
    /// The popup.
    Popup,
    /// The options page.
    Options,
    /// An offscreen document.
    Offscreen,
    /// A sandboxed page.
    Sandbox,
    /// Another page of the extension.
    Page,
    /// A worker that a page starts.
    Worker,
    /// In no place that is known: nothing names the file.
    Unreferenced,
}

impl World {
    /// The word in facts.
    pub fn as_str(self) -> &'static str {
        match self {
            World::Background => "background",
            World::Content => "content",
            World::Main => "main",
            World::Devtools => "devtools",
            World::Popup => "popup",
            World::Options => "options",
            World::Offscreen => "offscreen",
            World::Sandbox => "sandbox",
            World::Page => "page",
            World::Worker => "worker",
            World::Unreferenced => "unreferenced",
        }
    }

    /// Whether it runs in or beside web pages.
    pub fn in_pages(self) -> bool {
        matches!(self, World::Content | World::Main)
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// Path inside the package.
    pub file: String,
    /// Byte offset.
    pub offset: u32,
    /// Line, from 1.
    pub line: u32,
}

/// One script of the extension.
#[derive(Clone, Debug)]
pub struct Script {
    /// Path inside the package; for a script inside a page, the page's.
    pub file: String,
    /// Where its text begins in the file.
    pub offset: u32,
    /// Bytes of text.
    pub bytes: u32,
    /// Where it runs.
    pub worlds: Vec<World>,
    /// Host patterns of the pages it runs in.
    pub hosts: Vec<String>,
    /// Why it was not analysed.
    pub skipped: Option<Skipped>,
    /// It looks its strings up in a table that it has to put into order first.
    pub has_table: bool,
    /// The script without that table, where all of it could be undone: what a run may take in its place.
    pub put_back: Option<String>,
    /// SHA-256 of its text, where it stands in another script.
    pub sha256: Option<[u8; 32]>,
}

/// Why a script was not analysed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// Its text is not held.
    #[error("it is too large to be analysed")]
    TooLarge,
    /// It has no tree.
    #[error(transparent)]
    Unparsed(ParseError),
}

impl Script {
    /// A script whose text is not held.
    pub fn too_large(file: String) -> Script {
        let skipped = Some(Skipped::TooLarge);
        Script {
            file,
            offset: 0,
            bytes: 0,
            worlds: Vec::new(),
            hosts: Vec::new(),
            skipped,
            has_table: false,
            put_back: None,
            sha256: None,
        }
    }

    /// The file, and where in its text the script begins: a mark at the head of a file (BOM) is no text.
    pub fn place(&self) -> (&str, u32) {
        (&self.file, if self.offset <= 3 { 0 } else { self.offset })
    }
}

/// A call of a browser's API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiCall {
    /// `chrome.cookies.getAll`.
    pub path: String,
    /// Where it runs.
    pub world: World,
    /// What is known of its arguments, as text.
    pub arguments: String,
    /// The host that an argument names.
    pub host: String,
    /// Starts with a click.
    pub click: bool,
    /// The name does not stand there as it is.
    pub decoded: bool,
    /// Where.
    pub spot: Spot,
}

/// What a host is to the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContactClass {
    /// The web service whose pages the script runs in, or whose data it is.
    Provider,
    /// A store of extensions.
    Store,
    /// Declared by the extension: host permissions that name it, homepage, update address.
    Declared,
    /// A public place where others can leave text: blog, paste, code hosting, messenger.
    DeadDrop,
    /// Source code, and files straight out of it.
    CodeHosting,
    /// Anybody can receive there what programs send: webhooks, forms, bots.
    Collector,
    /// A public name for a machine behind a router.
    Tunnel,
    /// A free sub-domain.
    FreeZone,
    /// An address without a name.
    RawIp,
    /// This machine or network.
    Local,
    /// A program on this machine.
    Native,
    /// Any other.
    Foreign,
    /// The host is not known.
    Unknown,
}

impl ContactClass {
    /// The word in facts.
    pub fn as_str(self) -> &'static str {
        match self {
            ContactClass::Provider => "provider",
            ContactClass::Store => "store",
            ContactClass::Declared => "declared",
            ContactClass::DeadDrop => "dead-drop",
            ContactClass::CodeHosting => "code-hosting",
            ContactClass::Collector => "collector",
            ContactClass::Tunnel => "tunnel",
            ContactClass::FreeZone => "free-zone",
            ContactClass::RawIp => "raw-ip",
            ContactClass::Local => "local",
            ContactClass::Native => "native",
            ContactClass::Foreign => "foreign",
            ContactClass::Unknown => "unknown",
        }
    }
}

/// A host that the code talks to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// The host; empty where it is not known.
    pub host: String,
    /// The address as far as it is known.
    pub url: String,
    /// How: `fetch`, `xhr`, `websocket`, ...
    pub method: String,
    /// Where.
    pub world: World,
    /// What the host is.
    pub class: ContactClass,
    /// It does not stand in the code as it is.
    pub decoded: bool,
    /// Names of parameters in the address and body: `mode`, `mid`.
    pub parameters: Vec<String>,
    /// Where.
    pub spot: Spot,
}

/// An address or selected text that stands in the code, used or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The text.
    pub text: String,
    /// Its host, for an address.
    pub host: String,
    /// It does not stand in the code as it is.
    pub decoded: bool,
    /// Where.
    pub spot: Spot,
}

/// Data of a person that reaches a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// What is taken: `mail.text`, `cookie`, ...
    pub source: String,
    /// How it leaves: `fetch`, `native`, ...
    pub sink: String,
    /// The host, where known; the program's name for native messages.
    pub host: String,
    /// The address as far as it is known.
    pub url: String,
    /// What the host is.
    pub class: ContactClass,
    /// `literal`, `decoded`, `fetched` or `parameter`.
    pub found: &'static str,
    /// A click of the person starts it.
    pub click: bool,
    /// Whose data: `gmail`, `naver`, ... where known.
    pub provider: String,
    /// Where the data is taken.
    pub world: World,
    /// Where it leaves.
    pub sink_world: World,
    /// The way: the first step is the source, the last the sink.
    pub steps: Vec<Step>,
    /// Where the data is taken.
    pub taken: Spot,
    /// Where it leaves.
    pub spot: Spot,
}

/// Text that becomes code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemoteCode {
    /// `eval`, `function`, `timer-string`, `script-element`, `execute-script`, `import`, `worker`.
    pub how: String,
    /// Where the text comes from: `network`, `message`, `storage`, `page`, `literal`, `unknown`.
    pub origin: String,
    /// The host it comes from, where known.
    pub host: String,
    /// What the host is.
    pub class: ContactClass,
    /// The host does not stand in the code as it is.
    pub decoded: bool,
    /// Where it runs.
    pub world: World,
    /// The way.
    pub steps: Vec<Step>,
    /// Where.
    pub spot: Spot,
}

/// A listener on an event of the browser.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listener {
    /// `chrome.cookies.onChanged`.
    pub event: String,
    /// Where.
    pub world: World,
    /// What the filter names.
    pub host: String,
    /// Where.
    pub spot: Spot,
}

/// A habit worth a fact: `command-loop`, `dead-drop`, `self-protection`, `mail-hosts`, `led-elsewhere`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The kind of fact.
    pub kind: &'static str,
    /// Its value.
    pub value: String,
    /// More of it: a host, the names of providers.
    pub detail: String,
    /// The way, where there is one.
    pub steps: Vec<Step>,
    /// Where.
    pub spot: Spot,
}

/// What an extension's scripts do.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// The scripts, by file and offset.
    pub scripts: Vec<Script>,
    /// Calls of the browser's APIs.
    pub calls: Vec<ApiCall>,
    /// Hosts that are talked to.
    pub contacts: Vec<Contact>,
    /// Addresses that stand in the code.
    pub mentions: Vec<Mention>,
    /// Flows of data.
    pub flows: Vec<Flow>,
    /// Text that becomes code.
    pub remote_code: Vec<RemoteCode>,
    /// Listeners.
    pub listeners: Vec<Listener>,
    /// Habits.
    pub notes: Vec<Note>,
    /// What the scripts are built like, script by script.
    pub shapes: Vec<Shape>,
    /// Steps that were taken.
    pub steps: u64,
    /// The budget of steps ran out: there may be more than was found.
    pub exhausted: bool,
}

/// Steps for one extension, further steps for each kilobyte of its scripts, and the most in all. Bundles of honest extensions
/// take 200 to 450 for each kilobyte.
const STEPS: u64 = 3_000_000;
const STEPS_PER_KB: u64 = 1_000;
const MOST_STEPS: u64 = 12_000_000;

/// The stack that the parser needs (see [`super::guard`]).
const STACK: usize = 64 << 20;

/// Analyses the scripts of one extension.
pub fn analyse(input: &Input<'_>, evaluator: &dyn Evaluate) -> Outcome<Analysis> {
    on_deep_stack(|| analyse_here(input, evaluator)).unwrap_or_else(|| {
        let message = "the analysis of its scripts failed; please report this";
        (Analysis::default(), vec![Problem::new(&input.package.path, Stage::Analyse, message)])
    })
}

/// Only what the scripts of one extension are built like: [`Analysis::shapes`].
pub fn shapes(input: &Input<'_>, evaluator: &dyn Evaluate) -> Vec<Shape> {
    let shapes = || {
        let program = super::world::link(input, evaluator).0;
        shape::shapes(&program, &NameHashes::new(&program))
    };
    on_deep_stack(shapes).unwrap_or_default()
}

/// Threads of a pool have the stack that the parser needs; from any other thread the work moves to one that has it. None
/// where there is no such thread, or the work has failed on it.
fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    if rayon::current_thread_index().is_some() {
        return Some(work());
    }
    std::thread::scope(|scope| {
        let started = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        started.ok().and_then(|thread| thread.join().ok())
    })
}

/// Does two things, each on a thread of the pool where there is one.
fn side_by_side<A: Send, B: Send>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B + Send) -> (A, B) {
    if rayon::current_thread_index().is_some() { rayon::join(one, other) } else { (one(), other()) }
}

fn analyse_here(input: &Input<'_>, evaluator: &dyn Evaluate) -> Outcome<Analysis> {
    let (mut program, scripts, mut problems) = super::world::link(input, evaluator);
    program.index();
    let known = NameHashes::new(&program);
    let names = std::mem::take(&mut program.names);
    let bytes: u64 = scripts.iter().map(|script| u64::from(script.bytes)).sum();
    let budget = (STEPS + bytes / 1024 * STEPS_PER_KB).min(MOST_STEPS);
    let examine = || {
        let mut engine = super::eval::Engine::new(&program, names, budget, input.stop);
        let analysis = super::flow::examine(&mut engine, input);
        (analysis, engine.is_stopped())
    };
    let shapes = || shape::shapes(&program, &known);
    let ((mut analysis, is_stopped), shapes) = side_by_side(examine, shapes);
    analysis.scripts = scripts;
    analysis.shapes = shapes;
    // What the clock has cut off is said by whoever set it.
    analysis.exhausted &= !is_stopped;
    if analysis.exhausted {
        let message = "its scripts need more steps than one extension gets; there may be more in them than was found";
        problems.push(Problem::new(&input.package.path, Stage::Analyse, message));
    }
    (analysis, problems)
}
