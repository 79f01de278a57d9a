//! Which of the places that look alike concern a thing.
//!
//! Who assigns to a member of this object? Who calls this method on it, who reads the member that holds this function? All
//! places with the name in question may. To ask each of them for each thing would take the product of the two; so the places
//! are asked once, and filed by what they give.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use rustc_hash::FxHasher;

use super::super::ir::{Expr, ExprId, FuncId};
use super::super::names::Name;
use super::super::program::{At, near_and_far};
use super::{Atom, Ctx, Engine, Host, Indirect, Key, Slot, Value};

/// Assignments to members of one name that are asked, and calls of one method.
const MAX_CANDIDATES: usize = 64;
/// Assignments to members of `this`, which concern a class's own instances: those that are asked whether they concern others
/// too, and all that are kept.
const MAX_OWN: usize = 256;
const MAX_OWN_KEPT: usize = 4_096;
/// Of the calls, those in other scripts.
const MAX_FAR_CALLS: usize = 16;
/// Lists of places that are kept, and places in them, together.
const MAX_LISTED: usize = 1 << 20;
/// Calls of `Object.defineProperty`.
const MAX_DEFINED: usize = 16;
/// Places that read a member of one name that are asked, in its own script and in others.
const MAX_READS: usize = 48;
const MAX_FAR_READS: usize = MAX_READS / 2;

/// Places that look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sought {
    /// Members of a name, where they are read.
    Read(Name),
    /// Assignments to members of a name.
    Written(Name),
    /// Assignments to members whose names are computed, in the script itself.
    Computed,
    /// Calls of a method.
    Called(Name),
    /// Calls of `Object.defineProperty`, in the script itself.
    Defined,
}

/// A place that may concern a thing.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// The member, assignment or call.
    place: At,
    /// The function around it.
    func: FuncId,
    /// Whose value tells what it concerns.
    asked: Asked,
    /// For `this.name = ...`: the class or function whose instances it concerns whatever else it may.
    own: Option<At>,
    chain: Chain,
}

/// The chain of calls that a place is reached through.
#[derive(Clone, Copy, Debug)]
enum Chain {
    /// The part that matters there of the chain that the thing was made in.
    Shared,
    /// None: it stands in another script than the thing.
    Far,
    /// One of its own.
    Own(Ctx),
}

/// Whose value tells what a place concerns.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// That of an expression.
    Expr(At),
    /// That of the argument which is `this`.
    This(Indirect),
    /// That of the first argument.
    First,
    /// Nobody's: there are too many of them.
    Nobody,
}

/// Places that look alike, and what they concern where no chain of calls is known.
#[derive(Debug)]
pub(super) struct Candidates {
    all: Rc<List>,
    values: Vec<Value>,
    /// By the hash of a thing, the places that may concern it, in order.
    by_thing: Vec<(u64, u32)>,
}

/// Places that look alike.
#[derive(Debug)]
pub(super) struct List {
    places: Vec<Candidate>,
    /// There are more of them.
    is_cut: bool,
}

impl Candidate {
    /// The chain of calls that it is reached through where none is known of the thing.
    fn alone(&self) -> Ctx {
        match self.chain {
            Chain::Own(ctx) => ctx,
            Chain::Shared | Chain::Far => 0,
        }
    }
}

impl Candidates {
    /// The places that may concern a thing.
    fn of(&self, thing: u64) -> impl Iterator<Item = usize> + '_ {
        let from = self.by_thing.partition_point(|&(other, _)| other < thing);
        self.by_thing[from..].iter().take_while(move |&&(other, _)| other == thing).map(|&(_, at)| at as usize)
    }

    /// How much room it takes, in entries.
    pub(super) fn room(&self) -> usize {
        1 + self.values.len() + self.by_thing.len()
    }
}

/// The places that concern a thing.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Each with the chain of calls that it is reached through.
    pub places: Vec<(At, Ctx)>,
    /// There are more places that look alike than were asked.
    pub is_cut: bool,
}

impl Engine<'_, '_> {
    /// Of the places that look alike, as seen from an instance, those that concern a thing which was made in a chain of calls.
    pub(super) fn concerned(&mut self, inst: u32, sought: Sought, thing: Atom, ctx: Ctx) -> Found {
        let known = self.filed(inst, sought);
        let filed = known.as_ref().map(|known| self.filed_for(known, sought, thing));
        let all = known.map_or_else(|| self.candidates(inst, sought), |known| known.all.clone());
        let is_cut = all.is_cut;
        let all = &all.places;
        // What is made in no chain of calls is asked for most often, and concerned by exactly what is filed.
        if let Some(filed) = &filed
            && ctx == 0
        {
            return Found { places: filed.iter().map(|&at| (all[at].place, all[at].alone())).collect(), is_cut };
        }
        let mut places = Vec::new();
        for (at, candidate) in all.iter().enumerate() {
            let here = self.chain_of(candidate, ctx);
            let is = is_own(candidate, thing)
                || match &filed {
                    Some(filed) if here == candidate.alone() => filed.binary_search(&at).is_ok(),
                    _ => {
                        let value = self.value_of(candidate, here);
                        self.is_about(sought, thing, &value)
                    }
                };
            if is {
                places.push((candidate.place, here));
            }
        }
        Found { places, is_cut }
    }

