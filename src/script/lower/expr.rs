//! Expressions.

use oxc_ast::ast::{
    Argument, ArrayExpressionElement, AssignmentExpression, AssignmentTarget, BinaryExpression, CallExpression, ChainElement,
    ComputedMemberExpression, Expression, LogicalExpression, MemberExpression, ObjectExpression, ObjectPropertyKind,
    PrivateFieldExpression, PropertyKind, SimpleAssignmentTarget, StaticMemberExpression, TaggedTemplateExpression,
    TemplateLiteral,
};
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator, LogicalOperator, UnaryOperator};

use super::super::ir::{Expr, ExprId, FuncKind, Key, Op, Prop, PropKind, SymbolId, UnaryOp};
use super::Lower;

/// One link of a chain of members and calls.
enum Link<'b, 'a> {
    Static(&'b StaticMemberExpression<'a>),
    Computed(&'b ComputedMemberExpression<'a>),
    Private(&'b PrivateFieldExpression<'a>),
    Call(&'b CallExpression<'a>),
    Tagged(&'b TaggedTemplateExpression<'a>),
}

impl<'a> Lower<'a> {
    /// Lowers an expression.
    pub(super) fn expr(&mut self, expr: &Expression<'a>) -> ExprId {
        if self.depth > super::MAX_DEPTH {
            self.ir.cut = true;
            return self.add(Expr::Unknown, expr.span().start);
        }
        self.depth += 1;
        let id = self.expr_inner(expr);
        self.depth -= 1;
        id
    }

