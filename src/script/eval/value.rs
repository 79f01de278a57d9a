//! Abstract values: what an expression may be.

use std::rc::Rc;

use super::super::names::Name;
use super::super::program::At;
use super::Ctx;

/// Stands in a text for a part that is not known.
pub const HOLE: char = '\u{fffc}';

/// Atoms of one kind that a value keeps; more become unknown.
const MAX_ATOMS: usize = 48;

/// One thing that an expression may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Atom {
    /// A text; parts that are not known are [`HOLE`]s.
    Text(Name),
    /// A number, as its bits.
    Number(u64),
    /// `true` or `false`.
    Bool(bool),
    /// `null` or `undefined`.
    Nothing,
    /// A regular expression; `true` for `g`.
    Regex(Name, bool),
    /// A function, by the expression that creates it, and the calls it was created in.
    Function(At, Ctx),
    /// A class.
    Class(At, Ctx),
    /// An object or array literal, or a container, by the expression that creates it.
    Object(At, Ctx),
    /// An object made by a class or constructor function, by the expression that creates that.
    Instance(At, Ctx),
    /// What `.prototype` of a class or function is.
    Prototype(At),
    /// A module's names, by instance.
    Module(u32),
    /// An array whose elements are known, in the table of lists.
    List(u32),
    /// What a module of a bundle exports, by the module's function.
    Exports(At),
    /// The object that a module of a bundle is given, by the module's function.
    ModuleObject(At),
    /// `{status, value}` of a settled promise; the value is the only one of a list.
    Settled(u32),
    /// An object literal without some of its members, in the table of those.
    Without(u32),
    /// A bound function, in the table of those.
    Bound(u32),
    /// An object of the browser, in the table of those.
    Host(u32),
    /// What another script sends or stores, in the table of messages.
    Message(u32),
    /// Data worth following: where it was taken, and the way so far.
    Taint {
        /// In the table of origins.
        origin: u32,
        /// In the table of trails.
        trail: u32,
    },
    /// Anything.
    Unknown,
}

impl Atom {
    /// A number.
    pub fn number(value: f64) -> Atom {
        Atom::Number(value.to_bits())
    }

    /// The expression that creates an object literal.
    pub fn site(self) -> Option<At> {
        match self {
            Atom::Object(at, _) => Some(at),
            _ => None,
        }
    }

    /// Whether it holds nothing further.
    pub fn is_plain(self) -> bool {
        matches!(
            self,
            Atom::Text(_)
                | Atom::Number(_)
                | Atom::Bool(_)
                | Atom::Nothing
                | Atom::Regex(..)
                | Atom::Taint { .. }
                | Atom::Unknown
        )
    }

    /// The thing itself, without the calls it was made in and the way it took.
    pub fn bare(self) -> Atom {
        match self {
            Atom::Function(at, _) => Atom::Function(at, 0),
            Atom::Class(at, _) => Atom::Class(at, 0),
            Atom::Object(at, _) => Atom::Object(at, 0),
            Atom::Instance(at, _) => Atom::Instance(at, 0),
            Atom::Taint { origin, .. } => Atom::Taint { origin, trail: 0 },
            other => other,
        }
    }

    /// Whether the two are the same thing, whatever calls it was made in, and whatever way it took.
    pub fn is_same(self, other: Atom) -> bool {
        self.bare() == other.bare()
    }
}

/// What an expression may be: a set of atoms, in the order in which they were found.
#[derive(Clone, Debug, Default)]
pub struct Value(Atoms);

/// Nearly all values are one atom, which needs no memory of its own.
#[derive(Clone, Debug, Default)]
enum Atoms {
    #[default]
    None,
    One(Atom),
    // Not `Rc<[Atom]>`: with a thin pointer a value is no larger than an atom.
    Several(Rc<Vec<Atom>>),
}

const _: () = assert!(size_of::<Value>() == 16);

impl Value {
    /// Nothing that matters: a comparison, a length.
    pub fn clean() -> Value {
        Value(Atoms::None)
    }

    /// Not known.
    pub fn unknown() -> Value {
        Atom::Unknown.into()
    }

