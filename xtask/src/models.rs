//! `cargo xtask models`: a folder of models, each with recorded inputs and outputs, through the compiler.
//!
//! A model's folder holds `model.onnx`, `input_N.npy` in the order of the graph's inputs, `output_N.npy` as another
//! engine computed them, and `meta.json` with the inputs' and outputs' names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::arguments::Arguments;
use crate::numpy::{self, Array, TOLERANCE};
use crate::{build, process, workspace};

/// What to compile for and where to run.
pub struct Target {
    /// As `host-compiler --target`.
    pub target: String,
    /// As `--mcpu`, where it is not the target's own.
    pub mcpu: Option<String>,
    /// As `host-compiler run --device`.
    pub device: String,
}

/// The verb: all models of a folder (by default the one beside the project), or those named.
pub fn run(mut arguments: Arguments) -> Result<()> {
    let target = Target {
        target: arguments.value("--target")?.unwrap_or_else(|| "x86_64-linux".into()),
        mcpu: arguments.value("--mcpu")?,
        device: arguments.value("--device")?.unwrap_or_else(|| "local".into()),
    };
    let expand = arguments.flag("--expand");
    let mut words = arguments.rest()?;
    let folder = match words.first() {
        Some(first) if Path::new(first).is_dir() => PathBuf::from(words.remove(0)),
        _ => beside().context("there is no folder ../shared/models: name one")?,
    };
    let mut models = catalogue(&folder)?;
    models.retain(|model| words.is_empty() || words.contains(&model.name));
    if expand {
        models.iter().try_for_each(Model::expand)?;
    }
    models.retain(Model::is_whole);
    ensure!(!models.is_empty(), "no model of that name in {}", folder.display());
    let (right, wrong) = check(&models, &target)?;
    println!("{right} right, {wrong} wrong, on {} through {}", target.target, target.device);
    ensure!(wrong == 0, "{wrong} of {} models are wrong", models.len());
    Ok(())
}

/// The folder of models beside the project, where there is one.
pub fn beside() -> Option<PathBuf> {
    let folder = workspace::root().join("../shared/models");
    folder.is_dir().then_some(folder)
}

/// One model of a catalogue.
pub struct Model {
    /// The folder's name.
    pub name: String,
    /// Where `model.onnx` and the recorded arrays are, or will be once it is expanded.
    folder: PathBuf,
    /// The catalogue's own folder for it.
    origin: PathBuf,
    meta: Value,
}

