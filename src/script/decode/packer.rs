//! Code that is put together before it is run: Dean Edwards' packer, `eval(atob(...))`, `Function(...)`, string timers, and
//! the encodings that write a script without letters (JSFuck, JJencode, AAencode).

use super::super::evaluate::Evaluate;
use super::sketch::{Creates, Place};
use super::{Decoded, Search, Trick, Want, reveal};

pub const TRICK: Trick =
    Trick { name: "packer", doc: "the script is packed as text, and run by `eval`, `Function` or a timer", find };

fn find(search: &mut Search<'_, '_>) {
    let sketch = search.sketch;
    for call in &sketch.calls {
        let Some((creates, place, literal)) = &call.code else { continue };
        match literal {
            // What stands there as it is was not hidden, but it is a script all the same. `Function('return this')` is the
            // usual way to the global object.
            Some(text) if *creates != Creates::Timer || text.contains('(') => {
                if !is_global_getter(text) {
                    reveal(&mut search.decoded, "literal", *place, text.clone());
                }
            }
            Some(_) => {}
            None if *creates == Creates::Timer && is_callback(search, *place) => {}
            None => {
                if search.ask(*place, Want::Code) {
                    search.claim(*place);
                }
            }
        }
    }
}

/// Whether the first argument of a timer is a function, as it mostly is.
fn is_callback(search: &Search<'_, '_>, place: Place) -> bool {
    let text = search.sketch.at(place);
    let name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$.".contains(&byte));
    let first = search.sketch.functions.partition_point(|function| function.from < place.from);
    name || search.sketch.functions.get(first) == Some(&place)
}

/// The usual ways to the global object, and names: nothing that acts.
fn is_global_getter(text: &str) -> bool {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace() && *c != ';').collect();
    let known = ["returnthis", "returnthis()", "(function(){returnthis})()", "returnglobalThis", "returnwindow"];
    known.contains(&squeezed.as_str()) || !text.contains(['(', '=', '`'])
}

/// Letters and digits in a thousand bytes below which a script is one of the encodings without letters.
const LETTERS_LIMIT: usize = 120;

/// Whether a script is written in symbols only.
pub fn is_symbols_only(text: &str) -> bool {
    const SHORTEST: usize = 300;
    const SAMPLE: usize = 20_000;
    if text.len() < SHORTEST {
        return false;
    }
    let head = text.get(..text.floor_char_boundary(SAMPLE)).unwrap_or(text);
    let letters = head.bytes().filter(u8::is_ascii_alphanumeric).count();
    let blank = head.bytes().filter(u8::is_ascii_whitespace).count();
    // AAencode is made of faces: Greek, kana and Cyrillic letters around a few operators.
    letters * 1_000 < (head.len() - blank) * LETTERS_LIMIT && head.bytes().any(|byte| b"[(".contains(&byte))
}

/// Runs a script that is written in symbols, and takes what it hands to `eval` or `Function`.
pub fn run(text: &str, evaluate: &dyn Evaluate, decoded: &mut Decoded) {
    let whole = Place { from: 0, to: u32::try_from(text.len()).unwrap_or(u32::MAX) };
    decoded.found += 1;
    let mut code = evaluate.unpack(text);
    // On its way such a script asks for letters: `return"\u0061"`, `return escape`, `return Date()`.
    let helper = |code: &String| code.trim_start().starts_with("return") && code.len() < 64;
    code.retain(|code| !helper(code));
    // The last step but one is often `return "the code"` in escapes; the code itself follows.
    if code.len() > 1 {
        code.retain(|code| !code.trim_start().starts_with("return"));
    }
    for code in code {
        reveal(decoded, TRICK.name, whole, code);
    }
}
