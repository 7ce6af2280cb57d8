//! An emulated board, spoken to without the program.

use std::path::Path;
use std::process::Command;

use lathe_driver::boards::{Board, Runner};
use rpc_protocol::client::ChildLink;

/// Starts the board with its built firmware and what is at `flash` where artifacts are in flash.
pub fn link_of(board: &Board, flash: &Path) -> ChildLink {
    let Some(Runner::Qemu { machine }) = &board.runner else { panic!("{} is not emulated", board.name) };
    let firmware = Path::new(env!("CARGO_BIN_EXE_host-compiler")).ancestors().nth(2).unwrap();
    let mut command = Command::new("qemu-system-arm");
    command.args(["-machine", machine, "-display", "none", "-monitor", "none", "-icount", "shift=0"]);
    command.args(["-chardev", "stdio,id=link,signal=off", "-serial", "chardev:link", "-kernel"]);
    command.arg(firmware.join("boards").join(&board.name).join("firmware.elf"));
    let (address, file) = (board.artifact_address(), flash.display());
    command.args(["-device", &format!("loader,force-raw=on,file={file},addr={address:#x}")]);
    ChildLink::start(command).unwrap().ended_at_once()
}
