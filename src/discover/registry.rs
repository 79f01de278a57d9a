//! The Windows registry: of this machine, of an image's hive files, or in memory.
//!
//! All three answer the same two questions, so everything that reads the registry reads an image too.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::problem::{Problem, Stage};

use super::hive::{Hive, Node};
use super::read::{self, ReadError};
use super::root::Root;

pub use super::hive::Value;

#[cfg(windows)]
pub mod live;

/// Bytes of a hive file that are taken; the largest, `SOFTWARE`, has some hundred megabytes at most.
const HIVE: u64 = 512 << 20;

/// Keys below one key that a search looks into, where each may be hostile.
pub const SEARCHED: usize = 2_000;

/// The root of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRoot {
    /// `HKEY_LOCAL_MACHINE`.
    Machine,
    /// `HKEY_CURRENT_USER` of one of the root's users, by number.
    User(usize),
}

/// Which half of `HKLM\Software` is meant: programs of 32 bits see another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// What programs of 64 bits see.
    Bits64,
    /// What programs of 32 bits see: `WOW6432Node`.
    Bits32,
}

/// A key: its root, view and path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Machine or user.
    pub root: KeyRoot,
    /// Which half.
    pub view: View,
    /// The path below the root, parts divided by `\`.
    pub path: String,
}

impl Key {
    /// A key of the machine, as programs of 64 bits see it.
    pub fn machine(path: impl Into<String>) -> Key {
        Key { root: KeyRoot::Machine, view: View::Bits64, path: path.into() }
    }

    /// A key of the machine, as programs of 32 bits see it.
    pub fn machine32(path: impl Into<String>) -> Key {
        Key { root: KeyRoot::Machine, view: View::Bits32, path: path.into() }
    }

    /// A key of a user.
    pub fn user(user: usize, path: impl Into<String>) -> Key {
        Key { root: KeyRoot::User(user), view: View::Bits64, path: path.into() }
    }

    /// A key below this one.
    pub fn child(&self, name: &str) -> Key {
        Key { path: format!(r"{}\{name}", self.path), ..*self }
    }

