//! Lists in columns: CSV with a header, and Markdown tables. Columns are found by their names, since lists grow new ones.

use crate::extract::indicators::{IndicatorType, Strength};

use super::value::{Classified, classify};
use super::{About, Feed, says_remediated};

/// Names of columns, folded to lower-case letters and digits, by what they hold.
const VALUE: &[&str] = &[
    "extid",
    "extensionid",
    "extension",
    "id",
    "value",
    "indicator",
    "ioc",
    "hash",
    "sha256",
    "domain",
    "host",
    "url",
    "chromeid",
];
const FAMILY: &[&str] = &["family", "malware", "campaign", "threat", "malwarefamily", "cluster"];
const SOURCE: &[&str] = &["source", "article", "reference", "link", "references"];
const DATE: &[&str] = &["date", "dateadd", "dateadded", "insertdate", "firstseen", "added"];
const NOTES: &[&str] = &["notes", "note", "comment", "status", "remediated", "threattype", "tags"];

/// A name of a column without its decoration.
fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn column(header: &[String], names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| header.iter().position(|column| column == name))
}

/// Whether the first line that says something names columns.
pub(super) fn has_header(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let names: Vec<String> = first.split([',', ';', '\t']).map(folded).collect();
    column(&names, VALUE).is_some()
        && first.split([',', ';', '\t']).all(|cell| !matches!(classify(cell), Classified::Value(..)))
}

/// CSV with a header line.
pub(super) fn csv(text: &str, feed: &mut Feed) {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|mark| first.bytes().filter(|byte| byte == mark).count());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .comment(Some(b'#'))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().map(|row| row.iter().map(folded).collect()).unwrap_or_default();
    for row in reader.records() {
        match row {
            Ok(row) => {
                let place = row.position().map(|position| format!("line {}", position.line())).unwrap_or_default();
                entry(&header, &row.iter().collect::<Vec<_>>(), &place, feed);
            }
            Err(error) => feed.complain("", error),
        }
    }
}

/// Markdown tables anywhere in a text.
pub(super) fn markdown(text: &str, feed: &mut Feed) {
    let mut header: Vec<String> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some(inner) = line.trim().strip_prefix('|') else {
            header.clear();
            continue;
        };
        let cells: Vec<&str> = inner.trim_end_matches('|').split('|').map(str::trim).collect();
        if cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':' | ' '))) {
            continue;
        }
        if header.is_empty() {
            header = cells.iter().map(|cell| folded(cell)).collect();
            if column(&header, VALUE).is_none() {
                // A table without a column that we know: whichever cell is a value will be found.
                header.push("unnamed".to_owned());
            }
            continue;
        }
        entry(&header, &cells, &format!("line {}", number + 1), feed);
    }
}

/// One row: the cell of the value's column, else the first cell that is a value.
fn entry(header: &[String], row: &[&str], place: &str, feed: &mut Feed) {
    let cell = |names: &[&str]| column(header, names).and_then(|at| row.get(at)).map(|cell| cell.trim().to_owned());
    let notes: String = NOTES.iter().filter_map(|name| column(header, &[name]).and_then(|at| row.get(at).copied())).collect();
    let remediated = cell(&["remediated"]).is_some_and(|said| ["yes", "true", "1"].contains(&said.as_str()));
    let strength = cell(&["strength"]);
    let mut about = About {
        family: cell(FAMILY),
        source: SOURCE.iter().find_map(|name| cell(&[name]).filter(|said| !said.is_empty())),
        date: cell(DATE),
        remediated: remediated || says_remediated(&notes),
        strength: Strength::WORDS.iter().find(|(word, _)| strength.as_deref() == Some(*word)).map(|(_, strength)| *strength),
        // chrome-mal-ids: 0 says that nobody has confirmed or reported it as malicious.
        harmless: cell(&["confirmmal"]).as_deref() == Some("0") && cell(&["reportedmal"]).as_deref() == Some("0"),
    };
    if about.family.as_deref().is_some_and(says_remediated) {
        about.remediated = true;
    }
    let kind = cell(&["type", "kind"]);
    let kind = IndicatorType::WORDS.iter().find(|(word, _)| kind.as_deref() == Some(*word)).map(|(_, kind)| *kind);
    let named = column(header, VALUE).and_then(|at| row.get(at)).map(|cell| link(cell));
    match (named, kind) {
        (Some(value), Some(kind @ (IndicatorType::Path | IndicatorType::FileName | IndicatorType::RequestParam))) => {
            // Names never stand for more than context, whoever lists them.
            about.strength = Some(Strength::Context);
            feed.add_typed(place, kind, value.to_lowercase(), &about);
        }
        (Some(value), _) if !matches!(classify(&value), Classified::Unknown) => feed.add(place, &value, &about),
        (value, _) => {
            let found = row.iter().map(|cell| link(cell)).find(|cell| matches!(classify(cell), Classified::Value(..)));
            match found {
                Some(found) => feed.add(place, &found, &about),
                None => feed.add(place, &value.unwrap_or_else(|| row.join(" ")), &about),
            }
        }
    }
    // A row of a list of ids may carry the hash of the package.
    if let Some(hash) = cell(&["tpcicrxhash", "crxhash"]).filter(|hash| !hash.is_empty()) {
        feed.add(place, &hash, &about);
    }
}

/// The address of a Markdown link, else the cell without its decoration.
fn link(cell: &str) -> String {
    let cell = cell.trim();
    if cell.starts_with('[')
        && let Some((_, rest)) = cell.split_once("](")
    {
        return rest.trim_end_matches(')').to_owned();
    }
    cell.trim_matches(['`', '*', '"', ' ']).to_owned()
}
