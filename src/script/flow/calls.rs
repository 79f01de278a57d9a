//! Uses of the browser's API, through whatever names.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::super::eval::{Atom, Use};
use super::super::ir::{Export, Expr, ExprId, Ir, Op};
use super::super::names::Name;
use super::super::program::At;
use super::Examiner;

/// A call of something of the browser's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiUse {
    /// The call.
    pub call: At,
    /// What is called: `chrome.cookies.getAll`, `new WebSocket`.
    pub path: String,
}

/// Names that mean the global object.
const WINDOWS: &[&str] = &["window", "self", "globalThis", "top", "parent", "frames"];
/// Members of these names are looked at as if they were sinks: they send, listen or make code.
const ALSO: &[&str] = &[
    "sendMessage",
    "sendRequest",
    "postMessage",
    "setItem",
    "dispatchEvent",
    "addListener",
    "eval",
    "Function",
    "setTimeout",
    "setInterval",
    "constructor",
    "executeScript",
    "CustomEvent",
    "WebSocket",
];
/// So are these in scripts that name a store of the browser's database.
const PUTTING: &[&str] = &["add", "put"];
/// Places by way of which a function may be handed on; above that it is taken to be.
const MAX_PLACES: usize = 64;
/// A script with fewer expressions is looked at without shortcuts.
const SMALL: usize = 150_000;

/// Whether something may be a store of the browser's database: what a call gives, or a name.
fn may_be_store(ir: &Ir, object: ExprId) -> bool {
    matches!(ir.expr(object), Expr::Call { .. } | Expr::Local(_) | Expr::Await(_))
}

