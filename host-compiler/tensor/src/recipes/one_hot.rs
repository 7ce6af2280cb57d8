//! One-hot vectors.

use super::error::Refusal;
use super::gather::wrapped;
use crate::expr::{CompareFn, Expr};
use crate::program::build::{Builder, Operand, numbered_axes, var, vars};

/// Dimension `axis` of extent `depth` added to `indices`: `values[1]` where it equals the index, else `values[0]`.
pub(super) fn one_hot(
    b: &mut Builder,
    indices: &Operand,
    values: &Operand,
    axis: usize,
    depth: i64,
) -> Result<Operand, Refusal> {
    if axis > indices.rank() || values.elements() != 2 {
        return Err(Refusal::Malformed("axis or values do not fit"));
    }
    let mut shape = indices.shape.clone();
    shape.insert(axis, depth);
    let mut point = vars(shape.len());
    point.remove(axis);
    let on = wrapped(b, indices, point, depth, |_, index| Expr::compare(CompareFn::Eq, index, var(axis)));
    let value = |k| b.load(values, vec![Expr::Index(k)]);
    let value = Expr::select(on, value(1), value(0));
    Ok(b.copy("onehot", values.dtype, numbered_axes("i", &shape), value))
}
