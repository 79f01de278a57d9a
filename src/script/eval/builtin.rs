//! The language's own functions: what they make of constants, lists and data.

use std::cell::RefCell;
use std::sync::LazyLock;

use base64::Engine as _;
use rustc_hash::FxHashMap;

use super::super::ir::{Expr, ExprId};
use super::super::names::Name;
use super::super::program::At;
use super::text::{parse_int, parse_number, to_int};
use super::{Atom, Ctx, Engine, HOLE, Set, Value, Via};

/// Elements of a list through which a callback is followed one by one.
const MAX_EACH: usize = 512;

/// Methods that say nothing of what they are called on.
const CLEAN: &[&str] = &[
    "indexOf",
    "lastIndexOf",
    "includes",
    "startsWith",
    "endsWith",
    "test",
    "some",
    "every",
    "has",
    "hasOwnProperty",
    "push",
    "unshift",
    "forEach",
    "localeCompare",
    "search",
    "isPrototypeOf",
    "findIndex",
    "delete",
    "clear",
    "getTime",
    "codePointAt",
    "removeEventListener",
];

impl Engine<'_, '_> {
    /// A method of texts, lists, functions and promises. True where it says all there is to say.
    pub(super) fn method(&mut self, receiver: &Value, name: Name, call: At, ctx: Ctx, set: &mut Set) -> bool {
        let method = self.text(name).to_owned();
        match method.as_str() {
            // Reflect.apply(f, this, arguments) is a function of its own.
            "apply"
                if receiver
                    .atoms()
                    .iter()
                    .any(|atom| matches!(atom, Atom::Host(host) if self.host_path(*host) == "Reflect")) =>
            {
                return false;
            }
            "call" | "apply" | "bind" => return self.function_method(receiver, &method, call, ctx, set),
            "then" | "catch" | "finally" => return self.promise_method(receiver, &method, call, ctx, set),
            _ => {}
        }
        // Only what is no object of the scripts and of the browser is meant.
        let mut rest = false;
        for atom in receiver.atoms() {
            match *atom {
                Atom::Text(text) => {
                    let text = self.text(text).to_owned();
                    self.text_method(&text, &method, call, ctx, set);
                }
                Atom::List(_) => self.list_method(*atom, &method, call, ctx, set),
                Atom::Object(site, _) if self.is_list(site) => self.list_method(*atom, &method, call, ctx, set),
                Atom::Object(site, _) if matches!(self.program.expr(site), Expr::New { .. }) => {
                    self.container_method(*atom, &method, call, ctx, set);
                }
                // Data that is only asked whether it holds something.
                Atom::Unknown | Atom::Host(_) if receiver.has_taint() && CLEAN.contains(&method.as_str()) => {}
                Atom::Host(host) if self.is_host_list(host, &method) => self.list_method(*atom, &method, call, ctx, set),
                Atom::Regex(pattern, _) => self.regex_method(pattern, &method, call, ctx, set),
                Atom::Number(bits) => self.number_method(f64::from_bits(bits), &method, call, ctx, set),
                Atom::Taint { .. } => {
                    if !CLEAN.contains(&method.as_str()) {
                        self.taint_method(*atom, &method, call, ctx, set);
                    }
                }
                Atom::Bool(_) | Atom::Nothing => {}
                Atom::Message(_) => {
                    let value = self.forced(&(*atom).into());
                    rest |= !self.method(&value, name, call, ctx, set);
                }
                _ => rest = true,
            }
        }
        !rest
    }

    fn is_list(&self, site: At) -> bool {
        match self.program.expr(site) {
            Expr::Array(_) => true,
            Expr::New { callee, .. } => {
                matches!(self.program.expr(At { inst: site.inst, expr: callee }), Expr::Global(name) if matches!(self.text(name), "Array" | "Uint8Array" | "Uint16Array" | "Uint32Array" | "Int8Array" | "Set"))
            }
            _ => false,
        }
    }

    /// Lists of the browser have the methods of lists: what `querySelectorAll` gives, cookies, tabs.
    fn is_host_list(&self, host: u32, method: &str) -> bool {
        const LIST: &[&str] = &[
            "forEach", "map", "filter", "find", "some", "every", "reduce", "slice", "sort", "flatMap", "at", "shift", "pop",
            "concat", "reverse", "entries", "values", "item", "join",
        ];
        let path = self.host_path(host);
        LIST.contains(&method) && !path.starts_with('$') && self.table.leads(&format!("{path}[]"))
    }

    fn taint_method(&mut self, atom: Atom, method: &str, call: At, ctx: Ctx, set: &mut Set) {
        set.add(atom);
        match method {
            "map" | "flatMap" | "reduce" | "replace" | "replaceAll" => {
                let value = self.callback_result(call, if method.starts_with("replace") { 1 } else { 0 }, ctx);
                set.extend_taints(&value);
            }
            "concat" | "join" => self.carried(call, ctx, set),
            _ => {}
        }
        set.add(Atom::Unknown);
    }