impl Examiner<'_, '_, '_> {
    /// Finds every use: forward from the API's roots, and backward from the names of sinks.
    pub(super) fn find_uses(&mut self) {
        let mut calls: BTreeSet<At> = BTreeSet::new();
        let mut seen: FxHashSet<At> = FxHashSet::default();
        let program = self.engine.program;
        let all: u64 = program.units.iter().map(|unit| unit.text.len() as u64).sum();
        let half = self.engine.left() / 2;
        let mut computed = Vec::new();
        let has_stores = self.engine.names.find("objectStore").is_some();
        for (unit, script) in program.units.iter().enumerate() {
            let ir = &script.ir;
            // Half of the steps are for this, by the size of each script.
            let size = script.text.len() as u64;
            self.engine
                .allow(half / 4 + u64::try_from(u128::from(half) * u128::from(size) / u128::from(all.max(1))).unwrap_or(half));
            for (number, expr) in ir.exprs.iter().enumerate() {
                let at = ExprId(number as u32);
                for &inst in &program.by_unit[unit] {
                    let at = At { inst, expr: at };
                    match *expr {
                        Expr::Global(name) => {
                            let text = self.engine.text(name);
                            if matches!(text, "chrome" | "browser") {
                                self.follow_api(at, &mut calls, &mut seen, 0);
                            } else if self.engine.table.called.contains(text) || ALSO.contains(&text) {
                                self.follow_sink(at, &mut calls, &mut seen);
                            }
                        }
                        Expr::Member { object, name } => {
                            let text = self.engine.text(name);
                            if matches!(text, "chrome" | "browser") {
                                self.follow_api(at, &mut calls, &mut seen, 0);
                            } else if has_stores && PUTTING.contains(&text) && may_be_store(ir, object)
                                || (self.engine.table.called.contains(text) || ALSO.contains(&text))
                                    && self.may_be_sink(ir, object, name)
                            {
                                self.follow_sink(at, &mut calls, &mut seen);
                            }
                        }
                        Expr::Index { object, .. } if self.is_worth_asking(ir, at.expr, object) => computed.push(at),
                        Expr::Local(symbol)
                            if ir
                                .symbol(symbol)
                                .is_some_and(|symbol| matches!(symbol.kind, super::super::ir::SymbolKind::Import)) =>
                        {
                            self.follow_import(at, &mut calls, &mut seen);
                        }
                        _ => {}
                    }
                }
            }
        }
        // What is said in so many words first.
        self.engine.allow(half / 2);
        for at in computed {
            self.follow_computed(at, &mut calls, &mut seen);
        }
        self.engine.allow(half / 2);
        for call in calls {
            self.note_call(call);
        }
        self.uses.sort();
        self.uses.dedup();
    }

    /// What a call calls.
    fn note_call(&mut self, call: At) {
        let new = matches!(self.engine.program.expr(call), Expr::New { .. });
        let Some(callee) = self.engine.callee(call, 0) else { return };
        let value = self.engine.eval(callee, 0);
        let mut paths: Vec<String> = Vec::new();
        for atom in value.atoms() {
            let host = match *atom {
                Atom::Host(host) => host,
                Atom::Bound(bound) => match self.engine.bound_target(bound) {
                    Atom::Host(host) => host,
                    _ => continue,
                },
                _ => continue,
            };
            let path = self.engine.host_path(host);
            if path.is_empty() {
                continue;
            }
            let path = if new { format!("new {path}") } else { path.to_owned() };
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        self.uses.extend(paths.into_iter().map(|path| ApiUse { call, path }));
    }

    /// From a reference to the API to the calls of its members.
    fn follow_api(&mut self, at: At, calls: &mut BTreeSet<At>, seen: &mut FxHashSet<At>, depth: u32) {
        if depth > 6 || !seen.insert(at) || self.engine.is_exhausted() {
            return;
        }
        // Straight on, where a member is called on the spot.
        let ir = self.engine.program.ir(at.inst);
        let mut users = ir.uses(at.expr);
        if let (Some(user), None) = (users.next(), users.next()) {
            match ir.expr(user) {
                Expr::Member { name, .. } if self.engine.text(name) == "bind" => {
                    return self.called_indirectly(At { inst: at.inst, expr: user }, calls);
                }
                Expr::Member { .. } => return self.follow_api(At { inst: at.inst, expr: user }, calls, seen, depth),
                Expr::Call { callee, .. } | Expr::New { callee, .. } if callee == at.expr => {
                    calls.insert(At { inst: at.inst, expr: user });
                    return;
                }
                // typeof chrome, chrome && chrome.runtime
                Expr::Unary { .. } => return,
                _ => {}
            }
        }
        let value = self.engine.eval(at, 0);
        let Some(wanted) = value.atoms().iter().copied().find(|atom| matches!(atom, Atom::Host(_))) else { return };
        for found in self.engine.uses(at, wanted) {
            match found {
                Use::Called(call, _) => {
                    calls.insert(call);
                }
                Use::Member(member) => {
                    self.called_indirectly(member, calls);
                    self.follow_api(member, calls, seen, depth + 1);
                }
                Use::Passed(call, 0, _) if self.engine.first_called(call).is_some() => {
                    calls.insert(call);
                }
                Use::Passed(call, _, _) => {
                    // wrap(chrome) is the API again.
                    let value = self.engine.eval(call, 0);
                    if value
                        .atoms()
                        .iter()
                        .any(|atom| matches!(atom, Atom::Host(host) if self.engine.host_path(*host).starts_with("chrome")))
                    {
                        self.follow_api(call, calls, seen, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// `f.call(...)`, `f.apply(...)`; what `f.bind(...)` gives is followed on.
    fn called_indirectly(&mut self, member: At, calls: &mut BTreeSet<At>) {
        let ir = self.engine.program.ir(member.inst);
        let Expr::Member { name, .. } = ir.expr(member.expr) else { return };
        let Some(call) = ir.parent(member.expr) else { return };
        if !matches!(ir.expr(call), Expr::Call { callee, .. } if callee == member.expr) {
            return;
        }
        let call = At { inst: member.inst, expr: call };
        match self.engine.text(name) {
            "call" | "apply" => {
                calls.insert(call);
            }
            "bind" => {
                let value = self.engine.eval(call, 0);
                if let Some(bound) = value.atoms().iter().copied().find(|atom| matches!(atom, Atom::Bound(_))) {
                    for found in self.engine.uses(call, bound) {
                        if let Use::Called(call, _) = found {
                            calls.insert(call);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// From the name of a sink to its calls.
    fn follow_sink(&mut self, at: At, calls: &mut BTreeSet<At>, seen: &mut FxHashSet<At>) {
        let ir = self.engine.program.ir(at.inst);
        let mut users = ir.uses(at.expr);
        if let (Some(user), None) = (users.next(), users.next())
            && matches!(ir.expr(user), Expr::Call { callee, .. } | Expr::New { callee, .. } if callee == at.expr)
        {
            calls.insert(At { inst: at.inst, expr: user });
            return;
        }
        if !seen.insert(at) || !is_handed_on(ir, at.expr, &|name| self.engine.text(name)) {
            return;
        }
        let value = self.engine.eval(at, 0);
        let Some(wanted) = value.atoms().iter().copied().find(|atom| matches!(atom, Atom::Host(_))) else { return };
        for found in self.engine.uses(at, wanted) {
            match found {
                Use::Called(call, _) => {
                    calls.insert(call);
                }
                Use::Member(member) => self.called_indirectly(member, calls),
                Use::Passed(call, 0, _) if self.engine.first_called(call).is_some() => {
                    calls.insert(call);
                }
                _ => {}
            }
        }
    }

    /// `x["fetch"]`, `globalThis["chr" + "ome"]`.
    fn follow_computed(&mut self, at: At, calls: &mut BTreeSet<At>, seen: &mut FxHashSet<At>) {
        let value = self.engine.eval(at, 0);
        let mut api = false;
        let mut any = false;
        for atom in value.atoms() {
            if let Atom::Host(host) = *atom {
                any = true;
                api |= self.engine.host_path(host).starts_with("chrome");
            }
        }
        if api {
            self.follow_api(at, calls, seen, 0);
        } else if any {
            self.follow_sink(at, calls, seen);
        }
    }

    /// An import that is the API: a polyfill's.
    fn follow_import(&mut self, at: At, calls: &mut BTreeSet<At>, seen: &mut FxHashSet<At>) {
        if seen.contains(&at) {
            return;
        }
        let value = self.engine.eval(at, 0);
        if value
            .atoms()
            .iter()
            .any(|atom| matches!(atom, Atom::Host(host) if self.engine.host_path(*host).starts_with("chrome")))
        {
            self.follow_api(at, calls, seen, 0);
        }
    }

    fn is_worth_asking(&self, ir: &Ir, at: ExprId, object: ExprId) -> bool {
        let Expr::Index { index, .. } = ir.expr(at) else { return false };
        if matches!(ir.expr(index), Expr::Number(_)) {
            return false;
        }
        let called = ir
            .parent(at)
            .is_some_and(|user| matches!(ir.expr(user), Expr::Call { callee, .. } | Expr::New { callee, .. } if callee == at));
        let window = match ir.expr(object) {
            Expr::Global(name) => {
                WINDOWS.contains(&self.engine.text(name))
                    || matches!(self.engine.text(name), "chrome" | "browser" | "navigator" | "document")
            }
            Expr::This => true,
            Expr::Index { .. } | Expr::Member { .. } => ir.exprs.len() < SMALL,
            _ => false,
        };
        (called && ir.exprs.len() < SMALL * 2) || window
    }

    /// Whether a member can be a sink's, from what stands before the dot: many names of sinks are common words.
    fn may_be_sink(&self, ir: &Ir, object: ExprId, name: Name) -> bool {
        let owner: &[&str] = match self.engine.text(name) {
            "replace" | "assign" => &["location"],
            "write" | "writeln" => &["document", "getWriter", "writer"],
            "get" | "post" | "ajax" | "getJSON" | "load" | "html" | "append" | "prepend" | "put" | "patch" | "request"
            | "getScript" => &["$", "jQuery", "axios", "ky", "got", "superagent"],
            "open"
                if !matches!(
                    ir.parent(object).and_then(|member| ir.parent(member)).map(|user| ir.expr(user)),
                    Some(Expr::Call { .. })
                ) =>
            {
                return true;
            }
            "resolve" => &["dns"],
            "create" | "update" => &["tabs", "windows"],
            "set" => &["storage", "sync", "local", "session"],
            _ => return true,
        };
        match ir.expr(object) {
            Expr::Global(name) | Expr::Member { name, .. } => owner.contains(&self.engine.text(name)),
            Expr::Local(symbol) => {
                // An alias of the owner, or something that only asking tells.
                ir.exprs.len() < SMALL / 4
                    || ir
                        .writes(symbol)
                        .iter()
                        .any(|&value| matches!(ir.expr(value), Expr::Global(_) | Expr::Member { .. } | Expr::Index { .. }))
            }
            Expr::Call { callee, .. } => match ir.expr(callee) {
                Expr::Global(name) | Expr::Member { name, .. } => {
                    owner.contains(&self.engine.text(name)) || ir.exprs.len() < SMALL / 4
                }
                _ => ir.exprs.len() < SMALL / 4,
            },
            _ => ir.exprs.len() < SMALL,
        }
    }
}

/// Whether a function that stands in an expression can come to be called by way of it. It cannot where it is only looked at:
/// `if (x.fetch)`, `x.constructor === Object`, `const c = x.constructor; c.name`.
fn is_handed_on<'n>(ir: &Ir, at: ExprId, text: &dyn Fn(Name) -> &'n str) -> bool {
    let mut places = vec![at];
    let mut next = 0;
    while let Some(&at) = places.get(next) {
        next += 1;
        if ir.exports.iter().any(|export| matches!(export, Export::Value { value, .. } if *value == at)) {
            return true;
        }
        for user in ir.uses(at) {
            match ir.expr(user) {
                Expr::Binary { op: Op::And, left, .. } if left == at => {}
                Expr::Binary { op: Op::And | Op::Or, .. } | Expr::Any(_) | Expr::Use(_) => places.push(user),
                Expr::Unary { .. } | Expr::Binary { .. } => {}
                Expr::Member { name, .. } if !matches!(text(name), "call" | "apply" | "bind") => {}
                // Other scripts read what stands at the top of one.
                Expr::Write { symbol, .. } if ir.symbol(symbol).is_some_and(|declared| !declared.top) => {
                    places.push(user);
                    places.extend(ir.reads(symbol).iter().take(MAX_PLACES));
                }
                _ => return true,
            }
            if places.len() > MAX_PLACES {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::acquire::Package;
    use crate::script::evaluate::NoEvaluator;
    use crate::script::{Input, analyse};

    fn makes_code(text: &str) -> bool {
        let package = Package::from_memory("test", [("a.js", text.as_bytes())]);
        let (analysis, _) = analyse(&Input::new(None, &package), &NoEvaluator);
        analysis.remote_code.iter().any(|code| code.how == "function")
    }

    #[test]
    fn what_is_handed_on_is_followed_to_its_call() {
        for text in [
            "(() => { const F = window.a && (() => 0).constructor; F(name); })()",
            "(() => { const F = (() => 0).constructor || a, G = F; new G(name); })()",
            "(() => { const { constructor: F } = () => 0; F(name); })()",
            "(() => { let F; (F = (() => 0).constructor).call(null, name); })()",
            "export const F = (() => 0).constructor; F(name)",
        ] {
            assert!(makes_code(text), "{text}");
        }
    }

    #[test]
    fn what_is_only_looked_at_is_not() {
        for text in [
            "(() => { const f = () => 0; if (f.constructor && f.constructor === Object) a(name); })()",
            "(() => { const f = () => 0, F = f.constructor; a(F.name, typeof F); })()",
        ] {
            assert!(!makes_code(text), "{text}");
        }
    }
}
