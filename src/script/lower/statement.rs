//! Statements: only what moves values or guards them is kept.

use oxc_ast::ast::{
    BindingIdentifier, Declaration, ExportDefaultDeclarationKind, ForStatementInit, ForStatementLeft, IdentifierReference,
    ImportDeclarationSpecifier, ModuleExportName, Statement, SwitchCase, VariableDeclaration, VariableDeclarationKind,
};
use oxc_span::GetSpan;

use super::super::ir::{Export, Expr, ExprId, FuncKind, Import, Op, SymbolId, SymbolKind};
use super::super::names::Name;
use super::Lower;

impl<'a> Lower<'a> {
    /// Statements of a block whose names are declared; `end` is where the block ends.
    pub(super) fn statements(&mut self, statements: &[Statement<'a>], end: u32) {
        let guard = self.guard;
        // Functions are there before the first statement runs.
        for statement in statements {
            match statement {
                Statement::FunctionDeclaration(function) => self.function_declaration(function),
                Statement::ExportDeclaration(export) => {
                    if let Declaration::FunctionDeclaration(function) = &export.declaration {
                        self.function_declaration(function);
                    }
                }
                _ => {}
            }
        }
        for statement in statements {
            let test = self.statement(statement);
            // `if (a) return;`: the rest of the block runs only where `a` does not hold.
            if let (Some(test), Statement::IfStatement(branch)) = (test, statement)
                && branch.alternate.is_none()
                && leaves(&branch.consequent, 0)
            {
                self.guarded(test, true, (branch.span.end, end.max(branch.span.end)));
            }
        }
        self.guard = guard;
    }

    fn block(&mut self, statements: &[Statement<'a>], end: u32) {
        let scope = self.undo.len();
        self.declare_block(statements);
        self.statements(statements, end);
        self.leave(scope);
    }

    /// One statement; the condition, where it is an `if`.
    fn statement(&mut self, statement: &Statement<'a>) -> Option<ExprId> {
        if self.depth > super::MAX_DEPTH {
            self.ir.cut = true;
            return None;
        }
        self.depth += 1;
        self.last_write = None;
        let test = self.statement_inner(statement);
        self.depth -= 1;
        test
    }

    fn statement_inner(&mut self, statement: &Statement<'a>) -> Option<ExprId> {
        match statement {
            Statement::ExpressionStatement(statement) => {
                self.expr(&statement.expression);
            }
            Statement::BlockStatement(block) => self.block(&block.body, block.span.end),
            Statement::VariableDeclaration(declaration) => self.variables(declaration),
            Statement::ReturnStatement(statement) => {
                if self.give_back_state(statement) {
                    return None;
                }
                if let Some(argument) = &statement.argument {
                    let value = self.expr(argument);
                    self.give_back(value, statement.span.start);
                }
            }
            Statement::IfStatement(branch) => {
                let mut branch = branch;
                let guard = self.guard;
                let first = self.expr(&branch.test);
                let mut test = first;
                loop {
                    let before = self.guard;
                    let span = branch.consequent.span();
                    self.guarded(test, false, (span.start, span.end));
                    self.statement(&branch.consequent);
                    self.guard = before;
                    let Some(alternate) = &branch.alternate else { break };
                    let span = alternate.span();
                    self.guarded(test, true, (span.start, span.end));
                    // `else if` chains are long in generated code.
                    let Statement::IfStatement(next) = alternate else {
                        self.statement(alternate);
                        break;
                    };
                    branch = next;
                    test = self.expr(&branch.test);
                }
                self.guard = guard;
                return Some(first);
            }
            Statement::ForStatement(statement) if self.rest_of_loop(statement) => {}
            Statement::ForStatement(statement) => {
                let scope = self.undo.len();
                match &statement.init {
                    Some(ForStatementInit::VariableDeclaration(declaration)) => {
                        self.declare_variables(declaration, scope);
                        self.variables(declaration);
                    }
                    Some(init) => {
                        if let Some(init) = init.as_expression() {
                            self.expr(init);
                        }
                    }
                    None => {}
                }
                for part in [&statement.test, &statement.update].into_iter().flatten() {
                    self.expr(part);
                }
                self.statement(&statement.body);
                self.leave(scope);
            }
            Statement::ForOfStatement(statement) => {
                let of = self.expr(&statement.right);
                let value = self.add(Expr::Element(of), statement.span.start);
                self.loop_over(&statement.left, value, &statement.body);
            }
            Statement::ForInStatement(statement) => {
                let of = self.expr(&statement.right);
                let value = self.add(Expr::Key(of), statement.span.start);
                self.loop_over(&statement.left, value, &statement.body);
            }
            Statement::WhileStatement(statement) => {
                let guard = self.guard;
                let test = self.expr(&statement.test);
                let span = statement.body.span();
                self.guarded(test, false, (span.start, span.end));
                self.statement(&statement.body);
                self.guard = guard;
            }
            Statement::DoWhileStatement(statement) => {
                self.statement(&statement.body);
                self.expr(&statement.test);
            }
            Statement::SwitchStatement(statement) => {
                let subject = self.expr(&statement.discriminant);
                let scope = self.undo.len();
                for case in &statement.cases {
                    self.declare_in(&case.consequent, scope);
                }
                self.cases(&statement.cases, subject);
                self.leave(scope);
            }
            Statement::TryStatement(statement) => {
                let before = self.throws.last().map_or(0, Vec::len);
                self.block(&statement.block.body, statement.block.span.end);
                if let Some(handler) = &statement.handler {
                    // What is thrown in the block ends here.
                    let thrown = self.throws.last_mut().map(|throws| throws.split_off(before)).unwrap_or_default();
                    let scope = self.undo.len();
                    if let Some(param) = &handler.param {
                        let start = param.span.start;
                        let mut values = vec![self.add(Expr::Unknown, start)];
                        for value in thrown {
                            values.push(self.add(Expr::Use(value), start));
                        }
                        let value = self.any(&values, start);
                        self.declare_pattern(&param.pattern, SymbolKind::Variable, scope);
                        self.bind(&param.pattern, value);
                    }
                    self.block(&handler.body.body, handler.body.span.end);
                    self.leave(scope);
                }
                if let Some(last) = &statement.finalizer {
                    self.block(&last.body, last.span.end);
                }
            }
            Statement::ThrowStatement(statement) => {
                let value = self.expr(&statement.argument);
                if let Some(throws) = self.throws.last_mut() {
                    throws.push(value);
                }
            }
            Statement::DebuggerStatement(statement) => self.ir.stops.push(statement.span.start),
            Statement::LabeledStatement(statement) => {
                self.statement(&statement.body);
            }
            Statement::WithStatement(statement) => {
                self.expr(&statement.object);
                self.statement(&statement.body);
            }
            Statement::ClassDeclaration(class) => {
                self.class(class);
            }
            Statement::ImportDeclaration(import) => {
                self.ir.module = true;
                let specifier = self.name(import.source.value.as_str());
                let Some(specifiers) = import.specifiers.as_ref().filter(|all| !all.is_empty()) else {
                    self.ir.imports.push(Import { symbol: None, name: None, specifier });
                    return None;
                };
                for part in specifiers {
                    let (local, name) = match part {
                        ImportDeclarationSpecifier::ImportSpecifier(part) => {
                            (&part.local, Some(self.export_name(&part.imported)))
                        }
                        ImportDeclarationSpecifier::ImportDefaultSpecifier(part) => (&part.local, Some(self.name("default"))),
                        ImportDeclarationSpecifier::ImportNamespaceSpecifier(part) => (&part.local, None),
                    };
                    let symbol = self.lookup(local.name.as_str()).ok();
                    self.ir.imports.push(Import { symbol, name, specifier });
                }
            }
            Statement::ExportDeclaration(export) => {
                self.ir.module = true;
                let mut names = Vec::new();
                match &export.declaration {
                    Declaration::VariableDeclaration(declaration) => {
                        self.variables(declaration);
                        for declarator in &declaration.declarations {
                            super::pattern::names(&declarator.id, &mut names);
                        }
                    }
                    // The function itself was made when the block was entered.
                    Declaration::FunctionDeclaration(function) => names.extend(&function.id),
                    Declaration::ClassDeclaration(class) => {
                        self.class(class);
                        names.extend(&class.id);
                    }
                    _ => {}
                }
                for id in names {
                    let value = self.ident(id.name.as_str(), export.span.start);
                    let name = self.name(id.name.as_str());
                    self.ir.exports.push(Export::Value { name, value });
                }
            }
            Statement::ExportNamedDeclaration(export) => {
                self.ir.module = true;
                for part in &export.specifiers {
                    let name = self.export_name(&part.exported);
                    let value = match &part.local {
                        ModuleExportName::IdentifierReference(id) => self.used(id),
                        other => self.ident(other.name().as_str(), part.span.start),
                    };
                    self.ir.exports.push(Export::Value { name, value });
                }
            }
            Statement::ExportFromDeclaration(export) => {
                self.ir.module = true;
                let specifier = self.name(export.source.value.as_str());
                for part in &export.specifiers {
                    let (name, imported) = (Some(self.export_name(&part.exported)), Some(self.export_name(&part.local)));
                    self.ir.exports.push(Export::From { name, imported, specifier });
                }
            }
            Statement::ExportAllDeclaration(export) => {
                self.ir.module = true;
                let specifier = self.name(export.source.value.as_str());
                let name = export.exported.as_ref().map(|name| self.export_name(name));
                self.ir.exports.push(Export::From { name, imported: None, specifier });
            }
            Statement::ExportDefaultDeclaration(export) => {
                self.ir.module = true;
                let value = match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                        if function.id.is_some() {
                            self.function_declaration(function);
                        }
                        match &function.id {
                            Some(id) => self.ident(id.name.as_str(), function.span.start),
                            None => self.function(function, FuncKind::Function),
                        }
                    }
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => self.class(class),
                    other => match other.as_expression() {
                        Some(value) => self.expr(value),
                        None => return None,
                    },
                };
                let name = self.name("default");
                self.ir.exports.push(Export::Value { name, value });
            }
            _ => {}
        }
        None
    }

