//! The view of a fleet in the forms in which it can be had.

mod csv;
mod html;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "sqlite")]
mod sqlite;
mod table;
mod words;

use std::io::{self, Write};

use super::{View, json};
use crate::judge::fleet::Fleet;

/// A form in which a fleet can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum FleetFormat {
    /// For a person at a terminal.
    #[default]
    Table,
    /// Everything as one document.
    Json,
    /// One row an extension, for spreadsheets.
    Csv,
    /// One page to read, print and hand on.
    Html,
    /// A database file.
    Sqlite,
    /// One row an extension, sorted by id, for analytical engines.
    Parquet,
}

impl FleetFormat {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            FleetFormat::Table => "table",
            FleetFormat::Json => "json",
            FleetFormat::Csv => "csv",
            FleetFormat::Html => "html",
            FleetFormat::Sqlite => "sqlite",
            FleetFormat::Parquet => "parquet",
        }
    }

    /// Read by programs: a cut one is a wrong one.
    pub fn is_machine(self) -> bool {
        self != FleetFormat::Table
    }

    /// The form that a file name asks for by its ending.
    pub fn of_file_name(name: &str) -> Option<FleetFormat> {
        let (_, ending) = name.rsplit_once('.')?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "txt" => FleetFormat::Table,
            "json" => FleetFormat::Json,
            "csv" => FleetFormat::Csv,
            "html" | "htm" => FleetFormat::Html,
            "sqlite" | "db" => FleetFormat::Sqlite,
            "parquet" => FleetFormat::Parquet,
            _ => return None,
        })
    }

    /// This build can write it.
    pub fn is_available(self) -> bool {
        match self {
            FleetFormat::Sqlite => cfg!(feature = "sqlite"),
            FleetFormat::Parquet => cfg!(feature = "parquet"),
            _ => true,
        }
    }

    /// Writes a fleet in this form.
    pub fn render(self, fleet: &Fleet, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        match self {
            FleetFormat::Table => table::write(fleet, view, out),
            FleetFormat::Json => json::document(fleet, out),
            FleetFormat::Csv => csv::write(fleet, out),
            FleetFormat::Html => html::write(fleet, view, out),
            #[cfg(feature = "sqlite")]
            FleetFormat::Sqlite => sqlite::write(fleet, out),
            #[cfg(feature = "parquet")]
            FleetFormat::Parquet => parquet::write(fleet, out),
            #[cfg(not(all(feature = "sqlite", feature = "parquet")))]
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "not available in this build")),
        }
    }
}
