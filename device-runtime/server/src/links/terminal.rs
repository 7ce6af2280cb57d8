//! What serial lines and pseudo-terminals share: bytes pass as they are, and a line that is gone is told from silence.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

use device_server::Link;
use rustix::termios::{ControlModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// Has the terminal pass every byte as it is, after `more` changes of its settings.
pub fn make_raw(file: &File, more: impl FnOnce(&mut Termios) -> rustix::io::Result<()>) -> io::Result<()> {
    let mut settings = tcgetattr(file)?;
    settings.make_raw();
    settings.control_modes |= ControlModes::CREAD | ControlModes::CLOCAL;
    // A read waits for one byte, however long.
    settings.special_codes[SpecialCodeIndex::VMIN] = 1;
    settings.special_codes[SpecialCodeIndex::VTIME] = 0;
    more(&mut settings)?;
    Ok(tcsetattr(file, OptionalActions::Now, &settings)?)
}

/// A terminal as a link.
pub struct Terminal(pub File);

impl Link for Terminal {
    type Error = io::Error;

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(into) {
                // A line that is there is silent, it does not end.
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}
