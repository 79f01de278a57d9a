//! How long the engine takes over the names of a script: for each use of one it goes through the names of every scope around it, one
//! by one. Bundles that lay a thousand modules into one scope take it longer than all that they do.

use std::cell::Cell;

use oxc_ast::ast::{BindingIdentifier, Function, IdentifierReference, Program};
use oxc_ast_visit::{Visit, walk};
use oxc_syntax::scope::{ScopeFlags, ScopeId};

/// Names that are gone through, at most, while a script is compiled.
pub fn looked_at(program: &Program<'_>) -> u64 {
    let mut scopes = Scopes::default();
    scopes.visit_program(program);
    scopes.looked_at
}

/// What is in a scope: names, and uses of names.
#[derive(Default)]
struct Scope {
    names: u64,
    uses: u64,
}

#[derive(Default)]
struct Scopes {
    around: Vec<Scope>,
    looked_at: u64,
}

impl<'a> Visit<'a> for Scopes {
    fn enter_scope(&mut self, _: ScopeFlags, _: &Cell<Option<ScopeId>>) {
        self.around.push(Scope::default());
    }

    fn leave_scope(&mut self) {
        let Some(Scope { names, uses }) = self.around.pop() else { return };
        // The names of the script itself are properties of the global object, which is asked once.
        if let Some(outer) = self.around.last_mut() {
            outer.uses += uses;
            self.looked_at = self.looked_at.saturating_add(names.saturating_mul(uses));
        }
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        // Its name belongs to the scope that it is declared in.
        if let Some(scope) = self.around.last_mut().filter(|_| it.is_function_declaration()) {
            scope.names += 1;
        }
        walk::walk_function(self, it, flags);
    }

    fn visit_binding_identifier(&mut self, _: &BindingIdentifier<'a>) {
        if let Some(scope) = self.around.last_mut() {
            scope.names += 1;
        }
    }

    fn visit_identifier_reference(&mut self, _: &IdentifierReference<'a>) {
        if let Some(scope) = self.around.last_mut() {
            scope.uses += 1;
        }
    }
}
