//! Graph executor over caller-given memory: no_std, no alloc.
//!
//! [`Model::load`] checks an artifact and the arena once; [`Model::run`] and [`Model::step`] then call its kernels and
//! have no way to fail. Threads come from outside, through [`Workers`]. A [`Bundle`] is not run but handed out call by
//! call, to who tries its candidates where they can do no harm.
//!
//! ```no_run
//! use lathe_executor::{Host, Model};
//! # let (artifact_bytes, arena): (&[u8], &mut [u8]) = (&[], &mut []);
//! let host = Host { target: "thumbv7em-none-eabihf", features: &["dsp", "fp-armv8d16sp"] };
//! // SAFETY: the artifact was made by host-compiler for this board.
//! let mut model = unsafe { Model::load(artifact_bytes, &host, arena) }?;
//! if let Some(input) = model.input_as::<f32>(0) {
//!     input.fill(0.5);
//! }
//! model.run();
//! let answer = model.output_as::<f32>(0);
//! # Ok::<(), lathe_executor::LoadError>(())
//! ```
#![no_std]

mod arena;
mod bundle;
mod element;
mod error;
mod golden;
mod model;
mod step;
mod workers;

pub use bundle::{Bundle, KernelCall};
pub use element::Element;
pub use error::{GoldenError, LoadError};
pub use lathe_artifact as artifact;
pub use lathe_artifact::{Artifact, ArtifactError, DType, Host, MAX_ARGUMENTS};
pub use model::{Model, Placement, Progress};
pub use step::KernelFn;
pub use workers::{Inline, Job, Workers};
