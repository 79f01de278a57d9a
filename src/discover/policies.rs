//! Enterprise policies about extensions: Windows registry, macOS managed preferences, JSON folders on Linux.
//!
//! Each place becomes one JSON object of policy names and values; what the names mean is the same everywhere
//! ([`interpret`], a pure function).

mod meaning;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::machine::{Origin, PolicyInstall, PolicySetting, Scope, System};
use crate::problem::{Outcome, Problem, Stage};

use super::browsers::{Browser, browsers};
use super::group_policy;
use super::read;
use super::registry::{Key, KeyRoot, Registry};
use super::root::Root;

use meaning::interpret_in;

pub use meaning::interpret;

/// Bytes of a policy file that are taken.
pub const DOCUMENT: u64 = 32 << 20;

/// Levels of keys below a policy's key.
const DEPTH: usize = 8;

/// Entries of one policy that are taken.
const ENTRIES: usize = 20_000;

/// What one place says.
#[derive(Debug, Default)]
pub struct Policies {
    /// Extensions that are installed, allowed or blocked.
    pub installs: Vec<PolicyInstall>,
    /// Other policies about extensions.
    pub settings: Vec<PolicySetting>,
}

impl Policies {
    fn append(&mut self, mut other: Policies) {
        self.installs.append(&mut other.installs);
        self.settings.append(&mut other.settings);
    }
}

/// Whom a place's policies apply to.
#[derive(Clone, Debug)]
struct Context {
    browsers: Vec<String>,
    mandatory: bool,
    /// Scope, user and file; the pointer is what all pointers begin with.
    origin: Origin,
}

impl Context {
    fn at(&self, parts: &[&str]) -> Origin {
        let divider = if self.origin.registry { '\\' } else { '/' };
        let mut pointer = self.origin.pointer.clone();
        for part in parts {
            pointer.push(divider);
            // JSON pointers write these two otherwise.
            pointer.push_str(&if self.origin.registry {
                (*part).to_owned()
            } else {
                part.replace('~', "~0").replace('/', "~1")
            });
        }
        Origin { pointer, ..self.origin.clone() }
    }
}