    fn expr_inner(&mut self, expr: &Expression<'a>) -> ExprId {
        let start = expr.span().start;
        match expr {
            Expression::BooleanLiteral(literal) => self.add(Expr::Bool(literal.value), start),
            Expression::NullLiteral(_) => self.add(Expr::Null, start),
            Expression::NumericLiteral(literal) => self.number(literal.value, start),
            Expression::StringLiteral(literal) => {
                let text = self.name(literal.value.as_str());
                self.add(Expr::Text(text), start)
            }
            Expression::RegExpLiteral(literal) => {
                let pattern = self.name(literal.regex.pattern.text.as_str());
                let flags = self.name(if literal.regex.flags.contains(oxc_ast::ast::RegExpFlags::G) { "g" } else { "" });
                self.add(Expr::Regex { pattern, flags }, start)
            }
            Expression::TemplateLiteral(template) => self.template(template),
            Expression::Identifier(id) => self.used(id),
            Expression::Super(_) => self.add(Expr::Super, start),
            Expression::ThisExpression(_) => self.add(Expr::This, start),
            Expression::ArrayExpression(array) => {
                let items: Vec<_> = array
                    .elements
                    .iter()
                    .map(|element| match element {
                        ArrayExpressionElement::SpreadElement(spread) => {
                            let value = self.expr(&spread.argument);
                            self.add(Expr::Spread(value), spread.span.start)
                        }
                        ArrayExpressionElement::Elision(hole) => self.add(Expr::Undefined, hole.span.start),
                        other => match other.as_expression() {
                            Some(value) => self.expr(value),
                            None => self.add(Expr::Unknown, start),
                        },
                    })
                    .collect();
                let list = self.list(&items, 0);
                self.add(Expr::Array(list), start)
            }
            Expression::ObjectExpression(object) => self.object_literal(object),
            Expression::ArrowFunctionExpression(arrow) => self.arrow(arrow),
            Expression::FunctionExpression(function) => self.function(function, FuncKind::Function),
            Expression::ClassExpression(class) => self.class(class),
            Expression::AssignmentExpression(assignment) => self.assignment(assignment),
            Expression::AwaitExpression(wait) => {
                let value = self.expr(&wait.argument);
                self.add(Expr::Await(value), start)
            }
            Expression::YieldExpression(give) => match &give.argument {
                Some(argument) => {
                    let value = self.expr(argument);
                    if self.machine.is_some() {
                        return self.add(Expr::Await(value), start);
                    }
                    if let Some(returns) = self.returns.last_mut() {
                        returns.push(value);
                    }
                    self.add(Expr::Yield(value), start)
                }
                None => self.add(Expr::Unknown, start),
            },
            Expression::BinaryExpression(binary) => self.binary(binary),
            Expression::LogicalExpression(logical) => self.logical(logical),
            Expression::ConditionalExpression(_) => self.conditional(expr),
            Expression::SequenceExpression(sequence) => {
                let mut last = None;
                for part in &sequence.expressions {
                    last = Some(self.expr(part));
                }
                match last {
                    Some(last) => self.add(Expr::Use(last), start),
                    None => self.add(Expr::Unknown, start),
                }
            }
            Expression::UnaryExpression(unary) => {
                let value = self.expr(&unary.argument);
                let op = match unary.operator {
                    UnaryOperator::Void => return self.add(Expr::Undefined, start),
                    UnaryOperator::UnaryPlus => UnaryOp::Plus,
                    UnaryOperator::UnaryNegation => UnaryOp::Minus,
                    UnaryOperator::LogicalNot => UnaryOp::Not,
                    UnaryOperator::BitwiseNot => UnaryOp::BitNot,
                    UnaryOperator::Typeof => UnaryOp::Typeof,
                    UnaryOperator::Delete => UnaryOp::Other,
                };
                self.add(Expr::Unary { op, value }, start)
            }
            Expression::UpdateExpression(update) => {
                if let SimpleAssignmentTarget::AssignmentTargetIdentifier(id) = &update.argument
                    && let Ok(symbol) = self.refer(id)
                {
                    let value = self.add(Expr::Unknown, start);
                    return self.write(symbol, value, start);
                }
                if let Some(member) = update.argument.as_member_expression() {
                    self.member(member);
                }
                self.add(Expr::Unknown, start)
            }
            Expression::NewExpression(new) => {
                let callee = self.expr(&new.callee);
                let args = self.arguments(&new.arguments);
                let args = self.list(&args, new.span.end);
                self.add(Expr::New { callee, args }, start)
            }
            Expression::ImportExpression(import) => {
                let value = self.expr(&import.source);
                self.add(Expr::Import(value), start)
            }
            Expression::ImportMeta(_) => {
                self.ir.module = true;
                self.add(Expr::ImportMeta, start)
            }
            Expression::PrivateInExpression(test) => {
                self.expr(&test.right);
                self.add(Expr::Unknown, start)
            }
            Expression::ParenthesizedExpression(inner) => self.expr(&inner.expression),
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.chain(Link::Call(call)),
                ChainElement::StaticMemberExpression(member) => self.chain(Link::Static(member)),
                ChainElement::ComputedMemberExpression(member) => self.chain(Link::Computed(member)),
                ChainElement::PrivateFieldExpression(member) => self.chain(Link::Private(member)),
                ChainElement::TSNonNullExpression(inner) => self.expr(&inner.expression),
            },
            Expression::CallExpression(call) => self.chain(Link::Call(call)),
            Expression::TaggedTemplateExpression(tagged) => self.chain(Link::Tagged(tagged)),
            Expression::StaticMemberExpression(member) => self.chain(Link::Static(member)),
            Expression::ComputedMemberExpression(member) => self.chain(Link::Computed(member)),
            Expression::PrivateFieldExpression(member) => self.chain(Link::Private(member)),
            _ => self.add(Expr::Unknown, start),
        }
    }

    /// A member expression on the left of an assignment.
    pub(super) fn member(&mut self, member: &MemberExpression<'a>) -> ExprId {
        match member {
            MemberExpression::StaticMemberExpression(member) => self.chain(Link::Static(member)),
            MemberExpression::ComputedMemberExpression(member) => self.chain(Link::Computed(member)),
            MemberExpression::PrivateFieldExpression(member) => self.chain(Link::Private(member)),
        }
    }

    /// `a.b(c)[d]`...: walked from the outside in, built from the inside out, without recursion.
    fn chain(&mut self, outer: Link<'_, 'a>) -> ExprId {
        let mut links = vec![outer];
        let mut base = loop {
            let inner = match links.last() {
                Some(Link::Static(member)) => &member.object,
                Some(Link::Computed(member)) => &member.object,
                Some(Link::Private(member)) => &member.object,
                Some(Link::Call(call)) => &call.callee,
                Some(Link::Tagged(tagged)) => &tagged.tag,
                None => return self.add(Expr::Unknown, 0),
            };
            match inner {
                Expression::StaticMemberExpression(member) => links.push(Link::Static(member)),
                Expression::ComputedMemberExpression(member) => links.push(Link::Computed(member)),
                Expression::PrivateFieldExpression(member) => links.push(Link::Private(member)),
                Expression::CallExpression(call) => links.push(Link::Call(call)),
                Expression::TaggedTemplateExpression(tagged) => links.push(Link::Tagged(tagged)),
                other => break self.expr(other),
            }
        };
        if let [.., Link::Static(member)] = links.as_slice() {
            let is_called = matches!(links.as_slice(), [.., Link::Call(call), _] if call.arguments.is_empty());
            if let Some((value, said)) = self.handed_in(base, member, is_called) {
                base = value;
                links.truncate(links.len() - said);
            }
        }
        while let Some(link) = links.pop() {
            base = match link {
                Link::Static(member) => {
                    let name = self.name(member.property.name.as_str());
                    self.add(Expr::Member { object: base, name }, member.property.span.start)
                }
                Link::Private(member) => {
                    let name = self.name(member.field.name.as_str());
                    self.add(Expr::Member { object: base, name }, member.field.span.start)
                }
                Link::Computed(member) => match &member.expression {
                    Expression::StringLiteral(text) => {
                        let name = self.name(text.value.as_str());
                        self.add(Expr::Member { object: base, name }, text.span.start)
                    }
                    key => {
                        let index = self.expr(key);
                        self.add(Expr::Index { object: base, index }, key.span().start)
                    }
                },
                Link::Call(call) => {
                    if let Some(value) = self.waiting_call(call, base).or_else(|| self.helped_call(call, base)) {
                        base = value;
                        continue;
                    }
                    let args = self.arguments(&call.arguments);
                    let start = self.ir.start(base);
                    let args = self.list(&args, call.span.end);
                    self.add(Expr::Call { callee: base, args }, start)
                }
                Link::Tagged(tagged) => {
                    let mut args = vec![self.template(&tagged.quasi)];
                    for part in &tagged.quasi.expressions {
                        args.push(self.expr(part));
                    }
                    let args = self.list(&args, tagged.span.end);
                    self.add(Expr::Call { callee: base, args }, tagged.span.start)
                }
            };
        }
        base
    }

    pub(super) fn arguments(&mut self, arguments: &[Argument<'a>]) -> Vec<ExprId> {
        let lower = |argument: &Argument<'a>, this: &mut Self| match argument {
            Argument::SpreadElement(spread) => {
                let value = this.expr(&spread.argument);
                this.add(Expr::Spread(value), spread.span.start)
            }
            other => match other.as_expression() {
                Some(value) => this.expr(value),
                None => this.add(Expr::Unknown, other.span().start),
            },
        };
        arguments.iter().map(|argument| lower(argument, self)).collect()
    }

    fn template(&mut self, template: &TemplateLiteral<'a>) -> ExprId {
        let start = template.span.start;
        let mut parts = Vec::with_capacity(template.quasis.len() * 2);
        let mut expressions = template.expressions.iter();
        for quasi in &template.quasis {
            let text = quasi.value.cooked.as_ref().unwrap_or(&quasi.value.raw);
            let text = self.name(text.as_str());
            parts.push(self.add(Expr::Text(text), quasi.span.start));
            if let Some(value) = expressions.next() {
                parts.push(self.expr(value));
            }
        }
        let list = self.list(&parts, 0);
        self.add(Expr::Concat(list), start)
    }

    fn object_literal(&mut self, object: &ObjectExpression<'a>) -> ExprId {
        let mut props = Vec::with_capacity(object.properties.len());
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let value = self.expr(&spread.argument);
                    props.push(Prop { key: Key::Spread, value, kind: PropKind::Value, fixed: false });
                }
                ObjectPropertyKind::ObjectProperty(property) => {
                    let key = self.key(&property.key);
                    let value = match &property.value {
                        Expression::FunctionExpression(function) if property.method || property.kind != PropertyKind::Init => {
                            self.function(function, FuncKind::Method)
                        }
                        value => self.expr(value),
                    };
                    if let (Key::Name(name), Expr::Function(func)) = (key, self.ir.expr(value)) {
                        let func = &mut self.ir.funcs[func.index()];
                        if func.name == super::super::names::Name::EMPTY {
                            func.name = name;
                        }
                    }
                    let kind = match property.kind {
                        PropertyKind::Init => PropKind::Value,
                        PropertyKind::Get => PropKind::Getter,
                        PropertyKind::Set => PropKind::Setter,
                    };
                    props.push(Prop { key, value, kind, fixed: false });
                }
            }
        }
        self.object(&props, object.span.start)
    }

    fn assignment(&mut self, assignment: &AssignmentExpression<'a>) -> ExprId {
        let start = assignment.span.start;
        if assignment.operator == AssignmentOperator::Assign {
            let before = self.instead;
            self.instead = self.of_itself(assignment).or(before);
            let value = self.expr(&assignment.right);
            self.instead = before;
            return self.assign_to(&assignment.left, value, value);
        }
        // `a += b` is `a = a + b`, and `a ||= b` is `a = a || b`.
        let old = match assignment.left.as_simple_assignment_target() {
            Some(SimpleAssignmentTarget::AssignmentTargetIdentifier(id)) => self.used(id),
            Some(target) => match target.as_member_expression() {
                Some(member) => self.member(member),
                None => self.add(Expr::Unknown, start),
            },
            None => self.add(Expr::Unknown, start),
        };
        let right = self.expr(&assignment.right);
        let value = if assignment.operator == AssignmentOperator::Addition {
            let list = self.list(&[old, right], 0);
            self.add(Expr::Concat(list), start)
        } else if assignment.operator.is_logical() {
            self.any(&[old, right], start)
        } else {
            let op = assignment.operator.to_binary_operator().map_or(Op::Other, operator);
            self.add(Expr::Binary { op, left: old, right }, start)
        };
        self.assign_to(&assignment.left, value, value)
    }

    /// What was written before into a variable that is given a member of itself within one statement, as compilers write `a?.b?.c`:
    /// `(x = a) === null || (x = x.b) === null ? void 0 : x.c`.
    fn of_itself(&mut self, assignment: &AssignmentExpression<'a>) -> Option<(SymbolId, ExprId)> {
        let AssignmentTarget::AssignmentTargetIdentifier(target) = &assignment.left else { return None };
        let mut object = &assignment.right;
        while let Expression::StaticMemberExpression(member) = object {
            object = &member.object;
        }
        let Expression::Identifier(object) = object else { return None };
        if object.name != target.name || matches!(assignment.right, Expression::Identifier(_)) {
            return None;
        }
        let symbol = self.lookup(target.name.as_str()).ok()?;
        self.last_write.filter(|(written, _)| *written == symbol)
    }

    /// Chains bind to the left and are long in generated code: walked without recursion.
    fn binary(&mut self, outer: &BinaryExpression<'a>) -> ExprId {
        let mut chain = vec![outer];
        while let Some(Expression::BinaryExpression(inner)) = chain.last().map(|last| &last.left) {
            chain.push(inner);
        }
        let Some(innermost) = chain.last() else { return self.add(Expr::Unknown, 0) };
        let start = innermost.span.start;
        let mut left = self.expr(&innermost.left);
        let mut sum: Vec<ExprId> = Vec::new();
        while let Some(binary) = chain.pop() {
            let right = self.expr(&binary.right);
            if binary.operator == BinaryOperator::Addition {
                if sum.is_empty() {
                    sum.push(left);
                }
                sum.push(right);
                if chain.last().is_some_and(|next| next.operator == BinaryOperator::Addition) {
                    continue;
                }
                let list = self.list(&sum, 0);
                sum.clear();
                left = self.add(Expr::Concat(list), start);
            } else {
                left = self.add(Expr::Binary { op: operator(binary.operator), left, right }, start);
            }
        }
        left
    }

    fn logical(&mut self, outer: &LogicalExpression<'a>) -> ExprId {
        let mut chain = vec![outer];
        while let Some(Expression::LogicalExpression(inner)) = chain.last().map(|last| &last.left) {
            chain.push(inner);
        }
        let Some(innermost) = chain.last() else { return self.add(Expr::Unknown, 0) };
        let start = innermost.span.start;
        let end = outer.span.end;
        let guard = self.guard;
        let mut left = self.expr(&innermost.left);
        // The condition that the left side is, where it is one: `a && b && c` guards `c` by both.
        while let Some(logical) = chain.pop() {
            let span = logical.right.span();
            let and = logical.operator == LogicalOperator::And;
            let before = self.guard;
            if logical.operator != LogicalOperator::Coalesce {
                self.guarded(left, !and, (span.start, span.end.min(end)));
            }
            let right = self.expr(&logical.right);
            self.guard = before;
            left = if self.tells(left, 0) && (and || self.tells(right, 0)) {
                // As a condition both sides matter, as a value only the right one.
                let op = if and { Op::And } else { Op::Or };
                self.add(Expr::Binary { op, left, right }, start)
            } else if and {
                self.any(&[right], start)
            } else {
                self.any(&[left, right], start)
            };
        }
        self.guard = guard;
        left
    }

    /// `a ? b : c ? d : e`: the tail is walked without recursion.
    fn conditional(&mut self, expr: &Expression<'a>) -> ExprId {
        let mut items = Vec::new();
        let guard = self.guard;
        let mut expr = expr;
        let start = expr.span().start;
        while let Expression::ConditionalExpression(branch) = expr {
            let test = self.expr(&branch.test);
            let before = self.guard;
            let span = branch.consequent.span();
            self.guarded(test, false, (span.start, span.end));
            items.push(self.expr(&branch.consequent));
            self.guard = before;
            let span = branch.alternate.span();
            self.guarded(test, true, (span.start, span.end));
            expr = &branch.alternate;
        }
        items.push(self.expr(expr));
        self.guard = guard;
        self.any(&items, start)
    }
}

fn operator(op: BinaryOperator) -> Op {
    match op {
        BinaryOperator::Equality | BinaryOperator::StrictEquality => Op::Equal,
        BinaryOperator::Inequality | BinaryOperator::StrictInequality => Op::NotEqual,
        BinaryOperator::LessThan
        | BinaryOperator::LessEqualThan
        | BinaryOperator::GreaterThan
        | BinaryOperator::GreaterEqualThan => Op::Less,
        BinaryOperator::Subtraction => Op::Sub,
        BinaryOperator::Multiplication => Op::Mul,
        BinaryOperator::Division => Op::Div,
        BinaryOperator::Remainder => Op::Rem,
        BinaryOperator::Exponential => Op::Pow,
        BinaryOperator::BitwiseAnd => Op::BitAnd,
        BinaryOperator::BitwiseOR => Op::BitOr,
        BinaryOperator::BitwiseXOR => Op::BitXor,
        BinaryOperator::ShiftLeft => Op::ShiftLeft,
        BinaryOperator::ShiftRight => Op::ShiftRight,
        BinaryOperator::ShiftRightZeroFill => Op::ShiftRightZero,
        BinaryOperator::In => Op::In,
        _ => Op::Other,
    }
}
