//! All scripts of an extension, linked: which runs where, what they share, and where names are read and written.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use super::analysis::World;
use super::ir::{ClassId, Expr, ExprId, Ir, SymbolId};
use super::names::{Name, Names};
use super::packaged::Packaged;

/// Members of one class that are known by name.
const MAX_FIELDS: usize = 48;

/// An expression of a script, in one of the places where the script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// The instance: a script in a realm.
    pub inst: u32,
    /// The expression.
    pub expr: ExprId,
}

/// An expression of a script, wherever that runs: the script's number, and the expression.
pub type Place = (u32, ExprId);

/// One script.
#[derive(Debug)]
pub struct Unit<'a> {
    /// Path inside the package.
    pub file: String,
    /// Where the text begins in the file.
    pub offset: u32,
    /// The text.
    pub text: Cow<'a, str>,
    /// Its expressions.
    pub ir: Ir,
    /// Calls of decoders, by where they end in the text, and what they give.
    pub decoded: FxHashMap<u32, Name>,
}

/// Scripts that share their globals: a page, a service worker, the isolated world of a content script.
#[derive(Debug)]
pub struct Realm {
    /// What kind of place.
    pub world: World,
    /// Host patterns of the web pages in or beside which it runs.
    pub hosts: Vec<String>,
    /// Names that scripts declare at their top.
    pub globals: FxHashMap<Name, Vec<(u32, SymbolId)>>,
    /// Values given to names that nobody declares, also as members of `window`.
    pub implicit: FxHashMap<Name, Vec<At>>,
}

/// A script in a realm.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    /// Which script.
    pub unit: u32,
    /// Which realm.
    pub realm: u32,
}

/// All scripts of an extension.
#[derive(Debug, Default)]
pub struct Program<'a> {
    /// Strings of all scripts.
    pub names: Names,
    /// How many of the strings stand in the scripts as they were shipped.
    pub shipped: usize,
    /// The scripts.
    pub units: Vec<Unit<'a>>,
    /// Where scripts run.
    pub realms: Vec<Realm>,
    /// Scripts in realms.
    pub instances: Vec<Instance>,
    /// The instances of each script.
    pub by_unit: Vec<Vec<u32>>,
    /// Scripts by path, for imports.
    pub by_path: FxHashMap<String, u32>,
    /// Where members of a name are read, script by script, as in all these tables.
    pub reads: FxHashMap<Name, Vec<Place>>,
    /// Where members of a name are written: the assignments.
    pub writes: FxHashMap<Name, Vec<Place>>,
    /// Static imports of a file, by its path: script, and number of the import.
    pub importers: FxHashMap<String, Vec<(u32, u32)>>,
    /// Scripts that are imported by `import()`: what they export is read as members of what that gives.
    pub loaded_later: FxHashSet<u32>,
    /// What scripts read out of the package.
    pub packaged: Packaged,
    /// Scripts that have the browser paste: `document.execCommand("paste")`.
    pub pasting: FxHashSet<u32>,
    /// Members that the code of a class gives its instances by `this.name = ...`, by script and class.
    pub fields: FxHashMap<(u32, ClassId), Vec<Name>>,
    /// Assignments to members whose names are computed.
    pub dynamic_writes: Vec<Place>,
    /// Where names that the script does not declare are read.
    pub globals: FxHashMap<Name, Vec<Place>>,
}

