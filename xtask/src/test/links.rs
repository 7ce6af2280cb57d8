//! Links: the program runs models over TCP and over a serial line, natively and on an emulated ARM.

use anyhow::Result;

use crate::steps::Done;
use crate::{build, process, workspace};

/// Runs the device server of AArch64 on another machine.
const EMULATOR: &str = "qemu-aarch64";
/// The test that needs it.
const EMULATED: &str = "a_model_runs_over_tcp_on_an_emulated_arm";

/// Builds the device servers and runs the tests that need them.
pub fn run() -> Result<Done> {
    build::program("device-server")?;
    let mut tests = workspace::cargo();
    tests.args(["test", "--release", "--package", "host-compiler", "--test", "links", "--", "--ignored"]);
    if !process::on_path(EMULATOR) {
        process::run(tests.args(["--skip", EMULATED]))?;
        return Ok(Done::Skipped(format!("the emulated ARM's part: {EMULATOR} is not installed; the rest passed")));
    }
    build::device_server_aarch64()?;
    process::run(&mut tests)?;
    Done::passed()
}
