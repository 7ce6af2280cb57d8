//! Permuted dimensions, and broadcasting.

use super::error::Refusal;
use crate::expr::Expr;
use crate::program::build::{Builder, Operand, broadcast_index, numbered_axes, var, vars};

/// Dimension `i` of the result is dimension `perm[i]` of `x`.
pub(super) fn transpose(b: &mut Builder, x: &Operand, perm: &[usize]) -> Result<Operand, Refusal> {
    let mut index = vec![Expr::Index(0); x.rank()];
    if perm.len() != x.rank() || perm.iter().any(|&p| p >= x.rank()) {
        return Err(Refusal::Malformed("not a permutation of the operand's dimensions"));
    }
    for (k, &p) in perm.iter().enumerate() {
        index[p] = var(k);
    }
    let shape: Vec<i64> = perm.iter().map(|&p| x.shape[p]).collect();
    let value = b.load(x, index);
    Ok(b.copy("transpose", x.dtype, numbered_axes("i", &shape), value))
}

/// `x` broadcast to `shape`.
pub(super) fn expand(b: &mut Builder, x: &Operand, shape: &[i64]) -> Operand {
    let value = b.load(x, broadcast_index(&x.shape, &vars(shape.len())));
    b.copy("expand", x.dtype, numbered_axes("i", shape), value)
}
