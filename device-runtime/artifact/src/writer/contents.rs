//! What the compiler hands over to be written.

use std::string::String;
use std::vec::Vec;

use crate::dtype::DType;
use crate::golden::{GoldenInput, GoldenSample};
use crate::io::Quantization;
use crate::kernels::ProcessorKind;
use crate::plan::{Access, Launch, Space};
use crate::trial::Check;

/// Whom the artifact is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetEntry {
    /// Target name as `--target` takes it: `x86_64-linux`.
    pub target: String,
    /// CPU name as `--mcpu` takes it: `x86-64-v3`. Only shown; what is checked are the features.
    pub cpu: String,
    /// CPU features the kernels need, in the spelling of Rust's target features. A runtime refuses the artifact when one is missing, so list
    /// what the code really may use and the runtime can detect.
    pub features: Vec<String>,
}

/// A graph input or output. `bytes` in the file is computed from type and shape.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorEntry {
    /// Its name in the model.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its dimensions, outermost first; empty for a scalar.
    pub shape: Vec<u32>,
    /// What a stored integer means, for quantised tensors.
    pub quantization: Option<Quantization>,
    /// Where it lies in the arena: a multiple of the arena's alignment. It need not be a tensor of its own.
    pub arena_offset: u32,
    /// Key and value, for instance `("layout", "nhwc")`; the keys are listed in SPEC.md.
    pub attributes: Vec<(String, String)>,
}

impl TensorEntry {
    /// A tensor that is not quantised, without attributes.
    pub fn new(name: impl Into<String>, dtype: DType, shape: impl Into<Vec<u32>>, arena_offset: u32) -> TensorEntry {
        let (name, shape) = (name.into(), shape.into());
        TensorEntry { name, dtype, shape, quantization: None, arena_offset, attributes: Vec::new() }
    }
}

/// One kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelEntry {
    /// Its name; may be empty on the CPU, on a GPU it is the entry's name in the module.
    pub name: String,
    /// Offset of its first instruction in the code of its processor, without a Thumb bit.
    pub entry: u32,
    /// Stack bytes it needs.
    pub stack_bytes: u32,
    /// 0 is the CPU of the target, `n` is `processors[n - 1]`.
    pub processor: u8,
}

impl KernelEntry {
    /// A kernel of the CPU.
    pub fn new(name: impl Into<String>, entry: u32, stack_bytes: u32) -> KernelEntry {
        KernelEntry { name: name.into(), entry, stack_bytes, processor: 0 }
    }
}

/// One buffer of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentEntry {
    /// The memory it lies in.
    pub space: Space,
    /// What the step does with it; constants are only read.
    pub access: Access,
    /// Its offset in that memory.
    pub offset: u32,
    /// Its size: the kernel touches nothing beyond.
    pub bytes: u32,
    /// The alignment the kernel relies on, as a power of two: 6 for 64 bytes.
    pub align_log2: u8,
}

/// One step of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepEntry {
    /// Number of its kernel.
    pub kernel: u32,
    /// How it is spread: [`Launch::Slices`] for CPU kernels, [`Launch::Grid`] for GPU kernels.
    pub launch: Launch,
    /// Its buffers in the order of the kernel's table, at most [`crate::MAX_ARGUMENTS`].
    pub arguments: Vec<ArgumentEntry>,
    /// The model's nodes it computes, for profiles.
    pub label: String,
    /// Arithmetic operations of one run, a multiply-add counting two; 0 when unknown.
    pub operations: u64,
}

impl StepEntry {
    /// A step of the CPU, of which nothing is told for profiles.
    pub fn new(kernel: u32, extent: u32, arguments: Vec<ArgumentEntry>) -> StepEntry {
        StepEntry { kernel, launch: Launch::Slices { extent }, arguments, label: String::new(), operations: 0 }
    }
}

/// A processor other than the CPU, with its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessorEntry {
    /// What kind of processor.
    pub kind: ProcessorKind,
    /// Its architecture: `sm_53`.
    pub name: String,
    /// Its code: PTX text for CUDA.
    pub code: Vec<u8>,
}

/// Where a tensor lies in the arena and when it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTensorEntry {
    /// Its name in the graph.
    pub name: String,
    /// Its offset in the arena.
    pub offset: u32,
    /// Its size.
    pub bytes: u32,
    /// The first step it is live in.
    pub first_step: u32,
    /// The last step it is live in.
    pub last_step: u32,
}

