//! Homes of the three systems with every browser of the table, made in temporary folders.

use std::fs;
use std::path::{Path, PathBuf};

use crxhound::acquire::Limits;
use crxhound::discover::browsers::{BrowserKind, browsers};
use crxhound::discover::{Discovery, Filter, ProfileKind, Root, StorageKind, Users, discover};
use crxhound::model::machine::System;
use crxhound::problem::{Problem, Stage};

const ID: &str = "abcdefghijklmnopabcdefghijklmnop";

/// A temporary folder with short ways to fill it.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Disk {
        Disk(tempfile::tempdir().unwrap())
    }

    fn path(&self, relative: &str) -> PathBuf {
        // By its parts, so that it is divided as the system's own paths are.
        dunce::canonicalize(self.0.path()).unwrap().join(relative).components().collect()
    }

    fn write(&self, relative: &str, text: impl AsRef<[u8]>) -> &Disk {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A user-data folder with one profile.
    fn browser(&self, folder: &str) -> &Disk {
        self.write(&format!("{folder}/Local State"), r#"{"profile": {"info_cache": {"Default": {"name": "Kim"}}}}"#)
            .write(&format!("{folder}/Default/Preferences"), "{}")
    }
}

fn image(disk: &Disk, filter: &Filter) -> (Discovery, Vec<Problem>) {
    discover(&Root::image(disk.0.path()).unwrap(), filter, &Limits::default())
}

/// A path named by the person.
fn named(path: &Path) -> (Discovery, Vec<Problem>) {
    let filter = Filter { paths: vec![path.to_owned()], ..Filter::default() };
    discover(&Root::live(Users::Current), &filter, &Limits::default())
}

/// Fills a home with every browser of the table and counts what is found.
fn every_browser(system: System, home: &str, local: &str, roaming: &str, config: &str, seed: &[&str]) {
    let disk = Disk::new();
    for folder in seed {
        fs::create_dir_all(disk.path(folder)).unwrap();
    }
    let mut expected = Vec::new();
    for browser in browsers().iter().filter(|browser| browser.kind == BrowserKind::Browser) {
        for channel in &browser.channel {
            for place in channel.folders(system) {
                let relative = place
                    .replace("%LOCALAPPDATA%", local)
                    .replace("%APPDATA%", roaming)
                    .replace("$XDG_CONFIG_HOME", config)
                    .replace('~', home)
                    .replace('*', "x1")
                    .replace('\\', "/");
                disk.browser(&relative);
                expected.push((browser.id.clone(), channel.id.clone(), disk.path(&relative)));
            }
        }
    }
    let (found, problems) = image(&disk, &Filter::default());
    assert_eq!(problems, [], "{system:?}");
    let mut got: Vec<_> =
        found.user_data.iter().map(|data| (data.browser.clone(), data.channel.clone(), data.path.clone())).collect();
    expected.sort();
    got.sort();
    assert_eq!(got, expected, "{system:?}");
    for data in &found.user_data {
        assert_eq!(data.user.as_deref(), Some("kim"));
        assert_eq!(data.system, Some(system));
        assert!(!data.assumed);
        assert_eq!(data.profiles.len(), 1, "{}", data.path.display());
        let profile = &data.profiles[0];
        assert_eq!(
            (profile.directory.as_str(), profile.name.as_deref(), profile.kind),
            ("Default", Some("Kim"), ProfileKind::Normal)
        );
        assert_eq!(profile.preferences.as_ref().unwrap().bytes, b"{}");
    }
    assert!(found.looked_in.len() >= expected.len());
}

#[test]
fn every_browser_on_windows() {
    let home = "Users/kim";
    let (local, roaming) = (format!("{home}/AppData/Local"), format!("{home}/AppData/Roaming"));
    every_browser(System::Windows, home, &local, &roaming, "", &["Windows/System32", "Users/Public"]);
}

#[test]
fn every_browser_on_macos() {
    every_browser(System::Macos, "Users/kim", "", "", "", &["System/Library", "Users/Shared"]);
}

#[test]
fn every_browser_on_linux() {
    every_browser(System::Linux, "home/kim", "", "", "home/kim/.config", &["etc"]);
}

#[test]
fn an_empty_image_says_where_was_looked() {
    let disk = Disk::new();
    fs::create_dir_all(disk.path("home/kim/.config")).unwrap();
    let (found, problems) = image(&disk, &Filter::default());
    assert!(found.user_data.is_empty() && problems.is_empty());
    assert!(found.looked_in.contains(&disk.path("home/kim/.config/google-chrome")));
}

#[test]
fn profiles_of_all_kinds() {
    let disk = Disk::new();
    let base = "home/kim/.config/chromium";
    disk.write(
        &format!("{base}/Local State"),
        r#"{"profile": {"info_cache": {
            "Default": {"name": "Kim", "user_name": "kim@mail.example", "active_time": 1700000000.5},
            "Gone": {"name": "Gone"}, "../../etc": {"name": "hostile"}, "Empty": {}}}}"#,
    );
    for folder in ["Default", "Work", "Guest Profile", "System Profile", "Ünï"] {
        disk.write(&format!("{base}/{folder}/Preferences"), "{}");
    }
    disk.write(&format!("{base}/Secret/Secure Preferences"), "{}");
    disk.write(&format!("{base}/Empty/History"), "").write(&format!("{base}/Crash Reports/x"), "");
    disk.write(&format!("{base}/Last Version"), "156.0.8078.79\n");
    let (found, problems) = image(&disk, &Filter::default());
    let data = &found.user_data[0];
    assert_eq!(data.version.as_deref(), Some("156.0.8078.79"));
    assert!(!data.running);
    let kinds: Vec<_> = data.profiles.iter().map(|profile| (profile.directory.as_str(), profile.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("Default", ProfileKind::Normal),
            ("Empty", ProfileKind::Normal),
            ("Guest Profile", ProfileKind::Guest),
            ("Secret", ProfileKind::Unlisted),
            ("System Profile", ProfileKind::System),
            ("Work", ProfileKind::Unlisted),
            ("Ünï", ProfileKind::Unlisted),
            ("../../etc", ProfileKind::MissingFolder),
            ("Gone", ProfileKind::MissingFolder),
        ]
    );
    assert_eq!(data.profiles[0].account.as_deref(), Some("kim@mail.example"));
    assert_eq!(data.profiles[0].last_active, Some(1_700_000_000));
    assert_eq!(data.profiles[7].path, disk.path(base).join(".._.._etc"));
    // Listed, there, and without preferences: said.
    assert_eq!(problems.len(), 1);
    assert!(problems[0].path.ends_with("Empty") && problems[0].message.contains("neither Preferences"));

    let only = Filter { profiles: vec!["kim".into(), "WORK".into()], ..Filter::default() };
    let (found, problems) = image(&disk, &only);
    let names: Vec<_> = found.user_data[0].profiles.iter().map(|profile| profile.directory.as_str()).collect();
    assert_eq!(names, ["Default", "Work"]);
    assert_eq!(problems, []);
}

