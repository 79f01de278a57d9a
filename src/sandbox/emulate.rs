//! A whole extension, run in the sealed worker: which scripts, which scenes, and what came of it.

use std::collections::BTreeMap;

use serde_json::json;

use super::protocol::{Ending, Event, Play, PlayScene, PlayScript};
use super::scene::{self, Scene};
use super::{Played, Worker, canaries, facts};
use crate::acquire::Package;
use crate::extract::Fact;
use crate::model::host::{self, HostPattern};
use crate::model::{Extension, Manifest};
use crate::problem::{Outcome, Problem, Stage};
use crate::script::{Script, page};

/// What a run showed.
#[derive(Clone, Debug, Default)]
pub struct Emulation {
    /// Flows and contacts, with `via` emulated.
    pub facts: Vec<Fact>,
    /// What happened, scene by scene.
    pub story: Vec<Ran>,
}

/// What happened in one scene.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ran {
    /// The scene's name.
    pub scene: String,
    /// The address of the page that was open.
    pub page: String,
    /// What the page's text is, as the source of a flow.
    pub text: String,
    /// In order.
    pub events: Vec<Event>,
    /// Whether no limit was reached.
    pub complete: bool,
    /// Steps that it took.
    pub steps: u64,
}

impl Ran {
    /// What something that leaves carries, as sources of flows.
    pub fn carried(&self, event: &Event) -> Vec<String> {
        let field = |name: &str| event.data.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        let carried = canaries::canaries(&format!("{} {}", field("url"), field("body")));
        let mut sources: Vec<_> = carried.into_iter().map(|canary| canary.source(&self.text).to_owned()).collect();
        sources.sort();
        sources.dedup();
        sources
    }
}

/// How far an extension is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// What it does was read; a run is to prove it. One that comes to no end leaves nothing unseen.
    Proof,
    /// As far as the budget goes: what a run does not come to may be seen by nobody.
    Whole,
}

/// The part of the budget that a proof may take: several times what thefts need that can be read.
const PROOF: u64 = 4;

/// Scenes that are played to one extension.
const SCENES: usize = 4;

/// How many times as many steps are allowed where strings are looked up in scrambled tables: each use of one is a run of a cipher.
const MORE_STEPS: u64 = 10;

/// Bytes of the package's texts that are handed over.
const TEXTS_LIMIT: usize = 24 << 20;

/// The endings of files that scripts run or fetch as text.
const TEXTS: &[&str] = &[".js", ".mjs", ".json", ".html", ".htm", ".txt", ".css", ".svg", ".xml", ".csv"];

/// Runs an extension in a worker. `read` are its scripts as they were read: those that could be unscrambled run as they then are.
pub fn emulate(
    worker: &Worker,
    extension: &Extension,
    package: &Package,
    read: &[Script],
    effort: Effort,
) -> Outcome<Emulation> {
    let mut emulation = Emulation::default();
    let mut problems = Vec::new();
    let Some(manifest) = &extension.manifest else { return (emulation, problems) };
    let texts = Texts::of(package, read);
    let more = if read.iter().any(|script| script.has_table) { MORE_STEPS } else { 1 };
    let reach: Vec<_> = manifest.host_permissions.iter().filter_map(|pattern| HostPattern::parse(pattern)).collect();
    let touched = |url: &str| host::of_url(url).is_some_and(|host| reach.iter().any(|pattern| pattern.contains(&host)));
    let scenes = scene::scenes_for(manifest, SCENES).into_iter();
    let scenes: Vec<_> = scenes.map(|scene| (scripts(manifest, &scene, &texts), scene)).collect();
    let named = manifest.permissions.iter().chain(&manifest.optional_permissions);
    let setup = json!({
        "id": extension.id.to_string(),
        "manifest": manifest.raw,
        "permissions": named.collect::<Vec<_>>(),
        "pages": BTreeMap::from(pages(manifest).map(|(world, page)| (world, json!({ "path": page })))),
        "popupByClick": manifest.popup.as_deref().is_some_and(|popup| !package.may_open_popup(popup)),
        "worker": manifest.background.page.is_none() && manifest.manifest_version >= 3,
    });
    let scenes = scenes.into_iter().filter(|(scripts, _)| !scripts.is_empty());
    let (played, scenes): (Vec<_>, Vec<_>) =
        scenes.map(|(scripts, scene)| (PlayScene { scene: scene.value(touched).to_string(), scripts }, scene)).unzip();
    if scenes.is_empty() {
        return (emulation, problems);
    }
    let scenes_budget = worker.budget.scenes / if effort == Effort::Proof { PROOF } else { 1 };
    let total = scenes_budget.saturating_mul(more);
    let play = Play {
        setup: setup.to_string(),
        scenes: played,
        files: texts.files,
        pages: texts.pages,
        // One scene leaves half of them to the others.
        steps: worker.budget.steps.saturating_mul(more).min(total / 2),
        total,
    };
    let mut any_page = Vec::new();
    for (scene, Played { events, ending, spent: steps }) in scenes.into_iter().zip(worker.play(play)) {
        if ending == Some(Ending::Steps) && effort == Effort::Whole {
            let message = format!(
                "the run in the sealed worker, scene {}, came to the end of its steps: what comes later is not seen",
                scene.name
            );
            problems.push(Problem::new(&package.path, Stage::Emulate, message));
        }
        let shown = facts::facts(extension, package, &scene, &events);
        if scene.is_any_page() {
            any_page.extend(shown.iter().cloned());
        }
        emulation.facts.extend(shown);
        let Scene { name, url, text, .. } = scene;
        let complete = ending.is_some_and(|ending| ending != Ending::Steps);
        emulation.story.push(Ran { scene: name, page: url, text, events, complete, steps });
    }
    facts::without_special_pages(&mut emulation.facts, &any_page);
    problems.extend(worker.take_problems(&package.path));
    (emulation, problems)
}

