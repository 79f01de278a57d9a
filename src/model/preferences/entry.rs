//! One entry of `extensions.settings` (Chromium's `extension_prefs.cc`), in its current and its older forms.

use serde_json::Value;

use crate::model::extension::{DisableReason, EntryPath, GrantedSet, InstallRecord, Location, Presence};
use crate::model::part::Part;

/// Seconds from 1601-01-01, where the browser's clock begins, to 1970-01-01.
const EPOCH: i64 = 11_644_473_600;

/// Characters of a controlled setting's value that are kept.
const MAX_VALUE: usize = 1_000;

/// Creation flags (Chromium's `extension.h`).
const FROM_WEB_STORE: u64 = 1 << 3;
const BY_DEFAULT: u64 = 1 << 7;
const BY_OEM: u64 = 1 << 10;

/// Reads an entry. Where it was found is for the caller to say.
pub fn read(part: &Part<'_>) -> InstallRecord {
    let location_number = part.get("location").whole();
    let location = location_number.map_or(Location::Unknown, Location::from_number);
    if let Some(number) = location_number.filter(|_| location == Location::Unknown) {
        part.get("location").say(format_args!("is {number}, which no browser writes"));
    }
    let path = part.get("path").string();
    if path.as_deref().is_some_and(|path| EntryPath::of(path) == EntryPath::Refused) {
        part.get("path").say("leads out of the profile; not followed");
    }
    let flags = part.get("creation_flags").whole().and_then(|flags| u64::try_from(flags).ok()).unwrap_or_default();
    let flag = |key: &str, bit: u64| part.get(key).flag().unwrap_or(flags & bit != 0);
    let manifest = part.get("manifest").object().value().cloned();
    let state = part.get("state").whole();
    let (disable_reasons, is_list) = disable_reasons(&part.get("disable_reasons"));
    let (blocklist, is_malware) = blocklist(part);
    // Dropped values of `state`: 2 and above meant that the person had removed an external extension.
    let removed = state.is_some_and(|state| state >= 2) || (location_number.is_none() && path.is_none() && manifest.is_none());
    let enabled = match state {
        // The old form says it with `state` alone; the current one knows only reasons, whatever else an old version left.
        Some(state) if !is_list => state == 1,
        Some(0) => false,
        _ => disable_reasons.is_empty(),
    };
    let pending = part.get("idle_install_info").object();
    let old_time = time(&part.get("install_time"));
    InstallRecord {
        location,
        location_number: location_number.filter(|_| location == Location::Unknown),
        path,
        creation_flags: flags,
        enabled: enabled && !removed && !is_malware,
        disable_reasons,
        from_webstore: flag("from_webstore", FROM_WEB_STORE),
        by_default: flag("was_installed_by_default", BY_DEFAULT),
        by_oem: flag("was_installed_by_oem", BY_OEM),
        update_url: manifest.as_ref().and_then(|m| m.get("update_url")).and_then(Value::as_str).map(str::to_owned),
        installed_at: time(&part.get("first_install_time")).or(old_time),
        updated_at: time(&part.get("last_update_time")).or(old_time),
        active: granted(&part.get("active_permissions")),
        granted: granted(&part.get("granted_permissions")),
        runtime_granted: granted(&part.get("runtime_granted_permissions")),
        withheld: withheld(part),
        incognito: part.get("incognito").flag().unwrap_or(false),
        file_access: part.get("newAllowFileAccess").flag().unwrap_or(false),
        user_scripts: part.get("user_scripts_enabled").flag().unwrap_or(false),
        acknowledged: part.get("ack_external").flag().unwrap_or(false),
        allowlisted: part.get("allowlist").value().and_then(Value::as_i64) == Some(1),
        blocklist,
        controlled: controlled(part),
        pending_version: version(&pending),
        pending_path: pending.get("path").string(),
        previous_version: part.get("pending_on_installed_event_dispatch_info").get("previous_version").string(),
        account_type: part.get("account_extension_type").whole(),
        worker_version: part.get("service_worker_registration_info").get("version").string(),
        events: [events(&part.get("events")), events(&part.get("serviceworkerevents"))].concat(),
        registered_script_hosts: part.get("persistent_script_url_patterns").strings(),
        manifest,
        other_versions: Vec::new(),
        file: String::new(),
        pointer: String::new(),
        presence: if removed { Presence::Removed } else { Presence::Complete },
    }
}

