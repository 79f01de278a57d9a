//! From a request to a report.

use std::any::Any;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::acquire::{self, Package};
use crate::discover::{self, Discovery, Root, UserData, Users};
use crate::extract::machine::machine_facts;
use crate::finding::Finding;
use crate::model::machine::{Machine, Surroundings};
use crate::model::{ContentState, ExtensionId};
use crate::problem::{Outcome, Problem, Stage};
use crate::report::Report;
use crate::report::model::{BrowserReport, ProfileReport};
use crate::rules::Scope;

use super::alike::{Seen, alike};
use super::deadline::{Deadline, LATE};
use super::evidence::evidence;
use super::examine::{Examined, Known, describe, extension};
use super::host::{Clock, host};
use super::installed::{Installed, installed, is_absolute};
use super::profile::{ProfileState, Siblings, state};
use super::{Engine, Progress, ScanRequest, machine};

/// How deep an answer is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Names, versions, origins.
    Inventory,
    /// Files, facts, verdicts.
    Full,
}

/// One installation in its surroundings.
struct Target<'a> {
    data: &'a UserData,
    profile: &'a ProfileState<'a>,
    installed: Installed,
}

/// The other installations of a scan.
struct Among<'a> {
    /// How many there are, this one included.
    count: usize,
    /// Which of them have one id.
    siblings: &'a Siblings,
    /// What was worked out of those like this one.
    seen: Option<&'a Seen>,
}

impl Engine {
    /// Finds, reads and judges what is installed.
    pub fn scan(&self, request: &ScanRequest, progress: &dyn Progress) -> Report {
        self.installed(request, Depth::Full, progress)
    }

    /// Finds what is installed, and reads no code.
    pub fn list(&self, request: &ScanRequest, progress: &dyn Progress) -> Report {
        self.installed(request, Depth::Inventory, progress)
    }

    /// Judges bare packages. A folder that holds many is taken as many.
    pub fn inspect(&self, paths: &[PathBuf], progress: &dyn Progress) -> Report {
        let clock = Clock::start();
        let deadline = Deadline::after(self.config.max_time);
        let mut report = self.report();
        let mut packages = Vec::new();
        for path in paths {
            let (found, problems) = acquire::packages_below(path, &self.config.limits);
            report.errors.extend(problems);
            if found.is_empty() {
                let message = "holds no extension: a folder with a manifest.json, a .crx, a .zip or an .xpi is wanted";
                report.errors.push(Problem::new(path.to_string_lossy(), Stage::Unpack, message));
            }
            packages.extend(found);
        }
        progress.begin(packages.len());
        let examined = self.each(
            &packages,
            &deadline,
            |path| path.to_string_lossy().into_owned(),
            |path| path.clone(),
            |path, _| {
                progress.step(&path.to_string_lossy());
                match acquire::open(path, &self.config.limits) {
                    Ok((package, mut problems)) => {
                        let known = Known { among: packages.len(), ..Known::default() };
                        let examined = self.examine(&package, known, &deadline);
                        problems.extend(examined.problems);
                        Examined { problems, ..examined }
                    }
                    Err(error) => {
                        let problems = vec![Problem::new(path.to_string_lossy(), Stage::Unpack, error)];
                        Examined { report: None, problems, whole: true }
                    }
                }
            },
        );
        self.collect(&mut report, examined);
        finish(report, &clock, &Root::live(Users::Current))
    }

