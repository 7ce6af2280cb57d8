//! The memory a model works in, held as one pointer from which every buffer is taken.

use core::marker::PhantomData;
use core::ptr::NonNull;

use lathe_artifact::{Header, Tensor};

use crate::element::Element;
use crate::error::LoadError;

/// The arena of a loaded model: tensors, then one workspace per worker.
#[derive(Debug)]
pub(crate) struct Arena<'a> {
    base: NonNull<u8>,
    length: usize,
    /// Where the workspace of worker 0 starts.
    workspaces: usize,
    /// From one worker's workspace to the next.
    stride: usize,
    _memory: PhantomData<&'a mut [u8]>,
}

// SAFETY: the arena is memory borrowed for it alone, so it may move to another thread with its model.
unsafe impl Send for Arena<'_> {}
// SAFETY: through `&Arena` other threads get addresses, and bytes only to read.
unsafe impl Sync for Arena<'_> {}

impl<'a> Arena<'a> {
    /// Takes `memory` as the arena of an artifact run by `workers` workers.
    pub fn new(memory: &'a mut [u8], header: &Header<'_>, workers: usize) -> Result<Arena<'a>, LoadError> {
        let needed = header.arena_bytes_for(workers);
        let offsets = (header.workspace_offset(0), header.workspace_offset(1));
        let (Some(needed), (Some(workspaces), Some(second))) = (needed, offsets) else {
            return Err(LoadError::ArenaTooSmall { needed: usize::MAX, given: memory.len(), workers });
        };
        if memory.len() < needed {
            return Err(LoadError::ArenaTooSmall { needed, given: memory.len(), workers });
        }
        if memory.as_ptr().addr() & (header.arena_align() - 1) != 0 {
            let (align, address) = (header.arena_align(), memory.as_ptr().addr());
            return Err(LoadError::ArenaMisaligned { align, address });
        }
        let (base, length) = (NonNull::from(&mut *memory).cast::<u8>(), memory.len());
        Ok(Arena { base, length, workspaces, stride: second - workspaces, _memory: PhantomData })
    }

    /// The address `offset` bytes in. It lies in the arena for every offset of a checked artifact.
    pub fn at(&self, offset: usize) -> *mut u8 {
        self.base.as_ptr().wrapping_add(offset)
    }

    /// The workspace of `worker`.
    pub fn workspace(&self, worker: usize) -> *mut u8 {
        self.at(self.workspaces.wrapping_add(self.stride.wrapping_mul(worker)))
    }

    /// All of it, workspaces included.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: base and length are those of the borrowed memory, and `&self` keeps kernels from running.
        unsafe { core::slice::from_raw_parts(self.base.as_ptr(), self.length) }
    }

    /// All of it to write, workspaces included.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and `&mut self` makes this the only reference.
        unsafe { core::slice::from_raw_parts_mut(self.base.as_ptr(), self.length) }
    }

    /// The bytes of an input or output.
    pub fn tensor(&self, tensor: &Tensor<'_>) -> &[u8] {
        let (start, length) = self.place(tensor);
        // SAFETY: `place` keeps start and length within the borrowed memory, and `&self` keeps kernels from running.
        unsafe { core::slice::from_raw_parts(self.at(start), length) }
    }

    /// The bytes of an input or output, to write.
    pub fn tensor_mut(&mut self, tensor: &Tensor<'_>) -> &mut [u8] {
        let (start, length) = self.place(tensor);
        // SAFETY: as in `tensor`, and `&mut self` makes this the only reference.
        unsafe { core::slice::from_raw_parts_mut(self.at(start), length) }
    }

    fn place(&self, tensor: &Tensor<'_>) -> (usize, usize) {
        let start = (tensor.arena_offset as usize).min(self.length);
        (start, (tensor.bytes as usize).min(self.length - start))
    }
}

/// `bytes` as elements; `None` when they are not aligned for it.
pub(crate) fn elements<T: Element>(bytes: &[u8]) -> Option<&[T]> {
    // SAFETY: every bit pattern is a `T`.
    match unsafe { bytes.align_to::<T>() } {
        ([], elements, []) => Some(elements),
        _ => None,
    }
}

/// `bytes` as elements to write; `None` when they are not aligned for it.
pub(crate) fn elements_mut<T: Element>(bytes: &mut [u8]) -> Option<&mut [T]> {
    // SAFETY: every bit pattern is a `T`, and a `T` has no padding.
    match unsafe { bytes.align_to_mut::<T>() } {
        ([], elements, []) => Some(elements),
        _ => None,
    }
}
