//! Trials on a board: a candidate's one checked run, then its timed runs, all of them contained.
#![allow(unsafe_code)]

use core::ops::Range;

use rpc_protocol::TrialOutcome;

use super::measure::{MOST_AROUND, grown, milliseconds, wait};
use super::sandbox::{Contained, Ended};
use super::{Board, Firmware};
use crate::refusal::Refusal;
use crate::trial::{TrialOptions, Tried, judge, make_noise};

/// How much longer than a trial's limit a run must take to be a hang.
const MORE_MS: u32 = 1000;

impl<F: Firmware> Board<'_, F> {
    /// Tries a candidate of the loaded bundle. A frame of its own, which running a model does not need.
    #[inline(never)]
    pub(super) fn try_candidate(&mut self, options: &TrialOptions) -> Result<Tried, Refusal> {
        let repeat = self.room_for(options.repeat)?;
        let loaded = self.bundle.as_mut().ok_or(Refusal::NoBundle)?;
        let (candidate, count) = (options.candidate, loaded.bundle.artifact().step_count());
        let Some(call) = loaded.bundle.call(candidate as usize) else {
            return Err(Refusal::NoCandidate { candidate, count });
        };
        let (step, entry) = (call.step, call.entry.addr());
        self.sample_count = 0;
        let firmware = &mut self.firmware;
        let ticks = |ms| milliseconds(firmware, ms);
        let (limit, wanted, cooldown) =
            (ticks(options.limit_ms), ticks(options.min_repeat_ms), ticks(options.cooldown_ms));
        let call = Contained {
            entry: None,
            arguments: call.table.get(..call.arguments).unwrap_or(&call.table),
            workspace: call.workspace,
            extent: call.extent,
            code: loaded.code.clone(),
            noise: loaded.bundle.noise(),
            memory: loaded.memory(),
            stack: loaded.stack.clone(),
            limit,
        };
        let (arena, code) = (call.memory.start as u64, loaded.bundle.code());
        // The clock's alarm ends a candidate; should that not come, the watchdog does.
        let hang_ms = options.limit_ms.saturating_add(MORE_MS);
        let mut runs = Runs { start: firmware.now(), limit, hang_ms, call, firmware, overhead: 0 };
        // Calling nothing shows what calling takes, the second time: then what it touches is in the caches, as it is in
        // the runs that are timed.
        let _ = runs.run();
        runs.overhead = runs.run().unwrap_or(0);
        runs.call.entry = Some(entry);
        make_noise(&mut loaded.bundle);
        loaded.paint();
        let mut number = options.number.max(1);
        let outcome = match runs.run() {
            Err(ended) => outcome(ended, &code),
            Ok(_) => match (judge(&loaded.bundle, candidate, &step), loaded.written_behind()) {
                (TrialOutcome::Right, None) => {
                    let samples = self.samples.iter_mut().take(repeat);
                    match runs.measure(samples, &mut number, wanted, cooldown) {
                        Ok(()) => TrialOutcome::Right,
                        Err(ended) => outcome(ended, &code),
                    }
                }
                (TrialOutcome::Right | TrialOutcome::WrongNumbers { .. }, Some(offset)) => {
                    TrialOutcome::WroteOutside { offset }
                }
                (wrong, _) => wrong,
            },
        };
        if outcome == TrialOutcome::Right {
            self.sample_count = repeat;
        }
        Ok(Tried { outcome, number, samples: self.sample_count as u32, arena, overhead: runs.overhead })
    }
}

/// The runs of one trial, contained and within its time.
struct Runs<'t, F> {
    firmware: &'t mut F,
    call: Contained<'t>,
    /// When it began, and the ticks it may take.
    start: u64,
    limit: u64,
    /// After so many milliseconds of one run the board hangs.
    hang_ms: u32,
    /// Ticks that calling takes.
    overhead: u64,
}

impl<F: Firmware> Runs<'_, F> {
    /// Ticks that are left.
    fn left(&self) -> u64 {
        self.limit.saturating_sub(self.firmware.now().wrapping_sub(self.start))
    }

    /// One run; gives its ticks, or how else it ended.
    #[inline(never)]
    fn run(&mut self) -> Result<u64, Ended> {
        self.call.limit = self.left();
        if self.call.limit == 0 {
            return Err(Ended::Abandoned { pc: None });
        }
        self.firmware.watch(Some(self.hang_ms));
        // SAFETY: the bundle was laid out for this, and nobody uses its memory meanwhile.
        let ended = unsafe { self.firmware.contain(&self.call) };
        self.firmware.watch(None);
        match ended {
            Ended::Returned { ticks } => Ok(ticks.saturating_sub(self.overhead)),
            other => Err(other),
        }
    }

    /// Samples of `number` runs each, more of them if they are too short.
    fn measure<'s>(
        &mut self,
        samples: impl Iterator<Item = &'s mut u64>,
        number: &mut u32,
        wanted: u64,
        cooldown: u64,
    ) -> Result<(), Ended> {
        for sample in samples {
            *sample = loop {
                let (begun, mut sum) = (self.firmware.now(), 0u64);
                for _ in 0..*number {
                    sum = sum.saturating_add(self.run()?);
                }
                // Runs shorter than a tick take none.
                let around = self.firmware.now().wrapping_sub(begun);
                if sum >= wanted || around / MOST_AROUND >= wanted {
                    break sum;
                }
                *number = grown(*number, sum, wanted);
            };
            let rest = cooldown.min(self.left());
            wait(self.firmware, rest);
        }
        Ok(())
    }
}

/// What a run that did not return means to the host; `code` is where the bundle's code is.
fn outcome(ended: Ended, code: &Range<usize>) -> TrialOutcome {
    let offset = |pc: Option<usize>| {
        let inside = pc.filter(|pc| code.contains(pc));
        inside.map_or(u64::MAX, |pc| pc.wrapping_sub(code.start) as u64)
    };
    match ended {
        Ended::Faulted { kind, pc, address } => TrialOutcome::Faulted { kind, pc: offset(pc), address: address as u64 },
        Ended::StackOverflow { pc, address } => TrialOutcome::StackOverflow { pc: offset(pc), address: address as u64 },
        Ended::Abandoned { pc } => TrialOutcome::Abandoned { pc: offset(pc) },
        Ended::Returned { .. } => TrialOutcome::Right,
    }
}
