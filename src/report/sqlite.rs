//! The report as one SQLite file, for people who ask with SQL and for programs that read any such file as tables (osquery's
//! automatic table construction is one).
//!
//! The tables are an outside contract like the JSON report: columns may be added, never renamed. They are made in memory, since a
//! report is.

use std::io::{self, Write};

use rusqlite::types::Null;
use rusqlite::{Connection, MAIN_DB, ToSql, params};
use serde::Serialize;

use super::View;
use super::model::{ExtensionReport, Report};
use crate::finding::Finding;

/// Times are RFC 3339 UTC, truth values 0 and 1, lists JSON arrays. `number` is the row's own, `extension.number` is what
/// `finding.extension` and `contact.extension` mean.
const TABLES: &str = "
CREATE TABLE machine (
  scan_id TEXT, started_at TEXT, duration_ms INTEGER, complete INTEGER, host_id TEXT, host_name TEXT, os TEXT, user TEXT,
  managed TEXT, verdict TEXT, version TEXT, signatures TEXT, signatures_date TEXT);
CREATE TABLE browser (browser TEXT, channel TEXT, version TEXT, user_data_dir TEXT, user TEXT);
CREATE TABLE profile (
  browser TEXT, user_data_dir TEXT, directory TEXT, name TEXT, account TEXT, developer_mode INTEGER, super_mac TEXT,
  extensions INTEGER);
CREATE TABLE extension (
  number INTEGER PRIMARY KEY, id TEXT, name TEXT, version TEXT, manifest_version INTEGER, browser TEXT, user_data_dir TEXT,
  profile TEXT, path TEXT, location TEXT, source TEXT, enabled INTEGER, from_webstore INTEGER, update_url TEXT,
  installed_at TEXT, updated_at TEXT, api TEXT, hosts TEXT, granted_api TEXT, granted_hosts TEXT, preferences_mac TEXT,
  content TEXT, verdict TEXT, score INTEGER, families TEXT, content_sha256 TEXT, description TEXT);
CREATE TABLE finding (
  number INTEGER PRIMARY KEY, extension INTEGER, browser TEXT, user_data_dir TEXT, profile TEXT, rule TEXT, title TEXT,
  severity TEXT, confidence TEXT, leg TEXT, family TEXT, attack TEXT, why TEXT, verdict TEXT, exposed_since TEXT, flow TEXT,
  remediation TEXT);
CREATE TABLE evidence (
  finding INTEGER, kind TEXT, file TEXT, line INTEGER, column INTEGER, pointer TEXT, excerpt TEXT, sha256 TEXT);
CREATE TABLE contact (extension INTEGER, host TEXT, found TEXT, file TEXT, line INTEGER);
CREATE TABLE error (path TEXT, stage TEXT, message TEXT);
";

/// Writes the report as a database.
pub fn write(report: &Report, _view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut connection = database(report).map_err(io::Error::other)?;
    out.write_all(&connection.serialize(MAIN_DB).map_err(io::Error::other)?)
}

fn database(report: &Report) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    connection.execute_batch(TABLES)?;
    let transaction = connection.transaction()?;
    Rows { connection: &transaction }.report(report)?;
    transaction.commit()?;
    Ok(connection)
}

struct Rows<'c> {
    connection: &'c Connection,
}

