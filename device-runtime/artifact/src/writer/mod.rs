//! Writing artifacts: plain structs that the compiler fills in, and one function that lays out their bytes.

mod contents;
mod encode;
mod file;
mod limits;
mod strings;

pub use contents::{
    ArgumentEntry, ArtifactContents, GoldenEntry, KernelEntry, PlannedTensorEntry, ProcessorEntry, StepEntry,
    TargetEntry, TensorEntry, TrialEntry,
};

use thiserror::Error;

use crate::error::ArtifactError;

/// Why an artifact cannot be written.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WriteError {
    /// The format counts bytes in 32 bits.
    #[error("{what} has {size} bytes or entries, the artifact format holds at most {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A feature's name is empty or holds a comma.
    #[error("{feature:?} cannot be a CPU feature's name: it is empty or holds a comma")]
    BadFeature {
        /// The name.
        feature: std::string::String,
    },
    /// The written bytes do not parse back: a bug in the compiler, please report it.
    #[error("the compiler wrote an artifact that its own reader refuses (please report this): {0}")]
    Refused(#[from] ArtifactError),
}
