//! Which script runs where.
//!
//! The manifest names background scripts, content scripts and pages; pages name their scripts; scripts name further scripts:
//! by `import`, `importScripts`, workers, `scripting.executeScript` and `registerContentScripts`, and as addresses of the
//! extension that are put into web pages. What nothing names is analysed in a realm of its own: a file that only a decoded
//! name reaches is no less dangerous.

mod realm;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rustc_hash::FxHashMap;

use super::analysis::{Input, Script, Skipped, World};
use super::decode::{self, Hidden, Runs};
use super::evaluate::Evaluate;
use super::ir::Ir;
use super::names::{Name, Names};
use super::packaged::Packaged;
use super::page::{self, Page, PageScript};
use super::program::{Instance, Program, Realm, Unit, resolve};
use super::reveal;
use super::source::decode;
use super::unit::{Goal, Lowered, ParseError, parse};
use crate::model::Manifest;
use crate::model::hash::sha256;
use crate::problem::{Problem, Stage};

/// Realms of content scripts are merged above this number; extensions with hundreds of entries exist.
const MAX_CONTENT_REALMS: usize = 16;
/// Realms in which one script is followed.
const MAX_INSTANCES: usize = 12;
/// Scripts of one extension, hidden ones included.
const MAX_SOURCES: usize = 60_000;
/// Scripts that it writes out: each has a realm, with the hosts of the pages that it is put into.
const MAX_WRITTEN: usize = 200;
/// Bytes of its hidden scripts.
const MAX_HIDDEN: usize = 32 << 20;

/// A script before it is parsed.
struct Source<'a> {
    file: String,
    offset: u32,
    text: Cow<'a, str>,
    goal: Goal,
    /// What may be hidden in it; not known where it does not parse.
    hidden: Option<Hidden>,
    /// See [`Script`].
    has_table: bool,
    put_back: Option<String>,
    sha256: Option<[u8; 32]>,
}

/// A realm before its scripts are instances.
#[derive(Clone, Debug)]
struct Plan {
    world: World,
    hosts: Vec<String>,
    #[allow(dead_code, reason = "told when flows name the page they run in")]
    page: String,
    entries: Vec<u32>,
}

/// Parses every script and works out where it runs.
pub fn link<'a>(input: &Input<'a>, evaluator: &dyn Evaluate) -> (Program<'a>, Vec<Script>, Vec<Problem>) {
    let mut linker = Linker::new(input);
    linker.collect();
    linker.parse();
    let packaged = Packaged::read(input, &linker.names);
    let shipped = linker.names.len();
    let decoded = linker.decode(evaluator);
    linker.manifest_realms();
    linker.injections();
    linker.leftovers();
    let (mut program, scripts, problems) = linker.finish(decoded);
    program.shipped = shipped;
    program.packaged = packaged;
    (program, scripts, problems)
}

struct Linker<'i, 'a> {
    input: &'i Input<'a>,
    sources: Vec<Source<'a>>,
    /// Scripts that are files, by path.
    files: BTreeMap<String, u32>,
    pages: BTreeMap<String, Page>,
    /// Scripts of each page in order, by the page's path.
    page_scripts: BTreeMap<String, Vec<u32>>,
    units: Vec<Option<Ir>>,
    names: Names,
    skipped: Vec<Option<ParseError>>,
    problems: Vec<Problem>,
    plans: Vec<Plan>,
    /// Scripts that others load while they run.
    loaded_later: BTreeSet<u32>,
    /// Scripts that were hidden in scripts, by the outer one.
    beside: FxHashMap<u32, Vec<u32>>,
    /// Scripts that others put into pages as text: the outer, the inner, and where that runs.
    written: Vec<(u32, u32, World)>,
    /// Scripts whose text is not held.
    too_large: Vec<String>,
}

/// What the addresses of a page are relative to.
fn base_of(path: &str, page: &Page) -> String {
    page.base.as_deref().and_then(|base| resolve(path, base)).unwrap_or_else(|| path.to_owned())
}

impl<'i, 'a> Linker<'i, 'a> {
    fn new(input: &'i Input<'a>) -> Self {
        Linker {
            input,
            sources: Vec::new(),
            files: BTreeMap::new(),
            pages: BTreeMap::new(),
            page_scripts: BTreeMap::new(),
            units: Vec::new(),
            names: Names::default(),
            skipped: Vec::new(),
            problems: Vec::new(),
            plans: Vec::new(),
            loaded_later: BTreeSet::new(),
            beside: FxHashMap::default(),
            written: Vec::new(),
            too_large: Vec::new(),
        }
    }

    fn add(&mut self, file: String, offset: u32, text: Cow<'a, str>, goal: Goal) -> u32 {
        self.sources.push(Source { file, offset, text, goal, hidden: None, has_table: false, put_back: None, sha256: None });
        self.sources.len() as u32 - 1
    }

