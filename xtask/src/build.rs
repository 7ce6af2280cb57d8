//! Building the project's own programs, and saying where they are.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::lay::lay;
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

/// The tests named `test` that plain `cargo test` leaves out, since they need more than the compiler: `cargo test` with
/// these arguments. With `--workspace`, for the same reason as in [`program`].
pub fn ignored_tests(test: &str, more: &[&str]) -> Result<()> {
    let mut tests = workspace::cargo();
    tests.args(["test", "--release", "--workspace", "--test", test, "--", "--ignored"]);
    process::run(tests.args(more))
}

/// The device server for AArch64 Linux, laid beside the compiler as `device-server-aarch64`: there
/// `--device qemu:aarch64-linux` finds it, whichever Rust built it.
pub fn device_server_aarch64() -> Result<()> {
    let toolchain = Toolchain::for_target(AARCH64)?;
    eprintln!("{}", toolchain.describe());
    process::run(toolchain.cargo("build").args(["--package", "device-server"]))?;
    lay(&toolchain.output().join("device-server"), &workspace::target().join("release/device-server-aarch64"))
}
