//! Members of objects: what literals hold, what is written into them, what classes give their instances.

use super::super::ir::{ClassId, Expr, ExprId, FuncId, FuncKind, Key as PropKey, NONE, PropKind};
use super::super::names::Name;
use super::super::program::{At, near_and_far};
use super::{Atom, Caller, Ctx, Engine, Key, Set, Value, Via};

/// Assignments to members of one name that are looked at for one object.
const MAX_CANDIDATES: usize = 64;
/// Properties or elements of one object that are followed where the key is not known.
const MAX_PARTS: usize = 48;
/// Calls of `Object.defineProperty` that are looked at for one object.
const MAX_DEFINED: usize = 16;
/// Members that say nothing of the data they are read from.
const CLEAN_MEMBERS: &[&str] =
    &["length", "size", "byteLength", "status", "statusText", "ok", "nodeType", "tagName", "nodeName", "constructor"];

impl Engine<'_, '_> {
    /// `object.name`.
    pub(super) fn member(&mut self, object: At, name: Name, at: At, ctx: Ctx) -> Value {
        if matches!(self.program.expr(object), Expr::Super) {
            return self.super_member(object, name, ctx);
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
        if !world.in_pages() && world != super::World::Unreferenced {
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
        for (call, call_ctx, from) in self.additions(holder) {
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

    // ------------------------------------------------------------------------------------------------------ properties

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
                    ("Request", "url") => {
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
    fn is_key(&self, key: &Value, name: Name) -> bool {
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

    fn parent_class(&mut self, class: At, id: ClassId) -> Value {
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
                // Foo.prototype = {...}
                let whole = self.property(Atom::Function(class, 0), self.known.prototype);
                for atom in whole.atoms().to_vec() {
                    if matches!(atom, Atom::Object(..)) {
                        let part = self.property(atom, name);
                        set.extend(&part);
                    }
                }
            }
            _ => *open = true,
        }
    }

    /// Values that assignments put into a member of an object.
    fn written(&mut self, holder: Atom, name: Name, set: &mut Set) {
        let Some(all) = self.program.writes.get(&name) else { return };
        let home = match holder {
            Atom::Object(at, _) | Atom::Instance(at, _) | Atom::Prototype(at) | Atom::Class(at, _) | Atom::Function(at, _) => {
                Some(at.inst)
            }
            _ => None,
        };
        let home_unit = home.map(|inst| self.program.instances[inst as usize].unit);
        let mut looked_at = 0;
        // Assignments in the same script first.
        let (near, far) = near_and_far(all, home_unit);
        for &(unit, assign) in near.iter().chain(far) {
            if looked_at >= MAX_CANDIDATES {
                set.add(Atom::Unknown);
                break;
            }
            let inst = match (home, home_unit) {
                (Some(home), Some(home_unit)) if unit == home_unit => home,
                (Some(home), _) => match self.program.beside(unit, home) {
                    Some(inst) => inst,
                    None => continue,
                },
                _ => match self.program.by_unit.get(unit as usize).and_then(|all| all.first()) {
                    Some(&inst) => inst,
                    None => continue,
                },
            };
            let ir = self.ir(inst);
            let Expr::Assign { target, value } = ir.expr(assign) else { continue };
            let Expr::Member { object, .. } = ir.expr(target) else { continue };
            let func = ir.func_of(assign);
            let ctx = match holder {
                Atom::Object(_, ctx) | Atom::Instance(_, ctx) | Atom::Class(_, ctx) | Atom::Function(_, ctx) => {
                    self.lexical(ctx, inst, func)
                }
                _ => 0,
            };
            let is = match (ir.expr(object), holder) {
                (Expr::This, Atom::Instance(class, _)) if self.is_member_of(inst, ir.this_owner(func), class) => true,
                (Expr::This, Atom::Object(..)) | (Expr::This, Atom::Instance(..)) => {
                    looked_at += 1;
                    self.eval(At { inst, expr: object }, ctx).has(holder)
                }
                _ => {
                    looked_at += 1;
                    self.eval(At { inst, expr: object }, ctx).has(holder)
                }
            };
            if is {
                let value = self.eval(At { inst, expr: value }, ctx);
                set.extend(&value);
            }
        }
    }

    /// Whether a function's `this` is an instance of a class.
    fn is_member_of(&self, inst: u32, func: FuncId, class: At) -> bool {
        if inst != class.inst {
            return false;
        }
        let ir = self.ir(inst);
        let declared = ir.func(func);
        match (declared.class, ir.expr(class.expr)) {
            (Some(id), Expr::Class(known)) => id == known && !declared.fixed,
            (_, Expr::Function(known)) => known == func,
            _ => false,
        }
    }

    /// Values that assignments with computed keys put into an object: under a name, or under any.
    pub(super) fn dynamic_writes(&mut self, holder: Atom, name: Option<Name>) -> Vec<Value> {
        let Atom::Object(site, ctx) = holder else { return Vec::new() };
        let unit = self.program.instances[site.inst as usize].unit;
        let program = self.program;
        let from = program.dynamic_writes.partition_point(|(other, _)| *other < unit);
        let near = program.dynamic_writes[from..].iter().take_while(|(other, _)| *other == unit).take(MAX_CANDIDATES * 2);
        let mut found = Vec::new();
        for &(_, assign) in near {
            let ir = self.ir(site.inst);
            let Expr::Assign { target, value } = ir.expr(assign) else { continue };
            let Expr::Index { object, index } = ir.expr(target) else { continue };
            let ctx = self.lexical(ctx, site.inst, ir.func_of(assign));
            let sub = |expr: ExprId| At { inst: site.inst, expr };
            if !self.eval(sub(object), ctx).has(holder) {
                continue;
            }
            if let Some(name) = name {
                let key = self.eval(sub(index), ctx);
                if !key.is_unknown() && !key.is_empty() && !self.is_key(&key, name) {
                    continue;
                }
            }
            found.push(self.eval(sub(value), ctx));
        }
        found
    }

    /// Values that `Object.defineProperty` gives to a member, as the helpers of bundlers do for every export.
    fn defined(&mut self, holder: Atom, name: Name, set: &mut Set) {
        let Atom::Object(site, _) = holder else { return };
        let Some(define) = self.names.find("defineProperty") else { return };
        let (get, plain) = (self.names.add("get"), self.names.add("value"));
        let program = self.program;
        let home = program.instances[site.inst as usize].unit;
        let reads = program.reads.get(&define).into_iter().flatten().filter(|(unit, _)| *unit == home);
        for &(_, member) in reads.take(MAX_DEFINED) {
            let ir = self.ir(site.inst);
            let Some(call) = ir.parent(member) else { continue };
            let Expr::Call { callee, args } = ir.expr(call) else { continue };
            let (Some(key), Some(descriptor)) = (ir.item(args, 1), ir.item(args, 2)) else { continue };
            if callee != member {
                continue;
            }
            let call = At { inst: site.inst, expr: call };
            for ctx in self.contexts(call, 1) {
                if !self.argument(call, 0, ctx).has(holder) {
                    continue;
                }
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

    /// Calls that put values into a list or container: the call, and from which argument on.
    pub(super) fn additions(&mut self, holder: Atom) -> Vec<(At, Ctx, usize)> {
        const ADDING: &[(&str, usize)] =
            &[("push", 0), ("unshift", 0), ("add", 0), ("append", 1), ("set", 1), ("splice", 2), ("fill", 0), ("enqueue", 0)];
        let Atom::Object(site, _) = holder else { return Vec::new() };
        let is_array = matches!(self.program.expr(site), Expr::Array(_));
        let mut found = Vec::new();
        for &(method, from) in ADDING {
            if is_array && matches!(method, "append" | "set" | "add") {
                continue;
            }
            found.extend(self.calls_on(holder, method).into_iter().map(|(call, ctx)| (call, ctx, from)));
        }
        found
    }

    /// Calls of a method on an object.
    pub(super) fn calls_on(&mut self, holder: Atom, method: &str) -> Vec<(At, Ctx)> {
        let (home, site_ctx) = match holder {
            Atom::Object(at, ctx) | Atom::Instance(at, ctx) => (at.inst, ctx),
            Atom::Host(host) => match self.host(host).site {
                Some((at, ctx)) => (at.inst, ctx),
                None => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        let Some(method) = self.names.find(method) else { return Vec::new() };
        let Some(all) = self.program.reads.get(&method) else { return Vec::new() };
        let home_unit = self.program.instances[home as usize].unit;
        let (near, far) = near_and_far(all, Some(home_unit));
        let mut found = Vec::new();
        for &(unit, member) in near.iter().take(MAX_CANDIDATES).chain(far.take(16)) {
            let inst = if unit == home_unit { home } else { self.program.beside(unit, home).unwrap_or(home) };
            if inst == home && unit != home_unit {
                continue;
            }
            let ir = self.ir(inst);
            let Expr::Member { object, .. } = ir.expr(member) else { continue };
            let Some(call) = ir.parent(member) else { continue };
            if !matches!(ir.expr(call), Expr::Call { callee, .. } if callee == member) {
                continue;
            }
            let ctx = if inst == home { self.lexical(site_ctx, inst, ir.func_of(call)) } else { 0 };
            let receiver = self.eval(At { inst, expr: object }, ctx);
            let is = match holder {
                Atom::Host(host) => {
                    let host = self.host(host);
                    receiver.atoms().iter().any(|atom| match atom {
                        Atom::Host(other) => {
                            let other = self.host(*other);
                            other.path == host.path && other.site.map(|(at, _)| at) == host.site.map(|(at, _)| at)
                        }
                        _ => false,
                    })
                }
                _ => receiver.has(holder),
            };
            if is {
                found.push((At { inst, expr: call }, ctx));
            }
        }
        found
    }

    /// Calls of a method on whatever a call or constructor made.
    pub(super) fn calls_on_site(&mut self, site: At, ctx: Ctx, method: &str) -> Vec<(At, Ctx)> {
        let value = self.eval(site, ctx);
        let mut found = Vec::new();
        for atom in value.atoms().to_vec() {
            if matches!(atom, Atom::Host(_) | Atom::Object(..)) {
                found.extend(self.calls_on(atom, method));
            }
        }
        found.dedup();
        found
    }

    // ------------------------------------------------------------------------------------------------------------ this

    pub(super) fn this_value(&mut self, inst: u32, owner: FuncId, ctx: Ctx) -> Value {
        let ir = self.ir(inst);
        if owner.0 == 0 {
            return if ir.module { Atom::Nothing.into() } else { self.host_value("", None) };
        }
        let func = ir.func(owner);
        let func_at = At { inst, expr: func.expr };
        if let Some((entered, frame)) = self.frame_of(ctx, inst, owner) {
            match (frame.via, self.program.expr(frame.call)) {
                (Via::New, _) => return Atom::Instance(self.class_of(inst, owner), entered).into(),
                (Via::Call | Via::Apply, _) => return self.argument(frame.call, 0, frame.caller),
                (Via::Plain, Expr::Call { callee, .. }) => {
                    let callee = At { inst: frame.call.inst, expr: callee };
                    match self.program.expr(callee) {
                        Expr::Member { object, .. } | Expr::Index { object, .. } => {
                            let object = At { inst: callee.inst, expr: object };
                            if !matches!(self.program.expr(object), Expr::Super) {
                                return self.eval(object, frame.caller);
                            }
                        }
                        _ => {}
                    }
                }
                (Via::Bound(bound), _) => {
                    let bound = self.bounds[bound as usize];
                    return self.argument(bound.call, 0, bound.ctx);
                }
                _ => {}
            }
        }
        if let Some(class) = func.class {
            let class = At { inst, expr: ir.classes.get(class.index()).map_or(NONE, |class| class.expr) };
            let mut set = Set::new();
            if func.fixed || func.kind == FuncKind::Fields {
                set.add(Atom::Class(class, 0));
            }
            if !func.fixed {
                set.add(Atom::Instance(class, 0));
            }
            return set.finish();
        }
        // Where the function stands tells whose method it is.
        let mut set = Set::new();
        for user in ir.uses(func.expr) {
            match ir.expr(user) {
                Expr::Object { .. } => {
                    let at = At { inst, expr: user };
                    set.add(Atom::Object(at, self.lexical(ctx, inst, ir.func_of(user))));
                }
                Expr::Assign { target, .. } => {
                    if let Expr::Member { object, .. } = ir.expr(target) {
                        let object = self.eval(At { inst, expr: object }, 0);
                        for atom in object.atoms() {
                            match *atom {
                                Atom::Prototype(class) => set.add(Atom::Instance(class, 0)),
                                other => set.add(other),
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        if !set.is_empty() {
            return set.finish();
        }
        for caller in self.callers(inst, owner).iter() {
            match *caller {
                Caller::Call { call, ctx, via: Via::New } => {
                    let entered = self.enter(inst, owner, call, Via::New, ctx, 0);
                    set.add(Atom::Instance(func_at, entered));
                }
                Caller::Call { call, ctx, via: Via::Plain } => {
                    if let Expr::Call { callee, .. } = self.program.expr(call)
                        && let Expr::Member { object, .. } = self.program.expr(At { inst: call.inst, expr: callee })
                    {
                        let value = self.eval(At { inst: call.inst, expr: object }, ctx);
                        set.extend(&value);
                    }
                }
                Caller::Call { call, ctx, via: Via::Call | Via::Apply } => {
                    let value = self.argument(call, 0, ctx);
                    set.extend(&value);
                }
                // A listener's `this` is what it listens on.
                Caller::Passed { call, ctx, .. } => {
                    if let Expr::Call { callee, .. } = self.program.expr(call)
                        && let Expr::Member { object, name } = self.program.expr(At { inst: call.inst, expr: callee })
                        && matches!(self.text(name), "addEventListener" | "on" | "each" | "bind")
                    {
                        let value = self.eval(At { inst: call.inst, expr: object }, ctx);
                        set.extend(&value);
                    }
                }
                _ => {}
            }
        }
        if set.is_empty() {
            set.add(Atom::Unknown);
        }
        set.finish()
    }

    /// The class, or the function used as one, whose constructor a function is.
    pub(super) fn class_of(&self, inst: u32, func: FuncId) -> At {
        let ir = self.ir(inst);
        let declared = ir.func(func);
        let expr = match declared.class {
            Some(class) => ir.classes.get(class.index()).map_or(declared.expr, |class| class.expr),
            None => declared.expr,
        };
        At { inst, expr }
    }

    /// `super` where it is called.
    pub(super) fn super_value(&mut self, at: At, _ctx: Ctx) -> Value {
        let ir = self.ir(at.inst);
        let owner = ir.this_owner(ir.func_of(at.expr));
        let Some(class) = ir.func(owner).class else { return Value::unknown() };
        let class_at = At { inst: at.inst, expr: ir.classes.get(class.index()).map_or(NONE, |class| class.expr) };
        self.parent_class(class_at, class)
    }

    fn super_member(&mut self, at: At, name: Name, ctx: Ctx) -> Value {
        let parents = self.super_value(at, ctx);
        let mut set = Set::new();
        for parent in parents.atoms() {
            match *parent {
                Atom::Class(class, _) | Atom::Function(class, _) => {
                    let part = self.property(Atom::Instance(class, 0), name);
                    set.extend(&part);
                }
                _ => set.add(Atom::Unknown),
            }
        }
        set.finish()
    }

    // ------------------------------------------------------------------------------------------- questions from outside

    /// A member of one thing, as a place reads it.
    pub fn member_of_atom(&mut self, atom: Atom, name: Name, at: At) -> Value {
        self.member_of(atom, name, at)
    }

    /// What assignments put into a member of a thing.
    pub fn written_member(&mut self, atom: Atom, name: Name) -> Value {
        let value = self.property(atom, name);
        value.atoms().iter().copied().filter(|atom| !matches!(atom, Atom::Nothing)).collect()
    }

    /// Calls of a method on a thing.
    pub fn calls_on_atom(&mut self, atom: Atom, method: &str) -> Vec<(At, Ctx)> {
        self.calls_on(atom, method)
    }

    /// Members of a name in a value, however deep they are in lists and objects.
    pub fn members_named(&mut self, value: &Value, name: &str, at: At) -> Value {
        let Some(name) = self.names.find(name) else { return Value::clean() };
        let mut set = Set::new();
        let mut queue = vec![(self.forced(value), 0)];
        let mut seen = Vec::new();
        while let Some((value, depth)) = queue.pop() {
            for atom in value.atoms() {
                if atom.is_plain() || seen.contains(atom) || seen.len() > 64 {
                    continue;
                }
                seen.push(*atom);
                match *atom {
                    Atom::Object(site, ctx) => {
                        let ir = self.ir(site.inst);
                        if matches!(ir.expr(site.expr), Expr::Array(_)) {
                            let inner = self.elements(&(*atom).into(), at);
                            queue.push((inner, depth + 1));
                            continue;
                        }
                        let found = self.property(*atom, name);
                        for found in found.atoms() {
                            if !matches!(found, Atom::Nothing) {
                                set.add(*found);
                            }
                        }
                        if let Expr::Object { first, count } = ir.expr(site.expr)
                            && depth < 4
                        {
                            for prop in ir.props(first, count).iter().take(24) {
                                let inner = At { inst: site.inst, expr: prop.value };
                                if matches!(
                                    ir.expr(prop.value),
                                    Expr::Array(_) | Expr::Object { .. } | Expr::Call { .. } | Expr::Local(_)
                                ) {
                                    queue.push((self.eval(inner, ctx), depth + 1));
                                }
                            }
                        }
                    }
                    Atom::List(_) => {
                        let inner = self.elements(&(*atom).into(), at);
                        queue.push((inner, depth + 1));
                    }
                    Atom::Message(_) => {
                        let found = self.member_of(*atom, name, at);
                        let found = self.forced(&found);
                        set.extend(&found);
                    }
                    _ => {}
                }
            }
        }
        set.finish()
    }

    /// Texts in a value, however deep.
    pub fn texts_within(&mut self, value: &Value) -> Vec<Name> {
        let mut found = Vec::new();
        let mut queue = vec![(value.clone(), 0)];
        while let Some((value, depth)) = queue.pop() {
            for atom in value.atoms() {
                match *atom {
                    Atom::Text(name) => found.push(name),
                    Atom::Object(site, ctx) if depth < 4 => {
                        let ir = self.ir(site.inst);
                        let parts: Vec<ExprId> = match ir.expr(site.expr) {
                            Expr::Object { first, count } => {
                                ir.props(first, count).iter().take(24).map(|prop| prop.value).collect()
                            }
                            Expr::Array(list) => ir.list(list).take(24).collect(),
                            _ => Vec::new(),
                        };
                        for expr in parts {
                            queue.push((self.eval(At { inst: site.inst, expr }, ctx), depth + 1));
                        }
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// The `this` of a bound function.
    pub fn bound_this(&mut self, bound: u32) -> Value {
        let Some(bound) = self.bounds.get(bound as usize).copied() else { return Value::clean() };
        self.argument(bound.call, 0, bound.ctx)
    }
}