    /// Its atoms.
    pub fn atoms(&self) -> &[Atom] {
        match &self.0 {
            Atoms::None => &[],
            Atoms::One(atom) => std::slice::from_ref(atom),
            Atoms::Several(atoms) => atoms,
        }
    }

    /// Where its atoms lie, if there are several: as long as the value is kept, no other has them there.
    pub fn place(&self) -> Option<*const Atom> {
        match &self.0 {
            Atoms::Several(atoms) => Some(atoms.as_ptr()),
            _ => None,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.atoms().is_empty()
    }

    /// Whether it may be anything.
    pub fn is_unknown(&self) -> bool {
        self.atoms().contains(&Atom::Unknown)
    }

    /// Whether data worth following is among its atoms.
    pub fn has_taint(&self) -> bool {
        self.atoms().iter().any(|atom| matches!(atom, Atom::Taint { .. }))
    }

    /// Whether it may be what another script sends or stores.
    pub fn has_message(&self) -> bool {
        self.atoms().iter().any(|atom| matches!(atom, Atom::Message(_)))
    }

    /// Whether it has an atom that is the same thing.
    pub fn has(&self, atom: Atom) -> bool {
        self.atoms().iter().any(|other| other.is_same(atom))
    }

    /// Its texts.
    pub fn texts(&self) -> impl Iterator<Item = Name> + '_ {
        self.atoms().iter().filter_map(|atom| match atom {
            Atom::Text(name) => Some(*name),
            _ => None,
        })
    }

    /// Its only atom, where it has one.
    pub fn single(&self) -> Option<Atom> {
        match self.atoms() {
            [atom] => Some(*atom),
            _ => None,
        }
    }
}

impl From<Atom> for Value {
    fn from(atom: Atom) -> Value {
        Value(Atoms::One(atom))
    }
}

/// A value that grows.
#[derive(Clone, Debug, Default)]
pub struct Set {
    atoms: Vec<Atom>,
    first: Option<Value>,
}

impl Set {
    /// Empty.
    pub fn new() -> Set {
        Set::default()
    }

    /// Adds an atom.
    pub fn add(&mut self, atom: Atom) {
        if self.is_empty() {
            self.first = Some(atom.into());
            return;
        }
        self.spill();
        self.push(atom);
    }

    /// Adds all atoms of a value.
    pub fn extend(&mut self, value: &Value) {
        if value.is_empty() {
            return;
        }
        // A union of one needs no copy.
        if self.first.is_none() && self.atoms.is_empty() {
            self.first = Some(value.clone());
            return;
        }
        self.spill();
        value.atoms().iter().for_each(|atom| self.push(*atom));
    }

    /// Adds only the data worth following, and messages that may hold some.
    pub fn extend_taints(&mut self, value: &Value) {
        for atom in value.atoms() {
            if matches!(atom, Atom::Taint { .. }) {
                self.add(*atom);
            }
        }
    }

    fn spill(&mut self) {
        if let Some(first) = self.first.take() {
            self.atoms.extend_from_slice(first.atoms());
        }
    }

    fn push(&mut self, atom: Atom) {
        if self.atoms.iter().any(|known| match (known, atom) {
            (Atom::Taint { origin: a, .. }, Atom::Taint { origin: b, .. }) => *a == b,
            _ => *known == atom,
        }) {
            return;
        }
        if self.atoms.len() >= MAX_ATOMS && !matches!(atom, Atom::Taint { .. }) {
            if !self.atoms.contains(&Atom::Unknown) {
                self.atoms.push(Atom::Unknown);
            }
            return;
        }
        if self.atoms.len() < MAX_ATOMS * 2 {
            self.atoms.push(atom);
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.first.is_none() && self.atoms.is_empty()
    }

    /// The value.
    pub fn finish(self) -> Value {
        match self.first {
            Some(first) => first,
            None => match *self.atoms {
                [] => Value::clean(),
                [atom] => atom.into(),
                _ => Value(Atoms::Several(Rc::new(self.atoms))),
            },
        }
    }
}

impl FromIterator<Atom> for Value {
    fn from_iter<T: IntoIterator<Item = Atom>>(atoms: T) -> Value {
        let mut set = Set::new();
        atoms.into_iter().for_each(|atom| set.add(atom));
        set.finish()
    }
}