impl<'a> Program<'a> {
    /// The script of an instance.
    pub fn unit(&self, inst: u32) -> &Unit<'a> {
        let unit = self.instances.get(inst as usize).map_or(0, |instance| instance.unit);
        &self.units[unit as usize]
    }

    /// The table of an instance.
    pub fn ir(&self, inst: u32) -> &Ir {
        &self.unit(inst).ir
    }

    /// The realm of an instance.
    pub fn realm(&self, inst: u32) -> &Realm {
        let realm = self.instances.get(inst as usize).map_or(0, |instance| instance.realm);
        &self.realms[realm as usize]
    }

    /// An expression.
    pub fn expr(&self, at: At) -> Expr {
        self.ir(at.inst).expr(at.expr)
    }

    /// Builds the indexes over members and globals, once the scripts and instances are there.
    pub fn index(&mut self) {
        let window: Vec<Name> =
            ["window", "self", "globalThis", "top"].iter().filter_map(|name| self.names.find(name)).collect();
        let mut implicit = Vec::new();
        let commands = self.names.find("execCommand");
        for (number, unit) in self.units.iter().enumerate() {
            let number = number as u32;
            let ir = &unit.ir;
            for (at, import) in ir.imports.iter().enumerate().filter(|_| ir.module) {
                let Some(path) = resolve(&unit.file, self.names.text(import.specifier)) else { continue };
                for path in [format!("{path}.js"), format!("{path}/index.js"), path] {
                    self.importers.entry(path).or_default().push((number, at as u32));
                }
            }
            let is_window = |object: ExprId| match ir.expr(object) {
                Expr::Global(name) => window.contains(&name),
                Expr::This => ir.this_owner(ir.func_of(object)).0 == 0 && !ir.module,
                _ => false,
            };
            for (at, expr) in ir.exprs.iter().enumerate() {
                let at = ExprId(at as u32);
                match *expr {
                    Expr::Member { name, .. } => {
                        if Some(name) == commands && pastes(ir, at, &self.names) {
                            self.pasting.insert(number);
                        }
                        let written = ir
                            .parent(at)
                            .is_some_and(|parent| matches!(ir.expr(parent), Expr::Assign { target, .. } if target == at));
                        if !written {
                            self.reads.entry(name).or_default().push((number, at));
                        }
                    }
                    Expr::Global(name) => self.globals.entry(name).or_default().push((number, at)),
                    Expr::Assign { target, value } => match ir.expr(target) {
                        Expr::Member { object, name } => {
                            self.writes.entry(name).or_default().push((number, at));
                            if is_window(object) {
                                implicit.push((number, name, value));
                            }
                            if ir.expr(object) == Expr::This
                                && let Some(class) = ir.func(ir.this_owner(ir.func_of(target))).class
                            {
                                let fields = self.fields.entry((number, class)).or_default();
                                if fields.len() < MAX_FIELDS && !fields.contains(&name) {
                                    fields.push(name);
                                }
                            }
                        }
                        Expr::Index { .. } => self.dynamic_writes.push((number, at)),
                        Expr::Global(name) => implicit.push((number, name, value)),
                        _ => {}
                    },
                    _ => {}
                }
            }
        }
        for (unit, name, value) in implicit {
            self.implicit(unit, name, value);
        }
        for (inst, instance) in self.instances.iter().enumerate() {
            let ir = &self.units[instance.unit as usize].ir;
            if ir.module {
                continue;
            }
            let realm = &mut self.realms[instance.realm as usize];
            for (symbol, declared) in ir.symbols.iter().enumerate().filter(|(_, symbol)| symbol.top) {
                realm.globals.entry(declared.name).or_default().push((inst as u32, SymbolId(symbol as u32)));
            }
        }
    }

    fn implicit(&mut self, unit: u32, name: Name, value: ExprId) {
        for &inst in &self.by_unit[unit as usize] {
            let realm = self.instances[inst as usize].realm;
            self.realms[realm as usize].implicit.entry(name).or_default().push(At { inst, expr: value });
        }
    }

    /// The instance of a script in the realm of another instance.
    pub fn beside(&self, unit: u32, inst: u32) -> Option<u32> {
        let realm = self.instances.get(inst as usize)?.realm;
        let all = self.by_unit.get(unit as usize)?;
        all.iter().copied().find(|&other| self.instances[other as usize].realm == realm).or_else(|| all.first().copied())
    }
}

/// Places by script, parted into those of one script and all others, each in order.
pub fn near_and_far(places: &[Place], home: Option<u32>) -> (&[Place], impl Iterator<Item = &Place>) {
    let home = home.unwrap_or(u32::MAX);
    let from = places.partition_point(|(unit, _)| *unit < home);
    let to = from + places[from..].partition_point(|(unit, _)| *unit == home);
    (&places[from..to], places[..from].iter().chain(&places[to..]))
}

/// The path that a relative address means, seen from a file; `None` for addresses of other places.
pub fn resolve(from: &str, address: &str) -> Option<String> {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let address = match address.split_once("://") {
        Some((scheme, rest)) if scheme.ends_with("extension") => rest.split_once('/').map_or("", |(_, path)| path),
        Some(_) => return None,
        None => address,
    };
    if address.is_empty() || address.starts_with("//") || address.starts_with("data:") || address.len() > 512 {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    if !address.starts_with('/') {
        parts.extend(from.split('/'));
        parts.pop();
    }
    for part in address.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether a member is called with the command to paste.
fn pastes(ir: &Ir, member: ExprId, names: &Names) -> bool {
    let Some(Expr::Call { args, .. }) = ir.parent(member).map(|call| ir.expr(call)) else { return false };
    let command = ir.item(args, 0).map(|command| ir.expr(command));
    matches!(command, Some(Expr::Text(text)) if names.text(text).eq_ignore_ascii_case("paste"))
}

/// The files that a script may mean by the address of a module, in the order in which they are looked for.
pub fn module_paths(from: &str, address: &str) -> Option<[String; 4]> {
    let path = resolve(from, address)?;
    Some([path.clone(), format!("{path}.js"), format!("{path}/index.js"), format!("{path}.mjs")])
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn addresses_become_paths() {
        assert_eq!(resolve("a/b.html", "c.js").as_deref(), Some("a/c.js"));
        assert_eq!(resolve("a/b.html", "../c.js?v=1").as_deref(), Some("c.js"));
        assert_eq!(resolve("a/b.html", "/x/./c.js").as_deref(), Some("x/c.js"));
        assert_eq!(resolve("a", "chrome-extension://id/c.js").as_deref(), Some("c.js"));
        assert_eq!(resolve("a", "https://x.invalid/c.js"), None);
        assert_eq!(resolve("a", "../../../c.js").as_deref(), Some("c.js"));
    }
}
