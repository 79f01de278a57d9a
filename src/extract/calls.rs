//! Calls of the browser's APIs and listeners on its events, as the code resolves them.

use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject, Via};
use crate::script::unit::ParseError;
use crate::script::{Skipped, Spot};

/// A call of a browser's API.
pub static API_CALL: FactKind = FactKind {
    name: "api-call",
    doc: "a call of a browser's API, through whatever alias: chrome.cookies.getAll (browser.* is folded into chrome.*)",
    fields: &[
        Field {
            name: "world",
            doc: "background, content, main, devtools, popup, options, offscreen, sandbox, page, worker or unreferenced",
        },
        Field { name: "arguments", doc: "what is known of the arguments" },
        Field { name: "host", doc: "a host that the arguments name" },
        Field { name: "click", doc: "yes where a click of the person starts it" },
    ],
};

/// A listener on an event.
pub static LISTENS: FactKind = FactKind {
    name: "listens",
    doc: "a listener on an event of the browser: chrome.cookies.onChanged",
    fields: &[
        Field { name: "world", doc: "where it runs, as for api-call" },
        Field { name: "host", doc: "a host that its filter names" },
    ],
};

/// A script that could not be read.
pub static PARSE_FAILURE: FactKind = FactKind {
    name: "parse-failure",
    doc: "a script that was not analysed, by file: no JavaScript, or built to bring a parser down",
    fields: &[Field { name: "reason", doc: "nesting-bomb or syntax" }],
};

/// Code that a bound left out.
pub static UNREAD_CODE: FactKind = FactKind {
    name: "unread-code",
    doc: "there is code in it that was not read, or not to its end: the script, empty where that is not known",
    fields: &[Field {
        name: "why",
        doc: "too-large, steps (its scripts need more than one extension gets) or left-out (more files than are read)",
    }],
};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "calls", facts: FACTS, code: true, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&API_CALL, &LISTENS, &PARSE_FAILURE, &UNREAD_CODE];

/// The place of a spot in the code.
pub(super) fn place(spot: &Spot) -> Place {
    Place::at(spot.file.clone(), spot.offset)
}

/// How a value was found.
pub(super) fn via(decoded: bool) -> Via {
    if decoded { Via::Decoded } else { Via::Literal }
}

/// The word of a yes/no field.
pub(super) fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// States calls, listeners and scripts that were not analysed.
fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let Some(analysis) = subject.scripts else { return };
    for (is, why) in [(analysis.exhausted, "steps"), (subject.package.cut, "left-out")] {
        if is {
            facts.push(Fact::new(&UNREAD_CODE, "").with("why", why));
        }
    }
    for call in &analysis.calls {
        facts.push(
            Fact::new(&API_CALL, &call.path)
                .with("world", call.world.as_str())
                .with("arguments", &call.arguments)
                .with("host", &call.host)
                .with("click", yes(call.click))
                .via(via(call.decoded))
                .at(place(&call.spot)),
        );
    }
    for listener in &analysis.listeners {
        let fact = Fact::new(&LISTENS, &listener.event).with("world", listener.world.as_str()).with("host", &listener.host);
        facts.push(fact.at(place(&listener.spot)));
    }
    for script in &analysis.scripts {
        let reason = match &script.skipped {
            None => continue,
            Some(Skipped::TooLarge) => {
                facts.push(Fact::new(&UNREAD_CODE, &script.file).with("why", "too-large").at(Place::file(&script.file)));
                continue;
            }
            Some(Skipped::Unparsed(ParseError::Excess(_))) => "nesting-bomb",
            Some(Skipped::Unparsed(_)) => "syntax",
        };
        facts.push(Fact::new(&PARSE_FAILURE, &script.file).with("reason", reason).at(Place::at(&script.file, script.offset)));
    }
}
