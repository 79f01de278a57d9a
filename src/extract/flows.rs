//! Data of a person that reaches a place, with its way.

use super::calls::{place, yes};
use super::{Extractor, Fact, FactKind, FactSet, Field, Subject, Via};
use crate::model::host;

/// A flow of data.
pub static FLOW: FactKind = FactKind {
    name: "flow",
    doc: "data of the person that leaves, by what it is: mail.text, mail.attachment, mail.feed, login.password, form.field, \
          form.whole, otp.code, cookie, cookie.identity, screen, keyboard, clipboard, network.body, network.header, page-hook.body, \
          history, storage, messenger.text, page.text, tabs.url, ... (signatures list --sources names all)",
    fields: &[
        Field {
            name: "sink",
            doc: "fetch, xhr, websocket, beacon, image, script-src, form, navigation, download, native, other-extension, webrtc, redirect, ...",
        },
        Field { name: "destination", doc: "the host, or the native program; empty where it is not known" },
        Field { name: "url", doc: "the address as far as it is known" },
        Field {
            name: "class",
            doc: "what the destination is: foreign, free-zone, raw-ip, dead-drop, collector, code-hosting or tunnel (`stranger` in \
                  rules: any of these), provider (the service whose data it is), declared, store, local, native or unknown",
        },
        Field {
            name: "service",
            doc: "what the destination is known for, if it is: ai, translation, icons, telemetry, cloud-storage, social, ...",
        },
        Field { name: "found", doc: "how the destination was found: literal, decoded, fetched or parameter" },
        Field { name: "click", doc: "yes where a click of the person starts it" },
        Field { name: "provider", doc: "whose data it is: gmail, naver, ..." },
        Field { name: "world", doc: "where the data is taken, as for api-call" },
        Field { name: "sink_world", doc: "where it leaves" },
    ],
};

/// What a destination is known for; empty where it is not known.
pub fn service(host: &str, url: &str) -> &'static str {
    let known = if url.contains("://") { host::classify_url(url) } else { host::classify(host) };
    known.map_or("", |known| known.class.as_str())
}

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "flows", facts: FACTS, code: true, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&FLOW];

/// States flows.
fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    for flow in subject.scripts.iter().flat_map(|analysis| &analysis.flows) {
        let via = if flow.found == "decoded" { Via::Decoded } else { Via::Literal };
        facts.push(
            Fact::new(&FLOW, &flow.source)
                .with("sink", &flow.sink)
                .with("destination", &flow.host)
                .with("url", &flow.url)
                .with("class", flow.class.as_str())
                .with("service", service(&flow.host, &flow.url))
                .with("found", flow.found)
                .with("click", yes(flow.click))
                .with("provider", &flow.provider)
                .with("world", flow.world.as_str())
                .with("sink_world", flow.sink_world.as_str())
                .via(via)
                .at(place(&flow.spot))
                .steps(flow.steps.clone()),
        );
    }
}
