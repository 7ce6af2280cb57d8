//! Inference of element-wise operators and of NumPy broadcasting.

use lathe_artifact::DType;

use super::{InferError, Operands};
use crate::op::{Binary, Op, Unary};
use crate::tensor::TensorType;

pub(super) fn infer(op: &Op, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    match op {
        Op::Unary(f) => {
            x.exactly(1)?;
            check_unary(*f, x)?;
            let test = matches!(f, Unary::IsNan | Unary::IsInf { .. });
            x.one(if test { DType::Bool } else { x.dtype(0) }, x.shape(0))
        }
        Op::Binary(f) => {
            x.exactly(2)?;
            x.same_dtype(1..2)?;
            check_binary(*f, x)?;
            let shape = broadcast(x, x.shape(0), x.shape(1))?;
            x.one(if f.is_comparison() { DType::Bool } else { x.dtype(0) }, shape)
        }
        Op::Select => {
            x.exactly(3)?;
            x.dtype_is(0, "bool", |d| d == DType::Bool)?;
            let (a, b) = (x.dtype(1), x.dtype(2));
            if a != b {
                return Err(InferError::DifferentTypes { op: x.op, a: 1, b: 2, a_dtype: a, b_dtype: b });
            }
            let branches = broadcast(x, x.shape(1), x.shape(2))?;
            x.one(a, broadcast(x, x.shape(0), &branches)?)
        }
        Op::Cast(to) => {
            x.exactly(1)?;
            x.one(*to, x.shape(0))
        }
        _ => unreachable!("not an element-wise operator"),
    }
}

/// The shape that `a` and `b` broadcast to, NumPy-wise; `None` when they do not.
pub fn broadcast_shapes(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let extent = |s: &[usize], i: usize| if i + s.len() < rank { 1 } else { s[i + s.len() - rank] };
    (0..rank)
        .map(|i| match (extent(a, i), extent(b, i)) {
            (1, n) | (n, 1) => Some(n),
            (n, m) if n == m => Some(n),
            _ => None,
        })
        .collect()
}

pub(super) fn broadcast(x: &Operands, a: &[usize], b: &[usize]) -> Result<Vec<usize>, InferError> {
    broadcast_shapes(a, b).ok_or_else(|| InferError::Broadcast { op: x.op, a: a.to_vec(), b: b.to_vec() })
}

fn check_unary(f: Unary, x: &Operands) -> Result<(), InferError> {
    match f {
        Unary::Not => x.dtype_is(0, "bool", |d| d == DType::Bool),
        Unary::BitNot => x.dtype_is(0, "an integer type", DType::is_int),
        Unary::Abs | Unary::Neg | Unary::Sign | Unary::Relu => x.number(0),
        _ => x.float(0),
    }
}

fn check_binary(f: Binary, x: &Operands) -> Result<(), InferError> {
    match f {
        Binary::And | Binary::Or | Binary::Xor => x.dtype_is(0, "bool or an integer type", |d| !d.is_float()),
        Binary::ShiftLeft | Binary::ShiftRight => x.dtype_is(0, "an integer type", DType::is_int),
        Binary::Min | Binary::Max => Ok(()),
        _ if f.is_comparison() => Ok(()),
        _ => x.number(0),
    }
}
