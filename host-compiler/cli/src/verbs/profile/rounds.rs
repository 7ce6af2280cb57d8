//! Stepped runs with whole runs beside them, so that the two can be compared on a machine that is not always equally fast.

#[cfg(test)]
mod tests;

use std::time::Duration;

use rpc_protocol::CounterKind;

use super::median::Median;
use crate::console;
use crate::devices::{Clock, Device, RunTimes, StepTime, TimeRequest};
use crate::failure::Outcome;

/// Whole runs that the steps are compared with on a board.
const WHOLE_RUNS: u32 = 3;
/// Rounds that are enough, if the comparison is then certain: fewer say little of how certain it is.
const ENOUGH: usize = 16;
/// The standard error of a certain comparison. A true share of 100 % is then told as 97 to 103 % but in 3 of 1000 cases.
pub const CERTAIN: f64 = 0.01;
/// How long rounds go on, if they are not certain before.
pub const LIMIT: Duration = Duration::from_secs(15);
/// Milliseconds that the runs of a round last together at least: long beside reading the clock, seldom interrupted.
const ROUND_MS: f64 = 0.1;

/// What was measured.
pub struct Measured {
    /// the median times of each step, and of the inputs
    pub times: RunTimes,
    /// the median time of a whole run
    pub whole_ms: f64,
    /// over the rounds, the steps' time as a share of the whole run beside them
    pub steps_of_whole: Median,
    /// how many rounds there were
    pub rounds: usize,
    /// what the steps were counted by
    pub clock: Clock,
}

/// Steps and whole runs, measured one right after the other.
struct Round {
    stepped: RunTimes,
    whole_ms: f64,
}

impl Round {
    fn steps_of_whole(&self) -> f64 {
        super::ratio(self.stepped.sum_ms(), self.whole_ms)
    }
}

/// Profiles `repeat` runs with whole ones beside them, as long as `elapsed` and the runs say.
///
/// Where an operating system keeps the time, its other work makes one run slower than the next: there each stepped run is
/// a round of its own with a whole one beside it, equally often first the one and first the other. Rounds go on until the
/// comparison is [`CERTAIN`], or for [`LIMIT`]. Of short runs a round has as many as last [`ROUND_MS`].
/// A board does all in one round, the whole runs as `whole` says: its runs are alike, and its line may be slow.
pub fn measure(
    device: &mut dyn Device,
    repeat: u32,
    whole: &TimeRequest,
    elapsed: &dyn Fn() -> Duration,
) -> Outcome<Measured> {
    if device.clock().counter != CounterKind::Monotonic {
        let (stepped, clock) = (device.profile(repeat)?, device.clock());
        let whole = device.time(&TimeRequest { repeat: repeat.min(WHOLE_RUNS), ..*whole })?;
        return Ok(together(&[Round { stepped, whole_ms: whole.median_ms() }], clock));
    }
    let one = TimeRequest { number: 1, repeat: 1, min_repeat_ms: 0, flush_cache: false, ..*whole };
    let many = device.time(&TimeRequest { min_repeat_ms: 1, ..one })?;
    let number = (ROUND_MS / many.median_ms()).ceil().clamp(1.0, f64::from(many.number)) as u32;
    let bar = console::progress(None);
    let rounds = rounds(device, repeat as usize, &TimeRequest { number, ..one }, elapsed, |rounds, share| {
        let error = share.error.map(|error| format!(", ± {:.1} %", error * 100.0)).unwrap_or_default();
        bar.set_message(format!("profiling: {rounds} rounds{error}"));
        bar.tick();
    });
    bar.finish_and_clear();
    let (rounds, clock) = rounds?;
    Ok(together(&rounds, clock))
}

/// Pairs of rounds, and what their steps were counted by; `told` hears how it goes.
fn rounds(
    device: &mut dyn Device,
    least: usize,
    whole: &TimeRequest,
    elapsed: &dyn Fn() -> Duration,
    told: impl Fn(usize, Median),
) -> Outcome<(Vec<Round>, Clock)> {
    let (began, mut rounds) = (elapsed(), Vec::new());
    loop {
        let (stepped, clock) = (device.profile(whole.number)?, device.clock());
        let whole_ms = device.time(whole)?.median_ms();
        rounds.push(Round { stepped, whole_ms });
        let whole_ms = device.time(whole)?.median_ms();
        rounds.push(Round { stepped: device.profile(whole.number)?, whole_ms });
        let share = Median::of(rounds.iter().map(Round::steps_of_whole));
        told(rounds.len(), share);
        let is_certain = rounds.len() >= ENOUGH && share.is_within(CERTAIN);
        let is_over = elapsed().saturating_sub(began) >= LIMIT;
        if rounds.len() >= least && (is_certain || is_over) {
            return Ok((rounds, clock));
        }
    }
}

fn together(rounds: &[Round], clock: Clock) -> Measured {
    let step = |(number, step): (usize, &StepTime)| {
        let samples = rounds.iter().filter_map(|round| Some(round.stepped.steps.get(number)?.ms));
        StepTime { ms: Median::of(samples).value.max(0.0), ..step.clone() }
    };
    let inputs: Option<Vec<f64>> = rounds.iter().map(|round| round.stepped.inputs_ms).collect();
    let steps = rounds.first().map_or(&[][..], |round| &round.stepped.steps).iter().enumerate().map(step).collect();
    Measured {
        times: RunTimes { inputs_ms: inputs.map(|samples| Median::of(samples.into_iter()).value.max(0.0)), steps },
        whole_ms: Median::of(rounds.iter().map(|round| round.whole_ms)).value,
        steps_of_whole: Median::of(rounds.iter().map(Round::steps_of_whole)),
        rounds: rounds.len(),
        clock,
    }
}
