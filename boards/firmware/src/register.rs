//! Registers of the processor itself, by their addresses in its private peripheral bus.

/// Reads one.
pub fn read(address: usize) -> u32 {
    // SAFETY: every caller names a register that the architecture gives, and reading it changes nothing but itself.
    unsafe { (address as *const u32).read_volatile() }
}

/// Writes one.
pub fn write(address: usize, value: u32) {
    // SAFETY: every caller names a register that the architecture gives.
    unsafe { (address as *mut u32).write_volatile(value) };
}
