//! Methods of lists, and lists whose every element is known.

use super::super::ir::{Expr, ExprId};
use super::super::program::At;
use super::builtin::CLEAN;
use super::{Atom, Ctx, Engine, HOLE, Set, Value, Via};

/// Elements of a list through which a callback is followed one by one.
pub(super) const MAX_EACH: usize = 512;
/// Functions that are put one behind the other.
const MAX_COMPOSED: usize = 12;

impl Engine<'_, '_> {
    /// The elements of a list, where all of them are known and in order.
    pub(super) fn exact_elements(&mut self, value: &Value) -> Option<Vec<Value>> {
        match value.single()? {
            Atom::List(list) if !self.is_many(list) => Some(self.list_values(list).to_vec()),
            Atom::Text(text) if !self.text(text).contains(HOLE) => {
                let text = self.text(text).to_owned();
                Some(text.chars().take(1 << 16).map(|c| self.make_text(&c.to_string()).into()).collect())
            }
            Atom::Object(site, ctx) => {
                let ir = self.ir(site.inst);
                let list = match self.program.expr(site) {
                    Expr::Array(list) => list,
                    // new Uint8Array([104, 116])
                    Expr::New { args, .. } if self.is_list(site) => {
                        let given = ir.item(args, 0)?;
                        let given = self.eval(At { inst: site.inst, expr: given }, ctx);
                        let untouched = self.additions(Atom::Object(site, ctx)).is_empty()
                            && self.dynamic_writes(Atom::Object(site, ctx), None).is_empty();
                        return if untouched { self.exact_elements(&given) } else { None };
                    }
                    _ => return None,
                };
                if ir.list(list).any(|item| matches!(ir.expr(item), Expr::Spread(_))) || ir.list(list).len() > 1 << 16 {
                    return None;
                }
                // What is pushed onto it stands in no order.
                if !self.additions(Atom::Object(site, ctx)).is_empty() {
                    return None;
                }
                let items: Vec<ExprId> = ir.list(list).collect();
                Some(items.into_iter().map(|expr| self.eval(At { inst: site.inst, expr }, ctx)).collect())
            }
            _ => None,
        }
    }

    pub(super) fn list_method(&mut self, atom: Atom, method: &str, call: At, ctx: Ctx, set: &mut Set) {
        let receiver: Value = atom.into();
        match method {
            _ if CLEAN.contains(&method) => {}
            "map" | "flatMap" => {
                if let Some(value) = self.map_exact(&receiver, call, ctx) {
                    set.add(value);
                    return;
                }
                let value = self.callback_result(call, 0, ctx);
                let value = if method == "flatMap" { self.flattened(&value, call) } else { value };
                let value = if value.is_empty() { Value::unknown() } else { value };
                let many = self.make_many(value);
                set.add(many);
            }
            "join" => {
                let between = self.argument(call, 0, ctx);
                let between = if between.atoms() == [Atom::Nothing] {
                    ",".to_owned()
                } else {
                    self.only_text(&between).unwrap_or_else(|| HOLE.to_string())
                };
                match self.exact_elements(&receiver) {
                    Some(items) if items.len() <= 1 << 14 => {
                        self.steps += (items.len() >> 3) as u64;
                        let value = self.join_many(&items, &between);
                        set.extend(&value);
                    }
                    _ => {
                        let value = self.collect(&receiver);
                        set.extend_taints(&value);
                        set.add(Atom::Unknown);
                    }
                }
            }
            "reverse" | "toReversed" => match self.exact_elements(&receiver) {
                Some(mut items) => {
                    items.reverse();
                    let list = self.make_list(items);
                    set.add(Atom::List(list));
                }
                None => set.add(atom),
            },
            "slice" => match self.exact_elements(&receiver) {
                Some(items) => {
                    let length = items.len() as f64;
                    let mut bound = |index: usize, default: f64| {
                        let value = self.argument(call, index, ctx);
                        if value.atoms() == [Atom::Nothing] { Some(default) } else { self.as_number(&value) }
                    };
                    let wrap = |at: f64| if at < 0.0 { (at + length).max(0.0) } else { at.min(length) };
                    match (bound(0, 0.0), bound(1, length)) {
                        (Some(from), Some(to)) => {
                            let (from, to) = (wrap(from) as usize, wrap(to) as usize);
                            let part = items.get(from..to.max(from)).unwrap_or(&[]).to_vec();
                            let list = self.make_list(part);
                            set.add(Atom::List(list));
                        }
                        _ => set.add(atom),
                    }
                }
                None => set.add(atom),
            },
            "concat" => {
                let mut all = self.exact_elements(&receiver);
                set.add(atom);
                for index in 0..self.argument_count(call).min(8) {
                    let value = self.argument(call, index, ctx);
                    match (&mut all, self.exact_elements(&value)) {
                        (Some(all), Some(more)) => all.extend(more),
                        _ => all = None,
                    }
                    set.extend(&value);
                }
                if let Some(all) = all {
                    let list = self.make_list(all);
                    *set = Set::new();
                    set.add(Atom::List(list));
                }
            }
            "filter" | "sort" | "toSorted" | "splice" | "flat" | "fill" | "copyWithin" | "values" | "toString" | "subarray"
            | "toSpliced" => {
                set.add(atom);
            }
            "entries" => {
                let element = self.elements(&receiver, call);
                let pair = self.make_list(vec![Value::unknown(), element]);
                let many = self.make_many(Atom::List(pair).into());
                set.add(many);
            }
            "find" | "findLast" | "pop" | "shift" | "at" | "item" | "next" | "get" => {
                let value = if method == "at" || method == "item" {
                    let key = self.argument(call, 0, ctx);
                    self.index_of(&receiver, &key, call)
                } else {
                    self.elements(&receiver, call)
                };
                set.extend(&value);
            }
            "reduce" | "reduceRight" => {
                let value = self.callback_result(call, 0, ctx);
                set.extend(&value);
                let first = self.argument(call, 1, ctx);
                set.extend(&first);
                for value in self.composed(&receiver, method == "reduceRight", call, ctx) {
                    set.extend(&value);
                }
            }
            "keys" => set.add(Atom::Unknown),
            _ => {
                let value = self.collect(&receiver);
                set.extend_taints(&value);
                set.add(Atom::Unknown);
            }
        }
    }

