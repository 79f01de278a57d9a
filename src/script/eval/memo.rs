//! What was answered so far.
//!
//! Most questions are about an expression as such, in no chain of calls. Their answers lie in a table by the expression's
//! number, which is found without hashing; all others in a map.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::super::program::{At, Program};
use super::value::{Atom, Value};
use super::{Ctx, Key, Slot};
use crate::script::ir::ExprId;

/// Calls that put something into a thing: the call, the chain of calls it is reached through, and from which argument on.
pub(super) type Additions = Rc<[(At, Ctx, usize)]>;
/// Assignments to members of a thing whose names are computed, in its own script.
pub(super) type Computed = Rc<[(ExprId, Ctx)]>;

/// Collected values that are kept.
const MAX_COLLECTED: usize = 1 << 16;
/// Lists of additions and of assignments, and entries of those together, that are kept.
const MAX_LISTED: usize = 1 << 18;

/// Answers by question.
#[derive(Debug)]
pub(super) struct Memo {
    /// Expressions of each instance.
    sizes: Rc<[usize]>,
    /// By instance and expression: a place in `slots`, from 1 on; 0 is none. Empty as long as nothing was asked.
    plain: Vec<Vec<u32>>,
    slots: Vec<Slot>,
    others: FxHashMap<Key, Slot>,
    /// What a value of several atoms holds, by its place in memory, which is its own as long as it is kept here.
    collected: FxHashMap<*const Atom, (Value, Value)>,
    /// What a single atom holds.
    collected_of: FxHashMap<Atom, Value>,
    /// What is put into a thing: asked for with each of its elements, and each member that it has not.
    additions: FxHashMap<Atom, Additions>,
    computed: FxHashMap<Atom, Computed>,
    /// How much of [`MAX_LISTED`] those take.
    listed: usize,
}

impl Memo {
    /// Without answers, for the scripts of a program.
    pub fn new(program: &Program<'_>) -> Memo {
        let sizes = program.instances.iter().map(|instance| program.units[instance.unit as usize].ir.exprs.len()).collect();
        Memo::with(sizes)
    }

    fn with(sizes: Rc<[usize]>) -> Memo {
        let plain = vec![Vec::new(); sizes.len()];
        Memo {
            sizes,
            plain,
            slots: Vec::new(),
            others: FxHashMap::default(),
            collected: FxHashMap::default(),
            collected_of: FxHashMap::default(),
            additions: FxHashMap::default(),
            computed: FxHashMap::default(),
            listed: 0,
        }
    }

    /// Takes all answers away.
    pub fn take(&mut self) -> Memo {
        let empty = Memo::with(self.sizes.clone());
        std::mem::replace(self, empty)
    }

    /// The answer to a question.
    pub fn get(&self, key: &Key) -> Option<&Slot> {
        match *key {
            Key::Expr(At { inst, expr }, 0) => {
                let place = *self.plain.get(inst as usize)?.get(expr.index())?;
                self.slots.get((place as usize).checked_sub(1)?)
            }
            ref key => self.others.get(key),
        }
    }

    /// Keeps an answer.
    pub fn insert(&mut self, key: Key, slot: Slot) {
        if let Key::Expr(At { inst, expr }, 0) = key
            && let Some(table) = self.plain.get_mut(inst as usize)
        {
            if table.is_empty() {
                *table = vec![0; self.sizes[inst as usize]];
            }
            if let Some(place) = table.get_mut(expr.index()) {
                match self.slots.get_mut((*place as usize).wrapping_sub(1)) {
                    Some(known) => *known = slot,
                    None => {
                        self.slots.push(slot);
                        *place = self.slots.len() as u32;
                    }
                }
                return;
            }
        }
        self.others.insert(key, slot);
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

    /// Calls that put something into a thing.
    pub fn additions(&self, holder: Atom) -> Option<Additions> {
        self.additions.get(&holder).cloned()
    }

    /// Keeps the calls that put something into a thing.
    pub fn keep_additions(&mut self, holder: Atom, found: &Additions) {
        if self.has_room_for(found.len()) {
            self.additions.insert(holder, found.clone());
        }
    }

    /// Assignments to members of a thing whose names are computed.
    pub fn computed(&self, holder: Atom) -> Option<Computed> {
        self.computed.get(&holder).cloned()
    }

    /// Keeps the assignments to members of a thing whose names are computed.
    pub fn keep_computed(&mut self, holder: Atom, found: &Computed) {
        if self.has_room_for(found.len()) {
            self.computed.insert(holder, found.clone());
        }
    }

    /// Takes room for a list, where there is any.
    fn has_room_for(&mut self, entries: usize) -> bool {
        let listed = self.listed.saturating_add(entries + 1);
        let has_room = listed <= MAX_LISTED;
        if has_room {
            self.listed = listed;
        }
        has_room
    }
}
