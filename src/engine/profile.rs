//! What is worked out once for a profile: settings, integrity codes, registered scripts, and what is left of extensions that
//! are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use crate::acquire::Limits;
use crate::acquire::leveldb::{self, Database};
use crate::discover::browsers::MacSeed;
use crate::discover::{Document, Profile, UserData};
use crate::extract::profile::{Leftover, ProfileSubject, profile_facts};
use crate::finding::{Evidence, Finding};
use crate::model::mac::{Candidates, PreferenceFiles, ProfileMacs};
use crate::model::origin::{Elsewhere, Origin, registered_key, registered_scripts};
use crate::model::{ExtensionId, Location, json, preferences};
use crate::problem::{Outcome, Problem, Stage};
use crate::rules::Scope;

use super::Engine;
use super::installed::Installed;

/// Databases of a profile that hold data of extensions. In the first two, keys begin with the extension's id.
const SCRIPTS: &str = "Extension Scripts";
const STATE: &str = "Extension State";
const WORKERS: &str = "Service Worker/Database";
/// What the key of an origin begins with among the service workers.
const WORKER_ORIGIN: &[u8] = b"INITDATA_UNIQUE_ORIGIN:chrome-extension://";

/// A profile with what its preferences say.
pub(super) struct ProfileState<'a> {
    pub profile: &'a Profile,
    pub settings: preferences::Settings,
    pub macs: ProfileMacs,
    scripts: Database,
    leftovers: Vec<Leftover>,
}

/// Reads a profile's preferences and checks their codes. `full` reads what extensions have left with the browser too.
pub(super) fn state<'a>(
    data: &UserData,
    profile: &'a Profile,
    device_ids: &[String],
    full: bool,
    limits: &Limits,
) -> Outcome<ProfileState<'a>> {
    let mut problems = Vec::new();
    let mut tree = |document: &Option<Document>| -> Option<Value> {
        let document = document.as_ref()?;
        match json::parse(&document.bytes) {
            Ok(value) => Some(value),
            Err(error) => {
                problems.push(Problem::new(document.path.to_string_lossy(), Stage::Parse, error));
                None
            }
        }
    };
    let (plain, secure) = (tree(&profile.preferences), tree(&profile.secure_preferences));
    let (settings, wrong) = preferences::parse(plain.as_ref(), secure.as_ref());
    problems.extend(wrong.into_iter().map(|problem| {
        let path = profile.path.join(&problem.path).to_string_lossy().into_owned();
        Problem { path, ..problem }
    }));
    let files = PreferenceFiles { preferences: plain.as_ref(), secure: secure.as_ref() };
    let seed = match data.mac_seed {
        MacSeed::Google => "google",
        MacSeed::Empty => "empty",
    };
    let registry = data.registry_macs.get(&profile.directory).map(|macs| {
        let split =
            macs.split.iter().flat_map(|(path, macs)| macs.iter().map(move |(id, mac)| (format!("{path}.{id}"), mac.clone())));
        macs.atomic.clone().into_iter().chain(split).collect()
    });
    let macs = ProfileMacs::check(files, &Candidates { seed: Some(seed), device_ids }, registry.as_ref());

    let mut state = ProfileState { profile, settings, macs, scripts: Database::default(), leftovers: Vec::new() };
    // Without preferences there is no telling what is installed, and nothing is left over.
    if full && (plain.is_some() || secure.is_some()) {
        let mut open = |name: &str| {
            let (database, wrong) = leveldb::open(&profile.path.join(name), limits);
            problems.extend(wrong);
            database
        };
        state.scripts = open(SCRIPTS);
        let (alarms, workers) = (open(STATE), open(WORKERS));
        state.leftovers = state.leftovers(&alarms, &workers);
    }
    (state, problems)
}

