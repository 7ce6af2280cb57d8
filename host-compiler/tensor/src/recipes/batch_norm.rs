//! Inference-time batch normalisation: one multiplication and addition by channel.

use lathe_graph::op::Layout;

use super::error::Refusal;
use super::image::Image;
use crate::expr::{Expr, UnaryFn};
use crate::program::build::{Builder, Operand, axes, compute_type, var, vars};

/// Statistics and parameters of a batch normalisation, each `[channels]`.
pub(super) struct Statistics<'a> {
    pub(super) scale: &'a Operand,
    pub(super) bias: &'a Operand,
    pub(super) mean: &'a Operand,
    pub(super) variance: &'a Operand,
    pub(super) epsilon: f32,
}

/// `x * f + (bias - mean * f)` with `f = scale / sqrt(variance + epsilon)`, which are stages by channel.
pub(super) fn batch_norm(b: &mut Builder, x: &Operand, s: Statistics, layout: Layout) -> Result<Operand, Refusal> {
    let ty = compute_type(x.dtype);
    if !ty.is_float() || x.rank() < 2 {
        return Err(Refusal::Malformed("batch normalisation needs floats with channels"));
    }
    let image = Image::of(x, layout)?;
    let (n, size, c) = image.split(&x.shape);
    let channels = || axes(&["c"], &[c]);
    let at = || vec![var(0)];
    let root = Expr::unary(UnaryFn::Sqrt, b.read(s.variance, at()) + Expr::constant(ty, f64::from(s.epsilon)));
    let factor = b.read(s.scale, at()) / root;
    let factor = b.map("factor", ty, channels(), factor);
    let shift = b.read(s.bias, at()) - b.read(s.mean, at()) * b.read(&factor, at());
    let shift = b.map("shift", ty, channels(), shift);
    let (_, _, channel) = image.point();
    let scaled = b.read(x, vars(x.rank())) * b.read(&factor, vec![channel.clone()]);
    let value = scaled + b.read(&shift, vec![channel]);
    Ok(b.map("norm", x.dtype, image.axes("o", n, &size, c), value))
}
