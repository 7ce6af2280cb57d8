//! Building the project's own programs, and saying where they are.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::toolchain::{AARCH64, Toolchain};
use crate::{process, workspace};

/// The compiler, built for this machine.
pub fn host_compiler() -> Result<PathBuf> {
    program("host-compiler", "host-compiler")
}

/// A program of the workspace, built for this machine.
pub fn program(package: &str, name: &str) -> Result<PathBuf> {
    process::run(workspace::cargo().args(["build", "--release", "--package", package, "--bin", name]))?;
    let path = workspace::target().join("release").join(name);
    if !path.is_file() {
        bail!("cargo built no {}", path.display());
    }
    Ok(path)
}

/// The device server for AArch64 Linux: what `--device qemu:aarch64-linux` starts under qemu.
pub fn device_server_aarch64() -> Result<PathBuf> {
    let toolchain = Toolchain::for_target(AARCH64)?;
    eprintln!("{}", toolchain.describe());
    process::run(toolchain.cargo("build").args(["--package", "device-server"]))?;
    Ok(toolchain.output().join("device-server"))
}

/// Tells a run of the compiler where the AArch64 device server is.
pub fn with_device_server(command: &mut Command, server: &std::path::Path) {
    command.env("LATHE_DEVICE_SERVER_AARCH64", server);
}
