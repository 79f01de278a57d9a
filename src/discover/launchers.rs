//! What a person clicks on to start a browser, and the files that its launcher reads: shortcuts, desktop entries, flags
//! files, wrappers that take a browser's name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::machine::{Launcher, LauncherKind, Origin, Scope, StartupScript, Switch, System};
use crate::model::place::classify;
use crate::problem::{Problem, Stage};

use super::command_line::{self, Command};
use super::root::{Root, User};
use super::tree::Entry;
use super::{lnk, read};

/// Bytes of one shortcut, desktop entry or script that are taken.
const FILE: u64 = 1 << 20;

/// Files that are opened in all.
const FILES: usize = 20_000;

/// Folders below a Start menu that are followed.
const DEPTH: usize = 5;

/// Letters of a script that are kept for the search for companions.
const SCRIPT: usize = 256 << 10;

/// Scripts that are kept.
const SCRIPTS: usize = 500;

/// What was found on the way through the places.
#[derive(Debug)]
pub struct Gathered<'r> {
    pub(super) root: &'r Root,
    /// Command lines.
    pub commands: Vec<Command>,
    /// Scripts that start by themselves.
    pub scripts: Vec<StartupScript>,
    /// What is broken.
    pub problems: Vec<Problem>,
    /// What only an administrator can read.
    pub unread: BTreeSet<String>,
    files_left: usize,
    seen: BTreeSet<PathBuf>,
}

impl<'r> Gathered<'r> {
    /// Nothing yet.
    pub fn new(root: &'r Root) -> Gathered<'r> {
        Gathered {
            root,
            commands: Vec::new(),
            scripts: Vec::new(),
            problems: Vec::new(),
            unread: BTreeSet::new(),
            files_left: FILES,
            seen: BTreeSet::new(),
        }
    }

    /// The launchers that the command lines make.
    pub fn launchers(&self) -> Vec<Launcher> {
        let mut launchers: Vec<Launcher> = self
            .commands
            .iter()
            .filter_map(|command| {
                let switches = command_line::switches(&command.text);
                let switches = switches.into_iter().flat_map(|switch| self.substituted(switch)).collect();
                command_line::launcher_of(command, switches)
            })
            .collect();
        launchers.sort();
        launchers.dedup();
        launchers
    }

    /// A list of folders that a shell makes when it runs, as Debian's launcher does: `` `ls -dm /usr/share/x/*` ``.
    fn substituted(&self, switch: Switch) -> Vec<Switch> {
        if !switch.value.starts_with(['`', '$']) {
            return vec![switch];
        }
        let Some(pattern) = switch.value.split_whitespace().find(|word| word.starts_with('/')) else { return vec![switch] };
        let folders = self.root.expand(None, pattern, &mut Vec::new());
        folders
            .into_iter()
            .map(|folder| {
                let value = self.root.shown(&folder);
                Switch { class: Some(classify(&value)), value, ..switch.clone() }
            })
            .collect()
    }

    /// The files and folders in a place; a folder that only an administrator can read is noted.
    pub(super) fn list(&mut self, folder: &Path) -> Vec<Entry> {
        match self.root.tree.list(folder) {
            Ok((entries, more)) => {
                if more {
                    self.problems.push(Problem::new(
                        folder.display().to_string(),
                        Stage::Discover,
                        "holds too many files; the rest is left out",
                    ));
                }
                entries
            }
            Err(denied) => {
                self.unread.insert(denied.path.display().to_string());
                Vec::new()
            }
        }
    }

    /// The bytes of a file that was not read before; bounded in size and number.
    pub(super) fn bytes(&mut self, path: &Path) -> Option<Vec<u8>> {
        if !self.seen.insert(path.to_owned()) {
            return None;
        }
        if self.files_left == 0 {
            return None;
        }
        self.files_left -= 1;
        if self.files_left == 0 {
            let message = format!("more than {FILES} shortcuts, tasks and scripts; the rest is left out");
            self.problems.push(Problem::new(path.display().to_string(), Stage::Discover, message));
        }
        match read::document(path, FILE) {
            Ok(document) => Some(document.bytes),
            Err(read::ReadError::System(error)) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                self.unread.insert(path.display().to_string());
                None
            }
            // Too large for what it pretends to be, or no file at all: nothing that starts a browser.
            Err(_) => None,
        }
    }

    /// Notes a command line.
    pub(super) fn command(&mut self, kind: LauncherKind, text: impl Into<String>, program: Option<String>, origin: Origin) {
        self.commands.push(Command { kind, text: text.into(), program, origin });
    }

    /// Notes the scripts that a command line of a user starts, and what is in them.
    pub(super) fn scripts_of(&mut self, kind: LauncherKind, text: &str, user: Option<&User>, origin: &Origin) {
        for script in command_line::scripts_in(text) {
            if let Some(path) = self.root.locate_for(user, &script) {
                self.script(kind, &path, origin);
            }
        }
    }

