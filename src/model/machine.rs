//! What a machine says about extensions beside the profiles: policies, external installs, launchers, native messaging hosts.
//!
//! `discover` fills these in from files and the registry; `extract` states facts about them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::place::PlaceClass;

/// The operating system that a machine or an image runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// Windows.
    Windows,
    /// macOS.
    Macos,
    /// Linux.
    Linux,
}

impl System {
    /// All of them.
    pub const ALL: [System; 3] = [System::Windows, System::Macos, System::Linux];

    /// The one that this program runs on; other Unix systems lay out homes as Linux does.
    pub fn here() -> System {
        if cfg!(windows) {
            System::Windows
        } else if cfg!(target_os = "macos") {
            System::Macos
        } else {
            System::Linux
        }
    }

    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            System::Windows => "windows",
            System::Macos => "macos",
            System::Linux => "linux",
        }
    }

    /// Whether two names that differ in case are one file.
    pub fn folds_case(self) -> bool {
        self != System::Linux
    }
}

/// Yes, no, or not to be known from what could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Nothing readable says.
    #[default]
    Unknown,
}

impl Answer {
    /// The word in reports and rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Unknown => "unknown",
        }
    }
}

impl From<bool> for Answer {
    fn from(so: bool) -> Answer {
        if so { Answer::Yes } else { Answer::No }
    }
}

/// Everything on a machine that brings extensions in, keeps them alive or serves them.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The system; `None` where only a copied folder was looked at.
    pub system: Option<System>,
    /// Whether an organisation manages the machine.
    pub managed: Managed,
    /// Extensions that policies install, allow or block.
    pub policies: Vec<PolicyInstall>,
    /// Other policies about extensions.
    pub settings: Vec<PolicySetting>,
    /// External extensions: JSON files and registry keys.
    pub external: Vec<ExternalInstall>,
    /// Command lines that start a browser in a way that matters.
    pub launchers: Vec<Launcher>,
    /// Native messaging hosts.
    pub native_hosts: Vec<NativeHost>,
    /// Scripts in startup places, for the search for companions.
    pub startup_scripts: Vec<StartupScript>,
    /// What may be the device id of the preference MACs: machine SIDs on Windows, the platform UUID on macOS.
    pub device_ids: Vec<String>,
    /// Places that only an administrator can read, and that were therefore left out.
    pub unread: Vec<String>,
}

/// Whether an organisation manages the machine, and what says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// The answer.
    pub answer: Answer,
    /// The reasons, each with the file or key that gave it.
    pub reasons: Vec<String>,
}

/// Whom an entry applies to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every user; setting it needs an administrator.
    #[default]
    Machine,
    /// One user; setting it needs no rights.
    User,
}

impl Scope {
    /// The word in reports and rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Machine => "machine",
            Scope::User => "user",
        }
    }
}

/// Where an entry was read, and whom it applies to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Every user or one.
    pub scope: Scope,
    /// The user, for one.
    pub user: Option<String>,
    /// The file, or the registry's root (`HKLM`, `HKCU`).
    pub file: String,
    /// The registry key, JSON pointer or plist key; empty where the file as a whole says it.
    pub pointer: String,
    /// True for the Windows registry.
    pub registry: bool,
}

/// What a policy does with an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyMode {
    /// Installed, and the person cannot take it out.
    Forced,
    /// Installed, and the person can turn it off.
    Normal,
    /// May be installed.
    Allowed,
    /// May not be installed.
    Blocked,
    /// Taken out where it is installed.
    Removed,
}

impl PolicyMode {
    /// The word in reports and rules.
    pub fn as_str(self) -> &'static str {
        match self {
            PolicyMode::Forced => "forced",
            PolicyMode::Normal => "normal",
            PolicyMode::Allowed => "allowed",
            PolicyMode::Blocked => "blocked",
            PolicyMode::Removed => "removed",
        }
    }
}

/// One extension in one policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyInstall {
    /// Ids of the browsers that read the policy; some share one place.
    pub browsers: Vec<String>,
    /// The extension's id, `*` for all, or `update_url:...` for all of an address.
    pub target: String,
    /// What happens to it.
    pub mode: PolicyMode,
    /// Where it comes from; `None` is the browser's own store.
    pub update_url: Option<String>,
    /// The policy's name.
    pub policy: String,
    /// False for a recommended policy, which the person may change.
    pub mandatory: bool,
    /// Where it was read.
    pub origin: Origin,
}

/// A policy about extensions that names none to install.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySetting {
    /// Ids of the browsers that read the policy; some share one place.
    pub browsers: Vec<String>,
    /// The policy's name.
    pub policy: String,
    /// Its value.
    pub value: serde_json::Value,
    /// False for a recommended policy.
    pub mandatory: bool,
    /// Where it was read.
    pub origin: Origin,
}

/// An extension that a file or registry key outside the profile asks the browser to install.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExternalInstall {
    /// Id of the browser that reads it.
    pub browser: String,
    /// The extension's id.
    pub id: String,
    /// Where updates come from, for one that is downloaded.
    pub update_url: Option<String>,
    /// The package on disk, for one that is not.
    pub package: Option<String>,
    /// The version it promises.
    pub version: Option<String>,
    /// The user-data folder that it belongs to; `None` where every one is meant.
    pub user_data_dir: Option<String>,
    /// Where it was read.
    pub origin: Origin,
}

