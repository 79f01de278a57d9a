//! What several tests share.

pub mod material;
pub mod made;
