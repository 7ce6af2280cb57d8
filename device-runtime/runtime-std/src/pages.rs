//! Anonymous pages from the system, given back when dropped.

use std::io;
use std::ptr::NonNull;

/// A private mapping of zero pages.
#[derive(Debug)]
pub(crate) struct Pages {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping belongs to this value alone.
unsafe impl Send for Pages {}
// SAFETY: `&Pages` gives an address, and those who use it answer for it.
unsafe impl Sync for Pages {}

impl Pages {
    /// Readable and writable pages with room for `bytes` from a multiple of `align`, a power of two; and where in them
    /// that is.
    pub fn map(bytes: usize, align: usize) -> io::Result<(Pages, usize)> {
        let bytes = bytes.max(1).checked_add(align).ok_or(io::ErrorKind::OutOfMemory)?;
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new anonymous mapping at an address of the system's choice disturbs nothing.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, kind, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let address = base.as_ptr().addr();
        Ok((Pages { base, bytes }, address.next_multiple_of(align) - address))
    }

    /// The first byte.
    pub fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// Asks for huge pages, which save address translations. A system that has none costs speed, not correctness.
    pub fn prefer_huge(&self) {
        // SAFETY: a hint about a mapping of our own.
        unsafe { libc::madvise(self.base.as_ptr().cast(), self.bytes, libc::MADV_HUGEPAGE) };
    }

    /// Makes the pages executable and no longer writable.
    pub fn make_executable(&self) -> io::Result<()> {
        // SAFETY: the mapping is this value's own.
        match unsafe { libc::mprotect(self.base.as_ptr().cast(), self.bytes, libc::PROT_READ | libc::PROT_EXEC) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, with this length.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}