    /// Finds every script: files, and what stands in pages.
    fn collect(&mut self) {
        let input = self.input;
        for (path, file) in &input.package.files {
            let Some(bytes) = file.bytes.as_deref().filter(|_| has_ending(path, &["html", "htm", "xhtml"])) else { continue };
            self.pages.insert(path.clone(), page::read(&decode(bytes).text));
        }
        let referenced = self.referenced();
        for (path, file) in &input.package.files {
            let Some(bytes) = file.bytes.as_deref() else {
                if (has_ending(path, &["js", "mjs", "cjs"]) || referenced.contains(path)) && file.size > 0 {
                    self.too_large.push(path.clone());
                    self.problems.push(Problem::new(path, Stage::Parse, Skipped::TooLarge));
                }
                continue;
            };
            if has_ending(path, &["js", "mjs", "cjs"]) || referenced.contains(path) {
                if input.libraries.is_some_and(|is_library| is_library(&file.sha256)) {
                    continue;
                }
                let text = decode(bytes);
                let source = self.add(path.clone(), text.skipped, text.text, Goal::Either);
                self.files.insert(path.clone(), source);
            }
        }
        for (path, page) in std::mem::take(&mut self.pages) {
            let Some(bytes) = input.package.bytes(&path) else { continue };
            let text = decode(bytes);
            let base = base_of(&path, &page);
            let mut scripts = Vec::new();
            for script in &page.scripts {
                match script {
                    PageScript::External { address, module, .. } => {
                        let Some(&source) = resolve(&base, address).and_then(|path| self.files.get(&path)) else { continue };
                        if *module {
                            self.sources[source as usize].goal = Goal::Module;
                        }
                        scripts.push(source);
                    }
                    PageScript::Inline { span, module } => {
                        let range = span.0 as usize..span.1 as usize;
                        let part = match &text.text {
                            Cow::Borrowed(text) => text.get(range).map(Cow::Borrowed),
                            Cow::Owned(text) => text.get(range).map(|part| Cow::Owned(part.to_owned())),
                        };
                        let Some(part) = part.filter(|part| !part.trim().is_empty()) else { continue };
                        let goal = if *module { Goal::Module } else { Goal::Either };
                        scripts.push(self.add(path.clone(), text.skipped + span.0, part, goal));
                    }
                    PageScript::Handler { code, offset, .. } => {
                        scripts.push(self.add(path.clone(), text.skipped + offset, Cow::Owned(code.clone()), Goal::Either));
                    }
                }
            }
            self.page_scripts.insert(path.clone(), scripts);
            self.pages.insert(path, page);
        }
        for extra in input.extra {
            let source = self.add(extra.name.clone(), 0, Cow::Owned(extra.text.clone()), Goal::Either);
            self.files.insert(extra.name.clone(), source);
        }
    }

    /// Paths that the manifest and pages name as scripts, whatever their ending.
    fn referenced(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        for (path, page) in &self.pages {
            let base = base_of(path, page);
            paths.extend(page.scripts.iter().filter_map(|script| match script {
                PageScript::External { address, .. } => resolve(&base, address),
                PageScript::Inline { .. } | PageScript::Handler { .. } => None,
            }));
        }
        paths.extend(self.input.manifest.into_iter().flat_map(Manifest::scripts).filter_map(|path| resolve("", path)));
        paths
    }

    fn parse(&mut self) {
        self.parse_from(0);
    }

