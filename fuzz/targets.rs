//! Every parser of bytes that a stranger may have written, as a function over bytes: what `cargo fuzz` runs for hours and
//! `tests/fuzz.rs` for a moment in each build.
//!
//! A target panics where the program would, and where something holds of every answer and does not hold of this one. It says
//! whether the bytes were understood: inputs that are all refused at the first byte would prove nothing.

use std::sync::LazyLock;

use crxhound::acquire::{Limits, Package, archive, leveldb};
use crxhound::cli::{self, config};
use crxhound::discover::registry::{KeyRoot, Registry as _};
use crxhound::discover::{command_line, group_policy, hive, lnk, plists, policies};
use crxhound::extract::yara::YaraSet;
use crxhound::extract::{EXTRACTORS, FactSet, Subject, vocabulary};
use crxhound::judge::fleet::record::Reader;
use crxhound::judge::fleet::{Census, Tally};
use crxhound::judge::policy::Policy;
use crxhound::judge::{baseline::Baseline, diff};
use crxhound::model::mac::{Candidates, PreferenceFiles, ProfileMacs};
use crxhound::model::{Extension, MacState, content, crx, csp, hidden, host, json, locale, manifest, origin, preferences};
use crxhound::problem::Problem;
use crxhound::report::fleet::FleetFormat;
use crxhound::report::{self, FORMATS, Format, View};
use crxhound::rules::{Origin, RuleSet, Scope, feed, pack, parse};
use crxhound::sandbox::protocol::{Answer, Request};
use crxhound::sandbox::{facts, scenes_for};
use crxhound::script::evaluate::NoEvaluator;
use crxhound::script::{Input, analyse, guard, source};

// Of it, only what goes around bytes is wanted here.
#[allow(dead_code, clippy::duplicate_mod)]
#[path = "../tests/support/leveldb.rs"]
mod made;

/// One parser.
pub struct Target {
    /// Its name: that of the binary, and of the folders of inputs.
    pub name: &'static str,
    /// Inputs that each build runs: fewer where one takes longer.
    pub rounds: u32,
    /// Runs it, and says whether the bytes were understood.
    pub run: fn(&[u8]) -> bool,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "answer", rounds: 200, run: answer },
    Target { name: "command-line", rounds: 1_000, run: command_lines },
    Target { name: "companion", rounds: 300, run: companion },
    Target { name: "computed-hashes", rounds: 1_000, run: computed_hashes },
    Target { name: "configuration", rounds: 200, run: configuration },
    Target { name: "crx", rounds: 500, run: crx },
    Target { name: "feed", rounds: 500, run: feed },
    Target { name: "fleet", rounds: 300, run: fleet },
    Target { name: "group-policy", rounds: 1_000, run: group_policy },
    Target { name: "guard", rounds: 1_000, run: guard },
    Target { name: "hive", rounds: 500, run: hive },
    Target { name: "host", rounds: 1_000, run: host },
    Target { name: "leveldb-log", rounds: 500, run: leveldb_log },
    Target { name: "leveldb-table", rounds: 500, run: leveldb_table },
    Target { name: "mac", rounds: 500, run: mac },
    Target { name: "manifest", rounds: 300, run: manifest },
    Target { name: "messages", rounds: 1_000, run: messages },
    Target { name: "net-rules", rounds: 300, run: net_rules },
    Target { name: "pack", rounds: 500, run: pack },
    Target { name: "page", rounds: 200, run: page },
    Target { name: "picture", rounds: 1_000, run: picture },
    Target { name: "plist", rounds: 1_000, run: plist },
    Target { name: "policies", rounds: 500, run: policies },
    Target { name: "policy", rounds: 500, run: policy },
    Target { name: "preferences", rounds: 500, run: preferences },
    Target { name: "registered-scripts", rounds: 1_000, run: registered_scripts },
    Target { name: "report", rounds: 60, run: report },
    Target { name: "rule", rounds: 300, run: rule },
    Target { name: "script", rounds: 100, run: script },
    Target { name: "shortcut", rounds: 1_000, run: shortcut },
    Target { name: "verified-contents", rounds: 500, run: verified_contents },
    Target { name: "yara", rounds: 100, run: yara },
    Target { name: "zip", rounds: 300, run: zip },
];

/// What the packs among the inputs are signed with: no secret.
pub const PACK_KEY: [u8; 32] = [7; 32];

