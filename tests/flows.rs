//! The pages under `fixtures/flows/`, run: what each case names is found, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crxhound::acquire::Package;
use crxhound::model::manifest;
use crxhound::sandbox::{Budget, Worker};
use crxhound::script::{self, Analysis, ContactClass, Flow, Input};

use crate::forms::{self, Files};
use crate::pages::{self, Case, Expectation, What};

/// The stack that the parser needs (see `script::guard`).
const STACK: usize = 64 << 20;

/// Analyses extensions, on the stack that the parser needs and with decoders evaluated in the sealed worker.
pub fn analyse(extensions: &[Package]) -> Vec<Analysis> {
    let work = || {
        let worker = Worker::with_program(env!("CARGO_BIN_EXE_crxhound"), Budget::default());
        let one = |package: &Package| {
            let manifest = package.bytes("manifest.json").and_then(|bytes| manifest::parse(bytes).ok());
            let manifest = manifest.map(|(manifest, _)| manifest);
            script::analyse(&Input::new(manifest.as_ref(), package), &worker).0
        };
        extensions.iter().map(one).collect()
    };
    std::thread::scope(|scope| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).unwrap().join().unwrap())
}

/// Whether a flow leaves for a foreign place: not for the service whose data it is, this machine or the extension itself.
fn leaves(flow: &Flow) -> bool {
    !matches!(flow.class, ContactClass::Provider | ContactClass::Local | ContactClass::Store)
}

/// A flow in the words of the pages.
pub fn words(source: &str, sink: &str, host: &str, found: &str) -> String {
    let place = match (found, host) {
        ("fetched", _) => "fetched",
        (_, "") => "?",
        (_, host) => host,
    };
    format!("{source} -> {sink}({place})")
}

/// Whether a flow in the words of the pages is the one that is expected: a source's first word stands for all that begin with
/// it, and `*.` for any name in front.
pub fn is(expected: &str, found: &str) -> bool {
    let (Some((source, sink)), Some((found_source, found_sink))) = (expected.split_once(" -> "), found.split_once(" -> "))
    else {
        return false;
    };
    let source = found_source == source || found_source.strip_prefix(source).is_some_and(|rest| rest.starts_with('.'));
    let place = match (sink.split_once("(*."), found_sink.split_once('(')) {
        (Some((name, host)), Some((found_name, found_host))) => name == found_name && found_host.ends_with(host),
        _ => sink == found_sink,
    };
    source && place
}

fn in_words(flow: &Flow) -> String {
    words(&flow.source, &flow.sink, &flow.host, flow.found)
}

/// What is wrong with the analysis of a case as it was written.
fn wrong(case: &Case, analysis: &Analysis) -> Vec<String> {
    let mut wrong = Vec::new();
    let flows: Vec<_> = analysis.flows.iter().filter(|flow| leaves(flow)).collect();
    let mut expected_flows = BTreeSet::new();
    for Expectation { file, line, what } in &case.expectations {
        let here = |spot: &script::Spot| spot.file == *file && spot.line == *line;
        let mut check = |good: bool, words: String| {
            if !good {
                wrong.push(format!("{file}:{line}: {words}"));
            }
        };
        match what {
            What::Flow { source, sink, place, decoded, click } => {
                let expected = format!("{source} -> {sink}({place})");
                let found = flows.iter().find(|flow| here(&flow.spot) && is(&expected, &in_words(flow)));
                check(found.is_some(), format!("no {expected}"));
                let found = found.copied();
                check(!decoded || found.is_none_or(|flow| flow.found == "decoded"), format!("{expected} is not decoded"));
                let clicked = click.is_none_or(|click| found.is_none_or(|flow| flow.click == click));
                check(clicked, format!("{expected}: click is wrong"));
                expected_flows.insert(expected);
            }
            What::None(kind) => {
                let found = found_anyway(kind, analysis, &here);
                check(found.is_empty(), format!("{kind}: {}", found.join(", ")));
            }
            What::Api(path) => {
                check(analysis.calls.iter().any(|call| here(&call.spot) && call.path == *path), format!("no call of {path}"));
            }
            What::Value(value) => {
                let contact = analysis.contacts.iter().any(|contact| here(&contact.spot) && contact.url == *value);
                let argument = analysis.calls.iter().any(|call| here(&call.spot) && call.arguments.contains(value));
                check(contact || argument, format!("no argument is {value}"));
            }
            What::Contact { host, decoded } => {
                let contact = analysis.contacts.iter().find(|contact| here(&contact.spot) && contact.host == *host);
                check(contact.is_some_and(|contact| contact.decoded || !decoded), format!("no contact with {host}"));
            }
            What::RemoteCode { how, origin } => {
                let mut all = analysis.remote_code.iter().filter(|code| here(&code.spot));
                check(all.any(|code| code.how == *how && code.origin == *origin), format!("no {how}({origin})"));
            }
            What::Listens(event) => {
                let listens = analysis.listeners.iter().any(|listener| here(&listener.spot) && listener.event == *event);
                check(listens, format!("does not listen to {event}"));
            }
            What::Habit { kind, value } => {
                check(
                    analysis.notes.iter().any(|note| note.kind == kind && note.value == *value),
                    format!("no {kind} {value}"),
                );
            }
        }
    }
    let found: BTreeSet<_> = flows.iter().map(|flow| in_words(flow)).collect();
    let more = found.iter().filter(|found| !expected_flows.iter().any(|expected| is(expected, found)));
    wrong.extend(more.map(|found| format!("found {found}")));
    wrong
}

