//! Chains of calls: a function is told apart by the calls it was reached through.

use super::super::ir::FuncId;
use super::super::program::At;
use super::{Ctx, Engine, Frame, Via};

/// Calls within calls that are told apart.
const MAX_FRAMES: u8 = 7;
/// Chains of calls into one function that are told apart; above that only the call itself is.
const MAX_CHAINS: u32 = 40;
/// Calls of one function that are told apart; above that it is one place for all.
const MAX_CALLS: u32 = 400;

impl Engine<'_, '_> {
    /// Enters a function through a call.
    pub(super) fn enter(&mut self, inst: u32, func: FuncId, call: At, via: Via, caller: Ctx, outer: Ctx) -> Ctx {
        // A function that calls itself is entered once.
        let mut up = caller;
        while up != 0 {
            let frame = self.frames[up as usize];
            if frame.inst == inst && frame.func == func && frame.call == call && !matches!(via, Via::Values(_)) {
                return up;
            }
            up = frame.caller;
        }
        let depth = self.frames[caller as usize].depth;
        let chains = self.chains.get(&(inst, func)).copied().unwrap_or(0);
        let (caller, depth) = if depth >= MAX_FRAMES || chains >= MAX_CHAINS { (0, 1) } else { (caller, depth + 1) };
        let outer = self.lexical(outer, inst, self.ir(inst).func(func).parent);
        let frame = Frame { inst, func, call, via, caller, outer, depth };
        if let Some(&ctx) = self.frame_ids.get(&frame) {
            return ctx;
        }
        if chains >= MAX_CALLS {
            return outer;
        }
        self.chains.insert((inst, func), chains + 1);
        let ctx = self.frames.len() as Ctx;
        self.frames.push(frame);
        self.frame_ids.insert(frame, ctx);
        ctx
    }

    /// The part of a chain that matters inside a function: frames of functions around it.
    pub(super) fn lexical(&self, mut ctx: Ctx, inst: u32, func: FuncId) -> Ctx {
        while ctx != 0 {
            let frame = &self.frames[ctx as usize];
            if frame.inst == inst && self.ir(inst).encloses(frame.func, func) {
                return ctx;
            }
            ctx = frame.outer;
        }
        0
    }

    pub(super) fn frame_of(&self, mut ctx: Ctx, inst: u32, func: FuncId) -> Option<(Ctx, Frame)> {
        while ctx != 0 {
            let frame = self.frames[ctx as usize];
            if frame.inst == inst && frame.func == func {
                return Some((ctx, frame));
            }
            ctx = frame.outer;
        }
        None
    }
}
