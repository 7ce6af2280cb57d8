//! `examples/c-firmware`: the model and the runtime in one library, and as an object beside the runtime's own; a robot
//! that a host times. With clang, and where it is installed with gcc.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::debug_port::{self, Robot};
use super::{BOARD, emulator};
use crate::numpy::Array;
use crate::{board, process, workspace};

/// How far the network is from the sine at most, and half of the last decimal printed.
const TOLERANCE: f64 = 0.0193 + 0.0005;
/// A board with the same memory map and a Cortex-M7.
const LARGER: &str = "mps2-an500";
/// The other compiler the Makefile knows, and how it calls it.
const GCC: (&str, &str) = ("arm-none-eabi-gcc", "gcc");
const CLANG: &str = "clang";
/// Numbers it prints the sine of.
const NUMBERS: usize = 13;
/// What the programs use of the stack besides the runtime; they check for the same.
const OWN_STACK: u64 = 512;

fn folder() -> PathBuf {
    workspace::root().join("examples/c-firmware")
}

/// The example's images.
pub struct Images {
    /// With the model and the runtime in one library, and with the model as an object.
    own: [PathBuf; 2],
    /// With a model for the larger board's processor.
    larger: PathBuf,
    /// The robot.
    robot: PathBuf,
    /// With the model in the library, by gcc, if that is installed.
    by_gcc: Option<PathBuf>,
}

/// Makes all with this toolchain; the image that is not the robot's.
fn make(compiler: &Path, board: &str, toolchain: &str) -> Result<PathBuf> {
    let mut make = Command::new("make");
    make.arg("--always-make").arg("--directory").arg(folder());
    make.env("LATHE_BOARDS", board::cargo_folder().with_file_name(""));
    process::run(
        make.arg(format!("HOST_COMPILER={}", compiler.display()))
            .args([format!("BOARD={board}"), format!("TOOLCHAIN={toolchain}")]),
    )?;
    Ok(folder().join("firmware.elf"))
}

/// Builds the example in every way.
pub fn build(compiler: &Path) -> Result<Images> {
    let larger = folder().join("larger.elf");
    fs::rename(make(compiler, LARGER, CLANG)?, &larger)?;
    let by_gcc = process::on_path(GCC.0).then(|| make_with_gcc(compiler)).transpose()?;
    let library = make(compiler, BOARD, CLANG)?;
    let mut compile = Command::new(compiler);
    compile.current_dir(folder()).args(["compile", "sine.onnx", "--board", BOARD, "--emit", "c-object"]);
    process::run(compile.args(["-o", "sine.o"]))?;
    let mut link = Command::new("ld.lld-19");
    link.current_dir(folder()).args(["--gc-sections", "-T", "mps2-an386.ld", "main.o", "board.o", "print.o", "sine.o"]);
    let target = board::find(BOARD)?.target;
    process::run(link.arg(board::c_library(&target)).args(["-o", "from-object.elf"]))?;
    let own = [library, folder().join("from-object.elf")];
    Ok(Images { own, larger, robot: folder().join("robot.elf"), by_gcc })
}

/// Makes all with gcc, which has an opinion of its own on what deserves a warning: these are errors.
fn make_with_gcc(compiler: &Path) -> Result<PathBuf> {
    let image = folder().join("by-gcc.elf");
    fs::rename(make(compiler, BOARD, GCC.1)?, &image)?;
    Ok(image)
}

/// Runs the images: right numbers, on no more stack than the model's header says; and a processor that lacks what the
/// model needs says so.
pub fn check(images: &Images) -> Result<String> {
    let allowed = promised_stack()? + OWN_STACK;
    let mut used = 0;
    let [library, object] = &images.own;
    let by_gcc = images.by_gcc.as_ref().map(|image| (BOARD, image));
    let all = by_gcc.into_iter().chain([(BOARD, library), (BOARD, object), (LARGER, &images.larger)]);
    for (board, image) in all {
        let lines = emulator::run(board, image)?;
        let sines: Vec<(f64, f64)> = lines.iter().filter_map(|line| sine(line)).collect();
        ensure!(sines.len() == NUMBERS, "{} sines instead of {NUMBERS}", sines.len());
        for (x, y) in sines {
            ensure!((y - x.sin()).abs() <= TOLERANCE, "sine of {x} is {}, not {y}", x.sin());
        }
        used = stack(&lines, allowed)?;
    }
    let refused = emulator::run(BOARD, &images.larger).err().context("a Cortex-M4 runs a model for a Cortex-M7")?;
    let words = "needs its feature fp-armv8d16sp, which this CPU lacks";
    ensure!(format!("{refused:#}").contains(words), "not refused for what it lacks: {refused:#}");
    let gcc = match by_gcc {
        Some(_) => "by gcc too".to_owned(),
        None => format!("NOT by gcc: {} is not installed", GCC.0),
    };
    Ok(format!("C: {NUMBERS} right answers, {used} bytes of stack, {gcc}"))
}

/// Bytes of stack in use, not more than `allowed`.
fn stack(lines: &[String], allowed: u64) -> Result<u64> {
    let used = *emulator::figures(lines, "stack:", "bytes")?.first().context("no figure")?;
    ensure!(used <= allowed, "{used} bytes of stack in use, {allowed} promised");
    Ok(used)
}

/// A host times the network while the robot works; the network computes the sine of a number for each round.
pub fn check_debug_port(compiler: &Path, images: &Images) -> Result<String> {
    let artifact = &folder().join("sine.lathe");
    let is_right = |round, outputs: &[f64]| matches!(outputs, [y] if (y - angle(round).sin()).abs() <= TOLERANCE);
    let robot = Robot { image: &images.robot, artifact, input: "x", values, is_right };
    let (told, last) = debug_port::check(compiler, &robot)?;
    let header = workspace::root().join("device-runtime/c-api/include/lathe.h");
    let server_stack = defined(&header, "LATHE_SERVER_STACK_BYTES")?;
    let used = stack(&last, promised_stack()? + server_stack + OWN_STACK)?;
    Ok(format!("{told}, {used} bytes of stack"))
}

fn angle(round: u32) -> f64 {
    f64::from(round % 12) * 0.5 + 0.25
}

fn values(round: u32) -> Array {
    Array { descr: "<f4".into(), shape: vec![1, 1], bytes: (angle(round) as f32).to_le_bytes().to_vec() }
}

/// `sine of 0.500 is 0.471` as its two numbers.
fn sine(line: &str) -> Option<(f64, f64)> {
    let (x, y) = line.strip_prefix("sine of ")?.split_once(" is ")?;
    Some((x.parse().ok()?, y.parse().ok()?))
}

/// What the generated header says that loading and running need.
fn promised_stack() -> Result<u64> {
    defined(&folder().join("sine.h"), "LATHE_MODEL_SINE_STACK_BYTES")
}

/// The number that a header defines `name` as.
fn defined(header: &Path, name: &str) -> Result<u64> {
    let text = fs::read_to_string(header)?;
    let mut words = text.split_whitespace().skip_while(|word| *word != name);
    Ok(words.nth(1).with_context(|| format!("{} does not define {name}", header.display()))?.parse()?)
}
