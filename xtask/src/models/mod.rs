//! `cargo xtask models`: a folder of models, each with recorded inputs and outputs, through the compiler.
//!
//! A model's folder holds `model.onnx`, `input_N.npy` in the order of the graph's inputs, `output_N.npy` as another
//! engine computed them, and `meta.json` with the inputs' and outputs' names and the right answer. Checked are every
//! output's error, the answer that a person reads from it, the artifact's size, and on a board arena and stack. With
//! `--links` each model is run and timed over every link its device has, too.

mod answers;
mod catalogue;
mod compiled;
mod links;
mod on_board;
mod served;
mod target;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

pub use catalogue::{Model, beside, catalogue, expanded, named};
pub use target::{LARGE_BOARDS, Target};

use crate::arguments::Arguments;
use crate::numpy::{self, Array, TOLERANCE};
use crate::{board, build};
use compiled::{Compiled, Sizes};
use links::Seen;
use on_board::Counted;

/// Models of the catalogue for microcontrollers.
pub const FOR_MICROCONTROLLERS: [&str; 6] =
    ["mnist_cntk", "tflm_hello_float", "ad_autoenc_fp32", "kws_dscnn_fp32", "ic_resnet8_fp32", "vww_mobilenet_fp32"];

/// The verb: all models of a folder (by default the one beside the project), or those named.
pub fn run(mut arguments: Arguments) -> Result<()> {
    let targets = target::named(&mut arguments)?;
    let expand = arguments.flag("--expand");
    let filled = arguments.value("--expanded")?.map_or_else(expanded, PathBuf::from);
    let most = arguments.count("--max-macs", usize::MAX)? as u64;
    let mut words = arguments.rest()?;
    let folder = match words.first() {
        Some(first) if Path::new(first).is_dir() => PathBuf::from(words.remove(0)),
        _ => beside().context("there is no folder ../shared/models: name one")?,
    };
    if words.is_empty() && targets.iter().any(|target| target.links.is_some()) {
        words = FOR_MICROCONTROLLERS.map(str::to_owned).into();
    }
    let mut models = catalogue(&folder, &filled)?;
    models.retain(|model| model.macs() <= most && (words.is_empty() || words.contains(&model.name)));
    if expand {
        models.iter().try_for_each(Model::expand)?;
    }
    let (models, skipped): (Vec<Model>, Vec<Model>) = models.into_iter().partition(Model::is_whole);
    ensure!(!models.is_empty(), "no model of that name in {}", folder.display());
    let mut wrong = 0;
    for target in &targets {
        let (right, not) = check(&models, target)?;
        let cpu = target.mcpu.as_deref().map(|cpu| format!(" ({cpu})")).unwrap_or_default();
        println!("{right} right, {not} wrong, on {}{cpu} through {}", target.target, target.device);
        wrong += not;
    }
    for model in skipped {
        println!("SKIPPED {}: its weights are not filled in; --expand does it, --expanded DIR says where", model.name);
    }
    ensure!(wrong == 0, "{wrong} of {} models are wrong", models.len() * targets.len());
    Ok(())
}

/// Builds what the target's device runs.
fn prepare(target: &Target) -> Result<()> {
    if target.links.is_some() {
        links::prepare(target)?;
    }
    match &target.board {
        Some(name) => board::build(&board::find(name)?),
        None if target.device.starts_with("qemu:") => build::device_server_aarch64(),
        None => Ok(()),
    }
}

/// Checks every model and prints a line for each; returns how many were right and wrong. No model is an error.
pub fn check(models: &[Model], target: &Target) -> Result<(usize, usize)> {
    ensure!(!models.is_empty(), "there is no model to check for {}", target.target);
    let compiler = build::host_compiler()?;
    prepare(target)?;
    println!("{:<24} {:>8}  {:<13}{:>11}{:>11}  answer", "model", "time", "error", "bytes", "allowed");
    let mut right = 0;
    for model in models {
        let start = Instant::now();
        let mut ways = Vec::new();
        let line = match examine(model, &compiler, target) {
            Ok(found) => {
                right += 1;
                let Found { error, sizes, answer, counted, seen } = found;
                ways = seen;
                let counted = counted.map(|Counted { instructions, stack }| {
                    format!("{:.3} M instructions, {stack} bytes of stack  ", instructions as f64 / 1e6)
                });
                let counted = counted.unwrap_or_default();
                format!("right {error:<7.1e}{:>11}{:>11}  {counted}{answer}", sizes.file, sizes.bound())
            }
            Err(error) => format!("WRONG {error:#}"),
        };
        println!("{:<24} {:>6.1} s  {}", model.name, start.elapsed().as_secs_f64(), line.trim_end());
        for Seen { way, found } in ways {
            let found = found.map_or_else(|why| why, |(error, time)| format!("{error:<7.1e}  {time}"));
            println!("    {way:<54}  {found}");
        }
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
    /// What was seen over each link, if that was asked for.
    seen: Vec<Seen>,
}

/// Compiles a model, runs it on its recorded inputs, and checks outputs, answer, size and, on a board, memory.
fn examine(model: &Model, compiler: &Path, target: &Target) -> Result<Found> {
    let compiled = Compiled::new(compiler, model, target)?;
    let sizes = compiled.sizes()?;
    compiled::within(&sizes)?;
    let got = compiled.run(&model.inputs())?;
    let error = worst_error(model, &got)?;
    let answer = answers::check(model, &got, &compiled).context("the answer")?;
    let counted = target.board.as_deref().map(|board| compiled.counted(board)).transpose()?;
    let seen = target.links.map_or(Ok(Vec::new()), |most| links::check(model, &compiled, target, most))?;
    Ok(Found { error, sizes, answer, counted, seen })
}

/// The greatest error among a model's outputs, each within its tolerance of what was recorded.
fn worst_error(model: &Model, got: &[Array]) -> Result<f64> {
    let mut worst = 0.0;
    for ((got, want), name) in got.iter().zip(&model.recorded()?).zip(model.output_names()) {
        let error = numpy::compare(got, want).with_context(|| format!("output `{name}`"))?;
        ensure!(error <= TOLERANCE, "output `{name}`: error {error:.2e} of the range, at most {TOLERANCE:.0e}");
        worst = f64::max(worst, error);
    }
    Ok(worst)
}
