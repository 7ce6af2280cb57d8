//! `qemu:…`: devices that QEMU emulates, reached over its standard input and output.

pub mod aarch64;
pub mod board;

use std::process::Command;

use rpc_protocol::client::ChildLink;

use crate::failure::{Exit, Failure, Outcome};

/// Starts an emulator, which the Debian package `package` brings. It ends with this program, however that ends.
fn start(mut command: Command, package: &str) -> Outcome<ChildLink> {
    end_with_this_program(&mut command);
    log::info!("starting {command:?}");
    let emulator = command.get_program().display().to_string();
    ChildLink::start(command).map_err(|e| {
        let message = match e.kind() {
            std::io::ErrorKind::NotFound => format!(
                "{emulator} was not found; install it with `apt-get install {package}` (`cargo xtask setup` does)"
            ),
            _ => format!("{emulator} could not be started: {e}"),
        };
        Failure::new(Exit::Unreachable, message)
    })
}

/// Has the kernel kill the command when this program is killed: an emulated board has no end of its own.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn end_with_this_program(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    let parent = std::process::id();
    // SAFETY: between fork and exec the closure makes two system calls and touches no memory of this process.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            // It may have been killed before.
            if libc::getppid().cast_unsigned() != parent {
                return Err(std::io::ErrorKind::Interrupted.into());
            }
            Ok(())
        })
    };
}

#[cfg(not(target_os = "linux"))]
fn end_with_this_program(_: &mut Command) {}
