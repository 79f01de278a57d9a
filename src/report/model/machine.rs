//! What surrounds extensions: the machine, its browsers, their profiles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::model::MacState;

pub use crate::model::machine::Answer as Known;

/// What belongs to no profile: policies, launchers, native messaging hosts, external installs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Machine {
    /// Whether an organisation manages it.
    pub managed: Known,
    /// Policies that concern extensions.
    pub policies: Vec<PolicyEntry>,
    /// Shortcuts, tasks and autostart entries that start a browser with telling options.
    pub launchers: Vec<LauncherEntry>,
    /// Programs that extensions may talk to.
    pub native_hosts: Vec<NativeHostEntry>,
    /// Extensions that files or the registry ask browsers to install.
    pub external: Vec<ExternalEntry>,
    /// What rules say about the machine.
    pub findings: Vec<Finding>,
}

/// One policy about extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PolicyEntry {
    /// The policy's name, such as `ExtensionInstallForcelist`.
    pub name: String,
    /// The browser that obeys it.
    pub browser: String,
    /// `machine` or `user`.
    pub scope: String,
    /// The extension it is about, where it is about one.
    pub extension: Option<String>,
    /// What it says: `forced`, `normal`, `allowed`, `blocked`, or the value.
    pub value: String,
    /// Where the extension comes from, for installs.
    pub update_url: Option<String>,
    /// The file or registry key.
    pub source: String,
}

/// One thing that starts a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LauncherEntry {
    /// `shortcut`, `desktop`, `task`, `run-key`, `startup`, `launch-agent`, `autostart`, `flags-file`, ...
    pub kind: String,
    /// The file or registry key.
    pub source: String,
    /// The whole command line.
    pub command: String,
    /// The options that matter, such as `--load-extension=...`.
    pub options: Vec<String>,
}

/// One program that extensions may talk to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NativeHostEntry {
    /// The name by which an extension asks for it.
    pub name: String,
    /// The browser that knows it.
    pub browser: String,
    /// The program that is started.
    pub program: String,
    /// The extensions that may talk to it.
    pub allowed: Vec<String>,
    /// The file or registry key.
    pub source: String,
}

/// One request to a browser to install an extension, from outside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExternalEntry {
    /// The extension.
    pub id: String,
    /// The browser that reads it.
    pub browser: String,
    /// A package on this machine.
    pub path: Option<String>,
    /// An address to install from.
    pub update_url: Option<String>,
    /// The file or registry key.
    pub source: String,
}

/// One browser's user-data folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BrowserReport {
    /// Short name: `chrome`, `chromium`, `edge`, ...
    pub browser: String,
    /// `stable`, `beta`, ...
    pub channel: String,
    /// The version that last wrote the folder.
    pub version: Option<String>,
    /// The user-data folder.
    pub user_data_dir: String,
    /// Whose it is.
    pub user: Option<String>,
    /// Its profiles.
    pub profiles: Vec<ProfileReport>,
}

/// One profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProfileReport {
    /// The folder's name.
    pub directory: String,
    /// The name that the browser shows.
    pub name: Option<String>,
    /// The account that is signed in.
    pub account: Option<String>,
    /// Whether the developer mode of the extensions page is on.
    pub developer_mode: bool,
    /// The code over all tracked preferences.
    pub super_mac: MacState,
    /// How many extensions it has.
    pub extensions: usize,
    /// What rules say about the profile.
    pub findings: Vec<Finding>,
}

impl Default for ProfileReport {
    fn default() -> Self {
        ProfileReport {
            directory: String::new(),
            name: None,
            account: None,
            developer_mode: false,
            super_mac: MacState::NotApplicable,
            extensions: 0,
            findings: Vec::new(),
        }
    }
}

impl Machine {
    pub(super) fn finish(&mut self) {
        self.policies.sort();
        self.launchers.sort();
        self.native_hosts.sort();
        self.external.sort();
        super::sort_findings(&mut self.findings);
    }
}

impl BrowserReport {
    pub(super) fn order(&self) -> impl Ord + '_ {
        (&self.browser, &self.channel, &self.user_data_dir)
    }
}