/// What is there of a kind of which nothing may be.
fn found_anyway(kind: &str, analysis: &Analysis, here: &dyn Fn(&script::Spot) -> bool) -> Vec<String> {
    match kind {
        "flow" => Vec::new(), // Flows that nothing names are listed for every case.
        "api" => analysis.calls.iter().filter(|call| here(&call.spot)).map(|call| call.path.clone()).collect(),
        "contact" => analysis.contacts.iter().map(|contact| format!("{}({})", contact.method, contact.host)).collect(),
        "remote-code" => {
            let outside = analysis.remote_code.iter().filter(|code| code.origin != "literal");
            outside.map(|code| format!("{}({})", code.how, code.origin)).collect()
        }
        kind => analysis.notes.iter().filter(|note| note.kind == kind).map(|note| note.value.clone()).collect(),
    }
}

/// The flows that a case names, and those that leave in an analysis of it: what must be the same in every form.
fn sets(case: &Case, analysis: &Analysis) -> (BTreeSet<String>, BTreeSet<String>) {
    let expected = case.expectations.iter().filter_map(|expectation| match &expectation.what {
        What::Flow { source, sink, place, .. } => Some(format!("{source} -> {sink}({place})")),
        _ => None,
    });
    (expected.collect(), analysis.flows.iter().filter(|flow| leaves(flow)).map(in_words).collect())
}

fn in_memory(name: &str, files: &Files) -> Package {
    Package::from_memory(name, files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
}

/// Cases that are not as their page says yet. One that is put right is taken off this list.
const OPEN: &[&str] = &[];

#[test]
fn every_page_says_what_the_analysis_finds() {
    let cases = pages::cases();
    let packages: Vec<_> = cases.iter().map(Case::package).collect();
    let mut failed = String::new();
    for (case, analysis) in cases.iter().zip(analyse(&packages)) {
        let wrong = wrong(case, &analysis);
        let open = OPEN.contains(&case.name().as_str());
        if open && wrong.is_empty() {
            failed.push_str(&format!("{} is right now\n", case.name()));
        } else if !open && !wrong.is_empty() {
            failed.push_str(&format!("{}\n  {}\n", case.name(), wrong.join("\n  ")));
        }
    }
    assert!(failed.is_empty(), "of {} cases:\n{failed}", cases.len());
}

/// Cases that a form breaks: made so, they do nothing in a browser either. A bundler that does not find a library leaves a call that
/// throws, and one that finds a universal module takes it for its own.
const BROKEN: &[(&str, &str)] = &[
    ("bundled", "wrappers: A client that was made for an address"),
    ("packed", "wrappers: A client that was made for an address"),
    ("packed", "bundles: A universal module"),
];

#[test]
#[ignore = "takes minutes: run by hand, it prints how many cases hold in each form"]
fn every_page_holds_in_the_forms_that_code_is_shipped_in() {
    let cases = pages::cases();
    let plain: Vec<Files> = cases.iter().map(|case| case.files.iter().cloned().collect()).collect();
    let mut table = BTreeMap::new();
    let mut lost = String::new();
    for form in forms::forms() {
        let Some(made) = forms::make(form, &plain) else { return };
        let packages: Vec<_> = made.iter().map(|files| in_memory("case", files)).collect();
        let mut same = 0;
        for (case, analysis) in cases.iter().zip(analyse(&packages)) {
            let (expected, found) = sets(case, &analysis);
            let complete = expected.iter().all(|expected| found.iter().any(|found| is(expected, found)));
            let is_broken = BROKEN.contains(&(form, case.name().as_str()));
            if is_broken || complete && found.iter().all(|found| expected.iter().any(|expected| is(expected, found))) {
                same += 1;
            } else {
                lost.push_str(&format!("{form}: {}: {expected:?}, found {found:?}\n", case.name()));
            }
        }
        table.insert(form, same * 100 / cases.len());
    }
    let least = [
        ("plain", 100),
        ("minified", 100),
        ("bundled", 100),
        ("lowered", 97),
        ("compiled", 97),
        ("packed", 100),
        ("obfuscated", 95),
        ("encoded", 90),
    ];
    let short: Vec<_> = least.iter().filter(|(form, least)| table.get(form).is_some_and(|share| share < least)).collect();
    eprintln!("{table:?} of 100");
    assert!(short.is_empty(), "{table:?} of 100, too few: {short:?}\n{lost}");
}
