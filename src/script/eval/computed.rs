//! Callers of functions that only values tell: out of a table, a list, a bundle's module, another page.

use super::super::ir::{Expr, ExprId, Ir};
use super::super::program::At;
use super::callers::MAX_CALLERS;
use super::{Atom, Caller, Engine, Indirect, Via};

/// A script with more expressions is not searched for calls of functions that only values tell.
const MAX_COMPUTED: usize = 240_000;
/// Functions that one place may call, where only values tell which.
const MAX_ALTERNATIVES: usize = 12;
/// Functions that take listeners.
const LISTENING: &[&str] = &["addEventListener", "addListener", "on", "setTimeout", "setInterval"];

impl Engine<'_, '_> {
    /// Notes callers of functions that only values tell: `table[key](...)`, a function out of a list, a listener of a table.
    pub fn find_computed_callers(&mut self) {
        let program = self.program;
        let incomplete = self.incomplete;
        self.find_modules();
        // Small scripts first: what is refused is refused to large ones, where most calls have names.
        let mut scripts: Vec<_> = program.units.iter().enumerate().collect();
        scripts.sort_by_key(|(_, script)| script.ir.exprs.len());
        for (unit, script) in scripts {
            let ir = &script.ir;
            if ir.exprs.len() > MAX_COMPUTED || self.is_exhausted() {
                break;
            }
            for (number, expr) in ir.exprs.iter().enumerate() {
                let Expr::Call { callee, args } = *expr else { continue };
                let called = self.is_computed(ir, callee) || self.is_of_background(ir, callee) || self.is_of_module(ir, callee);
                // `(_f = table[key]) === null ? void 0 : _f.call(table, text)`
                let indirect = match ir.expr(callee) {
                    Expr::Member { object, name } if self.is_computed(ir, object) => {
                        Indirect::by(self.text(name)).map(|how| (object, how))
                    }
                    _ => None,
                };
                let handed = matches!(ir.expr(callee), Expr::Member { name, .. } | Expr::Global(name) if LISTENING.contains(&self.text(name)));
                if !called && !handed && indirect.is_none() {
                    continue;
                }
                for &inst in &program.by_unit[unit] {
                    let sub = |expr: ExprId| At { inst, expr };
                    let call = sub(ExprId(number as u32));
                    if called {
                        self.note_computed(sub(callee), Caller::Call { call, ctx: 0, via: Via::Plain });
                    }
                    if let Some((function, how)) = indirect {
                        self.note_computed(sub(function), Caller::Call { call, ctx: 0, via: Via::Indirect(how) });
                    }
                    for (index, arg) in ir.list(args).enumerate().take(3).filter(|_| handed) {
                        if self.is_computed(ir, arg) {
                            self.note_computed(sub(arg), Caller::Passed { call, index, ctx: 0 });
                        }
                    }
                }
            }
        }
        // This search adds to what is found in other ways; that it was cut short leaves nothing of those out.
        self.incomplete = incomplete;
        if !self.computed.is_empty() {
            self.forget();
        }
    }

    /// Whether only values tell which function an expression is: it comes out of a table or list.
    fn is_computed(&self, ir: &Ir, expr: ExprId) -> bool {
        match ir.expr(expr) {
            Expr::Index { .. } => true,
            Expr::Local(symbol) => ir.writes(symbol).iter().any(|&value| {
                let mut value = value;
                while let Expr::Use(inner) = ir.expr(value) {
                    value = inner;
                }
                matches!(ir.expr(value), Expr::Index { .. } | Expr::Element(_))
                    // The parameter of a callback: an element of whatever list it is called with.
                    || matches!(ir.expr(value), Expr::Param { .. } if ir.exprs.len() < MAX_COMPUTED / 8)
            }),
            _ => false,
        }
    }

    /// `chrome.extension.getBackgroundPage().f`: a function of another page, called without a message.
    fn is_of_background(&self, ir: &Ir, callee: ExprId) -> bool {
        let Expr::Member { object, .. } = ir.expr(callee) else { return false };
        let mut object = object;
        for _ in 0..4 {
            object = match ir.expr(object) {
                Expr::Call { callee, .. } => {
                    return matches!(ir.expr(callee), Expr::Member { name, .. } if self.text(name) == "getBackgroundPage");
                }
                Expr::Local(symbol) => match ir.writes(symbol) {
                    [value] => *value,
                    _ => return false,
                },
                Expr::Use(value) | Expr::Await(value) => value,
                _ => return false,
            };
        }
        false
    }

    /// `const m = require(17); m.f(...)`, `m(...)`: a function that another module exports.
    fn is_of_module(&self, ir: &Ir, callee: ExprId) -> bool {
        let mut callee = callee;
        while let Expr::Use(inner) = ir.expr(callee) {
            callee = inner;
        }
        let object = match ir.expr(callee) {
            Expr::Member { object, .. } => object,
            _ => callee,
        };
        let required = match ir.expr(object) {
            Expr::Local(symbol) => match ir.writes(symbol) {
                [value] => *value,
                _ => return false,
            },
            _ => object,
        };
        matches!(ir.expr(required), Expr::Call { args, .. }
            if ir.list(args).len() == 1 && ir.item(args, 0).is_some_and(|id| matches!(ir.expr(id), Expr::Number(_) | Expr::Text(_))))
    }

    fn note_computed(&mut self, function: At, caller: Caller) {
        let value = self.eval(function, 0);
        let functions = value.atoms().iter().filter(|atom| matches!(atom, Atom::Function(..))).count();
        // The table of a bundle's modules: what each of them is given is not what the others are.
        if functions > MAX_ALTERNATIVES {
            return;
        }
        for atom in value.atoms() {
            let Atom::Function(func, _) = *atom else { continue };
            let Expr::Function(id) = self.program.expr(func) else { continue };
            let known = self.computed.entry((func.inst, id)).or_default();
            if known.len() < MAX_CALLERS && !known.contains(&caller) {
                known.push(caller);
            }
        }
    }
}
