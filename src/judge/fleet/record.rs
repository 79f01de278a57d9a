//! What a fleet needs of a saved report, read without the rest: one JSON document, or one line of JSON.
//!
//! Texts are borrowed from the bytes, unknown fields are passed over, and lists are cut where no honest report goes.

use std::borrow::Cow;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::finding::{Severity, Verdict};
use crate::model::InstallSource;
use crate::report::model::{Found, SCHEMA};
use crate::report::read::ReadError;

/// Extensions of one document; a server with a thousand users has fewer.
const EXTENSIONS: usize = 100_000;

/// Findings about one extension, profile or machine, and families of one.
const FINDINGS: usize = 500;

/// Hosts in the code of one extension.
const CONTACTS: usize = 2_000;

/// Which scan of which machine a record belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// What tells machines apart: the id, else the name, else the scan.
    pub host: String,
    /// The machine's name.
    pub name: String,
    /// Its operating system, in the report's word.
    pub os: String,
    /// The scan.
    pub scan_id: String,
    /// When it began, as it stands in the report.
    pub started_at: String,
}

/// What stands at the beginning of each record.
#[derive(Deserialize, Default)]
#[serde(default)]
struct RawHead<'a> {
    #[serde(borrow)]
    schema: Option<Text<'a>>,
    #[serde(borrow)]
    scan_id: Cow<'a, str>,
    #[serde(borrow)]
    started_at: Cow<'a, str>,
    #[serde(borrow)]
    host: RawHost<'a>,
    #[serde(borrow)]
    r#type: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawHost<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    os: Cow<'a, str>,
}

/// Text inside lists and options; [`Cow`] borrows only as a field of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// What kind of record one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole report.
    Document,
    /// A line about the machine.
    Machine,
    /// A line about a browser and its profiles.
    Browser,
    /// A line about an extension.
    Extension,
    /// A line about what could not be read.
    Error,
    /// The last line of a scan.
    Summary,
}

impl Kind {
    fn of_word(word: &str) -> Option<Kind> {
        Some(match word {
            "machine" => Kind::Machine,
            "browser" => Kind::Browser,
            "extension" => Kind::Extension,
            "error" => Kind::Error,
            "summary" => Kind::Summary,
            _ => return None,
        })
    }
}

/// Reads the heads of the records of one file.
///
/// Lines of one scan begin with the same bytes. Where they do, and where these bytes hold the whole head, the rest of the line
/// need not be read for it.
#[derive(Default)]
pub struct Heads {
    head: Head,
    /// The bytes up to the value of `type`; empty where the head is not all before it.
    beginning: Vec<u8>,
}

impl Heads {
    /// The head of a record that stands in line `line` of a file. `source` stands in for a machine that has neither id nor name.
    pub fn read(&mut self, bytes: &[u8], line: usize, source: &str) -> Result<(&Head, Kind), ReadError> {
        if let Some(kind) = self.as_before(bytes) {
            return Ok((&self.head, kind));
        }
        self.beginning.clear();
        let raw: RawHead<'_> = serde_json::from_slice(bytes)?;
        let found = raw.schema.as_deref().unwrap_or("null");
        if found != SCHEMA {
            return Err(ReadError::Schema { found: format!("\"{found}\"") });
        }
        let kind = match raw.r#type.as_deref() {
            None => Kind::Document,
            Some(word) => Kind::of_word(word).ok_or(ReadError::Kind { line })?,
        };
        self.head = raw.head(source);
        if kind != Kind::Document {
            self.beginning = self.beginning_of(bytes, source).unwrap_or_default();
        }
        Ok((&self.head, kind))
    }

    /// The kind of a line that begins as the last one did.
    fn as_before(&self, bytes: &[u8]) -> Option<Kind> {
        if self.beginning.is_empty() {
            return None;
        }
        let rest = bytes.strip_prefix(self.beginning.as_slice())?.strip_prefix(b"\"")?;
        let end = memchr::memchr(b'"', rest)?;
        Kind::of_word(std::str::from_utf8(rest.get(..end)?).ok()?)
    }

    /// The bytes of a line up to the value of `type`, if they alone give the same head.
    fn beginning_of(&self, bytes: &[u8], source: &str) -> Option<Vec<u8>> {
        const TYPE: &[u8] = b"\"type\":";
        let at = memchr::memmem::find(bytes, TYPE)?;
        let mut beginning = bytes.get(..at + TYPE.len())?.to_vec();
        let length = beginning.len();
        beginning.extend_from_slice(b"\"\"}");
        let raw: RawHead<'_> = serde_json::from_slice(&beginning).ok()?;
        let same = raw.schema.as_deref() == Some(SCHEMA) && raw.head(source) == self.head;
        beginning.truncate(length);
        same.then_some(beginning)
    }
}