#[test]
fn flat_and_side_profiles_of_opera() {
    let disk = Disk::new();
    let base = "Users/kim/AppData/Roaming/Opera Software/Opera Stable";
    disk.write(&format!("{base}/Local State"), "{}").write(&format!("{base}/Preferences"), "{}");
    disk.write(&format!("{base}/_side_profiles/0a1b/Secure Preferences"), "{}");
    let (found, problems) = image(&disk, &Filter::default());
    assert_eq!(problems, []);
    let kinds: Vec<_> = found.user_data[0].profiles.iter().map(|profile| (profile.directory.as_str(), profile.kind)).collect();
    assert_eq!(kinds, [(".", ProfileKind::Flat), ("_side_profiles/0a1b", ProfileKind::Normal)]);
}

#[test]
fn folders_of_extensions_and_their_data() {
    let disk = Disk::new();
    let profile = "home/kim/.config/chromium/Default";
    disk.browser("home/kim/.config/chromium");
    for folder in [
        format!("Extensions/{ID}/1.0_0"),
        format!("Extensions/{ID}/1.1_0"),
        "Extensions/Temp/scoped_dir1".to_owned(),
        format!("Local Extension Settings/{ID}"),
        format!("IndexedDB/chrome-extension_{ID}_0.indexeddb.leveldb"),
        "IndexedDB/https_mail.example_0.indexeddb.leveldb".to_owned(),
        format!("DNR Extension Rules/{ID}"),
    ] {
        fs::create_dir_all(disk.path(profile).join(folder)).unwrap();
    }
    let (found, problems) = image(&disk, &Filter::default());
    assert_eq!(problems, []);
    let profile = &found.user_data[0].profiles[0];
    let versions: Vec<_> = profile.extension_folders[ID].iter().map(|folder| folder.name.as_str()).collect();
    assert_eq!(versions, ["1.0_0", "1.1_0"]);
    assert_eq!(profile.extension_folders.len(), 1);
    let kinds: Vec<_> = profile.storage.iter().map(|folder| folder.kind).collect();
    assert_eq!(kinds, [StorageKind::Local, StorageKind::IndexedDb, StorageKind::NetRules]);
}

