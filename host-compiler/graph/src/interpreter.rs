//! The reference interpreter: the slow oracle that says what a graph means.
//!
//! One file per operator family, independent of the compiler. Floats are computed in `f64` and rounded to the result's
//! element type after each operator; integers wrap at the width of theirs. Integer division by zero gives 0, as on
//! AArch64.

mod convolution;
mod einsum;
mod elementwise;
mod erf;
mod indexing;
mod matmul;
mod movement;
mod normalization;
mod number;
mod pool;
mod quantization;
mod recurrent;
mod reduction;
mod resize;
mod strided;
mod windows;

use thiserror::Error;

use crate::graph::{Graph, ValueId};
use crate::infer::{InferError, infer};
use crate::op::Op;
use crate::tensor::{Tensor, TensorType};

/// The largest result the interpreter computes: 16 GiB.
const MAX_RESULT_BYTES: usize = 1 << 34;

/// Why a graph or an operator could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvalError {
    /// The operator cannot be applied to operands of these types.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// An index operand points outside the tensor.
    #[error("{op}: index {index} is outside a dimension of extent {extent}")]
    IndexOutOfRange {
        /// the operator
        op: &'static str,
        /// the index
        index: i64,
        /// extent of the dimension
        extent: usize,
    },
    /// The result is too large to be computed here.
    #[error("{op}: a result of type {ty} is too large for the interpreter")]
    TooLarge {
        /// the operator
        op: &'static str,
        /// the result's type
        ty: TensorType,
    },
    /// Too few or too many graph inputs were given.
    #[error("the graph has {expected} input(s), {got} given")]
    InputCount {
        /// inputs of the graph
        expected: usize,
        /// inputs given
        got: usize,
    },
    /// A graph input has another type than the graph says.
    #[error("input \"{name}\" is {expected}, a tensor of type {got} was given")]
    InputType {
        /// name of the input
        name: String,
        /// its type
        expected: TensorType,
        /// type given
        got: TensorType,
    },
    /// A node reads a value that nothing computes, or gives another type than the graph says: the graph is malformed.
    #[error("value \"{name}\" is not computed before its use, or not of its type; this is a bug, please report it")]
    Malformed {
        /// name of the value
        name: String,
    },
    /// A node of the graph failed.
    #[error("node \"{node}\": {source}")]
    Node {
        /// name of the node
        node: String,
        /// why
        source: Box<EvalError>,
    },
}

/// The results of one operator.
pub fn eval_op(op: &Op, inputs: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
    let types: Vec<&TensorType> = inputs.iter().map(|t| t.ty()).collect();
    let results = infer(op, &types)?;
    if let Some(ty) = results.iter().find(|ty| ty.bytes() > MAX_RESULT_BYTES) {
        return Err(EvalError::TooLarge { op: op.name(), ty: ty.clone() });
    }
    let x = Operands { op: op.name(), inputs, results: &results };
    if results.iter().all(|ty| ty.elements() == 0) {
        // Nothing to compute, however large the other dimensions are.
        return results
            .iter()
            .map(|ty| x.one(Tensor::new(ty.clone(), Vec::new())))
            .collect::<Result<Vec<_>, _>>()
            .map(|t| t.concat());
    }
    match op {
        Op::Unary(f) => elementwise::unary(*f, &x),
        Op::Binary(f) => elementwise::binary(*f, &x),
        Op::Select => elementwise::select(&x),
        Op::Cast(_) => elementwise::cast(&x),
        Op::Reshape { .. } => x.one(x.inputs[0].reshaped(&results[0].shape)),
        Op::Transpose { perm } => movement::transpose(perm, &x),
        Op::Expand { .. } => movement::expand(&x),
        Op::Slice { starts, steps, .. } => movement::slice(starts, steps, &x),
        Op::Concat { axis } => movement::concat(*axis, &x),
        Op::Pad { before, mode, .. } => movement::pad(before, *mode, &x),
        Op::Tile { .. } => movement::tile(&x),
        Op::Trilu { upper, k } => movement::trilu(*upper, *k, &x),
        Op::Gather { axis } => indexing::gather(*axis, &x),
        Op::GatherElements { axis } => indexing::gather_elements(*axis, &x),
        Op::GatherNd { batch_dims } => indexing::gather_nd(*batch_dims, &x),
        Op::ScatterNd { combine } => indexing::scatter_nd(*combine, &x),
        Op::ScatterElements { axis, combine } => indexing::scatter_elements(*axis, *combine, &x),
        Op::OneHot { axis, depth } => indexing::one_hot(*axis, *depth, &x),
        Op::CumSum { axis, exclusive, reverse } => reduction::cum_sum(*axis, *exclusive, *reverse, &x),
        Op::Resize { scales, map, interpolation, antialias, .. } => resize::resize(
            &resize::Mapping { map: *map, interpolation: *interpolation, antialias: *antialias },
            scales,
            &x,
        ),
        Op::Reduce { reduction, axes } => reduction::reduce(*reduction, axes, &x),
        Op::ArgReduce { max, axis, select_last } => reduction::arg_reduce(*max, *axis, *select_last, &x),
        Op::TopK { axis, k, largest } => reduction::top_k(*axis, *k, *largest, &x),
        Op::Conv { window, groups, layout } => convolution::conv(window, *groups, *layout, &x),
        Op::ConvTranspose { window, groups, layout, .. } => convolution::conv_transpose(window, *groups, *layout, &x),
        Op::MatMul { transpose_a, transpose_b } => matmul::matmul(*transpose_a, *transpose_b, &x),
        Op::Einsum { equation } => einsum::einsum(equation, &x),
        Op::Pool { pool, window, layout, .. } => pool::pool(*pool, window, *layout, &x),
        Op::Softmax { axes, log } => reduction::softmax(axes, *log, &x),
        Op::LayerNorm { axis, epsilon } => normalization::layer_norm(*axis, *epsilon, &x),
        Op::RmsNorm { axis, epsilon } => normalization::rms_norm(*axis, *epsilon, &x),
        Op::BatchNorm { epsilon, layout } => normalization::batch_norm(*epsilon, *layout, &x),
        Op::InstanceNorm { epsilon, layout } => normalization::instance_norm(*epsilon, *layout, &x),
        Op::Lstm { direction, hidden } => recurrent::lstm(*direction, *hidden, &x),
        Op::Gru { direction, hidden, linear_before_reset } => {
            recurrent::gru(*direction, *hidden, *linear_before_reset, &x)
        }
        Op::Quantize { axis } => quantization::quantize(*axis, &x),
        Op::Dequantize { axis } => quantization::dequantize(*axis, &x),
    }
}

