//! Functions that no object has to be there for: `atob`, `String.fromCharCode`, `JSON.parse`, `Object.assign`.

use base64::Engine as _;

use super::super::ir::Expr;
use super::super::program::At;
use super::coder::{atob, decode_percent, encode_percent, unescape};
use super::host::OWN_FILES;
use super::text::{parse_int, parse_number, to_int};
use super::{Atom, Ctx, Engine, HOLE, Indirect, Set, Value};

impl Engine<'_, '_> {
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
            // What a field shows can be read by the browser's own getter as well.
            "Object.getOwnPropertyDescriptor" if self.is_value_of_fields(call, ctx) => {
                return Some(self.host_value("FieldValue", Some((call, ctx))));
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
            "Reflect.construct" => {
                let made = self.argument(call, 0, ctx);
                let host = made.atoms().iter().find_map(|atom| if let Atom::Host(host) = *atom { Some(host) } else { None })?;
                let path = format!("new {}", self.host_path(host));
                return Some(self.reached(&path, Some((call, ctx)), call));
            }
            "Reflect.apply" => {
                let function = self.written_argument(call, 0, ctx);
                return Some(self.called_indirectly(&function, Indirect::Reflect, call, ctx).unwrap_or_else(Value::unknown));
            }
            "chrome.runtime.getURL" | "chrome.extension.getURL" => {
                let value = self.argument(call, 0, ctx);
                let base: Value = self.make_text(OWN_FILES).into();
                return Some(self.join(&[base, value], ""));
            }
            "chrome.i18n.getMessage" => {
                let name = self.argument(call, 0, ctx);
                let name = self.only_text(&name)?.to_lowercase();
                let message = self.program.packaged.message(&name)?;
                self.steps += (message.len() >> 8) as u64;
                // What is said to people says nothing here; an address or a code may be kept there as well.
                return (!message.contains(char::is_whitespace)).then(|| self.read_out(&message));
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

    /// Whether a call asks how fields give their values: `Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")`.
    fn is_value_of_fields(&mut self, call: At, ctx: Ctx) -> bool {
        const FIELDS: &[&str] = &["HTMLInputElement", "HTMLTextAreaElement"];
        let Expr::Call { args, .. } = self.program.expr(call) else { return false };
        let expr = |expr| self.program.expr(At { inst: call.inst, expr });
        let Some(Expr::Member { object, name }) = self.ir(call.inst).item(args, 0).map(expr) else { return false };
        let is_field = name == self.known.prototype
            && matches!(expr(object), Expr::Global(name) | Expr::Member { name, .. } if FIELDS.contains(&self.text(name)));
        is_field && {
            let name = self.argument(call, 1, ctx);
            self.only_text(&name).as_deref() == Some("value")
        }
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
    pub(super) fn builtin_of(&mut self, path: &str, args: &[Value]) -> Option<Value> {
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
    pub(super) fn char_codes(&self, values: &[Value]) -> Option<String> {
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
