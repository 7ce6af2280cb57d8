//! Which values a fusion group may overwrite: those that nothing reads after it, whatever the order.

use std::collections::HashSet;

use lathe_graph::{Graph, NodeId, ValueId};

use crate::storage::Storage;

/// For each group of nodes, the values it reads whose memory it may use for a result. Their other readers, if any,
/// come before it in every order, since it needs what they compute.
pub fn overwritable(graph: &Graph, groups: &[&[NodeId]], storage: &Storage, keep_inputs: bool) -> Vec<Vec<ValueId>> {
    let uses = Uses::new(graph, groups, storage);
    let inputs = graph.inputs.iter().filter(|_| keep_inputs).filter_map(|&v| storage.buffer(v));
    let outputs = graph.outputs.iter().filter_map(|(_, v)| storage.buffer(*v));
    let kept: HashSet<usize> = inputs.chain(outputs).collect();
    let earlier: Vec<HashSet<usize>> = (0..groups.len()).map(|g| uses.before(g)).collect();
    let free = |g: usize| {
        let last = |buffer: usize| uses.readers[buffer].iter().all(|r| *r == g || earlier[g].contains(r));
        // Two views of one buffer are two operands of a kernel: what is written over one would change the other.
        let alone = |buffer: usize| uses.readers[buffer].iter().filter(|r| **r == g).count() == 1;
        let may = |b: usize| !kept.contains(&b) && alone(b) && last(b);
        let values = uses.read[g].iter().copied();
        values.filter(|&v| storage.buffer(v).is_some_and(may)).collect()
    };
    (0..groups.len()).map(free).collect()
}

/// Who reads and writes what.
struct Uses {
    /// values each group reads from memory
    read: Vec<Vec<ValueId>>,
    /// groups that read each buffer
    readers: Vec<Vec<usize>>,
    /// groups each group needs the results of
    needs: Vec<HashSet<usize>>,
}

impl Uses {
    fn new(graph: &Graph, groups: &[&[NodeId]], storage: &Storage) -> Uses {
        let buffers = storage.sizes.len();
        let (mut read, mut readers, mut writer) = (vec![], vec![vec![]; buffers], vec![None; buffers]);
        for (g, nodes) in groups.iter().enumerate() {
            let nodes = || nodes.iter().map(|n| &graph.nodes[n.0 as usize]);
            let results: HashSet<ValueId> = nodes().flat_map(|n| n.outputs.iter().copied()).collect();
            results.iter().filter_map(|v| storage.buffer(*v)).for_each(|b| writer[b] = Some(g));
            let mut values: Vec<ValueId> = nodes().flat_map(|n| n.inputs.iter().copied()).collect();
            values.retain(|v| storage.buffer(*v).is_some() && !results.contains(v));
            values.sort();
            values.dedup();
            values.iter().filter_map(|v| storage.buffer(*v)).for_each(|b| readers[b].push(g));
            read.push(values);
        }
        let need = |values: &Vec<ValueId>| {
            values.iter().filter_map(|v| storage.buffer(*v)).filter_map(|b| writer[b]).collect::<HashSet<usize>>()
        };
        let needs = read.iter().map(need).collect();
        Uses { read, readers, needs }
    }

    /// Every group that runs before `group` in every order.
    fn before(&self, group: usize) -> HashSet<usize> {
        let mut found = HashSet::new();
        let mut open = vec![group];
        while let Some(g) = open.pop() {
            open.extend(self.needs[g].iter().filter(|&&n| found.insert(n)));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use lathe_graph::op::{Binary, Unary};
    use lathe_graph::{DType, Node, Op, TensorType};

    use super::*;

    fn apply(graph: &mut Graph, op: Op, inputs: &[ValueId]) -> ValueId {
        let name = format!("n{}", graph.nodes.len());
        let result = graph.add_value(name.clone(), TensorType::new(DType::F32, [4]));
        graph.nodes.push(Node { name, op, inputs: inputs.to_vec(), outputs: vec![result] });
        result
    }

    fn of(graph: &Graph, keep_inputs: bool) -> Vec<Vec<ValueId>> {
        let nodes: Vec<[NodeId; 1]> = (0..graph.nodes.len() as u32).map(|n| [NodeId(n)]).collect();
        let groups: Vec<&[NodeId]> = nodes.iter().map(|n| n.as_slice()).collect();
        overwritable(graph, &groups, &Storage::new(graph, &[]), keep_inputs)
    }

    #[test]
    fn the_last_reader_in_every_order_may_overwrite() {
        // y = relu(x); out = relu(y) + y: the sum needs both readers of y to be done, and is one of them.
        let mut graph = Graph::new("t");
        let x = graph.add_input("x", TensorType::new(DType::F32, [4]));
        let y = apply(&mut graph, Op::Unary(Unary::Relu), &[x]);
        let z = apply(&mut graph, Op::Unary(Unary::Relu), &[y]);
        let out = apply(&mut graph, Op::Binary(Binary::Add), &[z, y]);
        graph.outputs.push(("out".into(), out));
        assert_eq!(of(&graph, true), [vec![], vec![], vec![y, z]]);
        assert_eq!(of(&graph, false), [vec![x], vec![], vec![y, z]]);
        // Two readers that do not need each other: either may be last.
        let w = apply(&mut graph, Op::Unary(Unary::Relu), &[z]);
        graph.outputs.push(("w".into(), w));
        assert_eq!(of(&graph, true)[2..], [vec![y], vec![]]);
    }

    #[test]
    fn two_views_of_one_buffer_are_left_alone() {
        let mut graph = Graph::new("t");
        let x = graph.add_input("x", TensorType::new(DType::F32, [4]));
        let y = apply(&mut graph, Op::Unary(Unary::Relu), &[x]);
        let view = apply(&mut graph, Op::Reshape { shape: vec![4] }, &[y]);
        let out = apply(&mut graph, Op::Binary(Binary::Add), &[y, view]);
        graph.outputs.push(("out".into(), out));
        let storage = Storage::new(&graph, &[NodeId(1)]);
        assert!(overwritable(&graph, &[&[NodeId(0)], &[NodeId(2)]], &storage, true)[1].is_empty());
    }
}
