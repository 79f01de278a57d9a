//! Words in the code around a place: what a field is asked for by, which conditions stand around it.

use super::super::ir::{Expr, ExprId, Op, UnaryOp};
use super::super::program::At;
use super::{Ctx, Engine};

/// Conditions in a listener that are asked for words.
const MAX_ASKED: usize = 8;
/// Calls around the call that injects a function, which say into which pages.
pub(super) const MAX_AROUND: usize = 4;

impl Engine<'_, '_> {
    /// Words that say what is read at a place: names and texts in the expression, in the call that made the object, and in
    /// the conditions around, in lower case.
    pub(super) fn words_around(&self, at: At, site: Option<(At, Ctx)>) -> Vec<String> {
        let mut words = Vec::new();
        let mut seen = 0;
        self.words_in(at, &mut words, 0, &mut seen);
        for place in [Some(at), site.map(|(site, _)| site)].into_iter().flatten() {
            if let Some((site, _)) = site.filter(|_| place != at) {
                self.words_in(site, &mut words, 0, &mut seen);
            }
            let ir = self.program.ir(place.inst);
            for guard in ir.guards_at(ir.start(place.expr)).take(8) {
                self.words_of_condition(At { inst: place.inst, expr: guard.test }, guard.negated, &mut words, &mut seen);
            }
        }
        words.iter_mut().for_each(|word| *word = word.to_lowercase());
        words
    }

    /// Words in the conditions around a place, in lower case.
    pub fn condition_words(&self, at: At) -> Vec<String> {
        let mut words = Vec::new();
        let mut seen = 0;
        let ir = self.program.ir(at.inst);
        for guard in ir.guards_at(ir.start(at.expr)).take(12) {
            self.words_of_condition(At { inst: at.inst, expr: guard.test }, guard.negated, &mut words, &mut seen);
        }
        words.iter_mut().for_each(|word| *word = word.to_lowercase());
        words
    }

    /// Words of the parts of a condition that hold where it holds, or where it does not: behind `if (a || !b) return` it is `b`.
    fn words_of_condition(&self, test: At, negated: bool, words: &mut Vec<String>, seen: &mut u32) {
        let sub = |expr: ExprId| At { inst: test.inst, expr };
        match self.program.expr(test) {
            _ if *seen > 120 => {}
            Expr::Unary { op: UnaryOp::Not, value } => self.words_of_condition(sub(value), !negated, words, seen),
            Expr::Binary { op: Op::And | Op::Or, left, right } => {
                *seen += 1;
                self.words_of_condition(sub(left), negated, words, seen);
                self.words_of_condition(sub(right), negated, words, seen);
            }
            Expr::Any(list) => {
                *seen += 1;
                self.program.ir(test.inst).list(list).for_each(|item| self.words_of_condition(sub(item), negated, words, seen));
            }
            _ if negated => {}
            _ => self.words_in(test, words, 0, seen),
        }
    }

    /// Words in the conditions of the functions that are arguments of a call: what a listener asks of what it gets.
    pub(super) fn words_of_listener(&self, call: At, words: &mut Vec<String>) {
        let ir = self.program.ir(call.inst);
        let Expr::Call { args, .. } = ir.expr(call.expr) else { return };
        let mut seen = 0;
        for func in ir.list(args).filter_map(|arg| match ir.expr(arg) {
            Expr::Function(func) => Some(func),
            _ => None,
        }) {
            let (from, to) = ir.func(func).span;
            let inside = ir.guards.iter().skip_while(|guard| guard.span.0 < from).take_while(|guard| guard.span.0 < to);
            for guard in inside.take(MAX_ASKED) {
                let at = words.len();
                self.words_of_condition(At { inst: call.inst, expr: guard.test }, guard.negated, words, &mut seen);
                words[at..].iter_mut().for_each(|word| *word = word.to_lowercase());
            }
        }
    }

    pub(super) fn words_in(&self, at: At, words: &mut Vec<String>, depth: u32, seen: &mut u32) {
        *seen += 1;
        if depth > 7 || *seen > 120 {
            return;
        }
        let ir = self.program.ir(at.inst);
        let sub = |expr: ExprId| At { inst: at.inst, expr };
        let depth = depth + 1;
        match ir.expr(at.expr) {
            Expr::Text(name) | Expr::Global(name) => words.push(self.text(name).to_owned()),
            Expr::Regex { pattern, .. } => words.push(self.text(pattern).replace('\\', "")),
            Expr::Member { object, name } => {
                words.push(self.text(name).to_owned());
                self.words_in(sub(object), words, depth, seen);
            }
            Expr::Index { object, index } => {
                self.words_in(sub(object), words, depth, seen);
                self.words_in(sub(index), words, depth, seen);
            }
            Expr::Local(symbol) => {
                if let Some(declared) = ir.symbol(symbol) {
                    words.push(self.text(declared.name).to_owned());
                }
                if let [value] = ir.writes(symbol) {
                    self.words_in(sub(*value), words, depth + 1, seen);
                }
            }
            Expr::Call { callee, args } | Expr::New { callee, args } => {
                self.words_in(sub(callee), words, depth, seen);
                for arg in ir.list(args).take(4) {
                    if !matches!(ir.expr(arg), Expr::Function(_)) {
                        self.words_in(sub(arg), words, depth, seen);
                    }
                }
            }
            Expr::Object { first, count } => {
                for prop in ir.props(first, count).iter().take(8) {
                    self.words_in(sub(prop.value), words, depth, seen);
                }
            }
            Expr::Array(list) | Expr::Any(list) | Expr::Concat(list) => {
                ir.list(list).take(12).for_each(|item| self.words_in(sub(item), words, depth, seen));
            }
            Expr::Binary { left, right, .. } => {
                self.words_in(sub(left), words, depth, seen);
                self.words_in(sub(right), words, depth, seen);
            }
            Expr::Use(value)
            | Expr::Await(value)
            | Expr::Element(value)
            | Expr::Unary { value, .. }
            | Expr::Write { value, .. } => self.words_in(sub(value), words, depth, seen),
            _ => {}
        }
    }
}
