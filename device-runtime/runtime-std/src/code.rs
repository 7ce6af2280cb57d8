//! Executable memory: code copied to pages of its own, verified, then made read and execute, never writable again.

use std::io;
use std::ptr::NonNull;

use crate::error::RunnerError;

/// A code blob in executable pages.
#[derive(Debug)]
pub(crate) struct ExecutableCode {
    pages: NonNull<u8>,
    page_bytes: usize,
    start: usize,
    length: usize,
}

// SAFETY: the pages belong to this value and nobody writes them.
unsafe impl Send for ExecutableCode {}

impl ExecutableCode {
    /// Copies `code` to executable pages, at a multiple of `align`, a power of two.
    pub fn new(code: &[u8], align: usize) -> Result<ExecutableCode, RunnerError> {
        let failed = |what| move |source: io::Error| RunnerError::ExecutableMemory { what, source };
        // Pages are a multiple of 4 KiB; larger alignments are found inside a larger mapping.
        let page_bytes = code
            .len()
            .max(1)
            .checked_add(align)
            .ok_or_else(|| failed("map pages for")(io::ErrorKind::OutOfMemory.into()))?;
        let pages = map_pages(page_bytes).map_err(failed("map pages for"))?;
        let start = pages.as_ptr().addr().next_multiple_of(align) - pages.as_ptr().addr();
        let copy = ExecutableCode { pages, page_bytes, start, length: code.len() };
        // SAFETY: start + code.len() is within the fresh mapping, which is writable and nobody else's.
        unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), pages.as_ptr().add(start), code.len()) };
        // SAFETY: the pages are this value's own.
        if unsafe { libc::mprotect(pages.as_ptr().cast(), page_bytes, libc::PROT_READ | libc::PROT_EXEC) } != 0 {
            return Err(failed("make executable")(io::Error::last_os_error()));
        }
        if copy.as_slice() != code {
            return Err(failed("verify")(io::ErrorKind::InvalidData.into()));
        }
        flush_instruction_cache(copy.as_slice());
        Ok(copy)
    }

    /// The code.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: within the mapping, which lives as long as this value and is never written.
        unsafe { std::slice::from_raw_parts(self.pages.as_ptr().add(self.start), self.length) }
    }
}

impl Drop for ExecutableCode {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, with this length.
        unsafe { libc::munmap(self.pages.as_ptr().cast(), self.page_bytes) };
    }
}

fn map_pages(bytes: usize) -> io::Result<NonNull<u8>> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new anonymous mapping at an address of the system's choice disturbs nothing.
    let pages = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, kind, -1, 0) };
    if pages == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(pages.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// x86 keeps instruction fetches coherent with stores.
#[cfg(target_arch = "x86_64")]
fn flush_instruction_cache(_code: &[u8]) {}

/// Cleans the data cache to the point of unification and invalidates the instruction cache over `code`, as the Arm
/// architecture manual gives it (B2.4.4, "Concurrent modification and execution of instructions").
#[cfg(target_arch = "aarch64")]
fn flush_instruction_cache(code: &[u8]) {
    use std::arch::asm;
    let cache_type: u64;
    // SAFETY: reads a register that user code may read.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) cache_type, options(nomem, nostack)) };
    let (first, last) = (code.as_ptr().addr(), code.as_ptr().addr() + code.len());
    let lines = |log2_words: u64| {
        let line = 4usize << (log2_words & 15);
        (first & !(line - 1)..last).step_by(line)
    };
    for line in lines(cache_type >> 16) {
        // SAFETY: cleans a line of memory that is mapped and readable.
        unsafe { asm!("dc cvau, {}", in(reg) line, options(nostack)) };
    }
    // SAFETY: a barrier.
    unsafe { asm!("dsb ish", options(nostack)) };
    for line in lines(cache_type) {
        // SAFETY: invalidates instructions of memory that is mapped and readable.
        unsafe { asm!("ic ivau, {}", in(reg) line, options(nostack)) };
    }
    // SAFETY: barriers.
    unsafe { asm!("dsb ish", "isb", options(nostack)) };
}
