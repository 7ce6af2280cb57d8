//! What the client needs of a link.

use std::io;
use std::time::Instant;

/// A stream of bytes in both directions.
pub trait Link {
    /// Sends all of `bytes`. [`io::ErrorKind::TimedOut`]: the other side did not take them before the deadline; those
    /// it did not take are still sent before what is sent next.
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()>;
    /// Receives some bytes. `Ok(None)`: nothing came before the deadline. An empty vector: the other side closed.
    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>>;
    /// After the other side closed: why, as far as the link knows.
    fn closed_reason(&mut self) -> String;
    /// The time that deadlines are of; a link that only pretends to take time has its own.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

impl<L: Link + ?Sized> Link for Box<L> {
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        (**self).send(bytes, deadline)
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        (**self).receive(deadline)
    }

    fn closed_reason(&mut self) -> String {
        (**self).closed_reason()
    }

    fn now(&self) -> Instant {
        (**self).now()
    }
}
