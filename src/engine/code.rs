//! What the code of one extension does, worked out or taken from an earlier scan.
//!
//! Reading scripts costs more than everything else, and what it shows depends on the code alone. So its facts may be kept
//! ([`crate::cache`]). Who runs as the user can write the cache, and could put an extension there too; a kept result is
//! therefore taken only for code that such a one cannot have written: files that a store has signed and nobody has changed.
//! A bare package is judged by what it is given, so for `inspect` any kept result will do. What this very scan has worked out
//! holds for any code ([`super::alike`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::acquire::Package;
use crate::extract::{EXTRACTORS, Fact, FactSet, Field, Place, Subject, Via, libraries};
use crate::finding::Step;
use crate::model::hash::Hasher;
use crate::model::origin::{Origin, RegisteredScript};
use crate::model::{ContentState, Extension};
use crate::problem::Problem;
use crate::report::model::Run;
use crate::sandbox::{self, Effort};
use crate::script::evaluate::{Evaluate, NoEvaluator};
use crate::script::{self, ExtraScript, World};

use super::created::created;
use super::examine::Means;
use super::{Emulate, Engine, story};

/// The facts of code, and what went wrong on the way to them.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// By extractor.
    pub stated: BTreeMap<&'static str, Vec<Fact>>,
    /// What a run in the sealed worker showed.
    pub run: Vec<Fact>,
    /// What happened in the run, as reports tell it.
    pub runs: Vec<Run>,
    /// Paths begin with the package's.
    pub problems: Vec<Problem>,
}

impl Engine {
    /// What the code of an extension does.
    pub(super) fn code(&self, extension: &Extension, origin: &Origin, package: &Package, means: &Means<'_>) -> Code {
        let extra = registered_code(origin);
        let granted: Vec<String> = extension.install.iter().flat_map(|install| install.granted.hosts()).cloned().collect();
        // Code that lies in the profile is signed by nobody, and part of no package.
        let of_package = extra.is_empty() && !package.files.is_empty();
        let vouched = extension.install.is_none() || extension.integrity.content == ContentState::Verified;
        let cache = self.config.cache.as_ref().filter(|_| of_package && vouched);
        let seen = means.seen.filter(|_| of_package);
        if cache.is_none() && seen.is_none() {
            return self.work_out(extension, package, &extra, &granted, means);
        }
        let key = self.key(extension, package, &granted, means);
        let kept = seen.and_then(|seen| seen.get(&key)).or_else(|| cache?.get(&key));
        if let Some(kept) = kept.and_then(|bytes| Kept::read(&bytes, package)) {
            return kept;
        }
        let code = self.work_out(extension, package, &extra, &granted, means);
        // What a backstop has cut off may be there the next time.
        if means.is_whole() {
            let kept = Kept::write(&code, package);
            if let Some(cache) = cache {
                cache.put(&key, &kept);
            }
            if let Some(seen) = seen {
                seen.put(key, kept);
            }
        }
        code
    }

