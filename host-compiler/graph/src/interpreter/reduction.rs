//! Reductions, scans, extremes and softmax.

use lathe_artifact::DType;

use super::number::Number;
use super::strided::{around, broadcast_strides, for_each_row, row_length, row_stride, strides};
use super::{EvalError, Operands};
use crate::op::Reduction;
use crate::tensor::Tensor;

/// Combines the elements of a tensor of `shape` into the result of `reduced` shape (reduced extents are 1).
fn fold<T: Copy, A: Copy>(
    values: &[T],
    shape: &[usize],
    reduced: &[usize],
    init: A,
    f: impl Fn(A, T, usize) -> A,
) -> Vec<A> {
    let mut out = vec![init; reduced.iter().product()];
    let (source, target) = (strides(shape), broadcast_strides(reduced, shape));
    let (length, step) = (row_length(shape), row_stride(&target));
    for_each_row(shape, [&source, &target], |[from, to]| {
        for (i, &v) in values[from..from + length].iter().enumerate() {
            let slot = to + i * step;
            out[slot] = f(out[slot], v, slot);
        }
    });
    out
}

pub(super) fn reduce(reduction: Reduction, axes: &[usize], x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let count: usize = axes.iter().map(|&a| x.shape(0)[a]).product();
    if x.inputs[0].dtype().is_float() {
        return x.numbers(&reduce_float(reduction, count, &f64::load(x.inputs[0]), x.shape(0), x.result()));
    }
    use Reduction::{L2, LogSum, LogSumExp, Max, Mean, Min, Prod, Sum};
    let (values, dtype) = (i64::load(x.inputs[0]), x.inputs[0].dtype());
    let (shape, reduced) = (x.shape(0), x.result());
    let (least, most) = i64::limits(dtype);
    let sum = |f: &dyn Fn(i64) -> i64| fold(&values, shape, reduced, 0, |a: i64, v, _| a.add(f(v)));
    let out = match reduction {
        Sum => sum(&|v| v),
        Mean => sum(&|v| v).into_iter().map(|v| v.checked_div(count as i64).unwrap_or(0)).collect(),
        Max => fold(&values, shape, reduced, least, |a, v, _| a.max(v.ordered(dtype))),
        Min => fold(&values, shape, reduced, most, |a, v, _| a.min(v.ordered(dtype))),
        Prod => fold(&values, shape, reduced, 1, |a: i64, v, _| a.mul(v)),
        Reduction::L1 => sum(&|v| if dtype == DType::U64 { v } else { v.wrapping_abs() }),
        Reduction::SumSquare => sum(&|v| v.mul(v)),
        L2 | LogSum | LogSumExp => {
            return x.numbers(&reduce_float(reduction, count, &x.inputs[0].to_f64s(), shape, reduced));
        }
    };
    let restore = |v: i64| if matches!(reduction, Max | Min) { v.ordered(dtype) } else { v };
    x.numbers(&out.into_iter().map(restore).collect::<Vec<i64>>())
}

fn reduce_float(reduction: Reduction, count: usize, values: &[f64], shape: &[usize], reduced: &[usize]) -> Vec<f64> {
    let sum = |f: &dyn Fn(f64) -> f64| fold(values, shape, reduced, 0.0, |a, v, _| a + f(v));
    let mapped = |sums: Vec<f64>, f: &dyn Fn(f64) -> f64| sums.into_iter().map(f).collect();
    match reduction {
        Reduction::Sum => sum(&|v| v),
        Reduction::Mean => mapped(sum(&|v| v), &|s| s / count as f64),
        Reduction::Max => fold(values, shape, reduced, f64::NEG_INFINITY, |a, v, _| a.larger(v)),
        Reduction::Min => fold(values, shape, reduced, f64::INFINITY, |a, v, _| a.smaller(v)),
        Reduction::Prod => fold(values, shape, reduced, 1.0, |a, v, _| a * v),
        Reduction::L1 => sum(&f64::abs),
        Reduction::L2 => mapped(sum(&|v| v * v), &f64::sqrt),
        Reduction::LogSum => mapped(sum(&|v| v), &f64::ln),
        Reduction::SumSquare => sum(&|v| v * v),
        Reduction::LogSumExp => {
            let (top, sums) = shifted_exp_sums(values, shape, reduced);
            top.iter().zip(sums).map(|(t, s)| t + s.ln()).collect()
        }
    }
}

/// The maximum of each reduced set (0 where it is infinite) and the sum of e^(v - maximum).
fn shifted_exp_sums(values: &[f64], shape: &[usize], reduced: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let mut top = fold(values, shape, reduced, f64::NEG_INFINITY, |a: f64, v, _| a.max(v));
    top.iter_mut().filter(|t| t.is_infinite()).for_each(|t| *t = 0.0);
    let sums = fold(values, shape, reduced, 0.0, |a, v: f64, slot| a + (v - top[slot]).exp());
    (top, sums)
}

