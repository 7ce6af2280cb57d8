//! A loaded model: artifact, memory and workers, checked once.

use lathe_artifact::{Artifact, Host};

use crate::arena::{Arena, elements, elements_mut};
use crate::element::Element;
use crate::error::LoadError;
use crate::workers::{Inline, Workers};

/// Where code and constants of an artifact are in memory, when that is not where the artifact is.
#[derive(Clone, Copy, Debug)]
pub struct Placement<'a> {
    pub(crate) code: *const u8,
    pub(crate) constants: *const u8,
    pub(crate) noise: &'a [u8],
}

// SAFETY: these are memory that nobody writes while it is borrowed.
unsafe impl Send for Placement<'_> {}

impl<'a> Placement<'a> {
    /// Where the artifact's own bytes are.
    pub fn in_place(artifact: &Artifact<'a>) -> Placement<'a> {
        Placement { code: artifact.code(0).as_ptr(), constants: artifact.constants().as_ptr(), noise: &[] }
    }

    /// Code and constants in copies of their own.
    ///
    /// # Safety
    /// `code` and `constants` hold what [`Artifact::code`] of processor 0 and [`Artifact::constants`] do, for `'a`, and
    /// the code may be executed.
    pub unsafe fn at(code: &'a [u8], constants: &'a [u8]) -> Placement<'a> {
        Placement { code: code.as_ptr(), constants: constants.as_ptr(), noise: &[] }
    }

    /// The same, with the noise region that a bundle of candidates refers to.
    pub fn with_noise(self, noise: &'a [u8]) -> Placement<'a> {
        Placement { noise, ..self }
    }

    /// That code and constants have the alignment that `artifact` asks for, and that the CPU runs all of it.
    pub(crate) fn check(&self, artifact: &Artifact<'_>) -> Result<(), LoadError> {
        let unaligned = |address: *const u8, align: usize| address.addr() & (align - 1) != 0;
        let align = artifact.code_align(0);
        if unaligned(self.code, align) {
            return Err(LoadError::CodeMisaligned { align, address: self.code.addr() });
        }
        let align = artifact.constants_align();
        if unaligned(self.constants, align) {
            return Err(LoadError::ConstantsMisaligned { align, address: self.constants.addr() });
        }
        for (step, planned) in artifact.steps().enumerate() {
            let processor = artifact.kernel(planned.kernel).map_or(0, |kernel| kernel.processor);
            if processor != 0 {
                return Err(LoadError::NoProcessor { step, processor });
            }
        }
        Ok(())
    }
}

/// Whether a run has more steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Progress {
    /// There are more steps.
    More,
    /// That was the last step: the outputs are ready, and the next call begins a new run.
    Done,
}

/// A model ready to run.
#[derive(Debug)]
pub struct Model<'a, W = Inline> {
    pub(crate) artifact: Artifact<'a>,
    pub(crate) placement: Placement<'a>,
    pub(crate) arena: Arena<'a>,
    pub(crate) workers: W,
    next_step: usize,
}

impl<'a> Model<'a> {
    /// Loads the artifact in `bytes` to run on the caller's thread, code and constants in place.
    ///
    /// `arena` needs the alignment and the bytes that the artifact's header asks for.
    ///
    /// # Safety
    /// An artifact is a program. It must come from the compiler, unchanged, and `bytes` must be memory from which this
    /// processor may execute (flash, on a microcontroller).
    pub unsafe fn load(bytes: &'a [u8], host: &Host<'_>, arena: &'a mut [u8]) -> Result<Model<'a>, LoadError> {
        let artifact = Artifact::parse_for(bytes, host)?;
        // SAFETY: the caller vouches for the artifact and its memory.
        unsafe { Model::load_with(artifact, Placement::in_place(&artifact), arena, Inline) }
    }
}

impl<'a, W: Workers> Model<'a, W> {
    /// Loads a parsed artifact whose code and constants are at `placement`, to run on `workers`.
    ///
    /// # Safety
    /// An artifact is a program. It must come from the compiler, unchanged, for this processor, and `placement` must be
    /// this artifact's.
    pub unsafe fn load_with(
        artifact: Artifact<'a>,
        placement: Placement<'a>,
        arena: &'a mut [u8],
        workers: W,
    ) -> Result<Model<'a, W>, LoadError> {
        if artifact.trial().is_some() {
            return Err(LoadError::IsBundle);
        }
        placement.check(&artifact)?;
        let arena = Arena::new(arena, artifact.header(), workers.count())?;
        Ok(Model { artifact, placement, arena, workers, next_step: 0 })
    }

    /// The artifact: inputs, outputs and their types, the plan, the header's figures.
    pub fn artifact(&self) -> &Artifact<'a> {
        &self.artifact
    }

    /// The bytes of input `index`, to be written before every run: the memory is used again during the run.
    pub fn input(&mut self, index: usize) -> Option<&mut [u8]> {
        let tensor = self.artifact.input(index)?;
        Some(self.arena.tensor_mut(&tensor))
    }

    /// The elements of input `index`; `None` when there is no such input or its type is another.
    pub fn input_as<T: Element>(&mut self, index: usize) -> Option<&mut [T]> {
        let tensor = self.artifact.input(index).filter(|tensor| tensor.dtype == T::DTYPE)?;
        elements_mut(self.arena.tensor_mut(&tensor))
    }

    /// The bytes of output `index`, valid after a run and until the next.
    pub fn output(&self, index: usize) -> Option<&[u8]> {
        let tensor = self.artifact.output(index)?;
        Some(self.arena.tensor(&tensor))
    }

    /// The elements of output `index`; `None` when there is no such output or its type is another.
    pub fn output_as<T: Element>(&self, index: usize) -> Option<&[T]> {
        let tensor = self.artifact.output(index).filter(|tensor| tensor.dtype == T::DTYPE)?;
        elements(self.arena.tensor(&tensor))
    }

    /// The whole arena between steps: what `run --compare` checks intermediate tensors in.
    pub fn arena(&self) -> &[u8] {
        self.arena.bytes()
    }

    /// Runs every step, from the first.
    pub fn run(&mut self) {
        self.restart();
        while self.step() == Progress::More {}
    }

    /// Runs the next step, so that the caller can do other work between steps.
    pub fn step(&mut self) -> Progress {
        self.run_step(self.next_step);
        self.next_step = self.next_step.wrapping_add(1);
        if self.next_step < self.artifact.step_count() {
            return Progress::More;
        }
        self.restart();
        Progress::Done
    }

    /// Number of the step that [`Model::step`] runs next.
    pub fn next_step(&self) -> usize {
        self.next_step
    }

    /// Makes [`Model::step`] begin a new run.
    pub fn restart(&mut self) {
        self.next_step = 0;
    }

    /// The workers the model runs on.
    pub fn workers(&self) -> &W {
        &self.workers
    }
}
