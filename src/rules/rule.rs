//! What a rule is, once it has been read.

use std::collections::BTreeMap;
use std::ops::Range;

use regex::Regex;

use crate::extract::{Fact, FactKind};
use crate::finding::{Confidence, Leg, Severity, Verdict};

/// One rule: prose, a condition, and the cases that prove it.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Kebab-case; the file's name.
    pub id: String,
    /// English words.
    pub text: Text,
    /// The same in other languages, by language code.
    pub translations: BTreeMap<String, Text>,
    /// The kind of ground it stands on.
    pub leg: Leg,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The family that it names.
    pub family: Option<FamilyName>,
    /// MITRE ATT&CK technique ids.
    pub attack: Vec<String>,
    /// What it looks at, and how near its facts must be.
    pub scopes: Vec<Scope>,
    /// What a finding amounts to on its own.
    pub verdict: Verdict,
    /// A finding of this rule is a theft: data of the user reaches a foreign place.
    pub theft: bool,
    /// A building block for other rules: yields no finding.
    pub hidden: bool,
    /// Who trips it in innocence.
    pub benign: String,
    /// Where it is documented.
    pub references: Vec<String>,
    /// When it is true.
    pub condition: Condition,
    /// What proves it.
    pub cases: Vec<Case>,
    /// Where it was read.
    pub origin: Origin,
}

impl Rule {
    /// The words in a language, English where there are none.
    pub fn text(&self, language: &str) -> &Text {
        self.translations.get(language).unwrap_or(&self.text)
    }

    /// The ids of the rules that this one builds on.
    pub fn needs(&self) -> Vec<&str> {
        let mut ids = Vec::new();
        self.condition.visit(&mut |condition| {
            if let Condition::Rule { id, .. } = condition {
                ids.push(id.as_str());
            }
        });
        ids
    }

    /// The kinds of fact that it asks for.
    pub fn kinds(&self) -> Vec<&'static FactKind> {
        let mut kinds = Vec::new();
        self.condition.visit(&mut |condition| {
            if let Condition::Fact(test) = condition {
                kinds.push(test.kind);
            }
        });
        kinds
    }
}

/// The words of a rule that a person reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Fits on a table row.
    pub title: String,
    /// One sentence that a help desk understands.
    pub why: String,
    /// What to do.
    pub remediation: String,
}

/// How a rule names a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FamilyName {
    /// Always the same.
    Fixed(String),
    /// What a field of the matched fact says; a finding for each family.
    Field(String),
}

/// Where a rule was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Compiled in; the path below `signatures/`.
    BuiltIn(String),
    /// A file of the user.
    User(String),
}

impl Origin {
    /// The path as it was named.
    pub fn path(&self) -> &str {
        match self {
            Origin::BuiltIn(path) | Origin::User(path) => path,
        }
    }
}

/// What a rule looks at, and how near to each other its facts must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Anywhere in one extension.
    Extension,
    /// In one file of an extension.
    File,
    /// In one world (content script, worker, page) of an extension.
    World,
    /// One flow, and what lies in the files that it passes.
    Flow,
    /// A profile.
    Profile,
    /// The machine.
    Machine,
}

impl Scope {
    /// All of them, with their words.
    pub const WORDS: &'static [(&'static str, Scope)] = &[
        ("extension", Scope::Extension),
        ("file", Scope::File),
        ("world", Scope::World),
        ("flow", Scope::Flow),
        ("profile", Scope::Profile),
        ("machine", Scope::Machine),
    ];

    /// The word in rules.
    pub fn as_str(self) -> &'static str {
        Scope::WORDS.iter().find(|(_, scope)| *scope == self).map_or("extension", |(word, _)| word)
    }

    /// What is looked at: an extension, a profile or the machine.
    pub fn target(self) -> Scope {
        match self {
            Scope::File | Scope::World | Scope::Flow => Scope::Extension,
            other => other,
        }
    }
}

/// A boolean tree over facts.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Every part is true.
    All(Vec<Condition>),
    /// At least one part is true.
    Any(Vec<Condition>),
    /// The part is not true. Only for what speaks in favour, and beside something that is true.
    Not(Box<Condition>),
    /// So many parts are true.
    AtLeast(usize, Vec<Condition>),
    /// A fact was stated.
    Fact(FactTest),
    /// Another rule is true.
    Rule {
        /// Its id.
        id: String,
        /// Where it stands in the file.
        span: Range<usize>,
    },
}

impl Condition {
    /// Calls `see` for this condition and every one below it.
    pub fn visit<'c>(&'c self, see: &mut impl FnMut(&'c Condition)) {
        see(self);
        match self {
            Condition::All(parts) | Condition::Any(parts) | Condition::AtLeast(_, parts) => {
                parts.iter().for_each(|part| part.visit(see));
            }
            Condition::Not(part) => part.visit(see),
            Condition::Fact(_) | Condition::Rule { .. } => {}
        }
    }
}

