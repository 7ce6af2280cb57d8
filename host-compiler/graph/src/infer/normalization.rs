//! Inference of normalisations: results have the operand's type, so this checks the parameters.

use super::elementwise::broadcast;
use super::{InferError, Operands};
use crate::op::{Layout, Op};
use crate::tensor::TensorType;

pub(super) fn infer(op: &Op, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    let (operands, channel) = match op {
        Op::LayerNorm { .. } => (3, None),
        Op::RmsNorm { .. } => (2, None),
        Op::BatchNorm { layout, .. } => (5, Some(*layout)),
        Op::InstanceNorm { layout, .. } => (3, Some(*layout)),
        _ => unreachable!("not a normalisation"),
    };
    x.exactly(operands)?;
    x.float(0)?;
    x.same_dtype(1..operands)?;
    match (op, channel) {
        (Op::LayerNorm { axis, .. } | Op::RmsNorm { axis, .. }, _) => {
            x.axis(*axis, x.shape(0).len())?;
            let normalized = &x.shape(0)[*axis..];
            for i in 1..operands {
                if broadcast(x, x.shape(i), normalized)? != normalized {
                    let got = x.shape(i);
                    return Err(x.error(format!("operand {i} of shape {got:?} does not broadcast to {normalized:?}")));
                }
            }
        }
        (_, Some(layout)) => per_channel(x, layout, operands)?,
        _ => {}
    }
    x.one(x.dtype(0), x.shape(0))
}

fn per_channel(x: &Operands, layout: Layout, operands: usize) -> Result<(), InferError> {
    x.rank_at_least(0, 2)?;
    let rank = x.shape(0).len();
    let channels = x.shape(0)[layout.channel_axis(rank)];
    (1..operands).try_for_each(|i| x.shape_is(i, &[channels]))
}
