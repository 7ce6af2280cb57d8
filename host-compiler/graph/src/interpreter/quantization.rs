//! Quantising and dequantising.

use super::number::{Number, round_to};
use super::strided::around;
use super::{EvalError, Operands};
use crate::tensor::Tensor;

/// For each element of operand 0, its (scale, zero point).
fn parameters(axis: usize, x: &Operands) -> impl Iterator<Item = (f64, f64)> {
    let (scale, zero) = (x.inputs[1].to_f64s(), x.inputs[2].to_f64s());
    let per_channel = !x.shape(1).is_empty();
    let (extent, inner) = if per_channel {
        let (_, extent, inner) = around(x.shape(0), axis);
        (extent.max(1), inner.max(1))
    } else {
        (1, 1)
    };
    (0..x.inputs[0].ty().elements()).map(move |i| {
        let c = i / inner % extent;
        (scale[c], zero[c])
    })
}

/// The quotient is rounded to the scale's precision first, since its ties decide the result.
pub(super) fn quantize(axis: usize, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (least, most) = i64::limits(x.results[0].dtype);
    let precision = x.inputs[1].dtype();
    let quantized = x.inputs[0].to_f64s().into_iter().zip(parameters(axis, x)).map(|(v, (scale, zero))| {
        let q = round_to(precision, v / scale).round_ties_even() + zero;
        q.clamp(least as f64, most as f64) as i64
    });
    x.numbers(&quantized.collect::<Vec<i64>>())
}

pub(super) fn dequantize(axis: usize, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let values = x.inputs[0].to_f64s().into_iter().zip(parameters(axis, x));
    x.numbers(&values.map(|(v, (scale, zero))| (v - zero) * scale).collect::<Vec<f64>>())
}
