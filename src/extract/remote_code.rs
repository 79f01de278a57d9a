//! Text that becomes code, and the habits of remote control: command loops, dead drops, self-protection.

use super::calls::{place, via};
use super::{Extractor, Fact, FactKind, FactSet, Field, Subject};

/// Text that becomes code.
pub static REMOTE_CODE: FactKind = FactKind {
    name: "remote-code",
    doc: "text that becomes code, by how: eval, function, timer-string, script-element, execute-script, import, worker",
    fields: &[
        Field { name: "origin", doc: "where the text comes from: network, message, storage, page, literal or unknown" },
        Field { name: "host", doc: "the host it comes from" },
        Field { name: "class", doc: "what that host is, as for contact" },
        Field { name: "world", doc: "where it runs, as for api-call" },
    ],
};

/// A loop that asks a server what to do.
pub static COMMAND_LOOP: FactKind = FactKind {
    name: "command-loop",
    doc: "the code asks a server again and again and branches on the answer, by host (empty where unknown)",
    fields: &[Field { name: "commands", doc: "the words that the answer is compared with, separated by blanks" }],
};

/// A place to leave text for others.
pub static DEAD_DROP: FactKind = FactKind {
    name: "dead-drop",
    doc: "an address or command is cut out of a fetched document, by the document's host",
    fields: &[Field { name: "use", doc: "address or command" }],
};

/// What keeps an extension from being looked at or removed.
pub static SELF_PROTECTION: FactKind = FactKind {
    name: "self-protection",
    doc: "what keeps an extension from being looked at or removed: extension-pages, management, devtools-detection, long-delay, \
          wipes-cookies, ...",
    fields: &[Field { name: "detail", doc: "the call or address" }],
};

/// Mail providers named in code.
pub static MAIL_HOSTS: FactKind = FactKind {
    name: "mail-hosts",
    doc: "how many different mail providers the code names outside of block lists",
    fields: &[Field { name: "providers", doc: "their names, separated by blanks" }],
};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "remote_code", facts: FACTS, code: true, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&REMOTE_CODE, &COMMAND_LOOP, &DEAD_DROP, &SELF_PROTECTION, &MAIL_HOSTS];

/// States remote code and habits.
fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let Some(analysis) = subject.scripts else { return };
    for code in &analysis.remote_code {
        facts.push(
            Fact::new(&REMOTE_CODE, &code.how)
                .with("origin", &code.origin)
                .with("host", &code.host)
                .with("class", code.class.as_str())
                .with("world", code.world.as_str())
                .via(via(code.decoded))
                .at(place(&code.spot))
                .steps(code.steps.clone()),
        );
    }
    for note in &analysis.notes {
        let (kind, field): (&'static FactKind, _) = match note.kind {
            "command-loop" => (&COMMAND_LOOP, "commands"),
            "dead-drop" => (&DEAD_DROP, "use"),
            "self-protection" => (&SELF_PROTECTION, "detail"),
            "mail-hosts" => (&MAIL_HOSTS, "providers"),
            _ => continue,
        };
        facts.push(Fact::new(kind, &note.value).with(field, &note.detail).at(place(&note.spot)).steps(note.steps.clone()));
    }
}
