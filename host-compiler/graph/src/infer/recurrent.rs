//! Inference of recurrent layers.

use super::{InferError, Operands};
use crate::op::{Direction, Op};
use crate::tensor::TensorType;

pub(super) fn infer(op: &Op, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    let (operands, gates, hidden, direction) = match op {
        Op::Lstm { direction, hidden } => (7, 4, *hidden, *direction),
        Op::Gru { direction, hidden, .. } => (5, 3, *hidden, *direction),
        _ => unreachable!("not a recurrent layer"),
    };
    x.exactly(operands)?;
    x.float(0)?;
    x.same_dtype(1..operands)?;
    x.rank(0, 3)?;
    let (time, batch, input) = (x.shape(0)[0], x.shape(0)[1], x.shape(0)[2]);
    let directions = if direction == Direction::Bidirectional { 2 } else { 1 };
    let rows = hidden.checked_mul(2 * gates).ok_or_else(|| x.overflow())? / 2;
    x.shape_is(1, &[directions, rows, input])?;
    x.shape_is(2, &[directions, rows, hidden])?;
    x.shape_is(3, &[directions, 2 * rows])?;
    let state = vec![directions, batch, hidden];
    x.shape_is(4, &state)?;
    let dtype = x.dtype(0);
    let mut results =
        vec![TensorType::new(dtype, vec![time, directions, batch, hidden]), TensorType::new(dtype, state.clone())];
    if gates == 4 {
        x.shape_is(5, &state)?;
        x.shape_is(6, &[directions, 3 * hidden])?;
        results.push(TensorType::new(dtype, state));
    }
    Ok(results)
}
