//! Code that is put into a page as text: a function of the script that is turned into its own source and called there,
//! `"(" + hook + ")()"`, and what a script element that was made on the spot is filled with. Nothing of it is hidden; but it
//! runs elsewhere than the script in which it stands.

use oxc_ast::ast::{Expression, Statement};

use super::sketch::{Becomes, Part, Place, Sketch, Symbol, Text};
use super::{CODE_LIMIT, Revealed, Runs, Search, keep};
use crate::script::unit::{Goal, with_program};

/// Pieces of one script that are looked at.
const PIECES_LIMIT: usize = 200;

/// Longest expression that makes an element, and the longest that names one.
const MADE_LIMIT: usize = 200;
const TAG_LIMIT: usize = 40;

/// Shorter texts do nothing.
const LEAST: usize = 12;

pub(super) fn find(search: &mut Search<'_, '_>) {
    let sketch = search.sketch;
    // Bytes that are put together and parsed, whether they turn out to be code or not.
    let mut room = CODE_LIMIT;
    let mut read = |found: Option<(String, u32)>| {
        let (text, at) = found.filter(|(text, _)| text.len() >= LEAST)?;
        room = room.checked_sub(text.len())?;
        with_program(&text, Goal::Either, |_| ()).ok()?;
        Some((text, at))
    };
    // Bytes of texts with a name that are looked up: hundreds of elements may be filled with the same.
    let mut named = CODE_LIMIT;
    for of in sketch.texts.iter().take(PIECES_LIMIT) {
        let Some((text, at)) = read(written(sketch, of, &mut named)).or_else(|| read(called(sketch, of))) else { continue };
        let place = Place { from: at, to: of.place.to };
        let runs = if of.becomes == Becomes::CodeForTabs { Runs::BesidePage } else { Runs::InPage };
        keep(&mut search.decoded, Revealed { text, place, runs });
    }
}

/// The text that is meant, and where in the script it begins: where a function is written out, that its lines are those of the
/// function. `None` where it is no code, as far as can be seen.
fn written(sketch: &Sketch<'_>, of: &Text, named: &mut usize) -> Option<(String, u32)> {
    let mut text = String::new();
    let mut at = None;
    for part in &of.parts {
        if text.len() > CODE_LIMIT {
            return None;
        }
        match (part, function(sketch, part)) {
            (_, Some((from, source))) => {
                at = at.or_else(|| Some(from.saturating_sub(u32::try_from(text.len()).ok()?)));
                text.push_str(source);
            }
            (Part::Literal(piece), None) => text.push_str(piece),
            (Part::Name(name), None) if of.becomes != Becomes::Unknown => match standing_text(sketch, *name, named) {
                Some((piece, from)) => {
                    at = at.or_else(|| Some(from.saturating_sub(u32::try_from(text.len()).ok()?)));
                    text.push_str(&piece);
                }
                None => text.push_str("undefined"),
            },
            // Data of the script: what it is does not change what the code does with it.
            (_, None) => text.push_str("undefined"),
        }
    }
    let is_code = match of.becomes {
        Becomes::TextOf(element) => is_script_element(sketch, element),
        Becomes::CodeForTabs | Becomes::CodeOfPage => true,
        // A text with a function in it is code by that alone.
        Becomes::Unknown => at.is_some(),
    };
    is_code.then(|| (text, at.unwrap_or(of.place.from)))
}

/// The text that a name stands for where it is written once, as it is, and where its letters begin. `room` is how many bytes may
/// still be read so.
fn standing_text(sketch: &Sketch<'_>, name: Symbol, room: &mut usize) -> Option<(String, u32)> {
    let definition = sketch.definitions.get(&name).filter(|definition| !definition.function)?;
    let written = sketch.at(definition.place);
    if !written.starts_with(['"', '\'', '`']) {
        return None;
    }
    *room = room.checked_sub(written.len())?;
    let text = with_program(&format!("({written})"), Goal::Either, |program| match program.body.first() {
        Some(Statement::ExpressionStatement(statement)) => match statement.expression.get_inner_expression() {
            Expression::StringLiteral(text) => Some(text.value.to_string()),
            Expression::TemplateLiteral(template) => template.single_quasi().map(|text| text.to_string()),
            _ => None,
        },
        _ => None,
    });
    Some((text.ok()??, definition.place.from + 1))
}

/// The function in a text, called: what is around it is hidden, or is no code.
fn called(sketch: &Sketch<'_>, of: &Text) -> Option<(String, u32)> {
    let (from, source) = of.parts.iter().find_map(|part| function(sketch, part))?;
    Some((format!("({source})()"), from.saturating_sub(1)))
}

/// Where the function is that a part writes out, and its source.
fn function<'t>(sketch: &Sketch<'t>, part: &Part) -> Option<(u32, &'t str)> {
    let place = match part {
        Part::Name(name) => {
            let definition = sketch.definitions.get(name)?;
            let is_function = definition.function || sketch.functions.binary_search(&definition.place).is_ok();
            is_function.then_some(definition.place)?
        }
        Part::Function(place) => *place,
        Part::Literal(_) | Part::Other => return None,
    };
    Some((place.from, sketch.at(place)))
}

/// Whether a name stands for a script element that the script makes.
fn is_script_element(sketch: &Sketch<'_>, name: Symbol) -> bool {
    let Some(definition) = sketch.definitions.get(&name) else { return false };
    let made = sketch.at(definition.place);
    let Some((_, given)) = made.split_once("createElement") else { return false };
    if made.len() >= MADE_LIMIT {
        return false;
    }
    // `const tag = "script"; document.createElement(tag)`
    let named = || {
        let uses = sketch.uses_in(definition.place).iter().filter_map(|used| sketch.definitions.get(&used.symbol?));
        uses.map(|definition| sketch.at(definition.place)).any(|text| text.len() < TAG_LIMIT && says_script(text))
    };
    says_script(given) || named()
}

/// Whether a text of the script is, or is put together to, the name of the element.
fn says_script(text: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphabetic).collect();
    letters.to_ascii_lowercase().contains("script")
}
