//! The program on a machine with Windows: its own registry, folders, names and locked files.
//!
//! A binary of its own, for it writes to the registry that every other test would see. It runs where
//! `CRXHOUND_DISPOSABLE_MACHINE` says that nobody will miss the machine: `scripts/wine-run.sh` does, and so may a hosted one.
#![cfg(windows)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use interprocess::os::windows::named_pipe::pipe_mode::Bytes;
use interprocess::os::windows::named_pipe::{DuplexPipeStream, PipeListener, PipeListenerOptions};
use serde_json::{Value, json};
use windows_registry::{CURRENT_USER, LOCAL_MACHINE};

#[allow(dead_code)]
#[path = "support/codes.rs"]
mod codes;
#[allow(dead_code)]
#[path = "support/hive.rs"]
mod hive;
#[path = "support/lnk.rs"]
mod lnk;
#[allow(dead_code)]
#[path = "support/made.rs"]
mod made;
#[allow(dead_code)]
#[path = "support/material.rs"]
mod material;
#[path = "support/thrift.rs"]
mod thrift;

const ID: &str = "abcdefghijklmnopabcdefghijklmnop";
const OTHER: &str = "ponmlkjihgfedcbaponmlkjihgfedcba";
const CHROME: &str = r"C:\Program Files\Google\Chrome\Application\chrome.exe";
const FORCE_LIST: &str = r"Software\Policies\Google\Chrome\ExtensionInstallForcelist";
const PROFILE_LIST: &str = r"Software\Microsoft\Windows NT\CurrentVersion\ProfileList";

/// A machine that may be changed, by one test at a time. The homes that a test made go with it.
struct Machine {
    _turn: MutexGuard<'static, ()>,
    homes: Vec<PathBuf>,
}

impl Machine {
    /// `None`, said loudly, where the machine is somebody's own.
    fn take() -> Option<Machine> {
        static TURN: Mutex<()> = Mutex::new(());
        if std::env::var_os("CRXHOUND_DISPOSABLE_MACHINE").is_none() {
            material::skip("changes the registry of this machine: set CRXHOUND_DISPOSABLE_MACHINE=1 where nobody minds");
            return None;
        }
        Some(Machine { _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner), homes: Vec::new() })
    }

    /// A home beside that of the person who runs the tests.
    fn home(&mut self, name: &str) -> PathBuf {
        let own = PathBuf::from(std::env::var_os("USERPROFILE").unwrap());
        self.home_at(own.with_file_name(name))
    }

    fn home_at(&mut self, home: PathBuf) -> PathBuf {
        fs::create_dir_all(home.join(r"AppData\Local")).unwrap();
        self.homes.push(home.clone());
        home
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for home in &self.homes {
            let _ = fs::remove_dir_all(home);
        }
    }
}

/// A key that goes when the test ends.
struct Planted(&'static windows_registry::Key, String);

impl Planted {
    fn new(root: &'static windows_registry::Key, path: impl Into<String>, values: &[(&str, &str)]) -> Planted {
        let path = path.into();
        let key = root.create(&path).unwrap();
        values.iter().for_each(|(name, value)| key.set_string(name, value).unwrap());
        Planted(root, path)
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        let _ = self.0.remove_tree(&self.1);
    }
}

/// The program, run by the person whose home this is.
fn crxhound(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crxhound"));
    command.current_dir(home).env("USERPROFILE", home).env("USERNAME", home.file_name().unwrap()).env_remove("USER");
    command.env("LANG", "C").env_remove("LOGNAME");
    command
}

/// What the program ended with, and the report it printed.
fn report(command: &mut Command) -> (i32, Value) {
    let Output { status, stdout, stderr } = command.args(["--format", "json"]).output().unwrap();
    let said = String::from_utf8_lossy(&stderr);
    let report = serde_json::from_slice(&stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (status.code().unwrap(), report)
}

fn list<'a>(value: &'a Value, field: &str) -> Vec<&'a str> {
    value.as_array().unwrap().iter().map(|entry| entry[field].as_str().unwrap()).collect()
}

