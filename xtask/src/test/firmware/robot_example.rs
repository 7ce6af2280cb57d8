//! `examples/robot-firmware`: control keeps its period while a network runs, and while a host times it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};

use super::debug_port::{self, Robot};
use super::{BOARD, emulator};
use crate::numpy::Array;
use crate::toolchain::{Toolchain, firmware_target};
use crate::{board, process, workspace};

const PACKAGE: &str = "robot-firmware";
/// What can be switched on: kernels are not interrupted, and control misses periods.
const NO_PREEMPTION: &str = "no-preemption";
/// Periods it runs for.
const PERIODS: u64 = 10_000;
/// Inferences at the least in that time: a fifth of what the emulated board does.
const LEAST_RUNS: u64 = 500;
/// Samples of the network's input, and the frequencies it tells apart.
const SAMPLES: u32 = 256;
const CLASSES: u32 = 8;

fn folder() -> PathBuf {
    workspace::root().join("examples/robot-firmware")
}

/// Makes the network and compiles it to where the example's code takes it from.
fn make_model(compiler: &Path) -> Result<()> {
    let script = workspace::root().join("examples/models/vibration.py");
    let (model, artifact) = (folder().join("vibration.onnx"), folder().join("vibration.lathe"));
    process::run(Command::new("python3").arg("-B").arg(script).arg(&model))?;
    let mut compile = Command::new(compiler);
    process::run(compile.arg("compile").arg(model).args(["--board", BOARD, "-o"]).arg(artifact))
}

/// clippy over the example, as it is and without preemption.
pub fn lint(compiler: &Path) -> Result<()> {
    make_model(compiler)?;
    let target = board::find(BOARD)?.target;
    [&[][..], &[NO_PREEMPTION]].into_iter().try_for_each(|features| board::lint_package(PACKAGE, &target, features))
}

/// Builds the example around its network; the image.
pub fn build(compiler: &Path, features: &[&str]) -> Result<PathBuf> {
    make_model(compiler)?;
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

/// A host times the network while the robot works; the network hears the frequency of each round.
pub fn check_debug_port(compiler: &Path, image: &Path) -> Result<String> {
    let artifact = &folder().join("vibration.lathe");
    let robot = Robot { image, artifact, input: "signal", values: vibration, is_right: hears };
    Ok(debug_port::check(compiler, &robot)?.0)
}

/// A cosine of the frequency that the network calls `round % CLASSES`: see `examples/models/vibration.py`.
fn vibration(round: u32) -> Array {
    let turn = std::f64::consts::TAU * f64::from(3 + 3 * (round % CLASSES)) / 64.0;
    let samples = (0..SAMPLES).flat_map(|i| (0.5 * (turn * f64::from(i)).cos() as f32).to_le_bytes());
    Array { descr: "<f4".into(), shape: vec![1, 1, 1, SAMPLES as usize], bytes: samples.collect() }
}

/// Whether the energies are that frequency's, and no other's: that of a cosine of 0.5 is its square.
fn hears(round: u32, energies: &[f64]) -> bool {
    let expected = |class: u32| if class == round % CLASSES { 0.25 } else { 0.0 };
    let near = |(class, energy): (u32, &f64)| (energy - expected(class)).abs() < 1e-3;
    energies.len() == CLASSES as usize && (0..).zip(energies).all(near)
}

/// Where control has to wait for kernels, the same firmware counts missed periods.
pub fn check_that_it_can_fail(compiler: &Path) -> Result<()> {
    let lines = emulator::run(BOARD, &build(compiler, &[NO_PREEMPTION])?)?;
    let missed = emulator::figures(&lines, "control:", "missed")?.pop();
    ensure!(missed.is_some_and(|missed| missed > 0), "without preemption it misses no period: it does not notice");
    Ok(())
}
