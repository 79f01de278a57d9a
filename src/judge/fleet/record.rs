//! What a fleet needs of a saved report, read without the rest: one JSON document, or one line of JSON.
//!
//! Texts are borrowed from the bytes, unknown fields are passed over, and lists are cut where no honest report goes.

use std::borrow::Cow;
use std::collections::BTreeMap;
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

/// The fields of [`RawHead`].
const HEAD: [&str; 5] = ["schema", "scan_id", "started_at", "host", "type"];

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

/// Reads the records of one file.
///
/// Lines of one scan begin with the same bytes. Where they do, and where these bytes hold the whole head and nothing else, the
/// head is not read again.
#[derive(Default)]
pub struct Reader {
    head: Head,
    /// The head is not that of the record before.
    is_new: bool,
    /// The bytes up to the value of `type`; empty where the head is not all before it.
    beginning: Vec<u8>,
    /// Where the rest of a line begins, behind the comma; 0 where the head is not apart from it.
    behind: usize,
    /// The rest of a line as an object of its own.
    rest: Vec<u8>,
}

impl Reader {
    /// Reads the head of a record that stands in line `line` of a file, and says what it is. `source` stands in for a machine that
    /// has neither id nor name.
    pub fn head(&mut self, bytes: &[u8], line: usize, source: &str) -> Result<Kind, ReadError> {
        (self.is_new, self.behind) = (false, 0);
        if let Some((kind, behind)) = self.as_before(bytes) {
            self.behind = behind;
            return Ok(kind);
        }
        self.beginning.clear();
        let raw: RawHead<'_> = parse(bytes)?;
        let found = raw.schema.as_deref().unwrap_or("null");
        if found != SCHEMA {
            return Err(ReadError::Schema { found: format!("\"{found}\"") });
        }
        let kind = match raw.r#type.as_deref() {
            None => Kind::Document,
            Some(word) => Kind::of_word(word).ok_or(ReadError::Kind { line })?,
        };
        let head = raw.head(source);
        self.is_new = head != self.head;
        self.head = head;
        if kind != Kind::Document {
            self.beginning = self.beginning_of(bytes, source).unwrap_or_default();
        }
        Ok(kind)
    }

    /// The scan that the record belongs to; `None` where it is that of the record before.
    pub fn new_scan(&self) -> Option<&Head> {
        self.is_new.then_some(&self.head)
    }

    /// The machine's name, else what stands in for it.
    pub fn named(&self) -> &str {
        if self.head.name.is_empty() { &self.head.host } else { &self.head.name }
    }

    /// What the record says whose head was read last.
    pub fn part<'a>(&'a mut self, bytes: &'a [u8], kind: Kind) -> Result<Part<'a>, ReadError> {
        if self.behind > 0 {
            self.rest.clear();
            self.rest.push(b'{');
            self.rest.extend_from_slice(bytes.get(self.behind..).unwrap_or_default());
            if let Ok(part) = part(&self.rest, kind) {
                return Ok(part);
            }
        }
        // What is wrong is told by its place in the whole line.
        part(bytes, kind)
    }

    /// The kind of a line that begins as the last one did, and where the rest begins.
    fn as_before(&self, bytes: &[u8]) -> Option<(Kind, usize)> {
        if self.beginning.is_empty() {
            return None;
        }
        let rest = bytes.strip_prefix(self.beginning.as_slice())?.strip_prefix(b"\"")?;
        let end = memchr::memchr(b'"', rest)?;
        let kind = Kind::of_word(std::str::from_utf8(rest.get(..end)?).ok()?)?;
        let behind = self.beginning.len() + end + 2;
        Some((kind, if bytes.get(behind) == Some(&b',') { behind + 1 } else { 0 }))
    }

    /// The bytes of a line up to the value of `type`, if they alone give the same head and hold nothing else.
    fn beginning_of(&self, bytes: &[u8], source: &str) -> Option<Vec<u8>> {
        const TYPE: &[u8] = b"\"type\":";
        let at = memchr::memmem::find(bytes, TYPE)?;
        let mut beginning = bytes.get(..at + TYPE.len())?.to_vec();
        let length = beginning.len();
        beginning.extend_from_slice(b"\"\"}");
        let raw: RawHead<'_> = parse(&beginning).ok()?;
        let fields: BTreeMap<&str, IgnoredAny> = parse(&beginning).ok()?;
        let same = raw.schema.as_deref() == Some(SCHEMA) && raw.head(source) == self.head;
        let alone = fields.keys().all(|field| HEAD.contains(field));
        beginning.truncate(length);
        (same && alone).then_some(beginning)
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

/// Reads JSON. Text is checked as a whole, which is faster than string by string; in a string that nobody reads it may be wrong.
fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(bytes),
    }
}

