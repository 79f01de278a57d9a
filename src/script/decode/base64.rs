//! Text that is wrapped in base64 and something more than `atob`, which plain value propagation follows by itself:
//! `atob(s).split('').map(c => ...)`, `new TextDecoder().decode(Uint8Array.from(atob(s), c => c.charCodeAt(0)))`.

use super::sketch::Word;
use super::{Search, Trick};

pub const TRICK: Trick = Trick { name: "base64", doc: "strings are base64, decoded where they are used", find };

fn find(search: &mut Search<'_, '_>) {
    search.ask_expressions(|word| word == Word::Base64);
}
