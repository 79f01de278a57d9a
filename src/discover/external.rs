//! External extensions: JSON files and registry keys that ask the browser to install something.

use std::path::Path;

use serde_json::Value;

use crate::model::ExtensionId;
use crate::model::machine::{ExternalInstall, Origin, Scope, System};
use crate::problem::{Outcome, Problem, Stage};

use super::browsers::{Browser, browser, browsers};
use super::read;
use super::registry::{Key, KeyRoot, Registry, SEARCHED};
use super::root::Root;
use super::tree::Tree;
use super::{UserData, policies::DOCUMENT};

/// Every external extension of a root, and of the user-data folders that were found.
pub fn external(root: &Root, registry: Option<&dyn Registry>) -> Outcome<Vec<ExternalInstall>> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for browser in browsers() {
        for place in browser.external.of(root.system) {
            for folder in root.expand(None, place, &mut problems) {
                let origin = Origin { scope: Scope::Machine, ..Origin::default() };
                from_folder(&root.tree, &folder, browser, None, &origin, &mut found, &mut problems);
            }
        }
        if let (System::Windows, Some(registry)) = (root.system, registry) {
            for place in &browser.registry {
                let path = format!(r"Software\{place}\Extensions");
                // The browser opens HKLM in the 32-bit view only; what lies in the other is of interest all the same.
                for key in [Key::machine32(&path), Key::machine(&path)] {
                    from_key(registry, &key, None, browser, &mut found);
                }
                for (number, user) in root.users.iter().enumerate() {
                    from_key(registry, &Key::user(number, &path), Some(&user.name), browser, &mut found);
                }
            }
        }
    }
    found.sort();
    found.dedup();
    (found, problems)
}

/// The external extensions of one user-data folder, which its user can write.
pub fn external_of(tree: &Tree, data: &UserData) -> Outcome<Vec<ExternalInstall>> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    if let (Ok(Some(folder)), Some(browser)) = (tree.child(&data.path, "External Extensions"), browser(&data.browser)) {
        let origin = Origin { scope: Scope::User, user: data.user.clone(), ..Origin::default() };
        from_folder(tree, &folder, browser, Some(&data.path), &origin, &mut found, &mut problems);
    }
    (found, problems)
}

fn from_folder(
    tree: &Tree,
    folder: &Path,
    browser: &Browser,
    user_data: Option<&Path>,
    origin: &Origin,
    found: &mut Vec<ExternalInstall>,
    problems: &mut Vec<Problem>,
) {
    let entries = match tree.list(folder) {
        Ok((entries, _)) => entries,
        Err(denied) => return problems.push(denied.problem()),
    };
    for entry in entries.into_iter().filter(|entry| !entry.folder) {
        let Some(id) = entry.name.strip_suffix(".json").and_then(ExtensionId::parse) else { continue };
        let file = entry.path.display().to_string();
        let value = read::document(&entry.path, DOCUMENT)
            .map_err(|error| error.to_string())
            .and_then(|document| crate::model::json::parse(&document.bytes).map_err(|error| error.to_string()));
        match value {
            Ok(Value::Object(entry)) => {
                let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
                found.push(ExternalInstall {
                    browser: browser.id.clone(),
                    id: id.to_string(),
                    update_url: text("external_update_url"),
                    package: text("external_crx"),
                    version: text("external_version"),
                    user_data_dir: user_data.map(|path| path.display().to_string()),
                    origin: Origin { file, ..origin.clone() },
                });
            }
            Ok(other) => {
                let message = format!("must be an object, found {}", crate::model::json::kind(&other));
                problems.push(Problem::new(file, Stage::Parse, message));
            }
            Err(message) => problems.push(Problem::new(file, Stage::Parse, message)),
        }
    }
}

fn from_key(registry: &dyn Registry, key: &Key, user: Option<&str>, browser: &Browser, found: &mut Vec<ExternalInstall>) {
    for name in registry.subkeys(key).into_iter().take(SEARCHED) {
        let Some(id) = ExtensionId::parse(&name) else { continue };
        let key = key.child(&name);
        found.push(ExternalInstall {
            browser: browser.id.clone(),
            id: id.to_string(),
            update_url: registry.text(&key, "update_url"),
            package: registry.text(&key, "path"),
            version: registry.text(&key, "version"),
            user_data_dir: None,
            origin: Origin {
                scope: if key.root == KeyRoot::Machine { Scope::Machine } else { Scope::User },
                user: user.map(str::to_owned),
                file: registry.file(key.root),
                pointer: key.to_string(),
                registry: true,
            },
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::registry::{Memory, Value as Stored};
    use super::*;

    const ID: &str = "abcdefghijklmnopabcdefghijklmnop";

    #[test]
    fn registry_keys() {
        let mut registry = Memory::default();
        let key = Key::machine32(r"Software\Google\Chrome\Extensions").child(ID);
        registry.set(&key, "path", Stored::of_text(r"C:\x.crx"));
        registry.set(&key, "version", Stored::of_text("1.0"));
        registry.set(&Key::machine32(r"Software\Google\Chrome\Extensions").child("no id"), "path", Stored::of_text("x"));
        let mut found = Vec::new();
        from_key(
            &registry,
            &Key::machine32(r"Software\Google\Chrome\Extensions"),
            None,
            browser("chrome").unwrap(),
            &mut found,
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].package.as_deref(), Some(r"C:\x.crx"));
        assert_eq!(found[0].origin.pointer, format!(r"HKLM\Software\WOW6432Node\Google\Chrome\Extensions\{ID}"));
    }

    #[test]
    fn json_files() {
        let dir = tempfile::tempdir().unwrap();
        let other = "b".repeat(32);
        std::fs::write(dir.path().join(format!("{ID}.json")), r#"{"external_update_url": "https://u.example/"}"#).unwrap();
        std::fs::write(dir.path().join(format!("{other}.json")), "{").unwrap();
        std::fs::write(dir.path().join("notes.json"), "{").unwrap();
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        from_folder(
            &Tree::live(),
            dir.path(),
            browser("chromium").unwrap(),
            None,
            &Origin::default(),
            &mut found,
            &mut problems,
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].update_url.as_deref(), Some("https://u.example/"));
        assert_eq!(problems.len(), 1);
    }
}
