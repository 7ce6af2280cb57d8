//! Why a device refuses a request, with the figures that say what to change.
//!
//! Figures are of 32 bits, as the artifact's are: what writes 64-bit numbers as text can panic.

use core::fmt;

use lathe_artifact::Name;
use lathe_executor::LoadError;
use rpc_protocol::FaultCode;

use crate::device::Fault;

/// Why a device refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Refusal {
    /// A piece of an artifact came before any was announced.
    NoUpload,
    /// A piece of an artifact leaves a gap or goes beyond the announced size.
    Gap {
        /// Its first byte.
        offset: u32,
        /// Its length.
        length: u32,
        /// Bytes held.
        held: u32,
        /// Bytes announced.
        bytes: u32,
    },
    /// Not all of the artifact has come.
    Incomplete {
        /// Bytes held.
        held: u32,
        /// Bytes announced.
        bytes: u32,
    },
    /// The artifact that came is not the one announced.
    Damaged {
        /// CRC-32C announced.
        announced: u32,
        /// CRC-32C of what came.
        found: u32,
    },
    /// The board takes no uploads and its flash holds another artifact, or none.
    OtherInFlash {
        /// Size and CRC-32C of the artifact in flash, when there is one.
        flash: Option<(u32, u32)>,
        /// Bytes announced.
        bytes: u32,
        /// CRC-32C announced.
        crc: u32,
    },
    /// There is no memory for the announced artifact.
    TooLarge {
        /// Bytes announced.
        bytes: u32,
        /// Bytes of memory.
        memory: u32,
    },
    /// There is no artifact to load.
    NoArtifact,
    /// The artifact cannot be loaded.
    Load(LoadError),
    /// The artifact has more inputs than the board counts.
    TooManyInputs {
        /// Its inputs.
        inputs: usize,
        /// Inputs the board counts.
        limit: usize,
    },
    /// More workers are asked for than there are.
    TooManyThreads {
        /// Workers asked for.
        threads: u32,
        /// Workers there are.
        limit: u32,
    },
    /// No model is loaded.
    NoModel,
    /// There is no such input or output.
    NoTensor {
        /// `input` or `output`.
        what: &'static str,
        /// The number asked for.
        index: u32,
        /// How many there are.
        count: usize,
    },
    /// A piece of an input or output goes beyond its end.
    BeyondTensor {
        /// `input` or `output`.
        what: &'static str,
        /// Its first byte.
        offset: u32,
        /// Its length.
        length: u32,
        /// Bytes of the input or output.
        bytes: u32,
    },
    /// An input was not given before a run.
    MissingInput {
        /// Its name.
        name: Name,
    },
    /// There is no room for so many samples.
    TooManySamples {
        /// Samples asked for, or steps of the plan.
        samples: u32,
        /// Samples there is room for.
        limit: usize,
    },
    /// The artifact carries no self-test.
    NoSelfTest,
    /// The device has no caches that it could evict.
    NoCache,
    /// The device does not watch its stack and arena.
    Unwatched,
    /// The device has nothing that keeps a candidate from doing harm.
    NoSandbox,
    /// The clock of a board is set by its firmware.
    FixedClock,
    /// No bundle of candidates is loaded.
    NoBundle,
    /// There is no such candidate.
    NoCandidate {
        /// The number asked for.
        candidate: u32,
        /// How many there are.
        count: usize,
    },
}

impl From<LoadError> for Refusal {
    fn from(error: LoadError) -> Refusal {
        Refusal::Load(error)
    }
}

impl Fault for Refusal {
    fn code(&self) -> FaultCode {
        match self {
            Refusal::NoUpload | Refusal::TooManyThreads { .. } => FaultCode::BadRequest,
            Refusal::Gap { .. }
            | Refusal::NoTensor { .. }
            | Refusal::BeyondTensor { .. }
            | Refusal::NoCandidate { .. } => FaultCode::OutOfRange,
            Refusal::Incomplete { .. } | Refusal::Damaged { .. } | Refusal::OtherInFlash { .. } => {
                FaultCode::ArtifactRefused
            }
            Refusal::Load(LoadError::ArenaTooSmall { .. })
            | Refusal::TooLarge { .. }
            | Refusal::TooManySamples { .. } => FaultCode::OutOfMemory,
            Refusal::Load(_) => FaultCode::ArtifactRefused,
            Refusal::NoArtifact | Refusal::NoModel | Refusal::NoBundle => FaultCode::NoModel,
            Refusal::MissingInput { .. } => FaultCode::MissingInput,
            Refusal::TooManyInputs { .. }
            | Refusal::NoSelfTest
            | Refusal::NoCache
            | Refusal::Unwatched
            | Refusal::NoSandbox
            | Refusal::FixedClock => FaultCode::Unsupported,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Refusal::NoUpload => f.write_str("no upload was begun"),
            Refusal::Gap { offset, length, held, bytes } => {
                write!(f, "{length} bytes at {offset} of {bytes} do not follow on the {held} held")
            }
            Refusal::Incomplete { held, bytes } => write!(f, "{held} of {bytes} bytes were uploaded"),
            Refusal::Damaged { announced, found } => {
                write!(f, "the uploaded bytes have the checksum {found:08x}, announced was {announced:08x}")
            }
            Refusal::OtherInFlash { flash: Some((size, sum)), bytes, crc } => write!(
                f,
                "flash holds an artifact of {size} bytes, checksum {sum:08x}, not this one of {bytes}, {crc:08x}: \
                 flash it"
            ),
            Refusal::OtherInFlash { flash: None, bytes, crc } => {
                write!(f, "flash holds no artifact, and not this one of {bytes} bytes, checksum {crc:08x}: flash it")
            }
            Refusal::TooLarge { bytes, memory } => {
                write!(f, "the artifact has {bytes} bytes and there are {memory} to hold it and its arena")
            }
            Refusal::NoArtifact => f.write_str("there is no artifact: flash one or upload one"),
            Refusal::Load(error) => error.fmt(f),
            Refusal::TooManyInputs { inputs, limit } => {
                write!(f, "the model has {inputs} inputs and this board takes at most {limit}")
            }
            Refusal::TooManyThreads { threads, limit } => {
                write!(f, "{threads} threads were asked for and there are {limit}")
            }
            Refusal::NoModel => f.write_str("no model is loaded"),
            Refusal::NoTensor { what, index, count } => {
                write!(f, "there is no {what} number {index}: the model has {count}")
            }
            Refusal::BeyondTensor { what, offset, length, bytes } => {
                write!(f, "{length} bytes at {offset} go beyond the {what}'s {bytes}")
            }
            Refusal::MissingInput { name } => write!(f, "input \"{name}\" was not given"),
            Refusal::TooManySamples { samples, limit } => {
                write!(f, "{samples} samples were asked for and there is room for {limit}")
            }
            Refusal::NoSelfTest => f.write_str("the artifact carries no self-test: compile the model with one"),
            Refusal::NoCache => f.write_str("this device cannot evict caches: time it without --flush-cache"),
            Refusal::Unwatched => f.write_str("this device does not watch its stack and arena"),
            Refusal::FixedClock => f.write_str("the clock of this device is set by its firmware"),
            Refusal::NoSandbox => {
                f.write_str("this device cannot keep a candidate from doing harm: it makes no trials")
            }
            Refusal::NoBundle => f.write_str("no bundle of candidates is loaded"),
            Refusal::NoCandidate { candidate, count } => {
                write!(f, "there is no candidate number {candidate}: the bundle has {count}")
            }
        }
    }
}

/// A size as a figure; at most the greatest number.
pub fn figure(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
