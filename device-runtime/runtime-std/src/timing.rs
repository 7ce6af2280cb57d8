//! How long a run takes: the meaning of TVM's time evaluator.

use std::hint::black_box;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::conditions::{Condition, Sysfs, Watch};

/// Bytes whose writing pushes a model out of any cache of today's processors.
const FLUSH_BYTES: usize = 64 << 20;

/// How to time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeOptions {
    /// Runs of one sample, averaged.
    pub number: u32,
    /// Samples.
    pub repeat: u32,
    /// A sample that took less is taken again with a larger number.
    pub min_repeat: Duration,
    /// Rest after each sample.
    pub cooldown: Duration,
    /// Push the model out of the caches before each sample. A sample is then one run, whatever `number` and `min_repeat`
    /// are: a second one would find the caches warm.
    pub flush_cache: bool,
}

impl Default for TimeOptions {
    fn default() -> TimeOptions {
        TimeOptions { number: 1, repeat: 10, min_repeat: Duration::ZERO, cooldown: Duration::ZERO, flush_cache: false }
    }
}

/// Measured times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// Milliseconds of one run, one sample per repeat, in the order taken.
    pub samples_ms: Vec<f64>,
    /// Runs of one sample in the end, after `min_repeat` made it grow.
    pub number: u32,
    /// What each sample was taken under; empty where nobody looked.
    pub conditions: Vec<Condition>,
}

impl Timing {
    /// The middle sample, or the mean of the two in the middle; 0 without samples.
    pub fn median_ms(&self) -> f64 {
        let mut sorted = self.samples_ms.clone();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
        (at(low) + at(high)) / 2.0
    }

    /// The mean; 0 without samples.
    pub fn mean_ms(&self) -> f64 {
        self.samples_ms.iter().sum::<f64>() / self.samples_ms.len().max(1) as f64
    }

    /// The least sample; 0 without samples.
    pub fn min_ms(&self) -> f64 {
        self.samples_ms.iter().copied().min_by(f64::total_cmp).unwrap_or(0.0)
    }

    /// The greatest sample; 0 without samples.
    pub fn max_ms(&self) -> f64 {
        self.samples_ms.iter().copied().max_by(f64::total_cmp).unwrap_or(0.0)
    }

    /// The mean clock of the samples in MHz; `None` where the system does not tell.
    pub fn mean_mhz(&self) -> Option<f64> {
        mean(self.conditions.iter().filter_map(|c| c.khz)).map(|khz| khz / 1e3)
    }

    /// The mean power of the board in watts; `None` where nothing measures it.
    pub fn mean_watts(&self) -> Option<f64> {
        mean(self.conditions.iter().filter_map(|c| c.milliwatts)).map(|milliwatts| milliwatts / 1e3)
    }

    /// Energy of one run in millijoules, of the whole board: mean power times median time.
    pub fn millijoules(&self) -> Option<f64> {
        Some(self.mean_watts()? * self.median_ms())
    }

    /// Samples during which the system slowed the processor down.
    pub fn throttled(&self) -> usize {
        self.conditions.iter().filter(|c| c.throttled).count()
    }

    /// The standard deviation of the samples; 0 without samples.
    pub fn std_ms(&self) -> f64 {
        let mean = self.mean_ms();
        let squares: f64 = self.samples_ms.iter().map(|sample| (sample - mean).powi(2)).sum();
        (squares / self.samples_ms.len().max(1) as f64).sqrt()
    }
}

/// The mean; `None` of nothing.
fn mean(numbers: impl Iterator<Item = u32>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0u32), |(sum, count), n| (sum + f64::from(n), count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Runs `run` once to warm up, then `number` times for each of `repeat` samples: 1 + number x repeat runs, and more
/// while a sample is shorter than `min_repeat`, which makes `number` grow for good. With `flush_cache`, `number` is 1.
pub fn evaluate(options: &TimeOptions, run: impl FnMut()) -> Timing {
    evaluate_while(options, || true, run)
}

/// The same, which stops between two runs when nobody waits for it any more, as `wanted` says: with the samples so far.
pub fn evaluate_while(options: &TimeOptions, wanted: impl Fn() -> bool, mut run: impl FnMut()) -> Timing {
    let cold = options.flush_cache;
    let mut number = if cold { 1 } else { options.number.max(1) };
    let mut flush = vec![0u8; if cold { FLUSH_BYTES } else { 0 }];
    let (mut samples_ms, mut conditions) = (Vec::new(), Vec::new());
    let mut watch = Watch::begin(Sysfs::default());
    run();
    'samples: for _ in 0..options.repeat {
        let taken = loop {
            flush_caches(&mut flush);
            let start = Instant::now();
            for _ in 0..number {
                if !wanted() {
                    break 'samples;
                }
                run();
            }
            let taken = start.elapsed();
            if cold || taken >= options.min_repeat || number == u32::MAX {
                break taken;
            }
            number = grown(number, taken, options.min_repeat);
        };
        samples_ms.push(taken.as_secs_f64() * 1e3 / f64::from(number));
        conditions.push(watch.sampled());
        if !options.cooldown.is_zero() {
            sleep(options.cooldown);
        }
    }
    Timing { samples_ms, number, conditions }
}

/// The number of runs that should last `wanted`, when `number` lasted `taken`; at least 1.618 times as many.
fn grown(number: u32, taken: Duration, wanted: Duration) -> u32 {
    let one = taken.as_secs_f64() / f64::from(number);
    let enough = wanted.as_secs_f64() / one + 1.0;
    // Infinite for a run too short to be seen: the cast stops at the greatest number, so the golden ratio takes over.
    let golden = f64::from(number) * 1.618 + 1.0;
    if enough.is_finite() { enough.max(golden) as u32 } else { golden as u32 }
}

fn flush_caches(buffer: &mut [u8]) {
    for byte in buffer.iter_mut().step_by(64) {
        *byte = byte.wrapping_add(1);
    }
    black_box(buffer);
}
