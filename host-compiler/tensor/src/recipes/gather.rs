//! Reads at indices that are data.
//!
//! Indices count from the end when negative. Indices outside are an error of the model's user; they are clamped, so
//! that no kernel reads outside its buffers.

use super::error::Refusal;
use crate::expr::{CompareFn, Expr, Type};
use crate::program::build::{Builder, Operand, clamp_index, compute_type, numbered_axes, var, vars};

/// `body` of the index that `indices` holds at `at`, negative ones counted from the end of `extent`.
pub(super) fn wrapped(
    b: &mut Builder,
    indices: &Operand,
    at: Vec<Expr>,
    extent: i64,
    body: impl FnOnce(&mut Builder, Expr) -> Expr,
) -> Expr {
    let ty = compute_type(indices.dtype);
    let value = b.read(indices, at);
    b.share(value, |b, i| {
        let index = if ty.is_float() || ty.is_signed_int() {
            let negative = Expr::compare(CompareFn::Lt, i.clone(), Expr::constant(ty, 0.0));
            Expr::select(negative, i.clone() + Expr::constant(ty, extent as f64), i)
        } else {
            i
        };
        body(b, Expr::cast(Type::Index, index))
    })
}

/// The index that `indices` holds at `at`, wrapped and clamped into `0..extent`.
fn index_at(b: &mut Builder, indices: &Operand, at: Vec<Expr>, extent: i64) -> Expr {
    wrapped(b, indices, at, extent, |_, i| clamp_index(i, 0, extent - 1))
}

/// Slices of `x` along `axis`: the axis is replaced by the dimensions of `indices`.
pub(super) fn gather(b: &mut Builder, x: &Operand, indices: &Operand, axis: usize) -> Result<Operand, Refusal> {
    if axis >= x.rank() {
        return Err(Refusal::Malformed("axis beyond the operand's rank"));
    }
    let mut shape = x.shape.clone();
    shape.splice(axis..=axis, indices.shape.iter().copied());
    let point = vars(shape.len());
    let behind = axis + indices.rank();
    let picked = index_at(b, indices, point[axis..behind].to_vec(), x.shape[axis]);
    let index = point[..axis].iter().cloned().chain([picked]).chain(point[behind..].iter().cloned()).collect();
    let value = b.load(x, index);
    Ok(b.copy("gather", x.dtype, numbered_axes("i", &shape), value))
}

/// `x[.., indices[point], ..]` for each point of `indices`.
pub(super) fn gather_elements(
    b: &mut Builder,
    x: &Operand,
    indices: &Operand,
    axis: usize,
) -> Result<Operand, Refusal> {
    if axis >= x.rank() || indices.rank() != x.rank() {
        return Err(Refusal::Malformed("axis or indices beyond the operand's rank"));
    }
    let mut index = vars(x.rank());
    index[axis] = index_at(b, indices, vars(x.rank()), x.shape[axis]);
    let value = b.load(x, index);
    Ok(b.copy("gather", x.dtype, numbered_axes("i", &indices.shape), value))
}

/// Slices of `x` at the coordinates in the last dimension of `indices`, behind `batch` shared dimensions.
pub(super) fn gather_nd(b: &mut Builder, x: &Operand, indices: &Operand, batch: usize) -> Result<Operand, Refusal> {
    let (&coordinates, rows) = indices.shape.split_last().ok_or(Refusal::Malformed("indices without coordinates"))?;
    let fixed = batch + coordinates as usize;
    if fixed > x.rank() || batch > rows.len() {
        return Err(Refusal::Malformed("more coordinates than dimensions"));
    }
    let shape: Vec<i64> = rows.iter().chain(&x.shape[fixed..]).copied().collect();
    let row = vars(rows.len());
    let mut index = row[..batch].to_vec();
    for c in 0..coordinates {
        let mut at = row.clone();
        at.push(Expr::Index(c));
        let picked = index_at(b, indices, at, x.shape[batch + c as usize]);
        index.push(picked);
    }
    index.extend((fixed..x.rank()).map(|k| var(rows.len() + k - fixed)));
    let value = b.load(x, index);
    Ok(b.copy("gather", x.dtype, numbered_axes("i", &shape), value))
}
