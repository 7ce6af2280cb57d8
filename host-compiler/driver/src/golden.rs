//! The golden self-test: what the reference interpreter computes for seeded inputs.

use lathe_artifact::{DType, GoldenEntry, GoldenInput, GoldenSample, MAX_GOLDEN_SAMPLES, golden};
use lathe_graph::{Graph, Op, Tensor, ValueId, interpreter};

use crate::error::CompileError;

/// The seed of every artifact's self-test.
const SEED: u64 = 0x6C61_7468_6531;

/// Computes the self-test of `graph` (as imported, before any pass) by the interpreter.
pub fn compute(graph: &Graph) -> Result<GoldenEntry, CompileError> {
    let ranges: Vec<GoldenInput> = graph.inputs.iter().map(|&v| range(graph, v)).collect();
    let inputs = inputs(graph, &ranges);
    let outputs = interpreter::run(graph, &inputs).map_err(CompileError::SelfTest)?;
    let sampled: Vec<usize> = (0..outputs.len()).filter(|&o| comparable(graph, o)).collect();
    let share = MAX_GOLDEN_SAMPLES.checked_div(sampled.len()).unwrap_or(0).max(1);
    let samples = sampled.iter().flat_map(|&o| samples(o, &outputs[o], share)).take(MAX_GOLDEN_SAMPLES).collect();
    Ok(GoldenEntry { seed: SEED, inputs: ranges, samples })
}

/// Values that are legal whatever the input means: an index of 0 or 1 unless it is seen what it indexes, a byte of a
/// picture, a float of either sign.
fn range(graph: &Graph, input: ValueId) -> GoldenInput {
    let (low, high) = match graph.ty(input).dtype {
        DType::F32 | DType::F16 | DType::F64 => (-1.0, 1.0),
        DType::U8 => (0.0, 255.0),
        DType::I8 => (-128.0, 127.0),
        _ => (0.0, indexed_extent(graph, input).map_or(1.0, |extent| extent.saturating_sub(1) as f64)),
    };
    GoldenInput { low, high }
}

/// The smallest dimension that `input`'s elements index, moved about or converted but not computed with: all legal
/// indices make a livelier test than two of them (rows that are all alike have no variance to normalise by).
fn indexed_extent(graph: &Graph, input: ValueId) -> Option<usize> {
    let consumers = graph.consumers();
    let (mut open, mut smallest) = (vec![input], None::<usize>);
    while let Some(v) = open.pop() {
        for node in consumers.get(&v).into_iter().flatten().map(|n| &graph.nodes[n.0 as usize]) {
            match &node.op {
                Op::Gather { axis } if node.inputs.get(1) == Some(&v) => {
                    let extent = graph.ty(node.inputs[0]).shape[*axis];
                    smallest = Some(smallest.map_or(extent, |s| s.min(extent)));
                }
                Op::Cast(dtype) if !dtype.is_int() => return None,
                Op::Cast(_) | Op::Reshape { .. } | Op::Transpose { .. } | Op::Slice { .. } | Op::Expand { .. } => {
                    open.extend(&node.outputs);
                }
                _ => return None,
            }
        }
    }
    smallest
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

/// `count` elements spread over the tensor, with the tolerance of its size: 1e-3 of the range for `f32`. Deep networks
/// amplify rounding to a few times 1e-4 on inputs that mean nothing; a device that computes wrongly is off by far more.
fn samples(output: usize, tensor: &Tensor, count: usize) -> Vec<GoldenSample> {
    let elements = tensor.ty().elements();
    let value = |e: usize| golden::element(tensor.dtype(), tensor.bytes(), e as u32).unwrap_or(f64::NAN);
    let finite = || (0..elements).map(value).filter(|v| v.is_finite());
    let (low, high) = finite().fold((0f64, 0f64), |(l, h), v| (l.min(v), h.max(v)));
    let relative = match tensor.dtype() {
        DType::F32 => 1e-3,
        DType::F64 => 1e-7,
        DType::F16 => 1e-2,
        _ => 0.0,
    };
    // `low` and `high` include 0, so that their distance is at least the largest magnitude.
    let tolerance = (relative * (high - low)) as f32;
    let picked = (0..count.min(elements)).map(|i| (i * elements + elements / 2) / count.min(elements));
    let sample = |e: usize| GoldenSample { output: output as u16, element: e as u32, value: value(e), tolerance };
    picked.map(sample).collect()
}

#[cfg(test)]
mod tests {
    use lathe_graph::{Node, TensorType};

    use super::*;

    /// `ids -> Cast(i32) -> Gather(table) -> y`
    fn lookup(rows: usize) -> Graph {
        let mut graph = Graph::new("t");
        let ids = graph.add_input("ids", TensorType::new(DType::I64, [4]));
        let ty = TensorType::new(DType::F32, [rows, 2]);
        let bytes = (0..rows * 2).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let table = graph.add_constant("table", Tensor::new(ty, bytes).unwrap());
        let cast = graph.add_value("cast", TensorType::new(DType::I32, [4]));
        let y = graph.add_value("y", TensorType::new(DType::F32, [4, 2]));
        let node = |name: &str, op, inputs, outputs| Node { name: name.into(), op, inputs, outputs };
        graph.nodes.push(node("cast", Op::Cast(DType::I32), vec![ids], vec![cast]));
        graph.nodes.push(node("gather", Op::Gather { axis: 0 }, vec![table, cast], vec![y]));
        graph.outputs.push(("y".into(), y));
        graph
    }

    #[test]
    fn indices_span_the_dimension_they_index() {
        let golden = compute(&lookup(50)).unwrap();
        assert_eq!(golden.inputs, [GoldenInput { low: 0.0, high: 49.0 }]);
        assert!(golden.samples.len() == 8 && golden.samples.iter().all(|s| (0.0..100.0).contains(&s.value)));
        assert!(golden.samples.iter().any(|s| s.value > 3.0));
    }

    #[test]
    fn an_integer_decided_by_a_float_is_not_sampled() {
        let mut graph = lookup(50);
        let y = graph.outputs[0].1;
        let index = graph.add_value("index", TensorType::new(DType::I64, [4, 1]));
        let op = Op::ArgReduce { max: true, axis: 1, select_last: false };
        graph.nodes.push(Node { name: "arg".into(), op, inputs: vec![y], outputs: vec![index] });
        graph.outputs = vec![("index".into(), index)];
        assert!(compute(&graph).unwrap().samples.is_empty());
    }
}
