//! Matrix products.

use super::binary::broadcast_shape;
use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use crate::expr::{Expr, VarId};
use crate::program::build::{Builder, Operand, broadcast_index, numbered_axes, var, vars};
use crate::program::{Axis, Combiner};

/// `x` times `y` over their last two dimensions; leading dimensions broadcast.
pub(super) fn matmul(
    b: &mut Builder,
    x: &Operand,
    y: &Operand,
    transpose_a: bool,
    transpose_b: bool,
) -> Result<Lowered, Refusal> {
    let ([batch_x @ .., x0, x1], [batch_y @ .., y0, y1]) = (x.shape.as_slice(), y.shape.as_slice()) else {
        return Err(Refusal::Malformed("a matrix product needs matrices"));
    };
    let (m, k) = if transpose_a { (*x1, *x0) } else { (*x0, *x1) };
    let (inner, n) = if transpose_b { (*y1, *y0) } else { (*y0, *y1) };
    if inner != k {
        return Err(Refusal::Malformed("inner extents of a matrix product differ"));
    }
    let batch = broadcast_shape(&[batch_x, batch_y])?;
    let lead = vars(batch.len());
    let (at_m, at_n, at_k) = (var(lead.len()), var(lead.len() + 1), Expr::Var(VarId(lead.len() as u32 + 2)));
    let index = |lead_shape: &[i64], rows: &Expr, columns: &Expr, transposed: bool| {
        let mut index = broadcast_index(lead_shape, &lead);
        let (first, second) = if transposed { (columns, rows) } else { (rows, columns) };
        index.extend([first.clone(), second.clone()]);
        index
    };
    let left = b.read(x, index(batch_x, &at_m, &at_k, transpose_a));
    let right = b.read(y, index(batch_y, &at_k, &at_n, transpose_b));
    let axis = |name: &str, extent| Axis { name: name.to_string(), extent };
    let mut axes = numbered_axes("b", &batch);
    axes.extend([axis("m", m), axis("n", n)]);
    let product = b.reduce("matmul", x.dtype, axes, vec![axis("k", k)], Combiner::Sum, left * right);
    let anchor = b.last_stage();
    let result = b.rounded(product, x.dtype);
    let kind = AnchorKind::MatMul { batch: batch.len(), transpose_a, transpose_b };
    Ok(Lowered { outputs: vec![result], anchor, kind })
}
