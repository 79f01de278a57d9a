//! A map that threads fill together.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxBuildHasher;

/// Locks that threads share; many more than threads, so that they seldom meet.
const SHARDS: usize = 64;

/// Many small maps, each behind its own lock. Keys come out of hostile reports, so the maps are of the kind in which they cannot
/// choose their slots. They can choose a map: then threads wait for each other, and that is all.
pub(super) struct Shards<K, V>(Vec<Mutex<HashMap<K, V, RandomState>>>);

impl<K: Eq + Hash, V> Shards<K, V> {
    pub fn new() -> Self {
        Shards((0..SHARDS).map(|_| Mutex::default()).collect())
    }

    /// Works on the value of a key, which is made where there is none.
    pub fn with<Q, T>(&self, key: &Q, new: impl FnOnce() -> V, work: impl FnOnce(&mut V) -> T) -> T
    where
        Q: ToOwned<Owned = K> + Eq + Hash + ?Sized,
        K: Borrow<Q>,
    {
        let at = (FxBuildHasher.hash_one(key) >> 40) as usize % SHARDS;
        // A panic in another thread leaves its map whole: nothing between two changes can panic.
        let mut map = self.0[at].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = map.get_mut(key) {
            return work(value);
        }
        work(map.entry(key.to_owned()).or_insert_with(new))
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.0.iter().map(|map| map.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Everything, in no order.
    pub fn into_iter(self) -> impl Iterator<Item = (K, V)> {
        self.0.into_iter().flat_map(|map| map.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