/// The rules that spoke about an extension or a machine.
fn rules(findings: &Value) -> Vec<&str> {
    list(findings, "rule")
}

/// A user-data folder below a home, with one profile and two extensions of a store.
fn browser(home: &Path, folder: &str) -> PathBuf {
    made::user_data(&home.join(r"AppData\Local").join(folder), 1, 2, 200).path
}

#[test]
fn a_person_with_three_browsers_and_a_name_of_another_script() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("김수현 Müller");
    for folder in [r"Google\Chrome\User Data", r"Microsoft\Edge\User Data", r"Naver\Naver Whale\User Data"] {
        browser(&home, folder);
    }
    // As SHARPEXT comes in: a folder in the roaming data, named by the preferences.
    let sharpext = home.join(r"AppData\Roaming\AF");
    fs::create_dir_all(&sharpext).unwrap();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packages/sharpext")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), sharpext.join(file.file_name())).unwrap();
    }
    made::MadeUserData::at(home.join(r"AppData\Local\Google\Chrome\User Data"))
        .profile("Profile 1", &json!({ID: {"location": 4, "path": sharpext, "state": 1}}));

    let (code, report) = report(crxhound(&home).arg("scan"));
    assert_eq!(code, 1, "{}", report["errors"]);
    assert_eq!(report["errors"], json!([]));
    assert_eq!(list(&report["browsers"], "browser"), ["chrome", "edge", "whale"]);
    assert_eq!((report["host"]["os"].as_str(), report["host"]["user"].as_str()), (Some("windows"), Some("김수현 Müller")));
    assert_eq!((report["summary"]["profiles"].as_u64(), report["summary"]["extensions"].as_u64()), (Some(4), Some(7)));
    let found = report["extensions"].as_array().unwrap().iter().find(|extension| extension["id"] == ID).unwrap();
    assert_eq!((found["verdict"].as_str(), found["profile"].as_str()), (Some("malicious"), Some("Profile 1")), "{found}");
    assert!(found["path"].as_str().unwrap().ends_with(r"김수현 Müller\AppData\Roaming\AF"), "{found}");
}

