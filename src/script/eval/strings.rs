//! Methods of texts, patterns and numbers.

use super::super::ir::Expr;
use super::super::names::Name;
use super::super::program::At;
use super::builtin::CLEAN;
use super::coder::in_radix;
use super::list::MAX_EACH;
use super::pattern::{MAX_SEARCHED, compile, regex_groups, regex_replace};
use super::{Atom, Ctx, Engine, HOLE, Set, Value, Via};

impl Engine<'_, '_> {
    pub(super) fn text_method(&mut self, text: &str, method: &str, call: At, ctx: Ctx, set: &mut Set) {
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

    pub(super) fn replace(&mut self, text: &str, all: bool, call: At, ctx: Ctx, set: &mut Set) {
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

    pub(super) fn regex_method(&mut self, pattern: Name, method: &str, call: At, ctx: Ctx, set: &mut Set) {
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

    pub(super) fn number_method(&mut self, value: f64, method: &str, call: At, ctx: Ctx, set: &mut Set) {
        if method != "toString" {
            return set.add(Atom::Unknown);
        }
        let radix = self.argument(call, 0, ctx);
        let radix = self.as_number(&radix).filter(|radix| (2.0..=36.0).contains(radix)).unwrap_or(10.0) as u32;
        let text = if radix == 10 { super::text::show_number(value) } else { in_radix(value, radix) };
        let atom = self.make_text(&text);
        set.add(atom);
    }
}
