//! `Preferences` and `Secure Preferences` of one profile: what is installed, and the settings that concern extensions.
//!
//! Both files are read on every system and merged, since where an entry lies depends on the system, on its management and on
//! the browser's age. Opera keeps its entries under `extensions.opsettings`. Whatever an entry holds, the others are read: wrong
//! types and ids become problems.

mod entry;

use std::collections::BTreeMap;

use serde_json::Value;

use super::extension::{InstallRecord, Presence};
use super::id::ExtensionId;
use super::part::{Part, Said};
pub use super::store::source;
use crate::problem::{Outcome, Problem};

/// The keys under `extensions` that hold entries: everybody's, and Opera's.
const SETTINGS: [&str; 2] = ["settings", "opsettings"];

/// What the two files of a profile say.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What is installed, or was, by id.
    pub records: BTreeMap<ExtensionId, InstallRecord>,
    /// `extensions.ui.developer_mode`.
    pub developer_mode: bool,
    /// External extensions that the person removed.
    pub external_uninstalls: Vec<String>,
    /// Extensions pinned to the toolbar.
    pub pinned: Vec<String>,
    /// The installed theme: id, and the folder it is read from.
    pub theme: Option<(String, Option<String>)>,
    /// Pages of the browser that extensions have taken over (`newtab`, `history`, `bookmarks`): page, and the address now.
    pub url_overrides: Vec<(String, String)>,
    /// The profile's name as shown.
    pub name: Option<String>,
    /// The mail address of the account that the profile is signed in to.
    pub account: Option<String>,
    /// The version that last wrote the settings of extensions.
    pub last_version: Option<String>,
}

/// One of the two files, with what is wrong in it.
struct File<'v> {
    name: &'static str,
    value: &'v Value,
    said: Said,
}

impl<'v> File<'v> {
    fn open(name: &'static str, value: Option<&'v Value>) -> Option<File<'v>> {
        value.map(|value| File { name, value, said: Said::about(name) })
    }

    fn root(&self) -> Part<'_> {
        Part::root(self.value, &self.said)
    }

    /// Whether the codes that protect the entries lie in this file, which is then the one that the browser believes.
    fn protects(&self) -> bool {
        let macs = self.value.pointer("/protection/macs/extensions/settings").and_then(Value::as_object);
        macs.is_some_and(|macs| !macs.is_empty())
    }
}

/// Reads the settings of a profile out of its two files, either of which may be missing or broken. Problems name the file.
pub fn parse(preferences: Option<&Value>, secure: Option<&Value>) -> Outcome<Settings> {
    let preferences = File::open("Preferences", preferences);
    let secure = File::open("Secure Preferences", secure);
    let mut files: Vec<File<'_>> = secure.into_iter().chain(preferences).collect();
    // The file whose entries are protected comes first; where neither or both are, the secure one.
    files.sort_by_key(|file| !file.protects());
    for file in files.iter().filter(|file| !file.value.is_object()) {
        file.said.say(format_args!("must be an object, found {}", super::json::kind(file.value)));
    }

    let mut settings = Settings::default();
    for file in &files {
        add_entries(&mut settings.records, file);
    }
    let first = |read: &dyn Fn(&Part<'_>) -> Option<String>| files.iter().find_map(|file| read(&file.root()));
    settings.name = first(&|root| root.get("profile").get("name").string());
    settings.account = first(&account);
    settings.last_version = first(&|root| root.get("extensions").get("last_chrome_version").string());
    for file in &files {
        let extensions = file.root().get("extensions").object();
        settings.developer_mode |= extensions.get("ui").get("developer_mode").flag().unwrap_or(false);
        settings.external_uninstalls.extend(extensions.get("external_uninstalls").strings());
        settings.pinned.extend(extensions.get("pinned_extensions").strings());
        settings.url_overrides.extend(url_overrides(&extensions.get("chrome_url_overrides")));
        let theme = extensions.get("theme");
        settings.theme = settings.theme.or_else(|| Some((theme.get("id").string()?, theme.get("pack").string())));
    }
    let problems: Vec<Problem> = files.into_iter().flat_map(|file| file.said.into_problems()).collect();
    (settings, problems)
}

/// Adds the entries of one file to those of the file that comes before it.
fn add_entries(entries: &mut BTreeMap<ExtensionId, InstallRecord>, file: &File<'_>) {
    for key in SETTINGS {
        for (name, part) in file.root().get("extensions").get(key).members() {
            let Some(id) = ExtensionId::parse(name) else {
                part.say("is not an extension id: 32 letters a to p are wanted");
                continue;
            };
            if !part.value().is_some_and(Value::is_object) {
                part.clone().object();
                continue;
            }
            let mut record = entry::read(&part);
            record.file = file.name.to_owned();
            record.pointer = format!("/extensions/{key}/{name}");
            match entries.get(&id) {
                None => {
                    entries.insert(id, record);
                }
                // The other file, or the other key, has it too: what is installed counts, what was removed does not.
                Some(other) if record.presence == Presence::Removed || other.presence != Presence::Removed => {
                    if record.presence != Presence::Removed {
                        part.say(format_args!("stands in {} too; that entry is used", other.file));
                    }
                }
                Some(_) => {
                    entries.insert(id, record);
                }
            }
        }
    }
}

/// The account of a signed-in profile, in the current place and the older ones.
fn account(root: &Part<'_>) -> Option<String> {
    let current = root.get("account_info").value().and_then(|list| list.get(0)).and_then(|account| account.get("email"));
    let services = root.get("google").get("services");
    let named = |key: &str| services.get(key).string().filter(|name| !name.is_empty());
    let current = current.and_then(Value::as_str).filter(|mail| !mail.is_empty()).map(str::to_owned);
    current.or_else(|| named("last_username")).or_else(|| named("last_signed_in_username"))
}

/// Each page has a list of addresses, the last one in force first; an address is a string, or an object with `entry`.
fn url_overrides(part: &Part<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (page, list) in part.members() {
        for item in list.list() {
            let address = match item.value() {
                Some(Value::Object(_)) => item.get("entry").string(),
                _ => item.string(),
            };
            found.extend(address.map(|address| (page.to_owned(), address)));
        }
    }
    found
}

#[cfg(test)]
mod tests;
