//! Text that is spelled as numbers: `[104, 105].map(c => String.fromCharCode(c ^ 7)).join('')`,
//! `'6869'.replace(/../g, h => String.fromCharCode(parseInt(h, 16)))`.

use super::sketch::Word;
use super::{Search, Trick};

pub const TRICK: Trick = Trick { name: "char-codes", doc: "strings are spelled as character codes", find };

fn find(search: &mut Search<'_, '_>) {
    search.ask_expressions(|word| word == Word::FromCode);
}