    /// What a callback returns, whatever it is called with.
    fn callback_result(&mut self, call: At, position: usize, ctx: Ctx) -> Value {
        let callback = self.argument(call, position, ctx);
        let mut set = Set::new();
        for atom in callback.atoms() {
            match *atom {
                Atom::Function(func, outer) => {
                    let Expr::Function(id) = self.program.expr(func) else { continue };
                    let outer = self.lexical(outer, func.inst, id);
                    let value = self.returns_of(func.inst, id, outer, call);
                    set.extend(&value);
                }
                // list.map(String), answers.map(JSON.parse)
                Atom::Host(_) => set.add(Atom::Unknown),
                _ => {}
            }
        }
        set.finish()
    }

    fn promise_method(&mut self, receiver: &Value, method: &str, call: At, ctx: Ctx, set: &mut Set) -> bool {
        // `a.then(f)`: what f returns; where f is no function, what a is.
        let callback = self.argument(call, 0, ctx);
        let mut called = false;
        for atom in callback.atoms() {
            match *atom {
                Atom::Function(func, outer) => {
                    let Expr::Function(id) = self.program.expr(func) else { continue };
                    called = true;
                    let outer = self.lexical(outer, func.inst, id);
                    let value = self.returns_of(func.inst, id, outer, call);
                    set.extend(&value);
                }
                Atom::Bound(_) => {
                    called = true;
                    self.invoke(&(*atom).into(), call, ctx, false, set);
                }
                _ => {}
            }
        }
        if method != "then" || !called {
            set.extend(receiver);
        }
        true
    }

    fn function_method(&mut self, receiver: &Value, method: &str, call: At, ctx: Ctx, set: &mut Set) -> bool {
        let mut any = false;
        for atom in receiver.atoms() {
            match (*atom, method) {
                (Atom::Function(..) | Atom::Host(_) | Atom::Bound(_), "bind") => {
                    any = true;
                    let bound = self.bind(*atom, call, ctx);
                    set.add(bound);
                }
                (Atom::Function(func, outer), _) => {
                    any = true;
                    let Expr::Function(id) = self.program.expr(func) else { continue };
                    let via = if method == "call" { Via::Call } else { Via::Apply };
                    let entered = self.enter(func.inst, id, call, via, ctx, outer);
                    let value = self.returns_of(func.inst, id, entered, call);
                    set.extend(&value);
                }
                (Atom::Host(host), _) => {
                    any = true;
                    let path = self.host_path(host).to_owned();
                    let value = self.host_applied(&path, host, method == "apply", call, ctx);
                    set.extend(&value);
                }
                _ => {}
            }
        }
        any
    }

    /// `String.fromCharCode.apply(null, list)`, `fetch.call(window, address)`.
    fn host_applied(&mut self, path: &str, host: u32, apply: bool, call: At, ctx: Ctx) -> Value {
        if path == "String.fromCharCode" || path == "String.fromCodePoint" {
            let list = self.argument(call, 1, ctx);
            let codes = if apply { self.exact_elements(&list) } else { Some(vec![list]) };
            return match codes.and_then(|codes| self.char_codes(&codes)) {
                Some(text) => self.make_text(&text).into(),
                None => Value::unknown(),
            };
        }
        if matches!(path, "Array.prototype.slice" | "Array.prototype.map" | "Array.prototype.filter" | "Array.prototype.concat")
        {
            return self.argument(call, 0, ctx);
        }
        // Methods of the browser's objects that are taken from their prototype and called on something else.
        let mut set = Set::new();
        let this = self.argument(call, 0, ctx);
        let member = path.rsplit('.').next().unwrap_or(path).to_owned();
        if path.contains(".prototype.") || path.starts_with("Element.") {
            let name = self.names.add(&member);
            let target = self.member_of_value(&this, name, call);
            for atom in target.atoms().to_vec() {
                if let Atom::Host(other) = atom {
                    let path = self.host_path(other).to_owned();
                    let value = self.reached(&format!("{path}()"), Some((call, ctx)), call);
                    set.extend(&value);
                }
            }
        }
        if set.is_empty() {
            let value = self.reached(&format!("{path}()"), Some((call, ctx)), call);
            set.extend(&value);
            let _ = host;
        }
        set.finish()
    }

    // ----------------------------------------------------------------------------------------------------------- texts