/// Less than the program's own, so that an input that lies about its size is found out early.
fn limits() -> Limits {
    Limits { entries: 500, file_bytes: 4 << 20, total_bytes: 8 << 20, ..Limits::default() }
}

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().expect("the built-in rules load, as a test shows"));

/// Nothing may have failed behind a border that catches panics.
fn assert_no_bug(problems: &[Problem]) {
    for problem in problems {
        assert!(!problem.message.contains("please report this"), "{problem:?}");
    }
}

/// What the whole engine makes of an extension, short of running it: the facts, where its manifest and a script could be read.
fn examine(files: &[(&str, &[u8])]) -> Option<FactSet> {
    let package = Package::from_memory("extension", files.iter().copied());
    let manifest = package.bytes("manifest.json").and_then(|bytes| manifest::parse(bytes).ok()).map(|(read, _)| read);
    let (scripts, problems) = analyse(&Input::new(manifest.as_ref(), &package), &NoEvaluator);
    assert_no_bug(&problems);
    let understood = manifest.is_some() && scripts.scripts.iter().any(|script| script.skipped.is_none());
    let extension = Extension::unpacked_at(&package.path, manifest);
    let subject = Subject { scripts: Some(&scripts), ..Subject::new(&extension, &package) };
    let mut stated = FactSet::new();
    for extractor in EXTRACTORS {
        (extractor.run)(&subject, &mut stated);
    }
    RULES.evaluate(&stated, Scope::Extension);
    understood.then_some(stated)
}

const MANIFEST: &[u8] = br#"{
    "manifest_version": 3, "name": "Sample", "version": "1.0", "default_locale": "en",
    "permissions": ["cookies", "tabs", "storage", "scripting", "webRequest", "declarativeNetRequest"],
    "host_permissions": ["<all_urls>"],
    "background": {"service_worker": "script.js"},
    "content_scripts": [{"matches": ["https://mail.google.com/*"], "js": ["script.js"]}],
    "action": {"default_popup": "page.html"},
    "declarative_net_request": {"rule_resources": [{"id": "a", "enabled": true, "path": "rules.json"}]}
}"#;

fn archived(name: &str, bytes: &[u8]) -> bool {
    let Ok((package, problems)) = archive(name, bytes, &limits()) else { return false };
    assert_no_bug(&problems);
    for path in package.files.keys() {
        assert!(!path.starts_with('/') && !path.contains('\\') && path.split('/').all(|part| part != ".."), "{path}");
    }
    true
}

fn crx(bytes: &[u8]) -> bool {
    archived("package.crx", bytes);
    crx::parse(bytes).is_ok_and(|header| {
        assert!(header.payload <= bytes.len());
        true
    })
}

fn zip(bytes: &[u8]) -> bool {
    archived("package.zip", bytes)
}

fn manifest(bytes: &[u8]) -> bool {
    json::duplicate_keys(bytes);
    let Ok((read, _)) = manifest::parse(bytes) else { return false };
    csp::weaknesses(&String::from_utf8_lossy(bytes));
    scenes_for(&read, 4);
    examine(&[("manifest.json", bytes), ("script.js", b"fetch('https://a.invalid/')")]);
    true
}

fn script(bytes: &[u8]) -> bool {
    examine(&[("manifest.json", MANIFEST), ("script.js", bytes)]).is_some()
}

fn page(bytes: &[u8]) -> bool {
    examine(&[("manifest.json", MANIFEST), ("script.js", b"document.title"), ("page.html", bytes)]).is_some()
}

/// A script of the system that lies beside the extension's own, as one that opens the developer tools does.
fn companion(bytes: &[u8]) -> bool {
    let facts = examine(&[("manifest.json", MANIFEST), ("script.js", b"1"), ("keeper.ps1", bytes)]);
    facts.is_some_and(|facts| facts.iter().any(|fact| fact.kind.name == "companion"))
}

fn net_rules(bytes: &[u8]) -> bool {
    examine(&[("manifest.json", MANIFEST), ("script.js", b"1"), ("rules.json", bytes)]);
    json::parse(bytes).is_ok_and(|value| value.is_array())
}

fn messages(bytes: &[u8]) -> bool {
    let (messages, problems) = locale::Messages::load(Some("en"), "de", |_| Some(bytes));
    messages.localise("__MSG_name__ __MSG_@@ui_locale__ __MSG_");
    messages.localise(&String::from_utf8_lossy(bytes));
    problems.is_empty()
}

