//! Text behind `unescape` or `decodeURIComponent` and a function on the spot:
//! `decodeURIComponent('68 69'.split(' ').map(h => '%' + h).join(''))`.

use super::sketch::Word;
use super::{Search, Trick};

pub const TRICK: Trick =
    Trick { name: "escapes", doc: "strings are percent or Unicode escapes, decoded where they are used", find };

fn find(search: &mut Search<'_, '_>) {
    search.ask_expressions(|word| word == Word::Unescape);
}