#[test]
fn the_registry_of_this_machine_is_read() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("kim");
    browser(&home, r"Google\Chrome\User Data");
    let forced = format!("{ID};https://updates.invalid/u.xml");
    let settings = format!(r#"{{"{OTHER}": {{"installation_mode": "blocked"}}}}"#);
    let debugging = format!(r#""{CHROME}" --remote-debugging-port=9222"#);
    let host = home.join(r"AppData\Roaming\h\host.json");
    fs::create_dir_all(host.parent().unwrap()).unwrap();
    let manifest = json!({"name": "com.microsoft.update", "path": "host.exe", "type": "stdio",
        "allowed_origins": [format!("chrome-extension://{ID}/")]});
    fs::write(&host, manifest.to_string()).unwrap();
    fs::write(host.with_file_name("host.exe"), "MZ").unwrap();
    let _planted = [
        Planted::new(CURRENT_USER, FORCE_LIST, &[("1", &forced)]),
        Planted::new(LOCAL_MACHINE, r"Software\Policies\Microsoft\Edge", &[("ExtensionSettings", &settings)]),
        Planted::new(
            LOCAL_MACHINE,
            format!(r"Software\Google\Chrome\Extensions\{OTHER}"),
            &[("path", r"C:\ProgramData\x\x.crx"), ("version", "1.0")],
        ),
        Planted::new(CURRENT_USER, r"Software\Microsoft\Windows\CurrentVersion\RunOnce", &[("Update", &debugging)]),
        Planted::new(
            CURRENT_USER,
            r"Software\Google\Chrome\NativeMessagingHosts\com.microsoft.update",
            &[("", host.to_str().unwrap())],
        ),
    ];

    let (code, report) = report(crxhound(&home).arg("scan"));
    assert_eq!(code, 1);
    let found = &report["machine"];
    assert_eq!(found["managed"], "no", "{found}");
    let rules = rules(&found["findings"]);
    for rule in ["is-forced-off-store-by-user-policy", "starts-browser-for-remote-control", "native-host-borrows-vendor-name"] {
        assert!(rules.contains(&rule), "{rule}: {rules:?}");
    }
    let text = found.to_string();
    for place in [
        r"HKCU\\Software\\Policies\\Google\\Chrome\\ExtensionInstallForcelist\\1",
        r"HKLM\\Software\\Policies\\Microsoft\\Edge",
        r"HKLM\\Software\\Google\\Chrome\\Extensions",
    ] {
        assert!(text.contains(place), "{place}: {text}");
    }
}

#[test]
fn extensions_are_forced_by_the_machine_and_by_the_user() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("forced");
    for folder in [r"Google\Chrome\User Data", r"Microsoft\Edge\User Data", r"Naver\Naver Whale\User Data"] {
        browser(&home, folder);
    }
    let (store, away) = ("https://clients2.google.com/service/update2/crx", "https://updates.invalid/u.xml");
    let forced = [format!("{ID};{store}"), format!("{OTHER};{away}"), format!("{ID};{away}")];
    let list = |vendor: &str| format!(r"Software\Policies\{vendor}\ExtensionInstallForcelist");
    let planted = [
        Planted::new(LOCAL_MACHINE, FORCE_LIST, &[("1", &forced[0]), ("2", &forced[1])]),
        Planted::new(CURRENT_USER, list(r"Microsoft\Edge"), &[("1", &forced[1])]),
        Planted::new(CURRENT_USER, list(r"Naver\Whale"), &[("1", &forced[2])]),
    ];
    let (_, report) = report(crxhound(&home).arg("scan"));
    let found = &report["machine"];
    let text = found["policies"].to_string();
    for place in [
        r"HKLM\\Software\\Policies\\Google\\Chrome\\ExtensionInstallForcelist\\2",
        r"HKCU\\Software\\Policies\\Microsoft\\Edge\\ExtensionInstallForcelist\\1",
        r"HKCU\\Software\\Policies\\Naver\\Whale\\ExtensionInstallForcelist\\1",
    ] {
        assert!(text.contains(place), "{place}: {text}");
    }
    let rules = rules(&found["findings"]);
    assert!(rules.contains(&"is-forced-off-store-by-user-policy"), "{rules:?}");

    drop(planted);
    let (_, report) = self::report(crxhound(&home).arg("scan"));
    assert_eq!(report["machine"]["policies"], json!([]), "what a test planted is gone");
}

#[test]
fn codes_are_checked_with_the_machine_that_the_registry_names() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("codes");
    let folder = home.join(r"AppData\Roaming\Helper");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("manifest.json"), r#"{"manifest_version": 3, "name": "Helper", "version": "1"}"#).unwrap();
    let path = folder.to_str().unwrap();
    let id = crxhound::model::ExtensionId::from_path(path, true);
    let entry = json!({"creation_flags": 38, "location": 4, "path": path});
    let mut preferences = codes::secure_preferences(&[(id, entry)]);
    let data = made::MadeUserData::at(home.join(r"AppData\Local\Chromium\User Data"));
    let secure = data.profile("Default", &json!({})).join("Secure Preferences");
    let states = |preferences: &Value| {
        fs::write(&secure, preferences.to_string()).unwrap();
        let (_, report) = report(crxhound(&home).arg("scan"));
        let (extension, browser) = (&report["extensions"][0], &report["browsers"][0]);
        let states = [&extension["integrity"]["preferences_mac"], &browser["profiles"][0]["super_mac"]];
        states.map(|state| state.as_str().unwrap().to_owned())
    };
    assert_eq!(states(&preferences), ["unverifiable"; 2], "no account of this machine has such an identifier");
    let account = format!(r"{PROFILE_LIST}\{}-1001", codes::SID);
    let _planted = Planted::new(LOCAL_MACHINE, account, &[("ProfileImagePath", home.to_str().unwrap())]);
    assert_eq!(states(&preferences), ["valid"; 2]);
    preferences["protection"]["super_mac"] = "00".repeat(32).into();
    assert_eq!(states(&preferences), ["valid", "invalid"]);
}

