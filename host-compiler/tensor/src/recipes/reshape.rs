//! The same elements under another shape.

use crate::expr::Expr;
use crate::program::build::{Builder, Operand, numbered_axes, plus, scaled, vars};

/// `x` under `shape` (as many elements), as one stage.
pub(super) fn reshape(b: &mut Builder, x: &Operand, shape: &[i64]) -> Operand {
    let index = reshaped_index(&x.shape, shape, &vars(shape.len()));
    let value = b.load(x, index);
    b.copy("reshape", x.dtype, numbered_axes("i", shape), value)
}

/// The index into a row-major array of shape `from` of the element at `point` of the same array under shape `to`.
///
/// Dimensions are matched in the smallest runs of equal products: one to one is the same variable, a run that splits
/// one dimension is a sum, and only runs that merge dimensions need division.
fn reshaped_index(from: &[i64], to: &[i64], point: &[Expr]) -> Vec<Expr> {
    let mut index = vec![Expr::Index(0); from.len()];
    if from.contains(&0) {
        return index;
    }
    let (mut f, mut t) = (0, 0);
    while f < from.len() {
        let (f0, t0) = (f, t);
        let (mut inner, mut outer) = (from[f], 1);
        f += 1;
        while outer != inner {
            if outer < inner {
                outer *= to[t];
                t += 1;
            } else {
                inner *= from[f];
                f += 1;
            }
        }
        place_run(&from[f0..f], &to[t0..t], &point[t0..t], &mut index[f0..f]);
    }
    index
}

/// Fills `index` for one run of dimensions.
fn place_run(from: &[i64], to: &[i64], point: &[Expr], index: &mut [Expr]) {
    let mut flat = Expr::Index(0);
    let mut stride = 1;
    for (&extent, at) in to.iter().zip(point).rev() {
        if extent != 1 {
            flat = plus(scaled(at.clone(), stride), flat);
        }
        stride *= extent;
    }
    let total = stride;
    let mut stride = 1;
    for (&extent, slot) in from.iter().zip(index).rev() {
        let above = stride * extent;
        if extent != 1 {
            let quotient = if stride == 1 { flat.clone() } else { flat.clone() / Expr::Index(stride) };
            *slot = if above == total { quotient } else { quotient % Expr::Index(extent) };
        }
        stride = above;
    }
}
