//! Runtime for systems with an operating system: executable memory, mapped files, worker threads.
//!
//! ```no_run
//! use lathe_runtime_std::{Options, Runner};
//! // SAFETY: we compiled this artifact ourselves, and nothing changes the file while it is loaded.
//! let mut runner = unsafe { Runner::open("model.lathe", &Options { threads: 2, ..Options::default() }) }?;
//! runner.set("image", &[1, 3, 224, 224], &vec![0.5f32; 3 * 224 * 224])?;
//! runner.run();
//! let scores: &[f32] = runner.output_as("scores")?;
//! # Ok::<(), lathe_runtime_std::RunnerError>(())
//! ```
#[cfg(not(target_os = "linux"))]
compile_error!("lathe-runtime-std runs on Linux; elsewhere use lathe-executor with memory of your own");

mod claims;
mod code;
pub mod conditions;
mod cpu;
mod error;
mod memory;
mod pages;
mod pool;
mod profile;
mod runner;
mod source;
mod timing;

pub use code::ExecutableCode;
pub use cpu::{host, host_features, host_target};
pub use error::RunnerError;
pub use lathe_artifact as artifact;
pub use lathe_artifact::{Artifact, ArtifactError, DType, Host, Tensor};
pub use lathe_executor::{Element, GoldenError, LoadError, Progress};
pub use memory::AlignedBytes;
pub use pool::Pool;
pub use profile::{Profile, StepProfile};
pub use runner::{Options, Runner};
pub use timing::{TimeOptions, Timing, evaluate};
