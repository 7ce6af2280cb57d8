//! Lathe on the device: loads an artifact and runs inference.
//!
//! On a microcontroller, without features, everything runs in memory the firmware gives and nothing allocates:
//!
//! ```no_run
//! use device_runtime::{ArenaMemory, Host, Model, include_artifact};
//! # macro_rules! include_artifact { ($path:literal) => { &[] } }
//! static ARTIFACT: &[u8] = include_artifact!("model.lathe");
//! let mut arena = ArenaMemory([0; 20_000]);
//! let host = Host { target: "thumbv7em-none-eabihf", features: &[] };
//! // SAFETY: host-compiler made the artifact for this board, and flash can be executed.
//! let mut model = unsafe { Model::load(ARTIFACT, &host, &mut arena.0) }?;
//! model.input_as::<f32>(0).unwrap_or_default().fill(0.5);
//! model.run();
//! let _scores = model.output_as::<f32>(0).unwrap_or_default();
//! # Ok::<(), device_runtime::LoadError>(())
//! ```
//!
//! With the feature `std`, on Linux, `Runner` adds mapped files, executable memory,
//! threads, inputs by name, the self-test, times and profiles.
//!
//! With the feature `rpc`, `rpc` is the request loop that lets a host load, run and time artifacts over a serial line.
//! With `defmt`, errors can be logged with that crate, and `rpc` logs what it is asked and refuses.
#![no_std]

mod include;

#[cfg(feature = "rpc")]
pub use device_server as rpc;
pub use include::ArenaMemory;
pub use lathe_artifact as artifact;
pub use lathe_artifact::{Artifact, ArtifactError, DType, Host, Quantization, Tensor};
pub use lathe_executor::{Element, GoldenError, Inline, Job, LoadError, Model, Placement, Progress, Workers};
#[cfg(feature = "std")]
pub use lathe_runtime_std::{
    AlignedBytes, Options, Pool, Profile, Runner, RunnerError, StepProfile, TimeOptions, Timing, evaluate, host,
    host_features, host_target,
};
