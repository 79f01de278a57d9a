//! Members and elements: `a.b`, `a[b]`, and what a list or object holds in any place.

use super::super::ir::{Expr, Key as PropKey, PropKind};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Key, Set, Value};

/// Properties or elements of one object that are followed where the key is not known.
const MAX_PARTS: usize = 48;
/// Members that say nothing of the data they are read from.
const CLEAN_MEMBERS: &[&str] =
    &["length", "size", "byteLength", "status", "statusText", "ok", "nodeType", "tagName", "nodeName", "constructor"];

impl Engine<'_, '_> {
    /// `object.name`.
    pub(super) fn member(&mut self, object: At, name: Name, at: At, ctx: Ctx) -> Value {
        if matches!(self.program.expr(object), Expr::Super) {
            return self.super_member(object, name);
        }
        let value = self.eval(object, ctx);
        self.member_of_value(&value, name, at)
    }

    /// A member of a value.
    pub(super) fn member_of_value(&mut self, value: &Value, name: Name, at: At) -> Value {
        if let Some(atom) = value.single() {
            let found = self.member_of(atom, name, at);
            return self.guessed(value, found, name, at);
        }
        let mut set = Set::new();
        for atom in value.atoms() {
            let part = self.member_of(*atom, name, at);
            set.extend(&part);
        }
        self.guessed(value, set.finish(), name, at)
    }

    /// What is not known in a page's world, and has a member that elements have, is an element.
    fn guessed(&mut self, value: &Value, found: Value, name: Name, at: At) -> Value {
        if !value.is_unknown() || !found.is_unknown() || found.has_taint() {
            return found;
        }
        let own = |atom: &Atom| matches!(atom, Atom::Object(..) | Atom::Instance(..) | Atom::Class(..) | Atom::Function(..));
        if value.atoms().iter().any(own) || found.atoms().iter().any(|atom| matches!(atom, Atom::Host(_))) {
            return found;
        }
        let world = self.world(at);
        if !world.in_pages() && world != super::super::analysis::World::Unreferenced {
            return found;
        }
        match self.table.guess(self.text(name)) {
            Some(path) => self.reached(&path, None, at),
            None => found,
        }
    }

    /// A member of one thing.
    pub(super) fn member_of(&mut self, atom: Atom, name: Name, at: At) -> Value {
        match atom {
            Atom::Unknown => Value::unknown(),
            Atom::Taint { .. } => {
                if CLEAN_MEMBERS.contains(&self.text(name)) {
                    Value::clean()
                } else {
                    atom.into()
                }
            }
            Atom::Host(host) => self.host_member(host, name, at),
            Atom::Message(message) => self.message_member(message, name),
            Atom::Module(inst) => self.exported(inst, name),
            Atom::Settled(list) => match self.text(name) {
                "value" | "reason" => self.list_values(list).first().cloned().unwrap_or_default(),
                _ => Value::clean(),
            },
            Atom::Without(rest) => match self.withouts.get(rest as usize) {
                Some((whole, taken)) if !taken.contains(&name) => {
                    let whole = *whole;
                    self.member_of(whole, name, at)
                }
                _ => Value::clean(),
            },
            Atom::Object(..) | Atom::Instance(..) | Atom::Prototype(_) | Atom::Exports(_) | Atom::ModuleObject(_) => {
                self.property(atom, name)
            }
            Atom::Function(..) if self.text(name) == "constructor" => self.host_value("Function", None),
            Atom::Class(class, _) | Atom::Function(class, _) if name == self.known.prototype => Atom::Prototype(class).into(),
            Atom::Class(..) | Atom::Function(..) => self.property(atom, name),
            Atom::List(list) if name == self.known.length && !self.is_many(list) => {
                Atom::number(self.list_values(list).len() as f64).into()
            }
            Atom::Text(text) if name == self.known.length => {
                let text = self.text(text);
                if text.contains(super::HOLE) {
                    Value::clean()
                } else {
                    Atom::number(text.encode_utf16().count() as f64).into()
                }
            }
            Atom::List(_)
            | Atom::Text(_)
            | Atom::Number(_)
            | Atom::Bool(_)
            | Atom::Nothing
            | Atom::Regex(..)
            | Atom::Bound(_) => Value::clean(),
        }
    }

    /// `object[index]`.
    pub(super) fn index(&mut self, object: At, index: At, at: At, ctx: Ctx) -> Value {
        let key = self.eval(index, ctx);
        let value = self.eval(object, ctx);
        self.index_of(&value, &key, at)
    }

    /// A value's element or member by a key.
    pub(super) fn index_of(&mut self, value: &Value, key: &Value, at: At) -> Value {
        let mut set = Set::new();
        let mut any = key.is_empty();
        for key in key.atoms() {
            match *key {
                Atom::Text(name) if !self.text(name).contains(super::HOLE) => {
                    // "3" is an element.
                    match self.text(name).parse::<usize>() {
                        Ok(number) if number < 1 << 20 => self.nth(value, number, at, &mut set),
                        _ => {
                            let part = self.member_of_value(value, name, at);
                            set.extend(&part);
                        }
                    }
                }
                Atom::Number(bits) => {
                    let number = f64::from_bits(bits);
                    if number >= 0.0 && number.fract() == 0.0 && number < f64::from(1 << 20) {
                        self.nth(value, number as usize, at, &mut set);
                    }
                }
                _ => any = true,
            }
        }
        if any {
            for atom in value.atoms() {
                match *atom {
                    Atom::Object(..) => {
                        let part = self.all_properties(*atom);
                        set.extend(&part);
                    }
                    // A member of the browser whose name is not known leads nowhere.
                    Atom::Host(host) if !self.host_path(host).ends_with(')') && !self.host_path(host).ends_with("[]") => {
                        set.add(Atom::Unknown);
                    }
                    _ => {}
                }
            }
            let part = self.elements(value, at);
            set.extend(&part);
        }
        set.finish()
    }