#[test]
fn browsers_are_filtered_by_id_name_and_channel() {
    let disk = Disk::new();
    for folder in ["google-chrome", "google-chrome-beta", "chromium", "microsoft-edge"] {
        disk.browser(&format!("home/kim/.config/{folder}"));
    }
    let found = |names: &[&str]| {
        let filter = Filter { browsers: names.iter().map(|name| (*name).to_owned()).collect(), ..Filter::default() };
        let user_data = image(&disk, &filter).0.user_data;
        user_data.iter().map(|data| format!("{}-{}", data.browser, data.channel)).collect::<Vec<_>>()
    };
    assert_eq!(found(&["chrome"]), ["chrome-stable", "chrome-beta"]);
    assert_eq!(found(&["Microsoft Edge", "chrome-beta"]), ["chrome-beta", "edge-stable"]);
    let filter = Filter { browsers: vec!["chrom".into(), "edge".into()], ..Filter::default() };
    assert_eq!(filter.unknown_browsers(), ["chrom"]);
}

#[test]
fn browsers_without_a_table_and_programs_around_the_engine() {
    let disk = Disk::new();
    disk.browser("home/kim/.config/some-browser").browser("home/kim/.config/vendor/other-browser");
    disk.write("home/kim/.config/quiet-program/Local State", "{}").write("home/kim/.config/quiet-program/Preferences", "{}");
    disk.write("home/kim/.config/chat/Local State", "{}").write("home/kim/.config/chat/Preferences", "{}");
    disk.write(&format!("home/kim/.config/chat/Local Extension Settings/{ID}/CURRENT"), "");
    let (found, problems) = image(&disk, &Filter::default());
    assert_eq!(problems, []);
    let got: Vec<_> = found.user_data.iter().map(|data| (data.browser.as_str(), data.path.clone())).collect();
    assert_eq!(
        got,
        [
            ("electron", disk.path("home/kim/.config/chat")),
            ("unlisted", disk.path("home/kim/.config/some-browser")),
            ("unlisted", disk.path("home/kim/.config/vendor/other-browser")),
        ]
    );
}

#[test]
fn named_paths_are_taken_for_what_they_are() {
    let disk = Disk::new();
    disk.browser("copy/Google/Chrome Beta/User Data").browser("copy/odd").browser("home/.config/microsoft-edge");
    disk.write("lone/Secure Preferences", "{}").write("lone/junk/Preferences", "{}");
    disk.write("extension/manifest.json", "{}").write("nothing/x", "");

    let one = |path: &str| {
        let (found, problems) = named(&disk.path(path));
        assert_eq!(problems, [], "{path}");
        let data = &found.user_data[0];
        assert_eq!(found.user_data.len(), 1);
        let profiles = data.profiles.iter().map(|profile| profile.directory.clone()).collect::<Vec<_>>().join(",");
        (data.browser.clone(), data.channel.clone(), data.assumed, profiles)
    };
    let beta = ("chrome".into(), "beta".into(), false, "Default".into());
    assert_eq!(one("copy/Google/Chrome Beta/User Data"), beta);
    assert_eq!(one("copy/Google/Chrome Beta/User Data/Default"), beta);
    assert_eq!(one("copy/Google/Chrome Beta/User Data/Default/Preferences"), beta);
    assert_eq!(one("copy/odd"), ("chromium".into(), "stable".into(), true, "Default".into()));
    assert_eq!(one("home"), ("edge".into(), "stable".into(), false, "Default".into()));
    assert_eq!(one("lone/junk"), ("chromium".into(), "stable".into(), true, "junk".into()));

    for (path, word) in [("extension", "inspect"), ("nothing", "no browser's data"), ("absent", ""), ("nothing/x", "is a file")]
    {
        let (found, problems) = named(&disk.path(path));
        assert!(found.user_data.is_empty());
        assert_eq!(problems.len(), 1, "{path}");
        assert!(problems[0].message.contains(word), "{path}: {}", problems[0].message);
    }
}

