//! Which script runs where.
//!
//! The manifest names background scripts, content scripts and pages; pages name their scripts; scripts name further scripts:
//! by `import`, `importScripts`, workers, `scripting.executeScript` and `registerContentScripts`, and as addresses of the
//! extension that are put into web pages. What nothing names is analysed in a realm of its own: a file that only a decoded
//! name reaches is no less dangerous.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rustc_hash::FxHashMap;

use super::analysis::{Input, Script, World};
use super::decode::{self, Hidden};
use super::evaluate::Evaluate;
use super::ir::{Expr, ExprId, Ir, Key, Prop};
use super::names::{Name, Names};
use super::page::{self, Page, PageScript};
use super::program::{Instance, Program, Realm, Unit, resolve};
use super::reveal;
use super::source::decode;
use super::unit::{Goal, Lowered, ParseError, parse};
use crate::problem::{Problem, Stage};

/// Realms of content scripts are merged above this number; extensions with hundreds of entries exist.
const MAX_CONTENT_REALMS: usize = 16;
/// Realms in which one script is followed.
const MAX_INSTANCES: usize = 12;
/// Scripts of one extension, hidden ones included.
const MAX_SOURCES: usize = 60_000;

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
    let shipped = linker.names.len();
    let decoded = linker.decode(evaluator);
    linker.manifest_realms();
    linker.injections();
    linker.leftovers();
    let (mut program, scripts, problems) = linker.finish(decoded);
    program.shipped = shipped;
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
    skipped: Vec<Option<String>>,
    problems: Vec<Problem>,
    plans: Vec<Plan>,
    /// Scripts that were hidden in scripts: the outer, the inner.
    beside: Vec<(u32, u32)>,
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
            beside: Vec::new(),
            too_large: Vec::new(),
        }
    }

    fn add(&mut self, file: String, offset: u32, text: Cow<'a, str>, goal: Goal) -> u32 {
        self.sources.push(Source { file, offset, text, goal, hidden: None, has_table: false, put_back: None });
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
                    self.problems.push(Problem::new(path, Stage::Parse, "it is too large to be analysed"));
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
        let Some(manifest) = self.input.manifest else { return paths };
        let background = manifest.background.scripts.iter().chain(&manifest.background.service_worker);
        let content = manifest.content_scripts.iter().flat_map(|entry| &entry.js);
        paths.extend(background.chain(content).filter_map(|path| resolve("", path)));
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
                    self.skipped.push(Some(error.to_string()));
                }
            }
        }
    }

    /// Undoes what hides strings and code. Hidden scripts become scripts beside those that hid them.
    fn decode(&mut self, evaluator: &dyn Evaluate) -> Vec<FxHashMap<u32, Name>> {
        let mut all = Vec::new();
        let mut next = 0;
        let shipped = self.sources.len();
        // What is revealed may hide more; `decode` bounds how much that is.
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
                let at = offset.saturating_add(code.place.from);
                let hidden = self.add(file.clone(), at, Cow::Owned(code.text), Goal::Either);
                self.beside.push((next as u32, hidden));
                self.parse_from(hidden as usize);
            }
            next += 1;
        }
        all
    }

    fn plan(&mut self, world: World, hosts: Vec<String>, page: &str, entries: Vec<u32>) {
        if entries.is_empty() {
            return;
        }
        self.plans.push(Plan { world, hosts, page: page.to_owned(), entries });
    }

    fn file(&self, path: &str) -> Option<u32> {
        self.files.get(&resolve("", path)?).copied()
    }

    fn page_world(&self, path: &str) -> World {
        let Some(manifest) = self.input.manifest else { return World::Page };
        let is = |named: &Option<String>| named.as_deref().and_then(|named| resolve("", named)).as_deref() == Some(path);
        if is(&manifest.background.page) {
            World::Background
        } else if is(&manifest.devtools_page) {
            World::Devtools
        } else if is(&manifest.popup) {
            World::Popup
        } else if is(&manifest.options_page) {
            World::Options
        } else if manifest.sandbox_pages.iter().any(|page| resolve("", page).as_deref() == Some(path)) {
            World::Sandbox
        } else {
            self.page_from_code(path)
        }
    }

    /// Panels and offscreen documents are named by scripts only.
    fn page_from_code(&self, path: &str) -> World {
        for ir in self.units.iter().flatten() {
            for (at, expr) in ir.exprs.iter().enumerate() {
                let Expr::Text(name) = expr else { continue };
                if resolve("", self.names.text(*name)).as_deref() != Some(path) {
                    continue;
                }
                let mut up = ir.parent(ExprId(at as u32));
                for _ in 0..4 {
                    let Some(parent) = up else { break };
                    match ir.expr(parent) {
                        Expr::Object { first, count } if self.prop(ir.props(first, count), "reasons").is_some() => {
                            return World::Offscreen;
                        }
                        Expr::Call { callee, .. } => {
                            if let Expr::Member { object, .. } = ir.expr(callee)
                                && let Expr::Member { name, .. } = ir.expr(object)
                                && self.names.text(name) == "panels"
                            {
                                return World::Devtools;
                            }
                        }
                        _ => {}
                    }
                    up = ir.parent(parent);
                }
            }
        }
        World::Page
    }

    fn prop<'p>(&self, props: &'p [Prop], name: &str) -> Option<&'p Prop> {
        let name = self.names.find(name)?;
        props.iter().find(|prop| prop.key == Key::Name(name))
    }

    /// Realms that the manifest and the pages make.
    fn manifest_realms(&mut self) {
        if let Some(manifest) = self.input.manifest {
            let worker = manifest.background.service_worker.iter().chain(&manifest.background.scripts);
            let entries: Vec<u32> = worker.filter_map(|path| self.file(path)).collect();
            self.plan(World::Background, Vec::new(), "", entries);
            let mut merged: BTreeMap<(World, Vec<u32>), Vec<String>> = BTreeMap::new();
            let mut order = Vec::new();
            for entry in &manifest.content_scripts {
                let scripts: Vec<u32> = entry.js.iter().filter_map(|path| self.file(path)).collect();
                let world = if entry.main_world { World::Main } else { World::Content };
                let key = (world, scripts);
                if !merged.contains_key(&key) {
                    order.push(key.clone());
                }
                merged.entry(key).or_default().extend(entry.matches.iter().cloned());
            }
            let too_many = order.len() > MAX_CONTENT_REALMS;
            for key in order {
                let hosts = merged.remove(&key).unwrap_or_default();
                let (world, entries) = key;
                match self.plans.iter_mut().find(|plan| too_many && plan.world == world) {
                    Some(plan) => {
                        plan.hosts.extend(hosts);
                        plan.entries.extend(entries);
                    }
                    None => self.plan(world, hosts, "", entries),
                }
            }
        }
        for (path, scripts) in std::mem::take(&mut self.page_scripts) {
            let world = self.page_world(&path);
            self.plan(world, Vec::new(), &path, scripts);
        }
        for extra in self.input.extra {
            let entries = self.files.get(&extra.name).copied().into_iter().collect();
            self.plan(extra.world, extra.matches.clone(), "", entries);
        }
    }

    /// Scripts that other scripts put into pages.
    fn injections(&mut self) {
        let reach = self.reach();
        let mut found: BTreeSet<(u32, World, Vec<String>)> = BTreeSet::new();
        for ir in self.units.iter().flatten() {
            for (at, expr) in ir.exprs.iter().enumerate() {
                match *expr {
                    // {files: ["a.js"], world: "MAIN"}, {file: "a.js"}, {js: ["a.js"], matches: [...]}
                    Expr::Object { first, count } => {
                        let props = ir.props(first, count);
                        for key in ["files", "file", "js"] {
                            let Some(prop) = self.prop(props, key) else { continue };
                            let texts = self.texts(ir, prop.value);
                            let scripts: Vec<u32> = texts.iter().filter_map(|text| self.file(text)).collect();
                            if scripts.is_empty() {
                                continue;
                            }
                            let main = self
                                .prop(props, "world")
                                .is_some_and(|prop| self.texts(ir, prop.value).iter().any(|text| text == "MAIN"));
                            let world = if main { World::Main } else { World::Content };
                            let named = self.prop(props, "matches").map(|prop| self.texts(ir, prop.value)).unwrap_or_default();
                            let hosts = if named.is_empty() { reach.clone() } else { named };
                            found.extend(scripts.into_iter().map(|script| (script, world, hosts.clone())));
                        }
                    }
                    // chrome.runtime.getURL("a.js"), and what becomes of it
                    Expr::Call { callee, args } => {
                        let Expr::Member { name, .. } = ir.expr(callee) else { continue };
                        if !matches!(self.names.text(name), "getURL") {
                            continue;
                        }
                        let Some(text) = ir.item(args, 0).map(|arg| self.texts(ir, arg)) else { continue };
                        let Some(script) = text.first().and_then(|text| self.file(text)) else { continue };
                        if !self.is_fetched_worker(ir, ExprId(at as u32)) && self.is_accessible(script) {
                            found.insert((script, World::Main, self.accessible_hosts(script)));
                        }
                    }
                    _ => {}
                }
            }
        }
        let mut merged: BTreeMap<(u32, World), Vec<String>> = BTreeMap::new();
        for (script, world, hosts) in found {
            merged.entry((script, world)).or_default().extend(hosts);
        }
        for ((script, world), mut hosts) in merged {
            hosts.sort();
            hosts.dedup();
            let known = self.plans.iter().any(|plan| plan.world == world && plan.entries.contains(&script));
            if !known {
                self.plan(world, hosts, "", vec![script]);
            }
        }
    }

    /// `new Worker(chrome.runtime.getURL("a.js"))` is no injection.
    fn is_fetched_worker(&self, ir: &Ir, call: ExprId) -> bool {
        matches!(ir.parent(call).map(|parent| ir.expr(parent)), Some(Expr::New { .. }))
    }

    fn is_accessible(&self, script: u32) -> bool {
        let Some(manifest) = self.input.manifest else { return true };
        let path = &self.sources[script as usize].file;
        manifest.web_accessible.iter().any(|entry| entry.resources.iter().any(|pattern| matches_path(pattern, path)))
    }

    fn accessible_hosts(&self, script: u32) -> Vec<String> {
        let path = &self.sources[script as usize].file;
        let content = self.plans.iter().filter(|plan| plan.world == World::Content).flat_map(|plan| plan.hosts.iter().cloned());
        let entries = self.input.manifest.iter().flat_map(|manifest| &manifest.web_accessible);
        let named = entries.filter(|entry| entry.resources.iter().any(|pattern| matches_path(pattern, path)));
        let mut hosts: Vec<String> = named.flat_map(|entry| entry.matches.iter().cloned()).collect();
        // A pattern over everything says nothing; the scripts that inject it say more.
        if hosts.is_empty() || hosts.iter().any(|host| host.contains("<all_urls>") || host.starts_with("*://*/")) {
            hosts = content.collect();
        }
        hosts
    }

    /// Where scripts can be injected at run time.
    fn reach(&self) -> Vec<String> {
        let mut hosts: Vec<String> = self.input.granted_hosts.to_vec();
        if let Some(manifest) = self.input.manifest {
            hosts.extend(manifest.host_permissions.iter().cloned());
            hosts.extend(manifest.optional_host_permissions.iter().cloned());
        }
        hosts.sort();
        hosts.dedup();
        hosts
    }

    /// Texts that stand in an expression: a text, or a list of texts, also behind a name.
    fn texts(&self, ir: &Ir, at: ExprId) -> Vec<String> {
        let mut found = Vec::new();
        self.collect_texts(ir, at, &mut found, 0);
        found
    }

    fn collect_texts(&self, ir: &Ir, at: ExprId, found: &mut Vec<String>, depth: u32) {
        if depth > 6 || found.len() > 256 {
            return;
        }
        match ir.expr(at) {
            Expr::Text(name) => found.push(self.names.text(name).to_owned()),
            Expr::Array(list) | Expr::Any(list) => {
                ir.list(list).for_each(|item| self.collect_texts(ir, item, found, depth + 1));
            }
            Expr::Concat(list) if ir.list(list).len() == 1 => {
                ir.list(list).for_each(|item| self.collect_texts(ir, item, found, depth + 1));
            }
            Expr::Local(symbol) => {
                ir.writes(symbol).iter().for_each(|&value| self.collect_texts(ir, value, found, depth + 1));
            }
            Expr::Call { args, .. } if depth < 2 => {
                ir.list(args).for_each(|item| self.collect_texts(ir, item, found, depth + 2));
            }
            Expr::Use(value) | Expr::Await(value) => self.collect_texts(ir, value, found, depth + 1),
            _ => {}
        }
    }

    /// Realms take in what their scripts import; what is left gets a realm of its own.
    fn leftovers(&mut self) {
        let mut reached = vec![false; self.sources.len()];
        let mut plans = std::mem::take(&mut self.plans);
        for plan in &mut plans {
            self.take_imports(plan, &mut reached);
        }
        for source in 0..self.sources.len() as u32 {
            if reached[source as usize] {
                continue;
            }
            let accessible = self.input.manifest.is_some() && self.is_accessible(source);
            let world = self.named_by(source, &plans).unwrap_or(if accessible { World::Main } else { World::Unreferenced });
            let hosts = if world.in_pages() { self.accessible_hosts(source) } else { Vec::new() };
            let mut plan = Plan { world, hosts, page: String::new(), entries: vec![source] };
            self.take_imports(&mut plan, &mut reached);
            plans.push(plan);
        }
        self.plans = plans;
    }

    /// The world of the scripts that name a file: parts of a bundle that are loaded later run where the bundle runs.
    fn named_by(&self, source: u32, plans: &[Plan]) -> Option<World> {
        let path = &self.sources[source as usize].file;
        let base = path.rsplit('/').next().unwrap_or(path);
        let names: Vec<Name> = [path.clone(), format!("/{path}"), format!("./{path}"), base.to_owned(), format!("./{base}")]
            .iter()
            .filter_map(|text| self.names.find(text))
            .collect();
        if names.is_empty() {
            return None;
        }
        let naming = |unit: u32| {
            let ir = self.units.get(unit as usize).and_then(Option::as_ref);
            ir.is_some_and(|ir| ir.exprs.iter().any(|expr| matches!(expr, Expr::Text(name) if names.contains(name))))
        };
        plans.iter().find(|plan| plan.entries.iter().any(|&unit| unit != source && naming(unit))).map(|plan| plan.world)
    }

    fn take_imports(&self, plan: &mut Plan, reached: &mut [bool]) {
        let mut next = 0;
        let mut seen: BTreeSet<u32> = plan.entries.iter().copied().collect();
        while let Some(&source) = plan.entries.get(next) {
            next += 1;
            reached[source as usize] = true;
            for &(_, hidden) in self.beside.iter().filter(|(outer, _)| *outer == source) {
                if seen.insert(hidden) {
                    plan.entries.push(hidden);
                }
            }
            let Some(ir) = self.units.get(source as usize).and_then(Option::as_ref) else { continue };
            for import in self.imports(ir, &self.sources[source as usize].file) {
                if seen.insert(import) {
                    plan.entries.push(import);
                }
            }
        }
    }

    /// Scripts that a script loads into its own realm.
    fn imports(&self, ir: &Ir, file: &str) -> Vec<u32> {
        let mut found = Vec::new();
        let mut take = |address: &str| {
            let Some(path) = resolve(file, address) else { return };
            let candidates = [path.clone(), format!("{path}.js"), format!("{path}/index.js"), format!("{path}.mjs")];
            found.extend(candidates.iter().find_map(|path| self.files.get(path)).copied());
        };
        ir.imports.iter().for_each(|import| take(self.names.text(import.specifier)));
        for export in &ir.exports {
            if let super::ir::Export::From { specifier, .. } = export {
                take(self.names.text(*specifier));
            }
        }
        for expr in &ir.exprs {
            match *expr {
                Expr::Import(value) => self.texts(ir, value).iter().for_each(|text| take(text)),
                Expr::Call { callee, args } => {
                    let name = match ir.expr(callee) {
                        Expr::Global(name) | Expr::Member { name, .. } => name,
                        _ => continue,
                    };
                    if matches!(self.names.text(name), "importScripts" | "require") {
                        for arg in ir.list(args) {
                            self.texts(ir, arg).iter().for_each(|text| take(text));
                        }
                    }
                }
                _ => {}
            }
        }
        found
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
                skipped: skipped.clone(),
                has_table: source.has_table,
                put_back: source.put_back.take(),
            })
            .collect();
        scripts.extend(std::mem::take(&mut self.too_large).into_iter().map(Script::unread));
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

/// Whether a pattern of `web_accessible_resources` covers a path: `*` is anything.
fn matches_path(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches('/');
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        last = Some(part);
    }
    match last {
        Some(last) => last.is_empty() || path.ends_with(last),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::matches_path;

    #[test]
    fn patterns_of_accessible_resources() {
        assert!(matches_path("a.js", "a.js"));
        assert!(matches_path("/js/*.js", "js/a.js"));
        assert!(matches_path("*", "x/y.js"));
        assert!(matches_path("js/*", "js/x/y.js"));
        assert!(!matches_path("js/*.css", "js/a.js"));
        assert!(!matches_path("a.js", "a.json"));
    }
}
