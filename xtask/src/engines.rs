//! The other engines that ours is measured beside: Python packages in an environment of the project's own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// The peers' packages; numpy and onnx load the inputs.
const PACKAGES: [&str; 5] = ["numpy==2.4.6", "onnx==1.22.0", "onnxruntime==1.31.1", "openvino==2026.4.1", "MNN==3.6.1"];

/// The Python of that environment, made once.
pub fn python() -> Result<PathBuf> {
    let folder = workspace::cache().join("python-bench");
    let python = folder.join("bin/python");
    let stamp = folder.join("packages");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(&python);
    process::run(pip.args(["-m", "pip", "install", "--disable-pip-version-check"]).args(PACKAGES))
        .context("the peers could not be installed; the first time needs a network")?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}
