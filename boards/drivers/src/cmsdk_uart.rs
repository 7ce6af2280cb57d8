//! The UART of Arm's Cortex-M System Design Kit (CMSDK APB UART), on the MPS2 and MPS3 boards.
//!
//! It holds one byte each way. Registers: Arm DDI 0479, section 4.3.

use core::convert::Infallible;

use device_server::Link;

use crate::receive::receive;
use crate::register::Register;

/// STATE: the transmit buffer is full.
const TRANSMIT_FULL: u32 = 1 << 0;
/// STATE: a byte was received.
const RECEIVE_FULL: u32 = 1 << 1;
/// CTRL: transmit and receive.
const ENABLE: u32 = 0b11;
/// The least divisor the device works with.
const LEAST_DIVISOR: u32 = 16;

/// A serial line.
#[derive(Debug)]
pub struct CmsdkUart {
    data: Register,
    state: Register,
}

impl CmsdkUart {
    /// The UART at `base`, driven by a clock of `clock_hz`, at `baud` symbols per second.
    ///
    /// # Safety
    /// A CMSDK UART is at `base`, and nothing else uses it.
    pub unsafe fn new(base: usize, clock_hz: u32, baud: u32) -> CmsdkUart {
        // SAFETY: the caller vouches for the device; these are its registers.
        let [data, state, control, divisor] = unsafe {
            [Register::at(base), Register::at(base + 0x4), Register::at(base + 0x8), Register::at(base + 0x10)]
        };
        divisor.write(clock_hz.checked_div(baud).unwrap_or(0).max(LEAST_DIVISOR));
        control.write(ENABLE);
        CmsdkUart { data, state }
    }

    fn has(&self, flag: u32) -> bool {
        self.state.read() & flag != 0
    }
}

impl Link for CmsdkUart {
    type Error = Infallible;

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        Ok(receive(into, || self.has(RECEIVE_FULL), || self.data.read() as u8))
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        for &byte in bytes {
            while self.has(TRANSMIT_FULL) {}
            self.data.write(u32::from(byte));
        }
        Ok(())
    }
}
