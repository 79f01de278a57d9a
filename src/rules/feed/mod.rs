//! Lists of known values: those under `signatures/indicators/`, and the feeds that a user brings.
//!
//! A feed may be CSV with or without a header, one value a line with `#` comments, one single line with commas, JSON, a STIX
//! 2.1 bundle, a MISP event, or a Markdown table: the shapes in which public lists of extension ids come. What they share is
//! kept: value, family, source, date, and whether the extension was cleaned since. A line that is not understood is left out
//! and said; so is a value that would accuse well-known software.

mod json;
mod lines;
mod table;
mod value;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::builtin;
use crate::extract::indicators::{BUILTIN, Indicator, IndicatorSet, IndicatorType, Strength};
use crate::problem::{Outcome, Problem, Stage};

pub use value::{Classified, classify, refang};

/// Entries of one feed that are taken; lists of the field have a few thousand.
const ENTRIES: usize = 1_000_000;

/// Complaints about one feed that are kept.
const COMPLAINTS: usize = 50;

/// The lists that are compiled in.
pub fn builtin() -> IndicatorSet {
    own(builtin::signatures())
}

/// The lists among the files of a `signatures/` folder: path below it, and text.
pub fn own<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> IndicatorSet {
    IndicatorSet::new(files.into_iter().filter(|(path, _)| is_own(path)).flat_map(|(_, text)| own_csv(text)).collect())
}

/// Whether a file of a `signatures/` folder is a list of indicators.
pub fn is_own(path: &str) -> bool {
    path.starts_with("indicators/") && path.ends_with(".csv")
}

/// Whether every row of such a list is understood.
pub fn is_whole(text: &str) -> bool {
    own_csv(text).len() == csv::Reader::from_reader(text.as_bytes()).records().count()
}

/// Reads a feed of the user, in whatever shape it comes. `name` is the file's.
pub fn parse(name: &str, bytes: &[u8]) -> Outcome<Vec<Indicator>> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    let text = text.trim_start();
    let mut feed = Feed::new(name);
    match text.as_bytes().first() {
        Some(b'{' | b'[') if !text.starts_with("[[") => json::read(text, &mut feed),
        Some(b'|') => table::markdown(text, &mut feed),
        _ if text.lines().any(|line| line.trim_start().starts_with("|")) => table::markdown(text, &mut feed),
        _ if table::has_header(text) => table::csv(text, &mut feed),
        _ => lines::read(text, &mut feed),
    }
    feed.finish()
}

/// What an entry says beside its value.
#[derive(Clone, Debug, Default)]
struct About {
    family: Option<String>,
    source: Option<String>,
    date: Option<String>,
    remediated: bool,
    strength: Option<Strength>,
    /// The list says that this is honest, or says nothing bad about it.
    harmless: bool,
}

/// A feed that is being read.
struct Feed {
    name: String,
    found: Vec<Indicator>,
    seen: BTreeSet<(IndicatorType, String)>,
    problems: Vec<Problem>,
    left_out: usize,
}

impl Feed {
    fn new(name: &str) -> Feed {
        Feed { name: name.to_owned(), found: Vec::new(), seen: BTreeSet::new(), problems: Vec::new(), left_out: 0 }
    }

    /// Something that was left out, and why.
    fn complain(&mut self, place: &str, message: impl std::fmt::Display) {
        self.left_out += 1;
        if self.problems.len() < COMPLAINTS {
            let place = if place.is_empty() { self.name.clone() } else { format!("{}: {place}", self.name) };
            self.problems.push(Problem::new(place, Stage::Signatures, message));
        }
    }

    /// An entry of the feed, as written.
    fn add(&mut self, place: &str, text: &str, about: &About) {
        match classify(text) {
            Classified::Value(kind, value) => self.add_typed(place, kind, value, about),
            Classified::Wrong(why) => self.complain(place, format!("{why}: left out")),
            Classified::Unknown => {
                self.complain(place, format!("\"{}\" is no hash, id, host or address: left out", short(text)))
            }
        }
    }

