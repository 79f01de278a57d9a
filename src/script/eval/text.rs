//! Texts and numbers: what operators and the language's own functions make of constants.

use super::super::ir::Op;
use super::super::names::Name;
use super::super::program::At;
use super::{Atom, Ctx, Engine, HOLE, Set, Value};

/// Texts are cut here: a decoded library is no address.
const MAX_TEXT: usize = 1 << 18;
/// Texts that a concatenation may give.
const MAX_TEXTS: usize = 16;

impl Engine<'_, '_> {
    /// A text as an atom; counts as steps by its length.
    pub(super) fn make_text(&mut self, text: &str) -> Atom {
        self.steps += (text.len() >> 8) as u64;
        let mut end = text.len().min(MAX_TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text.get(..end).unwrap_or_default();
        Atom::Text(self.names.add(text))
    }

    /// The text that JavaScript makes of an atom, where that is known.
    pub(super) fn as_text(&self, atom: Atom) -> Option<String> {
        match atom {
            Atom::Text(name) => Some(self.text(name).to_owned()),
            Atom::Number(bits) => Some(show_number(f64::from_bits(bits))),
            Atom::Bool(value) => Some(value.to_string()),
            Atom::List(list) if !self.is_many(list) => {
                let parts: Option<Vec<String>> =
                    self.list_values(list).iter().map(|value| self.as_text(value.single()?)).collect();
                parts.map(|parts| parts.join(","))
            }
            _ => None,
        }
    }

    /// The single text of a value, where it has one only.
    pub(super) fn only_text(&self, value: &Value) -> Option<String> {
        self.as_text(value.single()?)
    }

    /// Values one after the other: every combination of their texts, with holes for what is not known.
    pub fn join(&mut self, items: &[Value], between: &str) -> Value {
        // Numbers alone are added.
        if between.is_empty() && items.len() > 1 {
            let numbers: Option<Vec<f64>> = items
                .iter()
                .map(|value| match value.single()? {
                    Atom::Number(bits) => Some(f64::from_bits(bits)),
                    _ => None,
                })
                .collect();
            if let Some(numbers) = numbers {
                return Atom::number(numbers.iter().sum()).into();
            }
        }
        let mut set = Set::new();
        let mut texts = vec![String::new()];
        for (at, item) in items.iter().enumerate() {
            set.extend_taints(item);
            let forced;
            let item = if item.atoms().iter().any(|atom| !atom.is_plain()) {
                forced = self.forced(item);
                let deep = self.collect(&forced);
                set.extend_taints(&deep);
                &forced
            } else {
                item
            };
            let mut parts: Vec<String> = Vec::new();
            let mut hole = item.is_empty();
            for atom in item.atoms() {
                match self.as_text(*atom).or_else(|| self.container_text(*atom)) {
                    Some(text) if parts.len() < MAX_TEXTS => {
                        if !parts.contains(&text) {
                            parts.push(text);
                        }
                    }
                    Some(_) => hole = true,
                    None => hole |= !matches!(atom, Atom::Nothing) || item.atoms().len() == 1,
                }
            }
            if parts.is_empty() || hole && parts.len() * texts.len() < MAX_TEXTS {
                parts.push(HOLE.to_string());
            }
            if parts.len() * texts.len() > MAX_TEXTS {
                parts = vec![HOLE.to_string()];
            }
            let glue = if at == 0 { "" } else { between };
            let longest = texts.iter().map(String::len).max().unwrap_or(0);
            if longest > MAX_TEXT {
                break;
            }
            texts = texts.iter().flat_map(|text| parts.iter().map(move |part| format!("{text}{glue}{part}"))).collect();
        }
        for text in texts {
            // Holes next to each other are one.
            let text = collapse(&text);
            if text.chars().all(|c| c == HOLE) && !text.is_empty() {
                set.add(Atom::Unknown);
            } else {
                let atom = self.make_text(&text);
                set.add(atom);
            }
        }
        set.finish()
    }

    /// The texts of an argument of a call.
    pub(super) fn argument_texts(&mut self, call: At, index: usize, ctx: Ctx) -> Vec<String> {
        let value = self.argument(call, index, ctx);
        value.texts().map(|name| self.text(name).to_owned()).collect()
    }

    /// The texts of an argument that is an address: also of `URL` and `Request` objects.
    pub(super) fn address_texts(&mut self, call: At, index: usize, ctx: Ctx) -> Vec<String> {
        let value = self.argument(call, index, ctx);
        self.addresses(&value)
    }

    /// The addresses that a value may be.
    pub fn addresses(&mut self, value: &Value) -> Vec<String> {
        let value = self.forced(value);
        let mut found = Vec::new();
        for atom in value.atoms() {
            if let Some(text) = self.as_text(*atom).or_else(|| self.container_text(*atom))
                && !found.contains(&text)
            {
                found.push(text);
            }
        }
        found
    }

    /// The texts of an argument of a method called on the same object.
    pub(super) fn method_argument_texts(&mut self, site: At, ctx: Ctx, method: &str, index: usize) -> Vec<String> {
        let mut found = Vec::new();
        for (call, ctx) in self.calls_on_site(site, ctx, method) {
            found.extend(self.address_texts(call, index, ctx));
        }
        found
    }

    /// A part of a text, as names.
    pub(super) fn texts_of(&self, value: &Value) -> Vec<Name> {
        value.texts().collect()
    }
}

fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = '\0';
    for c in text.chars() {
        if c != HOLE || last != HOLE {
            out.push(c);
        }
        last = c;
    }
    out
}

