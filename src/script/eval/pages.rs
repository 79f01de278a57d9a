//! Which pages scripts run in or beside, and whose they are.

use super::super::analysis::World;
use super::super::ir::{Expr, FuncId};
use super::super::program::At;
use super::Engine;
use super::words::MAX_AROUND;
use crate::model::host::{self, Class, HostPattern};

/// What is known of the pages of a realm.
#[derive(Clone, Debug, Default)]
pub struct RealmFacts {
    /// Providers of mail whose pages are named.
    pub mail: Vec<&'static str>,
    /// Messengers.
    pub messenger: Vec<&'static str>,
    /// Services with accounts of the whole person.
    pub login: Vec<&'static str>,
    /// Pages where passwords are typed are among those that are named.
    pub signs_in: bool,
    /// Social networks: what people write each other there stands beside all the rest.
    pub social: Vec<&'static str>,
    /// Others that are worth stealing from.
    pub other: Vec<&'static str>,
    /// Hosts that are named, with or without a known service.
    pub named: Vec<String>,
    /// Runs on all sites, or all of a country.
    pub broad: bool,
}

/// Scripts for all pages and beside them for so many sites are for no site in particular, though a mail service is among
/// them: their code has to say that it means mail.
const MANY_SITES: usize = 40;

impl RealmFacts {
    fn note(&mut self, class: Class, provider: &'static str) {
        self.signs_in |= class == Class::Login;
        let list = match class {
            Class::Mail => &mut self.mail,
            Class::Messenger => &mut self.messenger,
            Class::Login | Class::Identity => &mut self.login,
            Class::Social => &mut self.social,
            class if class.is_worth_stealing() => &mut self.other,
            _ => return,
        };
        if !list.contains(&provider) {
            list.push(provider);
        }
    }

    fn forget_providers(&mut self) {
        self.signs_in = false;
        for list in [&mut self.mail, &mut self.messenger, &mut self.login, &mut self.social, &mut self.other] {
            list.clear();
        }
    }

    /// All providers whose pages are named.
    pub fn providers(&self) -> impl Iterator<Item = &'static str> + '_ {
        let lists = [&self.mail, &self.messenger, &self.login, &self.social, &self.other];
        lists.into_iter().flatten().copied()
    }
}

impl Engine<'_, '_> {
    /// What the pages of each realm are.
    pub(super) fn classify_realms(&self) -> Vec<RealmFacts> {
        self.program
            .realms
            .iter()
            .map(|realm| {
                let mut facts = RealmFacts::default();
                for pattern in &realm.hosts {
                    let Some(pattern) = HostPattern::parse(pattern) else { continue };
                    if pattern.breadth() > host::Breadth::Domain {
                        facts.broad |= pattern.scheme() != "file";
                        continue;
                    }
                    facts.named.extend(pattern.host().map(str::to_owned));
                    for class in host::pattern_classes(&pattern) {
                        facts.note(class.class, class.provider);
                    }
                }
                if facts.broad && facts.named.len() > MANY_SITES {
                    facts.forget_providers();
                }
                facts
            })
            .collect()
    }

    /// What is known of the pages around an instance.
    pub fn pages(&self, inst: u32) -> &RealmFacts {
        let realm = self.program.instances.get(inst as usize).map_or(0, |instance| instance.realm);
        &self.realm_facts[realm as usize]
    }

    /// Where an expression runs: functions that are injected run in pages.
    pub fn world(&self, at: At) -> World {
        if self.is_injected(at) { World::Content } else { self.program.realm(at.inst).world }
    }

    fn is_injected(&self, at: At) -> bool {
        self.injection(at).is_some()
    }

    /// The call that injects the function around a place.
    fn injection(&self, at: At) -> Option<At> {
        if self.injected.is_empty() {
            return None;
        }
        let ir = self.program.ir(at.inst);
        let func = ir.func_of(at.expr);
        let around = |&&(inst, injected, _): &&(u32, FuncId, At)| inst == at.inst && ir.encloses(injected, func);
        self.injected.iter().find(around).map(|&(.., call)| call)
    }

    /// Words that say into which pages the function around a place is injected: those of the call, of the conditions around
    /// it and of the calls that it is a callback of, in lower case.
    pub(super) fn words_of_injection(&self, at: At) -> Vec<String> {
        let Some(call) = self.injection(at) else { return Vec::new() };
        let ir = self.program.ir(call.inst);
        let mut words = self.condition_words(call);
        let mut seen = 0;
        let mut around = Some(call.expr);
        for _ in 0..MAX_AROUND {
            let Some(expr) = around else { break };
            self.words_in(At { inst: call.inst, expr }, &mut words, 0, &mut seen);
            let func = ir.func_of(expr);
            if func.0 == 0 {
                break;
            }
            around = ir.parent(ir.func(func).expr).filter(|&user| matches!(ir.expr(user), Expr::Call { .. }));
        }
        words.iter_mut().for_each(|word| *word = word.to_lowercase());
        words
    }

    /// Notes a function that is handed to `executeScript`, and the call.
    pub fn inject(&mut self, inst: u32, func: FuncId, call: At) {
        if !self.injected.iter().any(|&(known_inst, known, _)| (known_inst, known) == (inst, func)) {
            self.injected.push((inst, func, call));
        }
    }
}

/// The host that a word names: an address, a host, or the escaped text of a regular expression.
pub(super) fn known_host(word: &str) -> Option<(Class, &'static str)> {
    if word.len() > 200 || !word.contains('.') {
        return None;
    }
    let host = if word.contains("//") {
        host::of_url(word)?
    } else {
        word.split('/').next()?.trim_matches(['.', '^', '$', '*']).to_owned()
    };
    let known = host::classify(&host)?;
    Some((known.class, known.provider))
}
