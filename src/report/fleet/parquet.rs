//! A fleet as one Parquet file for analytical engines: one row an extension, sorted by id, lists as lists.
//!
//! The columns are an outside contract like the JSON form: columns may be added, never renamed. [`COLUMNS`] is the one place that
//! names them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::judge::fleet::{ContentPrevalence, Fleet, Prevalence, SCHEMA};

/// Rows that are held in memory at a time.
const ROWS: usize = 4096;

/// A column, or columns that belong together.
struct Column {
    name: &'static str,
    values: Values,
}

/// What a column says of an extension.
enum Values {
    Text(fn(&Prevalence) -> String),
    MaybeText(fn(&Prevalence) -> Option<String>),
    Texts(fn(&Prevalence) -> Vec<String>),
    Number(fn(&Prevalence) -> usize),
    Flag(fn(&Prevalence) -> bool),
    Time(fn(&Prevalence) -> Option<&str>),
    /// Versions with each content.
    Builds,
}

/// The columns, in order.
const COLUMNS: &[Column] = &[
    // First: the file is sorted by it.
    Column { name: "id", values: Values::Text(|extension| extension.id.to_string()) },
    Column { name: "names", values: Values::Texts(|extension| extension.names.clone()) },
    Column { name: "versions", values: Values::Texts(|extension| extension.versions.clone()) },
    Column { name: "hosts", values: Values::Number(|extension| extension.hosts) },
    Column { name: "verdict", values: Values::Text(|extension| extension.verdict.as_str().to_owned()) },
    Column { name: "score", values: Values::Number(|extension| usize::from(extension.score)) },
    Column { name: "first_seen", values: Values::Time(|extension| extension.first_seen.as_deref()) },
    Column { name: "last_seen", values: Values::Time(|extension| extension.last_seen.as_deref()) },
    Column { name: "families", values: Values::Texts(|extension| extension.families.clone()) },
    Column { name: "sources", values: Values::Texts(|extension| words(&extension.sources)) },
    Column { name: "enabled_hosts", values: Values::Number(|extension| extension.enabled_hosts) },
    Column { name: "outside_hosts", values: Values::Number(|extension| extension.outside_hosts) },
    Column { name: "flagged_hosts", values: Values::Number(|extension| extension.flagged_hosts) },
    Column { name: "contents_differ", values: Values::Flag(|extension| extension.contents_differ) },
    Column { name: "builds", values: Values::Builds },
    Column { name: "findings", values: Values::Texts(|extension| extension.findings.clone()) },
    Column { name: "on_hosts", values: Values::Texts(|extension| extension.on.clone()) },
    Column { name: "new", values: Values::MaybeText(|extension| serde_json::to_string(extension.new.as_ref()?).ok()) },
];

fn words(sources: &[crate::model::InstallSource]) -> Vec<String> {
    sources.iter().map(|source| source.as_str().to_owned()).collect()
}

/// Writes the fleet as a Parquet file.
pub fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let schema = Arc::new(parse_message_type(&message())?);
    let key = |key: &str, value: String| KeyValue { key: key.to_owned(), value: Some(value) };
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("crxhound ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_sorting_columns(Some(vec![SortingColumn { column_idx: 0, descending: false, nulls_first: false }]))
        .set_key_value_metadata(Some(vec![
            key("crxhound.schema", SCHEMA.to_owned()),
            key("crxhound.hosts", fleet.summary.hosts.to_string()),
        ]))
        .build();
    let sink = Sink::default();
    let mut file = SerializedFileWriter::new(sink.clone(), schema, Arc::new(properties))?;
    let mut extensions = fleet.extensions_by_id();
    loop {
        let rows: Vec<Prevalence> = extensions.by_ref().take(ROWS).collect();
        if rows.is_empty() {
            break;
        }
        let mut group = file.next_row_group()?;
        COLUMNS.iter().try_for_each(|column| column.values.write(&rows, &mut group))?;
        group.close()?;
        sink.drain(out)?;
    }
    file.close()?;
    sink.drain(out)
}

/// The schema in Parquet's own words.
fn message() -> String {
    let fields: String = COLUMNS.iter().map(|column| column.values.field(column.name)).collect();
    format!("message fleet_extension {{ {fields} }}")
}

