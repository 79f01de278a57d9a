//! Closed slices: the part of a script that an expression needs, cut out so that it can be run elsewhere.
//!
//! An expression is *closed* when every name in it leads to a function or a value of the script that is closed too, or to a
//! function of the language itself. Nothing of a browser, no parameter, nothing that changes later. Names are replaced by
//! unique ones, because a slice joins pieces of different scopes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use rustc_hash::FxHashMap;

use super::sketch::{Place, Sketch, Symbol};

/// Globals that decide nothing but by their arguments.
const LANGUAGE: &[&str] = &[
    "Array",
    "ArrayBuffer",
    "BigInt",
    "Boolean",
    "DataView",
    "Date",
    "Error",
    "Function",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "Proxy",
    "RangeError",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "SyntaxError",
    "TextDecoder",
    "TextEncoder",
    "TypeError",
    "URIError",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakSet",
    "arguments",
    "atob",
    "btoa",
    "console",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "globalThis",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "self",
    "undefined",
    "unescape",
    "window",
];

/// Most names that one slice may need.
const NAMES_LIMIT: usize = 50_000;

/// Most bytes of a slice.
const SLICE_LIMIT: usize = 16 << 20;

/// Works out what is closed, and cuts it out.
pub struct Slicer<'s, 't> {
    sketch: &'s Sketch<'t>,
    /// For each symbol that was asked for: what it needs directly, or `None` where it is not closed.
    direct: FxHashMap<Symbol, Option<Vec<Symbol>>>,
    /// Calls that bring a symbol's value into shape before anybody may use it: the rotation of an array.
    shapers: FxHashMap<Symbol, Vec<Place>>,
    /// Everything that a symbol needs, where it was asked for.
    needs: FxHashMap<Symbol, Option<std::rc::Rc<BTreeSet<Symbol>>>>,
}

impl<'s, 't> Slicer<'s, 't> {
    /// For one script.
    pub fn new(sketch: &'s Sketch<'t>) -> Self {
        Slicer { sketch, direct: FxHashMap::default(), shapers: FxHashMap::default(), needs: FxHashMap::default() }
    }

    /// Says that a call at `place` must run before `symbol` is used. A call that is not closed is left out.
    pub fn shape(&mut self, symbol: Symbol, place: Place) {
        if self.direct_of(place).is_some() {
            self.shapers.entry(symbol).or_default().push(place);
            self.direct.remove(&symbol);
            self.needs.clear();
        }
    }

    /// The symbols outside of `place` that the text there needs; `None` where it is not closed.
    fn direct_of(&self, place: Place) -> Option<Vec<Symbol>> {
        if !self.sketch.is_free(place) {
            return None;
        }
        let mut symbols = BTreeSet::new();
        for used in self.sketch.uses_in(place) {
            match used.symbol {
                None if LANGUAGE.binary_search(&self.sketch.at(used.place)).is_ok() => {}
                None => return None,
                Some(symbol) => {
                    let declared = *self.sketch.declared.get(symbol as usize)?;
                    if !place.holds(declared) {
                        self.sketch.definitions.get(&symbol)?;
                        symbols.insert(symbol);
                    }
                }
            }
        }
        Some(symbols.into_iter().collect())
    }

    /// What a symbol needs directly.
    fn direct(&mut self, symbol: Symbol) -> Option<&[Symbol]> {
        if !self.direct.contains_key(&symbol) {
            let found = self.sketch.definitions.get(&symbol).and_then(|definition| self.direct_of(definition.place));
            let found = found.map(|mut symbols| {
                for shaper in self.shapers.get(&symbol).into_iter().flatten() {
                    symbols.extend(self.direct_of(*shaper).unwrap_or_default());
                }
                symbols.retain(|other| *other != symbol);
                symbols
            });
            self.direct.insert(symbol, found);
        }
        self.direct.get(&symbol)?.as_deref()
    }

    /// Everything that a symbol needs, itself included; `None` where something of it is not closed.
    pub fn needs(&mut self, symbol: Symbol) -> Option<std::rc::Rc<BTreeSet<Symbol>>> {
        if let Some(known) = self.needs.get(&symbol) {
            return known.clone();
        }
        let found = self.reach(vec![symbol]).map(std::rc::Rc::new);
        self.needs.insert(symbol, found.clone());
        found
    }

