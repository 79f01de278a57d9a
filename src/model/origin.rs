//! What surrounds an installation: codes and lists that vouch for it, the folder it lies in, the same id elsewhere, and code
//! that it has left with the browser. Gathered once for each extension; facts are made of it.

use serde_json::Value;

use super::content::ContentCheck;
use super::id::ExtensionId;
use super::mac::{Codes, ProfileMacs, Proven};
use super::machine::System;

/// Scripts in one registration, and registrations of one extension, that are looked at.
const MAX_SCRIPTS: usize = 1_000;
/// Bytes of code that an extension may have registered; more is not held.
const MAX_CODE: usize = 32 << 20;

/// Everything known of where an extension came from that is neither in its entry nor in its files.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The codes of its preference entry.
    pub codes: Codes,
    /// What the codes of the profile are keyed by, where that is proven.
    pub proven: Option<Proven>,
    /// What was tried to prove it.
    pub tried: String,
    /// The comparison of the files with the store's list.
    pub content: Option<ContentCheck>,
    /// The system that the profile was written on.
    pub system: Option<System>,
    /// Whether the profile's developer mode is on.
    pub developer_mode: Option<bool>,
    /// The same id in other browsers and profiles.
    pub elsewhere: Vec<Elsewhere>,
    /// Scripts that it has registered with the browser.
    pub registered: Vec<RegisteredScript>,
    /// The browser, in its name for people.
    pub browser: String,
}

impl Origin {
    /// What the codes of a profile say of one entry in one of its files.
    pub fn with_codes(mut self, macs: &ProfileMacs, file: &str, id: &ExtensionId) -> Origin {
        self.codes = macs.entry(file, id);
        self.proven.clone_from(&macs.proven);
        self.tried.clone_from(&macs.tried);
        self
    }
}

/// The same id in another profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elsewhere {
    /// The browser's name.
    pub browser: String,
    /// Folder of the profile.
    pub profile: String,
    /// When it was installed there, Unix seconds.
    pub installed_at: Option<i64>,
}

/// A script that an extension has registered with the browser while it ran. Its code may be in no file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisteredScript {
    /// The name it was registered under.
    pub id: String,
    /// Files of the extension that run.
    pub files: Vec<String>,
    /// Code that runs, kept in the profile only.
    pub inline: Vec<String>,
    /// Addresses it runs on.
    pub matches: Vec<String>,
    /// `isolated`, `main` or `user-script`.
    pub world: String,
    /// True for `chrome.userScripts`.
    pub user_script: bool,
}

/// The key of an extension's registered scripts in the profile's `Extension Scripts`.
pub fn registered_key(id: &ExtensionId) -> String {
    format!("{id}.dynamic_scripts")
}

/// Reads what the profile keeps under [`registered_key`]. What is not understood is left out: the browser writes it.
pub fn registered_scripts(json: &[u8]) -> Vec<RegisteredScript> {
    let Ok(document) = super::json::parse(json) else { return Vec::new() };
    let mut left = MAX_CODE;
    let mut read = |script: &Value| {
        let text = |key: &str| script.get(key).and_then(Value::as_str).unwrap_or_default();
        let list = |key: &str| script.get(key).and_then(Value::as_array).into_iter().flatten().take(MAX_SCRIPTS);
        let sources = |key: &'static str| list("js").filter_map(move |source| source.get(key)?.as_str());
        let mut inline = Vec::new();
        for code in sources("code") {
            left = left.saturating_sub(code.len());
            if left > 0 {
                inline.push(code.to_owned());
            }
        }
        RegisteredScript {
            id: text("id").trim_start_matches("_dc_").trim_start_matches("_du_").to_owned(),
            files: sources("file").map(str::to_owned).collect(),
            inline,
            matches: list("matches").filter_map(Value::as_str).map(str::to_owned).collect(),
            world: text("world").to_ascii_lowercase().replace('_', "-"),
            user_script: text("source").contains("USER_SCRIPT"),
        }
    };
    document.as_array().into_iter().flatten().take(MAX_SCRIPTS).map(&mut read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_as_chromium_156_keeps_them() {
        let json = br#"[{"allFrames":false,"id":"_dc_dynamic","js":[{"file":"content.js"}],"matchOriginAsFallback":false,
            "matches":["https://example.com/dynamic/*"],"runAt":"document_idle","source":"DYNAMIC_CONTENT_SCRIPT","world":"ISOLATED"},
            {"id":"_du_x","js":[{"code":"alert(1)"}],"source":"DYNAMIC_USER_SCRIPT","world":"USER_SCRIPT"}, 7]"#;
        let scripts = registered_scripts(json);
        assert_eq!(
            scripts[..2],
            [
                RegisteredScript {
                    id: "dynamic".into(),
                    files: vec!["content.js".into()],
                    matches: vec!["https://example.com/dynamic/*".into()],
                    world: "isolated".into(),
                    ..RegisteredScript::default()
                },
                RegisteredScript {
                    id: "x".into(),
                    inline: vec!["alert(1)".into()],
                    world: "user-script".into(),
                    user_script: true,
                    ..RegisteredScript::default()
                }
            ]
        );
        assert_eq!(registered_scripts(b"{}"), []);
        assert_eq!(registered_scripts(b"["), []);
    }
}
