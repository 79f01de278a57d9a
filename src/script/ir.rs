//! The form in which scripts are analysed: a flat table of expressions.
//!
//! The parser's tree borrows from an arena and has some two hundred kinds of node. What the analysis asks is simpler: where
//! does this value come from? So each script is lowered once into this table, and the tree is dropped. Names are resolved to
//! symbols, destructuring is written out as member reads, templates and `+` are one thing, `?:`, `||` and defaults are one
//! thing ("any of these"), and statements are kept only as far as they move values or guard them.
//!
//! Every expression knows its parent, so that values can be followed forward too (from a function to its callers).

use super::names::Name;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The place in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// An expression of a script.
    ExprId
}
id! {
    /// A variable, parameter, function or class name, or import of a script.
    SymbolId
}
id! {
    /// A function of a script; the script itself is the first.
    FuncId
}
id! {
    /// A class of a script.
    ClassId
}
id! {
    /// A list of expressions of a script.
    List
}

/// No expression.
pub const NONE: ExprId = ExprId(u32::MAX);

/// One expression.
#[allow(missing_docs)] // The operands' names say what they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expr {
    /// Not modelled.
    Unknown,
    /// `undefined`, `void 0`.
    Undefined,
    /// `null`.
    Null,
    /// `this`.
    This,
    /// `super`.
    Super,
    /// `import.meta`.
    ImportMeta,
    /// `true`, `false`.
    Bool(bool),
    /// A number, in the script's table.
    Number(u32),
    /// A string.
    Text(Name),
    /// A regular expression.
    Regex { pattern: Name, flags: Name },
    /// A name of the script.
    Local(SymbolId),
    /// A name that the script does not declare.
    Global(Name),
    /// `object.name`, also by destructuring.
    Member { object: ExprId, name: Name },
    /// `object[index]`.
    Index { object: ExprId, index: ExprId },
    /// `callee(args)`, also tagged templates.
    Call { callee: ExprId, args: List },
    /// `new callee(args)`.
    New { callee: ExprId, args: List },
    /// A function of any form.
    Function(FuncId),
    /// A class.
    Class(ClassId),
    /// `{...}`: a range of the script's properties.
    Object { first: u32, count: u32 },
    /// `[...]`.
    Array(List),
    /// `...value` in arguments and arrays.
    Spread(ExprId),
    /// Templates and chains of `+`, in order.
    Concat(List),
    /// Another operator.
    Binary { op: Op, left: ExprId, right: ExprId },
    /// An operator with one operand.
    Unary { op: UnaryOp, value: ExprId },
    /// One of these: `?:`, `||`, `??`, the right of `&&`, defaults.
    Any(List),
    /// `target = value`, where the target is a member or a global.
    Assign { target: ExprId, value: ExprId },
    /// `symbol = value`, also declarations.
    Write { symbol: SymbolId, value: ExprId },
    /// `await value`.
    Await(ExprId),
    /// `yield value`.
    Yield(ExprId),
    /// `return value`, also the body of an arrow function.
    Return { func: FuncId, value: ExprId },
    /// A parameter as it comes in.
    Param { func: FuncId, index: u32 },
    /// The parameters from an index on, as an array; `arguments` is all of them.
    Rest { func: FuncId, index: u32 },
    /// What a loop over an iterable gives.
    Element(ExprId),
    /// What `for ... in` gives.
    Key(ExprId),
    /// The rest of a destructured object or array: without the members whose names are listed.
    Without { value: ExprId, taken: List },
    /// `import(value)`.
    Import(ExprId),
    /// The same as another expression, seen from another place.
    Use(ExprId),
}

/// Operators with two operands that values are computed with, and those that guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    Equal,
    NotEqual,
    Less,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    ShiftRightZero,
    And,
    Or,
    In,
    Other,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Plus,
    Minus,
    Not,
    BitNot,
    Typeof,
    Other,
}

/// The key of a property.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Key {
    /// A known name.
    Name(Name),
    /// `[key]`.
    Computed(ExprId),
    /// `...value`.
    Spread,
}

/// What a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PropKind {
    Value,
    Getter,
    Setter,
}

/// A property of an object literal or member of a class.
#[derive(Clone, Copy, Debug)]
pub struct Prop {
    /// Its key.
    pub key: Key,
    /// Its value: for getters and setters the function.
    pub value: ExprId,
    /// Value, getter or setter.
    pub kind: PropKind,
    /// `static`, for members of classes.
    pub fixed: bool,
}

/// What a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FuncKind {
    /// The script itself.
    Script,
    Function,
    Arrow,
    Method,
    Constructor,
    /// Initialisers of fields and static blocks of a class.
    Fields,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Func {
    /// What it is.
    pub kind: FuncKind,
    /// `async`.
    pub is_async: bool,
    /// The function around it; the script's own is itself.
    pub parent: FuncId,
    /// The class whose member it is.
    pub class: Option<ClassId>,
    /// For members of classes: `static`.
    pub fixed: bool,
    /// Its name, where it has one.
    pub name: Name,
    /// Where its text begins and ends.
    pub span: (u32, u32),
    /// The expression that creates it.
    pub expr: ExprId,
    /// The symbols of plain parameters; `u32::MAX` where it is a pattern.
    pub params: Box<[SymbolId]>,
    /// Values that it returns or yields.
    pub returns: Box<[ExprId]>,
    /// Values that it throws.
    pub throws: Box<[ExprId]>,
}

