//! The ONNX standard's own node tests, from the pinned `onnx` wheel, through the project's importer and kernels.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::steps::Done;
use crate::wheels::{ONNX, write};
use crate::{build, process, workspace};

/// Where the wheel keeps one folder per test: `model.onnx` and `test_data_set_0/{input,output}_N.pb`.
const INSIDE: &str = "onnx/backend/test/data/node/";

/// How many tests each backend passes; raise a number when more do.
const PASSED: [(&str, usize); 2] = [("interpreter", 1259), ("compiled", 1259)];

/// Unpacks the tests if need be and runs them all; a wrong answer or a crash in one of them is an error, and so is a
/// test no longer supported.
pub fn run() -> Result<Done> {
    let folder = folder()?;
    let runner = build::program("lathe-node-tests")?;
    let mut figures = Vec::new();
    for (backend, expected) in PASSED {
        let told = process::capture(Command::new(&runner).args(["--backend", backend]).arg(&folder))?;
        print!("{told}");
        let total = told.lines().rfind(|line| line.starts_with("total")).context("the runner printed no total")?;
        let mut counts = total.split_whitespace().skip(1);
        let mut next = || counts.next().and_then(|n| n.parse().ok()).context("the runner's total has too few columns");
        let [passed, wrong, unsupported]: [usize; 3] = [next()?, next()?, next()?];
        ensure!(passed >= expected, "{backend}: {passed} tests pass, {expected} did");
        figures.push(format!("{backend}: {passed} passed, {wrong} wrong, {unsupported} unsupported"));
    }
    Ok(Done::Passed(figures.join("; ")))
}

/// The folder of the tests, unpacked once.
fn folder() -> Result<PathBuf> {
    let folder = workspace::cache().join("node-tests");
    let stamp = folder.join("from");
    if fs::read_to_string(&stamp).is_ok_and(|sum| sum == ONNX.sha256) {
        return Ok(folder);
    }
    let count = ONNX.unpack(|name| {
        let inside = name.strip_prefix(INSIDE)?;
        let plain = inside.split('/').all(|part| !part.is_empty() && part != "..");
        plain.then(|| folder.join(inside))
    })?;
    ensure!(count > 1000, "{} holds {count} files of node tests, expected thousands", ONNX.file);
    write(&stamp, ONNX.sha256.as_bytes())?;
    Ok(folder)
}
