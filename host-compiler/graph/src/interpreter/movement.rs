//! Operators that move elements: each computes, for every result element, which element of the operand it is.

use super::strided::{around, broadcast_strides, offsets, strides};
use super::{EvalError, Operands};
use crate::op::PadMode;
use crate::tensor::{Tensor, TensorType};

/// Stands for an element that comes from outside the operand.
pub(super) const OUTSIDE: usize = usize::MAX;

/// The elements at `indices`, `size` bytes each; `fill` for [`OUTSIDE`].
pub(super) fn copy_elements(bytes: &[u8], size: usize, indices: &[usize], fill: &[u8]) -> Vec<u8> {
    fn copy<const S: usize>(bytes: &[u8], indices: &[usize], fill: &[u8]) -> Vec<u8> {
        let (elements, _) = bytes.as_chunks::<S>();
        let fill: [u8; S] = fill.try_into().unwrap_or([0; S]);
        let mut out = Vec::with_capacity(indices.len() * S);
        for &i in indices {
            out.extend_from_slice(if i == OUTSIDE { &fill } else { &elements[i] });
        }
        out
    }
    match size {
        1 => copy::<1>(bytes, indices, fill),
        2 => copy::<2>(bytes, indices, fill),
        4 => copy::<4>(bytes, indices, fill),
        _ => copy::<8>(bytes, indices, fill),
    }
}

/// The one result, whose elements are operand 0's at `indices`.
pub(super) fn take(x: &Operands, indices: &[usize], fill: &[u8]) -> Result<Vec<Tensor>, EvalError> {
    let bytes = copy_elements(x.inputs[0].bytes(), x.results[0].dtype.size(), indices, fill);
    x.one(Tensor::new(x.results[0].clone(), bytes))
}

/// Source index of every result element when dimension `d` of the result reads position `map(d, i)` of the operand.
fn per_dimension(x: &Operands, map: impl Fn(usize, usize) -> usize) -> Vec<usize> {
    let steps = strides(x.shape(0));
    let mut indices = vec![0];
    for (d, &n) in x.result().iter().enumerate() {
        let column: Vec<usize> =
            (0..n).map(|i| map(d, i)).map(|p| if p == OUTSIDE { OUTSIDE } else { p * steps[d] }).collect();
        let add = |a: usize, b: usize| if a == OUTSIDE || b == OUTSIDE { OUTSIDE } else { a + b };
        indices = indices.iter().flat_map(|&base| column.iter().map(move |&c| add(base, c))).collect();
    }
    indices
}

pub(super) fn transpose(perm: &[usize], x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let source = strides(x.shape(0));
    let permuted: Vec<usize> = perm.iter().map(|&p| source[p]).collect();
    take(x, &offsets(x.result(), &permuted), &[])
}

pub(super) fn expand(x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    take(x, &offsets(x.result(), &broadcast_strides(x.shape(0), x.result())), &[])
}

pub(super) fn slice(starts: &[usize], steps: &[isize], x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let position = |d: usize, i: usize| starts[d].wrapping_add_signed(steps[d].wrapping_mul(i as isize));
    take(x, &per_dimension(x, position), &[])
}

pub(super) fn tile(x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    take(x, &per_dimension(x, |d, i| i % x.shape(0)[d]), &[])
}

pub(super) fn pad(before: &[isize], mode: PadMode, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let fill = match mode {
        PadMode::Constant(v) => Tensor::scalar(x.results[0].dtype, v).bytes().to_vec(),
        _ => Vec::new(),
    };
    let position = |d: usize, i: usize| pad_position(i as i64 - before[d] as i64, x.shape(0)[d] as i64, mode);
    take(x, &per_dimension(x, position), &fill)
}

/// Where padding reads for position `i` of a dimension of `n`.
fn pad_position(i: i64, n: i64, mode: PadMode) -> usize {
    if (0..n).contains(&i) {
        return i as usize;
    }
    match mode {
        PadMode::Constant(_) => OUTSIDE,
        PadMode::Edge => i.clamp(0, n - 1) as usize,
        PadMode::Wrap => i.rem_euclid(n) as usize,
        PadMode::Reflect if n == 1 => 0,
        PadMode::Reflect => {
            let period = 2 * (n - 1);
            let r = i.rem_euclid(period);
            r.min(period - r) as usize
        }
    }
}

pub(super) fn trilu(upper: bool, k: i64, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (rows, columns) = (x.result()[x.result().len() - 2], x.result()[x.result().len() - 1]);
    let keep = |i: usize| {
        let (row, column) = ((i / columns % rows) as i64, (i % columns) as i64);
        let diagonal = row.saturating_add(k);
        if upper { column >= diagonal } else { column <= diagonal }
    };
    let indices: Vec<usize> = (0..x.results[0].elements()).map(|i| if keep(i) { i } else { OUTSIDE }).collect();
    take(x, &indices, &[])
}

pub(super) fn concat(axis: usize, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let ty: &TensorType = &x.results[0];
    let (outer, _, _) = around(&ty.shape, axis);
    let mut bytes = Vec::with_capacity(ty.bytes());
    for i in 0..outer {
        for input in x.inputs {
            let block = input.bytes().len() / outer;
            bytes.extend_from_slice(&input.bytes()[i * block..(i + 1) * block]);
        }
    }
    x.one(Tensor::new(ty.clone(), bytes))
}
