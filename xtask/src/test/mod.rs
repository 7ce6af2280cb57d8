//! `cargo xtask test` and `ci`: every check of the project, as a person types it and as CI runs it.

mod across;
mod boards;
mod firmware;
mod links;
mod node_tests;
mod trials;

use anyhow::{Result, ensure};

use crate::arguments::Arguments;
use crate::models::{self, Model, Target};
use crate::steps::{self, Done, Step};
use crate::{board, build, builtins, process, setup, size, tidy, workspace};

const STEPS: &[Step] = &[
    Step { name: "tidy", about: "the house rules", run: run_tidy },
    Step { name: "format", about: "cargo fmt --check", run: check_format },
    Step { name: "lint", about: "cargo clippy, warnings are errors", run: lint },
    Step { name: "cargo", about: "cargo test --release --workspace", run: cargo_test },
    Step { name: "nodes", about: "the ONNX standard's node tests", run: node_tests::run },
    Step { name: "models", about: "trained models against recorded outputs", run: check_models },
    Step {
        name: "aarch64",
        about: "the device side, the numeric suite and small models for AArch64 under qemu",
        run: across::run,
    },
    Step { name: "links", about: "models over TCP and a serial line", run: links::run },
    Step { name: "trials", about: "bad kernels told apart, here and under qemu-aarch64", run: trials::run },
    Step {
        name: "boards",
        about: "firmware of every board; emulated: a small model, the catalogue's",
        run: boards::run,
    },
    Step {
        name: "firmware",
        about: "the runtime for firmware in C; the firmware examples, emulated",
        run: firmware::run,
    },
    Step { name: "size", about: "flash taken by each part of the runtime, against its budget", run: measure_size },
    Step { name: "demo", about: "the README's first command", run: demo },
];

/// The verb: runs all steps, or those chosen with `--only`.
pub fn run(mut arguments: Arguments) -> Result<()> {
    let list = arguments.flag("--list");
    let only = arguments.values("--only")?;
    arguments.nothing_more()?;
    if list {
        for step in STEPS {
            println!("{:<8} {}", step.name, step.about);
        }
        return Ok(());
    }
    for name in &only {
        ensure!(STEPS.iter().any(|step| step.name == name), "there is no step `{name}`; --list shows them");
    }
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)).collect();
    steps::run_all(&chosen)
}

/// The verb: installs what is missing, then tests.
pub fn ci(arguments: Arguments) -> Result<()> {
    arguments.nothing_more()?;
    setup::ensure()?;
    run(Arguments::new(Vec::new()))
}

fn run_tidy() -> Result<Done> {
    tidy::run(Arguments::new(Vec::new()))?;
    Done::passed()
}

fn check_format() -> Result<Done> {
    if !process::succeeds(workspace::cargo().args(["fmt", "--version"])) {
        return Ok(Done::Skipped("rustfmt is not installed".into()));
    }
    for manifest in ["Cargo.toml", "boards/Cargo.toml"] {
        process::run(workspace::cargo().args(["fmt", "--all", "--check", "--manifest-path", manifest]))?;
    }
    Done::passed()
}

/// clippy with its default lints and those the workspace's manifest sets.
fn lint() -> Result<Done> {
    if !process::succeeds(workspace::cargo().args(["clippy", "--version"])) {
        return Ok(Done::Skipped("clippy is not installed".into()));
    }
    let mut clippy = workspace::cargo();
    clippy.args(["clippy", "--release", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]);
    process::run(&mut clippy)?;
    board::lint()?;
    firmware::lint()?;
    Done::passed()
}

fn cargo_test() -> Result<Done> {
    builtins::build()?;
    process::run(workspace::cargo().args(["test", "--release", "--workspace"]))?;
    Done::passed()
}

fn measure_size() -> Result<Done> {
    size::run(Arguments::new(Vec::new()))?;
    Done::passed()
}

/// The trained models of a catalogue beside the project; a fresh user's machine has none.
fn check_models() -> Result<Done> {
    let Some(folder) = models::beside() else {
        return Ok(Done::Skipped("no folder ../shared/models beside the project".into()));
    };
    let mut models = models::catalogue(&folder, &models::expanded())?;
    models.retain(Model::is_trained);
    let target = Target::new("x86_64-linux".into(), None);
    let (right, wrong) = models::check(&models, &target)?;
    ensure!(wrong == 0, "{wrong} models of {} are wrong", right + wrong);
    Ok(Done::Passed(format!("{right} models")))
}

fn demo() -> Result<Done> {
    build::host_compiler()?;
    crate::demo::run(Arguments::new(Vec::new()))?;
    Done::passed()
}
