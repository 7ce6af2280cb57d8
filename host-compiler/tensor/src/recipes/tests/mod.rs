//! Every operator's program against the graph interpreter.

mod attention;
mod elementwise;
mod empty;
mod groups;
mod images;
mod indexing;
mod kernels;
mod movement;
mod products;
mod recurrent;
mod reductions;
mod resizing;

use std::collections::HashMap;

use lathe_graph::interpreter::eval_op;
use lathe_graph::{DType, Graph, Node, NodeId, Op, Tensor, TensorType, ValueId, infer};

use super::{GroupProgram, program_for_group};
use crate::expr::BufferId;
use crate::program::Program;
use crate::program::eval::{Array, Value, evaluate};

/// A seeded generator (splitmix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `low..high`.
    pub(super) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (self.next() >> 11) as f64 / (1u64 << 53) as f64 * (high - low)
    }

    /// A tensor of numbers in `low..high` (integers: rounded down).
    pub(super) fn range(&mut self, dtype: DType, shape: &[usize], low: f64, high: f64) -> Tensor {
        let count = shape.iter().product::<usize>();
        let values: Vec<f64> = (0..count)
            .map(|_| if dtype.is_float() { self.uniform(low, high) } else { self.uniform(low, high).floor() })
            .collect();
        Tensor::from_f64s(dtype, shape, &values).expect("as many values as the shape holds")
    }

    /// A tensor of small numbers of either sign.
    pub(super) fn tensor(&mut self, dtype: DType, shape: &[usize]) -> Tensor {
        match dtype {
            DType::Bool => self.range(dtype, shape, 0.0, 2.0),
            d if d.is_int() && !d.is_signed_int() => self.range(dtype, shape, 0.0, 10.0),
            d if d.is_int() => self.range(dtype, shape, -9.0, 10.0),
            _ => self.range(dtype, shape, -2.0, 2.0),
        }
    }
}

/// An operand: a graph input, or a constant.
pub(super) enum Given {
    Input(Tensor),
    Constant(Tensor),
}

impl Given {
    fn tensor(&self) -> &Tensor {
        match self {
            Given::Input(t) | Given::Constant(t) => t,
        }
    }
}

/// A graph of one node over `given`; all its results are graph outputs.
pub(super) fn graph_of(op: &Op, given: &[Given]) -> Graph {
    let mut graph = Graph::new("test");
    let inputs = given
        .iter()
        .map(|g| match g {
            Given::Input(t) => graph.add_input("x", t.ty().clone()),
            Given::Constant(t) => graph.add_constant("c", t.clone()),
        })
        .collect();
    push(&mut graph, op.clone(), inputs);
    let outputs = graph.nodes[0].outputs.clone();
    graph.outputs = outputs.into_iter().map(|v| ("y".to_string(), v)).collect();
    graph
}

/// Appends a node; its results are typed by inference.
pub(super) fn push(graph: &mut Graph, op: Op, inputs: Vec<ValueId>) -> Vec<ValueId> {
    let types: Vec<&TensorType> = inputs.iter().map(|&v| graph.ty(v)).collect();
    let results = infer(&op, &types).unwrap_or_else(|e| panic!("{op:?}: {e}"));
    let outputs: Vec<ValueId> = results.into_iter().map(|ty| graph.add_value("v", ty)).collect();
    graph.nodes.push(Node { name: format!("n{}", graph.nodes.len()), op, inputs, outputs: outputs.clone() });
    outputs
}

fn array(tensor: &Tensor) -> Array {
    let dtype = tensor.dtype();
    let data = if dtype.is_float() {
        tensor.to_f64s().into_iter().map(Value::Float).collect()
    } else {
        tensor.to_i64s().into_iter().map(Value::Int).collect()
    };
    Array { dtype, data }
}

/// The value of every output buffer of `group`.
pub(super) fn run(group: &GroupProgram, values: &HashMap<ValueId, Tensor>) -> HashMap<ValueId, Array> {
    let program = &group.program;
    let mut operands = HashMap::new();
    for (k, value) in group.buffers.iter().enumerate() {
        if let Some(tensor) = value.and_then(|v| values.get(&v)) {
            operands.insert(BufferId(k as u32), array(tensor));
        }
    }
    let memory = evaluate(program, &operands).unwrap_or_else(|e| panic!("{e}\n{program}"));
    kernels::schedules_agree(group, &operands, &memory);
    memory.into_iter().zip(&group.buffers).filter_map(|(a, v)| v.map(|v| (v, a))).collect()
}

/// The text form parses back to the same program.
pub(super) fn round_trips(program: &Program) {
    let text = program.to_string();
    let parsed = Program::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(parsed.to_string(), text);
    // NaN constants aside, which no recipe writes, the parsed program is equal
    assert_eq!(&parsed, program, "{text}");
    parsed.verify().unwrap_or_else(|e| panic!("{e}\n{text}"));
}

/// Elements agree: floats within `tolerance` of the largest magnitude, everything else exactly.
pub(super) fn agree(found: &Array, expected: &Tensor, tolerance: f64, context: &dyn Fn() -> String) {
    let expected = array(expected);
    assert_eq!(found.data.len(), expected.data.len(), "{}", context());
    let magnitude = |v: &Value| match v {
        Value::Float(f) if f.is_finite() => f.abs(),
        _ => 0.0,
    };
    let largest = expected.data.iter().map(magnitude).fold(1e-3, f64::max);
    for (k, (f, e)) in found.data.iter().zip(&expected.data).enumerate() {
        let fits = match (f, e) {
            (Value::Float(f), Value::Float(e)) if e.is_finite() => (f - e).abs() <= tolerance * largest,
            (f, e) => f == e,
        };
        assert!(fits, "element {k}: {f:?}, expected {e:?}\n{}", context());
    }
}

fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 2e-3,
        DType::F64 => 1e-12,
        _ => 2e-6,
    }
}

/// Builds the program of `op`, evaluates it and compares every result with the interpreter's. Returns the program.
pub(super) fn check_given(op: Op, given: Vec<Given>) -> GroupProgram {
    let graph = graph_of(&op, &given);
    let group = program_for_group(&graph, &[NodeId(0)], NodeId(0)).unwrap_or_else(|e| panic!("{op:?}: {e}"));
    round_trips(&group.program);
    let tensors: Vec<&Tensor> = given.iter().map(Given::tensor).collect();
    let expected = eval_op(&op, &tensors).unwrap_or_else(|e| panic!("{op:?}: {e}"));
    let node = &graph.nodes[0];
    let values: HashMap<ValueId, Tensor> = node.inputs.iter().copied().zip(tensors.into_iter().cloned()).collect();
    let found = run(&group, &values);
    let operand_dtype = given.first().map_or(DType::F32, |g| g.tensor().dtype());
    for (value, tensor) in node.outputs.iter().zip(&expected) {
        let rough = if operand_dtype == DType::F16 { DType::F16 } else { tensor.dtype() };
        agree(&found[value], tensor, tolerance(rough), &|| format!("{op:?}\n{}", group.program));
    }
    group
}

/// [`check_given`] with every operand once as an input and once as a constant.
pub(super) fn check(op: Op, operands: Vec<Tensor>) -> GroupProgram {
    check_given(op.clone(), operands.iter().cloned().map(Given::Constant).collect());
    check_given(op, operands.into_iter().map(Given::Input).collect())
}

/// An i64 tensor of these elements.
pub(super) fn indices(shape: &[usize], values: &[i64]) -> Tensor {
    Tensor::from_slice(shape, values).expect("as many values as the shape holds")
}
