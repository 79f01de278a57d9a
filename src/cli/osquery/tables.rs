//! The tables that osquery sees: columns, and where in the report each is found.

use serde_json::Value;

use crate::report::Report;

/// How osquery compares and sorts a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Words; lists with spaces between.
    Text,
    /// Numbers, and 1 or 0 for yes or no.
    Integer,
}

impl Type {
    /// osquery's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Type::Text => "TEXT",
            Type::Integer => "INTEGER",
        }
    }
}

/// A column.
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// JSON pointer into the row's object.
    pointer: &'static str,
}

const fn text(name: &'static str, pointer: &'static str) -> Column {
    Column { name, kind: Type::Text, pointer }
}

const fn integer(name: &'static str, pointer: &'static str) -> Column {
    Column { name, kind: Type::Integer, pointer }
}

/// A table.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// The objects of a report (as JSON) that are its rows.
    rows: fn(&Value) -> Vec<Value>,
}

/// Every table.
pub const TABLES: &[Table] = &[
    Table {
        name: "crxhound_browsers",
        columns: &[
            text("browser", "/browser"),
            text("channel", "/channel"),
            text("version", "/version"),
            text("user_data_dir", "/user_data_dir"),
            text("user", "/user"),
        ],
        rows: |report| list(report, "/browsers"),
    },
    Table {
        name: "crxhound_profiles",
        columns: &[
            text("browser", "/of/browser"),
            text("user_data_dir", "/of/user_data_dir"),
            text("user", "/of/user"),
            text("profile", "/directory"),
            text("name", "/name"),
            text("account", "/account"),
            integer("developer_mode", "/developer_mode"),
            text("super_mac", "/super_mac"),
            integer("extensions", "/extensions"),
        ],
        rows: |report| within(&list(report, "/browsers"), "/profiles"),
    },
    Table {
        name: "crxhound_extensions",
        columns: &[
            text("id", "/id"),
            text("name", "/name"),
            text("version", "/version"),
            integer("manifest_version", "/manifest_version"),
            text("browser", "/browser"),
            text("user_data_dir", "/user_data_dir"),
            text("profile", "/profile"),
            text("path", "/path"),
            text("location", "/install/location"),
            text("source", "/install/source"),
            integer("enabled", "/install/enabled"),
            integer("from_webstore", "/install/from_webstore"),
            text("update_url", "/install/update_url"),
            text("installed_at", "/install/installed_at"),
            text("updated_at", "/install/updated_at"),
            text("permissions", "/permissions/api"),
            text("hosts", "/permissions/hosts"),
            text("preferences_mac", "/integrity/preferences_mac"),
            text("content", "/integrity/content"),
            text("content_sha256", "/content_sha256"),
            text("verdict", "/verdict"),
            integer("score", "/score"),
            text("families", "/families"),
        ],
        rows: |report| list(report, "/extensions"),
    },
    Table {
        name: "crxhound_findings",
        columns: &[
            text("extension", "/of/id"),
            text("browser", "/of/browser"),
            text("user_data_dir", "/of/user_data_dir"),
            text("profile", "/of/profile"),
            text("rule", "/rule"),
            text("title", "/title"),
            text("severity", "/severity"),
            text("confidence", "/confidence"),
            text("verdict", "/verdict"),
            text("attack", "/attack"),
            text("why", "/why"),
            text("file", "/evidence/0/file"),
            text("pointer", "/evidence/0/pointer"),
            text("remediation", "/remediation"),
        ],
        rows: findings,
    },
];

/// The findings of extensions, of profiles and of the machine; the last two name no extension.
fn findings(report: &Value) -> Vec<Value> {
    let profiles = within(&list(report, "/browsers"), "/profiles").into_iter().map(|mut profile| {
        // Extensions name their profile with one word, so findings do.
        let place = profile.pointer("/of/browser").cloned().zip(profile.pointer("/of/user_data_dir").cloned());
        if let (Some(object), Some((browser, user_data_dir))) = (profile.as_object_mut(), place) {
            let directory = object.get("directory").cloned().unwrap_or_default();
            object.extend([("browser", browser), ("user_data_dir", user_data_dir), ("profile", directory)].map(owned));
        }
        profile
    });
    let mut rows = within(&list(report, "/extensions"), "/findings");
    rows.extend(within(&profiles.collect::<Vec<_>>(), "/findings"));
    rows.extend(list(report, "/machine/findings"));
    rows
}

fn owned((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}

/// A list of a report.
fn list(report: &Value, pointer: &str) -> Vec<Value> {
    report.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The items of a list in each object, with the object itself, without its lists, as `of`.
fn within(objects: &[Value], pointer: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for object in objects {
        let mut of = object.clone();
        if let Some(fields) = of.as_object_mut() {
            fields.retain(|_, value| !value.is_array());
        }
        for mut item in list(object, pointer) {
            if let Some(fields) = item.as_object_mut() {
                fields.insert("of".to_owned(), of.clone());
            }
            rows.push(item);
        }
    }
    rows
}

/// The rows of a table: for each the texts of its columns, in their order.
pub fn rows(table: &Table, report: &Report) -> Vec<Vec<String>> {
    // A report consists of values that JSON has; were that wrong, there would be nothing to show.
    let report = serde_json::to_value(report).unwrap_or_default();
    let cell = |row: &Value, column: &Column| row.pointer(column.pointer).map(said).unwrap_or_default();
    (table.rows)(&report).iter().map(|row| table.columns.iter().map(|column| cell(row, column)).collect()).collect()
}

/// A value as osquery takes it: text for everything, nothing for null.
fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => u8::from(*value).to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(said).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::read;

    #[test]
    fn every_column_is_a_field_of_the_report_and_every_row_has_its_place() {
        let text = include_bytes!("../../../fixtures/reports/institute.json");
        let report = read::reports(text).unwrap().remove(0);
        let value = serde_json::to_value(&report).unwrap();
        for table in TABLES {
            let objects = (table.rows)(&value);
            assert!(!objects.is_empty(), "{}", table.name);
            for column in table.columns {
                let known = objects.iter().any(|object| object.pointer(column.pointer).is_some());
                assert!(known, "{}: {} is no field", table.name, column.pointer);
            }
            assert_eq!(rows(table, &report).len(), objects.len());
        }
        let findings = TABLES.iter().find(|table| table.name == "crxhound_findings").unwrap();
        let counted = report.findings().count();
        let rows = rows(findings, &report);
        assert_eq!(rows.len(), counted);
        let of_machine = rows.iter().filter(|row| row[0].is_empty() && row[3].is_empty()).count();
        assert_eq!(of_machine, report.machine.findings.len());
    }
}