fn guard(bytes: &[u8]) -> bool {
    guard::check(&source::decode(bytes).text).is_ok()
}

fn picture(bytes: &[u8]) -> bool {
    ["a.png", "a.jpg", "a.gif", "a.ico", "a.webp", "a.svg"].iter().filter_map(|name| hidden::look(name, bytes)).count() > 0
}

fn preferences(bytes: &[u8]) -> bool {
    let Ok(value) = json::parse(bytes) else { return false };
    let (settings, problems) = preferences::parse(Some(&value), Some(&value));
    assert_no_bug(&problems);
    !settings.records.is_empty()
}

fn mac(bytes: &[u8]) -> bool {
    let Ok(value) = json::parse(bytes) else { return false };
    let files = PreferenceFiles { preferences: Some(&value), secure: Some(&value) };
    let macs = ProfileMacs::check(files, &Candidates { seed: Some("google"), device_ids: &["S-1-5-21-1".to_owned()] }, None);
    if macs.proven.is_none() {
        assert!(macs.tracked.iter().all(|one| one.codes.mac != MacState::Invalid && !one.codes.foreign));
    }
    !macs.tracked.is_empty()
}

fn content_with(name: &str, bytes: &[u8]) -> bool {
    let package = Package::from_memory("p", [("manifest.json", MANIFEST), ("script.js", b"1;"), (name, bytes)]);
    let manifest = manifest::parse(MANIFEST).ok().map(|(read, _)| read);
    content::check(&package, manifest.as_ref());
    true
}

fn verified_contents(bytes: &[u8]) -> bool {
    content_with("_metadata/verified_contents.json", bytes);
    content::list::parse(bytes).is_some()
}

fn computed_hashes(bytes: &[u8]) -> bool {
    content_with("_metadata/computed_hashes.json", bytes);
    content::list::parse_computed(bytes).is_some()
}

fn registered_scripts(bytes: &[u8]) -> bool {
    !origin::registered_scripts(bytes).is_empty()
}

/// Databases carry check sums, which no mutation hits: the bytes are tried as they are, and as what lies within good ones.
fn leveldb_log(bytes: &[u8]) -> bool {
    let within = made::log(&[bytes.to_vec()]);
    let read = [bytes, &within].map(|bytes| leveldb::from_files([("1.log", bytes)]).0.live().count());
    read.iter().any(|entries| *entries > 0)
}

fn leveldb_table(bytes: &[u8]) -> bool {
    let within = [0, 1].map(|packed| made::table_of(bytes, packed));
    let read = [bytes, &within[0], &within[1]].map(|bytes| leveldb::from_files([("1.ldb", bytes)]).0.live().count());
    read.iter().any(|entries| *entries > 0)
}

fn hive(bytes: &[u8]) -> bool {
    let Ok(hive) = hive::Hive::parse(bytes.to_vec()) else { return false };
    hive.key(r"Software\Policies\Google\Chrome\ExtensionInstallForcelist");
    let mut open: Vec<_> = hive.key("").into_iter().collect();
    let mut seen = 0;
    while let Some(key) = open.pop() {
        for (_, value) in hive.values(&key) {
            let _ = (value.text(), value.texts(), value.number());
        }
        seen += 1;
        if seen > 200 {
            break;
        }
        open.extend(hive.subkeys(&key).into_iter().take(50));
    }
    seen > 1
}

fn shortcut(bytes: &[u8]) -> bool {
    lnk::parse(bytes).is_some()
}

fn command_lines(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    command_line::program_of(&text);
    command_line::scripts_in(&text);
    command_line::cut(&text);
    command_line::lines_with_switches(&text);
    !command_line::switches(&text).is_empty()
}

fn plist(bytes: &[u8]) -> bool {
    plists::parse(bytes).is_ok()
}

fn group_policy(bytes: &[u8]) -> bool {
    let Some(memory) = group_policy::parse(bytes, KeyRoot::Machine, "Registry.pol".to_owned()) else { return false };
    memory.readable(KeyRoot::Machine)
}

fn policies(bytes: &[u8]) -> bool {
    let Ok(values) = policies::parse_document(bytes) else { return false };
    let (policies, problems) = policies::interpret(&values);
    assert_no_bug(&problems);
    !policies.installs.is_empty()
}