impl Rows<'_> {
    fn report(&self, report: &Report) -> rusqlite::Result<()> {
        self.machine(report)?;
        for browser in &report.browsers {
            let name = &browser.browser;
            self.insert("browser", params![name, browser.channel, browser.version, browser.user_data_dir, browser.user])?;
            for profile in &browser.profiles {
                let place = params![
                    name,
                    browser.user_data_dir,
                    profile.directory,
                    profile.name,
                    profile.account,
                    profile.developer_mode,
                    word(&profile.super_mac),
                    profile.extensions as i64,
                ];
                self.insert("profile", place)?;
            }
        }
        for extension in &report.extensions {
            self.extension(extension)?;
        }
        for (profile, finding) in report.elsewhere() {
            let browser = profile.map(|(browser, _)| (browser.browser.as_str(), browser.user_data_dir.as_str()));
            let place = (browser.map(|browser| browser.0), browser.map(|browser| browser.1));
            self.finding(finding, None, place, profile.map(|(_, profile)| profile.directory.as_str()))?;
        }
        for error in &report.errors {
            self.insert("error", params![error.path, error.stage.to_string(), error.message])?;
        }
        Ok(())
    }

    /// Adds a row, and gives its number.
    fn insert(&self, table: &str, values: &[&dyn ToSql]) -> rusqlite::Result<i64> {
        let places = vec!["?"; values.len()].join(", ");
        let mut statement = self.connection.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
        statement.insert(values)
    }

    fn machine(&self, report: &Report) -> rusqlite::Result<i64> {
        self.insert(
            "machine",
            params![
                report.scan_id,
                report.started_at,
                report.duration_ms as i64,
                report.complete,
                report.host.id,
                report.host.name,
                report.host.os.as_str(),
                report.host.user,
                word(&report.machine.managed),
                report.worst().as_str(),
                report.tool.version,
                report.tool.signatures,
                report.tool.signatures_date,
            ],
        )
    }

    fn extension(&self, extension: &ExtensionReport) -> rusqlite::Result<()> {
        let (install, permissions) = (&extension.install, &extension.permissions);
        let number = self.insert(
            "extension",
            params![
                Null,
                extension.id.as_str(),
                extension.name,
                extension.version,
                extension.manifest_version,
                extension.browser,
                extension.user_data_dir,
                extension.profile,
                extension.path,
                install.location.as_str(),
                install.source.as_str(),
                install.enabled,
                install.from_webstore,
                install.update_url,
                install.installed_at,
                install.updated_at,
                list(&permissions.api),
                list(&permissions.hosts),
                list(&permissions.granted_api),
                list(&permissions.granted_hosts),
                word(&extension.integrity.preferences_mac),
                word(&extension.integrity.content),
                extension.verdict.as_str(),
                extension.score,
                list(&extension.families),
                extension.content_sha256,
                extension.description,
            ],
        )?;
        let browser = (extension.browser.as_deref(), extension.user_data_dir.as_deref());
        for finding in &extension.findings {
            self.finding(finding, Some(number), browser, extension.profile.as_deref())?;
        }
        for contact in &extension.contacts {
            let values = params![number, contact.host, contact.from.as_str(), contact.file, contact.line];
            self.insert("contact", values)?;
        }
        Ok(())
    }

    /// A finding about an extension, a profile or the machine. `browser` is its name and its user-data folder.
    fn finding(
        &self,
        finding: &Finding,
        extension: Option<i64>,
        browser: (Option<&str>, Option<&str>),
        profile: Option<&str>,
    ) -> rusqlite::Result<()> {
        let number = self.insert(
            "finding",
            params![
                Null,
                extension,
                browser.0,
                browser.1,
                profile,
                finding.rule,
                finding.title,
                finding.severity.as_str(),
                finding.confidence.as_str(),
                finding.leg.as_str(),
                finding.family,
                list(&finding.attack),
                finding.why,
                finding.verdict.as_str(),
                finding.exposed_since,
                list(&finding.flow),
                finding.remediation,
            ],
        )?;
        for proof in &finding.evidence {
            let (line, column) = (proof.line, proof.column);
            let values =
                params![number, word(&proof.kind), proof.file, line, column, proof.pointer, proof.excerpt, proof.sha256];
            self.insert("evidence", values)?;
        }
        Ok(())
    }
}

/// The word that JSON has for a value.
fn word(value: &impl Serialize) -> Option<String> {
    Some(serde_json::to_value(value).ok()?.as_str()?.to_owned())
}

/// A list as JSON.
fn list(values: &impl Serialize) -> Option<String> {
    serde_json::to_string(values).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_its_row_and_findings_know_theirs() {
        let report = super::super::read::reports(include_bytes!("../../fixtures/reports/institute.json")).unwrap().remove(0);
        let connection = database(&report).unwrap();
        let count = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap() as usize;
        assert_eq!(count("select count(*) from machine"), 1);
        assert_eq!(count("select count(*) from browser"), report.browsers.len());
        assert_eq!(count("select count(*) from profile"), report.summary.profiles);
        assert_eq!(count("select count(*) from extension"), report.extensions.len());
        assert_eq!(count("select count(*) from finding"), report.findings().count());
        assert_eq!(count("select count(*) from error"), report.errors.len());
        let evidence: usize = report.findings().map(|finding| finding.evidence.len()).sum();
        assert_eq!(count("select count(*) from evidence join finding on evidence.finding = finding.number"), evidence);
        let named: usize = report.extensions.iter().map(|extension| extension.findings.len()).sum();
        assert_eq!(count("select count(*) from finding join extension on finding.extension = extension.number"), named);
        let contacts: usize = report.extensions.iter().map(|extension| extension.contacts.len()).sum();
        assert_eq!(count("select count(*) from contact join extension on contact.extension = extension.number"), contacts);
    }

    #[test]
    fn the_same_report_gives_the_same_file() {
        let report = super::super::read::reports(include_bytes!("../../fixtures/reports/hostile.json")).unwrap().remove(0);
        let file = || {
            let mut out = Vec::new();
            write(&report, &View::default(), &mut out).unwrap();
            out
        };
        assert!(file().starts_with(b"SQLite format 3\0"));
        assert_eq!(file(), file());
    }
}
