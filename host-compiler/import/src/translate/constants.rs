//! Values that a translation must know: computed on demand from the constants they depend on.

use lathe_graph::interpreter::eval_op;
use lathe_graph::{NodeId, Tensor, ValueId};

use super::Fault;
use super::builder::Builder;

/// Tensors above this size are not computed to decide a shape.
const KNOWN_BYTES: usize = 64 << 20;

impl Builder {
    /// The data of `value`, when it depends on constants alone; computed (and kept) if need be.
    pub(crate) fn known(&mut self, value: ValueId) -> Result<Option<Tensor>, Fault> {
        let Some(order) = self.constant_ancestors(value) else { return Ok(None) };
        for node in order {
            self.evaluate(node)?;
        }
        Ok(self.graph.constant(value).cloned())
    }

    /// Whether `value` depends on constants alone.
    pub(crate) fn is_constant(&self, value: ValueId) -> bool {
        self.constant_ancestors(value).is_some()
    }

    /// The nodes to evaluate for `value`, in execution order; `None` when a graph input is among its ancestors.
    fn constant_ancestors(&self, value: ValueId) -> Option<Vec<NodeId>> {
        let mut pending = vec![value];
        let mut nodes = std::collections::BTreeSet::new();
        while let Some(value) = pending.pop() {
            if self.graph.constant(value).is_some() {
                continue;
            }
            let node = self.producer(value)?;
            if nodes.insert(node) {
                pending.extend(&self.graph.nodes[node.0 as usize].inputs);
            }
        }
        Some(nodes.into_iter().collect())
    }

    /// Computes a node whose operands are constants and makes its results constants.
    fn evaluate(&mut self, node: NodeId) -> Result<(), Fault> {
        let outputs = self.graph.nodes[node.0 as usize].outputs.clone();
        let bytes: usize = outputs.iter().map(|&v| self.graph.ty(v).bytes()).sum();
        if bytes > KNOWN_BYTES || !self.afford(bytes) {
            let reason = format!("a shape depends on a constant of {bytes} bytes; the limit is {KNOWN_BYTES}");
            return Err(Fault::Unsupported(reason));
        }
        let node = &self.graph.nodes[node.0 as usize];
        let operands: Vec<&Tensor> = node.inputs.iter().filter_map(|&v| self.graph.constant(v)).collect();
        let results = eval_op(&node.op, &operands)?;
        for (value, result) in outputs.into_iter().zip(results) {
            self.graph.values[value.0 as usize].constant = Some(result);
        }
        Ok(())
    }
}
