//! The tables and lists that are compiled in.
//!
//! They name what is hunted: ids, hosts, hashes, the code of thieves. Readable in the program they would make other scanners
//! take it for its prey, so the build packs them (`build.rs`), and they are unpacked when the first of them is asked for.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::OnceLock;

use flate2::read::DeflateDecoder;

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/builtin.deflate"));

/// Path from the root of the source tree, and text.
type Files = BTreeMap<&'static str, &'static str>;

fn files() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut plain = Vec::with_capacity(UNPACKED);
        let read = DeflateDecoder::new(PACKED).take(UNPACKED as u64).read_to_end(&mut plain);
        read.expect("the build packed it, and a test unpacks it");
        index(plain.leak())
    })
}

/// Takes the list apart that the build wrote.
fn index(plain: &'static [u8]) -> Files {
    let mut rest = plain;
    let mut next = || {
        let (length, after) = rest.split_first_chunk()?;
        let (part, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        rest = after;
        std::str::from_utf8(part).ok()
    };
    std::iter::from_fn(|| Some((next()?, next()?))).collect()
}

/// A packed file, by its path from the root of the source tree; nothing where it was not packed.
pub fn text(path: &str) -> Option<&'static str> {
    files().get(path).copied()
}

/// Every packed file: path from the root of the source tree, and text.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    files().iter().map(|(path, text)| (*path, *text))
}

/// A file of the built-in `signatures/` folder, by its path below it.
pub fn signature(path: &str) -> Option<&'static str> {
    text(&format!("signatures/{path}"))
}

/// Every file of the built-in `signatures/` folder, in order of path: path below it, and text.
pub fn signatures() -> impl Iterator<Item = (&'static str, &'static str)> {
    all().filter_map(|(path, text)| Some((path.strip_prefix("signatures/")?, text)))
}

/// The text of a packed file. That the file exists is checked while compiling, that it was packed by a test over all of them.
macro_rules! packed {
    ($($path:expr),+) => {{
        const _: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $($path),+));
        $crate::builtin::text(concat!($($path),+)).unwrap_or_default()
    }};
}
pub(crate) use packed;
