//! The single objects of a STIX bundle: ids, observables, patterns, and what is the same in every bundle.

use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use super::super::model::ExtensionReport;
use super::super::shared::{Kind, Shared};
use super::super::tlp::Tlp;

/// The namespace of the standard (STIX 2.1, 2.9), for observables and nothing else.
const OBSERVABLES: Uuid = uuid!("00abedb4-aa42-466c-9c01-fed23315a9b7");
/// The namespace of this program, for everything else.
const OURS: Uuid = uuid!("ceabd714-0817-4020-98ee-92e923e53d7b");

/// When the objects that are the same in every report came into the world. A later time says which version is newer.
pub(super) const BORN: &str = "2026-01-01T00:00:00.000Z";

/// A time as STIX writes it, never before [`BORN`].
pub(super) struct Time(String);

impl Time {
    /// Out of a report, whose time may be of any form.
    pub(super) fn of(text: &str) -> Time {
        let born: Option<jiff::Timestamp> = BORN.parse().ok();
        let time = text.parse().ok().max(born);
        Time(time.map_or_else(|| BORN.to_owned(), |time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
    }

    /// RFC 3339 with milliseconds, UTC.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// The id of an object that is no observable: the same name, the same id.
pub(super) fn id(kind: &str, name: &[&str]) -> String {
    let name = [&[kind], name].concat().join("\0");
    format!("{kind}--{}", Uuid::new_v5(&OURS, name.as_bytes()))
}

/// The id of this program as a source.
pub(super) fn tool_id() -> String {
    id("identity", &["crxhound"])
}

/// This program as a source.
pub(super) fn tool() -> Value {
    json!({
        "type": "identity", "spec_version": "2.1", "id": tool_id(), "created": BORN, "modified": BORN,
        "name": "crxhound", "description": "Scanner of browser extensions", "identity_class": "system",
    })
}

/// The machine that was scanned, known by the keyed hash of its id and by no name.
pub(super) fn machine(host: &str) -> Value {
    let short: String = host.chars().take(12).collect();
    json!({
        "type": "identity", "spec_version": "2.1", "id": id("identity", &["machine", host]), "created_by_ref": tool_id(),
        "created": BORN, "modified": BORN, "name": format!("machine {short}").trim_end(), "identity_class": "system",
    })
}

fn definition_id() -> String {
    id("extension-definition", &["browser-extension"])
}

/// The definition of what STIX's `software` lacks to name a browser extension.
pub(super) fn definition() -> Value {
    json!({
        "type": "extension-definition", "spec_version": "2.1", "id": definition_id(), "created_by_ref": tool_id(),
        "created": BORN, "modified": BORN, "name": "Browser extension",
        "description": "What tells an extension of a Chromium-family browser from others of its name.",
        "schema": "Properties of software: extension_id (string, required; 32 letters a to p), manifest_version (integer).",
        "version": "1.0.0", "extension_types": ["property-extension"],
    })
}

/// An extension as an observable. The tag of software identification, of which we are the maker, keeps those of one name apart.
pub(super) fn extension(extension: &ExtensionReport) -> Value {
    let name = if extension.name.trim().is_empty() { extension.id.as_str() } else { extension.name.trim() };
    let mut contributing = json!({"name": name, "swid": format!("chrome-extension:{}", extension.id)});
    if !extension.version.is_empty() {
        contributing["version"] = json!(extension.version);
    }
    let own = json!({
        "extension_type": "property-extension", "extension_id": extension.id, "manifest_version": extension.manifest_version,
    });
    let mut object = observed("software", contributing);
    object["extensions"] = json!({definition_id(): own});
    object
}

/// An observable of the standard's own, out of the properties that its id is made from, in order of name.
fn observed(kind: &str, contributing: Value) -> Value {
    // Canonical JSON (RFC 8785) of texts is what serde writes, once the names are in order.
    let id = format!("{kind}--{}", Uuid::new_v5(&OBSERVABLES, contributing.to_string().as_bytes()));
    let mut object = json!({"type": kind, "spec_version": "2.1", "id": id});
    if let (Some(object), Value::Object(properties)) = (object.as_object_mut(), contributing) {
        object.extend(properties);
    }
    object
}

/// A value as an observable of its own; the id of an extension is none.
pub(super) fn observable(value: &Shared<'_>) -> Option<Value> {
    Some(match value.kind {
        Kind::ExtensionId => return None,
        Kind::File => {
            let mut file = json!({"hashes": {"SHA-256": value.value}});
            if let Some(name) = value.file.and_then(|path| path.rsplit('/').next()) {
                file["name"] = json!(name);
            }
            observed("file", file)
        }
        Kind::Domain | Kind::Host => observed("domain-name", json!({"value": value.value})),
        Kind::Address => observed(address(&value.value), json!({"value": value.value})),
    })
}

fn address(value: &str) -> &'static str {
    if value.contains(':') { "ipv6-addr" } else { "ipv4-addr" }
}

/// A value as a pattern. An extension is also met as the folder that browsers keep it in, which needs no object of ours.
pub(super) fn pattern(value: &Shared<'_>) -> String {
    let text = value.value.replace('\\', "\\\\").replace('\'', "\\'");
    match value.kind {
        Kind::ExtensionId => {
            let own = format!("software:extensions.'{}'.extension_id = '{text}'", definition_id());
            format!(r"[{own} OR directory:path MATCHES '[/\\\\]Extensions[/\\\\]{text}']")
        }
        Kind::File => format!("[file:hashes.'SHA-256' = '{text}']"),
        Kind::Domain | Kind::Host => format!("[domain-name:value = '{text}']"),
        Kind::Address => format!("[{}:value = '{text}']", address(&value.value)),
    }
}

/// The marking of version 2.0 of the protocol, as OASIS publishes it.
pub(super) fn marking(tlp: Tlp) -> Value {
    let extension = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
    json!({
        "type": "marking-definition", "spec_version": "2.1", "id": tlp.marking(), "created": "2022-10-01T00:00:00.000Z",
        "name": format!("TLP:{}", tlp.as_str().to_uppercase()),
        "extensions": {extension: {"extension_type": "property-extension", "tlp_2_0": tlp.as_str()}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_never_lie_before_the_objects() {
        assert_eq!(Time::of("2026-04-12T11:14:03.5+02:00").text(), "2026-04-12T09:14:03.500Z");
        assert_eq!(Time::of("1999-01-01T00:00:00Z").text(), BORN);
        assert_eq!(Time::of("yesterday").text(), BORN);
    }
}
