//! `crxhound signatures`: what is loaded, what is wrong with a folder of rules, whether rules do what their cases say; and packs of
//! them for installed programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::json;

use super::args::{SignatureArgs, SignaturesAction, SignaturesArgs, TrustArgs};
use super::exit::Exit;
use super::options::Common;
use super::{files, folder, output};
use crate::builtin;
use crate::engine::{Cases, Config, Engine};
use crate::extract::vocabulary;
use crate::report::text::plain;
use crate::report::{self, json as report_json};
use crate::rules::{Additions, Expect, Origin, RuleSet, feed, pack, selftest};

/// Lists, checks or tests.
pub fn run(args: SignaturesArgs, common: &Common) -> anyhow::Result<Exit> {
    match args.action {
        SignaturesAction::List { signatures, pages: Some(folder), .. } => pages(&signatures, &folder, common),
        SignaturesAction::List { facts, signatures, json, pages: None } => {
            let json = json.unwrap_or_default();
            let text = if facts.unwrap_or_default() { list_facts(json)? } else { list(&signatures, json)? };
            output::to_stdout(text.as_bytes(), json, &common.terminal).map_err(anyhow::Error::msg)?;
            Ok(Exit::Clean)
        }
        SignaturesAction::Check { folders } => check(&folders, common),
        SignaturesAction::Test { folders } => test(&folders, common),
        SignaturesAction::Pack { folder, key, output, date } => seal(&folder, &key, &output, date.as_deref(), common),
        SignaturesAction::Verify { pack, trust } => verify(&pack, &trust, common),
    }
}

fn list(signatures: &SignatureArgs, as_json: bool) -> anyhow::Result<String> {
    let set = RuleSet::with(&folder::signatures(signatures)?).map_err(anyhow::Error::msg)?;
    let rules: Vec<_> = set.rules().iter().filter(|rule| !rule.hidden).collect();
    if as_json {
        let rules: Vec<_> = rules
            .iter()
            .map(|rule| json!({"id": rule.id, "leg": rule.leg, "severity": rule.severity, "title": rule.text.title, "file": rule.origin.path()}))
            .collect();
        let families: Vec<_> = set.families().iter().map(|family| json!({"id": family.id, "name": family.name})).collect();
        return document(&json!({"hash": set.hash(), "date": set.date(), "rules": rules, "families": families}));
    }
    let widest = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut sorted = rules.clone();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    for rule in sorted {
        let place = match &rule.origin {
            Origin::BuiltIn(_) => "built in",
            Origin::User(path) => path,
        };
        let leg = rule.leg.as_str();
        let _ = writeln!(text, "{:widest$}  {leg:11}  {:8}  {}", plain(&rule.id), rule.severity.as_str(), plain(place));
    }
    let _ = writeln!(
        text,
        "{} rules, {} building blocks, {} families; set {} of {}",
        rules.len(),
        set.rules().len() - rules.len(),
        set.families().len(),
        set.hash(),
        set.date()
    );
    Ok(text)
}

