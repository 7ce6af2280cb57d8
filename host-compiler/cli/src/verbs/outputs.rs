//! What a run gave: files, largest elements, a summary.

use std::path::Path;

use lathe_artifact::golden::element;
use lathe_graph::Tensor;
use serde_json::{Value, json};

use crate::failure::{Exit, Failure, Outcome};
use crate::output_file;
use crate::tensors::npz;

/// Writes every output under its name.
pub fn write(path: &Path, outputs: &[(String, Tensor)]) -> Outcome {
    let bytes = npz::write(outputs).map_err(|e| Failure::new(Exit::Failure, format!("{}: {e}", path.display())))?;
    output_file::write(path, &bytes)
}

/// One of the largest elements.
pub struct Ranked {
    /// position in the output
    pub index: usize,
    /// value
    pub value: f64,
    /// the label of this position
    pub label: Option<String>,
}

/// The `k` largest elements of `output`, with labels by position.
pub fn top(output: &Tensor, k: usize, labels: &[String]) -> Vec<Ranked> {
    let mut ranked: Vec<(usize, f64)> = values(output).enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked.truncate(k);
    ranked.into_iter().map(|(index, value)| Ranked { index, value, label: labels.get(index).cloned() }).collect()
}

/// The labels in a text file, one a line.
pub fn labels(path: Option<&Path>) -> Outcome<Vec<String>> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file("read", path, &e))?;
    Ok(text.lines().map(|l| l.trim().to_string()).collect())
}

fn values(tensor: &Tensor) -> impl Iterator<Item = f64> {
    (0..tensor.ty().elements()).map(|i| element(tensor.dtype(), tensor.bytes(), i as u32).unwrap_or(f64::NAN))
}

/// Type, range and first elements.
pub fn summary(name: &str, tensor: &Tensor) -> (Value, String) {
    let low = values(tensor).fold(f64::INFINITY, f64::min);
    let high = values(tensor).fold(f64::NEG_INFINITY, f64::max);
    let first: Vec<f64> = values(tensor).take(8).collect();
    let document = json!({
        "name": name, "dtype": tensor.dtype().name(), "shape": tensor.shape(), "min": low, "max": high, "first": first,
    });
    let shown: Vec<String> = first.iter().map(|v| format!("{v:.6}")).collect();
    let more = if tensor.ty().elements() > first.len() { ", …" } else { "" };
    (document, format!("{name}: {} from {low:.6} to {high:.6}: {}{more}\n", tensor.ty(), shown.join(", ")))
}
