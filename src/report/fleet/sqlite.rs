//! A fleet as one SQLite file, for people who ask with SQL.
//!
//! The tables are an outside contract like the JSON form: columns may be added, never renamed. Rows are written in the order of ids.

use std::io::{self, Write};

use rusqlite::{Connection, MAIN_DB, OpenFlags, Statement, params};
use serde::Serialize;

use crate::judge::fleet::{Fleet, Prevalence};

/// Times are RFC 3339 UTC, truth values 0 and 1, lists JSON arrays. `extension` in other tables means `extension.number`.
const TABLES: &str = "
CREATE TABLE fleet (
  schema TEXT, files INTEGER, reports INTEGER, older INTEGER, damaged INTEGER, foreign_files INTEGER, hosts INTEGER,
  incomplete_hosts INTEGER, flagged_hosts INTEGER, extensions INTEGER, malicious INTEGER, suspicious INTEGER, review INTEGER,
  ok INTEGER, verdict TEXT);
CREATE TABLE extension (
  number INTEGER PRIMARY KEY, id TEXT, name TEXT, names TEXT, hosts INTEGER, verdict TEXT, score INTEGER, first_seen TEXT, last_seen TEXT,
  families TEXT, sources TEXT, enabled_hosts INTEGER, outside_hosts INTEGER, flagged_hosts INTEGER, contents_differ INTEGER,
  on_hosts TEXT, new TEXT);
CREATE TABLE build (extension INTEGER, version TEXT, content_sha256 TEXT, hosts INTEGER);
CREATE TABLE extension_finding (extension INTEGER, rule TEXT);
CREATE TABLE finding (
  rule TEXT PRIMARY KEY, title TEXT, severity TEXT, verdict TEXT, hosts INTEGER, extensions INTEGER, first_seen TEXT,
  last_seen TEXT, on_hosts TEXT) WITHOUT ROWID;
CREATE TABLE contact (host TEXT PRIMARY KEY, found TEXT, hosts INTEGER) WITHOUT ROWID;
CREATE TABLE extension_contact (extension INTEGER, host TEXT);
CREATE TABLE flagged_host (id TEXT, name TEXT, os TEXT, started_at TEXT, verdict TEXT, score INTEGER);
CREATE TABLE skipped (path TEXT, kind TEXT, line INTEGER, records INTEGER, message TEXT);
";

/// Made when most rows are there: they come in order, and an index is written once.
const INDEXES: &str = "
CREATE INDEX extension_id ON extension (id);
CREATE INDEX build_extension ON build (extension);
CREATE INDEX extension_finding_rule ON extension_finding (rule);
CREATE INDEX extension_contact_host ON extension_contact (host);
";

/// Writes the fleet as a database.
pub fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let mut connection = database(fleet).map_err(io::Error::other)?;
    out.write_all(&connection.serialize(MAIN_DB).map_err(io::Error::other)?)
}

fn database(fleet: &Fleet) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Unlike ":memory:", this kind is one piece of memory, which is written as it is, without a copy. A name without a slash is
    // this connection's own.
    let mut connection = Connection::open_with_flags_and_vfs("fleet", flags, "memdb")?;
    connection.execute_batch(TABLES)?;
    let transaction = connection.transaction()?;
    fill(fleet, &transaction)?;
    transaction.commit()?;
    Ok(connection)
}

fn fill(fleet: &Fleet, connection: &Connection) -> rusqlite::Result<()> {
    let counts = &fleet.summary;
    insert(connection, "fleet", 15)?.execute(params![
        crate::judge::fleet::SCHEMA,
        counts.files as i64,
        counts.reports as i64,
        counts.older as i64,
        counts.damaged as i64,
        counts.foreign as i64,
        counts.hosts as i64,
        counts.incomplete_hosts as i64,
        counts.flagged_hosts as i64,
        counts.extensions as i64,
        counts.malicious as i64,
        counts.suspicious as i64,
        counts.review as i64,
        counts.ok as i64,
        counts.verdict.as_str(),
    ])?;
    let mut extensions = Extensions::new(connection)?;
    for (number, extension) in (1..).zip(fleet.extensions_by_id()) {
        extensions.add(number, &extension)?;
    }
    let mut findings = insert(connection, "finding", 9)?;
    for found in fleet.findings() {
        findings.execute(params![
            found.rule,
            found.title,
            found.severity.as_str(),
            found.verdict.as_str(),
            found.hosts as i64,
            found.extensions as i64,
            found.first_seen,
            found.last_seen,
            list(&found.on),
        ])?;
    }
    connection.execute_batch(INDEXES)?;
    let mut contacts = insert(connection, "contact", 3)?;
    let mut of_extensions = connection.prepare("INSERT INTO extension_contact SELECT number, ? FROM extension WHERE id = ?")?;
    for contact in fleet.contacts() {
        contacts.execute(params![contact.host, contact.from.as_str(), contact.hosts as i64])?;
        for extension in &contact.extensions {
            of_extensions.execute(params![contact.host, extension.as_str()])?;
        }
    }
    let mut hosts = insert(connection, "flagged_host", 6)?;
    for host in fleet.flagged_hosts() {
        hosts.execute(params![host.id, host.name, host.os, host.started_at, host.verdict.as_str(), host.score])?;
    }
    let mut skipped = insert(connection, "skipped", 5)?;
    for file in &fleet.skipped {
        skipped.execute(params![file.path, file.kind.as_str(), file.line as i64, file.records as i64, file.message])?;
    }
    Ok(())
}

/// The three tables that rows about extensions go to.
struct Extensions<'c> {
    extensions: Statement<'c>,
    builds: Statement<'c>,
    findings: Statement<'c>,
}

impl<'c> Extensions<'c> {
    fn new(connection: &'c Connection) -> rusqlite::Result<Extensions<'c>> {
        Ok(Extensions {
            extensions: insert(connection, "extension", 17)?,
            builds: insert(connection, "build", 4)?,
            findings: insert(connection, "extension_finding", 2)?,
        })
    }

    fn add(&mut self, number: i64, extension: &Prevalence) -> rusqlite::Result<()> {
        self.extensions.execute(params![
            number,
            extension.id.as_str(),
            extension.names.first(),
            list(&extension.names),
            extension.hosts as i64,
            extension.verdict.as_str(),
            extension.score,
            extension.first_seen,
            extension.last_seen,
            list(&extension.families),
            list(&extension.sources),
            extension.enabled_hosts as i64,
            extension.outside_hosts as i64,
            extension.flagged_hosts as i64,
            extension.contents_differ,
            list(&extension.on),
            extension.new.as_ref().and_then(list),
        ])?;
        for version in &extension.by_version {
            for content in &version.contents {
                self.builds.execute(params![number, version.version, content.content_sha256, content.hosts as i64])?;
            }
        }
        extension.findings.iter().try_for_each(|rule| self.findings.execute(params![number, rule]).map(|_| ()))
    }
}

/// A statement that adds rows of so many values.
fn insert<'c>(connection: &'c Connection, table: &str, values: usize) -> rusqlite::Result<Statement<'c>> {
    connection.prepare(&format!("INSERT INTO {table} VALUES ({})", vec!["?"; values].join(", ")))
}

/// A list, or what a fleet says of news, as JSON.
fn list<T: Serialize + ?Sized>(values: &T) -> Option<String> {
    serde_json::to_string(values).ok()
}
