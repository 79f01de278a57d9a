//! What starts by itself: Run keys, startup folders, scheduled tasks, launch agents, autostart, units, and the scripts that
//! they start.
//!
//! Startup folders of Windows and autostart entries of Linux lie among the shortcuts and desktop entries, which
//! `launchers` reads.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::model::machine::{LauncherKind, Origin, Scope, System};
use crate::problem::{Problem, Stage};

use super::command_line;
use super::launchers::{Gathered, origin};
use super::plists;
use super::read;
use super::registry::{Key, KeyRoot, Registry, SEARCHED};
use super::root::User;

/// Folders below the one with the tasks that are followed.
const DEPTH: usize = 8;

/// Commands of one task, unit or cron table that are taken.
const COMMANDS: usize = 64;

/// Everything of this file's kind in a root.
pub fn startup(gathered: &mut Gathered<'_>, registry: Option<&dyn Registry>) {
    match gathered.root.system {
        System::Windows => {
            if let Some(registry) = registry {
                run_keys(gathered, registry);
                open_commands(gathered, registry);
            }
            for place in [r"\Windows\System32\Tasks", r"\Windows\SysWOW64\Tasks"] {
                if let Some(folder) = gathered.root.locate(place) {
                    tasks(gathered, &folder, DEPTH);
                }
            }
        }
        System::Macos => launch_agents(gathered),
        System::Linux => {
            units(gathered);
            cron_tables(gathered);
            shell_startup(gathered);
        }
    }
}

// ---------------------------------------------------------------- Windows

/// Keys whose values are command lines that run at sign-in, below `Software`.
const RUN: &[&str] = &[
    r"Microsoft\Windows\CurrentVersion\Run",
    r"Microsoft\Windows\CurrentVersion\RunOnce",
    r"Microsoft\Windows\CurrentVersion\RunServices",
    r"Microsoft\Windows\CurrentVersion\Policies\Explorer\Run",
];

/// Values of other keys that are such command lines.
const RUN_VALUES: &[(&str, &[&str])] = &[
    (r"Microsoft\Windows NT\CurrentVersion\Winlogon", &["Shell", "Userinit"]),
    (r"Microsoft\Windows NT\CurrentVersion\Windows", &["Load", "Run"]),
];

/// The same key of the machine, in both views, and of every user.
fn everywhere<'g>(gathered: &Gathered<'g>, path: &str) -> Vec<(Key, Option<&'g User>)> {
    let path = format!(r"Software\{path}");
    let mut keys = vec![(Key::machine(&path), None), (Key::machine32(&path), None)];
    keys.extend(gathered.root.users.iter().enumerate().map(|(number, user)| (Key::user(number, &path), Some(user))));
    keys
}

fn key_origin(registry: &dyn Registry, key: &Key, name: &str, user: Option<&User>) -> Origin {
    Origin {
        scope: if key.root == KeyRoot::Machine { Scope::Machine } else { Scope::User },
        user: user.map(|user| user.name.clone()),
        file: registry.file(key.root),
        pointer: if name.is_empty() { key.to_string() } else { key.child(name).to_string() },
        registry: true,
    }
}

fn run_keys(gathered: &mut Gathered<'_>, registry: &dyn Registry) {
    let all = RUN.iter().map(|path| (*path, None)).chain(RUN_VALUES.iter().map(|(path, names)| (*path, Some(*names))));
    for (path, names) in all {
        for (key, user) in everywhere(gathered, path) {
            for (name, value) in registry.values(&key).unwrap_or_default() {
                let wanted = names.is_none_or(|names| names.iter().any(|known| known.eq_ignore_ascii_case(&name)));
                let Some(text) = value.text().filter(|text| wanted && !text.is_empty()) else { continue };
                let origin = key_origin(registry, &key, &name, user);
                gathered.scripts_of(LauncherKind::RunKey, &text, user, &origin);
                gathered.command(LauncherKind::RunKey, text, None, origin);
            }
        }
    }
}

/// What runs when a link or a page is opened, and when the browser is started from the Start menu's list.
fn open_commands(gathered: &mut Gathered<'_>, registry: &dyn Registry) {
    for (list, wanted) in [(r"Classes", true), (r"Clients\StartMenuInternet", false)] {
        for (key, user) in everywhere(gathered, list) {
            // Thousands of classes have nothing to do with browsers.
            let page = |class: &String| {
                let class = class.to_ascii_lowercase();
                !wanted || ["htm", "html", "http", "https", "url"].iter().any(|word| class.contains(word))
            };
            for class in registry.subkeys(&key).into_iter().filter(page).take(SEARCHED) {
                let command = key.child(&class).child(r"shell\open\command");
                if let Some(text) = registry.text(&command, "") {
                    let origin = key_origin(registry, &command, "", user);
                    gathered.command(LauncherKind::OpenCommand, text, None, origin);
                }
            }
        }
    }
}

