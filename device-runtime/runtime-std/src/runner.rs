//! A model on this machine: its file, its executable code, its arena and its threads, with inputs and outputs by name.

use std::path::Path;

use lathe_artifact::{Artifact, DType, Space, Tensor};
use lathe_executor::{Element, GoldenError, LoadError, Model, Placement, Progress, Workers};

use crate::code::ExecutableCode;
use crate::cpu::host;
use crate::error::RunnerError;
use crate::memory::AlignedBytes;
use crate::pool::Pool;
use crate::source::Source;
use crate::timing::{TimeOptions, Timing, evaluate_while};

/// How to run a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Threads, the caller's counted; 0 means one per CPU that this process may use.
    pub threads: usize,
    /// Whether the threads beside the caller's are pinned, each to a CPU of its own.
    pub pin: bool,
    /// Bytes of the arena, for trying what a smaller machine has; none means as many as the model needs.
    pub arena_bytes: Option<usize>,
}

impl Default for Options {
    /// One thread, and the arena that the model needs.
    fn default() -> Options {
        Options { threads: 1, pin: true, arena_bytes: None }
    }
}

/// A model ready to run. Inputs keep their values from run to run; they are zero until set.
pub struct Runner {
    // The model borrows from the fields after it, so it stands before them and is dropped first.
    model: Model<'static, Pool>,
    /// The values of each input whose place in the arena a run overwrites.
    kept_inputs: Vec<Option<AlignedBytes>>,
    _arena: AlignedBytes,
    _constants: Option<AlignedBytes>,
    _code: ExecutableCode,
    _source: Source,
}

impl Runner {
    /// Loads the artifact in the file at `path`, which is mapped: its constants are used where they are.
    ///
    /// # Safety
    /// An artifact is a program that runs in this process: it must come from the compiler, unchanged. Nothing writes to
    /// or cuts the file while it is loaded; replacing it by renaming another over it is fine.
    pub unsafe fn open(path: impl AsRef<Path>, options: &Options) -> Result<Runner, RunnerError> {
        // SAFETY: the caller keeps the file as it is, and vouches for the artifact.
        unsafe { Runner::load(Source::map(path.as_ref())?, options) }
    }

    /// Loads a copy of the artifact in `bytes`.
    ///
    /// # Safety
    /// An artifact is a program that runs in this process: it must come from the compiler, unchanged.
    pub unsafe fn from_bytes(bytes: &[u8], options: &Options) -> Result<Runner, RunnerError> {
        // SAFETY: the caller vouches for the artifact.
        unsafe { Runner::load(Source::copy_of(bytes)?, options) }
    }

    /// Loads an artifact that is part of the program; its constants are used where they are when they are aligned.
    ///
    /// # Safety
    /// An artifact is a program that runs in this process: it must come from the compiler, unchanged.
    pub unsafe fn from_static(bytes: &'static [u8], options: &Options) -> Result<Runner, RunnerError> {
        // SAFETY: the caller vouches for the artifact.
        unsafe { Runner::load(Source::Static(bytes), options) }
    }

    /// # Safety
    /// The source holds an artifact that the caller vouches for.
    unsafe fn load(source: Source, options: &Options) -> Result<Runner, RunnerError> {
        let bytes: *const [u8] = source.bytes();
        // SAFETY: the source's bytes do not move, and the runner drops the model before the source.
        let artifact = Artifact::parse_for(unsafe { &*bytes }, &host())?;
        let code = ExecutableCode::new(artifact.code(0), artifact.code_align(0))?;
        let constants = aligned_constants(&artifact)?;
        let pool = Pool::new(options.threads, options.pin)?;
        let mut arena = arena_for(&artifact, &pool, options.arena_bytes)?;
        let code_bytes: *const [u8] = code.as_slice();
        let constant_bytes: *const [u8] = constants.as_ref().map_or(artifact.constants(), |copy| copy.as_slice());
        let arena_bytes: *mut [u8] = arena.as_mut_slice();
        // SAFETY: these three are memory that the runner owns, that does not move with it, and that it drops after the
        // model; code and constants are copies of the artifact's; the caller vouches for the artifact.
        let model = unsafe {
            let placement = Placement::at(&*code_bytes, &*constant_bytes);
            Model::load_with(artifact, placement, &mut *arena_bytes, pool)?
        };
        let kept_inputs = kept_inputs(&artifact)?;
        Ok(Runner { model, kept_inputs, _arena: arena, _constants: constants, _code: code, _source: source })
    }

