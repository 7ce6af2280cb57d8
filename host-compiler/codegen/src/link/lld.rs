//! Runs `ld.lld`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::CodegenError;

/// Names the linker may have, best first: Debian's versioned one, the plain one.
const NAMES: [&str; 2] = ["ld.lld-19", "ld.lld"];

/// Code first, constants behind it, from BASE on, each part at a multiple of STEP. Kernels (`.text`) stay, builtins
/// (`.text.<name>`) and constants where referred to.
const SCRIPT: &str = "SECTIONS {
  . = BASE;
  .text : ALIGN(STEP) { KEEP(*(.text)) *(.text.*) }
  .rodata : ALIGN(STEP) { *(.rodata .rodata.*) }
  .data : { *(.data .data.* .bss .bss.* COMMON) }
  .symtab 0 : { *(.symtab) }
  .strtab 0 : { *(.strtab) }
  .shstrtab 0 : { *(.shstrtab) }
  /DISCARD/ : { *(.eh_frame*) *(.comment) *(.note*) *(.llvm*) *(.stack_sizes*) *(.ARM*) }
}
";

fn script(base: u64, alignment: u32) -> String {
    SCRIPT.replace("BASE", &base.to_string()).replace("STEP", &alignment.to_string())
}

/// Links `files` into an ELF whose addresses start at `base`, its parts aligned to `alignment` or what they ask for;
/// gives its bytes.
pub fn run(folder: &Path, files: &[PathBuf], base: u64, alignment: u32) -> Result<Vec<u8>, CodegenError> {
    let path = folder.join("blob.ld");
    std::fs::write(&path, script(base, alignment))?;
    let list = folder.join("files.rsp");
    let names: Vec<String> = files.iter().map(|f| format!("\"{}\"", f.display())).collect();
    std::fs::write(&list, names.join("\n"))?;
    let out = folder.join("blob.elf");
    let mut command = Command::new(find()?);
    command.args(["-static", "--gc-sections", "--no-eh-frame-hdr", "--build-id=none", "--threads=1"]);
    command.args(["--error-limit=0", "--orphan-handling=error", "-z", "max-page-size=64"]);
    command.arg("-T").arg(&path).arg("-o").arg(&out);
    command.arg(format!("@{}", list.display())).env("LC_ALL", "C");
    let output = command.output()?;
    if !output.status.success() {
        return Err(failure(&String::from_utf8_lossy(&output.stderr)));
    }
    Ok(std::fs::read(out)?)
}

/// The linker's program name, or an error that names the package.
fn find() -> Result<&'static str, CodegenError> {
    let works = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
    NAMES.into_iter().find(|name| works(name)).ok_or(CodegenError::NoLinker)
}

/// Undefined symbols by their names, anything else in the linker's words.
fn failure(text: &str) -> CodegenError {
    let mut undefined: Vec<String> =
        text.lines().filter_map(|l| l.split("undefined symbol: ").nth(1)).map(|s| s.trim().to_string()).collect();
    undefined.sort();
    undefined.dedup();
    if undefined.is_empty() {
        CodegenError::Link(text.trim().to_string())
    } else {
        CodegenError::UndefinedSymbols(undefined)
    }
}
