//! The bytes between host and device.

/// A stream of bytes in both directions: a UART, a socket, standard input and output.
pub trait Link {
    /// Why the link broke for good. Bytes lost or garbled on the way are no error: frames are checked.
    type Error;

    /// Waits for bytes and gives how many were written to the start of `into`; 0 when the other side closed the link,
    /// which a UART never does.
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Self::Error>;

    /// Sends all of `bytes`, at once.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}