    fn export_name(&mut self, name: &ModuleExportName<'a>) -> Name {
        self.name(name.name().as_str())
    }

    fn function_declaration(&mut self, function: &oxc_ast::ast::Function<'a>) {
        let Some(id) = &function.id else { return };
        let value = self.function(function, FuncKind::Function);
        if let Ok(symbol) = self.lookup(id.name.as_str()) {
            self.add(Expr::Write { symbol, value }, function.span.start);
        }
    }

    pub(super) fn variables(&mut self, declaration: &VariableDeclaration<'a>) {
        for declarator in &declaration.declarations {
            if let Some(init) = &declarator.init {
                let value = self.expr(init);
                self.bind(&declarator.id, value);
            }
        }
    }

    fn loop_over(&mut self, left: &ForStatementLeft<'a>, value: ExprId, body: &Statement<'a>) {
        let scope = self.undo.len();
        match left {
            ForStatementLeft::VariableDeclaration(declaration) => {
                self.declare_variables(declaration, scope);
                if let Some(declarator) = declaration.declarations.first() {
                    self.bind(&declarator.id, value);
                }
            }
            other => {
                if let Some(target) = other.as_assignment_target() {
                    self.assign_to(target, value, value);
                }
            }
        }
        self.statement(body);
        self.leave(scope);
    }

