//! The golden self-test: what the reference interpreter computes for seeded inputs.

use std::collections::HashSet;

use lathe_artifact::{DType, GoldenEntry, GoldenInput, GoldenSample, MAX_GOLDEN_SAMPLES, golden};
use lathe_graph::{Graph, Node, Op, Tensor, ValueId, interpreter};

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

/// Values that are legal whatever the input means: an index into what it is seen to index, a small number where that
/// is not known, a byte of a picture, a float of either sign.
fn range(graph: &Graph, input: ValueId) -> GoldenInput {
    let dtype = graph.ty(input).dtype;
    let indices = if dtype.is_int() { indices(graph, input) } else { None };
    let (low, high) = match (dtype, indices) {
        (_, Some(largest)) => (0.0, largest as f64),
        (DType::F32 | DType::F16 | DType::F64, _) => (-1.0, 1.0),
        (DType::U8, _) => (0.0, 255.0),
        (DType::I8, _) => (-128.0, 127.0),
        _ => (0.0, 1.0),
    };
    GoldenInput { low, high }
}

/// The largest index that is legal in every dimension `input`'s elements index; `None` if they index none. All legal
/// indices make a livelier test than two of them (rows that are all alike have no variance to normalise by), but no
/// more than two are taken where the elements are also computed with: the result may index something smaller.
fn indices(graph: &Graph, input: ValueId) -> Option<usize> {
    let consumers = graph.consumers();
    let (mut open, mut seen) = (vec![input], HashSet::new());
    let (mut smallest, mut computed_with) = (None::<usize>, false);
    while let Some(v) = open.pop() {
        if !seen.insert(v) {
            continue;
        }
        for node in consumers.get(&v).into_iter().flatten().map(|n| &graph.nodes[n.0 as usize]) {
            let indexed = indexed(graph, node).filter(|_| node.inputs.get(1) == Some(&v));
            match indexed {
                Some(extents) => smallest = extents.iter().copied().chain(smallest).min(),
                None if moves(&node.op) => open.extend(&node.outputs),
                None => computed_with = true,
            }
        }
    }
    let largest = smallest?.saturating_sub(1);
    Some(if computed_with { largest.min(1) } else { largest })
}

/// The extents of the dimensions that the elements of `node`'s second operand index.
fn indexed<'g>(graph: &'g Graph, node: &Node) -> Option<&'g [usize]> {
    let shape = |k: usize| node.inputs.get(k).map(|&v| graph.ty(v).shape.as_slice());
    let coordinates = || shape(1)?.last().copied();
    match node.op {
        Op::Gather { axis } | Op::GatherElements { axis } | Op::ScatterElements { axis, .. } => {
            shape(0)?.get(axis..=axis)
        }
        Op::GatherNd { batch_dims } => shape(0)?.get(batch_dims..batch_dims + coordinates()?),
        Op::ScatterNd { .. } => shape(0)?.get(..coordinates()?),
        _ => None,
    }
}

/// Whether the result's elements are elements of the operands as they are, or the same numbers in another type.
fn moves(op: &Op) -> bool {
    use Op::{Cast, Concat, Expand, Gather, GatherElements, GatherNd, Reshape, Slice, Tile, Transpose};
    match op {
        Cast(dtype) => dtype.is_int(),
        Reshape { .. } | Transpose { .. } | Slice { .. } | Expand { .. } | Tile { .. } | Concat { .. } => true,
        Gather { .. } | GatherElements { .. } | GatherNd { .. } => true,
        _ => false,
    }
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
    let mut seen = HashSet::new();
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

    /// `op(data, indices[, updates]) -> y`, with an index type that other values than indices also come in.
    fn indexing(op: Op, data: &[usize], indices: &[usize], updates: Option<&[usize]>) -> Graph {
        let mut graph = Graph::new("t");
        let narrow = graph.add_input("ids", TensorType::new(DType::U8, indices));
        let ids = graph.add_value("cast", TensorType::new(DType::I64, indices));
        let cast = Node { name: "cast".into(), op: Op::Cast(DType::I64), inputs: vec![narrow], outputs: vec![ids] };
        let mut inputs = vec![graph.add_input("x", TensorType::new(DType::F32, data)), ids];
        inputs.extend(updates.map(|shape| graph.add_input("updates", TensorType::new(DType::F32, shape))));
        let ty = graph.infer(&op, &inputs).unwrap().remove(0);
        let y = graph.add_value("y", ty);
        graph.nodes = vec![cast, Node { name: "op".into(), op, inputs, outputs: vec![y] }];
        graph.outputs.push(("y".into(), y));
        graph
    }

    #[test]
    fn every_operator_that_indexes_is_given_legal_indices() {
        use lathe_graph::op::ScatterCombine::Replace;
        let cases = [
            (indexing(Op::Gather { axis: 1 }, &[5, 1], &[3], None), 0.0),
            (indexing(Op::GatherElements { axis: 0 }, &[1, 5], &[3, 5], None), 0.0),
            (indexing(Op::GatherElements { axis: 1 }, &[1, 5], &[1, 9], None), 4.0),
            (indexing(Op::GatherNd { batch_dims: 0 }, &[7, 4, 5], &[3, 2], None), 3.0),
            (indexing(Op::GatherNd { batch_dims: 1 }, &[2, 4, 5], &[2, 3, 1], None), 3.0),
            (indexing(Op::ScatterNd { combine: Replace }, &[6, 1], &[3, 2], Some(&[3])), 0.0),
            (indexing(Op::ScatterElements { axis: 0, combine: Replace }, &[1, 5], &[1, 3], Some(&[1, 3])), 0.0),
        ];
        for (graph, high) in cases {
            let golden = compute(&graph).unwrap();
            assert_eq!(golden.inputs[0], GoldenInput { low: 0.0, high }, "{:?}", graph.nodes[1].op);
        }
    }

    #[test]
    fn indices_also_computed_with_stay_small() {
        let mut graph = lookup(50);
        let ids = graph.inputs[0];
        let sum = graph.add_value("sum", TensorType::new(DType::I64, [4]));
        let op = Op::Binary(lathe_graph::op::Binary::Add);
        graph.nodes.push(Node { name: "sum".into(), op, inputs: vec![ids, ids], outputs: vec![sum] });
        graph.outputs.push(("sum".into(), sum));
        assert_eq!(compute(&graph).unwrap().inputs, [GoldenInput { low: 0.0, high: 1.0 }]);
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
