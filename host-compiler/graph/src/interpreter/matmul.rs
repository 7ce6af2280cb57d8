//! Matrix products. The second operand, which may be a layer's large weights, is decoded one row at a time.

use super::number::Number;
use super::strided::{broadcast_strides, offsets};
use super::{EvalError, Operands};
use crate::tensor::Tensor;

pub(super) fn matmul(transpose_a: bool, transpose_b: bool, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    if x.inputs[0].dtype().is_float() {
        x.numbers(&matmul_of::<f64>(transpose_a, transpose_b, x))
    } else {
        x.numbers(&matmul_of::<i64>(transpose_a, transpose_b, x))
    }
}

fn matmul_of<T: Number>(transpose_a: bool, transpose_b: bool, x: &Operands) -> Vec<T> {
    let (batch_shape, tail) = x.result().split_at(x.result().len() - 2);
    let (m, n) = (tail[0], tail[1]);
    let batch_of = |i: usize| &x.shape(i)[..x.shape(i).len() - 2];
    let inner = x.shape(0)[x.shape(0).len() - if transpose_a { 2 } else { 1 }];
    let a = T::load(x.inputs[0]);
    let starts = |i: usize| offsets(batch_shape, &broadcast_strides(batch_of(i), batch_shape));
    let mut out = vec![T::ZERO; x.results[0].elements()];
    for (index, (ia, ib)) in starts(0).into_iter().zip(starts(1)).enumerate() {
        let a = &a[ia * m * inner..][..m * inner];
        let a_at = |i: usize, k: usize| if transpose_a { a[k * m + i] } else { a[i * inner + k] };
        let out = &mut out[index * m * n..][..m * n];
        let (rows, columns) = if transpose_b { (n, inner) } else { (inner, n) };
        let size = x.inputs[1].dtype().size();
        for r in 0..rows {
            let bytes = &x.inputs[1].bytes()[(ib * rows + r) * columns * size..][..columns * size];
            let row = T::decode(x.inputs[1].dtype(), bytes);
            for i in 0..m {
                if transpose_b {
                    out[i * n + r] = row.iter().enumerate().fold(T::ZERO, |s, (k, &b)| s.add(a_at(i, k).mul(b)));
                } else {
                    let scale = a_at(i, r);
                    let target = &mut out[i * n..][..n];
                    target.iter_mut().zip(&row).for_each(|(o, &b)| *o = o.add(scale.mul(b)));
                }
            }
        }
    }
    out
}
