//! Trials: kernels put into a bundle that a device tries one by one, on noise, and judges by itself.
//!
//! A [`Candidate`] is a kernel with what it works on; [`candidates`] makes one of each kernel of a scheduled program.
//! [`prepare`] lays its buffers out between red zones and has the slow evaluator say what it must write.
//! [`Bundle::new`] compiles prepared candidates and writes the artifact (its SPEC.md, "Trial").
//!
//! Large constants do not travel: a candidate reads noise in their place, which the device has or makes. A candidate
//! that packs its constants reads that noise as packed, so that candidates of one program may have to write different
//! numbers; each is judged by its own.
//!
//! ```no_run
//! # use lathe_driver::{Lowering, trial};
//! # fn search(lowering: &Lowering) -> Result<(), trial::TrialError> {
//! let mut prepared = Vec::new();
//! for candidate in lowering.candidates() {
//!     prepared.push(trial::prepare(candidate, 1)?);
//! }
//! let bundle = trial::Bundle::new(&prepared, &lowering.options.target, 1)?;
//! # let _ = bundle.bytes;
//! # Ok(())
//! # }
//! ```

mod bundle;
mod checks;
mod layout;
mod program;

use lathe_artifact::{Access, DType, WriteError};
use lathe_codegen::CodegenError;
use lathe_tensor::Kernel;
use lathe_tensor::program::eval::EvalError;

pub use bundle::{Bundle, Prepared, prepare};
pub use program::candidates;

/// The seed of every noise region: what a board may hold in flash (`lathe_artifact::noise::image`).
pub const NOISE_SEED: u32 = 0x4C61_7468;

/// Gives the bytes of every argument after a run, from those before it.
pub type Reference = Box<dyn Fn(&[Vec<u8>]) -> Result<Vec<Vec<u8>>, EvalError> + Send + Sync>;

/// A kernel to be tried, with what it works on.
pub struct Candidate {
    /// its name, unique in a bundle
    pub name: String,
    /// what it computes, for people
    pub label: String,
    /// arithmetic operations, a multiply-add counting two
    pub operations: u64,
    /// what it is compiled from
    pub code: CandidateCode,
    /// length of its parallel axis
    pub extent: u32,
    /// bytes of workspace it needs
    pub workspace: usize,
    /// what it works on, in the order of its table
    pub arguments: Vec<Argument>,
    /// what it must do
    pub reference: Reference,
}

impl Candidate {
    /// Gives a candidate that is a loop nest another name.
    pub fn rename(&mut self, name: &str) {
        if let CandidateCode::Nest(kernel) = &mut self.code {
            kernel.name = name.to_string();
            self.name = name.to_string();
        }
    }
}

/// What a candidate is compiled from.
pub enum CandidateCode {
    /// a loop nest
    Nest(Kernel),
    /// a module of LLVM IR that defines a function of the candidate's name
    Ir(String),
}

/// What stands behind one entry of a candidate's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// a constant, sent as it is
    Exact(Vec<u8>),
    /// noise in place of a constant of so many bytes
    Noise(usize),
    /// memory in the arena: noise before the run
    Buffer {
        /// type of its elements
        dtype: DType,
        /// bytes
        bytes: usize,
        /// what the kernel does with it
        access: Access,
        /// whether what is written to it is looked at
        checked: bool,
    },
}

impl Argument {
    /// Its bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Argument::Exact(content) => content.len(),
            Argument::Noise(bytes) | Argument::Buffer { bytes, .. } => *bytes,
        }
    }
}

/// Why a candidate cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Noise is no input that the kernel can be given.
    #[error("{name} cannot be tried on noise: {what}")]
    Unsuited {
        /// the candidate
        name: String,
        /// what is wrong with noise
        what: String,
    },
    /// No machine code.
    #[error(transparent)]
    Codegen(#[from] CodegenError),
    /// Buffers beyond what an artifact can address.
    #[error("{what} needs {bytes} bytes, an artifact can address 4 GiB")]
    TooLarge {
        /// what
        what: &'static str,
        /// how many
        bytes: usize,
    },
    /// More candidates than a bundle numbers.
    #[error("a bundle holds at most 65535 candidates, not {0}: make several")]
    TooMany(usize),
    /// The bundle could not be assembled.
    #[error("the bundle could not be written: {0}; this is a bug, please report it")]
    Write(#[from] WriteError),
}
