//! Embeds the builtins archives of microcontrollers that `cargo xtask setup` has laid into cargo's target folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// As `xtask/src/builtins.rs` builds them.
const TARGETS: [&str; 3] = ["thumbv6m-none-eabi", "thumbv7m-none-eabi", "thumbv7em-none-eabihf"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let folder = folder(&out);
    // A folder that is there can be watched; one that is missing would run this again and again.
    fs::create_dir_all(&folder).expect("the target folder can be written");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut list = String::from("&[\n");
    for target in TARGETS {
        let archive = folder.join(format!("{target}.a"));
        if archive.is_file() {
            list.push_str(&format!("    ({target:?}, include_bytes!({:?})),\n", archive.display().to_string()));
        }
    }
    list.push(']');
    fs::write(out.join("archives.rs"), list).expect("OUT_DIR can be written");
}

/// `builtins` in the target folder: above `PROFILE/build/PACKAGE/out`, or one more with `--target`.
fn folder(out: &Path) -> PathBuf {
    let target = |up: usize| out.ancestors().nth(up).map(|folder| folder.join("builtins"));
    let found = [4, 5].into_iter().filter_map(target).find(|folder| folder.is_dir());
    found.or_else(|| target(4)).expect("OUT_DIR lies in a target folder")
}
