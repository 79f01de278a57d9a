//! The cases of rules, run through the real extractors.

use std::path::PathBuf;

use crate::acquire::{self, Container, Package};
use crate::extract::FactSet;
use crate::model::{ContentState, EntryPath, ExtensionId, GrantedSet, InstallRecord, Location};
use crate::rules::rule::CaseInstall;
use crate::rules::{Case, CaseRunner};

use super::Engine;
use super::deadline::Deadline;
use super::examine::{Known, Means, extension};

/// The manifest of a case that gives scripts only.
const PLAIN: &str = r#"{"manifest_version": 3, "name": "Case", "version": "1.0"}"#;

/// Runs cases with an engine's extractors.
pub struct Cases<'e> {
    engine: &'e Engine,
    fixtures: Option<PathBuf>,
}

impl<'e> Cases<'e> {
    /// Cases that carry their own files. One that names a package of the project's `fixtures` folder needs `fixtures`: the
    /// folder above it.
    pub fn new(engine: &'e Engine, fixtures: Option<PathBuf>) -> Cases<'e> {
        Cases { engine, fixtures }
    }

    fn package(&self, case: &Case) -> Result<Package, String> {
        if let Some(name) = &case.package {
            let root = self.fixtures.as_ref().ok_or("this case names a package, and the project's fixtures are not here")?;
            let opened = acquire::open(&root.join(name), &self.engine.config.limits);
            return opened.map(|(package, _)| package).map_err(|error| format!("{name}: {error}"));
        }
        let manifest = case.manifest.as_deref().unwrap_or(PLAIN);
        let files = case.files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()));
        Ok(Package::from_memory("case", [("manifest.json", manifest.as_bytes())].into_iter().chain(files)))
    }
}

impl CaseRunner for Cases<'_> {
    fn facts(&self, case: &Case) -> Result<FactSet, String> {
        let package = self.package(case)?;
        let mut problems = Vec::new();
        let install = case.install.as_ref();
        let id = install.and_then(id_of);
        let known = Known { install: install.map(record), id, ..Known::default() };
        let (mut extension, origin) = extension(&package, known, &mut problems);
        if let Some(content) = install.and_then(|install| install.content.as_deref()) {
            extension.integrity.content = content_state(content)?;
        }
        // A package that is handed over in memory has no container whose signature could be missing.
        debug_assert!(case.package.is_some() || package.container == Container::Memory);
        let means = Means::new(&self.engine.config, &Deadline::default(), 1, None);
        let all = || self.engine.facts(&extension, &origin, None, &package, &means, &mut problems);
        Ok(self.engine.pool.install(all).0)
    }
}

/// The id of a case's installation: the one that it names, else the one that follows from its folder.
fn id_of(install: &CaseInstall) -> Option<ExtensionId> {
    if let Some(id) = &install.id {
        return ExtensionId::parse(id);
    }
    match EntryPath::of(install.path.as_deref()?) {
        EntryPath::Inside(path) => ExtensionId::parse(path.split('/').next()?),
        EntryPath::Absolute(path) => Some(ExtensionId::from_path(&path, path.as_bytes().get(1) == Some(&b':'))),
        EntryPath::Refused => None,
    }
}

/// The preference entry that a case describes.
fn record(install: &CaseInstall) -> InstallRecord {
    let granted =
        GrantedSet { api: install.granted.clone(), explicit_hosts: install.granted_hosts.clone(), ..GrantedSet::default() };
    let location = (1..=10).map(Location::from_number).find(|location| location.as_str() == install.location);
    InstallRecord {
        location: location.unwrap_or_default(),
        path: install.path.clone(),
        update_url: install.update_url.clone(),
        from_webstore: install.from_webstore,
        enabled: true,
        active: granted.clone(),
        granted,
        ..InstallRecord::default()
    }
}

fn content_state(word: &str) -> Result<ContentState, String> {
    use ContentState::{Modified, NotApplicable, Unsigned, Unverifiable, Verified};
    let all = [Verified, Modified, Unsigned, Unverifiable, NotApplicable];
    all.into_iter().find(|state| state.as_str() == word).ok_or_else(|| format!("\"{word}\" is no state of content"))
}
