//! From the document to a [`Manifest`], part by part.

use serde_json::Value;
use thiserror::Error;

use super::{Background, ContentScript, Manifest, WebAccessible};
use crate::model::json::{self, JsonError};
use crate::model::part::{Part, Said};
use crate::model::path;
use crate::problem::{Outcome, Problem};

/// The name under which a manifest is reported.
const NAME: &str = "manifest.json";

/// Why there is no manifest at all: the file is broken, or something else than a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// The browser refuses the text: truncated, another encoding, not JSON.
    #[error("manifest.json: {0}")]
    Json(#[from] JsonError),
    /// JSON, but not an object.
    #[error("manifest.json: must be an object, found {0}")]
    NotAnObject(&'static str),
}

/// Reads `manifest.json` as the browser does. Parts of the wrong type are left empty and said.
pub fn parse(bytes: &[u8]) -> Result<Outcome<Manifest>, ManifestError> {
    from_value(json::parse(bytes)?)
}

/// The same for a manifest that was read before: the copy in a preferences entry.
pub fn from_value(value: Value) -> Result<Outcome<Manifest>, ManifestError> {
    if !value.is_object() {
        return Err(ManifestError::NotAnObject(json::kind(&value)));
    }
    let (mut manifest, problems) = read(&value);
    manifest.raw = value;
    Ok((manifest, problems))
}

fn read(value: &Value) -> (Manifest, Vec<Problem>) {
    let said = Said::about(NAME);
    let root = Part::root(value, &said);
    let version = manifest_version(&root);
    let (permissions, hosts) = permissions(&root.get("permissions"));
    let (optional, optional_hosts) = permissions_optional(&root);
    let modern = version >= 3;
    let (host_permissions, stray_hosts) =
        if modern { (root.get("host_permissions").strings(), hosts) } else { (hosts, Vec::new()) };
    if !stray_hosts.is_empty() {
        said.note("stray-host");
    }
    for host in stray_hosts.iter().take(3) {
        said.say(format_args!("host \"{host}\" under \"permissions\" is not granted in version {version}"));
    }
    let (popup, mut other_pages) = popups(&root);
    let (options_page, more) = options(&root);
    other_pages.extend(more);
    other_pages.extend(overrides(&root));
    let policy = root.get("content_security_policy");
    let policies = match policy.value() {
        Some(Value::Object(_)) => (policy.get("extension_pages").string(), policy.get("sandbox").string()),
        _ => (policy.string(), root.get("sandbox").object().get("content_security_policy").string()),
    };
    let connectable = root.get("externally_connectable").object();
    let manifest = Manifest {
        raw: Value::Null,
        manifest_version: version,
        name: required(&root, "name"),
        short_name: root.get("short_name").string(),
        version: version_text(&root),
        version_name: root.get("version_name").string(),
        description: root.get("description").string().unwrap_or_default(),
        author: author(&root),
        default_locale: root.get("default_locale").string(),
        key: root.get("key").string(),
        update_url: root.get("update_url").string(),
        homepage_url: root.get("homepage_url").string(),
        minimum_browser: root.get("minimum_chrome_version").string(),
        permissions,
        optional_permissions: optional,
        host_permissions,
        optional_host_permissions: optional_hosts,
        background: background(&root),
        content_scripts: content_scripts(&root.get("content_scripts")),
        devtools_page: page(&root.get("devtools_page")),
        popup,
        options_page,
        other_pages,
        sandbox_pages: pages(&root.get("sandbox").object().get("pages")),
        web_accessible: web_accessible(&root.get("web_accessible_resources")),
        csp: policies.0,
        sandbox_csp: policies.1,
        externally_connectable: [connectable.get("matches").strings(), connectable.get("ids").strings()].concat(),
        rule_resources: rule_resources(&root.get("declarative_net_request").object()),
        settings_overrides: settings_overrides(&root.get("chrome_settings_overrides").object()),
        oauth_scopes: root.get("oauth2").object().get("scopes").strings(),
        theme: root.get("theme").is_there(),
        app: root.get("app").is_there(),
        faults: Vec::new(),
    };
    (Manifest { faults: said.faults(), ..manifest }, said.into_problems())
}

fn required(root: &Part<'_>, key: &str) -> String {
    let part = root.get(key);
    let text = part.string().unwrap_or_default();
    if text.is_empty() && part.value().is_none_or(Value::is_string) {
        let fault = if key == "name" { "no-name" } else { "bad-version" };
        part.fault(fault, "is missing or empty; the browser refuses this manifest");
    }
    text
}

fn manifest_version(root: &Part<'_>) -> u32 {
    let part = root.get("manifest_version");
    if !part.is_there() {
        part.fault("no-version", "is missing; current browsers refuse this manifest");
        return 0;
    }
    part.whole().and_then(|version| u32::try_from(version).ok()).unwrap_or_default()
}

/// `version`, with a word on what the browser would not take: one to four parts below 2^32.
fn version_text(root: &Part<'_>) -> String {
    let text = required(root, "version");
    let parts: Vec<&str> = text.split('.').collect();
    let fits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) && part.parse::<u32>().is_ok();
    let is_version = parts.len() <= 4 && parts.iter().all(fits);
    if !text.is_empty() && !is_version {
        root.get("version").fault("bad-version", "is not one to four numbers with dots; the browser refuses this manifest");
    }
    text
}

