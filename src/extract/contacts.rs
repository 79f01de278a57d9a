//! Hosts that the code talks to.

use super::calls::{place, via};
use super::{Extractor, Fact, FactKind, FactSet, Field, Subject};

/// A host that the code talks to.
pub static CONTACT: FactKind = FactKind {
    name: "contact",
    doc: "a host that the code sends requests to; empty where the host is not known",
    fields: &[
        Field { name: "url", doc: "the address as far as it is known" },
        Field {
            name: "method",
            doc: "fetch, xhr, websocket, beacon, image, script-src, frame, form, navigation, download, ...",
        },
        Field { name: "world", doc: "where the code runs, as for api-call" },
        Field { name: "class", doc: "what the destination is, as for flow" },
        Field { name: "parameters", doc: "names of parameters in address and body, separated by blanks" },
    ],
};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "contacts", facts: FACTS, code: true, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&CONTACT];

/// States contacts.
fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    for contact in subject.scripts.iter().flat_map(|analysis| &analysis.contacts) {
        facts.push(
            Fact::new(&CONTACT, &contact.host)
                .with("url", &contact.url)
                .with("method", &contact.method)
                .with("world", contact.world.as_str())
                .with("class", contact.class.as_str())
                .with("parameters", contact.parameters.join(" "))
                .via(via(contact.decoded))
                .at(place(&contact.spot)),
        );
    }
}
