//! `crxhound remediate`: how to take one extension out so that it stays out, and what to secure afterwards. It only prints.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::args::RemediateArgs;
use super::exit::Exit;
use super::options::{self, Analysis, Common, Targets};
use super::work::{self, Request};
use super::{output, render};
use crate::discover::browsers::{self, Browser};
use crate::finding::{Finding, Verdict};
use crate::judge::advice;
use crate::judge::block;
use crate::locales::Words;
use crate::model::{ExtensionId, InstallSource};
use crate::report::brought::Places;
use crate::report::model::ExtensionReport;
use crate::report::text::{plain, wrap};
use crate::report::{Report, phrase};

/// Columns of prose.
const WIDTH: usize = 96;

/// Looks for the extension and prints what to do.
pub fn run(args: RemediateArgs, common: &Common) -> anyhow::Result<Exit> {
    let id = options::id(&args.extension)?;
    let reports = match &args.report {
        Some(file) => render::load(file).context("--report")?,
        None => {
            let targets = Targets { ids: vec![id.clone()], ..Targets::new(args.target)? };
            vec![work::report(&Request::Scan(targets), &Analysis::default(), false, &common.terminal)?]
        }
    };
    for error in reports.iter().flat_map(|report| &report.errors) {
        common.terminal.warn(error.to_string());
    }
    let text = page(&id, &reports, args.team.as_deref(), common);
    output::to_stdout(text.as_bytes(), false, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(Exit::Clean)
}

/// The whole text.
fn page(id: &ExtensionId, reports: &[Report], team: Option<&str>, common: &Common) -> String {
    let words = common.lang.words();
    let found: Vec<&ExtensionReport> =
        reports.iter().flat_map(|report| &report.extensions).filter(|extension| extension.id == *id).collect();
    let findings: Vec<Finding> = found.iter().flat_map(|extension| extension.findings.iter().cloned()).collect();
    let mut text = String::new();
    if found.is_empty() {
        prose(&mut text, "", &words.fill("remediate.missing", &[("id", id)]));
    }
    for extension in &found {
        let source = phrase::source(extension.install.source, words);
        let verdict = phrase::verdict(extension.verdict, words);
        let line = format!("{} ({id}): {}, {source}, {verdict}", phrase::name(extension), phrase::place(extension));
        let _ = writeln!(text, "{}", plain(&line));
    }
    prose(&mut text, "", words.get("remediate.unchanged"));
    steps(&mut text, id, reports, &found, &findings, common);
    blocks(&mut text, id, reports, &found, words);
    accounts(&mut text, &findings, words);
    heading(&mut text, words.get("remediate.report"));
    match team {
        Some(team) => prose(&mut text, "- ", &words.fill("remediate.team", &[("team", &team)])),
        None => prose(&mut text, "- ", words.get("remediate.team_first")),
    }
    for agency in [words.get("remediate.germany"), words.get("remediate.korea"), words.get("remediate.usa")] {
        prose(&mut text, "- ", agency);
    }
    text
}

/// The steps for every way in which the extension is here, each once.
fn steps(
    text: &mut String,
    id: &ExtensionId,
    reports: &[Report],
    found: &[&ExtensionReport],
    findings: &[Finding],
    common: &Common,
) {
    let words = common.lang.words();
    let seen = Places::new(id.as_str(), &reports.iter().collect::<Vec<_>>(), found);
    let brought = seen.brought();
    heading(text, words.get("remediate.steps"));
    let plans: Vec<_> = match found {
        [] => vec![advice::removal(InstallSource::Unknown, Verdict::Ok, findings, brought)],
        // One list for each copy: the ways in differ.
        _ => found.iter().map(|e| advice::removal(e.install.source, e.verdict, &e.findings, brought)).collect(),
    };
    for (at, steps) in plans.iter().enumerate() {
        if plans.iter().take(at).any(|earlier| earlier == steps) {
            continue;
        }
        if let (Some(extension), true) = (found.get(at), plans.len() > 1) {
            let _ = writeln!(text, "  {}", plain(&phrase::place(extension)));
        }
        for (number, step) in steps.iter().enumerate() {
            prose(text, &format!("{}. ", number + 1), step.text(common.lang.code()));
            for place in seen.of_step(step.id) {
                let _ = writeln!(text, "     {}", plain(&words.fill("remediate.seen", &[("what", place)])));
            }
        }
    }
}

/// The policies that block it, for each browser that has it; for those of the report, else for Chrome, where none has it.
fn blocks(text: &mut String, id: &ExtensionId, reports: &[Report], found: &[&ExtensionReport], words: &Words) {
    let mut names: Vec<&str> = found.iter().filter_map(|extension| extension.browser.as_deref()).collect();
    if names.is_empty() {
        names = reports.iter().flat_map(|report| &report.browsers).map(|browser| browser.browser.as_str()).collect();
    }
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        names.push("chrome");
    }
    for name in names {
        match browsers::browser(name) {
            Some(browser) => block_in(text, id, browser, words),
            None => prose(text, "", &words.fill("remediate.no_policy", &[("browser", &name)])),
        }
    }
}

fn block_in(text: &mut String, id: &ExtensionId, browser: &Browser, words: &Words) {
    let places = &browser.policies;
    heading(text, &words.fill("remediate.block", &[("browser", &browser.name)]));
    if places.windows.is_empty() && places.macos.is_empty() && places.linux.is_empty() {
        prose(text, "", &words.fill("remediate.no_policy", &[("browser", &browser.name)]));
        return;
    }
    prose(text, "", words.get("remediate.merge"));
    if let Some(key) = places.windows.first() {
        let _ = writeln!(text, "\n# {}\n\n{}", words.get("remediate.windows"), block::windows(id, key).trim_end());
    }
    if let Some(domain) = places.macos.first() {
        let _ = writeln!(text, "\n# {}\n\n{}", words.get("remediate.macos"), block::macos(id, domain).trim_end());
    }
    if let Some(folder) = places.linux.first() {
        let path = format!("{folder}/managed/block-{id}.json");
        let title = words.fill("remediate.linux", &[("path", &path)]);
        let _ = writeln!(text, "\n# {title}\n\n{}", block::linux(id).trim_end());
    }
}

/// Where to secure which account.
fn accounts(text: &mut String, findings: &[Finding], words: &Words) {
    heading(text, words.get("remediate.accounts"));
    let mut accounts = advice::accounts(findings);
    if accounts.is_empty() {
        accounts = advice::all_accounts();
        prose(text, "", words.get("remediate.any"));
    } else {
        prose(text, "", words.get("remediate.named"));
    }
    for account in accounts {
        let _ = writeln!(text, "  {}", account.name);
        for (what, page) in [
            (words.get("remediate.sessions"), account.sessions),
            (words.get("remediate.passwords"), account.passwords),
            (words.get("remediate.apps"), account.apps),
            (words.get("remediate.mailbox"), account.mailbox),
        ] {
            let _ = writeln!(text, "    {what}: {page}");
        }
    }
}

fn heading(text: &mut String, title: &str) {
    let _ = writeln!(text, "\n{}", plain(title));
}

/// A paragraph, its first line behind a mark.
fn prose(text: &mut String, mark: &str, paragraph: &str) {
    for (number, line) in wrap(&plain(paragraph), WIDTH).iter().enumerate() {
        let before = if number == 0 { mark.to_owned() } else { " ".repeat(mark.len()) };
        let _ = writeln!(text, "  {before}{line}");
    }
}
