//! What compilers write for browsers that lack classes, rest parameters and spread, lowered as what once stood there.
//!
//! As in `machine`, the helpers are known by the shape of what they are given, since their names are shortened.

use oxc_ast::ast::{
    Argument, ArrayExpression, AssignmentExpression, AssignmentTarget, CallExpression, Expression, ForStatement,
    ForStatementInit, IdentifierReference, ObjectExpression, ObjectProperty, ObjectPropertyKind, Statement,
    VariableDeclarationKind,
};
use oxc_syntax::operator::AssignmentOperator;

use super::super::ir::{Expr, ExprId, Key, NONE, Prop, SymbolId, SymbolKind};
use super::Lower;

/// Writes that are looked through for the empty list that a loop fills with the arguments.
const MAX_WRITES: usize = 12;

impl<'a> Lower<'a> {
    /// A call of a helper, as what it stands for; `None` for every other call. `helper` is what is called.
    pub(super) fn helped_call(&mut self, call: &CallExpression<'a>, helper: ExprId) -> Option<ExprId> {
        match call.arguments.as_slice() {
            // _createClass(Reader, [{ key: "read", value: function () {} }], [{ key: "of", ... }])
            [Argument::Identifier(_), lists @ ..] if (1..3).contains(&lists.len()) && lists.iter().any(is_list_of_members) => {
                Some(self.members(call, helper))
            }
            // (list = [{ key: "read", ... }]) && _defineProperties(Reader.prototype, list)
            [Argument::StaticMemberExpression(owner), list]
                if owner.property.name == "prototype"
                    && (is_list_of_members(list) || matches!(list, Argument::Identifier(_))) =>
            {
                Some(self.members(call, helper))
            }
            // Object.defineProperty(Reader.prototype, "text", { get: function () {} })
            [Argument::StaticMemberExpression(owner), Argument::StringLiteral(key), Argument::ObjectExpression(_)]
                if owner.property.name == "prototype" =>
            {
                Some(self.described(call, helper, key.value.as_str()))
            }
            // __extends(Reader, _super), _inherits(Reader, _Base)
            [Argument::Identifier(class), Argument::Identifier(parent)] => {
                self.extends(class, parent);
                None
            }
            // _callSuper(this, Reader, [place])
            [Argument::ThisExpression(_), Argument::Identifier(class), ..] => self.call_super(call, class, helper),
            // __spreadArray([first], rest, false), a function of the script
            [first, rest, pack] if is_yes_or_no(pack) && matches!(self.ir.expr(helper), Expr::Local(_)) => {
                self.spread(first, rest, call, helper)
            }
            _ => None,
        }
    }

    /// Members of a class that are listed: those of the first list are written into its prototype, those of the second into itself.
    fn members(&mut self, call: &CallExpression<'a>, helper: ExprId) -> ExprId {
        let start = call.span.start;
        let given = self.arguments(&call.arguments);
        let args = self.list(&given, call.span.end);
        let called = self.add(Expr::Call { callee: helper, args }, start);
        let Some((&owner, lists)) = given.split_first() else { return called };
        let is_class = matches!(self.ir.expr(owner), Expr::Local(_) | Expr::Global(_));
        for (position, &list) in lists.iter().enumerate() {
            for (key, value) in self.listed_members(list) {
                self.put(owner, !is_class || position > 0, key, value, start);
            }
        }
        if !is_class {
            return called;
        }
        let class = self.add(Expr::Use(owner), start);
        self.any(&[class, called], start)
    }

    /// Name and value of each member in a list that stands there, or that was written into a variable just before.
    fn listed_members(&mut self, list: ExprId) -> Vec<(Key, ExprId)> {
        let [key_name, value_name, get_name] = ["key", "value", "get"].map(|name| self.name(name));
        let list = match self.ir.expr(list) {
            Expr::Local(symbol) => {
                let last = self.writes.len().saturating_sub(MAX_WRITES);
                self.writes[last..].iter().rev().find(|(written, _)| *written == symbol).map_or(list, |(_, value)| *value)
            }
            _ => list,
        };
        let Expr::Array(items) = self.ir.expr(list) else { return Vec::new() };
        let mut found = Vec::new();
        for item in self.ir.list(items).collect::<Vec<_>>() {
            let Expr::Object { first, count } = self.ir.expr(item) else { continue };
            let props = self.ir.props(first, count);
            let [Prop { key: Key::Name(first_name), value: key, .. }, rest @ ..] = props else { continue };
            if *first_name != key_name {
                continue;
            }
            let key = match self.ir.expr(*key) {
                Expr::Text(name) => Key::Name(name),
                _ => Key::Computed(*key),
            };
            let value = rest.iter().find(|prop| prop.key == Key::Name(value_name) || prop.key == Key::Name(get_name)).copied();
            let Some(value) = value else { continue };
            let is_getter = value.key == Key::Name(get_name);
            let value = if is_getter { self.given_by(value.value, self.ir.start(value.value)) } else { value.value };
            found.push((key, value));
        }
        found
    }