/// A class.
#[derive(Clone, Debug)]
pub struct Class {
    /// The constructor, where there is one.
    pub constructor: Option<FuncId>,
    /// `extends`.
    pub parent: ExprId,
    /// Members and fields.
    pub members: Box<[Prop]>,
    /// The expression that creates it.
    pub expr: ExprId,
}

/// What kind of name a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SymbolKind {
    Variable,
    Parameter,
    Function,
    Class,
    Import,
}

/// A name of a script.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// As written.
    pub name: Name,
    /// What it is.
    pub kind: SymbolKind,
    /// The function whose name it is.
    pub func: FuncId,
    /// Declared at the top of a script, so that other scripts of the same page see it.
    pub top: bool,
}

/// `import {name} from specifier`.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// The local name; none for `import "x"`.
    pub symbol: Option<SymbolId>,
    /// What is imported; none for `* as`.
    pub name: Option<Name>,
    /// From where.
    pub specifier: Name,
}

/// `export`.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug)]
pub enum Export {
    /// A value under a name.
    Value { name: Name, value: ExprId },
    /// A name of another module under a name; `None` is `*`.
    From { name: Option<Name>, imported: Option<Name>, specifier: Name },
}

/// A condition that holds in a range of the text.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Where the range begins and ends.
    pub span: (u32, u32),
    /// The condition.
    pub test: ExprId,
    /// It does not hold there.
    pub negated: bool,
    /// The guard around it; `u32::MAX` for none.
    pub outer: u32,
}

/// A lowered script.
#[derive(Debug, Default)]
pub struct Ir {
    /// Expressions; operands come before what uses them.
    pub exprs: Vec<Expr>,
    /// Where each begins in the text.
    pub starts: Vec<u32>,
    /// What uses each; `u32::MAX` for nothing.
    pub parents: Vec<u32>,
    /// The innermost function around each.
    pub owners: Vec<FuncId>,
    /// Further uses of expressions that are used more than once, in order: expression, what uses it.
    pub further: Vec<(u32, u32)>,
    /// One bit for each expression: whether it has further uses. Few have.
    pub used_more: Vec<u64>,
    /// Lists: the length, an offset in the text (the end, for arguments), then the items.
    pub lists: Vec<u32>,
    /// Properties of object literals.
    pub props: Vec<Prop>,
    /// Numbers.
    pub numbers: Vec<f64>,
    /// Functions in the order in which they were met; the first is the script.
    pub funcs: Vec<Func>,
    /// Functions in the order of their text.
    pub func_order: Vec<FuncId>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Symbols.
    pub symbols: Vec<Symbol>,
    /// Values written to each symbol: `writes[write_starts[s]..write_starts[s + 1]]`.
    pub writes: Vec<ExprId>,
    /// See `writes`.
    pub write_starts: Vec<u32>,
    /// Where each symbol is read, in the same form.
    pub reads: Vec<ExprId>,
    /// See `reads`.
    pub read_starts: Vec<u32>,
    /// Guards in the order of their text.
    pub guards: Vec<Guard>,
    /// Where `debugger` stands.
    pub stops: Vec<u32>,
    /// Imports.
    pub imports: Vec<Import>,
    /// Exports.
    pub exports: Vec<Export>,
    /// It has `import`, `export` or `import.meta`.
    pub module: bool,
    /// Parts left out because they nest too deeply.
    pub cut: bool,
}

impl Ir {
    /// Replaces every name by its number in another table.
    pub fn rename(&mut self, map: &[Name]) {
        let to = |name: &mut Name| *name = map.get(name.0 as usize).copied().unwrap_or(Name::EMPTY);
        for expr in &mut self.exprs {
            match expr {
                Expr::Text(name) | Expr::Global(name) | Expr::Member { name, .. } => to(name),
                Expr::Regex { pattern, flags } => {
                    to(pattern);
                    to(flags);
                }
                _ => {}
            }
        }
        let class_members = self.classes.iter_mut().flat_map(|class| class.members.iter_mut());
        for prop in self.props.iter_mut().chain(class_members) {
            if let Key::Name(name) = &mut prop.key {
                to(name);
            }
        }
        self.funcs.iter_mut().for_each(|func| to(&mut func.name));
        self.symbols.iter_mut().for_each(|symbol| to(&mut symbol.name));
        for import in &mut self.imports {
            to(&mut import.specifier);
            import.name.iter_mut().for_each(to);
        }
        for export in &mut self.exports {
            match export {
                Export::Value { name, .. } => to(name),
                Export::From { name, imported, specifier } => {
                    to(specifier);
                    name.iter_mut().for_each(to);
                    imported.iter_mut().for_each(to);
                }
            }
        }
    }

