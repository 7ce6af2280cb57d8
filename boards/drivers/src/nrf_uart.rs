//! The UART of Nordic's nRF51 series.
//!
//! It receives into six bytes and sends from one. Registers: nRF51 Series Reference Manual, chapter 29.

use core::convert::Infallible;

use device_server::Link;

use crate::receive::receive;
use crate::register::Register;

const START_RECEIVE: usize = 0x000;
const START_TRANSMIT: usize = 0x008;
const RECEIVED: usize = 0x108;
const TRANSMITTED: usize = 0x11C;
const ENABLE: usize = 0x500;
const TRANSMIT_PIN: usize = 0x50C;
const RECEIVE_PIN: usize = 0x514;
const RECEIVE_DATA: usize = 0x518;
const TRANSMIT_DATA: usize = 0x51C;
const BAUD_RATE: usize = 0x524;

/// What [`ENABLE`] takes for "on".
const ON: u32 = 4;
/// What BAUDRATE counts: a 32-bit fraction of the 16 MHz clock.
const BAUD_CLOCK_HZ: u64 = 16_000_000;

/// A serial line.
#[derive(Debug)]
pub struct NrfUart {
    received: Register,
    transmitted: Register,
    receive: Register,
    transmit: Register,
}

impl NrfUart {
    /// The UART at `base`, on two pins of the port, at `baud` symbols per second.
    ///
    /// # Safety
    /// An nRF51 UART is at `base`, nothing else uses it, and the pins are wired to a serial line.
    pub unsafe fn new(base: usize, transmit_pin: u32, receive_pin: u32, baud: u32) -> NrfUart {
        // SAFETY: the caller vouches for the device; the offsets are those of its registers.
        let at = |offset| unsafe { Register::at(base + offset) };
        at(TRANSMIT_PIN).write(transmit_pin);
        at(RECEIVE_PIN).write(receive_pin);
        at(BAUD_RATE).write(rate(baud));
        at(ENABLE).write(ON);
        at(RECEIVED).write(0);
        at(TRANSMITTED).write(0);
        at(START_RECEIVE).write(1);
        at(START_TRANSMIT).write(1);
        NrfUart {
            received: at(RECEIVED),
            transmitted: at(TRANSMITTED),
            receive: at(RECEIVE_DATA),
            transmit: at(TRANSMIT_DATA),
        }
    }
}

/// The register's value for `baud`, its low 12 bits rounded away as the manual's table does.
const fn rate(baud: u32) -> u32 {
    let fraction = ((baud as u64) << 32) / BAUD_CLOCK_HZ;
    (fraction as u32).wrapping_add(0x800) & 0xFFFF_F000
}

// The manual's own values.
const _: () = assert!(rate(115_200) == 0x01D7_E000 && rate(9600) == 0x0027_5000);

impl Link for NrfUart {
    type Error = Infallible;

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        let next = || {
            // The event is cleared first: one that the next byte raises stays.
            self.received.write(0);
            self.receive.read() as u8
        };
        Ok(receive(into, || self.received.read() != 0, next))
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        for &byte in bytes {
            self.transmitted.write(0);
            self.transmit.write(u32::from(byte));
            while self.transmitted.read() == 0 {}
        }
        Ok(())
    }
}
