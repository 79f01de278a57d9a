//! Functions of the page's own that a script puts itself in the place of.

use super::super::ir::{Expr, ExprId, FuncId};
use super::super::program::At;
use super::{Atom, Engine};

/// Functions and classes of a page that are worth replacing.
const HOOKED: &[&str] = &[
    "fetch",
    "send",
    "open",
    "XMLHttpRequest",
    "parse",
    "WebSocket",
    "json",
    "text",
    "apply",
    "sendBeacon",
    "postMessage",
    "responseText",
];

impl Engine<'_, '_> {
    /// Whether a place lies in a function that takes the place of one of the page's own: `window.fetch = ...`.
    pub(super) fn is_hook(&mut self, at: At) -> bool {
        let ir = self.program.ir(at.inst);
        // What a class has from the browser's own is asked for at the class itself.
        if matches!(ir.expr(at.expr), Expr::Class(_)) && self.is_put_in_place(at.inst, at.expr) {
            return true;
        }
        let mut func = ir.func_of(at.expr);
        while func.0 != 0 {
            if self.takes_the_place(at.inst, func) {
                return true;
            }
            func = ir.func(func).parent;
        }
        false
    }

    /// Whether a function itself takes the place of one of the page's own.
    pub(super) fn takes_the_place(&mut self, inst: u32, func: FuncId) -> bool {
        let ir = self.program.ir(inst);
        let declared = ir.func(func);
        // window.WebSocket = class extends WebSocket {send() {...}}
        let made = declared.class.and_then(|class| ir.classes.get(class.index())).map_or(declared.expr, |class| class.expr);
        self.is_put_in_place(inst, made)
    }

    /// Whether a function or class is put in the place of one of the page's own.
    fn is_put_in_place(&mut self, inst: u32, made: ExprId) -> bool {
        let ir = self.program.ir(inst);
        let mut up = ir.parent(made);
        // Helpers of compilers stand between: see `lower::machine`.
        for _ in 0..8 {
            let Some(parent) = up else { return false };
            match ir.expr(parent) {
                Expr::Assign { target, .. } => {
                    return match ir.expr(target) {
                        Expr::Global(name) => HOOKED.contains(&self.text(name)),
                        Expr::Member { object, name } if HOOKED.contains(&self.text(name)) => {
                            let object = self.eval(At { inst, expr: object }, 0);
                            object.atoms().iter().any(|atom| matches!(atom, Atom::Host(_) | Atom::Prototype(_) | Atom::Unknown))
                        }
                        _ => false,
                    };
                }
                // new Proxy(fetch, {apply() {...}}), Object.defineProperty(window, "fetch", {value() {...}})
                Expr::New { callee, .. } => {
                    return matches!(ir.expr(callee), Expr::Global(name) if self.text(name) == "Proxy");
                }
                Expr::Object { .. } | Expr::Any(_) | Expr::Use(_) => up = ir.parent(parent),
                Expr::Call { callee, .. } => {
                    return matches!(ir.expr(callee), Expr::Member { name, .. } if self.text(name) == "defineProperty");
                }
                _ => return false,
            }
        }
        false
    }
}
