//! The watchdog of Arm's Cortex-M System Design Kit (CMSDK APB watchdog): it counts a clock down. When it comes to zero it
//! interrupts the processor by what cannot be masked, and when it does so again it resets the system.
//!
//! Registers: Arm DDI 0479, section 4.4.

use device_server::Watchdog;

use crate::register::Register;

/// CONTROL: count and interrupt, and reset.
const ON: u32 = 0b11;
/// LOCK: the other registers may be written.
const UNLOCK: u32 = 0x1ACC_E551;

/// The watchdog.
#[derive(Debug)]
pub struct CmsdkWatchdog {
    load: Register,
    control: Register,
    clear: Register,
    ticks_per_ms: u32,
}

impl CmsdkWatchdog {
    /// The watchdog at `base`, which counts a clock of `hz`. It is off.
    ///
    /// # Safety
    /// A CMSDK watchdog is there, and nothing else uses it.
    pub unsafe fn new(base: usize, hz: u32) -> CmsdkWatchdog {
        // SAFETY: the caller vouches for the device; these are its registers.
        let [load, control, clear, lock] = unsafe { [0x0, 0x8, 0xC, 0xC00].map(|offset| Register::at(base + offset)) };
        lock.write(UNLOCK);
        control.write(0);
        CmsdkWatchdog { load, control, clear, ticks_per_ms: hz / 1000 }
    }
}

impl Watchdog for CmsdkWatchdog {
    // In each of its places it would take hundreds of bytes of flash.
    #[inline(never)]
    fn watch(&self, ms: Option<u32>) {
        // The longest before it is turned off: some count on.
        self.load.write(ms.map_or(u32::MAX, |ms| ms.saturating_mul(self.ticks_per_ms)));
        self.clear.write(1);
        self.control.write(if ms.is_some() { ON } else { 0 });
    }
}
