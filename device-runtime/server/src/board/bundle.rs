//! A loaded bundle of candidates in a board's RAM, laid out so that memory protection can open to a candidate what is
//! its own, and nothing else:
//!
//! ```text
//! bundle | candidate's stack (grows down) | gap | arena, workspace, red zone | noise, unless flash holds it
//! ```
//!
//! Below the stack lies nothing a candidate may write, nor between stack and arena: going beyond either end is a fault.
#![allow(unsafe_code)]

use core::ops::Range;

use lathe_artifact::{Artifact, noise};
use lathe_executor::{Bundle, LoadError, MAX_ARGUMENTS, Placement};

use super::ram::Ram;
use super::sandbox::Sandbox;
use crate::refusal::Refusal;

/// What memory behind the workspace is painted with, which a candidate can write and must not.
const CANARY: u8 = 0xC5;
/// Bytes of a candidate's stack besides its own frames: its pointer table, and the processor's frame of an exception
/// with floating-point registers, which has 26 words and may be aligned.
const STACK_RESERVE: usize = 4 * MAX_ARGUMENTS + 128;
/// The least stack: an overflow by little is then one of the candidate's doing.
const LEAST_STACK: usize = 1024;
/// Bytes between stack and arena that are neither's.
const GAP: usize = 64;
/// Alignment of the noise region: what the compiler aligns constants to.
const NOISE_ALIGN: usize = 64;

/// A bundle ready for trials.
pub(crate) struct LoadedBundle<'m> {
    pub bundle: Bundle<'m>,
    /// Addresses of the bundle itself, and of the candidate's stack.
    pub code: Range<usize>,
    pub stack: Range<usize>,
    /// Whether its noise lies in flash.
    pub noise_flashed: bool,
    /// Memory behind the workspace, up to the end of what is open to the candidate.
    red_zone: &'m mut [u8],
}

impl<'m> LoadedBundle<'m> {
    /// Loads `artifact`, whose bytes are `bytes`, its memory in `ram` from `start` on, its noise from `flash` if that
    /// holds it. Nothing may borrow from RAM there any more. A frame of its own, which running a model does not need.
    #[inline(never)]
    pub fn load<S: Sandbox>(
        (artifact, bytes): (Artifact<'m>, &'m [u8]),
        sandbox: &S,
        flash: &'m [u8],
        ram: &mut Ram<'m>,
        start: usize,
    ) -> Result<LoadedBundle<'m>, Refusal> {
        let trial = artifact.trial().ok_or(Refusal::Load(LoadError::NotABundle))?;
        let header = artifact.header();
        let stack_bytes = (header.stack_bytes as usize).saturating_add(STACK_RESERVE).max(LEAST_STACK);
        let stack_bytes = stack_bytes.checked_next_power_of_two().unwrap_or(usize::MAX);
        let stack_at = ram.aligned(start, stack_bytes);
        let stack_end = stack_at.saturating_add(stack_bytes);
        let needed = header.arena_bytes_for(1).unwrap_or(usize::MAX);
        let granule = sandbox.granule(needed).ok_or(Refusal::NoSandbox)?;
        let arena_at = ram.aligned(stack_end.saturating_add(GAP), header.arena_align().max(granule));
        let open = needed.checked_next_multiple_of(granule).unwrap_or(usize::MAX);
        let behind = arena_at.saturating_add(open);
        let flashed = noise::flashed(flash, trial.noise_seed, trial.noise_bytes as usize);
        let noise_at = ram.aligned(behind, NOISE_ALIGN);
        let carved = if flashed.is_none() { trial.noise_bytes as usize } else { 0 };
        let (whole, given) = (noise_at.saturating_add(carved), ram.bytes());
        if whole > given {
            return Err(Refusal::Load(LoadError::ArenaTooSmall { needed: whole, given, workers: 1 }));
        }
        // SAFETY: the three do not overlap, and the caller has forgotten what borrowed from here.
        let (arena, red_zone, noise) = unsafe {
            (
                ram.write(arena_at, needed),
                ram.write(arena_at.saturating_add(needed), open.wrapping_sub(needed)),
                ram.write(noise_at, carved),
            )
        };
        noise::fill(trial.noise_seed, 0, noise);
        let noise_flashed = flashed.is_some();
        let placement = Placement::in_place(&artifact).with_noise(flashed.unwrap_or(noise));
        let bundle = Bundle::load(artifact, placement, arena)?;
        let code = bytes.as_ptr_range();
        let code = code.start.addr()..code.end.addr();
        let stack = ram.address(stack_at)..ram.address(stack_end);
        Ok(LoadedBundle { bundle, code, stack, noise_flashed, red_zone })
    }

    /// Bytes of the planned arena.
    pub fn arena_bytes(&self) -> u64 {
        self.bundle.arena().len() as u64
    }

    /// The addresses of what a candidate may write besides its stack.
    pub fn memory(&self) -> Range<usize> {
        let start = self.bundle.arena().as_ptr().addr();
        start..start.saturating_add(self.bundle.arena().len()).saturating_add(self.red_zone.len())
    }

    /// Paints the memory behind the workspace.
    pub fn paint(&mut self) {
        self.red_zone.fill(CANARY);
    }

    /// The first byte behind the workspace that was written, counted from the arena's start.
    pub fn written_behind(&self) -> Option<u64> {
        let at = self.red_zone.iter().position(|byte| *byte != CANARY)?;
        Some(self.bundle.arena().len().saturating_add(at) as u64)
    }
}
