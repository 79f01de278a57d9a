//! Scenes: what is played to an extension, and the canaries in it.
//!
//! A canary is a word that occurs nowhere else. Where it turns up, what it stands for has arrived.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::Extension;
use crate::model::host::{self, HostPattern};

/// One page that a person has open.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// The provider's name.
    pub name: String,
    /// The page's address.
    pub url: String,
    /// The page's title.
    pub title: String,
    /// What the page's text is, as the source of a flow.
    pub text: String,
    /// Requests that the page makes.
    pub requests: Vec<String>,
    /// Requests of a login.
    pub login: Vec<String>,
    /// Domains of the session's cookies.
    pub cookies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenes {
    scene: Vec<Scene>,
}

/// All scenes; the first is played where nothing else fits.
pub static SCENES: LazyLock<Vec<Scene>> = LazyLock::new(|| {
    toml::from_str::<Scenes>(include_str!("scenes/scenes.toml")).map(|scenes| scenes.scene).unwrap_or_default()
});

/// The canaries: the name that stand-ins use, the word, and what it stands for as the source of a flow.
pub const CANARIES: &[(&str, &str, &str)] = &[
    ("mail", "kxqmailtextzv1", ""),
    ("attachment", "kxqattachedzv2", "mail.attachment"),
    ("feed", "kxqfeedlinezv3", "mail.feed"),
    ("password", "kxqpasswordzv4", "login.password"),
    ("otp", "739164", "otp.code"),
    ("user", "kxqusernamezv6", "form.field"),
    ("field", "kxqfieldtextzv7", "form.field"),
    ("key", "kxqkeypresszv8", "keyboard"),
    ("cookie", "kxqcookiejarzv9", "cookie.identity"),
    ("token", "kxqauthtokenzw1", "network.header"),
    ("screen", "kxqscreenpixzw2", "screen"),
    ("clipboard", "kxqclipboardzw3", "clipboard"),
    ("selection", "kxqselectionzw4", "page.text"),
    ("page", "kxqpagevaluezw5", "page.text"),
    ("network", "kxqnetworkbodyzw6", "network.body"),
    ("history", "kxqhistoryzw7", "history"),
];

/// The scenes for an extension: those of the services that it names, at most `most`.
pub fn scenes_for(extension: &Extension, most: usize) -> Vec<&'static Scene> {
    let Some(manifest) = &extension.manifest else { return Vec::new() };
    let patterns = manifest.content_scripts.iter().flat_map(|script| &script.matches).chain(&manifest.host_permissions);
    let patterns: Vec<_> = patterns.filter_map(|pattern| HostPattern::parse(pattern)).collect();
    let fits = |scene: &&Scene, narrow: bool| {
        let host = host::of_url(&scene.url).unwrap_or_default();
        patterns.iter().any(|pattern| (pattern.host().is_some() || !narrow) && pattern.contains(&host))
    };
    let mut chosen: Vec<_> = SCENES.iter().filter(|scene| fits(scene, true)).take(most).collect();
    if chosen.is_empty() {
        chosen.extend(SCENES.iter().take(1));
    }
    chosen
}

impl Scene {
    /// The scene as the stand-ins want it.
    pub fn value(&self) -> Value {
        let canary: serde_json::Map<_, _> = CANARIES.iter().map(|(name, word, _)| ((*name).to_owned(), json!(word))).collect();
        let host = host::of_url(&self.url).unwrap_or_default();
        let requests = self.requests.iter().chain(&self.login).filter_map(|url| host::of_url(url));
        let hosts: Vec<_> = std::iter::once(host.clone()).chain(requests).collect();
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|domain| json!({ "name": "SID", "value": canary.get("cookie"), "domain": domain }))
            .collect();
        json!({
            "url": self.url, "title": self.title, "origin": format!("https://{host}"),
            "hosts": hosts, "requests": self.requests, "login": self.login, "cookies": cookies,
            "canary": canary,
        })
    }

    /// The source that a canary stands for in this scene.
    pub fn source(&self, canary: &str) -> String {
        let known = CANARIES.iter().find(|(name, ..)| *name == canary).map_or("", |(.., source)| source);
        if known.is_empty() { self.text.clone() } else { known.to_owned() }
    }
}