fn tasks(gathered: &mut Gathered<'_>, folder: &Path, depth: usize) {
    for entry in gathered.list(folder) {
        if entry.folder {
            if depth > 0 && !entry.link {
                tasks(gathered, &entry.path, depth - 1);
            }
            continue;
        }
        let Some(bytes) = gathered.bytes(&entry.path) else { continue };
        let text = read::decode(&bytes);
        if !text.contains("<Task") {
            let message = "is no scheduled task, or is damaged; what it starts is unknown";
            gathered.problems.push(Problem::new(entry.path.display().to_string(), Stage::Parse, message));
            continue;
        }
        for (command, arguments) in task_commands(&text) {
            let origin = origin(None, &entry.path);
            let line = format!("\"{}\" {arguments}", command.trim_matches('"'));
            gathered.scripts_of(LauncherKind::Task, &line, None, &origin);
            gathered.command(LauncherKind::Task, line, Some(command), origin);
        }
    }
}

/// The programs and arguments of a task's `Exec` actions. Windows writes these files itself, always in the same shape.
fn task_commands(text: &str) -> Vec<(String, String)> {
    let inner = |text: &str, name: &str| -> String {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let found = text.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map(|(inner, _)| inner);
        unescape(found.unwrap_or_default().trim())
    };
    let actions = text.split("<Exec").skip(1).filter_map(|rest| rest.split_once("</Exec>")).map(|(action, _)| action);
    actions.take(COMMANDS).map(|action| (inner(action, "Command"), inner(action, "Arguments"))).collect()
}