/// What kind of thing starts a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LauncherKind {
    /// A Windows shortcut.
    Shortcut,
    /// A desktop entry.
    Desktop,
    /// A scheduled task.
    Task,
    /// A `Run` or `RunOnce` key.
    RunKey,
    /// A file in a startup folder.
    Startup,
    /// A launch agent or daemon of macOS.
    LaunchAgent,
    /// A desktop entry that starts with the session.
    Autostart,
    /// A file with flags for a browser's launcher.
    FlagsFile,
    /// What Windows runs for a link or a file of some kind.
    OpenCommand,
    /// A program of the user's own that goes by a browser's name, or a wrapper app on macOS.
    Wrapper,
    /// A systemd unit or cron table.
    Service,
}

impl LauncherKind {
    /// The word in reports and rules.
    pub fn as_str(self) -> &'static str {
        match self {
            LauncherKind::Shortcut => "shortcut",
            LauncherKind::Desktop => "desktop",
            LauncherKind::Task => "task",
            LauncherKind::RunKey => "run-key",
            LauncherKind::Startup => "startup",
            LauncherKind::LaunchAgent => "launch-agent",
            LauncherKind::Autostart => "autostart",
            LauncherKind::FlagsFile => "flags-file",
            LauncherKind::OpenCommand => "open-command",
            LauncherKind::Wrapper => "wrapper",
            LauncherKind::Service => "service",
        }
    }
}

/// Something that starts a browser with switches that matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Launcher {
    /// What kind of thing it is.
    pub kind: LauncherKind,
    /// Id of the browser that it starts, where the program's name tells.
    pub browser: Option<String>,
    /// The program.
    pub program: String,
    /// The command line as found, cut to a bearable length.
    pub command: String,
    /// The switches that matter.
    pub switches: Vec<Switch>,
    /// Where it was read.
    pub origin: Origin,
}

/// One switch of a browser's command line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Switch {
    /// The word for it: `load-extension`, `remote-debugging`, `feature-switch`, ...
    pub word: &'static str,
    /// The switch as written, without dashes.
    pub name: String,
    /// Its value, empty where it has none; for `load-extension` one folder.
    pub value: String,
    /// For a folder: where it lies.
    pub class: Option<PlaceClass>,
}

/// A program that extensions may start and talk to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NativeHost {
    /// Id of the browser that reads it.
    pub browser: String,
    /// The host's name.
    pub name: String,
    /// The program as written.
    pub program: String,
    /// Where the program lies.
    pub class: PlaceClass,
    /// Whether the program is there.
    pub present: Answer,
    /// Whether everyone may write the program or its folder.
    pub writable: Answer,
    /// Ids of the extensions that may start it.
    pub allowed: Vec<String>,
    /// The user-data folder that it belongs to; `None` where every one is meant.
    pub user_data_dir: Option<String>,
    /// Where it was read.
    pub origin: Origin,
}

/// A script that starts with the session or the machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartupScript {
    /// What starts it.
    pub kind: LauncherKind,
    /// Where it lies.
    pub path: String,
    /// Its text, cut to a bearable length.
    pub text: String,
    /// Where the thing that starts it was read.
    pub origin: Origin,
}

/// One extension's place on a machine: what its facts about policies, launchers and hosts are tied by.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// Id of the browser.
    pub browser: &'a str,
    /// The user-data folder, as reports show it.
    pub user_data_dir: &'a str,
    /// The user in whose home that lies.
    pub user: Option<&'a str>,
    /// The extension's folder in the machine's own terms: for unpacked ones as the browser wrote it.
    pub path: Option<&'a str>,
}

impl Surroundings<'_> {
    /// Whether something of a user's applies here: it is the machine's, or this user's.
    pub fn reaches(&self, origin: &Origin) -> bool {
        origin.scope == Scope::Machine || origin.user.is_none() || self.user.is_none() || origin.user.as_deref() == self.user
    }

    /// Whether a path of a command line is the extension's folder.
    pub fn is_path(&self, other: &str) -> bool {
        self.path.is_some_and(|path| !path.is_empty() && same_path(path, other))
    }
}

/// Whether two paths of one machine are the same, whatever way they are written: separators, `\\?\`, a slash at the end; case
/// where the path is one of Windows.
pub fn same_path(one: &str, other: &str) -> bool {
    let plain = |path: &str| {
        let path = path.trim().trim_matches('"').replace('\\', "/");
        let path = path.strip_prefix("//?/").unwrap_or(&path);
        let windows = path.as_bytes().get(1) == Some(&b':');
        let path = path.trim_end_matches('/');
        if windows { path.to_lowercase() } else { path.to_owned() }
    };
    plain(one) == plain(other)
}

impl LauncherKind {
    /// Whether it starts without anybody clicking on it.
    pub fn starts_itself(self) -> bool {
        use LauncherKind::{Autostart, LaunchAgent, RunKey, Service, Startup, Task};
        matches!(self, Task | RunKey | Startup | LaunchAgent | Autostart | Service)
    }
}
