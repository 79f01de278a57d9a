//! User-data folders made up by tests and benches: as many profiles and extensions as wanted, with nothing in them but shape.

use std::fs;
use std::path::{Path, PathBuf};

use crxhound::model::ExtensionId;
use serde_json::{Value, json};

/// A user-data folder that is being made.
pub struct MadeUserData {
    /// Where it lies.
    pub path: PathBuf,
}

impl MadeUserData {
    /// An empty one at `path`.
    pub fn at(path: impl Into<PathBuf>) -> MadeUserData {
        let path = path.into();
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("Last Version"), "156.0.8078.79").unwrap();
        MadeUserData { path }
    }

    /// A profile with these entries under `extensions.settings`.
    pub fn profile(&self, directory: &str, settings: &Value) -> PathBuf {
        self.raw_profile(directory, json!({"extensions": {"settings": settings}}).to_string().as_bytes())
    }

    /// A profile with these bytes as its `Preferences`.
    pub fn raw_profile(&self, directory: &str, preferences: &[u8]) -> PathBuf {
        let path = self.path.join(directory);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("Preferences"), preferences).unwrap();
        path
    }
}

/// The id of the `n`-th made extension.
pub fn id(n: usize) -> ExtensionId {
    ExtensionId::from_key(format!("made {n}").as_bytes())
}

/// The entry of a packed extension from the store, of which `Extensions/<id>/<version>_0` holds the files.
pub fn store_entry(n: usize, manifest: &Value) -> Value {
    json!({
        "location": 1,
        "creation_flags": 9,
        "from_webstore": true,
        "path": format!("{}/1.0_0", id(n)),
        "manifest": manifest,
        "first_install_time": "13370000000000000",
        "last_update_time": "13370000000000000",
        "active_permissions": {"api": ["storage"], "explicit_host": [], "scriptable_host": [], "manifest_permissions": []},
        "granted_permissions": {"api": ["storage"], "explicit_host": [], "scriptable_host": [], "manifest_permissions": []},
    })
}

/// A plain manifest.
pub fn manifest(n: usize) -> Value {
    json!({
        "manifest_version": 3,
        "name": format!("Made {n}"),
        "version": "1.0",
        "permissions": ["storage"],
        "background": {"service_worker": "worker.js"},
        "update_url": "https://clients2.google.com/service/update2/crx",
    })
}

/// Lays the files of the `n`-th extension into a profile: its manifest and one script of about `script_bytes`.
pub fn files(profile: &Path, n: usize, script_bytes: usize) {
    let folder = profile.join("Extensions").join(id(n).as_str()).join("1.0_0");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("manifest.json"), manifest(n).to_string()).unwrap();
    let line = format!("chrome.storage.local.set({{ key{n}: document.title }});\n");
    fs::write(folder.join("worker.js"), line.repeat(script_bytes / line.len() + 1)).unwrap();
}

/// A whole user-data folder: `profiles` profiles of `extensions` extensions each.
pub fn user_data(path: &Path, profiles: usize, extensions: usize, script_bytes: usize) -> MadeUserData {
    let made = MadeUserData::at(path);
    for profile in 0..profiles {
        let entries = (0..extensions).map(|n| (id(n).to_string(), store_entry(n, &manifest(n))));
        let directory = if profile == 0 { "Default".to_owned() } else { format!("Profile {profile}") };
        let folder = made.profile(&directory, &entries.collect::<serde_json::Map<_, _>>().into());
        (0..extensions).for_each(|n| files(&folder, n, script_bytes));
    }
    made
}
