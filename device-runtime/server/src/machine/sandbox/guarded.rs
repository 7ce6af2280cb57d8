//! Memory between pages that nobody may touch, so that running over either end is a fault.
#![allow(unsafe_code)]

use std::io;
use std::ops::Range;
use std::ptr::NonNull;

/// Untouchable bytes on either side: more than the frame of any kernel, which may step over a smaller guard.
const GUARD: usize = 1 << 20;
const PAGE: usize = 1 << 12;

/// Readable and writable memory with guards. Its last byte is the last before a guard, up to what alignment costs.
#[derive(Debug)]
pub struct Guarded {
    whole: NonNull<u8>,
    whole_bytes: usize,
    start: usize,
    length: usize,
}

impl Guarded {
    /// `length` zero bytes at a multiple of `align`, a power of two of at most a page.
    pub fn private(length: usize, align: usize) -> io::Result<Guarded> {
        Guarded::map(length, align, libc::MAP_PRIVATE)
    }

    /// The same, seen by a child process too.
    pub fn shared(length: usize) -> io::Result<Guarded> {
        Guarded::map(length, PAGE, libc::MAP_SHARED)
    }

    fn map(length: usize, align: usize, sharing: libc::c_int) -> io::Result<Guarded> {
        let page = page_bytes().max(align);
        let pages = length.max(1).checked_next_multiple_of(page).ok_or(io::ErrorKind::OutOfMemory)?;
        let whole_bytes = pages.checked_add(2 * GUARD).ok_or(io::ErrorKind::OutOfMemory)?;
        let kind = sharing | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new anonymous mapping at an address of the system's choice disturbs nothing.
        let whole = unsafe { libc::mmap(std::ptr::null_mut(), whole_bytes, libc::PROT_NONE, kind, -1, 0) };
        if whole == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let whole = NonNull::new(whole.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let start = GUARD + (pages - length.max(1)) / align * align;
        let memory = Guarded { whole, whole_bytes, start, length };
        memory.allow(libc::PROT_READ | libc::PROT_WRITE, GUARD, pages)?;
        Ok(memory)
    }

    /// Allows only reading from now on.
    pub fn read_only(&self) -> io::Result<()> {
        self.allow(libc::PROT_READ, GUARD, self.whole_bytes - 2 * GUARD)
    }

    fn allow(&self, access: libc::c_int, from: usize, bytes: usize) -> io::Result<()> {
        // SAFETY: pages of this value's own mapping.
        match unsafe { libc::mprotect(self.whole.as_ptr().wrapping_add(from).cast(), bytes, access) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The first byte.
    pub fn base(&self) -> *mut u8 {
        self.whole.as_ptr().wrapping_add(self.start)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: start + length lies within the readable pages of the mapping.
        unsafe { std::slice::from_raw_parts(self.base(), self.length) }
    }

    /// The bytes to write; only before [`Guarded::read_only`].
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.base(), self.length) }
    }

    /// The addresses of the memory.
    pub fn addresses(&self) -> Range<usize> {
        let start = self.base().addr();
        start..start + self.length
    }

    /// The addresses of the memory and its guards.
    pub fn with_guards(&self) -> Range<usize> {
        let start = self.whole.as_ptr().addr();
        start..start + self.whole_bytes
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, with this length.
        unsafe { libc::munmap(self.whole.as_ptr().cast(), self.whole_bytes) };
    }
}

/// Bytes of a page.
pub fn page_bytes() -> usize {
    // SAFETY: asks for a constant of the system.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(PAGE).max(PAGE)
}
