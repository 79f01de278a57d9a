//! A fleet as one page to read, print and hand on, in the frame of a report's page.

use std::io::{self, Write};

use maud::{Markup, html};

use super::super::html::{capital, chip, frame};
use super::super::text::plain;
use super::super::{View, phrase};
use super::words;
use crate::finding::Verdict;
use crate::judge::fleet::{FlaggedHost, Fleet, Prevalence, RulePrevalence, Unused};
use crate::locales::Words;

/// Extensions that have a card, and rows of any table. More make a page that browsers are slow with; JSON and CSV have all.
const ROWS: usize = 1_000;

/// Writes the page.
pub fn write(fleet: &Fleet, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let words = view.lang.words();
    let rules: Vec<RulePrevalence> = fleet.findings().collect();
    let body = html! {
        (banner(fleet, words))
        (extensions(fleet, &rules, view))
        (findings(fleet, &rules, view))
        (hosts(fleet, words))
        (skipped(fleet, words))
    };
    out.write_all(frame("crxhound", view, body).into_string().as_bytes())
}

fn banner(fleet: &Fleet, words: &Words) -> Markup {
    let worst = fleet.summary.verdict;
    html! {
        header class={ "banner " (worst.as_str()) } {
            h1 { (capital(phrase::verdict(worst, words))) }
            p class="line" { (phrase::verdict_asks(worst, words)) }
            p { (plain(&words::summary(fleet, words))) }
            @if let Some(skipped) = words::skipped(fleet, words) { p class="soft small" { (skipped) } }
        }
    }
}

/// How many rows a table leaves out.
fn more(rows: usize, words: &Words) -> Markup {
    html! {
        @if rows > ROWS { p class="soft" { (words.fill("table.and_more", &[("n", &(rows - ROWS))])) } }
    }
}

fn extensions(fleet: &Fleet, rules: &[RulePrevalence], view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let verdicts = [Verdict::Malicious, Verdict::Suspicious, Verdict::Review, Verdict::Ok];
    html! {
        h2 { (words.get("html.extensions")) }
        @if fleet.summary.extensions == 0 { p { (words.get("html.none")) } }
        @else {
            div class="filter" hidden {
                input type="search" aria-label=(words.get("html.filter")) placeholder=(words.get("html.filter"));
                @for verdict in verdicts {
                    label { input type="checkbox" value=(verdict.as_str()) checked; " " (phrase::verdict(verdict, words)) }
                }
            }
        }
        @for extension in fleet.extensions().take(ROWS) { (card(&extension, rules, fleet, view)) }
        (more(fleet.summary.extensions, words))
    }
}

fn of_all(hosts: usize, fleet: &Fleet, words: &Words) -> String {
    words.fill("fleet.of", &[("n", &hosts), ("all", &fleet.summary.hosts)])
}

fn card(extension: &Prevalence, rules: &[RulePrevalence], fleet: &Fleet, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let verdict = extension.verdict;
    let sources: Vec<_> = extension.sources.iter().map(|source| phrase::source(*source, words)).collect();
    html! {
        details class={ "card extension " (verdict.as_str()) } data-verdict=(verdict.as_str()) open[verdict >= Verdict::Suspicious] {
            summary {
                (chip(verdict, words))
                h3 { bdi { (plain(&words::name(extension))) } }
                span class="where" { (words.get("fleet.machines")) ": " (of_all(extension.hosts, fleet, words)) }
            }
            @if let Some(news) = &extension.new { p class="since" { (plain(&words::news(news, words))) } }
            @if !extension.families.is_empty() {
                p { strong { (plain(&words.fill("explain.families", &[("families", &extension.families.join(", "))]))) } }
            }
            dl {
                dt { (words.get("explain.id")) } dd class="mono" { (extension.id) }
                dt { (words.get("explain.source")) } dd { (sources.join(", ")) }
                dt { (words.get("fleet.seen")) }
                dd {
                    @for (at, seen) in [&extension.first_seen, &extension.last_seen].into_iter().flatten().enumerate() {
                        @if at > 0 { ", " } (plain(words::day(seen)))
                    }
                }
                @if !extension.on.is_empty() {
                    dt { (phrase::verdict(verdict, words)) }
                    dd { bdi { (plain(&extension.on.join(", "))) } }
                }
            }
            ul {
                @for found in rules.iter().filter(|found| extension.findings.contains(&found.rule)) {
                    li { (plain(&words::title(found, view))) " " code class="soft" { (plain(&found.rule)) } }
                }
            }
            @if extension.contents_differ { p class="since" { (words.get("fleet.contents")) } }
            table { tbody {
                @for version in &extension.by_version {
                    @for content in &version.contents {
                        tr {
                            td { bdi { (plain(&version.version)) } }
                            td { (of_all(content.hosts, fleet, words)) }
                            td class="mono soft" { (plain(content.content_sha256.as_deref().unwrap_or("-"))) }
                        }
                    }
                }
            } }
        }
    }
}

fn findings(fleet: &Fleet, rules: &[RulePrevalence], view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let row = |found: &RulePrevalence| {
        html! {
            tr {
                td { (chip(found.verdict, words)) }
                td { (plain(&words::title(found, view))) br; code class="soft" { (plain(&found.rule)) } }
                td { (of_all(found.hosts, fleet, words)) br; span class="soft small" { bdi { (plain(&found.on.join(", "))) } } }
            }
        }
    };
    html! {
        @if !rules.is_empty() {
            h2 { (words.get("fleet.findings")) }
            section class="card" {
                table { tbody { @for found in rules.iter().take(ROWS) { (row(found)) } } }
                (more(rules.len(), words))
            }
        }
    }
}

fn hosts(fleet: &Fleet, words: &Words) -> Markup {
    let name = |host: &FlaggedHost| if host.name.is_empty() { host.id.clone() } else { host.name.clone() };
    html! {
        @if fleet.summary.flagged_hosts > 0 {
            h2 { (words.get("fleet.machines")) }
            section class="card" {
                table { tbody {
                    @for host in fleet.flagged_hosts().take(ROWS) {
                        tr {
                            td { (chip(host.verdict, words)) }
                            td { bdi { (plain(&name(&host))) } }
                            td class="soft" { (plain(&host.os)) }
                            td class="soft" { (plain(host.started_at.as_deref().unwrap_or_default())) }
                        }
                    }
                } }
                (more(fleet.summary.flagged_hosts, words))
            }
        }
    }
}

/// Files that could not be used; older reports are no trouble and only counted.
fn skipped(fleet: &Fleet, words: &Words) -> Markup {
    let broken: Vec<_> = fleet.skipped.iter().filter(|skipped| skipped.kind != Unused::Older).collect();
    html! {
        @if !broken.is_empty() {
            h2 { (words.get("html.coverage")) }
            section class="card" {
                table { tbody {
                    @for skipped in broken.iter().take(ROWS) {
                        tr { td class="mono" { bdi { (plain(&skipped.path)) } } td { bdi { (plain(&skipped.message)) } } }
                    }
                } }
                (more(broken.len(), words))
            }
        }
    }
}
