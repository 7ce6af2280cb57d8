//! Firmware that people write: the C interface without operating system, and the examples on an emulated board.

mod c_example;
mod debug_port;
mod emulator;
mod robot_example;

use anyhow::Result;

use crate::steps::Done;
use crate::{board, build, process, workspace};

/// The board of the examples.
const BOARD: &str = "mps2-an386";

/// Lints the robot's firmware, around its compiled model.
pub fn lint() -> Result<()> {
    robot_example::lint(&build::host_compiler()?)
}

/// Tests the library, builds both examples and runs what this machine can emulate.
pub fn run() -> Result<Done> {
    let mut tests = workspace::cargo();
    tests.args(["test", "--release", "--package", "lathe-c-api", "--lib", "--no-default-features"]);
    process::run(&mut tests)?;
    board::build(&board::find(BOARD)?)?;
    let compiler = build::host_compiler()?;
    let in_c = c_example::build(&compiler)?;
    let robot = robot_example::build(&compiler, &[])?;
    if !process::on_path(emulator::PROGRAM) {
        return Ok(Done::Skipped(format!("built, not run: {} is not installed", emulator::PROGRAM)));
    }
    let sines = c_example::check(&in_c)?;
    let c_served = c_example::check_debug_port(&compiler, &in_c)?;
    let kept = robot_example::check(&robot)?;
    let served = robot_example::check_debug_port(&compiler, &robot)?;
    robot_example::check_that_it_can_fail(&compiler)?;
    Ok(Done::Passed(format!("{sines}; at the debug port: {c_served}; {kept}; at the debug port: {served}")))
}
