//! The loaded model.

use std::time::{Duration, Instant};

use device_server::rpc_protocol::{Loaded, WrongElement};
use device_server::{Refusal, TimeOptions, figure};
use lathe_artifact::Name;
use lathe_runtime_std::{GoldenError, Options, Profile, Runner, RunnerError, Timing};

/// A model ready to run, and which of its inputs were given.
pub struct Model {
    runner: Runner,
    given: Vec<bool>,
}

impl Model {
    /// Checks and loads `artifact`.
    #[allow(unsafe_code)]
    pub fn load(artifact: &[u8], threads: u32) -> Result<Model, RunnerError> {
        let options = Options { threads: threads as usize, ..Options::default() };
        // SAFETY: an artifact is a program; it was given to this server by who started it, or sent by a host that may.
        let runner = unsafe { Runner::from_bytes(artifact, &options) }?;
        let given = runner.artifact().inputs().map(|t| t.bytes == 0).collect();
        Ok(Model { runner, given })
    }

    /// Bytes of the arena, and threads.
    pub fn figures(&mut self) -> Loaded {
        let threads = self.runner.threads();
        let arena = self.runner.artifact().header().arena_bytes_for(threads).unwrap_or(usize::MAX);
        Loaded { arena: arena as u64, threads: threads as u32, noise_as_weights: false }
    }

    /// Writes a piece of an input.
    pub fn set_input(&mut self, index: u32, offset: u32, data: &[u8]) -> Result<(), Refusal> {
        let count = self.given.len();
        let given = self.given.get_mut(index as usize).ok_or(Refusal::NoTensor { what: "input", index, count })?;
        let input = self.runner.input_bytes(index as usize);
        let bytes = figure(input.len());
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let room = input.get_mut(start..).and_then(|rest| rest.get_mut(..data.len()));
        let beyond = Refusal::BeyondTensor { what: "input", offset, length: figure(data.len()), bytes };
        room.ok_or(beyond)?.copy_from_slice(data);
        *given = true;
        Ok(())
    }

    /// Runs once; gives nanoseconds.
    pub fn run(&mut self) -> Result<u64, Refusal> {
        if let Some(missing) = self.given.iter().position(|given| !given) {
            let name = Name::new(self.runner.artifact().input(missing).map_or("", |input| input.name));
            return Err(Refusal::MissingInput { name });
        }
        let start = Instant::now();
        self.runner.run();
        Ok(start.elapsed().as_nanos() as u64)
    }

    /// At most `limit` bytes of an output.
    pub fn output(&self, index: u32, offset: u32, limit: usize) -> Result<&[u8], Refusal> {
        let count = self.runner.artifact().outputs().len();
        let output = self.runner.outputs().nth(index as usize).map(|(_, bytes)| bytes);
        let whole = output.ok_or(Refusal::NoTensor { what: "output", index, count })?;
        let beyond =
            Refusal::BeyondTensor { what: "output", offset, length: figure(limit), bytes: figure(whole.len()) };
        let rest = usize::try_from(offset).ok().and_then(|start| whole.get(start..)).ok_or(beyond)?;
        Ok(rest.get(..limit).unwrap_or(rest))
    }

    /// Times whole runs, while the times are `wanted`.
    pub fn time(&mut self, options: &TimeOptions, wanted: &dyn Fn() -> bool) -> Timing {
        let options = lathe_runtime_std::TimeOptions {
            number: options.number,
            repeat: options.repeat,
            min_repeat: Duration::from_millis(options.min_repeat_ms.into()),
            cooldown: Duration::from_millis(options.cooldown_ms.into()),
            flush_cache: options.flush_cache,
        };
        self.runner.time_while(&options, wanted)
    }

    /// The time of every step, while it is `wanted`.
    pub fn profile(&mut self, number: u32, wanted: &dyn Fn() -> bool) -> Profile {
        self.runner.profile_while(number, wanted)
    }

    /// The golden self-test; gives the first element that is wrong.
    pub fn self_test(&mut self) -> Result<Option<WrongElement>, Refusal> {
        match self.runner.verify_golden() {
            Ok(()) => Ok(None),
            Err(GoldenError::Absent) => Err(Refusal::NoSelfTest),
            Err(GoldenError::Mismatch { output, element, expected, found, tolerance }) => {
                Ok(Some(WrongElement { output, element, expected, found, tolerance }))
            }
        }
    }
}

/// Milliseconds as ticks of this machine's counter.
pub fn nanoseconds(ms: f64) -> u64 {
    (ms * 1e6).round() as u64
}
