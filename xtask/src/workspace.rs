//! Where things lie: the project's root, what is built, what is downloaded, and the packages of the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// What was downloaded or made from downloads. Ignored by git; may be deleted at any time.
pub fn cache() -> PathBuf {
    root().join(".lathe")
}

/// Where cargo builds: `CARGO_TARGET_DIR` if it is set, else `target`.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The cargo that started us.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The manifests of the project's own packages, the boards' included, as `cargo metadata` tells them.
pub fn packages() -> Result<Vec<Value>> {
    let mut packages = Vec::new();
    for manifest in ["Cargo.toml", "boards/Cargo.toml"] {
        let ask = ["metadata", "--format-version", "1", "--no-deps", "--manifest-path", manifest];
        let text =
            process::capture(cargo().args(ask).arg("--offline")).or_else(|_| process::capture(cargo().args(ask)))?;
        let metadata: Value = serde_json::from_str(&text).context("cargo metadata printed no JSON")?;
        packages.extend(metadata["packages"].as_array().context("cargo metadata lists no packages")?.iter().cloned());
    }
    Ok(packages)
}

/// Every file that git tracks or would track, relative to the root, in order.
pub fn files() -> Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    // Somebody else may own the checkout, as in a container: reading its list of files is safe.
    git.current_dir(root()).args(["-c", "safe.directory=*"]);
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = process::capture(&mut git)?;
    let mut files: Vec<PathBuf> = listed.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    files.sort();
    files.dedup();
    files.retain(|file| root().join(file).is_file());
    Ok(files)
}
