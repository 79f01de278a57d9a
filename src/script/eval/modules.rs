//! Modules of bundles: tables of functions and the loader that calls one of them.
//!
//! ```js
//! var modules = { 17: (module, exports, require) => { exports.place = "https://..."; } };
//! function require(id) { var module = cache[id] = { exports: {} }; modules[id](module, module.exports, require); return module.exports; }
//! ```
//!
//! All modules are given an object that is made in one place, so followed like any other object each would hold what all of
//! them export. Here a module's exports are what its own function puts into its own parameters.

use rustc_hash::FxHashMap;

use super::super::ir::{Expr, ExprId, FuncId, Ir, Key as PropKey, List, SymbolId};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Set, Value};

/// Modules of one table that are kept.
const MAX_MODULES: usize = 4_096;
/// Places in one module that put something into its exports.
const MAX_EXPORTS: usize = 256;

/// A function that calls a module of a table by its number.
#[derive(Clone, Copy, Debug)]
struct Loader {
    /// The table.
    table: At,
    /// Where module, exports and the loader itself stand among a module's parameters.
    layout: Layout,
    /// What is handed over as the loader.
    require: Option<At>,
}

#[derive(Clone, Copy, Debug)]
struct Layout {
    module: usize,
    exports: usize,
    require: usize,
    /// The function stands in a pair with the names of its dependencies.
    paired: bool,
}

/// As webpack, Parcel and TypeScript hand them over.
const PLAIN: Layout = Layout { module: 0, exports: 1, require: 2, paired: false };
/// As browserify hands them over.
const PAIRED: Layout = Layout { module: 1, exports: 2, require: 0, paired: true };

/// Loaders and modules of one extension.
#[derive(Clone, Debug, Default)]
pub(super) struct Modules {
    loaders: FxHashMap<(u32, FuncId), Loader>,
    modules: FxHashMap<(u32, FuncId), Loader>,
    /// Tables that other files add to those of a loader.
    chunks: Vec<At>,
}

impl Engine<'_, '_> {
    /// Finds loaders and the modules that they load.
    pub(super) fn find_modules(&mut self) {
        let program = self.program;
        for (unit, script) in program.units.iter().enumerate() {
            let Some(&inst) = program.by_unit[unit].first() else { continue };
            let ir = &script.ir;
            for expr in &ir.exprs {
                let Expr::Call { callee, args } = *expr else { continue };
                if let Some((func, table, paired, bound)) = loads(ir, callee, |name| self.text(name) == "call") {
                    let layout = if paired { PAIRED } else { PLAIN };
                    let handed = ir.item(args, layout.require + usize::from(bound));
                    let require = handed.map(|expr| At { inst, expr });
                    self.modules.loaders.insert((inst, func), Loader { table: At { inst, expr: table }, layout, require });
                }
                // (self.webpackChunk = self.webpackChunk || []).push([[1], {17: f}])
                if let Expr::Member { name, .. } = ir.expr(callee)
                    && self.text(name) == "push"
                    && let Some(pushed) = ir.item(args, 0)
                    && let Expr::Array(parts) = ir.expr(pushed)
                    && let (Some(ids), Some(table)) = (ir.item(parts, 0), ir.item(parts, 1))
                    && matches!((ir.expr(ids), ir.expr(table)), (Expr::Array(_), Expr::Object { .. }))
                {
                    self.modules.chunks.push(At { inst, expr: table });
                }
            }
        }
        let loaders: Vec<Loader> = self.modules.loaders.values().copied().collect();
        for loader in loaders {
            for table in self.tables_of(loader) {
                for func in self.functions_in(table, loader.layout) {
                    self.modules.modules.insert(func, loader);
                }
            }
        }
    }

    /// The tables that a loader chooses from.
    fn tables_of(&mut self, loader: Loader) -> Vec<At> {
        let value = self.eval(loader.table, 0);
        let mut tables: Vec<At> = value
            .atoms()
            .iter()
            .filter_map(|atom| match *atom {
                Atom::Object(site, _) => Some(site),
                _ => None,
            })
            .collect();
        let realm = self.program.instances[loader.table.inst as usize].realm;
        let chunks = self.modules.chunks.iter().filter(|chunk| self.program.instances[chunk.inst as usize].realm == realm);
        tables.extend(chunks.copied());
        tables
    }

    fn functions_in(&self, table: At, layout: Layout) -> Vec<(u32, FuncId)> {
        let ir = self.ir(table.inst);
        let values: Vec<ExprId> = match ir.expr(table.expr) {
            Expr::Object { first, count } => ir.props(first, count).iter().map(|prop| prop.value).collect(),
            Expr::Array(list) => ir.list(list).collect(),
            _ => Vec::new(),
        };
        values.into_iter().take(MAX_MODULES).filter_map(|value| Some((table.inst, function_in(ir, value, layout)?))).collect()
    }

