//! From facts to findings.
//!
//! A rule is a TOML file: prose for people, a boolean tree over facts, and cases that prove it. `signatures/README.md` is the
//! language on one page. This folder reads rules ([`parse`]), loads whole sets of them ([`RuleSet`]), finds out which of them
//! are true of a set of facts and what they stand on ([`Match`]), and runs the cases inside them ([`selftest`]).
//!
//! Rules never judge: what findings add up to is the judge's table.

pub mod diagnostic;
pub mod eval;
pub mod feed;
pub mod pack;
pub mod parse;
pub mod rule;
pub mod selftest;
pub mod set;

mod reader;
mod tree;

pub use diagnostic::Diagnostic;
pub use eval::{Match, findings};
pub use rule::{Case, CaseInstall, Condition, Expect, Family, Origin, Rule, Scope, Text};
pub use selftest::{CaseResult, CaseRunner};
pub use set::{Additions, LoadError, RuleSet, signatures_date};
