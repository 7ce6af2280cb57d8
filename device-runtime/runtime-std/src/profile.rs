//! Where the time of a run goes, step by step.
//!
//! The clock is read once at each boundary: where a run begins, behind its inputs, behind each step. So all of a run is in
//! some part of its profile: to find a step and to call it belong to the step.
//!
//! Between steps that take hardly longer than the clock, reading it changes what it measures. Of such runs the first steps
//! are timed as whole runs are, with one step more each time: a step takes what it adds.

use std::time::{Duration, Instant};

use lathe_executor::Progress;

use crate::runner::Runner;
use crate::timing::{TimeOptions, Timing};

/// How often in a row the clock is read to find out what that takes.
const READINGS: usize = 100;
/// How often that is found out: some rows are interrupted.
const ROWS: usize = 11;
/// A run that takes less than so many readings for each of its parts is short. Beside other work a reading takes up to a
/// fifth more or less: of a longer run that is a hundredth.
const SHORT: f64 = 20.0;

/// Where the time of a run goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The times of putting inputs in place that the run before overwrote.
    pub inputs: Timing,
    /// The times of every step, in order.
    pub steps: Vec<StepProfile>,
    /// Milliseconds that reading the clock takes, which were taken off every time; 0 of short runs.
    pub overhead_ms: f64,
}

/// The times of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepProfile {
    /// Number of the step.
    pub step: usize,
    /// The model's nodes it computes; empty when the artifact does not say.
    pub label: String,
    /// Its kernel.
    pub kernel: String,
    /// Arithmetic operations of one run; 0 when the artifact does not say.
    pub operations: u64,
    /// Bytes of its buffers, read and written.
    pub bytes: u64,
    /// Its times, one sample per run; of short runs one sample of all.
    pub timing: Timing,
}

impl Runner {
    /// Runs once to warm up, then `repeat` times but once at least, and times every step.
    pub fn profile(&mut self, repeat: u32) -> Profile {
        self.profile_while(repeat, || true)
    }

    /// The same, which stops between two runs when `wanted` says no: with the samples so far.
    pub fn profile_while(&mut self, repeat: u32, wanted: impl Fn() -> bool) -> Profile {
        let overhead_ms = reading_ms();
        self.run();
        let first = self.run_by_steps(overhead_ms);
        if is_short(&first, overhead_ms) {
            let sample = self.time_first_steps(repeat, wanted);
            return self.told(&[sample], repeat.max(1), 0.0);
        }
        let others = (1..repeat).take_while(|_| wanted()).map(|_| self.run_by_steps(overhead_ms));
        let samples: Vec<_> = std::iter::once(first).chain(others).collect();
        self.told(&samples, 1, overhead_ms)
    }

    /// Times `number` runs of the inputs alone, then with the first step, and so on; gives the milliseconds that each adds.
    /// What interrupts one of them may make these negative.
    fn time_first_steps(&mut self, number: u32, wanted: impl Fn() -> bool) -> Vec<f64> {
        let options = TimeOptions { number, repeat: 1, ..TimeOptions::default() };
        let steps = 0..=self.artifact().step_count();
        let mut before = 0.0;
        let added = |steps| {
            let taken = self.time_first(steps, &options, &wanted).median_ms();
            taken - std::mem::replace(&mut before, taken)
        };
        steps.map(added).collect()
    }

    /// The profile from its samples, each of `number` runs, which have the time of the inputs and of every step.
    fn told(&self, samples: &[Vec<f64>], number: u32, overhead_ms: f64) -> Profile {
        let part = |part: usize| {
            let samples_ms = samples.iter().filter_map(|times| times.get(part).copied()).collect();
            Timing { samples_ms, number, conditions: Vec::new() }
        };
        let steps = 0..self.artifact().step_count();
        let steps = steps.filter_map(|step| self.describe(step, part(1 + step))).collect();
        Profile { inputs: part(0), steps, overhead_ms }
    }

    /// Runs once; gives the milliseconds of the inputs and of each step.
    fn run_by_steps(&mut self, overhead_ms: f64) -> Vec<f64> {
        let mut boundaries = Vec::with_capacity(2 + self.artifact().step_count());
        boundaries.push(Instant::now());
        self.restart();
        boundaries.push(Instant::now());
        loop {
            let progress = self.step();
            boundaries.push(Instant::now());
            if progress == Progress::Done {
                break;
            }
        }
        let between = boundaries.iter().zip(boundaries.iter().skip(1));
        between.map(|(begin, end)| milliseconds(end.duration_since(*begin)) - overhead_ms).collect()
    }

    fn describe(&self, step: usize, timing: Timing) -> Option<StepProfile> {
        let artifact = self.artifact();
        let planned = artifact.step(step)?;
        let info = artifact.step_info(step);
        Some(StepProfile {
            step,
            label: info.map(|info| info.label.to_owned()).unwrap_or_default(),
            kernel: artifact.kernel(planned.kernel)?.name.to_owned(),
            operations: info.map_or(0, |info| info.operations),
            bytes: planned.arguments().map(|argument| u64::from(argument.bytes)).sum(),
            timing,
        })
    }
}

/// Whether a run whose parts took `times_ms` is short.
fn is_short(times_ms: &[f64], reading_ms: f64) -> bool {
    times_ms.iter().sum::<f64>() < SHORT * reading_ms * times_ms.len() as f64
}

/// What reading the clock takes: the middle of many means, since a tick may be longer than that.
fn reading_ms() -> f64 {
    let mut readings = Vec::with_capacity(READINGS);
    let row = |_| {
        readings.clear();
        let began = Instant::now();
        readings.extend(std::iter::repeat_with(Instant::now).take(READINGS));
        milliseconds(began.elapsed()) / (READINGS + 1) as f64
    };
    Timing { samples_ms: (0..ROWS).map(row).collect(), ..Timing::default() }.median_ms()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_short_beside_its_readings() {
        // A reading of 30 ns for each part: four parts are short below 2.4 us.
        let reading_ms = 30e-6;
        assert!(is_short(&[25e-6, 80e-6, 95e-6, 85e-6], reading_ms));
        assert!(is_short(&[0.0, 2300e-6, 0.0, 0.0], reading_ms));
        assert!(!is_short(&[0.0, 2500e-6, 0.0, 0.0], reading_ms));
    }
}
