//! Messages and framing between a host and a device that runs artifacts.
//!
//! SPEC.md fixes the bytes. [`messages`] is the one table of messages, [`frame`] puts one message into a frame,
//! [`accumulator`] finds frames in a stream of bytes, `key` (feature `key`) proves who speaks, `client` (feature `std`)
//! is the host's side. Everything but the client and key files is `no_std` without an allocator.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

pub mod accumulator;
#[cfg(feature = "std")]
pub mod client;
pub mod frame;
#[cfg(feature = "key")]
pub mod key;
#[cfg(feature = "std")]
pub mod key_file;
mod loaded;
pub mod messages;
#[cfg(not(feature = "key"))]
mod no_key;
pub mod reasons;
mod schema;
mod stuffing;
pub mod wire;

pub use accumulator::{Accumulator, Received};
pub use frame::{Frame, FrameError, Header, Kind};
pub use lathe_artifact::Reason;
pub use loaded::Loaded;
pub use messages::{
    CALLS_NOT_STOPPED, Condition, CounterKind, FaultCode, MemoryUse, ProtocolVersion, Request, Response, SCHEMA_HASH,
    TrialFault, TrialOutcome, VERSION, WrongElement,
};
