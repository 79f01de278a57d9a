//! One extension in a report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::Run;
use crate::extract::Via;
use crate::finding::{Finding, Verdict};
use crate::model::crx::PackageSignature;
use crate::model::{ContentState, ExtensionId, InstallSource, Location, MacState, Presence};

/// One extension in one profile, or one package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExtensionReport {
    /// The id under which the browser knows it.
    #[schemars(with = "String", regex(pattern = "^[a-p]{32}$"))]
    pub id: ExtensionId,
    /// The localised name.
    pub name: String,
    /// The version.
    pub version: String,
    /// 2 or 3; 0 where there is no manifest.
    pub manifest_version: u32,
    /// The browser, null for a package.
    pub browser: Option<String>,
    /// The browser's user-data folder, null for a package.
    pub user_data_dir: Option<String>,
    /// The profile's folder name, null for a package.
    pub profile: Option<String>,
    /// The folder or package.
    pub path: Option<String>,
    /// How it got there.
    pub install: Install,
    /// What it asks for and what it has.
    pub permissions: Permissions,
    /// Whether it is still what was shipped.
    pub integrity: IntegrityReport,
    /// What it amounts to.
    pub verdict: Verdict,
    /// 0 to 100, within the verdict's band.
    #[schemars(range(min = 0, max = 100))]
    pub score: u8,
    /// Named malware.
    pub families: Vec<String>,
    /// What rules say about it, worst first.
    pub findings: Vec<Finding>,
    /// The foreign hosts it names or talks to.
    pub contacts: Vec<Contact>,
    /// Over the sorted paths and hashes of its files.
    pub content_sha256: Option<String>,
    /// What its own code is built like, whatever its names are: near copies have nearly the same. Null where there is too
    /// little code.
    pub fingerprint: Option<String>,
    /// Every file, where asked for.
    pub files: Vec<FileEntry>,
    /// The localised description.
    pub description: String,
    /// Whether entry and files were both found.
    pub presence: Presence,
    /// Version folders beside the one in use.
    pub other_versions: Vec<String>,
    /// Why the verdict is what it is, one reason a line.
    pub reasons: Vec<String>,
    /// Dated moments of its life on this machine, oldest first.
    pub timeline: Vec<Moment>,
    /// How much there is of it.
    pub size: Size,
    /// What it did in the sealed worker, where it was run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
}

/// How an extension got there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Install {
    /// The browser's own word.
    pub location: Location,
    /// Where it came from.
    pub source: InstallSource,
    /// Whether the browser runs it.
    pub enabled: bool,
    /// Why not.
    pub disable_reasons: Vec<String>,
    /// What the entry says of the store.
    pub from_webstore: bool,
    /// The address that updates come from.
    pub update_url: Option<String>,
    /// First installation, RFC 3339.
    pub installed_at: Option<String>,
    /// Last update, RFC 3339.
    pub updated_at: Option<String>,
    /// The browser's blocklist says: malware, vulnerable, policy violation, unwanted.
    pub blocklist: Option<String>,
    /// Browser settings that it controls, such as `proxy`.
    pub controls: Vec<String>,
    /// May run in private windows.
    pub incognito: bool,
    /// May read `file://` addresses.
    pub file_access: bool,
    /// Host access is withheld until a click.
    pub withheld: bool,
}

/// What an extension asks for and what it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Permissions {
    /// API permissions that the manifest asks for.
    pub api: Vec<String>,
    /// Host patterns that the manifest asks for, those of content scripts included.
    pub hosts: Vec<String>,
    /// API permissions that it may ask for later.
    pub optional_api: Vec<String>,
    /// Host patterns that it may ask for later.
    pub optional_hosts: Vec<String>,
    /// API permissions that the profile grants.
    pub granted_api: Vec<String>,
    /// Host patterns that the profile grants.
    pub granted_hosts: Vec<String>,
}