    /// The places that look alike, filed by what they concern, where that can be done.
    fn filed(&mut self, inst: u32, sought: Sought) -> Option<Rc<Candidates>> {
        let key = Key::Candidates(inst, sought);
        // What is being worked out just now is of no help yet.
        let is_open = matches!(self.memo.get(&key), Some(Slot::Open(_)));
        if is_open || !self.is_settled(inst, sought) {
            return None;
        }
        self.ask(key);
        self.memo.candidates(inst, sought)
    }

    /// Those of them that concern a thing which was made in no chain of calls, in order.
    fn filed_for(&self, known: &Candidates, sought: Sought, thing: Atom) -> Vec<usize> {
        let is = |&at: &usize| is_own(&known.all.places[at], thing) || self.is_about(sought, thing, &known.values[at]);
        known.of(self.hash_of(thing)).filter(is).collect()
    }

    /// The chain of calls that a place is reached through, for a thing that was made in one.
    fn chain_of(&self, candidate: &Candidate, ctx: Ctx) -> Ctx {
        match candidate.chain {
            Chain::Shared => self.lexical(ctx, candidate.place.inst, candidate.func),
            Chain::Far | Chain::Own(_) => candidate.alone(),
        }
    }

    fn value_of(&mut self, candidate: &Candidate, ctx: Ctx) -> Value {
        match candidate.asked {
            Asked::Expr(at) => self.eval(at, ctx),
            Asked::This(how) => self.written_argument(candidate.place, how.this(), ctx),
            Asked::First => self.argument(candidate.place, 0, ctx),
            Asked::Nobody => Value::clean(),
        }
    }

    /// Asks all places that look alike, and files them.
    pub(super) fn file_candidates(&mut self, inst: u32, sought: Sought) {
        let all = self.candidates(inst, sought);
        let mut values = Vec::with_capacity(all.places.len());
        let mut by_thing = Vec::new();
        for (at, candidate) in all.places.iter().enumerate() {
            let value = self.value_of(candidate, candidate.alone());
            let own = candidate.own.map(|class| Atom::Instance(class, 0));
            by_thing.extend(value.atoms().iter().copied().chain(own).map(|atom| (self.hash_of(atom), at as u32)));
            values.push(value);
        }
        by_thing.sort_unstable();
        by_thing.dedup();
        self.memo.keep_candidates(inst, sought, Candidates { all, values, by_thing });
    }

    /// The same for whatever [`Self::is_about`] takes for the same.
    fn hash_of(&self, thing: Atom) -> u64 {
        let mut hash = FxHasher::default();
        match thing {
            Atom::Host(host) => self.host(host).path.hash(&mut hash),
            other => other.bare().hash(&mut hash),
        }
        hash.finish()
    }

    /// Whether a value is, or may be, a thing. Who reads an object of the browser means any of its kind.
    fn is_about(&self, sought: Sought, thing: Atom, value: &Value) -> bool {
        let Atom::Host(host) = thing else { return value.has(thing) };
        let host = self.host(host);
        let is_one = |other: &Host| other.site.map(|(at, _)| at) == host.site.map(|(at, _)| at);
        value.atoms().iter().any(|atom| match atom {
            Atom::Host(other) => {
                let other = self.host(*other);
                other.path == host.path && (matches!(sought, Sought::Read(_)) || is_one(&other))
            }
            _ => false,
        })
    }

    /// The places that look alike.
    fn candidates(&mut self, inst: u32, sought: Sought) -> Rc<List> {
        if let Some(known) = self.alike.get(&(inst, sought)) {
            return known.clone();
        }
        let is_settled = self.is_settled(inst, sought);
        let found = Rc::new(self.find_candidates(inst, sought));
        let listed = self.listed + 1 + found.places.len();
        if is_settled && listed <= MAX_LISTED {
            self.listed = listed;
            self.alike.insert((inst, sought), found.clone());
        }
        found
    }

    /// Whether the places that look alike are all known, or can be: while callers are looked for, those of a helper may not be.
    fn is_settled(&self, inst: u32, sought: Sought) -> bool {
        sought != Sought::Defined || self.seeking == 0 || self.alike.contains_key(&(inst, sought))
    }

    /// Lists what depends on callers, once those are known that only values tell.
    pub fn settle_definitions(&mut self) {
        self.alike.clear();
        self.listed = 0;
        for inst in 0..self.program.instances.len() as u32 {
            self.candidates(inst, Sought::Defined);
        }
    }

