//! The ways by which a place where data leaves is reached, told apart where one of them sends a text elsewhere than another.

use std::collections::BTreeSet;

use super::super::eval::{Atom, Ctx, MAX_SENDERS, Value};
use super::super::program::At;
use super::Examiner;
use super::place::Place;

/// What a place where data leaves is asked for.
pub(super) struct Way<'s> {
    /// The call or assignment.
    pub at: At,
    pub sink: &'s str,
    pub address: Value,
    pub data: Value,
}

/// How the data comes that flows are asked for.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// In whatever way.
    Any,
    /// By a message of another script.
    Message,
    /// Without one.
    NoMessage,
}

impl Examiner<'_, '_, '_> {
    /// Follows a place in one go, and where that leaves several addresses for several texts, through each way to reach it.
    pub(super) fn each_way<'s>(&mut self, at: At, mut ways: impl FnMut(&mut Self, Ctx) -> Vec<Way<'s>>) {
        let mut apart = false;
        let all = ways(self, 0);
        for way in &all {
            let taken = self.taken(way);
            let places = self.places(way);
            let hosts: BTreeSet<&Place> = places.iter().filter(|place| matches!(place, Place::Host(..))).collect();
            apart |= !taken.is_empty() && (hosts.len() > 1 || places.contains(&Place::Unknown) || taken.atoms().len() > 1);
            self.contact(way, &places);
        }
        let contexts = if apart { self.engine.contexts(at, 3) } else { vec![0] };
        let senders = if apart { self.senders(&all) } else { Vec::new() };
        if contexts == [0] && senders.is_empty() {
            for way in all {
                self.flows(&way, By::Any);
            }
            return;
        }
        let realm = self.engine.program.instances[at.inst as usize].realm;
        // A relay sends what each message holds to where that message says.
        let told = !senders.is_empty() && {
            let told_by_nobody = self.hearing(realm, None, |this| {
                let ways = ways(this, 0);
                this.all_places(&ways)
            });
            self.all_places(&all) != told_by_nobody
        };
        if told {
            for &sender in &senders {
                self.hearing(realm, Some(sender), |this| {
                    for &ctx in &contexts {
                        for way in ways(this, ctx) {
                            this.leave(&way, By::Message);
                        }
                    }
                });
            }
        }
        for ctx in contexts {
            for mut way in ways(self, ctx) {
                // What is written to an object is found where no calls are told apart: `frame.src` of the frame that is told.
                if way.address.is_empty()
                    && let Some(known) = all.iter().find(|known| known.sink == way.sink)
                {
                    way.address = known.address.clone();
                }
                self.leave(&way, if told { By::NoMessage } else { By::Any });
            }
        }
    }

    /// States where a way out leads, and what goes there.
    fn leave(&mut self, way: &Way<'_>, by: By) {
        let places = self.places(way);
        self.contact(way, &places);
        self.flows(way, by);
    }

    fn all_places(&mut self, ways: &[Way<'_>]) -> BTreeSet<Place> {
        ways.iter().flat_map(|way| self.places(way)).collect()
    }

    /// Asks with one sender only heard by the scripts of a realm.
    fn hearing<T>(&mut self, realm: u32, sender: Option<(At, Ctx)>, ask: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.engine.hear(realm, sender);
        let answer = ask(self);
        self.engine.hear_all(before);
        answer
    }

    /// Who sends the data of the person that ways out take from messages; nobody where they are too many.
    fn senders(&mut self, ways: &[Way<'_>]) -> Vec<(At, Ctx)> {
        let mut senders = Vec::new();
        for way in ways {
            for atom in self.taken(way).atoms() {
                let Atom::Taint { trail, .. } = *atom else { continue };
                let Some((call, contexts)) = self.engine.last_sender(trail) else { continue };
                for &ctx in contexts.iter() {
                    if !senders.contains(&(call, ctx)) {
                        senders.push((call, ctx));
                    }
                }
            }
        }
        if senders.len() > MAX_SENDERS {
            senders.clear();
        }
        senders
    }
}
