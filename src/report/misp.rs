//! A MISP event, for sharing with an agency or a community: attributes that others can look for, and one `browser-extension`
//! object (of MISP's own templates) for each extension at or above `review`.
//!
//! `to_ids`, at which other people's machines raise alarms, is set only on what belongs to a malicious extension alone (see
//! [`shared`]). The event is not published and stays in the organisation until a person widens it. Nothing in it names a person
//! or a machine: the report is redacted whether or not that was asked for.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use super::model::{ExtensionReport, Report};
use super::shared::{self, Kind, Shared};
use super::{View, json as report_json, phrase, redact};
use crate::finding::{EvidenceKind, Finding, Verdict};
use crate::model::{InstallSource, attack};

/// The namespace of our uuids.
const OURS: Uuid = uuid!("36def39b-8cb9-42c1-9ab1-b7fc07ae6872");
/// The template `browser-extension`, and the version of it that is filled here.
const TEMPLATE: (&str, u32) = ("7749dcb5-57d7-4337-99e1-1d9448f1739e", 1);

/// Writes the report as a MISP event.
pub fn write(report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = redact::redact(report.clone());
    let event = Event::new(&report);
    let extensions: Vec<&ExtensionReport> =
        report.worst_first().into_iter().filter(|extension| extension.verdict >= Verdict::Review).collect();
    let mut attributes: Vec<Value> = shared::of_report(&report).iter().map(|value| event.shared(value)).collect();
    let elsewhere = report.elsewhere().map(|(_, finding)| finding).filter(|finding| finding.verdict >= Verdict::Review);
    let elsewhere: BTreeSet<String> = elsewhere.map(phrase::told).collect();
    attributes.extend(elsewhere.iter().map(|text| {
        event.attribute(&["elsewhere", text], json!({"type": "text", "category": "External analysis", "value": text}))
    }));
    let objects: Vec<Value> = extensions.iter().map(|extension| event.object(extension)).collect();
    let mut tags: Vec<String> = view.tlp.iter().map(|tlp| format!("tlp:{}", tlp.as_str())).collect();
    tags.extend(techniques(&report));
    let families: BTreeSet<&String> = extensions.iter().flat_map(|extension| &extension.families).collect();
    tags.extend(families.iter().map(|family| format!("crxhound:family=\"{family}\"")));
    let tags: Vec<Value> = tags.iter().map(|tag| json!({"name": tag})).collect();
    let named: Vec<&str> = families.into_iter().map(String::as_str).collect();
    let named = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
    report_json::document(
        &json!({"Event": {
            "uuid": event.uuid(&[]),
            "info": format!("Browser extensions: {} malicious, {} suspicious{named}", report.summary.malicious, report.summary.suspicious),
            "date": event.date(),
            "timestamp": event.seconds(),
            // 1 high, 2 medium, 3 low, 4 undefined.
            "threat_level_id": match report.worst() { Verdict::Malicious => "1", Verdict::Suspicious => "2", Verdict::Review => "3", Verdict::Ok => "4" },
            // Ongoing: a person has not looked yet.
            "analysis": "1",
            // Your organisation only.
            "distribution": "0",
            "published": false,
            "Tag": tags,
            "Attribute": attributes,
            "Object": objects,
        }}),
        out,
    )
}

/// The techniques as tags of MISP's galaxy.
fn techniques(report: &Report) -> Vec<String> {
    let shown = report.findings().filter(|finding| finding.verdict >= Verdict::Review);
    let ids: BTreeSet<&String> = shown.flat_map(|finding| &finding.attack).collect();
    let tag = |id: &&String| attack::name(id).map(|name| format!("misp-galaxy:mitre-attack-pattern=\"{name} - {id}\""));
    ids.iter().filter_map(tag).collect()
}

/// What the parts of an event have in common.
struct Event<'r> {
    report: &'r Report,
    time: jiff::Timestamp,
}

impl<'r> Event<'r> {
    fn new(report: &'r Report) -> Event<'r> {
        Event { report, time: report.started_at.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH) }
    }

    fn date(&self) -> String {
        self.time.strftime("%Y-%m-%d").to_string()
    }

    fn seconds(&self) -> String {
        self.time.as_second().max(0).to_string()
    }

    /// The same part of the same scan, the same uuid.
    fn uuid(&self, name: &[&str]) -> String {
        let name = [&[self.report.host.id.as_str(), self.report.scan_id.as_str()], name].concat().join("\0");
        Uuid::new_v5(&OURS, name.as_bytes()).to_string()
    }

