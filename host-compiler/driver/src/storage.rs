//! Which values share one buffer: a view and what it views.

use std::collections::HashMap;

use lathe_graph::{Graph, NodeId, ValueId};

/// Buffers that values live in. A constant has none.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    buffer_of: HashMap<ValueId, usize>,
    /// bytes of each buffer
    pub sizes: Vec<usize>,
    /// the value each buffer is named after: the one computed first
    pub owners: Vec<ValueId>,
}

impl Storage {
    /// One buffer for each graph input and each result of a node that is not one of `views`: such a node's result
    /// shares its operand's buffer.
    pub fn new(graph: &Graph, views: &[NodeId]) -> Storage {
        let mut storage = Storage::default();
        graph.inputs.iter().for_each(|&v| storage.add(graph, v));
        for (n, node) in graph.nodes.iter().enumerate() {
            let viewed = node.inputs.first().and_then(|v| storage.buffer_of.get(v)).copied();
            match viewed.filter(|_| views.contains(&NodeId(n as u32))) {
                Some(buffer) => node.outputs.iter().for_each(|&v| {
                    storage.buffer_of.insert(v, buffer);
                }),
                None => node.outputs.iter().for_each(|&v| storage.add(graph, v)),
            }
        }
        storage
    }

    fn add(&mut self, graph: &Graph, value: ValueId) {
        self.buffer_of.insert(value, self.sizes.len());
        self.sizes.push(graph.ty(value).bytes());
        self.owners.push(value);
    }

    /// The buffer of `value`; `None` for a constant.
    pub fn buffer(&self, value: ValueId) -> Option<usize> {
        self.buffer_of.get(&value).copied()
    }

    /// Gives `value`, and everything in its buffer, the buffer of `over`.
    pub fn share(&mut self, value: ValueId, over: ValueId) {
        if let (Some(from), Some(to)) = (self.buffer(value), self.buffer(over)) {
            self.buffer_of.values_mut().filter(|b| **b == from).for_each(|b| *b = to);
        }
    }

    /// A buffer for a temporary that no graph value names; `owner` is the value it helps to compute.
    pub fn add_temporary(&mut self, bytes: usize, owner: ValueId) -> usize {
        self.sizes.push(bytes);
        self.owners.push(owner);
        self.sizes.len() - 1
    }
}