    /// The path with the detour that programs of 32 bits are led on.
    fn full_path(&self) -> String {
        match self.path.split_once('\\') {
            Some((first, rest))
                if self.view == View::Bits32 && self.root == KeyRoot::Machine && first.eq_ignore_ascii_case("software") =>
            {
                format!(r"{first}\WOW6432Node\{rest}")
            }
            _ => self.path.clone(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = match self.root {
            KeyRoot::Machine => "HKLM",
            KeyRoot::User(_) => "HKCU",
        };
        write!(f, r"{root}\{}", self.full_path())
    }
}

/// A registry that can be read.
pub trait Registry: fmt::Debug + Send + Sync {
    /// The names and values of a key; `None` where there is no such key. The default value's name is empty.
    fn values(&self, key: &Key) -> Option<Vec<(String, Value)>>;

    /// The names of the keys below a key; empty where there are none.
    fn subkeys(&self, key: &Key) -> Vec<String>;

    /// The file that a root lies in, or its name where it is none.
    fn file(&self, root: KeyRoot) -> String;

    /// Whether a root could be read at all.
    fn readable(&self, root: KeyRoot) -> bool;

    /// What could not be read until now.
    fn problems(&self) -> Vec<Problem>;

    /// One value of a key.
    fn value(&self, key: &Key, name: &str) -> Option<Value> {
        self.values(key)?.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// One value of a key that is a text.
    fn text(&self, key: &Key, name: &str) -> Option<String> {
        self.value(key, name)?.text()
    }
}

/// The hive files of an image.
#[derive(Debug, Default)]
pub struct Offline {
    software: Option<File>,
    system: Option<File>,
    sam: Option<File>,
    users: Vec<Option<File>>,
    problems: Mutex<Vec<Problem>>,
}

/// A hive and where it lies. Reading it counts damage, which needs a lock between threads.
#[derive(Debug)]
struct File {
    path: PathBuf,
    hive: Mutex<Hive>,
}

impl Offline {
    /// The machine's hives in an image.
    pub fn open(root: &Root) -> Offline {
        let mut offline = Offline::default();
        offline.software = offline.load(root, r"\Windows\System32\config\SOFTWARE");
        offline.system = offline.load(root, r"\Windows\System32\config\SYSTEM");
        offline.sam = offline.load(root, r"\Windows\System32\config\SAM");
        offline
    }

    /// The hive of one more user, by the path of its home.
    pub fn add_user(&mut self, root: &Root, home: &std::path::Path) {
        let path = root.tree.child(home, "NTUSER.DAT");
        let file = match path {
            Ok(path) => path.and_then(|path| self.load_file(path)),
            Err(denied) => {
                self.say(denied.problem());
                None
            }
        };
        self.users.push(file);
    }

    fn load(&mut self, root: &Root, place: &str) -> Option<File> {
        match root.look_up(place) {
            Ok(path) => self.load_file(path?),
            Err(denied) => {
                self.say(denied.problem());
                None
            }
        }
    }

    fn load_file(&mut self, path: PathBuf) -> Option<File> {
        let shown = path.display().to_string();
        let bytes = match read::document(&path, HIVE) {
            Ok(document) => document.bytes,
            Err(ReadError::Absent) => return None,
            Err(error) => {
                self.say(Problem::new(shown, Stage::Read, error));
                return None;
            }
        };
        match Hive::parse(bytes) {
            Ok(hive) => {
                if hive.dirty {
                    let logs = "its last write was not finished, and its transaction logs are not replayed: the newest changes may be missing";
                    self.say(Problem::new(shown, Stage::Parse, logs));
                }
                Some(File { path, hive: Mutex::new(hive) })
            }
            Err(error) => {
                self.say(Problem::new(shown, Stage::Parse, error));
                None
            }
        }
    }

    fn say(&self, problem: Problem) {
        if let Ok(mut problems) = self.problems.lock() {
            problems.push(problem);
        }
    }

    /// Runs a question against the hive that holds a key, and says what was damaged on the way.
    fn ask<T>(&self, key: &Key, question: impl Fn(&Hive, &str) -> Option<T>) -> Option<T> {
        let path = key.full_path();
        let (file, rest) = match key.root {
            KeyRoot::User(user) => (self.users.get(user)?.as_ref()?, path),
            KeyRoot::Machine => {
                let (first, rest) = path.split_once('\\').unwrap_or((&path, ""));
                match first.to_lowercase().as_str() {
                    "software" => (self.software.as_ref()?, rest.to_owned()),
                    "system" => {
                        let file = self.system.as_ref()?;
                        (file, current_control_set(file, rest))
                    }
                    "sam" => (self.sam.as_ref()?, rest.to_owned()),
                    _ => return None,
                }
            }
        };
        let hive = file.hive.lock().ok()?;
        let answer = question(&hive, &rest);
        let damaged = hive.take_damage();
        drop(hive);
        if damaged > 0 {
            let message = format!(r"is damaged at or near the key {rest}: {damaged} entries could not be read");
            self.say(Problem::new(file.path.display().to_string(), Stage::Parse, message));
        }
        answer
    }
}

/// `CurrentControlSet` exists in a running system only; on disk, `Select` says which of the numbered ones it is.
fn current_control_set(file: &File, path: &str) -> String {
    let Some(rest) =
        path.get(..17).filter(|first| first.eq_ignore_ascii_case("CurrentControlSet")).and_then(|_| path.get(17..))
    else {
        return path.to_owned();
    };
    let current = file.hive.lock().ok().and_then(|hive| {
        let select = hive.key("Select")?;
        hive.values(&select).into_iter().find(|(name, _)| name.eq_ignore_ascii_case("Current"))?.1.number()
    });
    format!("ControlSet{:03}{rest}", current.unwrap_or(1).min(999))
}

impl Registry for Offline {
    fn values(&self, key: &Key) -> Option<Vec<(String, Value)>> {
        self.ask(key, |hive, path| hive.key(path).map(|node| hive.values(&node)))
    }

    fn subkeys(&self, key: &Key) -> Vec<String> {
        let names = |nodes: Vec<Node>| nodes.into_iter().map(|node| node.name).collect();
        self.ask(key, |hive, path| hive.key(path).map(|node| names(hive.subkeys(&node)))).unwrap_or_default()
    }

    fn file(&self, root: KeyRoot) -> String {
        let file = match root {
            KeyRoot::Machine => self.software.as_ref(),
            KeyRoot::User(user) => self.users.get(user).and_then(Option::as_ref),
        };
        file.map_or_else(String::new, |file| file.path.display().to_string())
    }

    fn readable(&self, root: KeyRoot) -> bool {
        match root {
            KeyRoot::Machine => self.software.is_some() && self.system.is_some(),
            KeyRoot::User(user) => self.users.get(user).is_some_and(Option::is_some),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        self.problems.lock().map(|mut problems| std::mem::take(&mut *problems)).unwrap_or_default()
    }
}

/// A registry in memory: what a group policy file holds, and what tests make up.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The file that it was read from.
    pub source: String,
    keys: BTreeMap<(KeyRoot, String), MemoryKey>,
}

#[derive(Clone, Debug, Default)]
struct MemoryKey {
    name: String,
    values: Vec<(String, Value)>,
}

impl Memory {
    /// An empty one, read from `source`.
    pub fn of(source: impl Into<String>) -> Memory {
        Memory { source: source.into(), ..Memory::default() }
    }

    /// Sets a value, and makes the keys on the way.
    pub fn set(&mut self, key: &Key, name: &str, value: Value) {
        let path = key.full_path();
        for (at, _) in path.match_indices('\\').chain([(path.len(), "")]) {
            let part = path.get(..at).unwrap_or_default();
            let name = part.rsplit('\\').next().unwrap_or_default().to_owned();
            self.keys.entry((key.root, part.to_lowercase())).or_insert_with(|| MemoryKey { name, values: Vec::new() });
        }
        if let Some(entry) = self.keys.get_mut(&(key.root, path.to_lowercase())) {
            entry.values.push((name.to_owned(), value));
        }
    }

    /// True where nothing was set.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Registry for Memory {
    fn values(&self, key: &Key) -> Option<Vec<(String, Value)>> {
        self.keys.get(&(key.root, key.full_path().to_lowercase())).map(|entry| entry.values.clone())
    }

    fn subkeys(&self, key: &Key) -> Vec<String> {
        let start = format!("{}\\", key.full_path().to_lowercase());
        let below = self
            .keys
            .range((key.root, start.clone())..)
            .take_while(|((root, path), _)| *root == key.root && path.starts_with(&start));
        below
            .filter(|((_, path), _)| !path.get(start.len()..).unwrap_or_default().contains('\\'))
            .map(|(_, entry)| entry.name.clone())
            .collect()
    }

    fn file(&self, _: KeyRoot) -> String {
        self.source.clone()
    }

    fn readable(&self, _: KeyRoot) -> bool {
        true
    }

    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }
}

/// What may be the device id of the preference MACs on Windows: the machine's security identifier.
///
/// It is that of any local account less its last part. The account database has it for certain; `ProfileList` has those of
/// everyone who ever signed in, domain users among them, so the id whose MACs fit is the one.
pub fn machine_sids(registry: &dyn Registry) -> Vec<String> {
    let mut sids = Vec::new();
    if let Some(account) = registry.value(&Key::machine(r"SAM\SAM\Domains\Account"), "V") {
        // The last twelve bytes of V are the three numbers of S-1-5-21-a-b-c.
        if let Some(numbers) = account.bytes.last_chunk::<12>() {
            let parts: Vec<String> =
                numbers.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four).to_string()).collect();
            sids.push(format!("S-1-5-21-{}", parts.join("-")));
        }
    }
    for sid in registry.subkeys(&Key::machine(PROFILE_LIST)) {
        let machine = sid.strip_prefix("S-1-5-21-").and_then(|rest| rest.rsplit_once('-')).map(|(machine, _)| machine);
        if let Some(machine) = machine.filter(|machine| machine.split('-').count() == 3) {
            let sid = format!("S-1-5-21-{machine}");
            if !sids.contains(&sid) {
                sids.push(sid);
            }
        }
    }
    sids
}

