//! Dependencies point one way: each package may use only those below it, and the compiler and the runtime meet only
//! in the artifact and the messages.

use std::path::Path;

use serde_json::Value;

use super::Breach;

/// Which part of the project a package belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Runs on the workstation.
    Compiler,
    /// Runs on the target.
    Device,
    /// Known to both.
    Shared,
    /// Uses no package of the workspace, and is used by none.
    Apart,
}

/// Stands for every package that has a `board.toml`.
const BOARD: &str = "a board";

/// Every package, from the top of the page to its bottom: a dependency may only point down.
const PAGE: &[(&str, Side)] = &[
    ("xtask", Side::Apart),
    ("host-compiler", Side::Compiler),
    ("lathe-driver", Side::Compiler),
    ("lathe-tuner", Side::Compiler),
    ("lathe-codegen", Side::Compiler),
    ("lathe-tensor", Side::Compiler),
    ("lathe-import", Side::Compiler),
    ("lathe-graph", Side::Compiler),
    (BOARD, Side::Device),
    ("robot-firmware", Side::Device),
    ("lathe-footprint", Side::Device),
    ("lathe-mps", Side::Device),
    ("lathe-firmware", Side::Device),
    ("lathe-drivers", Side::Device),
    ("lathe-memory-map", Side::Device),
    ("rust-inference", Side::Device),
    ("lathe-c-api", Side::Device),
    ("device-runtime", Side::Device),
    ("device-server", Side::Device),
    ("lathe-runtime-std", Side::Device),
    ("lathe-executor", Side::Device),
    ("rpc-protocol", Side::Shared),
    ("lathe-artifact", Side::Shared),
];

/// Arrows across the two sides that are meant: the program `host-compiler` runs artifacts on `--device local`.
const MEANT: &[(&str, &str)] = &[("host-compiler", "lathe-runtime-std")];

/// Finds dependencies that point up or across, over the packages `cargo metadata` lists. Dependencies of tests may
/// point anywhere that cargo lets them.
pub fn check(packages: &[Value]) -> Vec<Breach> {
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut breaches = Vec::new();
    for package in packages {
        let name = if is_board(package) { BOARD } else { package["name"].as_str().unwrap_or_default() };
        let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        for dependency in dependencies.iter().filter(|dependency| dependency["kind"] != "dev") {
            let to = dependency["name"].as_str().unwrap_or_default();
            if names.contains(&to)
                && let Some(what) = wrong(name, to)
            {
                breaches.push(Breach::new(name, 0, what));
            }
        }
        if place(name).is_none() {
            breaches.push(Breach::new(name, 0, "has no place in the list of packages in xtask/src/tidy/arrows.rs"));
        }
    }
    breaches
}

/// True for a board's firmware.
fn is_board(package: &Value) -> bool {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
    manifest.with_file_name("board.toml").is_file()
}

/// What is wrong with an arrow, if anything.
fn wrong(from: &str, to: &str) -> Option<String> {
    let ((from_row, from_side), (to_row, to_side)) = (place(from)?, place(to)?);
    if MEANT.contains(&(from, to)) {
        return None;
    }
    if from_side == Side::Apart || to_side == Side::Apart {
        return Some(format!("depends on {to}: {} stands apart", if from_side == Side::Apart { from } else { to }));
    }
    if from_side != to_side && to_side != Side::Shared {
        return Some(format!("depends on {to}: compiler and runtime meet only in lathe-artifact and rpc-protocol"));
    }
    (from_row >= to_row).then(|| format!("depends on {to}, which stands above it"))
}

fn place(name: &str) -> Option<(usize, Side)> {
    let row = PAGE.iter().position(|(package, _)| *package == name)?;
    Some((row, PAGE[row].1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn breaches(from: &str, to: &str, kind: Value) -> Vec<Breach> {
        let package = |name: &str, dependencies: Value| json!({ "name": name, "dependencies": dependencies });
        check(&[package(from, json!([{ "name": to, "kind": kind }])), package(to, json!([]))])
    }

    #[test]
    fn arrows_point_down() {
        for (from, to) in [
            ("host-compiler", "lathe-driver"),
            ("lathe-import", "lathe-graph"),
            ("lathe-graph", "lathe-artifact"),
            ("device-runtime", "lathe-runtime-std"),
            ("device-server", "rpc-protocol"),
            ("host-compiler", "lathe-runtime-std"),
            (BOARD, "lathe-firmware"),
            ("lathe-drivers", "device-server"),
        ] {
            assert_eq!(breaches(from, to, Value::Null), [], "{from} -> {to}");
        }
    }

    #[test]
    fn arrows_up_and_across_are_found() {
        for (from, to) in [
            ("lathe-graph", "lathe-import"),
            ("lathe-executor", "lathe-graph"),
            ("lathe-driver", "lathe-runtime-std"),
            ("lathe-artifact", "lathe-executor"),
            ("xtask", "lathe-graph"),
            ("lathe-graph", "unheard-of"),
            ("lathe-firmware", "lathe-driver"),
            ("device-server", "lathe-drivers"),
        ] {
            assert_eq!(breaches(from, to, Value::Null).len(), 1, "{from} -> {to}");
        }
        assert!(breaches("lathe-driver", "lathe-runtime-std", json!("dev")).is_empty());
    }
}
