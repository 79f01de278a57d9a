//! Where on a machine a path lies, in classes that say who can write there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of place that a path lies in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceClass {
    /// Inside the browser's own profile.
    Profile,
    /// Folders of installed programs, which only an administrator can write.
    Program,
    /// `AppData\Roaming`, or the folder of per-user settings elsewhere.
    Roaming,
    /// `AppData\Local` or its like, outside the folders named here.
    LocalData,
    /// Temporary folders.
    Temp,
    /// Downloads.
    Downloads,
    /// The desktop.
    Desktop,
    /// `ProgramData` and other folders that every user can write.
    ProgramData,
    /// `Users\Public`, `/Users/Shared`.
    Public,
    /// Caches.
    Cache,
    /// Below a hidden folder of the home.
    DotFolder,
    /// Where developers keep their work.
    Developer,
    /// Removable and network volumes.
    Removable,
    /// Elsewhere in the home.
    Home,
    /// Anywhere else.
    #[default]
    Other,
}

impl PlaceClass {
    /// The word in reports and rules.
    pub fn as_str(self) -> &'static str {
        match self {
            PlaceClass::Profile => "profile",
            PlaceClass::Program => "program",
            PlaceClass::Roaming => "roaming",
            PlaceClass::LocalData => "local-data",
            PlaceClass::Temp => "temp",
            PlaceClass::Downloads => "downloads",
            PlaceClass::Desktop => "desktop",
            PlaceClass::ProgramData => "program-data",
            PlaceClass::Public => "public",
            PlaceClass::Cache => "cache",
            PlaceClass::DotFolder => "dot-folder",
            PlaceClass::Developer => "developer",
            PlaceClass::Removable => "removable",
            PlaceClass::Home => "home",
            PlaceClass::Other => "other",
        }
    }

    /// Whether a person can put files there without an administrator's rights.
    pub fn user_writable(self) -> bool {
        !matches!(self, PlaceClass::Program | PlaceClass::Other | PlaceClass::Removable)
    }
}

