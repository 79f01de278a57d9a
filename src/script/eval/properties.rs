//! Properties by name: what literals hold, what is written into them later, what classes give their instances.

use super::super::ir::{ClassId, Expr, Key as PropKey, NONE, PropKind};
use super::super::names::Name;
use super::super::program::At;
use super::candidates::Sought;
use super::{Atom, Ctx, Engine, Key, Set, Value};

/// Classes of the browser by which data leaves and that scripts extend.
const EXTENDED: &[&str] = &["XMLHttpRequest", "WebSocket"];

impl Engine<'_, '_> {
    pub(super) fn property(&mut self, holder: Atom, name: Name) -> Value {
        self.ask(Key::Property(holder, name))
    }

    pub(super) fn property_value(&mut self, holder: Atom, name: Name) -> Value {
        if matches!(holder, Atom::Exports(_) | Atom::ModuleObject(_)) {
            return self.module_member(holder, name);
        }
        let mut set = Set::new();
        let mut open = false;
        match holder {
            Atom::Object(site, ctx) => self.literal_property(holder, site, ctx, name, &mut set, &mut open),
            Atom::Instance(class, ctx) => self.instance_property(class, ctx, name, &mut set, &mut open, 0),
            Atom::Prototype(class) => {
                if let Expr::Class(id) = self.program.expr(class) {
                    self.class_members(class, id, 0, name, false, &mut set);
                }
            }
            Atom::Class(class, ctx) => {
                if let Expr::Class(id) = self.program.expr(class) {
                    self.class_members(class, id, ctx, name, true, &mut set);
                    if set.is_empty() {
                        for parent in self.parent_class(class, id).atoms().to_vec() {
                            let part = self.member_of(parent, name, class);
                            set.extend(&part);
                        }
                    }
                }
            }
            _ => {}
        }
        self.written(holder, name, &mut set);
        if set.is_empty() && matches!(holder, Atom::Object(..)) {
            for value in self.dynamic_writes(holder, Some(name)) {
                set.extend(&value);
            }
            if set.is_empty() {
                self.defined(holder, name, &mut set);
            }
        }
        if set.is_empty() {
            set.add(if open { Atom::Unknown } else { Atom::Nothing });
        }
        set.finish()
    }

    fn literal_property(&mut self, holder: Atom, site: At, ctx: Ctx, name: Name, set: &mut Set, open: &mut bool) {
        let inst = site.inst;
        let ir = self.ir(inst);
        match ir.expr(site.expr) {
            Expr::Object { first, count } => {
                // The last of equal keys counts; spreads and computed keys may be it.
                for prop in ir.props(first, count).iter().rev() {
                    let at = At { inst, expr: prop.value };
                    match prop.key {
                        PropKey::Name(known) if known == name => {
                            match prop.kind {
                                PropKind::Value => {
                                    let value = self.eval(at, ctx);
                                    set.extend(&value);
                                }
                                PropKind::Getter => {
                                    let value = self.getter(at, ctx);
                                    set.extend(&value);
                                }
                                PropKind::Setter => continue,
                            }
                            return;
                        }
                        PropKey::Name(_) => {}
                        PropKey::Computed(key) => {
                            let key = self.eval(At { inst, expr: key }, ctx);
                            if self.is_key(&key, name) {
                                let value = self.eval(at, ctx);
                                set.extend(&value);
                            } else if key.is_unknown() {
                                *open = true;
                            }
                        }
                        PropKey::Spread => {
                            let value = self.eval(at, ctx);
                            let part = self.member_of_value(&value, name, at);
                            for atom in part.atoms() {
                                if !matches!(atom, Atom::Nothing) {
                                    set.add(*atom);
                                }
                            }
                        }
                    }
                }
            }
            Expr::New { callee, args } => {
                *open = true;
                let made = match ir.expr(callee) {
                    Expr::Global(made) => self.text(made).to_owned(),
                    _ => String::new(),
                };
                let argument = |index: usize| ir.item(args, index).map(|expr| At { inst, expr });
                match (made.as_str(), self.text(name)) {
                    ("URL", "searchParams") => set.add(holder),
                    ("URL", "href" | "origin" | "host" | "hostname" | "pathname" | "search" | "hash" | "protocol") => {
                        let whole = self.forced(&holder.into());
                        let part = self.text(name).to_owned();
                        self.url_part(&whole, &part, set);
                    }
                    ("Request", "url") | ("Error" | "TypeError" | "RangeError" | "SyntaxError", "message") => {
                        if let Some(at) = argument(0) {
                            let value = self.eval(at, ctx);
                            set.extend(&value);
                        }
                    }
                    ("CustomEvent" | "MessageEvent" | "Request" | "Response", _) => {
                        if let Some(at) = argument(1) {
                            let value = self.eval(at, ctx);
                            let part = self.member_of_value(&value, name, at);
                            set.extend(&part);
                        }
                    }
                    ("Proxy", _) => {
                        if let Some(at) = argument(0) {
                            let value = self.eval(at, ctx);
                            let part = self.member_of_value(&value, name, at);
                            set.extend(&part);
                        }
                    }
                    _ => {}
                }
            }
            // Object.create(proto), Object.assign({}, ...): the call's own arguments.
            Expr::Call { .. } => *open = true,
            _ => {}
        }
    }