    fn installed(&self, request: &ScanRequest, depth: Depth, progress: &dyn Progress) -> Report {
        let clock = Clock::start();
        let deadline = Deadline::after(self.config.max_time);
        let mut report = self.report();
        let (discovery, problems) = discover::discover(&request.root, &request.filter, &self.config.limits);
        report.errors.extend(problems);
        let Discovery { user_data, looked_in, machine, .. } = &discovery;
        report.looked_in = looked_in.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        report.machine = machine::report(machine);

        let profiles: Vec<_> =
            user_data.iter().flat_map(|data| data.profiles.iter().map(move |profile| (data, profile))).collect();
        let (ids, full) = (&machine.device_ids, depth == Depth::Full);
        let states: Vec<_> = self.pool.install(|| {
            profiles.par_iter().map(|&(data, profile)| state(data, profile, ids, full, &self.config.limits)).collect()
        });
        let (states, problems): (Vec<_>, Vec<_>) = states.into_iter().unzip();
        report.errors.extend(problems.into_iter().flatten());

        let mut targets = Vec::new();
        for ((data, profile), state) in profiles.iter().zip(&states) {
            let records = state.settings.records.clone();
            let all = installed(&request.root, data, profile, records).into_iter();
            let wanted = all.filter(|installed| request.ids.is_empty() || request.ids.contains(&installed.id));
            targets.extend(wanted.map(|installed| Target { data, profile: state, installed }));
        }
        let installs = targets.iter().map(|target| (target.data, target.profile, &target.installed));
        let siblings = Siblings::of(installs);
        progress.begin(targets.len());
        let examined = self.each(&targets, &deadline, Target::name, Target::kind, |target, seen| {
            let among = Among { count: targets.len(), siblings: &siblings, seen };
            let outcome = self.target(target, &among, (&request.root, machine), depth, &deadline);
            progress.step(outcome.report.as_ref().map_or("", |report| report.name.as_str()));
            outcome
        });
        self.collect(&mut report, examined);

        for data in user_data {
            let own = states.iter().zip(&profiles).filter(|(_, (of, _))| std::ptr::eq(*of, data)).map(|(state, _)| state);
            report.browsers.push(self.browser(data, own, &targets, full));
        }
        if full {
            let found = targets.iter().map(|target| target.installed.id.to_string()).collect();
            report.machine.findings = self.machine_findings(machine, &found);
        }
        finish(report, &clock, &request.root)
    }

    /// What rules say about the machine itself. Installs of extensions that were found are told with those extensions.
    fn machine_findings(&self, machine: &Machine, found: &BTreeSet<String>) -> Vec<Finding> {
        let facts = machine_facts(machine, found);
        let empty = Package::empty(String::new());
        self.config.rules.findings(&facts, Scope::Machine, &|place| evidence(&empty, place))
    }

    /// Reads and judges one installation.
    fn target(
        &self,
        target: &Target<'_>,
        among: &Among<'_>,
        (root, machine): (&Root, &Machine),
        depth: Depth,
        deadline: &Deadline,
    ) -> Examined {
        let Target { data, profile, installed } = target;
        let user_data_dir = data.path.to_string_lossy();
        // Unpacked extensions are tied by the path that the browser wrote, others by where their files lie.
        let written = installed.record.path.clone().filter(|path| is_absolute(path));
        let path = written.or_else(|| installed.folder.as_ref().map(|folder| root.shown(folder)));
        let known = Known {
            install: Some(installed.record.clone()),
            id: Some(installed.id.clone()),
            origin: profile.origin(data, installed, among.siblings),
            among: among.count,
            seen: among.seen,
            around: Some(Surroundings {
                machine,
                browser: &data.browser,
                user_data_dir: &user_data_dir,
                user: data.user.as_deref(),
                path: path.as_deref(),
            }),
        };
        let (package, mut problems) = self.files(installed, depth);
        let mut examined = match depth {
            Depth::Full => self.examine(&package, known, deadline),
            Depth::Inventory => {
                let (mut extension, _) = extension(&package, known, &mut problems);
                // The files were not read, so there is nothing to say of them.
                extension.integrity.content = ContentState::NotApplicable;
                Examined { report: Some(describe(&extension, &package, false)), problems: Vec::new(), whole: true }
            }
        };
        if let Some(report) = &mut examined.report {
            report.browser = Some(data.browser.clone());
            report.user_data_dir = Some(data.path.to_string_lossy().into_owned());
            report.profile = Some(profile.profile.directory.clone());
            report.path = report.path.take().or_else(|| installed.record.path.clone());
        }
        problems.extend(examined.problems);
        Examined { problems, ..examined }
    }

