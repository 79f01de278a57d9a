//! From a [`Report`] to bytes. Every form is made from the one model in [`model`]; none looks anything up elsewhere.

pub mod model;

pub use model::Report;