    fn put(&mut self, owner: ExprId, fixed: bool, key: Key, value: ExprId, start: u32) {
        let mut holder = self.add(Expr::Use(owner), start);
        if !fixed {
            let name = self.name("prototype");
            holder = self.add(Expr::Member { object: holder, name }, start);
        }
        let target = match key {
            Key::Name(name) => self.add(Expr::Member { object: holder, name }, start),
            Key::Computed(index) => self.add(Expr::Index { object: holder, index }, start),
            Key::Spread => return,
        };
        self.add(Expr::Assign { target, value }, start);
    }

    /// What a getter gives.
    fn given_by(&mut self, getter: ExprId, start: u32) -> ExprId {
        let args = self.list(&[], start);
        self.add(Expr::Call { callee: getter, args }, start)
    }

    /// A member of a prototype by its descriptor.
    fn described(&mut self, call: &CallExpression<'a>, helper: ExprId, key: &'a str) -> ExprId {
        let start = call.span.start;
        let given = self.arguments(&call.arguments);
        let args = self.list(&given, call.span.end);
        let called = self.add(Expr::Call { callee: helper, args }, start);
        let [owner, _, descriptor] = given.as_slice() else { return called };
        if let Expr::Object { first, count } = self.ir.expr(*descriptor) {
            let get = self.name("get");
            let getter = self.ir.props(first, count).iter().find(|prop| prop.key == Key::Name(get)).map(|prop| prop.value);
            if let Some(getter) = getter {
                let value = self.given_by(getter, start);
                let key = Key::Name(self.name(key));
                self.put(*owner, true, key, value, start);
            }
        }
        called
    }

    /// A class that is a function, in a function of its own whose only parameter is the class it extends.
    fn extends(&mut self, class: &IdentifierReference<'a>, parent: &IdentifierReference<'a>) {
        let (Ok(class_symbol), Ok(parent_symbol)) = (self.lookup(class.name.as_str()), self.lookup(parent.name.as_str()))
        else {
            return;
        };
        if !self.is_own(class_symbol, SymbolKind::Function) || self.only_parameter(self.func) != Some(parent_symbol) {
            return;
        }
        let start = class.span.start;
        let name = self.name("prototype");
        let object = self.used(parent);
        let value = self.add(Expr::Member { object, name }, start);
        let object = self.used(class);
        let target = self.add(Expr::Member { object, name }, start);
        self.add(Expr::Assign { target, value }, start);
    }

    /// The constructor of the class that a class extends, called for it.
    fn call_super(&mut self, call: &CallExpression<'a>, class: &IdentifierReference<'a>, helper: ExprId) -> Option<ExprId> {
        let class = self.lookup(class.name.as_str()).ok()?;
        let own = self.ir.func(self.func);
        let around = own.parent;
        let is_constructor = self.ir.symbol(class).is_some_and(|symbol| symbol.name == own.name && symbol.func == around);
        let parent = self.only_parameter(around).filter(|_| is_constructor)?;
        let start = call.span.start;
        let written = self.arguments(&call.arguments);
        let args = self.list(&written, call.span.end);
        self.add(Expr::Call { callee: helper, args }, start);
        let this = self.add(Expr::This, start);
        let given: Vec<_> = [this].into_iter().chain(written.get(2).copied()).collect();
        let object = self.add(Expr::Local(parent), start);
        let name = self.name("apply");
        let callee = self.add(Expr::Member { object, name }, start);
        let args = self.list(&given, call.span.end);
        let called = self.add(Expr::Call { callee, args }, start);
        let this = self.add(Expr::This, start);
        Some(self.any(&[called, this], start))
    }

    /// Whether a symbol is one of the function that is open.
    fn is_own(&self, symbol: SymbolId, kind: SymbolKind) -> bool {
        self.ir.symbol(symbol).is_some_and(|symbol| symbol.kind == kind && symbol.func == self.func)
    }

    fn only_parameter(&self, func: super::super::ir::FuncId) -> Option<SymbolId> {
        match *self.ir.func(func).params {
            [only] if only.0 != super::NO_SYMBOL => Some(only),
            _ => None,
        }
    }

    /// `[first, ...rest]`, and the same within one another.
    fn spread(
        &mut self,
        first: &Argument<'a>,
        rest: &Argument<'a>,
        call: &CallExpression<'a>,
        helper: ExprId,
    ) -> Option<ExprId> {
        let start = call.span.start;
        let first = first.as_expression()?;
        let is_list = match first {
            Expression::ArrayExpression(_) => true,
            Expression::CallExpression(call) => matches!(call.arguments.as_slice(), [_, _, pack] if is_yes_or_no(pack)),
            _ => false,
        };
        let rest = rest.as_expression().filter(|_| is_list)?;
        let first = self.expr(first);
        let mut rest = self.expr(rest);
        // __read(rest) gives its elements.
        if let Expr::Call { args, .. } = self.ir.expr(rest)
            && self.ir.list(args).len() == 1
        {
            rest = self.ir.item(args, 0).unwrap_or(rest);
        }
        let args = self.list(&[first, rest], call.span.end);
        self.add(Expr::Call { callee: helper, args }, start);
        let items = [first, rest].map(|list| self.add(Expr::Spread(list), start));
        let list = self.list(&items, 0);
        Some(self.add(Expr::Array(list), start))
    }

