//! `qemu:BOARD`: a microcontroller board with its firmware, the artifact in its flash.
//!
//! Emulated time follows the instruction count, one nanosecond for each instruction: what the board's timer counts are
//! instructions, the same in every run.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use lathe_driver::boards::{Board, Firmware, Runner};
use rpc_protocol::client::ChildLink;

use crate::failure::{Exit, Failure, Outcome};

/// Emulates boards.
pub const EMULATOR: &str = "qemu-system-arm";

/// Starts `board` with the artifact of `bytes` bytes at `artifact` in its flash.
pub fn start(board: &Board, artifact: &Path, bytes: usize) -> Outcome<ChildLink> {
    let Some(Runner::Qemu { machine }) = &board.runner else {
        return Err(Failure::usage(format!("{} is no emulated board: `host-compiler boards list` tells", board.name)));
    };
    let Some(firmware) = Firmware::find(board)? else {
        let message = format!(
            "the firmware of {0} is missing: `cargo xtask board build {0}` builds it; LATHE_BOARDS names another folder \
             with {0}/firmware.elf",
            board.name
        );
        return Err(Failure::new(Exit::Unreachable, message));
    };
    let room = board.artifact_room();
    if bytes as u64 > room {
        let message = format!("the artifact has {bytes} bytes, the flash of {} has room for {room}", board.name);
        return Err(Failure::new(Exit::Failure, message));
    }
    let mut command = Command::new(EMULATOR);
    command.args(arguments(board, machine, "stdio,id=link,signal=off", &firmware.path, Some(artifact)));
    // A board runs until it is switched off, whatever comes over its link.
    Ok(super::start(command, "qemu-system-arm")?.ended_at_once())
}

/// What the emulator is given to be `board`, with its serial line on the character device `link`.
pub fn arguments(board: &Board, machine: &str, link: &str, firmware: &Path, artifact: Option<&Path>) -> Vec<OsString> {
    let plain = ["-machine", machine, "-display", "none", "-monitor", "none", "-icount", "shift=0"];
    let line = ["-chardev", link, "-serial", "chardev:link", "-kernel"];
    let mut words: Vec<OsString> = plain.into_iter().chain(line).map(OsString::from).collect();
    words.push(firmware.into());
    if let Some(artifact) = artifact {
        words.extend(["-device".into(), in_flash(artifact, board.artifact_address())]);
    }
    words
}

/// QEMU's option that puts the file at `path` into memory at `address`.
fn in_flash(path: &Path, address: u64) -> OsString {
    let mut option = OsString::from("loader,force-raw=on,file=");
    // A comma ends a value unless it is doubled.
    for (at, piece) in split_at_commas(path).into_iter().enumerate() {
        option.push(if at > 0 { ",," } else { "" });
        option.push(piece);
    }
    option.push(format!(",addr={address:#x}"));
    option
}

#[cfg(unix)]
fn split_at_commas(path: &Path) -> Vec<&std::ffi::OsStr> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().split(|byte| *byte == b',').map(OsStrExt::from_bytes).collect()
}

#[cfg(not(unix))]
fn split_at_commas(path: &Path) -> Vec<&std::ffi::OsStr> {
    vec![path.as_os_str()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_paths_are_doubled() {
        let option = in_flash(Path::new("a,b/m.lathe"), 0x2_0000);
        assert_eq!(option, "loader,force-raw=on,file=a,,b/m.lathe,addr=0x20000");
    }
}
