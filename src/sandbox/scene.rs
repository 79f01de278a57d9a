//! Scenes: what is played to an extension, and the canaries in it.
//!
//! A canary is a word that occurs nowhere else. Where it turns up, what it stands for has arrived.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::builtin::packed;
use crate::model::Manifest;
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
}

/// The file of scenes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenes {
    cookies: Vec<String>,
    scene: Vec<Scene>,
}

/// All scenes; the first is played where nothing else fits, the last stands for any other page.
static SCENES: LazyLock<Scenes> =
    LazyLock::new(|| toml::from_str(packed!("src/sandbox/scenes/scenes.toml")).unwrap_or_default());

/// What a canary stands for.
#[derive(Debug)]
pub struct Canary {
    /// The name that stand-ins use.
    name: &'static str,
    /// What they show.
    shown: &'static str,
    /// The words in it by which it is known again, in small letters.
    pub words: &'static [&'static str],
    /// The source of a flow; empty for what the page's text is in the scene.
    source: &'static str,
}

const fn canary(name: &'static str, shown: &'static str, words: &'static [&'static str], source: &'static str) -> Canary {
    Canary { name, shown, words, source }
}

/// The canaries.
pub const CANARIES: &[Canary] = &[
    // A code in a mail may leave without the rest of it.
    canary("mail", "kxqmailtextzv1 Your code: 482913", &["kxqmailtextzv1", "482913"], ""),
    canary("page", "kxqpagevaluezw5", &["kxqpagevaluezw5"], ""),
    canary("selection", "kxqselectionzw4", &["kxqselectionzw4"], ""),
    canary("attachment", "kxqattachedzv2", &["kxqattachedzv2"], "mail.attachment"),
    canary("feed", "kxqfeedlinezv3", &["kxqfeedlinezv3"], "mail.feed"),
    canary("password", "kxqpasswordzv4", &["kxqpasswordzv4"], "login.password"),
    canary("own", "kxqownpasswordzx8", &["kxqownpasswordzx8"], "own.login.password"),
    canary("otp", "739164", &["739164"], "otp.code"),
    canary("user", "kxqusernamezv6", &["kxqusernamezv6"], "form.field"),
    canary("field", "kxqfieldtextzv7", &["kxqfieldtextzv7"], "form.field"),
    canary("key", "kxqkeypresszv8", &["kxqkeypresszv8"], "keyboard"),
    canary("cookie", "kxqcookiejarzv9", &["kxqcookiejarzv9"], "cookie.identity"),
    canary("session", "kxqsessionzw8", &["kxqsessionzw8"], "cookie"),
    canary("header", "kxqauthtokenzw1", &["kxqauthtokenzw1"], "network.header"),
    canary("network", "kxqnetworkbodyzw6", &["kxqnetworkbodyzw6"], "network.body"),
    canary("hook", "kxqhookedbodyzx2", &["kxqhookedbodyzx2"], "page-hook.body"),
    canary("identity", "kxqidentityzx3", &["kxqidentityzx3"], "identity"),
    canary("screen", "kxqscreenpixzw2", &["kxqscreenpixzw2"], "screen"),
    // The clipboard is often searched for addresses of wallets.
    canary(
        "clipboard",
        "kxqclipboardzw3 0x52908400098527886E0F7030069857D2E4169EE7",
        &["kxqclipboardzw3", "52908400098527886e0f7030069857d2e4169ee7"],
        "clipboard",
    ),
    canary("history", "kxqhistoryzw7", &["kxqhistoryzw7"], "history"),
    canary("bookmark", "kxqbookmarkzx4", &["kxqbookmarkzx4"], "bookmarks"),
    canary("storage", "kxqstoredzx5", &["kxqstoredzx5"], "storage"),
    canary("file", "kxqlocalfilezx6", &["kxqlocalfilezx6"], "file"),
    canary("location", "kxqlocationzx7", &["kxqlocationzx7"], "location"),
];

/// The word that stands for whatever a server says. No canary: it is nobody's data.
pub const SERVER_WORD: &str = "kxqserverwordzw9";

/// The scenes for an extension, at most `most`: the pages that its content scripts name, those that it may reach, and for
/// one that works everywhere a mailbox, a login and any page.
pub fn scenes_for(manifest: &Manifest, most: usize) -> Vec<Scene> {
    let parsed = |patterns: Vec<&String>| patterns.into_iter().filter_map(|one| HostPattern::parse(one)).collect::<Vec<_>>();
    let content = parsed(manifest.content_scripts.iter().flat_map(|script| &script.matches).collect());
    let hosts = parsed(manifest.host_permissions.iter().chain(&manifest.optional_host_permissions).collect());
    let all = &SCENES.scene;
    let mut chosen: Vec<Scene> = Vec::new();
    let mut choose = |scene: Scene| {
        if chosen.len() < most && chosen.iter().all(|other| other.url != scene.url) {
            chosen.push(scene);
        }
    };
    for patterns in [&content, &hosts] {
        let narrow = patterns.iter().filter(|pattern| pattern.host().is_some());
        for pattern in narrow {
            let fitting: Vec<_> = all.iter().filter(|scene| contains(pattern, &scene.url)).collect();
            match pattern.host().filter(|_| fitting.is_empty()) {
                Some(host) => choose(at(host, all)),
                None => fitting.into_iter().cloned().for_each(&mut choose),
            }
        }
    }
    let everywhere = content.iter().chain(&hosts).any(|pattern| pattern.host().is_none());
    for scene in all.iter().filter(|scene| everywhere && ["gmail", "google-login", "site"].contains(&scene.name.as_str())) {
        choose(scene.clone());
    }
    if chosen.is_empty() {
        chosen.extend(all.first().cloned());
    }
    chosen
}

