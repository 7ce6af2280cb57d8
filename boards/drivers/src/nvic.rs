//! The core's interrupt controller: which interrupts come, and which of them go first.
//!
//! Registers: Armv7-M Architecture Reference Manual, B3.4.

use crate::register::Register;

/// Enables interrupts, a bit for each.
const ENABLE: usize = 0xE000_E100;
/// Their priorities, a byte for each.
const PRIORITY: usize = 0xE000_E400;
/// A priority behind that which interrupts have from the start, on every core: two bits of it are there at the least.
const BEHIND: u32 = 0x80;

/// Lets `interrupt`, one of the first 32, come.
pub(crate) fn enable(interrupt: u32) {
    // SAFETY: every Cortex-M has this register, and writing one bit changes no other.
    unsafe { Register::at(ENABLE) }.write(1 << (interrupt & 31));
}

/// Has `interrupt`, one of the first 32, wait for those that were not put behind, and be interrupted by them.
pub(crate) fn put_behind(interrupt: u32) {
    let (word, byte) = ((interrupt & 31) >> 2, interrupt & 3);
    // SAFETY: every Cortex-M has these registers, which Armv6-M lets be written by words only.
    let priorities = unsafe { Register::at(PRIORITY + 4 * word as usize) };
    priorities.write(priorities.read() & !(0xFF << (8 * byte)) | BEHIND << (8 * byte));
}