/// One leaf: a kind of fact, what its value and its fields must be, and how many different ones are wanted.
#[derive(Clone, Debug)]
pub struct FactTest {
    /// The kind of fact.
    pub kind: &'static FactKind,
    /// What the value must be; empty for any.
    pub value: Vec<Test>,
    /// What named fields must be.
    pub fields: Vec<(String, Vec<Test>)>,
    /// How many different values are wanted.
    pub count: usize,
    /// The field whose values are counted, where it is not the fact's own value.
    pub distinct: Option<String>,
}

/// One test of a value. Text is compared as it stands; `(?i)` in `matches` folds case.
#[derive(Clone, Debug)]
pub enum Test {
    /// Equal to one of these.
    OneOf(Vec<String>),
    /// Equal to none of these. A missing field passes.
    NoneOf(Vec<String>),
    /// A regular expression finds something.
    Matches(Regex),
    /// A regular expression finds nothing. A missing field passes.
    Unlike(Regex),
    /// Begins so.
    StartsWith(String),
    /// Ends so.
    EndsWith(String),
    /// Has it somewhere.
    Contains(String),
    /// A number that is not smaller.
    Min(f64),
    /// A number that is not larger.
    Max(f64),
}

impl Test {
    /// Whether a value passes; `None` is a field that the fact does not have.
    pub fn passes(&self, value: Option<&str>) -> bool {
        let Some(value) = value else { return matches!(self, Test::NoneOf(_) | Test::Unlike(_)) };
        let number = || value.trim().parse::<f64>().ok();
        match self {
            Test::OneOf(words) => words.iter().any(|word| word == value),
            Test::NoneOf(words) => words.iter().all(|word| word != value),
            Test::Matches(regex) => regex.is_match(value),
            Test::Unlike(regex) => !regex.is_match(value),
            Test::StartsWith(text) => value.starts_with(text.as_str()),
            Test::EndsWith(text) => value.ends_with(text.as_str()),
            Test::Contains(text) => value.contains(text.as_str()),
            Test::Min(least) => number().is_some_and(|number| number >= *least),
            Test::Max(most) => number().is_some_and(|number| number <= *most),
        }
    }
}

/// One proof: an input, and whether the rule must be true of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows, in words.
    pub name: String,
    /// Whether the rule must hit.
    pub expect: Expect,
    /// Facts stated directly.
    pub facts: Vec<Fact>,
    /// The text of `manifest.json`.
    pub manifest: Option<String>,
    /// Further files: path and text.
    pub files: Vec<(String, String)>,
    /// A package of the project, by its path.
    pub package: Option<String>,
    /// How it is installed.
    pub install: Option<CaseInstall>,
    /// Line in the rule's file.
    pub line: usize,
}

impl Case {
    /// Whether extractors must run to get its facts.
    pub fn needs_extractors(&self) -> bool {
        self.manifest.is_some() || !self.files.is_empty() || self.package.is_some() || self.install.is_some()
    }
}

/// Whether a rule must be true of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It must.
    Hit,
    /// It must not.
    Clean,
}

/// How the extension of a case is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseInstall {
    /// The word of the report: `unpacked`, `internal`, ...
    pub location: String,
    /// The folder.
    pub path: Option<String>,
    /// The address that updates come from.
    pub update_url: Option<String>,
    /// What the entry says of the store.
    pub from_webstore: bool,
    /// API permissions in force.
    pub granted: Vec<String>,
    /// Host patterns in force.
    pub granted_hosts: Vec<String>,
    /// The id, where it is not the path's.
    pub id: Option<String>,
    /// What the store's signed list says: the word of the report.
    pub content: Option<String>,
}

/// What is known of a named family of malware: the page that `explain` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Kebab-case; the folder's name.
    pub id: String,
    /// The name in reports, as rules write it.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Who is behind it, as published.
    pub actor: String,
    /// When it was first seen.
    pub since: String,
    /// What it is and does, in a few sentences, by language code (`en`, `de`, `ko`).
    pub about: BTreeMap<String, String>,
    /// MITRE ATT&CK technique ids.
    pub attack: Vec<String>,
    /// Where it is documented.
    pub references: Vec<String>,
    /// Where it was read.
    pub origin: Origin,
}

impl Family {
    /// The words in a language, English where there are none.
    pub fn about(&self, language: &str) -> &str {
        self.about.get(language).or_else(|| self.about.get("en")).map_or("", String::as_str)
    }
}
