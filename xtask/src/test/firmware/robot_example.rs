//! `examples/robot-firmware`: control keeps its period while a network runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};

use super::{BOARD, emulator};
use crate::toolchain::{Toolchain, firmware_target};
use crate::{board, process, workspace};

const PACKAGE: &str = "robot-firmware";
/// Periods it runs for.
const PERIODS: u64 = 10_000;
/// Inferences at the least in that time: a fifth of what the emulated board does.
const LEAST_RUNS: u64 = 500;

/// Makes the network, compiles it, and builds the example around it; the image.
pub fn build(compiler: &Path, features: &[&str]) -> Result<PathBuf> {
    let folder = workspace::root().join("examples/robot-firmware");
    let script = workspace::root().join("examples/models/vibration.py");
    let (model, artifact) = (folder.join("vibration.onnx"), folder.join("vibration.lathe"));
    process::run(Command::new("python3").arg("-B").arg(script).arg(&model))?;
    let mut compile = Command::new(compiler);
    process::run(compile.arg("compile").arg(model).args(["--board", BOARD, "-o"]).arg(artifact))?;
    let toolchain = Toolchain::for_target(firmware_target(&board::find(BOARD)?.target)?)?;
    let mut cargo = toolchain.cargo_into("build", &board::cargo_folder());
    cargo.arg("--manifest-path").arg(board::folder().join("Cargo.toml")).args(["--package", PACKAGE]);
    process::run(cargo.args(["--features", &features.join(",")]))?;
    Ok(toolchain.output_in(&board::cargo_folder()).join(PACKAGE))
}

/// No period is missed and no answer wrong. Time follows the instructions, so that this holds on every machine or on
/// none.
pub fn check(image: &Path) -> Result<String> {
    let lines = emulator::run(BOARD, image)?;
    ensure!(lines.iter().any(|line| line == "self-test: passed"), "the self-test failed");
    let [periods, _, missed] = emulator::figures(&lines, "control:", "missed")?[..] else {
        bail!("the line on missed periods has other figures")
    };
    ensure!(periods == PERIODS && missed == 0, "{missed} of {periods} periods missed");
    let [runs, right, judged] = emulator::figures(&lines, "inference:", "judged")?[..] else {
        bail!("the line on inferences has other figures")
    };
    ensure!(runs >= LEAST_RUNS && judged >= runs / 2, "{runs} inferences, {judged} judged");
    ensure!(right == judged, "{} of {judged} answers are wrong", judged - right);
    Ok(format!("robot: 0 of {periods} periods missed, {right} of {judged} answers right"))
}

/// Where control has to wait for kernels, the same firmware counts missed periods.
pub fn check_that_it_can_fail(compiler: &Path) -> Result<()> {
    let lines = emulator::run(BOARD, &build(compiler, &["no-preemption"])?)?;
    let missed = emulator::figures(&lines, "control:", "missed")?.pop();
    ensure!(missed.is_some_and(|missed| missed > 0), "without preemption it misses no period: it does not notice");
    Ok(())
}
