//! What was worked out in this scan already.
//!
//! The same extension lies in several profiles and browsers of a machine, mostly file for file. Installations of one id and
//! folder name (the version) are looked at one after another ([`alike`]), and share what was found in the same code
//! ([`Seen`]). Nobody but this scan writes what is shared, so that it holds for any code, not only for what a store has signed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Different contents of one group that are kept. Honest copies are one or two; whoever lays down thousands gets no memory for it.
const MOST: usize = 8;

/// Results of one group of installations, by everything they depend on.
#[derive(Debug, Default)]
pub(super) struct Seen {
    results: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Seen {
    /// The result under a key.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.results().get(key).cloned()
    }

    /// Keeps a result for the others of the group, as long as there is room.
    pub fn put(&self, key: String, result: Vec<u8>) {
        let mut results = self.results();
        if results.len() < MOST {
            results.insert(key, result);
        }
    }

    fn results(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The places of items of one kind, kind by kind in the order of their first item.
pub(super) fn alike<T, K: Ord>(items: &[T], kind: impl Fn(&T) -> K) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        let group = *known.entry(kind(item)).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(places) => places.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn items_of_one_kind_are_together_in_their_order() {
        let words = ["bat", "ant", "bee", "cat", "asp"];
        assert_eq!(alike(&words, |word| word.chars().next()), [vec![0, 2], vec![1, 4], vec![3]]);
    }
}
