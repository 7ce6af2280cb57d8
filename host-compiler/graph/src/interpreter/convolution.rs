//! Convolutions, computed channels-last with the output channels innermost.

use super::number::Number;
use super::windows::{Windows, from_channels_last, image, to_channels_last};
use super::{EvalError, Operands};
use crate::op::{Layout, Window};
use crate::tensor::Tensor;

/// Channel counts of one group.
#[derive(Clone, Copy)]
struct Groups {
    count: usize,
    inputs: usize,
    outputs: usize,
}

pub(super) fn conv(window: &Window, groups: usize, layout: Layout, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    if x.inputs[0].dtype().is_float() {
        x.numbers(&conv_of::<f64>(window, groups, layout, x))
    } else {
        x.numbers(&conv_of::<i64>(window, groups, layout, x))
    }
}

fn conv_of<T: Number>(window: &Window, groups: usize, layout: Layout, x: &Operands) -> Vec<T> {
    let (_, channels, input) = image(x.shape(0), layout);
    let (batch, out_channels, output) = image(x.result(), layout);
    let windows = Windows::new(window, &input, &output);
    let g = Groups { count: groups, inputs: channels / groups, outputs: out_channels / groups };
    // [out, in/groups, taps] -> [tap][group][in][out]
    let (raw, taps) = (T::load(x.inputs[1]), windows.taps());
    let source = |t: usize, group: usize, i: usize, o: usize| ((group * g.outputs + o) * g.inputs + i) * taps + t;
    let weights = pack(&raw, taps, g, source);
    let data = to_channels_last(T::load(x.inputs[0]), channels, windows.pixels(), layout);
    let mut out = start_with_bias::<T>(x, batch * windows.positions(), out_channels);
    let step = g.count * g.inputs * g.outputs;
    for n in 0..batch {
        let image = &data[n * windows.pixels() * channels..];
        for p in 0..windows.positions() {
            let result = &mut out[(n * windows.positions() + p) * out_channels..][..out_channels];
            windows.for_each_tap(p, &mut |tap, pixel| {
                accumulate(result, &image[pixel * channels..][..channels], &weights[tap * step..][..step], g);
            });
        }
    }
    from_channels_last(out, out_channels, windows.positions(), layout)
}

pub(super) fn conv_transpose(
    window: &Window,
    groups: usize,
    layout: Layout,
    x: &Operands,
) -> Result<Vec<Tensor>, EvalError> {
    if x.inputs[0].dtype().is_float() {
        x.numbers(&conv_transpose_of::<f64>(window, groups, layout, x))
    } else {
        x.numbers(&conv_transpose_of::<i64>(window, groups, layout, x))
    }
}

/// A transposed convolution is a convolution's gradient: the windows are those of a convolution from the result to x.
fn conv_transpose_of<T: Number>(window: &Window, groups: usize, layout: Layout, x: &Operands) -> Vec<T> {
    let (_, channels, input) = image(x.shape(0), layout);
    let (batch, out_channels, output) = image(x.result(), layout);
    let windows = Windows::new(window, &output, &input);
    let g = Groups { count: groups, inputs: channels / groups, outputs: out_channels / groups };
    // [in, out/groups, taps] -> [tap][group][in][out]
    let (raw, taps) = (T::load(x.inputs[1]), windows.taps());
    let source = |t: usize, group: usize, i: usize, o: usize| ((group * g.inputs + i) * g.outputs + o) * taps + t;
    let weights = pack(&raw, taps, g, source);
    let data = to_channels_last(T::load(x.inputs[0]), channels, windows.positions(), layout);
    let mut out = start_with_bias::<T>(x, batch * windows.pixels(), out_channels);
    let step = g.count * g.inputs * g.outputs;
    for n in 0..batch {
        for p in 0..windows.positions() {
            let pixel = &data[(n * windows.positions() + p) * channels..][..channels];
            windows.for_each_tap(p, &mut |tap, target| {
                let result = &mut out[(n * windows.pixels() + target) * out_channels..][..out_channels];
                accumulate(result, pixel, &weights[tap * step..][..step], g);
            });
        }
    }
    from_channels_last(out, out_channels, windows.pixels(), layout)
}

/// Weights as `[tap][group][in][out]`; `source` finds each.
fn pack<T: Number>(raw: &[T], taps: usize, g: Groups, source: impl Fn(usize, usize, usize, usize) -> usize) -> Vec<T> {
    let mut packed = Vec::with_capacity(raw.len());
    for t in 0..taps {
        for group in 0..g.count {
            for i in 0..g.inputs {
                packed.extend((0..g.outputs).map(|o| raw[source(t, group, i, o)]));
            }
        }
    }
    packed
}

fn start_with_bias<T: Number>(x: &Operands, pixels: usize, channels: usize) -> Vec<T> {
    match x.inputs.get(2) {
        Some(bias) => T::load(bias).repeat(pixels),
        None => vec![T::ZERO; pixels * channels],
    }
}

/// Adds one pixel's channels times one tap's weights to the result's channels.
fn accumulate<T: Number>(result: &mut [T], pixel: &[T], weights: &[T], g: Groups) {
    if g.inputs == 1 && g.outputs == 1 {
        for ((r, &p), &w) in result.iter_mut().zip(pixel).zip(weights) {
            *r = r.add(p.mul(w));
        }
        return;
    }
    for group in 0..g.count {
        let result = &mut result[group * g.outputs..][..g.outputs];
        for i in 0..g.inputs {
            let p = pixel[group * g.inputs + i];
            let row = &weights[(group * g.inputs + i) * g.outputs..][..g.outputs];
            for (r, &w) in result.iter_mut().zip(row) {
                *r = r.add(p.mul(w));
            }
        }
    }
}
