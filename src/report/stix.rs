//! STIX 2.1, for sharing with an agency or a community: one bundle with what was analysed, what it amounts to, and indicators.
//!
//! Nothing below `review` is passed on, indicators only from `suspicious` on, and never anything that names a person or a
//! machine: the report is redacted whether or not that was asked for. Which values become indicators is decided in [`shared`].
//!
//! Ids are UUIDs of version 5, so that the same thing has the same id in every report and a platform keeps one of it: observables
//! as the standard has it (its namespace, the properties that contribute), everything else in a namespace of our own. What
//! belongs to one scan is named by that scan. STIX has no object for a browser extension: it is `software`, with an extension
//! definition of ours that adds the id.

mod objects;

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use self::objects::{Time, definition, id, machine, marking, observable, pattern, tool};
use super::model::{ExtensionReport, Report};
use super::shared::{self, Kind, Shared};
use super::tlp::Tlp;
use super::{View, json as report_json, phrase, redact};
use crate::finding::{Confidence, Finding, Verdict};
use crate::model::attack;

/// Writes the report as a STIX 2.1 bundle.
pub fn write(report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = redact::redact(report.clone());
    let mut bundle = Bundle::new(&report, view.tlp);
    for extension in report.worst_first().into_iter().filter(|extension| extension.verdict >= Verdict::Review) {
        bundle.extension(extension);
    }
    bundle.elsewhere();
    report_json::document(&bundle.finish(), out)
}

/// A bundle that is being put together.
struct Bundle<'r> {
    report: &'r Report,
    tlp: Option<Tlp>,
    time: Time,
    objects: Vec<Value>,
    ids: BTreeSet<String>,
}

