//! The artifact format: SPEC.md, a no_std reader and a writer.
//!
//! * [`Artifact::parse`] checks a whole file once; the accessors of [`Artifact`] cannot fail afterwards.
//! * [`ArtifactContents`] (feature `std`) is what the compiler fills in, [`ArtifactContents::to_bytes`] writes it.
//! * [`golden`] makes the inputs of the self-test from a seed, the same on the host and on the device.
//! * [`noise`] and [`sums`] do so for trials of single kernels, and check what they wrote.
//!
//! The reader allocates nothing, has no `unsafe` and does not panic, whatever the bytes are.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod artifact;
mod binary;
mod checksum;
pub mod cortex_m;
mod dtype;
mod error;
mod fields;
pub mod golden;
mod header;
mod host;
mod io;
mod kernels;
pub mod layout;
pub mod noise;
mod notes;
mod part;
mod plan;
pub mod reason;
mod sections;
pub mod sums;
mod trial;
#[cfg(feature = "std")]
mod writer;

pub use artifact::Artifact;
pub use checksum::checksum;
pub use dtype::DType;
pub use error::{ArtifactError, Name};
pub use golden::{Golden, GoldenInput, GoldenSample};
pub use header::Header;
pub use host::Host;
pub use io::{Quantization, Shape, Tensor};
pub use kernels::{Kernel, Processor, ProcessorKind};
pub use layout::{MAX_ARGUMENTS, MAX_GOLDEN_SAMPLES};
pub use notes::{Note, PlannedTensor, StepInfo};
pub use part::Part;
pub use plan::{Access, Argument, Grid, Launch, Space, Step};
pub use reason::Reason;
pub use trial::{Check, Trial};
#[cfg(feature = "std")]
pub use writer::{
    ArgumentEntry, ArtifactContents, GoldenEntry, KernelEntry, PlannedTensorEntry, ProcessorEntry, StepEntry,
    TargetEntry, TensorEntry, TrialEntry, WriteError,
};
