//! Building the project's own programs, and saying where they are.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::toolchain::{AARCH64, Toolchain};
use crate::{process, workspace};

/// The compiler, built for this machine.
pub fn host_compiler() -> Result<PathBuf> {
    program("host-compiler")
}

/// A program of the workspace, built for this machine. With `--workspace` cargo chooses the same features of every
/// dependency as for the tests, and builds none of them twice.
pub fn program(name: &str) -> Result<PathBuf> {
    process::run(workspace::cargo().args(["build", "--release", "--workspace", "--bin", name]))?;
    let path = workspace::target().join("release").join(name);
    if !path.is_file() {
        bail!("cargo built no {}", path.display());
    }
    Ok(path)
}

/// The device server for AArch64 Linux, laid beside the compiler as `device-server-aarch64`: there
/// `--device qemu:aarch64-linux` finds it, whichever Rust built it.
pub fn device_server_aarch64() -> Result<()> {
    let toolchain = Toolchain::for_target(AARCH64)?;
    eprintln!("{}", toolchain.describe());
    process::run(toolchain.cargo("build").args(["--package", "device-server"]))?;
    let beside = workspace::target().join("release/device-server-aarch64");
    if let Some(folder) = beside.parent() {
        fs::create_dir_all(folder)?;
    }
    // Laid down whole: another run may be starting the one that is there.
    let partial = beside.with_extension("partial");
    fs::copy(toolchain.output().join("device-server"), &partial).context("cargo built no device-server")?;
    fs::rename(&partial, &beside)?;
    Ok(())
}
