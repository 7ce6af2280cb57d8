//! Inference of gathers, scatters and one-hot encoding.

use super::{InferError, Operands};
use crate::op::Op;
use crate::tensor::TensorType;

pub(super) fn infer(op: &Op, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    match op {
        Op::Gather { axis } => {
            x.exactly(2)?;
            x.index_type(1)?;
            let shape = x.shape(0);
            x.axis(*axis, shape.len())?;
            x.one(x.dtype(0), [&shape[..*axis], x.shape(1), &shape[axis + 1..]].concat())
        }
        Op::GatherElements { axis } => {
            x.exactly(2)?;
            x.index_type(1)?;
            element_indices(*axis, x)?;
            x.one(x.dtype(0), x.shape(1))
        }
        Op::GatherNd { batch_dims } => {
            x.exactly(2)?;
            let tail = nd_slice(*batch_dims, x)?;
            let indices = x.shape(1);
            x.one(x.dtype(0), [&indices[..indices.len() - 1], tail].concat())
        }
        Op::ScatterNd { .. } => {
            x.exactly(3)?;
            x.same_dtype(2..3)?;
            let tail = nd_slice(0, x)?;
            let indices = x.shape(1);
            x.shape_is(2, &[&indices[..indices.len() - 1], tail].concat())?;
            x.one(x.dtype(0), x.shape(0))
        }
        Op::ScatterElements { axis, .. } => {
            x.exactly(3)?;
            x.index_type(1)?;
            x.same_dtype(2..3)?;
            element_indices(*axis, x)?;
            x.shape_is(2, x.shape(1))?;
            x.one(x.dtype(0), x.shape(0))
        }
        Op::OneHot { axis, depth } => {
            x.exactly(2)?;
            x.number(0)?;
            x.shape_is(1, &[2])?;
            let mut shape = x.shape(0).to_vec();
            x.axis(*axis, shape.len() + 1)?;
            shape.insert(*axis, *depth);
            x.one(x.dtype(1), shape)
        }
        _ => unreachable!("not an indexing operator"),
    }
}

/// Checks operands 0 and 1 of the element-wise gathers and scatters: one rank, and indices no larger outside `axis`.
fn element_indices(axis: usize, x: &Operands) -> Result<(), InferError> {
    let (shape, indices) = (x.shape(0), x.shape(1));
    x.axis(axis, shape.len())?;
    x.rank(1, shape.len())?;
    if (0..shape.len()).any(|d| d != axis && indices[d] > shape[d]) {
        return Err(x.error(format!("indices of shape {indices:?} do not fit a tensor of shape {shape:?}")));
    }
    Ok(())
}

/// Checks operands 0 and 1 of the n-dimensional gathers and scatters; the shape of one slice.
fn nd_slice<'a>(batch_dims: usize, x: &'a Operands) -> Result<&'a [usize], InferError> {
    x.index_type(1)?;
    x.rank_at_least(1, batch_dims.saturating_add(1))?;
    let (shape, indices) = (x.shape(0), x.shape(1));
    let coordinates = indices[indices.len() - 1];
    let first = batch_dims.checked_add(coordinates).filter(|&n| n <= shape.len() && coordinates > 0);
    let Some(first) = first else {
        return Err(x.error(format!("indices of shape {indices:?} have too many coordinates for shape {shape:?}")));
    };
    if shape[..batch_dims] != indices[..batch_dims] {
        return Err(x.error(format!("shapes {shape:?} and {indices:?} differ in the {batch_dims} batch dimensions")));
    }
    Ok(&shape[first..])
}
