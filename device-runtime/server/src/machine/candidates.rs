//! A loaded bundle of candidates, in memory where each can be tried without harm.
#![allow(unsafe_code)]

use std::io;

use device_server::Refusal;
use device_server::trial::{TrialOptions, Tried};
use lathe_artifact::{Artifact, noise};
use lathe_executor::{Bundle, Placement};
use lathe_runtime_std::{ExecutableCode, LoadError, RunnerError, host};

use super::fault::MachineFault;
use super::sandbox::{self, Filter, Guarded};

/// Most samples of one trial.
const MAX_SAMPLES: usize = 1 << 16;

/// A bundle ready to be tried.
pub struct Candidates {
    // The bundle borrows from the fields after it, so it stands before them and is dropped first.
    bundle: Bundle<'static>,
    _arena: Guarded,
    _noise: Guarded,
    _constants: Guarded,
    _code: ExecutableCode,
    _artifact: Guarded,
    filter: Filter,
}

impl Candidates {
    /// Loads the bundle in `bytes`; `None` when they are a model, or nothing at all, which loading one as that tells.
    pub fn load(bytes: &[u8], threads: u32) -> Result<Option<Candidates>, MachineFault> {
        if Artifact::parse_for(bytes, &host()).ok().is_none_or(|artifact| artifact.trial().is_none()) {
            return Ok(None);
        }
        if threads > 1 {
            return Err(Refusal::TooManyThreads { threads, limit: 1 }.into());
        }
        let copy = copied(bytes, 64)?;
        let kept: *const [u8] = copy.as_slice();
        // SAFETY: the copy does not move with its owner, and is dropped after the bundle.
        let artifact = Artifact::parse_for(unsafe { &*kept }, &host()).map_err(refused)?;
        let trial = artifact.trial().ok_or_else(|| refused(LoadError::NotABundle))?;
        let code = ExecutableCode::new(artifact.code(0), artifact.code_align(0))?;
        let constants = copied(artifact.constants(), artifact.constants_align())?;
        let noise_bytes = trial.noise_bytes as usize;
        let mut noise = memory(noise_bytes, 64)?;
        noise::fill(trial.noise_seed, 0, noise.as_mut_slice());
        noise.read_only().map_err(MachineFault::sandbox)?;
        let header = artifact.header();
        let mut arena = memory(header.arena_bytes_for(1).unwrap_or(usize::MAX), header.arena_align())?;
        let (code_bytes, constant_bytes): (*const [u8], *const [u8]) = (code.as_slice(), constants.as_slice());
        let (noise_region, arena_bytes): (*const [u8], *mut [u8]) = (noise.as_slice(), arena.as_mut_slice());
        // SAFETY: these are memory that does not move with its owner and is dropped after the bundle; code and constants
        // are copies of the artifact's.
        let bundle = unsafe {
            let placement = Placement::at(&*code_bytes, &*constant_bytes).with_noise(&*noise_region);
            Bundle::load(artifact, placement, &mut *arena_bytes).map_err(refused)?
        };
        let (_arena, _noise, _constants, _code, _artifact) = (arena, noise, constants, code, copy);
        let filter = Filter::new().map_err(MachineFault::sandbox)?;
        Ok(Some(Candidates { bundle, _arena, _noise, _constants, _code, _artifact, filter }))
    }

    /// Bytes of the arena, workspace included.
    pub fn arena_bytes(&self) -> u64 {
        self.bundle.arena().len() as u64
    }

    /// Tries a candidate; gives what became of it, and samples in nanoseconds if it was right.
    pub fn attempt(&mut self, options: &TrialOptions) -> Result<(Tried, Vec<u64>), MachineFault> {
        let (candidate, count) = (options.candidate, self.bundle.artifact().step_count());
        if self.bundle.call(candidate as usize).is_none() {
            return Err(Refusal::NoCandidate { candidate, count }.into());
        }
        if options.repeat as usize > MAX_SAMPLES {
            return Err(Refusal::TooManySamples { samples: options.repeat, limit: MAX_SAMPLES }.into());
        }
        sandbox::attempt(&mut self.bundle, &self.filter, options).map_err(MachineFault::sandbox)
    }
}

fn refused(error: impl Into<LoadError>) -> MachineFault {
    RunnerError::Load(error.into()).into()
}

fn memory(bytes: usize, align: usize) -> Result<Guarded, MachineFault> {
    let failed = |source: io::Error| MachineFault::from(RunnerError::Memory { bytes, source });
    Guarded::private(bytes, align).map_err(failed)
}

fn copied(bytes: &[u8], align: usize) -> Result<Guarded, MachineFault> {
    let mut copy = memory(bytes.len(), align)?;
    copy.as_mut_slice().copy_from_slice(bytes);
    copy.read_only().map_err(MachineFault::sandbox)?;
    Ok(copy)
}

#[cfg(test)]
mod tests;
