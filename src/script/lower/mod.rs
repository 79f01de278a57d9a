//! From the parser's tree to the table of expressions.
//!
//! One walk, no second pass: the names a scope declares are entered before its statements are walked, so each use is resolved
//! when it is met. What it resolves to is also noted in the tree itself, in the places that the parser leaves for that, so
//! that whatever looks at the tree afterwards ([`symbol_of`], [`declared_by`]) need not work it out again. Chains that bind to
//! the left (`a + b + c`, `a.b().c()`) are walked without recursion; what nests deeper than [`MAX_DEPTH`] otherwise is left
//! out and said.

mod expr;
mod function;
mod helper;
mod machine;
mod pattern;
mod statement;

use indexmap::IndexSet;
use oxc_ast::ast::{BindingIdentifier, IdentifierReference, Program};
use oxc_syntax::reference::ReferenceId;
use oxc_syntax::symbol::SymbolId as Mark;
use rustc_hash::FxBuildHasher;

use super::ir::{Expr, ExprId, Func, FuncId, FuncKind, Guard, Ir, Key, List, NONE, Prop, Symbol, SymbolId, SymbolKind};
use super::names::{Name, Names};

/// Expressions within expressions, where they are walked by recursion.
const MAX_DEPTH: u32 = 2_500;
/// No symbol.
const NO_SYMBOL: u32 = u32::MAX;

/// Lowers a parsed script.
pub fn lower(program: &Program<'_>, text: &str) -> (Ir, Names) {
    let mut lower = Lower::new(text);
    lower.program(program);
    lower.finish()
}

/// The symbol that a name in a lowered tree means; `None` for a global.
pub fn symbol_of(name: &IdentifierReference<'_>) -> Option<SymbolId> {
    name.reference_id.get().map(|mark| SymbolId(mark.index() as u32))
}

/// The symbol that a name in a lowered tree declares.
pub fn declared_by(name: &BindingIdentifier<'_>) -> Option<SymbolId> {
    name.symbol_id.get().map(|mark| SymbolId(mark.index() as u32))
}

pub(super) struct Lower<'a> {
    ir: Ir,
    names: IndexSet<&'a str, FxBuildHasher>,
    /// The symbol that each name means here.
    current: Vec<u32>,
    /// What names meant outside of the scopes that are open.
    undo: Vec<(Name, u32)>,
    writes: Vec<(SymbolId, ExprId)>,
    func: FuncId,
    /// Values returned by the functions that are open.
    returns: Vec<Vec<ExprId>>,
    /// Values thrown by the functions that are open.
    throws: Vec<Vec<ExprId>>,
    guard: u32,
    /// The function that is open, where it waits and is written as a machine.
    machine: Option<machine::Machine<'a>>,
    /// What the machine stops at that the open function runs is waited for.
    is_awaited: bool,
    /// The last write of the statement that is open, and a symbol that is to be taken for what was written into it.
    last_write: Option<(SymbolId, ExprId)>,
    instead: Option<(SymbolId, ExprId)>,
    depth: u32,
    length: u32,
}

impl<'a> Lower<'a> {
    fn new(text: &str) -> Self {
        let mut lower = Lower {
            ir: Ir::default(),
            names: IndexSet::default(),
            current: Vec::new(),
            undo: Vec::new(),
            writes: Vec::new(),
            func: FuncId(0),
            returns: vec![Vec::new()],
            throws: vec![Vec::new()],
            guard: u32::MAX,
            machine: None,
            is_awaited: false,
            last_write: None,
            instead: None,
            depth: 0,
            length: u32::try_from(text.len()).unwrap_or(u32::MAX),
        };
        lower.name("");
        // An expression is about nine bytes of text in minified code.
        lower.ir.exprs.reserve(text.len() / 10);
        lower.ir.starts.reserve(text.len() / 10);
        lower.ir.parents.reserve(text.len() / 10);
        lower.ir.owners.reserve(text.len() / 10);
        lower
    }

    fn program(&mut self, program: &Program<'a>) {
        self.ir.funcs.push(Func {
            kind: FuncKind::Script,
            is_async: false,
            parent: FuncId(0),
            class: None,
            fixed: false,
            name: Name::EMPTY,
            span: (0, self.length.max(1)),
            expr: NONE,
            params: Box::default(),
            returns: Box::default(),
            throws: Box::default(),
        });
        self.hoist(&program.body, 0);
        self.declare_block(&program.body);
        let count = self.ir.symbols.len();
        for symbol in &mut self.ir.symbols[..count] {
            symbol.top = true;
        }
        self.statements(&program.body, self.length);
        self.ir.module = program.source_type.is_module();
    }

