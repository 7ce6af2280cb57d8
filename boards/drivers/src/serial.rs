//! The serial port of a board's HAL as a link.
//!
//! The HAL's interrupts fill and empty its buffers; here it is only waited for, so no executor is needed.

use core::convert::Infallible;

use device_server::Link;
use embassy_futures::block_on;
use embedded_io_async::{Read, Write};

/// A serial line.
#[derive(Debug)]
pub struct Serial<P>(P);

impl<P: Read + Write> Serial<P> {
    /// The line at this port, which receives into a buffer of its own.
    pub fn new(port: P) -> Serial<P> {
        Serial(port)
    }
}

impl<P: Read + Write> Link for Serial<P> {
    type Error = Infallible;

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        loop {
            // Noise on the line and lost bytes show as a damaged frame, which is asked for again.
            if let Ok(got @ 1..) = block_on(self.0.read(into)) {
                return Ok(got);
            }
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        // As above. Once the buffer is empty no interrupt disturbs what is timed next.
        let _ = block_on(self.0.write_all(bytes));
        let _ = block_on(self.0.flush());
        Ok(())
    }
}
