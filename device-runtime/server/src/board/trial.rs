//! Trials on a board: a candidate's one checked run, then its timed runs, all of them contained.
#![allow(unsafe_code)]

use rpc_protocol::TrialOutcome;

use super::bundle::LoadedBundle;
use super::measure::{grown, milliseconds, wait};
use super::sandbox::{Contained, Ended};
use super::{Board, Firmware};
use crate::refusal::Refusal;
use crate::trial::{TrialOptions, Tried, judge, make_noise};

impl<F: Firmware> Board<'_, F> {
    /// Tries a candidate of the loaded bundle. A frame of its own, which running a model does not need.
    #[inline(never)]
    pub(super) fn try_candidate(&mut self, options: &TrialOptions) -> Result<Tried, Refusal> {
        let repeat = self.room_for(options.repeat)?;
        let loaded = self.bundle.as_mut().ok_or(Refusal::NoBundle)?;
        let (candidate, count) = (options.candidate, loaded.bundle.artifact().step_count());
        if candidate as usize >= count {
            return Err(Refusal::NoCandidate { candidate, count });
        }
        let arena = loaded.bundle.arena().as_ptr().addr() as u64;
        self.sample_count = 0;
        let mut trial = Trial::begin(&mut self.firmware, loaded, options);
        let mut outcome = trial.checked_run(candidate);
        let mut number = options.number.max(1);
        if outcome == TrialOutcome::Right {
            for sample in self.samples.iter_mut().take(repeat) {
                match trial.sample(options, &mut number) {
                    Ok(ticks) => *sample = ticks,
                    Err(ended) => {
                        outcome = ended;
                        break;
                    }
                }
            }
        }
        if outcome == TrialOutcome::Right {
            self.sample_count = repeat;
        }
        Ok(Tried { outcome, number, samples: self.sample_count as u32, arena })
    }
}

/// One trial on its way.
struct Trial<'t, 'm, F> {
    firmware: &'t mut F,
    loaded: &'t mut LoadedBundle<'m>,
    candidate: usize,
    /// When it is over, and the ticks that calling takes.
    start: u64,
    limit: u64,
    overhead: u64,
}

impl<'t, 'm, F: Firmware> Trial<'t, 'm, F> {
    fn begin(firmware: &'t mut F, loaded: &'t mut LoadedBundle<'m>, options: &TrialOptions) -> Self {
        let limit = milliseconds(firmware, options.limit_ms);
        let start = firmware.now();
        let mut trial = Trial { firmware, loaded, candidate: options.candidate as usize, start, limit, overhead: 0 };
        trial.overhead = match trial.run(false) {
            Ended::Returned { ticks } => ticks,
            _ => 0,
        };
        trial
    }

    /// The run on noise whose results are looked at.
    fn checked_run(&mut self, candidate: u32) -> TrialOutcome {
        make_noise(&mut self.loaded.bundle);
        self.loaded.paint();
        match self.run(true) {
            Ended::Returned { .. } => match (judge(&self.loaded.bundle, candidate), self.loaded.written_behind()) {
                (TrialOutcome::WroteOutside { offset }, _) | (_, Some(offset)) => TrialOutcome::WroteOutside { offset },
                (outcome, None) => outcome,
            },
            other => self.outcome(other),
        }
    }

    /// A sample of so many runs, more of them if they are too short.
    fn sample(&mut self, options: &TrialOptions, number: &mut u32) -> Result<u64, TrialOutcome> {
        let wanted = milliseconds(self.firmware, options.min_repeat_ms);
        let ticks = loop {
            let mut sum = 0u64;
            for _ in 0..*number {
                match self.run(true) {
                    Ended::Returned { ticks } => sum = sum.saturating_add(ticks.saturating_sub(self.overhead)),
                    other => return Err(self.outcome(other)),
                }
            }
            if sum >= wanted || *number == u32::MAX {
                break sum;
            }
            *number = grown(*number, sum, wanted);
        };
        let rest = milliseconds(self.firmware, options.cooldown_ms).min(self.left());
        wait(self.firmware, rest);
        Ok(ticks)
    }

    /// Ticks that are left for it.
    fn left(&self) -> u64 {
        self.limit.saturating_sub(self.firmware.now().wrapping_sub(self.start))
    }

    /// One call, of nothing unless `whole`.
    fn run(&mut self, whole: bool) -> Ended {
        let Some(call) = self.loaded.bundle.call(self.candidate) else { return Ended::Abandoned { pc: None } };
        let limit = self.left();
        if limit == 0 {
            return Ended::Abandoned { pc: None };
        }
        let contained = Contained {
            entry: whole.then(|| call.entry.addr()),
            arguments: call.table.get(..call.arguments).unwrap_or(&call.table),
            workspace: call.workspace,
            extent: call.extent,
            code: self.loaded.code.clone(),
            noise: self.loaded.bundle.noise(),
            memory: self.loaded.memory(),
            stack: self.loaded.stack.clone(),
            limit,
        };
        // SAFETY: the bundle was laid out for this, and its memory is borrowed for this call alone.
        unsafe { self.firmware.contain(&contained) }
    }

    /// What a call that did not return means to the host.
    fn outcome(&self, ended: Ended) -> TrialOutcome {
        let code = self.loaded.bundle.code();
        let offset = |pc: Option<usize>| {
            let inside = pc.filter(|pc| code.contains(pc));
            inside.map_or(u64::MAX, |pc| pc.wrapping_sub(code.start) as u64)
        };
        match ended {
            Ended::Faulted { kind, pc, address } => {
                TrialOutcome::Faulted { kind, pc: offset(pc), address: address as u64 }
            }
            Ended::StackOverflow { pc, address } => {
                TrialOutcome::StackOverflow { pc: offset(pc), address: address as u64 }
            }
            Ended::Abandoned { pc } => TrialOutcome::Abandoned { pc: offset(pc) },
            Ended::Returned { .. } => TrialOutcome::Right,
        }
    }
}
