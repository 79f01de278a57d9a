//! The table of browsers, `browsers.toml`: names, folders, registry keys, policies of every browser and channel.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::builtin::packed;
use crate::model::machine::System;

/// The browser that a folder is taken for where nothing says which one wrote it: they are all built from it.
pub const ASSUMED: &str = "chromium";

/// One browser.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Browser {
    /// The word for `--browser` and in reports: the table's key.
    #[serde(skip)]
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// Whether it is a browser at all.
    #[serde(default)]
    pub kind: BrowserKind,
    /// Which seed its preference MACs are made with.
    #[serde(default)]
    pub mac_seed: MacSeed,
    /// Names of the program and its launchers, lower case, without `.exe`.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Keys below `Software` that hold `Extensions`, `NativeMessagingHosts` and `PreferenceMACs`.
    #[serde(default)]
    pub registry: Vec<String>,
    /// Top-level keys of `Local State` that only this browser writes.
    #[serde(default)]
    pub local_state: Vec<String>,
    /// Where policies lie.
    #[serde(default)]
    pub policies: Places,
    /// Where external extensions lie, beside the user-data folder.
    #[serde(default)]
    pub external: Places,
    /// Where native messaging hosts lie, beside the user-data folder.
    #[serde(default)]
    pub native_hosts: Places,
    /// The channels, each with folders of its own.
    pub channel: Vec<Channel>,
}

/// Whether a table describes a browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BrowserKind {
    /// A browser.
    #[default]
    Browser,
    /// A program around the engine: reported only where an extension left data.
    Embedded,
    /// Places where browsers without a table are looked for.
    Unlisted,
}

/// The seed of the preference MACs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MacSeed {
    /// No bytes at all: every build without Google's branding.
    #[default]
    Empty,
    /// The seed of Google-branded builds.
    Google,
}

/// Places by system: folders, registry keys or preference domains, as the field says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// On Windows.
    #[serde(default)]
    pub windows: Vec<String>,
    /// On macOS.
    #[serde(default)]
    pub macos: Vec<String>,
    /// On Linux.
    #[serde(default)]
    pub linux: Vec<String>,
}

impl Places {
    /// Those of one system.
    pub fn of(&self, system: System) -> &[String] {
        match system {
            System::Windows => &self.windows,
            System::Macos => &self.macos,
            System::Linux => &self.linux,
        }
    }
}

/// One channel of a browser.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// `stable`, `beta`, ...
    pub id: String,
    /// User-data folders on Windows.
    #[serde(default)]
    pub windows: Vec<String>,
    /// User-data folders on macOS.
    #[serde(default)]
    pub macos: Vec<String>,
    /// User-data folders on Linux.
    #[serde(default)]
    pub linux: Vec<String>,
    /// The key below `Software` with this channel's `PreferenceMACs`, if it is not the first of the browser's.
    #[serde(default)]
    pub registry: Option<String>,
}

impl Channel {
    /// The user-data folders on one system.
    pub fn folders(&self, system: System) -> &[String] {
        match system {
            System::Windows => &self.windows,
            System::Macos => &self.macos,
            System::Linux => &self.linux,
        }
    }
}

static BROWSERS: LazyLock<Vec<Browser>> = LazyLock::new(|| {
    let table: BTreeMap<String, Browser> =
        toml::from_str(packed!("src/discover/browsers.toml")).expect("the compiled-in table parses, as a test shows");
    table.into_iter().map(|(id, browser)| Browser { id, ..browser }).collect()
});

/// All browsers, in order of id.
pub fn browsers() -> &'static [Browser] {
    &BROWSERS
}

/// The browser with an id.
pub fn browser(id: &str) -> Option<&'static Browser> {
    browsers().iter().find(|browser| browser.id == id)
}

/// The browser whose program has this file name; case and `.exe` do not matter.
pub fn browser_of_program(file_name: &str) -> Option<&'static Browser> {
    let name = file_name.to_lowercase();
    let name = [".exe", ".app", ".desktop"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    browsers().iter().find(|browser| browser.programs.iter().any(|program| program == name))
}

