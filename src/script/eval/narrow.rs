//! What the conditions around a place say of a message that is used there: `if (message.type === "mail")`.

use super::super::ir::{Expr, ExprId, Op, UnaryOp};
use super::super::names::{Name, Names};
use super::super::program::At;
use super::text::show_number;
use super::{Atom, Engine, Set, Value};

impl Engine<'_, '_> {
    /// Messages in a value, with what the conditions around a place say of them.
    pub(super) fn refine(&mut self, value: Value, at: At) -> Value {
        if !value.has_message() {
            return value;
        }
        let ir = self.ir(at.inst);
        let guards: Vec<(ExprId, bool)> =
            ir.guards_at(ir.start(at.expr)).take(12).map(|guard| (guard.test, guard.negated)).collect();
        if guards.is_empty() || self.level >= super::MAX_LEVEL {
            return value;
        }
        self.level += 1;
        let mut set = Set::new();
        for atom in value.atoms() {
            let Atom::Message(id) = *atom else {
                set.add(*atom);
                continue;
            };
            let mut message = self.messages[id as usize].clone();
            for &(test, negated) in &guards {
                for (known, values) in self.told(At { inst: at.inst, expr: test }, negated, 0) {
                    let told = &self.messages[known as usize];
                    let same = told.channel == message.channel && told.inst == message.inst && told.site == message.site;
                    let want = (told.path.clone(), values);
                    if same && !want.0.is_empty() && !message.wants.contains(&want) && message.wants.len() < 4 {
                        message.wants.push(want);
                    }
                }
            }
            let id = self.message_id(message);
            set.add(Atom::Message(id));
        }
        self.level -= 1;
        set.finish()
    }

    /// What a condition says of messages: a member of one has one of these values.
    pub(super) fn told(&mut self, test: At, negated: bool, depth: u32) -> Vec<(u32, Vec<Name>)> {
        if depth > 6 {
            return Vec::new();
        }
        let sub = |expr: ExprId| At { inst: test.inst, expr };
        match self.program.expr(test) {
            Expr::Binary { op: Op::And, left, right } if !negated => {
                let mut all = self.told(sub(left), false, depth + 1);
                all.extend(self.told(sub(right), false, depth + 1));
                all
            }
            Expr::Binary { op: Op::Or, left, right } if negated => {
                let mut all = self.told(sub(left), true, depth + 1);
                all.extend(self.told(sub(right), true, depth + 1));
                all
            }
            // One of several values.
            Expr::Binary { op: Op::Or, left, right } => self.either(&[sub(left), sub(right)], depth),
            Expr::Any(list) if !negated => {
                let items: Vec<At> = self.ir(test.inst).list(list).map(sub).collect();
                match items[..] {
                    [one] => self.told(one, false, depth + 1),
                    _ => self.either(&items, depth),
                }
            }
            Expr::Unary { op: UnaryOp::Not, value } => self.told(sub(value), !negated, depth + 1),
            Expr::Binary { op, left, right } if (op == Op::Equal && !negated) || (op == Op::NotEqual && negated) => {
                let (left, right) = (self.eval(sub(left), 0), self.eval(sub(right), 0));
                let (subject, values) = if left.has_message() { (left, right) } else { (right, left) };
                let values: Vec<Name> = values
                    .atoms()
                    .iter()
                    .filter_map(|atom| match *atom {
                        Atom::Text(name) => Some(name),
                        Atom::Number(bits) => Some(Name::from_number(bits, &mut self.names)),
                        _ => None,
                    })
                    .collect();
                if values.is_empty() {
                    return Vec::new();
                }
                let messages = subject.atoms().iter().filter_map(|atom| match atom {
                    Atom::Message(id) => Some(*id),
                    _ => None,
                });
                messages.map(|id| (id, values.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn either(&mut self, tests: &[At], depth: u32) -> Vec<(u32, Vec<Name>)> {
        let mut merged: Vec<(u32, Vec<Name>)> = Vec::new();
        for (number, &test) in tests.iter().enumerate() {
            let told = self.told(test, false, depth + 1);
            if told.is_empty() {
                return Vec::new();
            }
            for (id, values) in told {
                match merged.iter_mut().find(|(known, _)| *known == id) {
                    Some((_, known)) => known.extend(values),
                    None if number == 0 => merged.push((id, values)),
                    None => {}
                }
            }
        }
        merged
    }
}

impl Name {
    /// The number that a message's type is, as a name.
    pub(super) fn from_number(bits: u64, names: &mut Names) -> Name {
        names.add(&show_number(f64::from_bits(bits)))
    }
}