/// A name, or the object with an address that newer versions take.
fn author(root: &Part<'_>) -> Option<String> {
    let part = root.get("author");
    match part.value() {
        Some(Value::Object(_)) => part.get("email").string(),
        _ => part.string(),
    }
}

/// API permissions and host patterns out of one list. A permission with details is an object with one key.
fn permissions(list: &Part<'_>) -> (Vec<String>, Vec<String>) {
    let mut names: Vec<String> = Vec::new();
    for part in list.list() {
        match part.value() {
            Some(Value::Object(object)) => names.extend(object.keys().take(8).cloned()),
            _ => names.extend(part.string()),
        }
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.into_iter().partition(|name| !is_host(name))
}

/// Whether a permission is a host pattern.
fn is_host(permission: &str) -> bool {
    permission == "<all_urls>" || permission.contains("://")
}

/// Optional hosts stand in a list of their own, or (version 2) among the permissions.
fn permissions_optional(root: &Part<'_>) -> (Vec<String>, Vec<String>) {
    let (permissions, mut hosts) = permissions(&root.get("optional_permissions"));
    for host in root.get("optional_host_permissions").strings() {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    (permissions, hosts)
}

fn background(root: &Part<'_>) -> Background {
    let part = root.get("background").object();
    let app = root.get("app").object().get("background").object();
    let scripts = if part.is_there() { pages(&part.get("scripts")) } else { pages(&app.get("scripts")) };
    Background {
        scripts,
        page: page(&part.get("page")),
        service_worker: page(&part.get("service_worker")),
        module: part.get("type").text() == Some("module"),
        persistent: part.get("persistent").flag(),
    }
}

fn content_scripts(list: &Part<'_>) -> Vec<ContentScript> {
    let script = |part: Part<'_>| ContentScript {
        matches: part.get("matches").strings(),
        exclude_matches: part.get("exclude_matches").strings(),
        globs: [part.get("include_globs").strings(), part.get("exclude_globs").strings()].concat(),
        js: files(&part.get("js")),
        css: files(&part.get("css")),
        run_at: part.get("run_at").string(),
        main_world: part.get("world").text() == Some("MAIN"),
        all_frames: part.get("all_frames").flag().unwrap_or(false),
        about_blank: part.get("match_about_blank").flag().unwrap_or(false)
            || part.get("match_origin_as_fallback").flag().unwrap_or(false),
    };
    list.list().into_iter().map(Part::object).filter(Part::is_there).map(script).collect()
}

/// `action.default_popup` and its older names; the first is the popup, the others are pages all the same.
fn popups(root: &Part<'_>) -> (Option<String>, Vec<(String, String)>) {
    let keys = ["action", "browser_action", "page_action"];
    let mut found =
        keys.into_iter().filter_map(|key| Some((key.to_owned(), page(&root.get(key).object().get("default_popup"))?)));
    (found.next().map(|(_, page)| page), found.collect())
}

fn options(root: &Part<'_>) -> (Option<String>, Vec<(String, String)>) {
    let current = page(&root.get("options_ui").object().get("page"));
    let old = page(&root.get("options_page"));
    match (current, old) {
        (Some(current), Some(old)) if current != old => (Some(current), vec![("options_page".into(), old)]),
        (current, old) => (current.or(old), Vec::new()),
    }
}

/// Pages that other keys open, with the key.
fn overrides(root: &Part<'_>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (key, part) in root.get("chrome_url_overrides").members() {
        found.extend(page(&part).map(|page| (format!("chrome_url_overrides.{key}"), page)));
    }
    for (key, inner) in [("side_panel", "default_path"), ("sidebar_action", "default_panel"), ("user_scripts", "api_script")] {
        let part = root.get(key);
        if part.value().is_some_and(Value::is_object) {
            found.extend(page(&part.get(inner)).map(|page| (format!("{key}.{inner}"), page)));
        }
    }
    let launch = root.get("app").object().get("launch").object();
    found.extend(page(&launch.get("local_path")).map(|page| ("app.launch.local_path".into(), page)));
    found
}

