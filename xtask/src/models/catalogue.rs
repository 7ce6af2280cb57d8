//! A folder of models: what each is, where its files lie, and the weights to be filled in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::numpy::Array;
use crate::{process, workspace};

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
    pub folder: PathBuf,
    /// The catalogue's own folder for it.
    origin: PathBuf,
    meta: Value,
}

/// The float models of a folder, by name. Those that come without weights lie in `expanded`, or will.
pub fn catalogue(folder: &Path, expanded: &Path) -> Result<Vec<Model>> {
    let mut models = Vec::new();
    for entry in fs::read_dir(folder)? {
        let origin = entry?.path();
        let Ok(text) = fs::read_to_string(origin.join("meta.json")) else { continue };
        let meta: Value = serde_json::from_str(&text).with_context(|| format!("{}/meta.json", origin.display()))?;
        if meta["dtype"].as_str().unwrap_or_default().starts_with("fp32") {
            let name = origin.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let complete = origin.join("model.onnx").is_file();
            let folder = if complete { origin.clone() } else { expanded.join(&name) };
            models.push(Model { name, folder, origin, meta });
        }
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

/// Those of these names in the folder beside the project; `None` where there is no such folder, as on a fresh user's
/// machine.
pub fn named(names: &[&str]) -> Result<Option<Vec<Model>>> {
    let Some(folder) = beside() else { return Ok(None) };
    let mut chosen = catalogue(&folder, &expanded())?;
    chosen.retain(|model| names.contains(&model.name.as_str()));
    ensure!(chosen.len() == names.len(), "{} lacks some of {}", folder.display(), names.join(", "));
    Ok(Some(chosen))
}

/// Where models are expanded to unless somebody says otherwise.
pub fn expanded() -> PathBuf {
    workspace::cache().join("expanded")
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

    /// What the catalogue says the right answer is.
    pub fn expected(&self) -> &Value {
        &self.meta["expected"]
    }

    /// Lets the catalogue's own script fill the weights, in the engines' Python environment, if they are missing.
    pub fn expand(&self) -> Result<()> {
        let (false, Some(catalogue), Some(into)) = (self.is_whole(), self.origin.parent(), self.folder.parent()) else {
            return Ok(());
        };
        let python = crate::engines::python()?;
        process::run(Command::new(python).arg(catalogue.join("expand.py")).arg(into).arg(&self.name))
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.join("model.onnx")
    }

    /// The lines of a text file of the catalogue, such as class names.
    pub fn lines(&self, file: &str) -> Result<Vec<String>> {
        let path = self.origin.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("{} could not be read", path.display()))?;
        Ok(text.lines().map(str::to_owned).collect())
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

    /// The recorded inputs' files, in the order of the graph's inputs.
    pub fn inputs(&self) -> Vec<PathBuf> {
        (0..self.input_names().len()).map(|index| self.folder.join(format!("input_{index}.npy"))).collect()
    }

    /// The outputs recorded beside the model, in the order of the graph's outputs.
    pub fn recorded(&self) -> Result<Vec<Array>> {
        (0..self.output_names().len()).map(|i| Array::read(&self.folder.join(format!("output_{i}.npy")))).collect()
    }

    /// Names of the graph's inputs.
    pub fn input_names(&self) -> Vec<String> {
        self.names("inputs")
    }

    /// Names of the graph's outputs.
    pub fn output_names(&self) -> Vec<String> {
        self.names("outputs")
    }

    fn names(&self, which: &str) -> Vec<String> {
        let list = self.meta[which].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|one| Some(one["name"].as_str()?.to_owned())).collect()
    }
}
