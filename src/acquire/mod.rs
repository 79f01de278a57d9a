//! Bytes, within limits: an extension's files out of a folder or an archive.

mod limits;
mod package;

pub use limits::Limits;
pub use package::{Container, Package, PackageFile};
