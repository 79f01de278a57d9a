//! One extension: what it declares, how it was installed, whether it is still what was shipped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::crx::PackageSignature;
use super::id::ExtensionId;
use super::manifest::Manifest;

/// Everything that is known of one extension beside its files.
#[derive(Clone, Debug)]
pub struct Extension {
    /// The id under which the browser knows it; for a bare package the one that the browser would give it.
    pub id: ExtensionId,
    /// The manifest as the browser reads it; `None` where it is missing or refused.
    pub manifest: Option<Manifest>,
    /// The localised name, else the manifest's, else the id.
    pub name: String,
    /// The localised description.
    pub description: String,
    /// The version, empty where unknown.
    pub version: String,
    /// The installation, where the extension was found in a profile.
    pub install: Option<InstallRecord>,
    /// What the checks of origin and content came to.
    pub integrity: Integrity,
}

impl Extension {
    /// A package at a path of which nothing but its manifest is known.
    pub fn unpacked_at(path: &str, manifest: Option<Manifest>) -> Extension {
        let said = |read: fn(&Manifest) -> &String| manifest.as_ref().map(read).cloned().unwrap_or_default();
        Extension {
            id: ExtensionId::from_path(path, false),
            name: said(|manifest| &manifest.name),
            description: String::new(),
            version: said(|manifest| &manifest.version),
            manifest,
            install: None,
            integrity: Integrity::default(),
        }
    }
}

/// `extensions.settings.<id>` of a profile, in the browser's own terms (`formats`: Chromium's `extension_prefs.cc`).
#[derive(Clone, Debug, Default)]
pub struct InstallRecord {
    /// How it was installed.
    pub location: Location,
    /// The number in the file, where it is none that we know.
    pub location_number: Option<i64>,
    /// The entry's `path` as written: relative to `Extensions`, or absolute.
    pub path: Option<String>,
    /// Chromium's creation flags, a bit set.
    pub creation_flags: u64,
    /// Whether the browser runs it.
    pub enabled: bool,
    /// Why not.
    pub disable_reasons: Vec<DisableReason>,
    /// What the entry says of the store.
    pub from_webstore: bool,
    /// Installed with the browser.
    pub by_default: bool,
    /// Installed by the maker of the computer.
    pub by_oem: bool,
    /// The address that updates come from: the manifest's or a policy's.
    pub update_url: Option<String>,
    /// First installation, Unix seconds.
    pub installed_at: Option<i64>,
    /// Last update, Unix seconds.
    pub updated_at: Option<i64>,
    /// Permissions in force now.
    pub active: GrantedSet,
    /// Permissions that a person or a policy has granted.
    pub granted: GrantedSet,
    /// Permissions that were granted while it ran.
    pub runtime_granted: GrantedSet,
    /// Host access is withheld until a click.
    pub withheld: bool,
    /// May run in private windows.
    pub incognito: bool,
    /// May read `file://` addresses.
    pub file_access: bool,
    /// The user-scripts switch is on.
    pub user_scripts: bool,
    /// A person or a policy has acknowledged an external installation.
    pub acknowledged: bool,
    /// Safe Browsing trusts it.
    pub allowlisted: bool,
    /// Safe Browsing or the store said: malware, vulnerable, policy violation, unwanted.
    pub blocklist: Option<String>,
    /// The manifest copy inside the entry.
    pub manifest: Option<serde_json::Value>,
    /// Browser settings that the extension controls (proxy, search, start page): name and value.
    pub controlled: Vec<(String, String)>,
    /// An update waits to be applied; its manifest's version.
    pub pending_version: Option<String>,
    /// Where the files of that update are.
    pub pending_path: Option<String>,
    /// The version before an update that was not announced to the extension yet.
    pub previous_version: Option<String>,
    /// The version for which the browser has registered a service worker.
    pub worker_version: Option<String>,
    /// Events that the browser wakes it for, in pages and in the worker: `alarms.onAlarm`.
    pub events: Vec<String>,
    /// Hosts of content scripts that it has registered itself.
    pub registered_script_hosts: Vec<String>,
    /// The account-type of the entry: 0 local, 1 in the account but installed before sign-in, 2 installed while signed in.
    pub account_type: Option<i64>,
    /// Version folders of the same id beside the one in use.
    pub other_versions: Vec<String>,
    /// Which file the entry was read from: `Preferences` or `Secure Preferences`.
    pub file: String,
    /// Its JSON pointer in that file.
    pub pointer: String,
    /// Whether the entry, the folder, or both were found.
    pub presence: Presence,
}

