//! The script's own decoders: a function that turns encoded text into text, whatever it does, called with fixed arguments.
//!
//! ```js
//! function d(s, k) { let r = ''; for (let i = 0; i < s.length; i += 2) r += String.fromCharCode(parseInt(s.substr(i, 2), 16) ^ k); return r; }
//! fetch(d('3f2323', 0x57))
//! ```

use std::collections::BTreeMap;

use super::sketch::{Callee, Word};
use super::{Search, Trick, Want, hands_over_encoded};

pub const TRICK: Trick =
    Trick { name: "helper", doc: "strings are decoded by a function of the script's own: XOR, hex, shifted letters", find };

fn find(search: &mut Search<'_, '_>) {
    let sketch = search.sketch;
    let mut decoders = BTreeMap::new();
    for call in &sketch.calls {
        let Callee::Symbol(symbol) = call.callee else { continue };
        if call.dropped || search.is_claimed(call.place) || !hands_over_encoded(call, sketch) {
            continue;
        }
        let decoder = match decoders.get(&symbol) {
            Some(known) => *known,
            None => {
                let needs = search.slicer.needs(symbol);
                let found = needs.is_some_and(|needs| {
                    let places = needs.iter().filter_map(|need| sketch.definitions.get(need)).map(|found| found.place);
                    places.into_iter().any(|place| sketch.words_in(place).any(decodes))
                });
                decoders.insert(symbol, found);
                found
            }
        };
        if decoder {
            search.ask(call.place, Want::Text);
        }
    }
}

/// Words that make text out of something else.
fn decodes(word: Word) -> bool {
    matches!(word, Word::FromCode | Word::CodeAt | Word::Base64 | Word::Unescape | Word::Number)
}
