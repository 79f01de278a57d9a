//! What several tests share.

pub mod made;
pub mod material;
pub mod python;
