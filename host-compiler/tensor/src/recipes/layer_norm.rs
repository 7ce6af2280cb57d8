//! Normalisation over the last dimensions.

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use super::reduce::{Over, count_constant};
use crate::expr::{Expr, UnaryFn};
use crate::program::Combiner;
use crate::program::build::{Builder, Operand, broadcast_index, compute_type, numbered_axes, vars};

/// Mean and `1 / sqrt(variance + epsilon)` of `x` over `over`, by two passes: the mean, then the squares of differences.
pub(super) fn moments(b: &mut Builder, x: &Operand, over: &Over, epsilon: f32) -> (Operand, Operand) {
    let ty = compute_type(x.dtype);
    let value = b.read(x, over.source());
    let sum = over.stage(b, "sum", x.dtype, Combiner::Sum, value);
    let value = b.read(&sum, over.result()) / count_constant(ty, over.count());
    let mean = over.map(b, "mean", ty, value);
    let difference = b.read(x, over.source()) - b.read(&mean, over.result());
    let square = b.share(difference, |_, d| d.clone() * d);
    let squares = over.stage(b, "squares", x.dtype, Combiner::Sum, square);
    (mean, inverse_root(b, &squares, over, epsilon))
}

/// `1 / sqrt(squares / count + epsilon)`.
fn inverse_root(b: &mut Builder, squares: &Operand, over: &Over, epsilon: f32) -> Operand {
    let ty = squares.dtype;
    let variance = b.read(squares, over.result()) / count_constant(ty, over.count());
    let root = Expr::unary(UnaryFn::Sqrt, variance + Expr::constant(ty, f64::from(epsilon)));
    over.map(b, "scale", ty, Expr::constant(ty, 1.0) / root)
}

/// `(x - mean) / sqrt(variance + epsilon) * scale + bias` over dimensions `axis..`.
pub(super) fn layer_norm(
    b: &mut Builder,
    x: &Operand,
    scale: &Operand,
    bias: &Operand,
    axis: usize,
    epsilon: f32,
) -> Result<Lowered, Refusal> {
    let axes: Vec<usize> = (axis..x.rank()).collect();
    let over = Over::new(&x.shape, &axes)?;
    check(x, axis, &[scale, bias])?;
    let (mean, inverse) = moments(b, x, &over, epsilon);
    let point = vars(x.rank());
    let normal = (b.read(x, point.clone()) - b.read(&mean, over.result())) * b.read(&inverse, over.result());
    let value = normal * b.read(scale, broadcast_index(&scale.shape, &point))
        + b.read(bias, broadcast_index(&bias.shape, &point));
    let result = b.map("norm", x.dtype, numbered_axes("i", &x.shape), value);
    Ok(Lowered::last(b, vec![result], AnchorKind::RowReduction { axes }))
}

/// `x / sqrt(mean(x^2) + epsilon) * scale` over dimensions `axis..`.
pub(super) fn rms_norm(
    b: &mut Builder,
    x: &Operand,
    scale: &Operand,
    axis: usize,
    epsilon: f32,
) -> Result<Lowered, Refusal> {
    let axes: Vec<usize> = (axis..x.rank()).collect();
    let over = Over::new(&x.shape, &axes)?;
    check(x, axis, &[scale])?;
    let value = b.read(x, over.source());
    let square = b.share(value, |_, v| v.clone() * v);
    let squares = over.stage(b, "squares", x.dtype, Combiner::Sum, square);
    let inverse = inverse_root(b, &squares, &over, epsilon);
    let point = vars(x.rank());
    let normal = b.read(x, point.clone()) * b.read(&inverse, over.result());
    let value = normal * b.read(scale, broadcast_index(&scale.shape, &point));
    let result = b.map("norm", x.dtype, numbered_axes("i", &x.shape), value);
    Ok(Lowered::last(b, vec![result], AnchorKind::RowReduction { axes }))
}

fn check(x: &Operand, axis: usize, parameters: &[&Operand]) -> Result<(), Refusal> {
    if !x.dtype.is_float() {
        return Err(Refusal::Unsupported(format!("normalisation of {}", x.dtype)));
    }
    if axis >= x.rank() || parameters.iter().any(|p| p.rank() > x.rank()) {
        return Err(Refusal::Malformed("axis, scale or bias do not fit the operand"));
    }
    Ok(())
}
