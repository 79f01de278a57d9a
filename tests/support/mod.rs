//! What several tests share.

pub mod material;
