//! `device-server`: runs artifacts on this machine for a host elsewhere.
//!
//! It speaks the device protocol over TCP, a serial line, a pseudo-terminal, or standard input and output. What reaches
//! it is printed to standard output, everything else to standard error.
#![deny(unsafe_code)]

mod arguments;
mod failure;
mod links;
mod machine;
mod measure;
mod random;

use std::path::Path;
use std::process::ExitCode;

use arguments::{Order, Place, Service};
use device_server::rpc_protocol::key::Key;
use device_server::rpc_protocol::key_file;
use failure::Failure;
use machine::Machine;

fn main() -> ExitCode {
    let order = match arguments::read(std::env::args_os().skip(1)) {
        Ok(order) => order,
        Err(message) => {
            say(&format!("device-server: {message} (--help shows all)"));
            return ExitCode::from(2);
        }
    };
    let done = match order {
        Order::Help => {
            print(arguments::HELP);
            Ok(())
        }
        Order::Version => {
            print(&format!("device-server {}", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
        Order::NewKey(path) => new_key(&path),
        Order::Measure { folder, watch } => measure::run(&folder, watch),
        Order::Serve(service) => serve(&service),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("device-server: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(service: &Service) -> Result<(), Failure> {
    let key = service.key_file.as_deref().map(key_file::read).transpose()?;
    let read =
        |path: &std::path::PathBuf| std::fs::read(path).map_err(|error| Failure::Model { path: path.clone(), error });
    let models = service.models.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut machine = Machine::new(models, service.uploads);
    match &service.place {
        Place::Stdio => links::stdio::serve(&mut machine, key.as_ref()),
        Place::Tcp(addresses) => links::tcp::serve(addresses, &mut machine, key.as_ref()),
        Place::Serial { path, baud } => links::serial::serve(path, *baud, &mut machine, key.as_ref()),
        Place::Pty => links::pty::serve(&mut machine, key.as_ref()),
    }
}

fn new_key(path: &Path) -> Result<(), Failure> {
    let key = Key::new(random::bytes().map_err(Failure::Random)?);
    key_file::write(path, &key)?;
    say(&format!(
        "device-server: wrote {0}: start with --key-file {0}, and copy it to the host as ~/.config/lathe/key (chmod 600)",
        path.display()
    ));
    Ok(())
}

/// Writes a line to standard output; a closed one is the reader's choice.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Writes a line to standard error; there is nobody to tell when it is closed.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