#[test]
fn shortcuts_that_load_an_extension_are_told() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("lee");
    browser(&home, r"Google\Chrome\User Data");
    let folder = home.join(r"AppData\Roaming\AF");
    let desktop = home.join("Desktop");
    fs::create_dir_all(&desktop).unwrap();
    let arguments = format!(r#"--load-extension="{}""#, folder.display());
    fs::write(desktop.join("Google Chrome.lnk"), lnk::shortcut(CHROME, &arguments)).unwrap();
    let (_, report) = report(crxhound(&home).arg("scan"));
    let rules = rules(&report["machine"]["findings"]);
    assert!(rules.contains(&"is-loaded-by-poisoned-launcher"), "{rules:?}");
}

#[test]
fn a_file_that_a_program_holds_is_said_and_the_rest_is_read() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("locked");
    let chrome = browser(&home, r"Google\Chrome\User Data");
    let edge = browser(&home, r"Microsoft\Edge\User Data");
    let script = edge.join(format!(r"Default\Extensions\{}\1.0_0\worker.js", made::id(0)));
    let other = machine.home("locked too");
    fs::write(other.join("NTUSER.DAT"), hive::Key::new("ROOT").bytes()).unwrap();
    let held = [chrome.join(r"Default\Preferences"), script, other.join("NTUSER.DAT")];
    // No sharing at all, as backup programs and some protections open files.
    let lock = |path: &PathBuf| fs::OpenOptions::new().read(true).share_mode(0).open(path).unwrap();
    let _locks = held.each_ref().map(lock);
    let (code, report) = report(crxhound(&home).args(["scan", "--all-users"]));
    assert_eq!(code, 2);
    let errors = report["errors"].as_array().unwrap();
    for path in held {
        // Homes are found by their folders, whose names Windows gives in a case of its own.
        let named =
            |error: &Value| error["path"].as_str().is_some_and(|named| named.eq_ignore_ascii_case(path.to_str().unwrap()));
        assert!(errors.iter().any(named), "{}: {errors:?}", path.display());
    }
    let read = report["extensions"].as_array().unwrap();
    let of_edge = read.iter().filter(|extension| extension["user_data_dir"].as_str() == edge.to_str()).count();
    assert_eq!(of_edge, 2);
}

#[test]
fn paths_longer_than_windows_likes_are_read() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("deep");
    let chrome = browser(&home, r"Google\Chrome\User Data");
    let version = chrome.join(format!(r"Default\Extensions\{}\1.0_0", made::id(0)));
    let deep = (0..8).fold(version, |path, n| path.join(format!("a-folder-with-a-rather-long-name-for-a-test-{n}")));
    assert!(deep.as_os_str().len() > 300);
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("last.js"), "self.last = 1;").unwrap();
    let (_, report) = report(crxhound(&home).args(["scan", "--with-files"]));
    assert_eq!(report["errors"], json!([]));
    let files: Vec<_> = report["extensions"].as_array().unwrap().iter().flat_map(|one| list(&one["files"], "path")).collect();
    assert!(files.iter().any(|path| path.ends_with("-7/last.js")), "{files:?}");
}

