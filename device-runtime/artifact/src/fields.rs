//! Little-endian fields of byte records, read without a way to panic.

use crate::error::ArtifactError;
use crate::part::Part;

/// The bytes of one record. Reading past its end gives zero: every caller has checked the length, which is the
/// constant size of the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        self.0.get(at..).and_then(|tail| tail.first_chunk::<N>()).copied().unwrap_or([0; N])
    }

    pub fn u8(self, at: usize) -> u8 {
        self.array::<1>(at)[0]
    }

    pub fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    pub fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    pub fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    /// The text whose offset and length stand at `at`; empty when `strings` does not hold it, which
    /// [`Fields::check_text`] has ruled out.
    pub fn text(self, at: usize, strings: &'a str) -> &'a str {
        self.find_text(at, strings).unwrap_or("")
    }

    /// That the text whose offset and length stand at `at` lies in `strings`, on character boundaries.
    pub fn check_text(self, at: usize, strings: &'a str, what: Part, index: u32) -> Result<(), ArtifactError> {
        self.find_text(at, strings).map(|_| ()).ok_or(ArtifactError::BadText { what, index })
    }

    fn find_text(self, at: usize, strings: &'a str) -> Option<&'a str> {
        let start = usize::try_from(self.u32(at)).ok()?;
        let length = usize::try_from(self.u32(at + 4)).ok()?;
        strings.get(start..start.checked_add(length)?)
    }
}

/// A table of records of `N` bytes each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Records<'a, const N: usize>(&'a [[u8; N]]);

impl<'a, const N: usize> Records<'a, N> {
    pub const EMPTY: Self = Records(&[]);

    /// The whole of `bytes` as records.
    pub fn whole(bytes: &'a [u8], what: Part) -> Result<Self, ArtifactError> {
        let (records, rest) = bytes.as_chunks::<N>();
        if rest.is_empty() { Ok(Records(records)) } else { Err(wrong_length(what, bytes)) }
    }

    /// `count` records from the start of `bytes`, and the bytes after them.
    pub fn split(bytes: &'a [u8], count: u32, what: Part) -> Result<(Self, &'a [u8]), ArtifactError> {
        let split = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(N))
            .and_then(|length| bytes.split_at_checked(length));
        let (table, rest) = split.ok_or_else(|| wrong_length(what, bytes))?;
        Ok((Records(table.as_chunks::<N>().0), rest))
    }

    pub fn len(self) -> usize {
        self.0.len()
    }

    pub fn get(self, index: usize) -> Option<Fields<'a>> {
        self.0.get(index).map(|record| Fields(record))
    }

    /// `count` records from `first`, when they are all there.
    pub fn range(self, first: u32, count: usize) -> Option<Self> {
        let first = usize::try_from(first).ok()?;
        self.0.get(first..first.checked_add(count)?).map(Records)
    }

    pub fn iter(self) -> impl ExactSizeIterator<Item = Fields<'a>> + Clone {
        self.0.iter().map(|record| Fields(record))
    }

    /// The records with their numbers, for error messages.
    pub fn numbered(self) -> impl Iterator<Item = (u32, Fields<'a>)> {
        (0u32..).zip(self.iter())
    }
}

/// The error for a table that does not fill its section.
pub(crate) fn wrong_length(what: Part, bytes: &[u8]) -> ArtifactError {
    ArtifactError::BadValue { what, index: 0, value: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
}

/// That reserved bytes or padding are zero. Bytes that are not there are none.
pub(crate) fn check_zero(bytes: Option<&[u8]>, what: Part, index: u32) -> Result<(), ArtifactError> {
    match bytes.unwrap_or(&[]).iter().find(|byte| **byte != 0) {
        None => Ok(()),
        Some(byte) => Err(ArtifactError::BadValue { what, index, value: u32::from(*byte) }),
    }
}

/// `offset + length` when that is at most `limit`.
pub(crate) fn check_range(what: Part, index: u32, offset: u32, length: u32, limit: u32) -> Result<(), ArtifactError> {
    match offset.checked_add(length) {
        Some(end) if end <= limit => Ok(()),
        end => Err(ArtifactError::OutOfRange { what, index, end: end.unwrap_or(u32::MAX), limit }),
    }
}

/// That `offset` is a multiple of `1 << align_log2`, and that this is not above `1 << limit_log2`.
pub(crate) fn check_align(
    what: Part,
    index: u32,
    offset: u32,
    align_log2: u8,
    limit_log2: u8,
) -> Result<(), ArtifactError> {
    if align_log2 > limit_log2 || offset.trailing_zeros() < u32::from(align_log2) {
        return Err(ArtifactError::Misaligned { what, index, offset, align_log2 });
    }
    Ok(())
}
