//! Files of well-known libraries, known by their hash: neither analysed nor blamed.
//!
//! `signatures/libraries.csv` is written by `scripts/library-hashes.sh` from the packages that the libraries' makers publish.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};

use crate::builtin::packed;

/// The extractor of this file.
pub const EXTRACTOR: Extractor = Extractor { name: "libraries", facts: &[&LIBRARY], code: true, run };

/// A file is a well-known library.
pub static LIBRARY: FactKind = FactKind {
    name: "library",
    doc: "A file is exactly what the makers of a library publish. Value: name and version.",
    fields: &[Field { name: "file", doc: "the path in the package" }, Field { name: "sha256", doc: "the file's hash" }],
};

/// One known file.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// The package's name.
    pub name: &'static str,
    /// Its version; the first that had this file.
    pub version: &'static str,
}

static KNOWN: LazyLock<HashMap<&'static str, Library>> = LazyLock::new(|| {
    let lines = packed!("signatures/libraries.csv").lines().skip(1);
    lines
        .filter_map(|line| {
            let mut cells = line.split(',');
            Some((cells.next()?, Library { name: cells.next()?, version: cells.next()? }))
        })
        .collect()
});

/// The library that a file is, by its SHA-256 in lower-case hex.
pub fn known(sha256: &str) -> Option<Library> {
    KNOWN.get(sha256).copied()
}

/// Whether a file is a well-known library: what the analysis of scripts leaves out.
pub fn is_known(sha256: &str) -> bool {
    KNOWN.contains_key(sha256)
}

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    for (path, file) in &subject.package.files {
        if let Some(library) = known(&file.sha256) {
            let fact = Fact::new(&LIBRARY, format!("{} {}", library.name, library.version));
            facts.push(fact.with("file", path).with("sha256", &file.sha256).at(Place::file(path)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert!(KNOWN.len() > 300, "{}", KNOWN.len());
        for (hash, library) in KNOWN.iter() {
            assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
            assert!(!library.name.is_empty() && library.version.starts_with(|c: char| c.is_ascii_digit()), "{library:?}");
        }
        assert!(KNOWN.values().any(|library| library.name == "webextension-polyfill"));
    }
}
