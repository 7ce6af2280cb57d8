//! A TCP connection as a link.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::Link;

/// The port of a device server that was told no other.
pub const DEFAULT_PORT: u16 = 9190;

/// The least a socket waits: zero would mean for ever.
const LEAST_WAIT: Duration = Duration::from_millis(1);

/// A connection to a device server.
#[derive(Debug)]
pub struct TcpLink {
    stream: TcpStream,
    /// What an earlier send left over.
    unsent: Vec<u8>,
    chunk: Vec<u8>,
    closed: String,
}

impl TcpLink {
    /// Connects to `address`, a `HOST:PORT`; each address the name stands for gets `patience`.
    pub fn connect(address: impl ToSocketAddrs, patience: Duration) -> io::Result<TcpLink> {
        let mut last = io::Error::new(ErrorKind::NotFound, "the name stands for no address");
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(stream) => {
                    // A request is one small write, and the next waits for its answer.
                    stream.set_nodelay(true)?;
                    let closed = "it closed the connection".to_string();
                    return Ok(TcpLink { stream, unsent: Vec::new(), chunk: vec![0; 1 << 16], closed });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn flush(&mut self, deadline: Instant) -> io::Result<()> {
        while !self.unsent.is_empty() {
            self.stream.set_write_timeout(Some(left(deadline)))?;
            match self.stream.write(&self.unsent) {
                Ok(0) => return Err(ErrorKind::BrokenPipe.into()),
                Ok(sent) => drop(self.unsent.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) && Instant::now() < deadline => {}
                Err(error) if is_timeout(&error) => return Err(ErrorKind::TimedOut.into()),
                Err(error) => return Err(self.broken(error)),
            }
        }
        Ok(())
    }

    /// A connection that was reset is a closed one: the device server ended in the middle.
    fn broken(&mut self, error: io::Error) -> io::Error {
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
                self.closed = format!("it reset the connection ({error})");
                ErrorKind::BrokenPipe.into()
            }
            _ => error,
        }
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(LEAST_WAIT)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

impl Link for TcpLink {
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        self.unsent.extend(bytes);
        self.flush(deadline)
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        loop {
            self.stream.set_read_timeout(Some(left(deadline)))?;
            match self.stream.read(&mut self.chunk) {
                Ok(got) => return Ok(Some(self.chunk[..got].to_vec())),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) && Instant::now() < deadline => {}
                Err(error) if is_timeout(&error) => return Ok(None),
                Err(error) => {
                    let error = self.broken(error);
                    return if error.kind() == ErrorKind::BrokenPipe { Ok(Some(Vec::new())) } else { Err(error) };
                }
            }
        }
    }

    fn closed_reason(&mut self) -> String {
        format!("{}: the device server ended, or the device restarted", self.closed)
    }
}