/// Whether an extension is still what was shipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IntegrityReport {
    /// The entry's code in `Secure Preferences`.
    pub preferences_mac: MacState,
    /// The encrypted hash beside it.
    pub encrypted_hash: MacState,
    /// The files against the store's signed list.
    pub content: ContentState,
    /// The package's own signature.
    pub package_signature: PackageSignature,
    /// Whether the manifest's key gives the id; null where there is no key.
    pub id_matches_key: Option<bool>,
}

/// A host that an extension names or talks to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// The host.
    pub host: String,
    /// How it was found.
    pub from: Found,
    /// The file that names it.
    #[serde(default)]
    pub file: Option<String>,
    /// The line, from 1.
    #[serde(default)]
    pub line: Option<u32>,
}

/// How a host was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// It stands in the code.
    #[default]
    Literal,
    /// It was decoded from the code.
    Decoded,
    /// The sealed worker saw it used.
    Emulated,
    /// A policy names it.
    Policy,
}

impl From<Via> for Found {
    fn from(via: Via) -> Found {
        match via {
            Via::Literal => Found::Literal,
            Via::Decoded => Found::Decoded,
            Via::Emulated => Found::Emulated,
            Via::Policy => Found::Policy,
        }
    }
}

impl Found {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Found::Literal => "literal",
            Found::Decoded => "decoded",
            Found::Emulated => "emulated",
            Found::Policy => "policy",
        }
    }
}

/// One file of an extension.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Path inside the extension.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Lower-case hex.
    pub sha256: String,
}

/// One dated moment in the life of an extension on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// RFC 3339 UTC.
    pub at: String,
    /// `installed`, `updated`, `files_written`, `last_file_changed`, ...
    pub what: String,
    /// A file or a remark, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How much there is of an extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Size {
    /// Files.
    pub files: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Scripts that were analysed.
    pub scripts: u64,
}

impl Default for ExtensionReport {
    fn default() -> Self {
        ExtensionReport {
            id: ExtensionId::from_digest(&[]),
            name: String::new(),
            version: String::new(),
            manifest_version: 0,
            browser: None,
            user_data_dir: None,
            profile: None,
            path: None,
            install: Install::default(),
            permissions: Permissions::default(),
            integrity: IntegrityReport::default(),
            verdict: Verdict::Ok,
            score: 0,
            families: Vec::new(),
            findings: Vec::new(),
            contacts: Vec::new(),
            content_sha256: None,
            fingerprint: None,
            runs: Vec::new(),
            files: Vec::new(),
            description: String::new(),
            presence: Presence::Complete,
            other_versions: Vec::new(),
            reasons: Vec::new(),
            timeline: Vec::new(),
            size: Size::default(),
        }
    }
}

impl Default for IntegrityReport {
    fn default() -> Self {
        crate::model::Integrity::default().into()
    }
}

impl From<crate::model::Integrity> for IntegrityReport {
    fn from(integrity: crate::model::Integrity) -> Self {
        IntegrityReport {
            preferences_mac: integrity.preferences_mac,
            encrypted_hash: integrity.encrypted_hash,
            content: integrity.content,
            package_signature: integrity.package_signature,
            id_matches_key: integrity.id_matches_key,
        }
    }
}

impl ExtensionReport {
    /// The finding that matters most: the first, once the report is finished.
    pub fn main_finding(&self) -> Option<&Finding> {
        self.findings.first()
    }

    pub(super) fn order(&self) -> impl Ord + '_ {
        (&self.browser, &self.user_data_dir, &self.profile, &self.id, &self.path, &self.version)
    }

    pub(super) fn finish(&mut self) {
        let permissions = &mut self.permissions;
        let lists = [
            &mut permissions.api,
            &mut permissions.hosts,
            &mut permissions.optional_api,
            &mut permissions.optional_hosts,
            &mut permissions.granted_api,
            &mut permissions.granted_hosts,
            &mut self.install.disable_reasons,
            &mut self.install.controls,
            &mut self.families,
            &mut self.other_versions,
        ];
        for list in lists {
            list.sort();
            list.dedup();
        }
        super::sort_findings(&mut self.findings);
        self.contacts.sort();
        self.contacts.dedup();
        self.files.sort();
        self.timeline.sort();
    }
}
