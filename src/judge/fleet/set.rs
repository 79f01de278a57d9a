//! Sets of small numbers (machines, extensions), of which a fleet has a hundred thousand at a time: most hold a handful of
//! members, some hold nearly all.

/// Below this many members a set stays a list, however dense it is.
const FEW: usize = 64;

/// A set of numbers. A list while members are few, then one bit for each number up to the largest: never more than twice the
/// smaller of the two.
#[derive(Clone, Debug)]
pub(super) enum NumberSet {
    /// Sorted.
    Few(Vec<u32>),
    /// One bit a number.
    Many(Box<[u64]>),
}

impl Default for NumberSet {
    fn default() -> Self {
        NumberSet::Few(Vec::new())
    }
}

impl NumberSet {
    /// Adds a number.
    pub fn insert(&mut self, number: u32) {
        match self {
            NumberSet::Few(list) => {
                // Files are worked through in order, so that most numbers come last.
                if list.last().is_none_or(|last| *last < number) {
                    put(list, list.len(), number);
                } else if let Err(at) = list.binary_search(&number) {
                    put(list, at, number);
                }
                let largest = list.last().copied().unwrap_or_default() as usize;
                if list.len() > FEW && list.len() * 32 > largest {
                    *self = NumberSet::Many(bits(list));
                }
            }
            NumberSet::Many(words) => set(words, number),
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        match self {
            NumberSet::Few(list) => list.len(),
            NumberSet::Many(words) => words.iter().map(|word| word.count_ones() as usize).sum(),
        }
    }

    /// The numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (list, words): (&[u32], &[u64]) = match self {
            NumberSet::Few(list) => (list, &[]),
            NumberSet::Many(words) => (&[], words),
        };
        let set = |(at, word): (usize, &u64)| {
            let word = *word;
            (0..64_u32).filter(move |bit| word >> bit & 1 == 1).map(move |bit| (at * 64) as u32 + bit)
        };
        list.iter().copied().chain(words.iter().enumerate().flat_map(set))
    }
}

/// Puts an item into a list. Short lists are what a fleet has most of, so that room in advance costs more than moving them.
pub(super) fn put<T>(list: &mut Vec<T>, at: usize, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 1);
    }
    list.insert(at, item);
}

fn bits(list: &[u32]) -> Box<[u64]> {
    let mut words = Box::default();
    list.iter().rev().for_each(|number| set(&mut words, *number));
    words
}

fn set(words: &mut Box<[u64]>, number: u32) {
    let at = number as usize / 64;
    if words.len() <= at {
        let mut more = std::mem::take(words).into_vec();
        let length = at + 1 + at / 8;
        more.reserve_exact(length - more.len());
        more.resize(length, 0);
        *words = more.into_boxed_slice();
    }
    if let Some(word) = words.get_mut(at) {
        *word |= 1 << (number % 64);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn is_a_set_in_both_forms_and_in_any_order() {
        for (step, count) in [(1_u32, 30), (1, 1000), (7, 1000), (1000, 500)] {
            let numbers: Vec<u32> = (0..count).map(|n| (n * 7919 % count) * step).collect();
            let expected: BTreeSet<u32> = numbers.iter().copied().collect();
            let mut set = NumberSet::default();
            numbers.iter().chain(&numbers).for_each(|number| set.insert(*number));
            assert!(set.iter().eq(expected.iter().copied()), "{step}, {count}");
            assert_eq!(set.len(), expected.len());
        }
    }

    #[test]
    fn takes_the_form_that_is_smaller() {
        let of = |step: u32| {
            let mut set = NumberSet::default();
            (0..1000).for_each(|n| set.insert(n * step));
            set
        };
        assert!(matches!(of(1), NumberSet::Many(_)));
        assert!(matches!(of(1000), NumberSet::Few(_)));
    }
}
