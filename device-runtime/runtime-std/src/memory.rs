//! Zeroed memory with an alignment of one's own choice.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Bytes on the heap at a chosen alignment, zero at first. They stay where they are when the owner moves.
#[derive(Debug)]
pub struct AlignedBytes {
    base: NonNull<u8>,
    length: usize,
    layout: Layout,
}

// SAFETY: the memory belongs to this value alone.
unsafe impl Send for AlignedBytes {}
// SAFETY: `&AlignedBytes` gives bytes to read only.
unsafe impl Sync for AlignedBytes {}

impl AlignedBytes {
    /// `length` zero bytes at a multiple of `align`, a power of two; `None` when that exceeds the address space.
    pub fn zeroed(length: usize, align: usize) -> Option<AlignedBytes> {
        let layout = Layout::from_size_align(length.max(1), align).ok()?;
        // SAFETY: the layout's size is not zero.
        let Some(base) = NonNull::new(unsafe { alloc_zeroed(layout) }) else { handle_alloc_error(layout) };
        Some(AlignedBytes { base, length, layout })
    }

    /// A copy of `bytes` at a multiple of `align`, a power of two.
    pub fn copy_of(bytes: &[u8], align: usize) -> Option<AlignedBytes> {
        let mut copy = AlignedBytes::zeroed(bytes.len(), align)?;
        copy.as_mut_slice().copy_from_slice(bytes);
        Some(copy)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: base and length are those of the allocation, which this value owns.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.length) }
    }

    /// The bytes, to write.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), self.length) }
    }
}

impl Drop for AlignedBytes {
    fn drop(&mut self) {
        // SAFETY: base came from `alloc_zeroed` with this layout.
        unsafe { dealloc(self.base.as_ptr(), self.layout) }
    }
}
