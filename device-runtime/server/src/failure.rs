//! Why the program ends.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;

use device_server::rpc_protocol::key_file::KeyFileError;

/// Why the program ends.
#[derive(Debug)]
pub enum Failure {
    /// Standard input or output broke.
    Stdio(io::Error),
    /// The addresses cannot be listened on.
    Listen { addresses: Vec<SocketAddr>, error: io::Error },
    /// The serial line cannot be opened.
    Serial { path: PathBuf, error: io::Error },
    /// The serial line broke.
    Unplugged { path: PathBuf, error: io::Error },
    /// The pseudo-terminal failed.
    Pty(io::Error),
    /// The key file cannot be used.
    Key(KeyFileError),
    /// There are no random numbers.
    Random(io::Error),
    /// An artifact to serve cannot be read.
    Model { path: PathBuf, error: io::Error },
    /// The folder of bundles cannot be read or written.
    Folder { path: PathBuf, error: io::Error },
    /// Some bundles could not be tried.
    Bundles { path: PathBuf, bad: usize, all: usize },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Stdio(error) => write!(f, "standard input or output broke: {error}"),
            Failure::Listen { addresses, error } => {
                let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
                write!(f, "cannot listen on {}: {error}", addresses.join(" or "))?;
                f.write_str(match error.kind() {
                    ErrorKind::AddrInUse => "; another device-server has the port: end it, or choose one by --listen",
                    ErrorKind::PermissionDenied => "; ports below 1024 are the administrator's: choose a higher one",
                    ErrorKind::AddrNotAvailable => "; this machine has no such address",
                    _ => "",
                })
            }
            Failure::Serial { path, error } => {
                write!(f, "cannot open the serial line {}: {error}", path.display())?;
                f.write_str(match error.kind() {
                    ErrorKind::NotFound => "; is it plugged in? `ls /dev/tty*` shows those there are",
                    ErrorKind::PermissionDenied => {
                        "; `ls -l` shows its group: add this user to it (`sudo usermod -a -G dialout $USER`)"
                    }
                    ErrorKind::ResourceBusy => "; another program has it open",
                    _ => "",
                })
            }
            Failure::Unplugged { path, error } => {
                write!(f, "the serial line {} is gone ({error}): was it unplugged?", path.display())
            }
            Failure::Pty(error) => write!(f, "the pseudo-terminal failed: {error}"),
            Failure::Key(error) => error.fmt(f),
            Failure::Random(error) => write!(f, "the operating system gives no random numbers: {error}"),
            Failure::Folder { path, error } => {
                write!(f, "cannot read the bundles in {}, or write results there: {error}", path.display())
            }
            Failure::Bundles { path, bad, all } => {
                write!(f, "{bad} of {all} bundles in {} could not be tried: their results say why", path.display())
            }
            Failure::Model { path, error } => write!(f, "cannot read the artifact {}: {error}", path.display()),
        }
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Failure {
        Failure::Key(error)
    }
}
