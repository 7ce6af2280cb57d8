//! A device server as a process of its own, native or emulated.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::ended_with_us;

/// A device server that serves; it ends with this value.
pub struct Server {
    child: Child,
    /// How `--device` names it.
    pub device: String,
}

/// A program that cargo or xtask lays beside the compiler.
pub fn beside(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_host-compiler")).with_file_name(name);
    assert!(path.is_file(), "{} is missing: cargo xtask test --only links builds it", path.display());
    path
}

impl Server {
    /// Starts this machine's with these arguments.
    pub fn start(arguments: &[&str]) -> Server {
        Server::run(ended_with_us(beside("device-server")).args(arguments))
    }

    /// Starts that of AArch64 under user-mode emulation.
    pub fn emulated(arguments: &[&str]) -> Server {
        Server::run(ended_with_us("qemu-aarch64").arg(beside("device-server-aarch64")).args(arguments))
    }

    fn run(command: &mut Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut device = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut device).unwrap();
        Server { child, device: device.trim().to_string() }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
