//! Pools, computed channels-last.

use super::number::Number;
use super::windows::{Windows, from_channels_last, image, to_channels_last};
use super::{EvalError, Operands};
use crate::op::{Layout, Pool, Window};
use crate::tensor::Tensor;

pub(super) fn pool(pool: Pool, window: &Window, layout: Layout, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    if x.inputs[0].dtype().is_float() {
        x.numbers(&pool_of::<f64>(
            window,
            layout,
            x,
            |acc, v| fold(pool, acc, v),
            start(pool),
            |position, acc, inside| {
                finish(pool, window, &image(x.shape(0), layout).2, &image(x.result(), layout).2, position, acc, inside);
            },
        ))
    } else {
        let dtype = x.inputs[0].dtype();
        let least = i64::limits(dtype).0.ordered(dtype);
        let larger = |a: i64, v: i64| a.ordered(dtype).max(v.ordered(dtype)).ordered(dtype);
        x.numbers(&pool_of::<i64>(window, layout, x, larger, least, |_, _, _| {}))
    }
}

fn pool_of<T: Number>(
    window: &Window,
    layout: Layout,
    x: &Operands,
    fold: impl Fn(T, T) -> T,
    start: T,
    finish: impl Fn(usize, &mut [T], usize),
) -> Vec<T> {
    let (batch, channels, input) = image(x.shape(0), layout);
    let (_, _, output) = image(x.result(), layout);
    let windows = Windows::new(window, &input, &output);
    let data = to_channels_last(T::load(x.inputs[0]), channels, windows.pixels(), layout);
    let mut out = vec![start; batch * windows.positions() * channels];
    for n in 0..batch {
        for p in 0..windows.positions() {
            let result = &mut out[(n * windows.positions() + p) * channels..][..channels];
            let mut inside = 0;
            windows.for_each_tap(p, &mut |_, pixel| {
                inside += 1;
                let source = &data[(n * windows.pixels() + pixel) * channels..][..channels];
                result.iter_mut().zip(source).for_each(|(r, &v)| *r = fold(*r, v));
            });
            finish(p, result, inside);
        }
    }
    from_channels_last(out, channels, windows.positions(), layout)
}

fn start(pool: Pool) -> f64 {
    if pool == Pool::Max { f64::NEG_INFINITY } else { 0.0 }
}

fn fold(pool: Pool, acc: f64, v: f64) -> f64 {
    match pool {
        Pool::Max => acc.larger(v),
        Pool::Average { .. } => acc + v,
        Pool::Lp { p } => acc + v.abs().powi(p as i32),
    }
}

fn finish(
    pool: Pool,
    window: &Window,
    input: &[usize],
    output: &[usize],
    position: usize,
    result: &mut [f64],
    inside: usize,
) {
    match pool {
        Pool::Max => {}
        Pool::Average { count_padding } => {
            let count = if count_padding { padded_count(window, input, output, position) } else { inside };
            result.iter_mut().for_each(|r| *r /= count as f64);
        }
        Pool::Lp { p } => result.iter_mut().for_each(|r| *r = r.powf(1.0 / f64::from(p))),
    }
}

/// Kernel elements of output `position` that lie inside the padded input.
fn padded_count(window: &Window, input: &[usize], output: &[usize], mut position: usize) -> usize {
    let mut count = 1;
    for k in (0..input.len()).rev() {
        let start = position % output[k] * window.strides[k];
        position /= output[k];
        let end = input[k] + window.pad_before[k] + window.pad_after[k];
        count *= (0..window.kernel[k]).filter(|t| start + t * window.dilations[k] < end).count();
    }
    count
}