/// The browser and channel whose folder a path ends with: `.../Google/Chrome Beta/User Data` is Chrome's beta wherever it was
/// copied to. The longest fitting place wins.
pub fn browser_of_path(path: &str) -> Option<(&'static Browser, &'static Channel)> {
    let parts = parts_of(path);
    let mut best: Option<(usize, &'static Browser, &'static Channel)> = None;
    for browser in browsers().iter().filter(|browser| browser.kind == BrowserKind::Browser) {
        for channel in &browser.channel {
            for place in System::ALL.iter().flat_map(|&system| channel.folders(system)) {
                let pattern: Vec<String> = parts_of(place);
                let needed =
                    pattern.len() - pattern.iter().rposition(|part| SHARED.contains(&part.as_str())).map_or(0, |at| at + 1);
                let fitting = pattern
                    .iter()
                    .rev()
                    .zip(parts.iter().rev())
                    .take_while(|(part, name)| super::tree::fits(part, name))
                    .count();
                if fitting >= needed && best.is_none_or(|(length, ..)| fitting > length) {
                    best = Some((fitting, browser, channel));
                }
            }
        }
    }
    best.map(|(_, browser, channel)| (browser, channel))
}

/// Folders that many programs share: what follows them is a browser's own.
const SHARED: &[&str] =
    &["application support", "config", ".config", "common", "%localappdata%", "%appdata%", "$xdg_config_home"];

/// The parts of a path of any system, folded to lower case.
fn parts_of(path: &str) -> Vec<String> {
    path.split(['/', '\\']).filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_parses_and_names_what_the_documentation_promises() {
        let ids: BTreeSet<_> = browsers().iter().map(|browser| browser.id.as_str()).collect();
        for id in [
            "chrome",
            "edge",
            "chromium",
            "brave",
            "vivaldi",
            "opera",
            "opera-gx",
            "whale",
            "yandex",
            "arc",
            "dia",
            "comet",
            "coccoc",
            "360",
            "qq",
            "sogou",
            "thorium",
            "ungoogled-chromium",
            "epic",
            "dragon",
            "cent",
            "slimjet",
            "iridium",
            "island",
            "avg",
            "avast",
            "ccleaner",
        ] {
            assert!(ids.contains(id), "{id}");
        }
        assert!(browser(ASSUMED).is_some());
        assert_eq!(browser("chrome").unwrap().mac_seed, MacSeed::Google);
        assert_eq!(browsers().iter().filter(|browser| browser.mac_seed == MacSeed::Google).count(), 1);
    }

    #[test]
    fn no_folder_belongs_to_two_channels_and_every_channel_has_one() {
        let mut seen = BTreeSet::new();
        for browser in browsers() {
            for channel in &browser.channel {
                let folders: Vec<_> = System::ALL.iter().flat_map(|&system| channel.folders(system)).collect();
                assert!(!folders.is_empty(), "{} {}", browser.id, channel.id);
                if browser.kind == BrowserKind::Browser {
                    for folder in folders {
                        assert!(seen.insert(folder.clone()), "{folder} is there twice");
                    }
                }
            }
        }
    }

    #[test]
    fn every_place_starts_with_a_variable_that_is_known() {
        for channel in browsers().iter().flat_map(|browser| &browser.channel) {
            assert!(
                channel.windows.iter().all(|place| place.starts_with(r"%LOCALAPPDATA%\") || place.starts_with(r"%APPDATA%\"))
            );
            assert!(channel.macos.iter().all(|place| place.starts_with("~/")));
            assert!(channel.linux.iter().all(|place| place.starts_with("~/") || place.starts_with("$XDG_CONFIG_HOME/")));
        }
    }

    #[test]
    fn a_copied_folder_is_known_by_the_end_of_its_path() {
        let guess = |path: &str| browser_of_path(path).map(|(browser, channel)| (browser.id.as_str(), channel.id.as_str()));
        assert_eq!(guess("/evidence/case 7/Google/Chrome Beta/User Data"), Some(("chrome", "beta")));
        assert_eq!(guess(r"D:\copy\naver\naver whale\user data"), Some(("whale", "stable")));
        assert_eq!(guess("/tmp/x/microsoft-edge-dev"), Some(("edge", "dev")));
        assert_eq!(guess("/tmp/x/chromium-headless/scoped_dirAb12"), Some(("chromium", "headless")));
        assert_eq!(guess("/tmp/x/User Data"), None);
        assert_eq!(guess("/"), None);
    }

    #[test]
    fn programs_are_known_by_name() {
        assert_eq!(browser_of_program("msedge.exe").unwrap().id, "edge");
        assert_eq!(browser_of_program("Google Chrome.app").unwrap().id, "chrome");
        assert!(browser_of_program("notepad.exe").is_none());
    }
}
