//! Zeroed memory with an alignment of one's own choice.

use std::io;

use crate::pages::Pages;

/// From this size on, memory is asked for in huge pages and aligned to them.
const HUGE_PAGE: usize = 2 << 20;

/// Bytes at a chosen alignment, zero at first. They are there in fact, so that no first use waits for the system, and
/// stay where they are when the owner moves.
#[derive(Debug)]
pub struct AlignedBytes {
    pages: Pages,
    start: usize,
    length: usize,
}

impl AlignedBytes {
    /// `length` zero bytes at a multiple of `align`, a power of two.
    pub fn zeroed(length: usize, align: usize) -> io::Result<AlignedBytes> {
        let mut memory = AlignedBytes::untouched(length, align)?;
        memory.as_mut_slice().fill(0);
        Ok(memory)
    }

    /// A copy of `bytes` at a multiple of `align`, a power of two.
    pub fn copy_of(bytes: &[u8], align: usize) -> io::Result<AlignedBytes> {
        let mut copy = AlignedBytes::untouched(bytes.len(), align)?;
        copy.as_mut_slice().copy_from_slice(bytes);
        Ok(copy)
    }

    fn untouched(length: usize, align: usize) -> io::Result<AlignedBytes> {
        let huge = length >= HUGE_PAGE;
        let (pages, start) = Pages::map(length, if huge { align.max(HUGE_PAGE) } else { align })?;
        if huge {
            pages.prefer_huge();
        }
        Ok(AlignedBytes { pages, start, length })
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: start + length lies within the mapping, which this value owns.
        unsafe { std::slice::from_raw_parts(self.pages.base().add(self.start), self.length) }
    }

    /// The bytes, to write.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.pages.base().add(self.start), self.length) }
    }
}
