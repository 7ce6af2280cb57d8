//! One triangle of each matrix.

use super::error::Refusal;
use crate::expr::{CompareFn, Expr};
use crate::program::build::{Builder, Operand, numbered_axes, offset, vars};

/// `x` with the triangle on and above (or below) diagonal `k` kept, the rest zero.
pub(super) fn trilu(b: &mut Builder, x: &Operand, upper: bool, k: i64) -> Result<Operand, Refusal> {
    let point = vars(x.rank());
    let [.., row, column] = point.as_slice() else { return Err(Refusal::Malformed("not a matrix")) };
    let diagonal = offset(row.clone(), k);
    let keep = if upper {
        Expr::compare(CompareFn::Le, diagonal, column.clone())
    } else {
        Expr::compare(CompareFn::Le, column.clone(), diagonal)
    };
    let value = Expr::select(keep, b.load(x, point), Expr::constant(x.dtype, 0.0));
    Ok(b.copy("trilu", x.dtype, numbered_axes("i", &x.shape), value))
}
