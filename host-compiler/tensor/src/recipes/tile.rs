//! Repetition.

use crate::expr::Expr;
use crate::program::build::{Builder, Operand, numbered_axes, var};

/// `x` repeated along each dimension.
pub(super) fn tile(b: &mut Builder, x: &Operand, repeats: &[i64]) -> Operand {
    let at = |(k, (&extent, &times)): (usize, (&i64, &i64))| match (extent, times) {
        (1, _) => Expr::Index(0),
        (_, 1) => var(k),
        _ => var(k) % Expr::Index(extent),
    };
    let index = x.shape.iter().zip(repeats).enumerate().map(at).collect();
    let shape: Vec<i64> = x.shape.iter().zip(repeats).map(|(e, r)| e * r).collect();
    let value = b.load(x, index);
    b.copy("tile", x.dtype, numbered_axes("i", &shape), value)
}