    fn parse_from(&mut self, from: usize) {
        let stop = self.input.stop;
        let one = |source: &Source<'_>| match stop {
            Some(stop) if stop() => Err(ParseError::Stopped),
            _ => parse(&source.text, source.goal),
        };
        // Only the engine's own pool has the stack that the parser needs.
        let parsed: Vec<Result<Lowered, ParseError>> = if rayon::current_thread_index().is_some() {
            self.sources[from..].par_iter().map(one).collect()
        } else {
            self.sources[from..].iter().map(one).collect()
        };
        for (number, result) in parsed.into_iter().enumerate() {
            let source = &mut self.sources[from + number];
            let file = &source.file;
            match result {
                Ok(mut lowered) => {
                    source.hidden = Some(lowered.hidden);
                    let map: Vec<Name> = lowered.names.iter().map(|text| self.names.add(text)).collect();
                    lowered.ir.rename(&map);
                    if lowered.ir.cut {
                        let message = "parts that nest too deeply were not analysed";
                        self.problems.push(Problem::new(file, Stage::Analyse, message));
                    }
                    self.units.push(Some(lowered.ir));
                    self.skipped.push(None);
                }
                Err(error) => {
                    // Who says when to stop also says what that means; not once for each script.
                    if error != ParseError::Stopped {
                        self.problems.push(Problem::new(file, Stage::Parse, &error));
                    }
                    self.units.push(None);
                    self.skipped.push(Some(error));
                }
            }
        }
    }

    /// Undoes what hides strings and code. Hidden scripts become scripts beside those that hid them.
    fn decode(&mut self, evaluator: &dyn Evaluate) -> Vec<FxHashMap<u32, Name>> {
        let mut all = Vec::new();
        let mut next = 0;
        let shipped = self.sources.len();
        // What is revealed may hide more, and one function that is written out may hold another that is.
        let (mut room, mut seen, mut is_cut) = (MAX_HIDDEN, BTreeSet::new(), false);
        while next < self.sources.len() && next < MAX_SOURCES {
            if self.input.stop.is_some_and(|stop| stop()) {
                break;
            }
            let source = &mut self.sources[next];
            let found = match source.hidden.take() {
                Some(hidden) => hidden.undo(&source.text, evaluator),
                None => decode::apply(&source.text, evaluator),
            };
            source.has_table = !found.rotations.is_empty();
            // Where a hidden script ends in its own text is no place in the file.
            source.put_back = found.put_back(&source.text).filter(|_| next < shipped);
            let mut strings = FxHashMap::default();
            for (place, text) in found.strings {
                strings.insert(place.to, self.names.add(&text));
            }
            if let Some(Some(ir)) = self.units.get_mut(next) {
                reveal::reveal(ir, &strings, &mut self.names);
            }
            all.push(strings);
            let (file, offset) = (source.file.clone(), source.offset);
            for code in found.code {
                let hash = sha256(code.text.as_bytes());
                let is_new = seen.insert((file.clone(), hash, code.runs));
                let Some(rest) = room.checked_sub(code.text.len()).filter(|_| is_new) else {
                    is_cut |= is_new;
                    continue;
                };
                room = rest;
                let at = offset.saturating_add(code.place.from);
                let hidden = self.add(file.clone(), at, Cow::Owned(code.text), Goal::Either);
                self.sources[hidden as usize].sha256 = Some(hash);
                let world = match code.runs {
                    Runs::There => None,
                    Runs::InPage => Some(World::Main),
                    Runs::BesidePage => Some(World::Content),
                };
                match world {
                    Some(world) if self.written.len() < MAX_WRITTEN => self.written.push((next as u32, hidden, world)),
                    // Better read where it does not run than not at all.
                    other => {
                        is_cut |= other.is_some();
                        self.beside.entry(next as u32).or_default().push(hidden);
                    }
                }
                self.parse_from(hidden as usize);
            }
            next += 1;
        }
        if is_cut {
            let message = "so much code is hidden in its scripts that not all of it was read";
            self.problems.push(Problem::new(&self.input.package.path, Stage::Analyse, message));
        }
        all
    }

    fn finish(mut self, mut strings: Vec<FxHashMap<u32, Name>>) -> (Program<'a>, Vec<Script>, Vec<Problem>) {
        let mut scripts: Vec<Script> = self
            .sources
            .iter_mut()
            .zip(&self.skipped)
            .map(|(source, skipped)| Script {
                file: source.file.clone(),
                offset: source.offset,
                bytes: u32::try_from(source.text.len()).unwrap_or(u32::MAX),
                worlds: Vec::new(),
                hosts: Vec::new(),
                skipped: skipped.clone().map(Skipped::Unparsed),
                has_table: source.has_table,
                put_back: source.put_back.take(),
                sha256: source.sha256,
            })
            .collect();
        scripts.extend(std::mem::take(&mut self.too_large).into_iter().map(Script::too_large));
        let mut program = Program { names: self.names, ..Program::default() };
        let mut moved: FxHashMap<u32, u32> = FxHashMap::default();
        for (number, (source, ir)) in self.sources.into_iter().zip(self.units).enumerate() {
            let Some(ir) = ir else { continue };
            let unit = program.units.len() as u32;
            moved.insert(number as u32, unit);
            if source.offset <= 3 {
                program.by_path.entry(source.file.clone()).or_insert(unit);
            }
            let decoded = strings.get_mut(number).map(std::mem::take).unwrap_or_default();
            program.units.push(Unit { file: source.file, offset: source.offset, text: source.text, ir, decoded });
            program.by_unit.push(Vec::new());
        }
        program.loaded_later = self.loaded_later.iter().filter_map(|source| moved.get(source)).copied().collect();
        for plan in self.plans {
            let realm = program.realms.len() as u32;
            for &source in &plan.entries {
                let script = &mut scripts[source as usize];
                script.worlds.push(plan.world);
                script.hosts.extend(plan.hosts.iter().cloned());
                let Some(&unit) = moved.get(&source) else { continue };
                if program.by_unit[unit as usize].len() < MAX_INSTANCES {
                    program.by_unit[unit as usize].push(program.instances.len() as u32);
                    program.instances.push(Instance { unit, realm });
                }
            }
            program.realms.push(Realm {
                world: plan.world,
                hosts: plan.hosts,
                globals: FxHashMap::default(),
                implicit: FxHashMap::default(),
            });
        }
        for script in &mut scripts {
            script.worlds.sort();
            script.worlds.dedup();
            script.hosts.sort();
            script.hosts.dedup();
        }
        (program, scripts, self.problems)
    }
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
