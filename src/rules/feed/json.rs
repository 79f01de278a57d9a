//! Lists as JSON: STIX 2.1 bundles, MISP events, chrome-mal-ids, and plain lists of values or of objects.

use serde_json::Value;

use crate::extract::indicators::{IndicatorType, Strength};

use super::value::{Classified, classify};
use super::{About, Feed, says_remediated};

/// Reads JSON, or one JSON value a line.
pub(super) fn read(text: &str, feed: &mut Feed) {
    match serde_json::from_str::<Value>(text) {
        Ok(document) => document_of(&document, feed),
        Err(whole) => {
            let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            let values: Vec<_> = lines.iter().map(|line| serde_json::from_str::<Value>(line)).collect();
            if lines.len() < 2 || values.iter().all(Result::is_err) {
                feed.complain("", format!("not JSON: {whole}"));
                return;
            }
            for (number, value) in values.into_iter().enumerate() {
                match value {
                    Ok(value) => document_of(&value, feed),
                    Err(error) => feed.complain(&format!("line {}", number + 1), format!("not JSON: {error}")),
                }
            }
        }
    }
}

fn document_of(document: &Value, feed: &mut Feed) {
    if text(document, "type") == Some("bundle") {
        return stix(document, feed);
    }
    if let Some(event) = document.get("Event") {
        return misp(event, feed);
    }
    if let Some(Value::Array(events)) = document.get("response") {
        return events.iter().filter_map(|event| event.get("Event")).for_each(|event| misp(event, feed));
    }
    let source = document.get("meta").and_then(|meta| text(meta, "name").or_else(|| text(meta, "url"))).map(str::to_owned);
    let about = About { source, ..About::default() };
    let lists = ["extensions", "indicators", "iocs", "data", "objects", "items", "ids", "fingerprints"];
    match lists.iter().find_map(|name| document.get(*name).filter(|list| list.is_array())) {
        Some(list) => plain(list, "", &about, feed),
        None => plain(document, "", &about, feed),
    }
}

/// The text of a member.
fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn first<'v>(value: &'v Value, names: &[&str]) -> Option<&'v str> {
    names.iter().find_map(|name| text(value, name).filter(|text| !text.trim().is_empty()))
}

/// A list of values or of objects with a value.
fn plain(value: &Value, place: &str, about: &About, feed: &mut Feed) {
    match value {
        Value::String(text) => feed.add(place, text, about),
        Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                match value {
                    Value::String(text) => feed.add(&format!("entry {}", number + 1), text, about),
                    Value::Object(_) => object(value, &format!("entry {}", number + 1), about, feed),
                    _ => feed.complain(&format!("entry {}", number + 1), "neither a text nor an object: left out"),
                }
            }
        }
        Value::Object(members) => {
            // { "id": "name", ... } or { "id": {...}, ... }: the keys are the values.
            let keyed = members.keys().filter(|key| matches!(classify(key), Classified::Value(..))).count();
            if keyed == 0 {
                return object(value, place, about, feed);
            }
            for (key, inner) in members {
                let mut about = about.clone();
                described(inner, &mut about);
                feed.add(place, key, &about);
            }
        }
        _ => feed.complain(place, "no list of values: left out"),
    }
}

const VALUES: &[&str] = &[
    "value",
    "ext_id",
    "extension_id",
    "extensionId",
    "EXTID",
    "id",
    "indicator",
    "ioc",
    "sha256",
    "hash",
    "domain",
    "host",
    "url",
    "fingerprint",
];

fn object(value: &Value, place: &str, about: &About, feed: &mut Feed) {
    let mut about = about.clone();
    described(value, &mut about);
    let Some(found) = first(value, VALUES) else {
        feed.complain(place, "an object without a value: left out");
        return;
    };
    let kind = first(value, &["type"]).and_then(|kind| IndicatorType::WORDS.iter().find(|(word, _)| *word == kind));
    match kind {
        Some((_, kind @ (IndicatorType::Path | IndicatorType::FileName | IndicatorType::RequestParam))) => {
            about.strength = Some(Strength::Context);
            feed.add_typed(place, *kind, found.to_lowercase(), &about);
        }
        _ => feed.add(place, found, &about),
    }
    // An extension of one of our reports carries both its id and what its code is built like.
    if let Some(print) = text(value, "fingerprint").filter(|print| *print != found) {
        feed.add(place, print, &about);
    }
}

