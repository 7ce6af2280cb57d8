//! The AArch64 side: the device server builds, its crates' tests run under qemu-aarch64, and the numeric suite and models
//! do.

use anyhow::{Result, ensure};

use crate::models::{self, Target};
use crate::steps::Done;
use crate::toolchain::{AARCH64, Toolchain};
use crate::{build, process};

/// Crates whose tests need nothing of the compiler.
const DEVICE_TESTS: [&str; 4] = ["lathe-artifact", "lathe-executor", "lathe-runtime-std", "rpc-protocol"];
/// Runs an AArch64 program on another machine; cargo starts it as `.cargo/config.toml` says.
const EMULATOR: &str = "qemu-aarch64";
/// Multiply-adds of a model that is still quick under emulation.
const EMULATED_MACS: u64 = 400_000_000;

/// Builds for AArch64 and runs what this machine can emulate.
pub fn run() -> Result<Done> {
    build::device_server_aarch64()?;
    if !process::on_path(EMULATOR) {
        return Ok(Done::Skipped(format!("built, not run: {EMULATOR} is not installed")));
    }
    let mut tests = Toolchain::for_target(AARCH64)?.cargo("test");
    for package in DEVICE_TESTS {
        tests.args(["--package", package]);
    }
    process::run(tests.args(["--lib", "--tests"]))?;
    build::ignored_tests("numeric", &[])?;
    emulated_models()
}

/// The small trained models of the catalogue beside the project; a fresh user's machine has none.
fn emulated_models() -> Result<Done> {
    let Some(folder) = models::beside() else {
        return Ok(Done::Passed("device tests, numeric suite; no folder ../shared/models for models".into()));
    };
    let mut chosen = models::catalogue(&folder, &models::expanded())?;
    chosen.retain(|model| model.is_trained() && model.macs() <= EMULATED_MACS);
    let target = Target::new("aarch64-linux".into(), None);
    let (right, wrong) = models::check(&chosen, &target)?;
    ensure!(wrong == 0, "{wrong} of {} models are wrong under {EMULATOR}", right + wrong);
    Ok(Done::Passed(format!("device tests, numeric suite, {right} models")))
}
