//! A bundle of candidates: like a model, but its steps are handed out instead of run, to be tried where they can do no
//! harm.

use core::ops::Range;

use lathe_artifact::layout::NOISE_ALIGN_LOG2;
use lathe_artifact::{Artifact, Launch, MAX_ARGUMENTS, Step, Trial};

use crate::arena::Arena;
use crate::error::LoadError;
use crate::model::Placement;

/// A loaded bundle.
#[derive(Debug)]
pub struct Bundle<'a> {
    artifact: Artifact<'a>,
    trial: Trial<'a>,
    placement: Placement<'a>,
    arena: Arena<'a>,
}

/// What calling a candidate takes: see [`KernelFn`](crate::KernelFn).
#[derive(Clone, Copy, Debug)]
pub struct KernelCall<'a> {
    /// Where to call, with the Thumb bit where code has one.
    pub entry: *const u8,
    /// One pointer per argument.
    pub table: [*mut u8; MAX_ARGUMENTS],
    /// How many arguments there are.
    pub arguments: usize,
    /// The worker's own memory.
    pub workspace: *mut u8,
    /// The whole parallel axis: the slice is `0..extent`.
    pub extent: u32,
    /// Stack bytes it needs.
    pub stack_bytes: u32,
    /// The step.
    pub step: Step<'a>,
}

impl<'a> Bundle<'a> {
    /// Takes a parsed bundle whose code, constants and noise are at `placement`, to be tried in `arena`, which has room
    /// for one worker.
    pub fn load(
        artifact: Artifact<'a>,
        placement: Placement<'a>,
        arena: &'a mut [u8],
    ) -> Result<Bundle<'a>, LoadError> {
        let trial = artifact.trial().ok_or(LoadError::NotABundle)?;
        placement.check(&artifact)?;
        let (needed, given) = (trial.noise_bytes as usize, placement.noise.len());
        let aligned = placement.noise.as_ptr().addr() & ((1 << NOISE_ALIGN_LOG2) - 1) == 0;
        if needed > given || needed > 0 && !aligned {
            return Err(LoadError::NoNoise { needed, given });
        }
        let bytes = artifact.header().arena_bytes_for(1).unwrap_or(usize::MAX);
        let given = arena.len();
        let arena = arena.get_mut(..bytes).ok_or(LoadError::ArenaTooSmall { needed: bytes, given, workers: 1 })?;
        let arena = Arena::new(arena, artifact.header(), 1)?;
        Ok(Bundle { artifact, trial, placement, arena })
    }

    /// The artifact: the plan and the header's figures.
    pub fn artifact(&self) -> &Artifact<'a> {
        &self.artifact
    }

    /// Seeds and checks.
    pub fn trial(&self) -> &Trial<'a> {
        &self.trial
    }

    /// The arena, its workspace behind it.
    pub fn arena(&self) -> &[u8] {
        self.arena.bytes()
    }

    /// The arena to write, its workspace behind it.
    pub fn arena_mut(&mut self) -> &mut [u8] {
        self.arena.bytes_mut()
    }

    /// The addresses of the candidates' code.
    pub fn code(&self) -> Range<usize> {
        let start = self.placement.code.addr();
        start..start.saturating_add(self.artifact.code(0).len())
    }

    /// The addresses of the constants.
    pub fn constants(&self) -> Range<usize> {
        let start = self.placement.constants.addr();
        start..start.saturating_add(self.artifact.constants().len())
    }

    /// The addresses of the noise region.
    pub fn noise(&self) -> Range<usize> {
        let start = self.placement.noise.as_ptr().addr();
        start..start.saturating_add(self.trial.noise_bytes as usize)
    }

    /// How to call candidate number `index`; `None` when there is none.
    pub fn call(&self, index: usize) -> Option<KernelCall<'a>> {
        let step = self.artifact.step(index)?;
        let kernel = self.artifact.kernel(step.kernel)?;
        let Launch::Slices { extent } = step.launch else { return None };
        Some(KernelCall {
            entry: self.placement.entry(kernel.entry),
            table: self.placement.table(&self.arena, &step),
            arguments: step.arguments().len(),
            workspace: self.arena.workspace(0),
            extent,
            stack_bytes: kernel.stack_bytes,
            step,
        })
    }
}