    /// Notes a script that starts by itself, and the command lines in it.
    pub(super) fn script(&mut self, kind: LauncherKind, path: &Path, origin: &Origin) {
        let Some(bytes) = self.bytes(path) else { return };
        let text: String = read::decode(&bytes).chars().filter(|letter| *letter != '\0').take(SCRIPT).collect();
        let shown = path.display().to_string();
        for line in command_line::lines_with_switches(&text) {
            self.command(
                kind,
                command_line::cut(line),
                None,
                Origin { file: shown.clone(), pointer: String::new(), registry: false, ..origin.clone() },
            );
        }
        if self.scripts.len() < SCRIPTS {
            self.scripts.push(StartupScript { kind, path: shown, text, origin: origin.clone() });
        }
    }

    /// Notes the command lines in a file with flags or a shell script.
    fn flags(&mut self, kind: LauncherKind, path: &Path, browser: Option<&str>, origin: Origin) {
        let Some(bytes) = self.bytes(path) else { return };
        // The zeros of UTF-16 and of compiled scripts are in the way of plain words.
        let text: String = read::decode(&bytes).chars().filter(|letter| *letter != '\0').collect();
        for line in command_line::lines_with_switches(&text) {
            self.command(kind, command_line::cut(line), browser.map(str::to_owned), origin.clone());
        }
    }
}

/// Where an entry of a user or of the machine was read.
pub(super) fn origin(user: Option<&User>, path: &Path) -> Origin {
    Origin {
        scope: if user.is_some() { Scope::User } else { Scope::Machine },
        user: user.map(|user| user.name.clone()),
        file: path.display().to_string(),
        ..Origin::default()
    }
}

/// Everything of this file's kind in a root.
pub fn launchers(gathered: &mut Gathered<'_>) {
    let root = gathered.root;
    match root.system {
        System::Windows => windows(gathered),
        System::Macos => macos(gathered),
        System::Linux => linux(gathered),
    }
}

// ---------------------------------------------------------------- Windows

fn windows(gathered: &mut Gathered<'_>) {
    let root = gathered.root;
    for place in
        [r"\Users\Public\Desktop", r"\ProgramData\Microsoft\Windows\Start Menu", r"\Documents and Settings\All Users\Desktop"]
    {
        shortcuts(gathered, None, root.locate(place), DEPTH);
    }
    for user in &root.users {
        for place in [
            r"~\Desktop",
            r"~\OneDrive\Desktop",
            r"%APPDATA%\Microsoft\Windows\Start Menu",
            r"%APPDATA%\Microsoft\Internet Explorer\Quick Launch",
            r"~\Start Menu",
        ] {
            for folder in root.expand(Some(user), place, &mut Vec::new()) {
                shortcuts(gathered, Some(user), Some(folder), DEPTH);
            }
        }
        for folder in root.tree.glob(&user.home, "OneDrive*/Desktop", &mut Vec::new()) {
            shortcuts(gathered, Some(user), Some(folder), DEPTH);
        }
    }
}

/// The shortcuts in a folder and the folders below it. Those of startup folders start by themselves.
fn shortcuts(gathered: &mut Gathered<'_>, user: Option<&User>, folder: Option<PathBuf>, depth: usize) {
    let Some(folder) = folder else { return };
    let startup = folder.file_name().is_some_and(|name| name.eq_ignore_ascii_case("Startup"));
    let kind = if startup { LauncherKind::Startup } else { LauncherKind::Shortcut };
    for entry in gathered.list(&folder) {
        if entry.folder {
            if depth > 0 && !entry.link {
                shortcuts(gathered, user, Some(entry.path), depth - 1);
            }
            continue;
        }
        let origin = origin(user, &entry.path);
        let name = entry.name.to_ascii_lowercase();
        if name.ends_with(".lnk") {
            shortcut(gathered, kind, &entry.path, user, origin);
        } else if startup && command_line::is_script(&name) {
            gathered.script(kind, &entry.path, &origin);
        }
    }
}

fn shortcut(gathered: &mut Gathered<'_>, kind: LauncherKind, path: &Path, user: Option<&User>, origin: Origin) {
    let Some(bytes) = gathered.bytes(path) else { return };
    let Some(shortcut) = lnk::parse(&bytes) else {
        let message = "is no shortcut, or is damaged; what it starts is unknown";
        return gathered.problems.push(Problem::new(origin.file, Stage::Parse, message));
    };
    let target = shortcut.target.or(shortcut.relative).unwrap_or_default();
    let text = format!("\"{target}\" {}", shortcut.arguments.unwrap_or_default());
    if kind == LauncherKind::Startup {
        gathered.scripts_of(kind, &text, user, &origin);
    }
    gathered.command(kind, text, Some(target), origin);
}

// ---------------------------------------------------------------- macOS

