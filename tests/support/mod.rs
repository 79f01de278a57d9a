//! What several tests share.

pub mod codes;
// Unit tests use more of it.
#[allow(dead_code)]
pub mod hive;
pub mod leveldb;
pub mod lnk;
pub mod made;
pub mod material;
pub mod python;
pub mod seeds;
#[cfg(unix)]
pub mod thrift;
