//! `device-server`: runs artifacts on this machine for a host elsewhere.
//!
//! `device-server --stdio` speaks the device protocol over standard input and output; its words go to standard error.
#![deny(unsafe_code)]

mod machine;
mod stdio;

use std::process::ExitCode;

use device_server::{buffer_bytes, serve};

/// Longest frame body taken and sent.
const MAX_BODY: usize = 1 << 16;

const HELP: &str = "\
device-server: loads, runs and times artifacts for a host (host-compiler starts it)

Usage: device-server --stdio

  --stdio    speak the device protocol over standard input and output
  --help     print this
  --version  print the version

Artifacts are programs: this process runs whatever its host sends.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--stdio"] => {
            let mut buffers = vec![0; buffer_bytes(MAX_BODY)];
            match serve(stdio::Stdio::new(), &mut machine::Machine::new(), &mut buffers) {
                Ok(()) => ExitCode::SUCCESS,
                Err(e) => {
                    say(&format!("device-server: the link broke: {e}"));
                    ExitCode::FAILURE
                }
            }
        }
        ["--help"] => {
            print(HELP);
            ExitCode::SUCCESS
        }
        ["--version"] => {
            print(&format!("device-server {}", env!("CARGO_PKG_VERSION")));
            ExitCode::SUCCESS
        }
        _ => {
            say(HELP);
            ExitCode::from(2)
        }
    }
}

/// Writes a line to standard output; a closed one is the reader's choice.
fn print(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes a line to standard error; there is nobody to tell when it is closed.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