    /// The artifact: inputs, outputs and their types, the plan, the header's figures.
    pub fn artifact(&self) -> &Artifact<'_> {
        self.model.artifact()
    }

    /// Threads the model runs on, the caller's counted.
    pub fn threads(&self) -> usize {
        self.model.workers().count()
    }

    /// Sets the input `name` to `bytes`, the elements of type `dtype` and shape `shape` in memory order.
    pub fn set_input(&mut self, name: &str, dtype: DType, shape: &[usize], bytes: &[u8]) -> Result<(), RunnerError> {
        let (index, tensor) = find("input", self.model.artifact().inputs(), name)?;
        check_type(&tensor, dtype)?;
        if !tensor.shape.is(shape) {
            let (expected, found) = (tensor.shape.to_string(), shape.to_vec());
            return Err(RunnerError::WrongShape { name: name.to_owned(), expected, found });
        }
        if bytes.len() != tensor.bytes as usize {
            let (expected, found) = (tensor.bytes as usize, bytes.len());
            return Err(RunnerError::WrongSize { name: name.to_owned(), expected, found });
        }
        self.input_bytes(index).copy_from_slice(bytes);
        Ok(())
    }

    /// Sets the input `name` to `values`, of shape `shape` in memory order.
    pub fn set<T: Element>(&mut self, name: &str, shape: &[usize], values: &[T]) -> Result<(), RunnerError> {
        // SAFETY: an `Element` has no padding, so all its bytes are initialised.
        let bytes = unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) };
        self.set_input(name, T::DTYPE, shape, bytes)
    }

    /// The bytes of input number `index`, to write; empty when there is no such input.
    pub fn input_bytes(&mut self, index: usize) -> &mut [u8] {
        match self.kept_inputs.get_mut(index) {
            Some(Some(kept)) => kept.as_mut_slice(),
            _ => self.model.input(index).unwrap_or_default(),
        }
    }

    /// The bytes of the input `name`, of type `dtype`, to write.
    pub fn input(&mut self, name: &str, dtype: DType) -> Result<&mut [u8], RunnerError> {
        let (index, tensor) = find("input", self.model.artifact().inputs(), name)?;
        check_type(&tensor, dtype)?;
        Ok(self.input_bytes(index))
    }

    /// Runs the model on the inputs set.
    pub fn run(&mut self) {
        self.run_first(self.artifact().step_count());
    }

    /// Runs the first `steps` steps on the inputs set.
    fn run_first(&mut self, steps: usize) {
        self.restart();
        for _ in 0..steps {
            self.step();
        }
    }

    /// Makes [`Runner::step`] begin a new run, on the inputs set.
    pub fn restart(&mut self) {
        self.restore_inputs();
        self.model.restart();
    }

    /// Runs the next step, after [`Runner::restart`] the first.
    pub fn step(&mut self) -> Progress {
        self.model.step()
    }

    /// The whole arena between steps: what `run --compare` checks intermediate tensors in.
    pub fn arena(&self) -> &[u8] {
        self.model.arena()
    }

    /// The bytes of the output `name`, in memory order, valid after a run.
    pub fn output(&self, name: &str) -> Result<&[u8], RunnerError> {
        let (index, _) = find("output", self.artifact().outputs(), name)?;
        Ok(self.model.output(index).unwrap_or_default())
    }

    /// The elements of the output `name`, in memory order, valid after a run.
    pub fn output_as<T: Element>(&self, name: &str) -> Result<&[T], RunnerError> {
        let (index, tensor) = find("output", self.artifact().outputs(), name)?;
        check_type(&tensor, T::DTYPE)?;
        Ok(self.model.output_as(index).unwrap_or_default())
    }

    /// Every output with its bytes, in the model's order.
    pub fn outputs(&self) -> impl Iterator<Item = (Tensor<'_>, &[u8])> {
        let tensors = self.artifact().outputs().enumerate();
        tensors.map(|(index, tensor)| (tensor, self.model.output(index).unwrap_or_default()))
    }

    /// Runs the artifact's self-test: inputs from its seed, a few output elements compared. The inputs set stay set.
    pub fn verify_golden(&mut self) -> Result<(), GoldenError> {
        let inputs: Vec<_> = (0..self.kept_inputs.len()).map(|index| self.input_bytes(index).to_vec()).collect();
        let verdict = self.model.verify_golden();
        for (index, bytes) in inputs.iter().enumerate() {
            self.input_bytes(index).copy_from_slice(bytes);
        }
        verdict
    }

    /// Times whole runs on the inputs set.
    pub fn time(&mut self, options: &TimeOptions) -> Timing {
        self.time_while(options, || true)
    }

    /// The same, which stops between two runs when `wanted` says no: with the samples so far.
    pub fn time_while(&mut self, options: &TimeOptions, wanted: impl Fn() -> bool) -> Timing {
        self.time_first(self.artifact().step_count(), options, &wanted)
    }

    /// Times runs of the first `steps` steps. Not inlined: so that whole runs and parts of them, which are compared, are the
    /// same instructions at the same addresses.
    #[inline(never)]
    pub(crate) fn time_first(&mut self, steps: usize, options: &TimeOptions, wanted: &dyn Fn() -> bool) -> Timing {
        evaluate_while(options, wanted, || self.run_first(steps))
    }

    /// Puts the inputs whose memory a run overwrites back to the values set.
    fn restore_inputs(&mut self) {
        for (index, kept) in self.kept_inputs.iter().enumerate() {
            if let (Some(kept), Some(input)) = (kept, self.model.input(index)) {
                input.copy_from_slice(kept.as_slice());
            }
        }
    }
}

