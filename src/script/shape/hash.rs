//! Hashes of names, words and pairs. They are kept in files, so none of them may change with a crate.

use rustc_hash::FxHashSet;

use super::super::names::Name;
use super::super::program::Program;

/// Longest string that counts as a word.
const WORD: usize = 40;

/// Hashes of the strings of a program, each worked out once: all that shapes need of them.
pub struct NameHashes {
    hashes: Vec<u64>,
    /// What each says where it stands as a string.
    pub said: Vec<Said>,
    /// Names that scripts of the extension declare at their top: no operations, although other scripts do not declare them.
    pub own: FxHashSet<Name>,
    browser: Option<Name>,
    /// Names of the global object.
    pub windows: Vec<Name>,
}

impl NameHashes {
    /// For the strings of a program.
    pub fn new(program: &Program<'_>) -> NameHashes {
        let names = &program.names;
        let tops = program.units.iter().flat_map(|unit| unit.ir.symbols.iter().filter(|symbol| symbol.top));
        NameHashes {
            hashes: names.iter().map(text_hash).collect(),
            said: names.iter().map(Said::by).collect(),
            own: tops.map(|symbol| symbol.name).collect(),
            browser: names.find("browser"),
            windows: ["window", "self", "globalThis"].iter().filter_map(|name| names.find(name)).collect(),
        }
    }

    /// The hash of a name.
    pub fn of(&self, name: Name) -> u64 {
        // Firefox's name for the same object.
        if Some(name) == self.browser {
            return text_hash("chrome");
        }
        self.hashes.get(name.0 as usize).copied().unwrap_or(0)
    }
}

/// What a string says.
#[derive(Clone, Copy)]
pub enum Said {
    Word,
    Address,
    Nothing,
}

impl Said {
    fn by(text: &str) -> Said {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if text.contains("://") {
            Said::Address
        } else if text.len() <= WORD && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(plain) {
            Said::Word
        } else {
            Said::Nothing
        }
    }
}

/// FNV-1a over the bytes of a text: hashes are kept in files, so no hasher that a crate may change.
fn text_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Two hashes in order, mixed as the last step of SplitMix64 does.
pub fn mix(left: u64, right: u64) -> u64 {
    let mut mixed = left.rotate_left(25).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ right;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
