//! What the scripts do: calls of the browser, contacts, flows, code from outside, habits.
//!
//! First every use of the browser's API is found, whatever it is called by; then who sends messages to whom is known; then
//! each place where data leaves is asked what may reach it.

mod calls;
mod click;
mod flows;
mod habits;
mod mention;
mod parts;
mod place;
mod redirect;
mod remote;
mod sinks;
mod state;
mod ways;

use std::collections::BTreeMap;

use memchr::memmem::Finder;

use super::analysis::{Analysis, Input, Spot};
use super::eval::Engine;
use super::program::At;
use super::source::Lines;
use crate::finding::Step;
use crate::model::host::HostPattern;

pub use calls::ApiUse;

/// Works everything out.
pub struct Examiner<'e, 'p, 'a> {
    pub(super) engine: &'e mut Engine<'p, 'a>,
    input: &'e Input<'a>,
    /// Uses of the browser's API and of sinks.
    uses: Vec<ApiUse>,
    lines: BTreeMap<String, Lines>,
    /// Hosts, and whether they stand in the code as they are.
    literal: BTreeMap<String, bool>,
    /// What the extension says it talks to.
    declared: Vec<HostPattern>,
    clicks: click::Clicks,
    found: Analysis,
}

/// Examines linked scripts.
pub fn examine<'a>(engine: &mut Engine<'_, 'a>, input: &Input<'a>) -> Analysis {
    let mut examiner = Examiner {
        engine,
        input,
        uses: Vec::new(),
        lines: BTreeMap::new(),
        literal: BTreeMap::new(),
        declared: place::declared(input.manifest),
        clicks: click::Clicks::default(),
        found: Analysis::default(),
    };
    // Each stage leaves the later ones a share, so that no decoy keeps the sinks from being looked at.
    examiner.engine.allow(examiner.engine.left() / 64);
    examiner.engine.find_computed_callers();
    examiner.engine.allow(examiner.engine.left());
    examiner.engine.settle_definitions();
    examiner.find_uses();
    examiner.engine.allow(examiner.engine.left() / 4);
    examiner.find_senders();
    examiner.engine.allow(examiner.engine.left() / 16 * 15);
    examiner.follow_sinks();
    examiner.engine.allow(examiner.engine.left() / 2);
    examiner.follow_code();
    examiner.engine.allow(examiner.engine.left() / 2);
    examiner.look_at_habits();
    examiner.engine.allow(examiner.engine.left());
    examiner.state_calls();
    examiner.mention();
    let mut found = examiner.found;
    found.steps = engine.steps;
    found.exhausted = engine.is_incomplete();
    found
}

impl Examiner<'_, '_, '_> {
    /// A place in the code.
    fn spot(&mut self, at: At) -> Spot {
        let unit = self.engine.program.unit(at.inst);
        let inside = unit.ir.start(at.expr);
        self.spot_of(&unit.file.clone(), unit.offset.saturating_add(inside))
    }

    fn spot_of(&mut self, file: &str, offset: u32) -> Spot {
        let line = match self.lines.get(file) {
            Some(lines) => lines.line(offset),
            None => {
                // Scripts that lie in no file have their own text.
                let lines = match self.input.package.bytes(file) {
                    Some(bytes) => Lines::new(bytes),
                    None => {
                        let unit = self.engine.program.units.iter().find(|unit| unit.file == file);
                        unit.map_or_else(Lines::default, |unit| Lines::new(unit.text.as_bytes()))
                    }
                };
                let line = lines.line(offset);
                self.lines.insert(file.to_owned(), lines);
                line
            }
        };
        Spot { file: file.to_owned(), offset, line }
    }

    fn steps(&mut self, trail: u32, last: Option<(At, String)>) -> Vec<Step> {
        let mut steps = Vec::new();
        for step in self.engine.way(trail) {
            let spot = self.spot(step.at);
            let what = self.engine.text(step.words).to_owned();
            let world = self.engine.world(step.at).as_str().to_owned();
            steps.push(Step { file: spot.file, line: spot.line, what, world });
        }
        if let Some((at, what)) = last {
            let spot = self.spot(at);
            let world = self.engine.world(at).as_str().to_owned();
            steps.push(Step { file: spot.file, line: spot.line, what, world });
        }
        steps
    }

    /// Whether a text stands in some script as it is, or in what scripts read out of the package.
    fn is_literal(&mut self, text: &str) -> bool {
        if let Some(&known) = self.literal.get(text) {
            return known;
        }
        let finder = Finder::new(text);
        // In a string of a script, and not only by way of escapes. Comments do not count.
        let shipped = self.engine.names.iter().take(self.engine.program.shipped);
        let is = shipped.into_iter().any(|name| finder.find(name.as_bytes()).is_some())
            && self.engine.program.units.iter().any(|unit| finder.find(unit.text.as_bytes()).is_some());
        let is = is || self.engine.was_read_out(text);
        self.literal.insert(text.to_owned(), is);
        is
    }
}