fn aligned_constants(artifact: &Artifact<'_>) -> Result<Option<AlignedBytes>, RunnerError> {
    let (constants, align) = (artifact.constants(), artifact.constants_align());
    if constants.as_ptr().addr().is_multiple_of(align) {
        return Ok(None);
    }
    let no_memory = |source| RunnerError::Memory { bytes: constants.len(), source };
    AlignedBytes::copy_of(constants, align).map(Some).map_err(no_memory)
}

fn arena_for(artifact: &Artifact<'_>, pool: &Pool, given: Option<usize>) -> Result<AlignedBytes, RunnerError> {
    let workers = pool.count();
    let header = artifact.header();
    let too_large = LoadError::ArenaTooSmall { needed: usize::MAX, given: usize::MAX, workers };
    let needed = header.arena_bytes_for(workers).ok_or(too_large)?;
    // More than is needed would be of no use; with less, loading tells both numbers.
    let bytes = given.map_or(needed, |given| given.min(needed));
    AlignedBytes::zeroed(bytes, header.arena_align()).map_err(|source| RunnerError::Memory { bytes, source })
}

/// A place beside the arena for each input that some step overwrites.
fn kept_inputs(artifact: &Artifact<'_>) -> Result<Vec<Option<AlignedBytes>>, RunnerError> {
    let keep = |tensor: Tensor<'_>| {
        if !is_overwritten(artifact, &tensor) {
            return Ok(None);
        }
        let bytes = tensor.bytes as usize;
        AlignedBytes::zeroed(bytes, 64).map(Some).map_err(|source| RunnerError::Memory { bytes, source })
    };
    artifact.inputs().map(keep).collect()
}

fn is_overwritten(artifact: &Artifact<'_>, tensor: &Tensor<'_>) -> bool {
    let (start, end) = (tensor.arena_offset, tensor.arena_offset.saturating_add(tensor.bytes));
    artifact.steps().flat_map(|step| step.arguments()).any(|argument| {
        let argument_end = argument.offset.saturating_add(argument.bytes);
        argument.space == Space::Arena && argument.access.writes() && argument.offset < end && start < argument_end
    })
}

fn find<'a>(
    what: &'static str,
    mut tensors: impl Iterator<Item = Tensor<'a>> + Clone,
    name: &str,
) -> Result<(usize, Tensor<'a>), RunnerError> {
    let all = tensors.clone();
    (0..).zip(&mut tensors).find(|(_, tensor)| tensor.name == name).ok_or_else(|| {
        let known: Vec<_> = all.map(|tensor| format!("{:?}", tensor.name)).collect();
        RunnerError::UnknownName { what, name: name.to_owned(), known: known.join(", ") }
    })
}

fn check_type(tensor: &Tensor<'_>, found: DType) -> Result<(), RunnerError> {
    if tensor.dtype == found {
        return Ok(());
    }
    Err(RunnerError::WrongType { name: tensor.name.to_owned(), expected: tensor.dtype, found })
}
