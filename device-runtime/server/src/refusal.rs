//! Why a device refuses a request, with the figures that say what to change.

use lathe_artifact::Name;
use lathe_executor::LoadError;
use rpc_protocol::{FaultCode, Reason, reasons};

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

    fn reason(&self) -> Reason<'_> {
        let words = match self {
            Refusal::Load(error) => return error.reason(),
            Refusal::NoTensor { what, .. } | Refusal::BeyondTensor { what, .. } => [*what, ""],
            Refusal::MissingInput { name } => [name.as_str(), ""],
            _ => [""; 2],
        };
        let (number, figures) = self.number_and_figures();
        Reason { number, figures: figures.map(u64::from), words }
    }
}

impl Refusal {
    /// Which reason it is, with its figures in that reason's order.
    fn number_and_figures(&self) -> (u16, [u32; 4]) {
        match *self {
            Refusal::Load(error) => (error.number(), [0; 4]),
            Refusal::NoUpload => (reasons::NO_UPLOAD, [0; 4]),
            Refusal::Gap { offset, length, held, bytes } => (reasons::GAP, [length, offset, bytes, held]),
            Refusal::Incomplete { held, bytes } => (reasons::INCOMPLETE, [held, bytes, 0, 0]),
            Refusal::Damaged { announced, found } => (reasons::DAMAGED, [found, announced, 0, 0]),
            Refusal::OtherInFlash { flash: Some((size, sum)), bytes, crc } => {
                (reasons::OTHER_IN_FLASH, [size, sum, bytes, crc])
            }
            Refusal::OtherInFlash { flash: None, bytes, crc } => (reasons::NONE_IN_FLASH, [bytes, crc, 0, 0]),
            Refusal::TooLarge { bytes, memory } => (reasons::TOO_LARGE, [bytes, memory, 0, 0]),
            Refusal::NoArtifact => (reasons::NO_ARTIFACT, [0; 4]),
            Refusal::TooManyInputs { inputs, limit } => {
                (reasons::TOO_MANY_INPUTS, [figure(inputs), figure(limit), 0, 0])
            }
            Refusal::TooManyThreads { threads, limit } => (reasons::TOO_MANY_THREADS, [threads, limit, 0, 0]),
            Refusal::NoModel => (reasons::NO_MODEL, [0; 4]),
            Refusal::NoTensor { index, count, .. } => (reasons::NO_TENSOR, [index, figure(count), 0, 0]),
            Refusal::BeyondTensor { offset, length, bytes, .. } => (reasons::BEYOND_TENSOR, [length, offset, bytes, 0]),
            Refusal::MissingInput { .. } => (reasons::MISSING_INPUT, [0; 4]),
            Refusal::TooManySamples { samples, limit } => (reasons::TOO_MANY_SAMPLES, [samples, figure(limit), 0, 0]),
            Refusal::NoSelfTest => (reasons::NO_SELF_TEST, [0; 4]),
            Refusal::NoCache => (reasons::NO_CACHE, [0; 4]),
            Refusal::Unwatched => (reasons::UNWATCHED, [0; 4]),
            Refusal::FixedClock => (reasons::FIXED_CLOCK, [0; 4]),
            Refusal::NoSandbox => (reasons::NO_SANDBOX, [0; 4]),
            Refusal::NoBundle => (reasons::NO_BUNDLE, [0; 4]),
            Refusal::NoCandidate { candidate, count } => (reasons::NO_CANDIDATE, [candidate, figure(count), 0, 0]),
        }
    }
}

/// A size as a figure; at most the greatest number.
pub fn figure(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