/// The float models of a folder, by name. Those that come without weights may still have to be expanded.
pub fn catalogue(folder: &Path) -> Result<Vec<Model>> {
    let mut models = Vec::new();
    for entry in fs::read_dir(folder)? {
        let origin = entry?.path();
        let Ok(text) = fs::read_to_string(origin.join("meta.json")) else { continue };
        let meta: Value = serde_json::from_str(&text).with_context(|| format!("{}/meta.json", origin.display()))?;
        if meta["dtype"].as_str().unwrap_or_default().starts_with("fp32") {
            let name = origin.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let complete = origin.join("model.onnx").is_file();
            let folder = if complete { origin.clone() } else { workspace::cache().join("expanded").join(&name) };
            models.push(Model { name, folder, origin, meta });
        }
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

impl Model {
    /// True if its weights and recorded outputs are there.
    pub fn is_whole(&self) -> bool {
        self.path().is_file() && self.folder.join("output_0.npy").is_file()
    }

    /// True if its weights were trained: its answers mean something.
    pub fn is_trained(&self) -> bool {
        self.meta["trained"] == true
    }

    /// Multiply-adds of one inference.
    pub fn macs(&self) -> u64 {
        self.meta["macs"].as_u64().unwrap_or(u64::MAX)
    }

    /// Lets the catalogue's own script fill the weights, in the bench's Python environment, if they are missing.
    pub fn expand(&self) -> Result<()> {
        let (false, Some(catalogue), Some(into)) = (self.is_whole(), self.origin.parent(), self.folder.parent()) else {
            return Ok(());
        };
        let python = crate::bench::python()?;
        process::run(Command::new(python).arg(catalogue.join("expand.py")).arg(into).arg(&self.name))
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.join("model.onnx")
    }

    /// `--input-shape NAME=…` for every input whose shape the file leaves open.
    pub fn shape_arguments(&self) -> Vec<String> {
        let shapes: BTreeMap<String, Vec<u64>> =
            serde_json::from_value(self.meta["run_input_shapes"].clone()).unwrap_or_default();
        let mut words = Vec::new();
        for (name, shape) in shapes {
            let extents: Vec<String> = shape.iter().map(u64::to_string).collect();
            words.extend(["--input-shape".to_owned(), format!("{name}={}", extents.join(","))]);
        }
        words
    }

    fn names(&self, which: &str) -> Vec<String> {
        let list = self.meta[which].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|one| Some(one["name"].as_str()?.to_owned())).collect()
    }

    /// Compiles the model and runs it on its recorded inputs; returns the greatest error among its outputs.
    fn check(&self, compiler: &Path, target: &Target) -> Result<f64> {
        let folder = workspace::cache().join("models");
        fs::create_dir_all(&folder)?;
        let artifact = folder.join(format!("{}.{}.lathe", self.name, target.target));
        let outputs = folder.join(format!("{}.{}.npz", self.name, target.target));
        let mut compile = Command::new(compiler);
        compile.arg("compile").arg(self.path()).args(["--target", &target.target]).args(self.shape_arguments());
        if let Some(mcpu) = &target.mcpu {
            compile.args(["--mcpu", mcpu]);
        }
        quietly(compile.arg("-o").arg(&artifact))?;
        let mut run = Command::new(compiler);
        run.arg("run").arg(&artifact).args(["--device", &target.device]);
        for (index, name) in self.names("inputs").iter().enumerate() {
            let file = self.folder.join(format!("input_{index}.npy"));
            run.arg("-i").arg(format!("{name}={}", file.display()));
        }
        quietly(run.arg("-o").arg(&outputs))?;
        let got: BTreeMap<String, Array> = numpy::read_npz(&outputs)?.into_iter().collect();
        fs::remove_file(&artifact)?;
        fs::remove_file(&outputs)?;
        let mut worst = 0.0;
        for (index, name) in self.names("outputs").iter().enumerate() {
            let want = Array::read(&self.folder.join(format!("output_{index}.npy")))?;
            let got = got.get(name).with_context(|| format!("output `{name}` is not in the .npz"))?;
            let error = numpy::compare(got, &want).with_context(|| format!("output `{name}`"))?;
            ensure!(error <= TOLERANCE, "output `{name}`: error {error:.2e} of the range, at most {TOLERANCE:.0e}");
            worst = f64::max(worst, error);
        }
        Ok(worst)
    }
}

/// Checks every model and prints a line for each; returns how many were right and wrong.
pub fn check(models: &[Model], target: &Target) -> Result<(usize, usize)> {
    let compiler = build::host_compiler()?;
    if target.device.starts_with("qemu:") {
        build::device_server_aarch64()?;
    }
    let mut right = 0;
    for model in models {
        let start = Instant::now();
        let line = match model.check(&compiler, target) {
            Ok(error) => {
                right += 1;
                format!("right  error {error:.1e}")
            }
            Err(error) => format!("WRONG  {error:#}"),
        };
        println!("{:<24} {:>6.1} s  {line}", model.name, start.elapsed().as_secs_f64());
    }
    Ok((right, models.len() - right))
}

/// Runs a command whose output matters only if it fails.
fn quietly(command: &mut Command) -> Result<()> {
    let output = process::observe(command)?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}: {}", process::shown(command), output.status, told.trim());
    }
    Ok(())
}
