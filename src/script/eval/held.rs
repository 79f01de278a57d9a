//! All that a value holds: what leaves where an object leaves as a whole.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::ir::{Expr, ExprId, Key as PropKey};
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Ctx, Engine, Key, Set, Slot, Use, Value};

/// How far to look for what an object holds: things that are looked at, and how deep they lie.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Reach {
    things: usize,
    depth: u32,
}

/// Where the object leaves.
const WHOLE: Reach = Reach { things: 240, depth: 6 };
/// Where a function that is not known may hand back some of what it was given: asked of most calls in large bundles, and
/// three quarters of their time.
const NEARBY: Reach = Reach { things: 24, depth: 3 };

impl Engine<'_, '_> {
    /// The data in the arguments of a call.
    pub(super) fn carried(&mut self, at: At, ctx: Ctx, set: &mut Set) {
        self.carried_besides(at, usize::MAX, ctx, set);
    }

    pub(super) fn carried_besides(&mut self, at: At, besides: usize, ctx: Ctx, set: &mut Set) {
        for index in (0..self.argument_count(at).min(8)).filter(|&index| index != besides) {
            let value = self.argument(at, index, ctx);
            if value.is_empty() {
                continue;
            }
            let value = self.collect_within(&value, NEARBY);
            set.extend_taints(&value);
        }
    }

    /// The same value with messages replaced by what is sent.
    pub fn forced(&mut self, value: &Value) -> Value {
        if !value.has_message() {
            return value.clone();
        }
        let mut set = Set::new();
        let mut seen: Vec<u32> = Vec::new();
        let mut queue = vec![value.clone()];
        while let Some(value) = queue.pop() {
            for atom in value.atoms() {
                match *atom {
                    // What is sent may have been received before.
                    Atom::Message(message) if seen.len() < 24 => {
                        if !seen.contains(&message) {
                            seen.push(message);
                            queue.push(self.ask(Key::Message(message)));
                        }
                    }
                    Atom::Message(_) => set.add(Atom::Unknown),
                    other => set.add(other),
                }
            }
        }
        set.finish()
    }

    /// All data worth following in a value, however deep: in properties, elements, messages.
    pub fn collect(&mut self, value: &Value) -> Value {
        self.collect_within(value, WHOLE)
    }

    fn collect_within(&mut self, value: &Value, reach: Reach) -> Value {
        if value.atoms().iter().all(|atom| atom.is_plain()) {
            if value.atoms().iter().all(|atom| matches!(atom, Atom::Taint { .. })) {
                return value.clone();
            }
            return value.atoms().iter().copied().filter(|atom| matches!(atom, Atom::Taint { .. })).collect();
        }
        if let Some(known) = self.memo.collected(value) {
            return known;
        }
        let (found, whole) = self.worked_out(|engine| engine.collect_anew(value, reach));
        if whole && reach == WHOLE {
            self.memo.keep_collected(value, &found);
        }
        found
    }

    fn collect_anew(&mut self, value: &Value, reach: Reach) -> Value {
        let mut set = Set::new();
        let mut seen: FxHashSet<Atom> = FxHashSet::default();
        // Many members of many objects have one and the same value.
        // As long as one is kept, its place in memory is its name.
        let mut looked: FxHashMap<*const Atom, Value> = FxHashMap::default();
        let mut queue: Vec<(Value, u32)> = vec![(value.clone(), 0)];
        while let Some((value, depth)) = queue.pop() {
            if depth <= reach.depth
                && let Some(place) = value.place()
                && looked.insert(place, value.clone()).is_some()
            {
                continue;
            }
            for atom in value.atoms() {
                if atom.is_plain() {
                    if matches!(atom, Atom::Taint { .. }) {
                        set.add(*atom);
                    }
                    continue;
                }
                if depth > reach.depth || seen.len() > reach.things || !seen.insert(*atom) {
                    continue;
                }
                queue.extend(self.held(*atom).iter().map(|value| (value.clone(), depth + 1)));
            }
        }
        set.finish()
    }

    /// What a thing holds: what its members are, and what is put into it.
    fn held(&mut self, atom: Atom) -> Rc<[Value]> {
        let key = Key::Held(atom);
        let is_open = matches!(self.memo.get(&key), Some(Slot::Open(_)));
        // Within searches within searches nothing more is looked for, which may not be the whole of it. What is being worked out
        // just now is worked out beside it, as far as it can be.
        let in_part = is_open || !self.may_seek();
        if in_part || !matches!(atom, Atom::Object(..) | Atom::Instance(..)) || !self.memo.has_room_to_hold() {
            return self.held_anew(atom);
        }
        self.ask(key);
        self.memo.held(atom).unwrap_or_else(|| Rc::from([]))
    }

    /// Works it out, to be kept.
    pub(super) fn hold(&mut self, atom: Atom) {
        let found = self.held_anew(atom);
        self.memo.keep_held(atom, found);
    }

    fn held_anew(&mut self, atom: Atom) -> Rc<[Value]> {
        let mut found = Vec::new();
        self.hold_into(atom, &mut found);
        found.into()
    }

