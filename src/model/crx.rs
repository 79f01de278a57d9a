//! The header of a `.crx` file, version 2 and 3, and its signatures.

/// The parsed header of a `.crx`, and the verdict over its proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrxHeader {
    /// 2 or 3.
    pub version: u32,
    /// The extension id that the header declares (CRX3) or its key gives (CRX2).
    pub id: Option<crate::model::id::ExtensionId>,
    /// Whether every proof holds and one key gives the id.
    pub signature: PackageSignature,
    /// Whether the web store's publisher proof is among the valid ones.
    pub publisher_proof: bool,
    /// SHA-256 of each proof's public key (DER), lower-case hex, in file order.
    pub keys: Vec<String>,
    /// Where the ZIP payload begins.
    pub payload: usize,
}

/// What a package's own signature amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageSignature {
    /// Every proof holds and the id belongs to one of the keys.
    Valid,
    /// A proof fails, or the id belongs to none of the keys.
    Invalid,
    /// An archive without a signature.
    Unsigned,
    /// Not an archive.
    NotApplicable,
}
