//! Softmax and its logarithm.

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use super::reduce::Over;
use crate::expr::{Expr, UnaryFn};
use crate::program::Combiner;
use crate::program::build::{Builder, Operand, compute_type, numbered_axes, vars};

/// Softmax of `x` over `axes`: maximum, exponential of the difference, sum, product with its reciprocal.
pub(super) fn softmax(b: &mut Builder, x: &Operand, axes: &[usize], log: bool) -> Result<Lowered, Refusal> {
    let over = Over::new(&x.shape, axes)?;
    let ty = compute_type(x.dtype);
    if !ty.is_float() || axes.is_empty() {
        return Err(Refusal::Unsupported(format!("Softmax of {ty} over {} axes", axes.len())));
    }
    let whole = || numbered_axes("i", &x.shape);
    let value = b.read(x, over.source());
    let max = over.stage(b, "max", x.dtype, Combiner::Max, value);
    let shifted = b.read(x, vars(x.rank())) - b.read(&max, over.result());
    let result = if log {
        let shifted = b.map("shift", ty, whole(), shifted);
        let exp = Expr::unary(UnaryFn::Exp, b.read(&shifted, over.source()));
        let sum = over.stage(b, "sum", ty, Combiner::Sum, exp);
        let logarithm = Expr::unary(UnaryFn::Log, b.read(&sum, over.result()));
        let logarithm = over.map(b, "log", ty, logarithm);
        let value = b.read(&shifted, vars(x.rank())) - b.read(&logarithm, over.result());
        b.map("logsoftmax", x.dtype, whole(), value)
    } else {
        let exp = b.map("exp", ty, whole(), Expr::unary(UnaryFn::Exp, shifted));
        let value = b.read(&exp, over.source());
        let sum = over.stage(b, "sum", ty, Combiner::Sum, value);
        let reciprocal = Expr::constant(ty, 1.0) / b.read(&sum, over.result());
        let reciprocal = over.map(b, "scale", ty, reciprocal);
        let value = b.read(&exp, vars(x.rank())) * b.read(&reciprocal, over.result());
        b.map("softmax", x.dtype, whole(), value)
    };
    Ok(Lowered::last(b, vec![result], AnchorKind::RowReduction { axes: axes.to_vec() }))
}