    /// Whether a computed key may be this name.
    pub(super) fn is_key(&self, key: &Value, name: Name) -> bool {
        key.atoms().iter().any(|atom| match *atom {
            Atom::Text(text) => text == name,
            Atom::Number(bits) => self.text(name) == super::text::show_number(f64::from_bits(bits)),
            _ => false,
        })
    }

    fn getter(&mut self, func: At, ctx: Ctx) -> Value {
        match self.program.expr(func) {
            Expr::Function(id) => {
                let ctx = self.lexical(ctx, func.inst, id);
                self.ask(Key::Returns(func.inst, id, ctx))
            }
            _ => Value::unknown(),
        }
    }

    fn class_members(&mut self, class: At, id: ClassId, ctx: Ctx, name: Name, fixed: bool, set: &mut Set) {
        let ir = self.ir(class.inst);
        let Some(declared) = ir.classes.get(id.index()) else { return };
        for member in declared.members.iter().filter(|member| member.fixed == fixed) {
            let is = match member.key {
                PropKey::Name(known) => known == name,
                PropKey::Computed(key) => {
                    let key = self.eval(At { inst: class.inst, expr: key }, 0);
                    self.is_key(&key, name)
                }
                PropKey::Spread => false,
            };
            if !is {
                continue;
            }
            let at = At { inst: class.inst, expr: member.value };
            match member.kind {
                PropKind::Value => {
                    let value = self.eval(at, ctx);
                    set.extend(&value);
                }
                PropKind::Getter => {
                    let value = self.getter(at, ctx);
                    set.extend(&value);
                }
                PropKind::Setter => {}
            }
        }
    }

    pub(super) fn parent_class(&mut self, class: At, id: ClassId) -> Value {
        let parent = self.ir(class.inst).classes.get(id.index()).map_or(NONE, |class| class.parent);
        if parent == NONE { Value::clean() } else { self.eval(At { inst: class.inst, expr: parent }, 0) }
    }

    fn instance_property(&mut self, class: At, ctx: Ctx, name: Name, set: &mut Set, open: &mut bool, depth: u32) {
        match self.program.expr(class) {
            Expr::Class(id) => {
                self.class_members(class, id, ctx, name, false, set);
                if depth < 6 && (set.is_empty() || depth > 0) {
                    let parents = self.parent_class(class, id);
                    for parent in parents.atoms() {
                        match *parent {
                            Atom::Class(parent, _) | Atom::Function(parent, _) => {
                                self.instance_property(parent, 0, name, set, open, depth + 1);
                                if depth == 0 {
                                    self.written(Atom::Instance(parent, 0), name, set);
                                }
                            }
                            Atom::Host(parent) => {
                                let value = self.inherited(parent, class, name);
                                set.extend(&value);
                            }
                            _ => *open = true,
                        }
                    }
                }
            }
            Expr::Function(_) => {
                let prototype = self.property(Atom::Prototype(class), name);
                for atom in prototype.atoms().iter().filter(|atom| !matches!(atom, Atom::Nothing)) {
                    set.add(*atom);
                }
                // Foo.prototype = {...}, Foo.prototype = Parent.prototype (see `lower::helper`)
                let whole = self.property(Atom::Function(class, 0), self.known.prototype);
                for atom in whole.atoms().to_vec() {
                    match atom {
                        Atom::Object(..) => {
                            let part = self.property(atom, name);
                            set.extend(&part);
                        }
                        Atom::Prototype(parent) if depth < 6 && parent != class && set.is_empty() => {
                            self.instance_property(parent, 0, name, set, open, depth + 1);
                            self.written(Atom::Instance(parent, 0), name, set);
                        }
                        Atom::Host(parent) if set.is_empty() => {
                            let part = self.inherited(parent, class, name);
                            set.extend(&part);
                        }
                        _ => {}
                    }
                }
            }
            _ => *open = true,
        }
    }

