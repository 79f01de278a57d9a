//! The JSON Schema (2020-12) of the report, made from its types.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::Report;

/// The schema of a report as it is written.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("$id".to_owned(), "urn:crxhound:report:1".into());
    schema.insert("title".to_owned(), super::model::SCHEMA.into());
    schema.to_value()
}

/// The schema of one line of `--format jsonl`: what every line says, and what its type adds. A line that was too long has less in
/// its lists and says so.
pub fn line_schema() -> Value {
    let mut of_report = schema();
    let definitions = of_report.get_mut("$defs").map(Value::take).unwrap_or_default();
    let part = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    let of_type = |kind: &str, body: Value| json!({"properties": {"type": {"const": kind}}, "allOf": [body]});
    let machine = json!({"allOf": [part("Machine")], "properties": {"tool": part("Tool")}, "required": ["tool"]});
    let summary = json!({
        "allOf": [part("Summary")],
        "properties": {
            "complete": {"type": "boolean"},
            "duration_ms": {"type": "integer", "minimum": 0},
            "looked_in": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["complete", "duration_ms", "looked_in"],
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:crxhound:report-line:1",
        "title": format!("a line of {}", super::model::SCHEMA),
        "type": "object",
        "properties": {
            "schema": {"const": super::model::SCHEMA},
            "scan_id": {"type": "string"},
            "started_at": {"type": "string"},
            "host": part("Host"),
            "truncated": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        "required": ["schema", "scan_id", "started_at", "host", "type"],
        "oneOf": [
            of_type("machine", machine),
            of_type("browser", part("BrowserReport")),
            of_type("extension", part("ExtensionReport")),
            of_type("error", part("Problem")),
            of_type("summary", summary),
        ],
        "$defs": definitions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_report_is_valid() {
        let validator = jsonschema::validator_for(&schema()).expect("a valid schema");
        let report = serde_json::to_value(Report::default()).expect("serialises");
        let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }

    #[test]
    fn every_written_field_is_promised() {
        let schema = schema();
        let required = schema["required"].as_array().expect("a list").len();
        let fields = schema["properties"].as_object().expect("an object").len();
        assert_eq!(required, fields);
    }
}
