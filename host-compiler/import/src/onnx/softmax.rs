//! Softmax, LogSoftmax, Hardmax. Before opset 13 they work on the matrix that `axis` splits the dimensions into.

use lathe_graph::op::Binary;
use lathe_graph::{DType, Op, ValueId};

use crate::translate::{Fault, NodeContext};

/// Hardmax compares with a stored list of positions; it is no longer than this.
const MAX_EXTENT: usize = 16 << 20;

/// The dimensions taken together.
fn axes(n: &NodeContext, x: ValueId) -> Result<Vec<usize>, Fault> {
    let rank = n.rank(x);
    if n.opset() >= 13 {
        return Ok(vec![n.axis(n.attributes.int("axis", -1)?, rank)?]);
    }
    let axis = n.attributes.int("axis", 1)?;
    let first = if axis == rank as i64 { rank } else { n.axis(axis, rank)? };
    Ok((first..rank).collect())
}

pub(super) fn softmax(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let (axes, log) = (axes(n, x)?, n.operator() == "LogSoftmax");
    Ok(vec![n.push(Op::Softmax { axes, log }, &[x])?])
}

/// One at the first largest element, zero elsewhere.
pub(super) fn hardmax(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let (shape, dtype, axes) = (n.shape(x), n.dtype(x), axes(n, x)?);
    let Some(&first) = axes.first() else { return Ok(vec![n.filled(dtype, &shape, 1.0)?]) };
    let extent: usize = axes.iter().map(|&a| shape[a]).product();
    let rest: usize = if axes.len() > 1 { 1 } else { shape[first + 1..].iter().product() };
    let outer: usize = shape[..first].iter().product();
    let flat = n.reshape(x, &[outer, extent, rest])?;
    let largest = n.push(Op::ArgReduce { max: true, axis: 1, select_last: false }, &[flat])?;
    if extent > MAX_EXTENT {
        return Err(Fault::Unsupported(format!("it compares {extent} elements; the limit is {MAX_EXTENT}")));
    }
    let positions: Vec<i64> = (0..extent as i64).collect();
    let positions = n.integers(DType::I64, &[1, extent, 1], &positions)?;
    let hit = n.binary(Binary::Equal, largest, positions)?;
    let hit = n.cast(hit, dtype)?;
    Ok(vec![n.reshape(hit, &shape)?])
}
