//! `crxhound demo`: the awareness demonstration. Three attacks on a fictitious institute, told from the report of a real scan.
//!
//! The samples are the inert ones of the test suite: their only foreign hosts end in `.invalid`, which no name server answers.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::args::DemoArgs;
use super::exit::Exit;
use super::options::Common;
use super::{files, output};
use crate::builtin;
use crate::discover::{Filter, Root};
use crate::engine::{Config, Engine, ScanRequest, Silent};
use crate::finding::Verdict;
use crate::locales::{Lang, Words};
use crate::model::ExtensionId;
use crate::report::model::{ExtensionReport, Host};
use crate::report::text::{plain, wrap};
use crate::report::{NoTexts, Report, RuleTexts, View, html, phrase, step};
use crate::rules::RuleSet;

/// Findings that are told of one extension; the page has all of them.
const TOLD: usize = 4;

/// How a browser came to an extension.
#[derive(Clone, Copy)]
enum Way {
    /// Written into the preferences behind the browser's back, with the path of a folder outside the profile.
    Folder { on_disk: &'static str, as_written: &'static str },
    /// Named by a policy that forces it.
    Policy,
    /// From the store.
    Store,
}

/// One extension of the demonstration, with the keys of its story where it has one.
struct Act {
    /// The folder below `fixtures/packages/` that it is made of.
    sample: &'static str,
    version: &'static str,
    /// When the browser says that it was installed: seconds since 1970.
    installed: u64,
    way: Way,
    story: Option<Story>,
}

/// The keys of the words that tell an attack.
struct Story {
    title: &'static str,
    attacker: &'static str,
    victim: &'static str,
    advice: &'static str,
}

/// A computer of the institute, as an image that the engine reads like any mounted disk.
struct Computer {
    folder: &'static str,
    user_data: &'static str,
    /// Folders by which the system is known.
    marks: &'static [&'static str],
    /// Where policies lie, where there are any.
    policies: Option<&'static str>,
    person: &'static str,
    acts: &'static [Act],
}

const COMPUTERS: &[Computer] = &[
    Computer {
        folder: "windows-pc",
        user_data: "Users/han/AppData/Local/Google/Chrome/User Data",
        marks: &["Windows/System32", "Users/Public"],
        policies: None,
        person: "han",
        acts: &[
            Act {
                sample: "sharpext",
                version: "3.0",
                installed: 1741077663,
                way: Way::Folder { on_disk: "Users/han/AppData/Roaming/AF", as_written: r"C:\Users\han\AppData\Roaming\AF" },
                story: Some(Story {
                    title: "demo.sharpext.title",
                    attacker: "demo.sharpext.attacker",
                    victim: "demo.sharpext.victim",
                    advice: "demo.sharpext.advice",
                }),
            },
            Act {
                sample: "wallet-trojan",
                version: "13.16.0",
                installed: 1742389327,
                way: Way::Folder { on_disk: "Users/han/Downloads/wallet", as_written: r"C:\Users\han\Downloads\wallet" },
                story: Some(Story {
                    title: "demo.wallet.title",
                    attacker: "demo.wallet.attacker",
                    victim: "demo.wallet.victim",
                    advice: "demo.wallet.advice",
                }),
            },
            Act { sample: "honest-tab-manager", version: "2.0", installed: 1700000000, way: Way::Store, story: None },
        ],
    },
    Computer {
        folder: "linux-pc",
        user_data: "home/weber/.config/google-chrome",
        marks: &["etc"],
        policies: Some("etc/opt/chrome/policies/managed"),
        person: "weber",
        acts: &[
            Act {
                sample: "translatext",
                version: "1.5.2",
                installed: 1739268312,
                way: Way::Policy,
                story: Some(Story {
                    title: "demo.translatext.title",
                    attacker: "demo.translatext.attacker",
                    victim: "demo.translatext.victim",
                    advice: "demo.translatext.advice",
                }),
            },
            Act { sample: "honest-dark-mode", version: "1.0", installed: 1710000000, way: Way::Store, story: None },
        ],
    },
];

/// Where the forced sample says it gets its updates.
const UPDATES: &str = "https://updates.collector.invalid/crx.xml";

/// The store's address for updates, by which a browser knows a store install.
const STORE: &str = "https://clients2.google.com/service/update2/crx";

