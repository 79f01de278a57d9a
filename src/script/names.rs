//! Strings as numbers: identifiers, property names and every text that the analysis meets.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// A string in a table of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub u32);

impl Name {
    /// The empty string, which every table begins with.
    pub const EMPTY: Name = Name(0);
}

/// A table of names. Equal strings have equal numbers; numbers are given in the order of first use.
#[derive(Clone, Debug)]
pub struct Names {
    set: IndexSet<Box<str>, FxBuildHasher>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Names { set: IndexSet::default() };
        names.add("");
        names
    }
}

impl Names {
    /// The number of a string.
    pub fn add(&mut self, text: &str) -> Name {
        if let Some(index) = self.set.get_index_of(text) {
            return Name(index as u32);
        }
        Name(u32::try_from(self.set.insert_full(text.into()).0).unwrap_or(0))
    }

    /// The number of a string, where it has one.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.set.get_index_of(text).map(|index| Name(index as u32))
    }

    /// The string of a number.
    pub fn text(&self, name: Name) -> &str {
        self.set.get_index(name.0 as usize).map_or("", |text| text)
    }

    /// All strings, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.set.iter().map(|text| &**text)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Never: the empty string is always there.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }
}
