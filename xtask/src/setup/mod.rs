//! `cargo xtask setup`: what has to be on the machine, what is missing, and installing it.
//!
//! Nothing is downloaded when nothing is missing, so every verb may ask for it first.

mod packages;
mod system;

use std::process::Command;

use anyhow::{Result, bail};

use crate::arguments::Arguments;
use crate::process;
use crate::toolchain::{self, AARCH64, MICROCONTROLLERS, Toolchain};
use crate::{build, builtins};
use packages::Missing;
use system::System;

/// The verb: installs what is missing and builds the device server for AArch64, or with `--check` only tells.
pub fn run(mut arguments: Arguments) -> Result<()> {
    let only_check = arguments.flag("--check");
    arguments.nothing_more()?;
    if only_check {
        return check();
    }
    ensure()?;
    build::device_server_aarch64()
}

/// Installs what is missing, and lays down what building the compiler takes beside packages.
pub fn ensure() -> Result<()> {
    let system = System::read()?;
    let mut missing = Missing::find();
    missing.add_rust(add_rustup_targets(), &system)?;
    if missing.is_empty() {
        eprintln!("setup: everything is installed");
    } else {
        eprintln!("setup: missing on {}: {}", system.name, missing.list());
        missing.install()?;
        let left = Missing::find();
        if !left.is_empty() {
            bail!("still missing after the installation: {}", left.list());
        }
    }
    report()?;
    builtins::build()
}

fn check() -> Result<()> {
    let system = System::read()?;
    let mut missing = Missing::find();
    let targets: Vec<_> = wanted().filter(|target| toolchain::source_of(target).is_none()).collect();
    missing.add_rust(targets, &system)?;
    if !missing.is_empty() {
        println!("{}", missing.command());
        bail!("missing on {}: {}", system.name, missing.list());
    }
    report()
}

/// One line per target on where its Rust comes from.
fn report() -> Result<()> {
    for target in wanted() {
        eprintln!("setup: {}", Toolchain::for_target(target)?.describe());
    }
    Ok(())
}

fn wanted() -> impl Iterator<Item = &'static str> {
    [AARCH64].into_iter().chain(MICROCONTROLLERS)
}

/// Asks rustup for the targets that nothing here builds for; returns those it could not give.
fn add_rustup_targets() -> Vec<&'static str> {
    let mut missing: Vec<_> = wanted().filter(|target| toolchain::source_of(target).is_none()).collect();
    if !missing.is_empty() && process::on_path("rustup") {
        // A failure here is no error: Debian's packages are the other way.
        let added = process::run(Command::new("rustup").args(["target", "add"]).args(&missing));
        if let Err(error) = added {
            eprintln!("setup: {error:#}");
        }
        missing.retain(|target| toolchain::source_of(target).is_none());
    }
    missing
}