/// Where the `path` of an entry leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryPath {
    /// Below the profile's `Extensions` folder, with `/` between the parts.
    Inside(String),
    /// Anywhere, as written: `/home/...`, `C:\...`, `\\server\...`.
    Absolute(String),
    /// Out of the folder by `..`, empty, or with a NUL.
    Refused,
}

impl EntryPath {
    /// What an entry's `path` means, whatever system it was written on.
    pub fn of(path: &str) -> EntryPath {
        let drive = path.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && path.as_bytes().get(1) == Some(&b':');
        let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
        if path.contains('\0') || parts.is_empty() || parts.contains(&"..") {
            EntryPath::Refused
        } else if drive || path.starts_with(['/', '\\']) {
            EntryPath::Absolute(path.to_owned())
        } else {
            EntryPath::Inside(parts.join("/"))
        }
    }
}

/// Which halves of an installation exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Entry and files.
    #[default]
    Complete,
    /// An entry whose files are part of the browser.
    BuiltIn,
    /// An entry without files.
    EntryOnly,
    /// Files without an entry.
    FolderOnly,
    /// An empty entry that a removed external extension leaves.
    Removed,
}

/// A set of granted permissions in an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantedSet {
    /// API permissions, also those with details.
    pub api: Vec<String>,
    /// Permissions that follow from keys of the manifest.
    pub manifest: Vec<String>,
    /// Host patterns for requests and injection.
    pub explicit_hosts: Vec<String>,
    /// Host patterns of content scripts.
    pub scriptable_hosts: Vec<String>,
}

impl GrantedSet {
    /// Host patterns of both kinds.
    pub fn hosts(&self) -> impl Iterator<Item = &String> {
        self.explicit_hosts.iter().chain(&self.scriptable_hosts)
    }
}

/// How an extension was installed (Chromium's `ManifestLocation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// A person installed it.
    Internal,
    /// A JSON file with `external_crx`.
    ExternalPref,
    /// The Windows registry, with a path.
    ExternalRegistry,
    /// "Load unpacked".
    Unpacked,
    /// Part of the browser.
    Component,
    /// A JSON file or the registry with an update address; also policy `normal_installed`.
    ExternalPrefDownload,
    /// Forced by policy.
    ExternalPolicyDownload,
    /// `--load-extension`.
    CommandLine,
    /// Policy, from a cached file.
    ExternalPolicy,
    /// Part of the browser, downloaded.
    ExternalComponent,
    /// A number that no browser writes, or none at all.
    #[default]
    Unknown,
}

impl Location {
    /// The location of a number in an entry.
    pub fn from_number(number: i64) -> Location {
        match number {
            1 => Location::Internal,
            2 => Location::ExternalPref,
            3 => Location::ExternalRegistry,
            4 => Location::Unpacked,
            5 => Location::Component,
            6 => Location::ExternalPrefDownload,
            7 => Location::ExternalPolicyDownload,
            8 => Location::CommandLine,
            9 => Location::ExternalPolicy,
            10 => Location::ExternalComponent,
            _ => Location::Unknown,
        }
    }

    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Location::Internal => "internal",
            Location::ExternalPref => "external_pref",
            Location::ExternalRegistry => "external_registry",
            Location::Unpacked => "unpacked",
            Location::Component => "component",
            Location::ExternalPrefDownload => "external_pref_download",
            Location::ExternalPolicyDownload => "external_policy_download",
            Location::CommandLine => "command_line",
            Location::ExternalPolicy => "external_policy",
            Location::ExternalComponent => "external_component",
            Location::Unknown => "unknown",
        }
    }
}

/// Where an extension came from, in the report's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstallSource {
    /// Chrome Web Store.
    WebStore,
    /// Microsoft Edge Add-ons.
    EdgeAddons,
    /// Opera add-ons.
    OperaAddons,
    /// Whale Store.
    WhaleStore,
    /// Another vendor's store.
    OtherStore,
    /// Forced or suggested by policy.
    EnterprisePolicy,
    /// Put in place from outside the browser, or from no store.
    Sideload,
    /// "Load unpacked".
    Unpacked,
    /// `--load-extension`.
    CommandLine,
    /// Part of the browser.
    Component,
    /// A bare package, not an installation.
    Package,
    /// Not known.
    #[default]
    Unknown,
}