/// The entities of XML, each once.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known = [("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("apos;", '\''), ("amp;", '&')];
        let named = known.iter().find_map(|(name, letter)| after.strip_prefix(name).map(|rest| (*letter, rest)));
        let numbered = || {
            let (number, rest) = after.strip_prefix('#')?.split_once(';')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            Some((char::from_u32(number)?, rest))
        };
        match named.or_else(numbered) {
            Some((letter, after)) => {
                out.push(letter);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

// ---------------------------------------------------------------- macOS

fn launch_agents(gathered: &mut Gathered<'_>) {
    let root = gathered.root;
    let mut folders: Vec<(Option<&User>, PathBuf)> = Vec::new();
    for place in ["/Library/LaunchAgents", "/Library/LaunchDaemons"] {
        folders.extend(root.locate(place).map(|folder| (None, folder)));
    }
    for user in &root.users {
        let found = root.tree.find(&user.home, "Library/LaunchAgents").ok().flatten();
        folders.extend(found.map(|folder| (Some(user), folder)));
    }
    for (user, folder) in folders {
        for entry in gathered.list(&folder).into_iter().filter(|entry| !entry.folder && entry.name.ends_with(".plist")) {
            let Some(bytes) = gathered.bytes(&entry.path) else { continue };
            let agent = match plists::parse(&bytes) {
                Ok(agent) => agent,
                Err(message) => {
                    gathered.problems.push(Problem::new(entry.path.display().to_string(), Stage::Parse, message));
                    continue;
                }
            };
            let origin = origin(user, &entry.path);
            let text = agent_command(&agent);
            gathered.scripts_of(LauncherKind::LaunchAgent, &text, user, &origin);
            gathered.command(LauncherKind::LaunchAgent, text, None, origin);
        }
    }
}

/// `Program` and `ProgramArguments` as one line.
fn agent_command(agent: &Value) -> String {
    let arguments = agent.get("ProgramArguments").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let quoted = |word: &str| if word.contains(' ') { format!("\"{}\"", word.replace('"', "\\\"")) } else { word.to_owned() };
    let mut words: Vec<String> = arguments.map(quoted).collect();
    if let Some(program) = agent.get("Program").and_then(Value::as_str) {
        // The first argument is only what the program is told of its own name.
        if words.is_empty() {
            words.push(String::new());
        }
        words[0] = quoted(program);
    }
    words.join(" ")
}

// ---------------------------------------------------------------- Linux

/// Units of systemd that people and packages add; those of the distribution start no browser.
fn units(gathered: &mut Gathered<'_>) {
    let root = gathered.root;
    let mut folders: Vec<(Option<&User>, PathBuf)> = Vec::new();
    for place in ["/etc/systemd/system", "/etc/systemd/user"] {
        folders.extend(root.locate(place).map(|folder| (None, folder)));
    }
    for user in &root.users {
        let places = root.expand(Some(user), "$XDG_CONFIG_HOME/systemd/user", &mut Vec::new());
        folders.extend(places.into_iter().map(|folder| (Some(user), folder)));
    }
    for (user, folder) in folders {
        for entry in gathered.list(&folder).into_iter().filter(|entry| !entry.folder && entry.name.ends_with(".service")) {
            let Some(bytes) = gathered.bytes(&entry.path) else { continue };
            let text = read::decode(&bytes);
            let origin = origin(user, &entry.path);
            let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("ExecStart="));
            for line in lines.take(COMMANDS) {
                gathered.scripts_of(LauncherKind::Service, line, user, &origin);
                gathered.command(LauncherKind::Service, line, None, origin.clone());
            }
        }
    }
}

fn cron_tables(gathered: &mut Gathered<'_>) {
    let root = gathered.root;
    let mut files: Vec<PathBuf> = root.locate("/etc/crontab").into_iter().collect();
    for place in ["/etc/cron.d", "/var/spool/cron/crontabs", "/var/spool/cron"] {
        let Some(folder) = root.locate(place) else { continue };
        files.extend(gathered.list(&folder).into_iter().filter(|entry| !entry.folder).map(|entry| entry.path));
    }
    for path in files {
        let Some(bytes) = gathered.bytes(&path) else { continue };
        let text = read::decode(&bytes);
        let owner = path.file_name().and_then(|name| root.users.iter().find(|user| *user.name == *name));
        let origin = origin(owner, &path);
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        for line in lines.take(COMMANDS) {
            gathered.scripts_of(LauncherKind::Task, line, owner, &origin);
            // Without its first five columns a line is a command; its program is found by name.
            if !command_line::switches(line).is_empty() {
                gathered.command(LauncherKind::Task, line, None, origin.clone());
            }
        }
    }
}

/// Files that a shell or a desktop session reads when it starts.
fn shell_startup(gathered: &mut Gathered<'_>) {
    let root = gathered.root;
    for user in &root.users {
        for name in [".profile", ".bash_profile", ".bashrc", ".zprofile", ".zshrc", ".xprofile", ".xsessionrc", ".xinitrc"] {
            if let Ok(Some(path)) = root.tree.child(&user.home, name) {
                let Some(bytes) = gathered.bytes(&path) else { continue };
                let text = read::decode(&bytes);
                for line in command_line::lines_with_switches(&text) {
                    gathered.command(LauncherKind::Startup, line, None, origin(Some(user), &path));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands_of_a_task() {
        let text = r#"<?xml version="1.0" encoding="UTF-16"?><Task version="1.2"><Actions Context="Author">
            <Exec id="a"><Command>"C:\x y\chrome.exe"</Command><Arguments>--load-extension=&quot;C:\a &amp;amp; b&quot; &#x41;&#66; &bad;</Arguments></Exec>
            <Exec><Command>wscript.exe</Command></Exec><ComHandler/></Actions></Task>"#;
        assert_eq!(
            task_commands(text),
            [
                (r#""C:\x y\chrome.exe""#.to_owned(), r#"--load-extension="C:\a &amp; b" AB &bad;"#.to_owned()),
                ("wscript.exe".to_owned(), String::new()),
            ]
        );
        assert_eq!(task_commands("<Exec><Command>"), []);
        assert_eq!(unescape("&#99999999;&#x;&"), "&#99999999;&#x;&");
    }

    #[test]
    fn commands_of_an_agent() {
        let agent = json!({"ProgramArguments": ["open", "-na", "Google Chrome", "--args", "--load-extension=/a b"]});
        assert_eq!(agent_command(&agent), r#"open -na "Google Chrome" --args "--load-extension=/a b""#);
        assert_eq!(agent_command(&json!({"Program": "/bin/x", "ProgramArguments": ["x", "y"]})), "/bin/x y");
        assert_eq!(agent_command(&json!({"Program": "/bin/x"})), "/bin/x");
        assert_eq!(agent_command(&json!([])), "");
    }
}