/// All policies of a root.
pub fn policies(root: &Root, registry: Option<&dyn Registry>) -> Outcome<Policies> {
    let mut found = Policies::default();
    let mut problems = Vec::new();
    for (place, owners) in places(root.system) {
        let ids: Vec<String> = owners.iter().map(|browser| browser.id.clone()).collect();
        match root.system {
            System::Windows => {
                if let Some(registry) = registry {
                    from_registry(root, registry, place, &ids, &mut found, &mut problems);
                }
            }
            System::Macos => from_plists(root, place, &ids, &mut found, &mut problems),
            System::Linux => from_folders(root, place, &ids, &mut found, &mut problems),
        }
    }
    if root.system == System::Windows {
        for (name, key) in [("Machine", KeyRoot::Machine), ("User", KeyRoot::User(0))] {
            let Some(path) = root.locate(&format!(r"\Windows\System32\GroupPolicy\{name}\Registry.pol")) else { continue };
            match group_policy::read(&path, key) {
                Ok(memory) => {
                    for (place, owners) in places(System::Windows) {
                        let ids: Vec<String> = owners.iter().map(|browser| browser.id.clone()).collect();
                        from_key(&memory, key, None, place, &ids, &mut found, &mut problems);
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    // The policies' keys are the same for programs of 32 and 64 bits, and group policy files are copied into them.
    let same = |install: &PolicyInstall| {
        let mut install = install.clone();
        install.origin = Origin { scope: install.origin.scope, user: install.origin.user, ..Origin::default() };
        install
    };
    let mut seen = std::collections::BTreeSet::new();
    found.installs.retain(|install| seen.insert(same(install)));
    found.installs.sort();
    (found, problems)
}

/// Every place that policies may lie in, with the browsers that read it: some share one.
fn places(system: System) -> BTreeMap<&'static str, Vec<&'static Browser>> {
    let mut places: BTreeMap<&str, Vec<&Browser>> = BTreeMap::new();
    for browser in browsers() {
        for place in browser.policies.of(system) {
            places.entry(place).or_default().push(browser);
        }
    }
    places
}

// ---------------------------------------------------------------- Windows

fn from_registry(
    root: &Root,
    registry: &dyn Registry,
    place: &str,
    browsers: &[String],
    found: &mut Policies,
    problems: &mut Vec<Problem>,
) {
    from_key(registry, KeyRoot::Machine, None, place, browsers, found, problems);
    for (number, user) in root.users.iter().enumerate() {
        from_key(registry, KeyRoot::User(number), Some(&user.name), place, browsers, found, problems);
    }
}

fn from_key(
    registry: &dyn Registry,
    root: KeyRoot,
    user: Option<&str>,
    place: &str,
    browsers: &[String],
    found: &mut Policies,
    problems: &mut Vec<Problem>,
) {
    let path = format!(r"Software\Policies\{place}");
    let keys = match root {
        KeyRoot::Machine => vec![Key::machine(&path), Key::machine32(&path)],
        KeyRoot::User(number) => vec![Key::user(number, &path)],
    };
    for key in keys {
        let mut left = ENTRIES;
        let Some(mut values) = object_of(registry, &key, 0, &mut left) else { continue };
        let recommended = values.remove("Recommended");
        let scope = if root == KeyRoot::Machine { Scope::Machine } else { Scope::User };
        for (values, mandatory, pointer) in
            [(Some(Value::Object(values)), true, key.to_string()), (recommended, false, key.child("Recommended").to_string())]
        {
            let Some(Value::Object(values)) = values else { continue };
            let origin = Origin { scope, user: user.map(str::to_owned), file: registry.file(root), pointer, registry: true };
            let context = Context { browsers: browsers.to_vec(), mandatory, origin };
            let (policies, mut wrong) = interpret_in(&values, &context);
            found.append(policies);
            problems.append(&mut wrong);
        }
    }
}

/// A key as a JSON object: values by name, keys below it as objects. In a damaged hive keys may hold each other, so what is
/// `left` to be taken is counted over all of them.
fn object_of(registry: &dyn Registry, key: &Key, depth: usize, left: &mut usize) -> Option<Map<String, Value>> {
    let values = registry.values(key)?;
    let mut object = Map::new();
    for (name, value) in values {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let value = match (value.text(), value.number(), value.texts()) {
            (Some(text), ..) => Value::String(text),
            (_, Some(number), _) => number.into(),
            (.., Some(texts)) => texts.into(),
            _ => continue,
        };
        object.insert(name, value);
    }
    if depth < DEPTH {
        for name in registry.subkeys(key) {
            if *left == 0 {
                break;
            }
            *left -= 1;
            if let Some(below) = object_of(registry, &key.child(&name), depth + 1, left) {
                object.insert(name, Value::Object(below));
            }
        }
    }
    Some(object)
}

// ---------------------------------------------------------------- macOS

fn from_plists(root: &Root, domain: &str, browsers: &[String], found: &mut Policies, problems: &mut Vec<Problem>) {
    let mut files = vec![
        (format!("/Library/Managed Preferences/{domain}.plist"), true, Scope::Machine, None),
        (format!("/Library/Preferences/{domain}.plist"), false, Scope::Machine, None),
    ];
    for user in &root.users {
        files.push((format!("/Library/Managed Preferences/{}/{domain}.plist", user.name), true, Scope::User, Some(user)));
    }
    let mut places: Vec<_> = files
        .into_iter()
        .filter_map(|(path, mandatory, scope, user)| match root.look_up(&path) {
            Ok(path) => path.map(|path| (path, mandatory, scope, user)),
            Err(denied) => {
                problems.push(denied.problem());
                None
            }
        })
        .collect();
    for user in &root.users {
        if let Ok(Some(path)) = root.tree.find(&user.home, &format!("Library/Preferences/{domain}.plist")) {
            places.push((path, false, Scope::User, Some(user)));
        }
    }
    for (path, mandatory, scope, user) in places {
        let file = path.display().to_string();
        let origin = Origin {
            scope,
            user: user.map(|user| user.name.clone()),
            file: file.clone(),
            pointer: String::new(),
            registry: false,
        };
        match super::plists::read(&path, DOCUMENT) {
            Ok(Value::Object(values)) => {
                let (policies, mut wrong) = interpret_in(&values, &Context { browsers: browsers.to_vec(), mandatory, origin });
                found.append(policies);
                problems.append(&mut wrong);
            }
            Ok(_) => problems.push(Problem::new(file, Stage::Parse, "is no dictionary, as a list of preferences must be")),
            Err(message) => problems.push(Problem::new(file, Stage::Parse, message)),
        }
    }
}

// ---------------------------------------------------------------- Linux

fn from_folders(root: &Root, place: &str, browsers: &[String], found: &mut Policies, problems: &mut Vec<Problem>) {
    for (folder, mandatory) in [("managed", true), ("recommended", false)] {
        let listed = root
            .look_up(&format!("{place}/{folder}"))
            .and_then(|path| path.map_or(Ok((Vec::new(), false)), |path| root.tree.list(&path)));
        let entries = match listed {
            Ok((entries, _)) => entries,
            Err(denied) => {
                problems.push(denied.problem());
                continue;
            }
        };
        for entry in entries.into_iter().filter(|entry| !entry.folder && entry.name.ends_with(".json")) {
            let file = entry.path.display().to_string();
            let values = match read::document(&entry.path, DOCUMENT) {
                Ok(document) => parse_document(&document.bytes),
                Err(error) => Err(error.to_string()),
            };
            match values {
                Ok(values) => {
                    let origin = Origin { scope: Scope::Machine, user: None, file, pointer: String::new(), registry: false };
                    let (policies, mut wrong) =
                        interpret_in(&values, &Context { browsers: browsers.to_vec(), mandatory, origin });
                    found.append(policies);
                    problems.append(&mut wrong);
                }
                Err(message) => problems.push(Problem::new(file, Stage::Parse, message)),
            }
        }
    }
}

/// Reads a policy file: JSON as the browser reads it, and here it takes a comma before a closing bracket too
/// (config_dir_policy_loader.cc).
pub fn parse_document(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let value = crate::model::json::parse(bytes).or_else(|error| {
        let text = without_trailing_commas(&String::from_utf8_lossy(bytes));
        crate::model::json::parse(text.as_bytes()).map_err(|_| error)
    });
    match value {
        Ok(Value::Object(values)) => Ok(values),
        Ok(other) => Err(format!("must be an object of policies, found {}", crate::model::json::kind(&other))),
        Err(error) => Err(format!("the browser refuses this file: {error}")),
    }
}

fn without_trailing_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_text, mut escaped) = (false, false);
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            ']' | '}' if !in_text => {
                let end = out.trim_end().len();
                if out.get(..end).is_some_and(|text| text.ends_with(',')) {
                    out.truncate(end - 1);
                }
            }
            _ => {}
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::super::registry::{Memory, Value as Stored};
    use super::*;
    use crate::model::machine::PolicyMode;

    const ID: &str = "abcdefghijklmnopabcdefghijklmnop";
    const OTHER: &str = "ponmlkjihgfedcbaponmlkjihgfedcba";

    fn brief(policies: &Policies) -> Vec<(String, &'static str, Option<&str>, &str)> {
        policies
            .installs
            .iter()
            .map(|install| {
                (install.target.clone(), install.mode.as_str(), install.update_url.as_deref(), install.origin.pointer.as_str())
            })
            .collect()
    }

    #[test]
    fn force_lists_and_extension_settings() {
        let values = json!({
            "ExtensionInstallForcelist": [format!("{ID};https://update.example/x.xml"), OTHER.to_uppercase(), 7],
            "ExtensionSettings": {
                "*": {"installation_mode": "blocked"},
                format!("{ID},{OTHER}"): {"installation_mode": "normal_installed", "update_url": "https://u.example/"},
                "update_url:https://u.example/": {"installation_mode": "allowed"},
                OTHER: {"toolbar_pin": "force_pinned"},
                "x": 5,
            },
            "ExtensionInstallSources": ["https://*.example/*"],
            "HomepageLocation": "https://home.example/",
        });
        let (found, problems) = interpret(values.as_object().unwrap());
        assert_eq!(
            brief(&found),
            [
                (ID.into(), "forced", Some("https://update.example/x.xml"), "/ExtensionInstallForcelist/0"),
                (OTHER.into(), "forced", None, "/ExtensionInstallForcelist/1"),
                ("*".into(), "blocked", None, "/ExtensionSettings/*"),
                (ID.into(), "normal", Some("https://u.example/"), format!("/ExtensionSettings/{ID}").as_str()),
                (OTHER.into(), "normal", Some("https://u.example/"), format!("/ExtensionSettings/{OTHER}").as_str()),
                (
                    "update_url:https://u.example/".into(),
                    "allowed",
                    None,
                    "/ExtensionSettings/update_url:https:~1~1u.example~1"
                ),
            ]
        );
        assert_eq!(found.settings.len(), 1);
        assert_eq!(problems.len(), 2);
        assert!(problems[0].message.contains("must hold"), "{problems:?}");
    }

    #[test]
    fn wrong_types_are_said() {
        for value in [json!({"ExtensionInstallForcelist": 5}), json!({"ExtensionSettings": []})] {
            let (found, problems) = interpret(value.as_object().unwrap());
            assert!(found.installs.is_empty());
            assert_eq!(problems.len(), 1);
        }
    }

    #[test]
    fn lists_and_objects_of_the_registry() {
        let mut registry = Memory::of("HKCU");
        let key = Key::user(0, r"Software\Policies\Google\Chrome");
        let url = format!("{ID};http://192.0.2.1/u.xml");
        registry.set(&key.child("ExtensionInstallForcelist"), "1", Stored::of_text(&url));
        registry.set(
            &key,
            "ExtensionSettings",
            Stored::of_text(&format!(r#"{{"{OTHER}": {{"installation_mode": "force_installed"}}}}"#)),
        );
        registry.set(&key.child(r"ExtensionSettings").child(ID), "installation_mode", Stored::of_text("blocked"));
        registry.set(&key.child("Recommended"), "BlockExternalExtensions", Stored::of_number(1));
        let (mut found, mut problems) = (Policies::default(), Vec::new());
        from_key(&registry, KeyRoot::User(0), Some("kim"), r"Google\Chrome", &["chrome".into()], &mut found, &mut problems);
        assert_eq!(problems, []);
        let first = found.installs.iter().find(|install| install.policy == "ExtensionInstallForcelist").unwrap();
        assert_eq!(first.origin.pointer, r"HKCU\Software\Policies\Google\Chrome\ExtensionInstallForcelist\1");
        assert_eq!((first.origin.scope, first.origin.user.as_deref()), (Scope::User, Some("kim")));
        assert!(first.origin.registry && first.mandatory);
        assert!(!found.settings[0].mandatory);
        // The key below wins over the text of the same name, as in the browser's own reading.
        assert!(found.installs.iter().any(|install| install.target == ID && install.mode == PolicyMode::Blocked));
    }

    #[test]
    fn policy_files_as_the_browser_takes_them() {
        let names = |text: &str| parse_document(text.as_bytes()).map(|values| values.keys().cloned().collect::<Vec<_>>());
        assert_eq!(names(r#"{"a": [1, 2,], "b": "x,]",}"#).unwrap(), ["a", "b"]);
        assert_eq!(names("// note\n{}").unwrap(), Vec::<String>::new());
        assert!(names("[]").unwrap_err().contains("must be an object"));
        assert!(names("{").unwrap_err().contains("refuses"));
    }
}
