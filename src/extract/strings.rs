//! Addresses and selected words that stand in the code, used or not.

use super::calls::{place, via};
use super::{Extractor, Fact, FactKind, FactSet, Field, Subject};

/// A text worth knowing.
pub static STRING: FactKind = FactKind {
    name: "string",
    doc: "an address or a bare host that stands in the code or comes out of it, whether anything uses it or not",
    fields: &[Field { name: "host", doc: "the host of the address" }],
};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "strings", facts: FACTS, code: true, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&STRING];

/// States addresses.
fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    for mention in subject.scripts.iter().flat_map(|analysis| &analysis.mentions) {
        let fact = Fact::new(&STRING, &mention.text).with("host", &mention.host).via(via(mention.decoded));
        facts.push(fact.at(place(&mention.spot)));
    }
}
