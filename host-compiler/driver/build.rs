//! Embeds every board description of the project (`boards/*/board.toml`) in the compiler.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // Asked for when it runs: a build script built for one checkout may serve another.
    let here = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| io::Error::other("cargo sets CARGO_MANIFEST_DIR"))?;
    let folder = Path::new(&here).join("../../boards");
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if folder.is_dir() {
        println!("cargo::rerun-if-changed={}", folder.display());
        for entry in fs::read_dir(&folder)? {
            let file = entry?.path().join("board.toml");
            if file.is_file() {
                println!("cargo::rerun-if-changed={}", file.display());
                files.push(file);
            }
        }
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(file)?;
        writeln!(table, "    ({name:?}, {text:?}),").map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(out.join("boards.rs"), table)
}
