//! The runtime for firmware in C: a static library for each processor, beside the boards' firmware.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::places::{built, cargo_folder};
use crate::lay::lay_finished;
use crate::process;
use crate::toolchain::{Toolchain, firmware_target};

/// What the boards' workspace sets for its firmware, for a package of ours: all of it, so that what both are made of is
/// compiled once.
const PROFILE: [&str; 7] = [
    "profile.release.opt-level='z'",
    "profile.release.package.'*'.opt-level='z'",
    "profile.release.codegen-units=1",
    "profile.release.lto='fat'",
    "profile.release.panic='abort'",
    "profile.release.debug='line-tables-only'",
    "profile.release.incremental=false",
];
/// From the package `llvm-19`.
const STRIPPER: &str = "llvm-objcopy-19";

/// Where the library for artifacts of `target` is once it is built.
pub fn c_library(target: &str) -> PathBuf {
    built().join(target).join("liblathe.a")
}

/// Builds the library for artifacts of `target` and lays it where `host-compiler` finds it.
pub fn build_c_library(target: &str) -> Result<()> {
    let toolchain = Toolchain::for_target(firmware_target(target)?)?;
    let mut cargo = toolchain.cargo_into("rustc", &cargo_folder());
    cargo.args(["--package", "lathe-c-api", "--lib", "--no-default-features", "--crate-type", "staticlib"]);
    for setting in PROFILE {
        cargo.args(["--config", setting]);
    }
    process::run(&mut cargo)?;
    let library = toolchain.output_in(&cargo_folder()).join("liblathe.a");
    let symbols = cannot_panic(&library)?;
    ensure!(symbols.contains(" T lathe_load"), "{} has no lathe_load", library.display());
    let laid = c_library(target);
    lay_finished(&library, &laid, |copy| process::run(Command::new(STRIPPER).arg("--strip-debug").arg(copy)))?;
    eprintln!("{target}: {}", laid.display());
    Ok(())
}

/// Where everything is linked together, what is not reached is not there: neither a panic handler nor what leads to it.
/// Gives the image's symbols.
pub fn cannot_panic(image: &Path) -> Result<String> {
    let symbols = process::capture(Command::new("llvm-nm-19").arg(image))?;
    let panics: Vec<&str> = symbols.lines().filter(|symbol| symbol.contains("panic")).collect();
    ensure!(panics.is_empty(), "{} can panic:\n{}", image.display(), panics.join("\n"));
    Ok(symbols)
}
