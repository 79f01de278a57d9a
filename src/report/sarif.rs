//! SARIF 2.1.0: rules with their metadata, a result a finding, the way of the data as a code flow.
//!
//! Fingerprints are over what a finding is about (extension, profile, rule, place), not over versions, lines or words, so that
//! a dashboard knows it again after an update.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::model::{ExtensionReport, Report};
use super::{View, json as report_json, phrase};
use crate::finding::{Evidence, Finding, Severity};
use crate::model::hash::{hex, sha256};

/// Writes the report as SARIF.
pub fn write(report: &Report, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in report.findings() {
        rules.entry(&finding.rule).or_insert(finding);
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, id)| (*id, at)).collect();
    let rules: Vec<Value> = rules.values().map(|finding| rule(finding, view)).collect();
    let mut results = Vec::new();
    for extension in report.worst_first() {
        results.extend(
            extension.findings.iter().map(|finding| result(finding, Some(extension), &extension.id.to_string(), &index, view)),
        );
    }
    for (profile, finding) in report.elsewhere() {
        let about = profile.map_or_else(|| "machine".to_owned(), |(b, p)| format!("{}/{}", b.browser, p.directory));
        results.push(result(finding, None, &about, &index, view));
    }
    let errors: Vec<Value> =
        report.errors.iter().map(|error| json!({"level": "warning", "message": {"text": error.to_string()}})).collect();
    report_json::document(
        &json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {"name": report.tool.name, "version": report.tool.version, "rules": rules}},
                "automationDetails": {"id": format!("crxhound/{}", report.scan_id)},
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": report.complete, "startTimeUtc": time(&report.started_at), "toolExecutionNotifications": errors}],
                "results": results,
            }],
        }),
        out,
    )
}

/// A time that the schema accepts; an old report may lack one.
fn time(text: &str) -> &str {
    if text.is_empty() { "1970-01-01T00:00:00Z" } else { text }
}

fn rule(finding: &Finding, view: &View<'_>) -> Value {
    let said = phrase::said(finding, view);
    let tags: Vec<&str> = std::iter::once("security").chain(finding.attack.iter().map(String::as_str)).collect();
    let help = if said.remediation.is_empty() { said.why.clone() } else { said.remediation };
    json!({
        "id": finding.rule,
        "shortDescription": {"text": said.title},
        "fullDescription": {"text": said.why},
        "help": {"text": help},
        "defaultConfiguration": {"level": level(finding.severity)},
        "properties": {"tags": tags, "precision": finding.confidence.as_str(), "security-severity": severity(finding.severity)},
    })
}

fn result(
    finding: &Finding,
    extension: Option<&ExtensionReport>,
    about: &str,
    index: &BTreeMap<&str, usize>,
    view: &View<'_>,
) -> Value {
    let said = phrase::said(finding, view);
    let name = extension.map_or_else(|| about.to_owned(), phrase::name);
    let base = extension.and_then(|extension| extension.path.clone());
    let locations: Vec<Value> = finding.evidence.iter().take(1).map(|proof| location(proof, base.as_deref())).collect();
    let mut related: Vec<Value> = Vec::new();
    for proof in finding.evidence.iter().skip(1) {
        // The standard wants each once; several permissions stand at one place.
        let place = location(proof, base.as_deref());
        if !related.contains(&place) {
            related.push(place);
        }
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": index.get(finding.rule.as_str()),
        "level": level(finding.severity),
        "message": {"text": format!("{name}: {}", said.why)},
        "locations": locations,
        "relatedLocations": related,
        "partialFingerprints": {"crxhound/v1": fingerprint(finding, extension, about)},
        "properties": {
            "verdict": finding.verdict, "confidence": finding.confidence, "leg": finding.leg, "about": about,
            "extensionVerdict": extension.map(|extension| extension.verdict),
        },
    });
    if !finding.flow.is_empty() {
        let steps: Vec<Value> = finding
            .flow
            .iter()
            .map(|step| {
                let proof = Evidence { file: Some(step.file.clone()), line: Some(step.line), ..Evidence::default() };
                let mut place = location(&proof, base.as_deref());
                if let Some(place) = place.as_object_mut() {
                    place.insert("message".to_owned(), json!({"text": step.what}));
                }
                json!({"location": place})
            })
            .collect();
        if let Some(result) = result.as_object_mut() {
            result.insert("codeFlows".to_owned(), json!([{"threadFlows": [{"locations": steps}]}]));
        }
    }
    result
}