/// Writes the pages of all rules.
fn pages(signatures: &SignatureArgs, into: &Path, common: &Common) -> anyhow::Result<Exit> {
    let set = RuleSet::with(&folder::signatures(signatures)?).map_err(anyhow::Error::msg)?;
    let pages = report::pages::pages(&set);
    std::fs::create_dir_all(into).with_context(|| format!("{}: cannot be made", into.display()))?;
    for (name, text) in &pages {
        let path = into.join(name);
        files::write(&path, text.as_bytes()).with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    common.terminal.note(format!("{} pages written to {}", pages.len(), into.display()));
    Ok(Exit::Clean)
}

fn list_facts(as_json: bool) -> anyhow::Result<String> {
    let kinds = vocabulary();
    if as_json {
        let kinds: Vec<_> = kinds
            .iter()
            .map(|kind| {
                let fields: BTreeMap<_, _> = kind.fields.iter().map(|field| (field.name, field.doc)).collect();
                json!({"name": kind.name, "doc": kind.doc, "fields": fields})
            })
            .collect();
        return document(&json!(kinds));
    }
    let mut text = String::new();
    for kind in kinds {
        let _ = writeln!(text, "{}: {}", kind.name, kind.doc);
        for field in kind.fields {
            let _ = writeln!(text, "    {}: {}", field.name, field.doc);
        }
    }
    Ok(text)
}

fn document(value: &serde_json::Value) -> anyhow::Result<String> {
    let mut text = Vec::new();
    report_json::document(value, &mut text)?;
    Ok(String::from_utf8(text)?)
}

/// The built-in rules with those of folders over them: a file with the path of a built-in one takes its place, so that our own
/// folder can be checked as well as somebody's additions.
fn overlaid(folders: &[PathBuf]) -> anyhow::Result<RuleSet> {
    let mut files: Vec<(Origin, String)> = Vec::new();
    let mut replaced = Vec::new();
    for root in folders {
        for (below, text) in folder::texts(root)? {
            let path = if root.is_dir() { root.join(&below) } else { root.clone() };
            replaced.push(below);
            files.push((Origin::User(path.display().to_string()), text));
        }
    }
    if !folders.is_empty() && files.is_empty() {
        bail!("no rules found: files that end in .toml, .csv or .yar are wanted");
    }
    let kept = builtin::signatures().filter(|(path, _)| !replaced.iter().any(|below| below == path));
    let all: Vec<(Origin, String)> =
        kept.map(|(path, text)| (Origin::BuiltIn(path.to_owned()), text.to_owned())).chain(files).collect();
    let set = RuleSet::load(all.iter().map(|(origin, text)| (origin.clone(), text.as_str())), &vocabulary());
    set.map_err(anyhow::Error::msg)
}

fn check(folders: &[PathBuf], common: &Common) -> anyhow::Result<Exit> {
    let set = overlaid(folders)?;
    let cases: usize = set.rules().iter().map(|rule| rule.cases.len()).sum();
    let text = format!("{} rules with {cases} cases and {} families: no mistakes\n", set.rules().len(), set.families().len());
    output::to_stdout(text.as_bytes(), false, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(Exit::Clean)
}

fn test(folders: &[PathBuf], common: &Common) -> anyhow::Result<Exit> {
    let set = overlaid(folders)?;
    let engine = Engine::new(Config::new(set, feed::builtin()))?;
    let set = engine.rules();
    // Some cases name packages of the project; they can be run where those are.
    let here = std::env::current_dir().ok().filter(|here| here.join("fixtures").is_dir());
    let results = selftest::run(set, &Cases::new(&engine, here));
    let mut text = String::new();
    let mut failed = 0;
    for result in results.iter().filter(|result| !result.passed()) {
        failed += 1;
        let came = match (&result.hit, result.expect) {
            (Err(why), _) => format!("could not be run: {why}"),
            (Ok(_), Expect::Hit) => "was to hit and did not".to_owned(),
            (Ok(_), Expect::Clean) => "was to stay silent and hit".to_owned(),
        };
        let _ = writeln!(text, "{}:{}: {}: \"{}\" {came}", plain(&result.file), result.line, result.rule, plain(&result.case));
    }
    let _ = writeln!(text, "{} cases of {} rules, {failed} failed", results.len(), set.rules().len());
    output::to_stdout(text.as_bytes(), false, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(if failed == 0 { Exit::Clean } else { Exit::Failed })
}

/// Packs what installed programs take over: rules, families and lists of indicators, once they are without mistakes.
fn seal(root: &Path, key: &Path, output: &Path, date: Option<&str>, common: &Common) -> anyhow::Result<Exit> {
    if !root.is_dir() {
        bail!("{}: is no folder; a pack is made of a folder like our own signatures/", root.display());
    }
    overlaid(&[root.to_owned()])?;
    let shown = format!("--key {}", key.display());
    let pem = String::from_utf8(folder::read_file(key)?).ok();
    let key = pem.and_then(|pem| pack::private_key(&pem)).with_context(|| {
        format!("{shown}: holds no private Ed25519 key; openssl genpkey -algorithm ed25519 -out FILE writes one")
    })?;
    let written = std::fs::read_to_string(root.join("DATE")).ok();
    let date = match (date, &written) {
        (Some(typed), _) => folder::day("--date", typed)?,
        (None, Some(written)) => folder::day("DATE:", written.trim())?,
        (None, None) => crate::engine::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
    };
    let (mut files, mut left) = (BTreeMap::new(), Vec::new());
    for (path, text) in folder::texts(root)? {
        let list = feed::is_own(&path);
        if list && !feed::is_whole(&text) {
            bail!("{}: has rows that are no indicators; see our own signatures/indicators/", root.join(&path).display());
        }
        if list || path.ends_with(".toml") {
            files.insert(path, text);
        } else {
            left.push(path);
        }
    }
    let bytes = pack::seal(date, &files, &key).context("the pack cannot be made")?;
    files::write(output, &bytes).with_context(|| format!("--output {}: cannot be written", output.display()))?;
    if !left.is_empty() {
        let what = left.iter().map(|path| plain(path)).collect::<Vec<_>>().join(", ");
        common.terminal.warn(format!("left out, for packs hold rules and indicators/*.csv: {what}"));
    }
    let count = files.len();
    let text = format!(
        "{}: {count} files of {date}; to be trusted with --trust-key {}\n",
        output.display(),
        pack::key_text(&key.verifying_key())
    );
    output::to_stdout(text.as_bytes(), false, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(Exit::Clean)
}

fn verify(path: &Path, trust: &TrustArgs, common: &Common) -> anyhow::Result<Exit> {
    let pack = folder::pack(path, trust)?;
    let (count, date) = (pack.files.len(), pack.date.clone());
    let set = RuleSet::with(&Additions { packs: vec![pack], ..Additions::default() }).map_err(anyhow::Error::msg)?;
    let text = format!(
        "{}: {count} files of {date}, signed with a trusted key and unchanged; with the built-in ones {} rules, set {}\n",
        path.display(),
        set.rules().len(),
        set.hash()
    );
    output::to_stdout(text.as_bytes(), false, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(Exit::Clean)
}
