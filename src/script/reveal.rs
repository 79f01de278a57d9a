//! Puts decoded strings into a lowered script, so that all that follows reads it as if it had never been scrambled.
//!
//! Where a string was the name of a member (`o[decode(3)](x)`), the member has its name again: calls of the browser, methods of
//! classes and steps of promises are then found by name, as in any other script.

use rustc_hash::FxHashMap;

use super::ir::{Expr, ExprId, Ir, Key, List, SymbolId};
use super::names::{Name, Names};

/// Names of a name that are followed: `const key = decode(3)`, and tables of strings: `const t = { a: decode(3) }; o[t.a]`.
const MAX_DEPTH: u32 = 4;

/// Writes strings where the calls stand that make them; `strings` has them by where each call ends in the text.
pub fn reveal(ir: &mut Ir, strings: &FxHashMap<u32, Name>, names: &mut Names) {
    if strings.is_empty() {
        return;
    }
    // Operands come before what uses them.
    for number in 0..ir.exprs.len() {
        match ir.exprs[number] {
            Expr::Call { args, .. } => {
                if let Some(&text) = strings.get(&ir.list_end(args)) {
                    ir.exprs[number] = Expr::Text(text);
                }
            }
            Expr::Concat(list) => {
                if let Some(text) = joined(ir, list, names) {
                    ir.exprs[number] = Expr::Text(text);
                }
            }
            _ => {}
        }
    }
    let mut props = std::mem::take(&mut ir.props);
    props.iter_mut().for_each(|prop| name_key(ir, &mut prop.key));
    ir.props = props;
    let mut classes = std::mem::take(&mut ir.classes);
    for prop in classes.iter_mut().flat_map(|class| class.members.iter_mut()) {
        name_key(ir, &mut prop.key);
    }
    ir.classes = classes;
    for number in 0..ir.exprs.len() {
        if let Expr::Index { object, index } = ir.exprs[number]
            && let Some(name) = text_of(ir, index, 0)
        {
            ir.exprs[number] = Expr::Member { object, name };
        }
    }
}

fn name_key(ir: &Ir, key: &mut Key) {
    if let Key::Computed(expr) = *key
        && let Some(name) = text_of(ir, expr, 0)
    {
        *key = Key::Name(name);
    }
}

fn joined(ir: &Ir, list: List, names: &mut Names) -> Option<Name> {
    let mut whole = String::new();
    for item in ir.list(list) {
        whole.push_str(names.text(text_of(ir, item, 0)?));
    }
    Some(names.add(&whole))
}

/// The string that an expression is, where that is plain to see.
fn text_of(ir: &Ir, expr: ExprId, depth: u32) -> Option<Name> {
    if depth > MAX_DEPTH {
        return None;
    }
    match ir.expr(expr) {
        Expr::Text(name) => Some(name),
        Expr::Use(value) => text_of(ir, value, depth + 1),
        Expr::Local(symbol) => text_of(ir, only_value(ir, symbol)?, depth + 1),
        Expr::Member { object, name } => text_of(ir, entry(ir, object, name, depth)?, depth + 1),
        Expr::Index { object, index } => {
            let name = text_of(ir, index, depth + 1)?;
            text_of(ir, entry(ir, object, name, depth)?, depth + 1)
        }
        _ => None,
    }
}

/// What a table of constants has under a name.
fn entry(ir: &Ir, table: ExprId, name: Name, depth: u32) -> Option<ExprId> {
    let mut table = table;
    for _ in depth..MAX_DEPTH {
        match ir.expr(table) {
            Expr::Local(symbol) => table = only_value(ir, symbol)?,
            Expr::Use(value) => table = value,
            Expr::Object { first, count } => {
                return ir.props(first, count).iter().rev().find(|prop| prop.key == Key::Name(name)).map(|prop| prop.value);
            }
            _ => return None,
        }
    }
    None
}

fn only_value(ir: &Ir, symbol: SymbolId) -> Option<ExprId> {
    match *ir.writes(symbol) {
        [value] => Some(value),
        _ => None,
    }
}