/// The page beside the samples.
const PAGE: &str = "crxhound-demo.html";

/// The report of the scan beside it.
const REPORT: &str = "crxhound-report.html";

/// Writes the samples, scans them and tells what happened. What it finds is meant to be found, so the exit code is 0.
pub fn run(args: DemoArgs, common: &Common) -> anyhow::Result<Exit> {
    let temporary;
    let folder = match &args.output {
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| format!("--output {}: cannot be made", folder.display()))?;
            if fs::read_dir(folder).with_context(|| folder.display().to_string())?.next().is_some() {
                bail!("--output {}: is not empty; name a new folder", folder.display());
            }
            folder.as_path()
        }
        None => {
            temporary = Temporary::new().context("no temporary folder")?;
            &temporary.0
        }
    };
    // Paths in reports are those of the real folder, also where it is reached by a link.
    let folder = dunce::canonicalize(folder).with_context(|| folder.display().to_string())?;
    for computer in COMPUTERS {
        computer.write(&folder.join(computer.folder)).context("the samples cannot be written")?;
    }
    let report = scan(&folder)?;

    let rules = (common.lang != Lang::En).then(RuleSet::builtin).and_then(Result::ok);
    let texts: &dyn RuleTexts = rules.as_ref().map_or(&NoTexts, |rules| rules);
    let view = View { lang: common.lang, texts, width: common.terminal.width(), ..View::default() };
    if args.output.is_some() {
        let (scenes, honest) = acts(&report, &view);
        let mut page = Vec::new();
        html::story::write(&report, &scenes, &honest, TOLD, &view, &mut page)?;
        files::write(&folder.join(PAGE), &page).with_context(|| format!("{PAGE} cannot be written"))?;
        page.clear();
        html::write(&report, &view, &mut page)?;
        files::write(&folder.join(REPORT), &page).with_context(|| format!("{REPORT} cannot be written"))?;
    }
    let told = args.output.as_deref().map(|folder| folder.join(PAGE));
    let pages = tell(&report, &view, told.as_deref());
    let last = pages.len().saturating_sub(1);
    for (at, mut page) in pages.into_iter().enumerate() {
        let pause = args.pause.unwrap_or_default() && at < last;
        if pause {
            let _ = write!(page, "\n{}", common.lang.words().get("demo.pause"));
        }
        page.push('\n');
        output::to_stdout(page.as_bytes(), false, &common.terminal).map_err(anyhow::Error::msg)?;
        if pause {
            // At the end of the input there is nobody to wait for.
            let _ = io::stdin().lock().read_line(&mut String::new());
        }
    }
    Ok(Exit::Clean)
}

/// A folder of our own that goes when it is no longer needed.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> io::Result<Temporary> {
        let process = std::process::id();
        for attempt in 0..100 {
            let folder = std::env::temp_dir().join(format!("crxhound-demo-{process}-{attempt}"));
            // Fails where something of that name is there already, a link included, so that nobody can lend us his folder.
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Temporary(folder)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "no free name in it"))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nobody is left to tell if that fails.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The computers, scanned by the engine as it scans any image, in one report.
fn scan(folder: &Path) -> anyhow::Result<Report> {
    let mut config = Config::builtin().map_err(anyhow::Error::msg)?;
    // Nothing in the samples is hidden, so nothing needs to be run.
    config.worker = false;
    let engine = Engine::new(config).context("the system gives no threads")?;
    let mut whole: Option<Report> = None;
    for computer in COMPUTERS {
        let root = Root::image(&folder.join(computer.folder))?;
        let report = engine.scan(&ScanRequest { root, filter: Filter::default(), ids: Vec::new() }, &Silent);
        match &mut whole {
            None => whole = Some(report),
            Some(whole) => {
                whole.machine.policies.extend(report.machine.policies);
                whole.machine.findings.extend(report.machine.findings);
                whole.browsers.extend(report.browsers);
                whole.extensions.extend(report.extensions);
                whole.errors.extend(report.errors);
                whole.looked_in.extend(report.looked_in);
                whole.duration_ms = whole.duration_ms.saturating_add(report.duration_ms);
            }
        }
    }
    let mut report = whole.unwrap_or_default();
    // The page is about the institute, not about the machine of the trainer.
    report.host = Host { name: "institute.example".to_owned(), ..Host::default() };
    Ok(report.finish())
}

