//! How many questions may be answered, and which answers are forgotten because others were refused.

use super::super::program::At;
use super::{Answers, Ctx, Engine, senders};

/// Steps between two looks at the time: some milliseconds.
const ASK_EVERY: u64 = 1_000;

impl Engine<'_, '_> {
    /// Forgets what was answered so far: after the senders of messages are known, answers change.
    pub fn forget(&mut self) {
        self.memo.take();
        self.callers.clear();
    }

    /// From here on the scripts of a realm hear one sender only, or none. Gives what was answered before, for [`Engine::hear_all`].
    pub fn hear(&mut self, realm: u32, sender: Option<(At, Ctx)>) -> Answers {
        self.heard = Some(senders::Heard { realm, sender });
        Answers(self.memo.take())
    }

    /// All senders are heard again.
    pub fn hear_all(&mut self, before: Answers) {
        self.heard = None;
        self.memo = before.0;
    }

    /// Allows so many steps from here on, of those that are left in all. Answers that lack what was refused are forgotten, so
    /// that nothing which uses up one allowance hides what the next one would have found.
    pub fn allow(&mut self, steps: u64) {
        self.ceiling = self.steps.saturating_add(steps).min(self.budget);
        if std::mem::take(&mut self.refused) {
            self.forget();
        }
    }

    /// Steps that are left in all.
    pub fn left(&self) -> u64 {
        self.budget.saturating_sub(self.steps)
    }

    /// Whether the allowed steps are used up.
    pub fn is_exhausted(&self) -> bool {
        self.steps >= self.ceiling
    }

    /// Whether a question was refused because the steps were used up.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// Whether it was told to stop. No step is left then.
    pub fn is_stopped(&self) -> bool {
        self.budget == 0
    }

    /// Asks now and then whether to stop.
    pub(super) fn look_at_the_time(&mut self) {
        if self.steps < self.ask_at {
            return;
        }
        self.ask_at = self.steps + ASK_EVERY;
        if self.stop.is_some_and(|stop| stop()) {
            (self.budget, self.ceiling) = (0, 0);
        }
    }
}
