//! Elastic Common Schema, one event a line: one for each finding, and one that sums up.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::model::{ExtensionReport, Report};
use super::{View, json as report_json};
use crate::finding::{Finding, Severity};

/// Writes the report as ECS events.
pub fn write(report: &Report, _view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    for extension in &report.extensions {
        for finding in &extension.findings {
            line(&event(report, finding, Some(extension)), out)?;
        }
    }
    for (_, finding) in report.elsewhere() {
        line(&event(report, finding, None), out)?;
    }
    let mut end = head(report, "state", "info", "scan-summary", 0);
    end["message"] = json!(super::phrase::summary(report, crate::locales::Lang::En.words()));
    end["crxhound"] = json!({"scan_id": report.scan_id, "summary": report.summary, "complete": report.complete});
    line(&end, out)
}

fn line(event: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", report_json::line(event)?)
}

fn head(report: &Report, kind: &str, category: &str, action: &str, severity: u8) -> Value {
    let event_category = if category == "info" { "configuration" } else { category };
    json!({
        "@timestamp": report.started_at,
        "ecs": {"version": "8.17.0"},
        "event": {"kind": kind, "category": [event_category], "type": ["info"], "action": action, "module": "crxhound", "dataset": "crxhound.finding", "severity": severity},
        "host": {"id": report.host.id, "name": report.host.name, "os": {"type": report.host.os.as_str()}},
        "user": {"name": report.host.user},
        "observer": {"vendor": "crxhound", "product": "crxhound", "type": "scanner", "version": report.tool.version},
    })
}

fn event(report: &Report, finding: &Finding, extension: Option<&ExtensionReport>) -> Value {
    let severity = match finding.severity {
        Severity::Critical => 99,
        Severity::High => 73,
        Severity::Medium => 47,
        Severity::Low => 21,
        Severity::Info => 1,
    };
    let mut event = head(report, "alert", "malware", "extension-finding", severity);
    event["message"] = json!(finding.why);
    event["rule"] = json!({"id": finding.rule, "name": finding.title, "category": finding.leg.as_str()});
    if !finding.attack.is_empty() {
        event["threat"] = json!({"framework": "MITRE ATT&CK", "technique": {"id": finding.attack}});
    }
    if let Some(proof) = finding.evidence.first() {
        let hash = proof.sha256.as_ref().map(|sha256| json!({"sha256": sha256}));
        if let Some(file) = &proof.file {
            event["file"] = json!({"path": file, "hash": hash});
        }
    }
    if let Some(extension) = extension {
        event["package"] =
            json!({"name": extension.name, "version": extension.version, "path": extension.path, "type": "browser-extension"});
        event["crxhound"] = json!({
            "extension_id": extension.id, "browser": extension.browser, "profile": extension.profile, "verdict": extension.verdict,
            "score": extension.score, "families": extension.families, "source": extension.install.source, "scan_id": report.scan_id,
        });
    } else {
        event["crxhound"] = json!({"verdict": finding.verdict, "scan_id": report.scan_id});
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_is_an_event_on_its_line() {
        let report = &super::super::read::reports(include_bytes!("../../fixtures/reports/institute.json")).expect("reads")[0];
        let mut out = Vec::new();
        write(report, &View::default(), &mut out).expect("writes");
        let lines: Vec<Value> = out
            .split(|byte| *byte == b'\n')
            .filter(|l| !l.is_empty())
            .map(|l| serde_json::from_slice(l).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), report.findings().count() + 1);
        for line in &lines {
            assert!(line["@timestamp"].is_string() && line["event"]["kind"].is_string() && line["ecs"]["version"].is_string());
        }
    }
}
