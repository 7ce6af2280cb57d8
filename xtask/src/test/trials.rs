//! Kernels right and bad in random order, on this machine and emulated: each is told for what it is, and every right one
//! stays right.

use std::process::Command;

use anyhow::Result;

use crate::steps::Done;
use crate::{build, process};

/// Runs AArch64 programs on another machine.
const EMULATOR: &str = "qemu-aarch64";
/// What an endless loop costs each time; right kernels take a fraction of a millisecond.
const LIMIT_MS: &str = "250";
/// Trials on this machine, and emulated.
const TRIALS: (u32, u32) = (1000, 200);

/// Builds what it needs and runs the suite on every device there is.
pub fn run() -> Result<Done> {
    let compiler = build::host_compiler()?;
    build::program("device-server")?;
    let suite = |device: &str, trials: u32| {
        let trials = trials.to_string();
        process::run(Command::new(&compiler).args([
            "trial",
            "--suite",
            &trials,
            "--limit-ms",
            LIMIT_MS,
            "--device",
            device,
        ]))
    };
    suite("local", TRIALS.0)?;
    if !process::on_path(EMULATOR) {
        return Ok(Done::Skipped(format!(
            "the emulated ARM's part: {EMULATOR} is not installed; {} trials here passed",
            TRIALS.0
        )));
    }
    build::device_server_aarch64()?;
    suite("qemu:aarch64-linux", TRIALS.1)?;
    Ok(Done::Passed(format!("{} trials here, {} under {EMULATOR}", TRIALS.0, TRIALS.1)))
}
