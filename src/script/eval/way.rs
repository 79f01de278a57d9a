//! The way that data takes, step by step.

use super::super::program::At;
use super::{Atom, Engine, Origin, Set, TrailStep, Value};

impl Engine<'_, '_> {
    /// Data taken at a place.
    pub(super) fn origin(&mut self, origin: Origin, words: &str) -> Atom {
        let id = match self.origin_ids.get(&origin) {
            Some(&id) => id,
            None => {
                let id = self.origins.len() as u32;
                self.origins.push(origin);
                self.origin_ids.insert(origin, id);
                id
            }
        };
        let words = self.names.add(words);
        self.trails.push(TrailStep { before: 0, at: origin.at, words, length: 1 });
        Atom::Taint { origin: id, trail: self.trails.len() as u32 - 1 }
    }

    /// The same value one step further on its way.
    pub(super) fn step(&mut self, value: Value, at: At, words: &str) -> Value {
        if !value.has_taint() {
            return value;
        }
        let words = self.names.add(words);
        let mut set = Set::new();
        for atom in value.atoms() {
            match *atom {
                Atom::Taint { origin, trail } => {
                    let before = self.trails[trail as usize];
                    if before.length >= 14 || (before.at == at && before.words == words) {
                        set.add(*atom);
                        continue;
                    }
                    self.trails.push(TrailStep { before: trail, at, words, length: before.length + 1 });
                    set.add(Atom::Taint { origin, trail: self.trails.len() as u32 - 1 });
                }
                other => set.add(other),
            }
        }
        set.finish()
    }

    /// The way of data, first step first.
    pub fn way(&self, mut trail: u32) -> Vec<TrailStep> {
        let mut steps = Vec::new();
        while trail != 0 {
            let step = self.trails[trail as usize];
            steps.push(step);
            trail = step.before;
        }
        steps.reverse();
        steps
    }
}
