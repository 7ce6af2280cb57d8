//! Gather, GatherElements, GatherND, OneHot, TopK, Compress: elements chosen by index.

use lathe_graph::{DType, Op, Tensor, ValueId};

use crate::translate::{Fault, NodeContext};

/// Slices of x along `axis`. Known indices in even steps are a strided slice.
pub(super) fn gather(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (x, indices) = (n.input(0)?, n.input(1)?);
    let axis = n.axis(n.attributes.int("axis", 0)?, n.rank(x))?;
    if n.dtype(indices).is_int()
        && let Some(known) = n.known(indices)?
        && let Some(result) = as_slice(n, x, axis, &known)?
    {
        return Ok(vec![result]);
    }
    Ok(vec![n.push(Op::Gather { axis }, &[x, indices])?])
}

fn as_slice(n: &mut NodeContext, x: ValueId, axis: usize, indices: &Tensor) -> Result<Option<ValueId>, Fault> {
    let mut shape = n.shape(x);
    let extent = shape[axis] as i64;
    let list = indices.to_i64s();
    if let Some(&index) = list.iter().find(|&&i| i < -extent || i >= extent) {
        return Err(Fault::Invalid(format!("index {index} is outside dimension {axis} of extent {extent}")));
    }
    let list: Vec<i64> = list.into_iter().map(|i| if i < 0 { i + extent } else { i }).collect();
    let Some(&first) = list.first() else { return Ok(None) };
    let step = list.get(1).map_or(1, |second| second - first);
    if step == 0 || list.windows(2).any(|w| w[1] - w[0] != step) {
        return Ok(None);
    }
    let mut starts = vec![0; shape.len()];
    let mut steps = vec![1; shape.len()];
    let mut sizes = shape.clone();
    (starts[axis], sizes[axis], steps[axis]) = (first as usize, list.len(), step as isize);
    let slice = if sizes == shape && step == 1 { x } else { n.push(Op::Slice { starts, sizes, steps }, &[x])? };
    shape.splice(axis..=axis, indices.shape().iter().copied());
    Ok(Some(n.reshape(slice, &shape)?))
}

/// x[.., indices[..], ..] with `axis` replaced.
pub(super) fn gather_elements(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (x, indices) = (n.input(0)?, n.input(1)?);
    let axis = n.axis(n.attributes.int("axis", 0)?, n.rank(x))?;
    Ok(vec![n.push(Op::GatherElements { axis }, &[x, indices])?])
}

/// The last dimension of the indices holds coordinates.
pub(super) fn gather_nd(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (x, indices) = (n.input(0)?, n.input(1)?);
    let batch_dims = n.attributes.int("batch_dims", 0)?;
    let batch_dims =
        usize::try_from(batch_dims).map_err(|_| Fault::Invalid(format!("batch_dims {batch_dims} is negative")))?;
    Ok(vec![n.push(Op::GatherNd { batch_dims }, &[x, indices])?])
}

/// A new dimension of extent `depth` with `on` at the index and `off` elsewhere.
pub(super) fn one_hot(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (indices, values) = (n.input(0)?, n.input(2)?);
    let depth = n.constant_float(1, "the extent of the new dimension")?;
    let depth =
        depth.filter(|d| (0.0..=1e9).contains(d)).ok_or_else(|| Fault::Invalid("depth is impossible".into()))?;
    let axis = n.axis(n.attributes.int("axis", -1)?, n.rank(indices) + 1)?;
    let indices = n.cast(indices, DType::I64)?;
    Ok(vec![n.push(Op::OneHot { axis, depth: depth as usize }, &[indices, values])?])
}

/// The k largest or smallest elements along `axis`, and where they are.
pub(super) fn top_k(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let k = if n.opset() < 10 {
        n.attributes.required_int("k")?
    } else {
        n.input(1)?;
        n.constant_int(1, "how many elements there are")?.unwrap_or_default()
    };
    let k = usize::try_from(k).map_err(|_| Fault::Invalid(format!("k {k} is negative")))?;
    let axis = n.axis(n.attributes.int("axis", -1)?, n.rank(x))?;
    let largest = n.attributes.flag("largest", true)?;
    n.push_all(Op::TopK { axis, k, largest }, &[x])
}

/// The slices along `axis` (of the flat tensor without one) where the condition holds.
pub(super) fn compress(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let mut x = n.input(0)?;
    let condition = n.constant(n.input(1)?, "how many elements there are")?.to_i64s();
    let axis = match n.attributes.maybe_int("axis")? {
        Some(axis) => n.axis(axis, n.rank(x))?,
        None => {
            let elements = n.ty(x).elements();
            x = n.reshape(x, &[elements])?;
            0
        }
    };
    let kept: Vec<i64> = (0..).zip(&condition).filter(|(_, c)| **c != 0).map(|(i, _)| i).collect();
    if kept.last().is_some_and(|&last| last >= n.shape(x)[axis] as i64) {
        return Err(Fault::Invalid("the condition is longer than the dimension".into()));
    }
    let kept = n.integers(DType::I64, &[kept.len()], &kept)?;
    Ok(vec![n.push(Op::Gather { axis }, &[x, kept])?])
}
