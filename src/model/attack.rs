//! Names of MITRE ATT&CK techniques (`attack.csv`: id and name).
//!
//! © The MITRE Corporation. The names are reproduced and distributed with the permission of The MITRE Corporation.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::builtin::packed;

static NAMES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let rows = packed!("src/model/attack.csv").lines().skip(1).filter_map(|line| line.split_once(','));
    // A name with a comma is in quotes; none has a quote of its own.
    rows.map(|(id, name)| (id, name.trim_matches('"'))).collect()
});

/// The name of a technique, such as `Browser Extensions` for `T1176.001`. That of a sub-technique is without its parent's.
pub fn name(technique: &str) -> Option<&'static str> {
    NAMES.get(technique).copied()
}

/// The page of a technique.
pub fn page(technique: &str) -> String {
    format!("https://attack.mitre.org/techniques/{}/", technique.replacen('.', "/", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_have_names_and_pages() {
        assert_eq!(name("T1176.001"), Some("Browser Extensions"));
        assert_eq!(name("T9999"), None);
        assert_eq!(page("T1176.001"), "https://attack.mitre.org/techniques/T1176/001/");
    }
}
