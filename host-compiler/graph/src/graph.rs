//! The graph: values, nodes in execution order, inputs and outputs.

use std::collections::HashMap;

use crate::infer::{InferError, infer};
use crate::op::Op;
use crate::tensor::{Tensor, TensorType};

/// Names a value of one graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);

/// Names a node of one graph: its position in execution order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A tensor that flows through the graph: a graph input, a constant or the output of one node.
#[derive(Clone, Debug)]
pub struct Value {
    /// Name, unique in the graph; the ONNX name where there is one.
    pub name: String,
    /// Element type and shape.
    pub ty: TensorType,
    /// The data, when this value is a constant.
    pub constant: Option<Tensor>,
}

/// One application of an operator.
#[derive(Clone, Debug)]
pub struct Node {
    /// Name for messages: the ONNX node's name (or its first output's) it came from.
    pub name: String,
    /// The operator with its static attributes.
    pub op: Op,
    /// Operands in the operator's order.
    pub inputs: Vec<ValueId>,
    /// Results in the operator's order.
    pub outputs: Vec<ValueId>,
}

/// A computation over static tensors.
///
/// Invariants (checked by the verifier): nodes are in execution order; every value is an input, a constant or the
/// output of exactly one node; each node's output types are what its operator infers from its input types.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Name of the model.
    pub name: String,
    /// All values; some may be unused until dead code is removed.
    pub values: Vec<Value>,
    /// Nodes in execution order.
    pub nodes: Vec<Node>,
    /// Graph inputs in the model's order.
    pub inputs: Vec<ValueId>,
    /// Graph outputs in the model's order, each with the name the model gives it.
    pub outputs: Vec<(String, ValueId)>,
    /// How often each name was asked for, to tell a second one apart.
    names: HashMap<String, u32>,
}

impl Graph {
    /// An empty graph.
    pub fn new(name: impl Into<String>) -> Graph {
        Graph { name: name.into(), ..Graph::default() }
    }

    /// The value `id`.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize]
    }

    /// The type of the value `id`.
    pub fn ty(&self, id: ValueId) -> &TensorType {
        &self.value(id).ty
    }

    /// The data of `id`, when it is a constant.
    pub fn constant(&self, id: ValueId) -> Option<&Tensor> {
        self.value(id).constant.as_ref()
    }

    /// `name`, or `name.1`, `name.2`, … when a value has that name already.
    fn unique(&mut self, name: String) -> String {
        match self.names.get(&name).copied() {
            None => {
                self.names.insert(name.clone(), 0);
                name
            }
            Some(mut n) => loop {
                n += 1;
                let candidate = format!("{name}.{n}");
                if !self.names.contains_key(&candidate) {
                    self.names.insert(name, n);
                    self.names.insert(candidate.clone(), 0);
                    return candidate;
                }
            },
        }
    }

    /// Renames a value; a taken name gets a suffix.
    pub fn rename(&mut self, id: ValueId, name: impl Into<String>) {
        let name = self.unique(name.into());
        self.values[id.0 as usize].name = name;
    }

    /// Adds a value without a producer (the caller adds the node or lists it as an input). A taken name gets a suffix.
    pub fn add_value(&mut self, name: impl Into<String>, ty: TensorType) -> ValueId {
        let name = self.unique(name.into());
        self.values.push(Value { name, ty, constant: None });
        ValueId((self.values.len() - 1) as u32)
    }

    /// Adds a graph input.
    pub fn add_input(&mut self, name: impl Into<String>, ty: TensorType) -> ValueId {
        let id = self.add_value(name, ty);
        self.inputs.push(id);
        id
    }

    /// Adds a constant.
    pub fn add_constant(&mut self, name: impl Into<String>, tensor: Tensor) -> ValueId {
        let id = self.add_value(name, tensor.ty().clone());
        self.values[id.0 as usize].constant = Some(tensor);
        id
    }

    /// Appends a node and creates its results: one is named after the node, several `name:0`, `name:1`, …
    pub fn push(&mut self, name: impl Into<String>, op: Op, inputs: &[ValueId]) -> Result<Vec<ValueId>, InferError> {
        let name = name.into();
        let types = self.infer(&op, inputs)?;
        let single = types.len() == 1;
        let label = |i: usize| if single { name.clone() } else { format!("{name}:{i}") };
        let outputs: Vec<ValueId> = types.into_iter().enumerate().map(|(i, ty)| self.add_value(label(i), ty)).collect();
        self.nodes.push(Node { name, op, inputs: inputs.to_vec(), outputs: outputs.clone() });
        Ok(outputs)
    }

    /// Appends a node whose results get these names (the ONNX names, say). `names` is matched with the results in
    /// order; a result beyond them is named after the node.
    pub fn push_named(
        &mut self,
        name: impl Into<String>,
        op: Op,
        inputs: &[ValueId],
        names: &[&str],
    ) -> Result<Vec<ValueId>, InferError> {
        let name = name.into();
        let types = self.infer(&op, inputs)?;
        let mut outputs = Vec::with_capacity(types.len());
        for (i, ty) in types.into_iter().enumerate() {
            let label = names.get(i).map_or_else(|| format!("{name}:{i}"), |n| (*n).to_string());
            outputs.push(self.add_value(label, ty));
        }
        self.nodes.push(Node { name, op, inputs: inputs.to_vec(), outputs: outputs.clone() });
        Ok(outputs)
    }

    /// The result types of `op` applied to these values.
    pub fn infer(&self, op: &Op, inputs: &[ValueId]) -> Result<Vec<TensorType>, InferError> {
        let types: Vec<&TensorType> = inputs.iter().map(|&v| self.ty(v)).collect();
        infer(op, &types)
    }

    /// The node that produces each value that has one.
    pub fn producers(&self) -> HashMap<ValueId, NodeId> {
        let mut map = HashMap::new();
        for (i, node) in self.nodes.iter().enumerate() {
            map.extend(node.outputs.iter().map(|&v| (v, NodeId(i as u32))));
        }
        map
    }

    /// The nodes that read each value, in execution order (a node that reads a value twice stands twice).
    pub fn consumers(&self) -> HashMap<ValueId, Vec<NodeId>> {
        let mut map: HashMap<ValueId, Vec<NodeId>> = HashMap::new();
        for (i, node) in self.nodes.iter().enumerate() {
            for &v in &node.inputs {
                map.entry(v).or_default().push(NodeId(i as u32));
            }
        }
        map
    }
}
