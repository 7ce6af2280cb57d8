//! A device register: 32 bits at an address, read and written as the device means it.

/// One register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Register(*mut u32);

impl Register {
    /// The register at `address`.
    ///
    /// # Safety
    /// There is a device register at `address`, and nothing else uses it in a way that its new owner does not expect.
    pub const unsafe fn at(address: usize) -> Register {
        Register(address as *mut u32)
    }

    /// Reads it.
    pub fn read(self) -> u32 {
        // SAFETY: whoever made it vouched for the address.
        unsafe { self.0.read_volatile() }
    }

    /// Writes it.
    pub fn write(self, value: u32) {
        // SAFETY: whoever made it vouched for the address and its use.
        unsafe { self.0.write_volatile(value) }
    }
}
