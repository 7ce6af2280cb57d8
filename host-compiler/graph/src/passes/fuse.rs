//! Groups nodes that become one kernel, by operator kind.
//!
//! Contract: every node is in exactly one group, groups are in an order they can run in, and only the last node of a
//! group has results that others read. Nodes of a group are in execution order. The graph is not changed.
//!
//! Kinds: *complex* (Conv, ConvTranspose, MatMul, Einsum, Pool) and *reductions* (Reduce, Softmax, normalisations)
//! anchor a group and absorb the element-wise nodes behind them, as long as those keep the shape and nothing else reads
//! what lies between; a later anchor takes a shared element-wise node first, since it runs last. Reductions then
//! absorb element-wise nodes before them that only they read. *Injective* nodes (element-wise and data movement) that
//! are left merge into the injective node that reads them, unless that would compute something expensive more than
//! once per element. A Reshape is a view and stands alone, as do *opaque* nodes (scatters, scans, sorting, recurrent
//! layers).
//!
//! ```text
//! %c = Conv(%x, %w)                              [ %c %a %r ]  anchor %c
//! %a = Add(%c, %shortcut)              ->        [ %s %m ]     anchor %s
//! %r = Relu(%a)
//! %s = Softmax(%r)
//! %m = Mul(%s, %scale)
//! ```

mod behind;
mod injective;
mod kind;

use crate::graph::{Graph, NodeId, ValueId};
use kind::{Kind, kind};

/// Nodes that become one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The nodes in execution order; the last one's results are the group's.
    pub nodes: Vec<NodeId>,
    /// The node that decides how the kernel is scheduled: the complex one, else the reduction, else the last.
    pub anchor: NodeId,
}

impl Group {
    /// The values the group reads from outside, each once, in the order of their first use.
    pub fn inputs(&self, graph: &Graph) -> Vec<ValueId> {
        let nodes = || self.nodes.iter().map(|n| &graph.nodes[n.0 as usize]);
        let inside: Vec<ValueId> = nodes().flat_map(|n| n.outputs.iter().copied()).collect();
        let mut inputs: Vec<ValueId> = Vec::new();
        for &v in nodes().flat_map(|n| &n.inputs) {
            if !inside.contains(&v) && !inputs.contains(&v) {
                inputs.push(v);
            }
        }
        inputs
    }

    /// The results of the group: those of its last node.
    pub fn outputs<'g>(&self, graph: &'g Graph) -> &'g [ValueId] {
        self.nodes.last().map_or(&[], |n| &graph.nodes[n.0 as usize].outputs)
    }
}

/// Most nodes in one group: bounds the size of kernels and the time to make them.
const MAX_NODES: usize = 48;

/// Divides the nodes of `graph` into groups.
pub fn fuse(graph: &Graph) -> Vec<Group> {
    let mut plan = Plan::new(graph);
    for of in [Kind::Complex, Kind::Reduction] {
        for anchor in (0..graph.nodes.len()).rev().filter(|&n| kind(&graph.nodes[n].op) == of) {
            if plan.group_of[anchor].is_none() {
                let nodes = behind::absorbed(&plan, anchor);
                plan.assign(anchor, nodes);
            }
        }
    }
    for anchor in (0..graph.nodes.len()).rev().filter(|&n| kind(&graph.nodes[n].op) == Kind::Reduction) {
        injective::absorb_before(&mut plan, anchor);
    }
    for last in (0..graph.nodes.len()).rev() {
        if plan.group_of[last].is_none() {
            plan.assign(last, vec![last]);
            if kind(&graph.nodes[last].op).is_injective() {
                injective::absorb_before(&mut plan, last);
            }
        }
    }
    plan.groups()
}

/// Which node is in which group so far. A group is named by its anchor.
struct Plan<'a> {
    graph: &'a Graph,
    producer: Vec<Option<usize>>,
    readers: Vec<Vec<usize>>,
    is_output: Vec<bool>,
    group_of: Vec<Option<usize>>,
    members: Vec<Vec<usize>>,
}

impl<'a> Plan<'a> {
    fn new(graph: &'a Graph) -> Plan<'a> {
        let (values, nodes) = (graph.values.len(), graph.nodes.len());
        let mut plan = Plan {
            graph,
            producer: vec![None; values],
            readers: vec![Vec::new(); values],
            is_output: vec![false; values],
            group_of: vec![None; nodes],
            members: vec![Vec::new(); nodes],
        };
        for (n, node) in graph.nodes.iter().enumerate() {
            node.outputs.iter().for_each(|v| plan.producer[v.0 as usize] = Some(n));
            for v in &node.inputs {
                let readers = &mut plan.readers[v.0 as usize];
                if readers.last() != Some(&n) {
                    readers.push(n);
                }
            }
        }
        graph.outputs.iter().for_each(|(_, v)| plan.is_output[v.0 as usize] = true);
        plan
    }

    /// The nodes that read any result of node `n`.
    fn readers_of(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        self.graph.nodes[n].outputs.iter().flat_map(|v| self.readers[v.0 as usize].iter().copied())
    }

    /// Whether a result of node `n` is a graph output.
    fn is_graph_output(&self, n: usize) -> bool {
        self.graph.nodes[n].outputs.iter().any(|v| self.is_output[v.0 as usize])
    }

    /// Shape of node `n`'s first result.
    fn shape(&self, n: usize) -> &'a [usize] {
        self.graph.nodes[n].outputs.first().map_or(&[], |&v| &self.graph.ty(v).shape)
    }

    fn assign(&mut self, anchor: usize, nodes: Vec<usize>) {
        nodes.iter().for_each(|&n| self.group_of[n] = Some(anchor));
        self.members[anchor].extend(nodes);
    }

    /// The groups, each at the place of its last node.
    fn groups(mut self) -> Vec<Group> {
        let id = |n: usize| NodeId(n as u32);
        let mut groups = Vec::new();
        for (anchor, members) in self.members.iter_mut().enumerate().filter(|(_, m)| !m.is_empty()) {
            members.sort_unstable();
            groups.push(Group { nodes: members.iter().map(|&n| id(n)).collect(), anchor: id(anchor) });
        }
        groups.sort_by_key(|g| g.nodes.last().copied());
        groups
    }
}

/// Whether element-wise nodes behind such a node join its group.
pub(super) fn absorbs_elementwise(op: &crate::op::Op) -> bool {
    matches!(kind(op), Kind::Complex | Kind::Reduction | Kind::Elementwise)
}
