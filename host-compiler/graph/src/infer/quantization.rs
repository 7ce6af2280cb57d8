//! Inference of quantising and dequantising.

use super::{InferError, Operands};
use crate::op::Op;
use crate::tensor::TensorType;
use lathe_artifact::DType;

pub(super) fn infer(op: &Op, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    x.exactly(3)?;
    x.float(1)?;
    let small = |d: DType| matches!(d, DType::I8 | DType::U8 | DType::I16 | DType::U16 | DType::I32);
    let (axis, dtype) = match op {
        Op::Quantize { axis } => {
            x.dtype_is(0, "a floating-point type or i32", |d| d.is_float() || d == DType::I32)?;
            x.dtype_is(2, "an integer type of at most 32 bits", small)?;
            (*axis, x.dtype(2))
        }
        Op::Dequantize { axis } => {
            x.dtype_is(0, "an integer type of at most 32 bits", small)?;
            x.dtype_is(2, "the operand's type", |d| d == x.dtype(0))?;
            (*axis, x.dtype(1))
        }
        _ => unreachable!("not a quantisation"),
    };
    x.shape_is(2, x.shape(1))?;
    if x.types[1].rank() > 0 {
        x.axis(axis, x.shape(0).len())?;
        x.shape_is(1, &[x.shape(0)[axis]])?;
    }
    x.one(dtype, x.shape(0))
}