#[test]
fn a_home_that_lies_deeper_than_windows_likes() {
    let Some(mut machine) = Machine::take() else { return };
    let top = machine.home("far");
    let home = (0..6).fold(top, |path, n| path.join(format!("a-folder-with-a-rather-long-name-for-a-test-{n}")));
    assert!(home.as_os_str().len() > 260);
    let chrome = browser(&home, r"Google\Chrome\User Data");
    // A program cannot be started in so deep a folder.
    let mut command = crxhound(&home);
    let (_, report) = report(command.current_dir(r"C:\").arg("scan"));
    assert_eq!((&report["errors"], report["browsers"][0]["user_data_dir"].as_str()), (&json!([]), chrome.to_str()));
    assert_eq!(report["summary"]["extensions"], 2);
}

#[test]
fn a_written_path_cannot_lead_to_a_drive_or_a_server() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("paths");
    let secret = home.join("secret");
    fs::create_dir_all(&secret).unwrap();
    fs::write(secret.join("manifest.json"), made::manifest(0).to_string()).unwrap();
    let data = made::MadeUserData::at(home.join(r"AppData\Local\Google\Chrome\User Data"));
    fs::create_dir_all(data.path.join(r"Default\Extensions\x")).unwrap();
    let entries =
        ["x/../../../../secret".to_owned(), format!("x/{}", secret.display()), r"\\server.invalid\share\x".to_owned()];
    let entries = entries.iter().enumerate().map(|(n, path)| {
        let mut entry = made::store_entry(n, &made::manifest(n));
        entry["path"] = json!(path);
        (made::id(n).to_string(), entry)
    });
    data.profile("Default", &entries.collect::<serde_json::Map<_, _>>().into());
    let (_, report) = report(crxhound(&home).args(["scan", "--with-files"]));
    let extensions = report["extensions"].as_array().unwrap();
    assert_eq!(extensions.len(), 3);
    assert!(extensions.iter().all(|extension| extension["files"] == json!([])), "{extensions:?}");
}

#[test]
fn paths_in_an_image_are_shown_as_people_write_them() {
    let Some(mut machine) = Machine::take() else { return };
    let disk = machine.home("disk");
    fs::create_dir_all(disk.join(r"Windows\System32")).unwrap();
    browser(&disk.join(r"Users\kim"), r"Google\Chrome\User Data");
    let (_, report) = report(crxhound(&disk).args(["scan", "--allow-incomplete", "--root"]).arg(&disk));
    let shown = report["browsers"][0]["user_data_dir"].as_str().unwrap();
    assert!(shown.starts_with(r"C:\") && shown.ends_with(r"Google\Chrome\User Data"), "{shown}");
}

#[test]
fn everyone_on_the_machine_with_homes_on_other_drives_too() {
    let Some(mut machine) = Machine::take() else { return };
    let kim = machine.home("kim");
    browser(&kim, r"Google\Chrome\User Data");
    let lee = machine.home("lee");
    browser(&lee, r"Microsoft\Edge\User Data");
    // Whoever is not signed in has a registry that lies in a file.
    let mut registry = hive::Key::new("ROOT");
    registry.at(FORCE_LIST).set_text("1", &format!("{ID};https://updates.invalid/u.xml"));
    fs::write(lee.join("NTUSER.DAT"), registry.bytes()).unwrap();
    let elsewhere = Path::new(env!("CARGO_TARGET_TMPDIR")).join("homes").join("박지우 Weiß");
    let elsewhere = std::path::absolute(elsewhere).unwrap();
    assert!(!elsewhere.starts_with(r"C:\"), "this test wants a second drive: {}", elsewhere.display());
    let park = machine.home_at(elsewhere);
    browser(&park, r"Naver\Naver Whale\User Data");
    let _planted = [
        Planted::new(
            LOCAL_MACHINE,
            format!(r"{PROFILE_LIST}\S-1-5-21-1-2-3-1001"),
            &[("ProfileImagePath", park.to_str().unwrap())],
        ),
        Planted::new(
            LOCAL_MACHINE,
            format!(r"{PROFILE_LIST}\S-1-5-21-1-2-3-1002"),
            &[("ProfileImagePath", &lee.to_str().unwrap().to_uppercase())],
        ),
    ];
    let (_, report) = report(crxhound(&kim).args(["scan", "--all-users"]));
    let people: Vec<_> = list(&report["browsers"], "browser").into_iter().zip(list(&report["browsers"], "user")).collect();
    assert_eq!(people, [("chrome", "kim"), ("edge", "lee"), ("whale", "박지우 Weiß")]);
    let text = report["machine"]["policies"].to_string();
    assert!(text.contains("NTUSER.DAT") && text.contains(ID), "{text}");
}

#[test]
fn the_demonstration_and_the_doctor_work_here() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("demo");
    let output = crxhound(&home).args(["demo", "--output", "story"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(home.join(r"story\crxhound-demo.html").is_file());
    let output = crxhound(&home).arg("doctor").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("job object"), "{out}");
}

/// Starts the program as osquery does, under the name of an extension; the pipe that osquery listens on.
fn osquerys_extension(home: &Path, pipe: &str) -> (Child, PipeListener<Bytes, Bytes>) {
    let listener = PipeListenerOptions::new().path(Path::new(pipe)).create_duplex::<Bytes>().unwrap();
    let program = home.join("crxhound.ext.exe");
    fs::copy(env!("CARGO_BIN_EXE_crxhound"), &program).unwrap();
    let mut command = Command::new(program);
    command.current_dir(home).env("USERPROFILE", home).args(["--socket", pipe, "--timeout", "30", "--interval", "1"]);
    (command.spawn().unwrap(), listener)
}

/// Answers everything that an extension asks, until it hangs up.
fn play_osquery(mut stream: DuplexPipeStream<Bytes>) {
    let mut chunk = [0; 1 << 16];
    while let Ok(read @ 1..) = stream.read(&mut chunk) {
        // What does not begin like a message is the rest of one that was answered already.
        if chunk.starts_with(b"\x80\x01\x00\x01") && stream.write_all(&thrift::answer(&chunk[..read])).is_err() {
            return;
        }
    }
}

/// Asks an extension, and reads until its answer holds some text.
fn ask(pipe: &str, question: &[u8], wanted: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    let mut stream = loop {
        match DuplexPipeStream::<Bytes>::connect_by_path(Path::new(pipe)) {
            Ok(stream) => break stream,
            Err(error) if Instant::now() > end => panic!("{pipe}: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    stream.write_all(question).unwrap();
    let (mut answer, mut chunk) = (Vec::new(), [0; 1 << 16]);
    while !String::from_utf8_lossy(&answer).contains(wanted) {
        match stream.read(&mut chunk) {
            Ok(read @ 1..) => answer.extend(&chunk[..read]),
            end => panic!("{end:?} before {wanted} in {}", String::from_utf8_lossy(&answer)),
        }
    }
}

#[test]
fn osquery_is_served_by_named_pipes() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("osquery");
    browser(&home, r"Google\Chrome\User Data");
    let (mut child, listener) = osquerys_extension(&home, r"\\.\pipe\crxhound-test.em");
    let osquery = std::thread::spawn(move || play_osquery(listener.accept().unwrap()));
    let own = r"\\.\pipe\crxhound-test.em.7";
    ask(own, &thrift::generate("crxhound_profiles"), r"Google\Chrome\User Data");
    ask(own, &thrift::generate("crxhound_nothing"), "no such table");
    ask(own, &thrift::shutdown(), "shutdown");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    osquery.join().unwrap();
}

#[test]
fn osquerys_extension_ends_with_osquery() {
    let Some(mut machine) = Machine::take() else { return };
    let home = machine.home("osquery");
    let (mut child, listener) = osquerys_extension(&home, r"\\.\pipe\crxhound-gone.em");
    let mut stream = listener.accept().unwrap();
    let mut asked = [0; 1 << 16];
    let read = stream.read(&mut asked).unwrap();
    stream.write_all(&thrift::answer(&asked[..read])).unwrap();
    drop((stream, listener));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
