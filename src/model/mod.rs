//! Bytes to types of the domain. Nothing here reads a file, a clock or the environment.

pub mod attack;
pub mod content;
pub mod crx;
pub mod csp;
pub mod extension;
pub mod fingerprint;
pub mod hash;
pub mod hidden;
pub mod host;
pub mod id;
pub mod json;
pub mod known;
pub mod locale;
pub mod mac;
pub mod machine;
pub mod manifest;
pub mod origin;
pub mod part;
pub mod path;
pub mod permission;
pub mod place;
pub mod preferences;
mod protobuf;
pub mod signature;
pub mod store;

pub use extension::{
    ContentState, DisableReason, EntryPath, Extension, GrantedSet, InstallRecord, InstallSource, Integrity, Location, MacState,
    Presence,
};
pub use id::ExtensionId;
pub use manifest::Manifest;
