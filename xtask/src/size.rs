//! `cargo xtask size`: bytes of the device side on each microcontroller target.
//!
//! Each crate is built as it ships, and the sections of its objects are added up: `text` is code and constant data
//! that lie in flash, `data` is initialised RAM, `bss` is zeroed RAM. A program that links the crate drops what it
//! does not call, so these are upper bounds.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use std::fs;

use crate::arguments::Arguments;
use crate::process;
use crate::toolchain::{MICROCONTROLLERS, Toolchain};

/// Crates that run without an operating system.
pub const DEVICE_CRATES: [&str; 4] = ["lathe-artifact", "lathe-executor", "rpc-protocol", "device-runtime"];
/// From the package `llvm-19`.
const SIZE_TOOL: &str = "llvm-size-19";

/// Bytes of one crate.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sizes {
    text: u64,
    data: u64,
    bss: u64,
}

/// The verb: a table.
pub fn run(arguments: Arguments) -> Result<()> {
    arguments.nothing_more()?;
    println!("{:<16} {:<24} {:>8} {:>8} {:>8}", "crate", "target", "text", "data", "bss");
    for target in MICROCONTROLLERS {
        let toolchain = Toolchain::for_target(target)?;
        build(&toolchain)?;
        for package in DEVICE_CRATES {
            let sizes = measure(&library(&toolchain, package)?)?;
            println!("{package:<16} {target:<24} {:>8} {:>8} {:>8}", sizes.text, sizes.data, sizes.bss);
        }
    }
    Ok(())
}

/// Builds the device crates without std for one target.
pub fn build(toolchain: &Toolchain) -> Result<()> {
    eprintln!("{}", toolchain.describe());
    let mut cargo = toolchain.cargo("build");
    for package in DEVICE_CRATES {
        cargo.args(["--package", package]);
    }
    process::run(&mut cargo)
}

fn library(toolchain: &Toolchain, package: &str) -> Result<PathBuf> {
    let name = format!("lib{}.rlib", package.replace('-', "_"));
    let path = toolchain.output().join(name);
    if !path.is_file() {
        bail!("{} was not built", path.display());
    }
    Ok(path)
}

fn measure(library: &Path) -> Result<Sizes> {
    // The archive's copy without rustc's metadata member, which the tool cannot read.
    let folder = library.with_extension("objects");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    process::capture(Command::new("llvm-ar-19").arg("x").arg(library).current_dir(&folder))?;
    let mut total = Sizes::default();
    for entry in fs::read_dir(&folder)? {
        let object = entry?.path();
        if object.extension().is_some_and(|extension| extension == "o") {
            let told = process::capture(Command::new(SIZE_TOOL).arg("--format=berkeley").arg(&object))?;
            let sizes = parse(&told).with_context(|| format!("{SIZE_TOOL} on {}", object.display()))?;
            total = Sizes { text: total.text + sizes.text, data: total.data + sizes.data, bss: total.bss + sizes.bss };
        }
    }
    fs::remove_dir_all(&folder)?;
    Ok(total)
}

/// The first three numbers of the tool's second line.
fn parse(told: &str) -> Option<Sizes> {
    let mut numbers = told.lines().nth(1)?.split_whitespace().map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    Some(Sizes { text: next()?, data: next()?, bss: next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_table_is_read() {
        let told =
            "   text\t   data\t    bss\t    dec\t    hex\tfilename\n    120\t      4\t     16\t    140\t     8c\ta.o\n";
        assert_eq!(parse(told), Some(Sizes { text: 120, data: 4, bss: 16 }));
        assert_eq!(parse("nothing"), None);
    }
}
