//! Why no artifact came out.

use lathe_artifact::WriteError;
use lathe_codegen::CodegenError;
use lathe_graph::interpreter::EvalError;
use lathe_graph::passes::PassError;
use lathe_import::ImportError;
use lathe_tensor::loops::InPlaceError;
use lathe_tensor::recipes::RecipeError;
use lathe_tensor::schedule::ScheduleError;

use crate::picture::PictureInputError;

/// Whose fault a failure is; the command line's exit code follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// the request: a wrong name or value
    Request,
    /// the model uses what is not supported
    Unsupported,
    /// the model is damaged, or this program is wrong
    Failure,
}

/// Why no artifact came out.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The model could not be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The model file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// the file
        path: String,
        /// why
        source: std::io::Error,
    },
    /// `--input` does not fit the model.
    #[error(transparent)]
    Picture(#[from] PictureInputError),
    /// A graph pass failed.
    #[error(transparent)]
    Pass(#[from] PassError),
    /// No program for a fusion group.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A default schedule took an illegal step.
    #[error("{group}: {source}\nthis is a bug, please report it")]
    Schedule {
        /// the group
        group: String,
        /// the refused step
        source: ScheduleError,
    },
    /// A schedule with which a result cannot be written over an operand: the group is scheduled again without.
    #[error(transparent)]
    InPlace(#[from] InPlaceError),
    /// A kernel reads or writes more buffers than a step of the plan can name.
    #[error("{group} uses {buffers} buffers, a kernel can have {limit}; this is a bug, please report it")]
    TooManyBuffers {
        /// the group
        group: String,
        /// how many
        buffers: usize,
        /// how many there may be
        limit: usize,
    },
    /// Groups that need each other's results.
    #[error("the fusion groups depend on each other in a circle; this is a bug, please report it")]
    Circle,
    /// No machine code.
    #[error(transparent)]
    Codegen(#[from] CodegenError),
    /// The reference interpreter failed on the self-test's inputs.
    #[error("the self-test could not be computed: {0}; compile with --no-self-test to leave it out")]
    SelfTest(EvalError),
    /// Weights or activations beyond what an artifact can address.
    #[error("{what} needs {bytes} bytes, an artifact can address 4 GiB")]
    TooLarge {
        /// what
        what: &'static str,
        /// how many
        bytes: usize,
    },
    /// The artifact could not be assembled.
    #[error("the artifact could not be written: {0}; this is a bug, please report it")]
    Write(#[from] WriteError),
}

impl CompileError {
    /// Whose fault this is.
    pub fn blame(&self) -> Blame {
        match self {
            CompileError::Import(e) if e.is_unsupported() => Blame::Unsupported,
            CompileError::Import(e) => import_blame(e),
            CompileError::Picture(_) => Blame::Request,
            CompileError::Recipe(RecipeError::Unsupported { .. }) | CompileError::TooLarge { .. } => Blame::Unsupported,
            CompileError::Codegen(
                CodegenError::UnknownTarget { .. } | CodegenError::UnknownCpu { .. } | CodegenError::Native(_),
            ) => Blame::Request,
            CompileError::Codegen(CodegenError::Unsupported { .. }) => Blame::Unsupported,
            _ => Blame::Failure,
        }
    }
}

fn import_blame(error: &ImportError) -> Blame {
    match error {
        ImportError::InFile { source, .. } => import_blame(source),
        ImportError::MissingShapes { .. }
        | ImportError::ShapeMismatch { .. }
        | ImportError::SymbolMismatch { .. }
        | ImportError::UnknownInput { .. } => Blame::Request,
        _ => Blame::Failure,
    }
}
