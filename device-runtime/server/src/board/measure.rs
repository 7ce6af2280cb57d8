//! Timing on a board: ticks around runs and steps, with the counter's own cost taken off.

use super::loaded::LoadedModel;
use super::{Board, Firmware};
use crate::device::{TimeOptions, Timed};
use crate::refusal::{Refusal, figure};

/// How many times the wanted time a sample may last with all that is around its runs: a model that takes less than a tick
/// would never fill it.
pub(super) const MOST_AROUND: u64 = 16;

impl<F: Firmware> Board<'_, F> {
    /// Runs once and notes what it took of the stack; gives ticks.
    pub(super) fn watched_run(&mut self) -> u64 {
        let Some(loaded) = &mut self.loaded else { return 0 };
        let overhead = overhead(&self.firmware);
        loaded.place_inputs();
        self.firmware.paint_stack();
        let ticks = timed(&self.firmware, overhead, || loaded.run());
        let used = self.firmware.stack_use().map_or(0, |used| used.since_paint);
        self.run_stack = self.run_stack.max(used);
        ticks
    }

    /// One warm-up run, then `repeat` samples of `number` runs.
    pub(super) fn measure_runs(&mut self, options: &TimeOptions) -> Result<Timed, Refusal> {
        self.loaded()?;
        if options.flush_cache {
            return Err(Refusal::NoCache);
        }
        let repeat = self.room_for(options.repeat)?;
        let wanted = milliseconds(&self.firmware, options.min_repeat_ms);
        let cooldown = milliseconds(&self.firmware, options.cooldown_ms);
        let mut number = options.number.max(1);
        self.watched_run();
        let Some(loaded) = &mut self.loaded else { return Err(Refusal::NoModel) };
        let overhead = overhead(&self.firmware);
        for sample in self.samples.iter_mut().take(repeat) {
            *sample = loop {
                let began = self.firmware.now();
                let ticks = sample_of(number, loaded, &mut self.firmware, overhead);
                let spent = self.firmware.now().wrapping_sub(began);
                if ticks >= wanted || spent / MOST_AROUND >= wanted {
                    break ticks;
                }
                number = grown(number, ticks, wanted);
            };
            wait(&mut self.firmware, cooldown);
        }
        self.sample_count = repeat;
        Ok(Timed { number, samples: repeat as u32, overhead })
    }

    /// One warm-up run, then `number` runs, each step's ticks added up.
    pub(super) fn measure_steps(&mut self, number: u32) -> Result<Timed, Refusal> {
        let steps = self.loaded()?.steps();
        let steps = self.room_for(figure(steps))?;
        self.watched_run();
        let Some(loaded) = &mut self.loaded else { return Err(Refusal::NoModel) };
        let overhead = overhead(&self.firmware);
        self.samples.fill(0);
        for _ in 0..number {
            loaded.place_inputs();
            loaded.restart();
            for sample in self.samples.iter_mut().take(steps) {
                let ticks = timed(&self.firmware, overhead, || {
                    loaded.step();
                });
                *sample = sample.saturating_add(ticks);
                self.firmware.between();
            }
        }
        self.sample_count = steps;
        Ok(Timed { number, samples: steps as u32, overhead })
    }

    pub(super) fn room_for(&self, samples: u32) -> Result<usize, Refusal> {
        let limit = self.samples.len();
        let fits = usize::try_from(samples).ok().filter(|samples| *samples <= limit);
        fits.ok_or(Refusal::TooManySamples { samples, limit })
    }
}

/// Ticks of `number` runs; putting the inputs in place does not count.
fn sample_of<F: Firmware>(number: u32, loaded: &mut LoadedModel<'_>, firmware: &mut F, overhead: u64) -> u64 {
    (0..number).fold(0, |sum: u64, _| {
        firmware.between();
        loaded.place_inputs();
        sum.saturating_add(timed(firmware, overhead, || loaded.run()))
    })
}

/// A run that takes longer hangs.
pub(super) const RUN_MS: u32 = 20_000;

/// Ticks that `work` takes, under the watchdog.
fn timed<F: Firmware>(firmware: &F, overhead: u64, work: impl FnOnce()) -> u64 {
    firmware.watch(Some(RUN_MS));
    firmware.settle();
    let start = firmware.now();
    work();
    let ticks = firmware.now().wrapping_sub(start);
    firmware.watch(None);
    ticks.saturating_sub(overhead)
}

/// Ticks that reading the counter takes.
fn overhead<F: Firmware>(firmware: &F) -> u64 {
    timed(firmware, 0, || {})
}

/// Ticks of at least so many milliseconds.
pub(super) fn milliseconds<F: Firmware>(firmware: &F, ms: u32) -> u64 {
    let a_second = u32::try_from(firmware.ticks_per_second()).unwrap_or(u32::MAX);
    u64::from(a_second.div_ceil(1000)).saturating_mul(u64::from(ms))
}

pub(super) fn wait<F: Firmware>(firmware: &mut F, ticks: u64) {
    let start = firmware.now();
    while firmware.now().wrapping_sub(start) < ticks {
        firmware.between();
    }
}

/// The number of runs that should last `wanted` ticks, when `number` lasted `ticks`; at least half as many more. The ratio
/// is taken of numbers of 32 bits: dividing longer ones takes more flash than all of this.
pub fn grown(number: u32, ticks: u64, wanted: u64) -> u32 {
    let shift = u64::BITS.wrapping_sub((wanted >> 24).leading_zeros());
    let wanted = wanted.checked_shr(shift).unwrap_or(0) as u32;
    let ticks = ticks.checked_shr(shift).unwrap_or(0).max(u64::from(ticks > 0)) as u32;
    let ratio = (wanted << 8).checked_div(ticks).unwrap_or(0);
    let enough = (u64::from(number).wrapping_mul(u64::from(ratio)) >> 8).saturating_add(1);
    let more = number.saturating_add(number / 2).saturating_add(1);
    u32::try_from(enough).unwrap_or(u32::MAX).max(more)
}

#[cfg(test)]
mod tests {
    use super::grown;

    #[test]
    fn the_number_grows_to_what_lasts_long_enough() {
        assert_eq!(grown(1, 10, 1000), 101);
        assert_eq!(grown(4, 0, 1000), 7);
        assert_eq!(grown(100, 999, 1000), 151);
        assert_eq!(grown(u32::MAX - 1, 1, u64::MAX), u32::MAX);
        assert_eq!(grown(3, 1 << 40, 1 << 41), 7);
    }
}
