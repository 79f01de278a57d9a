//! JavaScript's patterns, as far as their syntax is that of the regex library.

use std::cell::RefCell;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// Longest text that is searched: groups are found only step by step.
pub(super) const MAX_SEARCHED: usize = 1 << 14;
/// Patterns that one thread remembers.
const MAX_PATTERNS: usize = 512;

/// A JavaScript pattern, as far as the syntax is the same; the engine is linear in the text.
pub(super) fn compile(pattern: &str) -> Option<regex::Regex> {
    thread_local! {
        // Scripts ask for the same few patterns again and again, and to compile one costs more than a hundred searches.
        static KNOWN: RefCell<FxHashMap<Box<str>, Option<regex::Regex>>> = RefCell::default();
    }
    if pattern.len() > 512 {
        return None;
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(regex) = known.get(pattern) {
            return regex.clone();
        }
        if known.len() >= MAX_PATTERNS {
            known.clear();
        }
        let regex = compile_anew(pattern);
        known.insert(pattern.into(), regex.clone());
        regex
    })
}

fn compile_anew(pattern: &str) -> Option<regex::Regex> {
    let pattern = pattern.replace("\\/", "/").replace("\\-", "-").replace("\\:", ":").replace("\\=", "=");
    regex::RegexBuilder::new(&pattern).size_limit(1 << 18).build().ok()
}

pub(super) fn regex_replace(text: &str, pattern: &str, all: bool, by: &str) -> Option<String> {
    let regex = compile(pattern).filter(|_| text.len() <= MAX_SEARCHED)?;
    // `$1` and `$&` are written differently; `${1}` cannot run into what follows.
    static REFERENCES: LazyLock<Option<regex::Regex>> = LazyLock::new(|| regex::Regex::new(r"\$(\d|&)").ok());
    let by = REFERENCES.as_ref()?.replace_all(by, |group: &regex::Captures<'_>| {
        let which = group.get(1).map_or("0", |group| group.as_str());
        format!("${{{}}}", if which == "&" { "0" } else { which })
    });
    let done = if all { regex.replace_all(text, by.as_ref()) } else { regex.replace(text, by.as_ref()) };
    (done.len() < 1 << 20).then(|| done.into_owned())
}

pub(super) fn regex_groups(text: &str, pattern: &str) -> Option<Vec<String>> {
    let regex = compile(pattern).filter(|_| text.len() <= MAX_SEARCHED)?;
    let found = regex.captures(text)?;
    Some(found.iter().map(|group| group.map_or(String::new(), |group| group.as_str().to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_put_where_the_language_puts_them() {
        assert_eq!(regex_replace("h_t_t_p", "_", true, "").as_deref(), Some("http"));
        assert_eq!(regex_replace("ab", "(a)(b)", false, "$2$1").as_deref(), Some("ba"));
    }
}