    fn flattened(&mut self, value: &Value, at: At) -> Value {
        let inner = self.elements(value, at);
        let mut set = Set::new();
        set.extend_taints(value);
        set.extend(&inner);
        set.finish()
    }

    fn join_many(&mut self, items: &[Value], between: &str) -> Value {
        // Long lists of single texts are joined at once.
        let parts: Option<Vec<String>> = items.iter().map(|item| self.only_text(item)).collect();
        match parts {
            Some(parts) => self.make_text(&parts.join(between)).into(),
            None if items.len() <= 64 => {
                if between.is_empty() && items.iter().all(|item| matches!(item.single(), Some(Atom::Number(_)))) {
                    return Value::unknown();
                }
                self.join(items, between)
            }
            None => {
                let mut set = Set::new();
                items.iter().for_each(|item| set.extend_taints(item));
                set.add(Atom::Unknown);
                set.finish()
            }
        }
    }

    /// `[f, g].reduce((value, each) => each(value), first)`: what comes out of each function, by way of those before.
    pub(super) fn composed(&mut self, functions: &Value, from_right: bool, call: At, ctx: Ctx) -> Vec<Value> {
        let mut items = self.exact_elements(functions).unwrap_or_default();
        if from_right {
            items.reverse();
        }
        let is_function = |item: &Value| matches!(item.single(), Some(Atom::Function(..) | Atom::Bound(_) | Atom::Host(_)));
        if items.is_empty() || items.len() > MAX_COMPOSED || !items.iter().all(is_function) {
            return Vec::new();
        }
        let Some(Atom::Function(func, outer)) = self.argument(call, 0, ctx).single() else { return Vec::new() };
        let Expr::Function(id) = self.program.expr(func) else { return Vec::new() };
        let mut value = self.argument(call, 1, ctx);
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            let args = self.make_list(vec![value, item]);
            let entered = self.enter(func.inst, id, call, Via::Values(args), ctx, outer);
            value = self.returns_of(func.inst, id, entered, call);
            found.push(value.clone());
        }
        found
    }

    /// `[1, 2].map(f)` where every element is known: what f makes of each.
    fn map_exact(&mut self, receiver: &Value, call: At, ctx: Ctx) -> Option<Atom> {
        let items = self.exact_elements(receiver)?;
        if items.len() > MAX_EACH || items.is_empty() {
            return None;
        }
        // A callback over unknown things gains nothing from being asked for each.
        if items
            .iter()
            .any(|item| item.single().is_none_or(|atom| !atom.is_plain() || matches!(atom, Atom::Unknown | Atom::Taint { .. })))
        {
            return None;
        }
        let callback = self.argument(call, 0, ctx);
        match callback.single()? {
            Atom::Function(func, outer) => {
                let Expr::Function(id) = self.program.expr(func) else { return None };
                let mut results = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let args = self.make_list(vec![item, Atom::number(index as f64).into(), receiver.clone()]);
                    let entered = self.enter(func.inst, id, call, Via::Values(args), ctx, outer);
                    results.push(self.returns_of(func.inst, id, entered, call));
                }
                Some(Atom::List(self.make_list(results)))
            }
            Atom::Host(host) => {
                let path = self.host_path(host).to_owned();
                let mut results = Vec::with_capacity(items.len());
                for item in items {
                    results.push(self.builtin_of(&path, &[item])?);
                }
                Some(Atom::List(self.make_list(results)))
            }
            _ => None,
        }
    }
}
