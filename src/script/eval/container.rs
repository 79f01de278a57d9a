//! Maps, sets, form data, address parts and buffers: what goes in by one method comes out by another.

use super::super::ir::Expr;
use super::super::program::At;
use super::text::to_int;
use super::{Atom, Ctx, Engine, HOLE, Set, Value};

impl Engine<'_, '_> {
    pub(super) fn container_method(&mut self, atom: Atom, method: &str, call: At, ctx: Ctx, set: &mut Set) {
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
        for &(call, ctx, from) in self.additions(atom).iter() {
            if from == 1 && key.is_some() {
                let other = self.argument(call, 0, ctx);
                if self.only_text(&other).is_some_and(|other| Some(other) != key) {
                    continue;
                }
            }
            let value = self.argument(call, from, ctx);
            set.extend(&value);
        }
        // new Map([[key, value], ...]), new FormData(form)
        if let Atom::Object(site, ctx) = atom
            && let Expr::New { args, callee } = self.program.expr(site)
            && let Some(expr) = self.ir(site.inst).item(args, 0)
        {
            let entries = self.eval(At { inst: site.inst, expr }, ctx);
            if self.is_form_data(At { inst: site.inst, expr: callee }) {
                let fields = self.form_fields(&entries, site);
                set.extend_taints(&fields);
            }
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
                value.texts().next().map(|name| self.text(name).to_owned())
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
}
