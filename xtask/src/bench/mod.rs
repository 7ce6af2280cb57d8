//! `cargo xtask bench`: our artifact and other engines on the same models, interleaved in one run.
//!
//! Machines are shared and noisy, so a time alone means little. Every engine is loaded and warm before the first
//! round; in each round each engine runs for a moment in turn; what is printed are medians over all rounds, and
//! ratios of each round's medians, so that a slow minute slows everybody.

mod instructions;
mod peer;
mod statistics;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::{build, demo, engines, models, process, workspace};
use peer::Peer;
use statistics::{Samples, median};

/// Seconds each engine runs for in one round.
const SECONDS: f64 = 0.7;
/// Our own column.
const OURS: &str = "lathe";

/// The verb.
pub fn run(mut arguments: Arguments) -> Result<()> {
    let threads = arguments.count("--threads", 1)?;
    let rounds = arguments.count("--rounds", 7)?;
    let peers = arguments.value("--peers")?.unwrap_or_else(|| "ort,ov,mnn".into());
    let as_json = arguments.flag("--json");
    let cpu = arguments.value("--mcpu")?.unwrap_or_else(|| "cortex-a57".into());
    let words = arguments.rest()?;
    match words.first().map(String::as_str) {
        Some("kernels") => return kernels(),
        Some("instructions") => return instructions::run(&subjects(&words[1..])?, &cpu),
        _ => {}
    }
    let peers: Vec<&str> = peers.split(',').filter(|name| !name.is_empty()).collect();
    let subjects = subjects(&words)?;
    let setting = Setting { compiler: build::host_compiler()?, python: engines::python()?, threads, rounds };
    let mut results = Vec::new();
    if !as_json {
        println!("{}", header(&peers, threads));
    }
    for subject in &subjects {
        let result = setting.measure(subject, &peers)?;
        if !as_json {
            println!("{}", row(&subject.name, &result));
        }
        results.push(json!({ "model": subject.name, "engines": describe(&result) }));
    }
    if as_json {
        println!("{}", json!({ "schema": 1, "threads": threads, "rounds": rounds, "models": results }));
    } else {
        println!("median ms; in brackets its time over ours: above 1 we are faster");
    }
    Ok(())
}

/// GFLOP/s of single kernels beside the core's measured peak: the compiler's own example.
fn kernels() -> Result<()> {
    process::run(workspace::cargo().args(["run", "--release", "--package", "lathe-codegen", "--example", "kernels"]))
}

/// A model to measure.
struct Subject {
    name: String,
    path: PathBuf,
    /// `--input-shape NAME=…` words.
    shapes: Vec<String>,
}

/// The paths named; else the catalogue beside the project; else the demo's model.
fn subjects(words: &[String]) -> Result<Vec<Subject>> {
    if words.is_empty() {
        if let Some(folder) = models::beside() {
            let models = models::catalogue(&folder, &models::expanded())?;
            return Ok(models.iter().filter(|model| model.is_whole()).map(Subject::of_model).collect());
        }
        return Ok(vec![Subject::of_path(&demo::model()?)]);
    }
    words.iter().map(|word| subject(word)).collect()
}

fn subject(word: &str) -> Result<Subject> {
    if Path::new(word).is_file() {
        return Ok(Subject::of_path(&fs::canonicalize(word)?));
    }
    let folder = models::beside().with_context(|| format!("{word} is no file"))?;
    let models = models::catalogue(&folder, &models::expanded())?;
    let model = models.iter().find(|model| model.name == word);
    let model = model.with_context(|| format!("{word} is no file and no model of {}", folder.display()))?;
    model.expand()?;
    Ok(Subject::of_model(model))
}

impl Subject {
    fn of_path(path: &Path) -> Self {
        Self { name: name_of(path), path: path.to_path_buf(), shapes: Vec::new() }
    }

    fn of_model(model: &models::Model) -> Self {
        Self { name: model.name.clone(), path: model.path(), shapes: model.shape_arguments() }
    }
}

/// A file's name without its ending; of a `model.onnx`, as catalogues have them, that of its folder.
fn name_of(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name).filter(|_| path.ends_with("model.onnx"));
    folder.or(path.file_stem()).unwrap_or_default().to_string_lossy().into_owned()
}

/// What all models of one run share.
struct Setting {
    compiler: PathBuf,
    python: PathBuf,
    threads: usize,
    rounds: usize,
}

/// An engine's name and its samples, or why it has none.
type Column = (String, Result<Samples, String>);