    fn text_method(&mut self, text: &str, method: &str, call: At, ctx: Ctx, set: &mut Set) {
        self.steps += (text.len() >> 10) as u64;
        let whole = !text.contains(HOLE);
        let number = |engine: &mut Self, index: usize| {
            let value = engine.argument(call, index, ctx);
            if value.atoms() == [Atom::Nothing] { None } else { engine.as_number(&value) }
        };
        let chars = || text.chars().collect::<Vec<char>>();
        let made = match method {
            "toString" | "valueOf" | "normalize" | "anchor" => Some(text.to_owned()),
            "trim" => Some(text.trim().to_owned()),
            "trimStart" | "trimLeft" => Some(text.trim_start().to_owned()),
            "trimEnd" | "trimRight" => Some(text.trim_end().to_owned()),
            "toLowerCase" | "toLocaleLowerCase" => Some(text.to_lowercase()),
            "toUpperCase" | "toLocaleUpperCase" => Some(text.to_uppercase()),
            "concat" => {
                let mut items = vec![Atom::Text(self.names.add(text)).into()];
                for index in 0..self.argument_count(call).min(16) {
                    items.push(self.argument(call, index, ctx));
                }
                let value = self.join(&items, "");
                set.extend(&value);
                return;
            }
            "replace" | "replaceAll" => return self.replace(text, method == "replaceAll", call, ctx, set),
            "split" => return self.split(text, call, ctx, set),
            "length" => None,
            _ if CLEAN.contains(&method) => return,
            _ if !whole => None,
            "charAt" | "at" => number(self, 0).or(Some(0.0)).and_then(|at| {
                let all = chars();
                let at = if at < 0.0 && method == "at" { at + all.len() as f64 } else { at };
                (at >= 0.0).then(|| all.get(at as usize).map(char::to_string).unwrap_or_default())
            }),
            "charCodeAt" => {
                let at = number(self, 0).unwrap_or(0.0);
                let code = text.encode_utf16().nth(at.max(0.0) as usize);
                return set.add(code.map_or(Atom::Unknown, |code| Atom::number(f64::from(code))));
            }
            "slice" | "substring" | "substr" => {
                let all = chars();
                let length = all.len() as f64;
                let from = number(self, 0).unwrap_or(0.0);
                let to = if self.argument_count(call) > 1 { number(self, 1) } else { Some(length) };
                to.map(|to| {
                    let wrap = |at: f64| if at < 0.0 { (at + length).max(0.0) } else { at.min(length) };
                    let (from, to) = match method {
                        "slice" => (wrap(from), wrap(to)),
                        "substring" => {
                            let (a, b) = (from.clamp(0.0, length), to.clamp(0.0, length));
                            (a.min(b), a.max(b))
                        }
                        _ => (
                            wrap(from),
                            (wrap(from) + if self.argument_count(call) > 1 { to.max(0.0) } else { length }).min(length),
                        ),
                    };
                    all.get(from as usize..(to as usize).max(from as usize)).unwrap_or(&[]).iter().collect()
                })
            }
            "repeat" => number(self, 0)
                .filter(|count| *count >= 0.0 && count * (text.len() as f64) < 65_536.0)
                .map(|count| text.repeat(count as usize)),
            "padStart" | "padEnd" => {
                let length = number(self, 0).unwrap_or(0.0).min(4096.0) as usize;
                let fill = self.argument(call, 1, ctx);
                let fill = self.only_text(&fill).filter(|fill| !fill.is_empty()).unwrap_or_else(|| " ".to_owned());
                let missing = length.saturating_sub(text.chars().count());
                let pad: String = fill.chars().cycle().take(missing).collect();
                Some(if method == "padStart" { format!("{pad}{text}") } else { format!("{text}{pad}") })
            }
            "match" | "matchAll" | "map" | "join" | "reverse" => None,
            _ => None,
        };
        match made {
            Some(made) => {
                let atom = self.make_text(&made);
                set.add(atom);
            }
            None => set.add(Atom::Unknown),
        }
    }

    fn replace(&mut self, text: &str, all: bool, call: At, ctx: Ctx, set: &mut Set) {
        let by = self.argument(call, 1, ctx);
        set.extend_taints(&by);
        let what = self.argument(call, 0, ctx);
        let by_text = self.only_text(&by);
        let done = match (what.single(), &by_text) {
            (Some(Atom::Text(what)), Some(by)) => {
                let what = self.text(what);
                Some(if all { text.replace(what, by) } else { text.replacen(what, by, 1) })
            }
            (Some(Atom::Regex(pattern, global)), Some(by)) => {
                let pattern = self.text(pattern).to_owned();
                regex_replace(text, &pattern, global || all, by)
            }
            (Some(Atom::Regex(pattern, global)), None) => {
                let pattern = self.text(pattern).to_owned();
                self.replace_each(text, &pattern, global || all, &by, (call, ctx))
            }
            _ => None,
        };
        match done {
            Some(done) => {
                let atom = self.make_text(&done);
                set.add(atom);
            }
            None => {
                let value = self.callback_result(call, 1, ctx);
                set.extend_taints(&value);
                // An address with a placeholder keeps its beginning.
                let known = match (what.single(), by.is_empty()) {
                    (Some(Atom::Text(what)), _) => {
                        let what = self.text(what).to_owned();
                        (!what.is_empty() && text.contains(&what)).then(|| text.replacen(&what, &HOLE.to_string(), 1))
                    }
                    _ => None,
                };
                match known {
                    Some(known) => {
                        let atom = self.make_text(&known);
                        set.add(atom);
                    }
                    None => set.add(Atom::Unknown),
                }
            }
        }
    }

