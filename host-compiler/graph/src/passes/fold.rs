//! Computes nodes whose operands are all constants.
//!
//! Contract: results are the interpreter's. A node stays when its result would be more than [`MAX_GROWTH`] bytes
//! larger than its operands (an Expand of a scalar should stay an Expand), or when computing it would take too long.
//!
//! ```text
//! const %a: f32[2] = [1.0, 2.0]           const %b: f32[2] = [-1.0, -2.0]
//! %b: f32[2] = Neg(%a)             ->     %y: f32[2] = Add(%x, %b)
//! %y: f32[2] = Add(%x, %b)
//! ```

use super::PassError;
use super::rewriter::Rewriter;
use crate::graph::{Graph, Node, ValueId};
use crate::interpreter::eval_op;
use crate::op::Op;
use crate::tensor::{Tensor, TensorType};

/// How much larger than its operands a folded result may be.
const MAX_GROWTH: usize = 1 << 20;

/// How many multiplications folding one node may take.
const MAX_WORK: usize = 1 << 28;

/// Replaces nodes over constants by constants.
pub fn fold(graph: &mut Graph) -> Result<(), PassError> {
    let mut r = Rewriter::new(graph);
    for node in &graph.nodes {
        let inputs = r.operands(node)?;
        let constants: Option<Vec<Tensor>> = inputs.iter().map(|&v| r.constant(v).cloned()).collect();
        match constants.filter(|c| !c.is_empty() && worthwhile(graph, node, c)) {
            None => r.emit_for(node, node.op.clone(), &inputs)?,
            Some(constants) => {
                let operands: Vec<&Tensor> = constants.iter().collect();
                let failed = |source| PassError::Constant { node: node.name.clone(), source };
                let results = eval_op(&node.op, &operands).map_err(failed)?;
                for (&old, tensor) in node.outputs.iter().zip(results) {
                    let new = r.new.add_constant(graph.value(old).name.clone(), tensor);
                    r.set(old, new);
                }
            }
        }
    }
    *graph = r.finish()?;
    Ok(())
}

fn worthwhile(graph: &Graph, node: &Node, operands: &[Tensor]) -> bool {
    let before: usize = operands.iter().map(|t| t.ty().bytes()).sum();
    let after: usize = node.outputs.iter().map(|&v| graph.ty(v).bytes()).sum();
    let types: Vec<&TensorType> = node.inputs.iter().map(|&v: &ValueId| graph.ty(v)).collect();
    let results = node.outputs.first().map_or(0, |&v| graph.ty(v).elements());
    after <= before.saturating_add(MAX_GROWTH) && work(&node.op, &types, results) <= MAX_WORK
}

/// About how many multiplications an operator takes.
fn work(op: &Op, types: &[&TensorType], results: usize) -> usize {
    let per_result = match (op, types) {
        (Op::Conv { .. } | Op::ConvTranspose { .. }, [_, weights, ..]) => {
            weights.shape[1..].iter().fold(1usize, |n, &d| n.saturating_mul(d))
        }
        (Op::Pool { window, .. }, _) => window.kernel.iter().fold(1usize, |n, &d| n.saturating_mul(d)),
        (Op::MatMul { transpose_a, .. }, [a, ..]) => {
            a.shape.iter().rev().nth(usize::from(*transpose_a)).copied().unwrap_or(1)
        }
        (Op::Einsum { .. } | Op::Lstm { .. } | Op::Gru { .. }, _) => {
            types.iter().map(|t| t.elements()).fold(1usize, usize::saturating_mul)
        }
        (Op::Reduce { .. } | Op::ArgReduce { .. }, [x, ..]) => return x.elements(),
        (Op::Resize { .. }, _) => 64,
        _ => 1,
    };
    per_result.saturating_mul(results)
}
