//! The artifact format: SPEC.md, a no_std reader and a writer.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod dtype;

pub use dtype::DType;