    fn nth(&mut self, value: &Value, number: usize, at: At, set: &mut Set) {
        for atom in value.atoms() {
            match *atom {
                Atom::List(list) => match self.list_values(list).get(if self.is_many(list) { 0 } else { number }) {
                    Some(value) => set.extend(value),
                    None => set.add(Atom::Nothing),
                },
                Atom::Text(text) => {
                    let part = self.text(text).chars().nth(number).map(|c| c.to_string());
                    match part {
                        Some(part) if !self.text(text).contains(super::HOLE) => {
                            let atom = self.make_text(&part);
                            set.add(atom);
                        }
                        _ => set.add(Atom::Unknown),
                    }
                }
                Atom::Object(site, ctx) => {
                    let exact = match self.program.expr(site) {
                        Expr::Array(list) => {
                            let ir = self.ir(site.inst);
                            let spread = ir.list(list).take(number + 1).any(|item| matches!(ir.expr(item), Expr::Spread(_)));
                            ir.item(list, number).filter(|_| !spread)
                        }
                        Expr::Object { .. } => {
                            let name = self.names.add(&number.to_string());
                            let part = self.property(*atom, name);
                            set.extend(&part);
                            continue;
                        }
                        _ => None,
                    };
                    match exact {
                        Some(expr) => {
                            let part = self.eval(At { inst: site.inst, expr }, ctx);
                            set.extend(&part);
                        }
                        None => {
                            let part = self.ask(Key::Elements(*atom));
                            set.extend(&part);
                        }
                    }
                }
                other => {
                    let part = self.elements(&other.into(), at);
                    set.extend(&part);
                }
            }
        }
    }

    /// What a loop over a value gives.
    pub(super) fn elements(&mut self, value: &Value, at: At) -> Value {
        let mut set = Set::new();
        for atom in value.atoms() {
            match *atom {
                Atom::Object(..) => {
                    let part = self.ask(Key::Elements(*atom));
                    set.extend(&part);
                }
                Atom::List(list) => {
                    for part in self.list_values(list).iter().take(MAX_PARTS) {
                        set.extend(part);
                    }
                }
                Atom::Host(host) => {
                    let part = self.host_element(host, at);
                    set.extend(&part);
                }
                Atom::Taint { .. } | Atom::Unknown => set.add(*atom),
                Atom::Message(message) => {
                    let part = self.message_element(message);
                    set.extend(&part);
                }
                Atom::Text(_) | Atom::Instance(..) | Atom::Module(_) => set.add(Atom::Unknown),
                _ => {}
            }
        }
        set.finish()
    }

    pub(super) fn elements_value(&mut self, holder: Atom) -> Value {
        let Atom::Object(site, ctx) = holder else { return Value::unknown() };
        let inst = site.inst;
        let ir = self.ir(inst);
        let mut set = Set::new();
        match ir.expr(site.expr) {
            Expr::Array(list) => {
                for expr in ir.list(list).take(MAX_PARTS * 4) {
                    let value = self.eval(At { inst, expr }, ctx);
                    set.extend(&value);
                }
            }
            Expr::New { args, .. } => {
                // new Set([..]), new Blob([..]), new Map(entries): what they were filled with.
                if let Some(expr) = ir.item(args, 0) {
                    let value = self.eval(At { inst, expr }, ctx);
                    let value = self.elements(&value, site);
                    set.extend(&value);
                }
            }
            _ => {}
        }
        for &(call, call_ctx, from) in self.additions(holder).iter() {
            let count = match self.program.expr(call) {
                Expr::Call { args, .. } => self.ir(call.inst).list(args).len(),
                _ => 0,
            };
            for index in from..count.min(from + 8) {
                let value = self.argument(call, index, call_ctx);
                set.extend(&value);
            }
        }
        for value in self.dynamic_writes(holder, None) {
            set.extend(&value);
        }
        set.finish()
    }

    /// Every property of an object, where the key is not known.
    fn all_properties(&mut self, holder: Atom) -> Value {
        let Atom::Object(site, ctx) = holder else { return Value::unknown() };
        let Expr::Object { first, count } = self.program.expr(site) else { return Value::clean() };
        let mut set = Set::new();
        for prop in self.ir(site.inst).props(first, count).iter().take(MAX_PARTS) {
            if prop.kind != PropKind::Setter {
                let value = self.eval(At { inst: site.inst, expr: prop.value }, ctx);
                set.extend(&value);
            }
        }
        set.finish()
    }

    /// The keys of a value: `for ... in`, `Object.keys`.
    pub(super) fn keys(&mut self, value: &Value) -> Value {
        let mut set = Set::new();
        for atom in value.atoms() {
            match *atom {
                Atom::Object(site, _) => {
                    if let Expr::Object { first, count } = self.program.expr(site) {
                        for prop in self.ir(site.inst).props(first, count).iter().take(MAX_PARTS) {
                            match prop.key {
                                PropKey::Name(name) => set.add(Atom::Text(name)),
                                _ => set.add(Atom::Unknown),
                            }
                        }
                    }
                }
                Atom::Taint { .. } => set.add(*atom),
                _ => set.add(Atom::Unknown),
            }
        }
        set.finish()
    }
}
