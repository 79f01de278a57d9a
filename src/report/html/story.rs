//! The awareness demonstration as a page: each attack as a story, from the report of a real scan.

use std::io::{self, Write};

use maud::{Markup, html};

use super::super::model::{ExtensionReport, Report};
use super::super::text::plain;
use super::super::{View, phrase};
use super::{capital, card, chart, chip, frame};
use crate::finding::Verdict;

/// One attack: the words that tell it, and what the scan found of it.
pub struct Scene<'s> {
    /// A heading.
    pub title: &'s str,
    /// What the attacker did.
    pub attacker: &'s str,
    /// What the victim saw.
    pub victim: &'s str,
    /// What would have stopped it.
    pub advice: &'s str,
    /// What the scan found.
    pub extension: &'s ExtensionReport,
}

/// Writes the page: the attacks in their order, then the honest extensions beside them.
pub fn write(
    report: &Report,
    scenes: &[Scene<'_>],
    honest: &[&ExtensionReport],
    told: usize,
    view: &View<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let words = view.lang.words();
    let body = html! {
        header class="banner" {
            h1 { (words.get("demo.title")) }
            p class="line" { (words.get("demo.opening")) }
        }
        @for (at, scene) in scenes.iter().enumerate() { (tell(at + 1, scene, report, told, view)) }
        h2 { (words.get("demo.honest")) }
        section class="card" {
            ul class="glance" {
                @for extension in honest {
                    li class=(extension.verdict.as_str()) {
                        (chip(extension.verdict, words)) " " strong { bdi { (plain(&phrase::name(extension))) } } " "
                        span class="soft" { (phrase::verdict_asks(extension.verdict, words)) }
                    }
                }
            }
        }
        h2 { (words.get("demo.end")) }
        section class="card" { p { (plain(&phrase::summary(report, words))) } p { (words.get("demo.next")) } }
    };
    out.write_all(frame(words.get("demo.title"), view, body).into_string().as_bytes())
}

fn tell(number: usize, scene: &Scene<'_>, report: &Report, told: usize, view: &View<'_>) -> Markup {
    let words = view.lang.words();
    let extension = scene.extension;
    let found = extension.findings.iter().filter(|finding| finding.verdict >= Verdict::Review).take(told);
    let flow = extension.findings.iter().find(|finding| !finding.flow.is_empty());
    html! {
        h2 { (number) ". " (scene.title) }
        section class={ "card " (extension.verdict.as_str()) } {
            h4 { (words.get("demo.attacker")) }
            p { (scene.attacker) }
            h4 { (words.get("demo.victim")) }
            p { (scene.victim) }
            h4 { (words.get("demo.gave_away")) }
            p {
                (chip(extension.verdict, words)) " " strong { bdi { (plain(&phrase::name(extension))) } } " "
                span class="soft" { (words.fill("explain.score", &[("score", &extension.score)])) }
            }
            @if let Some(said) = card::exposure(extension, report, words) { p class="since" { (plain(&said)) } }
            div class=(if flow.is_some() { "two" } else { "two one" }) {
                @if let Some(finding) = flow { div class="flow" { (chart::flow(finding, words)) } }
                ul {
                    @for finding in found {
                        @let said = phrase::said(finding, view);
                        li { strong { (plain(&said.title)) } ": " (plain(&said.why)) }
                    }
                }
            }
            p class="do" { strong { (capital(words.get("demo.advice"))) } ": " (scene.advice) }
        }
    }
}
