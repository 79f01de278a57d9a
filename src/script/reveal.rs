//! Puts decoded strings into a lowered script, so that all that follows reads it as if it had never been scrambled.
//!
//! Where a string was the name of a member (`o[decode(3)](x)`), the member has its name again: calls of the browser, methods of
//! classes and steps of promises are then found by name, as in any other script.

use rustc_hash::FxHashMap;

use super::ir::{Expr, ExprId, Ir, Key, List, SymbolId};
use super::names::{Name, Names};

/// Names of a name that are followed: `const key = decode(3)`, and tables of strings: `const t = { a: decode(3) }; o[t.a]`.
const MAX_DEPTH: u32 = 4;
/// Work for each expression of a script, and what even a short one may take: letters that are joined and entries of tables that
/// are looked at. A scrambled script takes a few for each; one that doubles a string line by line would never end.
const WORK: usize = 64;
const LEAST_WORK: usize = 1 << 16;

/// Writes strings where the calls stand that make them; `strings` has them by where each call ends in the text.
pub fn reveal(ir: &mut Ir, strings: &FxHashMap<u32, Name>, names: &mut Names) {
    if strings.is_empty() {
        return;
    }
    let mut work = ir.exprs.len() * WORK + LEAST_WORK;
    // Operands come before what uses them.
    for number in 0..ir.exprs.len() {
        match ir.exprs[number] {
            Expr::Call { args, .. } | Expr::New { args, .. } => {
                if let Some(&text) = strings.get(&ir.list_end(args)) {
                    ir.exprs[number] = Expr::Text(text);
                }
            }
            Expr::Concat(list) => {
                if let Some(text) = joined(ir, list, names, &mut work) {
                    ir.exprs[number] = Expr::Text(text);
                }
            }
            _ => {}
        }
    }
    let mut props = std::mem::take(&mut ir.props);
    props.iter_mut().for_each(|prop| name_key(ir, &mut prop.key, &mut work));
    ir.props = props;
    let mut classes = std::mem::take(&mut ir.classes);
    for prop in classes.iter_mut().flat_map(|class| class.members.iter_mut()) {
        name_key(ir, &mut prop.key, &mut work);
    }
    ir.classes = classes;
    for number in 0..ir.exprs.len() {
        if let Expr::Index { object, index } = ir.exprs[number]
            && let Some(name) = text_of(ir, index, 0, &mut work)
        {
            ir.exprs[number] = Expr::Member { object, name };
        }
    }
}

fn name_key(ir: &Ir, key: &mut Key, work: &mut usize) {
    if let Key::Computed(expr) = *key
        && let Some(name) = text_of(ir, expr, 0, work)
    {
        *key = Key::Name(name);
    }
}

fn joined(ir: &Ir, list: List, names: &mut Names, work: &mut usize) -> Option<Name> {
    let mut whole = String::new();
    for item in ir.list(list) {
        let text = names.text(text_of(ir, item, 0, work)?);
        *work = work.checked_sub(text.len())?;
        whole.push_str(text);
    }
    Some(names.add(&whole))
}

/// The string that an expression is, where that is plain to see.
fn text_of(ir: &Ir, expr: ExprId, depth: u32, work: &mut usize) -> Option<Name> {
    if depth > MAX_DEPTH {
        return None;
    }
    match ir.expr(expr) {
        Expr::Text(name) => Some(name),
        Expr::Use(value) => text_of(ir, value, depth + 1, work),
        Expr::Local(symbol) => text_of(ir, only_value(ir, symbol)?, depth + 1, work),
        Expr::Member { object, name } => {
            let value = entry(ir, object, name, depth, work)?;
            text_of(ir, value, depth + 1, work)
        }
        Expr::Index { object, index } => {
            let name = text_of(ir, index, depth + 1, work)?;
            let value = entry(ir, object, name, depth, work)?;
            text_of(ir, value, depth + 1, work)
        }
        _ => None,
    }
}

/// What a table of constants has under a name.
fn entry(ir: &Ir, table: ExprId, name: Name, depth: u32, work: &mut usize) -> Option<ExprId> {
    let mut table = table;
    for _ in depth..MAX_DEPTH {
        match ir.expr(table) {
            Expr::Local(symbol) => table = only_value(ir, symbol)?,
            Expr::Use(value) => table = value,
            Expr::Object { first, count } => {
                *work = work.checked_sub(count as usize)?;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::unit::{Goal, parse};
    use super::*;

    /// A script in which each `d()` is a decoder's call that gives `xx`.
    fn revealed(text: &str) -> (Ir, Names) {
        let lowered = parse(text, Goal::Script).unwrap();
        let (mut ir, mut names) = (lowered.ir, lowered.names);
        let string = names.add("xx");
        let strings = text.match_indices("d()").map(|(at, call)| ((at + call.len()) as u32, string)).collect();
        reveal(&mut ir, &strings, &mut names);
        (ir, names)
    }

    #[test]
    fn names_are_names_again_through_constants_and_tables() {
        let (ir, mut names) = revealed("const k = d() + 'y', t = { [d()]: 'z' }; a[k]; b[t[d()]]; c[e]");
        let wanted = ["xxy", "z", "xx"].map(|name| names.add(name));
        let members = ir.exprs.iter().filter_map(|expr| match expr {
            Expr::Member { name, .. } => Some(*name),
            _ => None,
        });
        let mut members: Vec<_> = members.collect();
        members.sort();
        let mut wanted = wanted.to_vec();
        wanted.sort();
        assert_eq!(members, wanted);
        assert_eq!(ir.exprs.iter().filter(|expr| matches!(expr, Expr::Index { .. })).count(), 1, "`e` is not known");
    }

    #[test]
    fn strings_that_double_and_tables_without_end_are_left() {
        let doubling: String = (1..60).map(|line| format!("const a{line} = a{0} + a{0};", line - 1)).collect();
        let (_, names) = revealed(&format!("const a0 = d(); {doubling}"));
        assert!(names.iter().map(str::len).sum::<usize>() < 1 << 20);
        let entries: String = (0..5_000).map(|number| format!("k{number}: 1,")).collect();
        let (ir, _) = revealed(&format!("d(); const t = {{ {entries} a: 'b' }}; {}", "o[t.a];".repeat(5_000)));
        assert!(ir.exprs.iter().any(|expr| matches!(expr, Expr::Index { .. })), "five million entries are not looked at");
    }
}
