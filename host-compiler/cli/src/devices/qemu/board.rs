//! `qemu:BOARD`: a microcontroller board with its firmware, the artifact in its flash.
//!
//! Emulated time follows the instruction count, one nanosecond for each instruction: what the board's timer counts are
//! instructions, the same in every run.

use std::path::Path;
use std::process::Command;

use lathe_driver::boards::emulation::{EMULATOR, arguments};
use lathe_driver::boards::{Board, Firmware, Runner};
use rpc_protocol::client::ChildLink;

use crate::failure::{Exit, Failure, Outcome};

/// Starts `board` with the artifact of `bytes` bytes at `artifact` in its flash; nothing is there where it has none.
pub fn start(board: &Board, artifact: &Path, bytes: usize) -> Outcome<ChildLink> {
    let Some(Runner::Qemu { machine, .. }) = &board.runner else {
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
    command.args(arguments(
        board,
        machine,
        "stdio,id=link,signal=off",
        &firmware.path,
        (bytes > 0).then_some(artifact),
    ));
    // A board runs until it is switched off, whatever comes over its link.
    Ok(super::start(command, EMULATOR)?.ended_at_once())
}
