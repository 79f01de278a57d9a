//! Code that may be compiled once and run in every world and scene: compiling takes far longer than most runs.
//!
//! A script belongs to the realm that it is compiled for. A function belongs to the realm in which it is made, so a piece becomes
//! the body of one. What the piece declares is declared by us then: names are properties of the global object before it runs.

use boa_engine::object::JsObject;
use boa_engine::property::{PropertyDescriptor, PropertyKey};
use boa_engine::realm::Realm;
use boa_engine::{Context, JsNativeError, JsResult, JsString, JsValue, Script, Source};
use oxc_ast::ast::{
    ArrowFunctionExpression, AwaitExpression, BindingIdentifier, CallExpression, Expression, Function, Statement,
    VariableDeclaration, VariableDeclarationKind,
};
use oxc_ast_visit::{Visit, walk};
use oxc_syntax::scope::ScopeFlags;
use std::path::Path;

/// Letters of a piece that is worth it.
pub const LEAST: u32 = 100;

/// How a piece is run that is the body of a function.
#[derive(Clone, Debug, Default)]
pub struct Portable {
    /// Variables that it declares.
    pub names: Vec<String>,
    /// The function that it declares.
    pub gives: Option<String>,
}

/// What the engine is asked to evaluate just before a function is made: the answer is the realm that it is made in.
const ENTER: &str = "enter";

/// Whether a statement does the same as the body of a function: nothing in it is declared for the whole script.
pub fn is_body(statement: &Statement<'_>) -> bool {
    let mut declares = Declares(false);
    declares.visit_statement(statement);
    !declares.0
}

/// The names that are declared, where all values can be assigned as well.
pub fn names(variables: &VariableDeclaration<'_>) -> Option<Vec<String>> {
    use VariableDeclarationKind::{Const, Let, Var};
    if !matches!(variables.kind, Var | Let | Const) {
        return None;
    }
    let mut declares = Declares(false);
    let mut names = Names::default();
    for one in &variables.declarations {
        names.visit_binding_pattern(&one.id);
        declares.visit_binding_pattern(&one.id);
        if let Some(init) = &one.init {
            declares.visit_expression(init);
        }
    }
    (!declares.0).then_some(names.0)
}

struct Declares(bool);

impl<'a> Visit<'a> for Declares {
    fn visit_variable_declaration(&mut self, it: &VariableDeclaration<'a>) {
        self.0 |= it.kind == VariableDeclarationKind::Var;
        walk::walk_variable_declaration(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, _: ScopeFlags) {
        // What is within has a scope of its own.
        self.0 |= it.is_function_declaration();
    }

    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        self.0 |= matches!(&it.callee, Expression::Identifier(name) if name.name == "eval");
        walk::walk_call_expression(self, it);
    }

    fn visit_await_expression(&mut self, _: &AwaitExpression<'a>) {
        self.0 = true;
    }
}

/// The names that patterns declare.
#[derive(Default)]
pub struct Names(pub Vec<String>);

impl<'a> Visit<'a> for Names {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.0.push(it.name.to_string());
    }

    // The values that stand for missing ones.
    fn visit_expression(&mut self, _: &Expression<'a>) {}
}

/// A compiled piece.
#[derive(Clone, Debug)]
pub struct Compiled(Script);

impl Compiled {
    /// Compiles the body of a function, in a realm where nothing of an extension runs.
    pub fn new(body: &str, portable: &Portable, origin: &str, home: &Realm, context: &mut Context) -> JsResult<Compiled> {
        let gives = portable.gives.as_ref().map(|name| format!("\nreturn {name}")).unwrap_or_default();
        let text = format!("try{{eval({ENTER:?})}}catch{{}}()=>{{{body}{gives}\n}}");
        let old = context.enter_realm(home.clone());
        let script = Script::parse(Source::from_bytes(&text).with_path(Path::new(origin)), Some(home.clone()), context);
        context.enter_realm(old);
        Ok(Compiled(script?))
    }

    /// Runs the piece in a realm. `doors` leads the engine's question to it.
    pub fn run(&self, portable: &Portable, realm: &Realm, door: &Door, context: &mut Context) -> JsResult<JsValue> {
        door.0.replace(Some(realm.clone()));
        let made = self.0.evaluate(context);
        if door.0.take().is_some() {
            made?;
            return Err(JsNativeError::error().with_message("nobody asked for the realm").into());
        }
        let made = made?.as_callable().ok_or_else(|| JsNativeError::error().with_message("no function was made"))?;
        let global = context.global_object();
        for name in &portable.names {
            let key = PropertyKey::from(JsString::from(name.as_str()));
            if !global.has_own_property(key.clone(), context)? {
                declare(&global, key, JsValue::undefined(), context)?;
            }
        }
        let value = made.call(&JsValue::undefined(), &[], context)?;
        if let Some(name) = &portable.gives {
            declare(&global, JsString::from(name.as_str()).into(), value.clone(), context)?;
        }
        Ok(value)
    }
}

fn declare(global: &JsObject, key: PropertyKey, value: JsValue, context: &mut Context) -> JsResult<()> {
    let property = PropertyDescriptor::builder().value(value).writable(true).enumerable(true).configurable(true);
    global.define_property_or_throw(key, property, context).map(drop)
}

/// The realm in which the next function is to be made.
#[derive(Debug, Default)]
pub struct Door(std::cell::RefCell<Option<Realm>>);

impl Door {
    /// Called where the engine is about to evaluate text: if that is the first thing that a compiled piece does, the rest of it
    /// goes on in the realm that waits for it.
    pub fn enter(&self, text: &JsString, context: &mut Context) -> bool {
        if *text != ENTER {
            return false;
        }
        let waiting = self.0.take();
        let entered = waiting.is_some();
        if let Some(realm) = waiting {
            context.enter_realm(realm);
        }
        entered
    }
}
