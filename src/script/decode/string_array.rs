//! String arrays, as javascript-obfuscator and its many descendants write them.
//!
//! ```js
//! function table() { const words = ['n0b5', 'qwe', ...]; table = function () { return words; }; return table(); }
//! function decode(index, key) { index -= 0x1a6; return rc4(base64(table()[index]), key); }
//! (function (get, goal) { while (true) { ... words.push(words.shift()) ... } })(table, 0x95d13);
//! chrome[decode(0x1a7)][decode(0x1b7)]
//! ```
//!
//! The array is a function that replaces itself, or a plain variable that some call rotates. Everything that reaches it is
//! a decoder: functions, wrappers around them in any scope, aliases, tables of arguments. Calls of those with fixed
//! arguments are evaluated.

use std::collections::{BTreeMap, BTreeSet};

use super::sketch::{Callee, Place, Symbol, Word};
use super::{Search, Trick, Want};

pub const TRICK: Trick =
    Trick { name: "string-array", doc: "every string is looked up by number in one rotated, often encoded table", find };

/// Strings in an array that is rotated, or replaces itself, before it counts as a table.
const STRINGS: u32 = 3;

/// Function declarations before an array that are tried for the one around it.
const AROUND: usize = 8;

fn find(search: &mut Search<'_, '_>) {
    let mut tables = holders(search);
    let rotations = rotations(search, &tables);
    for (symbol, place) in &rotations {
        search.slicer.shape(*symbol, *place);
        search.claim(*place);
        tables.insert(*symbol, true);
    }
    tables.retain(|_, hidden| *hidden);
    if tables.is_empty() {
        return;
    }
    ask_calls(search, &tables);
    search.decoded.machinery.extend(rotations.iter().map(|(_, place)| *place));
    search.decoded.rotations.extend(rotations.iter().map(|(_, place)| *place));
}

/// The symbols that hold an array of strings, and whether each is a function that replaces itself.
fn holders(search: &Search<'_, '_>) -> BTreeMap<Symbol, bool> {
    let sketch = search.sketch;
    let mut values = BTreeMap::new();
    let mut functions = BTreeMap::new();
    for (symbol, definition) in &sketch.definitions {
        if definition.function {
            functions.insert(definition.place.from, (definition.place, *symbol));
        } else {
            values.insert(definition.place, *symbol);
        }
    }
    let writes =
        sketch.uses.iter().filter(|used| used.writes).filter_map(|used| used.symbol.map(|symbol| (symbol, used.place)));
    let replaced: BTreeSet<Symbol> = writes
        .filter(|(symbol, place)| {
            sketch.definitions.get(symbol).is_some_and(|found| found.function && found.place.holds(*place))
        })
        .map(|(symbol, _)| symbol)
        .collect();
    let mut holders = BTreeMap::new();
    for array in sketch.arrays.iter().filter(|array| array.strings >= STRINGS) {
        if let Some(symbol) = values.get(&array.place) {
            holders.entry(*symbol).or_insert(false);
        }
        // The innermost function declaration around the array.
        let around = functions.range(..=array.place.from).rev().take(AROUND).map(|(_, found)| found);
        if let Some((_, symbol)) = around.into_iter().find(|(place, _)| place.holds(array.place))
            && replaced.contains(symbol)
        {
            holders.insert(*symbol, true);
        }
    }
    holders
}

/// Calls of a function on the spot that get hold of a table and both push and shift: the rotation.
fn rotations(search: &Search<'_, '_>, tables: &BTreeMap<Symbol, bool>) -> Vec<(Symbol, Place)> {
    let sketch = search.sketch;
    let mut found = Vec::new();
    for call in sketch.calls.iter().filter(|call| call.callee == Callee::Function) {
        let (mut pushes, mut shifts) = (false, false);
        for word in sketch.words_in(call.place) {
            pushes |= word == Word::Push;
            shifts |= word == Word::Shift;
        }
        if !pushes || !shifts {
            continue;
        }
        let table = sketch.uses_in(call.place).iter().filter_map(|used| used.symbol).find(|symbol| {
            let outside = sketch.definitions.get(symbol).is_some_and(|definition| !call.place.holds(definition.place));
            tables.contains_key(symbol) && outside
        });
        // A bundle's wrapper holds everything, the table included; the rotation is the innermost call.
        let Some(table) = table else { continue };
        found.retain(|(_, other): &(Symbol, Place)| !other.holds(call.place));
        found.push((table, call.place));
    }
    found
}

/// Asks for every call that reaches a table by way of functions and has fixed arguments.
fn ask_calls(search: &mut Search<'_, '_>, tables: &BTreeMap<Symbol, bool>) {
    let sketch = search.sketch;
    let mut reaches: BTreeMap<Symbol, bool> = BTreeMap::new();
    let mut machinery: BTreeSet<Place> = BTreeSet::new();
    for call in &sketch.calls {
        let Callee::Symbol(symbol) = call.callee else { continue };
        if search.is_claimed(call.place) || tables.contains_key(&symbol) {
            continue;
        }
        let reaching = match reaches.get(&symbol) {
            Some(known) => *known,
            None => {
                let needs = search.slicer.needs(symbol);
                let found = needs.is_some_and(|needs| tables.keys().any(|table| needs.contains(table)));
                reaches.insert(symbol, found);
                found
            }
        };
        // An empty call is a getter of the table or of the decoder, never a string of its own.
        let asked = reaching && call.arguments.is_some() && search.ask(call.place, Want::Text);
        if asked && let Some(definition) = sketch.definitions.get(&symbol) {
            machinery.insert(definition.place);
        }
    }
    machinery.extend(tables.keys().filter_map(|table| sketch.definitions.get(table)).map(|definition| definition.place));
    search.decoded.machinery.extend(machinery);
}