/// What an object says beside its value.
fn described(value: &Value, about: &mut About) {
    let set = |slot: &mut Option<String>, names: &[&str]| {
        if let Some(text) = first(value, names) {
            *slot = Some(text.to_owned());
        }
    };
    set(&mut about.family, &["family", "malware", "campaign", "threat"]);
    set(&mut about.source, &["source", "article", "reference"]);
    set(&mut about.date, &["date", "date_added", "first_seen", "DATE-ADD"]);
    let strength = first(value, &["strength"]);
    about.strength =
        Strength::WORDS.iter().find(|(word, _)| Some(*word) == strength).map(|(_, strength)| *strength).or(about.strength);
    about.remediated |= value.get("remediated").and_then(Value::as_bool).unwrap_or(false);
    about.remediated |= ["notes", "status", "remediated", "threat_type"]
        .iter()
        .any(|name| text(value, name).is_some_and(|said| says_remediated(said) || (*name == "remediated" && said == "yes")));
    // Our own lists: what nobody has verified is context.
    if value.get("verified").and_then(Value::as_bool) == Some(false) {
        about.strength = Some(Strength::Context);
    }
}

/// A STIX 2.1 bundle: the equality tests in the patterns of its indicators.
fn stix(bundle: &Value, feed: &mut Feed) {
    let none = Vec::new();
    let objects = bundle.get("objects").and_then(Value::as_array).unwrap_or(&none);
    for (number, object) in objects.iter().enumerate().filter(|(_, object)| text(object, "type") == Some("indicator")) {
        let place = text(object, "id").map_or_else(|| format!("object {}", number + 1), str::to_owned);
        let list = |name: &str| object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let kinds: Vec<&str> = list("indicator_types").iter().chain(list("labels")).filter_map(Value::as_str).collect();
        let reference = list("external_references").first();
        let reference = reference.and_then(|reference| text(reference, "url").or_else(|| text(reference, "source_name")));
        let about = About {
            family: text(object, "name").map(str::to_owned),
            source: reference.map(str::to_owned),
            date: text(object, "valid_from").or_else(|| text(object, "created")).map(str::to_owned),
            remediated: object.get("revoked").and_then(Value::as_bool).unwrap_or(false)
                || kinds.iter().any(|kind| says_remediated(kind))
                || text(object, "description").is_some_and(says_remediated),
            strength: None,
            harmless: kinds.contains(&"benign"),
        };
        let pattern = text(object, "pattern").unwrap_or_default();
        let found = comparisons(pattern);
        if found.is_empty() {
            feed.complain(&place, "no comparison with a hash, id, host or address in its pattern: left out");
        }
        for value in found {
            feed.add(&place, &value, &about);
        }
    }
}

/// The values of `... = '...'` in a STIX pattern that could be what we compare; names and sizes are passed over.
fn comparisons(pattern: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('=') {
        let (path, after) = rest.split_at(at);
        let path = path.rsplit(['[', ' ']).find(|part| !part.trim().is_empty()).unwrap_or_default();
        let after = after.get(1..).unwrap_or_default().trim_start();
        let Some(quoted) = after.strip_prefix('\'') else {
            rest = after;
            continue;
        };
        let end = quoted.find('\'').unwrap_or(quoted.len());
        let value = quoted.get(..end).unwrap_or_default();
        let wanted = ["hashes", "domain-name", "url", "ipv4-addr", "extension"].iter().any(|word| path.contains(word));
        // Extension ids have no object of their own in STIX 2.1: lists put them wherever they like.
        if wanted || matches!(classify(value), Classified::Value(IndicatorType::ExtensionId, _)) {
            found.push(value.to_owned());
        }
        rest = quoted.get(end..).unwrap_or_default().trim_start_matches('\'');
    }
    found
}

/// A MISP event: its attributes, and those of its objects.
fn misp(event: &Value, feed: &mut Feed) {
    let none = Vec::new();
    let list = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let info = text(event, "info").map(str::to_owned);
    let objects = event.get("Object").and_then(Value::as_array).unwrap_or(&none);
    let attributes = list(event, "Attribute").into_iter().chain(objects.iter().flat_map(|object| list(object, "Attribute")));
    for (number, attribute) in attributes.enumerate() {
        let place = format!("attribute {}", number + 1);
        let kind = text(&attribute, "type").unwrap_or_default();
        let comment = text(&attribute, "comment").unwrap_or_default();
        let value = text(&attribute, "value").unwrap_or_default();
        // `filename|sha256` and its like: the part after the bar.
        let value = if kind.contains('|') { value.rsplit('|').next().unwrap_or(value) } else { value };
        let about = About {
            family: None,
            source: info.clone(),
            date: text(event, "date").map(str::to_owned),
            remediated: says_remediated(comment),
            strength: None,
            harmless: attribute.get("to_ids").and_then(Value::as_bool) == Some(false),
        };
        let known = ["sha256", "domain", "hostname", "url", "ip-dst", "chrome-extension-id", "filename|sha256", "domain|ip"];
        let id = matches!(classify(value), Classified::Value(IndicatorType::ExtensionId, _));
        if known.contains(&kind) || id {
            feed.add(&place, value, &about);
        }
    }
}