/// The golden self-test. Make the inputs with [`crate::golden::fill`], run the reference, record with
/// [`crate::golden::element`].
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenEntry {
    /// Seed of the inputs.
    pub seed: u64,
    /// The range of each input, in input order.
    pub inputs: Vec<GoldenInput>,
    /// At most [`crate::MAX_GOLDEN_SAMPLES`] output elements.
    pub samples: Vec<GoldenSample>,
}

/// What makes a trial bundle of an artifact: each step is a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialEntry {
    /// Seed of the noise that fills the arena before a candidate's checked run, and of the weights of sums.
    pub seed: u32,
    /// Seed of the noise region.
    pub noise_seed: u32,
    /// Bytes of the noise region that arguments refer to.
    pub noise_bytes: u32,
    /// What the candidates must write.
    pub checks: Vec<Check>,
}

/// Everything an artifact holds. The same contents give the same bytes everywhere.
///
/// ```
/// use lathe_artifact::*;
/// let contents = ArtifactContents {
///     arena_bytes: 128,
///     inputs: vec![TensorEntry::new("x", DType::F32, [1, 16], 0)],
///     kernels: vec![KernelEntry::new("double", 0, 0)],
///     code: vec![0xc3],
///     steps: vec![StepEntry {
///         kernel: 0,
///         launch: Launch::Slices { extent: 16 },
///         arguments: vec![ArgumentEntry {
///             space: Space::Arena,
///             access: Access::ReadWrite,
///             offset: 0,
///             bytes: 64,
///             align_log2: 6,
///         }],
///         label: "Mul_0".into(),
///         operations: 16,
///     }],
///     ..ArtifactContents::new("x86_64-linux", "x86-64-v3", ["avx2", "fma"])
/// };
/// let bytes = contents.to_bytes()?;
/// assert_eq!(Artifact::parse(&bytes)?.step_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ArtifactContents {
    /// Whom it is for.
    pub target: TargetEntry,
    /// Bytes of the arena that hold tensors, workspaces not counted.
    pub arena_bytes: u32,
    /// Alignment of the arena and of every worker's workspace, as a power of two.
    pub arena_align_log2: u8,
    /// Bytes of workspace the neediest kernel wants from each worker.
    pub workspace_bytes: u32,
    /// Stack bytes that running needs, kernels and executor together.
    pub stack_bytes: u32,
    /// Graph inputs, in the model's order.
    pub inputs: Vec<TensorEntry>,
    /// Graph outputs, in the model's order.
    pub outputs: Vec<TensorEntry>,
    /// The kernels, CPU and GPU.
    pub kernels: Vec<KernelEntry>,
    /// The plan.
    pub steps: Vec<StepEntry>,
    /// The CPU's flat, relocation-free code blob.
    pub code: Vec<u8>,
    /// The alignment the blob must keep wherever it is loaded, as a power of two: 12 for code with ADRP pairs.
    pub code_align_log2: u8,
    /// The constants, laid out as the steps' arguments say.
    pub constants: Vec<u8>,
    /// Alignment of the constants, as a power of two.
    pub constants_align_log2: u8,
    /// Processors other than the CPU, with their code.
    pub processors: Vec<ProcessorEntry>,
    /// The golden self-test, or none.
    pub golden: Option<GoldenEntry>,
    /// What makes a trial bundle of it, or none.
    pub trial: Option<TrialEntry>,
    /// Whether labels and operation counts of the steps are written.
    pub with_step_info: bool,
    /// The memory plan for `inspect`; nothing is written when it is empty.
    pub memory_plan: Vec<PlannedTensorEntry>,
    /// Key and value: what made this artifact, and how. Nothing is written when it is empty. Sort keys that come from
    /// a hash map.
    pub provenance: Vec<(String, String)>,
}

impl ArtifactContents {
    /// Contents for a target, otherwise empty: alignments of 64 bytes, step info on, no self-test.
    pub fn new<F: Into<String>>(target: &str, cpu: &str, features: impl IntoIterator<Item = F>) -> ArtifactContents {
        ArtifactContents {
            target: TargetEntry {
                target: target.into(),
                cpu: cpu.into(),
                features: features.into_iter().map(Into::into).collect(),
            },
            arena_bytes: 0,
            arena_align_log2: 6,
            workspace_bytes: 0,
            stack_bytes: 0,
            inputs: Vec::new(),
            outputs: Vec::new(),
            kernels: Vec::new(),
            steps: Vec::new(),
            code: Vec::new(),
            code_align_log2: 6,
            constants: Vec::new(),
            constants_align_log2: 6,
            processors: Vec::new(),
            golden: None,
            trial: None,
            with_step_info: true,
            memory_plan: Vec::new(),
            provenance: Vec::new(),
        }
    }
}
