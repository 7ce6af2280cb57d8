//! Normalisations.

use super::number::Number;
use super::strided::{broadcast_strides, offsets};
use super::windows::{from_channels_last, to_channels_last};
use super::{EvalError, Operands};
use crate::op::Layout;
use crate::tensor::Tensor;

/// Operand `index` broadcast to the normalised dimensions.
fn parameter(x: &Operands, index: usize, axis: usize) -> Vec<f64> {
    let values = f64::load(x.inputs[index]);
    let normalized = &x.shape(0)[axis..];
    offsets(normalized, &broadcast_strides(x.shape(index), normalized)).into_iter().map(|i| values[i]).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean and 1 / sqrt(variance + epsilon).
fn moments(values: &[f64], epsilon: f32) -> (f64, f64) {
    let mu = mean(values);
    let variance = values.iter().map(|v| (v - mu) * (v - mu)).sum::<f64>() / values.len() as f64;
    (mu, 1.0 / (variance + f64::from(epsilon)).sqrt())
}

pub(super) fn layer_norm(axis: usize, epsilon: f32, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (scale, bias) = (parameter(x, 1, axis), parameter(x, 2, axis));
    let mut values = f64::load(x.inputs[0]);
    for row in values.chunks_mut(scale.len().max(1)) {
        let (mu, inverse) = moments(row, epsilon);
        row.iter_mut().zip(scale.iter().zip(&bias)).for_each(|(v, (s, b))| *v = (*v - mu) * inverse * s + b);
    }
    x.numbers(&values)
}

pub(super) fn rms_norm(axis: usize, epsilon: f32, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let scale = parameter(x, 1, axis);
    let mut values = f64::load(x.inputs[0]);
    for row in values.chunks_mut(scale.len().max(1)) {
        let square = row.iter().map(|v| v * v).sum::<f64>() / row.len() as f64;
        let inverse = 1.0 / (square + f64::from(epsilon)).sqrt();
        row.iter_mut().zip(&scale).for_each(|(v, s)| *v *= inverse * s);
    }
    x.numbers(&values)
}

/// The operand as `[batch][pixel][channel]`, with the extents of the last two.
fn image_values(layout: Layout, x: &Operands) -> (Vec<f64>, usize, usize) {
    let shape = x.shape(0);
    let channels = shape[layout.channel_axis(shape.len())];
    let pixels = shape[1..].iter().product::<usize>().checked_div(channels).unwrap_or(0);
    (to_channels_last(f64::load(x.inputs[0]), channels, pixels, layout), channels, pixels)
}

pub(super) fn batch_norm(epsilon: f32, layout: Layout, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (mut values, channels, pixels) = image_values(layout, x);
    let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|i| f64::load(x.inputs[i]));
    for pixel in values.chunks_mut(channels.max(1)) {
        for (c, v) in pixel.iter_mut().enumerate() {
            *v = (*v - mean[c]) / (variance[c] + f64::from(epsilon)).sqrt() * scale[c] + bias[c];
        }
    }
    x.numbers(&from_channels_last(values, channels, pixels, layout))
}

pub(super) fn instance_norm(epsilon: f32, layout: Layout, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (mut values, channels, pixels) = image_values(layout, x);
    let (scale, bias) = (f64::load(x.inputs[1]), f64::load(x.inputs[2]));
    for image in values.chunks_mut((channels * pixels).max(1)) {
        for c in 0..channels {
            let plane: Vec<f64> = image.iter().skip(c).step_by(channels).copied().collect();
            let (mu, inverse) = moments(&plane, epsilon);
            let normalize = |v: &mut f64| *v = (*v - mu) * inverse * scale[c] + bias[c];
            image.iter_mut().skip(c).step_by(channels).for_each(normalize);
        }
    }
    x.numbers(&from_channels_last(values, channels, pixels, layout))
}
