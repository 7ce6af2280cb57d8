//! An emulated board, spoken to without the program.

use std::ffi::OsString;
use std::path::Path;

use lathe_driver::boards::emulation::{EMULATOR, arguments};
use lathe_driver::boards::{Board, Runner};
use rpc_protocol::client::ChildLink;

use super::ended_with_us;

/// Starts the board with its built firmware and what is at `flash` where artifacts are in flash.
pub fn link_of(board: &Board, flash: &Path) -> ChildLink {
    start(words(board, flash))
}

/// The same, whose time is not the count of instructions but the host's.
pub fn in_real_time(board: &Board, flash: &Path) -> ChildLink {
    let mut words = words(board, flash);
    let count = words.iter().position(|word| word == "-icount").unwrap();
    words.drain(count..count + 2);
    start(words)
}

fn words(board: &Board, flash: &Path) -> Vec<OsString> {
    let Some(Runner::Qemu { machine, .. }) = &board.runner else { panic!("{} is not emulated", board.name) };
    let built = Path::new(env!("CARGO_BIN_EXE_host-compiler")).ancestors().nth(2).unwrap().join("boards");
    let firmware = built.join(&board.name).join("firmware.elf");
    arguments(board, machine, "stdio,id=link,signal=off", &firmware, Some(flash))
}

fn start(words: Vec<OsString>) -> ChildLink {
    let mut command = ended_with_us(EMULATOR);
    command.args(words);
    ChildLink::start(command).unwrap().ended_at_once()
}
