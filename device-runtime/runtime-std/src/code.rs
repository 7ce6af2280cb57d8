//! Executable memory: code copied to pages of its own, verified, then made read and execute, never writable again.

use std::io;

use crate::error::RunnerError;
use crate::pages::Pages;

/// A code blob in executable pages.
#[derive(Debug)]
pub struct ExecutableCode {
    pages: Pages,
    start: usize,
    length: usize,
}

impl ExecutableCode {
    /// Copies `code` to executable pages, at a multiple of `align`, a power of two.
    pub fn new(code: &[u8], align: usize) -> Result<ExecutableCode, RunnerError> {
        let failed = |what| move |source: io::Error| RunnerError::ExecutableMemory { what, source };
        let (pages, start) = Pages::map(code.len(), align).map_err(failed("map pages for"))?;
        // SAFETY: start + code.len() is within the fresh mapping, which is writable and nobody else's.
        unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), pages.base().add(start), code.len()) };
        pages.make_executable().map_err(failed("make executable"))?;
        let copy = ExecutableCode { pages, start, length: code.len() };
        if copy.as_slice() != code {
            return Err(failed("verify")(io::ErrorKind::InvalidData.into()));
        }
        flush_instruction_cache(copy.as_slice());
        Ok(copy)
    }

    /// The code.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: within the mapping, which lives as long as this value and is never written.
        unsafe { std::slice::from_raw_parts(self.pages.base().add(self.start), self.length) }
    }
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
