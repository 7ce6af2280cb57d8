//! DFT and STFT as products with a stored matrix of cosines and sines.

use std::f64::consts::TAU;

use lathe_graph::op::{Binary, PadMode};
use lathe_graph::{DType, Op, Tensor, ValueId};

use crate::translate::{Fault, NodeContext};

/// The largest stored matrix.
const MAX_ELEMENTS: usize = 16 << 20;

/// A transform of `length` points.
#[derive(Clone, Copy)]
struct Transform {
    length: usize,
    /// 1 for real input, 2 for complex.
    components: usize,
    inverse: bool,
    onesided: bool,
}

impl Transform {
    /// Whether half of the bins, as `components` pairs, become real samples.
    fn is_real_inverse(&self) -> bool {
        self.inverse && self.onesided
    }

    fn half(&self) -> usize {
        self.length / 2 + 1
    }

    /// Points read.
    fn points(&self) -> usize {
        if self.is_real_inverse() { self.half() } else { self.length }
    }

    /// Bins (or samples) written, and components of each.
    fn results(&self) -> [usize; 2] {
        match (self.inverse, self.onesided) {
            (true, true) => [self.length, 1],
            (false, true) => [self.half(), 2],
            _ => [self.length, 2],
        }
    }

    /// The matrix `[points * components, results * components]`.
    fn matrix(&self, dtype: DType) -> Result<Tensor, Fault> {
        let [bins, parts] = self.results();
        let (rows, columns) = (self.points().saturating_mul(self.components), bins.saturating_mul(parts));
        if rows.saturating_mul(columns) > MAX_ELEMENTS {
            return Err(Fault::Unsupported(format!("a transform of {} points is too long", self.length)));
        }
        let mut values = Vec::with_capacity(rows * columns);
        for point in 0..self.points() {
            for component in 0..self.components {
                for bin in 0..bins {
                    values.extend((0..parts).map(|part| self.coefficient(point, component, bin, part)));
                }
            }
        }
        Tensor::from_f64s(dtype, &[rows, columns], &values)
            .ok_or_else(|| Fault::Invalid("the matrix is malformed".into()))
    }

    /// What component `component` of `point` adds to part `part` of `bin`.
    fn coefficient(&self, point: usize, component: usize, bin: usize, part: usize) -> f64 {
        let turn = (point * bin % self.length) as f64 / self.length as f64 * TAU;
        let sign = if self.inverse { 1.0 } else { -1.0 };
        let (cos, sin) = (turn.cos(), sign * turn.sin());
        let value = match (component, part) {
            (0, 0) | (1, 1) => cos,
            (0, _) => sin,
            _ => -sin,
        };
        let mirrored = self.is_real_inverse() && point > 0 && 2 * point != self.length;
        let weight = if mirrored { 2.0 } else { 1.0 };
        if self.inverse { weight * value / self.length as f64 } else { value }
    }
}

/// Along one axis; the last dimension holds the components. The axis is an attribute before opset 20, an input since.
pub(super) fn dft(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let rank = n.rank(x);
    let axis = if n.opset() < 20 {
        n.attributes.int("axis", 1)?
    } else {
        n.constant_int(2, "the dimension of the transform")?.unwrap_or(-2)
    };
    let axis = n.axis(axis, rank)?;
    let shape = n.shape(x);
    if axis + 1 >= rank || !(1..=2).contains(&shape[rank - 1]) {
        return Err(Fault::Invalid(format!("{} needs a last dimension of 1 or 2 components", n.ty(x))));
    }
    let (inverse, onesided) = (n.attributes.flag("inverse", false)?, n.attributes.flag("onesided", false)?);
    let default = if inverse && onesided { shape[axis].saturating_sub(1).saturating_mul(2) } else { shape[axis] };
    let length = match n.constant_int(1, "the length of the transform")? {
        Some(length) => usize::try_from(length).unwrap_or(0),
        None => default,
    };
    let transform = Transform { length, components: shape[rank - 1], inverse, onesided };
    if length == 0 || (transform.is_real_inverse() && transform.components != 2) {
        return Err(Fault::Invalid(format!("{} does not allow this transform of {length} points", n.ty(x))));
    }
    let x = fitted(n, x, axis, transform.points())?;
    let mut perm: Vec<usize> = (0..rank).filter(|&d| d != axis).collect();
    perm.insert(rank - 2, axis);
    let moved = n.transpose(x, &perm)?;
    let result = apply(n, moved, transform)?;
    let mut back: Vec<usize> = (0..rank - 2).collect();
    back.insert(axis, rank - 2);
    back.push(rank - 1);
    Ok(vec![n.transpose(result, &back)?])
}

/// `x` cut or padded with zeros to `extent` along `axis`.
fn fitted(n: &mut NodeContext, x: ValueId, axis: usize, extent: usize) -> Result<ValueId, Fault> {
    let shape = n.shape(x);
    if shape[axis] >= extent {
        return n.slice(x, axis, 0, extent);
    }
    let mut after = vec![0; shape.len()];
    after[axis] = (extent - shape[axis]) as isize;
    n.push(Op::Pad { before: vec![0; shape.len()], after, mode: PadMode::Constant(0.0) }, &[x])
}

/// Transforms `[…, points, components]`.
fn apply(n: &mut NodeContext, x: ValueId, transform: Transform) -> Result<ValueId, Fault> {
    let matrix = transform.matrix(n.dtype(x))?;
    let matrix = n.add_constant(matrix);
    let mut shape = n.shape(x);
    shape.truncate(shape.len() - 2);
    let rows: usize = shape.iter().product();
    let flat = n.reshape(x, &[rows, transform.points() * transform.components])?;
    let result = n.push(Op::MatMul { transpose_a: false, transpose_b: false }, &[flat, matrix])?;
    shape.extend(transform.results());
    n.reshape(result, &shape)
}

/// Transforms of overlapping frames of a signal `[batch, samples, components]`.
pub(super) fn stft(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let signal = n.input(0)?;
    let &[_, samples, components @ 1..=2] = n.shape(signal).as_slice() else {
        return Err(Fault::Invalid(format!("{} is no signal of 1 or 2 components", n.ty(signal))));
    };
    n.input(1)?;
    let step = n.constant_int(1, "the number of frames")?.unwrap_or_default();
    let window = n.optional(2);
    let length = match (n.constant_int(3, "the length of a frame")?, window) {
        (Some(length), _) => length,
        (None, Some(window)) => n.ty(window).elements() as i64,
        (None, None) => return Err(Fault::Invalid("neither a window nor the length of a frame is given".into())),
    };
    if step <= 0 || length <= 0 || length as u64 > samples as u64 {
        return Err(Fault::Invalid(format!("frames of {length} by {step} do not fit {samples} samples")));
    }
    let (step, length) = (step as usize, length as usize);
    let frames = (samples - length) / step + 1;
    if frames.saturating_mul(length) > MAX_ELEMENTS {
        return Err(Fault::Unsupported(format!("{frames} frames of {length} samples are too many")));
    }
    let places: Vec<i64> = (0..frames).flat_map(|f| (0..length).map(move |i| (f * step + i) as i64)).collect();
    let places = n.integers(DType::I64, &[frames, length], &places)?;
    let mut framed = n.push(Op::Gather { axis: 1 }, &[signal, places])?;
    if let Some(window) = window {
        let window = n.reshape(window, &[length, 1])?;
        framed = n.binary(Binary::Mul, framed, window)?;
    }
    let onesided = n.attributes.flag("onesided", true)?;
    Ok(vec![apply(n, framed, Transform { length, components, inverse: false, onesided })?])
}