/// A number as JavaScript writes it, for the numbers that matter here.
pub(super) fn show_number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{}", value as i64) } else { format!("{value}") }
}

/// `Number(text)`.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().map(|value| value as f64);
    }
    if text.is_empty() { Some(0.0) } else { text.parse().ok().filter(|value: &f64| value.is_finite()) }
}

/// `parseInt(text, radix)`.
pub(super) fn parse_int(text: &str, radix: u32) -> Option<f64> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (radix, text) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(rest) if radix == 16 || radix == 0 => (16, rest),
        _ => (if radix == 0 { 10 } else { radix }, text),
    };
    if !(2..=36).contains(&radix) {
        return None;
    }
    let digits = text.chars().map_while(|c| c.to_digit(radix));
    let mut value = 0f64;
    let mut any = false;
    for digit in digits {
        value = value * f64::from(radix) + f64::from(digit);
        any = true;
    }
    any.then_some(if negative { -value } else { value })
}

/// `ToInt32`.
pub(super) fn to_int(value: f64) -> i32 {
    if !value.is_finite() {
        return 0;
    }
    let wrapped = value.trunc().rem_euclid(4_294_967_296.0);
    wrapped as u32 as i32
}

/// An operator on two numbers.
pub(super) fn arithmetic(op: Op, a: f64, b: f64) -> f64 {
    let (x, y) = (to_int(a), to_int(b));
    let shift = (y & 31) as u32;
    match op {
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Rem => a % b,
        Op::Pow => a.powf(b),
        Op::BitAnd => f64::from(x & y),
        Op::BitOr => f64::from(x | y),
        Op::BitXor => f64::from(x ^ y),
        Op::ShiftLeft => f64::from(x.wrapping_shl(shift)),
        Op::ShiftRight => f64::from(x.wrapping_shr(shift)),
        Op::ShiftRightZero => f64::from((x as u32).wrapping_shr(shift)),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_javascript_has_them() {
        assert_eq!(parse_int("0x1f", 0), Some(31.0));
        assert_eq!(parse_int("12px", 10), Some(12.0));
        assert_eq!(parse_int("zz", 36), Some(1295.0));
        assert_eq!(parse_int("", 10), None);
        assert_eq!(to_int(4_294_967_295.0), -1);
        assert_eq!(arithmetic(Op::BitXor, 72.0, 5.0), 77.0);
        assert_eq!(show_number(1.5), "1.5");
        assert_eq!(show_number(-3.0), "-3");
        assert_eq!(parse_number(" 0x10 "), Some(16.0));
    }
}