    /// Everything that [`Engine::work_out`] depends on.
    fn key(&self, extension: &Extension, package: &Package, granted: &[String], means: &Means<'_>) -> String {
        let manifest = extension.manifest.as_ref().map(|manifest| manifest.raw.to_string());
        // Where updates come from is told with the manifest, and may be the profile's own.
        let updates = extension.install.as_ref().and_then(|install| install.update_url.clone());
        let listed = self.config.indicators.fingerprints().map(|(_, listed)| format!("{listed:?}"));
        let how = format!(
            "{} {} {} {:?} {}",
            self.config.worker, self.config.budget.steps, means.scenes, self.config.emulate, self.config.moments
        );
        let parts = [
            env!("CARGO_PKG_VERSION").to_owned(),
            env!("CRXHOUND_SOURCES").to_owned(),
            self.config.rules.hash().to_owned(),
            how,
            extension.id.to_string(),
            extension.name.clone(),
            extension.description.clone(),
            manifest.unwrap_or_default(),
            updates.unwrap_or_default(),
            package.content_sha256(),
            package.cut.to_string(),
            granted.join(" "),
        ];
        let mut hash = Hasher::new();
        for part in parts.into_iter().chain(listed) {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.hex()
    }

    fn work_out(
        &self,
        extension: &Extension,
        package: &Package,
        extra: &[ExtraScript],
        granted: &[String],
        Means { worker, deadline, .. }: &Means<'_>,
    ) -> Code {
        let stop = || deadline.passed();
        let evaluator: &dyn Evaluate = if self.config.worker { worker } else { &NoEvaluator };
        let read = |extra: &[ExtraScript]| {
            let input = script::Input {
                extra,
                granted_hosts: granted,
                stop: Some(&stop),
                libraries: Some(&libraries::is_known),
                ..script::Input::new(extension.manifest.as_ref(), package)
            };
            let (scripts, wrong) = script::analyse(&input, evaluator);
            let indicators = Some(&self.config.indicators);
            let subject = Subject { scripts: Some(&scripts), indicators, ..Subject::new(extension, package) };
            let mut stated = BTreeMap::new();
            for extractor in EXTRACTORS.iter().filter(|extractor| extractor.code) {
                let mut facts = FactSet::new();
                (extractor.run)(&subject, &mut facts);
                stated.insert(extractor.name, facts.into_iter().collect::<Vec<Fact>>());
            }
            (stated, wrong, scripts.scripts)
        };
        let (mut stated, mut unread, scripts) = read(extra);
        let (mut run, mut runs, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(effort) = self.effort(stated.values().flatten()).filter(|_| self.config.worker && !stop()) {
            let (emulation, wrong) = sandbox::emulate(worker, extension, package, &scripts, effort);
            problems.extend(wrong);
            // What it made of itself while it ran is read like its files.
            let made = created(&emulation.story, package, extension.manifest.as_ref(), &scripts);
            if !made.is_empty() {
                (stated, unread, _) = read(&[extra, &made].concat());
            }
            runs = story::runs(&emulation.story, self.config.moments);
            run = emulation.facts;
        }
        problems.extend(unread.into_iter().map(|problem| inside(package, problem)));
        problems.extend(worker.take_problems(&package.path));
        Code { stated, run, runs, problems }
    }

    /// How far an extension is run: wholly where its code hides what it does or where everything is to be run; for a proof
    /// where a theft can be read in it.
    fn effort<'f>(&self, facts: impl Iterator<Item = &'f Fact>) -> Option<Effort> {
        let asked = |fact: &Fact| match fact.kind.name {
            "obfuscation" if fact.field("degree") != Some("trace") => Some(Effort::Whole),
            "thin-loader" | "dead-drop" | "command-loop" => Some(Effort::Whole),
            // What is code already was read as such.
            "remote-code" if fact.field("origin") != Some("literal") => Some(Effort::Proof),
            "flow" if !matches!(fact.field("class"), Some("provider" | "declared" | "local" | "store")) => Some(Effort::Proof),
            _ => None,
        };
        match self.config.emulate {
            Emulate::Never => None,
            Emulate::Always => Some(Effort::Whole),
            Emulate::Auto => facts.filter_map(asked).max(),
        }
    }
}

/// A problem with a file of a package, by its full path.
fn inside(package: &Package, problem: Problem) -> Problem {
    if problem.path.starts_with(&package.path) {
        return problem;
    }
    Problem { path: format!("{}/{}", package.path, problem.path), ..problem }
}

/// Code that the extension has registered with the browser and that is in none of its files.
fn registered_code(origin: &Origin) -> Vec<ExtraScript> {
    let code = |script: &RegisteredScript| {
        let world = if script.world == "main" { World::Main } else { World::Content };
        let (name, matches) = (script.id.clone(), script.matches.clone());
        let extra = move |(at, text): (usize, &String)| ExtraScript {
            name: format!("Extension Scripts/{name}/{at}.js"),
            text: text.clone(),
            world,
            matches: matches.clone(),
        };
        script.inline.iter().enumerate().map(extra).collect::<Vec<_>>()
    };
    origin.registered.iter().flat_map(code).collect()
}

/// [`Code`] as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    stated: BTreeMap<String, Vec<KeptFact>>,
    run: Vec<KeptFact>,
    runs: Vec<Run>,
    /// Paths without the package's, which differs from profile to profile.
    problems: Vec<Problem>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptFact {
    kind: String,
    value: String,
    fields: Vec<(String, String)>,
    place: Place,
    via: Via,
    steps: Vec<Step>,
}

impl Kept {
    fn write(code: &Code, package: &Package) -> Vec<u8> {
        let facts = |facts: &Vec<Fact>| facts.iter().map(KeptFact::of).collect();
        let short = |problem: &Problem| {
            let path = problem.path.strip_prefix(&package.path).unwrap_or(&problem.path);
            Problem { path: path.to_owned(), ..problem.clone() }
        };
        let kept = Kept {
            stated: code.stated.iter().map(|(name, stated)| ((*name).to_owned(), facts(stated))).collect(),
            run: facts(&code.run),
            runs: code.runs.clone(),
            problems: code.problems.iter().map(short).collect(),
        };
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// None where anything in it is not as this program writes it.
    fn read(bytes: &[u8], package: &Package) -> Option<Code> {
        let kept: Kept = serde_json::from_slice(bytes).ok()?;
        let facts = |facts: Vec<KeptFact>| facts.into_iter().map(KeptFact::fact).collect::<Option<Vec<Fact>>>();
        let mut stated = BTreeMap::new();
        let mut all = kept.stated;
        for extractor in EXTRACTORS.iter().filter(|extractor| extractor.code) {
            stated.insert(extractor.name, facts(all.remove(extractor.name)?)?);
        }
        let long = |problem: Problem| Problem { path: format!("{}{}", package.path, problem.path), ..problem };
        let problems = kept.problems.into_iter().map(long).collect();
        Some(Code { stated, run: facts(kept.run)?, runs: kept.runs, problems })
    }
}

impl KeptFact {
    fn of(fact: &Fact) -> KeptFact {
        KeptFact {
            kind: fact.kind.name.to_owned(),
            value: fact.value.clone(),
            fields: fact.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            place: fact.place.clone(),
            via: fact.via,
            steps: fact.steps.clone(),
        }
    }

    fn fact(self) -> Option<Fact> {
        let mut kinds = EXTRACTORS.iter().flat_map(|extractor| extractor.facts);
        let kind = *kinds.find(|kind| kind.name == self.kind)?;
        let field = |(name, value): (String, String)| {
            let known: &Field = kind.fields.iter().find(|field| field.name == name)?;
            Some((known.name, value))
        };
        let fields = self.fields.into_iter().map(field).collect::<Option<_>>()?;
        Some(Fact { kind, value: self.value, fields, place: self.place, via: self.via, steps: self.steps })
    }
}
