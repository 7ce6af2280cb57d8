//! Why a model cannot be loaded, or fails its self-test.

use core::fmt;

use lathe_artifact::ArtifactError;
use lathe_artifact::reason::{self, Reason};

/// Why a model cannot be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LoadError {
    /// The artifact is refused.
    Artifact(ArtifactError),
    /// The arena is too small.
    ArenaTooSmall {
        /// Bytes the model needs with this number of workers; the greatest number when no memory has so many.
        needed: usize,
        /// Bytes of the arena.
        given: usize,
        /// Workers.
        workers: usize,
    },
    /// The arena does not start at a multiple of its alignment.
    ArenaMisaligned {
        /// The alignment in bytes.
        align: usize,
        /// Where it starts.
        address: usize,
    },
    /// The code does not start at a multiple of its alignment.
    CodeMisaligned {
        /// The alignment in bytes.
        align: usize,
        /// Where it starts.
        address: usize,
    },
    /// The constants do not start at a multiple of their alignment.
    ConstantsMisaligned {
        /// The alignment in bytes.
        align: usize,
        /// Where it starts.
        address: usize,
    },
    /// A step runs on a processor that this runtime does not drive.
    NoProcessor {
        /// Number of the step.
        step: usize,
        /// Number of its processor.
        processor: u8,
    },
    /// A bundle of candidates was given as a model.
    IsBundle,
    /// A model was given as a bundle of candidates.
    NotABundle,
    /// There is no noise region of the bytes and the alignment that the bundle needs.
    NoNoise {
        /// Bytes the bundle refers to.
        needed: usize,
        /// Bytes given.
        given: usize,
    },
}

impl LoadError {
    /// The error's number, stable over versions; those of [`ArtifactError`] are below 100.
    pub const fn number(&self) -> u16 {
        match self {
            LoadError::Artifact(error) => error.number(),
            LoadError::ArenaTooSmall { .. } => 101,
            LoadError::ArenaMisaligned { .. } => 102,
            LoadError::CodeMisaligned { .. } => 103,
            LoadError::ConstantsMisaligned { .. } => 104,
            LoadError::NoProcessor { .. } => 105,
            LoadError::IsBundle => 106,
            LoadError::NotABundle => 107,
            LoadError::NoNoise { .. } => 108,
        }
    }
}

impl From<ArtifactError> for LoadError {
    fn from(error: ArtifactError) -> LoadError {
        LoadError::Artifact(error)
    }
}

impl LoadError {
    /// What it says, for a sentence of [`reason`].
    pub fn reason(&self) -> Reason<'_> {
        let figures: [usize; 3] = match *self {
            LoadError::Artifact(ref error) => return error.reason(),
            LoadError::ArenaTooSmall { needed, given, workers } => [needed, given, workers],
            LoadError::ArenaMisaligned { align, address }
            | LoadError::CodeMisaligned { align, address }
            | LoadError::ConstantsMisaligned { align, address } => [align, address, 0],
            LoadError::NoProcessor { step, processor } => [step, usize::from(processor), 0],
            LoadError::IsBundle | LoadError::NotABundle => [0; 3],
            LoadError::NoNoise { needed, given } => [needed, given, 0],
        };
        let [first, second, third] = figures.map(|figure| figure as u64);
        Reason::of(self.number(), [first, second, third, 0])
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        reason::show(&self.reason(), f)
    }
}

impl core::error::Error for LoadError {}

/// Why the golden self-test fails.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum GoldenError {
    /// The artifact carries no self-test.
    Absent,
    /// An output element is not what it must be.
    Mismatch {
        /// Number of the output.
        output: u16,
        /// Number of the element, in memory order.
        element: u32,
        /// The value it must have.
        expected: f64,
        /// The value it has.
        found: f64,
        /// The largest allowed difference.
        tolerance: f32,
    },
}

impl fmt::Display for GoldenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            GoldenError::Absent => f.write_str("the artifact carries no golden self-test: compile the model with one"),
            GoldenError::Mismatch { output, element, expected, found, tolerance } => write!(
                f,
                "element {element} of output {output} is {found} and must be {expected} within {tolerance}: \
                 this device computes wrong numbers with this artifact"
            ),
        }
    }
}

impl core::error::Error for GoldenError {}
