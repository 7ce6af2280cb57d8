//! The runtime for firmware in C: a static library for each processor, beside the boards' firmware.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::build::{built, cargo_folder};
use crate::process;
use crate::toolchain::{Toolchain, firmware_target};

/// What the boards' workspace sets for its firmware, for a package of ours.
const PROFILE: [&str; 6] = [
    "profile.release.opt-level='z'",
    "profile.release.package.'*'.opt-level='z'",
    "profile.release.codegen-units=1",
    "profile.release.lto='fat'",
    "profile.release.panic='abort'",
    "profile.release.incremental=false",
];

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
    fs::create_dir_all(laid.with_file_name(""))?;
    // Laid down whole: another run may be linking the one that is there.
    let partial = laid.with_extension("partial");
    fs::copy(library, &partial).context("cargo built no library")?;
    fs::rename(&partial, &laid)?;
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