    /// The files of an installation; none where there is no folder, or for an inventory whose entry says enough.
    fn files(&self, installed: &Installed, depth: Depth) -> Outcome<Package> {
        let path = installed.folder.as_ref().map(|folder| folder.to_string_lossy().into_owned());
        let Some(folder) = &installed.folder else { return (Package::empty(String::new()), Vec::new()) };
        let opened = match depth {
            Depth::Full => acquire::open(folder, &self.config.limits),
            Depth::Inventory if installed.record.manifest.is_some() => {
                return (Package::empty(path.unwrap_or_default()), Vec::new());
            }
            Depth::Inventory => acquire::open_manifest(folder, &self.config.limits),
        };
        opened.unwrap_or_else(|error| {
            let path = path.unwrap_or_default();
            (Package::empty(path.clone()), vec![Problem::new(path, Stage::Read, error)])
        })
    }

    /// One user-data folder in the report.
    fn browser<'a>(
        &self,
        data: &UserData,
        profiles: impl Iterator<Item = &'a ProfileState<'a>>,
        targets: &[Target<'_>],
        full: bool,
    ) -> BrowserReport {
        let profile = |state: &ProfileState<'_>| ProfileReport {
            directory: state.profile.directory.clone(),
            name: state.profile.name.clone().or_else(|| state.settings.name.clone()),
            account: state.profile.account.clone().or_else(|| state.settings.account.clone()),
            developer_mode: state.settings.developer_mode,
            super_mac: state.macs.super_mac,
            extensions: targets.iter().filter(|target| std::ptr::eq(target.profile.profile, state.profile)).count(),
            findings: if full { self.profile_findings(data, state) } else { Vec::new() },
        };
        BrowserReport {
            browser: data.browser.clone(),
            channel: data.channel.clone(),
            version: data.version.clone(),
            user_data_dir: data.path.to_string_lossy().into_owned(),
            user: data.user.clone(),
            profiles: profiles.map(profile).collect(),
        }
    }

    /// Runs a piece of work for each item, as long as there is time: items of different kinds in parallel, those of one kind one
    /// after another. The answers are in the order of the items. A panic ends its item only.
    fn each<T: Sync, K: Ord>(
        &self,
        items: &[T],
        deadline: &Deadline,
        name: impl Fn(&T) -> String + Sync,
        kind: impl Fn(&T) -> K,
        work: impl Fn(&T, Option<&Seen>) -> Examined + Sync,
    ) -> Vec<Examined> {
        let one = |item: &T, seen: Option<&Seen>| {
            if deadline.passed() {
                let problems = vec![Problem::new(name(item), Stage::Analyse, format!("not looked at: {LATE}"))];
                return Examined { report: None, problems, whole: false };
            }
            catch_unwind(AssertUnwindSafe(|| work(item, seen))).unwrap_or_else(|panic| {
                let problems = vec![Problem::new(name(item), Stage::Analyse, bug(panic.as_ref()))];
                Examined { report: None, problems, whole: true }
            })
        };
        let group = |places: &Vec<usize>| {
            let seen = Seen::default();
            let seen = (places.len() > 1).then_some(&seen);
            places.iter().map(|&place| (place, one(&items[place], seen))).collect::<Vec<_>>()
        };
        let groups = alike(items, kind);
        let mut examined: Vec<_> = self.pool.install(|| groups.par_iter().flat_map_iter(group).collect());
        examined.sort_by_key(|(place, _)| *place);
        examined.into_iter().map(|(_, examined)| examined).collect()
    }

    fn collect(&self, report: &mut Report, examined: Vec<Examined>) {
        for Examined { report: extension, problems, whole } in examined {
            report.extensions.extend(extension);
            report.errors.extend(problems);
            report.complete &= whole;
        }
    }
}

impl Target<'_> {
    /// Installations of one kind may be the same, file for file.
    fn kind(&self) -> (ExtensionId, Option<OsString>) {
        let folder = self.installed.folder.as_deref().and_then(Path::file_name);
        (self.installed.id.clone(), folder.map(OsStr::to_owned))
    }

    fn name(&self) -> String {
        let profile = self.profile.profile.path.to_string_lossy();
        format!("{profile}: {}", self.installed.id)
    }
}

fn finish(mut report: Report, clock: &Clock, root: &Root) -> Report {
    report.host = host(root);
    report.scan_id = clock.scan_id(&report.host);
    report.started_at = clock.started_at();
    report.duration_ms = clock.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
    report.finish()
}

/// The words of a caught panic.
fn bug(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a bug in crxhound, please report it with this line: {}", words.unwrap_or("unknown"))
}
