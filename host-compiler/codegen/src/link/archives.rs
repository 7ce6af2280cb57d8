//! The builtins of microcontrollers: everything LLVM calls by itself there (soft floats, wide integers, `fmodf`,
//! `memcpy`), as Rust's `compiler_builtins` has it.
//!
//! `cargo xtask setup` lays the archives beside what cargo builds, and the build script embeds those it finds, so that
//! a compiler that was copied or installed somewhere has them with it.

use crate::error::CodegenError;

/// (target the archive was built for, its bytes), made by the build script.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/archives.rs"));

/// The archive for a target. Those with a single-precision unit share one: its calling convention and its instructions
/// are theirs too.
pub fn find(target: &str) -> Result<&'static [u8], CodegenError> {
    let built_for = match target {
        "thumbv6m-none-eabi" | "thumbv7m-none-eabi" => target,
        _ => "thumbv7em-none-eabihf",
    };
    let found = EMBEDDED.iter().find(|(name, _)| *name == built_for);
    found.map(|(_, bytes)| *bytes).ok_or_else(|| CodegenError::NoBuiltins { target: target.to_string() })
}
