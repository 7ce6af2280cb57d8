//! Why a model cannot be loaded or given its inputs.

use std::io;
use std::path::PathBuf;

use lathe_artifact::{ArtifactError, DType};
use lathe_executor::LoadError;
use thiserror::Error;

/// Why a model cannot be loaded or given its inputs.
#[derive(Debug, Error)]
pub enum RunnerError {
    /// The file cannot be read.
    #[error("cannot read the artifact {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The artifact or its memory is refused.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The system gives no memory.
    #[error("cannot get {bytes} bytes of memory for the model: {source}")]
    Memory {
        /// Bytes asked for.
        bytes: usize,
        /// Why.
        source: io::Error,
    },
    /// The system gives no executable memory.
    #[error("cannot {what} the artifact's code: {source}; the system may forbid executable memory to this process")]
    ExecutableMemory {
        /// What failed.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A worker thread cannot be started.
    #[error("cannot start worker thread {worker} of {threads}: {source}; ask for fewer threads")]
    Thread {
        /// Number of the worker.
        worker: usize,
        /// Threads asked for.
        threads: usize,
        /// Why.
        source: io::Error,
    },
    /// More threads than the runtime drives.
    #[error("{threads} threads are more than the {limit} a model can run on")]
    TooManyThreads {
        /// Threads asked for.
        threads: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The model has no such input or output.
    #[error("the model has no {what} named {name:?}; it has {known}")]
    UnknownName {
        /// `input` or `output`.
        what: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The values given are of another type.
    #[error("{name:?} holds {expected} and not {found}: convert the values")]
    WrongType {
        /// The input or output.
        name: String,
        /// Its type.
        expected: DType,
        /// The type given.
        found: DType,
    },
    /// The values given have another shape.
    #[error(
        "{name:?} has shape {expected} and not {found:?}: give values of that shape, or compile the model with --input-shape"
    )]
    WrongShape {
        /// The input.
        name: String,
        /// Its shape.
        expected: String,
        /// The shape given.
        found: Vec<usize>,
    },
    /// The number of bytes is not that of type and shape.
    #[error("{name:?} takes {expected} bytes and was given {found}")]
    WrongSize {
        /// The input.
        name: String,
        /// Its bytes.
        expected: usize,
        /// The bytes given.
        found: usize,
    },
}

impl From<ArtifactError> for RunnerError {
    fn from(error: ArtifactError) -> RunnerError {
        RunnerError::Load(LoadError::Artifact(error))
    }
}
