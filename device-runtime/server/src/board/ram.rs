//! The board's RAM, cut anew at each load: an uploaded artifact, the arena, and what is left.
//!
//! One pointer holds all of it, because an artifact and the model made of it borrow from memory that is cut again when
//! the model is gone.
#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ptr::NonNull;

/// Memory that belongs to one board.
#[derive(Debug)]
pub(crate) struct Ram<'m> {
    base: NonNull<u8>,
    bytes: usize,
    _memory: PhantomData<&'m mut [u8]>,
}

impl<'m> Ram<'m> {
    pub fn new(memory: &'m mut [u8]) -> Self {
        let bytes = memory.len();
        Ram { base: NonNull::from(memory).cast(), bytes, _memory: PhantomData }
    }

    /// All of it.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// `length` bytes at `start`, as many of them as there are.
    ///
    /// # Safety
    /// While the slice lives, no mutable one of the same bytes does.
    pub unsafe fn read(&self, start: usize, length: usize) -> &'m [u8] {
        let (start, length) = self.within(start, length);
        // SAFETY: `within` keeps both in the memory that was borrowed for `'m`; the caller keeps writers away.
        unsafe { core::slice::from_raw_parts(self.base.as_ptr().wrapping_add(start), length) }
    }

    /// `length` bytes at `start` to write, as many of them as there are.
    ///
    /// # Safety
    /// While the slice lives, no other one of the same bytes does.
    pub unsafe fn write(&mut self, start: usize, length: usize) -> &'m mut [u8] {
        let (start, length) = self.within(start, length);
        // SAFETY: `within` keeps both in the memory that was borrowed for `'m`; the caller keeps others away.
        unsafe { core::slice::from_raw_parts_mut(self.base.as_ptr().wrapping_add(start), length) }
    }

    fn within(&self, start: usize, length: usize) -> (usize, usize) {
        let start = start.min(self.bytes);
        (start, length.min(self.bytes.wrapping_sub(start)))
    }

    /// The address of the byte at `start`.
    pub fn address(&self, start: usize) -> usize {
        self.base.as_ptr().addr().wrapping_add(start)
    }

    /// How many bytes after `start` the next multiple of `align` in memory comes; `align` is a power of two.
    pub fn aligned(&self, start: usize, align: usize) -> usize {
        let address = self.address(start);
        start.saturating_add(address.wrapping_neg() & align.wrapping_sub(1))
    }
}
