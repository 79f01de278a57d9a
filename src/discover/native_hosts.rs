//! Native messaging hosts: programs that extensions may start and talk to.

use std::path::Path;

use serde_json::Value;

use crate::model::machine::{Answer, NativeHost, Origin, Scope, System};
use crate::model::place::classify;
use crate::problem::{Outcome, Problem, Stage};

use super::UserData;
use super::browsers::{Browser, browser, browsers};
use super::policies::DOCUMENT;
use super::read;
use super::registry::{Key, KeyRoot, Registry, SEARCHED};
use super::root::{Root, User};

/// Every native messaging host of a root: folders of the machine, or keys of the registry.
pub fn native_hosts(root: &Root, registry: Option<&dyn Registry>) -> Outcome<Vec<NativeHost>> {
    let mut reader = Reader { root, found: Vec::new(), problems: Vec::new() };
    for browser in browsers() {
        for place in browser.native_hosts.of(root.system) {
            let mut problems = Vec::new();
            for folder in root.expand(None, place, &mut problems) {
                reader.folder(&folder, browser, None, None, Scope::Machine);
            }
            reader.problems.append(&mut problems);
        }
        if let (System::Windows, Some(registry)) = (root.system, registry) {
            for place in &browser.registry {
                let path = format!(r"Software\{place}\NativeMessagingHosts");
                for key in [Key::machine32(&path), Key::machine(&path)] {
                    reader.key(registry, &key, browser, None);
                }
                for (number, user) in root.users.iter().enumerate() {
                    reader.key(registry, &Key::user(number, &path), browser, Some(user));
                }
            }
        }
    }
    reader.done()
}

/// The hosts in one user-data folder, which its user can write.
pub fn native_hosts_of(root: &Root, data: &UserData) -> Outcome<Vec<NativeHost>> {
    let mut reader = Reader { root, found: Vec::new(), problems: Vec::new() };
    if let (Ok(Some(folder)), Some(browser)) = (root.tree.child(&data.path, "NativeMessagingHosts"), browser(&data.browser)) {
        let user = root.users.iter().find(|user| data.path.starts_with(&user.home));
        reader.folder(&folder, browser, user, Some(&data.path), Scope::User);
        for host in &mut reader.found {
            host.origin.user.clone_from(&data.user);
        }
    }
    reader.done()
}

struct Reader<'r> {
    root: &'r Root,
    found: Vec<NativeHost>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn done(mut self) -> Outcome<Vec<NativeHost>> {
        self.found.sort();
        self.found.dedup();
        (self.found, self.problems)
    }

    fn folder(&mut self, folder: &Path, browser: &Browser, user: Option<&User>, user_data: Option<&Path>, scope: Scope) {
        let entries = match self.root.tree.list(folder) {
            Ok((entries, _)) => entries,
            Err(denied) => return self.problems.push(denied.problem()),
        };
        for entry in entries.into_iter().filter(|entry| !entry.folder && entry.name.ends_with(".json")) {
            let file = entry.path.display().to_string();
            let origin = Origin { scope, user: user.map(|user| user.name.clone()), file, ..Origin::default() };
            self.manifest(&entry.path, browser, user, user_data, origin);
        }
    }

    fn key(&mut self, registry: &dyn Registry, key: &Key, browser: &Browser, user: Option<&User>) {
        for name in registry.subkeys(key).into_iter().take(SEARCHED) {
            let key = key.child(&name);
            let Some(path) = registry.text(&key, "") else { continue };
            let origin = Origin {
                scope: if key.root == KeyRoot::Machine { Scope::Machine } else { Scope::User },
                user: user.map(|user| user.name.clone()),
                file: registry.file(key.root),
                pointer: key.to_string(),
                registry: true,
            };
            match self.root.locate_for(user, &path) {
                Some(file) => self.manifest(&file, browser, user, None, origin),
                // Left behind by a program that is gone: it starts nothing, and the browser says nothing either.
                None => self.found.push(NativeHost {
                    browser: browser.id.clone(),
                    name,
                    program: path.clone(),
                    class: classify(&path),
                    present: Answer::No,
                    writable: Answer::Unknown,
                    allowed: Vec::new(),
                    user_data_dir: None,
                    origin,
                }),
            }
        }
    }

    fn manifest(&mut self, file: &Path, browser: &Browser, user: Option<&User>, user_data: Option<&Path>, origin: Origin) {
        let shown = file.display().to_string();
        let value = read::document(file, DOCUMENT)
            .map_err(|error| error.to_string())
            .and_then(|document| crate::model::json::parse(&document.bytes).map_err(|error| error.to_string()));
        let host = match value {
            Ok(Value::Object(host)) => host,
            Ok(other) => {
                let message = format!("must be an object, found {}", crate::model::json::kind(&other));
                return self.problems.push(Problem::new(shown, Stage::Parse, message));
            }
            Err(message) => return self.problems.push(Problem::new(shown, Stage::Parse, message)),
        };
        let text = |key: &str| host.get(key).and_then(Value::as_str).unwrap_or_default();
        let allowed = host.get("allowed_origins").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut allowed: Vec<String> = allowed.filter_map(extension_of).collect();
        allowed.sort();
        allowed.dedup();
        let program = text("path").to_owned();
        // On Windows the program may stand beside its manifest.
        let located = self.root.locate_for(user, &program).or_else(|| {
            let beside = (self.root.system == System::Windows).then(|| file.parent()).flatten()?;
            self.root.tree.find(beside, &program).ok().flatten()
        });
        let (present, writable) = match &located {
            Some(path) => (Answer::Yes, writable_by_all(path)),
            // A copied folder says nothing about the programs of the machine it came from.
            None if user_data.is_some() && self.root.users.iter().all(|user| !file.starts_with(&user.home)) => {
                (Answer::Unknown, Answer::Unknown)
            }
            None => (Answer::No, Answer::Unknown),
        };
        let absolute = program.contains(':') || program.starts_with(['/', '\\', '%', '~']);
        let class = if absolute { classify(&program) } else { classify(&self.root.shown(file)) };
        self.found.push(NativeHost {
            browser: browser.id.clone(),
            name: text("name").to_owned(),
            class,
            program,
            present,
            writable,
            allowed,
            user_data_dir: user_data.map(|path| path.display().to_string()),
            origin,
        });
    }
}