/// The class of a path of any system, by its text alone: a path from an image or a copied profile need not exist here.
pub fn classify(path: &str) -> PlaceClass {
    let path = path.trim().trim_matches('"').replace('\\', "/");
    let path = path.strip_prefix("//?/").unwrap_or(&path);
    if path.starts_with("//") {
        return PlaceClass::Removable;
    }
    let parts: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .map(|part| expand(&part.to_lowercase()).to_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().flat_map(|part| part.split('/')).collect();
    let drive = parts.first().is_some_and(|part| part.len() == 2 && part.ends_with(':'));
    let parts = if drive { parts.get(1..).unwrap_or_default() } else { parts.as_slice() };
    match parts {
        ["users", "public", ..] | ["users", "shared", ..] => PlaceClass::Public,
        ["users" | "documents and settings", _, rest @ ..] if drive || parts.contains(&"appdata") => in_windows_home(rest),
        ["users", _, rest @ ..] => in_mac_home(rest),
        ["home", _, rest @ ..] | ["root", rest @ ..] | ["var", "home", _, rest @ ..] => in_linux_home(rest),
        ["var", "root", rest @ ..] | ["private", "var", "root", rest @ ..] => in_mac_home(rest),
        ["~" | "$home", rest @ ..] => in_linux_home(rest),
        ["appdata", ..] => in_windows_home(parts),
        ["programdata", ..] => PlaceClass::ProgramData,
        ["windows" | "winnt", "temp", ..] => PlaceClass::Temp,
        ["windows", "tasks" | "tracing", ..] => PlaceClass::ProgramData,
        ["program files" | "program files (x86)" | "windows" | "winnt", ..] => PlaceClass::Program,
        ["temp" | "tmp", ..] => PlaceClass::Temp,
        ["perflogs" | "$recycle.bin" | "recycler", ..] => PlaceClass::ProgramData,
        ["var", "tmp" | "folders", ..] | ["private", "tmp", ..] | ["private", "var", "tmp" | "folders", ..] => PlaceClass::Temp,
        ["dev", "shm", ..] | ["run", "user", ..] => PlaceClass::Temp,
        [
            "usr" | "opt" | "bin" | "sbin" | "lib" | "lib64" | "snap" | "app" | "nix" | "etc" | "applications" | "system"
            | "library",
            ..,
        ] => PlaceClass::Program,
        ["volumes" | "media" | "mnt", ..] | ["run", "media", ..] => PlaceClass::Removable,
        _ => PlaceClass::Other,
    }
}

/// Variables of the environment that stand for a whole part of a path.
fn expand(part: &str) -> &str {
    match part {
        "%appdata%" | "$env:appdata" => "appdata/roaming",
        "%localappdata%" | "$env:localappdata" => "appdata/local",
        "%temp%" | "%tmp%" | "$env:temp" | "$tmpdir" => "tmp",
        "%userprofile%" | "$env:userprofile" | "${home}" => "$home",
        "%programdata%" | "%allusersprofile%" => "programdata",
        "%public%" => "users/public",
        "%programfiles%" | "%programfiles(x86)%" | "%programw6432%" => "program files",
        "%windir%" | "%systemroot%" => "windows",
        other => other,
    }
}

fn in_windows_home(rest: &[&str]) -> PlaceClass {
    match rest {
        ["appdata", "local", "temp", ..] | ["appdata", "locallow", "temp", ..] => PlaceClass::Temp,
        ["appdata", "local", "programs", ..] => PlaceClass::LocalData,
        ["appdata", "local", "packages", _, "tempstate", ..] => PlaceClass::Temp,
        ["appdata", "local", "microsoft", "windows", "inetcache", ..] => PlaceClass::Cache,
        ["appdata", "local" | "locallow", rest @ ..] | ["appdata", "roaming", rest @ ..] if in_profile(rest) => {
            PlaceClass::Profile
        }
        ["appdata", "roaming", ..] | ["application data", ..] => PlaceClass::Roaming,
        ["appdata", rest @ ..] if cache(rest) => PlaceClass::Cache,
        ["appdata", ..] => PlaceClass::LocalData,
        ["onedrive", rest @ ..] => in_home(rest),
        [first, rest @ ..] if first.starts_with("onedrive - ") => in_home(rest),
        _ => in_home(rest),
    }
}

fn in_mac_home(rest: &[&str]) -> PlaceClass {
    match rest {
        ["library", "caches", ..] => PlaceClass::Cache,
        ["library", "application support", rest @ ..] if in_profile(rest) => PlaceClass::Profile,
        ["library", "application support", ..] => PlaceClass::Roaming,
        ["library", ..] => PlaceClass::LocalData,
        ["applications", ..] => PlaceClass::LocalData,
        _ => in_home(rest),
    }
}

fn in_linux_home(rest: &[&str]) -> PlaceClass {
    match rest {
        ["appdata", ..] => in_windows_home(rest),
        ["library", ..] => in_mac_home(rest),
        [".cache", ..] => PlaceClass::Cache,
        [".config", rest @ ..] | ["snap", _, "common" | "current", rest @ ..] | [".var", "app", _, "config", rest @ ..]
            if in_profile(rest) =>
        {
            PlaceClass::Profile
        }
        _ => in_home(rest),
    }
}

fn in_home(rest: &[&str]) -> PlaceClass {
    const WORK: &[&str] = &[
        "src",
        "source",
        "sources",
        "code",
        "dev",
        "devel",
        "develop",
        "development",
        "projects",
        "project",
        "git",
        "github",
        "repos",
        "repositories",
        "workspace",
        "workspaces",
        "work",
        "go",
        "node_modules",
    ];
    match rest {
        ["downloads" | "download" | "heruntergeladen", ..] => PlaceClass::Downloads,
        ["desktop" | "schreibtisch", ..] => PlaceClass::Desktop,
        ["tmp" | "temp", ..] => PlaceClass::Temp,
        [first, ..] if first.starts_with('.') => PlaceClass::DotFolder,
        [folders @ .., _] if folders.iter().any(|part| WORK.contains(part)) => PlaceClass::Developer,
        _ => PlaceClass::Home,
    }
}

/// `<...>/Extensions/<id>/<version>` below a browser's data: the browser's own copy.
fn in_profile(rest: &[&str]) -> bool {
    rest.windows(2).any(|pair| matches!(pair, ["extensions", id] if super::ExtensionId::parse(id).is_some()))
}

fn cache(rest: &[&str]) -> bool {
    rest.iter().any(|part| matches!(*part, "cache" | "caches" | "code cache" | "gpucache"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_paths_of_three_systems() {
        let id = "abcdefghijklmnopabcdefghijklmnop";
        for (path, class) in [
            (r"C:\Users\kim\AppData\Roaming\AF", PlaceClass::Roaming),
            (r"\\?\C:\Users\kim\AppData\Roaming\AF", PlaceClass::Roaming),
            (r"%APPDATA%\AF", PlaceClass::Roaming),
            (r"c:\users\kim\appdata\local\temp\x", PlaceClass::Temp),
            (r"C:\Users\kim\Downloads\x", PlaceClass::Downloads),
            (r"C:\Users\Public\x", PlaceClass::Public),
            (r"C:\ProgramData\x", PlaceClass::ProgramData),
            (r"C:\Program Files\Vendor\x", PlaceClass::Program),
            (r"C:\Windows\Temp\x", PlaceClass::Temp),
            (r"D:\work\x", PlaceClass::Other),
            (r"\\server\share\x", PlaceClass::Removable),
            (r"C:\Users\kim\source\repos\ext", PlaceClass::Developer),
            (r"C:\Users\kim\Desktop\ext", PlaceClass::Desktop),
            (r"C:\Users\kim\ext", PlaceClass::Home),
            ("/home/kim/.config/x", PlaceClass::DotFolder),
            ("/home/kim/.cache/x", PlaceClass::Cache),
            ("/home/kim/projects/x", PlaceClass::Developer),
            ("/home/kim/Downloads/x", PlaceClass::Downloads),
            ("~/x", PlaceClass::Home),
            ("/root/x", PlaceClass::Home),
            ("/tmp/x", PlaceClass::Temp),
            ("/usr/share/x", PlaceClass::Program),
            ("/Users/kim/Library/Application Support/x", PlaceClass::Roaming),
            ("/Users/Shared/x", PlaceClass::Public),
            ("/Applications/X.app/Contents", PlaceClass::Program),
            ("/private/var/folders/aa/x", PlaceClass::Temp),
            ("/Volumes/STICK/x", PlaceClass::Removable),
            ("", PlaceClass::Other),
            ("relative/x", PlaceClass::Other),
        ] {
            assert_eq!(classify(path), class, "{path}");
        }
        let inside = format!(r"C:\Users\kim\AppData\Local\Google\Chrome\User Data\Default\Extensions\{id}\1.0_0");
        assert_eq!(classify(&inside), PlaceClass::Profile);
        assert_eq!(classify(&format!("/home/kim/.config/chromium/Default/Extensions/{id}/1_0")), PlaceClass::Profile);
    }
}
