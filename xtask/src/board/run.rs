//! An artifact on an emulated board: what it is, that its self-test passes, and how long a run takes.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::build::build;
use super::description::Board;
use crate::build::host_compiler;
use crate::process;

/// Builds what is needed, starts the board with the artifact in its flash, and shows what it answers.
pub fn run(board: &Board, artifact: &str) -> Result<()> {
    ensure!(
        Path::new(artifact).is_file(),
        "{artifact} is no file: `host-compiler compile --board {}` makes one",
        board.name
    );
    build(board)?;
    let compiler = host_compiler()?;
    let device = format!("qemu:{}", board.name);
    let options = ["--device", &device, "--number", "1", "--repeat", "1", "--min-repeat-ms", "0"];
    process::run(Command::new(compiler).args(["time", artifact]).args(options))
}