    /// Finds the places that look alike, those of the instance's own script first.
    fn find_candidates(&mut self, inst: u32, sought: Sought) -> List {
        let program = self.program;
        let home = program.instances.get(inst as usize).map(|instance| instance.unit);
        let (table, most, most_far) = match sought {
            Sought::Read(name) => (program.reads.get(&name), MAX_READS, MAX_FAR_READS),
            Sought::Called(name) => (program.reads.get(&name), MAX_CANDIDATES, MAX_FAR_CALLS),
            Sought::Written(name) => (program.writes.get(&name), usize::MAX, usize::MAX),
            Sought::Computed => (Some(&program.dynamic_writes), MAX_CANDIDATES * 2, 0),
            Sought::Defined => return self.definitions(inst),
        };
        let (near, far) = near_and_far(table.map_or(&[], |places| places), home);
        let mut found = Vec::new();
        let (mut asked, mut asked_own, mut is_cut) = (0, 0, false);
        for (&(unit, expr), is_far) in
            near.iter().take(most).map(|place| (place, false)).chain(far.take(most_far).map(|place| (place, true)))
        {
            let inst = match (is_far, home) {
                (false, _) => Some(inst),
                (true, Some(_)) => program.beside(unit, inst),
                (true, None) => program.by_unit.get(unit as usize).and_then(|all| all.first()).copied(),
            };
            let Some(inst) = inst else { continue };
            let ir = self.ir(inst);
            let place = At { inst, expr };
            let chain = if is_far { Chain::Far } else { Chain::Shared };
            let sub = |expr: ExprId| At { inst, expr };
            let mut candidate = Candidate { place, func: ir.func_of(expr), asked: Asked::Expr(place), own: None, chain };
            match (sought, ir.expr(expr)) {
                (Sought::Read(_), _) => found.push(candidate),
                (Sought::Called(_), Expr::Member { object, .. }) => {
                    for (call, how) in self.calls_of_member(place) {
                        let asked = how.map_or(Asked::Expr(sub(object)), Asked::This);
                        found.push(Candidate { place: sub(call), func: ir.func_of(call), asked, ..candidate });
                    }
                }
                (Sought::Written(_), Expr::Assign { target, .. }) => {
                    let Expr::Member { object, .. } = ir.expr(target) else { continue };
                    candidate.asked = Asked::Expr(sub(object));
                    if ir.expr(object) == Expr::This {
                        candidate.own = self.instances_of(inst, ir.this_owner(candidate.func));
                    }
                    let (count, most) = match candidate.own {
                        Some(_) => (&mut asked_own, MAX_OWN),
                        None => (&mut asked, MAX_CANDIDATES),
                    };
                    if *count >= most {
                        is_cut = true;
                        candidate.asked = Asked::Nobody;
                    }
                    *count += 1;
                    if candidate.own.is_some() || *count <= most {
                        found.push(candidate);
                    }
                    if asked_own >= MAX_OWN_KEPT {
                        break;
                    }
                }
                (Sought::Computed, Expr::Assign { target, .. }) => {
                    let Expr::Index { object, .. } = ir.expr(target) else { continue };
                    found.push(Candidate { asked: Asked::Expr(sub(object)), ..candidate });
                }
                _ => {}
            }
        }
        List { places: found, is_cut }
    }

    /// Calls of `Object.defineProperty` in a script, each for every way to it: helpers of bundlers make one of all.
    fn definitions(&mut self, inst: u32) -> List {
        let program = self.program;
        let mut places = Vec::new();
        let reads = self.names.find("defineProperty").and_then(|name| program.reads.get(&name));
        let home = program.instances.get(inst as usize).map(|instance| instance.unit);
        let (near, _) = near_and_far(reads.map_or(&[], |reads| reads), home);
        for &(_, member) in near.iter().take(MAX_DEFINED) {
            let ir = self.ir(inst);
            let Some(call) = ir.parent(member) else { continue };
            if !matches!(ir.expr(call), Expr::Call { callee, args } if callee == member && ir.list(args).len() > 2) {
                continue;
            }
            let (place, func) = (At { inst, expr: call }, ir.func_of(call));
            let ways = self.contexts(place, 1).into_iter();
            places.extend(ways.map(|ctx| Candidate { place, func, asked: Asked::First, own: None, chain: Chain::Own(ctx) }));
        }
        List { places, is_cut: false }
    }

    /// The class or function of whose instances a function's `this` is one.
    fn instances_of(&self, inst: u32, func: FuncId) -> Option<At> {
        let ir = self.ir(inst);
        let declared = ir.func(func);
        let expr = match declared.class {
            Some(_) if declared.fixed => return None,
            Some(class) => ir.classes.get(class.index())?.expr,
            None if func.0 == 0 => return None,
            None => declared.expr,
        };
        Some(At { inst, expr })
    }
}

fn is_own(candidate: &Candidate, thing: Atom) -> bool {
    matches!(thing, Atom::Instance(class, _) if candidate.own == Some(class))
}
