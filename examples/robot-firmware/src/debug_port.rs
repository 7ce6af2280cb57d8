//! The debug port: a second serial line, over which a host runs and times the network while the robot works.

use core::convert::Infallible;

use device_server::Link;
use lathe_drivers::{CmsdkUart, Inbox};

use crate::{BAUD, CLOCK_HZ};

/// Interrupt that a byte on UART 1 raises.
pub const INTERRUPT: u32 = 2;

// SAFETY: the board has this UART, and nothing else uses it.
static UART: CmsdkUart = unsafe { CmsdkUart::at(0x4000_5000) };
/// What came while the main loop was busy: a kernel takes longer than a byte on the line. Room for the longest frame.
static CAME: Inbox<2048> = Inbox::new();

/// The main loop's side of the port.
#[derive(Debug)]
pub struct DebugPort(());

impl DebugPort {
    /// Turns the port on. Its interrupt waits for control's.
    pub fn start() -> DebugPort {
        UART.start(CLOCK_HZ, BAUD);
        UART.interrupt_behind_others(INTERRUPT);
        DebugPort(())
    }

    /// Takes what came, without waiting.
    pub fn take<'b>(&mut self, bytes: &'b mut [u8]) -> &'b [u8] {
        let count = CAME.take(bytes);
        bytes.get(..count).unwrap_or_default()
    }
}

impl Link for DebugPort {
    type Error = Infallible;

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        loop {
            if let count @ 1.. = CAME.take(into) {
                return Ok(count);
            }
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        let mut uart = UART;
        uart.write_all(bytes)
    }
}

/// What the interrupt does.
pub fn interrupted() {
    UART.interrupted(|byte| CAME.put(byte));
}
