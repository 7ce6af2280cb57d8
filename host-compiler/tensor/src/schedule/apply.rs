//! Taking steps: all of one or nothing, and remembered.

use super::error::ScheduleError;
use super::primitives;
use super::state::Schedule;
use super::trace::{Step, Trace};

impl Schedule {
    /// Takes one step, or leaves everything as it was and says why not.
    pub fn apply(&mut self, step: Step) -> Result<(), ScheduleError> {
        let before = self.clone();
        match primitives::apply(self, &step) {
            Ok(()) => {
                self.trace.0.push(step);
                Ok(())
            }
            Err(refusal) => {
                *self = before;
                Err(ScheduleError {
                    step: step.to_string(),
                    reason: refusal.reason,
                    nest: self.text(refusal.at.as_deref()),
                })
            }
        }
    }

    /// Takes every step of a trace.
    pub fn replay(&mut self, trace: &Trace) -> Result<(), ScheduleError> {
        trace.0.iter().try_for_each(|step| self.apply(step.clone()))
    }
}