/// Where Windows keeps the homes of everyone who ever signed in.
pub const PROFILE_LIST: &str = r"Software\Microsoft\Windows NT\CurrentVersion\ProfileList";

/// Every home of `ProfileList`: security identifier and path as written.
pub fn profile_list(registry: &dyn Registry) -> Vec<(String, String)> {
    let list = Key::machine(PROFILE_LIST);
    let sids = registry.subkeys(&list).into_iter().take(SEARCHED);
    sids.filter_map(|sid| registry.text(&list.child(&sid), "ProfileImagePath").map(|path| (sid, path))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::hive_writer::Key as Written;
    use super::*;

    fn offline(place: &str, hive: &Written) -> (tempfile::TempDir, Offline) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, hive.bytes()).unwrap();
        let root = Root::image(dir.path()).unwrap();
        let offline = Offline::open(&root);
        (dir, offline)
    }

    #[test]
    fn the_32_bit_half_of_software() {
        let mut hive = Written::new("ROOT");
        hive.at(r"WOW6432Node\Google\Chrome").set_text("a", "32");
        hive.at(r"Google\Chrome").set_text("a", "64");
        let (_dir, offline) = offline("Windows/System32/config/SOFTWARE", &hive);
        assert_eq!(offline.text(&Key::machine(r"SOFTWARE\Google\Chrome"), "A").as_deref(), Some("64"));
        assert_eq!(offline.text(&Key::machine32(r"Software\google\chrome"), "a").as_deref(), Some("32"));
        assert_eq!(Key::machine32(r"Software\Google").to_string(), r"HKLM\Software\WOW6432Node\Google");
        assert!(offline.values(&Key::machine(r"System\Select")).is_none());
        assert!(offline.problems().is_empty());
    }

    #[test]
    fn the_current_control_set_of_an_image() {
        let mut hive = Written::new("ROOT");
        hive.at("Select").set("Current", 4, &2u32.to_le_bytes());
        hive.at(r"ControlSet002\Services\Tcpip\Parameters").set_text("Domain", "corp.example");
        let (_dir, offline) = offline("Windows/System32/config/SYSTEM", &hive);
        let key = Key::machine(r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters");
        assert_eq!(offline.text(&key, "Domain").as_deref(), Some("corp.example"));
    }

    #[test]
    fn the_machine_sid_from_two_places() {
        let mut memory = Memory::default();
        let mut v = vec![0; 40];
        for number in [11u32, 22, 33] {
            v.extend(number.to_le_bytes());
        }
        memory.set(&Key::machine(r"SAM\SAM\Domains\Account"), "V", Value { kind: 3, bytes: v });
        for sid in ["S-1-5-18", "S-1-5-21-11-22-33-1001", "S-1-5-21-7-8-9-1105", "S-1-5-21-1-2"] {
            memory.set(&Key::machine(PROFILE_LIST).child(sid), "ProfileImagePath", Value::of_text(r"C:\Users\kim"));
        }
        assert_eq!(machine_sids(&memory), ["S-1-5-21-11-22-33", "S-1-5-21-7-8-9"]);
        assert_eq!(profile_list(&memory).len(), 4);
    }

    #[test]
    fn damaged_and_dirty_hives_are_said() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("Windows/System32/config");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("SOFTWARE"), "no hive").unwrap();
        let mut bytes = Written::new("ROOT").text("a", "b").bytes();
        bytes[8] = 9;
        std::fs::write(config.join("SYSTEM"), &bytes).unwrap();
        let offline = Offline::open(&Root::image(dir.path()).unwrap());
        let said: Vec<_> = offline.problems().into_iter().map(|problem| problem.message).collect();
        assert!(said[0].contains("no registry hive") && said[1].contains("not finished"), "{said:?}");
        assert!(!offline.readable(KeyRoot::Machine));
    }
}
