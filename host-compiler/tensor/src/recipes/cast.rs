//! Conversion between element types.

use lathe_graph::DType;

use crate::expr::{Expr, Type};
use crate::program::build::{Builder, Operand, compute_type, numbered_axes, vars};

/// `x` as `dtype`.
pub(super) fn cast(b: &mut Builder, x: &Operand, dtype: DType) -> Operand {
    let axes = numbered_axes("i", &x.shape);
    let point = vars(x.rank());
    if x.dtype == dtype {
        let value = b.load(x, point);
        return b.copy("cast", dtype, axes, value);
    }
    let value = Expr::cast(Type::Data(compute_type(dtype)), b.read(x, point));
    b.map("cast", dtype, axes, value)
}
