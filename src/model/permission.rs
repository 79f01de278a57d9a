//! What each permission lets an extension do (`permissions.toml`), in words for people who do not write extensions.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::builtin::packed;

/// How much a permission is worth to somebody with bad intentions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Harmless alone.
    #[default]
    Low,
    /// Sees or changes private things, or makes other permissions stronger.
    Medium,
    /// Enough to take over accounts or the browser.
    High,
}

impl Risk {
    /// The word in facts and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
        }
    }
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// How much it is worth.
    pub risk: Risk,
    /// Ends the sentence "It can ...".
    pub allows: String,
    /// Who asks for it in honesty, or what makes it worse.
    pub note: Option<String>,
    /// False for a permission that the table does not have.
    #[serde(skip, default = "yes")]
    pub known: bool,
}

fn yes() -> bool {
    true
}

static TABLE: LazyLock<BTreeMap<String, Permission>> = LazyLock::new(|| {
    toml::from_str(packed!("src/model/permissions.toml"))
        .unwrap_or_else(|error| unreachable!("permissions.toml is part of the program, and a test reads it: {error}"))
});

/// Names ending in `Private` are kept for the browser's own parts; it refuses them to everybody else.
static RESERVED: LazyLock<Permission> = LazyLock::new(|| Permission {
    risk: Risk::Medium,
    allows: "use an interface that the browser keeps for its own parts".into(),
    note: Some("refused to other extensions".into()),
    known: true,
});

static UNKNOWN: LazyLock<Permission> = LazyLock::new(|| Permission {
    risk: Risk::Low,
    allows: "do something that this program does not know".into(),
    note: Some("unknown permission: misspelt, of another browser, or new".into()),
    known: false,
});

/// What a permission lets an extension do.
pub fn permission(name: &str) -> &'static Permission {
    TABLE.get(name).unwrap_or_else(|| if name.ends_with("Private") { &RESERVED } else { &UNKNOWN })
}

/// The whole table, in order of name.
pub fn permissions() -> impl Iterator<Item = (&'static str, &'static Permission)> {
    TABLE.iter().map(|(name, permission)| (name.as_str(), permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_ends_the_sentence() {
        assert!(permissions().count() > 100);
        for (name, permission) in permissions() {
            let first = permission.allows.chars().next();
            assert!(first.is_some_and(|c| c.is_lowercase()) && !permission.allows.ends_with('.'), "{name}");
            assert!(permission.allows.len() < 130, "{name}");
        }
    }

    #[test]
    fn the_dangerous_ones_are_called_so() {
        for name in ["debugger", "cookies", "proxy", "nativeMessaging", "webRequestBlocking", "management", "desktopCapture"] {
            assert_eq!(permission(name).risk, Risk::High, "{name}");
        }
        assert_eq!(permission("storage").risk, Risk::Low);
        assert_eq!(permission("passwordsPrivate").risk, Risk::Medium);
        assert_eq!((permission("nonesuch").risk, permission("nonesuch").known), (Risk::Low, false));
        assert_eq!((permission("").known, permission("tabs").known), (false, true));
    }
}
