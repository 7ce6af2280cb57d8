//! One model's artifact: made, measured, and run on files.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::Target;
use super::catalogue::Model;
use super::on_board::{self, Counted};
use crate::numpy::{self, Array};
use crate::{process, workspace};

/// How much larger than its weights and code an artifact may be, in parts of a thousand and in bytes: on Linux, and
/// on microcontrollers.
const ROOM: (u64, u64) = (30, 64 << 10);
const LITTLE_ROOM: (u64, u64) = (20, 4 << 10);
/// Runs in one timing.
const TIMED_RUNS: &str = "2";

/// An artifact for one target, deleted when it is done with.
pub struct Compiled<'a> {
    compiler: &'a Path,
    model: &'a Model,
    target: &'a Target,
    path: PathBuf,
    outputs: PathBuf,
}

/// What an artifact's bytes are.
pub struct Sizes {
    /// The file.
    pub file: u64,
    /// Tensors that the ONNX file stores.
    pub weights: u64,
    /// Machine code.
    pub code: u64,
    /// What else there may be, in parts of a thousand and in bytes.
    room: (u64, u64),
}

impl Sizes {
    /// The most bytes the file may have.
    pub fn bound(&self) -> u64 {
        let content = self.weights + self.code;
        content + content * self.room.0 / 1000 + self.room.1
    }
}

impl<'a> Compiled<'a> {
    /// Compiles the model.
    pub fn new(compiler: &'a Path, model: &'a Model, target: &'a Target) -> Result<Self> {
        let folder = workspace::cache().join("models");
        fs::create_dir_all(&folder)?;
        let cpu = target.board.as_deref().or(target.mcpu.as_deref()).unwrap_or("default");
        let path = folder.join(format!("{}.{}.{cpu}.lathe", model.name, target.target));
        let outputs = path.with_extension("npz");
        let mut compile = Command::new(compiler);
        compile.arg("compile").arg(model.path()).args(model.shape_arguments());
        match &target.board {
            Some(board) => compile.args(["--board", board]),
            None => compile.args(["--target", &target.target]),
        };
        if let Some(mcpu) = &target.mcpu {
            compile.args(["--mcpu", mcpu]);
        }
        told(compile.arg("-o").arg(&path))?;
        Ok(Self { compiler, model, target, path, outputs })
    }

    /// The program that made it.
    pub fn compiler(&self) -> &Path {
        self.compiler
    }

    /// Runs it on `.npy` files in the order of the graph's inputs; returns its outputs in the graph's order.
    pub fn run(&self, inputs: &[PathBuf]) -> Result<Vec<Array>> {
        self.run_at(&["--device".into(), self.target.device.clone().into()], inputs)
    }

    /// As [`Compiled::run`], on the device that `device` says on the command line.
    pub fn run_at(&self, device: &[OsString], inputs: &[PathBuf]) -> Result<Vec<Array>> {
        let mut run = Command::new(self.compiler);
        run.arg("run").arg(&self.path).args(device);
        for (name, file) in self.model.input_names().iter().zip(inputs) {
            run.arg("-i").arg(format!("{name}={}", file.display()));
        }
        told(run.arg("-o").arg(&self.outputs))?;
        let mut got: BTreeMap<String, Array> = numpy::read_npz(&self.outputs)?.into_iter().collect();
        let take = |name: String| got.remove(&name).with_context(|| format!("output `{name}` is not in the .npz"));
        self.model.output_names().into_iter().map(take).collect()
    }

    /// Runs it on one array in place of the first input.
    pub fn run_on(&self, input: &Array) -> Result<Vec<Array>> {
        let file = self.path.with_extension("npy");
        fs::write(&file, input.to_npy())?;
        let result = self.run(std::slice::from_ref(&file));
        fs::remove_file(&file)?;
        result
    }

    /// How large it is, beside what it holds.
    pub fn sizes(&self) -> Result<Sizes> {
        let inspected = self.ask(Command::new(self.compiler).arg("inspect").arg(&self.path))?;
        let mut check = Command::new(self.compiler);
        let checked = self.ask(check.arg("check").arg(self.model.path()).args(self.model.shape_arguments()))?;
        let sections = inspected["sections"].as_array().map(Vec::as_slice).unwrap_or_default();
        let code =
            sections.iter().filter(|section| section["name"] == "code").filter_map(|code| code["bytes"].as_u64());
        let number = |value: &Value| value.as_u64().context("the compiler printed no number of bytes");
        let room = if self.target.target.starts_with("thumb") { LITTLE_ROOM } else { ROOM };
        let (file, weights) = (number(&inspected["bytes"])?, number(&checked["weight_bytes"])?);
        Ok(Sizes { file, weights, code: code.sum(), room })
    }

    /// Milliseconds of runs in a session of their own, one after the other, as the device counts them.
    pub fn timed(&self, device: &[OsString]) -> Result<Vec<f64>> {
        let mut time = Command::new(self.compiler);
        let told = self.ask(time.arg("time").arg(&self.path).args(device).args(["--repeat", TIMED_RUNS]))?;
        serde_json::from_value(told["samples_ms"].clone()).context("the compiler told no samples")
    }

    /// What it takes of the board's memory, and all else there is to know of it.
    pub fn inspected(&self, board: &str) -> Result<Value> {
        self.ask(Command::new(self.compiler).arg("inspect").arg(&self.path).args(["--board", board]))
    }

    /// What the emulated board counts in one run, its memory held against what was predicted.
    pub fn counted(&self, board: &str) -> Result<Counted> {
        let predicted = self.inspected(board)?;
        let mut time = Command::new(self.compiler);
        time.arg("time").arg(&self.path).args(["--device", &self.target.device, "--repeat", "1", "--profile"]);
        on_board::check(&self.ask(&mut time)?, &predicted)
    }

    fn ask(&self, command: &mut Command) -> Result<Value> {
        let text = told(command.arg("--json"))?;
        serde_json::from_slice(&text).with_context(|| format!("`{}` printed no JSON", process::shown(command)))
    }
}

impl Drop for Compiled<'_> {
    fn drop(&mut self) {
        // Files of a run that failed half-way may not be there.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.outputs);
    }
}

/// Refuses an artifact that is larger than its content allows.
pub fn within(sizes: &Sizes) -> Result<()> {
    let Sizes { file, weights, code, .. } = sizes;
    let bound = sizes.bound();
    ensure!(*file <= bound, "the artifact has {file} bytes; {weights} of weights and {code} of code allow {bound}");
    Ok(())
}

/// Runs a command whose output matters only if it fails, or to the caller.
fn told(command: &mut Command) -> Result<Vec<u8>> {
    let output = process::observe(command)?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}: {}", process::shown(command), output.status, told.trim());
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_may_be_little_larger_than_its_content() {
        let sizes = |file| Sizes { file, weights: 1_000_000, code: 50_000, room: ROOM };
        assert_eq!(sizes(0).bound(), 1_050_000 + 31_500 + 65_536);
        assert!(within(&sizes(1_147_036)).is_ok());
        assert!(within(&sizes(1_147_037)).is_err());
        let small = Sizes { room: LITTLE_ROOM, ..sizes(0) };
        assert_eq!(small.bound(), 1_050_000 + 21_000 + 4_096);
    }
}