impl ProfileState<'_> {
    /// What vouches for one installation, and where else its id is.
    pub fn origin(&self, data: &UserData, installed: &Installed, siblings: &Siblings) -> Origin {
        let registered = self.scripts.get(registered_key(&installed.id).as_bytes()).map(registered_scripts);
        let origin = Origin {
            system: data.system,
            developer_mode: Some(self.settings.developer_mode),
            elsewhere: siblings.elsewhere(self.profile, &installed.id),
            registered: registered.unwrap_or_default(),
            browser: data.name.clone(),
            ..Origin::default()
        };
        origin.with_codes(&self.macs, &installed.record.file, &installed.id)
    }

    /// Data of extensions that are neither in the preferences nor on disk.
    fn leftovers(&self, alarms: &Database, workers: &Database) -> Vec<Leftover> {
        let gone = |id: &str| {
            let known = ExtensionId::parse(id).is_some_and(|id| self.settings.records.contains_key(&id));
            !known && !self.profile.extension_folders.contains_key(id)
        };
        let mut found = BTreeSet::new();
        for storage in self.profile.storage.iter().filter(|storage| gone(&storage.id)) {
            let folder = storage.kind.folder().to_owned();
            found.insert(Leftover { id: storage.id.clone(), what: "storage", folder });
        }
        let databases: [(&Database, &'static str, &str, &[u8]); 3] = [
            (&self.scripts, "scripts", SCRIPTS, b""),
            (alarms, "state", STATE, b""),
            (workers, "service-worker", WORKERS, WORKER_ORIGIN),
        ];
        for (database, what, folder, prefix) in databases {
            let ids = database.live().filter_map(|(key, _)| std::str::from_utf8(key.strip_prefix(prefix)?.get(..32)?).ok());
            for id in ids.filter(|id| ExtensionId::parse(id).is_some() && gone(id)) {
                found.insert(Leftover { id: id.to_owned(), what, folder: folder.to_owned() });
            }
        }
        found.into_iter().collect()
    }
}

impl Engine {
    /// What rules say about a profile as a whole.
    pub(super) fn profile_findings(&self, data: &UserData, state: &ProfileState<'_>) -> Vec<Finding> {
        let path = state.profile.path.to_string_lossy();
        let written = |document: &Option<Document>| document.as_ref().and_then(|document| document.modified);
        // The browser writes its own state whenever it ends; while it runs, nothing is out of order.
        let last_run = written(&data.local_state).max(state.profile.last_active).filter(|_| !data.running);
        let facts = profile_facts(&ProfileSubject {
            path: &path,
            system: data.system,
            macs: &state.macs,
            leftovers: &state.leftovers,
            preferences_written: written(&state.profile.preferences).max(written(&state.profile.secure_preferences)),
            last_run,
        });
        self.config.rules.findings(&facts, Scope::Profile, &|place| Evidence {
            kind: place.kind,
            file: place.file.clone(),
            pointer: place.pointer.clone(),
            excerpt: place.excerpt.clone(),
            ..Evidence::default()
        })
    }
}

/// Which ids are installed in several places of this scan.
pub(super) struct Siblings {
    /// Id to the profiles that have it, by their folders.
    installs: BTreeMap<ExtensionId, Vec<(PathBuf, Elsewhere)>>,
}

impl Siblings {
    /// Those among all installations. What comes with a browser is in every profile of it, and says nothing.
    pub fn of<'a>(installs: impl Iterator<Item = (&'a UserData, &'a ProfileState<'a>, &'a Installed)>) -> Siblings {
        let mut by_id: BTreeMap<ExtensionId, Vec<_>> = BTreeMap::new();
        for (data, state, installed) in installs {
            if matches!(installed.record.location, Location::Component | Location::ExternalComponent) {
                continue;
            }
            let elsewhere = Elsewhere {
                browser: data.name.clone(),
                profile: state.profile.directory.clone(),
                installed_at: installed.record.installed_at,
            };
            by_id.entry(installed.id.clone()).or_default().push((state.profile.path.clone(), elsewhere));
        }
        by_id.retain(|_, places| places.len() > 1);
        Siblings { installs: by_id }
    }

    /// Where else an id is.
    fn elsewhere(&self, profile: &Profile, id: &ExtensionId) -> Vec<Elsewhere> {
        let places = self.installs.get(id).into_iter().flatten();
        places.filter(|(other, _)| *other != profile.path).map(|(_, elsewhere)| elsewhere.clone()).collect()
    }
}