fn macos(gathered: &mut Gathered<'_>) {
    let root = gathered.root;
    let mut apps: Vec<(Option<&User>, PathBuf)> =
        root.expand(None, "/Applications/*.app", &mut Vec::new()).into_iter().map(|path| (None, path)).collect();
    for user in &root.users {
        for place in ["~/Applications/*.app", "~/Desktop/*.app", "~/Downloads/*.app"] {
            apps.extend(root.expand(Some(user), place, &mut Vec::new()).into_iter().map(|path| (Some(user), path)));
        }
    }
    for (user, app) in apps {
        let scripts = root.tree.find(&app, "Contents/Resources/Scripts/main.scpt").ok().flatten();
        let programs = match root.tree.find(&app, "Contents/MacOS") {
            Ok(Some(folder)) => gathered.list(&folder),
            _ => Vec::new(),
        };
        let programs = programs.into_iter().filter(|entry| !entry.folder).map(|entry| entry.path);
        for path in programs.chain(scripts) {
            let compiled = path.extension().is_some_and(|ending| ending == "scpt");
            if compiled || is_shell_script(&path) {
                gathered.flags(LauncherKind::Wrapper, &path, None, origin(user, &path));
            }
        }
    }
}

/// Whether a small file begins as scripts do.
fn is_shell_script(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= FILE)
        && read::document(path, FILE).is_ok_and(|document| document.bytes.starts_with(b"#!"))
}

// ---------------------------------------------------------------- Linux

fn linux(gathered: &mut Gathered<'_>) {
    let root = gathered.root;
    for place in [
        "/usr/share/applications",
        "/usr/local/share/applications",
        "/var/lib/flatpak/exports/share/applications",
        "/var/lib/snapd/desktop/applications",
    ] {
        desktop_entries(gathered, LauncherKind::Desktop, None, root.locate(place));
    }
    desktop_entries(gathered, LauncherKind::Autostart, None, root.locate("/etc/xdg/autostart"));
    for (place, browser) in [
        ("/etc/chromium.d", "chromium"),
        ("/etc/chromium-browser", "chromium"),
        ("/etc/chromium", "chromium"),
        ("/etc/default", ""),
    ] {
        let Some(folder) = root.locate(place) else { continue };
        for entry in gathered.list(&folder).into_iter().filter(|entry| !entry.folder) {
            let name = if browser.is_empty() { entry.name.as_str() } else { browser };
            if command_line::is_browser_name(name) && !entry.name.ends_with(".json") {
                gathered.flags(LauncherKind::FlagsFile, &entry.path, Some(name), origin(None, &entry.path));
            }
        }
    }
    wrappers(gathered, None, root.locate("/usr/local/bin"));
    for user in &root.users {
        for (place, kind) in [
            ("~/.local/share/applications", LauncherKind::Desktop),
            ("~/.local/share/flatpak/exports/share/applications", LauncherKind::Desktop),
            ("~/Desktop", LauncherKind::Desktop),
            ("$XDG_CONFIG_HOME/autostart", LauncherKind::Autostart),
        ] {
            for folder in root.expand(Some(user), place, &mut Vec::new()) {
                desktop_entries(gathered, kind, Some(user), Some(folder));
            }
        }
        // Launchers of several distributions read ~/.config/<name>-flags.conf.
        for folder in user.config.clone() {
            for entry in gathered.list(&folder).into_iter().filter(|entry| !entry.folder) {
                if let Some(name) = entry.name.strip_suffix("-flags.conf").or(entry.name.strip_suffix("-user-flags.conf")) {
                    gathered.flags(LauncherKind::FlagsFile, &entry.path, Some(name), origin(Some(user), &entry.path));
                }
            }
        }
        for place in ["~/.local/bin", "~/bin"] {
            for folder in root.expand(Some(user), place, &mut Vec::new()) {
                wrappers(gathered, Some(user), Some(folder));
            }
        }
    }
}

/// Scripts of a browser's name in a folder that is searched before the browser's own.
fn wrappers(gathered: &mut Gathered<'_>, user: Option<&User>, folder: Option<PathBuf>) {
    let Some(folder) = folder else { return };
    for entry in gathered.list(&folder).into_iter().filter(|entry| !entry.folder) {
        if command_line::is_browser_name(&entry.name) && is_shell_script(&entry.path) {
            gathered.flags(LauncherKind::Wrapper, &entry.path, Some(&entry.name), origin(user, &entry.path));
        }
    }
}

/// The desktop entries in a folder: each line with a command.
fn desktop_entries(gathered: &mut Gathered<'_>, kind: LauncherKind, user: Option<&User>, folder: Option<PathBuf>) {
    let Some(folder) = folder else { return };
    for entry in gathered.list(&folder).into_iter().filter(|entry| !entry.folder && entry.name.ends_with(".desktop")) {
        let Some(bytes) = gathered.bytes(&entry.path) else { continue };
        let text = read::decode(&bytes);
        let origin = origin(user, &entry.path);
        for line in text.lines().filter_map(exec_of) {
            if kind == LauncherKind::Autostart {
                gathered.scripts_of(kind, line, user, &origin);
            }
            gathered.command(kind, line, None, origin.clone());
        }
    }
}

/// The command of an `Exec=` line.
fn exec_of(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("Exec").and_then(|rest| rest.trim_start().strip_prefix('=')).map(str::trim)
}
