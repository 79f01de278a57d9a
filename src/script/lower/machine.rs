//! Functions that wait, as compilers write them for browsers that cannot.
//!
//! ```js
//! // TypeScript
//! __awaiter(this, void 0, void 0, function () {
//!   return __generator(this, function (_a) {
//!     switch (_a.label) { case 0: return [4, fetch(a)]; case 1: x = _a.sent(); return [2, x]; } }); });
//! // Babel, by regenerator; before 2025 `_context.next`, `_context.sent`, `_context.abrupt("return", x)`
//! _asyncToGenerator(_regenerator().m(function f() {
//!   return _regenerator().w(function (_context) {
//!     while (1) switch (_context.n) { case 0: _context.n = 1; return fetch(a); case 1: x = _context.v; return _context.a(2, x); } }, f); }));
//! // esbuild, and both for browsers that have generators
//! __async(this, null, function* () { x = yield fetch(a); return x; });
//! ```
//!
//! The names of these helpers are shortened with all others, and what they do is beyond an analysis that runs nothing. The shape of
//! what they are given stays: so it is lowered as what once stood there, `x = await fetch(a); return x`.

use oxc_ast::ast::{
    Argument, CallExpression, ConditionalExpression, Expression, Function, ReturnStatement, Statement, StaticMemberExpression,
};

use super::super::ir::{Expr, ExprId, FuncKind, NONE, Symbol, SymbolId, SymbolKind};
use super::super::names::Name;
use super::Lower;

/// Helpers within helpers.
const MAX_HELPERS: usize = 4;

/// Who runs a function that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    /// TypeScript's `__generator`.
    TypeScript,
    /// Babel's regenerator.
    Regenerator,
    /// A helper that runs generators: what they yield is waited for.
    Generator,
}

/// What a function is to those that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing.
    None,
    /// It runs a machine and does nothing else.
    Runs {
        /// What the machine stops at is waited for.
        is_awaited: bool,
    },
    /// It is one, run by this, and what it stops at is given to whoever runs it.
    Machine(Runner, bool),
}

/// A function that waits and is being walked.
pub(super) struct Machine<'a> {
    pub(super) runner: Runner,
    /// Its parameter, by which the runner hands in what was waited for.
    state: SymbolId,
    /// What was waited for last. States stand in the order in which they were written.
    waited: ExprId,
    /// It is a generator: what it stops at is given to whoever runs it.
    gives: bool,
    /// Members of the parameter that hold values for a while.
    slots: Vec<(&'a str, SymbolId)>,
}

impl Machine<'_> {
    pub(super) fn new(runner: Runner, state: SymbolId, gives: bool) -> Self {
        Machine { runner, state, waited: NONE, gives, slots: Vec::new() }
    }
}

impl<'a> Lower<'a> {
    /// A call that runs a function which waits, as what it gives; `None` for every other call. `helper` is what is called.
    pub(super) fn waiting_call(&mut self, call: &CallExpression<'a>, helper: ExprId) -> Option<ExprId> {
        let start = self.ir.start(helper);
        if let Some((function, runner)) = machine_of(call) {
            let callee = self.waiting_function(function, FuncKind::Arrow, Role::Machine(runner, !self.is_awaited));
            let is_it = |argument: &Argument<'a>| matches!(argument, Argument::FunctionExpression(other) if std::ptr::eq(&raw const **other, function));
            self.given_to_helper(call, helper, callee, is_it);
            let args = self.list(&[], call.span.end);
            return Some(self.add(Expr::Call { callee, args }, start));
        }
        let (last, before) = call.arguments.split_last()?;
        let last = last.as_expression().filter(|last| waits(last, 0))?;
        let is_last = |argument: &Argument<'a>| argument.as_expression().is_some_and(|argument| std::ptr::eq(argument, last));
        match before {
            // What marks such a function, or makes one of it that can be called.
            [] if is_marker(&call.callee) => {
                // Of one that is only marked, what it stops at is given to whoever runs it.
                let is_awaited = !matches!(last, Expression::FunctionExpression(function) if !function.generator);
                let value = self.waiting(last, FuncKind::Function, is_awaited || self.is_awaited);
                self.given_to_helper(call, helper, value, is_last);
                Some(self.add(Expr::Use(value), start))
            }
            // What runs it at once, with the same `this`.
            [this, _, ..] if is_receiver(this) => {
                let callee = self.waiting(last, FuncKind::Arrow, true);
                let given = self.given_to_helper(call, helper, callee, is_last);
                let given = match given.get(1).map(|&list| self.ir.expr(list)) {
                    Some(Expr::Array(list)) => self.ir.list(list).collect(),
                    _ => Vec::new(),
                };
                let args = self.list(&given, call.span.end);
                Some(self.add(Expr::Call { callee, args }, start))
            }
            _ => None,
        }
    }