    /// `"uggc".replace(/[a-z]/g, f)` where every match is known: what f makes of each.
    fn replace_each(&mut self, text: &str, pattern: &str, all: bool, by: &Value, (call, ctx): (At, Ctx)) -> Option<String> {
        let Atom::Function(func, outer) = by.single()? else { return None };
        let Expr::Function(id) = self.program.expr(func) else { return None };
        let regex = compile(pattern).filter(|_| text.len() <= MAX_SEARCHED && !text.contains(HOLE))?;
        let mut done = String::with_capacity(text.len());
        let mut end = 0;
        let found: Vec<_> = regex.find_iter(text).take(if all { MAX_EACH + 1 } else { 1 }).collect();
        if found.len() > MAX_EACH {
            return None;
        }
        for part in found {
            let args = vec![self.make_text(part.as_str()).into()];
            let args = self.make_list(args);
            let entered = self.enter(func.inst, id, call, Via::Values(args), ctx, outer);
            let value = self.returns_of(func.inst, id, entered, call);
            done.push_str(text.get(end..part.start())?);
            done.push_str(&self.only_text(&value).filter(|made| !made.contains(HOLE))?);
            end = part.end();
        }
        done.push_str(text.get(end..)?);
        Some(done)
    }

    fn split(&mut self, text: &str, call: At, ctx: Ctx, set: &mut Set) {
        let by = self.argument(call, 0, ctx);
        let parts: Option<Vec<String>> = match by.single() {
            _ if text.contains(HOLE) => None,
            Some(Atom::Text(by)) if self.text(by).is_empty() => Some(text.chars().map(|c| c.to_string()).collect()),
            Some(Atom::Text(by)) => Some(text.split(self.text(by)).map(str::to_owned).collect()),
            Some(Atom::Regex(pattern, _)) => {
                let pattern = self.text(pattern).to_owned();
                compile(&pattern).map(|regex| regex.split(text).map(str::to_owned).collect())
            }
            _ => None,
        };
        match parts {
            Some(parts) if parts.len() <= 1 << 16 => {
                self.steps += (parts.len() >> 4) as u64;
                let values = parts.iter().map(|part| Value::from(self.make_text(part))).collect();
                let list = self.make_list(values);
                set.add(Atom::List(list));
            }
            _ => {
                let many = self.make_many(Value::unknown());
                set.add(many);
            }
        }
    }

    fn regex_method(&mut self, pattern: Name, method: &str, call: At, ctx: Ctx, set: &mut Set) {
        if method != "exec" {
            return;
        }
        let text = self.argument(call, 0, ctx);
        set.extend_taints(&text);
        let pattern = self.text(pattern).to_owned();
        match self.only_text(&text).and_then(|text| regex_groups(&text, &pattern)) {
            Some(groups) => {
                let values = groups.iter().map(|part| Value::from(self.make_text(part))).collect();
                let list = self.make_list(values);
                set.add(Atom::List(list));
            }
            None => set.add(Atom::Unknown),
        }
    }

    fn number_method(&mut self, value: f64, method: &str, call: At, ctx: Ctx, set: &mut Set) {
        if method != "toString" {
            return set.add(Atom::Unknown);
        }
        let radix = self.argument(call, 0, ctx);
        let radix = self.as_number(&radix).filter(|radix| (2.0..=36.0).contains(radix)).unwrap_or(10.0) as u32;
        let text = if radix == 10 { super::text::show_number(value) } else { in_radix(value, radix) };
        let atom = self.make_text(&text);
        set.add(atom);
    }

    // ----------------------------------------------------------------------------------------------------------- lists

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

