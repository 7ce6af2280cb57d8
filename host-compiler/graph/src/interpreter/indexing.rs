//! Gathers, scatters and one-hot encoding.

use super::movement::take;
use super::number::Number;
use super::strided::{around, for_each_row, row_length, strides};
use super::{EvalError, Operands};
use crate::op::ScatterCombine;
use crate::tensor::Tensor;

pub(super) fn gather(axis: usize, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (outer, extent, inner) = around(x.shape(0), axis);
    let positions = x.inputs[1].to_i64s().into_iter().map(|i| x.position(i, extent));
    let positions = positions.collect::<Result<Vec<_>, _>>()?;
    let mut indices = Vec::with_capacity(x.results[0].elements());
    for o in 0..outer {
        for &p in &positions {
            let start = (o * extent + p) * inner;
            indices.extend(start..start + inner);
        }
    }
    take(x, &indices, &[])
}

/// For every element of the indices (operand 1), the element of operand 0 it names.
fn element_targets(axis: usize, x: &Operands) -> Result<Vec<usize>, EvalError> {
    let (shape, extent) = (x.shape(1), x.shape(0)[axis]);
    let positions = x.inputs[1].to_i64s().into_iter().map(|i| x.position(i, extent));
    let positions = positions.collect::<Result<Vec<_>, _>>()?;
    let steps = strides(x.shape(0));
    let mut elsewhere = steps.clone();
    elsewhere[axis] = 0;
    let bases = super::strided::offsets(shape, &elsewhere);
    Ok(bases.into_iter().zip(positions).map(|(b, p)| b + p * steps[axis]).collect())
}

pub(super) fn gather_elements(axis: usize, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    take(x, &element_targets(axis, x)?, &[])
}

/// Start of the slice of operand 0 that each coordinate tuple of operand 1 names, and the elements of a slice.
fn slice_starts(batch_dims: usize, x: &Operands) -> Result<(Vec<usize>, usize), EvalError> {
    let (shape, index_shape) = (x.shape(0), x.shape(1));
    let coordinates = row_length(index_shape);
    let steps = strides(shape);
    let indices = x.inputs[1].to_i64s();
    let length: usize = shape[batch_dims + coordinates..].iter().product();
    let mut batch_strides = vec![0; index_shape.len()];
    batch_strides[..batch_dims].copy_from_slice(&steps[..batch_dims]);
    let mut starts = Vec::new();
    let mut failure = None;
    let own = strides(index_shape);
    for_each_row(index_shape, [&batch_strides, &own], |[base, row]| {
        let mut start = base;
        for c in 0..coordinates {
            match x.position(indices[row + c], shape[batch_dims + c]) {
                Ok(p) => start += p * steps[batch_dims + c],
                Err(e) => failure = failure.take().or(Some(e)),
            }
        }
        starts.push(start);
    });
    failure.map_or(Ok((starts, length)), Err)
}

pub(super) fn gather_nd(batch_dims: usize, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (starts, length) = slice_starts(batch_dims, x)?;
    let indices: Vec<usize> = starts.into_iter().flat_map(|s| s..s + length).collect();
    take(x, &indices, &[])
}

pub(super) fn scatter_nd(combine: ScatterCombine, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (starts, length) = slice_starts(0, x)?;
    let targets: Vec<usize> = starts.into_iter().flat_map(|s| s..s + length).collect();
    scatter(combine, &targets, x)
}

pub(super) fn scatter_elements(axis: usize, combine: ScatterCombine, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    scatter(combine, &element_targets(axis, x)?, x)
}

fn scatter(combine: ScatterCombine, targets: &[usize], x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    if x.inputs[0].dtype().is_float() {
        x.numbers(&scattered::<f64>(combine, targets, x))
    } else {
        x.numbers(&scattered::<i64>(combine, targets, x))
    }
}

fn scattered<T: Number>(combine: ScatterCombine, targets: &[usize], x: &Operands) -> Vec<T> {
    let dtype = x.inputs[0].dtype();
    let mut out = T::load(x.inputs[0]);
    for (&target, update) in targets.iter().zip(T::load(x.inputs[2])) {
        let old = out[target];
        out[target] = match combine {
            ScatterCombine::Replace => update,
            ScatterCombine::Add => old.add(update),
            ScatterCombine::Mul => old.mul(update),
            ScatterCombine::Max => old.ordered(dtype).larger(update.ordered(dtype)).ordered(dtype),
            ScatterCombine::Min => old.ordered(dtype).smaller(update.ordered(dtype)).ordered(dtype),
        };
    }
    out
}

pub(super) fn one_hot(axis: usize, depth: usize, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let shape = x.shape(0);
    let inner: usize = shape[axis..].iter().product();
    let hot = x.inputs[0].to_i64s();
    let size = x.results[0].dtype.size();
    let (off, on) = x.inputs[1].bytes().split_at(size);
    let mut bytes = Vec::with_capacity(x.results[0].bytes());
    for block in hot.chunks(inner.max(1)) {
        for d in 0..depth as i64 {
            for &h in block {
                let lit = h == d || h.checked_add(depth as i64) == Some(d);
                bytes.extend_from_slice(if lit { on } else { off });
            }
        }
    }
    x.one(Tensor::new(x.results[0].clone(), bytes))
}
