//! From an ONNX model to an artifact: the ordered list of steps.
//!
//! [`lower`] goes from the model's bytes to scheduled loop nests ([`Lowering`]), [`Lowering::pack`] from there to an
//! artifact. Both report their [`Step`]s. The same model and options give the same bytes on every machine, whatever
//! the number of threads.
#![forbid(unsafe_code)]

mod artifact;
pub mod boards;
pub mod c_export;
pub mod emit;
mod error;
pub mod footprint;
mod golden;
mod groups;
mod in_place;
mod kernel_set;
mod lowering;
pub mod memory_plan;
mod narrow;
mod options;
mod order;
mod picture;
mod plan;
mod steps;
mod storage;
mod threads;
pub mod trial;
mod views;

pub use artifact::Compiled;
pub use error::{Blame, CompileError};
pub use groups::{ParamSource, Phase, ScheduledGroup};
pub use lowering::Lowering;
pub use options::{OptimizationLevel, Options};
pub use picture::{PictureInput, PictureInputError};
pub use plan::{Plan, PlannedStep};
pub use steps::{Progress, Step, compile, lower, lower_graph};
pub use threads::start_threads;