fn fingerprint(finding: &Finding, extension: Option<&ExtensionReport>, about: &str) -> String {
    let profile = extension.map(|e| (e.browser.as_deref(), e.profile.as_deref()));
    let (browser, profile) = profile.unwrap_or_default();
    let place = finding.evidence.first();
    let file = place.and_then(|proof| proof.file.as_deref()).unwrap_or_default();
    let pointer = place.and_then(|proof| proof.pointer.as_deref()).unwrap_or_default();
    let family = finding.family.as_deref().unwrap_or_default();
    let parts = [about, browser.unwrap_or_default(), profile.unwrap_or_default(), &finding.rule, family, file, pointer];
    hex(&sha256(parts.join("\0").as_bytes())).chars().take(32).collect()
}

fn location(proof: &Evidence, base: Option<&str>) -> Value {
    let file = proof.file.as_deref().unwrap_or_default();
    let inside = proof.kind == crate::finding::EvidenceKind::Package;
    let path = match base {
        Some(base) if inside && !file.is_empty() => format!("{}/{file}", base.trim_end_matches(['/', '\\'])),
        _ => file.to_owned(),
    };
    let mut place = json!({});
    if !path.is_empty() {
        let mut physical = json!({"artifactLocation": {"uri": uri(&path)}});
        if let Some(line) = proof.line.filter(|line| *line > 0) {
            let mut region = json!({"startLine": line});
            if let Some(column) = proof.column.filter(|column| *column > 0) {
                region["startColumn"] = json!(column);
            }
            if let Some(excerpt) = &proof.excerpt {
                region["snippet"] = json!({"text": excerpt});
            }
            physical["region"] = region;
        }
        place["physicalLocation"] = physical;
    }
    if let Some(pointer) = &proof.pointer {
        place["logicalLocations"] = json!([{"fullyQualifiedName": pointer}]);
    }
    place
}

/// A path as a URI reference: an absolute one as `file:`, everything but plain letters percent-encoded.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let drive = path.as_bytes().get(1) == Some(&b':');
    let start = if drive {
        "file:///"
    } else if path.starts_with('/') {
        "file://"
    } else {
        ""
    };
    let mut uri = String::from(start);
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => uri.push(char::from(byte)),
            b':' if drive && at == 1 => uri.push(':'),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The number by which code-scanning dashboards sort.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sarif(report: &Report) -> Value {
        let mut out = Vec::new();
        write(report, &View::default(), &mut out).expect("writes");
        serde_json::from_slice(&out).expect("JSON")
    }

    #[test]
    fn flows_are_code_flows_and_fingerprints_survive_an_update() {
        let mut report =
            super::super::read::reports(include_bytes!("../../fixtures/reports/institute.json")).expect("reads").remove(0);
        let before = sarif(&report);
        let flow = &before["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"];
        assert_eq!(flow.as_array().map(Vec::len), Some(4));
        for result in before["runs"][0]["results"].as_array().expect("results") {
            let at = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
            assert_eq!(before["runs"][0]["tool"]["driver"]["rules"][at]["id"], result["ruleId"]);
        }
        for extension in &mut report.extensions {
            extension.version = "99".into();
            extension
                .findings
                .iter_mut()
                .flat_map(|f| &mut f.evidence)
                .for_each(|proof| proof.line = proof.line.map(|line| line + 7));
        }
        let print = |sarif: &Value| sarif["runs"][0]["results"][0]["partialFingerprints"].clone();
        assert_eq!(print(&before), print(&sarif(&report)));
    }

    #[test]
    fn paths_are_addresses() {
        assert_eq!(uri("C:\\a b\\c.js"), "file:///C:/a%20b/c.js");
        assert_eq!(uri("/home/\u{ac00}"), "file:///home/%EA%B0%80");
        assert_eq!(uri("x:y"), "file:///x:y");
        assert_eq!(uri("bg.js"), "bg.js");
    }
}
