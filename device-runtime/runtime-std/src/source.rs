//! The bytes of an artifact: a mapped file, memory of our own, or memory of the program.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::error::RunnerError;
use crate::memory::AlignedBytes;

/// Where the bytes of an artifact come from. They do not move while this value lives, even when it moves.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file, mapped read-only.
    Mapped(Mmap),
    /// A copy on the heap.
    Owned(AlignedBytes),
    /// Part of the program.
    Static(&'static [u8]),
}

impl Source {
    /// Maps the file at `path`.
    ///
    /// # Safety
    /// Nothing writes to or cuts the file while it is mapped; replacing it by renaming another over it is fine.
    pub unsafe fn map(path: &Path) -> Result<Source, RunnerError> {
        let failed = |source| RunnerError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() == 0 {
            return Ok(Source::Static(&[]));
        }
        // SAFETY: the caller keeps the file as it is.
        unsafe { Mmap::map(&file) }.map(Source::Mapped).map_err(failed)
    }

    /// A copy of `bytes`, aligned like a page so that everything in it can be used in place.
    pub fn copy_of(bytes: &[u8]) -> Result<Source, RunnerError> {
        let no_memory = |source| RunnerError::Memory { bytes: bytes.len(), source };
        AlignedBytes::copy_of(bytes, 4096).map(Source::Owned).map_err(no_memory)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Source::Mapped(map) => map,
            Source::Owned(copy) => copy.as_slice(),
            Source::Static(bytes) => bytes,
        }
    }
}
