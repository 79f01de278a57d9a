//! Functions and classes.

use oxc_ast::ast::{
    ArrowFunctionBody, ArrowFunctionExpression, BindingPattern, Class as ClassNode, ClassElement, FormalParameters, Function,
    FunctionBody, MethodDefinitionKind, PropertyKey,
};

use super::super::ir::{Class, ClassId, Expr, ExprId, Func, FuncId, FuncKind, Key, NONE, Prop, PropKind, SymbolId, SymbolKind};
use super::super::names::Name;
use super::Lower;
use super::machine::{Machine, Role};

/// What a function is besides its parameters and body.
#[derive(Clone, Copy)]
struct Head {
    kind: FuncKind,
    is_async: bool,
    class: Option<ClassId>,
    fixed: bool,
    name: Name,
    span: (u32, u32),
}

/// A function that is being walked.
struct Open<'a> {
    id: FuncId,
    outer: FuncId,
    scope: usize,
    machine: Option<Machine<'a>>,
    is_awaited: bool,
}

impl<'a> Lower<'a> {
    fn enter(&mut self, head: Head) -> Open<'a> {
        let id = FuncId(self.ir.funcs.len() as u32);
        self.ir.funcs.push(Func {
            kind: head.kind,
            is_async: head.is_async,
            parent: self.func,
            class: head.class,
            fixed: head.fixed,
            name: head.name,
            span: head.span,
            expr: NONE,
            params: Box::default(),
            returns: Box::default(),
            throws: Box::default(),
        });
        let (machine, is_awaited) = (self.machine.take(), std::mem::take(&mut self.is_awaited));
        let open = Open { id, outer: self.func, scope: self.undo.len(), machine, is_awaited };
        self.func = id;
        self.returns.push(Vec::new());
        self.throws.push(Vec::new());
        open
    }

    fn exit(&mut self, open: Open<'a>, start: u32) -> ExprId {
        (self.machine, self.is_awaited) = (open.machine, open.is_awaited);
        self.leave(open.scope);
        let returns = self.returns.pop().unwrap_or_default();
        let throws = self.throws.pop().unwrap_or_default();
        self.func = open.outer;
        let expr = self.add(Expr::Function(open.id), start);
        let func = &mut self.ir.funcs[open.id.index()];
        func.returns = returns.into();
        func.throws = throws.into();
        func.expr = expr;
        expr
    }

    /// A function declaration or expression, or the body of a method.
    pub(super) fn function(&mut self, function: &Function<'a>, kind: FuncKind) -> ExprId {
        self.method(function, kind, None, false, Name::EMPTY)
    }

    /// A function that waits, as it is written for who runs it.
    pub(super) fn waiting_function(&mut self, function: &Function<'a>, kind: FuncKind, role: Role) -> ExprId {
        let span = (function.span.start, function.span.end);
        let head = Head { kind, is_async: true, class: None, fixed: false, name: Name::EMPTY, span };
        self.function_of(function, head, role)
    }

    fn method(&mut self, function: &Function<'a>, kind: FuncKind, class: Option<ClassId>, fixed: bool, called: Name) -> ExprId {
        let span = (function.span.start, function.span.end);
        self.function_of(function, Head { kind, is_async: function.r#async, class, fixed, name: called, span }, Role::None)
    }

    fn function_of(&mut self, function: &Function<'a>, mut head: Head, role: Role) -> ExprId {
        if let Some(id) = &function.id {
            head.name = self.name(id.name.as_str());
        }
        let start = head.span.0;
        let open = self.enter(head);
        // The name of a function expression is known inside it only.
        let own = match &function.id {
            Some(id) if function.is_expression() => Some(self.declare(id, SymbolKind::Function, open.scope)),
            _ => None,
        };
        let scope = self.parameters(&function.params, open.id);
        match role {
            Role::None => {}
            Role::Runs { is_awaited } => self.is_awaited = is_awaited,
            Role::Machine(runner, gives) => {
                let state = self.ir.func(open.id).params.first().copied().unwrap_or(SymbolId(u32::MAX));
                self.machine = Some(Machine::new(runner, state, gives));
            }
        }
        if let Some(body) = &function.body {
            self.body(body, scope);
        }
        let expr = self.exit(open, start);
        if let Some(symbol) = own {
            let value = self.add(Expr::Use(expr), start);
            self.write(symbol, value, start);
            // What uses the function is the expression around it, not its own name.
            self.ir.parents[expr.index()] = u32::MAX;
        }
        expr
    }

    pub(super) fn arrow(&mut self, arrow: &ArrowFunctionExpression<'a>) -> ExprId {
        let span = (arrow.span.start, arrow.span.end);
        let head = Head { kind: FuncKind::Arrow, is_async: arrow.r#async, class: None, fixed: false, name: Name::EMPTY, span };
        let open = self.enter(head);
        let scope = self.parameters(&arrow.params, open.id);
        match &arrow.body {
            ArrowFunctionBody::FunctionBody(body) => self.body(body, scope),
            other => {
                if let Some(value) = other.as_expression() {
                    let value = self.expr(value);
                    self.give_back(value, span.0);
                }
            }
        }
        self.exit(open, span.0)
    }

    /// Declares the parameters and binds them; where their scope begins.
    fn parameters(&mut self, params: &FormalParameters<'a>, func: FuncId) -> usize {
        let scope = self.undo.len();
        for param in &params.items {
            self.declare_pattern(&param.pattern, SymbolKind::Parameter, scope);
        }
        if let Some(rest) = &params.rest {
            self.declare_pattern(&rest.rest.argument, SymbolKind::Parameter, scope);
        }
        let mut symbols = Vec::with_capacity(params.items.len());
        for (index, param) in params.items.iter().enumerate() {
            let start = param.span.start;
            let mut value = self.add(Expr::Param { func, index: index as u32 }, start);
            if let Some(init) = &param.initializer {
                let default = self.expr(init);
                value = self.any(&[value, default], start);
            }
            let pattern = match &param.pattern {
                BindingPattern::AssignmentPattern(pattern) => &pattern.left,
                pattern => pattern,
            };
            symbols.push(match pattern {
                BindingPattern::BindingIdentifier(id) => self.lookup(id.name.as_str()).unwrap_or(SymbolId(u32::MAX)),
                _ => SymbolId(u32::MAX),
            });
            self.bind(&param.pattern, value);
        }
        if let Some(rest) = &params.rest {
            let index = params.items.len() as u32;
            let value = self.add(Expr::Rest { func, index }, rest.span.start);
            self.bind(&rest.rest.argument, value);
        }
        self.ir.funcs[func.index()].params = symbols.into();
        scope
    }

    /// The body of a function whose parameters were declared from `scope` on: a `var` of the same name is the parameter.
    fn body(&mut self, body: &FunctionBody<'a>, scope: usize) {
        self.hoist(&body.statements, scope);
        self.declare_block(&body.statements);
        self.statements(&body.statements, body.span.end);
    }

    /// A class declaration or expression.
    pub(super) fn class(&mut self, class: &ClassNode<'a>) -> ExprId {
        let start = class.span.start;
        let scope = self.undo.len();
        let declared = class.id.as_ref().and_then(|id| self.lookup(id.name.as_str()).ok());
        let name = class.id.as_ref().map_or(Name::EMPTY, |id| self.name(id.name.as_str()));
        let own = class.id.as_ref().map(|id| match declared {
            // The tree has one place for both: there the outer one is noted.
            Some(_) => self.declare_name(id.name.as_str(), SymbolKind::Class, scope),
            None => self.declare(id, SymbolKind::Class, scope),
        });
        let parent = class.heritage.as_ref().map_or(NONE, |heritage| self.expr(&heritage.expression));
        let id = ClassId(self.ir.classes.len() as u32);
        self.ir.classes.push(Class { constructor: None, parent, members: Box::default(), expr: NONE });
        let span = (class.body.span.start, class.body.span.end);
        let head = Head { kind: FuncKind::Fields, is_async: false, class: Some(id), fixed: false, name, span };
        let open = self.enter(head);
        let mut constructor = None;
        let mut members = Vec::new();
        for element in &class.body.body {
            match element {
                ClassElement::MethodDefinition(method) => {
                    let key = self.member_key(&method.key, method.computed);
                    let called = if let Key::Name(name) = key { name } else { Name::EMPTY };
                    let (func_kind, kind) = match method.kind {
                        MethodDefinitionKind::Constructor => (FuncKind::Constructor, PropKind::Value),
                        MethodDefinitionKind::Get => (FuncKind::Method, PropKind::Getter),
                        MethodDefinitionKind::Set => (FuncKind::Method, PropKind::Setter),
                        MethodDefinitionKind::Method => (FuncKind::Method, PropKind::Value),
                    };
                    let value = self.method(&method.value, func_kind, Some(id), method.r#static, called);
                    if method.kind == MethodDefinitionKind::Constructor {
                        if let Expr::Function(func) = self.ir.expr(value) {
                            constructor = Some(func);
                        }
                    } else {
                        members.push(Prop { key, value, kind, fixed: method.r#static });
                    }
                }
                ClassElement::PropertyDefinition(field) => {
                    let key = self.member_key(&field.key, field.computed);
                    if let Some(value) = &field.value {
                        let value = self.expr(value);
                        members.push(Prop { key, value, kind: PropKind::Value, fixed: field.r#static });
                    }
                }
                ClassElement::AccessorProperty(field) => {
                    let key = self.member_key(&field.key, field.computed);
                    if let Some(value) = &field.value {
                        let value = self.expr(value);
                        members.push(Prop { key, value, kind: PropKind::Value, fixed: field.r#static });
                    }
                }
                ClassElement::StaticBlock(block) => {
                    let scope = self.undo.len();
                    self.hoist(&block.body, scope);
                    self.declare_block(&block.body);
                    self.statements(&block.body, block.span.end);
                    self.leave(scope);
                }
                ClassElement::TSIndexSignature(_) => {}
            }
        }
        self.leave(open.scope);
        self.returns.pop();
        self.throws.pop();
        self.func = open.outer;
        (self.machine, self.is_awaited) = (open.machine, open.is_awaited);
        self.leave(scope);
        let expr = self.add(Expr::Class(id), start);
        self.ir.funcs[open.id.index()].expr = expr;
        for symbol in [own, declared].into_iter().flatten() {
            let value = self.add(Expr::Use(expr), start);
            self.write(symbol, value, start);
        }
        let class = &mut self.ir.classes[id.index()];
        (class.constructor, class.members, class.expr) = (constructor, members.into(), expr);
        if declared.is_none() {
            self.ir.parents[expr.index()] = u32::MAX;
        }
        expr
    }

    fn member_key(&mut self, key: &PropertyKey<'a>, computed: bool) -> Key {
        match key {
            PropertyKey::StaticIdentifier(id) if !computed => Key::Name(self.name(id.name.as_str())),
            _ => self.key(key),
        }
    }
}
