//! `crxhound diff`: what has changed between two reports, or between two versions of an extension on the disk.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::args::{DiffArgs, DiffFormat};
use super::exit::Exit;
use super::options::{Analysis, Common};
use super::work::{self, Request};
use super::{files, output, render};
use crate::judge::diff::{Change, Diff, Elsewhere, Entry, Files, Found, Kind, diff};
use crate::locales::{Lang, Words};
use crate::report::text::{plain, wrap};
use crate::report::{NoTexts, Report, RuleTexts, json, phrase, step};
use crate::rules::RuleSet;

/// Columns of text.
const WIDTH: usize = 110;

/// Names in one line; the rest is counted, and JSON has all.
const NAMES: usize = 12;

/// Compares two reports. The exit code is 1 where something that is new or has changed is at or above `--fail-on`.
pub fn run(args: DiffArgs, common: &Common) -> anyhow::Result<Exit> {
    let (old, new) = (load(&args.old, common)?, load(&args.new, common)?);
    if !old.host.id.is_empty() && !new.host.id.is_empty() && old.host.id != new.host.id {
        common.terminal.warn(format!("the reports are of two machines, {} and {}", old.host.name, new.host.name));
    }
    for (path, report) in [(&args.old, &old), (&args.new, &new)] {
        if !report.complete {
            common.terminal.warn(format!("{}: not everything could be read; it may look as if it were gone", path.display()));
        }
    }
    let diff = diff(&old, &new);
    let as_json = args.format.unwrap_or_default() == DiffFormat::Json;
    let mut bytes = Vec::new();
    if as_json {
        json::document(&diff, &mut bytes)?;
    } else {
        let rules = (common.lang != Lang::En).then(RuleSet::builtin).and_then(Result::ok);
        let texts: &dyn RuleTexts = rules.as_ref().map_or(&NoTexts, |rules| rules);
        bytes = page(&diff, common.lang, texts).into_bytes();
    }
    match &args.output {
        Some(file) => files::write(file, &bytes).with_context(|| format!("--output {}: cannot be written", file.display()))?,
        None => output::to_stdout(&bytes, as_json, &common.terminal).map_err(anyhow::Error::msg)?,
    }
    let found = args.fail_on.unwrap_or_default().reached_by(diff.summary.verdict);
    Ok(if found { Exit::Found } else { Exit::Clean })
}

/// The one report in a file; of several of one machine, the latest. A folder or a package is looked into as `inspect` does.
fn load(path: &Path, common: &Common) -> anyhow::Result<Report> {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    let package = ending.is_some_and(|ending| ["crx", "zip", "xpi"].iter().any(|known| ending == *known));
    if path.is_dir() || package {
        let report = work::report(&Request::Inspect(vec![path.to_owned()]), &Analysis::default(), true, &common.terminal)?;
        if report.extensions.is_empty() {
            bail!("{}: no extension in it; name a version folder, a package, or a JSON report", path.display());
        }
        return Ok(report);
    }
    let reports = render::load(path)?;
    let mut machines: Vec<&str> = reports.iter().map(|report| report.host.id.as_str()).collect();
    machines.sort_unstable();
    machines.dedup();
    if machines.len() > 1 {
        bail!("{}: reports of several machines; crxhound render --host NAME --format json takes one out", path.display());
    }
    let latest = reports.into_iter().max_by(|a, b| a.started_at.cmp(&b.started_at));
    latest.with_context(|| format!("{}: no report in it", path.display()))
}

/// What has changed, for a person: what is new first, worst first in each part.
fn page(diff: &Diff, lang: Lang, texts: &dyn RuleTexts) -> String {
    let words = lang.words();
    let mut page = Page { text: String::new(), words, lang, texts };
    page.part("diff.added", &diff.added, |page, entry| page.entry(entry));
    page.part("diff.changed", &diff.changed, |page, change| {
        page.entry(&change.now);
        page.change(change);
    });
    page.part("diff.elsewhere", &diff.findings, |page, found| page.elsewhere(found));
    page.part("diff.removed", &diff.removed, |page, entry| page.entry(entry));
    let counts = diff.summary;
    if page.text.is_empty() {
        page.line(0, words.get("diff.nothing"));
    } else {
        let (added, removed) = (("added", &counts.added as &dyn std::fmt::Display), ("removed", &counts.removed as _));
        page.line(
            0,
            &words.fill("diff.summary", &[added, removed, ("changed", &counts.changed), ("updated", &counts.updated)]),
        );
    }
    page.text
}

struct Page<'w> {
    text: String,
    words: &'static Words,
    lang: Lang,
    texts: &'w dyn RuleTexts,
}