impl RawHead<'_> {
    fn head(&self, source: &str) -> Head {
        let host = match (&*self.host.id, &*self.host.name, &*self.scan_id) {
            ("", "", "") => format!("file {source}"),
            ("", "", scan) => format!("scan {scan}"),
            ("", name, _) => format!("name {name}"),
            (id, _, _) => id.to_owned(),
        };
        Head {
            host,
            name: self.host.name.clone().into_owned(),
            os: self.host.os.clone().into_owned(),
            scan_id: self.scan_id.clone().into_owned(),
            started_at: self.started_at.clone().into_owned(),
        }
    }
}

/// What one record says of extensions and findings.
#[derive(Default)]
pub struct Part<'a> {
    /// Extensions.
    pub entries: Vec<Entry<'a>>,
    /// What is found about the machine and its profiles.
    pub elsewhere: Vec<FoundRule<'a>>,
    /// Something could not be read on that machine.
    pub incomplete: bool,
}

/// One extension of one profile.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Entry<'a> {
    /// The id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The name in that machine's language.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The version.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// Over its files.
    #[serde(borrow)]
    pub content_sha256: Option<Text<'a>>,
    /// How it got there.
    pub install: Install,
    /// What it comes to.
    pub verdict: Verdict,
    /// In the verdict's band.
    pub score: u8,
    /// Named malware.
    #[serde(borrow)]
    pub families: Capped<Text<'a>, FINDINGS>,
    /// What rules say.
    #[serde(borrow)]
    pub findings: Capped<FoundRule<'a>, FINDINGS>,
    /// Hosts in its code.
    #[serde(borrow)]
    pub contacts: Capped<Contact<'a>, CONTACTS>,
}

/// How an extension got there.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Install {
    /// Where it came from.
    pub source: InstallSource,
    /// Whether it runs.
    pub enabled: bool,
}

/// One finding.
#[derive(Deserialize)]
pub struct FoundRule<'a> {
    /// The rule.
    #[serde(borrow)]
    pub rule: Cow<'a, str>,
    /// A few words.
    #[serde(borrow, default)]
    pub title: Cow<'a, str>,
    /// How bad.
    pub severity: Severity,
    /// What it amounts to by itself.
    pub verdict: Verdict,
}

/// One host in an extension's code.
#[derive(Deserialize)]
pub struct Contact<'a> {
    /// The host.
    #[serde(borrow)]
    pub host: Cow<'a, str>,
    /// How it was found.
    #[serde(default)]
    pub from: Found,
}

#[derive(Deserialize)]
#[serde(default)]
struct Document<'a> {
    complete: bool,
    errors: Vec<IgnoredAny>,
    #[serde(borrow)]
    machine: Findings<'a>,
    #[serde(borrow)]
    browsers: Capped<Browser<'a>, EXTENSIONS>,
    #[serde(borrow)]
    extensions: Capped<Entry<'a>, EXTENSIONS>,
}

