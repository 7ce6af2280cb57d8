//! The UART of Arm's Cortex-M System Design Kit (CMSDK APB UART), on the MPS2 and MPS3 boards.
//!
//! It holds one byte each way. Registers: Arm DDI 0479, section 4.3.

use core::convert::Infallible;

use device_server::Link;

use crate::nvic;
use crate::receive::receive;
use crate::register::Register;

/// STATE: the transmit buffer is full.
const TRANSMIT_FULL: u32 = 1 << 0;
/// STATE: a byte was received.
const RECEIVE_FULL: u32 = 1 << 1;
/// CTRL: transmit and receive.
const ENABLE: u32 = 0b11;
/// CTRL: interrupt at each byte received; INTCLEAR: that interrupt.
const RECEIVE_INTERRUPT: u32 = 1 << 3;
const RECEIVED: u32 = 1 << 1;
/// The least divisor the device works with.
const LEAST_DIVISOR: u32 = 16;

/// A serial line, which an interrupt and the program it interrupts may both use: one receives and the other sends.
#[derive(Clone, Copy, Debug)]
pub struct CmsdkUart {
    data: Register,
    state: Register,
    control: Register,
    interrupt: Register,
    divisor: Register,
}

// SAFETY: each access is one load or store of a device register.
unsafe impl Sync for CmsdkUart {}

impl CmsdkUart {
    /// The UART at `base`.
    ///
    /// # Safety
    /// A CMSDK UART is there, and only copies of this value use it.
    pub const unsafe fn at(base: usize) -> CmsdkUart {
        // SAFETY: the caller vouches for the device; these are its registers.
        unsafe {
            CmsdkUart {
                data: Register::at(base),
                state: Register::at(base + 0x4),
                control: Register::at(base + 0x8),
                interrupt: Register::at(base + 0xC),
                divisor: Register::at(base + 0x10),
            }
        }
    }

    /// The UART at `base`, driven by a clock of `clock_hz`, at `baud` symbols per second.
    ///
    /// # Safety
    /// As [`CmsdkUart::at`].
    pub unsafe fn new(base: usize, clock_hz: u32, baud: u32) -> CmsdkUart {
        // SAFETY: the caller vouches for it.
        let uart = unsafe { CmsdkUart::at(base) };
        uart.start(clock_hz, baud);
        uart
    }

    /// Turns it on, driven by a clock of `clock_hz`, at `baud` symbols per second.
    pub fn start(self, clock_hz: u32, baud: u32) {
        self.divisor.write(clock_hz.checked_div(baud).unwrap_or(0).max(LEAST_DIVISOR));
        self.control.write(ENABLE);
        // What came before is no message. An emulator that held it for the UART lets go of it now.
        self.data.read();
    }

    /// Has it interrupt the processor by `interrupt`, one of the first 32, at each byte that comes; interrupts that are
    /// not put behind others go first.
    pub fn interrupt_behind_others(self, interrupt: u32) {
        self.control.write(ENABLE | RECEIVE_INTERRUPT);
        nvic::put_behind(interrupt);
        nvic::enable(interrupt);
    }

    /// Takes its interrupt: hands over what came.
    pub fn interrupted(self, mut keep: impl FnMut(u8)) {
        // First, so that a byte that comes meanwhile interrupts again.
        self.interrupt.write(RECEIVED);
        while let Some(byte) = self.received() {
            keep(byte);
        }
    }

    /// A byte that came.
    fn received(self) -> Option<u8> {
        self.has(RECEIVE_FULL).then(|| self.data.read() as u8)
    }

    fn has(self, flag: u32) -> bool {
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
