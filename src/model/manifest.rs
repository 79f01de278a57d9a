//! `manifest.json` of versions 2 and 3, as the browser reads it.

mod read;

use serde_json::Value;

pub use read::{ManifestError, from_value, parse};

/// A manifest, with the parts that facts are made of. Unknown keys stay in `raw`; a part of the wrong type is left empty and
/// said in the problems of [`parse`].
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// The whole document; the last of duplicate keys.
    pub raw: Value,
    /// 1, 2, 3; 0 where missing.
    pub manifest_version: u32,
    /// `name`, not localised.
    pub name: String,
    /// `short_name`, not localised.
    pub short_name: Option<String>,
    /// `version`.
    pub version: String,
    /// `version_name`.
    pub version_name: Option<String>,
    /// `description`, not localised.
    pub description: String,
    /// `author`, or its mail address.
    pub author: Option<String>,
    /// `default_locale`.
    pub default_locale: Option<String>,
    /// `key` as written.
    pub key: Option<String>,
    /// `update_url`.
    pub update_url: Option<String>,
    /// `homepage_url`.
    pub homepage_url: Option<String>,
    /// `minimum_chrome_version`.
    pub minimum_browser: Option<String>,
    /// API permissions asked for.
    pub permissions: Vec<String>,
    /// API permissions that may be asked for later.
    pub optional_permissions: Vec<String>,
    /// Host patterns asked for: `host_permissions`, or the patterns among the `permissions` of version 2.
    pub host_permissions: Vec<String>,
    /// Host patterns that may be asked for later.
    pub optional_host_permissions: Vec<String>,
    /// Where the background code is.
    pub background: Background,
    /// Declared content scripts.
    pub content_scripts: Vec<ContentScript>,
    /// `devtools_page`.
    pub devtools_page: Option<String>,
    /// Popup of `action`, `browser_action` or `page_action`.
    pub popup: Option<String>,
    /// `options_page` or `options_ui.page`.
    pub options_page: Option<String>,
    /// `side_panel.default_path`, `chrome_url_overrides` and the like: key and page.
    pub other_pages: Vec<(String, String)>,
    /// `sandbox.pages`.
    pub sandbox_pages: Vec<String>,
    /// `web_accessible_resources`: patterns of paths, and who may load them.
    pub web_accessible: Vec<WebAccessible>,
    /// Content security policy of extension pages.
    pub csp: Option<String>,
    /// Content security policy of sandboxed pages.
    pub sandbox_csp: Option<String>,
    /// `externally_connectable.matches` and `.ids`.
    pub externally_connectable: Vec<String>,
    /// Files of `declarative_net_request.rule_resources` that are enabled or not.
    pub rule_resources: Vec<String>,
    /// Home page, search provider and start pages that it takes over: which, and the address.
    pub settings_overrides: Vec<(String, String)>,
    /// `oauth2.scopes`.
    pub oauth_scopes: Vec<String>,
    /// True for `theme`.
    pub theme: bool,
    /// True for hosted or packaged apps (`app`).
    pub app: bool,
    /// What a browser would not like, each kind once: `no-name`, `no-version`, `bad-version`, `wrong-type`, `stray-host`,
    /// `outside-path`.
    pub faults: Vec<&'static str>,
}

impl Manifest {
    /// Files that it names as scripts, whatever they are called.
    pub fn scripts(&self) -> impl Iterator<Item = &String> {
        self.background.files().chain(self.content_scripts.iter().flat_map(|entry| &entry.js))
    }
}

/// Where the background code is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Background {
    /// `background.scripts`.
    pub scripts: Vec<String>,
    /// `background.page`.
    pub page: Option<String>,
    /// `background.service_worker`.
    pub service_worker: Option<String>,
    /// `"type": "module"`.
    pub module: bool,
    /// `background.persistent`.
    pub persistent: Option<bool>,
}

impl Background {
    /// The service worker, then the scripts.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.service_worker.iter().chain(&self.scripts)
    }
}

/// One entry of `content_scripts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentScript {
    /// Host patterns it runs on.
    pub matches: Vec<String>,
    /// Host patterns it does not run on.
    pub exclude_matches: Vec<String>,
    /// `include_globs` and `exclude_globs`.
    pub globs: Vec<String>,
    /// Scripts in order.
    pub js: Vec<String>,
    /// Style sheets.
    pub css: Vec<String>,
    /// `document_start`, `document_end`, `document_idle`.
    pub run_at: Option<String>,
    /// `"world": "MAIN"`.
    pub main_world: bool,
    /// In frames too.
    pub all_frames: bool,
    /// In `about:blank` and similar frames of its pages too.
    pub about_blank: bool,
}

/// One entry of `web_accessible_resources`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebAccessible {
    /// Path patterns.
    pub resources: Vec<String>,
    /// Pages that may load them.
    pub matches: Vec<String>,
    /// Extensions that may load them.
    pub extensions: Vec<String>,
    /// Whether it says who may load them (version 3); otherwise every page may.
    pub declared: bool,
}

#[cfg(test)]
mod tests;
