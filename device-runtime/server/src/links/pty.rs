//! A pseudo-terminal as a link: a serial line without the wire, to try what a board does.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use device_server::Link;
use device_server::rpc_protocol::key::Key;
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::terminal::{Terminal, make_raw};
use crate::failure::Failure;
use crate::machine::Machine;

/// How often it is looked whether somebody opened the other end.
const LOOK: Duration = Duration::from_millis(10);

/// Opens a pseudo-terminal, prints what reaches it as `--device`, and serves whoever opens it.
pub fn serve(machine: &mut Machine, key: Option<&Key>) -> Result<(), Failure> {
    let (line, path) = open().map_err(Failure::Pty)?;
    crate::print(&format!("serial:{}", path.display()));
    machine.serves(&line).map_err(Failure::Pty)?;
    let mut buffers = super::buffers(super::MAX_SERIAL_BODY);
    super::server(&mut buffers, key).serve(Pty(Terminal(line)), machine).map_err(Failure::Pty)
}

/// This end, and where the other end is.
fn open() -> io::Result<(File, PathBuf)> {
    let line = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&line)?;
    unlockpt(&line)?;
    let path = PathBuf::from(OsString::from_vec(ptsname(&line, Vec::new())?.into_bytes()));
    let line = File::from(line);
    make_raw(&line, |_| Ok(()))?;
    Ok((line, path))
}

/// This end of a pseudo-terminal.
struct Pty(Terminal);

/// Whether nobody has the other end open.
fn is_alone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

impl Link for Pty {
    type Error = io::Error;

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(into) {
                Err(error) if is_alone(&error) => sleep(LOOK),
                other => return other,
            }
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.0.0.write_all(bytes) {
            // A wire takes them too when nobody listens.
            Err(error) if is_alone(&error) => Ok(()),
            other => other,
        }
    }
}
