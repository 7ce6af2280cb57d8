//! Arm's PrimeCell UART (PL011), as in the RP2350, whose buffers hold 32 bytes each way.
//!
//! Registers: Arm DDI 0183, chapter 3; RP2350 Datasheet, section 12.1.

use core::convert::Infallible;

use device_server::Link;

use crate::receive::receive;
use crate::register::Register;

/// FR: nothing was received.
const RECEIVE_EMPTY: u32 = 1 << 4;
/// FR: there is no room to transmit.
const TRANSMIT_FULL: u32 = 1 << 5;
/// FR: something is being transmitted.
const BUSY: u32 = 1 << 3;
/// LCR_H: bytes of 8 bits, through the buffers.
const LINE: u32 = 0b11 << 5 | 1 << 4;
/// CR: on, transmit and receive.
const ENABLE: u32 = 1 << 0 | 1 << 8 | 1 << 9;

/// A serial line.
#[derive(Debug)]
pub struct Pl011Uart {
    data: Register,
    flags: Register,
}

impl Pl011Uart {
    /// The UART at `base`, driven by a clock of `clock_hz`, at `baud` symbols per second.
    ///
    /// # Safety
    /// A PL011 that is out of reset is at `base`, its pins are set, and nothing else uses it.
    pub unsafe fn new(base: usize, clock_hz: u32, baud: u32) -> Pl011Uart {
        // SAFETY: the caller vouches for the device; the offsets are those of its registers.
        let at = |offset| unsafe { Register::at(base + offset) };
        let divisor = divisor(clock_hz, baud);
        at(0x24).write(divisor >> 6);
        at(0x28).write(divisor & 0x3F);
        // Writing this takes the divisor over.
        at(0x2C).write(LINE);
        at(0x30).write(ENABLE);
        Pl011Uart { data: at(0x00), flags: at(0x18) }
    }

    fn has(&self, flag: u32) -> bool {
        self.flags.read() & flag != 0
    }
}

/// Sixteenths of the clock for a symbol, in 64ths, rounded.
const fn divisor(clock_hz: u32, baud: u32) -> u32 {
    match (clock_hz as u64 * 8).checked_div(baud as u64) {
        Some(doubled) => (doubled as u32).div_ceil(2),
        None => 0,
    }
}

// The datasheet's example: 67 and 52 64ths.
const _: () = assert!(divisor(125_000_000, 115_200) == 67 << 6 | 52);

impl Link for Pl011Uart {
    type Error = Infallible;

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        Ok(receive(into, || !self.has(RECEIVE_EMPTY), || self.data.read() as u8))
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        for &byte in bytes {
            while self.has(TRANSMIT_FULL) {}
            self.data.write(u32::from(byte));
        }
        while self.has(BUSY) {}
        Ok(())
    }
}
