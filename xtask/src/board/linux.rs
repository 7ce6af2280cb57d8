//! The device server for Linux boards: linked dynamically, since a runtime with a GPU loads the driver's library, and by
//! nothing newer than the oldest of their C libraries has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::places::built;
use crate::lay::lay_finished;
use crate::process;
use crate::toolchain::{AARCH64, Toolchain};
use crate::zig::Zig;

/// The oldest C library of these boards: Jetson Nano, TX2 and Xavier with JetPack 4.
const OLDEST_GLIBC: (u32, u32) = (2, 27);
/// Most bytes of the program.
const MOST_BYTES: u64 = 3 << 20;
/// From the package `llvm-19`.
const SYMBOL_TOOL: &str = "llvm-readelf-19";

/// Where the program is once it is built: `host-compiler flash` finds it here.
pub fn device_server() -> PathBuf {
    built().join("aarch64-linux").join("device-server")
}

/// Builds the program, checks it and lays it where it is found. Gives a line on it.
pub fn build_device_server() -> Result<String> {
    let toolchain = Toolchain::for_target(AARCH64)?;
    eprintln!("{}, linked by zig", toolchain.describe());
    let folder = built().join("linux");
    let mut cargo = toolchain.zigbuild(&Zig::fetch()?, OLDEST_GLIBC, &folder);
    process::run(cargo.args(["--package", "device-server"]))?;
    let program = device_server();
    let told = lay_finished(&toolchain.output_in(&folder).join("device-server"), &program, check)?;
    eprintln!("device-server for Linux boards: {told}: {}", program.display());
    Ok(told)
}

/// Refuses a program that is too large, or would not start with the oldest C library.
fn check(program: &Path) -> Result<String> {
    let bytes = fs::metadata(program)?.len();
    ensure!(bytes <= MOST_BYTES, "device-server has {bytes} bytes, more than {MOST_BYTES}");
    let told = process::capture(Command::new(SYMBOL_TOOL).arg("--version-info").arg(program))?;
    let (major, minor) = newest_glibc(&told).with_context(|| format!("{SYMBOL_TOOL} names no GLIBC version"))?;
    let (oldest, of) = OLDEST_GLIBC;
    ensure!((major, minor) <= OLDEST_GLIBC, "device-server needs GLIBC_{major}.{minor}, boards have {oldest}.{of}");
    Ok(format!("{bytes} bytes, nothing newer than GLIBC_{major}.{minor}"))
}

/// The highest `GLIBC_N.N` in the tool's table.
fn newest_glibc(told: &str) -> Option<(u32, u32)> {
    let version = |word: &str| {
        let digits = |c: char| !c.is_ascii_digit();
        let mut numbers = word.split(digits).map(str::parse::<u32>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    told.split("GLIBC_").skip(1).filter_map(version).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let told =
            "0x0020: Name: GLIBC_2.4  Flags: none\n 0x0030: Name: GLIBC_2.17 x\n Name: GLIBC_PRIVATE\n(GLIBC_2.9)";
        assert_eq!(newest_glibc(told), Some((2, 17)));
        assert_eq!(newest_glibc("nothing"), None);
    }
}
