//! `local`: this machine, in this process.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lathe_runtime_std::conditions::{ClockError, ClockLock, Sysfs};
use lathe_runtime_std::{GoldenError, Options, Runner, TimeOptions, Timing};

use super::{Clock, Device, RunTimes, StepTime, TimeRequest};
use crate::arguments::LoadArgs;
use crate::failure::{Exit, Failure, Outcome};

/// This machine with a loaded artifact.
pub struct Local {
    runner: Runner,
    path: PathBuf,
    args: LoadArgs,
    clock: Option<ClockLock>,
    /// Nanoseconds that the last measurement took off for reading the clock.
    overhead: u64,
}

/// Loads the artifact at `path` into this process, as `args` say.
#[allow(unsafe_code)]
pub fn load(path: &Path, args: &LoadArgs) -> Outcome<Runner> {
    let options = Options { threads: args.threads as usize, arena_bytes: args.arena, ..Options::default() };
    // SAFETY: an artifact is a program, and the person at the command line asked to run this one; it has been checked
    // against damage. Nothing of this program writes to its file.
    Ok(unsafe { Runner::open(path, &options) }?)
}

impl Local {
    /// Loads the artifact at `path`.
    pub fn load(path: &Path, args: &LoadArgs) -> Outcome<Local> {
        Ok(Local { runner: load(path, args)?, path: path.to_path_buf(), args: args.clone(), clock: None, overhead: 0 })
    }
}

impl Device for Local {
    fn set_input(&mut self, index: usize, bytes: &[u8]) -> Outcome {
        let input = self.runner.input_bytes(index);
        if input.len() != bytes.len() {
            let message = format!("input number {index} takes {} bytes and was given {}", input.len(), bytes.len());
            return Err(Failure::usage(message));
        }
        input.copy_from_slice(bytes);
        Ok(())
    }

    fn run(&mut self) -> Outcome<f64> {
        let start = Instant::now();
        self.runner.run();
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }

    fn output(&mut self, index: usize, _bytes: usize) -> Outcome<Vec<u8>> {
        Ok(self.runner.outputs().nth(index).map(|(_, bytes)| bytes.to_vec()).unwrap_or_default())
    }

    fn reload(&mut self, threads: u32) -> Outcome {
        self.args.threads = threads;
        self.runner = load(&self.path, &self.args)?;
        Ok(())
    }

    fn hold_clock(&mut self, khz: u32) -> Outcome {
        // What was held before is let go first: it knows what to put back.
        self.clock = None;
        if khz > 0 {
            self.clock = Some(Sysfs::default().hold_clock(khz).map_err(refused)?);
        }
        Ok(())
    }

    fn time(&mut self, r: &TimeRequest) -> Outcome<Timing> {
        self.overhead = 0;
        Ok(self.runner.time(&TimeOptions {
            number: r.number,
            repeat: r.repeat,
            min_repeat: Duration::from_millis(r.min_repeat_ms.into()),
            cooldown: Duration::from_millis(r.cooldown_ms.into()),
            flush_cache: r.flush_cache,
        }))
    }

    fn profile(&mut self, number: u32) -> Outcome<RunTimes> {
        let profile = self.runner.profile(number);
        self.overhead = (profile.overhead_ms * 1e6).round() as u64;
        let steps = profile.steps.into_iter().map(|s| StepTime {
            step: s.step,
            label: s.label,
            kernel: s.kernel,
            operations: s.operations,
            bytes: s.bytes,
            ms: s.timing.mean_ms(),
        });
        Ok(RunTimes { inputs_ms: Some(profile.inputs.mean_ms()), steps: steps.collect() })
    }

    fn clock(&self) -> Clock {
        Clock { overhead: self.overhead, ..Clock::HERE }
    }

    fn self_test(&mut self) -> Outcome {
        self.runner.verify_golden().map_err(|e| match e {
            GoldenError::Absent => Failure::usage(e),
            GoldenError::Mismatch { .. } => Failure::new(Exit::WrongNumbers, format!("self-test: {e}")),
        })
    }
}

/// A clock that the processor cannot run at is the arguments' fault, the rest the system's.
fn refused(error: ClockError) -> Failure {
    match error {
        ClockError::OutOfRange { .. } => Failure::usage(error),
        _ => Failure::new(Exit::Failure, error),
    }
}