fn host(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let patterns: Vec<_> = text.lines().filter_map(host::HostPattern::parse).collect();
    for line in text.lines() {
        let Some(host) = host::of_url(line) else { continue };
        host::registrable_domain(&host);
        host::is_local(&host);
        host::contact_class(line, &["https://mail.google.com/"], &patterns);
    }
    !patterns.is_empty()
}

fn rule(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let rule = parse::rule(Origin::User("sample.toml".to_owned()), text, &vocabulary());
    let family = parse::family(Origin::User("sample/family.toml".to_owned()), text);
    for mistake in rule.as_ref().err().into_iter().chain(family.as_ref().err()).flatten() {
        assert!(!mistake.to_string().is_empty());
    }
    rule.is_ok() || family.is_ok()
}

fn feed(bytes: &[u8]) -> bool {
    !feed::parse("feed", bytes).0.is_empty()
}

/// Nothing behind the signature is reached unless somebody who is trusted wrote it.
fn pack(bytes: &[u8]) -> bool {
    let key = pack::SigningKey::from_bytes(&PACK_KEY).verifying_key();
    pack::public_key(&String::from_utf8_lossy(bytes));
    pack::day("2026-11-26").is_some_and(|day| pack::open("a.crxpack", bytes, &[key], day).is_ok())
}

fn yara(bytes: &[u8]) -> bool {
    !YaraSet::compile(&[("rules.yar".to_owned(), bytes.to_vec())]).0.is_empty()
}

fn policy(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| match Policy::parse("policy.toml", text) {
        Ok(policy) => {
            policy.expired("2027-01-01");
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    })
}

fn configuration(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let read = config::Config::of_text(std::path::Path::new("crxhound.toml"), text);
    read.and_then(|config| config.apply(cli::command())).is_ok()
}

fn report(bytes: &[u8]) -> bool {
    let Ok(reports) = report::read::reports(bytes) else { return false };
    for read in &reports {
        for form in FORMATS.iter().filter(|form| form.format != Format::Sqlite) {
            let Some(renderer) = form.render else { continue };
            renderer.render(read, &View::default(), &mut std::io::sink()).expect("nothing is written that could fail");
        }
        diff::diff(read, &report::redact::redact(read.clone()));
        Baseline::of(read).keep_new(&mut read.clone(), Default::default());
    }
    !reports.is_empty()
}

fn fleet(bytes: &[u8]) -> bool {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let (mut reader, mut census) = (Reader::default(), Census::default());
    for (number, line) in lines.iter().enumerate() {
        if reader.head(line, number + 1, "source").is_ok() {
            reader.new_scan().into_iter().for_each(|head| census.see(head));
        }
    }
    let hosts = census.close();
    let tally = Tally::new(hosts.len());
    let (mut reader, mut place) = (Reader::default(), None);
    for (number, line) in lines.iter().enumerate() {
        let Ok(kind) = reader.head(line, number + 1, "source") else { continue };
        if let Some(head) = reader.new_scan() {
            place = hosts.place(head);
        }
        if let (Some(place), Ok(part)) = (place, reader.part(line, kind)) {
            tally.add(&part, place);
        }
    }
    let fleet = tally.finish(hosts, 1, Vec::new());
    for format in [FleetFormat::Table, FleetFormat::Json, FleetFormat::Csv, FleetFormat::Html, FleetFormat::Parquet] {
        match format.render(&fleet, &View::default(), &mut std::io::sink()) {
            // A format that this build lacks.
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {}
            rendered => rendered.expect("nothing is written that could fail"),
        }
    }
    fleet.summary.hosts > 0
}

/// What comes out of the sealed worker is as hostile as the code that ran in it.
fn answer(bytes: &[u8]) -> bool {
    let _ = serde_json::from_slice::<Request>(bytes);
    let lines = bytes.split(|byte| *byte == b'\n');
    let answers: Result<Vec<Answer>, _> = lines.map(serde_json::from_slice).collect();
    let Ok(answers) = answers else { return false };
    let told = |answer| if let Answer::Happened(event) = answer { Some(event) } else { None };
    let events: Vec<_> = answers.into_iter().filter_map(told).collect();
    let package = Package::from_memory("p", [("manifest.json", MANIFEST), ("script.js", b"1;")]);
    let Ok((manifest, _)) = manifest::parse(MANIFEST) else { return false };
    let extension = Extension::unpacked_at(&package.path, Some(manifest.clone()));
    for scene in scenes_for(&manifest, 2) {
        facts::facts(&extension, &package, &scene, &events);
    }
    true
}
