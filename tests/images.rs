//! Images of three machines: what their policies, registries, launchers and hosts say about extensions.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crxhound::acquire::Limits;
use crxhound::discover::{Discovery, Filter, Root, discover};
use crxhound::extract::machine::machine_facts;
use crxhound::model::machine::{Answer, LauncherKind, PolicyMode, Scope, System};
use crxhound::model::place::PlaceClass;
use crxhound::problem::Problem;
use crxhound::rules::{RuleSet, Scope as RuleScope};

use crate::support::{hive, lnk, material};

const ID: &str = "abcdefghijklmnopabcdefghijklmnop";
const OTHER: &str = "ponmlkjihgfedcbaponmlkjihgfedcba";
const CHROME: &str = r"C:\Program Files\Google\Chrome\Application\chrome.exe";

struct Image(tempfile::TempDir);

impl Image {
    fn new() -> Image {
        Image(tempfile::tempdir().unwrap())
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn write(&self, relative: &str, data: impl AsRef<[u8]>) -> &Image {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, data).unwrap();
        self
    }

    fn read(&self) -> (Discovery, Vec<Problem>) {
        discover(&Root::image(self.0.path()).unwrap(), &Filter::default(), &Limits::default())
    }

    /// The ids of the rules that are true of the machine.
    fn rules(&self) -> BTreeSet<String> {
        let (found, problems) = self.read();
        assert_eq!(problems, []);
        let facts = machine_facts(&found.machine, &BTreeSet::new());
        let rules = RuleSet::builtin().unwrap();
        rules.evaluate(&facts, RuleScope::Machine).iter().map(|found| found.rule.id.clone()).collect()
    }
}

