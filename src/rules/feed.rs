//! Lists of known values: those under `signatures/indicators/`.

use crate::extract::indicators::{BUILTIN, Indicator, IndicatorSet, IndicatorType, Strength};

use super::set::builtin_files;

/// The lists that are compiled in.
pub fn builtin() -> IndicatorSet {
    let lists = builtin_files().filter(|(path, _)| path.starts_with("indicators/") && path.ends_with(".csv"));
    IndicatorSet::new(lists.flat_map(|(_, text)| own_csv(text)).collect())
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
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_built_in_lists_is_understood() {
        let lists = || builtin_files().filter(|(path, _)| path.ends_with(".csv") && path.starts_with("indicators/"));
        let rows: usize = lists().map(|(_, text)| csv::Reader::from_reader(text.as_bytes()).records().count()).sum();
        assert_eq!(builtin().all().len(), rows);
        assert!(rows > 400, "{rows}");
        for listed in builtin().all() {
            let right = match listed.kind {
                IndicatorType::Sha256 => listed.value.len() == 64 && listed.value.bytes().all(|byte| byte.is_ascii_hexdigit()),
                IndicatorType::ExtensionId => crate::model::ExtensionId::parse(&listed.value).is_some(),
                IndicatorType::Domain => listed.value.contains('.') && !listed.value.contains('/'),
                _ => !listed.value.is_empty(),
            };
            assert!(right, "{listed:?}");
            assert!(listed.strength != Strength::Alone || listed.kind == IndicatorType::Sha256, "{listed:?}");
        }
    }
}