    fn list_method(&mut self, atom: Atom, method: &str, call: At, ctx: Ctx, set: &mut Set) {
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

    fn container_method(&mut self, atom: Atom, method: &str, call: At, ctx: Ctx, set: &mut Set) {
        let receiver: Value = atom.into();
        match method {
            "append" | "set" | "add" => set.add(atom),
            "toString" | "toJSON" | "toISOString" => {
                let deep = self.collect(&receiver);
                set.extend_taints(&deep);
                match self.container_text(atom) {
                    Some(text) => {
                        let text = self.make_text(&text);
                        set.add(text);
                    }
                    None => set.add(Atom::Unknown),
                }
            }
            "get" | "getAll" | "values" | "entries" => {
                let key = self.argument(call, 0, ctx);
                let value = self.container_get(atom, &key);
                set.extend(&value);
            }
            "forEach" => {}
            "encode" | "decode" | "serializeToString" => {
                let value = self.argument(call, 0, ctx);
                let deep = self.collect(&value);
                set.extend_taints(&deep);
                if let Some(text) = self.only_text(&value).or_else(|| self.decoded_bytes(&value)) {
                    let text = self.make_text(&text);
                    set.add(text);
                } else {
                    set.add(Atom::Unknown);
                }
            }
            "text" | "json" | "arrayBuffer" | "stream" | "slice" | "blob" | "formData" | "clone" => {
                let deep = self.collect(&receiver);
                set.extend_taints(&deep);
                set.add(Atom::Unknown);
            }
            _ => {
                let name = self.names.add(method);
                let function = self.property(atom, name);
                self.invoke(&function, call, ctx, false, set);
            }
        }
    }

    /// The text that constant bytes are.
    fn decoded_bytes(&mut self, value: &Value) -> Option<String> {
        let items = self.exact_elements(value).filter(|items| !items.is_empty())?;
        self.steps += (items.len() >> 4) as u64;
        let bytes: Option<Vec<u8>> = items.iter().map(|item| Some(to_int(self.as_number(item)?) as u8)).collect();
        String::from_utf8(bytes?).ok()
    }

    /// `map.get(key)`.
    fn container_get(&mut self, atom: Atom, key: &Value) -> Value {
        let key = self.only_text(key);
        let mut set = Set::new();
        for (call, ctx, from) in self.additions(atom) {
            if from == 1 && key.is_some() {
                let other = self.argument(call, 0, ctx);
                if self.only_text(&other).is_some_and(|other| Some(other) != key) {
                    continue;
                }
            }
            let value = self.argument(call, from, ctx);
            set.extend(&value);
        }
        // new Map([[key, value], ...])
        if let Atom::Object(site, ctx) = atom
            && let Expr::New { args, .. } = self.program.expr(site)
            && let Some(expr) = self.ir(site.inst).item(args, 0)
        {
            let entries = self.eval(At { inst: site.inst, expr }, ctx);
            let pairs = self.elements(&entries, site);
            let one = Atom::number(1.0).into();
            let value = self.index_of(&pairs, &one, site);
            set.extend(&value);
        }
        if set.is_empty() { Value::unknown() } else { set.finish() }
    }

    /// The text that an address object is.
    pub(super) fn container_text(&mut self, atom: Atom) -> Option<String> {
        let Atom::Object(site, ctx) = atom else { return None };
        let Expr::New { callee, .. } = self.program.expr(site) else { return None };
        let Expr::Global(made) = self.program.expr(At { inst: site.inst, expr: callee }) else { return None };
        let made = self.text(made).to_owned();
        match made.as_str() {
            "URL" => {
                let value = self.argument(site, 0, ctx);
                let address = value.texts().next().map(|name| self.text(name).to_owned());
                let base = self.argument(site, 1, ctx);
                let base = base.texts().next().map(|name| self.text(name).to_owned());
                match (address, base) {
                    (Some(address), _) if address.contains("://") => Some(address),
                    (Some(address), Some(base)) => {
                        let joined = url::Url::parse(&base.replace(HOLE, ""))
                            .ok()
                            .and_then(|base| base.join(&address.replace(HOLE, "")).ok());
                        Some(joined.map_or(base, |url| url.to_string()))
                    }
                    (None, Some(base)) => Some(format!("{}{HOLE}", base.trim_end_matches('/').to_owned() + "/")),
                    (address, None) => address,
                }
            }
            "Request" | "String" => {
                let value = self.argument(site, 0, ctx);
                self.only_text(&value)
            }
            "URLSearchParams" => {
                let keys: Vec<String> = self.container_keys(atom);
                Some(if keys.is_empty() {
                    HOLE.to_string()
                } else {
                    keys.iter().map(|key| format!("{key}={HOLE}")).collect::<Vec<_>>().join("&")
                })
            }
            _ => None,
        }
    }

    /// Names under which values are put into a form, a query or an object.
    pub fn container_keys(&mut self, atom: Atom) -> Vec<String> {
        let mut keys = Vec::new();
        let Atom::Object(site, ctx) = atom else { return keys };
        let ir = self.ir(site.inst);
        match ir.expr(site.expr) {
            Expr::Object { first, count } => {
                for prop in ir.props(first, count).iter().take(64) {
                    if let super::super::ir::Key::Name(name) = prop.key {
                        keys.push(self.text(name).to_owned());
                    }
                }
            }
            Expr::New { args, .. } => {
                if let Some(expr) = ir.item(args, 0) {
                    let value = self.eval(At { inst: site.inst, expr }, ctx);
                    if let Some(inner @ Atom::Object(inner_site, _)) = value.single()
                        && inner_site != site
                    {
                        keys.extend(self.container_keys(inner));
                    }
                }
                for method in ["append", "set"] {
                    for (call, ctx) in self.calls_on(atom, method) {
                        keys.extend(self.argument_texts(call, 0, ctx));
                    }
                }
            }
            _ => {}
        }
        keys
    }

    pub(super) fn url_part(&mut self, whole: &Value, part: &str, set: &mut Set) {
        let deep = self.collect(whole);
        set.extend_taints(&deep);
        let Some(text) = whole.atoms().iter().find_map(|atom| self.container_text(*atom)) else {
            return set.add(Atom::Unknown);
        };
        let made = match part {
            "href" => Some(text),
            _ if text.contains(HOLE) && part != "origin" && part != "host" && part != "hostname" => None,
            _ => url::Url::parse(&text.replace(HOLE, "x")).ok().map(|url| match part {
                "origin" => url.origin().ascii_serialization(),
                "host" | "hostname" => url.host_str().unwrap_or_default().to_owned(),
                "pathname" => url.path().to_owned(),
                "search" => url.query().map(|query| format!("?{query}")).unwrap_or_default(),
                "hash" => url.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default(),
                _ => format!("{}:", url.scheme()),
            }),
        };
        match made {
            Some(made) => {
                let atom = self.make_text(&made);
                set.add(atom);
            }
            None => set.add(Atom::Unknown),
        }
    }

    // ------------------------------------------------------------------------------------------------ global functions

    /// A function of the language, where it is one that values can be followed through.
    pub(super) fn builtin(&mut self, path: &str, call: At, ctx: Ctx) -> Option<Value> {
        match path {
            "Object.keys" | "Object.getOwnPropertyNames" | "Reflect.ownKeys" => {
                let value = self.argument(call, 0, ctx);
                let keys = self.keys(&value);
                return Some(self.make_many(keys).into());
            }
            "Object.values" => {
                let value = self.argument(call, 0, ctx);
                let parts = self.index_of(&value, &Value::clean(), call);
                let deep = self.collect(&value);
                let mut set = Set::new();
                set.extend(&parts);
                set.extend_taints(&deep);
                let many = self.make_many(set.finish());
                return Some(many.into());
            }
            "Object.entries" => {
                let value = self.argument(call, 0, ctx);
                let keys = self.keys(&value);
                let parts = self.index_of(&value, &Value::clean(), call);
                let pair = self.make_list(vec![keys, parts]);
                return Some(self.make_many(Atom::List(pair).into()).into());
            }
            "Object.fromEntries" => {
                let value = self.argument(call, 0, ctx);
                let mut set = Set::new();
                let deep = self.collect(&value);
                set.extend_taints(&deep);
                set.add(Atom::Unknown);
                return Some(set.finish());
            }
            "Object.assign"
            | "$.extend"
            | "Object.create"
            | "Object.freeze"
            | "Object.seal"
            | "structuredClone"
            | "Object.setPrototypeOf"
            | "Promise.resolve"
            | "Promise.reject"
            | "Object.preventExtensions" => {
                // The first stands for the whole; the others are added where it is read.
                let mut set = Set::new();
                for index in 0..self.argument_count(call).min(6) {
                    let value = self.argument(call, index, ctx);
                    set.extend(&value);
                }
                return Some(set.finish());
            }
            "JSON.parse" => {
                let value = self.argument(call, 0, ctx);
                // What was packed comes out again, data and all.
                if let Some(text) = self.only_text(&value) {
                    return Some(self.parse_json(&text));
                }
                return None;
            }
            "Promise.all" => return Some(self.argument(call, 0, ctx)),
            "Promise.allSettled" => {
                let value = self.argument(call, 0, ctx);
                let each = match self.exact_elements(&value) {
                    Some(items) => items.into_iter().map(|item| self.settled(item)).collect(),
                    None => {
                        let any = self.elements(&value, call);
                        let settled = self.settled(any);
                        return Some(match settled.single() {
                            Some(_) => self.make_many(settled).into(),
                            None => Value::unknown(),
                        });
                    }
                };
                return Some(Atom::List(self.make_list(each)).into());
            }
            "Promise.race" | "Promise.any" => {
                let value = self.argument(call, 0, ctx);
                return Some(self.elements(&value, call));
            }
            "Array.from" => {
                let list = self.argument(call, 0, ctx);
                if self.argument_count(call) < 2 {
                    return Some(list);
                }
                let value = self.callback_result(call, 1, ctx);
                return Some(self.make_many(value).into());
            }
            "Array.of" | "Array" => {
                let values = (0..self.argument_count(call).min(64)).map(|index| self.argument(call, index, ctx)).collect();
                return Some(Atom::List(self.make_list(values)).into());
            }
            "Reflect.get" => {
                let value = self.argument(call, 0, ctx);
                let key = self.argument(call, 1, ctx);
                return Some(self.index_of(&value, &key, call));
            }
            "Reflect.apply" => {
                let function = self.argument(call, 0, ctx);
                let mut set = Set::new();
                for atom in function.atoms() {
                    match *atom {
                        Atom::Host(host) => {
                            let path = self.host_path(host).to_owned();
                            let value = self.reached(&format!("{path}()"), Some((call, ctx)), call);
                            set.extend(&value);
                        }
                        _ => set.add(Atom::Unknown),
                    }
                }
                return Some(set.finish());
            }
            "chrome.runtime.getURL" | "chrome.extension.getURL" => {
                let value = self.argument(call, 0, ctx);
                let base: Value = self.make_text("chrome-extension://self/").into();
                return Some(self.join(&[base, value], ""));
            }
            "eval" | "Function" => {
                let value = self.argument(call, 0, ctx);
                return match self.only_text(&value).as_deref().map(str::trim) {
                    Some("this" | "return this" | "window" | "self" | "globalThis") => Some(self.host_value("", None)),
                    _ => Some(Value::unknown()),
                };
            }
            "Symbol" | "Symbol.for" => return Some(Value::clean()),
            _ => {}
        }
        let count = self.argument_count(call);
        if !is_pure(path) || count > 4096 {
            return None;
        }
        let values = self.spread_arguments(call, count, ctx);
        self.builtin_of(path, &values)
    }

    /// All arguments of a call; `...list` is its elements, where they are known.
    fn spread_arguments(&mut self, call: At, count: usize, ctx: Ctx) -> Vec<Value> {
        if let Expr::Call { args, .. } = self.program.expr(call)
            && let Some(only) = self.ir(call.inst).item(args, 0).filter(|_| count == 1)
            && let Expr::Spread(list) = self.program.expr(At { inst: call.inst, expr: only })
        {
            let list = self.eval(At { inst: call.inst, expr: list }, ctx);
            if let Some(items) = self.exact_elements(&list) {
                return items;
            }
        }
        (0..count).map(|index| self.argument(call, index, ctx)).collect()
    }

    /// A pure function of the language on values; `None` where it is none, or they are not constants.
    fn builtin_of(&mut self, path: &str, args: &[Value]) -> Option<Value> {
        let first = args.first().cloned().unwrap_or_else(|| Atom::Nothing.into());
        let text = self.only_text(&first);
        let made = match path {
            "String.fromCharCode" | "String.fromCodePoint" => {
                let spread: Vec<Value> = match args {
                    [one] => match self.exact_elements(one) {
                        Some(items) if matches!(one.single(), Some(Atom::List(_) | Atom::Object(..))) => items,
                        _ => args.to_vec(),
                    },
                    _ => args.to_vec(),
                };
                match self.char_codes(&spread) {
                    Some(text) => Some(text),
                    None => return Some(self.carried_through(args)),
                }
            }
            "atob" => {
                // Each of several texts on its own: a list of decoders' inputs.
                let mut set = Set::new();
                set.extend_taints(&first);
                for atom in first.atoms() {
                    match self.as_text(*atom).as_deref().and_then(atob) {
                        Some(text) => {
                            let atom = self.make_text(&text);
                            set.add(atom);
                        }
                        None => set.add(Atom::Unknown),
                    }
                }
                return first.atoms().iter().any(|atom| matches!(atom, Atom::Text(_))).then(|| set.finish());
            }
            "btoa" => text.filter(|text| !text.contains(HOLE)).and_then(|text| {
                let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
                bytes.map(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes))
            }),
            "unescape" => text.map(|text| unescape(&text)),
            "decodeURIComponent" | "decodeURI" => text.and_then(|text| decode_percent(&text)),
            "encodeURIComponent" | "encodeURI" | "escape" => {
                text.filter(|text| !text.contains(HOLE)).map(|text| encode_percent(&text, path))
            }
            "String" => match first.single() {
                Some(atom) => self.as_text(atom),
                None => None,
            },
            "parseInt" | "Number.parseInt" => {
                let radix = args.get(1).and_then(|value| self.as_number(value)).unwrap_or(0.0) as u32;
                return match text.and_then(|text| parse_int(&text, radix)) {
                    Some(number) => Some(Atom::number(number).into()),
                    None => Some(Value::unknown()),
                };
            }
            "Number" | "parseFloat" => {
                return match text.and_then(|text| parse_number(&text)) {
                    Some(number) => Some(Atom::number(number).into()),
                    None => Some(Value::unknown()),
                };
            }
            "Math.floor" | "Math.round" | "Math.ceil" | "Math.abs" | "Math.trunc" => {
                let number = self.as_number(&first)?;
                return Some(
                    Atom::number(match path {
                        "Math.floor" => number.floor(),
                        "Math.round" => number.round(),
                        "Math.ceil" => number.ceil(),
                        "Math.abs" => number.abs(),
                        _ => number.trunc(),
                    })
                    .into(),
                );
            }
            _ => None,
        };
        made.map(|text| self.make_text(&text).into())
    }

