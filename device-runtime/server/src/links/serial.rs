//! A serial line as a link.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use device_server::rpc_protocol::key::Key;
use rustix::fs::OFlags;
use rustix::termios::{ControlModes, QueueSelector, ioctl_tiocexcl, tcflush};

use super::terminal::{Terminal, make_raw};
use crate::failure::Failure;
use crate::machine::Machine;

/// Serves whoever is at the other end of the line at `path`, until it is unplugged.
pub fn serve(path: &Path, baud: u32, machine: &mut Machine, key: Option<&Key>) -> Result<(), Failure> {
    let line = open(path, baud)?;
    machine.serves(&line).map_err(|error| Failure::Serial { path: path.to_path_buf(), error })?;
    crate::say(&format!("device-server: serving the serial line {} at {baud} baud", path.display()));
    let mut buffers = super::buffers(super::MAX_SERIAL_BODY);
    let served = super::server(&mut buffers, key).serve(Terminal(line), machine);
    served.map_err(|error| Failure::Unplugged { path: path.to_path_buf(), error })
}

fn open(path: &Path, baud: u32) -> Result<File, Failure> {
    let failed = |error: std::io::Error| Failure::Serial { path: path.to_path_buf(), error };
    let flags = OFlags::NOCTTY.bits().cast_signed();
    let line = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).map_err(failed)?;
    // Two programs that read one line would each get half of it.
    ioctl_tiocexcl(&line).map_err(|error| failed(error.into()))?;
    make_raw(&line, |settings| {
        settings.control_modes.remove(ControlModes::CRTSCTS | ControlModes::CSTOPB);
        settings.set_speed(baud)
    })
    .map_err(failed)?;
    tcflush(&line, QueueSelector::IOFlush).map_err(|error| failed(error.into()))?;
    Ok(line)
}
