//! Why an artifact is refused: numbered, without allocation, with the offending values.

use core::fmt;

use crate::part::Part;
use crate::reason::{self, Reason};

/// Why an artifact is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ArtifactError {
    /// The first bytes are not those of an artifact.
    NotAnArtifact,
    /// The format's version is not one this reader knows.
    UnsupportedVersion {
        /// Version in the file.
        found: u16,
        /// Version this reader knows.
        supported: u16,
    },
    /// The file ends inside its own header.
    Truncated {
        /// Bytes the header needs.
        needed: u32,
        /// Bytes there are.
        have: u32,
    },
    /// The artifact is for another target.
    WrongTarget {
        /// The artifact's target.
        artifact: Name,
        /// The target this runtime runs on.
        host: &'static str,
    },
    /// The kernels need a feature this CPU does not have.
    MissingFeature {
        /// The artifact's CPU name.
        cpu: Name,
        /// The feature that is missing.
        feature: Name,
    },
    /// The header's size and the number of bytes given differ.
    SizeMismatch {
        /// Bytes the header declares.
        declared: u32,
        /// Bytes there are.
        actual: usize,
    },
    /// The checksum does not match: the bytes changed after they were written.
    ChecksumMismatch {
        /// CRC-32C in the header.
        stored: u32,
        /// CRC-32C of the bytes.
        computed: u32,
    },
    /// A section of an unknown kind that may not be skipped.
    UnknownSection {
        /// The kind.
        kind: u16,
    },
    /// A section that every artifact has is missing, or stands twice.
    SectionCount {
        /// The kind.
        kind: u16,
        /// How many there are.
        found: u32,
    },
    /// A section overlaps the one before it, leaves a gap, or ends outside the file.
    SectionPlacement {
        /// The kind.
        kind: u16,
        /// Its offset.
        offset: u32,
        /// Its length.
        length: u32,
    },
    /// A reference ends outside what it refers to.
    OutOfRange {
        /// What refers.
        what: Part,
        /// Which one.
        index: u32,
        /// One past the last byte or entry referred to; at most the greatest number.
        end: u32,
        /// Bytes or entries there are.
        limit: u32,
    },
    /// A field has a value that the format does not allow.
    BadValue {
        /// The field.
        what: Part,
        /// Of which record.
        index: u32,
        /// Its value.
        value: u32,
    },
    /// A text is not UTF-8 or lies outside the strings.
    BadText {
        /// The text.
        what: Part,
        /// Of which record.
        index: u32,
    },
    /// An offset does not have the alignment it claims, or claims more than its memory has.
    Misaligned {
        /// What is misaligned.
        what: Part,
        /// Which one.
        index: u32,
        /// Its offset.
        offset: u32,
        /// The alignment, as a power of two.
        align_log2: u8,
    },
}

impl ArtifactError {
    /// The error's number, stable over versions: what a device without text sends over a link.
    pub const fn number(&self) -> u16 {
        match self {
            ArtifactError::NotAnArtifact => 1,
            ArtifactError::UnsupportedVersion { .. } => 2,
            ArtifactError::Truncated { .. } => 3,
            ArtifactError::WrongTarget { .. } => 4,
            ArtifactError::MissingFeature { .. } => 5,
            ArtifactError::SizeMismatch { .. } => 6,
            ArtifactError::ChecksumMismatch { .. } => 7,
            ArtifactError::UnknownSection { .. } => 8,
            ArtifactError::SectionCount { .. } => 9,
            ArtifactError::SectionPlacement { .. } => 10,
            ArtifactError::OutOfRange { .. } => 11,
            ArtifactError::BadValue { .. } => 12,
            ArtifactError::BadText { .. } => 13,
            ArtifactError::Misaligned { .. } => 14,
        }
    }
}

impl ArtifactError {
    /// What it says, for a sentence of [`reason`].
    pub fn reason(&self) -> Reason<'_> {
        let (figures, words): ([u32; 3], _) = match self {
            ArtifactError::NotAnArtifact => ([0; 3], [""; 2]),
            ArtifactError::UnsupportedVersion { found, supported } => {
                ([u32::from(*found), u32::from(*supported), 0], [""; 2])
            }
            ArtifactError::Truncated { needed, have } => ([*needed, *have, 0], [""; 2]),
            ArtifactError::WrongTarget { artifact, host } => ([0; 3], [artifact.as_str(), host]),
            ArtifactError::MissingFeature { cpu, feature } => ([0; 3], [cpu.as_str(), feature.as_str()]),
            ArtifactError::SizeMismatch { declared, actual } => {
                ([*declared, u32::try_from(*actual).unwrap_or(u32::MAX), 0], [""; 2])
            }
            ArtifactError::ChecksumMismatch { stored, computed } => ([*stored, *computed, 0], [""; 2]),
            ArtifactError::UnknownSection { kind } => ([u32::from(*kind), 0, 0], [""; 2]),
            ArtifactError::SectionCount { kind, found } => ([u32::from(*kind), *found, 0], [""; 2]),
            ArtifactError::SectionPlacement { kind, offset, length } => ([u32::from(*kind), *offset, *length], [""; 2]),
            ArtifactError::OutOfRange { index, end, limit, .. } => ([*index, *end, *limit], [""; 2]),
            ArtifactError::BadValue { index, value, .. } => ([*index, *value, 0], [""; 2]),
            ArtifactError::BadText { index, .. } => ([*index, 0, 0], [""; 2]),
            ArtifactError::Misaligned { index, offset, align_log2, .. } => {
                ([*index, *offset, u32::from(*align_log2)], [""; 2])
            }
        };
        let part = match self {
            ArtifactError::OutOfRange { what, .. }
            | ArtifactError::BadValue { what, .. }
            | ArtifactError::BadText { what, .. }
            | ArtifactError::Misaligned { what, .. } => *what as u64,
            _ => 0,
        };
        let [first, second, third] = figures.map(u64::from);
        Reason { number: self.number(), figures: [first, second, third, part], words }
    }
}

impl fmt::Display for ArtifactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        reason::show(&self.reason(), f)
    }
}

impl core::error::Error for ArtifactError {}

/// A short text held by value, so that an error outlives the bytes it speaks of. Cut after 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    bytes: [u8; 32],
    length: u8,
}

impl Name {
    /// The first 32 bytes of `text`, cut at a character boundary.
    pub fn new(text: &str) -> Name {
        let mut name = Name { bytes: [0; 32], length: 0 };
        let kept = text.get(..text.floor_char_boundary(name.bytes.len())).unwrap_or("");
        for (slot, byte) in name.bytes.iter_mut().zip(kept.bytes()) {
            *slot = byte;
        }
        name.length = u8::try_from(kept.len()).unwrap_or(0);
        name
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Name {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}", self.as_str());
    }
}