impl<'r> Bundle<'r> {
    fn new(report: &'r Report, tlp: Option<Tlp>) -> Bundle<'r> {
        let time = Time::of(&report.started_at);
        let mut bundle = Bundle { report, tlp, time, objects: Vec::new(), ids: BTreeSet::new() };
        bundle.objects.extend(tlp.map(marking));
        bundle.add(tool());
        bundle
    }

    /// Adds an object, once, with who says it and how far it may go. Its id.
    fn add(&mut self, mut object: Value) -> String {
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        if self.ids.insert(id.clone()) {
            if let Some(tlp) = self.tlp {
                object["object_marking_refs"] = json!([tlp.marking()]);
            }
            self.objects.push(object);
        }
        id
    }

    /// An object of a kind that has versions: `born` with the first report that could hold it, changed by this one.
    fn say(&mut self, kind: &str, name: &[&str], properties: Value) -> String {
        let mut object = json!({
            "type": kind,
            "spec_version": "2.1",
            "id": id(kind, name),
            "created_by_ref": objects::tool_id(),
            "created": objects::BORN,
            "modified": self.time.text(),
        });
        if let (Some(object), Value::Object(properties)) = (object.as_object_mut(), properties) {
            object.extend(properties);
        }
        self.add(object)
    }

    /// What belongs to this scan alone, told apart from others of its kind by `name`.
    fn of_scan(&mut self, kind: &str, name: &[&str], mut properties: Value) -> String {
        properties["created"] = json!(self.time.text());
        let scan = [&[self.report.host.id.as_str(), self.report.scan_id.as_str()], name].concat();
        self.say(kind, &scan, properties)
    }

    fn relate(&mut self, from: &str, how: &str, to: &str) {
        self.say("relationship", &[from, how, to], json!({"relationship_type": how, "source_ref": from, "target_ref": to}));
    }

    /// One extension: what was seen, what it amounts to, what others can look for.
    fn extension(&mut self, extension: &ExtensionReport) {
        self.add(definition());
        let seen = self.add(objects::extension(extension));
        let values = shared::of_extension(extension);
        let mut observed = vec![seen.clone()];
        observed.extend(values.iter().filter_map(observable).map(|object| self.add(object)));
        let key = [extension.path.as_deref().unwrap_or_default(), &seen].join("\0");
        let observation = self.of_scan(
            "observed-data",
            &[&key],
            json!({
                "first_observed": self.time.text(), "last_observed": self.time.text(), "number_observed": 1, "object_refs": observed,
            }),
        );
        let findings: Vec<&Finding> = extension.findings.iter().filter(|f| f.verdict >= Verdict::Review).collect();
        let analysis = self.analysis(extension, &findings, &key, &observed);
        let techniques = self.techniques(&findings);
        let malware = self.malware(extension, &key);
        for malware in &malware {
            self.relate(&analysis, "static-analysis-of", malware);
            techniques.iter().for_each(|technique| self.relate(malware, "uses", technique));
        }
        for value in values.iter().filter(|value| value.own) {
            let indicator = self.indicator(extension, value);
            self.relate(&indicator, "based-on", &observation);
            malware.iter().for_each(|malware| self.relate(&indicator, "indicates", malware));
            if value.detects() {
                self.sighting(&indicator, &observation);
            }
        }
        let about: Vec<String> = [observation, analysis].into_iter().chain(malware).chain(techniques).collect();
        self.note(&phrase::name(extension), &key, &findings, &about);
    }

    fn analysis(&mut self, extension: &ExtensionReport, findings: &[&Finding], key: &str, observed: &[String]) -> String {
        let result = match extension.verdict {
            Verdict::Malicious => "malicious",
            Verdict::Suspicious => "suspicious",
            Verdict::Review | Verdict::Ok => "unknown",
        };
        let tool = &self.report.tool;
        let mut properties = json!({
            "product": tool.name, "version": tool.version, "analysis_started": self.time.text(), "result": result,
            "analysis_sco_refs": observed,
        });
        if !tool.signatures.is_empty() {
            properties["analysis_definition_version"] = json!(tool.signatures);
        }
        if let Some(finding) = findings.first() {
            properties["result_name"] = json!(finding.title);
        }
        self.of_scan("malware-analysis", &[key], properties)
    }

    /// The families that it belongs to, or itself where it is malicious and of none.
    fn malware(&mut self, extension: &ExtensionReport, key: &str) -> Vec<String> {
        let families = extension.families.iter();
        let mut all: Vec<_> = families
            .map(|family| self.say("malware", &["family", family], json!({"name": family, "is_family": true})))
            .collect();
        if all.is_empty() && extension.verdict == Verdict::Malicious {
            let name = phrase::name(extension);
            all.push(self.of_scan("malware", &[key], json!({"name": name, "is_family": false})));
        }
        all
    }

    fn techniques(&mut self, findings: &[&Finding]) -> Vec<String> {
        let ids: BTreeSet<&String> = findings.iter().flat_map(|finding| &finding.attack).collect();
        let technique = |bundle: &mut Self, technique: &String| {
            let name = attack::name(technique).unwrap_or(technique);
            let reference = json!({"source_name": "mitre-attack", "external_id": technique, "url": attack::page(technique)});
            bundle.say("attack-pattern", &[technique], json!({"name": name, "external_references": [reference]}))
        };
        ids.into_iter().map(|id| technique(self, id)).collect()
    }

    fn indicator(&mut self, extension: &ExtensionReport, value: &Shared<'_>) -> String {
        let pattern = pattern(value);
        let what = match value.kind {
            Kind::ExtensionId => "Browser extension",
            Kind::File => "File of a browser extension",
            Kind::Domain | Kind::Host | Kind::Address => "Destination of a browser extension",
        };
        let named = extension.families.first().cloned().unwrap_or_else(|| phrase::name(extension));
        let sort = if value.detects() { "malicious-activity" } else { "anomalous-activity" };
        let confidence = match value.confidence {
            // The middle of each band of the standard's scale of low, medium and high.
            Confidence::Low => 15,
            Confidence::Medium => 50,
            Confidence::High => 85,
        };
        let why = extension.main_finding().map(|finding| finding.why.as_str()).unwrap_or_default();
        let properties = json!({
            "name": format!("{what}: {named}"), "description": why, "indicator_types": [sort], "pattern": pattern, "pattern_type": "stix",
            "valid_from": self.time.text(), "confidence": confidence,
        });
        self.say("indicator", &[&pattern], properties)
    }

    fn sighting(&mut self, indicator: &str, observation: &str) {
        let place = self.add(machine(&self.report.host.id));
        let properties = json!({
            "sighting_of_ref": indicator, "observed_data_refs": [observation], "where_sighted_refs": [place], "count": 1,
            "first_seen": self.time.text(), "last_seen": self.time.text(),
        });
        self.of_scan("sighting", &[indicator, observation], properties);
    }

    /// What was found, as text for people.
    fn note(&mut self, title: &str, key: &str, findings: &[&Finding], about: &[String]) {
        if findings.is_empty() {
            return;
        }
        let content: Vec<String> = findings.iter().map(|finding| phrase::told(finding)).collect();
        self.of_scan(
            "note",
            &[key],
            json!({"abstract": title, "content": content.join("\n\n"), "object_refs": about, "labels": rules(findings)}),
        );
    }

    /// What was found about the machine and its profiles.
    fn elsewhere(&mut self) {
        let found: Vec<&Finding> =
            self.report.elsewhere().map(|(_, finding)| finding).filter(|f| f.verdict >= Verdict::Review).collect();
        if found.is_empty() {
            return;
        }
        let mut about = vec![self.add(machine(&self.report.host.id))];
        about.extend(self.techniques(&found));
        self.note("The machine and its profiles", "elsewhere", &found, &about);
    }

    /// The bundle, with the report over all of it.
    fn finish(mut self) -> Value {
        let refs: Vec<String> = self.ids.iter().cloned().collect();
        let summary = phrase::summary(self.report, crate::locales::Lang::En.words());
        let properties = json!({
            "name": "Scan of browser extensions", "description": summary, "report_types": ["observed-data"],
            "published": self.time.text(), "object_refs": refs,
        });
        self.of_scan("report", &[], properties);
        let id = id("bundle", &[&self.report.host.id, &self.report.scan_id]);
        json!({"type": "bundle", "id": id, "objects": self.objects})
    }
}

fn rules(findings: &[&Finding]) -> Vec<String> {
    let rules: BTreeSet<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    rules.into_iter().map(str::to_owned).collect()
}
