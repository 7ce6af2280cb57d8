//! Recognising patterns in a graph: which node computes a value, what its other operand is, whether a constant is a
//! certain number.

use crate::graph::{Graph, Node, NodeId, ValueId};
use crate::op::{Binary, Op, Unary};

/// A graph with its producers, for looking upwards from a value.
pub(super) struct Matcher<'a> {
    pub graph: &'a Graph,
    producers: std::collections::HashMap<ValueId, NodeId>,
    consumers: std::collections::HashMap<ValueId, Vec<NodeId>>,
}

impl<'a> Matcher<'a> {
    pub fn new(graph: &'a Graph) -> Matcher<'a> {
        Matcher { graph, producers: graph.producers(), consumers: graph.consumers() }
    }

    /// The node that computes `v`.
    pub fn source(&self, v: ValueId) -> Option<&'a Node> {
        self.producers.get(&v).map(|n| &self.graph.nodes[n.0 as usize])
    }

    /// Operands of `v`'s node if it is this binary function.
    pub fn binary(&self, v: ValueId, f: Binary) -> Option<(ValueId, ValueId)> {
        let node = self.source(v).filter(|n| n.op == Op::Binary(f))?;
        Some((*node.inputs.first()?, *node.inputs.get(1)?))
    }

    /// As [`Matcher::binary`] for a commutative function: both orders of the operands.
    pub fn either(&self, v: ValueId, f: Binary) -> impl Iterator<Item = (ValueId, ValueId)> + use<> {
        self.binary(v, f).into_iter().flat_map(|(a, b)| [(a, b), (b, a)])
    }

    /// The operand of `v`'s node if it is this unary function.
    pub fn unary(&self, v: ValueId, f: Unary) -> Option<ValueId> {
        self.source(v).filter(|n| n.op == Op::Unary(f))?.inputs.first().copied()
    }

    /// The number all elements of the constant `v` share.
    pub fn number(&self, v: ValueId) -> Option<f64> {
        self.graph.constant(v)?.uniform()
    }

    /// Whether `v` is a constant of this number, to the precision models write it in.
    pub fn is_number(&self, v: ValueId, number: f64) -> bool {
        self.number(v).is_some_and(|n| (n - number).abs() <= 1e-4 * number.abs())
    }

    /// What `v` is multiplied or divided by, if one side is a uniform constant: (other side, factor).
    pub fn scaled(&self, v: ValueId) -> Option<(ValueId, f64)> {
        let product = self.either(v, Binary::Mul).find_map(|(x, c)| Some((x, self.number(c)?)));
        let quotient = || {
            let (x, c) = self.binary(v, Binary::Div)?;
            Some((x, 1.0 / self.number(c)?))
        };
        product.or_else(quotient)
    }

    /// The operand of `v` if `v` is its square.
    pub fn square(&self, v: ValueId) -> Option<ValueId> {
        let by_power = self.binary(v, Binary::Pow).filter(|&(_, e)| self.is_number(e, 2.0)).map(|(x, _)| x);
        by_power.or_else(|| self.binary(v, Binary::Mul).filter(|(a, b)| a == b).map(|(a, _)| a))
    }

    /// The factors of a tree of products; a product that is read elsewhere too counts as one factor.
    pub fn factors(&self, root: ValueId) -> Vec<ValueId> {
        let mut found = Vec::new();
        let mut open = vec![root];
        while let Some(v) = open.pop() {
            let inner = v == root || self.consumers.get(&v).is_some_and(|c| c.len() == 1);
            match self.binary(v, Binary::Mul).filter(|_| inner && found.len() + open.len() < 8) {
                Some((a, b)) => open.extend([a, b]),
                None => found.push(v),
            }
        }
        found
    }
}