    /// What a loader gives for a call of it: the exports of the modules that the call names.
    pub(super) fn loaded(&mut self, inst: u32, func: FuncId, call: At, ctx: Ctx) -> Option<Value> {
        let loader = *self.modules.loaders.get(&(inst, func))?;
        let key = self.argument(call, 0, ctx);
        let mut set = Set::new();
        for table in self.tables_of(loader) {
            for atom in key.atoms() {
                let ir = self.ir(table.inst);
                let value = match (ir.expr(table.expr), *atom) {
                    (Expr::Array(list), Atom::Number(bits)) => ir.item(list, f64::from_bits(bits) as usize),
                    (Expr::Object { first, count }, Atom::Text(_) | Atom::Number(_)) => {
                        let name = self.as_text(*atom);
                        ir.props(first, count)
                            .iter()
                            .find(|prop| match prop.key {
                                PropKey::Name(known) => name.as_deref() == Some(self.text(known)),
                                _ => false,
                            })
                            .map(|prop| prop.value)
                    }
                    _ => None,
                };
                let Some(module) = value.and_then(|value| function_in(ir, value, loader.layout)) else { continue };
                let exports = Atom::Exports(At { inst: table.inst, expr: ir.func(module).expr });
                let whole = self.exported_whole(table.inst, module);
                set.extend(&whole);
                set.add(exports);
            }
        }
        (!set.is_empty()).then(|| set.finish())
    }

    /// What a parameter of a module is: its own object, its exports, the loader.
    pub(super) fn module_parameter(&mut self, inst: u32, func: FuncId, index: usize) -> Option<Value> {
        let loader = *self.modules.modules.get(&(inst, func))?;
        let site = At { inst, expr: self.ir(inst).func(func).expr };
        match index {
            _ if index == loader.layout.module => Some(Atom::ModuleObject(site).into()),
            _ if index == loader.layout.exports => Some(Atom::Exports(site).into()),
            _ if index == loader.layout.require => loader.require.map(|require| self.eval(require, 0)),
            _ => None,
        }
    }

    /// A member of the object that a module is given, or of its exports.
    pub(super) fn module_member(&mut self, atom: Atom, name: Name) -> Value {
        match atom {
            Atom::ModuleObject(site) if self.text(name) == "exports" => {
                let mut set = Set::new();
                if let Expr::Function(module) = self.program.expr(site) {
                    let whole = self.exported_whole(site.inst, module);
                    set.extend(&whole);
                }
                set.add(Atom::Exports(site));
                set.finish()
            }
            Atom::Exports(site) => {
                let Expr::Function(module) = self.program.expr(site) else { return Value::unknown() };
                let mut set = Set::new();
                let whole = self.exported_whole(site.inst, module);
                if !whole.is_empty() {
                    let part = self.member_of_value(&whole, name, site);
                    part.atoms().iter().filter(|atom| !matches!(atom, Atom::Nothing)).for_each(|atom| set.add(*atom));
                }
                for value in self.exported_parts(site.inst, module, name) {
                    set.extend(&value);
                }
                if set.is_empty() { Value::unknown() } else { set.finish() }
            }
            _ => Value::unknown(),
        }
    }

    /// `module.exports = value`.
    fn exported_whole(&mut self, inst: u32, module: FuncId) -> Value {
        let Some(loader) = self.modules.modules.get(&(inst, module)).copied() else { return Value::clean() };
        let ir = self.ir(inst);
        let mut set = Set::new();
        for read in reads(ir, module, loader.layout.module) {
            let Some(member) = ir.parent(read) else { continue };
            if matches!(ir.expr(member), Expr::Member { name, .. } if self.text(name) == "exports")
                && let Some(assign) = ir.parent(member)
                && let Expr::Assign { target, value } = ir.expr(assign)
                && target == member
            {
                let value = self.eval(At { inst, expr: value }, 0);
                set.extend(&value);
            }
        }
        set.finish()
    }

