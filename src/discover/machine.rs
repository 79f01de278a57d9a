//! What the machine says about extensions, gathered from all its places.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::machine::{Machine, Switch, System};
use crate::problem::{Outcome, Problem};

use super::browsers::browser;
use super::launchers::Gathered;
use super::profiles::{RegistryMacs, UserData};
use super::registry::{self, Key, Registry};
use super::root::{Root, User};
use super::{external, launchers, managed, native_hosts, policies, startup};

/// Profiles, and preferences of one, whose registry MACs are taken.
const PROFILES: usize = 200;

/// Policies, external installs, launchers and hosts of a root, beside those in user-data folders.
pub(super) fn machine(root: &Root) -> Outcome<Machine> {
    let mut problems = Vec::new();
    let registry = root.registry();
    let policies = keep(policies::policies(root, registry), &mut problems);
    let external = keep(external::external(root, registry), &mut problems);
    let native_hosts = keep(native_hosts::native_hosts(root, registry), &mut problems);
    let mut gathered = launchers::Gathered::new(root);
    launchers::launchers(&mut gathered);
    startup::startup(&mut gathered, registry);
    let launchers = gathered.launchers();
    let Gathered { scripts, unread, problems: mut wrong, .. } = gathered;
    problems.append(&mut wrong);
    let machine = Machine {
        system: Some(root.system),
        managed: managed::managed(root, registry),
        policies: policies.installs,
        settings: policies.settings,
        external,
        native_hosts,
        launchers,
        startup_scripts: scripts,
        unread: unread.into_iter().collect(),
        device_ids: device_ids(root, registry),
    };
    (machine, problems)
}

/// The machine of folders that were copied from somewhere: nothing is known of it.
pub(super) fn unknown() -> Machine {
    let mut machine = Machine::default();
    machine.managed.reasons.push("only a copied folder was looked at".to_owned());
    machine
}

/// Adds what lies in a user-data folder.
pub(super) fn add_user_data(root: &Root, data: &UserData, machine: &mut Machine) -> Vec<Problem> {
    let mut problems = Vec::new();
    machine.external.append(&mut keep(external::external_of(&root.tree, data), &mut problems));
    machine.native_hosts.append(&mut keep(native_hosts::native_hosts_of(root, data), &mut problems));
    problems
}

