//! What the request loop needs of a device: one method per request.

use rpc_protocol::{Condition, CounterKind, FaultCode, Loaded, MemoryUse, Reason, WrongElement};

use crate::trial::{TrialOptions, Tried};

/// Why a request could not be done.
pub trait Fault {
    /// What kind of fault.
    fn code(&self) -> FaultCode;

    /// What the host tells the person in front of it.
    fn reason(&self) -> Reason<'_>;
}

/// Something that holds artifacts and runs them. Indices are those of the artifact's I/O table.
pub trait Device {
    /// Why a request could not be done.
    type Fault: Fault;

    /// What it is.
    fn info(&mut self) -> Info<'_>;

    /// Forgets the loaded model and samples; an upload stays.
    fn forget(&mut self);

    /// An artifact of this size and CRC-32C is announced; gives the bytes already held of it.
    fn upload_begin(&mut self, bytes: u32, crc: u32) -> Result<u32, Self::Fault>;

    /// A piece of the announced artifact; gives the bytes held.
    fn upload_chunk(&mut self, offset: u32, data: &[u8]) -> Result<u32, Self::Fault>;

    /// Checks and loads the artifact, to run on `threads` workers (0: as many as it likes).
    fn load(&mut self, threads: u32) -> Result<Loaded, Self::Fault>;

    /// Writes a piece of an input.
    fn set_input(&mut self, index: u32, offset: u32, data: &[u8]) -> Result<(), Self::Fault>;

    /// Runs once; gives ticks.
    fn run(&mut self) -> Result<u64, Self::Fault>;

    /// At most `limit` bytes of an output from `offset`.
    fn output(&mut self, index: u32, offset: u32, limit: usize) -> Result<&[u8], Self::Fault>;

    /// Times whole runs and keeps the samples.
    fn time(&mut self, options: &TimeOptions) -> Result<Timed, Self::Fault>;

    /// Times each step over `number` runs and keeps one sample per step, the sum, and one for the inputs where putting them
    /// in place is part of a run.
    fn profile(&mut self, number: u32) -> Result<Timed, Self::Fault>;

    /// The samples of the last `time`, `profile` or `trial`.
    fn samples(&self) -> &[u64];

    /// What a sample of the last `time` was taken under; nothing where this device does not look.
    fn condition(&self, _sample: u32) -> Option<Condition> {
        None
    }

    /// Holds the clock at `khz` until [`Device::forget`], or lets it go with 0.
    fn hold_clock(&mut self, khz: u32) -> Result<(), Self::Fault>;

    /// Runs the artifact's self-test; gives the first element that is wrong.
    fn self_test(&mut self) -> Result<Option<WrongElement>, Self::Fault>;

    /// Tries a candidate of the loaded bundle where it can do no harm, and keeps the samples.
    fn trial(&mut self, options: &TrialOptions) -> Result<Tried, Self::Fault>;

    /// What runs since the load used of stack and arena.
    fn memory_use(&mut self) -> Result<MemoryUse, Self::Fault>;
}

/// What a device is.
#[derive(Clone, Copy, Debug)]
pub struct Info<'a> {
    /// Target as in `--target`.
    pub target: &'a str,
    /// Processor, for reading.
    pub cpu: &'a str,
    /// Processor features separated by blanks, by their names in artifacts.
    pub features: &'a str,
    /// Processors that can run workers.
    pub workers: u32,
    /// Bytes for artifact and arena; 0 when unknown.
    pub memory: u64,
    /// Ticks a second of the counter it times with.
    pub clock_hz: u64,
    /// Which counter that is.
    pub counter: CounterKind,
}

/// How to time; one warm-up run comes first.
#[derive(Clone, Copy, Debug)]
pub struct TimeOptions {
    /// Runs in one sample.
    pub number: u32,
    /// Samples.
    pub repeat: u32,
    /// `number` grows until a sample takes at least this.
    pub min_repeat_ms: u32,
    /// Rest after each sample.
    pub cooldown_ms: u32,
    /// Evict the caches before each sample, which is then one run.
    pub flush_cache: bool,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// Runs in one sample, as grown.
    pub number: u32,
    /// Samples kept.
    pub samples: u32,
    /// Ticks that were taken off each run.
    pub overhead: u64,
}
