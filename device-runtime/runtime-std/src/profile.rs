//! Where the time of a run goes, step by step.

use std::time::{Duration, Instant};

use lathe_executor::Progress;

use crate::runner::Runner;
use crate::timing::Timing;

/// How often the clock is read to find out what that takes.
const READINGS: u32 = 101;

/// Where the time of a run goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The times of every step, in order.
    pub steps: Vec<StepProfile>,
    /// What reading the clock takes, which was taken off every time.
    pub overhead: Duration,
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
    /// Its times, one sample per run.
    pub timing: Timing,
}

impl Runner {
    /// Runs once to warm up, then `repeat` times, and times every step.
    pub fn profile(&mut self, repeat: u32) -> Profile {
        self.profile_while(repeat, || true)
    }

    /// The same, which stops between two runs when `wanted` says no: with the samples so far.
    pub fn profile_while(&mut self, repeat: u32, wanted: impl Fn() -> bool) -> Profile {
        let overhead = overhead();
        let empty = || Vec::with_capacity(repeat as usize);
        let mut samples: Vec<_> = std::iter::repeat_with(empty).take(self.artifact().step_count()).collect();
        self.run();
        for _ in (0..repeat).take_while(|_| wanted()) {
            self.restart();
            for step in &mut samples {
                let start = Instant::now();
                let progress = self.step();
                let taken = start.elapsed().saturating_sub(overhead);
                step.push(taken.as_secs_f64() * 1e3);
                if progress == Progress::Done {
                    break;
                }
            }
        }
        let described = samples.into_iter().enumerate();
        let steps = described.filter_map(|(step, samples_ms)| self.describe(step, samples_ms)).collect();
        Profile { steps, overhead }
    }

    fn describe(&self, step: usize, samples_ms: Vec<f64>) -> Option<StepProfile> {
        let artifact = self.artifact();
        let planned = artifact.step(step)?;
        let info = artifact.step_info(step);
        Some(StepProfile {
            step,
            label: info.map(|info| info.label.to_owned()).unwrap_or_default(),
            kernel: artifact.kernel(planned.kernel)?.name.to_owned(),
            operations: info.map_or(0, |info| info.operations),
            bytes: planned.arguments().map(|argument| u64::from(argument.bytes)).sum(),
            timing: Timing { samples_ms, number: 1, conditions: Vec::new() },
        })
    }
}

/// What timing nothing takes: the middle of many times.
fn overhead() -> Duration {
    let mut times: Vec<Duration> = (0..READINGS).map(|_| Instant::now().elapsed()).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
