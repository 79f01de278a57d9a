//! The registry of this machine, through Windows itself.

use std::sync::Mutex;

use windows_registry::{CURRENT_USER, LOCAL_MACHINE, USERS};

use super::{Key, KeyRoot, Offline, Registry, Value, View};
use crate::discover::root::{Root, User};
use crate::problem::{Problem, Stage};

/// Windows' own answers; for users who are not signed in, their hive files.
#[derive(Debug)]
pub struct Live {
    users: Vec<(bool, Option<String>)>,
    files: Offline,
    denied: Mutex<Vec<Problem>>,
}

impl Live {
    /// The registry, with the root's users in their order.
    pub fn open(root: &Root) -> Live {
        let mut live = Live { users: Vec::new(), files: Offline::default(), denied: Mutex::default() };
        for user in &root.users {
            live.add_user(root, user);
        }
        live
    }

    fn add_user(&mut self, root: &Root, user: &User) {
        let loaded = user.sid.clone().filter(|sid| USERS.options().read().open(sid).is_ok());
        if user.current || loaded.is_some() {
            self.files.users.push(None);
        } else {
            self.files.add_user(root, &user.home);
        }
        self.users.push((user.current, loaded));
    }

    fn open_key(&self, key: &Key) -> Option<windows_registry::Key> {
        let (base, path) = match key.root {
            KeyRoot::Machine => (LOCAL_MACHINE, key.path.clone()),
            KeyRoot::User(user) => match self.users.get(user)? {
                (true, _) => (CURRENT_USER, key.path.clone()),
                (false, Some(sid)) => (USERS, format!(r"{sid}\{}", key.path)),
                (false, None) => return None,
            },
        };
        let mut options = base.options();
        let options = match key.view {
            View::Bits64 => options.read().wow64_64(),
            View::Bits32 => options.read().wow64_32(),
        };
        match options.open(&path) {
            Ok(key) => Some(key),
            Err(error) => {
                // E_ACCESSDENIED as the system reports it for a key. The account database is closed to everyone.
                let closed = key.path.starts_with("SAM");
                if !closed
                    && error.code().0 == 0x8007_0005_u32 as i32
                    && let Ok(mut denied) = self.denied.lock()
                {
                    denied.push(Problem::new(
                        key.to_string(),
                        Stage::Discover,
                        "permission denied; run from an elevated prompt",
                    ));
                }
                None
            }
        }
    }

    fn offline(&self, key: &Key) -> bool {
        matches!(key.root, KeyRoot::User(user) if matches!(self.users.get(user), Some((false, None))))
    }
}

impl Registry for Live {
    fn values(&self, key: &Key) -> Option<Vec<(String, Value)>> {
        if self.offline(key) {
            return self.files.values(key);
        }
        let values = self.open_key(key)?;
        let values = values.values().ok()?;
        Some(values.map(|(name, value)| (name, Value { kind: value.ty().into(), bytes: value.to_vec() })).collect())
    }

    fn subkeys(&self, key: &Key) -> Vec<String> {
        if self.offline(key) {
            return self.files.subkeys(key);
        }
        self.open_key(key).and_then(|key| key.keys().ok().map(Iterator::collect)).unwrap_or_default()
    }

    fn file(&self, root: KeyRoot) -> String {
        match root {
            KeyRoot::Machine => "HKLM".to_owned(),
            KeyRoot::User(user) if matches!(self.users.get(user), Some((false, None))) => self.files.file(root),
            KeyRoot::User(_) => "HKCU".to_owned(),
        }
    }

    fn readable(&self, root: KeyRoot) -> bool {
        match root {
            KeyRoot::Machine => true,
            KeyRoot::User(user) if matches!(self.users.get(user), Some((false, None))) => self.files.readable(root),
            KeyRoot::User(_) => true,
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.files.problems();
        problems.extend(self.denied.lock().map(|mut denied| std::mem::take(&mut *denied)).unwrap_or_default());
        problems
    }
}
