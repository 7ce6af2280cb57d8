//! Appending nodes to the graph under construction; what has only constant operands and is small is computed at once.

use lathe_graph::interpreter::eval_op;
use lathe_graph::{Graph, Node, NodeId, Op, Tensor, TensorType, ValueId};

use super::Fault;

/// Results up to this size are computed when they are appended; larger ones are left to the folding pass.
const FOLD_BYTES: usize = 256 << 10;
/// Operands above this size together are not touched when appending.
const FOLD_OPERAND_BYTES: usize = 4 << 20;
/// Computed constants of a whole model, all together.
const FOLD_TOTAL_BYTES: usize = 1 << 30;

/// Tensors have at most this many dimensions.
pub(crate) const MAX_RANK: usize = 64;

/// The graph under construction.
pub(crate) struct Builder {
    /// The graph so far.
    pub(crate) graph: Graph,
    /// The node that computes each value, by value index.
    producers: Vec<Option<NodeId>>,
    /// Values below this index belong to nodes that are done.
    seen: usize,
    /// Bytes of computed constants.
    folded: usize,
}

impl Builder {
    pub(crate) fn new(name: &str) -> Builder {
        Builder { graph: Graph::new(name), producers: Vec::new(), seen: 0, folded: 0 }
    }

    /// Appends `op`, or computes it when its operands are constants and it is small. Results are named after `label`.
    pub(crate) fn push(&mut self, label: &str, op: Op, inputs: &[ValueId]) -> Result<Vec<ValueId>, Fault> {
        let types = self.graph.infer(&op, inputs)?;
        if let Some(ty) = types.iter().find(|ty| ty.rank() > MAX_RANK) {
            return Err(Fault::Unsupported(format!("tensors of {} dimensions; the limit is {MAX_RANK}", ty.rank())));
        }
        let name = format!("{label}/{}", op.name());
        if let Some(results) = self.fold(&op, inputs, &types)? {
            return Ok(results.into_iter().map(|t| self.graph.add_constant(name.as_str(), t)).collect());
        }
        let node = NodeId(self.graph.nodes.len() as u32);
        let outputs = self.graph.push_named(label, op, inputs, &vec![name.as_str(); types.len()])?;
        self.producers.resize(self.graph.values.len(), None);
        for output in &outputs {
            self.producers[output.0 as usize] = Some(node);
        }
        Ok(outputs)
    }

    /// The node that computes `value`, if one does.
    pub(crate) fn producer(&self, value: ValueId) -> Option<NodeId> {
        self.producers.get(value.0 as usize).copied().flatten()
    }

    /// Whether `value` came up since [`mark_seen`](Builder::mark_seen).
    pub(crate) fn is_fresh(&self, value: ValueId) -> bool {
        value.0 as usize >= self.seen
    }

    /// Declares all values so far as done.
    pub(crate) fn mark_seen(&mut self) {
        self.seen = self.graph.values.len();
    }

    /// Counts computed constants; false when there would be too many bytes of them.
    pub(crate) fn afford(&mut self, bytes: usize) -> bool {
        let total = self.folded.saturating_add(bytes);
        let affordable = total <= FOLD_TOTAL_BYTES;
        if affordable {
            self.folded = total;
        }
        affordable
    }

    /// The finished graph. Nodes that were computed on demand are gone.
    pub(crate) fn finish(mut self) -> Graph {
        let values = &self.graph.values;
        let computed = |node: &Node| node.outputs.iter().all(|v| values[v.0 as usize].constant.is_some());
        self.graph.nodes.retain(|node| !computed(node));
        self.graph
    }

    fn fold(&mut self, op: &Op, inputs: &[ValueId], types: &[TensorType]) -> Result<Option<Vec<Tensor>>, Fault> {
        let constant = |v: &ValueId| self.graph.constant(*v).is_some();
        let result_bytes: usize = types.iter().map(TensorType::bytes).sum();
        let operand_bytes: usize = inputs.iter().map(|&v| self.graph.ty(v).bytes()).sum();
        let small = result_bytes <= FOLD_BYTES && operand_bytes <= FOLD_OPERAND_BYTES;
        if !inputs.iter().all(constant) || !small || is_heavy(op) || !self.afford(result_bytes) {
            return Ok(None);
        }
        let operands: Vec<&Tensor> = inputs.iter().filter_map(|&v| self.graph.constant(v)).collect();
        Ok(Some(eval_op(op, &operands)?))
    }
}

/// Operators whose work is out of proportion to their operands.
fn is_heavy(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv { .. }
            | Op::ConvTranspose { .. }
            | Op::MatMul { .. }
            | Op::Pool { .. }
            | Op::Resize { .. }
            | Op::Einsum { .. }
            | Op::Lstm { .. }
            | Op::Gru { .. }
    )
}
