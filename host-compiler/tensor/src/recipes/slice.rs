//! Strided windows of a tensor.

use crate::program::build::{Builder, Operand, numbered_axes, offset, scaled, var};

/// `x[starts + i * steps]`, `sizes[i]` elements in each dimension.
pub(super) fn slice(b: &mut Builder, x: &Operand, starts: &[i64], sizes: &[i64], steps: &[i64]) -> Operand {
    let at = |k: usize| match steps[k] {
        step if step > 0 => offset(scaled(var(k), step), starts[k]),
        step => crate::Expr::Index(starts[k]) - scaled(var(k), -step),
    };
    let value = b.load(x, (0..x.rank()).map(at).collect());
    b.copy("slice", x.dtype, numbered_axes("i", sizes), value)
}
