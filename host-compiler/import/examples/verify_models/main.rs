//! Imports models, runs them through the graph interpreter and compares with recorded outputs.
//!
//! `verify_models DIR...`: each folder holds `model.onnx`, `input_N.npy` in the order of the graph's inputs and
//! `output_N.npy`. The largest error must stay within 1e-4 of the larger of the recorded output's range and largest
//! magnitude; integers and booleans must be equal. Ends with 1 when a model fails.

mod npy;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use lathe_graph::{Tensor, interpreter};
use lathe_import::{Options, import_file};

const TOLERANCE: f64 = 1e-4;

fn main() -> ExitCode {
    let mut clean = true;
    for folder in std::env::args().skip(1) {
        let start = Instant::now();
        let outcome = verify(Path::new(&folder));
        let seconds = start.elapsed().as_secs_f64();
        match outcome {
            Ok(text) => println!("ok    {folder}: {text}, {seconds:.1} s"),
            Err(text) => {
                clean = false;
                println!("FAIL  {folder}: {text}");
            }
        }
    }
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn verify(folder: &Path) -> Result<String, String> {
    let inputs = npy::numbered(folder, "input")?;
    let expected = npy::numbered(folder, "output")?;
    let model = folder.join("model.onnx");
    let mut options = Options::default();
    let graph = match import_file(&model, &options) {
        Ok(graph) => graph,
        Err(_) => {
            let names = lathe_import::input_names(&std::fs::read(&model).map_err(|e| e.to_string())?);
            let names = names.map_err(|e| e.to_string())?;
            options.input_shapes = names.into_iter().zip(&inputs).map(|(n, t)| (n, t.shape().to_vec())).collect();
            import_file(&model, &options).map_err(|e| e.to_string())?
        }
    };
    let outputs = interpreter::run(&graph, &inputs).map_err(|e| e.to_string())?;
    if outputs.len() != expected.len() {
        return Err(format!("{} outputs instead of {}", outputs.len(), expected.len()));
    }
    let mut worst = 0.0f64;
    for (i, (got, want)) in outputs.iter().zip(&expected).enumerate() {
        let error = relative_error(got, want).map_err(|e| format!("output {i}: {e}"))?;
        if error > TOLERANCE {
            return Err(format!("output {i}: relative error {error:.2e}"));
        }
        worst = worst.max(error);
    }
    Ok(format!("{} nodes, error {worst:.1e}", graph.nodes.len()))
}

/// The largest error over the larger of range and largest magnitude of `want`.
fn relative_error(got: &Tensor, want: &Tensor) -> Result<f64, String> {
    if got.ty() != want.ty() {
        return Err(format!("type {} instead of {}", got.ty(), want.ty()));
    }
    if !got.dtype().is_float() {
        return if got == want { Ok(0.0) } else { Err("integers differ".into()) };
    }
    let (got, want) = (got.to_f64s(), want.to_f64s());
    if got.iter().any(|v| !v.is_finite()) {
        return Err("not finite".into());
    }
    let (low, high) = want.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let scale = (high - low).max(high.abs()).max(low.abs());
    let error = got.iter().zip(&want).map(|(g, w)| (g - w).abs()).fold(0.0, f64::max);
    Ok(if error == 0.0 { 0.0 } else { error / scale })
}
