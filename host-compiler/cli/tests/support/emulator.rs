//! An emulated board, spoken to without the program.

use std::path::Path;
use std::process::Command;

use lathe_driver::boards::emulation::{EMULATOR, arguments};
use lathe_driver::boards::{Board, Runner};
use rpc_protocol::client::ChildLink;

/// Starts the board with its built firmware and what is at `flash` where artifacts are in flash.
pub fn link_of(board: &Board, flash: &Path) -> ChildLink {
    let Some(Runner::Qemu { machine }) = &board.runner else { panic!("{} is not emulated", board.name) };
    let built = Path::new(env!("CARGO_BIN_EXE_host-compiler")).ancestors().nth(2).unwrap().join("boards");
    let firmware = built.join(&board.name).join("firmware.elf");
    let mut command = Command::new(EMULATOR);
    command.args(arguments(board, machine, "stdio,id=link,signal=off", &firmware, Some(flash)));
    ChildLink::start(command).unwrap().ended_at_once()
}