    /// The call of the helper itself, which may be none: it is given all that is written there, `function` among it.
    fn given_to_helper(
        &mut self,
        call: &CallExpression<'a>,
        helper: ExprId,
        function: ExprId,
        is_function: impl Fn(&Argument<'a>) -> bool,
    ) -> Vec<ExprId> {
        let mut given = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            if is_function(argument) {
                given.push(function);
            } else {
                given.extend(self.arguments(std::slice::from_ref(argument)));
            }
        }
        let args = self.list(&given, call.span.end);
        let start = self.ir.start(helper);
        self.add(Expr::Call { callee: helper, args }, start);
        given
    }

    fn waiting(&mut self, expr: &Expression<'a>, kind: FuncKind, is_awaited: bool) -> ExprId {
        match expr {
            Expression::FunctionExpression(function) if function.generator => {
                self.waiting_function(function, kind, Role::Machine(Runner::Generator, false))
            }
            Expression::FunctionExpression(function) => self.waiting_function(function, kind, Role::Runs { is_awaited }),
            other => {
                let before = std::mem::replace(&mut self.is_awaited, is_awaited);
                let value = self.expr(other);
                self.is_awaited = before;
                value
            }
        }
    }

    /// What the function that is open gives back, where it is a machine. False where that is to be taken as it stands.
    pub(super) fn give_back_state(&mut self, statement: &ReturnStatement<'a>) -> bool {
        let runner = self.machine.as_ref().map(|machine| machine.runner);
        let (Some(runner @ (Runner::TypeScript | Runner::Regenerator)), Some(argument)) = (runner, &statement.argument) else {
            return false;
        };
        self.state(runner, argument, 0);
        true
    }

    fn state(&mut self, runner: Runner, value: &Expression<'a>, depth: usize) {
        match value {
            Expression::SequenceExpression(sequence) => {
                let Some((last, before)) = sequence.expressions.split_last() else { return };
                for part in before {
                    self.expr(part);
                }
                self.state(runner, last, depth);
            }
            Expression::ConditionalExpression(branch) if depth < MAX_HELPERS => self.state_of_branch(runner, branch, depth),
            Expression::ArrayExpression(list) if runner == Runner::TypeScript => {
                let what = match list.elements.first().and_then(|first| first.as_expression()) {
                    Some(Expression::NumericLiteral(number)) => number.value as u32,
                    _ => 0,
                };
                match (what, list.elements.as_slice()) {
                    (2, [_, value]) if value.is_expression() => {
                        if let Some(value) = value.as_expression() {
                            let value = self.expr(value);
                            self.give_back(value, list.span.start);
                        }
                    }
                    (4 | 5, [_, value]) if value.is_expression() => {
                        if let Some(value) = value.as_expression() {
                            self.wait_for(value);
                        }
                    }
                    // A jump; whatever else stands there is no less looked at.
                    _ => {
                        self.expr(value);
                    }
                }
            }
            Expression::CallExpression(call) if runner == Runner::Regenerator => match self.of_state(&call.callee) {
                Some("abrupt" | "a") => {
                    let is_return = match call.arguments.first() {
                        Some(Argument::StringLiteral(word)) => word.value == "return",
                        Some(Argument::NumericLiteral(number)) => number.value == 2.0,
                        _ => false,
                    };
                    let given = self.arguments(&call.arguments);
                    if let Some(&value) = given.get(1).filter(|_| is_return) {
                        self.give_back(value, call.span.start);
                    }
                }
                Some("delegateYield" | "d") => {
                    if let Some(&value) = self.arguments(&call.arguments).first() {
                        self.waits_for(value);
                    }
                }
                Some("stop" | "finish" | "f") => {
                    self.arguments(&call.arguments);
                }
                _ => self.wait_for(value),
            },
            value => self.wait_for(value),
        }
    }

