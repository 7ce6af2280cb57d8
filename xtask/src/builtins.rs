//! The functions LLVM calls by itself on microcontrollers, as archives that `host-compiler` embeds when it is built.
//!
//! They are Rust's `compiler_builtins`, from rustup's target or built with Debian's Rust, without what a linker does
//! not need.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::lay::lay_finished;
use crate::toolchain::Toolchain;
use crate::{process, workspace};

/// The targets whose archives serve all: the later ones with a floating-point unit take the last. The list in
/// `host-compiler/codegen/build.rs` is the same.
const TARGETS: [&str; 3] = ["thumbv6m-none-eabi", "thumbv7m-none-eabi", "thumbv7em-none-eabihf"];
/// From the package `llvm-19`.
const ARCHIVER: &str = "llvm-ar-19";
const STRIPPER: &str = "llvm-objcopy-19";

/// Lays the archives into the target folder, where they are not there yet or came from another Rust.
pub fn build() -> Result<()> {
    let folder = workspace::target().join("builtins");
    fs::create_dir_all(&folder)?;
    for target in TARGETS {
        let toolchain = Toolchain::for_target(target)?;
        let (archive, stamp) = (folder.join(format!("{target}.a")), folder.join(format!("{target}.from")));
        let from = toolchain.version()?;
        if archive.is_file() && fs::read_to_string(&stamp).is_ok_and(|last| last == from) {
            continue;
        }
        lay_finished(&toolchain.compiler_builtins()?, &archive, to_archive)?;
        fs::write(&stamp, from)?;
    }
    Ok(())
}

/// Makes a Rust library a plain archive.
fn to_archive(library: &Path) -> Result<()> {
    process::run(Command::new(ARCHIVER).arg("d").arg(library).arg("lib.rmeta"))?;
    process::run(Command::new(STRIPPER).arg("--strip-debug").arg(library))
}
