//! Building a board's firmware.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::c_library::build_c_library;
use super::description::{Board, folder};
use super::linux::build_device_server;
use super::places::{built, cargo_folder};
use crate::lay::lay;
use crate::process;
use crate::toolchain::{Toolchain, firmware_target};

/// Where a board's firmware is once it is built.
pub fn firmware(board: &Board) -> PathBuf {
    built().join(&board.name).join("firmware.elf")
}

/// Builds a board's firmware, and the library that takes its place for firmware in C, and lays them where they are
/// found; for a board with Linux, the device server.
pub fn build(board: &Board) -> Result<()> {
    build_with(board, None)
}

/// As [`build`], with a log of what is at least as grave as this level of `defmt`, if one is named.
pub fn build_with(board: &Board, log: Option<&str>) -> Result<()> {
    if board.linux {
        return build_device_server().map(drop);
    }
    build_c_library(&board.target)?;
    let toolchain = Toolchain::for_target(firmware_target(&board.target)?)?;
    let mut cargo = package(&toolchain, &board.name);
    if let Some(level) = log {
        cargo.args(["--features", "defmt"]).env("DEFMT_LOG", level);
    }
    process::run(&mut cargo)?;
    let image = firmware(board);
    lay(&toolchain.output_in(&cargo_folder()).join(&board.name), &image)?;
    eprintln!("{}: {}", board.name, image.display());
    Ok(())
}

/// Builds a package of the boards' workspace into [`cargo_folder`].
pub fn build_package(toolchain: &Toolchain, name: &str) -> Result<()> {
    process::run(&mut package(toolchain, name))
}

/// The command that builds a package of the boards' workspace.
fn package(toolchain: &Toolchain, name: &str) -> Command {
    eprintln!("{}", toolchain.describe());
    let mut cargo = toolchain.cargo_into("build", &cargo_folder());
    cargo.arg("--manifest-path").arg(folder().join("Cargo.toml")).args(["--package", name]);
    cargo
}