    /// An attribute; no alarm and no correlation unless `properties` say so.
    fn attribute(&self, name: &[&str], properties: Value) -> Value {
        let mut attribute = json!({
            "uuid": self.uuid(name), "timestamp": self.seconds(), "to_ids": false, "distribution": "5",
        });
        if let (Some(attribute), Value::Object(properties)) = (attribute.as_object_mut(), properties) {
            attribute.extend(properties);
        }
        attribute
    }

    fn shared(&self, value: &Shared<'_>) -> Value {
        let (kind, category) = match value.kind {
            Kind::ExtensionId => ("chrome-extension-id", "Payload delivery"),
            Kind::File => ("sha256", "Payload delivery"),
            Kind::Domain => ("domain", "Network activity"),
            Kind::Host => ("hostname", "Network activity"),
            Kind::Address => ("ip-dst", "Network activity"),
        };
        let mut comment = value.verdict.as_str().to_owned();
        if let Some(file) = value.file {
            comment = format!("{comment}; {file}");
        }
        if !value.own {
            comment.push_str("; context only, others may be honest and have it too");
        }
        let properties =
            json!({"type": kind, "category": category, "value": value.value, "to_ids": value.detects(), "comment": comment});
        self.attribute(&[kind, &value.value], properties)
    }

    /// An extension in the form of the template. What the template has no word for stands in its description.
    fn object(&self, extension: &ExtensionReport) -> Value {
        let id = extension.id.to_string();
        let name = ["object", &id, extension.path.as_deref().unwrap_or_default()];
        let findings: Vec<&Finding> = extension.findings.iter().filter(|f| f.verdict >= Verdict::Review).collect();
        let mut cells: Vec<(&str, &str, String)> = vec![
            ("id", "text", id.clone()),
            ("name", "text", extension.name.trim().to_owned()),
            (
                "version-malicious",
                "text",
                if extension.verdict == Verdict::Malicious { extension.version.clone() } else { String::new() },
            ),
            ("analysis-source", "text", "automated".to_owned()),
            ("description", "text", findings.iter().map(|finding| phrase::told(finding)).collect::<Vec<_>>().join("\n\n")),
        ];
        match extension.manifest_version {
            2 => cells.push(("manifest-version", "text", "mv2".to_owned())),
            3 => cells.push(("manifest-version", "text", "mv3".to_owned())),
            _ => {}
        }
        match extension.install.source {
            InstallSource::WebStore => cells.push(("ecosystem", "text", "chrome".to_owned())),
            InstallSource::EdgeAddons => cells.push(("ecosystem", "text", "edge".to_owned())),
            _ => {}
        }
        match extension.verdict {
            Verdict::Malicious => cells.push(("verdict", "text", "malicious".to_owned())),
            Verdict::Suspicious => cells.push(("verdict", "text", "suspicious".to_owned())),
            Verdict::Review | Verdict::Ok => {}
        }
        cells.extend(findings.first().map(|finding| ("attack-pattern", "text", finding.title.clone())));
        if extension.verdict == Verdict::Malicious {
            let bad = findings.iter().filter(|finding| finding.verdict >= Verdict::Suspicious);
            let files: BTreeSet<&String> = bad
                .flat_map(|finding| finding.evidence.iter().filter(|proof| proof.kind == EvidenceKind::Package))
                .filter_map(|proof| proof.file.as_ref())
                .collect();
            cells.extend(files.into_iter().map(|file| ("malicious-file", "filename", file.clone())));
        }
        let attributes: Vec<Value> = cells
            .iter()
            .filter(|(_, _, value)| !value.is_empty())
            .map(|(relation, kind, value)| {
                let category = if *kind == "filename" { "Payload delivery" } else { "Other" };
                let properties = json!({
                    "type": kind, "category": category, "value": value, "object_relation": relation,
                    "disable_correlation": *relation != "id",
                });
                self.attribute(&[&name[..], &[relation, value]].concat(), properties)
            })
            .collect();
        json!({
            "uuid": self.uuid(&name), "name": "browser-extension", "meta-category": "misc",
            "description": "Browser extension supply chain threat intelligence", "template_uuid": TEMPLATE.0,
            "template_version": TEMPLATE.1.to_string(), "timestamp": self.seconds(), "distribution": "5", "Attribute": attributes,
        })
    }
}
