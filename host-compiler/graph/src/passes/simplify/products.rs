//! A matrix product reads either operand transposed, so a Transpose that ends by swapping what was last with the
//! dimension before it loses that swap. A batch of products with one matrix is one product of more rows.

use super::Step;
use crate::graph::ValueId;
use crate::op::Op;
use crate::passes::rewriter::Rewriter;

pub(super) fn rule(r: &Rewriter, op: &Op, inputs: &[ValueId]) -> Option<Step> {
    let Op::MatMul { transpose_a, transpose_b } = *op else { return None };
    if let Some(step) = one_product(r, op, inputs, transpose_a) {
        return Some(step);
    }
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

/// `[b, m, k] x [k, n]` as `[b * m, k] x [k, n]`, where b is more than one.
fn one_product(r: &Rewriter, op: &Op, inputs: &[ValueId], transpose_a: bool) -> Option<Step> {
    let &[a, b] = inputs else { return None };
    let (k, lead) = r.shape(a).split_last()?;
    let batch: usize = lead.split_last()?.1.iter().product();
    if transpose_a || r.shape(b).len() != 2 || batch < 2 {
        return None;
    }
    let result = r.new.infer(op, inputs).ok()?.first()?.shape.clone();
    let rows = Op::Reshape { shape: vec![lead.iter().product(), *k] };
    Some(Step::Chain {
        first: Some(rows),
        inner: op.clone(),
        inputs: inputs.to_vec(),
        outer: Op::Reshape { shape: result },
    })
}