impl InstallSource {
    /// All of them, in order.
    pub const ALL: [InstallSource; 12] = [
        InstallSource::WebStore,
        InstallSource::EdgeAddons,
        InstallSource::OperaAddons,
        InstallSource::WhaleStore,
        InstallSource::OtherStore,
        InstallSource::EnterprisePolicy,
        InstallSource::Sideload,
        InstallSource::Unpacked,
        InstallSource::CommandLine,
        InstallSource::Component,
        InstallSource::Package,
        InstallSource::Unknown,
    ];

    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            InstallSource::WebStore => "web_store",
            InstallSource::EdgeAddons => "edge_addons",
            InstallSource::OperaAddons => "opera_addons",
            InstallSource::WhaleStore => "whale_store",
            InstallSource::OtherStore => "other_store",
            InstallSource::EnterprisePolicy => "enterprise_policy",
            InstallSource::Sideload => "sideload",
            InstallSource::Unpacked => "unpacked",
            InstallSource::CommandLine => "command_line",
            InstallSource::Component => "component",
            InstallSource::Package => "package",
            InstallSource::Unknown => "unknown",
        }
    }
}

/// One reason why the browser does not run an extension (Chromium's `disable_reason.h`), by bit number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DisableReason(pub u8);

impl DisableReason {
    /// The word in reports; bits without a meaning are named by their value.
    pub fn name(self) -> String {
        let word = match self.0 {
            0 => "user_action",
            1 => "permissions_increase",
            2 => "reload",
            3 => "unsupported_requirement",
            4 => "sideload_wipeout",
            5 => "unknown_from_sync",
            8 => "not_verified",
            9 => "greylist",
            10 => "corrupted",
            11 => "remote_install",
            13 => "external_extension",
            14 => "update_required_by_policy",
            15 => "custodian_approval_required",
            16 => "blocked_by_policy",
            17 => "blocked_mature",
            18 => "remotely_for_malware",
            19 => "reinstall",
            20 => "not_allowlisted",
            21 => "not_ash_keeplisted",
            22 => "published_in_store_required_by_policy",
            23 => "unsupported_manifest_version",
            24 => "unsupported_developer_extension",
            other => return format!("reason_{}", 1u64 << other.min(63)),
        };
        word.to_owned()
    }
}

/// What the checks of origin and content came to; the fields of `integrity` in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrity {
    /// The entry's MAC.
    pub preferences_mac: MacState,
    /// The encrypted hash beside it.
    pub encrypted_hash: MacState,
    /// The files against the store's signed list.
    pub content: ContentState,
    /// The package's own signature.
    pub package_signature: PackageSignature,
    /// Whether the manifest's key gives the id; `None` where there is no key.
    pub id_matches_key: Option<bool>,
}

impl Default for Integrity {
    fn default() -> Self {
        Integrity {
            preferences_mac: MacState::NotApplicable,
            encrypted_hash: MacState::NotApplicable,
            content: ContentState::NotApplicable,
            package_signature: PackageSignature::NotApplicable,
            id_matches_key: None,
        }
    }
}

/// What an integrity code of a preference amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MacState {
    /// It fits the value.
    Valid,
    /// Others in the same file fit, this one does not.
    Invalid,
    /// The value has none.
    Missing,
    /// Seed, device id or key are not known: nothing can be said.
    Unverifiable,
    /// There is nothing to check.
    NotApplicable,
}

impl MacState {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            MacState::Valid => "valid",
            MacState::Invalid => "invalid",
            MacState::Missing => "missing",
            MacState::Unverifiable => "unverifiable",
            MacState::NotApplicable => "not_applicable",
        }
    }
}

/// What the store's signed list of files says about the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentState {
    /// Signed by a store that we know, and every comparable file matches.
    Verified,
    /// Signed, and a file was changed, added or taken away.
    Modified,
    /// No signed list.
    Unsigned,
    /// A list whose signer is not known.
    Unverifiable,
    /// There are no files to compare.
    NotApplicable,
}

impl ContentState {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            ContentState::Verified => "verified",
            ContentState::Modified => "modified",
            ContentState::Unsigned => "unsigned",
            ContentState::Unverifiable => "unverifiable",
            ContentState::NotApplicable => "not_applicable",
        }
    }
}