    fn finish(mut self) -> (Ir, Names) {
        if let Some(returns) = self.returns.pop() {
            self.ir.funcs[0].returns = returns.into();
        }
        let symbols = self.ir.symbols.len();
        let writes = std::mem::take(&mut self.writes);
        (self.ir.write_starts, self.ir.writes) = rows(symbols, || writes.iter().copied());
        let exprs = std::mem::take(&mut self.ir.exprs);
        (self.ir.read_starts, self.ir.reads) = rows(symbols, || {
            exprs.iter().enumerate().filter_map(|(at, expr)| match expr {
                Expr::Local(symbol) => Some((*symbol, ExprId(at as u32))),
                _ => None,
            })
        });
        self.ir.exprs = exprs;
        self.sort();
        self.ir.further.sort_unstable();
        self.ir.used_more = vec![0; self.ir.exprs.len() / 64 + 1];
        for &(of, _) in &self.ir.further {
            self.ir.used_more[of as usize / 64] |= 1 << (of % 64);
        }
        for table in [&mut self.ir.starts, &mut self.ir.parents, &mut self.ir.lists] {
            table.shrink_to_fit();
        }
        self.ir.exprs.shrink_to_fit();
        self.ir.owners.shrink_to_fit();
        let mut names = Names::default();
        for text in &self.names {
            names.add(text);
        }
        (self.ir, names)
    }

    /// Functions are walked before the statements above them, so the tables that are searched by offset are sorted.
    fn sort(&mut self) {
        let funcs = &self.ir.funcs;
        let mut order: Vec<_> = (0..funcs.len() as u32).map(FuncId).collect();
        order.sort_by_key(|func| (funcs[func.index()].span.0, std::cmp::Reverse(funcs[func.index()].span.1), func.0));
        self.ir.func_order = order;
        let mut order: Vec<u32> = (0..self.ir.guards.len() as u32).collect();
        order.sort_by_key(|&at| (self.ir.guards[at as usize].span.0, at));
        let mut moved = vec![0; order.len()];
        for (to, &from) in order.iter().enumerate() {
            moved[from as usize] = to as u32;
        }
        let mut guards: Vec<Guard> = order.iter().map(|&at| self.ir.guards[at as usize]).collect();
        for guard in &mut guards {
            guard.outer = moved.get(guard.outer as usize).copied().unwrap_or(u32::MAX);
        }
        self.ir.guards = guards;
    }

    fn name(&mut self, text: &'a str) -> Name {
        let (index, new) = self.names.insert_full(text);
        if new {
            self.current.push(NO_SYMBOL);
        }
        Name(index as u32)
    }

    /// Adds an expression and makes it the parent of its operands.
    fn add(&mut self, expr: Expr, start: u32) -> ExprId {
        let id = ExprId(self.ir.exprs.len() as u32);
        let (parents, further) = (&mut self.ir.parents, &mut self.ir.further);
        let mut adopt = |child: ExprId| {
            if let Some(parent) = parents.get_mut(child.index()) {
                if *parent != u32::MAX {
                    further.push((child.0, *parent));
                }
                *parent = id.0;
            }
        };
        match expr {
            Expr::Member { object: a, .. }
            | Expr::Spread(a)
            | Expr::Unary { value: a, .. }
            | Expr::Write { value: a, .. }
            | Expr::Await(a)
            | Expr::Yield(a)
            | Expr::Return { value: a, .. }
            | Expr::Element(a)
            | Expr::Key(a)
            | Expr::Without { value: a, .. }
            | Expr::Import(a)
            | Expr::Use(a) => adopt(a),
            Expr::Index { object: a, index: b }
            | Expr::Binary { left: a, right: b, .. }
            | Expr::Assign { target: a, value: b } => {
                adopt(a);
                adopt(b);
            }
            Expr::Call { callee, args } | Expr::New { callee, args } => {
                adopt(callee);
                self.ir.lists[args.index() + 2..].iter().for_each(|&item| adopt(ExprId(item)));
            }
            Expr::Array(list) | Expr::Concat(list) | Expr::Any(list) => {
                self.ir.lists[list.index() + 2..].iter().for_each(|&item| adopt(ExprId(item)));
            }
            Expr::Object { first, count } => {
                for prop in &self.ir.props[first as usize..first as usize + count as usize] {
                    adopt(prop.value);
                    if let Key::Computed(key) = prop.key {
                        adopt(key);
                    }
                }
            }
            _ => {}
        }
        self.ir.exprs.push(expr);
        self.ir.starts.push(start);
        self.ir.parents.push(u32::MAX);
        self.ir.owners.push(match expr {
            Expr::Param { func, .. } | Expr::Rest { func, .. } | Expr::Return { func, .. } => func,
            Expr::Function(func) => self.ir.func(func).parent,
            _ => self.func,
        });
        if let Expr::Write { symbol, value } = expr {
            self.writes.push((symbol, value));
        }
        id
    }

