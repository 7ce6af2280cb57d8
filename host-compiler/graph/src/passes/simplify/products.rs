//! A matrix product reads either operand transposed, so a Transpose that ends by swapping what was last with the
//! dimension before it loses that swap.

use super::Step;
use crate::graph::ValueId;
use crate::op::Op;
use crate::passes::rewriter::Rewriter;

pub(super) fn rule(r: &Rewriter, op: &Op, inputs: &[ValueId]) -> Option<Step> {
    let Op::MatMul { transpose_a, transpose_b } = *op else { return None };
    let (index, (x, operand)) = inputs.iter().enumerate().find_map(|(i, &v)| Some((i, unswapped(r, v)?)))?;
    let mut inputs = inputs.to_vec();
    inputs[index] = x;
    let op = Op::MatMul { transpose_a: transpose_a ^ (index == 0), transpose_b: transpose_b ^ (index == 1) };
    Some(Step::Operand { op, inputs, index, operand })
}

/// The operand of a Transpose that moves the last dimension to the last but one, and the Transpose without the swap.
fn unswapped(r: &Rewriter, v: ValueId) -> Option<(ValueId, Op)> {
    let node = r.source(v)?;
    let Op::Transpose { perm } = &node.op else { return None };
    let rank = perm.len();
    if rank < 2 || perm[rank - 2] != rank - 1 {
        return None;
    }
    let mut perm = perm.clone();
    perm.swap(rank - 2, rank - 1);
    Some((*node.inputs.first()?, Op::Transpose { perm }))
}
