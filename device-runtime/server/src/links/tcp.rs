//! TCP as a link: one connection after another.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use device_server::rpc_protocol::key::Key;
use device_server::{Device, Link};
use rustix::net::sockopt;

use crate::failure::Failure;
use crate::machine::Machine;

/// How long a connection may take to open a session: nobody keeps others out for longer.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// After how long a silence the other host is asked for a sign of life, how often, and how many may stay away.
const SILENCE: Duration = Duration::from_secs(10);
const SIGNS_EVERY: Duration = Duration::from_secs(5);
const SIGNS: u32 = 3;

/// Listens on one of `addresses`, prints what reaches it as `--device`, and serves one connection after another.
pub fn serve(addresses: &[SocketAddr], machine: &mut Machine, key: Option<&Key>) -> Result<(), Failure> {
    let failed = |error| Failure::Listen { addresses: addresses.to_vec(), error };
    let listener = TcpListener::bind(addresses).map_err(failed)?;
    crate::print(&format!("tcp://{}", listener.local_addr().map_err(failed)?));
    let mut buffers = super::buffers(super::MAX_BODY);
    loop {
        let (stream, peer) = match listener.accept() {
            Ok(connection) => connection,
            // That one went away again.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => continue,
            Err(error) => return Err(failed(error)),
        };
        if let Err(error) = connection(stream, &mut buffers, machine, key) {
            crate::say(&format!("device-server: connection from {peer}: {error}"));
        }
        machine.forget();
    }
}

/// Serves one connection until it closes or breaks.
fn connection(stream: TcpStream, buffers: &mut [u8], machine: &mut Machine, key: Option<&Key>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(HANDSHAKE_TIME))?;
    watch(&stream)?;
    machine.serves(&stream)?;
    let mut server = super::server(buffers, key);
    let mut link = Connection(stream);
    let (deadline, mut in_session, mut chunk) = (Instant::now() + HANDSHAKE_TIME, false, [0; 4096]);
    loop {
        if !in_session {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(ErrorKind::TimedOut, "no session was opened within 5 s"));
            }
            link.0.set_read_timeout(Some(left))?;
        }
        let got = match link.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        server.receive(chunk.get(..got).unwrap_or_default(), &mut link, machine)?;
        if server.was_refused() {
            link.0.shutdown(Shutdown::Write)?;
            return Err(io::Error::new(ErrorKind::PermissionDenied, "it tried a wrong key"));
        }
        if !in_session && server.in_session() {
            in_session = true;
            link.0.set_read_timeout(None)?;
            link.0.set_write_timeout(None)?;
        }
    }
}

/// Has the operating system notice a host that is gone without a word.
fn watch(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, SILENCE)?;
    sockopt::set_tcp_keepintvl(stream, SIGNS_EVERY)?;
    Ok(sockopt::set_tcp_keepcnt(stream, SIGNS)?)
}

struct Connection(TcpStream);

impl Link for Connection {
    type Error = io::Error;

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(into) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}
