//! Operators.

use super::super::ir::{List, Op, UnaryOp};
use super::super::program::At;
use super::{Atom, Ctx, Engine, Set, Value};

impl Engine<'_, '_> {
    pub(super) fn binary(&mut self, op: Op, left: At, right: At, ctx: Ctx) -> Value {
        match op {
            Op::And => self.eval(right, ctx),
            Op::Or => {
                let mut set = Set::new();
                for side in [left, right] {
                    let value = self.eval(side, ctx);
                    set.extend(&value);
                }
                set.finish()
            }
            Op::Equal | Op::NotEqual | Op::Less | Op::In | Op::Other => Value::clean(),
            _ => {
                let left = self.eval(left, ctx);
                let right = self.eval(right, ctx);
                let mut set = Set::new();
                if let (Some(a), Some(b)) = (self.as_number(&left), self.as_number(&right)) {
                    set.add(Atom::number(super::text::arithmetic(op, a, b)));
                } else {
                    set.extend_taints(&left);
                    set.extend_taints(&right);
                    set.add(Atom::Unknown);
                }
                set.finish()
            }
        }
    }

    pub(super) fn unary(&mut self, op: UnaryOp, value: At, ctx: Ctx) -> Value {
        match op {
            UnaryOp::Not | UnaryOp::Typeof | UnaryOp::Other => Value::clean(),
            UnaryOp::Plus | UnaryOp::Minus | UnaryOp::BitNot => {
                let value = self.eval(value, ctx);
                match self.as_number(&value) {
                    Some(number) => Atom::number(match op {
                        UnaryOp::Minus => -number,
                        UnaryOp::BitNot => f64::from(!super::text::to_int(number)),
                        _ => number,
                    })
                    .into(),
                    None => {
                        let mut set = Set::new();
                        set.extend_taints(&value);
                        set.add(Atom::Unknown);
                        set.finish()
                    }
                }
            }
        }
    }

    /// The number that a value is, where it is one only.
    pub(super) fn as_number(&self, value: &Value) -> Option<f64> {
        match value.single()? {
            Atom::Number(bits) => Some(f64::from_bits(bits)),
            Atom::Text(name) => super::text::parse_number(self.text(name)),
            Atom::Bool(value) => Some(f64::from(u8::from(value))),
            Atom::Nothing => Some(0.0),
            _ => None,
        }
    }

    /// Templates and `+`.
    pub(super) fn concat(&mut self, inst: u32, list: List, ctx: Ctx) -> Value {
        let items: Vec<Value> = self.ir(inst).list(list).map(|expr| self.eval(At { inst, expr }, ctx)).collect();
        self.join(&items, "")
    }
}
