//! The loaded model.

use std::time::{Duration, Instant};

use lathe_runtime_std::{LoadError, Options, Runner, RunnerError, TimeOptions};
use rpc_protocol::FaultCode;

use crate::requests::Fault;

/// Bytes written to push a model out of the caches before a sample.
const FLUSH_BYTES: usize = 64 << 20;

/// A model ready to run, and what of its inputs and outputs is known.
pub struct Model {
    runner: Runner,
    given: Vec<bool>,
}

/// Samples of a measurement, in nanoseconds for `number` runs together.
#[derive(Debug, Default)]
pub struct Samples {
    /// runs in one sample
    pub number: u32,
    /// nanoseconds of each
    pub ticks: Vec<u64>,
}

impl Model {
    /// Checks and loads `artifact`.
    #[allow(unsafe_code)]
    pub fn load(artifact: &[u8], threads: u32) -> Result<Model, Fault> {
        let options = Options { threads: threads as usize, ..Options::default() };
        // SAFETY: an artifact is a program; running what the host sends is what this server is started for, and over
        // this link the host is the process that started it.
        let runner = unsafe { Runner::from_bytes(artifact, &options) }.map_err(refusal)?;
        let given = runner.artifact().inputs().map(|t| t.bytes == 0).collect();
        Ok(Model { runner, given })
    }

    /// Bytes of the arena, and threads.
    pub fn figures(&mut self) -> (u64, u32) {
        let threads = self.runner.threads();
        let arena = self.runner.artifact().header().arena_bytes_for(threads).unwrap_or(usize::MAX);
        (arena as u64, threads as u32)
    }

    /// Writes a piece of an input.
    pub fn set_input(&mut self, index: u32, offset: u64, data: &[u8]) -> Result<(), Fault> {
        let size = self.runner.artifact().input(index as usize).map(|t| t.bytes);
        let size =
            size.ok_or_else(|| Fault::new(FaultCode::OutOfRange, format!("there is no input number {index}")))?;
        let input = self.runner.input_bytes(index as usize);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let room = input.get_mut(start..).and_then(|rest| rest.get_mut(..data.len())).ok_or_else(|| {
            Fault::new(FaultCode::OutOfRange, format!("{} bytes at {offset} of an input of {size}", data.len()))
        })?;
        room.copy_from_slice(data);
        self.given[index as usize] = true;
        Ok(())
    }

    /// Runs once; gives nanoseconds.
    pub fn run(&mut self) -> Result<u64, Fault> {
        self.all_given()?;
        let start = Instant::now();
        self.runner.run();
        Ok(start.elapsed().as_nanos() as u64)
    }

    /// At most `limit` bytes of an output.
    pub fn output(&self, index: u32, offset: u64, limit: usize) -> Result<&[u8], Fault> {
        let output = self.runner.outputs().nth(index as usize).map(|(_, bytes)| bytes);
        let bytes =
            output.ok_or_else(|| Fault::new(FaultCode::OutOfRange, format!("there is no output number {index}")))?;
        let rest = usize::try_from(offset).ok().and_then(|start| bytes.get(start..)).ok_or_else(|| {
            Fault::new(FaultCode::OutOfRange, format!("byte {offset} of an output of {}", bytes.len()))
        })?;
        Ok(&rest[..rest.len().min(limit)])
    }

    /// Times whole runs.
    pub fn time(&mut self, options: &TimeOptions) -> Samples {
        let timing = self.runner.time(options);
        let number = timing.number;
        let ticks = timing.samples_ms.iter().map(|ms| nanoseconds(ms * f64::from(number))).collect();
        Samples { number, ticks }
    }

    /// The median time of every step.
    pub fn profile(&mut self, number: u32) -> Samples {
        let steps = self.runner.profile(number);
        Samples { number: 1, ticks: steps.iter().map(|s| nanoseconds(s.timing.median_ms())).collect() }
    }

    /// The golden self-test.
    pub fn self_test(&mut self) -> Result<(), String> {
        self.runner.verify_golden().map_err(|e| e.to_string())
    }

    fn all_given(&self) -> Result<(), Fault> {
        match self.given.iter().position(|given| !given) {
            None => Ok(()),
            Some(i) => {
                let name = self.runner.artifact().input(i).map(|t| t.name.to_string()).unwrap_or_default();
                Err(Fault::new(FaultCode::MissingInput, format!("input {name:?} was not given")))
            }
        }
    }
}

/// The evaluator's options for a request.
pub fn time_options(number: u32, repeat: u32, min_repeat_ms: u32, cooldown_ms: u32, flush: bool) -> TimeOptions {
    TimeOptions {
        number,
        repeat,
        min_repeat: Duration::from_millis(min_repeat_ms.into()),
        cooldown: Duration::from_millis(cooldown_ms.into()),
        flush_bytes: if flush { FLUSH_BYTES } else { 0 },
    }
}

fn nanoseconds(ms: f64) -> u64 {
    (ms * 1e6).round() as u64
}

fn refusal(error: RunnerError) -> Fault {
    let code = match &error {
        RunnerError::Load(LoadError::ArenaTooSmall { .. }) | RunnerError::Memory { .. } => FaultCode::OutOfMemory,
        RunnerError::TooManyThreads { .. } | RunnerError::Thread { .. } => FaultCode::BadRequest,
        RunnerError::ExecutableMemory { .. } => FaultCode::RunFailed,
        _ => FaultCode::ArtifactRefused,
    };
    Fault::new(code, error.to_string())
}
