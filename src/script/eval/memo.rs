//! What was answered so far.
//!
//! Most questions are about an expression or a name as such, in no chain of calls. Their answers lie in a table by its number,
//! which is found without hashing; all others in a map.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::super::program::{At, Program};
use super::candidates::{Candidates, Sought};
use super::value::{Atom, Value};
use super::{Key, Slot};

/// Collected values that are kept.
const MAX_COLLECTED: usize = 1 << 16;
/// Values that things hold, of all things together, that are kept.
const MAX_HELD: usize = 1 << 19;
/// Entries of all tables of candidates together that are kept.
const MAX_FILED: usize = 1 << 20;

/// Answers by question.
#[derive(Debug)]
pub(super) struct Memo {
    /// Expressions and names of each instance.
    sizes: Rc<[(usize, usize)]>,
    /// By instance, and by expression or name: a place in `slots`, from 1 on; 0 is none. Empty as long as nothing was asked.
    exprs: Vec<Vec<u32>>,
    symbols: Vec<Vec<u32>>,
    slots: Vec<Slot>,
    others: FxHashMap<Key, Slot>,
    /// What a value of several atoms holds, by its place in memory, which is its own as long as it is kept here.
    collected: FxHashMap<*const Atom, (Value, Value)>,
    /// What a single atom holds.
    collected_of: FxHashMap<Atom, Value>,
    /// What each thing holds.
    held: FxHashMap<Atom, Rc<[Value]>>,
    /// How much of [`MAX_HELD`] those take.
    holding: usize,
    candidates: FxHashMap<(u32, Sought), Rc<Candidates>>,
    /// How much of [`MAX_FILED`] those take.
    filed: usize,
}

impl Memo {
    /// Without answers, for the scripts of a program.
    pub fn new(program: &Program<'_>) -> Memo {
        let sizes = program.instances.iter().map(|instance| {
            let ir = &program.units[instance.unit as usize].ir;
            (ir.exprs.len(), ir.symbols.len())
        });
        Memo::with(sizes.collect())
    }

    fn with(sizes: Rc<[(usize, usize)]>) -> Memo {
        Memo {
            exprs: vec![Vec::new(); sizes.len()],
            symbols: vec![Vec::new(); sizes.len()],
            sizes,
            slots: Vec::new(),
            others: FxHashMap::default(),
            collected: FxHashMap::default(),
            collected_of: FxHashMap::default(),
            held: FxHashMap::default(),
            holding: 0,
            candidates: FxHashMap::default(),
            filed: 0,
        }
    }

    /// Takes all answers away.
    pub fn take(&mut self) -> Memo {
        let empty = Memo::with(self.sizes.clone());
        std::mem::replace(self, empty)
    }

    /// The answer to a question.
    pub fn get(&self, key: &Key) -> Option<&Slot> {
        let (tables, inst, at) = match *key {
            Key::Expr(At { inst, expr }, 0) => (&self.exprs, inst, expr.index()),
            Key::Symbol(inst, symbol, 0) => (&self.symbols, inst, symbol.index()),
            ref key => return self.others.get(key),
        };
        let place = *tables.get(inst as usize)?.get(at)?;
        self.slots.get((place as usize).checked_sub(1)?)
    }

    /// Keeps an answer.
    pub fn insert(&mut self, key: Key, slot: Slot) {
        let size = |inst: u32| self.sizes.get(inst as usize).copied().unwrap_or_default();
        let (tables, inst, at, size) = match key {
            Key::Expr(At { inst, expr }, 0) => (&mut self.exprs, inst, expr.index(), size(inst).0),
            Key::Symbol(inst, symbol, 0) => (&mut self.symbols, inst, symbol.index(), size(inst).1),
            key => {
                self.others.insert(key, slot);
                return;
            }
        };
        let Some(table) = tables.get_mut(inst as usize) else { return };
        if table.is_empty() {
            *table = vec![0; size];
        }
        // Every expression and name that is asked for is there.
        let Some(place) = table.get_mut(at) else { return };
        match self.slots.get_mut((*place as usize).wrapping_sub(1)) {
            Some(known) => *known = slot,
            None => {
                self.slots.push(slot);
                *place = self.slots.len() as u32;
            }
        }
    }

    /// What was collected out of a value.
    pub fn collected(&self, value: &Value) -> Option<Value> {
        match value.place() {
            Some(place) => self.collected.get(&place).map(|(_, found)| found.clone()),
            None => self.collected_of.get(&value.single()?).cloned(),
        }
    }

    /// Keeps what was collected out of a value.
    pub fn keep_collected(&mut self, value: &Value, found: &Value) {
        if self.collected.len() + self.collected_of.len() >= MAX_COLLECTED {
            return;
        }
        if let Some(place) = value.place() {
            self.collected.insert(place, (value.clone(), found.clone()));
        } else if let Some(atom) = value.single() {
            self.collected_of.insert(atom, found.clone());
        }
    }

    /// What a thing holds.
    pub fn held(&self, thing: Atom) -> Option<Rc<[Value]>> {
        self.held.get(&thing).cloned()
    }

    /// Whether what things hold can still be kept.
    pub fn has_room_to_hold(&self) -> bool {
        self.holding < MAX_HELD
    }

    /// Keeps what a thing holds.
    pub fn keep_held(&mut self, thing: Atom, values: Rc<[Value]>) {
        self.holding += values.len() + 1;
        if let Some(before) = self.held.insert(thing, values) {
            self.holding -= before.len() + 1;
        }
    }

    /// The places that look alike, filed.
    pub fn candidates(&self, inst: u32, sought: Sought) -> Option<Rc<Candidates>> {
        self.candidates.get(&(inst, sought)).cloned()
    }

    /// Keeps them, where there is room.
    pub fn keep_candidates(&mut self, inst: u32, sought: Sought, found: Candidates) {
        let before = self.candidates.remove(&(inst, sought));
        self.filed -= before.map_or(0, |before| before.room());
        if self.filed + found.room() <= MAX_FILED {
            self.filed += found.room();
            self.candidates.insert((inst, sought), Rc::new(found));
        }
    }
}