/// What of a package is handed over.
struct Texts {
    /// Texts by path; a script within a page has the page's path, `#` and its number.
    files: BTreeMap<String, String>,
    /// The scripts of each page, as paths of `files`.
    pages: BTreeMap<String, Vec<String>>,
}

impl Texts {
    fn of(package: &Package, scripts: &[Script]) -> Texts {
        let mut texts = Texts { files: BTreeMap::new(), pages: BTreeMap::new() };
        let put_back = scripts.iter().filter_map(|script| Some((script.place(), script.put_back.as_deref()?)));
        let put_back: BTreeMap<(&str, u32), &str> = put_back.collect();
        let mut room = TEXTS_LIMIT;
        for (path, file) in &package.files {
            let text = TEXTS.iter().any(|ending| path.ends_with(ending));
            let Some(bytes) = file.bytes.as_deref().filter(|_| text) else { continue };
            let text = put_back.get(&(path.as_str(), 0)).map_or_else(|| String::from_utf8_lossy(bytes), |text| (*text).into());
            if text.len() <= room {
                room -= text.len();
                texts.files.insert(path.clone(), text.into_owned());
            }
        }
        let pages = texts.files.keys().filter(|path| path.ends_with(".html") || path.ends_with(".htm")).cloned();
        for page in pages.collect::<Vec<_>>() {
            texts.page(page, &put_back);
        }
        texts
    }

    /// Notes the scripts of a page.
    fn page(&mut self, path: String, put_back: &BTreeMap<(&str, u32), &str>) {
        let text = self.files.get(&path).cloned().unwrap_or_default();
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let mut scripts = Vec::new();
        for (number, script) in page::read(&text).scripts.into_iter().enumerate() {
            match script {
                page::PageScript::External { address, .. } => match address.strip_prefix('/') {
                    Some(address) => scripts.push(address.to_owned()),
                    None => scripts.push(format!("{folder}{}", address.trim_start_matches("./"))),
                },
                page::PageScript::Inline { span: (from, to), .. } => {
                    let name = format!("{path}#{number}");
                    let script = put_back.get(&(path.as_str(), from)).copied();
                    let script = script.or_else(|| text.get(from as usize..to as usize)).unwrap_or_default();
                    self.files.insert(name.clone(), script.to_owned());
                    scripts.push(name);
                }
                page::PageScript::Handler { .. } => {}
            }
        }
        self.pages.insert(path, scripts);
    }
}

/// The pages of an extension that a person or the browser opens, by the world that each is.
fn pages(manifest: &Manifest) -> [(&'static str, String); 4] {
    let path = |page: &Option<String>| page.as_deref().unwrap_or_default().trim_start_matches(['.', '/']).to_owned();
    [
        ("background", path(&manifest.background.page)),
        ("devtools", path(&manifest.devtools_page)),
        ("popup", path(&manifest.popup)),
        ("options", path(&manifest.options_page)),
    ]
}

/// The scripts that run by themselves in a scene, by world.
fn scripts(manifest: &Manifest, scene: &Scene, texts: &Texts) -> Vec<PlayScript> {
    let mut list = Vec::new();
    let mut add = |world: &str, file: &str| {
        let script = PlayScript { world: world.to_owned(), file: file.trim_start_matches(['.', '/']).to_owned() };
        if !list.contains(&script) {
            list.push(script);
        }
    };
    manifest.background.files().for_each(|file| add("background", file));
    for (world, page) in pages(manifest) {
        texts.pages.get(&page).into_iter().flatten().for_each(|file| add(world, file));
    }
    let host = host::of_url(&scene.url).unwrap_or_default();
    for script in &manifest.content_scripts {
        let mut patterns = script.matches.iter().filter_map(|pattern| HostPattern::parse(pattern));
        if patterns.any(|pattern| pattern.contains(&host)) {
            script.js.iter().for_each(|file| add(if script.main_world { "main" } else { "page" }, file));
        }
    }
    list
}
