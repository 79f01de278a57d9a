//! Addresses and hosts that stand in the code, used or not.

use std::collections::BTreeSet;

use super::super::analysis::Mention;
use super::super::ir::{Expr, ExprId};
use super::super::program::At;
use super::Examiner;
use super::state::host_in;

/// Addresses that are kept.
const MAX_MENTIONS: usize = 4_000;

impl Examiner<'_, '_, '_> {
    /// States every address.
    pub(super) fn mention(&mut self) {
        let program = self.engine.program;
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        for (unit, script) in program.units.iter().enumerate() {
            let Some(&inst) = program.by_unit[unit].first() else { continue };
            let mut decoded: Vec<_> = script.decoded.iter().map(|(&at, &name)| (at, name)).collect();
            decoded.sort_unstable();
            let places = script.ir.exprs.iter().enumerate().filter_map(|(at, expr)| match expr {
                Expr::Text(name) => Some((ExprId(at as u32), *name, false)),
                _ => None,
            });
            let places: Vec<_> = places.chain(decoded.into_iter().map(|(_, name)| (ExprId(0), name, true))).collect();
            for (expr, name, decoded) in places {
                if self.found.mentions.len() >= MAX_MENTIONS {
                    return;
                }
                let text = self.engine.text(name);
                if !text.contains('.') || text.len() > 2_000 || !seen.insert(name.0) {
                    continue;
                }
                let Some(host) = host_in(text) else { continue };
                let text: String = text.chars().take(400).collect();
                let spot = self.spot(At { inst, expr });
                let decoded = decoded || !self.stands_there(unit, &host);
                self.found.mentions.push(Mention { text, host, decoded, spot });
            }
        }
        self.found.mentions.sort();
    }

    fn stands_there(&self, unit: usize, host: &str) -> bool {
        let text = &self.engine.program.units[unit].text;
        memchr::memmem::find(text.as_bytes(), host.as_bytes()).is_some() || text.to_ascii_lowercase().contains(host)
    }
}
