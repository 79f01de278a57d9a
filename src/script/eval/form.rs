//! What a form, or another object of the browser, gives away as a whole.

use super::super::ir::Expr;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Set, Value};

impl Engine<'_, '_> {
    /// What an object of the browser holds as a whole.
    pub(super) fn whole(&mut self, host: u32) -> Value {
        let path = self.host_path(host).to_owned();
        let Some((site, ctx)) = self.host(host).site.or(None) else {
            return Value::clean();
        };
        let _ = ctx;
        let sources: Vec<usize> = self.table.sources_within(&path).collect();
        let mut set = Set::new();
        for source in sources {
            if let Some(atom) = self.source_at(source, &path, self.host(host).site, site) {
                set.add(atom);
            }
        }
        set.finish()
    }

    /// Whether what is called makes form data.
    pub(super) fn is_form_data(&self, callee: At) -> bool {
        matches!(self.program.expr(callee), Expr::Global(name) if self.text(name) == "FormData")
    }

    /// What a form that is handed to `new FormData` holds: all of it, where it is the page's and none that the script made.
    fn form_fields_of(&mut self, site: At, form: Option<(At, Ctx)>) -> Option<Atom> {
        let whole = form.is_some_and(|(form, _)| !self.makes_element(form));
        let kind = if whole { "form.whole" } else { "form.field" };
        let source = self.table.sources.iter().position(|source| source.kind == kind)?;
        self.source_at(source, "Element.value", form, site)
    }

    /// What a form of the page takes, where it is led elsewhere.
    pub fn form_data(&mut self, form: &Value, at: At) -> Value {
        self.form_fields(form, at)
    }

    pub(super) fn form_fields(&mut self, value: &Value, site: At) -> Value {
        let mut set = Set::new();
        for atom in value.atoms() {
            if let Atom::Host(host) = *atom
                && matches!(self.host_path(host), "Element" | "$")
            {
                let form = self.host(host).site;
                if let Some(atom) = self.form_fields_of(site, form) {
                    set.add(atom);
                }
            } else if matches!(atom, Atom::Unknown)
                && self.world(site).in_pages()
                && let Some(atom) = self.form_fields_of(site, None)
            {
                set.add(atom);
            }
        }
        set.finish()
    }
}