    fn state_of_branch(&mut self, runner: Runner, branch: &ConditionalExpression<'a>, depth: usize) {
        self.expr(&branch.test);
        self.state(runner, &branch.consequent, depth + 1);
        self.state(runner, &branch.alternate, depth + 1);
    }

    fn wait_for(&mut self, value: &Expression<'a>) {
        let value = self.expr(value);
        self.waits_for(value);
    }

    fn waits_for(&mut self, value: ExprId) {
        let waited = self.add(Expr::Await(value), self.ir.start(value));
        if let Some(machine) = &mut self.machine {
            machine.waited = waited;
            if machine.gives
                && let Some(returns) = self.returns.last_mut()
            {
                returns.push(value);
            }
        }
    }

    /// The member of the machine's parameter that an expression is.
    fn of_state<'b>(&mut self, expr: &'b Expression<'a>) -> Option<&'b str> {
        let Expression::StaticMemberExpression(member) = expr else { return None };
        let Expression::Identifier(object) = &member.object else { return None };
        let state = self.machine.as_ref()?.state;
        (self.lookup(object.name.as_str()) == Ok(state)).then(|| member.property.name.as_str())
    }

    /// What a member of `base` is, where that is the parameter of a machine, and how many links of the chain say it.
    pub(super) fn handed_in(
        &mut self,
        base: ExprId,
        member: &StaticMemberExpression<'a>,
        is_called: bool,
    ) -> Option<(ExprId, usize)> {
        let machine = self.machine.as_mut()?;
        if self.ir.exprs[base.index()] != Expr::Local(machine.state) {
            return None;
        }
        let start = member.property.span.start;
        let name = member.property.name.as_str();
        let links = match (machine.runner, name) {
            (Runner::TypeScript, "sent") if is_called => 2,
            (Runner::Regenerator, "sent" | "v") => 1,
            (Runner::Regenerator, slot) if is_slot(slot) => {
                let known = machine.slots.iter().find(|(name, _)| *name == slot).map(|(_, symbol)| *symbol);
                let symbol = known.unwrap_or_else(|| {
                    let symbol = SymbolId(self.ir.symbols.len() as u32);
                    self.ir.symbols.push(Symbol { name: Name::EMPTY, kind: SymbolKind::Variable, func: self.func, top: false });
                    machine.slots.push((slot, symbol));
                    symbol
                });
                return Some((self.add(Expr::Local(symbol), start), 1));
            }
            _ => return None,
        };
        let waited = machine.waited;
        if waited == NONE {
            return None;
        }
        let value = self.add(Expr::Use(waited), start);
        if links == 2 {
            return Some((value, links));
        }
        // What is no machine has a member of the name.
        let name = self.name(name);
        let member = self.add(Expr::Member { object: base, name }, start);
        Some((self.any(&[value, member], start), links))
    }
}