/// Any page, at a host that an extension names.
fn at(host: &str, all: &[Scene]) -> Scene {
    let moved = |url: &String| url.replacen("site.example", host, 1);
    all.last().map_or_else(
        || Scene {
            name: String::new(),
            url: String::new(),
            title: String::new(),
            text: String::new(),
            requests: vec![],
            login: vec![],
        },
        |scene| Scene {
            url: moved(&scene.url),
            requests: scene.requests.iter().map(moved).collect(),
            login: scene.login.iter().map(moved).collect(),
            ..scene.clone()
        },
    )
}

fn contains(pattern: &HostPattern, url: &str) -> bool {
    host::of_url(url).is_some_and(|host| pattern.contains(&host))
}

impl Scene {
    /// Whether it stands for a page of any site.
    pub fn is_any_page(&self) -> bool {
        SCENES.scene.last().is_some_and(|last| last.url == self.url)
    }

    /// The scene as the stand-ins want it, for an extension that may reach what `touched` says.
    pub fn value(&self, touched: impl Fn(&str) -> bool) -> Value {
        let shown = CANARIES.iter().map(|canary| (canary.name.to_owned(), json!(canary.shown)));
        let mut canary: serde_json::Map<_, _> = shown.collect();
        canary.insert("server".to_owned(), json!(SERVER_WORD));
        let host = host::of_url(&self.url).unwrap_or_default();
        let own = self.requests.iter().chain(&self.login);
        let hosts: Vec<_> = std::iter::once(host.clone()).chain(own.clone().filter_map(|url| host::of_url(url))).collect();
        let others = SCENES.scene.iter().filter(|other| other.url != self.url);
        let mut traffic: Vec<&String> = own.collect();
        traffic.extend(others.flat_map(|other| other.requests.iter().take(1).chain(&other.login)));
        let touched: Vec<_> = traffic.iter().filter(|url| touched(url)).collect();
        let word = canary.get("cookie").cloned();
        let cookies =
            SCENES.cookies.iter().map(|domain| json!({ "name": "SID", "value": word, "domain": domain, "path": "/" }));
        json!({
            "url": self.url, "title": self.title, "origin": format!("https://{host}"), "site": host, "hosts": hosts,
            "requests": self.requests, "login": self.login, "traffic": traffic, "touched": touched,
            "cookies": cookies.collect::<Vec<_>>(), "canary": canary,
        })
    }
}

impl Canary {
    /// Whether the person types it, key by key.
    pub fn is_typed(&self) -> bool {
        self.source == "keyboard"
    }

    /// The source of a flow that it stands for, on a page whose text is `text`.
    pub fn source<'s>(&self, text: &'s str) -> &'s str {
        if self.source.is_empty() { text } else { self.source }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(manifest: &str) -> Vec<String> {
        let manifest = crate::model::manifest::parse(manifest.as_bytes()).unwrap().0;
        scenes_for(&manifest, 4).into_iter().map(|scene| format!("{} {}", scene.name, scene.url)).collect()
    }

    #[test]
    fn scenes_follow_the_hosts_of_an_extension() {
        let everywhere = r#"{"manifest_version":3,"name":"x","version":"1","host_permissions":["<all_urls>"]}"#;
        assert_eq!(names(everywhere).len(), 3);
        let shop = r#"{"manifest_version":3,"name":"x","version":"1",
            "content_scripts":[{"matches":["https://shop.test/*"],"js":["a.js"]}]}"#;
        assert_eq!(names(shop), ["site https://shop.test/article"]);
        let nothing = r#"{"manifest_version":3,"name":"x","version":"1"}"#;
        assert_eq!(names(nothing), ["gmail https://mail.google.com/mail/u/0/#inbox"]);
    }

    #[test]
    fn canaries_are_words_of_their_own() {
        let words: Vec<_> = CANARIES.iter().flat_map(|canary| canary.words).chain([&SERVER_WORD]).collect();
        for word in &words {
            assert_eq!(words.iter().filter(|other| other.contains(**word)).count(), 1, "{word}");
            assert_eq!(word.to_ascii_lowercase(), ***word);
        }
    }
}