pub(super) fn softmax(axes: &[usize], log: bool, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (values, shape) = (f64::load(x.inputs[0]), x.shape(0));
    let mut reduced = shape.to_vec();
    axes.iter().for_each(|&a| reduced[a] = 1);
    let (top, sums) = shifted_exp_sums(&values, shape, &reduced);
    let target = broadcast_strides(&reduced, shape);
    let (length, step) = (row_length(shape), row_stride(&target));
    let mut out = Vec::with_capacity(values.len());
    for_each_row(shape, [&strides(shape), &target], |[from, to]| {
        for (i, v) in values[from..from + length].iter().enumerate() {
            let slot = to + i * step;
            let shifted = v - top[slot];
            out.push(if log { shifted - sums[slot].ln() } else { shifted.exp() / sums[slot] });
        }
    });
    x.numbers(&out)
}

pub(super) fn cum_sum(axis: usize, exclusive: bool, reverse: bool, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    fn scan<T: Number>(
        values: &mut [T],
        (outer, extent, inner): (usize, usize, usize),
        exclusive: bool,
        reverse: bool,
    ) {
        for lane in 0..outer * inner {
            let start = lane / inner * extent * inner + lane % inner;
            let mut sum = T::ZERO;
            for i in 0..extent {
                let at = start + inner * if reverse { extent - 1 - i } else { i };
                let next = sum.add(values[at]);
                values[at] = if exclusive { sum } else { next };
                sum = next;
            }
        }
    }
    let lanes = around(x.shape(0), axis);
    if x.inputs[0].dtype().is_float() {
        let mut values = f64::load(x.inputs[0]);
        scan(&mut values, lanes, exclusive, reverse);
        x.numbers(&values)
    } else {
        let mut values = i64::load(x.inputs[0]);
        scan(&mut values, lanes, exclusive, reverse);
        x.numbers(&values)
    }
}

/// Runs `f` on every lane along `axis`, in the order of the result's elements.
fn for_each_lane<T: Number>(x: &Operands, axis: usize, mut f: impl FnMut(&[T])) {
    let values = T::load(x.inputs[0]);
    let dtype = x.inputs[0].dtype();
    let (outer, extent, inner) = around(x.shape(0), axis);
    let mut lane = Vec::with_capacity(extent);
    for o in 0..outer {
        for i in 0..inner {
            lane.clear();
            lane.extend((0..extent).map(|e| values[(o * extent + e) * inner + i].ordered(dtype)));
            f(&lane);
        }
    }
}

pub(super) fn arg_reduce(max: bool, axis: usize, select_last: bool, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    fn pick<T: Number>(lane: &[T], max: bool, select_last: bool) -> i64 {
        let mut best = 0;
        for (i, &v) in lane.iter().enumerate() {
            let better = if max { v > lane[best] } else { v < lane[best] };
            if better || (select_last && v == lane[best]) {
                best = i;
            }
        }
        best as i64
    }
    let mut out = Vec::with_capacity(x.results[0].elements());
    if x.inputs[0].dtype().is_float() {
        for_each_lane(x, axis, |lane: &[f64]| out.push(pick(lane, max, select_last)));
    } else {
        for_each_lane(x, axis, |lane: &[i64]| out.push(pick(lane, max, select_last)));
    }
    x.numbers(&out)
}

pub(super) fn top_k(axis: usize, k: usize, largest: bool, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    if x.inputs[0].dtype().is_float() {
        top_k_of::<f64>(axis, k, x, |a, b| if largest { b.total_cmp(a) } else { a.total_cmp(b) })
    } else {
        top_k_of::<i64>(axis, k, x, |a, b| if largest { b.cmp(a) } else { a.cmp(b) })
    }
}

fn top_k_of<T: Number>(
    axis: usize,
    k: usize,
    x: &Operands,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Result<Vec<Tensor>, EvalError> {
    let dtype = x.inputs[0].dtype();
    let (outer, _, inner) = around(x.shape(0), axis);
    let mut values = vec![T::ZERO; outer * k * inner];
    let mut indices = vec![0i64; outer * k * inner];
    let mut lane_number = 0;
    for_each_lane(x, axis, |lane: &[T]| {
        let mut sorted: Vec<usize> = (0..lane.len()).collect();
        sorted.sort_by(|&a, &b| order(&lane[a], &lane[b]));
        let start = lane_number / inner * k * inner + lane_number % inner;
        for (rank, &i) in sorted.iter().take(k).enumerate() {
            values[start + rank * inner] = lane[i].ordered(dtype);
            indices[start + rank * inner] = i as i64;
        }
        lane_number += 1;
    });
    let mut results = x.numbers(&values)?;
    results.extend(x.one(Tensor::from_i64s(DType::I64, x.result(), &indices))?);
    Ok(results)
}
