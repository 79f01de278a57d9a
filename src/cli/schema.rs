//! `crxhound schema`: the JSON Schema of the report, or of one of its lines.

use anyhow::Context as _;

use super::args::SchemaArgs;
use super::exit::Exit;
use super::options::Common;
use super::{files, output};
use crate::report::schema;

/// Prints or writes the schema.
pub fn run(args: SchemaArgs, common: &Common) -> anyhow::Result<Exit> {
    let schema = if args.lines.unwrap_or_default() { schema::line_schema() } else { schema::schema() };
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    match args.output {
        Some(file) => {
            files::write(&file, text.as_bytes()).with_context(|| format!("--output {}: cannot be written", file.display()))?;
        }
        None => output::to_stdout(text.as_bytes(), true, &common.terminal).map_err(anyhow::Error::msg)?,
    }
    Ok(Exit::Clean)
}