    /// An expression; unknown for one that does not exist.
    pub fn expr(&self, id: ExprId) -> Expr {
        self.exprs.get(id.index()).copied().unwrap_or(Expr::Unknown)
    }

    /// Where an expression begins.
    pub fn start(&self, id: ExprId) -> u32 {
        self.starts.get(id.index()).copied().unwrap_or(0)
    }

    /// What uses an expression.
    pub fn parent(&self, id: ExprId) -> Option<ExprId> {
        self.parents.get(id.index()).copied().filter(|&parent| parent != u32::MAX).map(ExprId)
    }

    /// Everything that uses an expression.
    pub fn uses(&self, id: ExprId) -> impl Iterator<Item = ExprId> + '_ {
        let more = self.used_more.get(id.index() / 64).is_some_and(|bits| bits >> (id.index() % 64) & 1 == 1);
        let from = if more { self.further.partition_point(|&(of, _)| of < id.0) } else { self.further.len() };
        let further = self.further.get(from..).unwrap_or(&[]).iter().take_while(move |&&(of, _)| of == id.0);
        further.map(|&(_, user)| ExprId(user)).chain(self.parent(id))
    }

    /// The items of a list.
    pub fn list(&self, list: List) -> impl ExactSizeIterator<Item = ExprId> + DoubleEndedIterator + Clone + '_ {
        let from = list.index();
        let length = self.lists.get(from).copied().unwrap_or(0) as usize;
        self.lists.get(from + 2..from + 2 + length).unwrap_or(&[]).iter().map(|&id| ExprId(id))
    }

    /// One item of a list.
    pub fn item(&self, list: List, index: usize) -> Option<ExprId> {
        self.list(list).nth(index)
    }

    /// Where the call with these arguments ends in the text.
    pub fn list_end(&self, list: List) -> u32 {
        self.lists.get(list.index() + 1).copied().unwrap_or(0)
    }

    /// The properties of an object literal.
    pub fn props(&self, first: u32, count: u32) -> &[Prop] {
        self.props.get(first as usize..first as usize + count as usize).unwrap_or(&[])
    }

    /// A function.
    pub fn func(&self, id: FuncId) -> &Func {
        // The script itself is always there.
        self.funcs.get(id.index()).unwrap_or(&self.funcs[0])
    }

    /// A symbol, where it exists.
    pub fn symbol(&self, id: SymbolId) -> Option<&Symbol> {
        self.symbols.get(id.index())
    }

    /// Values written to a symbol.
    pub fn writes(&self, id: SymbolId) -> &[ExprId] {
        row(&self.write_starts, &self.writes, id)
    }

    /// Places where a symbol is read.
    pub fn reads(&self, id: SymbolId) -> &[ExprId] {
        row(&self.read_starts, &self.reads, id)
    }

    /// The innermost function around an offset of the text.
    pub fn func_at(&self, offset: u32) -> FuncId {
        let order = self.func_order.partition_point(|&func| self.func(func).span.0 <= offset);
        let mut at = self.func_order.get(order.saturating_sub(1)).copied().unwrap_or(FuncId(0));
        while at.0 != 0 && self.func(at).span.1 <= offset {
            at = self.func(at).parent;
        }
        at
    }

    /// The innermost function around an expression.
    pub fn func_of(&self, id: ExprId) -> FuncId {
        self.owners.get(id.index()).copied().unwrap_or(FuncId(0))
    }

    /// The function whose `this` is meant inside `func`.
    pub fn this_owner(&self, mut func: FuncId) -> FuncId {
        while self.func(func).kind == FuncKind::Arrow {
            func = self.func(func).parent;
        }
        func
    }

    /// Whether `outer` is `inner` or around it.
    pub fn encloses(&self, outer: FuncId, mut inner: FuncId) -> bool {
        loop {
            if outer == inner {
                return true;
            }
            if inner.0 == 0 {
                return false;
            }
            inner = self.func(inner).parent;
        }
    }

    /// The guards around an offset, innermost first.
    pub fn guards_at(&self, offset: u32) -> impl Iterator<Item = &Guard> {
        let at = self.guards.partition_point(|guard| guard.span.0 <= offset);
        let mut next = u32::try_from(at).ok().and_then(|at| at.checked_sub(1)).unwrap_or(u32::MAX);
        std::iter::from_fn(move || {
            while let Some(guard) = self.guards.get(next as usize) {
                next = guard.outer;
                if guard.span.1 > offset && guard.span.0 <= offset {
                    return Some(guard);
                }
            }
            None
        })
    }
}

fn row<'r>(starts: &[u32], items: &'r [ExprId], id: SymbolId) -> &'r [ExprId] {
    match (starts.get(id.index()), starts.get(id.index() + 1)) {
        (Some(&from), Some(&to)) => items.get(from as usize..to as usize).unwrap_or(&[]),
        _ => &[],
    }
}
