//! Rebuilds a graph node by node. A pass walks the old graph in execution order and emits nodes into the new one, so
//! order, types and unique names come out right by construction; what nothing maps to is left behind.

use super::PassError;
use crate::graph::{Graph, Node, ValueId};
use crate::op::Op;
use crate::tensor::Tensor;

/// An old graph on its way to a new one.
pub(super) struct Rewriter<'a> {
    old: &'a Graph,
    /// The graph built so far.
    pub new: Graph,
    map: Vec<Option<ValueId>>,
    producer: Vec<Option<usize>>,
}

impl<'a> Rewriter<'a> {
    /// Starts with the old graph's inputs.
    pub fn new(old: &'a Graph) -> Rewriter<'a> {
        let mut new = Graph::new(old.name.clone());
        let mut map = vec![None; old.values.len()];
        for &v in &old.inputs {
            map[v.0 as usize] = Some(new.add_input(old.value(v).name.clone(), old.ty(v).clone()));
        }
        Rewriter { old, new, map, producer: Vec::new() }
    }

    /// The new value that stands for an old one.
    pub fn get(&mut self, v: ValueId) -> Result<ValueId, PassError> {
        if let Some(new) = self.map[v.0 as usize] {
            return Ok(new);
        }
        let value = self.old.value(v);
        let data = value.constant.clone().ok_or_else(|| PassError::Malformed { value: value.name.clone() })?;
        let new = self.new.add_constant(value.name.clone(), data);
        self.map[v.0 as usize] = Some(new);
        Ok(new)
    }

    /// The new values that stand for a node's operands.
    pub fn operands(&mut self, node: &Node) -> Result<Vec<ValueId>, PassError> {
        node.inputs.iter().map(|&v| self.get(v)).collect()
    }

    /// Lets `new` stand for `old`.
    pub fn set(&mut self, old: ValueId, new: ValueId) {
        self.map[old.0 as usize] = Some(new);
    }

    /// Emits a node with one result; node and result are called `name`.
    pub fn emit(&mut self, name: &str, op: Op, inputs: &[ValueId]) -> Result<ValueId, PassError> {
        let results = self.emit_named(name, op, inputs, &[name])?;
        results.first().copied().ok_or_else(|| PassError::Malformed { value: name.to_string() })
    }

    /// Emits a node whose results get these names.
    pub fn emit_named(
        &mut self,
        name: &str,
        op: Op,
        inputs: &[ValueId],
        names: &[&str],
    ) -> Result<Vec<ValueId>, PassError> {
        let refused = |source| PassError::Infer { node: name.to_string(), source };
        let results = self.new.push_named(name, op, inputs, names).map_err(refused)?;
        self.producer.resize(self.new.values.len(), None);
        results.iter().for_each(|v| self.producer[v.0 as usize] = Some(self.new.nodes.len() - 1));
        Ok(results)
    }

    /// Emits what an old node computes, by `op` and new `inputs`; its results keep their names.
    pub fn emit_for(&mut self, node: &Node, op: Op, inputs: &[ValueId]) -> Result<(), PassError> {
        let old = self.old;
        let names: Vec<&str> = node.outputs.iter().map(|&v| old.value(v).name.as_str()).collect();
        let results = self.emit_named(&node.name, op, inputs, &names)?;
        node.outputs.iter().zip(results).for_each(|(&old, new)| self.set(old, new));
        Ok(())
    }

    /// Emits an old node unchanged.
    pub fn keep(&mut self, node: &Node) -> Result<(), PassError> {
        let inputs = self.operands(node)?;
        self.emit_for(node, node.op.clone(), &inputs)
    }

    /// The node of the new graph that computes `v`.
    pub fn source(&self, v: ValueId) -> Option<&Node> {
        let index = self.producer.get(v.0 as usize).copied().flatten()?;
        self.new.nodes.get(index)
    }

    /// The data of a new value that is a constant.
    pub fn constant(&self, v: ValueId) -> Option<&Tensor> {
        self.new.constant(v)
    }

    /// Shape of a new value.
    pub fn shape(&self, v: ValueId) -> &[usize] {
        &self.new.ty(v).shape
    }

    /// The finished graph with the old one's outputs.
    pub fn finish(mut self) -> Result<Graph, PassError> {
        for (name, v) in &self.old.outputs {
            let v = self.get(*v)?;
            self.new.outputs.push((name.clone(), v));
        }
        Ok(self.new)
    }
}
