//! The RP2350's watchdog: it counts microseconds down through 24 bits, and resets the chip at zero.
//!
//! RP2350 Datasheet, sections 12.9 (watchdog), 8.5 (tick generators) and 7.4 (what it resets).

use device_server::Watchdog;

use crate::register::Register;

const WATCHDOG: usize = 0x400D_8000;
/// CTRL: count.
const ENABLE: u32 = 1 << 30;
/// REASON: it counted to zero, or was told to reset.
const RESET: u32 = 0b11;
/// The most it counts.
const LONGEST: u32 = (1 << 24) - 1;

/// The tick generator's CTRL and CYCLES.
const TICK: usize = 0x4010_8030;
/// What of the chip it resets: all but the two oscillators.
const RESET_PARTS: usize = 0x4001_8008;
const PARTS: u32 = 0x01FF_FFFF & !0b1100;

/// The watchdog.
#[derive(Debug)]
pub struct Rp2350Watchdog {
    control: Register,
    load: Register,
    reason: Register,
}

impl Rp2350Watchdog {
    /// The watchdog, whose ticks are made of a reference clock of `mhz` MHz. It is off.
    ///
    /// # Safety
    /// This is an RP2350, and nothing else uses its watchdog.
    pub unsafe fn new(mhz: u32) -> Rp2350Watchdog {
        // SAFETY: the caller vouches for the chip; the datasheet gives these addresses.
        let at = |address| unsafe { Register::at(address) };
        let (control, load, reason) = (at(WATCHDOG), at(WATCHDOG + 0x4), at(WATCHDOG + 0x8));
        control.write(0);
        at(RESET_PARTS).write(PARTS);
        at(TICK).write(0);
        at(TICK + 0x4).write(mhz);
        at(TICK).write(1);
        Rp2350Watchdog { control, load, reason }
    }
}

impl Watchdog for Rp2350Watchdog {
    fn watch(&self, ms: Option<u32>) {
        if let Some(ms) = ms {
            self.load.write(ms.saturating_mul(1000).min(LONGEST));
        }
        self.control.write(if ms.is_some() { ENABLE } else { 0 });
    }

    fn restarted(&self) -> bool {
        // It is cleared by the next reset of another kind.
        self.reason.read() & RESET != 0
    }
}
