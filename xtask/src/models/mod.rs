//! `cargo xtask models`: a folder of models, each with recorded inputs and outputs, through the compiler.
//!
//! A model's folder holds `model.onnx`, `input_N.npy` in the order of the graph's inputs, `output_N.npy` as another
//! engine computed them, and `meta.json` with the inputs' and outputs' names and the right answer. Checked are every
//! output's error, the answer that a person reads from it, the artifact's size, and on a board arena and stack.

mod answers;
mod catalogue;
mod compiled;
mod on_board;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

pub use catalogue::{Model, beside, catalogue, expanded};

use crate::arguments::Arguments;
use crate::numpy::{self, TOLERANCE};
use crate::{board, build};
use compiled::{Compiled, Sizes};
use on_board::Counted;

/// What to compile for and where to run.
pub struct Target {
    /// As `host-compiler --target`.
    pub target: String,
    /// As `--mcpu`, where it is not the target's own.
    pub mcpu: Option<String>,
    /// As `--board`, which says both of the above.
    pub board: Option<String>,
    /// As `host-compiler run --device`.
    pub device: String,
}

impl Target {
    /// A target, run on this machine if it is this machine's, else emulated.
    pub fn new(target: String, mcpu: Option<String>) -> Self {
        let here = target == format!("{}-linux", std::env::consts::ARCH);
        let device = if here { "local".into() } else { format!("qemu:{target}") };
        Self { target, mcpu, board: None, device }
    }

    /// An emulated board of the project.
    pub fn board(name: &str) -> Result<Self> {
        let target = board::find(name)?.target;
        Ok(Self { target, mcpu: None, board: Some(name.into()), device: format!("qemu:{name}") })
    }

    /// Builds what its device runs.
    fn prepare(&self) -> Result<()> {
        match &self.board {
            Some(name) => board::build(&board::find(name)?),
            None if self.device.starts_with("qemu:") => build::device_server_aarch64(),
            None => Ok(()),
        }
    }
}

/// The verb: all models of a folder (by default the one beside the project), or those named.
pub fn run(mut arguments: Arguments) -> Result<()> {
    let (named, mcpu) = (arguments.value("--target")?, arguments.value("--mcpu")?);
    let mut target = match arguments.value("--board")? {
        Some(board) if named.is_none() && mcpu.is_none() => Target::board(&board)?,
        Some(board) => bail!("--board {board} says target and processor: leave out --target and --mcpu"),
        None => Target::new(named.unwrap_or_else(|| "x86_64-linux".into()), mcpu),
    };
    if let Some(device) = arguments.value("--device")? {
        target.device = device;
    }
    let expand = arguments.flag("--expand");
    let filled = arguments.value("--expanded")?.map_or_else(expanded, PathBuf::from);
    let most = arguments.count("--max-macs", usize::MAX)? as u64;
    let mut words = arguments.rest()?;
    let folder = match words.first() {
        Some(first) if Path::new(first).is_dir() => PathBuf::from(words.remove(0)),
        _ => beside().context("there is no folder ../shared/models: name one")?,
    };
    let mut models = catalogue(&folder, &filled)?;
    models.retain(|model| model.macs() <= most && (words.is_empty() || words.contains(&model.name)));
    if expand {
        models.iter().try_for_each(Model::expand)?;
    }
    let (models, skipped): (Vec<Model>, Vec<Model>) = models.into_iter().partition(Model::is_whole);
    ensure!(!models.is_empty(), "no model of that name in {}", folder.display());
    let (right, wrong) = check(&models, &target)?;
    for model in skipped {
        println!("SKIPPED {}: its weights are not filled in; --expand does it, --expanded DIR says where", model.name);
    }
    let cpu = target.mcpu.as_deref().map(|cpu| format!(" ({cpu})")).unwrap_or_default();
    println!("{right} right, {wrong} wrong, on {}{cpu} through {}", target.target, target.device);
    ensure!(wrong == 0, "{wrong} of {} models are wrong", models.len());
    Ok(())
}

/// Checks every model and prints a line for each; returns how many were right and wrong. No model is an error.
pub fn check(models: &[Model], target: &Target) -> Result<(usize, usize)> {
    ensure!(!models.is_empty(), "there is no model to check for {}", target.target);
    let compiler = build::host_compiler()?;
    target.prepare()?;
    println!("{:<24} {:>8}  {:<13}{:>11}{:>11}  answer", "model", "time", "error", "bytes", "allowed");
    let mut right = 0;
    for model in models {
        let start = Instant::now();
        let line = match examine(model, &compiler, target) {
            Ok(found) => {
                right += 1;
                let Found { error, sizes, answer, counted } = found;
                let counted = counted.map(|Counted { instructions, stack }| {
                    format!("{:.3} M instructions, {stack} bytes of stack  ", instructions as f64 / 1e6)
                });
                let counted = counted.unwrap_or_default();
                format!("right {error:<7.1e}{:>11}{:>11}  {counted}{answer}", sizes.file, sizes.bound())
            }
            Err(error) => format!("WRONG {error:#}"),
        };
        println!("{:<24} {:>6.1} s  {}", model.name, start.elapsed().as_secs_f64(), line.trim_end());
    }
    Ok((right, models.len() - right))
}

/// What was found of a model that is right.
struct Found {
    /// The greatest error among its outputs.
    error: f64,
    sizes: Sizes,
    /// Its answer in words, empty where the catalogue knows none.
    answer: String,
    /// What a board counted.
    counted: Option<Counted>,
}

/// Compiles a model, runs it on its recorded inputs, and checks outputs, answer, size and, on a board, memory.
fn examine(model: &Model, compiler: &Path, target: &Target) -> Result<Found> {
    let compiled = Compiled::new(compiler, model, target)?;
    let sizes = compiled.sizes()?;
    compiled::within(&sizes)?;
    let (got, want) = (compiled.run(&model.inputs())?, model.recorded()?);
    let mut worst = 0.0;
    for ((got, want), name) in got.iter().zip(&want).zip(model.output_names()) {
        let error = numpy::compare(got, want).with_context(|| format!("output `{name}`"))?;
        ensure!(error <= TOLERANCE, "output `{name}`: error {error:.2e} of the range, at most {TOLERANCE:.0e}");
        worst = f64::max(worst, error);
    }
    let answer = answers::check(model, &got, &compiled).context("the answer")?;
    let counted = target.board.as_deref().map(|board| compiled.counted(board)).transpose()?;
    Ok(Found { error: worst, sizes, answer, counted })
}
