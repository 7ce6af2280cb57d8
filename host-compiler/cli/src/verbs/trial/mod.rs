//! `trial`: every kernel of a model alone on a device, and a suite of bad ones that shows what the device does about them.

mod bad_kernels;
mod kernels;
mod outcome;
mod suite;

use lathe_driver::boards;
use lathe_tensor::Target;

use crate::arguments::TrialArgs;
use crate::failure::{Failure, Outcome};

pub fn run(args: &TrialArgs) -> Outcome {
    super::compile::start_threads(0)?;
    match (&args.model, args.suite) {
        (_, Some(count)) => suite::run(args, count),
        (Some(model), None) => kernels::run(args, model),
        (None, None) => Err(Failure::usage("which model's kernels? give MODEL.onnx, or --suite N")),
    }
}

/// Whom the candidates are for: as asked for, or by the device's name.
fn target(args: &TrialArgs) -> Outcome<Target> {
    let board = args.board.as_deref().or_else(|| args.device.device.strip_prefix("qemu:"));
    let (name, cpu) = match (&args.target, board) {
        (Some(name), _) => (name.clone(), None),
        (None, Some("aarch64-linux")) => ("aarch64-linux".to_string(), None),
        (None, Some(board)) => {
            let board = boards::find(board)?;
            (board.target, Some(board.cpu))
        }
        (None, None) if args.device.device == "local" => (lathe_runtime_std::host_target().to_string(), None),
        (None, None) => {
            return Err(Failure::usage(format!("what is {}? give --target or --board", args.device.device)));
        }
    };
    let target = lathe_codegen::targets::find(&name, args.mcpu.as_deref().or(cpu.as_deref()));
    Ok(target.map_err(lathe_driver::CompileError::from)?)
}
