//! What a fact is.

use serde::{Deserialize, Serialize};

use crate::finding::{EvidenceKind, Step};

/// A kind of fact: its name in rules, what it says, and the fields that a rule may ask about beside its value.
#[derive(Debug)]
pub struct FactKind {
    /// Kebab-case, as written in rules.
    pub name: &'static str,
    /// What a fact of this kind says, and what its value is.
    pub doc: &'static str,
    /// Named fields beside the value.
    pub fields: &'static [Field],
}

/// A named field of a kind of fact.
#[derive(Debug)]
pub struct Field {
    /// As written in rules under `where`.
    pub name: &'static str,
    /// What it holds.
    pub doc: &'static str,
}

/// How a value was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Via {
    /// It stands there as it is.
    #[default]
    Literal,
    /// It was put together or decoded from what stands there.
    Decoded,
    /// The sealed worker saw it.
    Emulated,
    /// A policy says so.
    Policy,
}

impl Via {
    /// The word in reports, and in rules as the field `via`.
    pub fn as_str(self) -> &'static str {
        match self {
            Via::Literal => "literal",
            Via::Decoded => "decoded",
            Via::Emulated => "emulated",
            Via::Policy => "policy",
        }
    }
}

/// Where a fact was read. Lines and excerpts are worked out only for facts that end up in a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// What was read.
    pub kind: EvidenceKind,
    /// Path inside the package, or on the machine.
    pub file: Option<String>,
    /// Byte offset in the file, for text that the package holds in memory.
    pub offset: Option<u32>,
    /// JSON pointer or registry key.
    pub pointer: Option<String>,
    /// A short piece of text, where the file is not held in memory.
    pub excerpt: Option<String>,
}

impl Place {
    /// A file of the package as a whole.
    pub fn file(path: impl Into<String>) -> Place {
        Place { file: Some(path.into()), ..Place::default() }
    }

    /// A byte offset in a file of the package.
    pub fn at(path: impl Into<String>, offset: u32) -> Place {
        Place { file: Some(path.into()), offset: Some(offset), ..Place::default() }
    }

    /// A JSON pointer in `manifest.json`.
    pub fn manifest(pointer: impl Into<String>) -> Place {
        Place { file: Some("manifest.json".into()), pointer: Some(pointer.into()), ..Place::default() }
    }

    /// A place outside the package: preferences, policy, registry, launcher.
    pub fn outside(kind: EvidenceKind, file: impl Into<String>, pointer: impl Into<String>) -> Place {
        Place { kind, file: Some(file.into()), pointer: Some(pointer.into()), ..Place::default() }
    }

    /// The same place with a piece of text.
    pub fn with_excerpt(mut self, text: impl Into<String>) -> Place {
        self.excerpt = Some(text.into());
        self
    }
}

/// One thing that is so.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What kind of thing.
    pub kind: &'static FactKind,
    /// The value; what it is, the kind's `doc` says.
    pub value: String,
    /// Named fields beside the value.
    pub fields: Vec<(&'static str, String)>,
    /// Where it was read.
    pub place: Place,
    /// How it was found.
    pub via: Via,
    /// The way of the data, for flows.
    pub steps: Vec<Step>,
}

impl Fact {
    /// A fact of `kind` with `value`.
    pub fn new(kind: &'static FactKind, value: impl Into<String>) -> Fact {
        Fact { kind, value: value.into(), fields: Vec::new(), place: Place::default(), via: Via::Literal, steps: Vec::new() }
    }

    /// With a named field. The field must be one that the kind declares.
    pub fn with(mut self, field: &'static str, value: impl Into<String>) -> Fact {
        debug_assert!(self.kind.fields.iter().any(|known| known.name == field), "{} has no field {field}", self.kind.name);
        self.fields.push((field, value.into()));
        self
    }

    /// At a place.
    pub fn at(mut self, place: Place) -> Fact {
        self.place = place;
        self
    }

    /// Found in another way than literally.
    pub fn via(mut self, via: Via) -> Fact {
        self.via = via;
        self
    }

    /// With the way of the data.
    pub fn steps(mut self, steps: Vec<Step>) -> Fact {
        self.steps = steps;
        self
    }

    /// The value of a named field; `via` is one of every fact.
    pub fn field(&self, name: &str) -> Option<&str> {
        if name == "via" {
            return Some(self.via.as_str());
        }
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }
}

/// The facts of one extension, profile or machine.
#[derive(Clone, Debug, Default)]
pub struct FactSet {
    facts: Vec<Fact>,
}

impl FactSet {
    /// No facts.
    pub fn new() -> FactSet {
        FactSet::default()
    }

    /// States a fact.
    pub fn push(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// All facts, in the order in which they were stated.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter()
    }

    /// The facts of a kind.
    pub fn of<'s>(&'s self, kind: &'static FactKind) -> impl Iterator<Item = &'s Fact> {
        self.facts.iter().filter(move |fact| std::ptr::eq(fact.kind, kind))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// True where nothing was stated.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }
}

impl IntoIterator for FactSet {
    type Item = Fact;
    type IntoIter = std::vec::IntoIter<Fact>;

    fn into_iter(self) -> Self::IntoIter {
        self.facts.into_iter()
    }
}

impl Extend<Fact> for FactSet {
    fn extend<T: IntoIterator<Item = Fact>>(&mut self, facts: T) {
        self.facts.extend(facts);
    }
}