/// The outputs of `graph` for `inputs`, both in the graph's order.
pub fn run(graph: &Graph, inputs: &[Tensor]) -> Result<Vec<Tensor>, EvalError> {
    run_observed(graph, inputs, |_, _| {})
}

/// As [`run`], and hands every value a node computes to `observe` in execution order.
pub fn run_observed(
    graph: &Graph,
    inputs: &[Tensor],
    mut observe: impl FnMut(ValueId, &Tensor),
) -> Result<Vec<Tensor>, EvalError> {
    let mut values = bind_inputs(graph, inputs)?;
    let mut uses = vec![0usize; graph.values.len()];
    let reads = graph.nodes.iter().flat_map(|n| &n.inputs).chain(graph.outputs.iter().map(|(_, v)| v));
    reads.for_each(|v| uses[v.0 as usize] += 1);
    for node in &graph.nodes {
        let operands = node.inputs.iter().map(|&v| read(graph, &values, v)).collect::<Result<Vec<_>, _>>()?;
        let in_node = |source| EvalError::Node { node: node.name.clone(), source: Box::new(source) };
        let results = eval_op(&node.op, &operands).map_err(in_node)?;
        for (&v, tensor) in node.outputs.iter().zip(results) {
            if tensor.ty() != graph.ty(v) {
                return Err(EvalError::Malformed { name: graph.value(v).name.clone() });
            }
            observe(v, &tensor);
            values[v.0 as usize] = Some(tensor);
        }
        for v in &node.inputs {
            let left = &mut uses[v.0 as usize];
            *left -= 1;
            if *left == 0 {
                values[v.0 as usize] = None;
            }
        }
    }
    graph.outputs.iter().map(|&(_, v)| read(graph, &values, v).cloned()).collect()
}

fn bind_inputs(graph: &Graph, inputs: &[Tensor]) -> Result<Vec<Option<Tensor>>, EvalError> {
    if inputs.len() != graph.inputs.len() {
        return Err(EvalError::InputCount { expected: graph.inputs.len(), got: inputs.len() });
    }
    let mut values: Vec<Option<Tensor>> = vec![None; graph.values.len()];
    for (&v, tensor) in graph.inputs.iter().zip(inputs) {
        if tensor.ty() != graph.ty(v) {
            let (name, expected) = (graph.value(v).name.clone(), graph.ty(v).clone());
            return Err(EvalError::InputType { name, expected, got: tensor.ty().clone() });
        }
        values[v.0 as usize] = Some(tensor.clone());
    }
    Ok(values)
}

fn read<'a>(graph: &'a Graph, values: &'a [Option<Tensor>], v: ValueId) -> Result<&'a Tensor, EvalError> {
    let found = values[v.0 as usize].as_ref().or(graph.constant(v));
    found.ok_or_else(|| EvalError::Malformed { name: graph.value(v).name.clone() })
}

/// One application: operands, and the result types inference gave.
struct Operands<'a> {
    op: &'static str,
    inputs: &'a [&'a Tensor],
    results: &'a [TensorType],
}

impl Operands<'_> {
    fn shape(&self, index: usize) -> &[usize] {
        self.inputs[index].shape()
    }

    /// Shape of the first result.
    fn result(&self) -> &[usize] {
        &self.results[0].shape
    }

    /// One result, already built.
    fn one(&self, tensor: Option<Tensor>) -> Result<Vec<Tensor>, EvalError> {
        let malformed = || EvalError::Malformed { name: format!("result of {}", self.op) };
        Ok(vec![tensor.ok_or_else(malformed)?])
    }

    /// One result of these elements, rounded to the inferred type.
    fn numbers<T: number::Number>(&self, values: &[T]) -> Result<Vec<Tensor>, EvalError> {
        self.one(T::store(&self.results[0], values))
    }

    /// `index` as a position in a dimension of `extent`; negative counts from the end.
    fn position(&self, index: i64, extent: usize) -> Result<usize, EvalError> {
        let from_start = if index < 0 { index.checked_add(extent as i64) } else { Some(index) };
        let position = from_start.and_then(|i| usize::try_from(i).ok()).filter(|&i| i < extent);
        position.ok_or(EvalError::IndexOutOfRange { op: self.op, index, extent })
    }
}
