//! Stepped runs with whole runs beside them, so that the two can be compared on a machine that is not always equally fast.

use std::time::{Duration, Instant};

use lathe_runtime_std::Timing;
use rpc_protocol::CounterKind;

use crate::devices::{Clock, Device, StepTime, TimeRequest};
use crate::failure::Outcome;

/// Whole runs that the steps are compared with on a board.
const WHOLE_RUNS: u32 = 3;
/// How long rounds go on, if more than were asked for fit in it.
const LEAST: Duration = Duration::from_secs(3);
/// Shorter runs are short.
const SHORT_MS: f64 = 0.05;
/// Rounds that are enough, if no more were asked for.
const MOST_MORE: usize = 100;

/// What was measured.
pub struct Measured {
    /// the median time of each step
    pub steps: Vec<StepTime>,
    /// the median time of a whole run
    pub whole_ms: f64,
    /// the median over the rounds of the steps' time, as a share of the whole run beside them
    pub steps_of_whole: f64,
    /// what the steps were counted by
    pub clock: Clock,
}

/// Steps and whole runs, measured one right after the other.
struct Round {
    steps: Vec<StepTime>,
    whole_ms: f64,
}

/// Profiles `repeat` runs with whole ones beside them.
///
/// Where an operating system keeps the time, its other work makes one run slower than the next: there each stepped run is
/// a round of its own with a whole one beside it, first the one, then the other, and rounds go on for [`LEAST`], up to
/// [`MOST_MORE`]. Of short runs a round has as many as last a millisecond, since one alone is mostly what is around it.
/// A board does all in one round, the whole runs as `whole` says: its runs are alike, and its line may be slow.
pub fn measure(device: &mut dyn Device, repeat: u32, whole: &TimeRequest) -> Outcome<Measured> {
    if device.clock().counter != CounterKind::Monotonic {
        let (steps, clock) = (device.profile(repeat)?, device.clock());
        let whole = device.time(&TimeRequest { repeat: repeat.min(WHOLE_RUNS), ..*whole })?;
        return Ok(together(&[Round { steps, whole_ms: whole.median_ms() }], clock));
    }
    let one = TimeRequest { number: 1, repeat: 1, min_repeat_ms: 0, flush_cache: false, ..*whole };
    let many = device.time(&TimeRequest { min_repeat_ms: 1, ..one })?;
    let number = if many.median_ms() < SHORT_MS { many.number } else { 1 };
    let whole = TimeRequest { number, ..one };
    let (began, mut rounds, mut clock) = (Instant::now(), Vec::new(), device.clock());
    while rounds.len() < repeat as usize || rounds.len() < MOST_MORE && began.elapsed() < LEAST {
        let first = if rounds.len() % 2 == 0 { None } else { Some(device.time(&whole)?) };
        let steps = device.profile(number)?;
        clock = device.clock();
        let whole = first.map_or_else(|| device.time(&whole), Ok)?;
        rounds.push(Round { steps, whole_ms: whole.median_ms() });
    }
    Ok(together(&rounds, clock))
}

fn together(rounds: &[Round], clock: Clock) -> Measured {
    let sum = |round: &Round| round.steps.iter().map(|step| step.median_ms).sum::<f64>();
    let step = |(number, step): (usize, &StepTime)| {
        let samples = rounds.iter().filter_map(|round| Some(round.steps.get(number)?.median_ms));
        StepTime { median_ms: median(samples), ..step.clone() }
    };
    Measured {
        steps: rounds.first().map_or(&[][..], |round| &round.steps).iter().enumerate().map(step).collect(),
        whole_ms: median(rounds.iter().map(|round| round.whole_ms)),
        steps_of_whole: median(rounds.iter().map(|round| super::ratio(sum(round), round.whole_ms))),
        clock,
    }
}

fn median(samples: impl Iterator<Item = f64>) -> f64 {
    Timing { samples_ms: samples.collect(), ..Timing::default() }.median_ms()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(steps_ms: &[f64], whole_ms: f64) -> Round {
        let step = |(step, &median_ms): (usize, &f64)| StepTime {
            step,
            label: format!("node {step}"),
            kernel: "kernel".to_string(),
            operations: 2,
            bytes: 4,
            median_ms,
        };
        Round { steps: steps_ms.iter().enumerate().map(step).collect(), whole_ms }
    }

    #[test]
    fn each_round_is_compared_with_the_whole_run_beside_it() {
        // A machine that becomes three times slower, and in one round between the stepped run and the whole one.
        let rounds = [
            round(&[1.0, 3.0], 4.0),
            round(&[1.0, 3.0], 4.2),
            round(&[1.0, 3.0], 12.0),
            round(&[3.0, 9.0], 12.0),
            round(&[3.0, 9.3], 12.0),
        ];
        let Measured { steps, whole_ms, steps_of_whole, .. } = together(&rounds, Clock::HERE);
        assert_eq!(steps.iter().map(|s| (s.step, s.median_ms)).collect::<Vec<_>>(), [(0, 1.0), (1, 3.0)]);
        assert_eq!((whole_ms, steps_of_whole), (12.0, 1.0));
        assert_eq!(steps[1].label, "node 1");
    }

    #[test]
    fn one_round_or_none() {
        let Measured { steps, whole_ms, steps_of_whole, .. } = together(&[round(&[2.0, 1.0], 4.0)], Clock::HERE);
        assert_eq!((steps.len(), whole_ms, steps_of_whole), (2, 4.0, 0.75));
        let none = together(&[], Clock::HERE);
        assert_eq!((none.steps.len(), none.whole_ms, none.steps_of_whole), (0, 0.0, 0.0));
    }
}
