//! What each kind of expression gives.

use super::super::ir::{Expr, ExprId};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Key, Set, Value};

impl Engine<'_, '_> {
    /// What an expression is made of, asked for.
    pub(super) fn expression(&mut self, at: At, ctx: Ctx) -> Value {
        let inst = at.inst;
        let sub = |expr: ExprId| At { inst, expr };
        match self.program.expr(at) {
            Expr::Unknown | Expr::ImportMeta => Value::unknown(),
            Expr::Undefined | Expr::Null => Atom::Nothing.into(),
            Expr::Bool(value) => Atom::Bool(value).into(),
            Expr::Text(name) => Atom::Text(name).into(),
            Expr::Number(_) | Expr::Function(_) | Expr::Object { .. } | Expr::Array(_) => self.eval(at, ctx),
            Expr::Regex { pattern, flags } => Atom::Regex(pattern, flags != Name::EMPTY).into(),
            Expr::This => {
                let ir = self.ir(inst);
                let owner = ir.this_owner(ir.func_of(at.expr));
                let ctx = self.lexical(ctx, inst, owner);
                self.ask(Key::This(inst, owner, ctx))
            }
            Expr::Super => self.super_value(at),
            Expr::Local(symbol) => {
                let value = self.symbol(inst, symbol, ctx);
                self.refine(value, at)
            }
            Expr::Global(name) => self.global(inst, name, at),
            Expr::Member { object, name } => {
                let value = self.member(sub(object), name, at, ctx);
                self.refine(value, at)
            }
            Expr::Index { object, index } => self.index(sub(object), sub(index), at, ctx),
            Expr::Call { callee, .. } => self.call(at, sub(callee), false, ctx),
            Expr::New { callee, .. } => self.call(at, sub(callee), true, ctx),
            Expr::Class(_) => {
                let outer = self.ir(inst).func_of(at.expr);
                Atom::Class(at, self.lexical(ctx, inst, outer)).into()
            }
            Expr::Spread(value) => {
                let value = self.eval(sub(value), ctx);
                self.elements(&value, at)
            }
            Expr::Concat(list) => self.concat(inst, list, ctx),
            Expr::Binary { op, left, right } => self.binary(op, sub(left), sub(right), ctx),
            Expr::Unary { op, value } => self.unary(op, sub(value), ctx),
            Expr::Any(list) => {
                let mut set = Set::new();
                for item in self.ir(inst).list(list) {
                    let value = self.eval(sub(item), ctx);
                    set.extend(&value);
                }
                set.finish()
            }
            Expr::Assign { value, .. }
            | Expr::Write { value, .. }
            | Expr::Await(value)
            | Expr::Return { value, .. }
            | Expr::Use(value) => self.eval(sub(value), ctx),
            Expr::Without { value, taken } => self.without(sub(value), taken, ctx),
            // Whoever runs a generator as an async function hands the answer back in.
            Expr::Yield(value) => {
                let mut set = Set::new();
                let value = self.eval(sub(value), ctx);
                set.extend(&value);
                set.add(Atom::Unknown);
                set.finish()
            }
            Expr::Param { func, index } => self.parameter(inst, func, index as usize, ctx),
            Expr::Rest { func, index } => self.rest(inst, func, index as usize, ctx),
            Expr::Element(value) => {
                let value = self.eval(sub(value), ctx);
                self.elements(&value, at)
            }
            Expr::Key(value) => {
                let value = self.eval(sub(value), ctx);
                self.keys(&value)
            }
            Expr::Import(value) => self.dynamic_import(sub(value), ctx),
        }
    }
}
