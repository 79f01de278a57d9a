//! script.

pub mod evaluate;
