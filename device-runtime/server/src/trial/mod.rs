//! Trials: what is the same on every device. A candidate runs on noise, in memory it may ruin; then what it wrote is
//! looked at. Where it runs so that it can do no harm is the device's part.

mod judge;

pub use judge::{judge, make_noise};
use rpc_protocol::TrialOutcome;

/// What to try, and how to time it if it is right.
#[derive(Clone, Copy, Debug)]
pub struct TrialOptions {
    /// The candidate: a step of the bundle.
    pub candidate: u32,
    /// Runs in one sample.
    pub number: u32,
    /// Samples.
    pub repeat: u32,
    /// `number` grows until a sample takes at least this.
    pub min_repeat_ms: u32,
    /// Rest after each sample.
    pub cooldown_ms: u32,
    /// The candidate is abandoned when the trial has taken so long.
    pub limit_ms: u32,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What became of it.
    pub outcome: TrialOutcome,
    /// Runs in one sample, as grown.
    pub number: u32,
    /// Samples kept; none unless it was right.
    pub samples: u32,
    /// Address of the arena.
    pub arena: u64,
    /// Ticks that were taken off each run.
    pub overhead: u64,
}
