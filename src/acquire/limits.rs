//! How much of a hostile input is taken before it is cut off.

/// Bounds on one package. A bound that is hit becomes a [`Problem`](crate::problem::Problem), and what was read so far is used.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Files and folders in one package.
    pub entries: usize,
    /// Bytes of one file. Larger files are hashed up to this point and said to be cut.
    pub file_bytes: u64,
    /// Bytes of the whole package.
    pub total_bytes: u64,
    /// Uncompressed over compressed size of an archive entry above which it counts as a bomb.
    pub ratio: u64,
    /// Folders below folders.
    pub depth: usize,
    /// Bytes of a path inside the package.
    pub path_bytes: usize,
    /// Bytes held in memory of one file (scripts, pages, JSON); larger ones are hashed only.
    pub held_bytes: u64,
    /// Bytes held in memory of all files of the package; further ones are hashed only. Its manifest is always held.
    pub held_total_bytes: u64,
    /// Bytes of a document of the browser: `Preferences`, `Local State`, a policy.
    pub document_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            entries: 50_000,
            file_bytes: 256 << 20,
            total_bytes: 1 << 30,
            ratio: 1_000,
            depth: 64,
            path_bytes: 1_024,
            held_bytes: 32 << 20,
            held_total_bytes: 1 << 30,
            document_bytes: 256 << 20,
        }
    }
}
