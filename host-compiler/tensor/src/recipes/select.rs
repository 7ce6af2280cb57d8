//! Element-wise choice.

use super::binary::broadcast_shape;
use super::error::Refusal;
use crate::expr::Expr;
use crate::program::build::{Builder, Operand, broadcast_index, numbered_axes, vars};

/// `x` where `condition`, else `y`, broadcast.
pub(super) fn select(b: &mut Builder, condition: &Operand, x: &Operand, y: &Operand) -> Result<Operand, Refusal> {
    let shape = broadcast_shape(&[&condition.shape, &x.shape, &y.shape])?;
    let point = vars(shape.len());
    let at = |o: &Operand| b.load(o, broadcast_index(&o.shape, &point));
    let value = Expr::select(at(condition), at(x), at(y));
    Ok(b.copy("select", x.dtype, numbered_axes("i", &shape), value))
}
