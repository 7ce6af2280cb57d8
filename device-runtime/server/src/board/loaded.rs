//! A loaded model in a board's RAM: arena, then painted memory that must stay as it is, then the inputs' values.
#![allow(unsafe_code)]

use lathe_artifact::{Artifact, Name};
use lathe_executor::{GoldenError, Inline, Model, Placement, Progress};

use super::ram::Ram;
use crate::refusal::{Refusal, figure};

/// What memory beyond the arena is painted with.
const CANARY: u8 = 0xC5;
/// Inputs whose being given is counted.
const MAX_INPUTS: usize = u64::BITS as usize;

/// A model ready to run.
pub(crate) struct LoadedModel<'m> {
    model: Model<'m>,
    arena_bytes: usize,
    /// Memory that nothing should write to.
    painted: &'m [u8],
    /// The inputs' values, one after the other, put in place before each run; empty when there is no room for them,
    /// and then a run uses them up.
    kept: &'m mut [u8],
    /// A bit for each input that was given.
    given: u64,
}

impl<'m> LoadedModel<'m> {
    /// Loads `artifact` in place, its arena in `ram` from `start` on. Nothing may borrow from there any more.
    #[inline(never)]
    pub fn load(artifact: Artifact<'m>, ram: &mut Ram<'m>, start: usize) -> Result<LoadedModel<'m>, Refusal> {
        let (inputs, limit) = (artifact.inputs().len(), MAX_INPUTS);
        if inputs > limit {
            return Err(Refusal::TooManyInputs { inputs, limit });
        }
        let header = artifact.header();
        let arena_at = ram.aligned(start, header.arena_align());
        let arena_bytes = header.arena_bytes_for(1).unwrap_or(usize::MAX);
        let after = arena_at.saturating_add(arena_bytes);
        let input_bytes = artifact.inputs().fold(0usize, |sum, input| sum.saturating_add(input.bytes as usize));
        let left = ram.bytes().saturating_sub(after);
        let kept = if input_bytes <= left { input_bytes } else { 0 };
        // SAFETY: the three do not overlap, and the caller has forgotten the model that borrowed from here.
        let (arena, painted, kept) = unsafe {
            let painted = left.wrapping_sub(kept);
            (
                ram.write(arena_at, arena_bytes),
                ram.write(after, painted),
                ram.write(after.saturating_add(painted), kept),
            )
        };
        painted.fill(CANARY);
        // What is timed before any input was given is timed on zeros.
        kept.fill(0);
        // SAFETY: the creator of the board vouches for its artifacts and for the memory they are in.
        let model = unsafe { Model::load_with(artifact, Placement::in_place(&artifact), arena, Inline) }?;
        let given = (0u32..).zip(artifact.inputs()).filter(|(_, input)| input.bytes == 0);
        let given = given.fold(0, |given, (index, _)| given | bit(index));
        Ok(LoadedModel { model, arena_bytes, painted, kept, given })
    }

    /// Bytes of the planned arena.
    pub fn arena_bytes(&self) -> u64 {
        self.arena_bytes as u64
    }

    /// Up to which byte beyond the arena memory was written; 0 when none was.
    pub fn written_beyond_arena(&self) -> u64 {
        // SAFETY: the bytes live as long as `self`. Read one by one and volatile, since a kernel gone wrong may have
        // written to memory that no reference lets be written.
        let intact = |byte: &&u8| unsafe { core::ptr::from_ref(*byte).read_volatile() } == CANARY;
        let intact = self.painted.iter().rev().take_while(intact).count();
        self.painted.len().wrapping_sub(intact) as u64
    }

    /// Number of steps of the plan.
    pub fn steps(&self) -> usize {
        self.model.artifact().step_count()
    }

    /// Writes a piece of an input.
    pub fn set_input(&mut self, index: u32, offset: u32, data: &[u8]) -> Result<(), Refusal> {
        let (number, count) = (index as usize, self.model.artifact().inputs().len());
        let input = self.model.artifact().input(number).ok_or(Refusal::NoTensor { what: "input", index, count })?;
        let bytes = input.bytes as usize;
        let before = self.model.artifact().inputs().take(number);
        let start = before.fold(0usize, |sum, input| sum.saturating_add(input.bytes as usize));
        let whole = match self.kept.is_empty() {
            true => self.model.input(number),
            false => self.kept.get_mut(start..start.saturating_add(bytes)),
        };
        let room = usize::try_from(offset).ok().and_then(|start| whole?.get_mut(start..)?.get_mut(..data.len()));
        let beyond = Refusal::BeyondTensor { what: "input", offset, length: figure(data.len()), bytes: input.bytes };
        for (slot, byte) in room.ok_or(beyond)?.iter_mut().zip(data) {
            *slot = *byte;
        }
        self.given |= bit(index);
        Ok(())
    }

    /// At most `limit` bytes of an output from `offset`.
    pub fn output(&self, index: u32, offset: u32, limit: usize) -> Result<&[u8], Refusal> {
        let count = self.model.artifact().outputs().len();
        let whole = self.model.output(index as usize).ok_or(Refusal::NoTensor { what: "output", index, count })?;
        let beyond =
            Refusal::BeyondTensor { what: "output", offset, length: figure(limit), bytes: figure(whole.len()) };
        let rest = usize::try_from(offset).ok().and_then(|start| whole.get(start..)).ok_or(beyond)?;
        Ok(rest.get(..limit).unwrap_or(rest))
    }

    /// That every input was given.
    pub fn all_given(&self) -> Result<(), Refusal> {
        let mut missing =
            (0u32..).zip(self.model.artifact().inputs()).filter(|(index, _)| self.given & bit(*index) == 0);
        match missing.next() {
            None => Ok(()),
            Some((_, input)) => Err(Refusal::MissingInput { name: Name::new(input.name) }),
        }
    }

    /// Puts the inputs in place for a run. Without memory to keep them, the run uses them up.
    pub fn place_inputs(&mut self) {
        if self.kept.is_empty() {
            self.given = 0;
        }
        let mut kept = &*self.kept;
        let count = self.model.artifact().inputs().len();
        for index in 0..count {
            let Some(input) = self.model.input(index) else { continue };
            let Some((value, rest)) = kept.split_at_checked(input.len()) else { continue };
            kept = rest;
            for (slot, byte) in input.iter_mut().zip(value) {
                *slot = *byte;
            }
        }
    }

    /// Runs every step. A frame of its own, so that the stack it takes can be told from its caller's.
    #[inline(never)]
    pub fn run(&mut self) {
        self.model.run();
    }

    /// Makes [`LoadedModel::step`] begin a new run.
    pub fn restart(&mut self) {
        self.model.restart();
    }

    /// Runs the next step.
    pub fn step(&mut self) -> Progress {
        self.model.step()
    }

    /// Runs the artifact's self-test. Without memory to keep them, it uses the inputs up.
    pub fn self_test(&mut self) -> Result<(), GoldenError> {
        if self.kept.is_empty() {
            self.given = 0;
        }
        self.model.verify_golden()
    }
}

fn bit(index: u32) -> u64 {
    1u64.checked_shl(index).unwrap_or(0)
}
