//! One extension, from its files to a verdict. No file, no clock: the same call serves scans, packages, the cases of rules and
//! the fuzzer.

use crate::acquire::{self, Container, Package};
use crate::extract::{EXTRACTORS, Fact, FactSet, Subject, near};
use crate::judge::policy::About;
use crate::judge::{self, Judgement};
use crate::model::crx::PackageSignature;
use crate::model::hash::{hex, sha256};
use crate::model::id::decode_key;
use crate::model::locale::Messages;
use crate::model::machine::Surroundings;
use crate::model::origin::Origin;
use crate::model::{Extension, ExtensionId, InstallRecord, InstallSource, Integrity, Manifest, content, manifest};
use crate::problem::{Problem, Stage};
use crate::report::model::{Contact, ExtensionReport, FileEntry, Install, Permissions, Run, Size};
use crate::rules::{Scope, findings};
use crate::sandbox::{Budget, Worker};

use super::alike::Seen;
use super::deadline::{Deadline, LATE};
use super::evidence::evidence;
use super::host::rfc3339;
use super::{Config, Engine};

/// The language that names are shown in: names stand in reports, and reports are the same wherever they are made.
const LOCALE: &str = "en_US";

/// What is known of an extension before its files are looked at.
#[derive(Default)]
pub(super) struct Known<'a> {
    /// The installation, for one that is in a profile.
    pub install: Option<InstallRecord>,
    /// The id under which it was found.
    pub id: Option<ExtensionId>,
    /// What vouches for it, and where else it is.
    pub origin: Origin,
    /// How many extensions are looked at together, itself included; they share what a scan may spend on running them.
    pub among: usize,
    /// The machine that it is installed on.
    pub around: Option<Surroundings<'a>>,
    /// What was worked out of others like it, where there are any.
    pub seen: Option<&'a Seen>,
}

/// What was found of one extension.
pub(super) struct Examined {
    /// The answer; none where the extension could not be opened.
    pub report: Option<ExtensionReport>,
    /// What went wrong on the way.
    pub problems: Vec<Problem>,
    /// Whether no backstop of time or memory cut anything off.
    pub whole: bool,
}

/// Instructions that a whole scan may spend on running extensions. Each has an equal share, so that what is found does not hang on
/// which comes first; even among thousands one has enough for a plain scene.
const SCAN_STEPS: u64 = 20_000_000_000;
const LEAST_STEPS: u64 = 10_000_000;

/// What the work on one extension may use.
pub(super) struct Means<'a> {
    /// What was worked out of others like it.
    pub seen: Option<&'a Seen>,
    /// Where its code runs, as far as the configuration allows.
    pub worker: Worker,
    /// When it has to come to its end.
    pub deadline: Deadline,
    /// Steps of all scenes together: its share of what the scan may spend.
    pub scenes: u64,
}

impl<'a> Means<'a> {
    /// A worker of its own, with the end of the whole scan and a share of what it may spend.
    pub fn new(config: &Config, deadline: &Deadline, among: usize, seen: Option<&'a Seen>) -> Means<'a> {
        let share = SCAN_STEPS / among.max(1) as u64;
        let scenes = config.budget.scenes.min(share.max(LEAST_STEPS));
        let budget = Budget { until: deadline.at(), scenes, ..config.budget.clone() };
        let worker = match &config.worker_program {
            Some(program) => Worker::with_program(program, budget),
            None => Worker::new(budget),
        };
        Means { seen, worker, deadline: deadline.for_one(), scenes }
    }

    /// Whether no backstop of time or memory has cut anything off.
    pub fn is_whole(&self) -> bool {
        self.worker.is_whole() && !self.deadline.has_cut()
    }
}

impl Engine {
    /// Judges one extension. After the deadline, what takes long to find is left out.
    pub(super) fn examine(&self, package: &Package, known: Known<'_>, deadline: &Deadline) -> Examined {
        let mut problems = Vec::new();
        let (around, among, seen) = (known.around, known.among, known.seen);
        let (extension, origin) = extension(package, known, &mut problems);
        let means = Means::new(&self.config, deadline, among, seen);
        let (facts, runs) = self.facts(&extension, &origin, around.as_ref(), package, &means, &mut problems);
        let matches = self.config.rules.evaluate(&facts, Scope::Extension);
        let mut findings = findings(&matches, &|place| evidence(package, place));
        let since =
            extension.install.as_ref().and_then(|install| install.updated_at.or(install.installed_at)).and_then(rfc3339);
        for finding in &mut findings {
            if finding.takes_data() {
                finding.exposed_since.clone_from(&since);
            }
        }
        let context = judge::Context::of(&extension, self.config.sensitivity);
        let publishers = publishers(&extension, package);
        let about =
            About { id: extension.id.as_str(), version: &extension.version, path: &package.path, publishers: &publishers };
        let judgement = self.config.policy.judge(&mut findings, context, &about, &self.today);
        let contacts = contacts(&facts, package);
        let mut report = describe(&extension, package, self.config.with_files);
        let Judgement { verdict, score, families, reasons } = judgement;
        report.findings = findings;
        report.contacts = contacts;
        report.fingerprint = facts.of(&near::FINGERPRINT).next().map(|fact| fact.value.clone());
        report.runs = runs;
        let report = ExtensionReport { verdict, score, families, reasons, ..report };
        if means.deadline.has_cut() {
            problems.push(Problem::new(&package.path, Stage::Analyse, format!("not looked at whole: {LATE}")));
        }
        Examined { report: Some(report), problems, whole: means.is_whole() }
    }

