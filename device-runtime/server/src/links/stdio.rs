//! Standard input and output as a link.

use std::io::{self, BufRead, Read, StdinLock, StdoutLock, Write};

use device_server::Link;
use device_server::rpc_protocol::key::Key;

use crate::failure::Failure;
use crate::machine::Machine;

/// Serves the process at the other end until it closes.
pub fn serve(machine: &mut Machine, key: Option<&Key>) -> Result<(), Failure> {
    machine.serves(&io::stdin()).map_err(Failure::Stdio)?;
    let mut buffers = super::buffers(super::MAX_BODY);
    super::server(&mut buffers, key).serve(Stdio::new(), machine).map_err(Failure::Stdio)
}

/// The process's standard input and output.
struct Stdio {
    input: StdinLock<'static>,
    output: StdoutLock<'static>,
}

impl Stdio {
    /// Takes both.
    fn new() -> Stdio {
        Stdio { input: io::stdin().lock(), output: io::stdout().lock() }
    }
}

impl Link for Stdio {
    type Error = io::Error;

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.input.fill_buf() {
                Ok(_) => return self.input.read(into),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.write_all(bytes)?;
        self.output.flush()
    }
}