    /// `{status, value}` of a promise.
    fn settled(&mut self, value: Value) -> Value {
        Atom::Settled(self.make_list(vec![value])).into()
    }

    fn carried_through(&mut self, args: &[Value]) -> Value {
        let mut set = Set::new();
        for value in args {
            let deep = self.collect(value);
            set.extend_taints(&deep);
        }
        set.add(Atom::Unknown);
        set.finish()
    }

    /// The text of character codes.
    fn char_codes(&self, values: &[Value]) -> Option<String> {
        let units: Option<Vec<u16>> =
            values.iter().map(|value| Some((to_int(self.as_number(value)?) & 0xffff) as u16)).collect();
        let units = units.filter(|units| !units.is_empty())?;
        Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
    }

    /// A constant JSON text as lists and texts; objects are left out.
    fn parse_json(&mut self, text: &str) -> Value {
        match serde_json::from_str(text) {
            Ok(value) => self.json_value(&value, 0),
            Err(_) => Value::unknown(),
        }
    }

    fn json_value(&mut self, value: &serde_json::Value, depth: u32) -> Value {
        self.steps += 1;
        match value {
            serde_json::Value::String(text) => self.make_text(text).into(),
            serde_json::Value::Number(number) => Atom::number(number.as_f64().unwrap_or(0.0)).into(),
            serde_json::Value::Array(items) if depth < 8 && items.len() < 4096 => {
                let values = items.iter().map(|item| self.json_value(item, depth + 1)).collect();
                Atom::List(self.make_list(values)).into()
            }
            serde_json::Value::Object(members) if depth < 8 => {
                // Members cannot be told apart later, but none is lost.
                let mut set = Set::new();
                for member in members.values().take(64) {
                    let value = self.json_value(member, depth + 1);
                    set.extend(&value);
                }
                let many = self.make_many(set.finish());
                [many, Atom::Unknown].into_iter().collect()
            }
            _ => Value::unknown(),
        }
    }

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
                && self.host_path(host) == "Element"
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

fn is_pure(path: &str) -> bool {
    matches!(
        path,
        "String.fromCharCode"
            | "String.fromCodePoint"
            | "atob"
            | "btoa"
            | "unescape"
            | "decodeURIComponent"
            | "decodeURI"
            | "encodeURIComponent"
            | "encodeURI"
            | "escape"
            | "String"
            | "parseInt"
            | "Number.parseInt"
            | "Number"
            | "parseFloat"
            | "Math.floor"
            | "Math.round"
            | "Math.ceil"
            | "Math.abs"
            | "Math.trunc"
    )
}

/// `atob`: bytes become the characters of the same numbers.
fn atob(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if text.is_empty() || text.contains(HOLE) {
        return None;
    }
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    );
    let bytes = engine.decode(text).ok()?;
    Some(bytes.into_iter().map(char::from).collect())
}

