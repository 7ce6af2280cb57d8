//! What a board's build script does with its `board.toml`: a memory map for the linker (`board.x`, which the board's
//! `memory.x` includes) and the constants of the program (`board.rs`).
//!
//! ```text
//! flash  | firmware: vectors, code, constants, initial values | artifact …            |
//! RAM    | statics | arena …                            | stack (grows down)          |
//! ```
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

/// The part of a `board.toml` that firmware needs.
#[derive(Debug, Deserialize)]
struct Board {
    target: String,
    cpu: String,
    clock_hz: u32,
    memory: Memory,
    firmware: Reserved,
    link: Link,
}

#[derive(Debug, Deserialize)]
struct Memory {
    flash: Region,
    ram: Region,
}

#[derive(Debug, Deserialize)]
struct Region {
    origin: u32,
    bytes: u32,
}

#[derive(Debug, Deserialize)]
struct Reserved {
    flash_bytes: u32,
    stack_bytes: u32,
}

#[derive(Debug, Deserialize)]
struct Link {
    baud: u32,
}

/// The whole build script of a board: reads `board.toml` of the package being built, writes `board.x` and `board.rs`,
/// and has the program linked by them.
pub fn build() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let board: Board = toml::from_str(&fs::read_to_string(folder.join("board.toml"))?)?;
    fs::write(out.join("board.x"), linker_script(&board)?)?;
    fs::write(out.join("board.rs"), constants(&board)?)?;
    link_by(&folder, &out);
    Ok(())
}

fn link_by(folder: &Path, out: &Path) {
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-search={}", folder.display());
    // Pages of 4 KB would leave holes in the image.
    for argument in ["--nmagic", "-Tlink.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    if env::var_os("CARGO_FEATURE_DEFMT").is_some() {
        println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    }
    for file in ["board.toml", "memory.x", "build.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
}

/// Regions and symbols for the linker. The firmware's flash ends where the artifact begins, so that a firmware which
/// does not fit is refused when it is linked.
fn linker_script(board: &Board) -> Result<String, Box<dyn Error>> {
    let Board { memory: Memory { flash, ram }, firmware, .. } = board;
    let artifact = flash.origin.checked_add(firmware.flash_bytes).ok_or("firmware.flash_bytes is too large")?;
    let room = flash.bytes.checked_sub(firmware.flash_bytes).ok_or("firmware.flash_bytes is larger than flash")?;
    let mut text = String::new();
    writeln!(text, "MEMORY\n{{")?;
    writeln!(text, "  FLASH : ORIGIN = {:#010x}, LENGTH = {:#x}", flash.origin, firmware.flash_bytes)?;
    writeln!(text, "  RAM   : ORIGIN = {:#010x}, LENGTH = {:#x}\n}}", ram.origin, ram.bytes)?;
    writeln!(text, "_stack_start = ORIGIN(RAM) + LENGTH(RAM);")?;
    writeln!(text, "_stack_end = _stack_start - {:#x};", firmware.stack_bytes)?;
    writeln!(text, "__artifact_start = {artifact:#010x};")?;
    writeln!(text, "__artifact_end = __artifact_start + {room:#x};")?;
    writeln!(text, "ASSERT(__sheap <= _stack_end, \"static data and firmware.stack_bytes do not fit memory.ram\");")?;
    Ok(text)
}

/// The constants of the program.
fn constants(board: &Board) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let (target, cpu) = (&board.target, &board.cpu);
    writeln!(text, "/// What artifacts must match to run here.\nconst PROCESSOR: lathe_firmware::Processor =")?;
    writeln!(text, "    lathe_firmware::Processor {{ target: {target:?}, cpu: {cpu:?} }};")?;
    writeln!(
        text,
        "/// Processor clock in cycles per second.\n#[allow(dead_code, reason = \"not every clock counts it\")]\nconst CLOCK_HZ: u32 = {};",
        board.clock_hz
    )?;
    writeln!(text, "/// Symbols per second on the serial line.\nconst BAUD: u32 = {};", board.link.baud)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "target = 'thumbv6m-none-eabi'\ncpu = 'cortex-m0'\nclock_hz = 16_000_000\n\
        [memory.flash]\norigin = 0x1000\nbytes = 0x3000\n[memory.ram]\norigin = 0x2000_0000\nbytes = 0x4000\n\
        [firmware]\nflash_bytes = 0x2000\nstack_bytes = 0x800\n[link]\nkind = 'uart'\nbaud = 9600\n";

    #[test]
    fn the_artifact_comes_behind_the_firmware() {
        let script = linker_script(&toml::from_str(TEXT).unwrap()).unwrap();
        assert!(script.contains("FLASH : ORIGIN = 0x00001000, LENGTH = 0x2000\n"), "{script}");
        assert!(script.contains("RAM   : ORIGIN = 0x20000000, LENGTH = 0x4000\n"), "{script}");
        assert!(
            script.contains("__artifact_start = 0x00003000;\n__artifact_end = __artifact_start + 0x1000;"),
            "{script}"
        );
        assert!(script.contains("_stack_end = _stack_start - 0x800;"), "{script}");
    }

    #[test]
    fn firmware_larger_than_flash_is_refused() {
        let board = toml::from_str(&TEXT.replace("flash_bytes = 0x2000", "flash_bytes = 0x4000")).unwrap();
        assert!(linker_script(&board).is_err());
    }

    #[test]
    fn constants_are_rust() {
        let text = constants(&toml::from_str(TEXT).unwrap()).unwrap();
        assert!(text.contains("target: \"thumbv6m-none-eabi\", cpu: \"cortex-m0\""), "{text}");
        assert!(text.contains("const CLOCK_HZ: u32 = 16000000;"), "{text}");
    }
}