    /// A loop that does nothing but put the arguments into a list: `for (var _i = 1; _i < arguments.length; _i++) rest[_i - 1] =
    /// arguments[_i];`. The list is written as the rest of the parameters. False for every other loop.
    pub(super) fn rest_of_loop(&mut self, statement: &ForStatement<'a>) -> bool {
        let Some((list, from)) = filled_with_arguments(statement) else { return false };
        if self.lookup("arguments").is_ok() {
            return false;
        }
        let owner = self.ir.this_owner(self.func);
        if owner.0 == 0 {
            return false;
        }
        // Babel makes the list in the loop itself.
        if let Some(ForStatementInit::VariableDeclaration(declaration)) = &statement.init {
            if declaration.kind != VariableDeclarationKind::Var {
                return false;
            }
            self.variables(declaration);
        }
        let Ok(symbol) = self.lookup(list) else { return false };
        // Whatever stands in its head runs all the same.
        for part in [&statement.test, &statement.update].into_iter().flatten() {
            self.expr(part);
        }
        let at = self.writes.len();
        let is_empty = |expr: ExprId| match self.ir.expr(expr) {
            Expr::Array(items) => self.ir.list(items).len() == 0,
            Expr::New { .. } => true,
            _ => false,
        };
        let empty = (at.saturating_sub(MAX_WRITES)..at).rev().find(|&at| {
            let (written, value) = self.writes[at];
            written == symbol && value != NONE && is_empty(value)
        });
        if let Some(at) = empty {
            self.writes.remove(at);
        }
        let start = statement.span.start;
        let value = self.add(Expr::Rest { func: owner, index: from }, start);
        self.write(symbol, value, start);
        true
    }
}

fn is_list_of_members(argument: &Argument<'_>) -> bool {
    matches!(argument, Argument::ArrayExpression(list) if are_members(list))
}

/// Whether a list is one of members: `{ key, value }`, `{ key, get, set }`, each a function or made by one.
fn are_members(list: &ArrayExpression<'_>) -> bool {
    let is_member = |object: &ObjectExpression<'_>| {
        let mut properties = object.properties.iter().map(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => Some(property),
            ObjectPropertyKind::SpreadProperty(_) => None,
        });
        let is_key = |property: Option<&ObjectProperty<'_>>| {
            property.is_some_and(|property| property.key.static_name().as_deref() == Some("key"))
        };
        properties.len() > 1
            && is_key(properties.next().flatten().map(|property| &**property))
            && properties.all(|property| {
                property.is_some_and(|property| {
                    matches!(property.key.static_name().as_deref(), Some("value" | "get" | "set"))
                        && matches!(property.value, Expression::FunctionExpression(_) | Expression::CallExpression(_))
                })
            })
    };
    !list.elements.is_empty()
        && list.elements.iter().all(|element| match element.as_expression() {
            Some(Expression::ObjectExpression(object)) => is_member(object),
            _ => false,
        })
}

/// `true`, `false`, `!0`, `!1`.
fn is_yes_or_no(argument: &Argument<'_>) -> bool {
    match argument {
        Argument::BooleanLiteral(_) => true,
        Argument::UnaryExpression(unary) => matches!(unary.argument, Expression::NumericLiteral(_)),
        _ => false,
    }
}

/// The list that a loop fills with the arguments, and from which on.
fn filled_with_arguments<'a>(statement: &ForStatement<'a>) -> Option<(&'a str, u32)> {
    let body = match &statement.body {
        Statement::BlockStatement(block) => match block.body.as_slice() {
            [only] => only,
            _ => return None,
        },
        only => only,
    };
    let Statement::ExpressionStatement(body) = body else { return None };
    let Expression::AssignmentExpression(assignment) = &body.expression else { return None };
    let AssignmentExpression { operator: AssignmentOperator::Assign, left, right, .. } = &**assignment else { return None };
    let AssignmentTarget::ComputedMemberExpression(target) = left else { return None };
    let Expression::ComputedMemberExpression(given) = right else { return None };
    let (Expression::Identifier(list), Expression::Identifier(arguments), Expression::Identifier(index)) =
        (&target.object, &given.object, &given.expression)
    else {
        return None;
    };
    // Nothing but `_i` and `_i - 1` tells the place in the list.
    let is_place = match &target.expression {
        Expression::Identifier(place) => place.name == index.name,
        Expression::BinaryExpression(place) => {
            matches!((&place.left, &place.right), (Expression::Identifier(_), Expression::NumericLiteral(_)))
        }
        _ => false,
    };
    if arguments.name != "arguments" || !is_place {
        return None;
    }
    let Some(ForStatementInit::VariableDeclaration(declaration)) = &statement.init else { return None };
    let from = declaration.declarations.iter().find_map(|declarator| match &declarator.init {
        Some(Expression::NumericLiteral(number)) if declarator.id.get_identifier_name()? == index.name => {
            Some(number.value as u32)
        }
        _ => None,
    })?;
    Some((list.name.as_str(), from))
}