impl Values {
    fn field(&self, name: &str) -> String {
        let list = |element: &str| format!("required group {name} (LIST) {{ repeated group list {{ {element} }} }} ");
        match self {
            Values::Text(_) => format!("required binary {name} (STRING); "),
            Values::MaybeText(_) => format!("optional binary {name} (STRING); "),
            Values::Texts(_) => list("required binary element (STRING);"),
            Values::Number(_) => format!("required int64 {name}; "),
            Values::Flag(_) => format!("required boolean {name}; "),
            Values::Time(_) => format!("optional int64 {name} (TIMESTAMP(MICROS, true)); "),
            Values::Builds => list(
                "required group element { required binary version (STRING); optional binary content_sha256 (STRING); required int64 hosts; }",
            ),
        }
    }

    /// Writes the next columns of a group of rows: as many as the field has leaves.
    fn write(&self, rows: &[Prevalence], group: &mut Group<'_>) -> Result<()> {
        match self {
            Values::Text(of) => leaf::<ByteArrayType>(group, &all(rows, |row| text(&of(row))), None),
            Values::Number(of) => leaf::<Int64Type>(group, &all(rows, |row| of(row) as i64), None),
            Values::Flag(of) => leaf::<BoolType>(group, &all(rows, of), None),
            Values::MaybeText(of) => optional::<ByteArrayType>(group, &all(rows, |row| of(row).map(|value| text(&value)))),
            Values::Time(of) => optional::<Int64Type>(group, &all(rows, |row| of(row).and_then(micros))),
            Values::Texts(of) => {
                let lists = all(rows, of);
                let texts = lists.iter().flatten().map(|value| text(value));
                leaf::<ByteArrayType>(group, &texts.collect::<Vec<_>>(), Some(&Levels::of(&lists, |_| 1)))
            }
            Values::Builds => {
                let lists: Vec<_> = rows.iter().map(builds).collect();
                let builds = || lists.iter().flatten();
                let always = Levels::of(&lists, |_| 1);
                leaf::<ByteArrayType>(group, &builds().map(|build| text(build.0)).collect::<Vec<_>>(), Some(&always))?;
                let contents = builds().filter_map(|build| build.1.content_sha256.as_deref()).map(text);
                let levels = Levels::of(&lists, |build| if build.1.content_sha256.is_some() { 2 } else { 1 });
                leaf::<ByteArrayType>(group, &contents.collect::<Vec<_>>(), Some(&levels))?;
                leaf::<Int64Type>(group, &builds().map(|build| build.1.hosts as i64).collect::<Vec<_>>(), Some(&always))
            }
        }
    }
}

fn all<T>(rows: &[Prevalence], of: impl Fn(&Prevalence) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

fn text(value: &str) -> ByteArray {
    ByteArray::from(value)
}

fn builds(extension: &Prevalence) -> Vec<(&str, &ContentPrevalence)> {
    let versions = extension.by_version.iter();
    versions.flat_map(|version| version.contents.iter().map(|content| (version.version.as_str(), content))).collect()
}

fn micros(time: &str) -> Option<i64> {
    Some(time.parse::<jiff::Timestamp>().ok()?.as_microsecond())
}

/// How values sit in lists: Parquet's definition and repetition levels.
struct Levels {
    definition: Vec<i16>,
    repetition: Option<Vec<i16>>,
}

impl Levels {
    /// Of one list a row; `depth` is 1 for an entry, one more for each optional thing in it that is there.
    fn of<T>(lists: &[Vec<T>], depth: impl Fn(&T) -> i16) -> Levels {
        let (mut definition, mut repetition) = (Vec::new(), Vec::new());
        for list in lists {
            if list.is_empty() {
                definition.push(0);
                repetition.push(0);
            }
            for (at, entry) in list.iter().enumerate() {
                definition.push(depth(entry));
                repetition.push(i16::from(at > 0));
            }
        }
        Levels { definition, repetition: Some(repetition) }
    }
}

fn optional<T: DataType>(group: &mut Group<'_>, values: &[Option<T::T>]) -> Result<()> {
    let definition = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.iter().flatten().cloned().collect();
    leaf::<T>(group, &values, Some(&Levels { definition, repetition: None }))
}

/// Writes the next column.
fn leaf<T: DataType>(group: &mut Group<'_>, values: &[T::T], levels: Option<&Levels>) -> Result<()> {
    let missing = || parquet::errors::ParquetError::General("the schema has fewer columns than are written".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    let (definition, repetition) =
        levels.map_or((None, None), |levels| (Some(levels.definition.as_slice()), levels.repetition.as_deref()));
    column.typed::<T>().write_batch(values, definition, repetition)?;
    column.close()
}

type Group<'f> = SerializedRowGroupWriter<'f, Sink>;

/// Where the crate writes to. It wants something that could move to another thread, which a writer of ours may not be; so what was
/// written waits here, for one group of rows at most.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn drain(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&waiting)?;
        waiting.clear();
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