    fn cases(&mut self, cases: &[SwitchCase<'a>], subject: ExprId) {
        // Cases without a body fall through to the next: one guard for all of them.
        let mut tests = Vec::new();
        let mut free = false;
        for case in cases {
            match &case.test {
                Some(test) => {
                    let right = self.expr(test);
                    let left = self.add(Expr::Use(subject), case.span.start);
                    tests.push(self.add(Expr::Binary { op: Op::Equal, left, right }, case.span.start));
                }
                None => free = true,
            }
            if case.consequent.is_empty() {
                continue;
            }
            let guard = self.guard;
            if !free && !tests.is_empty() {
                let test = match tests[..] {
                    [one] => one,
                    _ => self.any(&tests, case.span.start),
                };
                let from = case.consequent.first().map_or(case.span.end, |first| first.span().start);
                self.guarded(test, false, (from, case.span.end));
            }
            self.statements(&case.consequent, case.span.end);
            self.guard = guard;
            if case.consequent.iter().any(|statement| leaves(statement, 0)) {
                tests.clear();
                free = false;
            }
        }
    }

    /// Declares the names that live in the whole function, whose scope begins at `scope`: `var`, wherever it stands.
    pub(super) fn hoist(&mut self, statements: &[Statement<'a>], scope: usize) {
        let mut found = Vec::new();
        for statement in statements {
            hoisted(statement, &mut found, 0);
        }
        for id in found {
            self.declare(id, SymbolKind::Variable, scope);
        }
    }

    /// Declares the names that live in a block: `let`, `const`, classes, functions, imports.
    pub(super) fn declare_block(&mut self, statements: &[Statement<'a>]) {
        let scope = self.undo.len();
        self.declare_in(statements, scope);
    }

    fn declare_in(&mut self, statements: &[Statement<'a>], scope: usize) {
        for statement in statements {
            match statement {
                Statement::VariableDeclaration(declaration) => self.declare_variables(declaration, scope),
                Statement::FunctionDeclaration(function) => {
                    if let Some(id) = &function.id {
                        self.declare(id, SymbolKind::Function, scope);
                    }
                }
                Statement::ClassDeclaration(class) => {
                    if let Some(id) = &class.id {
                        self.declare(id, SymbolKind::Class, scope);
                    }
                }
                Statement::ExportDeclaration(export) => match &export.declaration {
                    Declaration::VariableDeclaration(declaration) => self.declare_variables(declaration, scope),
                    Declaration::FunctionDeclaration(function) => {
                        if let Some(id) = &function.id {
                            self.declare(id, SymbolKind::Function, scope);
                        }
                    }
                    Declaration::ClassDeclaration(class) => {
                        if let Some(id) = &class.id {
                            self.declare(id, SymbolKind::Class, scope);
                        }
                    }
                    _ => {}
                },
                Statement::ExportDefaultDeclaration(export) => {
                    let id = match &export.declaration {
                        ExportDefaultDeclarationKind::FunctionDeclaration(function) => function.id.as_ref(),
                        ExportDefaultDeclarationKind::ClassDeclaration(class) => class.id.as_ref(),
                        _ => None,
                    };
                    if let Some(id) = id {
                        self.declare(id, SymbolKind::Function, scope);
                    }
                }
                Statement::ImportDeclaration(import) => {
                    for part in import.specifiers.iter().flatten() {
                        self.declare(part.local(), SymbolKind::Import, scope);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn declare_variables(&mut self, declaration: &VariableDeclaration<'a>, scope: usize) {
        if declaration.kind == VariableDeclarationKind::Var {
            return;
        }
        for declarator in &declaration.declarations {
            self.declare_pattern(&declarator.id, SymbolKind::Variable, scope);
        }
    }

    /// A returned value of the function that is open.
    pub(super) fn give_back(&mut self, value: ExprId, start: u32) {
        self.add(Expr::Return { func: self.func, value }, start);
        if let Some(returns) = self.returns.last_mut() {
            returns.push(value);
        }
    }

    /// A name where it is used.
    pub(super) fn used(&mut self, id: &IdentifierReference<'a>) -> ExprId {
        let found = self.refer(id);
        if let Some((symbol, value)) = self.instead
            && found == Ok(symbol)
        {
            return self.add(Expr::Use(value), id.span.start);
        }
        self.named(found, id.name.as_str(), id.span.start)
    }

    /// A name that is used without standing there.
    fn ident(&mut self, text: &'a str, start: u32) -> ExprId {
        let found = self.lookup(text);
        self.named(found, text, start)
    }

    fn named(&mut self, found: Result<SymbolId, Name>, text: &str, start: u32) -> ExprId {
        let expr = match found {
            Ok(symbol) => Expr::Local(symbol),
            Err(_) if text == "undefined" => Expr::Undefined,
            Err(_) if text == "arguments" && self.ir.this_owner(self.func).0 != 0 => {
                Expr::Rest { func: self.ir.this_owner(self.func), index: 0 }
            }
            Err(name) => Expr::Global(name),
        };
        self.add(expr, start)
    }

    pub(super) fn write(&mut self, symbol: SymbolId, value: ExprId, start: u32) -> ExprId {
        self.last_write = Some((symbol, value));
        self.add(Expr::Write { symbol, value }, start)
    }
}

/// Whether a statement never runs to its end.
fn leaves(statement: &Statement<'_>, depth: u32) -> bool {
    match statement {
        Statement::ReturnStatement(_)
        | Statement::ThrowStatement(_)
        | Statement::ContinueStatement(_)
        | Statement::BreakStatement(_) => true,
        Statement::BlockStatement(block) if depth < 64 => block.body.last().is_some_and(|last| leaves(last, depth + 1)),
        _ => false,
    }
}

/// The names of `var` in a statement, not looking into functions.
fn hoisted<'b, 'a>(statement: &'b Statement<'a>, found: &mut Vec<&'b BindingIdentifier<'a>>, depth: u32) {
    if depth > super::MAX_DEPTH {
        return;
    }
    let depth = depth + 1;
    let declaration = |declaration: &'b VariableDeclaration<'a>, found: &mut Vec<&'b BindingIdentifier<'a>>| {
        if declaration.kind == VariableDeclarationKind::Var {
            for declarator in &declaration.declarations {
                super::pattern::names(&declarator.id, found);
            }
        }
    };
    let each = |statements: &'b [Statement<'a>], found: &mut Vec<&'b BindingIdentifier<'a>>| {
        statements.iter().for_each(|statement| hoisted(statement, found, depth));
    };
    match statement {
        Statement::VariableDeclaration(variables) => declaration(variables, found),
        Statement::ExportDeclaration(export) => {
            if let Declaration::VariableDeclaration(variables) = &export.declaration {
                declaration(variables, found);
            }
        }
        Statement::BlockStatement(block) => each(&block.body, found),
        Statement::IfStatement(branch) => {
            let mut branch = branch;
            loop {
                hoisted(&branch.consequent, found, depth);
                match &branch.alternate {
                    Some(Statement::IfStatement(next)) => branch = next,
                    Some(other) => break hoisted(other, found, depth),
                    None => break,
                }
            }
        }
        Statement::ForStatement(statement) => {
            if let Some(ForStatementInit::VariableDeclaration(variables)) = &statement.init {
                declaration(variables, found);
            }
            hoisted(&statement.body, found, depth);
        }
        Statement::ForOfStatement(statement) => {
            if let ForStatementLeft::VariableDeclaration(variables) = &statement.left {
                declaration(variables, found);
            }
            hoisted(&statement.body, found, depth);
        }
        Statement::ForInStatement(statement) => {
            if let ForStatementLeft::VariableDeclaration(variables) = &statement.left {
                declaration(variables, found);
            }
            hoisted(&statement.body, found, depth);
        }
        Statement::WhileStatement(statement) => hoisted(&statement.body, found, depth),
        Statement::DoWhileStatement(statement) => hoisted(&statement.body, found, depth),
        Statement::LabeledStatement(statement) => hoisted(&statement.body, found, depth),
        Statement::WithStatement(statement) => hoisted(&statement.body, found, depth),
        Statement::SwitchStatement(statement) => {
            statement.cases.iter().for_each(|case| each(&case.consequent, found));
        }
        Statement::TryStatement(statement) => {
            each(&statement.block.body, found);
            if let Some(handler) = &statement.handler {
                each(&handler.body.body, found);
            }
            if let Some(last) = &statement.finalizer {
                each(&last.body, found);
            }
        }
        _ => {}
    }
}
