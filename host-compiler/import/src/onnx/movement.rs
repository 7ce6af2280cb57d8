//! Transpose, Expand, Tile, Concat, Trilu: elements moved or repeated.

use lathe_graph::infer::broadcast_shapes;
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext, extents};

/// Dimensions permuted; reversed by default.
pub(super) fn transpose(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let perm = match n.attributes.ints("perm")? {
        Some(perm) => perm.iter().map(|&p| n.axis(p, n.rank(x))).collect::<Result<Vec<_>, _>>()?,
        None => (0..n.rank(x)).rev().collect(),
    };
    Ok(vec![n.transpose(x, &perm)?])
}

/// Broadcast to a shape that may itself have extents of 1.
pub(super) fn expand(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    n.input(1)?;
    let wanted = extents(&n.constant_ints(1, "the shape of the result")?.unwrap_or_default(), "the shape")?;
    let from = n.shape(x);
    let shape = broadcast_shapes(&from, &wanted)
        .ok_or_else(|| Fault::Invalid(format!("{from:?} cannot be broadcast to {wanted:?}")))?;
    Ok(vec![if shape == from { x } else { n.push(Op::Expand { shape }, &[x])? }])
}

/// Repeated along every dimension.
pub(super) fn tile(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    n.input(1)?;
    let repeats = extents(&n.constant_ints(1, "the shape of the result")?.unwrap_or_default(), "the repeats")?;
    if repeats.iter().all(|&r| r == 1) && repeats.len() == n.rank(x) {
        return Ok(vec![x]);
    }
    Ok(vec![n.push(Op::Tile { repeats }, &[x])?])
}

/// Joined along `axis`.
pub(super) fn concat(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let inputs = n.all_inputs()?;
    let axis = n.attributes.required_int("axis")?;
    let axis = n.axis(axis, n.rank(inputs[0]))?;
    if let [only] = inputs[..] {
        return Ok(vec![only]);
    }
    Ok(vec![n.push(Op::Concat { axis }, &inputs)?])
}

/// One triangle of each matrix.
pub(super) fn trilu(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let upper = n.attributes.flag("upper", true)?;
    let k = n.constant_int(1, "which diagonal bounds the triangle")?.unwrap_or(0);
    Ok(vec![n.push(Op::Trilu { upper, k }, &[x])?])
}
