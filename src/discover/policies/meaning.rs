//! What policies about extensions mean, wherever they were read.

use serde_json::{Map, Value};

use crate::model::machine::{Origin, PolicyInstall, PolicyMode, PolicySetting};
use crate::problem::{Outcome, Problem, Stage};

use super::{Context, ENTRIES, Policies};

/// Policies about extensions that install none; older names beside newer ones.
const SETTINGS: &[&str] = &[
    "ExtensionInstallSources",
    "ExtensionInstallAllowlist",
    "ExtensionInstallWhitelist",
    "ExtensionInstallBlocklist",
    "ExtensionInstallBlacklist",
    "ExtensionAllowedTypes",
    "ExtensionInstallTypeBlocklist",
    "ExtensionDeveloperModeSettings",
    "ExtensionExtendedBackgroundLifetimeForPortConnectionsToUrls",
    "ExtensionManifestV2Availability",
    "ExtensionUnpublishedAvailability",
    "BlockExternalExtensions",
    "DeveloperToolsAvailability",
    "DeveloperToolsDisabled",
    "NativeMessagingAllowlist",
    "NativeMessagingWhitelist",
    "NativeMessagingBlocklist",
    "NativeMessagingBlacklist",
    "NativeMessagingUserLevelHosts",
    "RemoteDebuggingAllowed",
    "UserDataDir",
    "3rdparty",
];

/// What policies say about extensions, from a JSON object of names and values: a pure function, for tests and fuzzing.
pub fn interpret(values: &Map<String, Value>) -> Outcome<Policies> {
    interpret_in(values, &Context { browsers: Vec::new(), mandatory: true, origin: Origin::default() })
}

/// The same, as it stands in a place.
pub(super) fn interpret_in(values: &Map<String, Value>, context: &Context) -> Outcome<Policies> {
    let mut found = Policies::default();
    let mut problems = Vec::new();
    for (policy, value) in values {
        match policy.as_str() {
            "ExtensionInstallForcelist" => force_list(policy, value, context, &mut found, &mut problems),
            "ExtensionSettings" => extension_settings(policy, value, context, &mut found, &mut problems),
            _ if SETTINGS.contains(&policy.as_str()) => {
                let origin = context.at(&[policy]);
                let value = value.clone();
                found.settings.push(PolicySetting {
                    browsers: context.browsers.clone(),
                    policy: policy.clone(),
                    value,
                    mandatory: context.mandatory,
                    origin,
                });
            }
            _ => {}
        }
    }
    (found, problems)
}

/// A list of `id;update_url`, or `id` alone for the browser's own store.
fn force_list(policy: &str, value: &Value, context: &Context, found: &mut Policies, problems: &mut Vec<Problem>) {
    let entries: Vec<(String, &Value)> = match unfold(value).as_ref() {
        Some(Value::Array(_)) | None => match value {
            Value::Array(list) => list.iter().enumerate().map(|(at, entry)| (at.to_string(), entry)).collect(),
            // In the registry a list is a key with values 1, 2, ...
            Value::Object(map) => map.iter().map(|(name, entry)| (name.clone(), entry)).collect(),
            _ => return problems.push(wrong(context, policy, "must be a list", value)),
        },
        Some(_) => return problems.push(wrong(context, policy, "must be a list", value)),
    };
    for (name, entry) in entries.into_iter().take(ENTRIES) {
        let Some(text) = entry.as_str() else {
            problems.push(wrong(context, policy, "must hold texts", entry));
            continue;
        };
        let (id, url) = text.split_once(';').map_or((text, None), |(id, url)| (id, Some(url.trim().to_owned())));
        found.installs.push(PolicyInstall {
            browsers: context.browsers.clone(),
            target: id.trim().to_lowercase(),
            mode: PolicyMode::Forced,
            update_url: url.filter(|url| !url.is_empty()),
            policy: policy.to_owned(),
            mandatory: context.mandatory,
            origin: context.at(&[policy, &name]),
        });
    }
}

/// An object of id, list of ids, `*` or `update_url:...` to what happens to them.
fn extension_settings(policy: &str, value: &Value, context: &Context, found: &mut Policies, problems: &mut Vec<Problem>) {
    let unfolded = unfold(value);
    let Some(entries) = unfolded.as_ref().unwrap_or(value).as_object() else {
        return problems.push(wrong(context, policy, "must be an object", value));
    };
    for (targets, entry) in entries.iter().take(ENTRIES) {
        let unfolded = unfold(entry);
        let Some(entry) = unfolded.as_ref().unwrap_or(entry).as_object() else {
            problems.push(wrong(context, policy, "must hold objects", entry));
            continue;
        };
        let mode = match entry.get("installation_mode").and_then(Value::as_str) {
            Some("force_installed") => PolicyMode::Forced,
            Some("normal_installed") => PolicyMode::Normal,
            Some("allowed") => PolicyMode::Allowed,
            Some("blocked") => PolicyMode::Blocked,
            Some("removed") => PolicyMode::Removed,
            _ => continue,
        };
        let targets: Vec<&str> = if targets.starts_with("update_url:") { vec![targets] } else { targets.split(',').collect() };
        for target in targets.into_iter().map(str::trim).filter(|target| !target.is_empty()) {
            found.installs.push(PolicyInstall {
                browsers: context.browsers.clone(),
                target: if target.starts_with("update_url:") { target.to_owned() } else { target.to_lowercase() },
                mode,
                update_url: entry.get("update_url").and_then(Value::as_str).map(str::to_owned),
                policy: policy.to_owned(),
                mandatory: context.mandatory,
                origin: context.at(&[policy, target]),
            });
        }
    }
}

/// An object or list that stands as JSON in a text, as the registry has it.
fn unfold(value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim();
    text.starts_with(['{', '[']).then(|| crate::model::json::parse(text.as_bytes()).ok()).flatten()
}

fn wrong(context: &Context, policy: &str, message: &str, found: &Value) -> Problem {
    let origin = context.at(&[policy]);
    let place = if origin.registry { origin.pointer } else { format!("{}{}", origin.file, origin.pointer) };
    Problem::new(place, Stage::Parse, format!("\"{policy}\" {message}, found {}", crate::model::json::kind(found)))
}