    /// Adds a list. It must be used by the next expression that is added.
    fn list(&mut self, items: &[ExprId], end: u32) -> List {
        let list = List(self.ir.lists.len() as u32);
        self.ir.lists.push(items.len() as u32);
        self.ir.lists.push(end);
        self.ir.lists.extend(items.iter().map(|item| item.0));
        list
    }

    fn any(&mut self, items: &[ExprId], start: u32) -> ExprId {
        let list = self.list(items, 0);
        self.add(Expr::Any(list), start)
    }

    fn object(&mut self, props: &[Prop], start: u32) -> ExprId {
        let first = self.ir.props.len() as u32;
        self.ir.props.extend_from_slice(props);
        self.add(Expr::Object { first, count: props.len() as u32 }, start)
    }

    /// Declares a name in the scope that is open, and notes its symbol in the tree.
    fn declare(&mut self, id: &BindingIdentifier<'a>, kind: SymbolKind, scope: usize) -> SymbolId {
        let symbol = self.declare_name(id.name.as_str(), kind, scope);
        id.symbol_id.set(Some(Mark::from_usize(symbol.index())));
        symbol
    }

    /// Declares a name in the scope that is open; the same name again is the same symbol.
    fn declare_name(&mut self, text: &'a str, kind: SymbolKind, scope: usize) -> SymbolId {
        let name = self.name(text);
        let known = self.current[name.0 as usize];
        if known != NO_SYMBOL && self.undo[scope..].iter().any(|(declared, _)| *declared == name) {
            return SymbolId(known);
        }
        let symbol = SymbolId(self.ir.symbols.len() as u32);
        self.ir.symbols.push(Symbol { name, kind, func: self.func, top: false });
        self.undo.push((name, known));
        self.current[name.0 as usize] = symbol.0;
        symbol
    }

    fn leave(&mut self, scope: usize) {
        while self.undo.len() > scope {
            if let Some((name, before)) = self.undo.pop() {
                self.current[name.0 as usize] = before;
            }
        }
    }

    fn lookup(&mut self, text: &'a str) -> Result<SymbolId, Name> {
        let name = self.name(text);
        match self.current[name.0 as usize] {
            NO_SYMBOL => Err(name),
            symbol => Ok(SymbolId(symbol)),
        }
    }

    /// What a name means where it is used.
    fn refer(&mut self, id: &IdentifierReference<'a>) -> Result<SymbolId, Name> {
        let found = self.lookup(id.name.as_str());
        id.reference_id.set(found.ok().map(|symbol| ReferenceId::from_usize(symbol.index())));
        found
    }

    /// A guard over a range of the text; the caller puts `self.guard` back.
    fn guarded(&mut self, test: ExprId, negated: bool, span: (u32, u32)) {
        if self.tells(test, 0) {
            let outer = self.guard;
            self.guard = self.ir.guards.len() as u32;
            self.ir.guards.push(Guard { span, test, negated, outer });
        }
    }

    /// Whether a condition can tell anything: it compares, or asks a string.
    fn tells(&self, test: ExprId, depth: u32) -> bool {
        match self.ir.expr(test) {
            Expr::Binary { op: Op::Equal | Op::NotEqual, .. } | Expr::Call { .. } => true,
            Expr::Binary { op: Op::And | Op::Or, left, right } if depth < 8 => {
                self.tells(left, depth + 1) || self.tells(right, depth + 1)
            }
            Expr::Any(list) if depth < 8 => self.ir.list(list).any(|item| self.tells(item, depth + 1)),
            Expr::Unary { value, .. } | Expr::Await(value) if depth < 8 => self.tells(value, depth + 1),
            _ => false,
        }
    }
}

use super::ir::Op;

type Rows = (Vec<u32>, Vec<ExprId>);

/// Pairs as rows of a table, in the order of the pairs.
fn rows<I: Iterator<Item = (SymbolId, ExprId)>>(count: usize, pairs: impl Fn() -> I) -> Rows {
    let mut starts = vec![0u32; count + 1];
    let mut total = 0;
    for (symbol, _) in pairs() {
        starts[symbol.index() + 1] += 1;
        total += 1;
    }
    for at in 0..count {
        starts[at + 1] += starts[at];
    }
    let mut next = starts.clone();
    let mut items = vec![NONE; total];
    for (symbol, item) in pairs() {
        items[next[symbol.index()] as usize] = item;
        next[symbol.index()] += 1;
    }
    (starts, items)
}