#[test]
fn a_folder_of_user_data_folders_gives_each() {
    let disk = Disk::new();
    disk.browser("profiles/plain").browser("profiles/managed").write("profiles/expected.json", "[]");
    let (found, problems) = named(&disk.path("profiles"));
    assert_eq!(problems, []);
    let names: Vec<_> = found.user_data.iter().map(|data| data.path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["managed", "plain"]);
}

#[test]
fn broken_files_are_said_and_the_rest_is_read() {
    let disk = Disk::new();
    let base = "home/kim/.config/chromium";
    disk.write(&format!("{base}/Local State"), "not json").write(&format!("{base}/Default/Preferences"), "{}");
    disk.write(&format!("{base}/Big/Preferences"), vec![b' '; 4096]).write(&format!("{base}/Big/Secure Preferences"), "{}");
    fs::create_dir_all(disk.path(base).join("Folder/Secure Preferences")).unwrap();
    disk.write(&format!("{base}/Folder/Preferences"), "{}");
    let limits = Limits { document_bytes: 1024, ..Limits::default() };
    let (found, problems) = discover(&Root::image(disk.0.path()).unwrap(), &Filter::default(), &limits);
    let profiles = &found.user_data[0].profiles;
    let names: Vec<_> = profiles.iter().map(|profile| (profile.directory.as_str(), profile.kind)).collect();
    assert_eq!(names, [("Big", ProfileKind::Normal), ("Default", ProfileKind::Normal), ("Folder", ProfileKind::Normal)]);
    assert!(profiles[0].preferences.is_none() && profiles[0].secure_preferences.is_some());
    let said: Vec<_> = problems
        .iter()
        .map(|problem| (Path::new(&problem.path).file_name().unwrap().to_str().unwrap(), problem.stage))
        .collect();
    assert_eq!(
        said,
        [("Preferences", Stage::Read), ("Secure Preferences", Stage::Read), ("Local State", Stage::Parse)],
        "{problems:?}"
    );
}

#[cfg(unix)]
#[test]
fn pipes_links_and_devices_do_not_hold_the_scan() {
    use std::os::unix::fs::symlink;
    let disk = Disk::new();
    let base = disk.path("home/kim/.config/chromium");
    disk.browser("home/kim/.config/chromium").write("outside/Preferences", r#"{"outside": true}"#);
    let image_root = disk.path("");
    fs::create_dir_all(base.join("Piped")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(base.join("Piped/Preferences")).status();
    assert!(made.is_ok_and(|status| status.success()));
    symlink("/dev/zero", base.join("Default/Secure Preferences")).unwrap();
    symlink("Looped", base.join("Looped")).unwrap();
    // Absolute links mean the image's own root, and none leads out of it.
    symlink("/outside", base.join("Linked")).unwrap();
    symlink(image_root.parent().unwrap(), base.join("Escaping")).unwrap();
    let (found, problems) = image(&disk, &Filter::default());
    let data = &found.user_data[0];
    let names: Vec<_> = data.profiles.iter().map(|profile| profile.directory.as_str()).collect();
    assert_eq!(names, ["Default", "Linked", "Piped"]);
    assert_eq!(data.profiles[1].preferences.as_ref().unwrap().bytes, br#"{"outside": true}"#);
    let said: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(said, ["not a regular file"]);
}

#[cfg(unix)]
#[test]
fn a_running_browser_is_recognised_by_its_lock() {
    let disk = Disk::new();
    disk.browser("home/kim/.config/chromium");
    std::os::unix::fs::symlink("host-4711", disk.path("home/kim/.config/chromium/SingletonLock")).unwrap();
    assert!(image(&disk, &Filter::default()).0.user_data[0].running);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let disk = Disk::new();
    disk.browser("home/kim/.config/chromium").browser("home/kim/.config/google-chrome");
    let locked = disk.path("home/kim/.config/google-chrome");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&locked).is_ok() {
        eprintln!("skipped: run as root, whom no permission stops");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
        return;
    }
    let (found, problems) = image(&disk, &Filter::default());
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(found.user_data.len(), 2);
    assert!(problems.iter().any(|problem| problem.message.contains("permission denied")), "{problems:?}");
}