/// `unescape`: `%41`, `%u0041`.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (digits, length) = match after.strip_prefix('u') {
            Some(wide) => (wide.get(..4), 5),
            None => (after.get(..2), 2),
        };
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn decode_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

fn encode_percent(text: &str, function: &str) -> String {
    let keep = match function {
        "encodeURIComponent" => "-_.!~*'()",
        "escape" => "@*_+-./",
        _ => ";/?:@&=+$,#-_.!~*'()",
    };
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || keep.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn in_radix(value: f64, radix: u32) -> String {
    let mut number = value.abs().trunc().min(9e15) as u64;
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((number % u64::from(radix)) as u32, radix).unwrap_or('0'));
        number /= u64::from(radix);
        if number == 0 {
            break;
        }
    }
    if value < 0.0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

/// Longest text that is searched: groups are found only step by step.
const MAX_SEARCHED: usize = 1 << 14;
/// Patterns that one thread remembers.
const MAX_PATTERNS: usize = 512;

/// A JavaScript pattern, as far as the syntax is the same; the engine is linear in the text.
fn compile(pattern: &str) -> Option<regex::Regex> {
    thread_local! {
        // Scripts ask for the same few patterns again and again, and to compile one costs more than a hundred searches.
        static KNOWN: RefCell<FxHashMap<Box<str>, Option<regex::Regex>>> = RefCell::default();
    }
    if pattern.len() > 512 {
        return None;
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(regex) = known.get(pattern) {
            return regex.clone();
        }
        if known.len() >= MAX_PATTERNS {
            known.clear();
        }
        let regex = compile_anew(pattern);
        known.insert(pattern.into(), regex.clone());
        regex
    })
}