/// User-data folders in other than the usual places, which policies or launchers name, and the user who has them.
pub(super) fn named_user_data(root: &Root, machine: &Machine) -> Vec<(PathBuf, Option<String>)> {
    let mut found = Vec::new();
    let mut add = |path: &str, user: Option<&User>| {
        found.extend(root.locate_for(user, path).map(|path| (path, user.map(|user| user.name.clone()))));
    };
    for switch in machine.launchers.iter().flat_map(|launcher| launcher.switches.iter().map(move |switch| (launcher, switch))) {
        if let (launcher, Switch { word: "user-data-dir", value, .. }) = switch {
            add(value, root.users.iter().find(|user| Some(&user.name) == launcher.origin.user.as_ref()));
        }
    }
    for setting in machine.settings.iter().filter(|setting| setting.policy == "UserDataDir") {
        let Some(value) = setting.value.as_str() else { continue };
        for user in root.users.iter().filter(|user| setting.origin.user.as_ref().is_none_or(|name| *name == user.name)) {
            add(&without_variables(value, &user.name), Some(user));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The variables of policies about folders, in the words of the systems
/// (chrome/browser/policy/policy_path_parser.cc and its siblings).
fn without_variables(path: &str, user: &str) -> String {
    [
        ("${local_app_data}", "%LOCALAPPDATA%"),
        ("${roaming_app_data}", "%APPDATA%"),
        ("${global_app_data}", "%PROGRAMDATA%"),
        ("${program_files}", "%PROGRAMFILES%"),
        ("${windows}", "%SYSTEMROOT%"),
        ("${profile}", "~"),
        ("${documents}", if path.contains('\\') { "~\\Documents" } else { "~/Documents" }),
        ("${users}", "/Users"),
        ("${user_name}", user),
    ]
    .iter()
    .fold(path.to_owned(), |path, (variable, value)| path.replace(variable, value))
}

fn keep<T>((value, mut wrong): Outcome<T>, problems: &mut Vec<Problem>) -> T {
    problems.append(&mut wrong);
    value
}

/// What may be the device id of the preference MACs.
fn device_ids(root: &Root, registry: Option<&dyn Registry>) -> Vec<String> {
    match root.system {
        System::Windows => registry.map(registry::machine_sids).unwrap_or_default(),
        System::Macos if !root.is_image() => platform_uuid().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The platform UUID of this Mac, as Chromium asks for it (device_id_mac.cc). No library of ours can ask the system itself.
fn platform_uuid() -> Option<String> {
    if !cfg!(target_os = "macos") {
        return None;
    }
    let output = std::process::Command::new("/usr/sbin/ioreg").args(["-rd1", "-c", "IOPlatformExpertDevice"]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("IOPlatformUUID"))?;
    line.split('"').nth(3).map(str::to_owned)
}

/// The copies of preference MACs that Windows builds keep in the registry, by profile folder.
pub(super) fn registry_macs(root: &Root, data: &UserData) -> BTreeMap<String, RegistryMacs> {
    let mut found = BTreeMap::new();
    let (Some(registry), Some(browser)) = (root.registry(), browser(&data.browser)) else { return found };
    let Some(user) = root.users.iter().position(|user| data.path.starts_with(&user.home)) else { return found };
    let channel = browser.channel.iter().find(|channel| channel.id == data.channel);
    let Some(place) = channel.and_then(|channel| channel.registry.as_ref()).or(browser.registry.first()) else { return found };
    let key = Key::user(user, format!(r"Software\{place}\PreferenceMACs"));
    for profile in registry.subkeys(&key).into_iter().take(PROFILES) {
        let key = key.child(&profile);
        let texts = |key: &Key| -> BTreeMap<String, String> {
            let values = registry.values(key).unwrap_or_default().into_iter();
            values.filter_map(|(name, value)| value.text().map(|text| (name, text))).collect()
        };
        let split =
            registry.subkeys(&key).into_iter().take(PROFILES).map(|path| (path.clone(), texts(&key.child(&path)))).collect();
        let macs = RegistryMacs { key: format!("{}: {key}", registry.file(key.root)), atomic: texts(&key), split };
        found.insert(profile, macs);
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::super::hive_writer::Key as Written;
    use super::super::{Filter, Root, discover};
    use crate::acquire::Limits;
    use crate::model::machine::Answer;

    #[test]
    fn variables_of_policies_about_folders() {
        for (path, expected) in [
            (r"${local_app_data}\Chrome", r"%LOCALAPPDATA%\Chrome"),
            (r"${documents}\${user_name}", r"~\Documents\kim"),
            ("${users}/${user_name}/x", "/Users/kim/x"),
            (r"D:\x", r"D:\x"),
        ] {
            assert_eq!(super::without_variables(path, "kim"), expected);
        }
    }

    #[test]
    fn macs_and_device_id_of_an_image() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("Windows/System32/config");
        let data = dir.path().join("Users/kim/AppData/Local/Google/Chrome/User Data/Default");
        fs::create_dir_all(&config).unwrap();
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("Preferences"), "{}").unwrap();
        let mut user = Written::new("ROOT");
        user.at(r"Software\Google\Chrome\PreferenceMACs\Default").set_text("homepage", "AA");
        user.at(r"Software\Google\Chrome\PreferenceMACs\Default\extensions.settings").set_text("abc", "BB");
        fs::write(dir.path().join("Users/kim/NTUSER.DAT"), user.bytes()).unwrap();
        let mut sam = Written::new("ROOT");
        let numbers: Vec<u8> = [1u32, 2, 3].iter().flat_map(|number| number.to_le_bytes()).collect();
        sam.at(r"SAM\Domains\Account").set("V", 3, &numbers);
        fs::write(config.join("SAM"), sam.bytes()).unwrap();
        let (found, problems) = discover(&Root::image(dir.path()).unwrap(), &Filter::default(), &Limits::default());
        assert_eq!(problems, []);
        assert_eq!(found.machine.device_ids, ["S-1-5-21-1-2-3"]);
        assert_eq!(found.machine.managed.answer, Answer::Unknown);
        let macs = &found.user_data[0].registry_macs["Default"];
        assert_eq!(macs.atomic["homepage"], "AA");
        assert_eq!(macs.split["extensions.settings"]["abc"], "BB");
        assert!(macs.key.ends_with(r"HKCU\Software\Google\Chrome\PreferenceMACs\Default"));
    }
}
