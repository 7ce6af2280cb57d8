//! Inference of reductions, scans and softmax.

use lathe_artifact::DType;

use super::{InferError, Operands};
use crate::op::{Op, Reduction};
use crate::tensor::TensorType;

pub(super) fn infer(op: &Op, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    x.exactly(1)?;
    let mut shape = x.shape(0).to_vec();
    let rank = shape.len();
    match op {
        Op::Reduce { reduction, axes } => {
            if !matches!(reduction, Reduction::Max | Reduction::Min) {
                x.number(0)?;
            }
            x.axes(axes, rank)?;
            for &axis in axes {
                shape[axis] = 1;
            }
            x.one(x.dtype(0), shape)
        }
        Op::CumSum { axis, .. } => {
            x.number(0)?;
            x.axis(*axis, rank)?;
            x.one(x.dtype(0), shape)
        }
        Op::ArgReduce { axis, .. } => {
            x.number(0)?;
            x.axis(*axis, rank)?;
            if shape[*axis] == 0 {
                return Err(x.error(format!("dimension {axis} is empty: it has no extreme element")));
            }
            shape[*axis] = 1;
            x.one(DType::I64, shape)
        }
        Op::TopK { axis, k, .. } => {
            x.number(0)?;
            x.axis(*axis, rank)?;
            if *k > shape[*axis] {
                return Err(x.error(format!("asks for {k} of the {} elements of dimension {axis}", shape[*axis])));
            }
            shape[*axis] = *k;
            Ok(vec![TensorType::new(x.dtype(0), shape.clone()), TensorType::new(DType::I64, shape)])
        }
        Op::Softmax { axes, .. } => {
            x.float(0)?;
            x.axes(axes, rank)?;
            x.one(x.dtype(0), shape)
        }
        _ => unreachable!("not a reduction"),
    }
}