impl Default for Document<'_> {
    fn default() -> Self {
        Document {
            complete: true,
            errors: Vec::new(),
            machine: Findings::default(),
            browsers: Capped::default(),
            extensions: Capped::default(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Findings<'a> {
    #[serde(borrow)]
    findings: Capped<FoundRule<'a>, FINDINGS>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Browser<'a> {
    #[serde(borrow)]
    profiles: Capped<Findings<'a>, EXTENSIONS>,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(default = "yes")]
    complete: bool,
}

fn yes() -> bool {
    true
}

/// What a record of a kind says.
pub fn part(bytes: &[u8], kind: Kind) -> Result<Part<'_>, ReadError> {
    Ok(match kind {
        Kind::Document => {
            let document: Document<'_> = serde_json::from_slice(bytes)?;
            let mut elsewhere = document.machine.findings.0;
            elsewhere.extend(document.browsers.0.into_iter().flat_map(findings_of));
            let incomplete = !document.complete || !document.errors.is_empty();
            Part { entries: document.extensions.0, elsewhere, incomplete }
        }
        Kind::Extension => Part { entries: vec![serde_json::from_slice(bytes)?], ..Part::default() },
        Kind::Machine => {
            let machine: Findings<'_> = serde_json::from_slice(bytes)?;
            Part { elsewhere: machine.findings.0, ..Part::default() }
        }
        Kind::Browser => Part { elsewhere: findings_of(serde_json::from_slice(bytes)?), ..Part::default() },
        Kind::Error => {
            serde_json::from_slice::<IgnoredAny>(bytes)?;
            Part { incomplete: true, ..Part::default() }
        }
        Kind::Summary => Part { incomplete: !serde_json::from_slice::<Summary>(bytes)?.complete, ..Part::default() },
    })
}

fn findings_of(browser: Browser<'_>) -> Vec<FoundRule<'_>> {
    browser.profiles.0.into_iter().flat_map(|profile| profile.findings.0).collect()
}

/// The first `N` of a list; the rest is read and dropped.
#[derive(Debug)]
pub struct Capped<T, const N: usize>(pub Vec<T>);

impl<T, const N: usize> Default for Capped<T, N> {
    fn default() -> Self {
        Capped(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Capped<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First<T, const N: usize>(Vec<T>);
        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for First<T, N> {
            type Value = Capped<T, N>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
                while self.0.len() < N {
                    let Some(item) = list.next_element()? else { return Ok(Capped(self.0)) };
                    self.0.push(item);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Capped(self.0))
            }
        }
        deserializer.deserialize_seq(First(Vec::new()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn line(scan: &str, kind: &str) -> String {
        format!(
            r#"{{"schema":"crxhound.report/1","scan_id":"{scan}","started_at":"t","host":{{"id":"h","name":"n"}},"type":"{kind}","id":"x"}}"#
        )
    }

    #[test]
    fn heads_are_the_same_whether_the_line_was_read_or_compared() {
        let mut heads = Heads::default();
        for (scan, kind) in [("a", "machine"), ("a", "extension"), ("b", "extension"), ("b", "summary"), ("a", "error")] {
            let text = line(scan, kind);
            let (head, found) = heads.read(text.as_bytes(), 1, "f").unwrap();
            assert_eq!((head.scan_id.as_str(), head.host.as_str()), (scan, "h"));
            assert_eq!(Some(found), Kind::of_word(kind));
            assert!(!heads.beginning.is_empty());
        }
        let other = line("a", "extension").replace("{\"id\"", "{\"type\":1,\"id\"");
        let (head, kind) = heads.read(other.as_bytes(), 1, "f").unwrap();
        assert_eq!((head.host.as_str(), kind), ("h", Kind::Extension));
        assert!(heads.beginning.is_empty(), "a type inside the host is not the line's");
        let late = r#"{"type":"extension","schema":"crxhound.report/1","host":{"name":"n"}}"#;
        assert_eq!(heads.read(late.as_bytes(), 1, "f").unwrap().0.host, "name n");
        assert!(heads.beginning.is_empty());
    }

    #[test]
    fn other_documents_are_refused() {
        let read = |text: &str| Heads::default().read(text.as_bytes(), 7, "f").map(|(head, _)| head.clone());
        assert!(matches!(read("{}"), Err(ReadError::Schema { .. })));
        assert!(matches!(read(r#"{"schema":"crxhound.report/2"}"#), Err(ReadError::Schema { .. })));
        assert!(matches!(read(&line("a", "other")), Err(ReadError::Kind { line: 7 })));
        assert!(matches!(read("{\"schema\":"), Err(ReadError::Json(_))));
        assert_eq!(read(r#"{"schema":"crxhound.report/1"}"#).unwrap().host, "file f");
    }

    #[test]
    fn lists_are_cut_and_read_to_their_end() {
        let text = format!("[{}7]", "7,".repeat(9));
        let list: Capped<u8, 4> = serde_json::from_str(&text).unwrap();
        assert_eq!(list.0, [7; 4]);
    }

    #[test]
    fn documents_and_lines_give_the_same() {
        let document = br#"{"complete":false,"machine":{"findings":[{"rule":"m","severity":"low","verdict":"ok"}]},
            "browsers":[{"browser":"chrome","profiles":[{"extensions":1,"findings":[{"rule":"p","severity":"low","verdict":"ok"}]}]}],
            "extensions":[{"id":"x","browser":null,"content_sha256":null,"contacts":[{"host":"a.invalid","from":"decoded"}]}]}"#;
        let part = part(document, Kind::Document).unwrap();
        assert_eq!(part.elsewhere.iter().map(|found| &*found.rule).collect::<Vec<_>>(), ["m", "p"]);
        assert_eq!(part.entries[0].contacts.0[0].from, Found::Decoded);
        assert!(part.incomplete);
        let summary = super::part(br#"{"extensions":3,"profiles":1,"verdict":"ok","complete":true}"#, Kind::Summary).unwrap();
        assert!(!summary.incomplete);
    }
}