    /// What a class of the scripts has from one of the browser's: `class Request extends XMLHttpRequest {}`; nothing where the
    /// browser's is not one of those.
    pub(super) fn inherited(&mut self, parent: u32, class: At, name: Name) -> Value {
        let mut set = Set::new();
        if !EXTENDED.contains(&self.host_path(parent)) {
            return Value::unknown();
        }
        let path = format!("new {}", self.host_path(parent));
        let made = self.reached(&path, Some((class, 0)), class);
        for atom in made.atoms() {
            if let Atom::Host(made) = *atom {
                let value = self.host_member(made, name, class);
                set.extend(&value);
            }
        }
        set.add(Atom::Unknown);
        set.finish()
    }

    /// Values that assignments put into a member of an object.
    fn written(&mut self, holder: Atom, name: Name, set: &mut Set) {
        if !self.program.writes.contains_key(&name) {
            return;
        }
        let (home, ctx) = match holder {
            Atom::Object(at, ctx) | Atom::Instance(at, ctx) | Atom::Class(at, ctx) | Atom::Function(at, ctx) => (at.inst, ctx),
            Atom::Prototype(at) => (at.inst, 0),
            _ => (u32::MAX, 0),
        };
        let found = self.concerned(home, Sought::Written(name), holder, ctx);
        for (assign, ctx) in found.places {
            if let Expr::Assign { value, .. } = self.program.expr(assign) {
                let value = self.eval(At { inst: assign.inst, expr: value }, ctx);
                set.extend(&value);
            }
        }
        if found.is_cut {
            set.add(Atom::Unknown);
        }
    }

    /// Values that `Object.defineProperty` gives to a member, as the helpers of bundlers do for every export.
    fn defined(&mut self, holder: Atom, name: Name, set: &mut Set) {
        let Atom::Object(site, _) = holder else { return };
        let (get, plain) = (self.names.add("get"), self.names.add("value"));
        let ir = self.ir(site.inst);
        for (call, ctx) in self.concerned(site.inst, Sought::Defined, holder, 0).places {
            let Expr::Call { args, .. } = ir.expr(call.expr) else { continue };
            let (Some(key), Some(descriptor)) = (ir.item(args, 1), ir.item(args, 2)) else { continue };
            let known = self.eval(At { inst: site.inst, expr: key }, ctx);
            if !known.is_empty() && !known.is_unknown() && !self.is_key(&known, name) {
                continue;
            }
            let Expr::Object { first, count } = ir.expr(descriptor) else { continue };
            for prop in ir.props(first, count) {
                let at = At { inst: site.inst, expr: prop.value };
                let value = match prop.key {
                    // `get: all[key]`: of all getters the one of this name.
                    PropKey::Name(part) if part == get || part == plain => match ir.expr(prop.value) {
                        Expr::Index { object, index } if ir.expr(index) == ir.expr(key) => {
                            let all = self.eval(At { inst: site.inst, expr: object }, ctx);
                            self.member_of_value(&all, name, at)
                        }
                        _ => self.eval(at, ctx),
                    },
                    _ => continue,
                };
                if prop.key == PropKey::Name(plain) {
                    set.extend(&value);
                    continue;
                }
                for atom in value.atoms().to_vec() {
                    if let Atom::Function(func, outer) = atom {
                        let value = self.getter(func, outer);
                        set.extend(&value);
                    }
                }
            }
        }
    }
}
