//! The core's own caches: code that was written as data reaches memory, and what was fetched before is forgotten.
//!
//! Cores without caches, and caches that are off, say so in a register that every Cortex-M has. Armv7-M Architecture
//! Reference Manual, sections B2.2.7 (operations) and B3.2.8 (configuration and control).

use core::arch::asm;
use core::ops::Range;

/// Configuration and control, with a bit for each cache that is on.
const CONTROL: *const u32 = 0xE000_ED14 as *const u32;
const DATA_CACHE: u32 = 1 << 16;
const INSTRUCTION_CACHE: u32 = 1 << 17;
/// Writes the line of an address back, as far as both caches see the same.
const CLEAN_LINE: *mut u32 = 0xE000_EF64 as *mut u32;
/// Forgets all instructions.
const FORGET_INSTRUCTIONS: *mut u32 = 0xE000_EF50 as *mut u32;
/// The shortest line an implementation may have; in longer ones some lines are cleaned twice.
const LEAST_LINE: usize = 16;

/// Makes code that was just written to `addresses` ready to be executed.
pub fn code_written(addresses: Range<usize>) {
    write_back(addresses);
    if on() & INSTRUCTION_CACHE != 0 {
        // SAFETY: a core with an instruction cache has this register, and what is forgotten is fetched again.
        unsafe { FORGET_INSTRUCTIONS.write_volatile(0) };
    }
    barrier();
}

/// Has what was written to `addresses` in memory, not in the data cache alone.
pub fn write_back(addresses: Range<usize>) {
    barrier();
    if on() & DATA_CACHE != 0 {
        for line in (addresses.start & !(LEAST_LINE - 1)..addresses.end).step_by(LEAST_LINE) {
            // SAFETY: a core with a data cache has this register, and writing a line back changes no value.
            unsafe { CLEAN_LINE.write_volatile(line as u32) };
        }
        barrier();
    }
}

/// Which caches are on.
fn on() -> u32 {
    // SAFETY: the architecture gives this address; reading it changes nothing.
    unsafe { CONTROL.read_volatile() }
}

/// What was written is written, and nothing fetched early is executed.
fn barrier() {
    // SAFETY: two barriers, which every Cortex-M has.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) };
}
