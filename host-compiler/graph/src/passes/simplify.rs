//! Removes operators that do nothing and rewrites others into cheaper ones, one node at a time.
//!
//! Contract: each rule is local (a node, its operands and the nodes that compute them). Results are equal but for: the
//! sign of a zero (`x + 0`, `x ^ 0.5`), minus infinity to the power 0.5 (a square root gives NaN, `Pow` infinity), and
//! one rounding where a division by constants becomes a product with their reciprocals (none of them subnormal).
//!
//! ```text
//! %a = Reshape(%x) shape=[6]
//! %b = Reshape(%a) shape=[3,2]                ->      %b = Reshape(%x) shape=[3,2]
//! %c = Mul(%b, 1)                                     output "c" = %b
//! output "c" = %c
//! ```
//!
//! The rules, by file: `movement` (no-op and repeated Reshape, Transpose, Slice, Pad, Expand, Concat, Tile, Resize, a
//! Transpose that moves only unit dimensions, Gather at constant positions), `arithmetic` (neutral operands, powers,
//! clamps, activations of activations), `broadcast` (an Expand whose consumer broadcasts anyway), `products` (a
//! Transpose that a MatMul can read through, a batch of rows with one matrix), `padding` (a Pad with zeros before a convolution).

mod arithmetic;
mod broadcast;
mod movement;
mod padding;
mod products;

use super::PassError;
use super::rewriter::Rewriter;
use crate::graph::{Graph, ValueId};
use crate::op::Op;
use crate::tensor::Tensor;

/// What a rule makes of a node.
enum Step {
    /// The node's result is this value.
    Value(ValueId),
    /// The node is this other operator on these values; rules are tried on it again.
    Node(Op, Vec<ValueId>),
    /// The node's result is a node on the result of another, `outer(inner(inputs))`; `first` is applied to the first of
    /// the inputs before that.
    Chain { first: Option<Op>, inner: Op, inputs: Vec<ValueId>, outer: Op },
    /// The operator `op` on `inputs`, of which number `index` becomes the result of `operand`, applied to itself.
    Operand { op: Op, inputs: Vec<ValueId>, index: usize, operand: Op },
    /// The node with one operand replaced by a new constant.
    Constant { op: Op, x: ValueId, constant: Tensor },
}

/// A rule looks at an operator on operands of the new graph.
type Rule = fn(&Rewriter, &Op, &[ValueId]) -> Option<Step>;

const RULES: [Rule; 5] = [movement::rule, arithmetic::rule, broadcast::rule, products::rule, padding::rule];

/// Rules applied to one node at most; each makes progress, so that this is never reached.
const MAX_STEPS: usize = 64;

/// Applies the rules to every node, operands first.
pub fn simplify(graph: &mut Graph) -> Result<(), PassError> {
    let mut r = Rewriter::new(graph);
    for node in &graph.nodes {
        let inputs = r.operands(node)?;
        let &[result] = node.outputs.as_slice() else {
            r.emit_for(node, node.op.clone(), &inputs)?;
            continue;
        };
        match simplest(&mut r, &graph.value(result).name, node.op.clone(), inputs)? {
            Step::Value(v) => r.set(result, v),
            Step::Node(op, inputs) => r.emit_for(node, op, &inputs)?,
            _ => {
                return Err(PassError::Malformed { value: graph.value(result).name.clone() });
            }
        }
    }
    *graph = r.finish()?;
    Ok(())
}

/// Applies rules until none fits: an existing value, or the node to emit.
fn simplest(r: &mut Rewriter, name: &str, mut op: Op, mut inputs: Vec<ValueId>) -> Result<Step, PassError> {
    for _ in 0..MAX_STEPS {
        match RULES.iter().find_map(|rule| rule(r, &op, &inputs)) {
            None => break,
            Some(Step::Value(v)) => return Ok(Step::Value(v)),
            Some(Step::Node(next, operands)) => (op, inputs) = (next, operands),
            Some(Step::Constant { op: next, x, constant }) => {
                let constant = r.new.add_constant(format!("{name}.constant"), constant);
                (op, inputs) = (next, vec![x, constant]);
            }
            Some(Step::Chain { first, inner, inputs: mut operands, outer }) => {
                if let Some(first) = first {
                    operands[0] = emit(r, &format!("{name}.operand"), first, vec![operands[0]])?;
                }
                (op, inputs) = (outer, vec![emit(r, &format!("{name}.inner"), inner, operands)?]);
            }
            Some(Step::Operand { op: next, inputs: mut operands, index, operand }) => {
                operands[index] = emit(r, &format!("{name}.operand"), operand, vec![operands[index]])?;
                (op, inputs) = (next, operands);
            }
        }
    }
    Ok(Step::Node(op, inputs))
}

/// Simplifies a node that a rule made, and emits what is left of it.
fn emit(r: &mut Rewriter, name: &str, op: Op, inputs: Vec<ValueId>) -> Result<ValueId, PassError> {
    match simplest(r, name, op, inputs)? {
        Step::Value(v) => Ok(v),
        Step::Node(op, inputs) => r.emit(name, op, &inputs),
        _ => Err(PassError::Malformed { value: name.to_string() }),
    }
}