    /// An entry whose type is known.
    fn add_typed(&mut self, place: &str, kind: IndicatorType, value: String, about: &About) {
        if about.harmless || self.found.len() >= ENTRIES {
            return;
        }
        if let Some(owner) = owner(kind, &value) {
            self.complain(place, format!("{value} belongs to {owner}: left out, a list that accuses it is wrong"));
            return;
        }
        if !self.seen.insert((kind, value.clone())) {
            return;
        }
        let most = if kind == IndicatorType::Sha256 { Strength::Alone } else { Strength::Corroborate };
        self.found.push(Indicator {
            value,
            kind,
            family: about.family.clone().filter(|family| !family.is_empty()),
            // Only a list that says so itself makes a hash stand alone.
            strength: about.strength.unwrap_or(Strength::Corroborate).min(most),
            source: about.source.clone().filter(|source| !source.is_empty()).unwrap_or_else(|| self.name.clone()),
            remediated: about.remediated,
            feed: self.name.clone(),
            date: about.date.clone().filter(|date| !date.is_empty()),
        });
    }

    fn finish(mut self) -> Outcome<Vec<Indicator>> {
        if self.left_out > self.problems.len() {
            let more = self.left_out - self.problems.len();
            self.problems.push(Problem::new(&self.name, Stage::Signatures, format!("{more} more entries were left out")));
        }
        if self.found.is_empty() {
            self.problems.push(Problem::new(&self.name, Stage::Signatures, "nothing in this feed was understood"));
        }
        (self.found, self.problems)
    }
}

/// A few words of a long text.
fn short(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Words by which lists say that an extension was cleaned.
fn says_remediated(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["remediated", "cleaned", "resolved", "fixed version", "no longer malicious"].iter().any(|word| text.contains(word))
}

/// Whose a value is, where a list must not accuse it: well-known software, or many people.
pub fn owner(kind: IndicatorType, value: &str) -> Option<String> {
    static PROTECTED: LazyLock<Protected> = LazyLock::new(Protected::builtin);
    PROTECTED.owner(kind, value)
}

/// Ids and hosts of well-known software: `signatures/well-known.csv`.
struct Protected {
    ids: Vec<(&'static str, &'static str)>,
    hosts: Vec<(&'static str, &'static str)>,
}

impl Protected {
    fn builtin() -> Protected {
        let mut protected = Protected { ids: Vec::new(), hosts: Vec::new() };
        for line in builtin::signature("well-known.csv").unwrap_or_default().lines().skip(1) {
            match line.split(',').collect::<Vec<_>>().as_slice() {
                ["extension_id", value, name, ..] => protected.ids.push((value, name)),
                ["domain", value, name, ..] => protected.hosts.push((value, name)),
                _ => {}
            }
        }
        protected
    }

    fn owner(&self, kind: IndicatorType, value: &str) -> Option<String> {
        let named = |list: &[(&str, &str)]| list.iter().find(|(known, _)| *known == value).map(|(_, name)| (*name).to_owned());
        match kind {
            IndicatorType::ExtensionId => named(&self.ids),
            // A host under which anyone can get a name of their own: the whole of it is nobody's.
            IndicatorType::Domain => named(&self.hosts).or_else(|| {
                let shared = psl::suffix(value.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix == value);
                shared.then(|| "many people (it is shared hosting or a top-level domain)".to_owned())
            }),
            // The hash of nothing.
            IndicatorType::Sha256 => (value == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
                .then(|| "every empty file".to_owned()),
            _ => None,
        }
    }
}

/// A list of our own columns: value, type, family, strength, verified, remediated, source, note. Rows that are not understood
/// are left out; a test proves that there are none.
fn own_csv(text: &str) -> Vec<Indicator> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().filter_map(Result::ok);
    rows.filter_map(|row| {
        let (_, kind) = IndicatorType::WORDS.iter().find(|(word, _)| Some(*word) == row.get(1))?;
        let (_, strength) = Strength::WORDS.iter().find(|(word, _)| Some(*word) == row.get(3))?;
        Some(Indicator {
            value: row.get(0)?.to_ascii_lowercase(),
            kind: *kind,
            family: row.get(2).filter(|name| !name.is_empty()).map(str::to_owned),
            // What nobody has verified never stands for more than context.
            strength: if row.get(4) == Some("yes") { *strength } else { Strength::Context },
            source: row.get(6)?.to_owned(),
            remediated: row.get(5) == Some("yes"),
            feed: BUILTIN.to_owned(),
            date: None,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests;