impl Computer {
    /// Writes the image.
    fn write(&self, top: &Path) -> io::Result<()> {
        for mark in self.marks {
            fs::create_dir_all(top.join(mark))?;
        }
        let data = top.join(self.user_data);
        let profile = data.join("Default");
        let mut settings = serde_json::Map::new();
        for act in self.acts {
            let id = act.id();
            let installed = act.installed_at();
            let (folder, entry) = match act.way {
                Way::Folder { on_disk, as_written } => (
                    top.join(on_disk),
                    json!({"location": 4, "path": as_written, "state": 1, "first_install_time": installed, "granted_permissions": act.granted()}),
                ),
                Way::Policy | Way::Store => {
                    let inside = format!("{id}/{}_0", act.version);
                    let folder = profile.join("Extensions").join(id.as_str()).join(format!("{}_0", act.version));
                    let forced = matches!(act.way, Way::Policy);
                    let entry = json!({
                        "location": if forced { 7 } else { 1 }, "path": inside, "state": 1, "from_webstore": !forced,
                        "manifest": act.manifest(), "first_install_time": installed, "granted_permissions": act.granted(),
                    });
                    (folder, entry)
                }
            };
            fs::create_dir_all(&folder)?;
            for (name, text) in act.files() {
                let text = if name == "manifest.json" { act.manifest().to_string() } else { text.to_owned() };
                let path = folder.join(name);
                fs::write(&path, text)?;
                // As old as the entry says that they are.
                let installed = SystemTime::UNIX_EPOCH + Duration::from_secs(act.installed);
                File::options().write(true).open(&path)?.set_modified(installed)?;
            }
            settings.insert(id.as_str().to_owned(), entry);
            if let (Way::Policy, Some(policies)) = (act.way, self.policies) {
                fs::create_dir_all(top.join(policies))?;
                let policy = json!({"ExtensionInstallForcelist": [format!("{id};{UPDATES}")]});
                fs::write(top.join(policies).join("extensions.json"), policy.to_string())?;
            }
        }
        fs::create_dir_all(&profile)?;
        let account = format!("{}@institute.example", self.person);
        let state = json!({"profile": {"info_cache": {"Default": {"name": self.person, "user_name": account}}}});
        fs::write(data.join("Local State"), state.to_string())?;
        fs::write(profile.join("Preferences"), json!({"extensions": {"settings": settings}}).to_string())
    }
}

impl Act {
    /// The id that a browser would give: by the path for a folder, made up for a package.
    fn id(&self) -> ExtensionId {
        match self.way {
            Way::Folder { as_written, .. } => ExtensionId::from_path(as_written, true),
            Way::Policy | Way::Store => ExtensionId::from_key(self.manifest().to_string().as_bytes()),
        }
    }

    /// What the person, or the policy, has let it do: all that it asks for.
    fn granted(&self) -> Value {
        let manifest = self.manifest();
        let asked = ["permissions", "host_permissions"].into_iter().filter_map(|list| manifest.get(list)?.as_array());
        let asked = asked.flatten().filter_map(Value::as_str);
        let (hosts, api): (Vec<&str>, Vec<&str>) = asked.partition(|name| name.contains("://") || *name == "<all_urls>");
        json!({"api": api, "explicit_host": hosts})
    }

    /// The time of its installation as browsers write it: microseconds since 1601.
    fn installed_at(&self) -> String {
        const FROM_1601_TO_1970: u64 = 11_644_473_600;
        format!("{}000000", self.installed.saturating_add(FROM_1601_TO_1970))
    }

    /// Names and texts of its files, which lie in one folder.
    fn files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let folder = format!("fixtures/packages/{}/", self.sample);
        builtin::all().filter_map(move |(path, text)| Some((path.strip_prefix(&folder)?, text)))
    }

    fn manifest(&self) -> Value {
        let text = self.files().find(|(name, _)| *name == "manifest.json").map_or("", |(_, text)| text);
        let mut manifest: Value = serde_json::from_str(text).unwrap_or_default();
        if let (Way::Store, Some(manifest)) = (self.way, manifest.as_object_mut()) {
            manifest.insert("update_url".to_owned(), STORE.into());
        }
        manifest
    }
}