impl Setting {
    /// Ours first, then each peer. A peer that cannot run the model says why; ours must.
    fn measure(&self, subject: &Subject, peers: &[&str]) -> Result<Vec<Column>> {
        let artifact = self.compile(subject)?;
        let mut running: Vec<(String, Result<Peer, String>)> = Vec::new();
        for name in peers {
            let started = Peer::start(&self.python, name, self.threads, &subject.path, &subject.shapes);
            running.push(((*name).to_owned(), started.map_err(|error| format!("{error:#}"))));
        }
        let mut ours = Samples::default();
        let mut columns: Vec<Column> = Vec::new();
        for (name, peer) in &running {
            columns.push((name.clone(), peer.as_ref().map(|_| Samples::default()).map_err(Clone::clone)));
        }
        for _ in 0..self.rounds {
            ours.add_round(self.time_ours(&artifact)?);
            for ((_, peer), (_, samples)) in running.iter_mut().zip(&mut columns) {
                if let (Ok(peer), Ok(samples)) = (peer, samples) {
                    samples.add_round(peer.time(SECONDS)?);
                }
            }
        }
        columns.insert(0, (OURS.to_owned(), Ok(ours)));
        Ok(columns)
    }

    fn compile(&self, subject: &Subject) -> Result<PathBuf> {
        let folder = workspace::cache().join("bench");
        fs::create_dir_all(&folder)?;
        let artifact = folder.join(format!("{}.lathe", subject.name));
        let mut compile = Command::new(&self.compiler);
        compile.arg("compile").arg(&subject.path).args(["--target", "x86_64-linux", "--mcpu", "native"]);
        process::capture(compile.args(&subject.shapes).arg("-o").arg(&artifact))?;
        Ok(artifact)
    }

    fn time_ours(&self, artifact: &Path) -> Result<Vec<f64>> {
        let mut time = Command::new(&self.compiler);
        time.arg("time").arg(artifact).args(["--device", "local", "--threads", &self.threads.to_string()]);
        let milliseconds = format!("{:.0}", SECONDS * 1e3 / 8.0);
        time.args(["--number", "1", "--repeat", "8", "--cooldown-ms", "0", "--min-repeat-ms", &milliseconds, "--json"]);
        let told: Value = serde_json::from_str(&process::capture(&mut time)?)?;
        let samples: Vec<f64> = serde_json::from_value(told["samples_ms"].clone())?;
        ensure!(!samples.is_empty(), "`{}` gave no samples", process::shown(&time));
        Ok(samples)
    }
}

fn header(peers: &[&str], threads: usize) -> String {
    let columns: String = peers.iter().map(|peer| format!("{peer:>18}")).collect();
    format!("{:<24}{OURS:>10}{columns}   ({threads} thread{})", "model", if threads == 1 { "" } else { "s" })
}

fn row(name: &str, columns: &[Column]) -> String {
    let ours = columns.iter().find_map(|(_, samples)| samples.as_ref().ok());
    let mut line = format!("{name:<24}");
    for (index, (_, samples)) in columns.iter().enumerate() {
        line += &match (samples, ours) {
            (Ok(samples), _) if index == 0 => format!("{:>10.3}", median(samples.all())),
            (Ok(samples), Some(ours)) => format!("{:>10.3} ({:>4.2}x)", median(samples.all()), samples.over(ours)),
            _ => format!("{:>18}", "-"),
        };
    }
    for (engine, samples) in columns {
        if let Err(why) = samples {
            line += &format!("\n    {engine}: {}", why.lines().last().unwrap_or_default());
        }
    }
    line
}

fn describe(columns: &[Column]) -> Value {
    let ours = columns.iter().find_map(|(_, samples)| samples.as_ref().ok());
    let engines = columns.iter().map(|(name, samples)| match (samples, ours) {
        (Ok(samples), Some(ours)) => {
            let all = samples.all();
            let least = all.iter().copied().fold(f64::INFINITY, f64::min);
            json!({ "engine": name, "median_ms": median(all), "min_ms": least, "over_ours": samples.over(ours) })
        }
        (samples, _) => json!({ "engine": name, "error": samples.as_ref().err() }),
    });
    Value::Array(engines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_by_its_file_or_its_folder() {
        let name = |path: &str| name_of(Path::new(path));
        assert_eq!(name("/models/resnet18/model.onnx"), "resnet18");
        assert_eq!(name("/models/resnet18.onnx"), "resnet18");
        assert_eq!(name("/model.onnx"), "model");
    }
}
