//! Where artifacts run: one interface, one file per kind of device.

pub mod local;
mod qemu;
mod remote;

use std::path::Path;

use lathe_driver::boards;
use lathe_runtime_std::Timing;
use rpc_protocol::MemoryUse;

use crate::arguments::DeviceArgs;
use crate::failure::{Failure, Outcome};

/// How to time; see `time --help`.
#[derive(Clone, Copy, Debug)]
pub struct TimeRequest {
    pub number: u32,
    pub repeat: u32,
    pub min_repeat_ms: u32,
    pub cooldown_ms: u32,
    pub flush_cache: bool,
}

/// The time of one step of the plan.
#[derive(Clone, Debug)]
pub struct StepTime {
    pub step: usize,
    pub label: String,
    pub kernel: String,
    pub operations: u64,
    pub bytes: u64,
    pub median_ms: f64,
}

/// What a device's times are, which are milliseconds everywhere in this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// milliseconds
    Milliseconds,
    /// instructions of an emulated processor: a millisecond is a million of them
    Instructions,
}

impl TimeUnit {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            TimeUnit::Milliseconds => "ms",
            TimeUnit::Instructions => "instructions",
        }
    }
}

/// Milliseconds of emulated time as instructions.
pub fn instructions(ms: f64) -> u64 {
    (ms * 1e6).round() as u64
}

/// A device with an artifact loaded.
pub trait Device {
    /// What its times are.
    fn unit(&self) -> TimeUnit {
        TimeUnit::Milliseconds
    }
    /// Sets the whole input number `index`.
    fn set_input(&mut self, index: usize, bytes: &[u8]) -> Outcome;
    /// Runs once; gives the milliseconds it took, as the device counts them.
    fn run(&mut self) -> Outcome<f64>;
    /// The bytes of output number `index`, which has `bytes` of them.
    fn output(&mut self, index: usize, bytes: usize) -> Outcome<Vec<u8>>;
    /// Loads the artifact again, to run on `threads` threads.
    fn reload(&mut self, threads: u32) -> Outcome;
    /// Holds the processor's clock at `khz` until the device is dropped, or lets it go with 0.
    fn hold_clock(&mut self, khz: u32) -> Outcome;
    /// Times whole runs.
    fn time(&mut self, request: &TimeRequest) -> Outcome<Timing>;
    /// Times every step, the median of `repeat` runs.
    fn profile(&mut self, repeat: u32) -> Outcome<Vec<StepTime>>;
    /// Runs the golden self-test; wrong numbers are a failure of their own kind.
    fn self_test(&mut self) -> Outcome;
    /// What runs used of stack and arena, when the device watches them.
    fn memory_use(&mut self) -> Outcome<Option<MemoryUse>> {
        Ok(None)
    }
}

/// Opens the device and loads the artifact at `path`, whose bytes are `artifact`.
pub fn open(args: &DeviceArgs, path: &Path, artifact: &[u8]) -> Outcome<Box<dyn Device>> {
    if args.arena.is_some() && args.device != "local" {
        return Err(Failure::usage(format!("--arena is for --device local; {} has memory of its own", args.device)));
    }
    match args.device.as_str() {
        "local" => Ok(Box::new(local::Local::load(path, args)?)),
        "qemu:aarch64-linux" => {
            let link = qemu::aarch64::start(artifact)?;
            Ok(Box::new(remote::Remote::load(link, TimeUnit::Milliseconds, args, artifact)?))
        }
        other => match other.strip_prefix("qemu:") {
            Some(board) => {
                let link = qemu::board::start(&boards::find(board)?, path, artifact.len())?;
                Ok(Box::new(remote::Remote::load(link, TimeUnit::Instructions, args, artifact)?))
            }
            None => Err(Failure::usage(format!(
                "device {other:?} is not known; devices are local, qemu:aarch64-linux and qemu:BOARD"
            ))),
        },
    }
}
