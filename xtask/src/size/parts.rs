//! Which part of the runtime each byte of a linked firmware belongs to, by the source that it was compiled from.
//!
//! Debug information, which is not in flash, names for each address the functions that were inlined there, innermost
//! first. The first of them that is ours decides; a copy loop of Rust's core library counts for whoever needed it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{process, workspace};

/// From the package `llvm-19`.
const SIZE_TOOL: &str = "llvm-size-19";
const SYMBOLIZER: &str = "llvm-symbolizer-19";

/// The sources of each part, the closest first.
const SOURCES: [(&str, &str); 13] = [
    ("boards/firmware/src/sandbox", "sandbox"),
    ("device-runtime/server/src/trial", "sandbox"),
    ("device-runtime/server/src/board/trial", "sandbox"),
    ("device-runtime/artifact/src/trial", "sandbox"),
    ("device-runtime/artifact/src/noise", "sandbox"),
    ("device-runtime/artifact/src/sums", "sandbox"),
    ("device-runtime/executor/src/bundle", "sandbox"),
    ("device-runtime/artifact/", "loader"),
    ("device-runtime/executor/", "executor"),
    ("rpc-protocol/", "protocol"),
    ("device-runtime/server/src/board/measure", "timer"),
    ("device-runtime/server/", "server"),
    ("boards/drivers/", "drivers"),
];

/// Every part there is, in the order of the table.
pub const PARTS: [&str; 11] = [
    "startup",
    "drivers",
    "loader",
    "executor",
    "protocol",
    "server",
    "timer",
    "sandbox",
    "firmware",
    "library",
    "constants",
];

/// The bytes of flash of each part of `image`; together they are all of it.
pub fn of(image: &Path) -> Result<Vec<(&'static str, u64)>> {
    let sections = sections(&process::capture(Command::new(SIZE_TOOL).arg("--format=sysv").arg(image))?);
    let section = |name: &str| sections.get(name).copied().unwrap_or_default();
    let (bytes, start) = section(".text");
    ensure!(bytes > 0, "{} has no code", image.display());
    let mut parts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut add = |part, bytes| *parts.entry(part).or_default() += bytes;
    add("startup", section(".vector_table").0);
    add("constants", section(".rodata").0 + section(".data").0 + section(".gnu.sgstubs").0);
    let places = symbolized(image, (start..start + bytes).step_by(2))?;
    ensure!(places.len() as u64 == bytes.div_ceil(2), "{SYMBOLIZER} told of {} places only", places.len());
    places.iter().for_each(|told| add(part_of(told), 2));
    Ok(PARTS.iter().map(|part| (*part, parts.get(part).copied().unwrap_or(0))).collect())
}

/// Bytes and address of each section.
fn sections(told: &str) -> BTreeMap<String, (u64, u64)> {
    let section = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        Some((name, (words.next()?.parse().ok()?, words.next()?.parse().ok()?)))
    };
    told.lines().filter_map(section).collect()
}

/// What the tool knows of each address.
fn symbolized(image: &Path, addresses: impl Iterator<Item = u64>) -> Result<Vec<Value>> {
    let list = workspace::target().join(format!("addresses-{}", std::process::id()));
    let text: String = addresses.map(|address| format!("{address:#x}\n")).collect();
    fs::write(&list, text)?;
    let mut command = Command::new(SYMBOLIZER);
    command.arg("--output-style=JSON").arg(format!("--obj={}", image.display())).arg(format!("@{}", list.display()));
    let told = process::capture(&mut command);
    fs::remove_file(&list)?;
    serde_json::from_str(&told?).with_context(|| format!("{SYMBOLIZER} on {}", image.display()))
}

/// The part of the innermost function that has one.
fn part_of(told: &Value) -> &'static str {
    let frames = told["Symbol"].as_array().map_or(&[][..], Vec::as_slice);
    let files = frames.iter().filter_map(|frame| frame["FileName"].as_str());
    let ours = |file: &str| {
        let known = SOURCES.into_iter().find(|(source, _)| file.contains(source)).map(|(_, part)| part);
        known.or_else(|| file.contains("boards/").then_some("firmware"))
    };
    let found = files.clone().find_map(ours);
    let startup = || files.clone().any(|file| file.contains("cortex-m-rt") || file.ends_with("asm.S"));
    found.unwrap_or_else(|| if startup() { "startup" } else { "library" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_innermost_source_of_ours_decides() {
        let at = |files: &[&str]| {
            let frames: Vec<Value> = files.iter().map(|file| json!({"FileName": file, "FunctionName": "f"})).collect();
            part_of(&json!({"Address": "0x1", "Symbol": frames}))
        };
        let (core, measure) = ("/rust/library/core/src/num.rs", "/x/device-runtime/server/src/board/measure.rs");
        assert_eq!(at(&[core, measure, "/x/device-runtime/server/src/serve.rs"]), "timer");
        assert_eq!(at(&["/x/device-runtime/artifact/src/plan.rs", measure]), "loader");
        assert_eq!(at(&[core]), "library");
        assert_eq!(at(&["/registry/cortex-m-rt-0.7.7/src/lib.rs"]), "startup");
        assert_eq!(at(&["/x/boards/mps2-an386/src/main.rs"]), "firmware");
        assert_eq!(at(&[]), "library");
    }

    #[test]
    fn sections_are_read_from_the_tools_table() {
        let told =
            "image.elf  :\nsection      size   addr\n.text         120    192\n.rodata        16    312\nTotal  136\n";
        let sections = sections(told);
        assert_eq!((sections[".text"], sections[".rodata"]), ((120, 192), (16, 312)));
    }

    #[test]
    fn every_source_is_there_or_its_folder_is() {
        for (source, part) in SOURCES {
            assert!(PARTS.contains(&part), "{part}");
            let place = workspace::root().join(source);
            assert!(place.parent().is_some_and(Path::is_dir), "{source}");
        }
    }
}
