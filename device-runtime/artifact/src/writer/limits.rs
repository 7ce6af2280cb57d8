//! What the format can count.

use super::WriteError;

/// `size` as the format stores counts and sizes.
pub(super) fn count(what: &'static str, size: usize) -> Result<u32, WriteError> {
    limited(what, size as u64, u64::from(u32::MAX)).map(|size| size as u32)
}

/// `size` when it is at most `limit`.
pub(super) fn limited(what: &'static str, size: u64, limit: u64) -> Result<u64, WriteError> {
    if size <= limit { Ok(size) } else { Err(WriteError::TooLarge { what, size, limit }) }
}
