//! Where artifacts run: one interface, one file per kind of device.

mod clock;
pub mod local;
pub mod qemu;
mod remote;
mod serial;
pub mod session;
mod tcp;
pub mod trials;

use std::path::Path;
use std::time::Duration;

pub use clock::Clock;
use lathe_driver::boards;
use lathe_runtime_std::Timing;
use rpc_protocol::MemoryUse;
use rpc_protocol::client::{DeviceInfo, Link};

use crate::arguments::{DeviceArgs, LoadArgs};
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

/// Where the time of a run goes.
#[derive(Clone, Debug)]
pub struct RunTimes {
    /// the milliseconds of putting inputs in place, where that is part of a run
    pub inputs_ms: Option<f64>,
    /// each step's
    pub steps: Vec<StepTime>,
}

impl RunTimes {
    /// All together.
    pub fn sum_ms(&self) -> f64 {
        self.inputs_ms.unwrap_or(0.0) + self.steps.iter().map(|step| step.ms).sum::<f64>()
    }
}

/// The time of one step of the plan.
#[derive(Clone, Debug)]
pub struct StepTime {
    pub step: usize,
    pub label: String,
    pub kernel: String,
    pub operations: u64,
    pub bytes: u64,
    pub ms: f64,
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
    /// Times whole runs, after one to warm up.
    fn time(&mut self, request: &TimeRequest) -> Outcome<Timing>;
    /// Times every step, the mean of `number` runs after one to warm up.
    fn profile(&mut self, number: u32) -> Outcome<RunTimes>;
    /// Runs the golden self-test; wrong numbers are a failure of their own kind.
    fn self_test(&mut self) -> Outcome;
    /// What it takes times with, and what the last measurement took off.
    fn clock(&self) -> Clock;
    /// What runs used of stack and arena, when the device watches them.
    fn memory_use(&mut self) -> Outcome<Option<MemoryUse>> {
        Ok(None)
    }
}

/// Opens the device and loads the artifact at `path`, whose bytes are `artifact`.
pub fn open(args: &DeviceArgs, load: &LoadArgs, path: &Path, artifact: &[u8]) -> Outcome<Box<dyn Device>> {
    if load.arena.is_some() && args.device != "local" {
        return Err(Failure::usage(format!("--arena is for --device local; {} has memory of its own", args.device)));
    }
    if args.device == "local" {
        return Ok(Box::new(local::Local::load(path, load)?));
    }
    let reached = reach(&args.device, path, artifact)?;
    let (unit, deadline) = (reached.unit, Duration::from_secs(args.timeout));
    let client = session::open(reached, args)?;
    Ok(Box::new(remote::Remote::load(client, unit, deadline, load.threads, artifact)?))
}

/// What the device says of itself; it is not `local`.
pub fn info(args: &DeviceArgs) -> Outcome<DeviceInfo> {
    let mut session = session::open(reach(&args.device, Path::new(""), &[])?, args)?;
    let info = session.info()?;
    session.bye()?;
    Ok(info)
}

/// A device that can be spoken to.
pub struct Reached {
    /// The way to it.
    pub link: Box<dyn Link>,
    /// What its times are.
    pub unit: TimeUnit,
    /// What to look at when it does not answer.
    silence: &'static str,
}

impl Reached {
    fn new(link: impl Link + 'static, unit: TimeUnit, silence: &'static str) -> Reached {
        Reached { link: Box::new(link), unit, silence }
    }
}

/// Reaches the device named `device`, which is not `local`. An emulator is started for the artifact at `path`, or for none
/// where that is empty.
fn reach(device: &str, path: &Path, artifact: &[u8]) -> Outcome<Reached> {
    let emulated = "does its firmware run?";
    if let Some(address) = device.strip_prefix("tcp://") {
        let silence = "it serves one host at a time: is another connected?";
        return Ok(Reached::new(tcp::connect(address)?, TimeUnit::Milliseconds, silence));
    }
    if let Some(place) = device.strip_prefix("serial:") {
        let silence = "does the firmware run, and is this the line's speed (serial:PATH@BAUD)?";
        return Ok(Reached::new(serial::open(place)?, TimeUnit::Milliseconds, silence));
    }
    if device == "qemu:aarch64-linux" {
        return Ok(Reached::new(qemu::aarch64::start(artifact)?, TimeUnit::Milliseconds, emulated));
    }
    if let Some(board) = device.strip_prefix("qemu:") {
        let link = qemu::board::start(&boards::find(board)?, path, artifact.len())?;
        return Ok(Reached::new(link, TimeUnit::Instructions, emulated));
    }
    Err(Failure::usage(format!(
        "device {device:?} is not known; devices are local, tcp://HOST[:PORT], serial:PATH[@BAUD], qemu:aarch64-linux and \
         qemu:BOARD"
    )))
}