    /// The facts of one extension, as far as there are means to find them, and what it did where it was run.
    pub(super) fn facts(
        &self,
        extension: &Extension,
        origin: &Origin,
        around: Option<&Surroundings<'_>>,
        package: &Package,
        means: &Means<'_>,
        problems: &mut Vec<Problem>,
    ) -> (FactSet, Vec<Run>) {
        let stop = || means.deadline.passed();
        let (yara, wrong) = self.config.yara.scan(extension, package, &stop);
        problems.extend(wrong);
        let mut code = self.code(extension, origin, package, means);
        problems.append(&mut code.problems);
        let subject = Subject {
            indicators: Some(&self.config.indicators),
            yara: &yara,
            origin: Some(origin),
            machine: around,
            ..Subject::new(extension, package)
        };
        let mut facts = FactSet::new();
        for extractor in EXTRACTORS {
            match code.stated.remove(extractor.name) {
                Some(stated) => facts.extend(stated),
                None => (extractor.run)(&subject, &mut facts),
            }
        }
        facts.extend(code.run);
        (facts, code.runs)
    }
}

/// SHA-256 of the keys that a package is signed with or carries, as a person would name a publisher.
fn publishers(extension: &Extension, package: &Package) -> Vec<String> {
    let carried = extension.manifest.as_ref().and_then(|manifest| decode_key(manifest.key.as_deref()?));
    let signed = package.crx.iter().flat_map(|crx| crx.keys.iter().cloned());
    signed.chain(carried.map(|der| hex(&sha256(&der)))).collect()
}

/// Puts together what manifest, preference entry and container say.
pub(super) fn extension(package: &Package, known: Known<'_>, problems: &mut Vec<Problem>) -> (Extension, Origin) {
    let Known { install, id, mut origin, among: _, around: _, seen: _ } = known;
    let mut say = |path: &str, message: &dyn std::fmt::Display| {
        problems.push(Problem::new(acquire::place(&package.path, path), Stage::Parse, message));
    };
    let on_disk = package.bytes("manifest.json").and_then(|bytes| match manifest::parse(bytes) {
        Ok((manifest, wrong)) => {
            wrong.iter().for_each(|problem| say("manifest.json", &problem.message));
            Some(manifest)
        }
        Err(error) => {
            say("manifest.json", &error);
            None
        }
    });
    let copied = || {
        let copy = install.as_ref()?.manifest.as_ref()?;
        manifest::from_value(copy.clone()).ok().map(|(manifest, _)| manifest)
    };
    let manifest = on_disk.or_else(copied);
    let (name, description) = localised(package, manifest.as_ref(), install.as_ref(), problems);
    let key_id = manifest.as_ref().and_then(|manifest| ExtensionId::from_manifest_key(manifest.key.as_deref()?));
    let content = content::check(package, manifest.as_ref());
    // A bare package has no folder that gave it an id: what it was signed as comes before the path that it lies at.
    let id = id
        .or_else(|| package.crx.as_ref()?.id.clone())
        .or_else(|| key_id.clone())
        .or_else(|| content.item_id.clone().filter(|_| install.is_none()))
        .unwrap_or_else(|| ExtensionId::from_path(&package.path, cfg!(windows)));
    let integrity = Integrity {
        preferences_mac: origin.codes.mac,
        encrypted_hash: origin.codes.encrypted,
        content: content.state,
        package_signature: match package.container {
            Container::Folder | Container::Memory => PackageSignature::NotApplicable,
            _ => package.crx.as_ref().map_or(PackageSignature::Unsigned, |crx| crx.signature),
        },
        id_matches_key: key_id.map(|key_id| key_id == id),
    };
    origin.content = Some(content);
    let version = manifest.as_ref().map(|manifest| manifest.version.clone()).unwrap_or_default();
    let name = if name.is_empty() { id.to_string() } else { name };
    (Extension { name, id, manifest, description, version, install, integrity }, origin)
}

/// Name and description in words: the package's own messages, else the copy that the browser localised when it installed it.
fn localised(
    package: &Package,
    manifest: Option<&Manifest>,
    install: Option<&InstallRecord>,
    problems: &mut Vec<Problem>,
) -> (String, String) {
    let Some(manifest) = manifest else { return (String::new(), String::new()) };
    if package.files.is_empty() {
        // Then it is the entry's copy, which the browser has localised.
        return (manifest.name.clone(), manifest.description.clone());
    }
    let (messages, wrong) = Messages::load(manifest.default_locale.as_deref(), LOCALE, |path| package.bytes(path));
    problems.extend(wrong.into_iter().map(|problem| Problem { path: format!("{}/{}", package.path, problem.path), ..problem }));
    let copy = |key: &str| install?.manifest.as_ref()?.get(key)?.as_str().map(str::to_owned);
    let text = |key: &str, raw: &str| {
        let (text, unknown) = messages.localise(raw);
        if unknown.is_empty() { text } else { copy(key).unwrap_or(text) }
    };
    (text("name", &manifest.name), text("description", &manifest.description))
}

/// The report on an extension without what rules say.
pub(super) fn describe(extension: &Extension, package: &Package, with_files: bool) -> ExtensionReport {
    let files = package.files.iter();
    let held = !package.files.is_empty();
    ExtensionReport {
        id: extension.id.clone(),
        name: extension.name.clone(),
        version: extension.version.clone(),
        manifest_version: extension.manifest.as_ref().map_or(0, |manifest| manifest.manifest_version),
        path: (!package.path.is_empty()).then(|| package.path.clone()),
        install: install(extension),
        permissions: permissions(extension),
        integrity: extension.integrity.clone().into(),
        content_sha256: held.then(|| package.content_sha256()),
        description: extension.description.clone(),
        presence: extension.install.as_ref().map(|install| install.presence).unwrap_or_default(),
        other_versions: extension.install.as_ref().map(|install| install.other_versions.clone()).unwrap_or_default(),
        size: Size {
            files: package.files.len() as u64,
            bytes: files.clone().map(|(_, file)| file.size).sum(),
            scripts: package.files.keys().filter(|path| path.ends_with(".js") || path.ends_with(".mjs")).count() as u64,
        },
        files: if with_files {
            files.map(|(path, file)| FileEntry { path: path.clone(), size: file.size, sha256: file.sha256.clone() }).collect()
        } else {
            Vec::new()
        },
        ..ExtensionReport::default()
    }
}

fn install(extension: &Extension) -> Install {
    let update_url = extension.manifest.as_ref().and_then(|manifest| manifest.update_url.clone());
    let Some(record) = &extension.install else {
        return Install { source: InstallSource::Package, enabled: true, update_url, ..Install::default() };
    };
    Install {
        location: record.location,
        source: crate::model::preferences::source(record, update_url.as_deref()),
        enabled: record.enabled,
        disable_reasons: record.disable_reasons.iter().map(|reason| reason.name()).collect(),
        from_webstore: record.from_webstore,
        update_url: record.update_url.clone().or(update_url),
        installed_at: record.installed_at.and_then(rfc3339),
        updated_at: record.updated_at.and_then(rfc3339),
        blocklist: record.blocklist.clone(),
        controls: record.controlled.iter().map(|(name, _)| name.clone()).collect(),
        incognito: record.incognito,
        file_access: record.file_access,
        withheld: record.withheld,
    }
}

fn permissions(extension: &Extension) -> Permissions {
    let mut permissions = Permissions::default();
    if let Some(manifest) = &extension.manifest {
        permissions.api.clone_from(&manifest.permissions);
        permissions.hosts.clone_from(&manifest.host_permissions);
        permissions.hosts.extend(manifest.content_scripts.iter().flat_map(|script| script.matches.iter().cloned()));
        permissions.optional_api.clone_from(&manifest.optional_permissions);
        permissions.optional_hosts.clone_from(&manifest.optional_host_permissions);
    }
    if let Some(record) = &extension.install {
        // Component entries have no granted set; what is active is what they have.
        let granted = if record.granted == Default::default() { &record.active } else { &record.granted };
        permissions.granted_api.clone_from(&granted.api);
        permissions.granted_hosts = granted.explicit_hosts.iter().chain(&granted.scriptable_hosts).cloned().collect();
    }
    permissions
}

/// The hosts that the facts name.
fn contacts(facts: &FactSet, package: &Package) -> Vec<Contact> {
    let named = facts.iter().filter(|fact| fact.kind.name == "contact");
    let contact = |fact: &Fact| {
        let evidence = evidence(package, &fact.place);
        Contact { host: fact.value.clone(), from: fact.via.into(), file: evidence.file, line: evidence.line }
    };
    named.map(contact).collect()
}
