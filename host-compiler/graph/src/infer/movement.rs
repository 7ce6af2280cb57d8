//! Inference of operators that move elements without computing.

use super::{InferError, Operands};
use crate::op::{Op, PadMode};
use crate::tensor::TensorType;

pub(super) fn infer(op: &Op, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    if let Op::Concat { axis } = op {
        return concat(*axis, x);
    }
    x.exactly(1)?;
    let shape = x.shape(0);
    let result = match op {
        Op::Reshape { shape: to } => {
            let count = to.iter().try_fold(1usize, |acc, &d| acc.checked_mul(d)).ok_or_else(|| x.overflow())?;
            if count != x.types[0].elements() {
                let have = x.types[0].elements();
                return Err(x.error(format!("{shape:?} ({have} elements) cannot become {to:?} ({count} elements)")));
            }
            to.clone()
        }
        Op::Transpose { perm } => {
            x.entries("perm", perm.len(), shape.len())?;
            let mut sorted = perm.clone();
            sorted.sort_unstable();
            if sorted.iter().enumerate().any(|(i, &p)| i != p) {
                return Err(x.error(format!("perm {perm:?} is not a permutation of the dimensions")));
            }
            perm.iter().map(|&p| shape[p]).collect()
        }
        Op::Expand { shape: to } => {
            if super::broadcast_shapes(shape, to).as_ref() != Some(to) {
                return Err(InferError::Broadcast { op: x.op, a: shape.to_vec(), b: to.clone() });
            }
            to.clone()
        }
        Op::Slice { starts, sizes, steps } => {
            x.entries("starts", starts.len(), shape.len())?;
            x.entries("sizes", sizes.len(), shape.len())?;
            x.entries("steps", steps.len(), shape.len())?;
            for (d, &n) in shape.iter().enumerate() {
                slice_dimension(x, d, n, (starts[d], sizes[d], steps[d]))?;
            }
            sizes.clone()
        }
        Op::Pad { before, after, mode } => {
            x.entries("before", before.len(), shape.len())?;
            x.entries("after", after.len(), shape.len())?;
            (0..shape.len()).map(|d| padded(x, shape[d], before[d], after[d], *mode)).collect::<Result<_, _>>()?
        }
        Op::Tile { repeats } => {
            x.entries("repeats", repeats.len(), shape.len())?;
            let tiled = shape.iter().zip(repeats).map(|(&n, &r)| n.checked_mul(r));
            tiled.collect::<Option<_>>().ok_or_else(|| x.overflow())?
        }
        Op::Trilu { .. } => {
            x.rank_at_least(0, 2)?;
            shape.to_vec()
        }
        _ => unreachable!("not a movement operator"),
    };
    x.one(x.dtype(0), result)
}

fn slice_dimension(x: &Operands, d: usize, n: usize, slice: (usize, usize, isize)) -> Result<(), InferError> {
    let (start, size, step) = slice;
    if step == 0 {
        return Err(x.error(format!("step of dimension {d} is zero")));
    }
    let Some(steps) = size.checked_sub(1) else { return Ok(()) };
    let last = isize::try_from(steps).ok().and_then(|s| s.checked_mul(step)).and_then(|o| start.checked_add_signed(o));
    if start < n && last.is_some_and(|l| l < n) {
        return Ok(());
    }
    Err(x.error(format!("{size} elements from {start} by {step} run outside dimension {d} of extent {n}")))
}

fn padded(x: &Operands, n: usize, before: isize, after: isize, mode: PadMode) -> Result<usize, InferError> {
    let result = n.checked_add_signed(before).and_then(|m| m.checked_add_signed(after));
    let Some(result) = result else {
        return Err(x.error(format!("padding {before} before and {after} after an extent of {n} leaves nothing")));
    };
    if n == 0 && result > 0 && !matches!(mode, PadMode::Constant(_)) {
        return Err(x.error("an empty dimension has no elements to pad with"));
    }
    Ok(result)
}

fn concat(axis: usize, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    x.between(1, usize::MAX)?;
    x.same_dtype(1..x.types.len())?;
    x.axis(axis, x.shape(0).len())?;
    let mut shape = x.shape(0).to_vec();
    for i in 1..x.types.len() {
        x.rank(i, shape.len())?;
        let other = x.shape(i);
        if (0..shape.len()).any(|d| d != axis && shape[d] != other[d]) {
            return Err(x.error(format!("operand {i} of shape {other:?} does not join {shape:?} along axis {axis}")));
        }
        shape[axis] = shape[axis].checked_add(other[axis]).ok_or_else(|| x.overflow())?;
    }
    x.one(x.dtype(0), shape)
}
