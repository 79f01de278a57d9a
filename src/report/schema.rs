//! The JSON Schema (2020-12) of the report, made from its types.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Report;

/// The schema of a report as it is written.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("$id".to_owned(), "urn:crxhound:report:1".into());
    schema.insert("title".to_owned(), super::model::SCHEMA.into());
    schema.to_value()
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
