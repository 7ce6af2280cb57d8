//! `compile`: a model into an artifact; [`super::emit`] has the forms on the way there.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use lathe_artifact::Artifact;
use lathe_driver::boards::{self, Board};
use lathe_driver::footprint::Footprint;
use lathe_driver::{Compiled, OptimizationLevel, Options, PictureInput, Step};
use serde_json::json;

use super::steps::Steps;
use super::{bytes_text, c_export, emit, footprint};
use crate::arguments::{CompileArgs, ModelArgs};
use crate::console;
use crate::failure::{Exit, Failure, Outcome};
use crate::output_file;

pub fn run(args: &CompileArgs) -> Outcome {
    let board = args.board.as_deref().map(boards::find).transpose()?;
    let options = options(args, board.as_ref())?;
    start_threads(args.threads)?;
    if options.target.name.starts_with("aarch64-jetson") {
        console::say("note: CUDA kernels are not there yet; this compiles the NEON side of the Jetson target");
    }
    let export = args.emit.as_deref().and_then(c_export::Kind::named);
    if let Some(request) = args.emit.as_ref().filter(|_| export.is_none()) {
        return emit::run(args, &options, request);
    }
    let output = args.output.as_ref().ok_or_else(|| {
        Failure::usage(
            "where should the artifact go? give -o OUT.lathe (or --emit FORM to look at an intermediate form)",
        )
    })?;
    let started = Instant::now();
    let steps = Steps::default();
    let compiled = lathe_driver::compile(&args.model, &options, &steps);
    steps.clear();
    let compiled = compiled?;
    // Of a board with Linux nothing is to be shared out, and what is exported is for firmware that is not ours.
    let firmware = board.filter(|board| !board.has_os() && export.is_none());
    let footprint = firmware.map(|board| fit(&compiled, &board)).transpose()?;
    let header = match export {
        Some(kind) => Some(c_export::write(kind, &compiled.bytes, output)?),
        None => output_file::write(output, &compiled.bytes).map(|()| None)?,
    };
    let seconds = started.elapsed().as_secs_f64();
    report(args, &compiled, header.as_deref(), footprint.as_ref(), &steps.seconds(), seconds)
}

/// What the artifact takes of the board; refuses one that does not fit.
fn fit(compiled: &Compiled, board: &Board) -> Outcome<Footprint> {
    let artifact = Artifact::parse(&compiled.bytes).map_err(|e| Failure::new(Exit::Failure, e))?;
    let footprint = footprint::on_board(&artifact, board)?;
    footprint.check()?;
    Ok(footprint)
}

/// The driver's options from the command line's and the board's.
fn options(args: &CompileArgs, board: Option<&Board>) -> Outcome<Options> {
    let (name, cpu) = match (board, args.target.as_deref()) {
        (Some(board), Some(target)) if target != board.target => {
            let (board, own) = (&board.name, &board.target);
            return Err(Failure::usage(format!("{board} is {own}, not {target}: leave --target out")));
        }
        (Some(board), _) => (board.target.as_str(), Some(board.cpu.as_str())),
        (None, Some(target)) => (target, None),
        (None, None) => return Err(Failure::usage("whom is the artifact for? give --target or --board")),
    };
    let target = lathe_codegen::targets::find(name, args.mcpu.as_deref().or(cpu));
    let mut options = Options::new(target.map_err(lathe_driver::CompileError::from)?);
    model_options(&args.graph, &mut options)?;
    options.level = match args.level {
        0 => OptimizationLevel::None,
        1 => OptimizationLevel::Graph,
        _ => OptimizationLevel::Full,
    };
    options.self_test = !args.no_self_test;
    Ok(options)
}

/// Fills in input shapes and pictures.
pub fn model_options(args: &ModelArgs, options: &mut Options) -> Outcome {
    options.input_shapes = input_shapes(&args.input_shapes)?;
    options.pictures = pictures(&args.pictures)?;
    Ok(())
}

/// `NAME=u8,nhwc,…`, several times.
pub fn pictures(texts: &[String]) -> Outcome<Vec<PictureInput>> {
    texts.iter().map(|text| text.parse().map_err(Failure::usage)).collect()
}

/// `NAME=1,3,224,224`, several times.
pub fn input_shapes(texts: &[String]) -> Outcome<BTreeMap<String, Vec<usize>>> {
    let shape = |text: &String| {
        let wrong = || Failure::usage(format!("--input-shape {text:?}: expected NAME=1,3,224,224"));
        let (name, dims) = text.rsplit_once('=').ok_or_else(wrong)?;
        let dims = dims.split(',').filter(|d| !d.is_empty()).map(|d| d.trim().parse().map_err(|_| wrong()));
        Ok((name.to_string(), dims.collect::<Outcome<Vec<usize>>>()?))
    };
    texts.iter().map(shape).collect()
}

/// Starts the compiler's threads, 0 for one per processor.
pub fn start_threads(count: usize) -> Outcome {
    lathe_driver::start_threads(count)
        .map_err(|e| Failure::new(Exit::Failure, format!("threads could not be started: {e}")))
}

fn report(
    args: &CompileArgs,
    compiled: &Compiled,
    header: Option<&Path>,
    board: Option<&Footprint>,
    steps: &[(Step, f64)],
    seconds: f64,
) -> Outcome {
    let lowering = &compiled.lowering;
    let (plan, target) = (&lowering.plan, &lowering.options.target);
    let output = args.output.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
    let document = json!({
        "artifact": output,
        "header": header.map(|path| path.display().to_string()),
        "target": target.name,
        "mcpu": target.cpu,
        "bytes": compiled.bytes.len(),
        "constant_bytes": plan.constants.len(),
        "arena_bytes": plan.memory.arena,
        "arena_bound_bytes": plan.memory.bound,
        "workspace_bytes": plan.workspace,
        "peak_model_order_bytes": lowering.peaks.0,
        "peak_order_bytes": lowering.peaks.1,
        "groups": lowering.groups.len(),
        "steps": plan.steps.len(),
        "kernels": lowering.kernels.kernels().len(),
        "board": board,
        "seconds": seconds,
        "step_seconds": steps.iter().map(|(s, t)| (format!("{s:?}").to_lowercase(), json!(t))).collect::<serde_json::Map<_, _>>(),
    });
    console::report(document, || {
        format!(
            "{output}: {} for {} {} in {seconds:.1} s\n  {} of constants, {} steps, {} kernels; arena {} + {} a thread\n",
            bytes_text(compiled.bytes.len() as u64),
            target.name,
            target.cpu,
            bytes_text(plan.constants.len() as u64),
            plan.steps.len(),
            lowering.kernels.kernels().len(),
            bytes_text(plan.memory.arena as u64),
            bytes_text(plan.workspace as u64),
        ) + &header.map(|path| format!("  {}: the header for C\n", path.display())).unwrap_or_default()
            + &board.map(footprint::text).unwrap_or_default()
    })
}