    /// Everything that the text at `place` needs; `None` where it is not closed.
    pub fn needs_at(&mut self, place: Place) -> Option<BTreeSet<Symbol>> {
        let mut all = BTreeSet::new();
        for symbol in self.direct_of(place)? {
            all.extend(self.needs(symbol)?.iter().copied());
        }
        Some(all)
    }

    fn reach(&mut self, mut open: Vec<Symbol>) -> Option<BTreeSet<Symbol>> {
        let mut seen = BTreeSet::new();
        while let Some(symbol) = open.pop() {
            if seen.insert(symbol) {
                open.extend_from_slice(self.direct(symbol)?);
                if seen.len() > NAMES_LIMIT {
                    return None;
                }
            }
        }
        Some(seen)
    }

    /// The text at `place` with unique names for `symbols`.
    pub fn text(&self, place: Place, symbols: &BTreeSet<Symbol>) -> String {
        let mut changes = BTreeMap::new();
        for used in self.sketch.uses_in(place) {
            if let Some(symbol) = used.symbol.filter(|symbol| symbols.contains(symbol)) {
                changes.insert(used.place, (symbol, used.shorthand));
            }
        }
        for (name, symbol) in self.sketch.names_in(place) {
            if symbols.contains(symbol) {
                changes.insert(*name, (*symbol, false));
            }
        }
        let mut out = String::with_capacity(place.size() + changes.len() * 4);
        let mut at = place.from;
        for (name, (symbol, shorthand)) in changes {
            out.push_str(self.sketch.at(Place { from: at, to: name.from }));
            if shorthand {
                out.push_str(self.sketch.at(name));
                out.push(':');
            }
            let _ = write!(out, "$${symbol}");
            at = name.to;
        }
        out.push_str(self.sketch.at(Place { from: at, to: place.to }));
        out
    }

    /// The definitions of `symbols` as a script of its own; `None` where it would become too long.
    pub fn prelude(&self, symbols: &BTreeSet<Symbol>) -> Option<String> {
        let mut functions = String::new();
        let mut plain = String::new();
        let mut shapers = BTreeSet::new();
        let mut called = String::new();
        for symbol in self.in_order(symbols) {
            let Some(definition) = self.sketch.definitions.get(&symbol) else { continue };
            let text = self.text(definition.place, symbols);
            let _ = if definition.function {
                writeln!(functions, "{text}")
            } else if self.runs_at_once(definition.place) {
                writeln!(called, "var $${symbol};try{{$${symbol}=({text})}}catch{{}}")
            } else {
                writeln!(plain, "var $${symbol}=({text});")
            };
            shapers.extend(self.shapers.get(&symbol).into_iter().flatten().copied());
            if functions.len() + plain.len() + called.len() > SLICE_LIMIT {
                return None;
            }
        }
        for place in shapers {
            let _ = writeln!(plain, "try{{({})}}catch{{}}", self.text(place, symbols));
        }
        functions.push_str(&plain);
        functions.push_str(&called);
        Some(functions)
    }

    /// The symbols, each behind what it needs as far as that can be had.
    fn in_order(&self, symbols: &BTreeSet<Symbol>) -> Vec<Symbol> {
        let mut ordered = Vec::with_capacity(symbols.len());
        let mut seen = BTreeSet::new();
        for root in symbols {
            let mut stack = vec![(*root, false)];
            while let Some((symbol, done)) = stack.pop() {
                if done {
                    ordered.push(symbol);
                } else if seen.insert(symbol) {
                    stack.push((symbol, true));
                    let needed = self.direct.get(&symbol).and_then(Option::as_deref).unwrap_or_default();
                    stack.extend(needed.iter().rev().filter(|next| symbols.contains(next)).map(|next| (*next, false)));
                }
            }
        }
        ordered
    }

    /// Whether working out the value at `place` calls something, rather than only writing a function down.
    fn runs_at_once(&self, place: Place) -> bool {
        let calls = &self.sketch.calls;
        let from = calls.partition_point(|call| call.place.from < place.from);
        let functions = &self.sketch.functions;
        let first = functions.partition_point(|function| function.from < place.from);
        calls.iter().skip(from).take_while(|call| call.place.from < place.to).any(|call| {
            let around = functions.iter().skip(first).take_while(|function| function.from <= call.place.from);
            !around.into_iter().any(|function| function.holds(call.place))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_globals_is_sorted() {
        assert!(LANGUAGE.is_sorted());
    }
}
