//! The golden self-test: what the reference interpreter computes for seeded inputs.

use lathe_artifact::{DType, GoldenEntry, GoldenInput, GoldenSample, MAX_GOLDEN_SAMPLES, golden};
use lathe_graph::{Graph, Tensor, ValueId, interpreter};

use crate::error::CompileError;

/// The seed of every artifact's self-test.
const SEED: u64 = 0x6C61_7468_6531;

/// Computes the self-test of `graph` (as imported, before any pass) by the interpreter.
pub fn compute(graph: &Graph) -> Result<GoldenEntry, CompileError> {
    let ranges: Vec<GoldenInput> = graph.inputs.iter().map(|&v| range(graph.ty(v).dtype)).collect();
    let inputs = inputs(graph, &ranges);
    let outputs = interpreter::run(graph, &inputs).map_err(CompileError::SelfTest)?;
    let sampled: Vec<usize> = (0..outputs.len()).filter(|&o| comparable(graph, o)).collect();
    let share = MAX_GOLDEN_SAMPLES.checked_div(sampled.len()).unwrap_or(0).max(1);
    let samples = sampled.iter().flat_map(|&o| samples(o, &outputs[o], share)).take(MAX_GOLDEN_SAMPLES).collect();
    Ok(GoldenEntry { seed: SEED, inputs: ranges, samples })
}

/// Values that are legal whatever the input means: an index of 0 or 1, a byte of a picture, a float of either sign.
fn range(dtype: DType) -> GoldenInput {
    let (low, high) = match dtype {
        DType::F32 | DType::F16 | DType::F64 => (-1.0, 1.0),
        DType::U8 => (0.0, 255.0),
        DType::I8 => (-128.0, 127.0),
        _ => (0.0, 1.0),
    };
    GoldenInput { low, high }
}

fn inputs(graph: &Graph, ranges: &[GoldenInput]) -> Vec<Tensor> {
    let seeded = graph.inputs.iter().zip(ranges).enumerate().filter_map(|(i, (&v, range))| {
        let ty = graph.ty(v).clone();
        let mut bytes = vec![0; ty.bytes()];
        golden::fill(ty.dtype, SEED, i as u32, *range, &mut bytes);
        Tensor::new(ty, bytes)
    });
    seeded.collect()
}

/// Whether rounding cannot change output `index` abruptly: a float, or an integer that no float decides.
fn comparable(graph: &Graph, index: usize) -> bool {
    let value = graph.outputs[index].1;
    if graph.ty(value).dtype.is_float() {
        return true;
    }
    let producers = graph.producers();
    let mut open: Vec<ValueId> = vec![value];
    let mut seen = std::collections::HashSet::new();
    while let Some(v) = open.pop() {
        if !seen.insert(v) || graph.constant(v).is_some() {
            continue;
        }
        if graph.ty(v).dtype.is_float() {
            return false;
        }
        open.extend(producers.get(&v).into_iter().flat_map(|n| &graph.nodes[n.0 as usize].inputs));
    }
    true
}

/// `count` elements spread over the tensor, with the tolerance of its size: 1e-4 of the range for `f32`.
fn samples(output: usize, tensor: &Tensor, count: usize) -> Vec<GoldenSample> {
    let elements = tensor.ty().elements();
    let value = |e: usize| golden::element(tensor.dtype(), tensor.bytes(), e as u32).unwrap_or(f64::NAN);
    let finite = || (0..elements).map(value).filter(|v| v.is_finite());
    let (low, high) = finite().fold((0f64, 0f64), |(l, h), v| (l.min(v), h.max(v)));
    let relative = match tensor.dtype() {
        DType::F32 => 1e-4,
        DType::F64 => 1e-7,
        DType::F16 => 4e-3,
        _ => 0.0,
    };
    // `low` and `high` include 0, so that their distance is at least the largest magnitude.
    let tolerance = (relative * (high - low)) as f32;
    let picked = (0..count.min(elements)).map(|i| (i * elements + elements / 2) / count.min(elements));
    let sample = |e: usize| GoldenSample { output: output as u16, element: e as u32, value: value(e), tolerance };
    picked.map(sample).collect()
}