/// The id in `chrome-extension://<id>/`.
fn extension_of(origin: &str) -> Option<String> {
    let id = origin.strip_prefix("chrome-extension://")?;
    crate::model::ExtensionId::parse(id.split('/').next()?).map(|id| id.to_string())
}

/// Whether everyone may write a program or the folder that it lies in. Windows keeps that in lists which nothing here reads;
/// the class of the place has to do there.
#[cfg(unix)]
fn writable_by_all(path: &Path) -> Answer {
    use std::os::unix::fs::PermissionsExt;
    let open = |path: &Path, sticky_is_safe: bool| {
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        // In a sticky folder such as /tmp, only its owner can replace a file.
        Some(mode & 0o002 != 0 && !(sticky_is_safe && mode & 0o1000 != 0))
    };
    match (open(path, false), path.parent().and_then(|folder| open(folder, true))) {
        (Some(true), _) | (_, Some(true)) => Answer::Yes,
        (Some(false), _) => Answer::No,
        _ => Answer::Unknown,
    }
}

#[cfg(not(unix))]
fn writable_by_all(_: &Path) -> Answer {
    Answer::Unknown
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::place::PlaceClass;

    const ID: &str = "abcdefghijklmnopabcdefghijklmnop";

    #[test]
    fn hosts_in_folders() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("etc/chromium/native-messaging-hosts");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(dir.path().join("home/kim/.local/bin")).unwrap();
        fs::write(dir.path().join("home/kim/.local/bin/host"), "").unwrap();
        let host = format!(
            r#"{{"name": "com.example.host", "path": "/home/kim/.local/bin/host", "type": "stdio",
                "allowed_origins": ["chrome-extension://{ID}/", "https://x.example/", 5]}}"#
        );
        fs::write(folder.join("com.example.host.json"), host).unwrap();
        fs::write(folder.join("broken.json"), "[").unwrap();
        let root = Root::image(dir.path()).unwrap();
        let (hosts, problems) = native_hosts(&root, None);
        assert_eq!(problems.len(), 1);
        assert_eq!(hosts.len(), 1);
        assert_eq!(hosts[0].allowed, [ID]);
        assert_eq!(hosts[0].class, PlaceClass::DotFolder);
        assert_eq!(hosts[0].present, Answer::Yes);
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_everyone_can_write() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host");
        fs::write(&path, "").unwrap();
        assert_eq!(writable_by_all(&path), Answer::No);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(writable_by_all(&path), Answer::Yes);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(writable_by_all(&path), Answer::Yes);
    }
}