/// What a record of a kind says.
fn part(bytes: &[u8], kind: Kind) -> Result<Part<'_>, ReadError> {
    Ok(match kind {
        Kind::Document => {
            let document: Document<'_> = parse(bytes)?;
            let mut elsewhere = document.machine.findings.0;
            elsewhere.extend(document.browsers.0.into_iter().flat_map(findings_of));
            let incomplete = !document.complete || !document.errors.is_empty();
            Part { entries: document.extensions.0, elsewhere, incomplete }
        }
        Kind::Extension => Part { entries: vec![parse(bytes)?], ..Part::default() },
        Kind::Machine => {
            let machine: Findings<'_> = parse(bytes)?;
            Part { elsewhere: machine.findings.0, ..Part::default() }
        }
        Kind::Browser => Part { elsewhere: findings_of(parse(bytes)?), ..Part::default() },
        Kind::Error => {
            parse::<IgnoredAny>(bytes)?;
            Part { incomplete: true, ..Part::default() }
        }
        Kind::Summary => Part { incomplete: !parse::<Summary>(bytes)?.complete, ..Part::default() },
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
        let mut reader = Reader::default();
        let kinds = [("a", "machine"), ("a", "extension"), ("b", "extension"), ("b", "summary"), ("a", "error")];
        for ((scan, kind), new) in kinds.into_iter().zip([true, false, true, false, true]) {
            let text = line(scan, kind);
            let found = reader.head(text.as_bytes(), 1, "f").unwrap();
            assert_eq!((reader.head.scan_id.as_str(), reader.head.host.as_str()), (scan, "h"));
            assert_eq!((Some(found), reader.new_scan().is_some()), (Kind::of_word(kind), new));
            assert!(!reader.beginning.is_empty());
        }
        let other = line("a", "extension").replace("{\"id\"", "{\"type\":1,\"id\"");
        let kind = reader.head(other.as_bytes(), 1, "f").unwrap();
        assert_eq!((reader.head.host.as_str(), kind), ("h", Kind::Extension));
        assert!(reader.beginning.is_empty(), "a type inside the host is not the line's");
        let late = r#"{"type":"extension","schema":"crxhound.report/1","host":{"name":"n"}}"#;
        reader.head(late.as_bytes(), 1, "f").unwrap();
        assert_eq!(reader.head.host, "name n");
        assert!(reader.beginning.is_empty());
    }

    #[test]
    fn what_a_line_says_is_the_same_whether_its_head_was_read_or_compared() {
        let id = |reader: &mut Reader, text: &str| {
            let kind = reader.head(text.as_bytes(), 1, "f").unwrap();
            reader.part(text.as_bytes(), kind).map(|part| part.entries[0].id.clone().into_owned()).map_err(|e| e.to_string())
        };
        let first = line("a", "extension");
        let early = first.replace("{\"schema\"", "{\"id\":\"early\",\"schema\"").replace(",\"id\":\"x\"", "");
        let bare = r#"{"schema":"crxhound.report/1","type":"extension"}"#.to_owned();
        let broken = line("a", "extension").replace("\"x\"", "7");
        for text in [&first, &early, &bare, &broken] {
            let alone = id(&mut Reader::default(), text);
            let mut reader = Reader::default();
            for _ in 0..3 {
                assert_eq!(id(&mut reader, text), alone, "{text}");
            }
        }
        assert_eq!(id(&mut Reader::default(), &early), Ok("early".to_owned()));
    }

    #[test]
    fn other_documents_are_refused() {
        let read = |text: &str| {
            let mut reader = Reader::default();
            reader.head(text.as_bytes(), 7, "f").map(|_| reader.head)
        };
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