    fn hold_into(&mut self, atom: Atom, found: &mut Vec<Value>) {
        match atom {
            Atom::List(list) | Atom::Settled(list) => found.extend(self.list_values(list).iter().cloned()),
            Atom::Without(rest) => {
                if let Some((Atom::Object(site, ctx), taken)) = self.withouts.get(rest as usize).cloned() {
                    self.held_besides(site, ctx, &taken, found);
                }
            }
            Atom::Message(message) => found.push(self.ask(Key::Message(message))),
            Atom::Host(host) => found.push(self.whole(host)),
            Atom::Object(site, ctx) => {
                let ir = self.ir(site.inst);
                let sub = |expr: ExprId| At { inst: site.inst, expr };
                match ir.expr(site.expr) {
                    Expr::Object { first, count } => {
                        for prop in ir.props(first, count).iter().take(96) {
                            // Methods of an object do not leave with it.
                            found.push(self.eval(sub(prop.value), ctx));
                            if let PropKey::Computed(key) = prop.key {
                                found.push(self.eval(sub(key), ctx));
                            }
                        }
                    }
                    Expr::Array(list) => {
                        for expr in ir.list(list).take(96) {
                            found.push(self.eval(sub(expr), ctx));
                        }
                    }
                    Expr::New { callee, args } => {
                        let form_data = self.is_form_data(sub(callee));
                        let is_stream = matches!(ir.expr(callee), Expr::Global(name) if self.text(name) == "ReadableStream");
                        for (index, expr) in ir.list(args).enumerate().take(4) {
                            let value = self.eval(sub(expr), ctx);
                            if is_stream && index == 0 {
                                self.enqueued(&value, found);
                            }
                            if form_data && index == 0 {
                                found.push(self.form_fields(&value, site));
                            }
                            found.push(value);
                        }
                    }
                    _ => {}
                }
                self.put_into(atom, site, ctx, found);
            }
            Atom::Instance(..) => self.put_into_instance(atom, found),
            _ => {}
        }
    }

    /// What an object literal holds besides some of its members.
    fn held_besides(&mut self, site: At, ctx: Ctx, taken: &[Name], found: &mut Vec<Value>) {
        let ir = self.ir(site.inst);
        let Expr::Object { first, count } = ir.expr(site.expr) else { return };
        for prop in ir.props(first, count).iter().take(96) {
            if !matches!(prop.key, PropKey::Name(name) if taken.contains(&name)) {
                found.push(self.eval(At { inst: site.inst, expr: prop.value }, ctx));
            }
        }
    }

    /// What assignments and method calls put into an object.
    fn put_into(&mut self, atom: Atom, site: At, ctx: Ctx, found: &mut Vec<Value>) {
        const PUTTING: &[&str] = &["push", "unshift", "add", "append", "set", "splice", "fill", "concat", "enqueue"];
        for place in self.uses(site, atom) {
            match place {
                Use::Member(member) => {
                    let ir = self.ir(member.inst);
                    let Some(user) = ir.parent(member.expr) else { continue };
                    let here = self.lexical(ctx, member.inst, ir.func_of(user));
                    match ir.expr(user) {
                        Expr::Assign { target, value } if target == member.expr => {
                            found.push(self.eval(At { inst: member.inst, expr: value }, here));
                            if let Expr::Index { index, .. } = ir.expr(member.expr) {
                                found.push(self.eval(At { inst: member.inst, expr: index }, here));
                            }
                        }
                        Expr::Call { callee, args } if callee == member.expr => {
                            let Expr::Member { name, .. } = ir.expr(member.expr) else { continue };
                            if PUTTING.contains(&self.text(name)) {
                                for expr in ir.list(args).take(8) {
                                    found.push(self.eval(At { inst: member.inst, expr }, here));
                                }
                            }
                        }
                        // o.list.push(x), url.searchParams.append(k, v)
                        Expr::Member { name, .. } => {
                            if PUTTING.contains(&self.text(name))
                                && let Some(call) = ir.parent(user)
                                && let Expr::Call { callee, args } = ir.expr(call)
                                && callee == user
                            {
                                for expr in ir.list(args).take(8) {
                                    found.push(self.eval(At { inst: member.inst, expr }, here));
                                }
                            }
                        }
                        _ => {}
                    }
                }
                // Object.assign(o, ...)
                Use::Passed(call, 0, call_ctx) => {
                    let Expr::Call { callee, .. } = self.program.expr(call) else { continue };
                    if let Expr::Member { name, .. } = self.program.expr(At { inst: call.inst, expr: callee })
                        && matches!(self.text(name), "assign" | "extend" | "merge")
                    {
                        for index in 1..self.argument_count(call).min(6) {
                            found.push(self.argument(call, index, call_ctx));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Fields of an instance, as far as its class writes them.
    fn put_into_instance(&mut self, atom: Atom, found: &mut Vec<Value>) {
        let Atom::Instance(class, _) = atom else { return };
        let ir = self.ir(class.inst);
        let Expr::Class(id) = ir.expr(class.expr) else { return };
        let Some(declared) = ir.classes.get(id.index()) else { return };
        let mut names: Vec<Name> = Vec::new();
        for member in &declared.members {
            if let PropKey::Name(name) = member.key
                && !matches!(ir.expr(member.value), Expr::Function(_))
            {
                names.push(name);
            }
        }
        let unit = self.program.instances[class.inst as usize].unit;
        for &name in self.program.fields.get(&(unit, id)).into_iter().flatten() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        for name in names {
            found.push(self.property(atom, name));
        }
    }
}