fn wide(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// A Windows machine with one user; what is in the hives is up to the test.
fn windows(user: &hive::Key, software: &hive::Key, system: &hive::Key) -> Image {
    let image = Image::new();
    let config = "Windows/System32/config";
    image.write(&format!("{config}/SOFTWARE"), software.bytes()).write(&format!("{config}/SYSTEM"), system.bytes());
    image.write("Users/kim/NTUSER.DAT", user.bytes());
    let profile = "Users/kim/AppData/Local/Google/Chrome/User Data/Default/Preferences";
    image.write(profile, "{}");
    image
}

fn system() -> hive::Key {
    let mut system = hive::Key::new("ROOT");
    system.at("Select").set("Current", 4, &1u32.to_le_bytes());
    system.at(r"ControlSet001\Services\Tcpip\Parameters").set_text("Domain", "");
    system
}

fn forced_for_user() -> hive::Key {
    let mut user = hive::Key::new("ROOT");
    let list = user.at(r"Software\Policies\Google\Chrome\ExtensionInstallForcelist");
    list.set_text("1", &format!("{ID};https://updates.invalid/u.xml"));
    user
}

#[test]
fn a_force_list_of_one_user_on_a_machine_that_nobody_manages() {
    let image = windows(&forced_for_user(), &hive::Key::new("ROOT"), &system());
    let (found, problems) = image.read();
    assert_eq!(problems, []);
    assert_eq!(found.system, Some(System::Windows));
    let machine = &found.machine;
    assert_eq!(machine.managed.answer, Answer::No);
    assert_eq!(machine.policies.len(), 1);
    let install = &machine.policies[0];
    assert_eq!((install.target.as_str(), install.mode, install.origin.scope), (ID, PolicyMode::Forced, Scope::User));
    assert_eq!(install.origin.pointer, r"HKCU\Software\Policies\Google\Chrome\ExtensionInstallForcelist\1");
    assert!(install.origin.file.ends_with("NTUSER.DAT"));
    assert_eq!(install.browsers, ["chrome"]);
    let rules = image.rules();
    assert!(rules.contains("is-forced-off-store-by-user-policy"), "{rules:?}");
}

#[test]
fn the_same_force_list_on_a_managed_machine() {
    for (key, value) in [
        (r"ControlSet001\Services\Tcpip\Parameters", "Domain"),
        (r"ControlSet001\Control\CloudDomainJoin\JoinInfo\0A1B", "TenantId"),
    ] {
        let mut system = hive::Key::new("ROOT");
        system.at("Select").set("Current", 4, &1u32.to_le_bytes());
        system.at(key).set_text(value, "corp.example");
        let image = windows(&forced_for_user(), &hive::Key::new("ROOT"), &system);
        assert_eq!(image.read().0.machine.managed.answer, Answer::Yes);
        let rules = image.rules();
        assert!(
            rules.contains("is-forced-off-store-by-policy") && !rules.contains("is-forced-off-store-by-user-policy"),
            "{rules:?}"
        );
    }
}

#[test]
fn everything_that_a_windows_machine_can_hold() {
    let mut user = hive::Key::new("ROOT");
    user.at(r"Software\Microsoft\Windows\CurrentVersion\Run")
        .set_text("Update", &format!(r#""{CHROME}" --remote-debugging-port=9222"#))
        .set_text("Keeper", r#"powershell -File "%APPDATA%\keeper\dev.ps1""#);
    user.at(r"Software\Google\Chrome\NativeMessagingHosts\com.microsoft.update")
        .set_text("", r"C:\Users\kim\AppData\Roaming\h\host.json");
    user.at(r"Software\Google\Chrome\PreferenceMACs\Default\extensions.settings").set_text(ID, "AA");
    let mut software = hive::Key::new("ROOT");
    software
        .at(&format!(r"WOW6432Node\Google\Chrome\Extensions\{OTHER}"))
        .set_text("path", r"C:\ProgramData\x\x.crx")
        .set_text("version", "1.0");
    software
        .at(r"Policies\Microsoft\Edge")
        .set_text("ExtensionSettings", &format!(r#"{{"{OTHER}": {{"installation_mode": "blocked"}}}}"#));
    software
        .at(r"Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1-2-3-1001")
        .set_text("ProfileImagePath", r"C:\Users\kim");
    software
        .at(r"Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1-2-3-1002")
        .set_text("ProfileImagePath", r"C:\Homes\lee");
    software
        .at(r"Clients\StartMenuInternet\Google Chrome\shell\open\command")
        .set_text("", &format!(r#""{CHROME}" --load-extension=C:\Users\Public\x"#));

    let image = windows(&user, &software, &system());
    let roaming = "Users/kim/AppData/Roaming";
    let arguments = r#"--load-extension="C:\Users\kim\AppData\Roaming\AF" --profile-directory=Default"#;
    let pinned = format!("{roaming}/Microsoft/Internet Explorer/Quick Launch/User Pinned/TaskBar/Google Chrome.lnk");
    image.write(&pinned, lnk::shortcut(CHROME, arguments));
    image.write("Users/kim/Desktop/Editor.lnk", lnk::shortcut(r"C:\Windows\notepad.exe", "x.txt"));
    image.write(&format!("{roaming}/keeper/dev.ps1"), "ShowWindow($h, 0)\n$w.SendKeys('^+J') # chrome\n");
    image.write(
        &format!("{roaming}/Microsoft/Windows/Start Menu/Programs/Startup/copy.vbs"),
        "fso.CopyFile a, \"C:\\Users\\kim\\AppData\\Local\\Google\\Chrome\\User Data\\Default\\Secure Preferences\"\n",
    );
    let host = format!(
        r#"{{"name": "com.microsoft.update", "path": "host.exe", "type": "stdio", "allowed_origins": ["chrome-extension://{ID}/"]}}"#
    );
    image.write(&format!("{roaming}/h/host.json"), host).write(&format!("{roaming}/h/host.exe"), "MZ");
    let task = format!(
        r#"<?xml version="1.0" encoding="UTF-16"?><Task><Actions><Exec><Command>{CHROME}</Command>
        <Arguments>--headless --user-data-dir="C:\x" --load-extension=C:\Users\kim\AppData\Local\Temp\e</Arguments></Exec></Actions></Task>"#
    );
    image.write("Windows/System32/Tasks/Vendor/Update", wide(&task));
    image.write("Homes/lee/AppData/Local/Microsoft/Edge/User Data/Default/Preferences", "{}");

    let (found, problems) = image.read();
    assert_eq!(problems, []);
    let homes: Vec<_> = found.user_data.iter().map(|data| (data.browser.as_str(), data.user.as_deref().unwrap())).collect();
    assert_eq!(homes, [("chrome", "kim"), ("edge", "lee")]);
    assert_eq!(found.user_data[0].registry_macs["Default"].split["extensions.settings"][ID], "AA");
    let machine = &found.machine;
    assert_eq!(machine.device_ids, ["S-1-5-21-1-2-3"]);
    assert_eq!(machine.policies[0].mode, PolicyMode::Blocked);
    assert_eq!(machine.external[0].id, OTHER);
    let kinds: Vec<_> = machine.launchers.iter().map(|launcher| launcher.kind).collect();
    assert_eq!(kinds, [LauncherKind::Shortcut, LauncherKind::Task, LauncherKind::RunKey, LauncherKind::OpenCommand]);
    let shortcut = &machine.launchers[0];
    assert_eq!(shortcut.browser.as_deref(), Some("chrome"));
    assert_eq!(shortcut.switches[0].value, r"C:\Users\kim\AppData\Roaming\AF");
    assert_eq!(shortcut.switches[0].class, Some(PlaceClass::Roaming));
    let host = &machine.native_hosts[0];
    assert_eq!((host.class, host.present, host.allowed[0].as_str()), (PlaceClass::Roaming, Answer::Yes, ID));
    let scripts: Vec<_> =
        machine.startup_scripts.iter().map(|script| script.path.rsplit(['/', '\\']).next().unwrap()).collect();
    assert_eq!(scripts, ["copy.vbs", "dev.ps1"]);

    let rules = image.rules();
    for rule in [
        "is-loaded-by-poisoned-launcher",
        "starts-browser-for-remote-control",
        "is-installed-from-outside",
        "native-host-borrows-vendor-name",
        "talks-to-program-in-user-folder",
        "has-companion-that-works-developer-tools",
        "has-companion-that-writes-preferences",
    ] {
        assert!(rules.contains(rule), "{rule}: {rules:?}");
    }
}

#[test]
fn an_image_of_macos() {
    let image = Image::new();
    let plist = |body: &str| format!(r#"<?xml version="1.0"?><plist version="1.0"><dict>{body}</dict></plist>"#);
    let force = |id: &str| {
        format!("<key>ExtensionInstallForcelist</key><array><string>{id};https://updates.invalid/u</string></array>")
    };
    image.write("Users/kim/Library/Application Support/Google/Chrome/Default/Preferences", "{}");
    image.write("System/Library/x", "");
    fs::create_dir_all(image.path("private/var/db/ConfigurationProfiles/Settings")).unwrap();
    fs::create_dir_all(image.path("var/db/ConfigurationProfiles/Settings")).unwrap();
    image.write("Library/Managed Preferences/com.google.Chrome.plist", plist(&force(ID)));
    image.write("Library/Managed Preferences/kim/com.google.Chrome.plist", plist(&force(OTHER)));
    image.write(
        "Users/kim/Library/Preferences/com.microsoft.Edge.plist",
        plist("<key>x</key><date>2024-01-01T00:00:00Z</date><key>BlockExternalExtensions</key><true/>"),
    );
    let agent = "<key>Label</key><string>x</string><key>ProgramArguments</key><array><string>/Applications/Google Chrome.app/Contents/MacOS/Google Chrome</string><string>--load-extension=/Users/kim/.hidden/x</string></array>";
    image.write("Users/kim/Library/LaunchAgents/x.plist", plist(agent));
    image.write(
        "Applications/Wrapped.app/Contents/MacOS/run",
        "#!/bin/sh\nexec 'Google Chrome' --load-extension=/Users/Shared/x\n",
    );
    image.write(
        &format!("Library/Application Support/Google/Chrome/External Extensions/{ID}.json"),
        r#"{"external_update_url": "https://updates.invalid/u"}"#,
    );
    let host = format!(
        r#"{{"name": "com.example.host", "path": "/Users/Shared/host", "allowed_origins": ["chrome-extension://{ID}/"]}}"#
    );
    image.write("Library/Google/Chrome/NativeMessagingHosts/com.example.host.json", host).write("Users/Shared/host", "");

    let (found, problems) = image.read();
    assert_eq!(problems, []);
    let machine = &found.machine;
    assert_eq!(machine.managed.answer, Answer::No, "{:?}", machine.managed.reasons);
    let policies: Vec<_> = machine
        .policies
        .iter()
        .map(|install| (install.target.as_str(), install.origin.scope, install.origin.user.as_deref()))
        .collect();
    assert_eq!(policies, [(ID, Scope::Machine, None), (OTHER, Scope::User, Some("kim"))]);
    assert_eq!(machine.settings.len(), 1);
    let kinds: Vec<_> = machine.launchers.iter().map(|launcher| (launcher.kind, launcher.switches[0].class.unwrap())).collect();
    assert_eq!(kinds, [(LauncherKind::LaunchAgent, PlaceClass::DotFolder), (LauncherKind::Wrapper, PlaceClass::Public)]);
    assert_eq!(machine.external.len(), 1);
    assert_eq!((machine.native_hosts[0].class, machine.native_hosts[0].present), (PlaceClass::Public, Answer::Yes));
    image.write("private/var/db/ConfigurationProfiles/Settings/.cloudConfigProfileInstalled", "");
    assert_eq!(image.read().0.machine.managed.answer, Answer::Yes);
}

#[test]
fn an_image_of_linux() {
    let image = Image::new();
    image.write("etc/passwd", "kim:x:1000:1000::/home/kim:/bin/sh\n");
    image.write("home/kim/.config/chromium/Default/Preferences", "{}");
    image.write(
        "etc/chromium/policies/managed/a.json",
        format!(r#"{{"ExtensionInstallForcelist": ["{ID};file:///opt/x/u.xml",],}}"#),
    );
    image.write(
        "etc/chromium/policies/recommended/b.json",
        format!(r#"{{"ExtensionSettings": {{"{OTHER}": {{"installation_mode": "normal_installed"}}}}}}"#),
    );
    image.write(
        &format!("home/kim/.config/chromium/External Extensions/{ID}.json"),
        r#"{"external_crx": "/home/kim/x.crx", "external_version": "1"}"#,
    );
    image.write(
        &format!("usr/share/chromium/extensions/{OTHER}.json"),
        r#"{"external_update_url": "https://clients2.google.com/service/update2/crx"}"#,
    );
    let debian = "export CHROMIUM_FLAGS=\"$CHROMIUM_FLAGS --load-extension=`ls -dm /usr/share/chromium/extensions/* 2>/dev/null | tr -d '\\n'`\"\n";
    image.write("etc/chromium.d/extensions", debian).write("usr/share/chromium/extensions/packaged/manifest.json", "{}");
    image.write(
        "home/kim/.local/share/applications/c.desktop",
        "[Desktop Entry]\nExec=chromium --load-extension=/home/kim/.cache/x %U\n",
    );
    image.write("home/kim/.config/autostart/k.desktop", "[Desktop Entry]\nExec=sh /home/kim/.keeper.sh\n");
    image.write("home/kim/.keeper.sh", "#!/bin/sh\nxdotool key ctrl+shift+j\nxdotool windowunmap $(xdotool search chromium)\n");
    image.write(
        "home/kim/.config/chromium-flags.conf",
        "# --load-extension=/no\n--disable-features=DisableLoadExtensionCommandLineSwitch\n",
    );
    image.write(
        "home/kim/.config/systemd/user/x.service",
        "[Service]\nExecStart=/usr/bin/chromium --headless --user-data-dir=/tmp/x\n",
    );
    image.write("tmp/x/Local State", "{}").write("tmp/x/Default/Preferences", "{}");
    image.write("var/spool/cron/crontabs/kim", "@reboot chromium --remote-debugging-port=9222\n");

    let (found, problems) = image.read();
    assert_eq!(problems, []);
    let machine = &found.machine;
    // The folder that a unit names is one more to look into.
    let folders: Vec<_> = found.user_data.iter().map(|data| (data.path.ends_with("tmp/x"), data.user.as_deref())).collect();
    assert_eq!(folders, [(false, Some("kim")), (true, Some("kim"))]);
    let policies: Vec<_> =
        machine.policies.iter().map(|install| (install.target.as_str(), install.mode, install.mandatory)).collect();
    assert_eq!(policies, [(ID, PolicyMode::Forced, true), (OTHER, PolicyMode::Normal, false)]);
    let external: Vec<_> = machine.external.iter().map(|install| (install.id.as_str(), install.origin.scope)).collect();
    assert_eq!(external, [(OTHER, Scope::Machine), (ID, Scope::User)]);
    let kinds: Vec<_> = machine
        .launchers
        .iter()
        .map(|launcher| (launcher.kind, launcher.switches[0].word, launcher.switches[0].class))
        .collect();
    assert_eq!(
        kinds,
        [
            (LauncherKind::Desktop, "load-extension", Some(PlaceClass::Cache)),
            (LauncherKind::Task, "remote-debugging", None),
            (LauncherKind::FlagsFile, "feature-switch", None),
            (LauncherKind::FlagsFile, "load-extension", Some(PlaceClass::Program)),
            (LauncherKind::Service, "headless", None),
        ]
    );
    assert_eq!(machine.launchers[3].switches[0].value, "/usr/share/chromium/extensions/packaged");
    let rules = image.rules();
    for rule in [
        "has-companion-that-works-developer-tools",
        "is-forced-from-risky-address",
        "is-loaded-by-poisoned-launcher",
        "lowers-browser-defences-by-switch",
        "starts-browser-for-remote-control",
    ] {
        assert!(rules.contains(rule), "{rule}: {rules:?}");
    }
}

#[test]
fn a_linux_machine_as_it_comes_is_quiet() {
    let image = Image::new();
    image.write("etc/passwd", "kim:x:1000:1000::/home/kim:/bin/sh\n");
    image.write("home/kim/.config/chromium/Default/Preferences", "{}");
    let debian =
        "export CHROMIUM_FLAGS=\"$CHROMIUM_FLAGS --load-extension=`ls -dm /usr/share/chromium/extensions/* 2>/dev/null`\"\n";
    image.write("etc/chromium.d/extensions", debian).write("usr/share/chromium/extensions/packaged/manifest.json", "{}");
    image.write("usr/share/applications/chromium.desktop", "[Desktop Entry]\nExec=/usr/bin/chromium %U\n");
    let host = format!(
        r#"{{"name": "org.keepassxc.keepassxc_browser", "path": "/usr/bin/keepassxc-proxy", "allowed_origins": ["chrome-extension://{ID}/"]}}"#
    );
    image.write("etc/chromium/native-messaging-hosts/k.json", host).write("usr/bin/keepassxc-proxy", "");
    assert_eq!(image.rules(), BTreeSet::new());
}

#[test]
fn damaged_inputs_are_said_one_by_one_and_the_rest_is_read() {
    let image = windows(&forced_for_user(), &hive::Key::new("ROOT"), &system());
    image.write("Windows/System32/config/SAM", "regf but nothing more");
    image.write("Users/kim/Desktop/Broken.lnk", "L\0\0\0 no shortcut");
    image.write("Windows/System32/Tasks/Broken", "no task");
    image.write("Windows/System32/GroupPolicy/Machine/Registry.pol", "PReg\x01\0\0\0[broken");
    image.write("Users/lee/NTUSER.DAT", vec![0; 64]).write("Users/lee/AppData/Local/x", "");
    let (found, problems) = image.read();
    assert_eq!(found.machine.policies.len(), 1);
    let names: BTreeSet<_> = problems.iter().map(|problem| problem.path.rsplit(['/', '\\']).next().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["SAM", "Broken.lnk", "Broken", "Registry.pol", "NTUSER.DAT"]), "{problems:#?}");

    let image = Image::new();
    image.write("etc/passwd", "").write("home/kim/.config/chromium/Default/Preferences", "{}");
    image.write("etc/chromium/policies/managed/broken.json", "{").write("etc/chromium/policies/managed/list.json", "[]");
    image.write(
        "etc/chromium/policies/managed/right.json",
        format!(r#"{{"ExtensionInstallForcelist": ["{ID}"], "ExtensionSettings": 5}}"#),
    );
    image.write("etc/chromium/native-messaging-hosts/broken.json", "x");
    let (found, problems) = image.read();
    assert_eq!(found.machine.policies.len(), 1);
    assert_eq!(problems.len(), 4, "{problems:#?}");
}

/// The writer of hives here is our own; hivex, which others wrote, has the last word on what a hive is.
#[test]
fn hives_that_hivex_has_written() {
    if Command::new("hivexsh").arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return material::skip("hivexsh (Debian's libhivex-bin) is not here");
    }
    let image = windows(&hive::Key::new("ROOT"), &hive::Key::new("ROOT"), &system());
    let path = image.path("Users/kim/NTUSER.DAT");
    let mut script = String::new();
    for key in ["Software", "Policies", "Google", "Chrome", "ExtensionInstallForcelist"] {
        script += &format!("add {key}\ncd {key}\n");
    }
    script += &format!("setval 2\n1\nstring:{ID};https://updates.invalid/u.xml\n2\nstring:{OTHER}\n");
    // Enough keys to make several lists of them.
    for number in 0..1200 {
        script += &format!("cd \\\nadd Filler{number:04}\n");
    }
    script += "commit\nquit\n";
    let file = image.path("commands");
    fs::write(&file, script).unwrap();
    let status = Command::new("hivexsh").arg("-w").arg("-f").arg(&file).arg(&path).stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
    let (found, problems) = image.read();
    assert_eq!(problems, []);
    let targets: BTreeSet<_> = found.machine.policies.iter().map(|install| install.target.as_str()).collect();
    assert_eq!(targets, BTreeSet::from([ID, OTHER]));
    let hive = crxhound::discover::hive::Hive::parse(fs::read(&path).unwrap()).unwrap();
    assert_eq!(hive.subkeys(&hive.key("").unwrap()).len(), 1201);
    assert_eq!(hive.take_damage(), 0);
}