    /// `exports.name = value`, `require.d(exports, {name: () => value})`, `require.d(exports, ["name", 0, value])`,
    /// `Object.defineProperty(exports, "name", {get})`.
    fn exported_parts(&mut self, inst: u32, module: FuncId, name: Name) -> Vec<Value> {
        let Some(loader) = self.modules.modules.get(&(inst, module)).copied() else { return Vec::new() };
        let ir = self.ir(inst);
        let mut places: Vec<ExprId> = reads(ir, module, loader.layout.exports).collect();
        let objects = reads(ir, module, loader.layout.module).filter_map(|read| ir.parent(read));
        places.extend(
            objects.filter(|&member| matches!(ir.expr(member), Expr::Member { name, .. } if self.text(name) == "exports")),
        );
        let mut found = Vec::new();
        for place in places.into_iter().take(MAX_EXPORTS) {
            for user in ir.uses(place).collect::<Vec<_>>() {
                match ir.expr(user) {
                    Expr::Member { object, name: known } if object == place && known == name => {
                        if let Some(assign) = ir.parent(user)
                            && let Expr::Assign { target, value } = ir.expr(assign)
                            && target == user
                        {
                            found.push(self.eval(At { inst, expr: value }, 0));
                        }
                    }
                    Expr::Call { args, .. } if ir.item(args, 0) == Some(place) => {
                        let getter = match ir.item(args, 1).map(|second| ir.expr(second)) {
                            Some(Expr::Object { first, count }) => {
                                let prop = ir.props(first, count).iter().find(|prop| prop.key == PropKey::Name(name));
                                prop.map(|prop| prop.value)
                            }
                            Some(Expr::Text(text)) if text == name => ir.item(args, 2),
                            Some(Expr::Array(list)) => match listed(ir, list, name) {
                                Some((value, true)) => {
                                    found.push(self.eval(At { inst, expr: value }, 0));
                                    None
                                }
                                getter => getter.map(|(getter, _)| getter),
                            },
                            _ => None,
                        };
                        let getter = getter.map(|getter| match ir.expr(getter) {
                            Expr::Object { first, count } => {
                                let is = |name: Name| matches!(self.text(name), "get" | "value");
                                let mut props = ir.props(first, count).iter();
                                let prop = props.rfind(|prop| matches!(prop.key, PropKey::Name(name) if is(name)));
                                prop.map_or(getter, |prop| prop.value)
                            }
                            _ => getter,
                        });
                        let Some(getter) = getter else { continue };
                        match ir.expr(getter) {
                            Expr::Function(func) => found.push(self.ask(super::Key::Returns(inst, func, 0))),
                            _ => found.push(self.eval(At { inst, expr: getter }, 0)),
                        }
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

/// Where a plain parameter of a function is read.
fn reads(ir: &Ir, func: FuncId, index: usize) -> impl Iterator<Item = ExprId> + '_ {
    let symbol = ir.func(func).params.get(index).copied().filter(|symbol| symbol.0 != u32::MAX);
    symbol.into_iter().flat_map(|symbol: SymbolId| ir.reads(symbol).iter().copied())
}

/// What a list of exports has under a name, as webpack writes them since 2026: `["place", 0, value, "send", () => send]`; and
/// whether it is the value itself.
fn listed(ir: &Ir, list: List, name: Name) -> Option<(ExprId, bool)> {
    let mut items = ir.list(list);
    loop {
        let known = items.next()?;
        let getter = items.next()?;
        let is_value = matches!(ir.expr(getter), Expr::Number(_));
        let what = if is_value { items.next()? } else { getter };
        if ir.expr(known) == Expr::Text(name) {
            return Some((what, is_value));
        }
    }
}

/// The module that an entry of a table is.
fn function_in(ir: &Ir, value: ExprId, layout: Layout) -> Option<FuncId> {
    match ir.expr(value) {
        Expr::Function(func) => Some(func),
        Expr::Array(pair) if layout.paired => match ir.item(pair, 0).map(|first| ir.expr(first)) {
            Some(Expr::Function(func)) => Some(func),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a callee is `table[id]`, `table[id].call` or `table[id][0]` with the first parameter of the function around it:
/// that function, the table, whether it holds pairs, and whether the first argument is `this`.
fn loads(ir: &Ir, callee: ExprId, is_call: impl Fn(Name) -> bool) -> Option<(FuncId, ExprId, bool, bool)> {
    let (callee, bound) = match ir.expr(callee) {
        Expr::Member { object, name } if is_call(name) => (object, true),
        _ => (callee, false),
    };
    let Expr::Index { object, index } = ir.expr(callee) else { return None };
    let (object, index, paired) = match (ir.expr(index), ir.expr(object)) {
        (Expr::Number(_), Expr::Index { object, index }) => (object, index, true),
        _ => (object, index, false),
    };
    let Expr::Local(symbol) = ir.expr(index) else { return None };
    let func = ir.func_of(callee);
    let [value] = ir.writes(symbol) else { return None };
    matches!(ir.expr(*value), Expr::Param { func: of, index: 0 } if of == func).then_some((func, object, paired, bound))
}
