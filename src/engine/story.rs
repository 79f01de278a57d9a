//! From the events of a run to the moments that a report tells of it.

use crate::report::model::{Run, RunKind, RunMoment};
use crate::sandbox::{Event, Ran, SERVER_WORD};

/// Characters of an address, of code or of a message that are told.
const TEXT: usize = 160;

/// What was seen of each scene, at most `most` moments of each. Those that show something leave first-comers behind: what was
/// sent and what became code is told before calls and files are.
pub(super) fn runs(story: &[Ran], most: usize) -> Vec<Run> {
    story.iter().map(|ran| run(ran, most)).collect()
}

fn run(ran: &Ran, most: usize) -> Run {
    let mut moments: Vec<RunMoment> = Vec::new();
    for event in &ran.events {
        let Some(moment) = moment(ran, event) else { continue };
        match moments.last_mut() {
            Some(last) if is_same(last, &moment) => last.times += 1,
            _ => moments.push(moment),
        }
    }
    let telling = |moment: &RunMoment| matches!(moment.kind, RunKind::Sends | RunKind::Code);
    let mut room = most.saturating_sub(moments.iter().filter(|moment| telling(moment)).count().min(most));
    let (mut told, total) = (0, moments.len());
    moments.retain(|moment| {
        let keep = told < most && (telling(moment) || room > 0);
        room = room.saturating_sub(usize::from(keep && !telling(moment)));
        told += usize::from(keep);
        keep
    });
    Run { scene: ran.scene.clone(), page: ran.page.clone(), complete: ran.complete, more: total - moments.len(), moments }
}

/// Whether two moments are one that goes on.
fn is_same(one: &RunMoment, other: &RunMoment) -> bool {
    *one == RunMoment { at: one.at, times: one.times, ..other.clone() }
}

fn moment(ran: &Ran, event: &Event) -> Option<RunMoment> {
    let text = |name: &str| event.data.get(name).and_then(|value| value.as_str()).unwrap_or_default();
    let number = |name: &str| event.data.get(name).and_then(serde_json::Value::as_f64).unwrap_or_default();
    let (kind, what) = match event.kind.as_str() {
        "file" => (RunKind::Runs, text("file")),
        "listens" => (RunKind::Listens, text("path")),
        "call" => (RunKind::Calls, text("path")),
        "code" => (RunKind::Code, text("text")),
        "sink" => (RunKind::Sends, text("url")),
        "error" | "broken" => (RunKind::Fails, text("message")),
        _ => return None,
    };
    let carries = if kind == RunKind::Sends { ran.carried(event) } else { Vec::new() };
    Some(RunMoment {
        at: number("at") as u64,
        kind,
        world: if text("world") == "page" { "content".to_owned() } else { text("world").to_owned() },
        file: text("file").to_owned(),
        line: number("line") as u32,
        what: what.replace(SERVER_WORD, "<the server's word>").chars().take(TEXT).collect(),
        how: text("how").to_owned(),
        carries,
        times: 1,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, data: serde_json::Value) -> Event {
        Event { kind: kind.to_owned(), data }
    }

    #[test]
    fn what_leaves_is_told_before_what_is_merely_called() {
        let call = event("call", json!({ "at": 1, "world": "page", "path": "storage.local.get", "file": "c.js", "line": 2 }));
        let other = event("call", json!({ "at": 2, "world": "page", "path": "runtime.getURL", "file": "c.js", "line": 3 }));
        let sink = event(
            "sink",
            json!({ "at": 3, "world": "page", "how": "fetch", "url": "https://c.invalid/", "body": "kxqpasswordzv4" }),
        );
        let events = vec![call.clone(), call, other, sink];
        let ran = Ran { events, complete: true, ..Ran::default() };
        let all = run(&ran, 10);
        let told: Vec<_> = all.moments.iter().map(|moment| (moment.kind, moment.times)).collect();
        assert_eq!(told, [(RunKind::Calls, 2), (RunKind::Calls, 1), (RunKind::Sends, 1)]);
        assert_eq!(all.moments.last().map(|moment| moment.carries.clone()), Some(vec!["login.password".to_owned()]));
        let short = run(&ran, 1);
        assert_eq!((short.moments.len(), short.more, short.moments.first().map(|m| m.kind)), (1, 2, Some(RunKind::Sends)));
    }
}
