//! What an extension's JavaScript does, read without running it.
//!
//! ```text
//!  guard ──▶ unit ──▶ lower ──▶ ir        one script: bounded, parsed, resolved, flat
//!                                │
//!  world: which script runs where├──▶ eval: where does this value come from? ──▶ flow: what reaches which sink
//!                                │    (names, values, calls, messages)              calls, contacts, remote code
//!  taint.toml: sources, sinks ───┘
//! ```
//!
//! The work is pure and bounded: steps are counted, not timed, so the same input gives the same facts on every machine. It
//! must run on threads with a stack of 64 MiB (see [`guard`]).

mod analysis;
pub mod decode;
mod eval;
pub mod evaluate;
mod flow;
pub mod guard;
pub mod ir;
mod lower;
pub mod measure;
pub mod names;
mod packaged;
pub mod page;
mod program;
mod reveal;
mod shape;
pub mod source;
mod table;
pub mod unit;
mod world;

pub use analysis::{
    Analysis, ApiCall, Contact, ContactClass, ExtraScript, Flow, Input, Listener, Mention, Note, RemoteCode, Script, Skipped,
    Spot, Stop, World, analyse, shapes,
};
pub use shape::Shape;
