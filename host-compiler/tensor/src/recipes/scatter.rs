//! Writes at indices that are data: a copy of the operand, then an update. Writes outside are skipped.

use lathe_graph::op::ScatterCombine;

use super::error::Refusal;
use super::gather::wrapped;
use crate::expr::Expr;
use crate::program::Combiner;
use crate::program::build::{Builder, Operand, numbered_axes, vars};

fn combiner(combine: ScatterCombine) -> Option<Combiner> {
    match combine {
        ScatterCombine::Replace => None,
        ScatterCombine::Add => Some(Combiner::Sum),
        ScatterCombine::Mul => Some(Combiner::Prod),
        ScatterCombine::Max => Some(Combiner::Max),
        ScatterCombine::Min => Some(Combiner::Min),
    }
}

fn copied(b: &mut Builder, x: &Operand) -> Operand {
    let value = b.load(x, vars(x.rank()));
    b.copy("scatter", x.dtype, numbered_axes("i", &x.shape), value)
}

/// The index held at `at`, negative ones counted from the end of `extent`.
fn index_at(b: &mut Builder, indices: &Operand, at: Vec<Expr>, extent: i64) -> Expr {
    wrapped(b, indices, at, extent, |_, i| i)
}

/// `x` with `updates` written at the coordinates in the last dimension of `indices`.
pub(super) fn scatter_nd(
    b: &mut Builder,
    x: &Operand,
    indices: &Operand,
    updates: &Operand,
    combine: ScatterCombine,
) -> Result<Operand, Refusal> {
    let (&coordinates, rows) = indices.shape.split_last().ok_or(Refusal::Malformed("indices without coordinates"))?;
    let coordinates = coordinates as usize;
    if coordinates > x.rank() || updates.rank() != rows.len() + x.rank() - coordinates {
        return Err(Refusal::Malformed("updates do not fit indices and operand"));
    }
    let result = copied(b, x);
    let point = vars(updates.rank());
    let mut index = vec![];
    for c in 0..coordinates {
        let mut at = point[..rows.len()].to_vec();
        at.push(Expr::Index(c as i64));
        let target = index_at(b, indices, at, x.shape[c]);
        index.push(target);
    }
    index.extend_from_slice(&point[rows.len()..]);
    let value = b.load(updates, point);
    b.update("scatter", &result, numbered_axes("i", &updates.shape), index, combiner(combine), value);
    Ok(result)
}

/// `x` with `updates[point]` written at `point`, its `axis` replaced by `indices[point]`.
pub(super) fn scatter_elements(
    b: &mut Builder,
    x: &Operand,
    indices: &Operand,
    updates: &Operand,
    axis: usize,
    combine: ScatterCombine,
) -> Result<Operand, Refusal> {
    if axis >= x.rank() || indices.rank() != x.rank() || updates.shape != indices.shape {
        return Err(Refusal::Malformed("axis, indices or updates do not fit the operand"));
    }
    let result = copied(b, x);
    let mut index = vars(x.rank());
    index[axis] = index_at(b, indices, vars(x.rank()), x.shape[axis]);
    let value = b.load(updates, vars(x.rank()));
    b.update("scatter", &result, numbered_axes("i", &updates.shape), index, combiner(combine), value);
    Ok(result)
}