/// `t0`, `t1`: where regenerator keeps a value while another is waited for.
fn is_slot(name: &str) -> bool {
    name.strip_prefix('t').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The machine that a call runs.
fn machine_of<'b, 'a>(call: &'b CallExpression<'a>) -> Option<(&'b Function<'a>, Runner)> {
    match call.arguments.as_slice() {
        [this, Argument::FunctionExpression(function)] if is_receiver(this) && is_typescript(function) => {
            Some((function, Runner::TypeScript))
        }
        [Argument::FunctionExpression(function), ..] if is_regenerator(function) => Some((function, Runner::Regenerator)),
        _ => None,
    }
}

/// Whether an expression is a function that only a helper can run, maybe marked by another.
fn waits(expr: &Expression<'_>, depth: usize) -> bool {
    match expr {
        Expression::FunctionExpression(function) => function.generator || runs_machine(function),
        Expression::CallExpression(call) if depth < MAX_HELPERS && is_marker(&call.callee) => match call.arguments.as_slice() {
            [only] => only.as_expression().is_some_and(|only| waits(only, depth + 1)),
            _ => false,
        },
        _ => false,
    }
}

/// Whether what is called may be a helper that marks a function: `_asyncToGenerator`, `(0, helpers.default)`, `_regenerator().m`,
/// `regeneratorRuntime.mark`. What takes listeners is a member of another name.
fn is_marker(callee: &Expression<'_>) -> bool {
    match callee {
        Expression::Identifier(_) | Expression::SequenceExpression(_) => true,
        Expression::StaticMemberExpression(member) => matches!(member.property.name.as_str(), "m" | "mark" | "default"),
        _ => false,
    }
}

/// Whether a function does nothing but run a machine.
fn runs_machine(function: &Function<'_>) -> bool {
    let Some(body) = &function.body else { return false };
    body.statements.iter().any(|statement| match statement {
        Statement::ReturnStatement(statement) => match &statement.argument {
            Some(Expression::CallExpression(call)) => machine_of(call).is_some(),
            Some(Expression::SequenceExpression(all)) => {
                matches!(all.expressions.last(), Some(Expression::CallExpression(call)) if machine_of(call).is_some())
            }
            _ => false,
        },
        _ => false,
    })
}

/// What stands where a helper takes `this`.
fn is_receiver(argument: &Argument<'_>) -> bool {
    match argument {
        Argument::ThisExpression(_) | Argument::NullLiteral(_) | Argument::Identifier(_) => true,
        Argument::UnaryExpression(unary) => unary.operator == oxc_syntax::operator::UnaryOperator::Void,
        _ => false,
    }
}

fn is_typescript(function: &Function<'_>) -> bool {
    let Some(body) = &function.body else { return false };
    let by_label = |expr: &Expression<'_>| is_member_of_first(function, expr, &["label"]);
    body.statements.iter().any(|statement| match statement {
        Statement::SwitchStatement(switch) => by_label(&switch.discriminant),
        // A single state.
        Statement::ReturnStatement(statement) => match &statement.argument {
            Some(Expression::ArrayExpression(list)) => {
                let first = list.elements.first().and_then(|first| first.as_expression());
                list.elements.len() <= 2 && matches!(first, Some(Expression::NumericLiteral(number)) if number.value == 2.0)
            }
            _ => false,
        },
        _ => false,
    })
}

fn is_regenerator(function: &Function<'_>) -> bool {
    const NEXT: &[&str] = &["next", "n"];
    let Some(body) = &function.body else { return false };
    let inner = |statement: &Statement<'_>| match statement {
        Statement::SwitchStatement(switch) => match &switch.discriminant {
            Expression::AssignmentExpression(assignment) => is_member_of_first(function, &assignment.right, NEXT),
            other => is_member_of_first(function, other, NEXT),
        },
        _ => false,
    };
    let body_of = |statement: &Statement<'_>| match statement {
        Statement::BlockStatement(block) => block.body.iter().any(inner),
        other => inner(other),
    };
    body.statements.iter().any(|statement| match statement {
        Statement::WhileStatement(statement) => body_of(&statement.body),
        Statement::ForStatement(statement) => body_of(&statement.body),
        _ => false,
    })
}

/// Whether an expression is one of these members of the first parameter.
fn is_member_of_first(function: &Function<'_>, expr: &Expression<'_>, names: &[&str]) -> bool {
    let Expression::StaticMemberExpression(member) = expr else { return false };
    let Expression::Identifier(object) = &member.object else { return false };
    let first = function.params.items.first().and_then(|first| first.pattern.get_identifier_name());
    first.is_some_and(|first| first == object.name) && names.contains(&member.property.name.as_str())
}