/// The attacks with what was found of them, and the honest extensions.
fn acts<'s>(report: &'s Report, view: &View<'_>) -> (Vec<html::story::Scene<'s>>, Vec<&'s ExtensionReport>) {
    let words = view.lang.words();
    let (mut scenes, mut honest) = (Vec::new(), Vec::new());
    for act in COMPUTERS.iter().flat_map(|computer| computer.acts) {
        let id = act.id();
        let Some(extension) = report.extensions.iter().find(|extension| extension.id == id) else { continue };
        match &act.story {
            Some(story) => scenes.push(html::story::Scene {
                title: words.get(story.title),
                attacker: words.get(story.attacker),
                victim: words.get(story.victim),
                advice: words.get(story.advice),
                extension,
            }),
            None => honest.push(extension),
        }
    }
    (scenes, honest)
}

/// The story, a page a step.
fn tell(report: &Report, view: &View<'_>, page: Option<&Path>) -> Vec<String> {
    let words = view.lang.words();
    let mut steps = vec![opening(words, view)];
    let (scenes, honest) = acts(report, view);
    steps.extend(scenes.iter().enumerate().map(|(at, act)| scene(at + 1, act, report, view)));
    let mut last = Page::new(view);
    last.title(words.get("demo.honest"));
    for extension in honest {
        last.item(&format!("{}: {}", phrase::name(extension), phrase::verdict(extension.verdict, words)));
    }
    last.title(words.get("demo.end"));
    last.prose(&phrase::summary(report, words));
    last.prose(words.get("demo.next"));
    if let Some(page) = page {
        last.prose(&words.fill("demo.page", &[("file", &page.display())]));
        last.prose(&words.fill("demo.report", &[("file", &page.with_file_name(REPORT).display())]));
    }
    steps.push(last.text);
    steps
}

fn opening(words: &Words, view: &View<'_>) -> String {
    let mut page = Page::new(view);
    page.title(words.get("demo.title"));
    page.prose(words.get("demo.opening"));
    page.text
}

fn scene(number: usize, told: &html::story::Scene<'_>, report: &Report, view: &View<'_>) -> String {
    let words = view.lang.words();
    let extension = told.extension;
    let mut page = Page::new(view);
    page.title(&format!("{number}. {}", told.title));
    page.part(words.get("demo.attacker"), told.attacker);
    page.part(words.get("demo.victim"), told.victim);
    let _ = writeln!(page.text, "\n{}", words.get("demo.gave_away"));
    let verdict = phrase::verdict(extension.verdict, words);
    page.item(&format!("{}: {verdict}, {} / 100", phrase::name(extension), extension.score));
    for finding in extension.findings.iter().filter(|finding| finding.verdict >= Verdict::Review).take(TOLD) {
        let said = phrase::said(finding, view);
        page.item(&format!("{}: {}", said.title, said.why));
    }
    let flow = extension.findings.iter().map(|finding| &finding.flow).find(|flow| !flow.is_empty());
    for step in flow.into_iter().flatten() {
        page.item(&format!("{}:{}  {}", step.file, step.line, step::what(step, words)));
    }
    let earliest = phrase::exposed(&extension.findings);
    if let Some(said) = earliest.and_then(|finding| phrase::exposure(finding, true, &report.started_at, words)) {
        page.item(&said);
    }
    page.part(words.get("demo.advice"), told.advice);
    page.text
}

/// A page of the story.
struct Page {
    text: String,
    width: usize,
}

impl Page {
    fn new(view: &View<'_>) -> Page {
        Page { text: String::new(), width: view.width.min(100).saturating_sub(4) }
    }

    fn title(&mut self, title: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.text, "{gap}== {title} ==");
    }

    fn part(&mut self, title: &str, text: &str) {
        let _ = writeln!(self.text, "\n{title}");
        self.prose(text);
    }

    fn prose(&mut self, text: &str) {
        for line in wrap(&plain(text), self.width) {
            let _ = writeln!(self.text, "  {line}");
        }
    }

    fn item(&mut self, text: &str) {
        for (at, line) in wrap(&plain(text), self.width.saturating_sub(2)).into_iter().enumerate() {
            let _ = writeln!(self.text, "  {} {line}", if at == 0 { "-" } else { " " });
        }
    }
}
