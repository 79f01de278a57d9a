//! A whole extension, run in the sealed worker: which scripts, which scenes, and what came of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::protocol::{Answer, Ending, Event, Play, PlayScript, Request};
use super::{Worker, facts, scene};
use crate::acquire::Package;
use crate::extract::Fact;
use crate::model::Extension;
use crate::problem::{Outcome, Problem, Stage};
use crate::script::page;

/// What a run showed.
#[derive(Clone, Debug, Default)]
pub struct Emulation {
    /// Flows and contacts, with `via` emulated.
    pub facts: Vec<Fact>,
    /// What happened, by scene.
    pub story: Vec<(String, Vec<Event>)>,
}

/// Scenes that are played to one extension.
const SCENES: usize = 3;

/// Bytes of the package's texts that are handed over.
const TEXTS_LIMIT: usize = 24 << 20;

/// The endings of files that scripts run or fetch as text.
const TEXTS: &[&str] = &[".js", ".mjs", ".json", ".html", ".htm", ".txt", ".css", ".svg", ".xml", ".csv"];

/// Runs an extension in a worker.
pub fn emulate(worker: &Worker, extension: &Extension, package: &Package) -> Outcome<Emulation> {
    let mut emulation = Emulation::default();
    let mut problems = Vec::new();
    let scripts = scripts(extension, package);
    if !scripts.0.is_empty() {
        for scene in scene::scenes_for(extension, SCENES) {
            let manifest = extension.manifest.as_ref();
            let setup = json!({
                "id": extension.id.to_string(),
                "manifest": manifest.map(|manifest| &manifest.raw),
                "worker": manifest.is_some_and(|manifest| manifest.background.page.is_none() && manifest.manifest_version >= 3),
            });
            let play = Play {
                setup: setup.to_string(),
                scene: scene.value().to_string(),
                scripts: scripts.0.clone(),
                files: scripts.1.clone(),
                steps: worker.budget.steps,
            };
            let Some(Answer::Played { events, ending }) = worker.ask(&Request::Play(Box::new(play))) else { continue };
            if ending == Ending::Steps {
                let message = format!(
                    "the run in the sealed worker, scene {}, came to the end of its steps: what comes later is not seen",
                    scene.name
                );
                problems.push(Problem::new(&package.path, Stage::Emulate, message));
            }
            emulation.facts.extend(facts::facts(extension, package, scene, &events));
            emulation.story.push((scene.name.clone(), events));
        }
    }
    problems.extend(worker.take_problems(&package.path));
    (emulation, problems)
}

/// The scripts that run by themselves, by world, and every text that may be asked for by name.
fn scripts(extension: &Extension, package: &Package) -> (Vec<PlayScript>, BTreeMap<String, String>) {
    let Some(manifest) = &extension.manifest else { return Default::default() };
    let mut files = BTreeMap::new();
    let mut room = TEXTS_LIMIT;
    for (path, file) in &package.files {
        let text = TEXTS.iter().any(|ending| path.ends_with(ending));
        let Some(bytes) = file.bytes.as_deref().filter(|bytes| text && bytes.len() <= room) else { continue };
        room -= bytes.len();
        files.insert(path.clone(), String::from_utf8_lossy(bytes).into_owned());
    }
    let mut list = Vec::new();
    let mut add = |world: &str, file: &str| {
        list.push(PlayScript { world: world.to_owned(), file: file.trim_start_matches(['.', '/']).to_owned() });
    };
    let background = &manifest.background;
    background.service_worker.iter().chain(&background.scripts).for_each(|file| add("background", file));
    let mut pages: Vec<(&str, &String)> = Vec::new();
    pages.extend(background.page.iter().map(|page| ("background", page)));
    pages.extend(manifest.devtools_page.iter().map(|page| ("devtools", page)));
    pages.extend(manifest.popup.iter().map(|page| ("popup", page)));
    pages.extend(manifest.options_page.iter().map(|page| ("options", page)));
    let mut inline = Vec::new();
    for (world, page) in pages {
        let page = page.trim_start_matches(['.', '/']);
        let Some(bytes) = package.bytes(page) else { continue };
        let folder = page.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let text = String::from_utf8_lossy(bytes);
        for (number, script) in page::read(&text).scripts.into_iter().enumerate() {
            match script {
                page::PageScript::External { address, .. } if address.starts_with('/') => add(world, &address),
                page::PageScript::External { address, .. } => {
                    add(world, &format!("{folder}{}", address.trim_start_matches("./")));
                }
                page::PageScript::Inline { span: (from, to), .. } => {
                    let name = format!("{page}#{number}");
                    add(world, &name);
                    inline.push((name, text.get(from as usize..to as usize).unwrap_or_default().to_owned()));
                }
                page::PageScript::Handler { .. } => {}
            }
        }
    }
    for script in &manifest.content_scripts {
        for file in &script.js {
            add(if script.main_world { "main" } else { "page" }, file);
        }
    }
    files.extend(inline);
    let mut seen = BTreeSet::new();
    list.retain(|script| seen.insert((script.world.clone(), script.file.clone())));
    (list, files)
}