/// Version 2 lists paths for everybody; version 3 says who may load which.
fn web_accessible(list: &Part<'_>) -> Vec<WebAccessible> {
    let mut paths = Vec::new();
    let mut entries = Vec::new();
    for part in list.list() {
        match part.value() {
            Some(Value::String(path)) => paths.push(path.trim_start_matches('/').to_owned()),
            _ => {
                let part = part.object();
                if part.is_there() {
                    let resources = part.get("resources").strings();
                    let resources = resources.iter().map(|path| path.trim_start_matches('/').to_owned()).collect();
                    let matches = part.get("matches").strings();
                    let extensions = part.get("extension_ids").strings();
                    entries.push(WebAccessible { resources, matches, extensions, declared: true });
                }
            }
        }
    }
    if !paths.is_empty() {
        entries.insert(0, WebAccessible { resources: paths, ..WebAccessible::default() });
    }
    entries
}

fn rule_resources(part: &Part<'_>) -> Vec<String> {
    part.get("rule_resources").list().iter().filter_map(|rule| file(&rule.get("path"))).collect()
}

/// Home page, search and start pages that the extension takes over: what, and the address.
fn settings_overrides(part: &Part<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    found.extend(part.get("homepage").string().map(|address| ("homepage".to_owned(), address)));
    let search = part.get("search_provider").object();
    found.extend(search.get("search_url").string().map(|address| ("search_provider".to_owned(), address)));
    found.extend(part.get("startup_pages").strings().into_iter().map(|address| ("startup_pages".to_owned(), address)));
    found
}

/// A page or script that is loaded as an address.
fn page(part: &Part<'_>) -> Option<String> {
    let raw = part.text()?;
    let page = path::page(raw);
    if page.is_none() {
        part.fault("outside-path", "names no file");
    }
    page
}

fn pages(list: &Part<'_>) -> Vec<String> {
    list.list().iter().filter_map(page).collect()
}

/// A file that is read by its path.
fn file(part: &Part<'_>) -> Option<String> {
    let raw = part.text()?;
    let file = path::file(raw);
    if file.is_none() {
        part.fault("outside-path", "names no file inside the extension");
    }
    file
}

fn files(list: &Part<'_>) -> Vec<String> {
    list.list().iter().filter_map(file).collect()
}