impl Page<'_> {
    /// A part with its title and a blank line behind it; nothing where there is nothing to say.
    fn part<T>(&mut self, title: &str, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        if items.is_empty() {
            return;
        }
        let title = self.words.get(title).to_owned();
        self.line(0, &title);
        for item in items {
            each(self, item);
        }
        self.text.push('\n');
    }

    fn line(&mut self, indent: usize, text: &str) {
        // The lines of a list hang behind its mark.
        let mark = if text.starts_with("- ") { 2 } else { 0 };
        for (number, line) in wrap(&plain(text), WIDTH.saturating_sub(indent + mark)).iter().enumerate() {
            let indent = if number == 0 { indent } else { indent + mark };
            let _ = writeln!(self.text, "{:indent$}{line}", "");
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let verdict = phrase::verdict(entry.verdict, self.words).to_uppercase();
        let name = if entry.name.trim().is_empty() { &entry.id } else { &entry.name };
        let place = match (&entry.browser, &entry.profile) {
            (Some(browser), Some(profile)) => format!("{browser}, {profile}"),
            (Some(browser), None) => browser.clone(),
            (None, _) => entry.path.clone().unwrap_or_default(),
        };
        self.line(2, &format!("{verdict}  {name} {}  ({place})", entry.version));
        self.line(4, &format!("{}  {}", entry.id, phrase::source(entry.source, self.words)));
    }

    fn change(&mut self, change: &Change) {
        for kind in &change.kinds {
            for line in self.ways(change, *kind) {
                self.line(4, &format!("- {line}"));
            }
        }
    }

    /// The sentences for one way in which an extension differs.
    fn ways(&self, change: &Change, kind: Kind) -> Vec<String> {
        let words = self.words;
        let (was, now) = (&change.was, &change.now);
        match kind {
            Kind::Verdict => vec![words.fill("diff.verdict", &[("verdict", &phrase::verdict(was.verdict, words))])],
            Kind::Version => vec![words.fill("diff.version", &[("old", &was.version), ("new", &now.version)])],
            Kind::Content => self.content(&change.files),
            Kind::Source => {
                let (old, new) = (phrase::source(was.source, words), phrase::source(now.source, words));
                vec![words.fill("diff.source", &[("old", &old), ("new", &new)])]
            }
            Kind::Enabled if now.enabled => vec![words.get("diff.on").to_owned()],
            Kind::Enabled => vec![words.get("diff.off").to_owned()],
            Kind::Permissions => {
                let gained = &change.gained;
                let active: Vec<String> = gained.api.iter().chain(&gained.hosts).cloned().collect();
                let optional: Vec<String> = gained.optional_api.iter().chain(&gained.optional_hosts).cloned().collect();
                let lists = [("diff.gained", active), ("diff.optional", optional)];
                let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
                lists.map(|(key, list)| words.fill(key, &[("list", &self.names(&list))])).collect()
            }
            Kind::Findings => change.findings.iter().map(|found| self.finding(found)).collect(),
            Kind::Contacts => vec![words.fill("diff.contacts", &[("list", &self.names(&change.contacts))])],
        }
    }

    fn content(&self, files: &Files) -> Vec<String> {
        let mut lines = vec![self.words.get("diff.content").to_owned()];
        if *files != Files::default() {
            let (added, removed) = (self.names(&files.added), self.names(&files.removed));
            let modified = self.names(&files.modified);
            lines.push(self.words.fill("diff.files", &[("added", &added), ("removed", &removed), ("modified", &modified)]));
        }
        lines
    }

    fn finding(&self, found: &Found) -> String {
        let end = found.flow_end.as_ref().map(|end| format!("; {}", step::sentence(end, self.words))).unwrap_or_default();
        let title = format!("{} ({}{end})", self.title(found), found.rule);
        self.words.fill("diff.finding", &[("title", &title)])
    }

    /// The title of a finding in the language of the page.
    fn title(&self, found: &Found) -> String {
        self.texts.text(&found.rule, self.lang).map_or_else(|| found.title.clone(), |text| text.title)
    }

    fn elsewhere(&mut self, found: &Elsewhere) {
        let place = match (&found.browser, &found.profile) {
            (Some(browser), Some(profile)) => format!("{browser}, {profile}"),
            _ => self.words.get("table.machine").to_owned(),
        };
        let verdict = phrase::verdict(found.finding.verdict, self.words).to_uppercase();
        self.line(2, &format!("{verdict}  {} ({})  ({place})", self.title(&found.finding), found.finding.rule));
    }

    /// Some names in one line.
    fn names(&self, names: &[String]) -> String {
        let mut text = names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(NAMES);
        if more > 0 {
            let _ = write!(text, " {}", self.words.fill("table.and_more", &[("n", &more)]));
        }
        if text.is_empty() { "-".to_owned() } else { text }
    }
}
