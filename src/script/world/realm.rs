//! Realms: what runs together, as the manifest, the pages and the scripts themselves say.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::super::analysis::World;
use super::super::ir::{Expr, ExprId, Ir, Key, Prop};
use super::super::names::Name;
use super::super::program::{module_paths, resolve};
use super::{Linker, MAX_CONTENT_REALMS, Plan};

impl Linker<'_, '_> {
    fn plan(&mut self, world: World, hosts: Vec<String>, page: &str, entries: Vec<u32>) {
        if entries.is_empty() {
            return;
        }
        self.plans.push(Plan { world, hosts, page: page.to_owned(), entries });
    }

    fn file(&self, path: &str) -> Option<u32> {
        self.files.get(&resolve("", path)?).copied()
    }

    fn page_world(&self, path: &str, addresses: &BTreeMap<String, Vec<Name>>) -> World {
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
            addresses.get(path).map_or(World::Page, |names| self.page_from_code(names))
        }
    }

    /// Panels and offscreen documents are named by scripts only: by one of these texts.
    fn page_from_code(&self, names: &[Name]) -> World {
        for ir in self.units.iter().flatten() {
            for (at, expr) in ir.exprs.iter().enumerate() {
                let Expr::Text(name) = expr else { continue };
                if !names.contains(name) {
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

    /// By page: the texts that are its address, as scripts name it.
    fn addresses(&self) -> BTreeMap<String, Vec<Name>> {
        let mut addresses: BTreeMap<String, Vec<Name>> = BTreeMap::new();
        for (number, text) in self.names.iter().enumerate() {
            // Most texts are no addresses of pages.
            if text.contains('.')
                && let Some(path) = resolve("", text).filter(|path| self.page_scripts.contains_key(path))
            {
                addresses.entry(path).or_default().push(Name(number as u32));
            }
        }
        addresses
    }

    fn prop<'p>(&self, props: &'p [Prop], name: &str) -> Option<&'p Prop> {
        named(props, self.names.find(name)?)
    }

    /// Realms that the manifest and the pages make.
    pub(super) fn manifest_realms(&mut self) {
        if let Some(manifest) = self.input.manifest {
            let entries: Vec<u32> = manifest.background.files().filter_map(|path| self.file(path)).collect();
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
        let addresses = self.addresses();
        for (path, scripts) in std::mem::take(&mut self.page_scripts) {
            let world = self.page_world(&path, &addresses);
            self.plan(world, Vec::new(), &path, scripts);
        }
        for extra in self.input.extra {
            let entries = self.files.get(&extra.name).copied().into_iter().collect();
            self.plan(extra.world, extra.matches.clone(), "", entries);
        }
    }

    /// Scripts that other scripts put into pages.
    pub(super) fn injections(&mut self) {
        let reach = self.reach();
        let keys: Vec<Name> = ["files", "file", "js"].iter().filter_map(|key| self.names.find(key)).collect();
        let get_url = self.names.find("getURL");
        let mut found: BTreeSet<(u32, World, Vec<String>)> = BTreeSet::new();
        for ir in self.units.iter().flatten() {
            for (at, expr) in ir.exprs.iter().enumerate() {
                match *expr {
                    // {files: ["a.js"], world: "MAIN"}, {file: "a.js"}, {js: ["a.js"], matches: [...]}
                    Expr::Object { first, count } => {
                        let props = ir.props(first, count);
                        for &key in &keys {
                            let Some(prop) = named(props, key) else { continue };
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
                        if Some(name) != get_url {
                            continue;
                        }
                        let Some(text) = ir.item(args, 0).map(|arg| self.texts(ir, arg)) else { continue };
                        let Some(script) = text.first().and_then(|text| self.file(text)) else { continue };
                        if !self.is_loaded_here(ir, ExprId(at as u32)) && self.is_accessible(script) {
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

    /// `new Worker(chrome.runtime.getURL("a.js"))` is no injection, nor is `import(chrome.runtime.getURL("a.js"))`.
    fn is_loaded_here(&self, ir: &Ir, call: ExprId) -> bool {
        matches!(ir.parent(call).map(|parent| ir.expr(parent)), Some(Expr::New { .. } | Expr::Import(_)))
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
    pub(super) fn leftovers(&mut self) {
        let mut reached = vec![false; self.sources.len()];
        let mut plans = std::mem::take(&mut self.plans);
        let mut later = BTreeSet::new();
        let units = self.units.iter().enumerate();
        let imports: Vec<Vec<u32>> = units.map(|(number, ir)| self.imports(number, ir, &mut later)).collect();
        self.loaded_later = later;
        for plan in &mut plans {
            self.take_imports(plan, &imports, &mut reached);
        }
        self.written_out(&mut plans, &imports, &mut reached);
        let naming = self.naming();
        for source in 0..self.sources.len() as u32 {
            if reached[source as usize] {
                continue;
            }
            let accessible = self.input.manifest.is_some() && self.is_accessible(source);
            let world =
                self.named_by(source, &naming, &plans).unwrap_or(if accessible { World::Main } else { World::Unreferenced });
            let hosts = if world.in_pages() { self.accessible_hosts(source) } else { Vec::new() };
            let mut plan = Plan { world, hosts, page: String::new(), entries: vec![source] };
            self.take_imports(&mut plan, &imports, &mut reached);
            plans.push(plan);
        }
        self.plans = plans;
    }

    /// Scripts that others put into pages as text run on the pages of a content script that does, else wherever the extension
    /// can put something.
    fn written_out(&self, plans: &mut Vec<Plan>, imports: &[Vec<u32>], reached: &mut [bool]) {
        let reach = self.reach();
        let (mut homes, mut indexed): (BTreeMap<u32, Vec<usize>>, usize) = Default::default();
        for &(outer, inner, world) in &self.written {
            // A script that was written out may write out another one.
            while let Some(plan) = plans.get(indexed) {
                plan.entries.iter().for_each(|&entry| homes.entry(entry).or_default().push(indexed));
                indexed += 1;
            }
            let at_home = homes.get(&outer).into_iter().flatten().filter_map(|&number| plans.get(number));
            let mut hosts: Vec<String> =
                at_home.flat_map(|plan| if plan.world.in_pages() { &plan.hosts } else { &reach }).cloned().collect();
            hosts.sort();
            hosts.dedup();
            let mut plan = Plan { world, hosts, page: String::new(), entries: vec![inner] };
            self.take_imports(&mut plan, imports, reached);
            plans.push(plan);
        }
    }

    /// What a script may be named by in others.
    fn names_of(&self, source: u32) -> impl Iterator<Item = Name> {
        let path = &self.sources[source as usize].file;
        let base = path.rsplit('/').next().unwrap_or(path);
        let names = [path.clone(), format!("/{path}"), format!("./{path}"), base.to_owned(), format!("./{base}")];
        names.into_iter().filter_map(|text| self.names.find(&text))
    }

    /// By a name of a script: the scripts in which it stands.
    fn naming(&self) -> FxHashMap<Name, Vec<u32>> {
        let names = (0..self.sources.len() as u32).flat_map(|source| self.names_of(source));
        let mut naming: FxHashMap<Name, Vec<u32>> = names.map(|name| (name, Vec::new())).collect();
        for (number, ir) in self.units.iter().enumerate() {
            for expr in ir.iter().flat_map(|ir| &ir.exprs) {
                if let Expr::Text(name) = expr
                    && let Some(scripts) = naming.get_mut(name)
                    && scripts.last() != Some(&(number as u32))
                {
                    scripts.push(number as u32);
                }
            }
        }
        naming
    }

    /// The world of the scripts that name a file: parts of a bundle that are loaded later run where the bundle runs.
    fn named_by(&self, source: u32, naming: &FxHashMap<Name, Vec<u32>>, plans: &[Plan]) -> Option<World> {
        let scripts: BTreeSet<u32> = self.names_of(source).filter_map(|name| naming.get(&name)).flatten().copied().collect();
        if scripts.is_empty() {
            return None;
        }
        let names = |unit: &u32| *unit != source && scripts.contains(unit);
        plans.iter().find(|plan| plan.entries.iter().any(names)).map(|plan| plan.world)
    }

    fn take_imports(&self, plan: &mut Plan, imports: &[Vec<u32>], reached: &mut [bool]) {
        let mut next = 0;
        let mut seen: BTreeSet<u32> = plan.entries.iter().copied().collect();
        while let Some(&source) = plan.entries.get(next) {
            next += 1;
            reached[source as usize] = true;
            for &hidden in self.beside.get(&source).into_iter().flatten() {
                if seen.insert(hidden) {
                    plan.entries.push(hidden);
                }
            }
            for &import in imports.get(source as usize).into_iter().flatten() {
                if seen.insert(import) {
                    plan.entries.push(import);
                }
            }
        }
    }

    /// The script that a script means by an address.
    fn module(&self, from: &str, address: &str) -> Option<u32> {
        module_paths(from, address)?.iter().find_map(|path| self.files.get(path)).copied()
    }

    /// Scripts that `import(address)` in a script may load.
    fn loaded(&self, from: &str, ir: &Ir, address: ExprId) -> Vec<u32> {
        // What getURL() is given is told from the top of the package.
        let (first, then) = if matches!(ir.expr(address), Expr::Call { .. }) { ("", from) } else { (from, "") };
        let module = |text: &String| self.module(first, text).or_else(|| self.module(then, text));
        self.texts(ir, address).iter().filter_map(module).collect()
    }

    /// Scripts that a script loads into its own realm; those that it loads while it runs go into `later` as well.
    fn imports(&self, number: usize, ir: &Option<Ir>, later: &mut BTreeSet<u32>) -> Vec<u32> {
        let mut found = Vec::new();
        let Some(ir) = ir else { return found };
        let file = &self.sources[number].file;
        let loaders: Vec<Name> = ["importScripts", "require"].iter().filter_map(|name| self.names.find(name)).collect();
        let take = |address: &str| self.module(file, address);
        found.extend(ir.imports.iter().filter_map(|import| take(self.names.text(import.specifier))));
        for export in &ir.exports {
            if let super::super::ir::Export::From { specifier, .. } = export {
                found.extend(take(self.names.text(*specifier)));
            }
        }
        for expr in &ir.exprs {
            match *expr {
                Expr::Import(value) => {
                    let loaded = self.loaded(file, ir, value);
                    later.extend(&loaded);
                    found.extend(loaded);
                }
                Expr::Call { callee, args } => {
                    let name = match ir.expr(callee) {
                        Expr::Global(name) | Expr::Member { name, .. } => name,
                        _ => continue,
                    };
                    if loaders.contains(&name) {
                        for arg in ir.list(args) {
                            found.extend(self.texts(ir, arg).iter().filter_map(|text| take(text)));
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// The property of a name.
fn named(props: &[Prop], name: Name) -> Option<&Prop> {
    props.iter().find(|prop| prop.key == Key::Name(name))
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
