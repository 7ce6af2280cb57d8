//! Tensors joined along a dimension.

use super::error::Refusal;
use crate::expr::{CompareFn, Expr};
use crate::program::build::{Builder, Operand, numbered_axes, offset, vars};

/// `parts` joined along `axis`: one stage that picks the part by a balanced tree of comparisons.
pub(super) fn concat(b: &mut Builder, parts: &[Operand], axis: usize) -> Result<Operand, Refusal> {
    let Some(first) = parts.first().filter(|p| axis < p.rank()) else {
        return Err(Refusal::Malformed("nothing to join, or along no dimension"));
    };
    let mut shape = first.shape.clone();
    let point = vars(shape.len());
    let mut starts = vec![];
    let mut end = 0;
    for part in parts.iter().filter(|p| p.shape[axis] > 0) {
        let mut index = point.clone();
        index[axis] = offset(index[axis].clone(), -end);
        starts.push((end, b.load(part, index)));
        end += part.shape[axis];
    }
    shape[axis] = end;
    let dtype = first.dtype;
    let value = if starts.is_empty() { Expr::constant(dtype, 0.0) } else { pick(&point[axis], &starts) };
    Ok(b.copy("concat", dtype, numbered_axes("i", &shape), value))
}

/// The last of `parts` (by start) that starts at or before `at`.
fn pick(at: &Expr, parts: &[(i64, Expr)]) -> Expr {
    let (left, right) = parts.split_at(parts.len() / 2);
    match (left, right) {
        ([], [(_, only)]) => only.clone(),
        (left, right) => {
            let before = Expr::compare(CompareFn::Lt, at.clone(), Expr::Index(right[0].0));
            Expr::select(before, pick(at, left), pick(at, right))
        }
    }
}