fn compile_anew(pattern: &str) -> Option<regex::Regex> {
    let pattern = pattern.replace("\\/", "/").replace("\\-", "-").replace("\\:", ":").replace("\\=", "=");
    regex::RegexBuilder::new(&pattern).size_limit(1 << 18).build().ok()
}

fn regex_replace(text: &str, pattern: &str, all: bool, by: &str) -> Option<String> {
    let regex = compile(pattern).filter(|_| text.len() <= MAX_SEARCHED)?;
    // `$1` and `$&` are written differently; `${1}` cannot run into what follows.
    static REFERENCES: LazyLock<Option<regex::Regex>> = LazyLock::new(|| regex::Regex::new(r"\$(\d|&)").ok());
    let by = REFERENCES.as_ref()?.replace_all(by, |group: &regex::Captures<'_>| {
        let which = group.get(1).map_or("0", |group| group.as_str());
        format!("${{{}}}", if which == "&" { "0" } else { which })
    });
    let done = if all { regex.replace_all(text, by.as_ref()) } else { regex.replace(text, by.as_ref()) };
    (done.len() < 1 << 20).then(|| done.into_owned())
}

fn regex_groups(text: &str, pattern: &str) -> Option<Vec<String>> {
    let regex = compile(pattern).filter(|_| text.len() <= MAX_SEARCHED)?;
    let found = regex.captures(text)?;
    Some(found.iter().map(|group| group.map_or(String::new(), |group| group.as_str().to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_own_decoders() {
        assert_eq!(atob("aHR0cHM6Ly9hLmludmFsaWQ").as_deref(), Some("https://a.invalid"));
        assert_eq!(atob("aHR0 cHM6\n").as_deref(), Some("https:"));
        assert_eq!(atob("%%"), None);
        assert_eq!(unescape("%68%u0074tp%"), "http%");
        assert_eq!(decode_percent("%68ttp%3A").as_deref(), Some("http:"));
        assert_eq!(decode_percent("%zz"), None);
        assert_eq!(encode_percent("a b/", "encodeURIComponent"), "a%20b%2F");
        assert_eq!(in_radix(255.0, 16), "ff");
        assert_eq!(regex_replace("h_t_t_p", "_", true, "").as_deref(), Some("http"));
        assert_eq!(regex_replace("ab", "(a)(b)", false, "$2$1").as_deref(), Some("ba"));
    }
}
