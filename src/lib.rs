//! crxhound finds malicious browser extensions in Chromium profiles.
//!
//! Three words carry the design. An *extractor* states **facts** about one extension, a **rule** (data, under `signatures/`)
//! is a boolean tree over facts and yields a finding, the *judge* turns findings into a **verdict**:
//!
//! ```text
//!  discover ──▶ acquire ──▶ model ──▶ script ──▶ extract ──▶ rules ──▶ judge ──▶ report
//!  browsers,    files,      manifest, JavaScript facts       findings  verdict,  table, JSON,
//!  profiles,    archives,   entries,  APIs,                            score     HTML, ...
//!  policies     limits      MACs      flows
//!  └──── reads the disk ───┘└───────────────── pure: values in, values out ─────────────────┘
//! ```
//!
//! Input and output stay at the rim (`discover`, `acquire`, `cache`, `sandbox`, `cli`); everything between takes values and gives
//! values. Whatever an input does, the scan goes on: what failed is a [`problem::Problem`] in the report.

pub mod acquire;
pub mod builtin;
pub mod cache;
pub mod cli;
pub mod discover;
pub mod engine;
pub mod extract;
pub mod finding;
pub mod judge;
pub mod locales;
pub mod model;
pub mod problem;
pub mod report;
pub mod rules;
pub mod sandbox;
pub mod script;
