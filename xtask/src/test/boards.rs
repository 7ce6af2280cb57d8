//! The boards: every firmware builds, a copied board does too, and emulated boards compute what the host does.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::board;
use crate::models::{self, FOR_MICROCONTROLLERS, LARGE_BOARDS, Target};
use crate::steps::Done;
use crate::{build, process, workspace};

/// Runs the boards' programs.
const EMULATOR: &str = "qemu-system-arm";
/// A board that exists while it is tested that a copy builds.
const COPY: &str = "copied-board";
/// Trials on each of the large boards, half of them bad, and milliseconds of emulated time after which a loop is abandoned.
const TRIALS: &str = "200";
const LIMIT_MS: &str = "5";
/// What the smallest board holds.
const SMALL: (&str, &[&str]) = ("microbit", &["tflm_hello_float"]);

/// Builds all firmware and runs what this machine can emulate.
pub fn run() -> Result<Done> {
    // With a log first: the firmware that is laid down last is the one without.
    board::build_with(&board::find(LARGE_BOARDS[0])?, Some("debug"))?;
    let (linux, boards): (Vec<_>, Vec<_>) = board::all()?.into_iter().partition(|board| board.linux);
    for board in &boards {
        board::build(board)?;
        // A real board's HAL asserts what it is set up with. The rest is the same on all boards.
        if board.emulated {
            board::cannot_panic(&board::firmware(board))?;
        }
    }
    let mut own = workspace::cargo();
    own.args(["test", "--manifest-path"]).arg(board::folder().join("Cargo.toml")).arg("--target-dir");
    own.arg(board::cargo_folder()).args(["--package", "lathe-drivers", "--package", "lathe-memory-map", "--lib"]);
    process::run(&mut own)?;
    let server = board::build_device_server()?;
    let built = format!("{} boards built, device-server for {} with Linux: {server}", boards.len(), linux.len());
    copy()?;
    if !process::on_path(EMULATOR) {
        return Ok(Done::Skipped(format!("{built}, none run: {EMULATOR} is not installed")));
    }
    for test in ["emulated_boards", "flash", "emulated_trials", "emulated_watchdog", "cortex_m"] {
        build::ignored_tests(test, &[])?;
    }
    let compiler = build::host_compiler()?;
    for board in LARGE_BOARDS {
        let mut suite = Command::new(&compiler);
        suite.args(["trial", "--suite", TRIALS, "--limit-ms", LIMIT_MS, "--device"]).arg(format!("qemu:{board}"));
        process::run(&mut suite)?;
    }
    Ok(match catalogue()? {
        Some(right) => Done::Passed(format!("{built}; {right} models right, emulated")),
        None => {
            Done::Skipped(format!("{built} and tested; the catalogue's models not run: no folder ../shared/models"))
        }
    })
}

/// A copy of a board, under another name, builds.
fn copy() -> Result<()> {
    let (lock, copy) = (board::folder().join("Cargo.lock"), board::folder().join(COPY));
    if copy.exists() {
        // A run that was killed left it, and with it the lock file that names it: cargo drops such names itself.
        fs::remove_dir_all(&copy).context("the copied board of an earlier run")?;
    }
    let locked = fs::read(&lock)?;
    let result = board::create(COPY, &board::find(LARGE_BOARDS[0])?).and_then(|_| board::build(&board::find(COPY)?));
    let image = board::find(COPY).map(|copy| board::firmware(&copy));
    if copy.exists() {
        fs::remove_dir_all(&copy).context("the copied board")?;
    }
    fs::write(&lock, locked)?;
    let built: PathBuf = result.and(image)?;
    Ok(fs::remove_file(built)?)
}

/// How many of the small models of the catalogue beside the project are right, on the boards that hold them and over
/// every link; a fresh user has none.
fn catalogue() -> Result<Option<usize>> {
    let mut total = 0;
    for (board, names) in LARGE_BOARDS.map(|board| (board, &FOR_MICROCONTROLLERS[..])).into_iter().chain([SMALL]) {
        let Some(chosen) = models::named(names)? else { return Ok(None) };
        println!("{board} (emulated)");
        let (right, wrong) = models::check(&chosen, &Target::board(board)?.over_quick_links())?;
        ensure!(wrong == 0, "{wrong} of {} models are wrong on {board}", right + wrong);
        total += right;
    }
    Ok(Some(total))
}