/// Microseconds since 1601 in a string (a number in hand-made files) to Unix seconds.
fn time(part: &Part<'_>) -> Option<i64> {
    let micros = match part.value()? {
        Value::String(text) => text.parse::<i64>().ok(),
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    let Some(micros) = micros else {
        part.say("is not a time: microseconds since 1601 in a string are wanted");
        return None;
    };
    // Zero is the browser's word for "never".
    (micros > 0).then(|| micros / 1_000_000 - EPOCH)
}

/// The reasons, and whether they came in the current form: a list of numbers with one bit each, once one number of all bits.
fn disable_reasons(part: &Part<'_>) -> (Vec<DisableReason>, bool) {
    let is_list = !matches!(part.value(), Some(Value::Number(_)));
    let numbers: Vec<i64> =
        if is_list { part.list().iter().filter_map(Part::whole).collect() } else { part.whole().into_iter().collect() };
    let bits = numbers.into_iter().fold(0_u64, |bits, number| bits | u64::try_from(number).unwrap_or_default());
    ((0..64).filter(|bit| bits & (1 << bit) != 0).map(DisableReason).collect(), is_list)
}

/// What Safe Browsing or the store said, and whether that keeps the browser from running it.
fn blocklist(part: &Part<'_>) -> (Option<String>, bool) {
    let old = part.get("blacklist_state").whole();
    let bits = part.get("omaha_blocklist_state").whole().unwrap_or_default();
    let words = [("malware", 1, 1), ("vulnerable", 2, 2), ("policy_violation", 3, 4), ("potentially_unwanted", 4, 8)];
    let says = |number: i64, bit: i64| old == Some(number) || bits & bit != 0;
    let malware = says(1, 1) || part.get("blacklist").flag() == Some(true);
    let word = if malware { Some("malware") } else { words.iter().find(|w| says(w.1, w.2)).map(|w| w.0) };
    (word.map(str::to_owned), malware)
}

/// Host access "on click"; the older key says the opposite.
fn withheld(part: &Part<'_>) -> bool {
    let current = part.get("withholding_permissions").flag();
    current.or_else(|| part.get("extension_can_script_all_urls").flag().map(|may| !may)).unwrap_or(false)
}

fn granted(part: &Part<'_>) -> GrantedSet {
    let part = part.clone().object();
    let api = part.get("api").list();
    let name = |item: &Part<'_>| match item.value() {
        // A permission with details: an object with the name as its key.
        Some(Value::Object(object)) => object.keys().next().cloned(),
        _ => item.string(),
    };
    let manifest = part.get("manifest_permissions").list();
    GrantedSet {
        api: api.iter().filter_map(name).collect(),
        manifest: manifest.iter().filter_map(name).collect(),
        explicit_hosts: part.get("explicit_host").strings(),
        scriptable_hosts: part.get("scriptable_host").strings(),
    }
}

/// Events that the browser wakes the extension for. The list may hold strings, or (filtered events) an object of lists.
fn events(part: &Part<'_>) -> Vec<String> {
    match part.value() {
        Some(Value::Array(_)) => part.strings(),
        Some(Value::Object(object)) => object.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

fn version(install: &Part<'_>) -> Option<String> {
    install.get("manifest").get("version").string()
}

/// Settings of the browser that the extension controls, with their dotted names, and settings for sites.
fn controlled(part: &Part<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for key in ["preferences", "incognito_preferences", "regular_only_preferences"] {
        for (name, setting) in part.get(key).members() {
            if let Some(value) = setting.value() {
                flatten(name, value, 0, &mut found);
            }
        }
    }
    for key in ["content_settings", "incognito_content_settings"] {
        if let Some(Value::Array(rules)) = part.get(key).value()
            && !rules.is_empty()
        {
            found.push((key.to_owned(), shown(&Value::Array(rules.iter().take(20).cloned().collect()))));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The names of settings have dots, which the file keeps as levels; a value that is an object itself (a proxy) is kept whole.
fn flatten(name: &str, value: &Value, level: usize, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) if name != "proxy" && level < 4 && !object.is_empty() => {
            for (key, value) in object {
                flatten(&format!("{name}.{key}"), value, level + 1, found);
            }
        }
        value if found.len() < 200 => found.push((name.to_owned(), shown(value))),
        _ => {}
    }
}

/// A value as text: strings as they are, everything else as JSON, cut where it is long.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars().take(MAX_VALUE).collect()
}
